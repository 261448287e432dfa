//! Turns OTLP's log records into events, by their attributes or by a body that is an event; checks no event.

use super::super::incoming::{Incoming, Refused};
use super::super::line::nests_deeper;
use super::super::rejected::reason;
use super::mapping::{Facts, Levels};
use super::reading::Reading;
use super::value::{hex, instant_of, json_of};
use super::{Otlp, hash_of};
use crate::limits;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use quiver_event::event::Kind;
use quiver_event::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Reads the events of a request of logs. A record without any time is dated `now`, when it was observed here.
pub fn decode_logs(request: &ExportLogsServiceRequest, now: Timestamp) -> Otlp {
    let mut found = Otlp::default();
    let mut hashes: HashMap<String, u64> = HashMap::new();
    let mut position = 0;
    for resource_logs in &request.resource_logs {
        let resource = resource_logs.resource.as_ref();
        let resource_reading = Reading::of(resource.map_or(&[][..], |resource| &resource.attributes));
        for scope_logs in &resource_logs.scope_logs {
            let scope = Reading::of(scope_logs.scope.as_ref().map_or(&[][..], |scope| &scope.attributes));
            for record in &scope_logs.log_records {
                position += 1;
                let own = Reading::of(&record.attributes);
                let levels = Levels { own: &own, scope: &scope, resource: &resource_reading };
                match body_of(record, &levels) {
                    Ok(Some(body)) => {
                        let named = body.contains_key("model") || levels.named_model().is_some();
                        if !named && own.quiver.is_empty() && own.kind.is_none() {
                            found.inferred.insert(position);
                        }
                        let facts = facts_of(record, resource, &own, named, now, &mut hashes);
                        found.events.push(Incoming { position, event: levels.event(facts, body) });
                    }
                    Ok(None) => found.ignored += 1,
                    Err(reason) => found.refused.push(Refused { position, reason }),
                }
            }
        }
    }
    found
}

/// What the body says of the event, where the record is one; its text is read only where it can be an event.
fn body_of(record: &LogRecord, levels: &Levels<'_>) -> Result<Option<Map<String, Value>>, &'static str> {
    let own = levels.own;
    // Whoever speaks of an event without naming a model is to be told.
    let declared = own.model.is_some()
        || own.kind.is_some()
        || !own.quiver.is_empty()
        || levels.named_model().is_some() && own.speaks();
    let body = record.body.as_ref().and_then(|body| body.value.as_ref());
    let body = match body {
        Some(Any::StringValue(text)) if text.trim_start().starts_with('{') => {
            // Most logs are no events: one look for the key spares reading them.
            if !declared && !text.contains("\"kind\"") {
                Ok(None)
            } else if nests_deeper(text.as_bytes(), limits::MAX_EVENT_DEPTH) {
                Err(reason::TOO_DEEP)
            } else {
                serde_json::from_str::<Map<String, Value>>(text).map(Some).map_err(|_| reason::NOT_JSON)
            }
        }
        Some(Any::KvlistValue(list)) => {
            let is_kind = |key: &str| key == "kind";
            match declared || list.values.iter().any(|pair| is_kind(&pair.key)) {
                true => match json_of(record.body.as_ref().unwrap_or(&Default::default())) {
                    Value::Object(body) => Ok(Some(body)),
                    _ => Ok(None),
                },
                false => Ok(None),
            }
        }
        _ => Ok(None),
    };
    match body {
        Ok(Some(body)) if declared || is_event(&body, levels) => Ok(Some(body)),
        Err(reason) if declared => Err(reason),
        _ if declared => Ok(Some(Map::new())),
        // The records of old conventions name the system and hold content: they are messages, not answers.
        _ if own.gen_ai.asks_a_model() && (own.gen_ai.operation.is_some() || own.gen_ai.request_model.is_some()) => {
            Ok(Some(Map::new()))
        }
        _ => Ok(None),
    }
}

/// Whether a body says by itself that it is an event.
fn is_event(body: &Map<String, Value>, levels: &Levels<'_>) -> bool {
    let kind = body.get("kind").and_then(Value::as_str);
    let known = kind.is_some_and(|kind| Kind::ALL.iter().any(|known| known.name() == kind));
    known && (body.get("model").is_some_and(Value::is_string) || levels.named_model().is_some())
}

fn facts_of<'a>(
    record: &LogRecord,
    resource: Option<&Resource>,
    own: &Reading<'a>,
    named: bool,
    now: Timestamp,
    hashes: &mut HashMap<String, u64>,
) -> Facts<'a> {
    let trace = Some(&record.trace_id).filter(|id| id.len() == 16 && id.iter().any(|byte| *byte != 0));
    let span = Some(&record.span_id).filter(|id| id.len() == 8 && id.iter().any(|byte| *byte != 0));
    let place = trace.zip(span).map(|(trace, span)| format!("{}-{}", hex(trace), hex(span)));
    let id = match (place, named) {
        // The record of a generative model's answer is the same answer as its span.
        (Some(place), false) => place,
        // One span may log many predictions, so the place alone would name them all alike.
        (place, _) => {
            let hash = hash_of(record, resource);
            let id = place.map_or_else(|| hash.clone(), |place| format!("{place}-{hash}"));
            let times = hashes.entry(hash).or_insert(0);
            *times += 1;
            if *times == 1 { id } else { format!("{id}-{times}") }
        }
    };
    Facts {
        at: instant_of(record.time_unix_nano).or(instant_of(record.observed_time_unix_nano)).or(Some(now)),
        id: Some(id),
        trace_id: trace.map(|trace| hex(trace)),
        latency_ms: None,
        error: own.error_type.or(own.exception_type),
        flags: Vec::new(),
    }
}
