//! The three tables that all models share, in columns: profiles, outcomes and findings.

use super::PipelineError;
use crate::measure::ProfileKey;
use arrow::array::{
    Array, ArrayRef, BinaryBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Array, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use quiver_event::batch::instant_type;
use quiver_event::time::Window;
use quiver_judge::finding::{Finding, Limit, Slice};
use quiver_profile::{Outcome, Profile};
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use quiver_store::data_folder::ModelKey;
use quiver_store::table::TableOptions;
use std::sync::Arc;

fn options(name: &str, fields: Vec<Field>, description: &str, statistics: &[&str]) -> TableOptions {
    let mut all = vec![
        Field::new("workspace", DataType::Utf8, false),
        Field::new("model", DataType::Utf8, false),
        Field::new("model_bucket", DataType::Int32, false),
        Field::new("event_date", DataType::Date32, false),
        Field::new("arm", DataType::Utf8, false),
        Field::new("version", DataType::Utf8, false),
        Field::new("window_start", instant_type(), false),
        Field::new("window_end", instant_type(), false),
        Field::new("revision", DataType::Int64, false),
        Field::new("derivation", DataType::Utf8, false),
    ];
    all.extend(fields);
    let common = ["workspace", "model", "arm", "version", "window_start", "window_end", "revision", "derivation"];
    TableOptions {
        schema: Arc::new(Schema::new(all)),
        partition_columns: vec!["event_date".to_owned(), "model_bucket".to_owned()],
        description: format!("Quiver {name}: {description}"),
        statistics_columns: common.iter().chain(statistics).map(|column| (*column).to_owned()).collect(),
    }
}

/// The columns every shared table opens with.
#[derive(Debug)]
struct Keys {
    model: String,
    bucket: i32,
    models: StringBuilder,
    workspaces: StringBuilder,
    buckets: Int32Builder,
    dates: Date32Builder,
    arms: StringBuilder,
    versions: StringBuilder,
    starts: TimestampMicrosecondBuilder,
    ends: TimestampMicrosecondBuilder,
    revision: i64,
    derivation: String,
    derivations: StringBuilder,
}

impl Keys {
    fn new(model: &str, derivation: &str, revision: i64) -> Self {
        let instants = || TimestampMicrosecondBuilder::new().with_data_type(instant_type());
        Self {
            model: model.to_owned(),
            bucket: ModelKey::new(model).bucket(),
            models: StringBuilder::new(),
            workspaces: StringBuilder::new(),
            buckets: Int32Builder::new(),
            dates: Date32Builder::new(),
            arms: StringBuilder::new(),
            versions: StringBuilder::new(),
            starts: instants(),
            ends: instants(),
            revision,
            derivation: derivation.to_owned(),
            derivations: StringBuilder::new(),
        }
    }

    fn push(&mut self, arm: &str, version: &str, window: Window) {
        self.workspaces.append_value(DEFAULT_WORKSPACE);
        self.models.append_value(&self.model);
        self.buckets.append_value(self.bucket);
        self.dates.append_value(window.start.utc_day());
        self.arms.append_value(arm);
        self.versions.append_value(version);
        self.starts.append_value(window.start.0);
        self.ends.append_value(window.end.0);
        self.derivations.append_value(&self.derivation);
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        let workspaces = self.workspaces.finish();
        let revisions = Int64Array::from_value(self.revision, workspaces.len());
        vec![
            Arc::new(workspaces),
            Arc::new(self.models.finish()),
            Arc::new(self.buckets.finish()),
            Arc::new(self.dates.finish()),
            Arc::new(self.arms.finish()),
            Arc::new(self.versions.finish()),
            Arc::new(self.starts.finish()),
            Arc::new(self.ends.finish()),
            Arc::new(revisions),
            Arc::new(self.derivations.finish()),
        ]
    }
}

fn batch(schema: SchemaRef, keys: &mut Keys, columns: Vec<ArrayRef>) -> Result<RecordBatch, PipelineError> {
    let mut all = keys.finish();
    all.extend(columns);
    Ok(RecordBatch::try_new(schema, all)?)
}

/// The table of profiles: a row is the profile of the events from `from_offset` to `revision` in one window; merging
/// the rows of a window gives the window's profile.
pub fn profile_options() -> TableOptions {
    let fields = vec![
        Field::new("from_offset", DataType::Int64, false),
        Field::new("rows", DataType::Int64, false),
        Field::new("profile", DataType::Binary, false),
    ];
    options("profiles", fields, "mergeable summaries of predictions, a window and a range of offsets a row", &["rows"])
}

/// Rows of the table of profiles.
#[derive(Debug)]
pub struct ProfileRows {
    keys: Keys,
    from_offset: i64,
    from: Int64Builder,
    rows: Int64Builder,
    profiles: BinaryBuilder,
}

impl ProfileRows {
    /// Rows of one model, of the events from the first offset to the second.
    pub fn new(model: &str, derivation: &str, from: i64, next: i64) -> Self {
        Self {
            keys: Keys::new(model, derivation, next),
            from_offset: from,
            from: Int64Builder::new(),
            rows: Int64Builder::new(),
            profiles: BinaryBuilder::new(),
        }
    }

    /// Adds the profile of one window.
    pub fn push(&mut self, key: &ProfileKey, profile: &Profile) {
        self.keys.push(&key.arm, &key.version, key.window);
        self.from.append_value(self.from_offset);
        self.rows.append_value(profile.rows() as i64);
        self.profiles.append_value(profile.to_bytes_naming_edges());
    }

    /// The rows in columns.
    pub fn finish(&mut self) -> Result<RecordBatch, PipelineError> {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.from.finish()), Arc::new(self.rows.finish()), Arc::new(self.profiles.finish())];
        batch(profile_options().schema, &mut self.keys, columns)
    }
}

/// The table of outcomes: a row is a revision of a window's outcome; the highest revision of a window holds.
pub fn outcome_options() -> TableOptions {
    let fields = vec![
        Field::new("slice_name", DataType::Utf8, false),
        Field::new("slice_value", DataType::Utf8, false),
        Field::new("predictions", DataType::Int64, false),
        Field::new("labelled", DataType::Int64, false),
        Field::new("outcome", DataType::Binary, false),
    ];
    options("outcomes", fields, "predictions joined with their feedback; the highest revision of a window holds", &[])
}

/// Rows of the table of outcomes.
#[derive(Debug)]
pub struct OutcomeRows {
    keys: Keys,
    names: StringBuilder,
    values: StringBuilder,
    predictions: Int64Builder,
    labelled: Int64Builder,
    outcomes: BinaryBuilder,
}

impl OutcomeRows {
    /// Rows of one model at one revision.
    pub fn new(model: &str, derivation: &str, revision: i64) -> Self {
        Self {
            keys: Keys::new(model, derivation, revision),
            names: StringBuilder::new(),
            values: StringBuilder::new(),
            predictions: Int64Builder::new(),
            labelled: Int64Builder::new(),
            outcomes: BinaryBuilder::new(),
        }
    }

    /// Adds the outcome of one window, of a slice or of the whole.
    pub fn push(&mut self, key: &ProfileKey, slice: Option<&Slice>, outcome: &Outcome) {
        self.keys.push(&key.arm, &key.version, key.window);
        self.names.append_value(slice.map_or("", |slice| slice.name.as_str()));
        self.values.append_value(slice.map_or("", |slice| slice.value.as_str()));
        self.predictions.append_value(outcome.predictions() as i64);
        self.labelled.append_value(outcome.labelled() as i64);
        self.outcomes.append_value(outcome.to_bytes());
    }

    /// The rows in columns.
    pub fn finish(&mut self) -> Result<RecordBatch, PipelineError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.names.finish()),
            Arc::new(self.values.finish()),
            Arc::new(self.predictions.finish()),
            Arc::new(self.labelled.finish()),
            Arc::new(self.outcomes.finish()),
        ];
        batch(outcome_options().schema, &mut self.keys, columns)
    }
}

/// The table of findings: a row is what one monitor said of one subject in one window at one revision.
pub fn finding_options() -> TableOptions {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::Float64, true);
    let count = |name: &str| Field::new(name, DataType::Int64, false);
    let fields = vec![
        text("arrow"),
        text("monitor"),
        text("subject"),
        text("slice_name"),
        text("slice_value"),
        text("verdict"),
        number("value"),
        number("interval_low"),
        number("interval_high"),
        number("noise_floor"),
        number("limit_low"),
        number("limit_high"),
        number("reference_value"),
        count("rows"),
        count("reference_rows"),
        text("convention"),
        text("evidence"),
    ];
    let kept = ["arrow", "monitor", "subject", "verdict"];
    options("findings", fields, "what each monitor said; the highest revision of a window holds", &kept)
}

/// Rows of the table of findings.
#[derive(Debug)]
pub struct FindingRows {
    keys: Keys,
    texts: [StringBuilder; 8],
    numbers: [Float64Builder; 7],
    counts: [Int64Builder; 2],
}

impl FindingRows {
    /// Rows of one model at one revision.
    pub fn new(model: &str, derivation: &str, revision: i64) -> Self {
        Self {
            keys: Keys::new(model, derivation, revision),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            numbers: std::array::from_fn(|_| Float64Builder::new()),
            counts: std::array::from_fn(|_| Int64Builder::new()),
        }
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: &Finding) {
        self.keys.push(&finding.arm, "", finding.window);
        let slice = finding.slice.as_ref();
        let texts = [
            finding.arrow.name(),
            finding.monitor.name(),
            &finding.subject,
            slice.map_or("", |slice| slice.name.as_str()),
            slice.map_or("", |slice| slice.value.as_str()),
            finding.verdict.name(),
            &finding.convention,
            &finding.evidence,
        ];
        self.texts.iter_mut().zip(texts).for_each(|(builder, text)| builder.append_value(text));
        let (low, high) = match finding.limit {
            None => (None, None),
            Some(Limit::AtLeast(low)) => (Some(low), None),
            Some(Limit::AtMost(high)) => (None, Some(high)),
            Some(Limit::Within(low, high)) => (Some(low), Some(high)),
        };
        let interval = |side: usize| finding.interval.map(|interval| interval[side]);
        let numbers =
            [finding.value, interval(0), interval(1), finding.noise_floor, low, high, finding.reference_value];
        self.numbers.iter_mut().zip(numbers).for_each(|(builder, number)| builder.append_option(number));
        let counts = [finding.rows as i64, finding.reference_rows as i64];
        self.counts.iter_mut().zip(counts).for_each(|(builder, count)| builder.append_value(count));
    }

    /// The rows in columns.
    pub fn finish(&mut self) -> Result<RecordBatch, PipelineError> {
        let texts: Vec<ArrayRef> =
            self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        let numbers = self.numbers.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let counts = self.counts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let mut columns: Vec<ArrayRef> = texts[..6].to_vec();
        columns.extend(numbers);
        columns.extend(counts);
        columns.extend_from_slice(&texts[6..]);
        batch(finding_options().schema, &mut self.keys, columns)
    }
}
