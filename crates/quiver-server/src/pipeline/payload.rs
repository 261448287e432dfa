//! Rows as bytes for the journal: one Arrow IPC stream, compressed with zstd.

use super::PipelineError;
use arrow::array::RecordBatch;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

/// Encodes one batch with its schema.
pub fn encode(rows: &RecordBatch) -> Result<Vec<u8>, PipelineError> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &rows.schema(), options)?;
    writer.write(rows)?;
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
