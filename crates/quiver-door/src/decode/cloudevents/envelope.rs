//! Opens CloudEvents 1.0 in their three HTTP modes; what their data means is not known here.

use super::super::line::nests_deeper;
use super::super::rejected::reason;
use crate::limits;
use serde_json::{Map, Value};

/// Why a request holds no CloudEvents at all. Never holds content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudEventError {
    /// Neither headers nor content type say so.
    #[error(
        "this is no CloudEvent: send ce-specversion, ce-id, ce-type and ce-source as headers, or the whole event as \
         application/cloudevents+json, or a list as application/cloudevents-batch+json"
    )]
    NotACloudEvent,
    /// The body is not JSON.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The body nests too deep.
    #[error("the body nests deeper than {} levels", limits::MAX_EVENT_DEPTH)]
    TooDeep,
    /// The data is of another content type than JSON.
    #[error("the data of the event is not JSON by its content type")]
    NotJsonData,
    /// A batch that is no list, or an event that is no object.
    #[error("the body is JSON, but not {0}")]
    Shape(&'static str),
}

/// One CloudEvent.
#[derive(Debug)]
pub(super) struct Envelope {
    pub id: String,
    pub kind: String,
    pub time: Option<String>,
    pub data: Value,
    extensions: Map<String, Value>,
}

impl Envelope {
    /// The first extension attribute of these that is there.
    pub(super) fn extension(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| text_of(self.extensions.get(*name)?))
    }

    /// Attributes by their lower-case names, and the data.
    fn new(mut attributes: Map<String, Value>, data: Value) -> Result<Self, &'static str> {
        let mut take = |name: &str| attributes.remove(name).as_ref().and_then(text_of);
        let (version, id, kind) = (take("specversion"), take("id"), take("type"));
        let (source, time) = (take("source"), take("time"));
        match version {
            Some(version) if version == "1.0" => {}
            Some(_) => return Err(reason::SPEC_VERSION),
            None => return Err(reason::NO_ATTRIBUTE),
        }
        let (Some(id), Some(kind), Some(_)) = (id, kind, source) else { return Err(reason::NO_ATTRIBUTE) };
        Ok(Self { id, kind, time, data, extensions: attributes })
    }
}

/// Each event of a request, or why it is none.
pub(super) fn envelopes_of(
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Vec<Result<Envelope, &'static str>>, CloudEventError> {
    let header = |wanted: &str| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let content_type = header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/cloudevents+json" => match json_of(body)? {
            Value::Object(event) => Ok(vec![structured(event)]),
            _ => Err(CloudEventError::Shape("an object")),
        },
        "application/cloudevents-batch+json" => match json_of(body)? {
            Value::Array(list) => Ok(list
                .into_iter()
                .map(|event| match event {
                    Value::Object(event) => structured(event),
                    _ => Err(reason::NOT_AN_OBJECT),
                })
                .collect()),
            _ => Err(CloudEventError::Shape("a list of events")),
        },
        _ if header("ce-specversion").is_none() && header("ce-type").is_none() => Err(CloudEventError::NotACloudEvent),
        media_type if media_type.is_empty() || is_json(media_type) => Ok(vec![binary(headers, json_of(body)?)]),
        _ => Err(CloudEventError::NotJsonData),
    }
}

fn structured(mut event: Map<String, Value>) -> Result<Envelope, &'static str> {
    if event.contains_key("data_base64") {
        return Err(reason::BINARY_DATA);
    }
    let content_type = event.remove("datacontenttype");
    if content_type.as_ref().and_then(Value::as_str).is_some_and(|media_type| !is_json(media_type)) {
        return Err(reason::BINARY_DATA);
    }
    let data = event.remove("data").unwrap_or(Value::Null);
    Envelope::new(event, data)
}

fn binary(headers: &[(String, String)], data: Value) -> Result<Envelope, &'static str> {
    let mut attributes = Map::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if let Some(name) = name.strip_prefix("ce-") {
            attributes.entry(name).or_insert_with(|| Value::String(percent_decoded(value)));
        }
    }
    Envelope::new(attributes, data)
}

fn json_of(body: &[u8]) -> Result<Value, CloudEventError> {
    if nests_deeper(body, limits::MAX_EVENT_DEPTH) {
        return Err(CloudEventError::TooDeep);
    }
    serde_json::from_slice(body)
        .map_err(|error| CloudEventError::NotJson { line: error.line(), column: error.column() })
}

fn is_json(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json")
}

/// An attribute's text; numbers and truth values are attributes too. An empty text is none.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A header's value as the HTTP binding writes it: what is not ASCII as the percent-encoded bytes of UTF-8.
fn percent_decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digit = |index: usize| after.get(index).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_percent_decoded_where_that_gives_text() {
        for (written, read) in [
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("100%", "100%"),
            ("%zz", "%zz"),
            ("%E2%82", "%E2%82"),
            ("", ""),
        ] {
            assert_eq!(percent_decoded(written), read);
        }
    }
}
