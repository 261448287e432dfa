//! Rows as bytes for the journal: one Arrow IPC stream, compressed with zstd, without the columns that hold nothing.

use super::PipelineError;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

/// Encodes one batch with its schema. Columns of nulls only are left out: whoever reads rows takes what is not there
/// for null, and most events fill a third of the columns.
pub fn encode(rows: &RecordBatch) -> Result<Vec<u8>, PipelineError> {
    let schema = rows.schema();
    let filled: Vec<usize> = (0..rows.num_columns())
        .filter(|index| !schema.field(*index).is_nullable() || rows.column(*index).null_count() < rows.num_rows())
        .collect();
    let rows = rows.project(&filled)?;
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &rows.schema(), options)?;
    writer.write(&rows)?;
    Ok(writer.into_inner()?)
}

/// Decodes what [`encode`] wrote.
pub fn decode(bytes: &[u8]) -> Result<RecordBatch, PipelineError> {
    let mut reader = StreamReader::try_new(bytes, None)?;
    let schema = reader.schema();
    match reader.next() {
        Some(batch) => Ok(batch?),
        None => Ok(RecordBatch::new_empty(schema)),
    }
}

/// Decodes one text column of what [`encode`] wrote; none when it is not there.
pub fn decode_column(bytes: &[u8], name: &str) -> Result<Option<ArrayRef>, PipelineError> {
    let schema = StreamReader::try_new(bytes, None)?.schema();
    let Some((index, _)) = schema.column_with_name(name) else { return Ok(None) };
    let Some(batch) = StreamReader::try_new(bytes, Some(vec![index]))?.next() else { return Ok(None) };
    let column = batch?.column(0).clone();
    Ok((column.data_type() == &DataType::Utf8).then_some(column))
}
