//! Profiles and outcomes → judged periods: puts what is stored together into periods of one or several lengths, in one
//! pass, and judges each.

use super::cascade::{All, Cascade, KnownPeriods, Lengths, Needs, Period};
use super::door::DoorWindows;
use super::profile::date_literal;
use super::reference::References;
use super::stored::{StoredKey, edges_of, side_by_side};
use super::{Pipeline, PipelineError, UsualByLength};
use crate::evaluation::{WindowInputs, judge_period};
use crate::judged::Judged;
use crate::measure::{Rows, model_plan};
use futures::StreamExt;
use futures::stream::{BoxStream, FuturesOrdered};
use quiver_event::spec::{LIVE_ARM, Spec};
use quiver_event::time::{Timestamp, Window, WindowLength, Zone};
use quiver_judge::facts::{DoorCounts, Outcomes, ReferenceFacts, UsualDistances};
use quiver_judge::finding::Slice;
use quiver_profile::{Outcome, Profile};
use quiver_store::catalogue::Tally;
use quiver_store::query::{QueryEngine, QueryError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError};
use tokio::task::JoinHandle;

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

/// What is to be judged: periods of lengths from the shortest to the longest, and what is known for the longer ones.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) wanted: Vec<Wanted>,
    /// Periods whose profiles need not be put together again.
    pub(super) known: KnownPeriods,
}

/// The same, as it is asked while periods are put together.
#[derive(Debug, Clone)]
struct Need {
    wanted: Vec<Wanted>,
    known: BTreeSet<(usize, String, Window)>,
}

impl Needs for Need {
    fn is_needed(&self, place: usize, _: &str, window: Window) -> bool {
        self.wanted[place].has(window)
    }

    fn is_known(&self, place: usize, arm: &str, window: Window) -> bool {
        !self.known.is_empty() && self.known.contains(&(place, arm.to_owned(), window))
    }
}

/// A period that was judged.
pub(super) struct JudgedWindow<'a> {
    /// The place of its length among those wanted.
    pub(super) place: usize,
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
    pub(super) references: &'a References,
    /// What profiles and outcomes are derived by.
    pub(super) derivation: &'a str,
    /// The latest event time.
    pub(super) watermark: Timestamp,
    /// What the door counted.
    pub(super) tallies: &'a [Tally],
}

/// What is made of each judged period, on a thread beside the flow's.
pub(super) type Shape<T> = fn(JudgedWindow<'_>) -> Result<T, PipelineError>;

/// What every period is judged by.
struct Terms<T> {
    spec: Spec,
    /// By place and arm.
    references: Vec<BTreeMap<String, ReferenceFacts>>,
    watermark: Timestamp,
    shape: Shape<T>,
}

impl<T> Terms<T> {
    fn judge(
        &self,
        period: &Period,
        stored: &[Arc<StoredOutcome>],
        door: Option<&DoorCounts>,
    ) -> Result<T, PipelineError> {
        let mut outcomes = Outcomes::default();
        for StoredOutcome { slice, bytes } in stored.iter().map(AsRef::as_ref) {
            merge_outcome(&mut outcomes, slice.as_ref(), &Outcome::from_bytes(bytes)?)?;
        }
        let outcomes = &outcomes;
        let Period { place, arm, window, profile, versions } = period;
        let none = ReferenceFacts::default();
        let reference = self.references[*place].get(arm).unwrap_or(&none);
        let inputs = WindowInputs { profile, versions, outcomes, door, watermark: self.watermark };
        let judged = judge_period(&self.spec, arm, *window, reference, &inputs)?;
        (self.shape)(JudgedWindow { place: *place, arm, window: *window, judged, profile, outcomes, door })
    }
}

/// The outcome of a window, or of a slice of one, as it is stored: in memory it takes many times the room, and all that
/// is to be judged waits for its period.
struct StoredOutcome {
    slice: Option<Slice>,
    bytes: Vec<u8>,
}

/// Those of each arm and period.
type StoredOutcomes = BTreeMap<(String, Window), Vec<Arc<StoredOutcome>>>;

/// Periods that are being judged, a few at a time: those of a wide model are large.
pub(super) struct Judging<'a, T> {
    profiles: BoxStream<'a, Result<(StoredKey, Profile), PipelineError>>,
    /// Nothing any more once every profile is read.
    cascade: Option<Cascade>,
    wanted: Vec<Wanted>,
    outcomes: Vec<StoredOutcomes>,
    door: Vec<DoorWindows>,
    /// The windows of which only the door knows, by the place of their length; nothing before they were looked for.
    unseen: Option<VecDeque<(usize, Window)>>,
    terms: Arc<Terms<T>>,
    waiting: VecDeque<Period>,
    at_work: FuturesOrdered<JoinHandle<Result<T, PipelineError>>>,
}

impl<T: Send + 'static> Judging<'_, T> {
    /// What is made of the next judged period; those of a length come in order of time.
    pub(super) async fn next(&mut self) -> Result<Option<T>, PipelineError> {
        loop {
            let is_full = self.at_work.len() >= side_by_side();
            if !is_full && let Some(period) = self.waiting.pop_front() {
                self.begin(period);
            } else if !is_full && self.cascade.is_some() {
                self.read().await?;
            } else if !is_full && let Some(period) = self.next_unseen() {
                self.begin(period);
            } else {
                let Some(judged) = self.at_work.next().await else { return Ok(None) };
                return judged.expect("it is not cancelled, and its panic is one of the stage").map(Some);
            }
        }
    }

    async fn read(&mut self) -> Result<(), PipelineError> {
        let Some(cascade) = &mut self.cascade else { return Ok(()) };
        let mut closed = Vec::new();
        if let Some(stored) = self.profiles.next().await {
            let (key, profile) = stored?;
            cascade.add((&key.arm, &key.version, key.window.start), profile, &mut closed)?;
        } else {
            cascade.finish(&mut closed)?;
            self.cascade = None;
        }
        self.waiting.extend(closed);
        Ok(())
    }

    /// Where every event was refused there is no profile, and that is the finding.
    fn next_unseen(&mut self) -> Option<Period> {
        let (door, wanted) = (&self.door, &self.wanted);
        let unseen = self.unseen.get_or_insert_with(|| {
            let of_length = door.iter().zip(wanted).enumerate().flat_map(|(place, (door, wanted))| {
                door.unseen().filter(|window| wanted.has(*window)).map(move |window| (place, window))
            });
            of_length.collect()
        });
        let (place, window) = unseen.pop_front()?;
        let profile = Profile::new(&model_plan(&self.terms.spec));
        Some(Period { place, arm: LIVE_ARM.to_owned(), window, profile, versions: BTreeMap::new() })
    }

    fn begin(&mut self, period: Period) {
        // Every period comes once: what it needed of the outcomes is done with.
        let outcomes = self.outcomes[period.place].remove(&(period.arm.clone(), period.window)).unwrap_or_default();
        let door = self.door[period.place].of(&period.arm, period.window).cloned();
        let terms = Arc::clone(&self.terms);
        self.at_work.push_back(tokio::task::spawn_blocking(move || terms.judge(&period, &outcomes, door.as_ref())));
    }
}

impl Pipeline {
    /// Begins to judge periods of every arm; what `shape` makes of each is given.
    pub(super) async fn judging<'a, T>(
        &'a self,
        reading: Reading<'a>,
        asked: Asked,
        shape: Shape<T>,
    ) -> Result<Judging<'a, T>, PipelineError> {
        let Asked { wanted, known } = asked;
        let zone = self.spec.zone()?;
        let reference_period = self.spec.reference_window()?;
        let usual = match reference_period {
            Some(period) => self.usual_of(reading, period, &wanted, &zone).await?,
            None => vec![BTreeMap::new(); wanted.len()],
        };
        let mut references = Vec::new();
        for mut usual in usual {
            let facts = reading.references.iter().map(|(arm, reference)| {
                let facts = ReferenceFacts {
                    profile: Some(Arc::clone(&reference.profile)),
                    usual_distances: usual.remove(arm).unwrap_or_default(),
                    ..ReferenceFacts::default()
                };
                (arm.clone(), facts)
            });
            references.push(facts.collect());
        }
        let mut lengths = Lengths::new(wanted.iter().map(|wanted| wanted.length), &zone);
        let outcomes =
            self.read_outcomes(reading, &wanted, (&mut lengths.clone(), &mut references), reference_period).await?;
        let mut door = Vec::new();
        for wanted in &wanted {
            door.push(DoorWindows::of_tallies(reading.tallies, wanted.length, &zone)?);
        }
        let known_keys = known
            .iter()
            .flat_map(|(arm, periods)| periods.values().map(|period| (period.place, arm.clone(), period.window)));
        let need = Arc::new(Need { wanted: wanted.clone(), known: known_keys.collect() });
        let condition =
            ranges_of(&need).map_or_else(String::new, |ranges| format!("AND {}", any(&ranges, starting_in)));
        let edges = Arc::new(edges_of(reading.references));
        let cascade = Cascade::new(lengths.clone(), Arc::<Need>::clone(&need), known, edges);
        let wants = Box::new(move |key: &StoredKey| Ok(lengths.need(0, (&key.arm, key.window.start), &*need)?));
        let profiles = self
            .stored_profiles(
                reading.engine,
                reading.references,
                (reading.derivation, &condition, Profile::from_bytes_on),
                wants,
            )
            .await?;
        let terms = Terms { spec: self.spec.clone(), references, watermark: reading.watermark, shape };
        Ok(Judging {
            profiles,
            cascade: Some(cascade),
            wanted,
            outcomes,
            door,
            unseen: None,
            terms: Arc::new(terms),
            waiting: VecDeque::new(),
            at_work: FuturesOrdered::new(),
        })
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
        let lengths = Lengths::new(wanted.iter().map(|wanted| wanted.length), zone);
        let mut cascade = Cascade::new(lengths, Arc::new(All), KnownPeriods::new(), Arc::default());
        let mut usual: Vec<BTreeMap<String, UsualDistances>> = vec![BTreeMap::new(); wanted.len()];
        let mut add = |closed: Vec<Period>| {
            for Period { place, arm, window, profile, .. } in closed {
                // A window that the period cuts short is smaller than those it is compared with.
                let is_whole = period.start <= window.start && window.end <= period.end;
                if let Some(reference) = reading.references.get(&arm).filter(|_| is_whole) {
                    usual[place].entry(arm).or_default().add(&self.spec, &reference.profile, &profile)?;
                }
            }
            Ok::<_, PipelineError>(())
        };
        let mut profiles = self
            .stored_profiles(
                reading.engine,
                reading.references,
                // What is usual is asked of the whole population.
                (reading.derivation, &condition, Profile::columns_from_bytes_on),
                Box::new(|_| Ok(true)),
            )
            .await?;
        while let Some(stored) = profiles.next().await {
            let (key, profile) = stored?;
            let mut closed = Vec::new();
            // All versions of an arm together.
            cascade.add((&key.arm, "", key.window.start), profile, &mut closed)?;
            add(closed)?;
        }
        let mut closed = Vec::new();
        cascade.finish(&mut closed)?;
        add(closed)?;
        let found: UsualByLength = usual
            .into_iter()
            .map(|usual| usual.into_iter().map(|(arm, usual)| (arm, usual.finish())).collect())
            .collect();
        *self.usual.lock().unwrap_or_else(PoisonError::into_inner) = Some((key, found.clone()));
        Ok(found)
    }

    /// The latest revision of every stored outcome by the periods that are wanted; merges those of the references.
    async fn read_outcomes(
        &self,
        reading: Reading<'_>,
        wanted: &[Wanted],
        (lengths, references): (&mut Lengths, &mut [BTreeMap<String, ReferenceFacts>]),
        reference: Option<Window>,
    ) -> Result<Vec<StoredOutcomes>, PipelineError> {
        let condition = match (span_of(wanted), reference) {
            (None, _) => String::new(),
            (Some(span), None) => format!("AND {}", starting_in(span)),
            (Some(span), Some(reference)) => format!("AND (({}) OR ({}))", starting_in(span), within(reference)),
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
        let mut outcomes: Vec<StoredOutcomes> = vec![StoredOutcomes::new(); wanted.len()];
        let mut stream = reading.engine.stream(&statement).await?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(QueryError::from)?;
            let rows = Rows(&batch);
            let (arms, names) = (rows.texts("arm")?, rows.texts("slice_name")?);
            let (starts, ends) = (rows.instants("window_start")?, rows.instants("window_end")?);
            let (values, bytes) = (rows.texts("slice_value")?, rows.bytes("outcome")?);
            for (row, bytes) in bytes.into_iter().enumerate() {
                let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
                let slice =
                    (!names[row].is_empty()).then(|| Slice { name: names[row].clone(), value: values[row].clone() });
                if reference.is_some_and(|reference| reference.start.0 <= start && end <= reference.end.0) {
                    let outcome = Outcome::from_bytes(&bytes)?;
                    for facts in references.iter_mut().filter_map(|facts| facts.get_mut(&arms[row])) {
                        merge_outcome(&mut facts.outcomes, slice.as_ref(), &outcome)?;
                    }
                }
                let stored = Arc::new(StoredOutcome { slice, bytes });
                for (place, wanted) in wanted.iter().enumerate() {
                    let period = lengths.find(place, Timestamp(start))?;
                    if wanted.has(period) {
                        outcomes[place].entry((arms[row].clone(), period)).or_default().push(Arc::clone(&stored));
                    }
                }
            }
        }
        Ok(outcomes)
    }
}

/// The most ranges of time that a statement names; beyond that it names the time from the first to the last.
const MOST_RANGES: usize = 16;

/// The times whose profiles are needed, in order and apart from each other; none where all are.
fn ranges_of(need: &Need) -> Option<Vec<Window>> {
    let known: BTreeSet<Window> = need.known.iter().map(|(_, _, window)| *window).collect();
    let mut ranges = BTreeSet::new();
    for wanted in &need.wanted {
        for period in wanted.only.as_ref()? {
            // An arm that has nothing known in a period has no rows there: with new ones it would be wanted.
            let mut start = period.start;
            for known in known.iter().filter(|known| period.start <= known.start && known.end <= period.end) {
                ranges.insert(Window { start, end: known.start });
                start = known.end;
            }
            ranges.insert(Window { start, end: period.end });
        }
    }
    let apart = apart(ranges);
    if let (true, Some(first), Some(last)) = (apart.len() > MOST_RANGES, apart.first(), apart.last()) {
        return Some(vec![Window { start: first.start, end: last.end }]);
    }
    Some(apart)
}

/// The same times in order and apart from each other; those that meet become one.
pub(super) fn apart(times: BTreeSet<Window>) -> Vec<Window> {
    let mut apart: Vec<Window> = Vec::new();
    for time in times.into_iter().filter(|time| time.start < time.end) {
        match apart.last_mut() {
            Some(last) if time.start <= last.end => last.end = last.end.max(time.end),
            _ => apart.push(time),
        }
    }
    apart
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

/// Stored windows within any of these periods as SQL.
pub(super) fn within_any(periods: &[Window]) -> String {
    any(periods, within)
}

fn any(periods: &[Window], condition: fn(Window) -> String) -> String {
    let each: Vec<String> = periods.iter().map(|period| format!("({})", condition(*period))).collect();
    if each.is_empty() { "false".to_owned() } else { format!("({})", each.join(" OR ")) }
}

/// Stored windows that are part of a period as SQL: a week is part of the month in which it begins.
fn starting_in(period: Window) -> String {
    format!(
        "window_start >= CAST('{}' AS TIMESTAMP WITH TIME ZONE) AND window_start < CAST('{}' AS TIMESTAMP WITH TIME ZONE) \
         AND event_date >= {} AND event_date <= {}",
        period.start,
        period.end,
        date_literal(period.start.utc_day()),
        date_literal(period.end.utc_day()),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: i64, end: i64) -> Window {
        Window { start: Timestamp(start), end: Timestamp(end) }
    }

    fn need(wanted: &[&[Window]], known: &[Window]) -> Need {
        let wanted =
            wanted.iter().map(|only| Wanted { length: WindowLength::Day, only: Some(only.iter().copied().collect()) });
        let known = known.iter().map(|window| (1, "control".to_owned(), *window));
        Need { wanted: wanted.collect(), known: known.collect() }
    }

    #[test]
    fn only_times_that_nothing_known_stands_for_are_read() {
        let week: Vec<Window> = (0..7).map(|day| window(day * 24, day * 24 + 24)).collect();
        let others: Vec<Window> = week.iter().copied().filter(|day| *day != week[3]).collect();
        // An hour, its day, and its week of which all other days are known.
        let grown = need(&[&[window(75, 76)], &[week[3]], &[window(0, 168)]], &others);
        assert_eq!(ranges_of(&grown), Some(vec![week[3]]));
        // Nothing is known of the first two days either.
        let grown = need(&[&[window(75, 76)], &[week[3]], &[window(0, 168)]], &others[2..]);
        assert_eq!(ranges_of(&grown), Some(vec![window(0, 48), week[3]]));
        assert_eq!(ranges_of(&need(&[&[]], &[])), Some(vec![]));
        let far: Vec<Window> = (0..40).map(|hour| window(hour * 10, hour * 10 + 1)).collect();
        assert_eq!(ranges_of(&need(&[&far], &[])), Some(vec![window(0, 391)]), "too many to name");
        let all = Need { wanted: vec![Wanted { length: WindowLength::Day, only: None }], known: BTreeSet::new() };
        assert_eq!(ranges_of(&all), None);
        assert_eq!(within_any(&[]), "false");
    }
}
