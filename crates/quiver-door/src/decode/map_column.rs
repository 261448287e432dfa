//! Builds map columns from sparse entries: most rows have none, and those rows are null.

use arrow::array::{ArrayRef, Float64Array, MapArray, StringArray, StructArray, TimestampMicrosecondArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use quiver_event::batch::{calls_fields, feature_meta_fields, map_type};
use quiver_event::event::{FeatureMeta, FeatureStatus};
use std::sync::Arc;

/// A map column of `value_type` from `(row, key)` in the order of rows, and one value an entry.
pub(crate) fn map_column(
    rows: usize,
    entries: &[(u32, &str)],
    values: ArrayRef,
    value_type: DataType,
) -> Result<ArrayRef, ArrowError> {
    let DataType::Map(entry_field, ordered) = map_type(value_type) else {
        return Err(ArrowError::SchemaError("a map type is expected".to_owned()));
    };
    let DataType::Struct(fields) = entry_field.data_type().clone() else {
        return Err(ArrowError::SchemaError("a map's entries are a struct".to_owned()));
    };
    let mut lengths = vec![0_usize; rows];
    for (row, _) in entries {
        lengths[*row as usize] += 1;
    }
    let nulls = NullBuffer::from_iter(lengths.iter().map(|length| *length > 0));
    let keys = StringArray::from_iter_values(entries.iter().map(|(_, key)| key));
    let entries = StructArray::try_new(fields, vec![Arc::new(keys), values], None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(MapArray::try_new(entry_field, offsets, entries, Some(nulls), ordered)?))
}

/// A map column of texts, such as slices and reasons.
pub(crate) fn text_map(rows: usize, entries: &[(u32, &str, &str)]) -> Result<ArrayRef, ArrowError> {
    let keys: Vec<(u32, &str)> = entries.iter().map(|(row, key, _)| (*row, *key)).collect();
    let values = StringArray::from_iter_values(entries.iter().map(|(_, _, value)| value));
    map_column(rows, &keys, Arc::new(values), DataType::Utf8)
}

/// A map column of numbers, such as probabilities.
pub(crate) fn number_map(rows: usize, entries: &[(u32, &str, f64)]) -> Result<ArrayRef, ArrowError> {
    let keys: Vec<(u32, &str)> = entries.iter().map(|(row, key, _)| (*row, *key)).collect();
    let values = Float64Array::from_iter_values(entries.iter().map(|(_, _, value)| *value));
    map_column(rows, &keys, Arc::new(values), DataType::Float64)
}

/// A map column of calls: how many, and their milliseconds.
pub(crate) fn calls_map(rows: usize, entries: &[(u32, &str, f64, f64)]) -> Result<ArrayRef, ArrowError> {
    let keys: Vec<(u32, &str)> = entries.iter().map(|(row, key, ..)| (*row, *key)).collect();
    let counts = Float64Array::from_iter_values(entries.iter().map(|entry| entry.2));
    let milliseconds = Float64Array::from_iter_values(entries.iter().map(|entry| entry.3));
    let fields = calls_fields();
    let values = StructArray::try_new(fields.clone(), vec![Arc::new(counts), Arc::new(milliseconds)], None)?;
    map_column(rows, &keys, Arc::new(values), DataType::Struct(fields))
}

/// The `feature_meta` column.
pub(crate) fn meta_map(rows: usize, entries: &[(u32, &str, FeatureMeta)]) -> Result<ArrayRef, ArrowError> {
    let keys: Vec<(u32, &str)> = entries.iter().map(|(row, key, _)| (*row, *key)).collect();
    let metas = || entries.iter().map(|(_, _, meta)| meta);
    let cost = |pick: fn(&quiver_event::event::FeatureCost) -> Option<f64>| -> ArrayRef {
        Arc::new(metas().map(|meta| meta.cost.as_ref().and_then(pick)).collect::<Float64Array>())
    };
    let instants = |pick: fn(&FeatureMeta) -> Option<i64>| -> ArrayRef {
        Arc::new(metas().map(pick).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let columns: Vec<ArrayRef> = vec![
        instants(|meta| meta.event_at.map(|instant| instant.0)),
        instants(|meta| meta.computed_at.map(|instant| instant.0)),
        Arc::new(metas().map(|meta| meta.status.map(FeatureStatus::name)).collect::<StringArray>()),
        Arc::new(metas().map(|meta| meta.source.as_deref()).collect::<StringArray>()),
        cost(|cost| cost.ms),
        cost(|cost| cost.calls),
        cost(|cost| cost.bytes),
    ];
    let fields = feature_meta_fields();
    let values = StructArray::try_new(fields.clone(), columns, None)?;
    map_column(rows, &keys, Arc::new(values), DataType::Struct(fields))
}
