//! Maps the rows of a table to prediction and feedback events, as the spec's `columns` say; reads no file.

use super::cast::{can_hold, has_no_zone, is_text};
use super::feature_plan::FeaturePlan;
use super::rejected::Rejections;
use super::table_rows;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use quiver_event::batch::{EventBatch, schema_of};
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
        let mut check = Check { schema, errors: Vec::new(), needed: BTreeSet::new() };
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

struct Check<'a> {
    schema: &'a Schema,
    errors: Vec<MappingError>,
    needed: BTreeSet<String>,
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
            if let Some(needed) = needed {
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
            let column = match present || !dropped {
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
