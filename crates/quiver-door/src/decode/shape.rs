//! The shape of an event: its keys and the types of their values; never a value.

use crate::redact::Cleaner;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most keys told of one event.
const MAX_KEYS: usize = 100;

/// The types of an event's values by the path of their key, one level into its maps. A key that may be content is told
/// as it is shown everywhere, redacted.
pub fn shape_of(event: &Map<String, Value>, cleaner: &Cleaner) -> BTreeMap<String, String> {
    let mut shape = BTreeMap::new();
    for (key, value) in event {
        match value {
            Value::Object(inside) if !inside.is_empty() => {
                for (inner, value) in inside {
                    add(&mut shape, &format!("{key}.{inner}"), value, cleaner);
                }
            }
            _ => add(&mut shape, key, value, cleaner),
        }
    }
    shape
}

fn add(shape: &mut BTreeMap<String, String>, path: &str, value: &Value, cleaner: &Cleaner) {
    if shape.len() < MAX_KEYS {
        shape.insert(cleaner.shown_name(path), type_of(value));
    }
}

fn type_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) => format!("text of {} bytes", text.len()),
        Value::Array(list) => format!("list of {}", list.len()),
        Value::Object(map) => format!("map of {}", map.len()),
    }
}
