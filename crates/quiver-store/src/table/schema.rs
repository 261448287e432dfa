//! Fits rows to a table's schema: new nullable columns widen it, a changed type is refused.

use super::error::TableError;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use std::sync::Arc;
use url::Url;

/// Returns the columns of `given` that the table lacks, made nullable; refuses a changed type.
pub(crate) fn new_columns(table: &Url, stored: &Schema, given: &Schema) -> Result<Vec<Field>, TableError> {
    let mut added = Vec::new();
    for field in given.fields() {
        match stored.field_with_name(field.name()) {
            Ok(known) if same_kind(known.data_type(), field.data_type()) => {}
            Ok(known) => {
                return Err(TableError::TypeChanged {
                    table: table.to_string(),
                    column: field.name().clone(),
                    stored: known.data_type().clone(),
                    given: field.data_type().clone(),
                });
            }
            // Older rows do not have it: whatever the new rows say, the column is nullable.
            Err(_) => added.push(field.as_ref().clone().with_nullable(true)),
        }
    }
    Ok(added)
}

/// Returns one schema that holds the columns of all batches.
pub(crate) fn merged(table: &Url, batches: &[RecordBatch]) -> Result<SchemaRef, TableError> {
    let Some((first, rest)) = batches.split_first() else { return Ok(Arc::new(Schema::empty())) };
    let mut fields: Vec<Arc<Field>> = first.schema().fields().to_vec();
    for batch in rest {
        if batch.schema().fields()[..] == fields[..] {
            continue;
        }
        let added = new_columns(table, &Schema::new(Fields::from(fields.clone())), &batch.schema())?;
        fields.extend(added.into_iter().map(Arc::new));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Returns `batch` in the table's schema: columns in the table's order and encoding, absent ones as nulls.
pub(crate) fn conform(table: &Url, stored: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, TableError> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(stored.fields().len());
    for field in stored.fields() {
        let Some(column) = batch.column_by_name(field.name()) else {
            if !field.is_nullable() && batch.num_rows() > 0 {
                return Err(TableError::ColumnMissing { table: table.to_string(), column: field.name().clone() });
            }
            columns.push(new_null_array(field.data_type(), batch.num_rows()));
            continue;
        };
        if column.data_type() == field.data_type() {
            columns.push(Arc::clone(column));
            continue;
        }
        let cast = arrow::compute::cast(column, field.data_type());
        columns.push(cast.map_err(|_| TableError::TypeChanged {
            table: table.to_string(),
            column: field.name().clone(),
            stored: field.data_type().clone(),
            given: column.data_type().clone(),
        })?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(stored), columns, &options)
        .map_err(|error| TableError::query("fit rows to", table)(error.into()))
}

/// Says whether two types differ in their encoding only (string views, dictionaries, names inside a map).
pub(crate) fn same_kind(left: &DataType, right: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Dictionary, LargeBinary, LargeList, LargeUtf8, List, Map, Struct, Timestamp, Utf8, Utf8View,
    };
    match (left, right) {
        (Dictionary(_, value), other) | (other, Dictionary(_, value)) => same_kind(value, other),
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View)
        | (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => true,
        // Any unit casts to the table's microseconds; with and without a zone are different things.
        (Timestamp(_, left), Timestamp(_, right)) => left.is_some() == right.is_some(),
        (List(left) | LargeList(left), List(right) | LargeList(right)) => {
            same_kind(left.data_type(), right.data_type())
        }
        (Map(left, _), Map(right, _)) => match (left.data_type(), right.data_type()) {
            (Struct(left), Struct(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| same_kind(left.data_type(), right.data_type()))
            }
            _ => false,
        },
        (Struct(left), Struct(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.name() == right.name() && same_kind(left.data_type(), right.data_type()))
        }
        (left, right) => left == right,
    }
}
