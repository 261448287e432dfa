//! Events in columns: the Arrow schemas that the door writes, the journal carries and the tables hold.

use crate::event::Kind;
use crate::spec::{Feature, FeatureType, Spec};
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// Events of one model and one kind, in columns.
#[derive(Debug, Clone)]
pub struct EventBatch {
    /// The model's name.
    pub model: String,
    /// The kind of all rows.
    pub kind: Kind,
    /// The rows, in the schema of [`schema_of`].
    pub rows: RecordBatch,
}

/// Column names that more than one part of Quiver speaks of.
pub mod column {
    /// The event's id.
    pub const ID: &str = "id";
    /// When the event happened.
    pub const AT: &str = "at";
    /// The UTC date of `at`: the partition of every table.
    pub const EVENT_DATE: &str = "event_date";
    /// The event's place in the journal.
    pub const OFFSET: &str = "offset";
    /// When Quiver accepted the event.
    pub const RECEIVED_AT: &str = "received_at";
    /// The model version.
    pub const VERSION: &str = "version";
    /// The kind of request.
    pub const REQUEST_TYPE: &str = "request_type";
    /// The decision the prediction belongs to.
    pub const DECISION_ID: &str = "decision_id";
    /// The distributed trace.
    pub const TRACE_ID: &str = "trace_id";
    /// The arm that served.
    pub const ARM: &str = "arm";
    /// The arm the split chose.
    pub const ARM_ASSIGNED: &str = "arm_assigned";
    /// The probability of the arm.
    pub const PROPENSITY: &str = "propensity";
    /// The split's configuration.
    pub const ARM_CONFIG: &str = "arm_config";
    /// The probability of the positive class.
    pub const SCORE: &str = "score";
    /// A predicted number; in feedback, the label as a number.
    pub const VALUE: &str = "value";
    /// A predicted class; in feedback, the label as a name.
    pub const CLASS: &str = "class";
    /// The probability of each class.
    pub const PROBABILITIES: &str = "probabilities";
    /// Ranked items, as JSON.
    pub const RANKING: &str = "ranking";
    /// The output vector.
    pub const EMBEDDING: &str = "embedding";
    /// The action taken.
    pub const ACTION: &str = "action";
    /// The action the model alone would have taken.
    pub const MODEL_ACTION: &str = "model_action";
    /// Who decided.
    pub const DECIDED_BY: &str = "decided_by";
    /// The rule that decided.
    pub const RULE: &str = "rule";
    /// Milliseconds from request to answer.
    pub const LATENCY_MS: &str = "latency_ms";
    /// The error text.
    pub const ERROR: &str = "error";
    /// Processor milliseconds.
    pub const CPU_MS: &str = "cpu_ms";
    /// Accelerator milliseconds.
    pub const GPU_MS: &str = "gpu_ms";
    /// Megabytes held.
    pub const MEMORY_MB: &str = "memory_mb";
    /// Bytes moved.
    pub const BYTES: &str = "bytes";
    /// Tokens read.
    pub const TOKENS_IN: &str = "tokens_in";
    /// Tokens written.
    pub const TOKENS_OUT: &str = "tokens_out";
    /// Calls to each service.
    pub const CALLS: &str = "calls";
    /// Slice values by slice name.
    pub const SLICES: &str = "slices";
    /// The subject's keyed hash.
    pub const SUBJECT: &str = "subject";
    /// How each feature came to be.
    pub const FEATURE_META: &str = "feature_meta";
    /// Why a feature's value was refused, by feature.
    pub const INVALID: &str = "invalid";
    /// Whether the row's features were kept, and why: see [`super::capture`].
    pub const CAPTURE: &str = "capture";
    /// The probability with which a row like this one keeps its features.
    pub const CAPTURE_PROBABILITY: &str = "capture_probability";
    /// The prediction a feedback speaks of.
    pub const PREDICTION_ID: &str = "prediction_id";
    /// The ranked item a feedback speaks of.
    pub const ITEM: &str = "item";
    /// The entity a feedback speaks of.
    pub const ENTITY: &str = "entity";
    /// When a feedback became known.
    pub const KNOWN_AT: &str = "known_at";
    /// The label's name.
    pub const NAME: &str = "name";
    /// The source that was refreshed.
    pub const SOURCE: &str = "source";
    /// The newest raw event a source holds.
    pub const DATA_UNTIL: &str = "data_until";
    /// Rows refreshed.
    pub const ROWS: &str = "rows";
    /// What changed.
    pub const WHAT: &str = "what";
    /// A reference to the change.
    pub const REFERENCE: &str = "reference";
}

/// What the column `capture` says of a row's features.
pub mod capture {
    /// They were kept because the row is in the sample, which is even: figures of features rest on these rows alone.
    pub const SAMPLE: &str = "sample";
    /// They were kept though the row is not in the sample, because the answer failed or was overridden.
    pub const ALWAYS: &str = "always";
    /// They were not kept.
    pub const NONE: &str = "none";
}

/// Prefix of the column that holds a declared feature.
pub const FEATURE_PREFIX: &str = "feature_";

/// The table column of a declared feature: the name, with what tables cannot hold written as `_xHH_`.
///
/// Delta refuses ` ,;{}()\n\t=` in column names, and a dot means a nested field to most SQL engines.
pub fn feature_column(name: &str) -> String {
    let mut column = String::with_capacity(FEATURE_PREFIX.len() + name.len());
    column.push_str(FEATURE_PREFIX);
    for letter in name.chars() {
        if matches!(letter, ' ' | ',' | ';' | '{' | '}' | '(' | ')' | '\n' | '\t' | '=' | '.' | '"' | '`') {
            column.push_str(&format!("_x{:02X}_", letter as u32));
        } else {
            column.push(letter);
        }
    }
    column
}

/// Microseconds in UTC, the type of every instant.
pub fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A map from names to `value`, with the field names that Delta and Parquet use.
pub fn map_type(value: DataType) -> DataType {
    let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), false)), false)
}

/// The value type of the `feature_meta` map.
pub fn feature_meta_fields() -> Fields {
    Fields::from(vec![
        Field::new("event_at", instant_type(), true),
        Field::new("computed_at", instant_type(), true),
        Field::new("status", DataType::Utf8, true),
        Field::new("source", DataType::Utf8, true),
        Field::new("ms", DataType::Float64, true),
        Field::new("calls", DataType::Float64, true),
        Field::new("bytes", DataType::Float64, true),
    ])
}

/// The value type of the `calls` map.
pub fn calls_fields() -> Fields {
    Fields::from(vec![Field::new("n", DataType::Float64, true), Field::new("ms", DataType::Float64, true)])
}

/// The type of a list of 32-bit floats.
pub fn vector_type() -> DataType {
    DataType::List(Arc::new(Field::new("element", DataType::Float32, true)))
}

/// The Arrow type that holds a feature's values.
pub fn feature_type(feature: &Feature) -> DataType {
    match feature.kind {
        FeatureType::Number => DataType::Float64,
        FeatureType::Category | FeatureType::Text => DataType::Utf8,
        FeatureType::Boolean => DataType::Boolean,
        FeatureType::Timestamp => instant_type(),
        FeatureType::Embedding => vector_type(),
    }
}

/// The schema of a batch of one kind of event of the spec's model.
pub fn schema_of(kind: Kind, spec: &Spec) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: &str| Field::new(name, DataType::Float64, true);
    let instant = |name: &str| Field::new(name, instant_type(), true);
    let mut fields = vec![Field::new(column::ID, DataType::Utf8, false), Field::new(column::AT, instant_type(), false)];
    match kind {
        Kind::Prediction => {
            fields.extend([
                text(column::VERSION),
                text(column::REQUEST_TYPE),
                text(column::DECISION_ID),
                text(column::TRACE_ID),
                text(column::ARM),
                text(column::ARM_ASSIGNED),
                number(column::PROPENSITY),
                text(column::ARM_CONFIG),
                number(column::SCORE),
                number(column::VALUE),
                text(column::CLASS),
                Field::new(column::PROBABILITIES, map_type(DataType::Float64), true),
                text(column::RANKING),
                Field::new(column::EMBEDDING, vector_type(), true),
                text(column::ACTION),
                text(column::MODEL_ACTION),
                text(column::DECIDED_BY),
                text(column::RULE),
                number(column::LATENCY_MS),
                text(column::ERROR),
                number(column::CPU_MS),
                number(column::GPU_MS),
                number(column::MEMORY_MB),
                number(column::BYTES),
                number(column::TOKENS_IN),
                number(column::TOKENS_OUT),
                Field::new(column::CALLS, map_type(DataType::Struct(calls_fields())), true),
                Field::new(column::SLICES, map_type(DataType::Utf8), true),
                text(column::SUBJECT),
                Field::new(column::FEATURE_META, map_type(DataType::Struct(feature_meta_fields())), true),
                Field::new(column::INVALID, map_type(DataType::Utf8), true),
                text(column::CAPTURE),
                number(column::CAPTURE_PROBABILITY),
            ]);
            for (name, feature) in spec.features.iter() {
                fields.push(Field::new(feature_column(name), feature_type(feature), true));
            }
        }
        Kind::Feedback => fields.extend([
            text(column::PREDICTION_ID),
            text(column::DECISION_ID),
            text(column::ITEM),
            text(column::ENTITY),
            instant(column::KNOWN_AT),
            text(column::NAME),
            number(column::VALUE),
            text(column::CLASS),
        ]),
        Kind::Heartbeat => fields.extend([
            text(column::SOURCE),
            instant(column::DATA_UNTIL),
            Field::new(column::ROWS, DataType::Int64, true),
        ]),
        Kind::Change => fields.extend([text(column::WHAT), text(column::REFERENCE)]),
    }
    Arc::new(Schema::new(fields))
}

/// Whether the action differs from the model's own; nothing where the events do not tell both.
pub fn is_overridden(predictions: &RecordBatch) -> BooleanArray {
    let texts = |name: &str| predictions.column_by_name(name).and_then(|values| values.as_string_opt::<i32>());
    let (action, model_action) = (texts(column::ACTION), texts(column::MODEL_ACTION));
    (0..predictions.num_rows())
        .map(|row| match (action, model_action) {
            (Some(action), Some(model)) if action.is_valid(row) && model.is_valid(row) => {
                Some(action.value(row) != model.value(row))
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feature_columns_hold_any_name_apart() {
        assert_eq!(feature_column("temp"), "feature_temp");
        assert_eq!(feature_column("wind speed (kn)"), "feature_wind_x20_speed_x20__x28_kn_x29_");
        assert_ne!(feature_column("a b"), feature_column("a,b"));
    }
}
