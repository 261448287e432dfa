//! Drafts a spec from data: what each column is, its range, its categories, and what only the owner can know.

mod draft_yaml;
mod personal;
mod roles;
mod statistics;

pub use roles::Role;

use crate::decode::cast::to_instant;
use crate::decode::rejected::Rejections;
use crate::decode::table_file::{ReadOptions, TableError, TableReader, open_table};
use crate::spec_file::{SpecErrors, parse_spec};
use arrow::array::Array;
use personal::Personal;
use quiver_event::spec::{Metric, Spec, Task};
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window, WindowLength, Zone};
use quiver_event::units::Duration;
use statistics::{ColumnStatistics, Sample, Shape};
use std::collections::HashMap;
use std::path::PathBuf;

/// Why no spec can be drafted.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No file was given.
    #[error("no data file is given; name at least one Parquet, CSV or NDJSON file")]
    NoFile,
    /// There are no rows.
    #[error("the data hold no usable row{0}; a spec is drafted from values")]
    NoRows(String),
    /// No column can be an input of a model.
    #[error("none of the {0} columns can be a feature: all are ids, times, outputs, labels or constants")]
    NoFeatures(usize),
    /// The file holds events, not rows.
    #[error("{0}: these lines are events of Quiver, not rows of a table; a model with events already has a spec")]
    Events(PathBuf),
    /// The time zone is not known.
    #[error(transparent)]
    Zone(#[from] quiver_event::time::TimeError),
    /// Arrow refuses a column.
    #[error("a column cannot be read: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The drafted spec has mistakes; this is a defect of Quiver.
    #[error("the drafted spec is not valid, which is a defect of Quiver: {0}")]
    Draft(#[from] Box<SpecErrors>),
}

/// What the caller knows beforehand.
#[derive(Debug, Clone, Default)]
pub struct InferOptions {
    /// The model's name. Default: the first file's name.
    pub model: Option<String>,
    /// The time zone of the windows. Default: UTC.
    pub timezone: Option<String>,
    /// The reference's first day and the day after its last. Default: the first sixth of the time span.
    pub reference: Option<(String, String)>,
    /// Targets on quality. Default: none, with a comment; see [`Draft::to_yaml`].
    pub targets: Vec<InferredTarget>,
    /// The JSON Schema that editors read. Default: `./quiver-spec.schema.json`.
    pub schema_path: Option<String>,
}

/// A target found on the healthy period; the caller measures it and gives it a margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InferredTarget {
    /// The metric.
    pub metric: Metric,
    /// The threshold, for metrics that need one.
    pub threshold: Option<f64>,
    /// The limit: at least this for metrics of which more is better, at most this for the others.
    pub limit: f64,
}

/// A drafted spec.
#[derive(Debug, Clone)]
pub struct InferredSpec {
    /// The file's text; it parses without mistakes.
    pub spec_yaml: String,
    /// What the owner should know: guesses, columns left out, rows kept out.
    pub notes: Vec<String>,
}

/// What was found in the data, before targets are set.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The model's name.
    pub model: String,
    /// The task.
    pub task: Task,
    /// The zone of the windows.
    pub timezone: String,
    /// Rows read.
    pub rows: u64,
    /// The first and the last instant of the time column.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The healthy period: its first day and the first day after it, local dates.
    pub reference: Option<(String, String)>,
    /// Rows kept out of the reading.
    pub rejected: Rejections,
    /// What the owner should know.
    pub notes: Vec<String>,
    schema_path: String,
    columns: Vec<ColumnStatistics>,
    roles: Vec<Role>,
    delays: Option<(Duration, Duration)>,
}

/// Drafts a spec in one call; see [`draft_spec`] for targets measured on the healthy period.
pub fn infer_spec(files: &[PathBuf], options: &InferOptions) -> Result<InferredSpec, InferError> {
    let draft = draft_spec(files, options)?;
    let spec_yaml = draft.to_yaml(&options.targets);
    parse_spec(&spec_yaml, "quiver.yaml").map_err(Box::new)?;
    Ok(InferredSpec { spec_yaml, notes: draft.notes })
}

/// Reads the data and finds what each column is.
///
/// Every row is read once; ranges come from at most [`crate::limits::SAMPLE_VALUES`] evenly spaced values a column,
/// distinct values are counted exactly up to [`crate::limits::MAX_DISTINCT`] and estimated beyond. Of the two time
/// columns a second reading finds how long labels take.
pub fn draft_spec(files: &[PathBuf], options: &InferOptions) -> Result<Draft, InferError> {
    let first = files.first().ok_or(InferError::NoFile)?;
    let timezone = options.timezone.clone().unwrap_or_else(|| "UTC".to_owned());
    let zone = Zone::parse(&timezone)?;
    let tables = files.iter().map(|file| open_table(file)).collect::<Result<Vec<_>, _>>()?;
    let mut rejected = Rejections::default();
    let mut notes = Vec::new();
    let columns = read_columns(&tables, &mut rejected, &mut notes)?;
    let rows = columns.iter().map(|column| column.rows).max().unwrap_or(0);
    if rows == 0 {
        let kept_out = rejected.total();
        return Err(InferError::NoRows(if kept_out == 0 {
            String::new()
        } else {
            format!(" ({kept_out} were kept out)")
        }));
    }
    let guessed = roles::guess(&columns);
    if !guessed.roles.contains(&Role::Feature) {
        return Err(InferError::NoFeatures(columns.len()));
    }
    for (reason, found) in rejected.iter() {
        notes.push(format!("{} rows kept out: {reason} (first at {:?})", found.count, found.examples));
    }
    let span = span_of(&columns, &guessed.roles);
    let mut draft = Draft {
        model: options.model.clone().unwrap_or_else(|| model_name(first)),
        task: guessed.task,
        timezone,
        rows,
        span,
        reference: options.reference.clone().or_else(|| healthy_period(span?, &zone)),
        rejected,
        notes,
        schema_path: options.schema_path.clone().unwrap_or_else(|| "./quiver-spec.schema.json".to_owned()),
        columns,
        roles: guessed.roles,
        delays: None,
    };
    draft.delays = draft.label_delays(&tables)?;
    draft.add_notes();
    Ok(draft)
}

fn read_columns(
    tables: &[TableReader],
    rejected: &mut Rejections,
    notes: &mut Vec<String>,
) -> Result<Vec<ColumnStatistics>, InferError> {
    let mut columns: Vec<ColumnStatistics> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (index, table) in tables.iter().enumerate() {
        let schema = table.schema();
        let is_event = |name: &str| schema.field_with_name(name).is_ok();
        if is_event("kind") && is_event("model") && is_event("at") {
            return Err(InferError::Events(table.path().to_owned()));
        }
        for field in schema.fields() {
            if positions.contains_key(field.name()) {
                continue;
            }
            if index > 0 {
                notes.push(format!("column `{}` is not in every file", field.name()));
            }
            positions.insert(field.name().clone(), columns.len());
            columns.push(ColumnStatistics::new(field.name(), field.data_type(), schema.fields().len()));
        }
        let mut batches = table.batches(&ReadOptions::default())?;
        for batch in batches.by_ref() {
            let batch = batch?;
            for (field, array) in batch.rows.schema().fields().iter().zip(batch.rows.columns()) {
                if let Some(position) = positions.get(field.name()) {
                    columns[*position].add(array)?;
                }
            }
        }
        rejected.merge(batches.rejected());
    }
    Ok(columns)
}

fn span_of(columns: &[ColumnStatistics], roles: &[Role]) -> Option<(Timestamp, Timestamp)> {
    let at = &columns[roles.iter().position(|role| *role == Role::At)?];
    (at.min <= at.max).then_some((Timestamp(at.min as i64), Timestamp(at.max as i64)))
}

/// The first sixth of the span in whole local days, at least one; none in a span of less than two days.
fn healthy_period((first, last): (Timestamp, Timestamp), zone: &Zone) -> Option<(String, String)> {
    let start = WindowLength::Day.window_of(first, zone).ok()?.start;
    let days = (last.0 - start.0).div_euclid(MICROSECONDS_PER_DAY) + 1;
    if days < 2 {
        return None;
    }
    // Half a day more, so that a day of 23 or 25 hours does not move the date.
    let end = Timestamp(start.0 + (days / 6).max(1) * MICROSECONDS_PER_DAY + MICROSECONDS_PER_DAY / 2);
    Some((zone.date_text(start), zone.date_text(end)))
}

/// The file's name without what a model name cannot hold.
fn model_name(path: &std::path::Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let kept: String = stem
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .take(100)
        .collect();
    let trimmed = kept.trim_matches('-');
    if trimmed.is_empty() { "model".to_owned() } else { trimmed.to_owned() }
}

impl Draft {
    /// The spec without targets, ready for a first measurement of the healthy period.
    pub fn spec(&self) -> Result<Spec, InferError> {
        Ok(parse_spec(&self.to_yaml(&[]), "quiver.yaml").map_err(Box::new)?)
    }

    /// The healthy period as a window of event time.
    pub fn healthy_window(&self) -> Option<Window> {
        let (from, to) = self.reference.as_ref()?;
        let zone = Zone::parse(&self.timezone).ok()?;
        Some(Window { start: Timestamp::parse_in(from, &zone).ok()?, end: Timestamp::parse_in(to, &zone).ok()? })
    }

    /// Every column's name and role, in the order of the table.
    pub fn roles(&self) -> impl Iterator<Item = (&str, Role)> {
        self.columns.iter().map(|column| column.name.as_str()).zip(self.roles.iter().copied())
    }

    /// The column of a role.
    pub fn column_of(&self, role: Role) -> Option<&str> {
        self.roles().find(|(_, found)| *found == role).map(|(name, _)| name)
    }

    /// The spec's text with these targets; what only the owner can know stands as a comment `# owner: …`.
    pub fn to_yaml(&self, targets: &[InferredTarget]) -> String {
        draft_yaml::write(self, targets)
    }

    fn statistics_of(&self, role: Role) -> Option<&ColumnStatistics> {
        let index = self.roles.iter().position(|found| *found == role)?;
        Some(&self.columns[index])
    }

    /// The median and the 95th percentile of the time from prediction to label.
    fn label_delays(&self, tables: &[TableReader]) -> Result<Option<(Duration, Duration)>, InferError> {
        let (Some(at), Some(known)) = (self.column_of(Role::At), self.column_of(Role::LabelTime)) else {
            return Ok(None);
        };
        let mut delays = Sample::new(crate::limits::SAMPLE_VALUES);
        for table in tables {
            let schema = table.schema();
            if schema.field_with_name(at).is_err() || schema.field_with_name(known).is_err() {
                continue;
            }
            let wanted = vec![at.to_owned(), known.to_owned()];
            let options = ReadOptions { columns: Some(wanted), ..ReadOptions::default() };
            for batch in table.batches(&options)? {
                let rows = batch?.rows;
                let (Some(at), Some(known)) = (rows.column_by_name(at), rows.column_by_name(known)) else { continue };
                let utc = jiff::tz::TimeZone::UTC;
                let (at, known) = (to_instant(at, Some(&utc))?.array, to_instant(known, Some(&utc))?.array);
                for row in (0..at.len()).filter(|row| at.is_valid(*row) && known.is_valid(*row)) {
                    delays.add((known.value(row) - at.value(row)) as f64);
                }
            }
        }
        let duration = |share| delays.quantile(share).map(|delay| Duration::from_microseconds(delay.max(0.0) as i64));
        Ok(duration(0.5).zip(duration(0.95)))
    }

    fn add_notes(&mut self) {
        if self.column_of(Role::At).is_none() {
            self.notes
                .push("no column of times was found: write `columns.at` before the data can be mapped".to_owned());
        } else if self.statistics_of(Role::At).is_some_and(|at| at.shape == Shape::LocalTime) {
            self.notes.push(
                "the times have no zone; they are taken as UTC until `columns.timezone` says otherwise".to_owned(),
            );
        }
        if self.column_of(Role::Id).is_none() {
            self.notes.push("no unique id was found: rows are named by file and position".to_owned());
        }
        if self.column_of(Role::Output).is_none() {
            self.notes.push("no column of answers was found: write `columns.score` (or `value`, `class`)".to_owned());
        }
        if self.column_of(Role::Label).is_none() {
            self.notes.push("no label was found: quality cannot be judged until feedback comes".to_owned());
        }
    }
}

/// What kind of personal data the column holds, by name or content.
fn personal_of(column: &ColumnStatistics) -> Option<Personal> {
    if let Some(found) = personal::by_name(&column.name) {
        return Some(found);
    }
    if column.holds_cards() {
        return Some(Personal::Card);
    }
    if column.personal.is_some() {
        return column.personal;
    }
    // People write sentences: blanks, length, and hardly a text twice.
    let long = column.mean_letters() > 60.0 || (column.mean_blanks() > 4.0 && column.mean_letters() > 25.0);
    (column.shape == Shape::Text && long).then_some(Personal::FreeText)
}
