//! Rows of the events' tables → events as the API spells them.

use super::statement::Cursor;
use crate::http::read::words::instant;
use crate::measure::{MeasureError, Rows};
use arrow::array::RecordBatch;
use quiver_event::batch::column;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One event in a list; what its kind does not have is null. Long texts are cut.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct EventRow {
    /// `prediction`, `feedback`, `heartbeat` or `change`.
    pub kind: &'static str,
    /// The event's id.
    pub id: String,
    /// When it happened.
    #[schema(format = DateTime)]
    pub at: String,
    /// When it was accepted.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// The arm that answered.
    pub arm: Option<String>,
    /// The version that answered.
    pub version: Option<String>,
    /// The kind of request.
    pub request_type: Option<String>,
    /// The decision it belongs to.
    pub decision_id: Option<String>,
    /// What the model said, as text: the class, the score, the number or the ranking.
    pub output: Option<String>,
    /// The score, or the predicted number.
    pub score: Option<f64>,
    /// The action taken.
    pub action: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Milliseconds from request to answer.
    pub latency_ms: Option<f64>,
    /// The error of an answer that failed.
    pub error: Option<String>,
    /// The parts of the population it belongs to, by slice.
    pub slices: BTreeMap<String, String>,
    /// The label's name, of a feedback.
    pub name: Option<String>,
    /// The label of a feedback as text; of a heartbeat, until when the source holds data.
    pub value: Option<String>,
    /// The prediction that a feedback speaks of.
    pub prediction_id: Option<String>,
    /// The source that was refreshed.
    pub source: Option<String>,
    /// What changed.
    pub what: Option<String>,
    /// A reference to the change.
    pub reference: Option<String>,
}

/// The events of a batch with the columns of [`super::statement::page`], each with its place.
///
/// # Errors
/// When a column is missing.
pub fn read(kind: Kind, batch: &RecordBatch) -> Result<Vec<(Cursor, EventRow)>, MeasureError> {
    let rows = Rows(batch);
    let (times, arrivals) = (rows.instants(column::AT)?, rows.instants(column::RECEIVED_AT)?);
    let offsets = rows.integers(column::OFFSET)?;
    let event = |(row, id): (usize, String)| {
        let place = Cursor { at: times[row].unwrap_or_default(), offset: offsets[row] };
        let (at, received_at) = (instant(place.at), instant(arrivals[row].unwrap_or_default()));
        (place, EventRow { kind: kind.name(), id, at, received_at, ..EventRow::default() })
    };
    let mut events: Vec<_> = rows.texts(column::ID)?.into_iter().enumerate().map(event).collect();
    match kind {
        Kind::Prediction => fill_predictions(&rows, &mut events)?,
        Kind::Feedback => {
            fill(&mut events, rows.texts(column::PREDICTION_ID)?, |event| &mut event.prediction_id);
            fill(&mut events, rows.texts(column::DECISION_ID)?, |event| &mut event.decision_id);
            fill(&mut events, rows.texts(column::NAME)?, |event| &mut event.name);
            for ((_, event), value) in events.iter_mut().zip(labels(&rows)?) {
                event.value = value;
            }
        }
        Kind::Heartbeat => {
            fill(&mut events, rows.texts(column::SOURCE)?, |event| &mut event.source);
            for ((_, event), until) in events.iter_mut().zip(rows.instants(column::DATA_UNTIL)?) {
                event.value = until.map(instant);
            }
        }
        Kind::Change => {
            fill(&mut events, rows.texts(column::WHAT)?, |event| &mut event.what);
            fill(&mut events, rows.texts(column::REFERENCE)?, |event| &mut event.reference);
        }
    }
    Ok(events)
}

/// The labels of feedback rows as texts.
///
/// # Errors
/// When a column is missing.
pub fn labels(rows: &Rows<'_>) -> Result<Vec<Option<String>>, MeasureError> {
    let (numbers, classes) = (rows.numbers(column::VALUE)?, rows.texts(column::CLASS)?);
    let label = |(number, class): (Option<f64>, String)| number.map(|number| number.to_string()).or(given(class));
    Ok(numbers.into_iter().zip(classes).map(label).collect())
}

fn fill_predictions(rows: &Rows<'_>, events: &mut [(Cursor, EventRow)]) -> Result<(), MeasureError> {
    fill(events, rows.texts(column::ARM)?, |event| &mut event.arm);
    fill(events, rows.texts(column::VERSION)?, |event| &mut event.version);
    fill(events, rows.texts(column::REQUEST_TYPE)?, |event| &mut event.request_type);
    fill(events, rows.texts(column::DECISION_ID)?, |event| &mut event.decision_id);
    fill(events, rows.texts(column::ACTION)?, |event| &mut event.action);
    fill(events, rows.texts(column::DECIDED_BY)?, |event| &mut event.decided_by);
    fill(events, rows.texts(column::ERROR)?, |event| &mut event.error);
    let (scores, values) = (rows.numbers(column::SCORE)?, rows.numbers(column::VALUE)?);
    let (classes, rankings) = (rows.texts(column::CLASS)?, rows.texts(column::RANKING)?);
    let (vectors, latencies) = (rows.integers("vectors")?, rows.numbers(column::LATENCY_MS)?);
    let slices = rows.text_maps(column::SLICES)?;
    let all = events.iter_mut().zip(classes).zip(rankings).zip(slices).enumerate();
    for (row, ((((_, event), class), ranking), slices)) in all {
        let number = scores[row].or(values[row]);
        let vector = (vectors[row] != 0).then(|| "a vector".to_owned());
        event.arm.get_or_insert_with(|| LIVE_ARM.to_owned());
        event.output = given(class).or(number.map(|number| number.to_string())).or(given(ranking)).or(vector);
        event.score = number.filter(|number| number.is_finite());
        event.latency_ms = latencies[row].filter(|latency| latency.is_finite());
        event.slices = slices.into_iter().collect();
    }
    Ok(())
}

/// A text that the event had; tables give an empty one for none.
fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn fill(events: &mut [(Cursor, EventRow)], texts: Vec<String>, field: impl Fn(&mut EventRow) -> &mut Option<String>) {
    for ((_, event), text) in events.iter_mut().zip(texts) {
        *field(event) = given(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use std::sync::Arc;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        let columns = columns.into_iter().map(|(name, values)| (name, values, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn places() -> Vec<(&'static str, ArrayRef)> {
        let instants =
            |values: Vec<i64>| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC")) };
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let offsets: ArrayRef = Arc::new(Int64Array::from(vec![9, 4]));
        let (at, received_at) = (instants(vec![2_000_000, 1_000_000]), instants(vec![3_000_000, 3_000_000]));
        vec![("id", ids), ("at", at), ("received_at", received_at), ("offset", offsets)]
    }

    #[test]
    fn a_feedback_has_its_label_as_text() {
        let text = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        let mut columns = places();
        columns.extend([
            ("prediction_id", text(vec![Some("p-1"), None])),
            ("decision_id", text(vec![None, Some("d-1")])),
            ("name", text(vec![Some("late"), Some("kind")])),
            ("value", numbers),
            ("class", text(vec![None, Some("storm")])),
        ]);
        let events = read(Kind::Feedback, &batch(columns)).unwrap();
        let (place, first) = &events[0];
        assert_eq!(*place, Cursor { at: 2_000_000, offset: 9 });
        assert_eq!((first.kind, first.at.as_str()), ("feedback", "1970-01-01T00:00:02Z"));
        assert_eq!((first.value.as_deref(), first.prediction_id.as_deref()), (Some("1"), Some("p-1")));
        assert_eq!(first.decision_id, None);
        assert_eq!(events[1].1.value.as_deref(), Some("storm"));
        assert!(read(Kind::Change, &batch(places())).is_err());
    }
}
