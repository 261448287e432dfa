//! One event as a way in found it, before it is checked: what every way in makes and one builder takes; checks nothing.

use quiver_event::time::Timestamp;
use serde_json::{Map, Value};

/// One event as a way in found it, before it is checked against its model's spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Where it stood in the request, from 1: the span, log record, event or line.
    pub position: u64,
    /// The event in the shape of NDJSON: `kind`, `model`, `id`, `at`, `features`, `output` and so on.
    pub event: Map<String, Value>,
}

/// What a way in could not turn into an event at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Where it stood in the request, from 1.
    pub position: u64,
    /// Why, one of [`super::rejected::reason`].
    pub reason: &'static str,
}

/// Sets `outer.inner`, unless it is there or `outer` is no object.
pub(super) fn put_inside(event: &mut Map<String, Value>, outer: &str, inner: &str, value: Value) {
    if !event.contains_key(outer) {
        event.insert(outer.to_owned(), Value::Object(Map::new()));
    }
    if let Some(Value::Object(inside)) = event.get_mut(outer) {
        put(inside, inner, value);
    }
}

/// Sets a key, unless it is there.
pub(super) fn put(event: &mut Map<String, Value>, key: &str, value: Value) {
    if !event.contains_key(key) {
        event.insert(key.to_owned(), value);
    }
}

/// Adds what `more` knows and `event` does not, two levels deep.
pub(super) fn fill(event: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (event.get_mut(&key), value) {
            (Some(Value::Object(inside)), Value::Object(more)) => {
                more.into_iter().for_each(|(key, value)| put(inside, &key, value));
            }
            (Some(_), _) => {}
            (None, value) => {
                event.insert(key, value);
            }
        }
    }
}

/// A number as JSON; what JSON has no number for is its name, so that it is found to be of the wrong type.
pub(super) fn number(number: f64) -> Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::from("NaN"),
        None if number > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

/// An instant as JSON.
pub(super) fn instant(at: Timestamp) -> Value {
    Value::String(at.to_string())
}
