//! Request bodies made once and sent many times: before each sending every event gets an id and a time of its own.

use super::event::{MODEL, NUMBERS, Prediction, TEXTS};
use super::sequence::{Sequence, mixed};
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Lines,
    /// An Arrow IPC stream, uncompressed.
    Arrow,
    /// Spans of OTLP in protobuf.
    Otlp,
}

/// Where ids and times stand before they are filled in. None of it occurs in an event by itself.
const ID_TEXT: &str = "~id~id~id~id~id~id~id~id~id~id~id~id";
const ID_BYTES: [u8; 16] = *b"~id~id~id~id~id~";
const AT_TEXT: &str = "~at~at~at~at~at~at~at~at~at";
const AT_NUMBER: i64 = 0x7e41_7e54_7e41_7e54;
/// A span's end is filled in like its start, so many nanoseconds later.
const SPAN_NANOSECONDS: u64 = 7_250_000;

/// One body with the places that differ from sending to sending.
pub struct Body {
    pub bytes: Vec<u8>,
    pub events: usize,
    format: Format,
    ids: Vec<usize>,
    times: Vec<usize>,
    ends: Vec<usize>,
}

impl Body {
    /// A body of the next events of a sequence.
    pub fn new(format: Format, events: usize, sequence: &mut Sequence) -> Result<Self, ArrowError> {
        let predictions: Vec<Prediction> = (0..events).map(|_| Prediction::next(sequence)).collect();
        let bytes = match format {
            Format::Lines => predictions.iter().flat_map(|prediction| line(prediction).into_bytes()).collect(),
            Format::Arrow => stream(&predictions)?,
            Format::Otlp => traces(&predictions).encode_to_vec(),
        };
        let (id, at): (&[u8], &[u8]) = match format {
            Format::Lines => (ID_TEXT.as_bytes(), AT_TEXT.as_bytes()),
            Format::Arrow => (ID_TEXT.as_bytes(), &AT_NUMBER.to_le_bytes()),
            Format::Otlp => (&ID_BYTES, &AT_NUMBER.to_le_bytes()),
        };
        let ends = match format {
            Format::Otlp => places(&bytes, &(AT_NUMBER + 1).to_le_bytes()),
            Format::Lines | Format::Arrow => Vec::new(),
        };
        let (ids, times) = (places(&bytes, id), places(&bytes, at));
        assert_eq!((ids.len(), times.len()), (events, events), "every event has one id and one time");
        Ok(Self { bytes, events, format, ids, times, ends })
    }

    /// Gives the events ids made of `first_id` and the numbers after it, and the time.
    pub fn fill(&mut self, first_id: u64, now_microseconds: i64) {
        for (place, number) in self.ids.iter().zip(first_id..) {
            let (high, low) = (mixed(number), mixed(!number));
            match self.format {
                Format::Otlp => {
                    self.bytes[*place..place + 8].copy_from_slice(&high.to_be_bytes());
                    self.bytes[place + 8..place + 16].copy_from_slice(&low.to_be_bytes());
                }
                Format::Lines | Format::Arrow => write_uuid(&mut self.bytes[*place..place + 36], high, low),
            }
        }
        let mut write = |places: &[usize], value: &[u8]| {
            for place in places {
                self.bytes[*place..place + value.len()].copy_from_slice(value);
            }
        };
        match self.format {
            Format::Lines => write(&self.times, instant_text(now_microseconds).as_bytes()),
            Format::Arrow => write(&self.times, &now_microseconds.to_le_bytes()),
            Format::Otlp => {
                let start = now_microseconds as u64 * 1_000;
                write(&self.times, &start.to_le_bytes());
                write(&self.ends, &(start + SPAN_NANOSECONDS).to_le_bytes());
            }
        }
    }
}

/// Where a pattern stands, from left to right.
fn places(bytes: &[u8], pattern: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + pattern.len() <= bytes.len() {
        if bytes[at] == pattern[0] && bytes[at..].starts_with(pattern) {
            found.push(at);
            at += pattern.len();
        } else {
            at += 1;
        }
    }
    found
}

fn write_uuid(place: &mut [u8], high: u64, low: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let number = u128::from(high) << 64 | u128::from(low);
    let mut digit = 0;
    for (index, byte) in place.iter_mut().enumerate() {
        *byte = match index {
            8 | 13 | 18 | 23 => b'-',
            _ => {
                digit += 1;
                DIGITS[(number >> (128 - 4 * digit) & 15) as usize]
            }
        };
    }
}

/// RFC 3339 with microseconds: as long as its placeholder.
fn instant_text(microseconds: i64) -> String {
    let instant = jiff::Timestamp::from_microsecond(microseconds).unwrap_or_default();
    format!("{instant:.6}")
}

fn line(prediction: &Prediction) -> String {
    let mut features = Map::new();
    for (name, number) in NUMBERS.iter().zip(prediction.numbers) {
        // Counts are written as whole numbers.
        let whole = number.fract() == 0.0;
        features.insert((*name).to_owned(), if whole { json!(number as i64) } else { json!(number) });
    }
    for (name, text) in TEXTS.iter().zip(&prediction.texts) {
        features.insert((*name).to_owned(), Value::from(text.as_str()));
    }
    let event = json!({
        "kind": "prediction", "model": MODEL, "id": ID_TEXT, "at": AT_TEXT, "version": "2026-11-03",
        "request_type": "basket", "trace_id": prediction.trace_id, "features": features,
        "output": {"score": prediction.score}, "decision": {"action": prediction.action(), "by": "model"},
        "latency_ms": prediction.latency_ms,
    });
    format!("{event}\n")
}

fn stream(predictions: &[Prediction]) -> Result<Vec<u8>, ArrowError> {
    let all = predictions.iter();
    let repeated = |text: &str| Arc::new(StringArray::from_iter_values(predictions.iter().map(|_| text))) as ArrayRef;
    let times = TimestampMicrosecondArray::from_value(AT_NUMBER, predictions.len()).with_timezone("UTC");
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("id", repeated(ID_TEXT)),
        ("at", Arc::new(times)),
        ("version", repeated("2026-11-03")),
        ("request_type", repeated("basket")),
        ("trace_id", Arc::new(StringArray::from_iter_values(all.clone().map(|one| &one.trace_id)))),
        ("score", Arc::new(all.clone().map(|one| Some(one.score)).collect::<Float64Array>())),
        ("action", Arc::new(StringArray::from_iter_values(all.clone().map(Prediction::action)))),
        ("decided_by", repeated("model")),
        ("latency_ms", Arc::new(all.clone().map(|one| Some(one.latency_ms)).collect::<Float64Array>())),
    ];
    for (index, name) in NUMBERS.iter().enumerate() {
        columns.push((name, Arc::new(all.clone().map(|one| Some(one.numbers[index])).collect::<Float64Array>())));
    }
    for (index, name) in TEXTS.iter().enumerate() {
        columns.push((name, Arc::new(StringArray::from_iter_values(all.clone().map(|one| &one.texts[index])))));
    }
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    writer.into_inner()
}

fn traces(predictions: &[Prediction]) -> ExportTraceServiceRequest {
    let attribute = |key: &str, value: Any| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let text = |key: &str, value: &str| attribute(key, Any::StringValue(value.to_owned()));
    let span = |prediction: &Prediction| {
        let mut attributes = vec![
            text("quiver.model", MODEL),
            text("quiver.version", "2026-11-03"),
            text("quiver.request_type", "basket"),
            attribute("quiver.score", Any::DoubleValue(prediction.score)),
            text("quiver.action", prediction.action()),
            text("quiver.decided_by", "model"),
        ];
        for (name, number) in NUMBERS.iter().zip(prediction.numbers) {
            attributes.push(attribute(&format!("quiver.feature.{name}"), Any::DoubleValue(number)));
        }
        for (name, value) in TEXTS.iter().zip(&prediction.texts) {
            attributes.push(text(&format!("quiver.feature.{name}"), value));
        }
        Span {
            trace_id: ID_BYTES.to_vec(),
            span_id: b"quivspan".to_vec(),
            name: "predict".to_owned(),
            start_time_unix_nano: AT_NUMBER as u64,
            end_time_unix_nano: AT_NUMBER as u64 + 1,
            attributes,
            ..Span::default()
        }
    };
    let spans = predictions.iter().map(span).collect();
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}
