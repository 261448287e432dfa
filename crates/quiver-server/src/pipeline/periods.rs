//! Profiles and outcomes → judged periods: merges what is stored into periods of one or several lengths, in one pass,
//! and judges each.

use super::door::DoorWindows;
use super::profile::{OPEN_BYTES, date_literal, event_dates};
use super::reference::PinnedReference;
use super::{Pipeline, PipelineError, UsualByLength};
use crate::evaluation::{WindowInputs, judge_period};
use crate::judged::Judged;
use crate::measure::{Rows, model_plan};
use futures::StreamExt;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength, Zone};
use quiver_judge::facts::{DoorCounts, Outcomes, ReferenceFacts, UsualDistances};
use quiver_judge::finding::Slice;
use quiver_profile::{Outcome, Profile};
use quiver_store::query::{QueryEngine, QueryError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

/// The most dates whose profiles are read by one query.
const MOST_DATES: usize = 366;

/// Which periods are judged.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Their length.
    pub(super) length: WindowLength,
    /// Those that are wanted; none for all.
    pub(super) only: Option<BTreeSet<Window>>,
}

impl Wanted {
    fn has(&self, window: Window) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&window))
    }
}

/// A period that was judged.
pub(super) struct JudgedWindow<'a> {
    /// The place of its length among those wanted.
    pub(super) length: usize,
    /// Its arm.
    pub(super) arm: &'a str,
    /// The period.
    pub(super) window: Window,
    /// What was judged.
    pub(super) judged: Judged,
    /// What it was judged of.
    pub(super) profile: &'a Profile,
    /// The outcomes of the whole population and of its slices.
    pub(super) outcomes: &'a Outcomes,
    /// What the door counted in it.
    pub(super) door: Option<&'a DoorCounts>,
}

/// What is read under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The tables.
    pub(super) engine: &'a QueryEngine,
    /// The pinned references by arm.
    pub(super) references: &'a BTreeMap<String, PinnedReference>,
    /// What profiles and outcomes are derived by.
    pub(super) derivation: &'a str,
    /// The latest event time.
    pub(super) watermark: Timestamp,
}

/// The periods of one length while they are put together.
struct LengthJudge {
    references: BTreeMap<String, ReferenceFacts>,
    outcomes: BTreeMap<(String, Window), Outcomes>,
    door: DoorWindows,
    periods: Periods,
    finder: WindowFinder,
}

impl Pipeline {
    /// Judges the wanted periods of every arm, in order of time, and gives each to `take`.
    pub(super) async fn judge_periods(
        &self,
        reading: Reading<'_>,
        wanted: &[Wanted],
        take: &mut (dyn FnMut(JudgedWindow<'_>) -> Result<(), PipelineError> + Send),
    ) -> Result<(), PipelineError> {
        let zone = self.spec.zone()?;
        let reference_period = self.spec.reference_window()?;
        let mut usual = match reference_period {
            Some(period) => self.usual_of(reading, period, wanted, &zone).await?,
            None => vec![BTreeMap::new(); wanted.len()],
        };
        let mut lengths = Vec::new();
        for (wanted, usual) in wanted.iter().zip(&mut usual) {
            let mut references = BTreeMap::new();
            for (arm, reference) in reading.references {
                let facts = ReferenceFacts {
                    profile: Some(reference.profile.clone()),
                    usual_distances: usual.remove(arm).unwrap_or_default(),
                    ..ReferenceFacts::default()
                };
                references.insert(arm.clone(), facts);
            }
            lengths.push(LengthJudge {
                references,
                outcomes: BTreeMap::new(),
                door: self.door_counts(wanted.length, &zone).await?,
                periods: Periods::new(wanted.length, &zone),
                finder: WindowFinder::new(wanted.length, zone.clone()),
            });
        }
        let span = span_of(wanted);
        self.read_outcomes(reading, wanted, &mut lengths, span, reference_period).await?;
        let condition = span.map_or_else(String::new, |span| format!("AND {}", within(span)));
        self.each_profile(reading.engine, reading.references, (reading.derivation, &condition), &mut |stored| {
            let (arm, version, start) = (stored.arm, stored.version, stored.window.start);
            let mut profile = None;
            for (place, (length, wanted)) in lengths.iter_mut().zip(wanted).enumerate() {
                if !wanted.has(length.finder.find(start)?) {
                    continue;
                }
                // Read once, however many periods it is part of; not at all where it is part of none.
                let profile = match &profile {
                    Some(profile) => profile,
                    None => profile.insert(stored.profile()?),
                };
                if let Some(period) = length.periods.add(arm, version, start, profile)? {
                    length.judge(&self.spec, place, period, reading.watermark, take)?;
                }
            }
            Ok(())
        })
        .await?;
        for (place, (length, wanted)) in lengths.iter_mut().zip(wanted).enumerate() {
            for period in length.periods.finish() {
                length.judge(&self.spec, place, period, reading.watermark, take)?;
            }
            // Where every event was refused there is no profile, and that is the finding.
            let unseen: Vec<Window> = length.door.unseen().filter(|window| wanted.has(*window)).collect();
            for window in unseen {
                let period =
                    OpenPeriod { window, profile: Profile::new(&model_plan(&self.spec)), versions: BTreeMap::new() };
                length.judge(&self.spec, place, (LIVE_ARM.to_owned(), period), reading.watermark, take)?;
            }
        }
        Ok(())
    }

    /// Gives each profile that is stored under a derivation, and for which a condition holds, to `take`, in order of
    /// time; those of another derivation stand on other edges. A few dates are read at a time: profiles of a wide model
    /// have megabytes each, and those that are put in order together are in memory together.
    pub(super) async fn each_profile(
        &self,
        engine: &QueryEngine,
        references: &BTreeMap<String, PinnedReference>,
        (derivation, condition): (&str, &str),
        take: &mut (dyn FnMut(StoredProfile<'_>) -> Result<(), PipelineError> + Send),
    ) -> Result<(), PipelineError> {
        let wanted = format!("{} AND derivation = '{derivation}' {condition}", self.rows_of_model());
        let dates = format!("SELECT DISTINCT event_date FROM profiles WHERE {wanted}");
        let dates = event_dates(engine, &dates).await?;
        for dates in dates.chunks(self.dates_at_once(references, OPEN_BYTES, MOST_DATES)) {
            let (Some(first), Some(last)) = (dates.first(), dates.last()) else { continue };
            let statement = format!(
                "SELECT arm, version, window_start, window_end, profile FROM profiles \
                 WHERE {wanted} AND event_date >= {} AND event_date <= {} \
                 ORDER BY window_start, arm, version, from_offset",
                date_literal(*first),
                date_literal(*last),
            );
            let mut stream = engine.stream(&statement).await?;
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(QueryError::from)?;
                StoredProfiles::of(&batch)?.iter().try_for_each(&mut *take)?;
            }
        }
        Ok(())
    }

    /// What is usual in the reference, by length and arm: measured of its own windows. It is measured again when their
    /// profiles are others.
    async fn usual_of(
        &self,
        reading: Reading<'_>,
        period: Window,
        wanted: &[Wanted],
        zone: &Zone,
    ) -> Result<UsualByLength, PipelineError> {
        let condition = format!("AND {}", within(period));
        let statement = format!(
            "SELECT count(*) AS parts, max(revision) AS newest FROM profiles WHERE {} AND derivation = '{}' {condition}",
            self.rows_of_model(),
            reading.derivation,
        );
        let lengths: Vec<String> = wanted.iter().map(|wanted| wanted.length.to_string()).collect();
        let mut key = format!("{}/{lengths:?}", reading.derivation);
        for batch in reading.engine.sql(&statement).await? {
            let rows = Rows(&batch);
            key = format!("{key}/{:?}/{:?}", rows.integers("parts")?, batch.column(1));
        }
        if let Some((_, usual)) =
            self.usual.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|(of, _)| *of == key)
        {
            return Ok(usual.clone());
        }
        let mut measured: Vec<(Periods, BTreeMap<String, UsualDistances>)> =
            wanted.iter().map(|wanted| (Periods::new(wanted.length, zone), BTreeMap::new())).collect();
        // A window that the period cuts short is smaller than those it is compared with.
        let is_whole = |window: Window| period.start <= window.start && window.end <= period.end;
        let add = |usual: &mut BTreeMap<String, UsualDistances>, (arm, open): (String, OpenPeriod)| match reading
            .references
            .get(&arm)
            .filter(|_| is_whole(open.window))
        {
            Some(reference) => usual.entry(arm).or_default().add(&self.spec, &reference.profile, &open.profile),
            None => Ok(()),
        };
        self.each_profile(reading.engine, reading.references, (reading.derivation, &condition), &mut |stored| {
            let profile = stored.profile()?;
            for (periods, usual) in &mut measured {
                // All versions of an arm together.
                if let Some(closed) = periods.add(stored.arm, "", stored.window.start, &profile)? {
                    add(usual, closed)?;
                }
            }
            Ok(())
        })
        .await?;
        let mut found = Vec::new();
        for (mut periods, mut usual) in measured {
            for closed in periods.finish() {
                add(&mut usual, closed)?;
            }
            found.push(usual.into_iter().map(|(arm, usual)| (arm, usual.finish())).collect::<BTreeMap<_, _>>());
        }
        *self.usual.lock().unwrap_or_else(PoisonError::into_inner) = Some((key, found.clone()));
        Ok(found)
    }

    /// Merges the latest revision of every stored outcome into the periods that are wanted, and into the reference.
    async fn read_outcomes(
        &self,
        reading: Reading<'_>,
        wanted: &[Wanted],
        lengths: &mut [LengthJudge],
        span: Option<Window>,
        reference: Option<Window>,
    ) -> Result<(), PipelineError> {
        let condition = match (span, reference) {
            (None, _) => String::new(),
            (Some(span), None) => format!("AND {}", within(span)),
            (Some(span), Some(reference)) => format!("AND (({}) OR ({}))", within(span), within(reference)),
        };
        let statement = format!(
            "SELECT arm, window_start, window_end, slice_name, slice_value, outcome FROM ( \
             SELECT *, row_number() OVER (PARTITION BY arm, version, window_start, window_end, slice_name, slice_value \
             ORDER BY revision DESC) AS place FROM outcomes \
             WHERE {} AND derivation = '{}' {condition}) ranked WHERE place = 1 \
             ORDER BY window_start",
            self.rows_of_model(),
            reading.derivation,
        );
        let mut stream = reading.engine.stream(&statement).await?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(QueryError::from)?;
            let rows = Rows(&batch);
            let (arms, names) = (rows.texts("arm")?, rows.texts("slice_name")?);
            let (starts, ends) = (rows.instants("window_start")?, rows.instants("window_end")?);
            let (values, bytes) = (rows.texts("slice_value")?, rows.bytes("outcome")?);
            for row in 0..batch.num_rows() {
                let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
                let outcome = Outcome::from_bytes(&bytes[row])?;
                let slice =
                    (!names[row].is_empty()).then(|| Slice { name: names[row].clone(), value: values[row].clone() });
                let is_reference =
                    reference.is_some_and(|reference| reference.start.0 <= start && end <= reference.end.0);
                for (length, wanted) in lengths.iter_mut().zip(wanted) {
                    let period = length.finder.find(Timestamp(start))?;
                    if wanted.has(period) {
                        let target = length.outcomes.entry((arms[row].clone(), period)).or_default();
                        merge_outcome(target, slice.as_ref(), &outcome)?;
                    }
                    if is_reference && let Some(facts) = length.references.get_mut(&arms[row]) {
                        merge_outcome(&mut facts.outcomes, slice.as_ref(), &outcome)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl LengthJudge {
    fn judge(
        &mut self,
        spec: &quiver_event::spec::Spec,
        place: usize,
        (arm, period): (String, OpenPeriod),
        watermark: Timestamp,
        take: &mut (dyn FnMut(JudgedWindow<'_>) -> Result<(), PipelineError> + Send),
    ) -> Result<(), PipelineError> {
        let OpenPeriod { window, profile, versions } = period;
        // Every period comes once: what it needed of the outcomes is done with.
        let outcomes = self.outcomes.remove(&(arm.clone(), window)).unwrap_or_default();
        let none = ReferenceFacts::default();
        let reference = self.references.get(&arm).unwrap_or(&none);
        let door = self.door.of(&arm, window);
        let inputs = WindowInputs { profile: &profile, versions: &versions, outcomes: &outcomes, door, watermark };
        let judged = judge_period(spec, &arm, window, reference, &inputs)?;
        take(JudgedWindow { length: place, arm: &arm, window, judged, profile: &profile, outcomes: &outcomes, door })
    }
}

/// The time from the first wanted period to the last; none where some length wants all.
fn span_of(wanted: &[Wanted]) -> Option<Window> {
    let mut span: Option<Window> = None;
    for wanted in wanted {
        for window in wanted.only.as_ref()? {
            span = Some(match span {
                None => *window,
                Some(span) => Window { start: span.start.min(window.start), end: span.end.max(window.end) },
            });
        }
    }
    Some(span.unwrap_or(Window { start: Timestamp(0), end: Timestamp(0) }))
}

/// Stored windows within a period as SQL, with the dates that spare reading other files.
pub(super) fn within(period: Window) -> String {
    format!(
        "window_start >= CAST('{}' AS TIMESTAMP WITH TIME ZONE) AND window_end <= CAST('{}' AS TIMESTAMP WITH TIME ZONE) \
         AND event_date >= {} AND event_date <= {}",
        period.start,
        period.end,
        date_literal(period.start.utc_day()),
        date_literal(period.end.utc_day()),
    )
}

fn merge_outcome(target: &mut Outcomes, slice: Option<&Slice>, outcome: &Outcome) -> Result<(), PipelineError> {
    let existing = match slice {
        None => target.whole.as_mut(),
        Some(slice) => target.slices.get_mut(slice),
    };
    match (existing, slice) {
        (Some(existing), _) => existing.merge(outcome)?,
        (None, None) => target.whole = Some(outcome.clone()),
        (None, Some(slice)) => {
            target.slices.insert(slice.clone(), outcome.clone());
        }
    }
    Ok(())
}

/// The rows of a batch of stored profiles.
pub(super) struct StoredProfiles {
    arms: Vec<String>,
    versions: Vec<String>,
    windows: Vec<Option<Window>>,
    bytes: Vec<Vec<u8>>,
}

/// One of them; its bytes are read when they are needed.
pub(super) struct StoredProfile<'a> {
    pub(super) arm: &'a str,
    pub(super) version: &'a str,
    pub(super) window: Window,
    bytes: &'a [u8],
}

impl StoredProfile<'_> {
    pub(super) fn profile(&self) -> Result<Profile, PipelineError> {
        Ok(Profile::from_bytes(self.bytes)?)
    }

    /// How long it is as it is stored.
    pub(super) fn stored_bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl StoredProfiles {
    pub(super) fn of(batch: &arrow::array::RecordBatch) -> Result<Self, PipelineError> {
        let rows = Rows(batch);
        let (starts, ends) = (rows.instants("window_start")?, rows.instants("window_end")?);
        let window =
            |(start, end): (Option<i64>, Option<i64>)| Some(Window { start: Timestamp(start?), end: Timestamp(end?) });
        Ok(Self {
            arms: rows.texts("arm")?,
            versions: rows.texts("version")?,
            windows: starts.into_iter().zip(ends).map(window).collect(),
            bytes: rows.bytes("profile")?,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = StoredProfile<'_>> {
        self.windows.iter().enumerate().filter_map(|(row, window)| {
            Some(StoredProfile {
                arm: &self.arms[row],
                version: &self.versions[row],
                window: (*window)?,
                bytes: &self.bytes[row],
            })
        })
    }
}

/// A period of an arm that is being put together.
struct OpenPeriod {
    window: Window,
    profile: Profile,
    versions: BTreeMap<String, u64>,
}

/// Merges profiles that come in order of their windows into the profiles of longer periods, one period at a time.
struct Periods {
    finder: WindowFinder,
    open: BTreeMap<String, OpenPeriod>,
}

impl Periods {
    fn new(length: WindowLength, zone: &Zone) -> Self {
        Self { finder: WindowFinder::new(length, zone.clone()), open: BTreeMap::new() }
    }

    /// Adds a window's profile; gives the arm's period before it, when that one is complete.
    fn add(
        &mut self,
        arm: &str,
        version: &str,
        start: Timestamp,
        profile: &Profile,
    ) -> Result<Option<(String, OpenPeriod)>, PipelineError> {
        let window = self.finder.find(start)?;
        let rows = profile.rows();
        match self.open.get_mut(arm) {
            Some(open) if open.window == window => {
                open.profile.merge(profile)?;
                *open.versions.entry(version.to_owned()).or_default() += rows;
                Ok(None)
            }
            _ => {
                let versions = BTreeMap::from([(version.to_owned(), rows)]);
                let open = OpenPeriod { window, profile: profile.clone(), versions };
                Ok(self.open.insert(arm.to_owned(), open).map(|closed| (arm.to_owned(), closed)))
            }
        }
    }

    fn finish(&mut self) -> Vec<(String, OpenPeriod)> {
        std::mem::take(&mut self.open).into_iter().collect()
    }
}
