//! Reads rows of NDJSON (one object a line, each key a column) into Arrow batches; lists and maps stay JSON text.

use super::cell::{Cell, CellColumn, CellType, TypeEvidence};
use super::line::{LineRead, Lines, nests_deeper};
use super::rejected::{Rejections, reason};
use super::table_file::{Progress, TableBatch, TableError, Typing};
use crate::limits;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct JsonLayout {
    columns: Vec<(String, CellType)>,
}

impl JsonLayout {
    pub(crate) fn open(path: &Path, typing: Typing) -> Result<Self, TableError> {
        let mut lines = open_lines(path)?;
        let mut buffer = Vec::new();
        let mut columns: Map<String, Value> = Map::new();
        let mut evidence: Vec<TypeEvidence> = Vec::new();
        let (mut rows, mut names) = (0, std::collections::HashMap::new());
        while rows < limits::INFER_ROWS && lines.bytes < limits::INFER_BYTES as u64 {
            let read = lines.read(&mut buffer).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
            if read == LineRead::End {
                break;
            }
            let Ok(row) = parse_row(&buffer, read) else { continue };
            rows += 1;
            for (key, value) in &row {
                if names.len() > limits::MAX_COLUMNS {
                    return Err(TableError::TooManyColumns { path: path.to_owned(), columns: names.len() });
                }
                let index = *names.entry(key.clone()).or_insert_with(|| {
                    columns.insert(key.clone(), Value::Null);
                    evidence.push(TypeEvidence::default());
                    evidence.len() - 1
                });
                evidence[index].add_json(value);
            }
        }
        if names.is_empty() {
            let found = "no line of this file is a JSON object with keys".to_owned();
            return Err(TableError::UnknownFormat { path: path.to_owned(), found });
        }
        let columns = columns.into_iter().zip(evidence).map(|((name, _), evidence)| {
            let kind = if typing == Typing::Text { CellType::Text } else { evidence.decide() };
            (name, kind)
        });
        Ok(Self { columns: columns.collect() })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        schema_of(&self.columns)
    }

    pub(crate) fn read(&self, path: &Path, columns: &[usize], batch_rows: usize) -> Result<JsonBatches, TableError> {
        let wanted: Vec<(String, CellType)> = columns.iter().map(|index| self.columns[*index].clone()).collect();
        Ok(JsonBatches {
            lines: open_lines(path)?,
            schema: schema_of(&wanted),
            all: self.columns.clone(),
            builders: wanted.iter().map(|(_, kind)| CellColumn::new(*kind)).collect(),
            wanted: columns.to_vec(),
            batch_rows,
            rows: 0,
            rejected: Rejections::default(),
        })
    }
}

fn schema_of(columns: &[(String, CellType)]) -> SchemaRef {
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(name, kind.arrow(), true)).collect();
    Arc::new(Schema::new(fields))
}

fn open_lines(path: &Path) -> Result<Lines<BufReader<File>>, TableError> {
    let file = File::open(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    Ok(Lines::new(BufReader::with_capacity(1 << 17, file)))
}

/// A line as a row, or why it is none; a blank line is a row without keys.
fn parse_row(line: &[u8], read: LineRead) -> Result<Map<String, Value>, &'static str> {
    if read == LineRead::TooLong {
        return Err(reason::LINE_TOO_LONG);
    }
    if nests_deeper(line, limits::MAX_EVENT_DEPTH) {
        return Err(reason::TOO_DEEP);
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(row)) => Ok(row),
        Ok(_) => Err(reason::NOT_AN_OBJECT),
        Err(_) if std::str::from_utf8(line).is_err() => Err(reason::NOT_UTF8),
        Err(_) => Err(reason::NOT_JSON),
    }
}

#[derive(Debug)]
pub(crate) struct JsonBatches {
    lines: Lines<BufReader<File>>,
    schema: SchemaRef,
    all: Vec<(String, CellType)>,
    wanted: Vec<usize>,
    builders: Vec<CellColumn>,
    batch_rows: usize,
    rows: u64,
    rejected: Rejections,
}

impl JsonBatches {
    pub(crate) fn rejected(&self) -> &Rejections {
        &self.rejected
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress { rows: self.rows, bytes: self.lines.bytes }
    }

    pub(crate) fn next_batch(&mut self, path: &Path) -> Option<Result<TableBatch, TableError>> {
        let start = self.lines.bytes;
        let (mut rows, mut buffer) = (0, Vec::new());
        while rows < self.batch_rows && self.lines.bytes - start < limits::BATCH_BYTES as u64 {
            let read = match self.lines.read(&mut buffer) {
                Ok(LineRead::End) => break,
                Ok(read) => read,
                Err(source) => return Some(Err(TableError::Read { path: path.to_owned(), source })),
            };
            if read == LineRead::Line && buffer.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match parse_row(&buffer, read).and_then(|row| self.push(&row)) {
                Ok(()) => rows += 1,
                Err(reason) => self.rejected.add(reason, self.lines.number),
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

    fn push(&mut self, row: &Map<String, Value>) -> Result<(), &'static str> {
        // Every column is checked, wanted or not: which rows are kept out must not depend on what is read.
        let texts: Vec<Option<String>> = self.all.iter().map(|(name, kind)| written(row.get(name), *kind)).collect();
        let mut cells = Vec::with_capacity(self.all.len());
        for ((name, kind), text) in self.all.iter().zip(&texts) {
            cells.push(cell_of(row.get(name), text.as_deref(), *kind)?);
        }
        for (builder, index) in self.builders.iter_mut().zip(&self.wanted) {
            builder.push(cells[*index]);
        }
        Ok(())
    }
}

/// The JSON text of a value that is no text itself, for a column of text.
fn written(value: Option<&Value>, kind: CellType) -> Option<String> {
    match (value, kind) {
        (None | Some(Value::Null | Value::String(_)), _) => None,
        (Some(value), CellType::Text) => Some(value.to_string()),
        _ => None,
    }
}

fn cell_of<'a>(value: Option<&'a Value>, text: Option<&'a str>, kind: CellType) -> Result<Cell<'a>, &'static str> {
    let cell = match (value, kind) {
        (None | Some(Value::Null), _) => Cell::Null,
        (Some(Value::String(text)), CellType::Text) => Cell::Text(text),
        (Some(_), CellType::Text) => text.map_or(Cell::Null, Cell::Text),
        (Some(Value::String(text)), CellType::Time | CellType::LocalTime) => kind.parse(text)?,
        (Some(value), CellType::Number) => Cell::Number(value.as_f64().ok_or(reason::NOT_A_NUMBER)?),
        (Some(value), CellType::Integer) => Cell::Integer(value.as_i64().ok_or(reason::NOT_A_NUMBER)?),
        (Some(value), CellType::Boolean) => Cell::Boolean(value.as_bool().ok_or(reason::NOT_A_BOOLEAN)?),
        (Some(_), CellType::Time | CellType::LocalTime) => return Err(reason::NOT_A_TIME),
    };
    match cell {
        Cell::Text(text) if text.len() > limits::MAX_FIELD_BYTES => Err(reason::FIELD_TOO_LONG),
        cell => Ok(cell),
    }
}
