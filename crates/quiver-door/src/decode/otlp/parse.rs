//! Reads OTLP requests from protobuf and from JSON; what they mean is not known here.

use super::super::line::nests_deeper;
use crate::limits;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why a body is no OTLP request. Never holds content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OtlpError {
    /// The bytes are not the protobuf message.
    #[error("the body is not an OTLP request in protobuf; for JSON send Content-Type: application/json")]
    NotProtobuf,
    /// The text is not JSON.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The JSON nests too deep.
    #[error("the body nests deeper than {} levels", limits::MAX_OTLP_DEPTH)]
    TooDeep,
    /// The JSON has another shape.
    #[error(
        "the body is JSON, but not an OTLP request: a field has a value of another type, or an id is not hexadecimal"
    )]
    NotOtlp,
}

/// Reads a request of traces from protobuf.
pub fn parse_traces_protobuf(body: &[u8]) -> Result<ExportTraceServiceRequest, OtlpError> {
    ExportTraceServiceRequest::decode(body).map_err(|_| OtlpError::NotProtobuf)
}

/// Reads a request of logs from protobuf.
pub fn parse_logs_protobuf(body: &[u8]) -> Result<ExportLogsServiceRequest, OtlpError> {
    ExportLogsServiceRequest::decode(body).map_err(|_| OtlpError::NotProtobuf)
}

/// Reads a request of traces from OTLP's JSON.
pub fn parse_traces_json(body: &[u8]) -> Result<ExportTraceServiceRequest, OtlpError> {
    parse_json(body)
}

/// Reads a request of logs from OTLP's JSON.
pub fn parse_logs_json(body: &[u8]) -> Result<ExportLogsServiceRequest, OtlpError> {
    parse_json(body)
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, OtlpError> {
    if nests_deeper(body, limits::MAX_OTLP_DEPTH) {
        return Err(OtlpError::TooDeep);
    }
    let mut request: Value = serde_json::from_slice(body)
        .map_err(|error| OtlpError::NotJson { line: error.line(), column: error.column() })?;
    if !request.is_object() {
        return Err(OtlpError::NotOtlp);
    }
    complete(&mut request);
    serde_json::from_value(request).map_err(|_| OtlpError::NotOtlp)
}

/// Makes explicit what the format leaves open and the reader demands: nulls are absent, lists may be, and fields that
/// are not known are ignored.
fn complete(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(complete),
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.remove("entityRefs");
            for (key, inside) in map.iter_mut() {
                match key.as_str() {
                    "attributes" => complete_attributes(inside),
                    "body" => complete_any(inside),
                    "kind" => number_by_name(inside, |name| SpanKind::from_str_name(name).map(|kind| kind as i32)),
                    "code" => number_by_name(inside, |name| StatusCode::from_str_name(name).map(|code| code as i32)),
                    "severityNumber" => {
                        number_by_name(inside, |name| SeverityNumber::from_str_name(name).map(|number| number as i32));
                    }
                    _ => complete(inside),
                }
            }
        }
        _ => {}
    }
}

/// Some senders write enumerations by name, as protobuf's own JSON does, though OTLP wants numbers.
fn number_by_name(value: &mut Value, number_of: impl Fn(&str) -> Option<i32>) {
    if let Some(number) = value.as_str().and_then(number_of) {
        *value = Value::from(number);
    }
}

fn complete_attributes(attributes: &mut Value) {
    let Value::Array(list) = attributes else { return };
    for attribute in list {
        let Value::Object(attribute) = attribute else { continue };
        attribute.retain(|_, value| !value.is_null());
        attribute.entry("key").or_insert_with(|| Value::from(""));
        if let Some(value) = attribute.get_mut("value") {
            complete_any(value);
        }
    }
}

fn complete_any(value: &mut Value) {
    const KNOWN: [&str; 7] =
        ["stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"];
    let Value::Object(any) = value else { return };
    any.retain(|key, value| KNOWN.contains(&key.as_str()) && !value.is_null());
    if let Some(Value::String(text)) = any.get("doubleValue") {
        // JSON has no NaN: it is a text, which no double may hold here. As a text it is found to be of the wrong type.
        match text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => any["doubleValue"] = Value::Number(number),
            None => {
                let text = Value::from(text.as_str());
                any.clear();
                any.insert("stringValue".to_owned(), text);
            }
        }
    }
    for (key, each) in [("arrayValue", false), ("kvlistValue", true)] {
        let Some(Value::Object(inside)) = any.get_mut(key) else { continue };
        let values = values_of(inside);
        match (values, each) {
            (values, true) => complete_attributes(values),
            (Value::Array(list), false) => list.iter_mut().for_each(complete_any),
            _ => {}
        }
    }
}

fn values_of(inside: &mut Map<String, Value>) -> &mut Value {
    inside.retain(|key, value| key == "values" && !value.is_null());
    inside.entry("values").or_insert_with(|| Value::Array(Vec::new()))
}
