//! Profiles and outcomes → judged periods: merges what is stored into periods of one or several lengths, in one pass,
//! and judges each.

use super::door::DoorWindows;
use super::reference::PinnedReference;
use super::{Pipeline, PipelineError};
use crate::evaluation::{WindowInputs, judge_period};
use crate::judged::Judged;
use crate::measure::{Rows, model_plan};
use futures::StreamExt;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength, Zone};
use quiver_judge::facts::{DoorCounts, Outcomes, ReferenceFacts};
use quiver_judge::finding::Slice;
use quiver_profile::{Outcome, Profile};
use quiver_store::query::{QueryEngine, QueryError};
use std::collections::{BTreeMap, BTreeSet};

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
        let reference_profiles = match reference_period {
            Some(period) => self.profiles_within(reading, period).await?,
            None => Vec::new(),
        };
        let mut lengths = Vec::new();
        for wanted in wanted {
            let mut references = BTreeMap::new();
            for (arm, reference) in reading.references {
                let mut facts =
                    ReferenceFacts { profile: Some(reference.profile.clone()), ..ReferenceFacts::default() };
                if let Some(period) = reference_period {
                    let windows = whole_windows(&reference_profiles, arm, period, wanted.length, &zone)?;
                    facts.measure_usual(&self.spec, &windows)?;
                }
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
        let mut stream = reading.engine.stream(&self.profiles_statement(reading.derivation, &condition)).await?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(QueryError::from)?;
            for stored in StoredProfiles::of(&batch)?.iter() {
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
            }
        }
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

    /// Profiles counted under the spec and the references as they are now; older ones stand on other edges.
    pub(super) fn profiles_statement(&self, derivation: &str, condition: &str) -> String {
        format!(
            "SELECT arm, version, window_start, window_end, profile FROM profiles \
             WHERE {} AND derivation = '{derivation}' {condition} \
             ORDER BY window_start, arm, version, from_offset",
            self.rows_of_model(),
        )
    }

    /// The stored profiles of all arms within a period, in order of time.
    async fn profiles_within(
        &self,
        reading: Reading<'_>,
        period: Window,
    ) -> Result<Vec<(String, Window, Profile)>, PipelineError> {
        let condition = format!("AND {}", within(period));
        let mut profiles = Vec::new();
        for batch in reading.engine.sql(&self.profiles_statement(reading.derivation, &condition)).await? {
            for stored in StoredProfiles::of(&batch)?.iter() {
                profiles.push((stored.arm.to_owned(), stored.window, stored.profile()?));
            }
        }
        Ok(profiles)
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
        super::profile::date_literal(period.start.utc_day()),
        super::profile::date_literal(period.end.utc_day()),
    )
}

/// The windows of a length that lie wholly in the reference's period: one that it cuts short is smaller than those it
/// is compared with.
fn whole_windows(
    profiles: &[(String, Window, Profile)],
    arm: &str,
    period: Window,
    length: WindowLength,
    zone: &Zone,
) -> Result<Vec<Profile>, PipelineError> {
    let mut periods = Periods::new(length, zone);
    let mut windows = Vec::new();
    for (_, window, profile) in profiles.iter().filter(|(of, ..)| of == arm) {
        windows.extend(periods.add(arm, "", window.start, profile)?);
    }
    windows.extend(periods.finish());
    let whole = |window: Window| period.start <= window.start && window.end <= period.end;
    Ok(windows.into_iter().filter(|(_, open)| whole(open.window)).map(|(_, open)| open.profile).collect())
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
