//! Builds columnar batches from events, kind by kind, in the schema of the spec.

use super::event_keys::Undeclared;
use super::feature_plan::FeaturePlan;
use super::prediction_columns::{FeatureReader, Place, Placed, prediction_columns};
use super::rejected::reason;
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use quiver_event::batch::{EventBatch, column, schema_of};
use quiver_event::event::{Change, Event, Feedback, Heartbeat, Kind, Prediction};
use quiver_event::spec::{Spec, Task};
use quiver_event::time::Timestamp;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Collects events and turns them into one batch a kind.
#[derive(Debug)]
pub struct EventBuilder {
    model: String,
    task: Task,
    schemas: [SchemaRef; 4],
    features: FeatureReader,
    predictions: Vec<Prediction>,
    /// Where each declared feature stands among those of each prediction, prediction by prediction.
    places: Vec<Place>,
    feedback: Vec<Feedback>,
    heartbeats: Vec<Heartbeat>,
    changes: Vec<Change>,
}

impl EventBuilder {
    /// A builder for the events of the spec's model.
    pub fn new(spec: &Spec) -> Self {
        let plans = spec.features.iter().map(|(name, feature)| FeaturePlan::new(spec, name, feature, None)).collect();
        Self {
            model: spec.model.clone(),
            task: spec.task,
            schemas: Kind::ALL.map(|kind| schema_of(kind, spec)),
            features: FeatureReader::new(spec, plans),
            predictions: Vec::new(),
            places: Vec::new(),
            feedback: Vec::new(),
            heartbeats: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// How many events are held.
    pub fn len(&self) -> usize {
        self.predictions.len() + self.feedback.len() + self.heartbeats.len() + self.changes.len()
    }

    /// Whether no event is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes one event of this model, or says why not; `make_id` names it where it has no id.
    pub fn push(
        &mut self,
        event: Event,
        make_id: &mut dyn FnMut() -> String,
        undeclared: &mut Undeclared,
    ) -> Result<(), &'static str> {
        let (model, at) = match &event {
            Event::Prediction(prediction) => (&prediction.model, prediction.at),
            Event::Feedback(feedback) => (&feedback.model, feedback.at),
            Event::Heartbeat(heartbeat) => (&heartbeat.model, heartbeat.at),
            Event::Change(change) => (&change.model, change.at),
        };
        if *model != self.model {
            return Err(reason::UNKNOWN_MODEL);
        }
        if at.is_none() {
            return Err(reason::NO_TIME);
        }
        match event {
            Event::Prediction(mut prediction) => {
                name_if_needed(&mut prediction.id, make_id);
                self.features.keep_declared(&mut prediction, undeclared, &mut self.places);
                self.predictions.push(*prediction);
            }
            Event::Feedback(mut feedback) => {
                name_if_needed(&mut feedback.id, make_id);
                self.feedback.push(feedback);
            }
            Event::Heartbeat(mut heartbeat) => {
                name_if_needed(&mut heartbeat.id, make_id);
                self.heartbeats.push(heartbeat);
            }
            Event::Change(mut change) => {
                name_if_needed(&mut change.id, make_id);
                self.changes.push(change);
            }
        }
        Ok(())
    }

    /// The batches of the kinds that occurred; the builder is empty afterwards.
    pub fn finish(&mut self) -> Result<Vec<EventBatch>, ArrowError> {
        let mut batches = Vec::new();
        let (predictions, places) = (std::mem::take(&mut self.predictions), std::mem::take(&mut self.places));
        if !predictions.is_empty() {
            let placed = Placed { predictions: &predictions, places: &places };
            let columns = prediction_columns(placed, &self.features, self.task)?;
            batches.push(self.batch(Kind::Prediction, predictions.len(), columns)?);
        }
        let feedback = std::mem::take(&mut self.feedback);
        if !feedback.is_empty() {
            batches.push(self.batch(Kind::Feedback, feedback.len(), feedback_columns(&feedback, self.task))?);
        }
        let heartbeats = std::mem::take(&mut self.heartbeats);
        if !heartbeats.is_empty() {
            batches.push(self.batch(Kind::Heartbeat, heartbeats.len(), heartbeat_columns(&heartbeats))?);
        }
        let changes = std::mem::take(&mut self.changes);
        if !changes.is_empty() {
            batches.push(self.batch(Kind::Change, changes.len(), change_columns(&changes))?);
        }
        Ok(batches)
    }

    fn batch(&self, kind: Kind, rows: usize, mut columns: NamedColumns) -> Result<EventBatch, ArrowError> {
        let schema = Arc::clone(&self.schemas[kind as usize]);
        let arrays = schema
            .fields()
            .iter()
            .map(|field| match columns.remove(field.name()) {
                Some(array) => array,
                None => arrow::array::new_null_array(field.data_type(), rows),
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        Ok(EventBatch { model: self.model.clone(), kind, rows })
    }
}

fn name_if_needed(id: &mut Option<String>, make_id: &mut dyn FnMut() -> String) {
    if id.as_ref().is_none_or(String::is_empty) {
        *id = Some(make_id());
    }
}

/// Columns by name.
pub(super) type NamedColumns = HashMap<String, ArrayRef>;

pub(super) fn named<const N: usize>(columns: [(&str, ArrayRef); N]) -> NamedColumns {
    columns.into_iter().map(|(name, array)| (name.to_owned(), array)).collect()
}

pub(super) fn texts<'a, T: 'a>(events: &'a [T], pick: impl Fn(&'a T) -> Option<&'a str>) -> ArrayRef {
    Arc::new(events.iter().map(pick).collect::<StringArray>())
}

pub(super) fn numbers<'a, T: 'a>(events: &'a [T], pick: impl Fn(&'a T) -> Option<f64>) -> ArrayRef {
    Arc::new(events.iter().map(pick).collect::<Float64Array>())
}

pub(super) fn instants<'a, T: 'a>(events: &'a [T], pick: impl Fn(&'a T) -> Option<Timestamp>) -> ArrayRef {
    let instants = events.iter().map(|event| pick(event).map(|instant| instant.0));
    Arc::new(instants.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn feedback_columns(feedback: &[Feedback], task: Task) -> NamedColumns {
    named([
        (column::ID, texts(feedback, |event| event.id.as_deref())),
        (column::AT, instants(feedback, |event| event.at)),
        (column::PREDICTION_ID, texts(feedback, |event| event.prediction_id.as_deref())),
        (column::DECISION_ID, texts(feedback, |event| event.decision_id.as_deref())),
        (column::ITEM, texts(feedback, |event| event.item.as_deref())),
        (column::ENTITY, texts(feedback, |event| event.entity.as_deref())),
        (column::KNOWN_AT, instants(feedback, |event| event.known_at.or(event.at))),
        (column::NAME, texts(feedback, |event| event.name.as_deref())),
        (column::VALUE, numbers(feedback, |event| label_number(&event.value, task))),
        (column::CLASS, {
            let classes = feedback.iter().map(|event| label_class(&event.value, task));
            Arc::new(classes.collect::<StringArray>())
        }),
    ])
}

/// A label as a number; a word such as `yes` is one only for a binary model.
fn label_number(label: &Value, task: Task) -> Option<f64> {
    match label {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(word) if task == Task::Binary => {
            super::cast::boolean_of_word(word).map(|truth| f64::from(u8::from(truth)))
        }
        _ => None,
    }
}

fn label_class(label: &Value, task: Task) -> Option<String> {
    match label {
        Value::String(word) => Some(word.clone()),
        other if task == Task::Multiclass => Some(super::feature_plan::value_text(other)),
        _ => None,
    }
}

fn heartbeat_columns(heartbeats: &[Heartbeat]) -> NamedColumns {
    let rows = heartbeats.iter().map(|event| event.rows.and_then(|rows| i64::try_from(rows).ok()));
    named([
        (column::ID, texts(heartbeats, |event| event.id.as_deref())),
        (column::AT, instants(heartbeats, |event| event.at)),
        (column::SOURCE, texts(heartbeats, |event| Some(event.source.as_str()))),
        (column::DATA_UNTIL, instants(heartbeats, |event| event.data_until)),
        (column::ROWS, Arc::new(rows.collect::<Int64Array>())),
    ])
}

fn change_columns(changes: &[Change]) -> NamedColumns {
    named([
        (column::ID, texts(changes, |event| event.id.as_deref())),
        (column::AT, instants(changes, |event| event.at)),
        (column::WHAT, texts(changes, |event| Some(event.what.as_str()))),
        (column::REFERENCE, texts(changes, |event| event.reference.as_deref())),
    ])
}
