//! Rows as bytes for the journal: one Arrow IPC stream without the columns that hold nothing, compressed as a whole.
//!
//! As a whole, because a frame often holds few rows: to compress each of its hundred buffers by itself costs more than
//! all the rest of a small request, and leaves the schema as long as it is.

use super::PipelineError;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use std::cell::RefCell;

/// The level at which zstd is faster than the disk.
const LEVEL: i32 = 1;

/// The most bytes of one frame's rows; what a frame says of itself is not believed beyond it.
const MAX_BYTES: usize = 1 << 30;

thread_local! {
    static COMPRESSOR: RefCell<zstd::bulk::Compressor<'static>> =
        RefCell::new(zstd::bulk::Compressor::new(LEVEL).expect("level 1 exists"));
}

/// Encodes one batch with its schema. Columns of nulls only are left out: whoever reads rows takes what is not there
/// for null, and most events fill a third of the columns.
pub fn encode(rows: &RecordBatch) -> Result<Vec<u8>, PipelineError> {
    let schema = rows.schema();
    let filled: Vec<usize> = (0..rows.num_columns())
        .filter(|index| !schema.field(*index).is_nullable() || rows.column(*index).null_count() < rows.num_rows())
        .collect();
    let rows = rows.project(&filled)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &rows.schema())?;
    writer.write(&rows)?;
    let plain = writer.into_inner()?;
    let packed = COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(&plain));
    Ok(packed.map_err(ArrowError::from)?)
}

/// Decodes what [`encode`] wrote.
pub fn decode(bytes: &[u8]) -> Result<RecordBatch, PipelineError> {
    let plain = unpack(bytes)?;
    let mut reader = StreamReader::try_new(plain.as_slice(), None)?;
    let schema = reader.schema();
    match reader.next() {
        Some(batch) => Ok(batch?),
        None => Ok(RecordBatch::new_empty(schema)),
    }
}

/// Decodes one text column of what [`encode`] wrote; none when it is not there.
pub fn decode_column(bytes: &[u8], name: &str) -> Result<Option<ArrayRef>, PipelineError> {
    let plain = unpack(bytes)?;
    let schema = StreamReader::try_new(plain.as_slice(), None)?.schema();
    let Some((index, _)) = schema.column_with_name(name) else { return Ok(None) };
    let Some(batch) = StreamReader::try_new(plain.as_slice(), Some(vec![index]))?.next() else { return Ok(None) };
    let column = batch?.column(0).clone();
    Ok((column.data_type() == &DataType::Utf8).then_some(column))
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ArrowError> {
    let length = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= MAX_BYTES);
    let length =
        length.ok_or_else(|| ArrowError::IpcError("a frame does not tell how long its rows are".to_owned()))?;
    Ok(zstd::bulk::decompress(bytes, length)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, StringArray};
    use std::sync::Arc;

    fn rows(count: usize) -> RecordBatch {
        let ids: StringArray = (0..count).map(|row| Some(format!("id-{row}"))).collect();
        let numbers: Float64Array = (0..count).map(|row| (row % 3 > 0).then_some(row as f64)).collect();
        let nothing: StringArray = (0..count).map(|_| None::<&str>).collect();
        let columns: [(&str, ArrayRef, bool); 3] =
            [("id", Arc::new(ids), false), ("x", Arc::new(numbers), true), ("nothing", Arc::new(nothing), true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    #[test]
    fn rows_come_back_without_the_columns_that_hold_nothing() {
        for count in [0, 1, 1_000] {
            let rows = rows(count);
            let bytes = encode(&rows).unwrap();
            let back = decode(&bytes).unwrap();
            let filled = if count < 2 { &[0][..] } else { &[0, 1] };
            assert_eq!(back, rows.project(filled).unwrap(), "{count} rows");
            let ids = decode_column(&bytes, "id").unwrap().map(|ids| ids.len());
            assert_eq!(ids.unwrap_or(0), count);
            assert!(decode_column(&bytes, "nothing").unwrap().is_none());
        }
    }

    #[test]
    fn bytes_that_are_no_rows_are_an_error() {
        let bytes = encode(&rows(10)).unwrap();
        for wrong in
            [&b""[..], b"no frame of zstd", &bytes[..bytes.len() / 2], &zstd::encode_all(&b"no rows"[..], 1).unwrap()]
        {
            assert!(decode(wrong).is_err() && decode_column(wrong, "id").is_err());
        }
    }
}
