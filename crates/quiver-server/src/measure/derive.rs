//! Turns the columns of prediction events into the measured columns of the four arrows.

use super::plan::priced_services;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, MapArray, RecordBatch, StringArray};
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
    if let Some(action) = rows.column_by_name(column::ACTION) {
        columns.push((profile_column(Arrow::Decision, subject::ACTION), Arc::clone(action)));
    }
    if let Some(rule) = rows.column_by_name(column::RULE) {
        let overridden = is_overridden(rows);
        let kept: BooleanArray = overridden.iter().map(|overridden| Some(overridden != Some(true))).collect();
        columns.push((profile_column(Arrow::Decision, subject::RULE), Arc::clone(rule)));
        columns.push((profile_column(Arrow::Decision, subject::OVERRIDING_RULE), arrow::compute::nullif(rule, &kept)?));
    }
    for name in subject::USED {
        if let Some(used) = rows.column_by_name(name) {
            columns.push((profile_column(Arrow::Inference, name), Arc::clone(used)));
        }
    }
    if let Some(calls) = rows.column_by_name(column::CALLS).and_then(|calls| calls.as_map_opt()) {
        for service in priced_services(spec) {
            let column = profile_column(Arrow::Inference, &subject::calls_to(service));
            columns.push((column, Arc::new(calls_to(calls, service)?)));
        }
    }
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

/// How often each answer called a service: nothing for events that tell of no calls at all.
fn calls_to(calls: &MapArray, service: &str) -> Result<Float64Array, ArrowError> {
    let names = arrow::compute::cast(calls.keys(), &arrow::datatypes::DataType::Utf8)?;
    let names = names.as_string::<i32>();
    let counts = calls.values().as_struct_opt().and_then(|fields| fields.column_by_name("n"));
    let counts = counts.and_then(|counts| counts.as_primitive_opt::<Float64Type>());
    let offsets = calls.value_offsets();
    let of_row = |row: usize| {
        let entries = offsets[row] as usize..offsets[row + 1] as usize;
        let of_service = entries.filter(|entry| names.is_valid(*entry) && names.value(*entry) == service);
        let count =
            |entry: usize| counts.filter(|counts| counts.is_valid(entry)).map_or(0.0, |counts| counts.value(entry));
        calls.is_valid(row).then(|| of_service.map(count).sum())
    };
    Ok((0..calls.len()).map(of_row).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Builder, MapBuilder, MapFieldNames, StringBuilder, StructBuilder};
    use arrow::datatypes::{DataType, Fields};

    #[test]
    fn calls_to_a_service_are_counted_where_the_event_tells_of_calls() {
        let fields =
            Fields::from(vec![Field::new("n", DataType::Float64, true), Field::new("ms", DataType::Float64, true)]);
        let values = StructBuilder::from_fields(fields, 0);
        let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
        let mut calls = MapBuilder::new(Some(names), StringBuilder::new(), values);
        for row in [Some(vec![("redis", 2.0), ("maps", 1.0)]), Some(vec![("maps", 4.0)]), None] {
            for (service, count) in row.iter().flatten() {
                calls.keys().append_value(service);
                let values = calls.values();
                values.field_builder::<Float64Builder>(0).unwrap().append_value(*count);
                values.field_builder::<Float64Builder>(1).unwrap().append_null();
                values.append(true);
            }
            calls.append(row.is_some()).unwrap();
        }
        let calls = calls.finish();
        let counted: Vec<Option<f64>> = calls_to(&calls, "redis").unwrap().iter().collect();
        assert_eq!(counted, [Some(2.0), Some(0.0), None]);
    }
}
