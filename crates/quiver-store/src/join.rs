//! Joins predictions with their feedback; the SQL text is the definition, and anyone can run it again.

use crate::query::{QueryEngine, QueryError};
use datafusion::physical_plan::SendableRecordBatchStream;
use jiff::{Timestamp, ToSpan, Unit};

/// The text, with its arguments in braces. It reads the tables `predictions` and `feedback`.
const TEXT: &str = include_str!("join/predictions_with_feedback.sql");

/// Why a join failed.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A time cannot be written as a date.
    #[error("time {microseconds} us is out of range: {source}")]
    TimeOutOfRange {
        /// The time.
        microseconds: i64,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// The query failed.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Which predictions and which label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The first event time, in microseconds since 1970.
    pub from_microseconds: i64,
    /// The event time before which predictions are taken.
    pub to_microseconds: i64,
    /// The time before which a label must have been known: the end of the range plus the feedback horizon, or the
    /// moment as of which the join is wanted.
    pub feedback_until_microseconds: i64,
    /// The label's name.
    pub label: String,
    /// Columns of the predictions to return beside the usual ones, such as features.
    pub additional_columns: Vec<String>,
}

impl JoinRequest {
    /// Returns the SQL text of this join.
    ///
    /// # Errors
    /// When a time is not between the years -9999 and 9999.
    pub fn sql(&self) -> Result<String, JoinError> {
        let additional_columns: String =
            self.additional_columns.iter().map(|column| format!(" \"{}\",", column.replace('"', "\"\""))).collect();
        // The label comes last: it is free text and may hold braces of its own.
        Ok(TEXT
            .replace("{from}", &time_literal(self.from_microseconds)?)
            .replace("{to}", &time_literal(self.to_microseconds)?)
            .replace("{feedback_until}", &time_literal(self.feedback_until_microseconds)?)
            .replace("{first_date}", &date_literal(self.from_microseconds, -1)?)
            .replace("{last_date}", &date_literal(self.to_microseconds, 1)?)
            .replace("{last_feedback_date}", &date_literal(self.feedback_until_microseconds, 1)?)
            .replace("{additional_columns}", &additional_columns)
            .replace("{label}", &format!("'{}'", self.label.replace('\'', "''"))))
    }
}

/// Runs the join in a session where `predictions` and `feedback` of one model are registered.
///
/// The stream has a row for every prediction in the range, in no particular order, with the columns `label_id`,
/// `label_at`, `label_known_at`, `label_value` and `label_class` null where no label is known.
///
/// # Errors
/// When a column is missing, reading fails, or the memory limit is reached.
pub async fn join_feedback(
    engine: &QueryEngine,
    request: &JoinRequest,
) -> Result<SendableRecordBatchStream, JoinError> {
    Ok(engine.stream(&request.sql()?).await?)
}

fn timestamp(microseconds: i64) -> Result<Timestamp, JoinError> {
    Timestamp::from_microsecond(microseconds).map_err(|source| JoinError::TimeOutOfRange { microseconds, source })
}

fn time_literal(microseconds: i64) -> Result<String, JoinError> {
    Ok(format!("CAST('{}' AS TIMESTAMP WITH TIME ZONE)", timestamp(microseconds)?))
}

fn date_literal(microseconds: i64, days: i64) -> Result<String, JoinError> {
    let time = timestamp(microseconds)?.to_zoned(jiff::tz::TimeZone::UTC);
    let moved = time
        .round(Unit::Microsecond)
        .and_then(|time| time.checked_add(days.days()))
        .map_err(|source| JoinError::TimeOutOfRange { microseconds, source })?;
    Ok(format!("DATE '{}'", moved.date()))
}
