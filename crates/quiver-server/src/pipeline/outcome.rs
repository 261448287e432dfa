//! Segments → outcomes: joins predictions with their feedback and summarises each window that anything new touches.

use super::profile::event_dates;
use super::{Derived, Pipeline, PipelineError, SharedCommit, shared};
use crate::measure::{Joiner, outcome_plan, plan_on_edges};
use futures::StreamExt;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window, WindowFinder};
use quiver_store::join::{JoinRequest, join_feedback};
use quiver_store::query::QueryEngine;
use quiver_store::table::Progress;
use std::collections::BTreeSet;

/// Windows joined by one query: enough for few queries, few enough for a laptop's memory.
const JOINED_DAYS: i64 = 31;

impl Pipeline {
    /// Recomputes the outcome of every window that a new prediction or a new label touches, for `output` to commit.
    /// Doing it twice changes nothing: an outcome is a function of the committed events.
    pub async fn join(&mut self, output: &SharedCommit, report: &(dyn Fn(u64) + Sync)) -> Result<u64, PipelineError> {
        let references = self.pinned_references().await?;
        let live = references.get(LIVE_ARM).map(|reference| &*reference.profile);
        let Some(plan) = outcome_plan(&self.spec, live) else { return Ok(0) };
        let Some(label) = self.spec.feedback.as_ref().map(|feedback| feedback.label.clone()) else { return Ok(0) };
        let derivation = self.derivation(&references);
        let application_id = self.derived_application(Derived::Outcomes, &derivation);
        let from = output.next_offset(&application_id).await?;
        let until = self.committed_offset(Kind::Prediction).await?.max(self.committed_offset(Kind::Feedback).await?);
        if from.unwrap_or(0) >= until {
            return Ok(0);
        }
        let engine = self.queries(&[Kind::Prediction, Kind::Feedback], &[]).await?;
        self.count_orphans(&engine, from.unwrap_or(0)).await?;
        let edges = references.get(LIVE_ARM).map(|reference| reference.edges.clone()).unwrap_or_default();
        let slices = plan_on_edges(&self.spec, &edges).slices;
        let windows = self.touched_windows(&engine, from.unwrap_or(0)).await?;
        let mut rows = shared::OutcomeRows::new(&self.spec.model, &derivation, until);
        let mut joined = 0;
        for range in ranges(&windows) {
            let request = JoinRequest {
                from_microseconds: range.start.0,
                to_microseconds: range.end.0,
                feedback_until_microseconds: range.end.0.saturating_add(self.spec.horizon().microseconds()),
                label: label.clone(),
                additional_columns: Vec::new(),
            };
            let finder = WindowFinder::new(self.spec.drift.window, self.spec.zone()?);
            let mut joiner = Joiner::new(&self.spec, &plan, &slices, finder);
            let mut stream = join_feedback(&engine, &request).await?;
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(quiver_store::query::QueryError::from)?;
                joiner.add(&batch)?;
                joined += batch.num_rows() as u64;
                report(batch.num_rows() as u64);
            }
            for (key, (whole, slices)) in joiner.windows.into_iter().filter(|(key, _)| windows.contains(&key.window)) {
                rows.push(&key, None, &whole);
                slices.iter().for_each(|(slice, outcome)| rows.push(&key, Some(slice), outcome));
            }
        }
        let step = Progress { application_id, expected_previous: from, next_offset: until };
        output.add(rows.finish()?, step).await?;
        Ok(joined)
    }

    /// The windows that hold a prediction, or the prediction of a label, from the offset on.
    async fn touched_windows(&self, engine: &QueryEngine, from: i64) -> Result<BTreeSet<Window>, PipelineError> {
        let mut dates: BTreeSet<i32> = BTreeSet::new();
        let of_predictions = format!("SELECT DISTINCT event_date FROM predictions WHERE \"offset\" >= {from}");
        dates.extend(event_dates(engine, &of_predictions).await?);
        if from > 0 {
            let of_labels = format!(
                "SELECT DISTINCT p.event_date FROM predictions p JOIN feedback f \
                 ON p.id = f.prediction_id WHERE f.\"offset\" >= {from} \
                 UNION SELECT DISTINCT p.event_date FROM predictions p JOIN feedback f \
                 ON p.decision_id = f.decision_id WHERE f.\"offset\" >= {from} AND f.prediction_id IS NULL"
            );
            dates.extend(event_dates(engine, &of_labels).await?);
        }
        let mut finder = WindowFinder::new(self.spec.drift.window, self.spec.zone()?);
        let mut windows = BTreeSet::new();
        for date in dates {
            // A UTC date can hold parts of several windows, and an hourly one holds many.
            let end = (i64::from(date) + 1) * MICROSECONDS_PER_DAY;
            let mut at = Timestamp(i64::from(date) * MICROSECONDS_PER_DAY);
            while at.0 < end {
                let window = finder.find(at)?;
                windows.insert(window);
                at = window.end;
            }
        }
        Ok(windows)
    }
}

/// Runs of windows that are joined by one query each.
fn ranges(windows: &BTreeSet<Window>) -> Vec<Window> {
    let mut ranges: Vec<Window> = Vec::new();
    for window in windows {
        match ranges.last_mut() {
            Some(range)
                if range.end >= window.start && window.end.0 - range.start.0 <= JOINED_DAYS * MICROSECONDS_PER_DAY =>
            {
                range.end = range.end.max(window.end);
            }
            _ => ranges.push(*window),
        }
    }
    ranges
}
