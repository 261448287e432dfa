//! One event with everything that is kept of it: its features in the spec's order, its feedback and its siblings.

use super::rows::{EventRow, labels, read};
use super::statement::{Cursor, EVER, Wanted, page, parts, quoted, writable};
use super::tables::{open, whole_name};
use crate::http::App;
use crate::http::read::words::instant;
use crate::measure::Rows;
use crate::pipeline::{PipelineError, time_condition};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use quiver_door::detect::Detector;
use quiver_door::redact::REPLACEMENT;
use quiver_event::batch::{FEATURE_PREFIX, column, feature_column, instant_type};
use quiver_event::event::Kind;
use quiver_event::spec::{Feature, FeatureType, PrivacyAction, Spec};
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window};
use quiver_store::query::{QueryEngine, QueryError};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use utoipa::ToSchema;

/// Feedback of one prediction that is given.
const MOST_FEEDBACK: usize = 100;

/// Predictions of one decision that are given.
const MOST_SIBLINGS: usize = 50;

/// One event with everything that is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EventDetail {
    /// The event.
    pub event: EventRow,
    /// Its offset in the journal.
    pub offset: i64,
    /// The features of a prediction, in the order of the spec.
    pub features: Vec<EventFeature>,
    /// Whether the features were kept.
    pub capture: EventCapture,
    /// What the event's row holds beside the features, by column; what is null is left out.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub everything: Map<String, Value>,
    /// What became known of a prediction, the latest first; at most 100.
    pub feedback: Vec<EventFeedback>,
    /// The other predictions of the decision, within a day; of a feedback, those that it speaks of. At most 50.
    pub siblings: Vec<EventRow>,
    /// What is not there as it was sent, by key, with what stands there instead, by the spec as it is now.
    pub redacted: Vec<String>,
}

/// One feature of a prediction.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EventFeature {
    /// The feature.
    pub feature: String,
    /// Its value as it was kept; a vector is told by its length.
    pub value: Option<FeatureValue>,
    /// Why the value was refused.
    pub reason_invalid: Option<String>,
    /// `ok`, `missing`, `default` or `stale`.
    pub status: Option<String>,
    /// When the raw event behind the value happened.
    #[schema(format = DateTime)]
    pub event_at: Option<String>,
    /// The source that the value came from.
    pub source: Option<String>,
}

/// A value of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum FeatureValue {
    /// A number.
    Number(f64),
    /// A text, an instant, or a number that is not finite.
    Text(String),
    /// A truth value.
    Truth(bool),
}

/// Whether the features of a prediction were kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct EventCapture {
    /// `sample` and `always` where they were, `none` where they were not.
    pub reason: Option<String>,
    /// The probability with which those of a prediction like this one are.
    pub probability: Option<f64>,
}

/// What became known of a prediction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventFeedback {
    /// The label's name.
    pub name: String,
    /// The label as text.
    pub value: Option<String>,
    /// When the outcome happened.
    #[schema(format = DateTime)]
    pub at: String,
    /// When it became known.
    #[schema(format = DateTime)]
    pub known_at: Option<String>,
    /// When it was accepted.
    #[schema(format = DateTime)]
    pub received_at: String,
}

/// The event of an id, the newest where several have it; kinds are looked through one after the other.
///
/// # Errors
/// When a table cannot be read.
pub async fn detail(
    app: &App,
    spec: &Spec,
    kinds: &[Kind],
    id: &str,
    newest: Timestamp,
) -> Result<Option<EventDetail>, PipelineError> {
    let engine = open(app, &spec.model, &Kind::ALL).await?;
    for kind in kinds {
        if let Some((place, event)) = find(&engine, *kind, id, newest).await?
            && let Some(row) = whole(&engine, *kind, place).await?
        {
            return Ok(Some(described(&engine, spec, *kind, (place, event), &row).await?));
        }
    }
    Ok(None)
}

async fn find(
    engine: &QueryEngine,
    kind: Kind,
    id: &str,
    newest: Timestamp,
) -> Result<Option<(Cursor, EventRow)>, PipelineError> {
    let conditions = [format!("\"id\" = {}", quoted(id))];
    for part in parts(EVER, newest) {
        for batch in engine.sql(&page(kind, part, &conditions, None, 1)).await? {
            if let Some(found) = read(kind, &batch)?.into_iter().next() {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// All columns of the event at a place.
async fn whole(engine: &QueryEngine, kind: Kind, place: Cursor) -> Result<Option<RecordBatch>, PipelineError> {
    let at = Window { start: Timestamp(place.at), end: Timestamp(place.at + 1) };
    let condition = format!("{} AND \"offset\" = {}", time_condition(at), place.offset);
    let mut rows = engine.rows_where(&whole_name(kind), &condition).await?;
    while let Some(batch) = rows.try_next().await.map_err(QueryError::from)? {
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

async fn described(
    engine: &QueryEngine,
    spec: &Spec,
    kind: Kind,
    (place, event): (Cursor, EventRow),
    row: &RecordBatch,
) -> Result<EventDetail, PipelineError> {
    let everything = everything(row)?;
    let (features, feedback) = match kind {
        Kind::Prediction => (features(spec, row)?, feedback_of(engine, &event, place).await?),
        _ => (Vec::new(), Vec::new()),
    };
    let text = |name: &str| everything.get(name).and_then(Value::as_str).map(str::to_owned);
    let probability = everything.get(column::CAPTURE_PROBABILITY).and_then(Value::as_f64);
    Ok(EventDetail {
        offset: place.offset,
        capture: EventCapture { reason: text(column::CAPTURE), probability },
        feedback,
        siblings: siblings_of(engine, spec, kind, &event, place).await?,
        redacted: redacted(spec, kind, &features, &everything),
        features,
        everything,
        event,
    })
}

/// What became known of a prediction: a decision's label counts where none names the prediction, as in the join.
async fn feedback_of(
    engine: &QueryEngine,
    event: &EventRow,
    place: Cursor,
) -> Result<Vec<EventFeedback>, PipelineError> {
    let mut speaks_of = format!("\"prediction_id\" = {}", quoted(&event.id));
    if let Some(decision) = &event.decision_id {
        speaks_of.push_str(&format!(" OR (\"prediction_id\" IS NULL AND \"decision_id\" = {})", quoted(decision)));
    }
    let since = Window { start: Timestamp(place.at.saturating_sub(MICROSECONDS_PER_DAY)), end: EVER.end };
    let statement = format!(
        "SELECT \"at\", \"received_at\", \"known_at\", \"name\", \"value\", substr(\"class\", 1, 400) AS \"class\" \
         FROM feedback WHERE {} AND ({speaks_of}) \
         ORDER BY coalesce(\"known_at\", \"at\") DESC, \"offset\" DESC LIMIT {MOST_FEEDBACK}",
        time_condition(writable(since)),
    );
    let mut found = Vec::new();
    for batch in engine.sql(&statement).await? {
        let rows = Rows(&batch);
        let (times, arrivals) = (rows.instants(column::AT)?, rows.instants(column::RECEIVED_AT)?);
        let (known, values) = (rows.instants(column::KNOWN_AT)?, labels(&rows)?);
        let names = rows.texts(column::NAME)?;
        found.extend(names.into_iter().zip(values).enumerate().map(|(row, (name, value))| EventFeedback {
            name,
            value,
            at: instant(times[row].unwrap_or_default()),
            known_at: known[row].map(instant),
            received_at: instant(arrivals[row].unwrap_or_default()),
        }));
    }
    Ok(found)
}

/// The predictions that stand beside an event.
async fn siblings_of(
    engine: &QueryEngine,
    spec: &Spec,
    kind: Kind,
    event: &EventRow,
    place: Cursor,
) -> Result<Vec<EventRow>, PipelineError> {
    let back = match kind {
        Kind::Prediction => 0,
        // A prediction that is older is no longer waited for.
        Kind::Feedback => spec.horizon().microseconds(),
        Kind::Heartbeat | Kind::Change => return Ok(Vec::new()),
    };
    let around = Window {
        start: Timestamp(place.at.saturating_sub(back).saturating_sub(MICROSECONDS_PER_DAY)),
        end: Timestamp(place.at.saturating_add(MICROSECONDS_PER_DAY)),
    };
    let conditions = match (&event.prediction_id, &event.decision_id) {
        (Some(prediction), _) => vec![format!("\"id\" = {}", quoted(prediction))],
        (None, Some(decision)) => {
            let mut conditions =
                Wanted { decision_id: Some(decision), ..Wanted::default() }.conditions(Kind::Prediction);
            conditions.push(format!("\"offset\" <> {}", place.offset));
            conditions
        }
        (None, None) => return Ok(Vec::new()),
    };
    let mut siblings = Vec::new();
    for batch in engine.sql(&page(Kind::Prediction, around, &conditions, None, MOST_SIBLINGS)).await? {
        siblings.extend(read(Kind::Prediction, &batch)?.into_iter().map(|(_, sibling)| sibling));
    }
    Ok(siblings)
}

/// The columns of a row that hold no feature, as JSON; features of earlier specs are none either.
fn everything(row: &RecordBatch) -> Result<Map<String, Value>, ArrowError> {
    let schema = row.schema();
    let is_kept = |name: &str| name == column::FEATURE_META || !name.starts_with(FEATURE_PREFIX);
    let names = schema.fields().iter().enumerate();
    let kept: Vec<usize> = names.filter(|(_, field)| is_kept(field.name())).map(|(place, _)| place).collect();
    let mut writer = arrow::json::ArrayWriter::new(Vec::<u8>::new());
    writer.write(&row.project(&kept)?)?;
    writer.finish()?;
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(&writer.into_inner())
        .map_err(|error| ArrowError::JsonError(format!("a row cannot be read back: {error}")))?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// How a feature came to be.
#[derive(Debug, Default)]
struct Origin {
    status: Option<String>,
    event_at: Option<String>,
    source: Option<String>,
}

fn features(spec: &Spec, row: &RecordBatch) -> Result<Vec<EventFeature>, PipelineError> {
    let reasons = Rows(row).text_maps(column::INVALID)?.into_iter().next().unwrap_or_default();
    let mut reasons: HashMap<String, String> = reasons.into_iter().collect();
    let mut origins = origins(row)?;
    let mut features = Vec::with_capacity(spec.features.len());
    for name in spec.features.names() {
        let value = match row.column_by_name(&feature_column(name)) {
            Some(values) => value_of(values)?,
            None => None,
        };
        let Origin { status, event_at, source } = origins.remove(name).unwrap_or_default();
        let reason_invalid = reasons.remove(name);
        features.push(EventFeature { feature: name.to_owned(), value, reason_invalid, status, event_at, source });
    }
    Ok(features)
}

/// The first value of a column.
fn value_of(values: &ArrayRef) -> Result<Option<FeatureValue>, ArrowError> {
    if values.is_empty() || values.is_null(0) {
        return Ok(None);
    }
    let value = match values.data_type() {
        DataType::Boolean => FeatureValue::Truth(values.as_boolean().value(0)),
        DataType::List(_) => FeatureValue::Text(format!("{} numbers", values.as_list::<i32>().value_length(0))),
        DataType::Timestamp(_, _) => {
            let instants = cast(values, &instant_type())?;
            FeatureValue::Text(instant(instants.as_primitive::<TimestampMicrosecondType>().value(0)))
        }
        kind if kind.is_numeric() => {
            let number = cast(values, &DataType::Float64)?.as_primitive::<Float64Type>().value(0);
            match number.is_finite() {
                true => FeatureValue::Number(number),
                false => FeatureValue::Text(number.to_string()),
            }
        }
        _ => FeatureValue::Text(cast(values, &DataType::Utf8)?.as_string::<i32>().value(0).to_owned()),
    };
    Ok(Some(value))
}

/// How the features of a row came to be, by feature.
fn origins(row: &RecordBatch) -> Result<HashMap<String, Origin>, ArrowError> {
    let map = row.column_by_name(column::FEATURE_META).and_then(|values| values.as_map_opt());
    let Some(map) = map.filter(|map| !map.is_empty() && map.is_valid(0)) else { return Ok(HashMap::new()) };
    let entries = map.value(0);
    let names = cast(entries.column(0), &DataType::Utf8)?;
    let Some(fields) = entries.column(1).as_struct_opt() else { return Ok(HashMap::new()) };
    let converted = |name: &str, kind: &DataType| -> Result<Option<ArrayRef>, ArrowError> {
        fields.column_by_name(name).map(|values| cast(values, kind)).transpose()
    };
    let (statuses, sources) = (converted("status", &DataType::Utf8)?, converted(column::SOURCE, &DataType::Utf8)?);
    let times = converted("event_at", &instant_type())?;
    let text = |values: &Option<ArrayRef>, entry: usize| {
        let values = values.as_ref()?.as_string::<i32>();
        values.is_valid(entry).then(|| values.value(entry).to_owned())
    };
    let time = |entry: usize| {
        let times = times.as_ref()?.as_primitive::<TimestampMicrosecondType>();
        times.is_valid(entry).then(|| instant(times.value(entry)))
    };
    let names = names.as_string::<i32>();
    let origin =
        |entry: usize| Origin { status: text(&statuses, entry), event_at: time(entry), source: text(&sources, entry) };
    Ok((0..names.len()).map(|entry| (names.value(entry).to_owned(), origin(entry))).collect())
}

/// What is not there as it was sent, by key, in words.
fn redacted(spec: &Spec, kind: Kind, features: &[EventFeature], everything: &Map<String, Value>) -> Vec<String> {
    let mut told = Vec::new();
    if everything.contains_key(column::SUBJECT) {
        told.push("subject: kept as a keyed hash".to_owned());
    }
    if kind == Kind::Prediction {
        for (name, feature) in spec.features.iter() {
            if let Some(handling) = handling(feature) {
                told.push(format!("features.{name}: {handling} ({})", feature.privacy.name()));
            }
        }
    }
    let of_features = features.iter().filter_map(|feature| match &feature.value {
        Some(FeatureValue::Text(text)) if holds_stand_in(text) => Some(format!("features.{}", feature.feature)),
        _ => None,
    });
    let of_columns = everything.iter().filter(|(_, value)| has_stand_in(value)).map(|(name, _)| name.clone());
    let replaced = of_features.chain(of_columns);
    told.extend(replaced.map(|key| format!("{key}: a stand-in for personal data that was found in it")));
    told
}

/// What the door does with the values of a feature; nothing where it keeps them.
fn handling(feature: &Feature) -> Option<&'static str> {
    let is_text = matches!(feature.kind, FeatureType::Category | FeatureType::Text);
    match feature.effective_action() {
        PrivacyAction::Keep => None,
        PrivacyAction::Hash if is_text => Some("kept as a keyed hash"),
        PrivacyAction::Mask if is_text => Some("kept as its shape"),
        PrivacyAction::Replace if is_text => Some("kept as a stand-in"),
        // What is no text can hold neither a hash nor a stand-in.
        _ => Some("not kept"),
    }
}

/// Whether the door replaced something in a text.
fn holds_stand_in(text: &str) -> bool {
    text.contains(REPLACEMENT) || Detector::ALL.iter().any(|detector| text.contains(detector.stand_in()))
}

/// Whether the door replaced something in a text, or in one inside.
fn has_stand_in(value: &Value) -> bool {
    match value {
        Value::String(text) => holds_stand_in(text),
        Value::Array(values) => values.iter().any(has_stand_in),
        Value::Object(values) => values.iter().any(|(key, value)| holds_stand_in(key) || has_stand_in(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float64Array, StringArray, TimestampMicrosecondArray};
    use quiver_event::spec::Privacy;
    use std::sync::Arc;

    #[track_caller]
    fn check_value(values: impl Array + 'static, expected: Option<FeatureValue>) {
        let values: ArrayRef = Arc::new(values);
        assert_eq!([value_of(&values).unwrap()], [expected]);
    }

    #[test]
    fn values_are_told_as_they_were_kept() {
        check_value(Float64Array::from(vec![0.1]), Some(FeatureValue::Number(0.1)));
        check_value(Float64Array::from(vec![f64::NAN]), Some(FeatureValue::Text("NaN".to_owned())));
        check_value(Float64Array::from(vec![None::<f64>]), None);
        check_value(BooleanArray::from(vec![true]), Some(FeatureValue::Truth(true)));
        check_value(StringArray::from(vec!["JFK"]), Some(FeatureValue::Text("JFK".to_owned())));
        let instants = TimestampMicrosecondArray::from(vec![1_000_000]).with_timezone("UTC");
        check_value(instants, Some(FeatureValue::Text("1970-01-01T00:00:01Z".to_owned())));
        assert_eq!(serde_json::to_string(&FeatureValue::Truth(false)).unwrap(), "false");
    }

    #[test]
    fn everything_leaves_features_and_nulls_out() {
        let text = |value: Option<&str>| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
        let row = RecordBatch::try_from_iter_with_nullable([
            ("id", text(Some("p-1")), true),
            ("feature_temp", text(Some("7")), true),
            ("feature_meta", text(Some("kept")), true),
            ("rule", text(None), true),
        ]);
        let told = everything(&row.unwrap()).unwrap();
        assert_eq!(Value::Object(told), serde_json::json!({"id": "p-1", "feature_meta": "kept"}));
    }

    #[test]
    fn what_the_door_did_is_said() {
        let of = |kind: FeatureType, privacy: Privacy| handling(&Feature { privacy, ..Feature::of(kind) });
        assert_eq!(of(FeatureType::Number, Privacy::Public), None);
        assert_eq!(of(FeatureType::Category, Privacy::Personal), Some("kept as a keyed hash"));
        assert_eq!(of(FeatureType::Number, Privacy::Personal), Some("not kept"));
        assert_eq!(of(FeatureType::Text, Privacy::FreeText), Some("not kept"));
        let masked = Feature { action: Some(PrivacyAction::Mask), ..Feature::of(FeatureType::Text) };
        assert_eq!(handling(&masked), Some("kept as its shape"));
        assert!(has_stand_in(&serde_json::json!({"error": ["no mail to [email]"]})));
        assert!(!has_stand_in(&serde_json::json!({"rule": "quiet [hours]", "score": 1})));
    }
}
