//! Reads Parquet files with column projection and row groups; repeated texts stay dictionary-encoded.

use super::table_file::{Progress, TableBatch, TableError};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct ParquetLayout {
    metadata: ArrowReaderMetadata,
}

impl ParquetLayout {
    pub(crate) fn open(path: &Path, file: &File) -> Result<Self, TableError> {
        let read_error = |source| TableError::Read { path: path.to_owned(), source };
        let mut file = file.try_clone().map_err(read_error)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(read_error)?;
        let mut footer = [0_u8; 4];
        // The shortest Parquet file is two magic words and the footer's length.
        if bytes >= 12 {
            file.seek(SeekFrom::End(-4)).map_err(read_error)?;
            file.read_exact(&mut footer).map_err(read_error)?;
        }
        if &footer != b"PAR1" {
            return Err(TableError::IncompleteParquet { path: path.to_owned() });
        }
        let refuse = |error: parquet::errors::ParquetError| TableError::Parquet {
            path: path.to_owned(),
            message: error.to_string(),
        };
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(refuse)?;
        let hinted = hint(plain.schema(), plain.metadata());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(hinted));
        // The hint only makes reading faster: a file whose types it does not fit is read as it is.
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).unwrap_or(plain);
        Ok(Self { metadata })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        // Key-value metadata of the writer (such as pandas' column list) can hold content, so it stays behind.
        Arc::new(Schema::new(self.metadata.schema().fields().clone()))
    }

    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    pub(crate) fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    pub(crate) fn read(
        &self,
        path: &Path,
        columns: &[usize],
        row_groups: Option<Range<usize>>,
        batch_rows: usize,
    ) -> Result<ParquetBatches, TableError> {
        let file = File::open(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
        let metadata = self.metadata.metadata();
        let all = 0..metadata.num_row_groups();
        let wanted = row_groups.map_or(all.clone(), |range| range.start.min(all.end)..range.end.min(all.end));
        let rows_of = |range: Range<usize>| -> u64 {
            range.map(|group| u64::try_from(metadata.row_group(group).num_rows()).unwrap_or(0)).sum()
        };
        let bytes: i64 = wanted.clone().map(|group| metadata.row_group(group).compressed_size()).sum();
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_batch_size(batch_rows)
            .with_projection(mask)
            .with_row_groups(wanted.clone().collect())
            .build()
            .map_err(|error| TableError::Parquet { path: path.to_owned(), message: error.to_string() })?;
        Ok(ParquetBatches {
            reader,
            next_row: rows_of(0..wanted.start),
            rows: 0,
            total_rows: rows_of(wanted),
            total_bytes: u64::try_from(bytes).unwrap_or(0),
        })
    }
}

/// The file's schema with repeated texts as dictionaries and all other texts as plain `Utf8`.
fn hint(schema: &Schema, metadata: &ParquetMetaData) -> Schema {
    let root_of = metadata.file_metadata().schema_descr();
    let mut leaf_of = vec![None; schema.fields().len()];
    for leaf in 0..root_of.num_columns() {
        let root = root_of.get_column_root_idx(leaf);
        if let Some(slot) = leaf_of.get_mut(root) {
            *slot = Some(leaf);
        }
    }
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(leaf_of)
        .map(|(field, leaf)| {
            let text = match field.data_type() {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
                DataType::Dictionary(_, values) => {
                    matches!(**values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
                }
                _ => false,
            };
            let encoded = leaf.is_some_and(|leaf| {
                metadata.row_groups().iter().all(|group| is_dictionary_encoded(group.column(leaf)))
            });
            let kind = match (text, encoded) {
                (true, true) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                (true, false) => DataType::Utf8,
                (false, _) => field.data_type().clone(),
            };
            Field::new(field.name(), kind, field.is_nullable())
        })
        .collect();
    Schema::new(fields)
}

/// Whether every data page of a chunk holds dictionary keys. Writers start with a dictionary and give it up when it
/// grows; such a chunk is read faster as plain text.
fn is_dictionary_encoded(chunk: &ColumnChunkMetaData) -> bool {
    let dictionary = |encoding: Encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    if let Some(mask) = chunk.page_encoding_stats_mask() {
        return mask.encodings().all(dictionary);
    }
    if let Some(stats) = chunk.page_encoding_stats() {
        let is_data =
            |kind| matches!(kind, parquet::basic::PageType::DATA_PAGE | parquet::basic::PageType::DATA_PAGE_V2);
        return stats.iter().filter(|page| is_data(page.page_type)).all(|page| dictionary(page.encoding));
    }
    // Without page counts a chunk that fell back cannot be told from one that did not: PLAIN is listed for the
    // dictionary page of both.
    chunk.dictionary_page_offset().is_some()
        && chunk.encodings().all(|encoding| dictionary(encoding) || encoding == Encoding::RLE)
}

pub(crate) struct ParquetBatches {
    reader: ParquetRecordBatchReader,
    next_row: u64,
    rows: u64,
    total_rows: u64,
    total_bytes: u64,
}

impl std::fmt::Debug for ParquetBatches {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ParquetBatches").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl ParquetBatches {
    pub(crate) fn next_batch(&mut self, path: &Path) -> Option<Result<TableBatch, TableError>> {
        let batch = match self.reader.next()? {
            Ok(batch) => batch,
            Err(error) => {
                let message = error.to_string();
                return Some(Err(TableError::Parquet { path: path.to_owned(), message }));
            }
        };
        let first_row = self.next_row;
        self.next_row += batch.num_rows() as u64;
        self.rows += batch.num_rows() as u64;
        Some(Ok(TableBatch { rows: batch, first_row }))
    }

    /// Bytes are those of the rows read, as if every row took the same.
    pub(crate) fn progress(&self) -> Progress {
        let share = self.rows as f64 / self.total_rows.max(1) as f64;
        Progress { rows: self.rows, bytes: (self.total_bytes as f64 * share) as u64 }
    }
}
