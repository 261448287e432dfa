//! Profiles and outcomes → findings: merges what is stored into periods, judges each, and diagnoses each arm.

use super::{Pipeline, PipelineError, shared};
use crate::evaluation::{ArmJudge, Evaluation, WindowInputs, labels_of};
use crate::measure::{Rows, model_plan};
use futures::StreamExt;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength, Zone};
use quiver_judge::facts::{Outcomes, ReferenceFacts};
use quiver_judge::finding::Slice;
use quiver_profile::{Outcome, Profile};
use quiver_store::data_folder::TableName;
use quiver_store::query::{QueryEngine, QueryError};
use quiver_store::table::Progress;
use std::collections::BTreeMap;

impl Pipeline {
    /// Judges every window of the spec's length that something new touches, and keeps the findings.
    pub async fn judge(&mut self) -> Result<u64, PipelineError> {
        let references = self.pinned_references().await?;
        let derivation = self.derivation(&references);
        let application = self.derived_application("findings", &derivation);
        let mut table = self.workspace.folder.open_table(TableName::Findings, &shared::finding_options()).await?;
        table.refresh().await?;
        let from = table.next_offset(&application).await?;
        let until = self.committed_offset(Kind::Prediction).await?.max(self.committed_offset(Kind::Feedback).await?);
        if from.unwrap_or(0) >= until {
            return Ok(0);
        }
        let evaluation = self.evaluate(self.spec.drift.window).await?;
        let mut rows = shared::FindingRows::new(&self.spec.model, &derivation, until);
        let mut count = 0;
        for finding in evaluation.arms.iter().flat_map(|arm| &arm.windows).flat_map(|window| &window.findings) {
            rows.push(finding);
            count += 1;
        }
        let progress = Progress { application_id: application, expected_previous: from, next_offset: until };
        table.append(vec![rows.finish()?], &progress).await?;
        Ok(count)
    }

    /// Merges what is stored into periods of `length`, and judges and diagnoses them.
    pub async fn evaluate(&self, length: WindowLength) -> Result<Evaluation, PipelineError> {
        let engine = self.queries().await?;
        let references = self.pinned_references().await?;
        let zone = self.spec.zone()?;
        let period = self.spec.reference_window()?;
        let derivation = self.derivation(&references);
        let mut outcomes = self.stored_outcomes(&engine, &derivation, length, &zone, period).await?;
        let (until, watermark) = self.watermark(&engine).await?;
        let mut arms = BTreeMap::new();
        for (arm, reference) in &references {
            let mut facts = ReferenceFacts {
                profile: Some(reference.profile.clone()),
                outcomes: outcomes.reference.remove(arm).unwrap_or_default(),
                ..ReferenceFacts::default()
            };
            if let Some(period) = period {
                let windows = self.reference_windows(&engine, arm, &derivation, period, length).await?;
                facts.measure_usual(&self.spec, &windows)?;
            }
            arms.insert(arm.clone(), ArmJudge::new(facts));
        }
        let none = Outcomes::default();
        let mut door = self.door_counts(length, &zone).await?;
        let mut periods = Periods::new(length, &zone);
        let mut stream = engine.stream(&self.profiles_statement(&derivation, "")).await?;
        while let Some(batch) = stream.next().await {
            for (arm, version, window, profile) in profile_rows(&batch.map_err(QueryError::from)?)? {
                if let Some((arm, window, profile)) = periods.add(&arm, window, profile)? {
                    let outcomes = outcomes.windows.get(&(arm.clone(), window)).unwrap_or(&none);
                    let inputs = WindowInputs { profile: &profile, outcomes, door: door.of(&arm, window), watermark };
                    arms.entry(arm.clone()).or_default().judge(&self.spec, &arm, window, &inputs)?;
                }
                arms.entry(arm).or_default().versions.insert(version);
            }
        }
        for (arm, window, profile) in periods.finish() {
            let outcomes = outcomes.windows.get(&(arm.clone(), window)).unwrap_or(&none);
            let inputs = WindowInputs { profile: &profile, outcomes, door: door.of(&arm, window), watermark };
            arms.entry(arm.clone()).or_default().judge(&self.spec, &arm, window, &inputs)?;
        }
        // Where every event was refused there is no profile, and that is the finding.
        let nothing = Profile::new(&model_plan(&self.spec));
        for (window, counts) in door.unseen() {
            let inputs = WindowInputs { profile: &nothing, outcomes: &none, door: Some(counts), watermark };
            arms.entry(LIVE_ARM.to_owned()).or_default().judge(&self.spec, LIVE_ARM, window, &inputs)?;
        }
        Ok(Evaluation::assemble(&self.spec, arms, &labels_of(length, &zone), period, until))
    }

    /// The profiles of an arm's windows inside the reference's period, merged to windows of `length`.
    async fn reference_windows(
        &self,
        engine: &QueryEngine,
        arm: &str,
        derivation: &str,
        period: Window,
        length: WindowLength,
    ) -> Result<Vec<Profile>, PipelineError> {
        let condition = format!(
            "AND \"arm\" = '{}' AND window_start >= CAST('{}' AS TIMESTAMP WITH TIME ZONE) \
             AND window_end <= CAST('{}' AS TIMESTAMP WITH TIME ZONE)",
            arm.replace('\'', "''"),
            period.start,
            period.end
        );
        let zone = self.spec.zone()?;
        let mut periods = Periods::new(length, &zone);
        let mut windows = Vec::new();
        for batch in engine.sql(&self.profiles_statement(derivation, &condition)).await? {
            for (arm, _, window, profile) in profile_rows(&batch)? {
                windows.extend(periods.add(&arm, window, profile)?);
            }
        }
        windows.extend(periods.finish());
        // A period that the reference cuts short is smaller than those it is compared with.
        let whole = |window: Window| period.start <= window.start && window.end <= period.end;
        Ok(windows.into_iter().filter(|(_, window, _)| whole(*window)).map(|(_, _, profile)| profile).collect())
    }

    /// Profiles counted under the spec and the references as they are now; older ones stand on other edges.
    fn profiles_statement(&self, derivation: &str, condition: &str) -> String {
        format!(
            "SELECT arm, version, window_start, window_end, profile FROM profiles \
             WHERE model = '{}' AND derivation = '{derivation}' {condition} \
             ORDER BY window_start, arm, version, from_offset",
            self.spec.model.replace('\'', "''"),
        )
    }

    /// The latest revision of every stored outcome, merged to periods of `length`, and those of the reference.
    async fn stored_outcomes(
        &self,
        engine: &QueryEngine,
        derivation: &str,
        length: WindowLength,
        zone: &Zone,
        reference: Option<Window>,
    ) -> Result<StoredOutcomes, PipelineError> {
        let statement = format!(
            "SELECT arm, window_start, window_end, slice_name, slice_value, outcome FROM ( \
             SELECT *, row_number() OVER (PARTITION BY arm, version, window_start, window_end, slice_name, slice_value \
             ORDER BY revision DESC) AS place FROM outcomes WHERE model = '{}' AND derivation = '{derivation}') ranked WHERE place = 1 \
             ORDER BY window_start",
            self.spec.model.replace('\'', "''")
        );
        let mut finder = WindowFinder::new(length, zone.clone());
        let mut stored = StoredOutcomes::default();
        let mut stream = engine.stream(&statement).await?;
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
                let period = finder.find(Timestamp(start))?;
                let target = stored.windows.entry((arms[row].clone(), period)).or_default();
                merge_outcome(target, slice.as_ref(), &outcome)?;
                if reference.is_some_and(|reference| reference.start.0 <= start && end <= reference.end.0) {
                    let target = stored.reference.entry(arms[row].clone()).or_default();
                    merge_outcome(target, slice.as_ref(), &outcome)?;
                }
            }
        }
        Ok(stored)
    }

    /// The offset below which all events are in the tables, and the latest event time among them.
    pub(super) async fn watermark(&self, engine: &QueryEngine) -> Result<(i64, Timestamp), PipelineError> {
        let until = self.committed_offset(Kind::Prediction).await?;
        let mut latest = i64::MIN;
        for table in ["predictions", "feedback"] {
            for batch in engine.sql(&format!("SELECT max(\"at\") AS latest FROM {table}")).await? {
                latest = Rows(&batch).instants("latest")?.into_iter().flatten().fold(latest, i64::max);
            }
        }
        Ok((until, Timestamp(latest)))
    }
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

/// Stored outcomes by arm and period, and those of the reference by arm.
#[derive(Debug, Default)]
struct StoredOutcomes {
    windows: BTreeMap<(String, Window), Outcomes>,
    reference: BTreeMap<String, Outcomes>,
}

type StoredProfile = (String, String, Window, Profile);

fn profile_rows(batch: &arrow::array::RecordBatch) -> Result<Vec<StoredProfile>, PipelineError> {
    let rows = Rows(batch);
    let (arms, versions) = (rows.texts("arm")?, rows.texts("version")?);
    let (starts, ends) = (rows.instants("window_start")?, rows.instants("window_end")?);
    let bytes = rows.bytes("profile")?;
    let mut profiles = Vec::new();
    for row in 0..batch.num_rows() {
        let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
        let window = Window { start: Timestamp(start), end: Timestamp(end) };
        profiles.push((arms[row].clone(), versions[row].clone(), window, Profile::from_bytes(&bytes[row])?));
    }
    Ok(profiles)
}

/// Merges profiles that come in order of their windows into the profiles of longer periods, one period at a time.
struct Periods {
    finder: WindowFinder,
    open: BTreeMap<String, (Window, Profile)>,
}

impl Periods {
    fn new(length: WindowLength, zone: &Zone) -> Self {
        Self { finder: WindowFinder::new(length, zone.clone()), open: BTreeMap::new() }
    }

    /// Adds a window's profile; gives the arm's period before it, when that one is complete.
    fn add(
        &mut self,
        arm: &str,
        window: Window,
        profile: Profile,
    ) -> Result<Option<(String, Window, Profile)>, PipelineError> {
        let period = self.finder.find(window.start)?;
        match self.open.get_mut(arm) {
            Some((open, merged)) if *open == period => {
                merged.merge(&profile)?;
                Ok(None)
            }
            _ => {
                let closed = self.open.insert(arm.to_owned(), (period, profile));
                Ok(closed.map(|(window, profile)| (arm.to_owned(), window, profile)))
            }
        }
    }

    fn finish(self) -> Vec<(String, Window, Profile)> {
        self.open.into_iter().map(|(arm, (window, profile))| (arm, window, profile)).collect()
    }
}
