//! Judged periods → evaluation: everything that is stored of a model, in periods of one length, with each arm's diagnosis.

use super::periods::{Asked, JudgedWindow, Reading, Wanted};
use super::profile::date_literal;
use super::{Derived, Pipeline, PipelineError};
use crate::evaluation::{ArmJudge, Evaluation, labels_of};
use crate::measure::Rows;
use quiver_event::event::Kind;
use quiver_event::time::{Timestamp, WindowLength};
use quiver_judge::facts::ReferenceFacts;
use quiver_store::query::QueryEngine;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

impl Pipeline {
    /// Merges what is stored into periods of `length`, and judges and diagnoses them.
    pub async fn evaluate(&self, length: WindowLength) -> Result<Evaluation, PipelineError> {
        let engine = self.queries(&[Kind::Prediction, Kind::Feedback], &[Derived::Profiles, Derived::Outcomes]).await?;
        let references = self.pinned_references().await?;
        let derivation = self.derivation(&references);
        let (until, watermark) = self.watermark(&engine).await?;
        let mut arms: BTreeMap<String, ArmJudge> = BTreeMap::new();
        for (arm, reference) in &references {
            let profile = Some(Arc::clone(&reference.profile));
            arms.insert(arm.clone(), ArmJudge::new(ReferenceFacts { profile, ..ReferenceFacts::default() }));
        }
        let tallies = self.tallies().await?;
        let (engine, derivation) = (&engine, &*derivation);
        let reading = Reading { engine, references: &references, derivation, watermark, tallies: &tallies };
        let all = Asked { wanted: vec![Wanted { length, only: None }], ..Asked::default() };
        let shape = |period: JudgedWindow<'_>| Ok((period.arm.to_owned(), period.window, period.judged));
        let mut judging = self.judging(reading, all, shape).await?;
        while let Some((arm, window, judged)) = judging.next().await? {
            arms.entry(arm).or_default().push(window, judged);
        }
        let zone = self.spec.zone()?;
        let label = labels_of(length, &zone);
        Ok(Evaluation::assemble(&self.spec, arms, &label, self.spec.reference_window()?, until))
    }

    /// The offset below which all events are in the tables, and the latest event time among them.
    pub(super) async fn watermark(&self, engine: &QueryEngine) -> Result<(i64, Timestamp), PipelineError> {
        let kinds = [Kind::Prediction, Kind::Feedback];
        let tables = [self.event_table(kinds[0]).await?, self.event_table(kinds[1]).await?];
        let until = tables[0].next_offset(&self.journal_application()).await?.unwrap_or(0);
        let versions = [tables[0].version(), tables[1].version()];
        let known = *self.watermark.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, latest)) = known.filter(|(of, _)| *of == versions) {
            return Ok((until, latest));
        }
        let mut latest = None;
        for (kind, table) in kinds.into_iter().zip(&tables) {
            // Dates are those of event times: the others need not be read.
            let Some(day) = table.newest_date()? else { continue };
            let statement = format!("SELECT max(\"at\") AS latest FROM {}", kind.table_name());
            let mut found = latest_of(engine, &format!("{statement} WHERE event_date = {}", date_literal(day))).await?;
            if found.is_none() {
                // The session is older than that date.
                found = latest_of(engine, &statement).await?;
            }
            latest = latest.max(found);
        }
        let latest = latest.unwrap_or(i64::MIN);
        *self.watermark.lock().unwrap_or_else(PoisonError::into_inner) = Some((versions, Timestamp(latest)));
        Ok((until, Timestamp(latest)))
    }
}

async fn latest_of(engine: &QueryEngine, statement: &str) -> Result<Option<i64>, PipelineError> {
    let mut latest = None;
    for batch in engine.sql(statement).await? {
        latest = latest.max(Rows(&batch).instants("latest")?.into_iter().flatten().max());
    }
    Ok(latest)
}
