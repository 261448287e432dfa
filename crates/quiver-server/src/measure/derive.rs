//! Turns the columns of prediction events into the measured columns of the four arrows.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{Field, Float64Type, Schema};
use arrow::error::ArrowError;
use quiver_event::Arrow;
use quiver_event::batch::{column, feature_column, is_overridden};
use quiver_event::spec::Spec;
use quiver_judge::facts::{profile_column, subject};
use std::sync::Arc;

/// The measured columns of a batch of predictions, one row a prediction, nulls where nothing was observed.
///
/// `slice/<name>` columns carry the values by which the population is cut.
pub fn measured(spec: &Spec, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (name, _) in spec.features.iter() {
        if let Some(values) = rows.column_by_name(&feature_column(name)) {
            columns.push((profile_column(Arrow::Features, name), Arc::clone(values)));
        }
    }
    if let Some(latency) = rows.column_by_name(column::LATENCY_MS) {
        columns.push((profile_column(Arrow::Inference, subject::LATENCY), Arc::clone(latency)));
    }
    columns.push((profile_column(Arrow::Inference, subject::FAILED), Arc::new(failed(rows))));
    columns.push((profile_column(Arrow::Inference, subject::INVALID_INPUT), Arc::new(invalid(rows))));
    columns.push((profile_column(Arrow::Decision, subject::SCORE), score(rows)));
    columns.push((profile_column(Arrow::Decision, subject::ACTED), Arc::new(acted(spec, rows))));
    if let Some(decided_by) = rows.column_by_name(column::DECIDED_BY) {
        columns.push((profile_column(Arrow::Decision, subject::DECIDED_BY), Arc::clone(decided_by)));
    }
    columns.push((profile_column(Arrow::Decision, subject::OVERRIDDEN), Arc::new(is_overridden(rows))));
    for slice in &spec.slices {
        if let Some(values) = rows.column_by_name(&feature_column(slice)) {
            let values = arrow::compute::cast(values, &arrow::datatypes::DataType::Utf8)?;
            columns.push((slice_column(slice), values));
        }
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, values)| Field::new(name, values.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, values)| values).collect())
}

/// The column that carries the values of a slice.
pub fn slice_column(slice: &str) -> String {
    format!("slice/{slice}")
}

fn text<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name).and_then(|values| values.as_string_opt::<i32>())
}

/// The score where there is one, else the predicted number.
fn score(rows: &RecordBatch) -> ArrayRef {
    let of = |name: &str| rows.column_by_name(name).filter(|values| values.null_count() < values.len()).cloned();
    of(column::SCORE)
        .or_else(|| of(column::VALUE))
        .unwrap_or_else(|| arrow::array::new_null_array(&arrow::datatypes::DataType::Float64, rows.num_rows()))
}

/// Whether the answer failed; nothing for events that carry neither latency nor error, which say nothing of the service.
fn failed(rows: &RecordBatch) -> BooleanArray {
    let error = rows.column_by_name(column::ERROR);
    let latency = rows.column_by_name(column::LATENCY_MS);
    (0..rows.num_rows())
        .map(|row| {
            let has_error = error.is_some_and(|values| values.is_valid(row));
            let has_latency = latency.is_some_and(|values| values.is_valid(row));
            (has_error || has_latency).then_some(has_error)
        })
        .collect()
}

/// Whether any feature was invalid.
fn invalid(rows: &RecordBatch) -> BooleanArray {
    let reasons = rows.column_by_name(column::INVALID).and_then(|values| values.as_map_opt());
    (0..rows.num_rows())
        .map(|row| Some(reasons.is_some_and(|reasons| reasons.is_valid(row) && reasons.value_length(row) > 0)))
        .collect()
}

/// Whether the first action was taken: by the event's own word, else by score and threshold.
fn acted(spec: &Spec, rows: &RecordBatch) -> BooleanArray {
    let action = text(rows, column::ACTION);
    let first_action = spec.decision.as_ref().and_then(|decision| decision.actions.first());
    let score = rows.column_by_name(column::SCORE).and_then(|values| values.as_primitive_opt::<Float64Type>());
    let threshold = spec.threshold();
    (0..rows.num_rows())
        .map(|row| match (action.filter(|values| values.is_valid(row)), first_action) {
            (Some(action), Some(first)) => Some(action.value(row) == first),
            _ => score.filter(|values| values.is_valid(row)).map(|values| values.value(row) >= threshold),
        })
        .collect()
}
