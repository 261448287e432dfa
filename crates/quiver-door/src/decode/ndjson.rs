//! Decodes lines of events (all four kinds) for one spec; a bad line is counted by reason and the next one read.

use super::builder::EventBuilder;
use super::event_keys::{Undeclared, drop_unknown};
use super::line::{LineRead, Lines, nests_deeper};
use super::rejected::{Rejections, reason};
use crate::limits;
use arrow::error::ArrowError;
use quiver_event::batch::EventBatch;
use quiver_event::event::{Event, Kind};
use quiver_event::spec::Spec;
use quiver_event::time::{TimeError, Timestamp};
use serde_json::{Map, Value};
use std::io::BufRead;

/// Why events cannot be decoded further.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The source fails.
    #[error("events cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// Arrow refuses a column.
    #[error("a column of events cannot be built: {0}")]
    Arrow(#[from] ArrowError),
}

/// Everything decoded from one body.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// The events, a batch a kind and at most [`limits::BATCH_ROWS`] lines.
    pub batches: Vec<EventBatch>,
    /// Lines kept out, by reason, with line numbers.
    pub rejected: Rejections,
    /// Keys dropped.
    pub undeclared: Undeclared,
}

/// Decodes a whole body of NDJSON.
pub fn decode_events(spec: &Spec, body: &[u8], make_id: &mut dyn FnMut() -> String) -> Result<Decoded, DecodeError> {
    let mut reader = EventReader::new(spec, body);
    let mut batches = Vec::new();
    while let Some(more) = reader.next_batches(make_id)? {
        batches.extend(more);
    }
    Ok(Decoded { batches, rejected: reader.rejected, undeclared: reader.undeclared })
}

/// Reads events from a source of any length in constant memory.
#[derive(Debug)]
pub struct EventReader<'a, R> {
    spec: &'a Spec,
    lines: Lines<R>,
    builder: EventBuilder,
    rejected: Rejections,
    undeclared: Undeclared,
    accepted: u64,
}

impl<'a, R: BufRead> EventReader<'a, R> {
    /// A reader of the events of the spec's model.
    pub fn new(spec: &'a Spec, source: R) -> Self {
        Self {
            spec,
            lines: Lines::new(source),
            builder: EventBuilder::new(spec),
            rejected: Rejections::default(),
            undeclared: Undeclared::default(),
            accepted: 0,
        }
    }

    /// Lines kept out so far, by reason.
    pub fn rejected(&self) -> &Rejections {
        &self.rejected
    }

    /// Keys dropped so far.
    pub fn undeclared(&self) -> &Undeclared {
        &self.undeclared
    }

    /// Events accepted so far.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    /// The next batches, one a kind that occurred; none at the end. `make_id` names events that have no id.
    pub fn next_batches(
        &mut self,
        make_id: &mut dyn FnMut() -> String,
    ) -> Result<Option<Vec<EventBatch>>, DecodeError> {
        let start = self.lines.bytes;
        let mut buffer = Vec::new();
        while self.builder.len() < limits::BATCH_ROWS && self.lines.bytes - start < limits::BATCH_BYTES as u64 {
            let read = self.lines.read(&mut buffer)?;
            if read == LineRead::End {
                break;
            }
            if read == LineRead::Line && buffer.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let event = match read {
                LineRead::TooLong => Err(reason::LINE_TOO_LONG),
                _ => self.event(&buffer),
            };
            match event.and_then(|event| self.builder.push(event, make_id, &mut self.undeclared)) {
                Ok(()) => self.accepted += 1,
                Err(reason) => self.rejected.add(reason, self.lines.number),
            }
        }
        // A stretch of refused lines only is not the end.
        match (self.builder.len(), self.lines.bytes == start) {
            (0, true) => Ok(None),
            _ => Ok(Some(self.builder.finish()?)),
        }
    }

    fn event(&mut self, line: &[u8]) -> Result<Event, &'static str> {
        if nests_deeper(line, limits::MAX_EVENT_DEPTH) {
            return Err(reason::TOO_DEEP);
        }
        let value: Value = serde_json::from_slice(line).map_err(|_| match std::str::from_utf8(line) {
            Ok(_) => reason::NOT_JSON,
            Err(_) => reason::NOT_UTF8,
        })?;
        let Value::Object(mut event) = value else { return Err(reason::NOT_AN_OBJECT) };
        let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !Kind::ALL.iter().any(|known| known.name() == kind) {
            return Err(reason::UNKNOWN_KIND);
        }
        if event.get("model").and_then(Value::as_str) != Some(&self.spec.model) {
            return Err(reason::UNKNOWN_MODEL);
        }
        check_time(event.get("at"))?;
        let features = event.get("features").and_then(Value::as_object).map_or(0, Map::len);
        if features > limits::MAX_EVENT_FEATURES {
            return Err(reason::TOO_MANY_FEATURES);
        }
        // A short line holds no long field.
        if line.len() > limits::MAX_FIELD_BYTES && has_long_text(&Value::Object(event.clone())) {
            return Err(reason::FIELD_TOO_LONG);
        }
        drop_unknown(&kind, &mut event, &mut self.undeclared);
        self.keep_declared_slices(&mut event);
        serde_json::from_value(Value::Object(event)).map_err(|_| reason::WRONG_TYPE)
    }

    /// Slices that the spec does not list are dropped and counted; numbers and truth values become texts.
    fn keep_declared_slices(&mut self, event: &mut Map<String, Value>) {
        let Some(Value::Object(slices)) = event.get_mut("slices") else { return };
        slices.retain(|name, value| {
            let declared = self.spec.slices.iter().any(|slice| slice == name);
            if !declared {
                self.undeclared.add("slices", name);
            }
            if matches!(value, Value::Number(_) | Value::Bool(_)) {
                *value = Value::String(super::feature_plan::value_text(value));
            }
            declared && !value.is_null()
        });
    }
}

fn check_time(at: Option<&Value>) -> Result<(), &'static str> {
    match at {
        None | Some(Value::Null) => Err(reason::NO_TIME),
        Some(Value::String(text)) => match Timestamp::parse(text) {
            Ok(_) => Ok(()),
            Err(TimeError::NoZone(_)) => Err(reason::NO_ZONE),
            Err(_) => Err(reason::NOT_A_TIME),
        },
        Some(_) => Err(reason::NOT_A_TIME),
    }
}

fn has_long_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > limits::MAX_FIELD_BYTES,
        Value::Array(list) => list.iter().any(has_long_text),
        Value::Object(map) => {
            map.iter().any(|(key, value)| key.len() > limits::MAX_FIELD_BYTES || has_long_text(value))
        }
        _ => false,
    }
}
