//! Reads CSV rows into Arrow batches; a broken row is counted and kept out, and reading goes on after it.

use super::cell::{Cell, CellColumn, CellType, TypeEvidence};
use super::rejected::{Rejections, reason};
use super::table_file::{Progress, TableBatch, TableError, Typing};
use crate::limits;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use csv::{ByteRecord, ReaderBuilder};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct CsvLayout {
    separator: u8,
    columns: Vec<(String, CellType)>,
}

impl CsvLayout {
    pub(crate) fn open(path: &Path, typing: Typing) -> Result<Self, TableError> {
        let read_error = |source| TableError::Read { path: path.to_owned(), source };
        let separator = find_separator(path).map_err(read_error)?;
        let mut rows = CsvRows::open(path, separator).map_err(read_error)?;
        let mut record = ByteRecord::new();
        let names: Vec<String> = match rows.read(&mut record).map_err(read_error)? {
            RowRead::Row => record.iter().enumerate().map(|(index, name)| column_name(index, name)).collect(),
            RowRead::Broken { .. } | RowRead::End => {
                let found = "the header of this text is no row of CSV".to_owned();
                return Err(TableError::UnknownFormat { path: path.to_owned(), found });
            }
        };
        rows.fields = Some(names.len());
        let mut evidence = vec![TypeEvidence::default(); names.len()];
        let mut sampled = 0;
        while typing == Typing::Inferred && sampled < limits::INFER_ROWS && rows.bytes() < limits::INFER_BYTES as u64 {
            match rows.read(&mut record).map_err(read_error)? {
                RowRead::End => break,
                RowRead::Row if record.len() == names.len() => {
                    sampled += 1;
                    for (field, evidence) in record.iter().zip(&mut evidence) {
                        evidence.add_text(&String::from_utf8_lossy(field), false);
                    }
                }
                RowRead::Row | RowRead::Broken { .. } => {}
            }
        }
        let columns = names.into_iter().zip(evidence).map(|(name, evidence)| (name, evidence.decide())).collect();
        Ok(Self { separator, columns })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(|(name, kind)| Field::new(name, kind.arrow(), true)).collect();
        Arc::new(Schema::new(fields))
    }

    pub(crate) fn read(&self, path: &Path, columns: &[usize], batch_rows: usize) -> Result<CsvBatches, TableError> {
        let read_error = |source| TableError::Read { path: path.to_owned(), source };
        let mut rows = CsvRows::open(path, self.separator).map_err(read_error)?;
        let mut record = ByteRecord::new();
        rows.read(&mut record).map_err(read_error)?;
        rows.fields = Some(self.columns.len());
        let schema = self.schema().project(columns);
        Ok(CsvBatches {
            source: rows,
            schema: Arc::new(schema.map_err(|source| TableError::Batch { path: path.to_owned(), source })?),
            all: self.columns.iter().map(|(_, kind)| *kind).collect(),
            wanted: columns.to_vec(),
            builders: columns.iter().map(|index| CellColumn::new(self.columns[*index].1)).collect(),
            record,
            batch_rows,
            rows: 0,
            rejected: Rejections::default(),
        })
    }
}

/// A column without a name (an index column, as pandas writes it) is named by its position.
fn column_name(index: usize, name: &[u8]) -> String {
    match String::from_utf8_lossy(name).trim() {
        "" => format!("column_{}", index + 1),
        name => name.to_owned(),
    }
}

/// The separator that stands most often in the header, outside quotes.
fn find_separator(path: &Path) -> std::io::Result<u8> {
    let mut header = Vec::new();
    BufReader::new(File::open(path)?).take(limits::MAX_LINE_BYTES as u64).read_until(b'\n', &mut header)?;
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in header {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == byte && !quoted) {
            *count += 1;
        }
    }
    // The comma wins ties, because it comes first.
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    Ok(best.map_or(b',', |(separator, _)| *separator))
}

/// What one read brought.
enum RowRead {
    Row,
    /// A row whose quote never ends; reading goes on after its first line.
    Broken {
        line: u64,
        reason: &'static str,
    },
    End,
}

/// Rows of a file, with recovery from rows without end.
#[derive(Debug)]
struct CsvRows {
    /// Taken only while the reader is replaced.
    reader: Option<csv::Reader<Bounded>>,
    separator: u8,
    /// Where the current reader began.
    base_bytes: u64,
    base_line: u64,
    /// How many fields the header has, once it is known.
    fields: Option<usize>,
    recoveries: u32,
    /// Whether the file's last row ends with a quote.
    closed_end: bool,
    end_bytes: u64,
}

/// A file that refuses to give more than a row's worth of bytes before the next row begins.
#[derive(Debug)]
struct Bounded {
    file: File,
    left: usize,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::Error::other("row without end"));
        }
        let count = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(count);
        Ok(count)
    }
}

impl CsvRows {
    fn open(path: &Path, separator: u8) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        let closed_end = ends_with_quote(&mut file)?;
        let end_bytes = file.metadata()?.len();
        let mut start = [0_u8; 3];
        let read = file.read(&mut start)?;
        let begin = if read == 3 && &start == b"\xef\xbb\xbf" { 3 } else { 0 };
        let mut rows = Self {
            reader: None,
            separator,
            base_bytes: 0,
            base_line: 1,
            fields: None,
            recoveries: 0,
            closed_end,
            end_bytes,
        };
        rows.start(file, begin, 1)?;
        Ok(rows)
    }

    fn start(&mut self, mut file: File, bytes: u64, line: u64) -> std::io::Result<()> {
        file.seek(SeekFrom::Start(bytes))?;
        let bounded = Bounded { file, left: limits::MAX_LINE_BYTES };
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.separator).buffer_capacity(1 << 17);
        self.reader = Some(builder.from_reader(bounded));
        (self.base_bytes, self.base_line) = (bytes, line);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.base_bytes + self.reader.as_ref().map_or(0, |reader| reader.position().byte())
    }

    /// The line on which the next row begins, from 1.
    fn line(&self) -> u64 {
        self.base_line + self.reader.as_ref().map_or(0, |reader| reader.position().line() - 1)
    }

    fn read(&mut self, record: &mut ByteRecord) -> std::io::Result<RowRead> {
        let (bytes, line) = (self.bytes(), self.line());
        let Some(reader) = &mut self.reader else { return Ok(RowRead::End) };
        reader.get_mut().left = limits::MAX_LINE_BYTES;
        let read = reader.read_byte_record(record);
        let exhausted = reader.get_ref().left == 0;
        let reason = match read {
            Ok(false) => return Ok(RowRead::End),
            // A row over several lines with the wrong number of fields has a quote too many: it would swallow the good
            // rows after it.
            Ok(true) if self.is_runaway(record, line) => reason::FIELD_COUNT,
            Ok(true) => return Ok(RowRead::Row),
            Err(_) if exhausted => reason::LINE_TOO_LONG,
            Err(error) => return Err(error.into()),
        };
        self.recoveries += 1;
        let Some(reader) = self.reader.take() else { return Ok(RowRead::End) };
        let mut file = reader.into_inner().file;
        file.seek(SeekFrom::Start(bytes))?;
        let skipped = skip_line(&mut BufReader::new(&file))?;
        self.start(file, bytes + skipped, line + 1)?;
        Ok(RowRead::Broken { line, reason })
    }

    fn is_runaway(&self, record: &ByteRecord, line: u64) -> bool {
        // Each recovery reads up to the limit again, so a file made of open quotes is not recovered for ever.
        const MAX_RECOVERIES: u32 = 1_000;
        if self.line() <= line + 1 || self.recoveries >= MAX_RECOVERIES {
            return false;
        }
        let wrong = self.fields.is_some_and(|fields| fields != record.len());
        // The last field runs to the end of the file, and no quote stands there.
        let at_end = self.bytes() >= self.end_bytes;
        let open = at_end && !self.closed_end && record.iter().next_back().is_some_and(|field| field.contains(&b'\n'));
        wrong || open
    }
}

/// Whether the last byte before the final line breaks is a quote; the file is left at its beginning.
fn ends_with_quote(file: &mut File) -> std::io::Result<bool> {
    const TAIL_BYTES: u64 = 64;
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(tail.iter().rev().find(|byte| !matches!(byte, b'\n' | b'\r')) == Some(&b'"'))
}

fn skip_line(source: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let available = source.fill_buf()?;
        let end = available.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(available.len(), |end| end + 1);
        if count == 0 {
            return Ok(skipped);
        }
        source.consume(count);
        skipped += count as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

#[derive(Debug)]
pub(crate) struct CsvBatches {
    source: CsvRows,
    schema: SchemaRef,
    all: Vec<CellType>,
    wanted: Vec<usize>,
    builders: Vec<CellColumn>,
    record: ByteRecord,
    batch_rows: usize,
    rows: u64,
    rejected: Rejections,
}

impl CsvBatches {
    pub(crate) fn rejected(&self) -> &Rejections {
        &self.rejected
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress { rows: self.rows, bytes: self.source.bytes() }
    }

    pub(crate) fn next_batch(&mut self, path: &Path) -> Option<Result<TableBatch, TableError>> {
        let start = self.source.bytes();
        let mut rows = 0;
        while rows < self.batch_rows && self.source.bytes() - start < limits::BATCH_BYTES as u64 {
            match self.source.read(&mut self.record) {
                Ok(RowRead::Row) => {}
                Ok(RowRead::Broken { line, reason }) => {
                    self.rejected.add(reason, line);
                    continue;
                }
                Ok(RowRead::End) => break,
                Err(source) => return Some(Err(TableError::Read { path: path.to_owned(), source })),
            }
            // The record knows where it began, which blank lines before it do not move.
            let line = self.source.base_line - 1 + self.record.position().map_or(1, csv::Position::line);
            match push(&self.record, &self.all, &self.wanted, &mut self.builders) {
                Ok(()) => rows += 1,
                Err(reason) => self.rejected.add(reason, line),
            }
        }
        if rows == 0 {
            return None;
        }
        let arrays = self.builders.iter_mut().map(CellColumn::finish).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options);
        let first_row = self.rows;
        self.rows += rows as u64;
        Some(match batch {
            Ok(rows) => Ok(TableBatch { rows, first_row }),
            Err(source) => Err(TableError::Batch { path: path.to_owned(), source }),
        })
    }
}

fn push(
    record: &ByteRecord,
    all: &[CellType],
    wanted: &[usize],
    builders: &mut [CellColumn],
) -> Result<(), &'static str> {
    if record.len() != all.len() {
        return Err(reason::FIELD_COUNT);
    }
    // Every column is checked, wanted or not: which rows are kept out must not depend on what is read.
    let mut cells: Vec<Cell<'_>> = Vec::with_capacity(all.len());
    let text = std::str::from_utf8(record.as_slice()).map_err(|_| reason::NOT_UTF8)?;
    for (index, kind) in all.iter().enumerate() {
        let range = record.range(index).unwrap_or(0..0);
        // A field boundary inside a character means that the bytes are valid together but not apart.
        let field = text.get(range).ok_or(reason::NOT_UTF8)?;
        if field.len() > limits::MAX_FIELD_BYTES {
            return Err(reason::FIELD_TOO_LONG);
        }
        cells.push(kind.parse(field)?);
    }
    for (builder, index) in builders.iter_mut().zip(wanted) {
        builder.push(cells[*index]);
    }
    Ok(())
}
