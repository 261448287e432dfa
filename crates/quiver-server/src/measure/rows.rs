//! Reads typed values out of query results, with an error that names the column.

use super::MeasureError;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use quiver_event::batch::instant_type;

/// Columns of one batch, converted to what the reader expects.
#[derive(Debug)]
pub struct Rows<'a>(pub &'a RecordBatch);

impl Rows<'_> {
    fn typed(&self, name: &str, data_type: &DataType) -> Result<ArrayRef, MeasureError> {
        let column = self.0.column_by_name(name).ok_or_else(|| MeasureError::Missing { column: name.to_owned() })?;
        Ok(cast(column, data_type)?)
    }

    /// A text column; nulls become empty texts.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, MeasureError> {
        let column = self.typed(name, &DataType::Utf8)?;
        Ok(column.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    }

    /// An instant column as microseconds.
    pub fn instants(&self, name: &str) -> Result<Vec<Option<i64>>, MeasureError> {
        let column = self.typed(name, &instant_type())?;
        Ok(column.as_primitive::<TimestampMicrosecondType>().iter().collect())
    }

    /// A number column.
    pub fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>, MeasureError> {
        let column = self.typed(name, &DataType::Float64)?;
        Ok(column.as_primitive::<Float64Type>().iter().collect())
    }

    /// A column of whole numbers; nulls become zero.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>, MeasureError> {
        let column = self.typed(name, &DataType::Int64)?;
        Ok(column.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of dates, as days since 1970.
    pub fn dates(&self, name: &str) -> Result<Vec<i32>, MeasureError> {
        let column = self.typed(name, &DataType::Date32)?;
        Ok(column.as_primitive::<Date32Type>().iter().flatten().collect())
    }

    /// A column of bytes.
    pub fn bytes(&self, name: &str) -> Result<Vec<Vec<u8>>, MeasureError> {
        let column = self.typed(name, &DataType::Binary)?;
        Ok(column.as_binary::<i32>().iter().map(|bytes| bytes.unwrap_or_default().to_vec()).collect())
    }

    /// A column of maps from names to texts, as pairs a row.
    pub fn text_maps(&self, name: &str) -> Result<Vec<Vec<(String, String)>>, MeasureError> {
        let column = self.0.column_by_name(name).ok_or_else(|| MeasureError::Missing { column: name.to_owned() })?;
        let Some(maps) = column.as_map_opt() else { return Ok(vec![Vec::new(); self.0.num_rows()]) };
        let keys = cast(maps.keys(), &DataType::Utf8)?;
        let values = cast(maps.values(), &DataType::Utf8)?;
        let (keys, values) = (keys.as_string::<i32>(), values.as_string::<i32>());
        let entries = |row: usize| {
            if maps.is_null(row) {
                return Vec::new();
            }
            let (from, to) = (maps.value_offsets()[row] as usize, maps.value_offsets()[row + 1] as usize);
            let valid = (from..to).filter(|entry| values.is_valid(*entry));
            valid.map(|entry| (keys.value(entry).to_owned(), values.value(entry).to_owned())).collect()
        };
        Ok((0..maps.len()).map(entries).collect())
    }
}
