//! Profiles and outcomes → findings: judges every period that something new touches, and keeps what pages read.

use super::periods::{Reading, Wanted};
use super::{Derived, Pipeline, PipelineError, SharedCommit, rolled_up, shared};
use crate::judged::Judged;
use crate::measure::Rows;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength};
use quiver_judge::facts::DoorCounts;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, JudgedPeriod, JudgedPeriods, JudgedProgress};
use quiver_store::query::QueryEngine;
use quiver_store::table::Progress;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// How far profiles and outcomes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inputs {
    profiles: i64,
    outcomes: i64,
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
        let lengths = periods_of(self.spec.drift.window);
        let mut wanted = Vec::new();
        // All lengths are judged together, so that the same windows have grown for each.
        let mut grown: BTreeMap<(i64, i64), Vec<Timestamp>> = BTreeMap::new();
        for length in &lengths {
            let kept = self.kept_progress(*length, &derivation).await?;
            // Where the findings of an earlier step did not get into their table, all are written again.
            let kept = kept.filter(|_| *length != self.spec.drift.window || written.is_some());
            let only = match &kept {
                None => None,
                Some(kept) => {
                    let from = Inputs { profiles: kept.profiles_offset, outcomes: kept.outcomes_offset };
                    let grown = match grown.entry((from.profiles, from.outcomes)) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(place) => place.insert(self.grown(&engine, &derivation, from, until).await?),
                    };
                    Some(self.touched(*length, kept, grown, watermark).await?)
                }
            };
            wanted.push(Wanted { length: *length, only });
        }
        if wanted.iter().all(|wanted| wanted.only.as_ref().is_some_and(BTreeSet::is_empty)) {
            return Ok(0);
        }
        let mut findings = shared::FindingRows::new(&self.spec.model, &derivation, next);
        let mut count = 0;
        let mut periods: Vec<Vec<JudgedPeriod>> = vec![Vec::new(); lengths.len()];
        let reading = Reading { engine: &engine, references: &references, derivation: &derivation, watermark };
        self.judge_periods(reading, &wanted, &mut |period| {
            let is_own = lengths[period.length] == self.spec.drift.window;
            if is_own {
                period.judged.findings.iter().for_each(|finding| findings.push(finding));
                count += period.judged.findings.len() as u64;
            }
            periods[period.length].push(JudgedPeriod {
                arm: period.arm.to_owned(),
                starts_at_microseconds: period.window.start.0,
                ends_at_microseconds: period.window.end.0,
                counted_id: counted_id(period.door),
                judged: Judged::to_bytes(&period.judged)?,
                outcome: period.outcomes.whole.as_ref().map(quiver_profile::Outcome::to_bytes),
                // Those of the spec's own windows are in the tables.
                profile: (!is_own).then(|| period.profile.to_bytes()),
                slices: (!is_own).then(|| rolled_up::slices_to_bytes(&period.outcomes.slices)),
            });
            Ok(())
        })
        .await?;
        if count > 0 && written.unwrap_or(0) < next {
            let step = Progress { application_id, expected_previous: written, next_offset: next };
            output.add(findings.finish()?, step).await?;
        }
        let judged = lengths.iter().zip(periods).map(|(length, periods)| JudgedPeriods {
            model: self.spec.model.clone(),
            length: length.to_string(),
            derivation: derivation.clone(),
            profiles_offset: until.profiles,
            outcomes_offset: until.outcomes,
            watermark_microseconds: watermark.0,
            periods,
        });
        output.add_periods(judged.collect()).await?;
        Ok(count)
    }

    /// How far the kept periods of a length go; nothing when they are derived by something else.
    async fn kept_progress(
        &self,
        length: WindowLength,
        derivation: &str,
    ) -> Result<Option<JudgedProgress>, PipelineError> {
        let catalogue = &self.workspace.catalogue;
        let kept = catalogue.judged_progress(DEFAULT_WORKSPACE, &self.spec.model, &length.to_string()).await?;
        Ok(kept.filter(|kept| kept.derivation == derivation))
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
        kept: &JudgedProgress,
        grown: &[Timestamp],
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
        let awaited = kept.watermark_microseconds.saturating_sub(self.spec.horizon().microseconds());
        let has_gone_on = watermark.0 > kept.watermark_microseconds;
        for start in counted.keys().filter(|_| has_gone_on) {
            let window = finder.find(Timestamp(*start))?;
            if window.end.0 > awaited {
                touched.insert(window);
            }
        }
        let door = self.door_counts(length, &zone).await?;
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
