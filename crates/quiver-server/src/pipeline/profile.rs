//! Segments → profiles: counts newly committed predictions into the profiles of their windows, on frozen edges.

use super::reference::PinnedReference;
use super::{Pipeline, PipelineError, shared};
use crate::measure::{Rows, WindowCounter, model_plan, plan_on_edges};
use futures::StreamExt;
use quiver_event::batch::column;
use quiver_event::event::Kind;
use quiver_event::time::{Timestamp, WindowFinder, WindowLength};
use quiver_profile::Plan;
use quiver_store::data_folder::TableName;
use quiver_store::query::QueryEngine;
use quiver_store::table::Progress;
use std::collections::{BTreeMap, BTreeSet};

/// Rows counted for one commit; the profiles of a commit are held in memory as bytes.
const ROWS_PER_COMMIT: i64 = 4_000_000;

impl Pipeline {
    /// Profiles every prediction that the profiles do not hold yet; `report` is told the rows counted.
    pub async fn profile(&mut self, report: &(dyn Fn(u64) + Sync)) -> Result<u64, PipelineError> {
        let engine = self.queries().await?;
        let references = self.pin_references(&engine).await?;
        let derivation = self.derivation(&references);
        let application = self.derived_application("profiles", &derivation);
        let mut table = self.workspace.folder.open_table(TableName::Profiles, &shared::profile_options()).await?;
        table.refresh().await?;
        let mut from = table.next_offset(&application).await?;
        let until = self.committed_offset(Kind::Prediction).await?;
        let mut counted = 0;
        while from.unwrap_or(0) < until {
            let start = from.unwrap_or(0);
            let next = until.min(start + ROWS_PER_COMMIT);
            let mut batch = shared::ProfileRows::new(&self.spec.model, &derivation, start, next);
            counted += self.profile_range(&engine, &references, start..next, &mut batch, report).await?;
            let progress = Progress { application_id: application.clone(), expected_previous: from, next_offset: next };
            table.append(vec![batch.finish()?], &progress).await?;
            from = Some(next);
        }
        Ok(counted)
    }

    async fn profile_range(
        &self,
        engine: &QueryEngine,
        references: &BTreeMap<String, PinnedReference>,
        offsets: std::ops::Range<i64>,
        output: &mut shared::ProfileRows,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<u64, PipelineError> {
        let range = format!("\"offset\" >= {} AND \"offset\" < {}", offsets.start, offsets.end);
        let dates = event_dates(engine, &format!("SELECT DISTINCT event_date FROM predictions WHERE {range}")).await?;
        let mut counter = WindowCounter::new(&self.spec, WindowFinder::new(self.spec.drift.window, self.spec.zone()?));
        let mut counted = 0;
        // A few dates at a time: small files are read together, and few windows are open at once.
        let plans = references.values().map(|reference| plan_on_edges(&self.spec, &reference.edges));
        let plans: Vec<Plan> = plans.chain([model_plan(&self.spec)]).collect();
        let wanted = plans.iter().map(|plan| dates_per_query(self.spec.drift.window, plan)).min();
        for chunk in dates.chunks(wanted.unwrap_or(DATES_PER_QUERY)) {
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
            let statement = format!(
                "SELECT * FROM predictions WHERE {range} AND event_date >= {} AND event_date <= {}",
                date_literal(*first),
                date_literal(*last)
            );
            let mut stream = engine.stream(&statement).await?;
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(quiver_store::query::QueryError::from)?;
                counter.count(&batch, |arm| match references.get(arm) {
                    Some(reference) => plan_on_edges(&self.spec, &reference.edges),
                    None => model_plan(&self.spec),
                })?;
                counted += batch.num_rows() as u64;
                report(batch.num_rows() as u64);
            }
            let day_after = Timestamp((i64::from(*last) + 1) * quiver_event::time::MICROSECONDS_PER_DAY);
            for (key, profile) in counter.closed_before(day_after) {
                output.push(&key, &profile);
            }
        }
        for (key, profile) in counter.closed_before(Timestamp(i64::MAX)) {
            output.push(&key, &profile);
        }
        Ok(counted)
    }
}

/// The most UTC dates read by one query.
const DATES_PER_QUERY: usize = 7;

/// Memory that the open windows of a query may take, by estimate.
const OPEN_BYTES: usize = 512 << 20;

/// Roughly what a column of an open window takes, and what it takes more for each value of a slice: an hourly window of
/// 2,000 features in 25 values of slices was seen to take 70 MB.
const COLUMN_BYTES: usize = 6 << 10;
const SLICE_VALUE_BYTES: usize = 1200;

/// How many dates' windows may be open at once; one at least.
fn dates_per_query(window: WindowLength, plan: &Plan) -> usize {
    let windows_a_day = match window {
        WindowLength::Hours(hours) => 24 / usize::from(hours.max(1)),
        WindowLength::Day | WindowLength::Week | WindowLength::Month => 1,
    };
    // What no value names counts as one more.
    let values: usize = plan.slices.iter().map(|slice| slice.values.len() + 1).sum();
    let day_bytes = windows_a_day * plan.columns.len() * (COLUMN_BYTES + values * SLICE_VALUE_BYTES);
    (OPEN_BYTES / day_bytes.max(1)).clamp(1, DATES_PER_QUERY)
}

/// The distinct dates that a statement with one date column gives, ascending.
pub(super) async fn event_dates(engine: &QueryEngine, statement: &str) -> Result<Vec<i32>, PipelineError> {
    let mut dates = BTreeSet::new();
    for batch in engine.sql(statement).await? {
        for day in Rows(&batch).dates(column::EVENT_DATE)? {
            dates.insert(day);
        }
    }
    Ok(dates.into_iter().collect())
}

/// A UTC date as SQL.
pub(super) fn date_literal(day: i32) -> String {
    let midnight = Timestamp(i64::from(day) * quiver_event::time::MICROSECONDS_PER_DAY);
    let text = midnight.to_string();
    format!("DATE '{}'", text.split('T').next().unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quiver_profile::{ColumnKind, ColumnPlan, SlicePlan};

    #[test]
    fn wide_models_open_fewer_windows_at_once() {
        let plan = |columns: usize, values: usize| Plan {
            columns: (0..columns).map(|at| ColumnPlan::public(at.to_string(), ColumnKind::Number)).collect(),
            slices: vec![SlicePlan {
                name: "place".to_owned(),
                column: "place".to_owned(),
                values: (0..values).map(|at| at.to_string()).collect(),
            }],
            ..Plan::default()
        };
        assert_eq!(dates_per_query(WindowLength::Day, &plan(30, 20)), DATES_PER_QUERY);
        assert_eq!(dates_per_query(WindowLength::Hours(1), &plan(30, 20)), DATES_PER_QUERY);
        assert_eq!(dates_per_query(WindowLength::Hours(1), &plan(200, 24)), 3);
        assert_eq!(dates_per_query(WindowLength::Hours(1), &plan(2_000, 24)), 1);
    }
}
