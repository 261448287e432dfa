//! Turns what attributes say into an event in the shape of NDJSON; checks nothing of it.

use super::super::incoming::{fill, instant, number, put, put_inside};
use super::super::line::nests_deeper;
use super::reading::{Flag, Reading};
use super::value::json_of;
use crate::limits;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use quiver_event::time::Timestamp;
use serde_json::{Map, Value};

/// What one span or log record says, with what holds for its scope and resource.
pub(super) struct Levels<'a> {
    pub own: &'a Reading<'a>,
    pub scope: &'a Reading<'a>,
    pub resource: &'a Reading<'a>,
}

/// What is known of an event besides its attributes.
#[derive(Default)]
pub(super) struct Facts<'a> {
    pub at: Option<Timestamp>,
    pub id: Option<String>,
    pub trace_id: Option<String>,
    pub latency_ms: Option<f64>,
    pub error: Option<&'a str>,
    /// Flags evaluated in the span's events.
    pub flags: Vec<Flag<'a>>,
}

impl<'a> Levels<'a> {
    /// The model's name by `quiver.model`: the span's or record's own, then the scope's, then the resource's.
    pub(super) fn named_model(&self) -> Option<&'a str> {
        self.own.model.or(self.scope.model).or(self.resource.model)
    }

    pub(super) fn model(&self) -> Option<&'a str> {
        self.named_model().or_else(|| self.own.gen_ai.model())
    }

    pub(super) fn kind(&self) -> &'a str {
        self.own.kind.or(self.scope.kind).or(self.resource.kind).unwrap_or(PREDICTION)
    }

    /// The event, over what a log record's body already said.
    pub(super) fn event(&self, facts: Facts<'a>, body: Map<String, Value>) -> Map<String, Value> {
        let mut event = body;
        let kind = match event.get("kind").and_then(Value::as_str) {
            Some(kind) => kind.to_owned(),
            None => self.kind().to_owned(),
        };
        put(&mut event, "kind", Value::String(kind.clone()));
        if let Some(model) = self.model() {
            put(&mut event, "model", Value::from(model));
        }
        let prediction = kind == PREDICTION;
        let mut wholes = Vec::new();
        for level in [self.own, self.scope, self.resource] {
            for (key, value) in &level.quiver {
                take(&mut event, key, value, prediction, &mut wholes);
            }
        }
        for (key, more) in wholes {
            match event.get_mut(key) {
                Some(Value::Object(inside)) => fill(inside, more),
                Some(_) => {}
                None => {
                    event.insert(key.to_owned(), Value::Object(more));
                }
            }
        }
        if let Some(at) = facts.at {
            put(&mut event, "at", instant(at));
        }
        if let Some(id) = facts.id {
            put(&mut event, "id", Value::String(id));
        }
        if prediction {
            if let Some(trace_id) = facts.trace_id {
                put(&mut event, "trace_id", Value::String(trace_id));
            }
            if let Some(latency) = facts.latency_ms {
                put(&mut event, "latency_ms", number(latency));
            }
            if let Some(error) = facts.error {
                put(&mut event, "error", Value::from(error));
            }
            self.take_gen_ai(&mut event);
            self.take_flag(&mut event, &facts.flags);
        }
        event
    }

    fn take_gen_ai(&self, event: &mut Map<String, Value>) {
        let gen_ai = &self.own.gen_ai;
        if let Some(version) = gen_ai.response_model.or(gen_ai.request_model) {
            put(event, "version", Value::from(version));
        }
        if let Some(operation) = gen_ai.operation {
            put(event, "request_type", Value::from(operation));
        }
        for (key, tokens) in [("tokens_in", gen_ai.tokens_in), ("tokens_out", gen_ai.tokens_out)] {
            if let Some(tokens) = tokens {
                put_inside(event, "cost", key, number(tokens));
            }
        }
    }

    /// The arm by a feature flag. Of several flags the one named by `quiver.arm.flag` is it; otherwise none is.
    fn take_flag(&self, event: &mut Map<String, Value>, more: &[Flag<'a>]) {
        let named = [self.own, self.scope, self.resource].into_iter().find_map(|level| {
            let (_, value) = level.quiver.iter().find(|(key, _)| *key == "arm.flag")?;
            super::value::text_of(value)
        });
        let flags: Vec<&Flag<'a>> = std::iter::once(&self.own.flag)
            .chain(more)
            .filter(|flag| flag.variant.is_some() && named.is_none_or(|named| flag.key == Some(named)))
            .collect();
        let Some(flag) = flags.last().filter(|last| flags.iter().all(|flag| flag.key == last.key)) else { return };
        if let Some(variant) = flag.variant {
            put_inside(event, "arm", "served", Value::from(variant));
            if flag.was_assigned() {
                put_inside(event, "arm", "assigned", Value::from(variant));
            }
            if let Some(key) = flag.key {
                let config = flag.version.map_or_else(|| key.to_owned(), |version| format!("{key}@{version}"));
                put_inside(event, "arm", "config", Value::String(config));
            }
        }
    }
}

/// The kind of an event that names none.
pub(super) const PREDICTION: &str = "prediction";

/// Keys of an event whose values are texts, whatever type an attribute gives them.
const TEXTS: [&str; 14] = [
    "id",
    "version",
    "request_type",
    "decision_id",
    "subject",
    "prediction_id",
    "trace_id",
    "item",
    "entity",
    "name",
    "source",
    "what",
    "ref",
    "error",
];

/// Keys of an event whose values are instants: text in RFC 3339, or OTLP's nanoseconds.
const INSTANTS: [&str; 5] = ["at", "known_at", "data_until", "event_at", "computed_at"];

/// Puts one attribute where it belongs. A key nobody knows is put at the top, where it is dropped and counted.
fn take(
    event: &mut Map<String, Value>,
    key: &str,
    value: &AnyValue,
    prediction: bool,
    wholes: &mut Vec<(&'static str, Map<String, Value>)>,
) {
    let value = json_of(value);
    match key {
        "arm.flag" => {}
        "features" | "output" => {
            let key = if key == "features" { "features" } else { "output" };
            match object_of(value) {
                Ok(map) => wholes.push((key, map)),
                Err(other) => put(event, key, other),
            }
        }
        "score" | "class" if prediction => put_inside(event, "output", key, of_type(key, value)),
        "value" if prediction => put_inside(event, "output", key, value),
        "label" => put(event, "name", as_text(value)),
        "label_value" => put(event, "value", value),
        "action" | "model_action" | "rule" => put_inside(event, "decision", key, as_text(value)),
        "decided_by" => put_inside(event, "decision", "by", value),
        _ => {
            let Some((outer, inner)) = key.split_once('.') else {
                return put(event, key, of_type(key, value));
            };
            match (outer, inner) {
                ("feature", name) => put_inside(event, "features", name, value),
                ("feature_meta", path) => take_meta(event, path, value),
                ("slice", name) => put_inside(event, "slices", name, value),
                ("probabilities", class) => take_probability(event, class, value),
                ("output", path) => match path.strip_prefix("probabilities.") {
                    Some(class) => take_probability(event, class, value),
                    None => put_inside(event, "output", path, of_type(path, value)),
                },
                ("arm", "propensity") => put_inside(event, "arm", inner, value),
                ("arm", _) => put_inside(event, "arm", inner, as_text(value)),
                ("cost", _) => put_inside(event, "cost", inner, value),
                _ => put(event, key, value),
            }
        }
    }
}

fn take_meta(event: &mut Map<String, Value>, path: &str, value: Value) {
    let (name, field) = path.rsplit_once('.').unwrap_or((path, ""));
    let mut meta = Map::new();
    meta.insert(field.to_owned(), of_type(field, value));
    put_inside(event, "feature_meta", name, Value::Object(Map::new()));
    if let Some(Value::Object(known)) = event.get_mut("feature_meta").and_then(|metas| metas.get_mut(name)) {
        fill(known, meta);
    }
}

fn take_probability(event: &mut Map<String, Value>, class: &str, value: Value) {
    put_inside(event, "output", "probabilities", Value::Object(Map::new()));
    if let Some(Value::Object(output)) = event.get_mut("output") {
        put_inside(output, "probabilities", class, value);
    }
}

fn of_type(key: &str, value: Value) -> Value {
    match &value {
        _ if TEXTS.contains(&key) || key == "class" => as_text(value),
        Value::Number(nanoseconds) if INSTANTS.contains(&key) => {
            match nanoseconds.as_u64().and_then(super::value::instant_of) {
                Some(at) => instant(at),
                None => value,
            }
        }
        _ => value,
    }
}

/// Numbers and truth values are names too, where a name is wanted.
fn as_text(value: Value) -> Value {
    match value {
        Value::Number(_) | Value::Bool(_) => Value::String(super::super::feature_plan::value_text(&value)),
        other => other,
    }
}

/// A map, or a text that holds one, since most SDKs have no attributes that are maps.
fn object_of(value: Value) -> Result<Map<String, Value>, Value> {
    match value {
        Value::Object(map) => Ok(map),
        Value::String(text) if text.trim_start().starts_with('{') => {
            if nests_deeper(text.as_bytes(), limits::MAX_EVENT_DEPTH) {
                return Err(Value::String(text));
            }
            serde_json::from_str(&text).map_err(|_| Value::String(text))
        }
        other => Err(other),
    }
}
