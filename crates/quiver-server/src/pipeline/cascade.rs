//! Profiles of windows → profiles of longer periods: each length is put together from the longest that divides it.

use super::PipelineError;
use quiver_event::time::{TimeError, Timestamp, Window, WindowFinder, WindowLength, Zone};
use quiver_profile::{EdgesById, Profile};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A period of an arm that is put together.
#[derive(Debug, Clone)]
pub(super) struct Period {
    /// The place of its length.
    pub(super) place: usize,
    /// Its arm.
    pub(super) arm: String,
    /// The period.
    pub(super) window: Window,
    /// Its profile.
    pub(super) profile: Profile,
    /// Predictions by version.
    pub(super) versions: BTreeMap<String, u64>,
}

/// Which periods are put together: where one is not needed, neither are those that only it is put together from.
pub(super) trait Needs {
    /// Whether the period of an arm that has this place among the lengths is needed for itself.
    fn is_needed(&self, place: usize, arm: &str, window: Window) -> bool;

    /// Whether it is known already, so that it need not be put together for longer ones.
    fn is_known(&self, place: usize, arm: &str, window: Window) -> bool;
}

/// Everything is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct All;

impl Needs for All {
    fn is_needed(&self, _: usize, _: &str, _: Window) -> bool {
        true
    }

    fn is_known(&self, _: usize, _: &str, _: Window) -> bool {
        false
    }
}

/// The lengths, each with those that are put together from it.
#[derive(Debug, Clone)]
pub(super) struct Lengths(Vec<(WindowFinder, Vec<usize>)>);

impl Lengths {
    /// The lengths from the shortest to the longest; the first is put together from what is stored.
    pub(super) fn new(lengths: impl IntoIterator<Item = WindowLength>, zone: &Zone) -> Self {
        let mut all: Vec<(WindowLength, Vec<usize>)> = Vec::new();
        for length in lengths {
            let place = all.len();
            // Weeks do not divide a month; days, and hours that divide a day, do.
            let from = all.iter().rposition(|(shorter, _)| *shorter <= WindowLength::Day).unwrap_or(0);
            if let Some((_, longer)) = all.get_mut(from) {
                longer.push(place);
            }
            all.push((length, Vec::new()));
        }
        let with_finder = |(length, longer)| (WindowFinder::new(length, zone.clone()), longer);
        Self(all.into_iter().map(with_finder).collect())
    }

    /// The period of a length that an instant lies in.
    pub(super) fn find(&mut self, place: usize, at: Timestamp) -> Result<Window, TimeError> {
        self.0[place].0.find(at)
    }

    /// Whether what an arm has at this instant is needed at a length, for itself or for a longer one.
    pub(super) fn need(
        &mut self,
        place: usize,
        (arm, at): (&str, Timestamp),
        needs: &(dyn Needs + Send + Sync),
    ) -> Result<bool, TimeError> {
        let window = self.find(place, at)?;
        if needs.is_needed(place, arm, window) {
            return Ok(true);
        }
        if needs.is_known(place, arm, window) {
            return Ok(false);
        }
        for longer in self.0[place].1.clone() {
            if self.need(longer, (arm, at), needs)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A period whose profile is kept since it was put together before.
#[derive(Debug, Clone)]
pub(super) struct KnownPeriod {
    /// The place of its length.
    pub(super) place: usize,
    /// The period.
    pub(super) window: Window,
    /// Predictions by version.
    pub(super) versions: BTreeMap<String, u64>,
    /// Its profile, in the form that names its edges.
    pub(super) profile: Vec<u8>,
}

/// The known periods of an arm by their start, all of one length.
pub(super) type KnownPeriods = BTreeMap<String, BTreeMap<Timestamp, KnownPeriod>>;

/// Puts periods together; for each arm and length one is open.
pub(super) struct Cascade {
    lengths: Lengths,
    needs: Arc<dyn Needs + Send + Sync>,
    open: Vec<BTreeMap<String, Period>>,
    known: KnownPeriods,
    edges: Arc<EdgesById>,
}

impl Cascade {
    /// One without any period; the known ones, on these edges, become part of longer ones.
    pub(super) fn new(
        lengths: Lengths,
        needs: Arc<dyn Needs + Send + Sync>,
        known: KnownPeriods,
        edges: Arc<EdgesById>,
    ) -> Self {
        let open = vec![BTreeMap::new(); lengths.0.len()];
        Self { lengths, needs, open, known, edges }
    }

    /// Adds a profile to the period of the shortest length that it lies in; profiles come in order of time. Those needed
    /// periods that are complete with it go to `closed`, the shorter before the longer that they are part of.
    pub(super) fn add(
        &mut self,
        (arm, version, at): (&str, &str, Timestamp),
        profile: Profile,
        closed: &mut Vec<Period>,
    ) -> Result<(), PipelineError> {
        let versions = BTreeMap::from([(version.to_owned(), profile.rows())]);
        self.add_to(0, (arm, at), (&versions, Cow::Owned(profile)), closed)
    }

    fn add_to(
        &mut self,
        place: usize,
        (arm, at): (&str, Timestamp),
        (versions, profile): (&BTreeMap<String, u64>, Cow<'_, Profile>),
        closed: &mut Vec<Period>,
    ) -> Result<(), PipelineError> {
        let window = self.lengths.find(place, at)?;
        if let Some(open) = self.open[place].get_mut(arm)
            && open.window == window
        {
            open.profile.merge(&profile)?;
            for (version, rows) in versions {
                *open.versions.entry(version.clone()).or_default() += rows;
            }
            return Ok(());
        }
        let profile = profile.into_owned();
        let period = Period { place, arm: arm.to_owned(), window, profile, versions: versions.clone() };
        match self.open[place].insert(arm.to_owned(), period) {
            Some(complete) => self.close(complete, closed),
            None => Ok(()),
        }
    }

    /// Adds a complete period to the longer ones that are needed, after the known ones before it.
    fn close(&mut self, complete: Period, closed: &mut Vec<Period>) -> Result<(), PipelineError> {
        self.add_known((&complete.arm, complete.place, complete.window.start), closed)?;
        self.add_to_longer(&complete, closed)?;
        if self.needs.is_needed(complete.place, &complete.arm, complete.window) {
            closed.push(complete);
        }
        Ok(())
    }

    fn add_to_longer(&mut self, period: &Period, closed: &mut Vec<Period>) -> Result<(), PipelineError> {
        for longer in self.lengths.0[period.place].1.clone() {
            let key = (&*period.arm, period.window.start);
            if self.lengths.need(longer, key, &*self.needs)? {
                self.add_to(longer, key, (&period.versions, Cow::Borrowed(&period.profile)), closed)?;
            }
        }
        Ok(())
    }

    fn add_known(
        &mut self,
        (arm, place, before): (&str, usize, Timestamp),
        closed: &mut Vec<Period>,
    ) -> Result<(), PipelineError> {
        while let Some(entry) = self.known.get_mut(arm).and_then(BTreeMap::first_entry)
            && entry.get().place == place
            && *entry.key() < before
        {
            let KnownPeriod { place, window, versions, profile } = entry.remove();
            let profile = Profile::from_bytes_on(&profile, &self.edges)?;
            self.add_to_longer(&Period { place, arm: arm.to_owned(), window, profile, versions }, closed)?;
        }
        Ok(())
    }

    /// Closes what is open.
    pub(super) fn finish(&mut self, closed: &mut Vec<Period>) -> Result<(), PipelineError> {
        for place in 0..self.open.len() {
            for complete in std::mem::take(&mut self.open[place]).into_values() {
                self.close(complete, closed)?;
            }
            for arm in self.known.keys().cloned().collect::<Vec<_>>() {
                self.add_known((&arm, place, Timestamp(i64::MAX)), closed)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, RecordBatch};
    use quiver_event::time::MICROSECONDS_PER_DAY;
    use quiver_profile::{ColumnKind, ColumnPlan, Plan};
    use std::collections::BTreeSet;

    const HOUR: i64 = MICROSECONDS_PER_DAY / 24;
    const LENGTHS: [WindowLength; 4] =
        [WindowLength::Hours(6), WindowLength::Day, WindowLength::Week, WindowLength::Month];
    const DAY: usize = 1;

    /// Needs the periods in which these instants lie, and knows these days.
    struct Picked {
        needed: BTreeSet<(usize, Window)>,
        known: BTreeSet<Window>,
    }

    impl Needs for Picked {
        fn is_needed(&self, place: usize, _: &str, window: Window) -> bool {
            self.needed.contains(&(place, window))
        }

        fn is_known(&self, place: usize, _: &str, window: Window) -> bool {
            place == DAY && self.known.contains(&window)
        }
    }

    fn zone() -> Zone {
        Zone::parse("America/New_York").unwrap()
    }

    fn profile(value: i64) -> Profile {
        let mut profile =
            Profile::new(&Plan { columns: vec![ColumnPlan::public("x", ColumnKind::Number)], ..Plan::default() });
        let column = Arc::new(Float64Array::from(vec![value as f64, 0.1]));
        profile.update(&RecordBatch::try_from_iter([("x", column as _)]).unwrap()).unwrap();
        profile
    }

    /// Windows of a quarter year and two arms in order of time: some missing, some twice, a change of clocks among them.
    fn stored() -> Vec<(&'static str, Timestamp, Profile)> {
        let start = Timestamp::parse("2025-01-27T05:00:00Z").unwrap().0;
        let mut lengths = Lengths::new(LENGTHS, &zone());
        let windows: BTreeSet<Window> =
            (0..90 * 4).map(|at| lengths.find(0, Timestamp(start + at * 6 * HOUR)).unwrap()).collect();
        let mut all = Vec::new();
        for (at, window) in windows.into_iter().enumerate().filter(|(at, _)| at % 7 != 3 && !(40..60).contains(at)) {
            let number = at as i64;
            all.push(("control", window.start, profile(number)));
            if at % 5 == 0 {
                all.push(("control", window.start, profile(-number)));
            }
            if at % 3 == 0 {
                all.push(("shadow", window.start, profile(number * 2)));
            }
        }
        all
    }

    type Found = BTreeMap<(usize, String, Window), (Vec<u8>, BTreeMap<String, u64>)>;

    fn found(closed: Vec<Period>) -> Found {
        let mut found = Found::new();
        for Period { place, arm, window, profile, versions } in closed {
            let earlier = found.insert((place, arm, window), (profile.to_bytes(), versions));
            assert!(earlier.is_none(), "a period comes once");
        }
        found
    }

    /// Each length put together by itself.
    fn directly(stored: &[(&str, Timestamp, Profile)]) -> Found {
        let mut merged: BTreeMap<(usize, String, Window), Profile> = BTreeMap::new();
        let mut lengths = Lengths::new(LENGTHS, &zone());
        for (arm, at, profile) in stored {
            for place in 0..LENGTHS.len() {
                let key = (place, (*arm).to_owned(), lengths.find(place, *at).unwrap());
                match merged.get_mut(&key) {
                    Some(merged) => merged.merge(profile).unwrap(),
                    None => {
                        merged.insert(key, profile.clone());
                    }
                }
            }
        }
        merged
            .into_iter()
            .map(|(key, profile)| (key, (profile.to_bytes(), BTreeMap::from([("v".to_owned(), profile.rows())]))))
            .collect()
    }

    fn cascaded(
        stored: &[(&str, Timestamp, Profile)],
        needs: &Arc<dyn Needs + Send + Sync>,
        known: KnownPeriods,
    ) -> Found {
        let mut lengths = Lengths::new(LENGTHS, &zone());
        let mut cascade = Cascade::new(lengths.clone(), Arc::clone(needs), known, Arc::default());
        let mut closed = Vec::new();
        for (arm, at, profile) in stored {
            if lengths.need(0, (arm, *at), &**needs).unwrap() {
                cascade.add((arm, "v", *at), profile.clone(), &mut closed).unwrap();
            }
        }
        cascade.finish(&mut closed).unwrap();
        found(closed)
    }

    #[test]
    fn longer_periods_are_the_same_by_way_of_shorter_ones() {
        let stored = stored();
        let direct = directly(&stored);
        let all: Arc<dyn Needs + Send + Sync> = Arc::new(All);
        assert_eq!(cascaded(&stored, &all, KnownPeriods::new()), direct);
        assert!(direct.keys().filter(|(place, ..)| *place == 3).count() >= 8, "months of two arms");
    }

    #[test]
    fn known_days_stand_for_their_windows_and_nothing_else_is_read() {
        let stored = stored();
        let direct = directly(&stored);
        let mut lengths = Lengths::new(LENGTHS, &zone());
        // A week that lies in two months, of which one day has grown.
        let grown = Timestamp::parse("2025-03-01T17:00:00Z").unwrap();
        let needed: BTreeSet<(usize, Window)> =
            (0..LENGTHS.len()).map(|place| (place, lengths.find(place, grown).unwrap())).collect();
        let day = lengths.find(DAY, grown).unwrap();
        let mut known = KnownPeriods::new();
        for ((place, arm, window), (profile, versions)) in &direct {
            if *place == DAY && *window != day {
                let period =
                    KnownPeriod { place: DAY, window: *window, versions: versions.clone(), profile: profile.clone() };
                known.entry(arm.clone()).or_default().insert(window.start, period);
            }
        }
        let days = known.values().flat_map(|of_arm| of_arm.values().map(|day| day.window)).collect();
        let needs: Arc<dyn Needs + Send + Sync> = Arc::new(Picked { needed: needed.clone(), known: days });
        let mut days_of = lengths.clone();
        let read: BTreeSet<Window> = stored
            .iter()
            .filter(|(arm, at, _)| lengths.need(0, (arm, *at), &*needs).unwrap())
            .map(|(_, at, _)| days_of.find(DAY, *at).unwrap())
            .collect();
        assert_eq!(read, BTreeSet::from([day]));
        let expected: Found =
            direct.into_iter().filter(|((place, _, window), _)| needed.contains(&(*place, *window))).collect();
        assert_eq!(expected.len(), 7, "four lengths of two arms, of which one has no row in the window");
        assert_eq!(cascaded(&stored, &needs, known), expected);
    }
}
