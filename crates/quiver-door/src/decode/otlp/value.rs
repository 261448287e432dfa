//! Values of OTLP as values of JSON, and what is read of them in passing; knows no attribute's name.

use super::super::incoming::number;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use quiver_event::time::Timestamp;
use serde_json::{Map, Value};

/// The value as JSON. Bytes become hexadecimal text.
pub(super) fn json_of(value: &AnyValue) -> Value {
    match &value.value {
        None | Some(Any::StringValueStrindex(_)) => Value::Null,
        Some(Any::StringValue(text)) => Value::String(text.clone()),
        Some(Any::BoolValue(truth)) => Value::Bool(*truth),
        Some(Any::IntValue(whole)) => Value::from(*whole),
        Some(Any::DoubleValue(real)) => number(*real),
        Some(Any::ArrayValue(list)) => Value::Array(list.values.iter().map(json_of).collect()),
        Some(Any::KvlistValue(list)) => {
            let entry = |pair: &opentelemetry_proto::tonic::common::v1::KeyValue| {
                (pair.key.clone(), pair.value.as_ref().map_or(Value::Null, json_of))
            };
            Value::Object(list.values.iter().map(entry).collect::<Map<_, _>>())
        }
        Some(Any::BytesValue(bytes)) => Value::String(hex(bytes)),
    }
}

/// The text, where the value is one and not empty.
pub(super) fn text_of(value: &AnyValue) -> Option<&str> {
    match &value.value {
        Some(Any::StringValue(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The number, where the value is one.
pub(super) fn number_of(value: &AnyValue) -> Option<f64> {
    match &value.value {
        Some(Any::IntValue(whole)) => Some(*whole as f64),
        Some(Any::DoubleValue(real)) => Some(*real),
        _ => None,
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// An instant in OTLP's nanoseconds since 1970, where 0 says that there is none.
pub(super) fn instant_of(unix_nano: u64) -> Option<Timestamp> {
    (unix_nano != 0).then(|| Timestamp(i64::try_from(unix_nano / 1_000).unwrap_or(i64::MAX)))
}
