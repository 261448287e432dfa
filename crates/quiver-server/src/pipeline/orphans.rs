//! Counts the feedback that speaks of no known prediction, hour by hour of its own time.

use super::door::what;
use super::profile::date_literal;
use super::{Pipeline, PipelineError};
use crate::measure::Rows;
use quiver_event::time::MICROSECONDS_PER_DAY;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, Tally};
use quiver_store::query::QueryEngine;
use std::collections::BTreeSet;

/// The subjects under which feedback is counted.
pub mod subject {
    /// All feedback that names a prediction or a decision.
    pub const ALL: &str = "all";
    /// That of it whose prediction is not known.
    pub const ORPHAN: &str = "orphan";
}

impl Pipeline {
    /// Counts anew every hour that holds feedback from `offset` on, and those for which a prediction may still come.
    ///
    /// An orphan names a prediction (or a decision) that no table holds, or one older than the feedback horizon.
    /// Counting twice changes nothing. What was counted of an hour stays after its predictions are past their
    /// retention: `offset` 0, which derives everything anew, leaves such hours as they are.
    pub(super) async fn count_orphans(&self, engine: &QueryEngine, offset: i64) -> Result<(), PipelineError> {
        let horizon = self.spec.horizon().microseconds();
        let open_since = self.watermark(engine).await?.1.0.saturating_sub(horizon);
        let statement = format!("SELECT min(\"at\") AS first FROM feedback WHERE \"offset\" >= {offset}");
        let mut since = open_since;
        for batch in engine.sql(&statement).await? {
            since = Rows(&batch).instants("first")?.into_iter().flatten().fold(since, i64::min);
        }
        let first_day = |microseconds: i64| {
            let day = microseconds.div_euclid(MICROSECONDS_PER_DAY).clamp(EARLIEST_DAY, LATEST_DAY);
            date_literal(day as i32)
        };
        let statement = STATEMENT
            .replace("{feedback_from}", &first_day(since))
            .replace("{predictions_from}", &first_day(since.saturating_sub(horizon + MICROSECONDS_PER_DAY)));
        let (from, to) = (i64::MIN, i64::MAX);
        let known = self.workspace.catalogue.tallies(DEFAULT_WORKSPACE, &self.spec.model, from, to).await?;
        let known = known.into_iter().filter(|tally| offset == 0 && tally.what == what::FEEDBACK);
        let known: BTreeSet<i64> = known.map(|tally| tally.hour_microseconds).collect();
        let mut tallies = Vec::new();
        for batch in engine.sql(&statement).await? {
            let rows = Rows(&batch);
            let (hours, newest) = (rows.instants("hour")?, rows.integers("newest")?);
            let (all, orphans) = (rows.integers("feedback")?, rows.integers("orphans")?);
            for row in 0..batch.num_rows() {
                let Some(hour) = hours[row] else { continue };
                let is_open = hour >= open_since;
                if !is_open && (known.contains(&hour) || newest[row] < offset) {
                    continue;
                }
                for (subject, count) in [(subject::ALL, all[row]), (subject::ORPHAN, orphans[row])] {
                    tallies.push(Tally {
                        model: self.spec.model.clone(),
                        hour_microseconds: hour,
                        what: what::FEEDBACK.to_owned(),
                        subject: subject.to_owned(),
                        count,
                    });
                }
            }
        }
        Ok(self.workspace.catalogue.set_tallies(DEFAULT_WORKSPACE, &tallies).await?)
    }
}

/// The days that a date in SQL can hold: the years 1 and 9999.
const EARLIEST_DAY: i64 = -719_162;
const LATEST_DAY: i64 = 2_932_896;

/// Feedback by hour of its own time, with how much of it names no known prediction.
const STATEMENT: &str = r#"
WITH told AS (
    SELECT date_bin(INTERVAL '1 hour', "at") AS "hour", "offset", "prediction_id", "decision_id"
    FROM feedback
    WHERE "event_date" >= {feedback_from} AND ("prediction_id" IS NOT NULL OR "decision_id" IS NOT NULL)
),
of_prediction AS (SELECT DISTINCT "id" FROM predictions WHERE "event_date" >= {predictions_from}),
of_decision AS (
    SELECT DISTINCT "decision_id" FROM predictions
    WHERE "event_date" >= {predictions_from} AND "decision_id" IS NOT NULL
)
SELECT
    told."hour" AS "hour", max(told."offset") AS "newest", count(*) AS "feedback",
    sum(CASE WHEN p."id" IS NULL AND d."decision_id" IS NULL THEN 1 ELSE 0 END) AS "orphans"
FROM told
LEFT JOIN of_prediction p ON told."prediction_id" = p."id"
LEFT JOIN of_decision d ON told."decision_id" = d."decision_id"
GROUP BY told."hour"
"#;
