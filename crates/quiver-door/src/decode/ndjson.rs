//! Decodes lines of events (all four kinds) for one spec; a bad line is counted by reason and the next one read.

use super::builder::EventBuilder;
use super::check::keep_declared_slices;
use super::event_keys::Undeclared;
use super::incoming::Incoming;
use super::line::{LineRead, Lines};
use super::plain_line::plain_event;
use super::rejected::{Rejections, reason};
use crate::limits;
use arrow::error::ArrowError;
use quiver_event::batch::EventBatch;
use quiver_event::event::Event;
use quiver_event::spec::Spec;
use serde_json::Value;
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
        if line.len() <= limits::MAX_FIELD_BYTES
            && let Some(mut event) = plain_event(line).filter(|event| event.model() == self.spec.model)
        {
            keep_declared_slices(self.spec, &mut event, &mut self.undeclared);
            return Ok(event);
        }
        let mut incoming = Incoming::of_line(self.lines.number, line)?;
        // A short line holds no long field.
        if line.len() > limits::MAX_FIELD_BYTES && has_long_text(&Value::Object(incoming.event.clone())) {
            return Err(reason::FIELD_TOO_LONG);
        }
        incoming.check(self.spec, &mut self.undeclared)
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
