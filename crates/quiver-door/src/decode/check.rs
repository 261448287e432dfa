//! Checks an event against the spec of its model; every way in uses this one code.

use super::event_keys::{Undeclared, drop_unknown};
use super::incoming::Incoming;
use super::line::nests_deeper;
use super::rejected::reason;
use crate::limits;
use quiver_event::event::{Event, Kind};
use quiver_event::spec::Spec;
use quiver_event::time::{TimeError, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

impl Incoming {
    /// Reads one line of NDJSON.
    ///
    /// # Errors
    /// The reason for which the line is no event.
    pub fn of_line(position: u64, line: &[u8]) -> Result<Self, &'static str> {
        if nests_deeper(line, limits::MAX_EVENT_DEPTH) {
            return Err(reason::TOO_DEEP);
        }
        let value: Value = serde_json::from_slice(line).map_err(|_| match std::str::from_utf8(line) {
            Ok(_) => reason::NOT_JSON,
            Err(_) => reason::NOT_UTF8,
        })?;
        match value {
            Value::Object(event) => Ok(Self { position, event }),
            _ => Err(reason::NOT_AN_OBJECT),
        }
    }

    /// The model that the event names.
    pub fn model(&self) -> Option<&str> {
        self.event.get("model").and_then(Value::as_str)
    }

    /// Whether the event brings an id of its own.
    pub fn has_id(&self) -> bool {
        self.event.get("id").and_then(Value::as_str).is_some_and(|id| !id.is_empty())
    }

    /// Names an event that has no id.
    pub fn set_id(&mut self, id: String) {
        self.event.insert("id".to_owned(), Value::String(id));
    }

    /// Checks the event against the spec of its model, and drops and counts what neither the format nor the spec
    /// declares.
    ///
    /// # Errors
    /// The reason for which it cannot be kept.
    pub fn check(&mut self, spec: &Spec, undeclared: &mut Undeclared) -> Result<Event, &'static str> {
        let event = &mut self.event;
        let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default();
        let Some(kind) = Kind::ALL.iter().find(|known| known.name() == kind) else {
            return Err(reason::UNKNOWN_KIND);
        };
        if event.get("model").and_then(Value::as_str) != Some(&spec.model) {
            return Err(reason::UNKNOWN_MODEL);
        }
        check_time(event.get("at"))?;
        drop_unknown(kind.name(), event, undeclared);
        read_slices(spec, event, undeclared);
        let event = typed(*kind, event).map_err(|_| reason::WRONG_TYPE)?;
        is_whole(&event)?;
        Ok(event)
    }
}

fn typed(kind: Kind, event: &Map<String, Value>) -> serde_json::Result<Event> {
    Ok(match kind {
        Kind::Prediction => Event::Prediction(Deserialize::deserialize(event)?),
        Kind::Feedback => Event::Feedback(Deserialize::deserialize(event)?),
        Kind::Heartbeat => Event::Heartbeat(Deserialize::deserialize(event)?),
        Kind::Change => Event::Change(Deserialize::deserialize(event)?),
    })
}

/// What only the event as a whole tells, and its bounds.
pub(super) fn is_whole(event: &Event) -> Result<(), &'static str> {
    if event.identifiers().into_iter().flatten().any(|id| id.len() > limits::MAX_IDENTIFIER_BYTES) {
        return Err(reason::ID_TOO_LONG);
    }
    match event {
        Event::Prediction(prediction) => {
            if prediction.features.len() > limits::MAX_EVENT_FEATURES {
                return Err(reason::TOO_MANY_FEATURES);
            }
            let cost = prediction.cost.as_ref().map_or(0, |cost| cost.calls.len());
            let output = prediction.output.as_ref();
            let classes = output.map_or(0, |output| output.probabilities.len());
            let items = output.and_then(|output| output.ranking.as_ref()).map_or(0, Vec::len);
            match cost.max(classes).max(items) > limits::MAX_EVENT_ENTRIES {
                true => Err(reason::TOO_MANY_ENTRIES),
                false => Ok(()),
            }
        }
        Event::Feedback(feedback) => {
            if feedback.prediction_id.is_none() && feedback.decision_id.is_none() && feedback.entity.is_none() {
                return Err(reason::NO_TARGET);
            }
            match feedback.value {
                Value::Number(_) | Value::String(_) | Value::Bool(_) => Ok(()),
                Value::Null => Err(reason::NO_VALUE),
                Value::Array(_) | Value::Object(_) => Err(reason::WRONG_TYPE),
            }
        }
        Event::Heartbeat(_) | Event::Change(_) => Ok(()),
    }
}

/// Slices that the spec does not list are dropped and counted; numbers and truth values become texts.
fn read_slices(spec: &Spec, event: &mut Map<String, Value>, undeclared: &mut Undeclared) {
    let Some(Value::Object(slices)) = event.get_mut("slices") else { return };
    slices.retain(|name, value| {
        if matches!(value, Value::Number(_) | Value::Bool(_)) {
            *value = Value::String(super::feature_plan::value_text(value));
        }
        is_declared_slice(spec, name, undeclared) && !value.is_null()
    });
}

/// Drops and counts the slices of an event that the spec does not list.
pub fn keep_declared_slices(spec: &Spec, event: &mut Event, undeclared: &mut Undeclared) {
    if let Event::Prediction(prediction) = event {
        prediction.slices.retain(|name, _| is_declared_slice(spec, name, undeclared));
    }
}

fn is_declared_slice(spec: &Spec, name: &str, undeclared: &mut Undeclared) -> bool {
    let declared = spec.slices.iter().any(|slice| slice == name);
    if !declared {
        undeclared.add("slices", name);
    }
    declared
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
