//! Rows for the tests: predictions and feedback as other crates write them.

use arrow::array::{
    Array, ArrayRef, Date32Array, Float64Array, Int64Array, MapBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

pub const DAY: i64 = 86_400_000_000;
/// 2013-07-01T00:00:00Z.
pub const START: i64 = 15_887 * DAY;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction {
    pub offset: i64,
    pub id: String,
    pub at: i64,
    pub version: String,
    pub decision_id: Option<String>,
    pub score: Option<f64>,
    pub secret: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Label {
    pub offset: i64,
    pub id: String,
    pub prediction_id: Option<String>,
    pub decision_id: Option<String>,
    pub at: i64,
    pub known_at: Option<i64>,
    pub name: String,
    pub value: Option<f64>,
    pub class: Option<String>,
}

pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn map_type() -> DataType {
    // The names that Arrow's builder uses; Delta uses others.
    let entries = Field::new(
        "entries",
        DataType::Struct(
            vec![Field::new("keys", DataType::Utf8, false), Field::new("values", DataType::Utf8, true)].into(),
        ),
        false,
    );
    DataType::Map(Arc::new(entries), false)
}

pub fn prediction_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("offset", DataType::Int64, false),
        Field::new("id", DataType::Utf8, false),
        Field::new("at", timestamp(), false),
        Field::new("event_date", DataType::Date32, false),
        text("version"),
        text("arm"),
        text("decision_id"),
        Field::new("score", DataType::Float64, true),
        Field::new("value", DataType::Float64, true),
        text("class"),
        text("action"),
        text("model_action"),
        text("decided_by"),
        Field::new("latency_ms", DataType::Float64, true),
        text("error"),
        Field::new("slices", map_type(), true),
        text("secret"),
    ]))
}

pub fn feedback_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("offset", DataType::Int64, false),
        text("id"),
        text("prediction_id"),
        text("decision_id"),
        Field::new("at", timestamp(), false),
        Field::new("known_at", timestamp(), true),
        text("name"),
        Field::new("value", DataType::Float64, true),
        text("class"),
        Field::new("event_date", DataType::Date32, false),
    ]))
}

fn times(times: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(times.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn dates(times: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(times.into_iter().map(|time| Some(time.div_euclid(DAY) as i32)).collect::<Date32Array>())
}

pub fn prediction_batch(rows: &[Prediction]) -> RecordBatch {
    let nothing: ArrayRef = Arc::new(StringArray::new_null(rows.len()));
    let no_number: ArrayRef = Arc::new(Float64Array::new_null(rows.len()));
    let mut slices = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in rows {
        slices.keys().append_value("origin");
        slices.values().append_value(if row.offset % 2 == 0 { "JFK" } else { "EWR" });
        slices.append(true).unwrap();
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.offset).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| Some(&row.id)).collect::<StringArray>()),
        times(rows.iter().map(|row| Some(row.at))),
        dates(rows.iter().map(|row| row.at)),
        Arc::new(rows.iter().map(|row| Some(&row.version)).collect::<StringArray>()),
        Arc::clone(&nothing),
        Arc::new(rows.iter().map(|row| row.decision_id.as_ref()).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.score).collect::<Float64Array>()),
        Arc::clone(&no_number),
        Arc::clone(&nothing),
        Arc::clone(&nothing),
        Arc::clone(&nothing),
        Arc::clone(&nothing),
        no_number,
        nothing,
        Arc::new(slices.finish()),
        Arc::new(rows.iter().map(|row| row.secret.as_ref()).collect::<StringArray>()),
    ];
    let schema = prediction_schema();
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

pub fn feedback_batch(rows: &[Label]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.offset).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| Some(&row.id)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.prediction_id.as_ref()).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.decision_id.as_ref()).collect::<StringArray>()),
        times(rows.iter().map(|row| Some(row.at))),
        times(rows.iter().map(|row| row.known_at)),
        Arc::new(rows.iter().map(|row| Some(&row.name)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.value).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|row| row.class.as_ref()).collect::<StringArray>()),
        dates(rows.iter().map(|row| row.at)),
    ];
    RecordBatch::try_new(feedback_schema(), columns).unwrap()
}

/// `count` predictions from `offset` on, an hour apart, with a secret in each.
pub fn predictions(offset: i64, count: i64) -> RecordBatch {
    let rows: Vec<_> = (offset..offset + count)
        .map(|offset| Prediction {
            offset,
            id: format!("p-{offset}"),
            at: START + offset * 3_600_000_000,
            version: "v1".to_owned(),
            score: Some(offset as f64 / 10.0),
            secret: Some(format!("secret-{offset}")),
            ..Prediction::default()
        })
        .collect();
    prediction_batch(&rows)
}
