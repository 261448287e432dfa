//! Maps the rows of a table to prediction and feedback events, as the spec's `columns` say; reads no file.

use super::cast::{can_hold, has_no_zone, is_text};
use super::feature_plan::FeaturePlan;
use super::rejected::Rejections;
use super::table_rows;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use quiver_event::batch::{EventBatch, column, feature_column, schema_of};
use quiver_event::event::Kind;
use quiver_event::spec::{ArmColumns, Columns, FeatureType, PrivacyAction, Spec, Task, nearest_word};
use std::collections::BTreeSet;

/// One thing that keeps a table from being mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// The key of the spec that asks for the column, such as `columns.score`.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
    /// The nearest column of the table.
    pub nearest: Option<String>,
}

impl std::fmt::Display for MappingError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)?;
        match &self.nearest {
            Some(nearest) => write!(formatter, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// Everything that keeps a table from being mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingErrors(pub Vec<MappingError>);

impl std::fmt::Display for MappingErrors {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for MappingErrors {}

/// Why a batch cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The batch lacks a column that the mapping was made for.
    #[error("the batch has no column `{0}`; read the columns that the mapping names")]
    NoColumn(String),
    /// Arrow refuses a column.
    #[error("a column of events cannot be built: {0}")]
    Arrow(#[from] ArrowError),
}

/// The events of one batch of rows.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// The predictions, one batch an arm, the live arm first.
    pub predictions: Vec<EventBatch>,
    /// The feedback of the rows with a label.
    pub feedback: Option<EventBatch>,
    /// Rows kept out, by reason, with row numbers from 1.
    pub rejected: Rejections,
}

/// How the columns of one table become events of one spec.
#[derive(Debug, Clone)]
pub struct TableMapping {
    pub(super) model: String,
    pub(super) task: Task,
    pub(super) fingerprint: String,
    pub(super) columns: Columns,
    pub(super) arms: Vec<ArmPlan>,
    pub(super) features: Vec<FeaturePlan>,
    pub(super) subject: Option<String>,
    pub(super) label_name: String,
    pub(super) zone: Option<jiff::tz::TimeZone>,
    pub(super) prediction_schema: SchemaRef,
    pub(super) feedback_schema: SchemaRef,
    pub(super) keep_dictionaries: bool,
    /// Columns of the event itself that a stream of events brings beside those that the spec can name.
    pub(super) event_columns: Vec<String>,
    needed: BTreeSet<String>,
    undeclared: Vec<String>,
}

/// The output columns of one arm; a table with one model has one arm without a name.
#[derive(Debug, Clone)]
pub(super) struct ArmPlan {
    pub name: Option<String>,
    pub outputs: ArmColumns,
}

impl TableMapping {
    /// A mapping of tables with that schema; `fingerprint` names the file in the ids of rows that have none.
    pub fn new(spec: &Spec, schema: &Schema, fingerprint: &str) -> Result<Self, MappingErrors> {
        let Some(columns) = &spec.columns else {
            return Err(MappingErrors(vec![MappingError {
                key: "columns".to_owned(),
                message: "the spec does not say how columns become events; add `columns`, with at least `at: NAME` of \
                          the time column (`quiver init DATA` writes it)"
                    .to_owned(),
                nearest: None,
            }]));
        };
        Self::checked(spec, columns, schema, fingerprint, Vec::new())
    }

    /// A mapping of a stream of prediction events, whose columns are named as the event's keys; features stand under
    /// their own name or under `feature_<name>`, and one that is not there is missing. The spec's `columns` come first.
    ///
    /// Rows without an id are named by `fingerprint`; where there is none either, the stream must have a column `id`.
    pub fn of_events(spec: &Spec, schema: &Schema, fingerprint: Option<&str>) -> Result<Self, MappingErrors> {
        let columns = event_columns(spec, schema);
        if columns.id.is_none() && fingerprint.is_none() {
            return Err(MappingErrors(vec![MappingError {
                key: "columns.id".to_owned(),
                message: super::rejected::reason::advice(super::rejected::reason::NO_ID_NO_KEY).to_owned(),
                nearest: None,
            }]));
        }
        let taken = |name: &&str| schema.field_with_name(name).is_ok();
        let beside = PLAIN_EVENT_COLUMNS.iter().copied().filter(taken).map(str::to_owned).collect();
        Self::checked(spec, &columns, schema, fingerprint.unwrap_or_default(), beside)
    }

    fn checked(
        spec: &Spec,
        columns: &Columns,
        schema: &Schema,
        fingerprint: &str,
        event_columns: Vec<String>,
    ) -> Result<Self, MappingErrors> {
        let lenient = !event_columns.is_empty() || spec.columns.is_none();
        let mut check = Check { schema, errors: Vec::new(), needed: BTreeSet::new(), lenient };
        check.needed.extend(event_columns.iter().cloned());
        let zone = check.zone(columns);
        check.named_columns(columns, zone.is_some());
        let arms = check.arms(spec, columns);
        let features = check.features(spec, columns, zone.is_some());
        let subject = check.subject(spec, columns);
        if columns.label.is_some() && spec.feedback.is_none() {
            check.error("columns.label", "a label needs a `feedback` section that names it".to_owned(), None);
        }
        if !check.errors.is_empty() {
            return Err(MappingErrors(check.errors));
        }
        let names = schema.fields().iter().map(|field| field.name());
        let undeclared = names.filter(|name| !check.needed.contains(*name)).cloned().collect();
        Ok(Self {
            model: spec.model.clone(),
            task: spec.task,
            fingerprint: fingerprint.to_owned(),
            columns: columns.clone(),
            arms,
            features,
            subject,
            label_name: spec.feedback.as_ref().map_or_else(String::new, |feedback| feedback.label.clone()),
            zone,
            prediction_schema: schema_of(Kind::Prediction, spec),
            feedback_schema: schema_of(Kind::Feedback, spec),
            keep_dictionaries: false,
            event_columns,
            needed: check.needed,
            undeclared,
        })
    }

    /// Leaves categories and texts that come dictionary-encoded as they are, `Dictionary(Int32, Utf8)`, instead of the
    /// event schema's `Utf8`: the profile counts them by key.
    #[must_use]
    pub fn keep_dictionaries(mut self) -> Self {
        self.keep_dictionaries = true;
        self
    }

    /// The columns of the table that the mapping reads.
    pub fn columns(&self) -> Vec<String> {
        self.needed.iter().cloned().collect()
    }

    /// The columns of the table that the spec does not declare; they are dropped.
    pub fn undeclared(&self) -> &[String] {
        &self.undeclared
    }

    /// The events of a batch whose first row is `first_row` (from 0) of the table.
    pub fn map(&self, rows: &RecordBatch, first_row: u64) -> Result<Mapped, MapError> {
        table_rows::map(self, rows, first_row)
    }
}

/// The event's own columns that no key of the spec's `columns` names; they are taken as they are.
const PLAIN_EVENT_COLUMNS: [&str; 15] = [
    column::REQUEST_TYPE,
    column::DECISION_ID,
    column::TRACE_ID,
    column::ARM,
    column::ARM_ASSIGNED,
    column::PROPENSITY,
    column::ARM_CONFIG,
    column::RULE,
    column::CPU_MS,
    column::GPU_MS,
    column::MEMORY_MB,
    column::BYTES,
    column::TOKENS_IN,
    column::TOKENS_OUT,
    column::EMBEDDING,
];

/// The spec's `columns`, filled up with the names of the event's keys where the schema has them.
fn event_columns(spec: &Spec, schema: &Schema) -> Columns {
    let mut columns = spec.columns.clone().unwrap_or_default();
    let has = |name: &str| schema.field_with_name(name).is_ok();
    let fill = |slot: &mut Option<String>, name: &str| {
        if slot.as_ref().is_none_or(|given| !has(given)) {
            *slot = has(name).then(|| name.to_owned());
        }
    };
    fill(&mut columns.at, column::AT);
    fill(&mut columns.id, column::ID);
    fill(&mut columns.version, column::VERSION);
    fill(&mut columns.action, column::ACTION);
    fill(&mut columns.model_action, column::MODEL_ACTION);
    fill(&mut columns.decided_by, column::DECIDED_BY);
    fill(&mut columns.latency_ms, column::LATENCY_MS);
    fill(&mut columns.error, column::ERROR);
    fill(&mut columns.subject, column::SUBJECT);
    fill(&mut columns.label, "label");
    fill(&mut columns.label_time, "label_time");
    if columns.arms.values().flat_map(|arm| [&arm.score, &arm.value, &arm.class]).flatten().any(|name| !has(name)) {
        columns.arms.clear();
    }
    if columns.arms.is_empty() {
        fill(&mut columns.score, column::SCORE);
        fill(&mut columns.value, column::VALUE);
        fill(&mut columns.class, column::CLASS);
    }
    if spec.feedback.is_none() {
        columns.label = None;
    }
    for (name, _) in spec.features.iter() {
        let renamed = columns.features.get(name).is_some_and(|column| has(column));
        if !renamed && !has(name) && has(&feature_column(name)) {
            columns.features.insert(name.to_owned(), feature_column(name));
        } else if !renamed {
            columns.features.remove(name);
        }
    }
    columns
}

struct Check<'a> {
    schema: &'a Schema,
    errors: Vec<MappingError>,
    needed: BTreeSet<String>,
    /// A feature that is not there is missing, and no mistake.
    lenient: bool,
}

impl Check<'_> {
    fn error(&mut self, key: &str, message: String, nearest: Option<String>) {
        self.errors.push(MappingError { key: key.to_owned(), message, nearest });
    }

    /// The type of a column that is needed; its absence is an error.
    fn column(&mut self, key: &str, name: &str) -> Option<DataType> {
        self.needed.insert(name.to_owned());
        if let Ok(field) = self.schema.field_with_name(name) {
            return Some(field.data_type().clone());
        }
        let nearest = nearest_word(name, self.schema.fields().iter().map(|field| field.name().as_str()));
        self.error(key, format!("the table has no column `{name}`"), nearest);
        None
    }

    fn typed_column(&mut self, key: &str, name: &Option<String>, as_type: FeatureType, zoned: bool) {
        let Some(name) = name else { return };
        let Some(kind) = self.column(key, name) else { return };
        self.check_type(key, name, &kind, as_type, zoned);
    }

    fn check_type(&mut self, key: &str, name: &str, kind: &DataType, as_type: FeatureType, zoned: bool) {
        if !can_hold(kind, as_type) {
            let message = format!("column `{name}` is {kind}, which is never a {}", as_type.name());
            self.error(key, message, None);
        } else if as_type == FeatureType::Timestamp && has_no_zone(kind) && !zoned {
            let message = format!(
                "column `{name}` holds times without a zone, which name no instants; write `timezone: …` under `columns`"
            );
            self.error(key, message, None);
        }
    }

    fn zone(&mut self, columns: &Columns) -> Option<jiff::tz::TimeZone> {
        let name = columns.timezone.as_ref()?;
        let zone = jiff::tz::TimeZone::get(name).ok();
        if zone.is_none() {
            self.error("columns.timezone", format!("`{name}` is not a time zone of the IANA database"), None);
        }
        zone
    }

    fn named_columns(&mut self, columns: &Columns, zoned: bool) {
        if columns.at.is_none() {
            self.error("columns.at", "no column tells when a prediction was made".to_owned(), None);
        }
        self.typed_column("columns.at", &columns.at, FeatureType::Timestamp, zoned);
        self.typed_column("columns.label_time", &columns.label_time, FeatureType::Timestamp, zoned);
        self.typed_column("columns.latency_ms", &columns.latency_ms, FeatureType::Number, zoned);
        for (key, name) in [
            ("columns.id", &columns.id),
            ("columns.version", &columns.version),
            ("columns.action", &columns.action),
            ("columns.model_action", &columns.model_action),
            ("columns.decided_by", &columns.decided_by),
            ("columns.error", &columns.error),
            ("columns.label", &columns.label),
        ] {
            self.typed_column(key, name, FeatureType::Category, zoned);
        }
    }

    fn arms(&mut self, spec: &Spec, columns: &Columns) -> Vec<ArmPlan> {
        let single = ArmColumns {
            score: columns.score.clone(),
            value: columns.value.clone(),
            class: columns.class.clone(),
            version: None,
        };
        let mut arms = vec![ArmPlan { name: None, outputs: single }];
        if !columns.arms.is_empty() {
            arms = columns
                .arms
                .iter()
                .map(|(name, outputs)| ArmPlan { name: Some(name.clone()), outputs: outputs.clone() })
                .collect();
            // The live arm first; it alone carries decisions, latency and errors.
            arms.sort_by_key(|arm| arm.name.as_deref() != Some(quiver_event::spec::LIVE_ARM));
        }
        for arm in &arms {
            let path = arm.name.as_ref().map_or_else(|| "columns".to_owned(), |name| format!("columns.arms.{name}"));
            self.typed_column(&format!("{path}.score"), &arm.outputs.score, FeatureType::Number, false);
            self.typed_column(&format!("{path}.value"), &arm.outputs.value, FeatureType::Number, false);
            self.typed_column(&format!("{path}.class"), &arm.outputs.class, FeatureType::Category, false);
            let outputs = &arm.outputs;
            let needed = match spec.task {
                Task::Binary if outputs.score.is_none() => Some("score"),
                Task::Regression if outputs.value.is_none() => Some("value"),
                Task::Multiclass if outputs.class.is_none() => Some("class"),
                _ => None,
            };
            if let Some(needed) = needed
                && !self.lenient
            {
                let message = format!("a {} model needs the column of its {needed}", spec.task.name());
                let nearest = nearest_word(needed, self.schema.fields().iter().map(|field| field.name().as_str()));
                self.error(&format!("{path}.{needed}"), message, nearest);
            }
        }
        arms
    }

    fn features(&mut self, spec: &Spec, columns: &Columns, zoned: bool) -> Vec<FeaturePlan> {
        let mut plans = Vec::with_capacity(spec.features.len());
        for (name, feature) in spec.features.iter() {
            let renamed = columns.features.get(name);
            let column = renamed.map_or(name, String::as_str);
            // What is dropped at the door in any case need not be in the table.
            let dropped = feature.effective_action() == PrivacyAction::Drop;
            let key = match renamed {
                Some(_) => format!("columns.features.{name}"),
                None => format!("features.{name}"),
            };
            let present = self.schema.field_with_name(column).is_ok();
            let column = match present || !(dropped || self.lenient) {
                true => self.column(&key, column).map(|kind| {
                    self.check_type(&key, column, &kind, feature.kind, zoned);
                    column.to_owned()
                }),
                false => None,
            };
            plans.push(FeaturePlan::new(spec, name, feature, column));
        }
        plans
    }

    fn subject(&mut self, spec: &Spec, columns: &Columns) -> Option<String> {
        if let Some(name) = &columns.subject {
            self.typed_column("columns.subject", &columns.subject, FeatureType::Category, false);
            return Some(name.clone());
        }
        let named = spec.privacy.as_ref()?.subject.as_ref()?;
        let field = self.schema.field_with_name(named).ok()?;
        let usable = is_text(field.data_type()) || field.data_type().is_numeric();
        usable.then(|| {
            self.needed.insert(named.clone());
            named.clone()
        })
    }
}
