//! Profiles and outcomes → findings: judges every period that something new touches, and keeps what pages read.

use super::cascade::{KnownPeriod, KnownPeriods};
use super::door::DoorWindows;
use super::periods::{Asked, JudgedWindow, Reading, Wanted, apart};
use super::{Derived, Pipeline, PipelineError, SharedCommit, rolled_up, shared};
use crate::judged::Judged;
use crate::measure::Rows;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength};
use quiver_judge::facts::DoorCounts;
use quiver_judge::finding::Finding;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, JudgedPeriod, JudgedPeriods, KeptProfile, Tally};
use quiver_store::query::QueryEngine;
use quiver_store::table::Progress;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What was judged is kept whenever it takes so many bytes: a wide model's periods do not fit into memory together.
const PART_BYTES: usize = 24 << 20;

/// Roughly what a finding takes in memory.
const FINDING_BYTES: usize = 400;

/// How far profiles and outcomes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inputs {
    profiles: i64,
    outcomes: i64,
}

/// How far the kept periods of a length go.
#[derive(Debug, Clone, Copy)]
struct Goes {
    inputs: Inputs,
    /// The latest event time known when they were judged.
    watermark: i64,
}

impl Goes {
    const NOWHERE: Self = Self { inputs: Inputs { profiles: 0, outcomes: 0 }, watermark: i64::MIN };
}

/// Judged periods by the place of their length, and the findings of the spec's own windows, that are kept together.
#[derive(Debug, Default)]
struct Part {
    findings: Vec<Finding>,
    periods: BTreeMap<usize, Vec<JudgedPeriod>>,
    bytes: usize,
}

impl Part {
    fn add(&mut self, place: usize, period: JudgedPeriod, findings: Vec<Finding>) {
        self.bytes += period.held_bytes() + findings.len() * FINDING_BYTES;
        self.findings.extend(findings);
        self.periods.entry(place).or_default().push(period);
    }
}

/// Keeps parts of a judgement.
struct Keeper<'a> {
    pipeline: &'a Pipeline,
    output: &'a SharedCommit,
    derivation: &'a str,
    lengths: &'a [WindowLength],
    application_id: String,
    /// The revision of the newest findings that are in their table, or wait for its commit.
    written: Option<i64>,
}

impl Keeper<'_> {
    /// Adds a part to the commit: findings under a revision of their own, which is that one at the least, and periods
    /// that go so far, by the place of their length.
    async fn keep(&mut self, part: Part, least_revision: i64, goes: &[Goes]) -> Result<(), PipelineError> {
        let (model, derivation) = (&self.pipeline.spec.model, self.derivation);
        if !part.findings.is_empty() {
            let revision = least_revision.max(self.written.unwrap_or(0) + 1);
            let mut rows = shared::FindingRows::new(model, derivation, revision);
            part.findings.iter().for_each(|finding| rows.push(finding));
            let application_id = self.application_id.clone();
            let step = Progress { application_id, expected_previous: self.written, next_offset: revision };
            self.output.add(rows.finish()?, step).await?;
            self.written = Some(revision);
        }
        let mut periods = part.periods;
        let judged = self.lengths.iter().zip(goes).enumerate().map(|(place, (length, goes))| JudgedPeriods {
            model: model.clone(),
            length: length.to_string(),
            derivation: derivation.to_owned(),
            profiles_offset: goes.inputs.profiles,
            outcomes_offset: goes.inputs.outcomes,
            watermark_microseconds: goes.watermark,
            periods: periods.remove(&place).unwrap_or_default(),
        });
        self.output.add_periods(judged.collect()).await
    }
}

/// A judged period as it is kept, by the place of its length, with the findings of the spec's own windows.
fn shape(period: JudgedWindow<'_>) -> Result<(usize, JudgedPeriod, Vec<Finding>), PipelineError> {
    let JudgedWindow { place, arm, window, mut judged, profile, outcomes, door } = period;
    let is_own = place == 0;
    let kept = JudgedPeriod {
        arm: arm.to_owned(),
        starts_at_microseconds: window.start.0,
        ends_at_microseconds: window.end.0,
        counted_id: counted_id(door),
        only_version: only_version(&judged),
        judged: judged.to_bytes()?,
        outcome: outcomes.whole.as_ref().map(quiver_profile::Outcome::to_bytes),
        // Those of the spec's own windows are in the tables.
        profile: (!is_own).then(|| profile.to_bytes_naming_edges()),
        slices: (!is_own).then(|| rolled_up::slices_to_bytes(&outcomes.slices)),
    };
    Ok((place, kept, if is_own { std::mem::take(&mut judged.findings) } else { Vec::new() }))
}

/// The version of all predictions, where it is one.
fn only_version(judged: &Judged) -> Option<String> {
    let mut versions = judged.versions.keys();
    versions.next().filter(|_| versions.next().is_none()).cloned()
}

impl Pipeline {
    /// Judges every period that something new touches, keeps the findings of the spec's own windows in their table,
    /// and what pages read of each length of [`periods_of`]; `output` commits both. Returns how many findings there are.
    pub async fn judge(&mut self, output: &SharedCommit) -> Result<u64, PipelineError> {
        let references = self.pinned_references().await?;
        let derivation = self.derivation(&references);
        let until = Inputs {
            profiles: self.derived_offset(Derived::Profiles, &derivation).await?,
            outcomes: self.derived_offset(Derived::Outcomes, &derivation).await?,
        };
        let engine = self.queries(&[Kind::Prediction, Kind::Feedback], &[Derived::Profiles, Derived::Outcomes]).await?;
        let watermark = self.watermark(&engine).await?.1;
        let application_id = self.derived_application(Derived::Findings, &derivation);
        let written = output.next_offset(&application_id).await?;
        // Profiles and outcomes each have an offset of their own; the sum grows when either does.
        let next = until.profiles + until.outcomes;
        let tallies = self.tallies().await?;
        let lengths = periods_of(self.spec.drift.window);
        let (mut wanted, mut progress) = (Vec::new(), Vec::new());
        // All lengths are judged together, so that the same windows have grown for each.
        let mut grown: BTreeMap<(i64, i64), Vec<Timestamp>> = BTreeMap::new();
        for length in &lengths {
            let kept = self.kept_progress(*length, &derivation).await?;
            // Where the findings of an earlier step did not get into their table, all are written again.
            let kept = kept.filter(|_| *length != self.spec.drift.window || written.is_some());
            let only = match &kept {
                None => None,
                Some(kept) => {
                    let from = kept.inputs;
                    let grown = match grown.entry((from.profiles, from.outcomes)) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(place) => place.insert(self.grown(&engine, &derivation, from, until).await?),
                    };
                    Some(self.touched(*length, *kept, (grown, &tallies), watermark).await?)
                }
            };
            wanted.push(Wanted { length: *length, only });
            progress.push(kept.unwrap_or(Goes::NOWHERE));
        }
        if wanted.iter().all(|wanted| wanted.only.as_ref().is_some_and(BTreeSet::is_empty)) {
            return Ok(0);
        }
        let known = self.known_days(&wanted).await?;
        let (engine, tallies) = (&engine, &*tallies);
        let reading = Reading { engine, references: &references, derivation: &derivation, watermark, tallies };
        let mut keeper =
            Keeper { pipeline: self, output, derivation: &derivation, lengths: &lengths, application_id, written };
        let mut judging = self.judging(reading, Asked { wanted, known }, shape).await?;
        let (mut part, mut count) = (Part::default(), 0);
        while let Some((place, period, findings)) = judging.next().await? {
            count += findings.len() as u64;
            part.add(place, period, findings);
            // What is kept of a part goes no further than before, so that all is judged again where the rest is missing.
            if part.bytes >= PART_BYTES {
                keeper.keep(std::mem::take(&mut part), 0, &progress).await?;
            }
        }
        let all = Goes { inputs: until, watermark: watermark.0 };
        keeper.keep(part, next, &vec![all; lengths.len()]).await?;
        Ok(count)
    }

    /// The days that stand as they are kept, for those longer periods that are wanted.
    async fn known_days(&self, wanted: &[Wanted]) -> Result<KnownPeriods, PipelineError> {
        let mut known = KnownPeriods::new();
        let is_day = |wanted: &Wanted| wanted.length == WindowLength::Day;
        let Some(place) = wanted.iter().position(is_day).filter(|place| *place > 0) else { return Ok(known) };
        let Some(days) = &wanted[place].only else { return Ok(known) };
        let longer = wanted[place + 1..].iter().filter_map(|wanted| wanted.only.as_ref()).flatten().copied();
        let key = (&*self.spec.model, &*WindowLength::Day.to_string());
        for Window { start, end } in apart(longer.collect()) {
            let kept = self.workspace.catalogue.kept_profiles(DEFAULT_WORKSPACE, key, (start.0, end.0)).await?;
            for KeptProfile { arm, starts_at_microseconds, ends_at_microseconds, judged, profile } in kept {
                let window = Window { start: Timestamp(starts_at_microseconds), end: Timestamp(ends_at_microseconds) };
                if days.contains(&window) {
                    continue;
                }
                let Judged { rows, versions, .. } = Judged::from_bytes(&judged)?;
                // A day without predictions, of which only the door knows, stands on no edges.
                if rows > 0 {
                    let period = KnownPeriod { place, window, versions, profile };
                    known.entry(arm).or_default().insert(window.start, period);
                }
            }
        }
        Ok(known)
    }

    /// How far the kept periods of a length go; nothing when they are derived by something else.
    async fn kept_progress(&self, length: WindowLength, derivation: &str) -> Result<Option<Goes>, PipelineError> {
        let catalogue = &self.workspace.catalogue;
        let kept = catalogue.judged_progress(DEFAULT_WORKSPACE, &self.spec.model, &length.to_string()).await?;
        Ok(kept.filter(|kept| kept.derivation == derivation).map(|kept| Goes {
            inputs: Inputs { profiles: kept.profiles_offset, outcomes: kept.outcomes_offset },
            watermark: kept.watermark_microseconds,
        }))
    }

    /// The offset below which a derived table of the model is complete.
    async fn derived_offset(&self, derived: Derived, derivation: &str) -> Result<i64, PipelineError> {
        let table = self.workspace.folder.open_table(derived.table(), &derived.options()).await?;
        Ok(table.next_offset(&self.derived_application(derived, derivation)).await?.unwrap_or(0))
    }

    /// The windows whose profiles or outcomes have grown since these offsets.
    async fn grown(
        &self,
        engine: &QueryEngine,
        derivation: &str,
        from: Inputs,
        until: Inputs,
    ) -> Result<Vec<Timestamp>, PipelineError> {
        let tables =
            [(Derived::Profiles, from.profiles, until.profiles), (Derived::Outcomes, from.outcomes, until.outcomes)];
        let mut starts = Vec::new();
        for (derived, from, _) in tables.into_iter().filter(|(_, from, until)| from < until) {
            let statement = format!(
                "SELECT DISTINCT window_start FROM {} \
                 WHERE {} AND derivation = '{derivation}' AND revision > {from}",
                derived.name(),
                self.rows_of_model(),
            );
            for batch in engine.sql(&statement).await? {
                starts.extend(Rows(&batch).instants("window_start")?.into_iter().flatten().map(Timestamp));
            }
        }
        Ok(starts)
    }

    /// The periods of a length that hold something which was not judged yet.
    async fn touched(
        &self,
        length: WindowLength,
        kept: Goes,
        (grown, tallies): (&[Timestamp], &[Tally]),
        watermark: Timestamp,
    ) -> Result<BTreeSet<Window>, PipelineError> {
        let zone = self.spec.zone()?;
        let mut finder = WindowFinder::new(length, zone.clone());
        let mut touched = BTreeSet::new();
        for start in grown {
            touched.insert(finder.find(*start)?);
        }
        let model = self.spec.model.as_str();
        let of_live = (model, &*length.to_string(), LIVE_ARM);
        let counted = self.workspace.catalogue.judged_counts(DEFAULT_WORKSPACE, of_live).await?;
        let counted: BTreeMap<i64, i64> = counted.into_iter().collect();
        // Labels of these were awaited, and time has gone on.
        let awaited = kept.watermark.saturating_sub(self.spec.horizon().microseconds());
        let has_gone_on = watermark.0 > kept.watermark;
        for start in counted.keys().filter(|_| has_gone_on) {
            let window = finder.find(Timestamp(*start))?;
            if window.end.0 > awaited {
                touched.insert(window);
            }
        }
        let door = DoorWindows::of_tallies(tallies, length, &zone)?;
        for (window, counts) in door.all() {
            if counted.get(&window.start.0) != Some(&counted_id(Some(counts))) {
                touched.insert(window);
            }
        }
        Ok(touched)
    }
}

/// The lengths of the periods that are kept for pages, the spec's own windows first.
pub fn periods_of(window: WindowLength) -> Vec<WindowLength> {
    let longer = [WindowLength::Day, WindowLength::Week, WindowLength::Month];
    [window].into_iter().chain(longer.into_iter().filter(|length| *length > window)).collect()
}

/// Names what the door counted; the same counts have the same name.
fn counted_id(counts: Option<&DoorCounts>) -> i64 {
    counts.map_or(0, |counts| xxhash_rust::xxh3::xxh3_64(format!("{counts:?}").as_bytes()).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_specs_windows_and_every_longer_period() {
        use WindowLength::{Day, Hours, Month, Week};
        assert_eq!(periods_of(Hours(1)), [Hours(1), Day, Week, Month]);
        assert_eq!(periods_of(Day), [Day, Week, Month]);
        assert_eq!(periods_of(Month), [Month]);
    }
}
