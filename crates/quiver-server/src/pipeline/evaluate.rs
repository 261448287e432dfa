//! Judged periods → evaluation: everything that is stored of a model, in periods of one length, with each arm's diagnosis.

use super::periods::{Reading, Wanted};
use super::{Pipeline, PipelineError};
use crate::evaluation::{ArmJudge, Evaluation, labels_of};
use quiver_event::event::Kind;
use quiver_event::time::{Timestamp, WindowLength};
use quiver_judge::facts::ReferenceFacts;
use quiver_store::query::QueryEngine;
use std::collections::BTreeMap;

impl Pipeline {
    /// Merges what is stored into periods of `length`, and judges and diagnoses them.
    pub async fn evaluate(&self, length: WindowLength) -> Result<Evaluation, PipelineError> {
        let engine = self.queries().await?;
        let references = self.pinned_references().await?;
        let derivation = self.derivation(&references);
        let (until, watermark) = self.watermark(&engine).await?;
        let mut arms: BTreeMap<String, ArmJudge> = BTreeMap::new();
        for (arm, reference) in &references {
            let profile = Some(reference.profile.clone());
            arms.insert(arm.clone(), ArmJudge::new(ReferenceFacts { profile, ..ReferenceFacts::default() }));
        }
        let reading = Reading { engine: &engine, references: &references, derivation: &derivation, watermark };
        let all = [Wanted { length, only: None }];
        self.judge_periods(reading, &all, &mut |period| {
            arms.entry(period.arm.to_owned()).or_default().push(period.window, period.judged);
            Ok(())
        })
        .await?;
        let zone = self.spec.zone()?;
        let label = labels_of(length, &zone);
        Ok(Evaluation::assemble(&self.spec, arms, &label, self.spec.reference_window()?, until))
    }

    /// The offset below which all events are in the tables, and the latest event time among them.
    pub(super) async fn watermark(&self, engine: &QueryEngine) -> Result<(i64, Timestamp), PipelineError> {
        let until = self.committed_offset(Kind::Prediction).await?;
        let mut latest = i64::MIN;
        for table in ["predictions", "feedback"] {
            for batch in engine.sql(&format!("SELECT max(\"at\") AS latest FROM {table}")).await? {
                latest = crate::measure::Rows(&batch).instants("latest")?.into_iter().flatten().fold(latest, i64::max);
            }
        }
        Ok((until, Timestamp(latest)))
    }
}
