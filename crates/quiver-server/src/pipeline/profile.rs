//! Segments → profiles: counts newly committed predictions into the profiles of their windows, on frozen edges.

use super::reference::References;
use super::{Derived, Pipeline, PipelineError, SharedCommit, shared};
use crate::measure::{Rows, WindowCounter, model_plan, plan_on_edges};
use futures::StreamExt;
use quiver_event::batch::column;
use quiver_event::event::Kind;
use quiver_event::time::{Timestamp, WindowFinder, WindowLength};
use quiver_profile::Plan;
use quiver_store::query::QueryEngine;
use quiver_store::table::Progress;
use std::collections::BTreeSet;
use std::ops::Range;

/// Rows counted for one commit.
const ROWS_PER_COMMIT: i64 = 4_000_000;

impl Pipeline {
    /// Profiles every prediction that the profiles do not hold yet, for `output` to commit; `report` is told the rows
    /// counted.
    pub async fn profile(
        &mut self,
        output: &SharedCommit,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<u64, PipelineError> {
        let engine = self.queries(&[Kind::Prediction, Kind::Feedback], &[]).await?;
        let references = self.pin_references(&engine).await?;
        let derivation = self.derivation(&references);
        let application_id = self.derived_application(Derived::Profiles, &derivation);
        let until = self.committed_offset(Kind::Prediction).await?;
        let mut counted = 0;
        loop {
            let from = output.next_offset(&application_id).await?;
            let start = from.unwrap_or(0);
            if start >= until {
                return Ok(counted);
            }
            let (range, dates) = self.next_range(&engine, &references, start..until).await?;
            let next = range.end;
            let mut rows = shared::ProfileRows::new(&self.spec.model, &derivation, start, next);
            counted += self.profile_range(&engine, &references, (&range, &dates), &mut rows, report).await?;
            let application_id = application_id.clone();
            let step = Progress { application_id, expected_previous: from, next_offset: next };
            output.add(rows.finish()?, step).await?;
        }
    }

    /// The first offsets of a range, as many as fit into one commit, and the dates of their rows: profiles are held in
    /// memory until they are committed. Events that come in order of time fill one date after the other; of those that
    /// come in none, the range is cut by its rows alone.
    async fn next_range(
        &self,
        engine: &QueryEngine,
        references: &References,
        range: Range<i64>,
    ) -> Result<(Range<i64>, Vec<i32>), PipelineError> {
        let until = range.end.min(range.start + ROWS_PER_COMMIT);
        let statement = format!(
            "SELECT event_date, min(\"offset\") AS first FROM predictions WHERE {} GROUP BY event_date ORDER BY first",
            offset_condition(&(range.start..until))
        );
        let mut dates = Vec::new();
        for batch in engine.sql(&statement).await? {
            let rows = Rows(&batch);
            dates.extend(rows.dates(column::EVENT_DATE)?.into_iter().zip(rows.integers("first")?));
        }
        let firsts: Vec<i64> = dates.iter().map(|(_, first)| *first).collect();
        let next = cut(range.start..until, &firsts, self.dates_at_once(references, COMMIT_BYTES, usize::MAX));
        let mut dates: Vec<i32> = dates.into_iter().filter(|(_, first)| *first < next).map(|(date, _)| date).collect();
        dates.sort_unstable();
        Ok((range.start..next, dates))
    }

    /// How many dates' windows take so many bytes, of the widest of the model's plans.
    pub(super) fn dates_at_once(&self, references: &References, bytes: usize, most: usize) -> usize {
        let on_edges = references.values().map(|reference| plan_on_edges(&self.spec, &reference.edges));
        let plans = on_edges.chain([model_plan(&self.spec)]);
        plans.map(|plan| dates_within(bytes, self.spec.drift.window, &plan)).min().unwrap_or(1).min(most)
    }

    async fn profile_range(
        &self,
        engine: &QueryEngine,
        references: &References,
        (offsets, dates): (&Range<i64>, &[i32]),
        output: &mut shared::ProfileRows,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<u64, PipelineError> {
        let range = offset_condition(offsets);
        let mut counter = WindowCounter::new(&self.spec, WindowFinder::new(self.spec.drift.window, self.spec.zone()?));
        let mut counted = 0;
        // A few dates at a time: small files are read together, and few windows are open at once.
        for chunk in dates.chunks(self.dates_at_once(references, OPEN_BYTES, DATES_PER_QUERY)) {
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
            let condition =
                format!("{range} AND event_date >= {} AND event_date <= {}", date_literal(*first), date_literal(*last));
            let mut stream = engine.rows_where(Kind::Prediction.table_name(), &condition).await?;
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
pub(super) const OPEN_BYTES: usize = 256 << 20;

/// The same of the windows of one commit; in it they are bytes, which are fewer.
const COMMIT_BYTES: usize = 512 << 20;

/// Roughly what a column of an open window takes, and what it takes more for each value of a slice: an hourly window of
/// 2,000 features in 25 values of slices was seen to take 70 MB.
const COLUMN_BYTES: usize = 6 << 10;
const SLICE_VALUE_BYTES: usize = 1200;

/// How many dates' windows take so many bytes; one at least.
fn dates_within(bytes: usize, window: WindowLength, plan: &Plan) -> usize {
    let windows_a_day = match window {
        WindowLength::Hours(hours) => 24 / usize::from(hours.max(1)),
        WindowLength::Day | WindowLength::Week | WindowLength::Month => 1,
    };
    // What no value names counts as one more.
    let values: usize = plan.slices.iter().map(|slice| slice.values.len() + 1).sum();
    let day_bytes = windows_a_day * plan.columns.len() * (COLUMN_BYTES + values * SLICE_VALUE_BYTES);
    (bytes / day_bytes.max(1)).max(1)
}

/// Where a range of offsets is cut so that it holds rows of so many dates, by the first offset of each date, ascending.
///
/// A part that is smaller than a date's share of the range is no cut: events that come in no order of time have one of
/// every date near the start.
fn cut(range: Range<i64>, firsts: &[i64], most_dates: usize) -> i64 {
    let share = (range.end - range.start) / i64::try_from(firsts.len()).unwrap_or(i64::MAX).max(1);
    let mut later = firsts.iter().skip(most_dates);
    later.find(|first| **first - range.start >= share.max(1)).map_or(range.end, |first| *first)
}

fn offset_condition(offsets: &Range<i64>) -> String {
    format!("\"offset\" >= {} AND \"offset\" < {}", offsets.start, offsets.end)
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
        assert_eq!(dates_within(OPEN_BYTES, WindowLength::Day, &plan(30, 20)), 285);
        assert_eq!(dates_within(OPEN_BYTES, WindowLength::Hours(1), &plan(30, 20)), 11);
        assert_eq!(dates_within(OPEN_BYTES, WindowLength::Hours(1), &plan(100, 24)), 3);
        assert_eq!(dates_within(OPEN_BYTES, WindowLength::Hours(1), &plan(2_000, 24)), 1);
    }
    #[test]
    fn a_range_is_cut_where_another_date_begins_and_not_where_all_begin_at_once() {
        let in_order: Vec<i64> = (0..90).map(|date| date * 1_000).collect();
        assert_eq!(cut(0..90_000, &in_order, 7), 7_000);
        assert_eq!(cut(0..90_000, &in_order, 90), 90_000);
        assert_eq!(cut(14_000..90_000, &in_order[14..], 7), 21_000);
        // Each date has a row near the start.
        let in_no_order: Vec<i64> = (0..90).map(|date| date * 3).collect();
        assert_eq!(cut(0..90_000, &in_no_order, 7), 90_000);
        // One row of the day before came late.
        assert_eq!(cut(0..90_000, &[&[0, 5], &in_order[1..]].concat(), 1), 1_000);
        assert_eq!((cut(5..5, &[], 1), cut(0..10, &[0], 1), cut(0..2, &[0, 1], 1)), (5, 10, 1));
    }
}
