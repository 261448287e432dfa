//! Reads tabular files (Parquet, CSV, rows of NDJSON) as plain Arrow batches in constant memory; knows no events.

use super::csv_rows::{CsvBatches, CsvLayout};
use super::json_rows::{JsonBatches, JsonLayout};
use super::parquet_rows::{ParquetBatches, ParquetLayout};
use super::rejected::{Rejections, reason};
use crate::limits;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use quiver_event::spec::nearest_word;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Nothing is at the path.
    #[error("{path}: there is no such file")]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The path names a directory.
    #[error("{path}: this is a directory; name the files in it, such as {path}/*.parquet")]
    Directory {
        /// The path as given.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The path as given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has no bytes, or no row and no header.
    #[error("{path}: the file is empty; write at least a header and one row")]
    Empty {
        /// The path as given.
        path: PathBuf,
    },
    /// The file begins as Parquet and has no footer.
    #[error("{path}: not a complete Parquet file: the footer is missing; was it still being written?")]
    IncompleteParquet {
        /// The path as given.
        path: PathBuf,
    },
    /// The Parquet library refuses the file.
    #[error("{path}: not a readable Parquet file: {message}; write it again, or check the copy")]
    Parquet {
        /// The path as given.
        path: PathBuf,
        /// What the library says.
        message: String,
    },
    /// The content is none of the formats.
    #[error("{path}: {found}; write Parquet, CSV with a header, or one JSON object a line")]
    UnknownFormat {
        /// The path as given.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// Two columns have one name.
    #[error("{path}: columns {first} and {second} are both named `{name}`; rename one")]
    DuplicateColumn {
        /// The path as given.
        path: PathBuf,
        /// The name.
        name: String,
        /// The first position, from 1.
        first: usize,
        /// The second position, from 1.
        second: usize,
    },
    /// There are too many columns.
    #[error("{path}: {columns} columns, the limit is {limit}; is the table transposed?", limit = limits::MAX_COLUMNS)]
    TooManyColumns {
        /// The path as given.
        path: PathBuf,
        /// How many.
        columns: usize,
    },
    /// A column that was asked for is not there.
    #[error("{path}: there is no column `{name}`{}", hint(.nearest))]
    UnknownColumn {
        /// The path as given.
        path: PathBuf,
        /// The name.
        name: String,
        /// The nearest column.
        nearest: Option<String>,
    },
    /// Arrow refuses a batch.
    #[error("{path}: a batch cannot be built: {source}")]
    Batch {
        /// The path as given.
        path: PathBuf,
        /// Why.
        source: arrow::error::ArrowError,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The formats of tabular files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Apache Parquet.
    Parquet,
    /// Text with a header and one row a line, separated by `,`, `;`, `|` or tabs.
    Csv,
    /// One JSON object a line; each key is a column.
    NdjsonRows,
}

/// How the columns of text formats are typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Typing {
    /// Inferred from the first rows, then strict: a row that does not keep to it is kept out and counted.
    #[default]
    Inferred,
    /// Every column is text: the mapping to events casts it and can say which feature was invalid.
    Text,
}

/// What to read of a table.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Only these columns; in the order of the file whatever the order here. Default: all.
    pub columns: Option<Vec<String>>,
    /// Only these row groups (Parquet), so that threads can share a file. Default: all.
    pub row_groups: Option<Range<usize>>,
    /// Rows in a batch. Default: [`limits::BATCH_ROWS`], fewer for wide tables.
    pub batch_rows: Option<usize>,
}

/// Rows of a table with their place in it.
#[derive(Debug, Clone)]
pub struct TableBatch {
    /// The rows.
    pub rows: RecordBatch,
    /// The number of the first row in the file, from 0, counting only usable rows.
    pub first_row: u64,
}

/// How far a reading has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Usable rows read.
    pub rows: u64,
    /// Bytes read of the file.
    pub bytes: u64,
}

/// An open table: its schema is known, its rows can be read any number of times and from several threads.
#[derive(Debug, Clone)]
pub struct TableReader {
    path: PathBuf,
    bytes: u64,
    fingerprint: String,
    schema: SchemaRef,
    layout: Layout,
}

#[derive(Debug, Clone)]
enum Layout {
    Parquet(ParquetLayout),
    Csv(CsvLayout),
    Json(JsonLayout),
}

/// Opens a table with inferred types.
pub fn open_table(path: &Path) -> Result<TableReader, TableError> {
    open_table_as(path, Typing::Inferred)
}

/// Opens every table of a list; a directory in it is an error.
pub fn open_tables(paths: &[PathBuf], typing: Typing) -> Result<Vec<TableReader>, TableError> {
    paths.iter().map(|path| open_table_as(path, typing)).collect()
}

/// Opens a table; Parquet carries its own types, so `typing` is for the text formats.
pub fn open_table_as(path: &Path, typing: Typing) -> Result<TableReader, TableError> {
    let found = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => TableError::NotFound { path: path.to_owned() },
        _ => TableError::Read { path: path.to_owned(), source },
    })?;
    if found.is_dir() {
        return Err(TableError::Directory { path: path.to_owned() });
    }
    if found.len() == 0 {
        return Err(TableError::Empty { path: path.to_owned() });
    }
    let read_error = |source| TableError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read_error)?;
    let (fingerprint, head) = fingerprint(&mut file, found.len()).map_err(read_error)?;
    let layout = match format_of(path, &head)? {
        TableFormat::Parquet => Layout::Parquet(ParquetLayout::open(path, &file)?),
        TableFormat::Csv => Layout::Csv(CsvLayout::open(path, typing)?),
        TableFormat::NdjsonRows => Layout::Json(JsonLayout::open(path, typing)?),
    };
    let schema = match &layout {
        Layout::Parquet(parquet) => parquet.schema(),
        Layout::Csv(csv) => csv.schema(),
        Layout::Json(json) => json.schema(),
    };
    check_columns(path, &schema)?;
    Ok(TableReader { path: path.to_owned(), bytes: found.len(), fingerprint, schema, layout })
}

/// The format by content first; the extension only decides what a text is.
fn format_of(path: &Path, head: &[u8]) -> Result<TableFormat, TableError> {
    let unknown = |found: &str| TableError::UnknownFormat { path: path.to_owned(), found: found.to_owned() };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    if head.starts_with(b"PAR1") {
        return Ok(TableFormat::Parquet);
    }
    if head.starts_with(b"PARE") {
        return Err(unknown("this Parquet file is encrypted"));
    }
    if extension == "parquet" || extension == "pq" {
        return Err(unknown("this file is named Parquet but does not begin as one"));
    }
    for (magic, name) in [
        (b"\x1f\x8b".as_slice(), "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip (or a spreadsheet)"),
        (b"BZh", "bzip2"),
    ] {
        if head.starts_with(magic) {
            return Err(unknown(&format!("this file is packed with {name}: unpack it first")));
        }
    }
    if head.starts_with(b"ARROW1") {
        return Err(unknown("this is an Arrow IPC (Feather) file, which is not read yet"));
    }
    if head.contains(&0) {
        return Err(unknown("this is a binary file (or text in UTF-16)"));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(TableError::Empty { path: path.to_owned() }),
        Some(b'{') if extension != "csv" => Ok(TableFormat::NdjsonRows),
        Some(b'[') if extension != "csv" => Err(unknown("this is one JSON list, not one object a line")),
        Some(_) if matches!(extension.as_str(), "json" | "ndjson" | "jsonl") => {
            Err(unknown("this file is named JSON but its first line is no object"))
        }
        Some(_) => Ok(TableFormat::Csv),
    }
}

/// A name for the file's content that a move or a copy does not change: its length, its head and its tail.
fn fingerprint(file: &mut File, bytes: u64) -> std::io::Result<(String, Vec<u8>)> {
    const PART_BYTES: u64 = 64 * 1024;
    let mut head = Vec::new();
    file.by_ref().take(PART_BYTES).read_to_end(&mut head)?;
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(bytes.saturating_sub(PART_BYTES)))?;
    file.by_ref().take(PART_BYTES).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&head, bytes);
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&tail, hash);
    Ok((format!("{hash:016x}"), head))
}

fn check_columns(path: &Path, schema: &Schema) -> Result<(), TableError> {
    if schema.fields().len() > limits::MAX_COLUMNS {
        return Err(TableError::TooManyColumns { path: path.to_owned(), columns: schema.fields().len() });
    }
    let mut positions = HashMap::new();
    for (index, field) in schema.fields().iter().enumerate() {
        if let Some(first) = positions.insert(field.name(), index) {
            return Err(TableError::DuplicateColumn {
                path: path.to_owned(),
                name: field.name().clone(),
                first: first + 1,
                second: index + 1,
            });
        }
    }
    Ok(())
}

impl TableReader {
    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format.
    pub fn format(&self) -> TableFormat {
        match self.layout {
            Layout::Parquet(_) => TableFormat::Parquet,
            Layout::Csv(_) => TableFormat::Csv,
            Layout::Json(_) => TableFormat::NdjsonRows,
        }
    }

    /// The columns; texts that Parquet holds dictionary-encoded are `Dictionary(Int32, Utf8)`.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The number of rows, where the file tells it.
    pub fn total_rows(&self) -> Option<u64> {
        match &self.layout {
            Layout::Parquet(parquet) => Some(parquet.rows()),
            Layout::Csv(_) | Layout::Json(_) => None,
        }
    }

    /// The size of the file.
    pub fn total_bytes(&self) -> u64 {
        self.bytes
    }

    /// How many row groups there are; text formats are one.
    pub fn row_groups(&self) -> usize {
        match &self.layout {
            Layout::Parquet(parquet) => parquet.row_groups(),
            Layout::Csv(_) | Layout::Json(_) => 1,
        }
    }

    /// A name for the content, 16 hexadecimal digits, which a move or a copy of the file does not change.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Reads the rows from the beginning.
    pub fn batches(&self, options: &ReadOptions) -> Result<TableBatches, TableError> {
        let columns = self.wanted(options)?;
        let fitting = (limits::BATCH_CELLS / columns.len().max(1)).clamp(1, limits::BATCH_ROWS);
        let batch_rows = options.batch_rows.unwrap_or(fitting).max(1);
        let source = match &self.layout {
            Layout::Parquet(parquet) => {
                Source::Parquet(Box::new(parquet.read(&self.path, &columns, options.row_groups.clone(), batch_rows)?))
            }
            Layout::Csv(csv) => Source::Csv(Box::new(csv.read(&self.path, &columns, batch_rows)?)),
            Layout::Json(json) => Source::Json(Box::new(json.read(&self.path, &columns, batch_rows)?)),
        };
        Ok(TableBatches {
            source,
            path: self.path.clone(),
            long_rows: Rejections::default(),
            rejected: Rejections::default(),
        })
    }

    fn wanted(&self, options: &ReadOptions) -> Result<Vec<usize>, TableError> {
        let Some(names) = &options.columns else { return Ok((0..self.schema.fields().len()).collect()) };
        let mut wanted = Vec::with_capacity(names.len());
        for name in names {
            let index = self.schema.index_of(name).map_err(|_| TableError::UnknownColumn {
                path: self.path.clone(),
                name: name.clone(),
                nearest: nearest_word(name, self.schema.fields().iter().map(|field| field.name().as_str())),
            })?;
            wanted.push(index);
        }
        wanted.sort_unstable();
        wanted.dedup();
        Ok(wanted)
    }
}

/// The rows of a table, batch after batch.
#[derive(Debug)]
pub struct TableBatches {
    source: Source,
    path: PathBuf,
    long_rows: Rejections,
    rejected: Rejections,
}

#[derive(Debug)]
enum Source {
    Parquet(Box<ParquetBatches>),
    Csv(Box<CsvBatches>),
    Json(Box<JsonBatches>),
}

impl TableBatches {
    /// How far the reading has come.
    pub fn progress(&self) -> Progress {
        match &self.source {
            Source::Parquet(parquet) => parquet.progress(),
            Source::Csv(csv) => csv.progress(),
            Source::Json(json) => json.progress(),
        }
    }

    /// The rows kept out so far, by reason; complete once the iterator has ended.
    pub fn rejected(&self) -> &Rejections {
        &self.rejected
    }

    fn next_batch(&mut self) -> Option<Result<TableBatch, TableError>> {
        match &mut self.source {
            Source::Parquet(parquet) => parquet.next_batch(&self.path),
            Source::Csv(csv) => csv.next_batch(&self.path),
            Source::Json(json) => json.next_batch(&self.path),
        }
    }
}

impl Iterator for TableBatches {
    type Item = Result<TableBatch, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_batch();
        let next = next.map(|batch| {
            let batch = batch?;
            keep_bounded(&batch, &mut self.long_rows)
                .map_err(|source| TableError::Batch { path: self.path.clone(), source })
        });
        self.rejected = match &self.source {
            Source::Parquet(_) => Rejections::default(),
            Source::Csv(csv) => csv.rejected().clone(),
            Source::Json(json) => json.rejected().clone(),
        };
        self.rejected.merge(&self.long_rows);
        next
    }
}

/// Keeps out rows with a text beyond [`limits::MAX_FIELD_BYTES`].
fn keep_bounded(batch: &TableBatch, long_rows: &mut Rejections) -> Result<TableBatch, arrow::error::ArrowError> {
    let mut keep: Option<Vec<bool>> = None;
    for column in batch.rows.columns() {
        let lengths: Option<Vec<usize>> = match column.data_type() {
            // A batch whose texts together are below the limit holds no long one; this is nearly every batch.
            DataType::Utf8 => {
                let texts = column.as_string::<i32>();
                let total = texts.value_offsets().last().copied().unwrap_or(0) - texts.value_offsets()[0];
                (total as usize > limits::MAX_FIELD_BYTES)
                    .then(|| (0..texts.len()).map(|row| texts.value_length(row) as usize).collect())
            }
            DataType::Dictionary(_, values) if **values == DataType::Utf8 => {
                let Some(dictionary) = column.as_dictionary_opt::<arrow::datatypes::Int32Type>() else { continue };
                let texts = dictionary.values().as_string::<i32>();
                let total = texts.value_offsets().last().copied().unwrap_or(0) - texts.value_offsets()[0];
                (total as usize > limits::MAX_FIELD_BYTES).then(|| {
                    let keys = (0..dictionary.len()).map(|row| dictionary.key(row));
                    keys.map(|key| key.map_or(0, |key| texts.value_length(key) as usize)).collect()
                })
            }
            _ => None,
        };
        for (row, length) in lengths.into_iter().flatten().enumerate() {
            if length > limits::MAX_FIELD_BYTES {
                keep.get_or_insert_with(|| vec![true; batch.rows.num_rows()])[row] = false;
            }
        }
    }
    let Some(keep) = keep else { return Ok(batch.clone()) };
    for (row, _) in keep.iter().enumerate().filter(|(_, keep)| !**keep) {
        long_rows.add(reason::FIELD_TOO_LONG, batch.first_row + row as u64 + 1);
    }
    let rows = arrow::compute::filter_record_batch(&batch.rows, &BooleanArray::from(keep))?;
    Ok(TableBatch { rows, first_row: batch.first_row })
}
