//! The keys an event may have, at every level; all others are dropped and counted.

use crate::limits;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What may stand under a key.
#[derive(Clone, Copy)]
enum Keys {
    /// A value whose inside is not looked at.
    Any,
    /// A map with these keys only.
    Fixed(&'static [(&'static str, Keys)]),
    /// A map with free keys.
    Free(&'static Keys),
    /// A list of such values.
    List(&'static Keys),
}

const ANY: Keys = Keys::Any;

const FEATURE_META: Keys = Keys::Fixed(&[
    ("event_at", ANY),
    ("computed_at", ANY),
    ("status", ANY),
    ("source", ANY),
    ("cost", Keys::Fixed(&[("ms", ANY), ("calls", ANY), ("bytes", ANY)])),
]);

const PREDICTION: Keys = Keys::Fixed(&[
    ("kind", ANY),
    ("model", ANY),
    ("id", ANY),
    ("at", ANY),
    ("version", ANY),
    ("request_type", ANY),
    ("decision_id", ANY),
    ("trace_id", ANY),
    ("arm", Keys::Fixed(&[("assigned", ANY), ("served", ANY), ("propensity", ANY), ("config", ANY)])),
    ("features", ANY),
    ("feature_meta", Keys::Free(&FEATURE_META)),
    (
        "output",
        Keys::Fixed(&[
            ("score", ANY),
            ("value", ANY),
            ("class", ANY),
            ("probabilities", ANY),
            ("ranking", Keys::List(&Keys::Fixed(&[("id", ANY), ("position", ANY), ("score", ANY)]))),
            ("text", ANY),
            ("embedding", ANY),
        ]),
    ),
    ("decision", Keys::Fixed(&[("action", ANY), ("model_action", ANY), ("by", ANY), ("rule", ANY)])),
    ("latency_ms", ANY),
    ("error", ANY),
    (
        "cost",
        Keys::Fixed(&[
            ("cpu_ms", ANY),
            ("gpu_ms", ANY),
            ("memory_mb", ANY),
            ("bytes", ANY),
            ("tokens_in", ANY),
            ("tokens_out", ANY),
            ("calls", Keys::Free(&Keys::Fixed(&[("n", ANY), ("ms", ANY)]))),
        ]),
    ),
    ("slices", ANY),
    ("subject", ANY),
]);

const FEEDBACK: Keys = Keys::Fixed(&[
    ("kind", ANY),
    ("model", ANY),
    ("id", ANY),
    ("prediction_id", ANY),
    ("decision_id", ANY),
    ("item", ANY),
    ("entity", ANY),
    ("at", ANY),
    ("known_at", ANY),
    ("name", ANY),
    ("value", ANY),
]);

const HEARTBEAT: Keys = Keys::Fixed(&[
    ("kind", ANY),
    ("model", ANY),
    ("id", ANY),
    ("source", ANY),
    ("at", ANY),
    ("data_until", ANY),
    ("rows", ANY),
]);

const CHANGE: Keys =
    Keys::Fixed(&[("kind", ANY), ("model", ANY), ("id", ANY), ("what", ANY), ("ref", ANY), ("at", ANY)]);

/// Keys that were dropped, by path, with how often; a bounded number of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undeclared {
    /// By key path, such as `output.scor` or `features.wind`.
    pub paths: BTreeMap<String, u64>,
    /// Dropped keys whose paths were too many to name.
    pub others: u64,
}

impl Undeclared {
    /// Counts one dropped key.
    pub fn add(&mut self, parent: &str, key: &str) {
        // A client may put content into keys; a key longer than a name is not repeated.
        let key = if key.chars().count() > 64 { "…" } else { key };
        let path = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
        if let Some(count) = self.paths.get_mut(&path) {
            *count += 1;
        } else if self.paths.len() < limits::MAX_UNDECLARED_KEYS {
            self.paths.insert(path, 1);
        } else {
            self.others += 1;
        }
    }

    /// How many keys were dropped.
    pub fn total(&self) -> u64 {
        self.others + self.paths.values().sum::<u64>()
    }
}

/// Drops the unknown keys of an event of `kind`, and nulls of optional keys, which mean absence.
pub(super) fn drop_unknown(kind: &str, event: &mut Map<String, Value>, undeclared: &mut Undeclared) {
    let keys = match kind {
        "prediction" => &PREDICTION,
        "feedback" => &FEEDBACK,
        "heartbeat" => &HEARTBEAT,
        _ => &CHANGE,
    };
    if let Keys::Fixed(keys) = keys {
        drop_from(event, keys, "", undeclared);
    }
}

fn drop_from(map: &mut Map<String, Value>, keys: &[(&str, Keys)], path: &str, undeclared: &mut Undeclared) {
    map.retain(|key, value| match keys.iter().find(|(known, _)| known == key) {
        None => {
            undeclared.add(path, key);
            false
        }
        Some(_) if value.is_null() => false,
        Some((_, inside)) => {
            descend(value, inside, &join(path, key), undeclared);
            true
        }
    });
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn descend(value: &mut Value, keys: &Keys, path: &str, undeclared: &mut Undeclared) {
    match (keys, value) {
        (Keys::Fixed(keys), Value::Object(map)) => drop_from(map, keys, path, undeclared),
        (Keys::Free(inside), Value::Object(map)) => {
            map.values_mut().for_each(|value| descend(value, inside, path, undeclared));
        }
        (Keys::List(inside), Value::Array(list)) => {
            list.iter_mut().for_each(|value| descend(value, inside, path, undeclared));
        }
        _ => {}
    }
}
