//! Turns OTLP's spans and log records into events, and the spans below a prediction into its calls; checks no event.

mod logs;
mod mapping;
mod parse;
mod pending;
mod reading;
mod value;

use super::incoming::{Incoming, Refused, number, put_inside};
use mapping::{Facts, Levels, PREDICTION};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use pending::{Call, Node, SpanKey, Spent};
use prost::Message;
use quiver_event::time::Timestamp;
use reading::{Flag, Reading};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use value::{hex, instant_of};

pub use logs::decode_logs;
pub use parse::{OtlpError, parse_logs_json, parse_logs_protobuf, parse_traces_json, parse_traces_protobuf};
pub use pending::{PendingSpans, SpanBounds};

/// What one request of OTLP holds.
#[derive(Debug, Default, PartialEq)]
pub struct Otlp {
    /// The events, in the request's order.
    pub events: Vec<Incoming>,
    /// Log records that say they are events and cannot be read.
    pub refused: Vec<Refused>,
    /// Positions of events whose model nobody named by `quiver.model`: a generative model's name stands in. Where no
    /// spec has that name, the sender did nothing wrong.
    pub inferred: BTreeSet<u64>,
    /// Spans that went out to something, whether their prediction is known or not.
    pub children: u64,
    /// Spans and log records that are neither events nor calls.
    pub ignored: u64,
}

/// Reads the events of a request of traces. `spans` keeps what may belong to a prediction that is still to come.
pub fn decode_traces(request: &ExportTraceServiceRequest, spans: &mut PendingSpans, now: Timestamp) -> Otlp {
    spans.expire(now);
    let mut found = Otlp::default();
    let mut predictions: Vec<(SpanKey, usize)> = Vec::new();
    let mut position = 0;
    for resource_spans in &request.resource_spans {
        let attributes = resource_spans.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        let resource = Reading::of(attributes);
        for scope_spans in &resource_spans.scope_spans {
            let attributes = scope_spans.scope.as_ref().map_or(&[][..], |scope| &scope.attributes);
            let scope = Reading::of(attributes);
            for span in &scope_spans.spans {
                position += 1;
                let own = Reading::of(&span.attributes);
                let levels = Levels { own: &own, scope: &scope, resource: &resource };
                let call = call_of(span, &own);
                let is_call = call.is_some();
                let is_event = is_event(&levels, is_call);
                if let Some(key) = key_of(span) {
                    let is_prediction = is_event && levels.kind() == PREDICTION;
                    if is_prediction {
                        predictions.push((key, found.events.len()));
                    }
                    let parent = span.parent_span_id.as_slice().try_into().ok();
                    spans.add(key, Node { parent, is_prediction, call }, now);
                }
                found.children += u64::from(is_call);
                if is_event {
                    let event = levels
                        .event(facts_of(span, &own, || hash_of(span, resource_spans.resource.as_ref())), Map::new());
                    // Whoever speaks of an event without naming a model is to be told.
                    if levels.named_model().is_none() && own.quiver.is_empty() && own.kind.is_none() {
                        found.inferred.insert(position);
                    }
                    found.events.push(Incoming { position, event });
                } else if !is_call {
                    found.ignored += 1;
                }
            }
        }
    }
    let keys: Vec<SpanKey> = predictions.iter().map(|(key, _)| *key).collect();
    let mut spent = spans.settle(&keys);
    for (key, index) in predictions {
        if let Some(spent) = spent.remove(&key) {
            put_spent(&mut found.events[index].event, spent);
        }
    }
    found
}

/// Whether a span is an event: it says so itself, its scope's tracer makes nothing else, or it asks a generative model.
/// A resource that names a model makes no events of the spans that say nothing more.
fn is_event(levels: &Levels<'_>, is_call: bool) -> bool {
    let own = levels.own;
    if own.model.is_some() || own.gen_ai.asks_a_model() {
        return true;
    }
    match (levels.scope.model, levels.resource.model) {
        (Some(_), _) => own.speaks() || !is_call,
        (None, Some(_)) => own.speaks(),
        // Whoever speaks of an event without naming a model is to be told.
        (None, None) => own.kind.is_some() || !own.quiver.is_empty(),
    }
}

/// The call that a span is; the side that serves a call is not the call.
fn call_of(span: &Span, own: &Reading<'_>) -> Option<Box<Call>> {
    let serves = matches!(span.kind(), SpanKind::Server | SpanKind::Consumer);
    let goes_out = own.peer.is_call() && !serves;
    if !goes_out && own.feature.is_none() {
        return None;
    }
    let peer = if goes_out { own.peer.name().map(bounded) } else { None };
    let nanoseconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
    Some(Box::new(Call::new(peer, own.feature.map(|name| bounded(name.to_owned())), nanoseconds, own.bytes)))
}

/// A name no longer than names are.
fn bounded(mut name: String) -> String {
    if let Some((end, _)) = name.char_indices().nth(MAX_NAME_CHARACTERS) {
        name.truncate(end);
    }
    name.shrink_to_fit();
    name
}

/// The longest name of a peer or feature that is remembered of a call.
const MAX_NAME_CHARACTERS: usize = 200;

fn key_of(span: &Span) -> Option<SpanKey> {
    let trace_id: [u8; 16] = span.trace_id.as_slice().try_into().ok()?;
    let span_id: [u8; 8] = span.span_id.as_slice().try_into().ok()?;
    // All zeros is what OTLP calls an invalid id.
    (trace_id != [0; 16] && span_id != [0; 8]).then_some((trace_id, span_id))
}

fn facts_of<'a>(span: &'a Span, own: &Reading<'a>, hash: impl FnOnce() -> String) -> Facts<'a> {
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    let latency = (start != 0 && end >= start).then(|| (end - start) as f64 / 1e6);
    let key = key_of(span);
    let events = span.events.iter().map(|event| (event.name.as_str(), Reading::of(&event.attributes)));
    let (mut flags, mut exception): (Vec<Flag<'a>>, _) = (Vec::new(), None);
    for (name, reading) in events {
        match name {
            "feature_flag.evaluation" | "feature_flag" => flags.push(reading.flag),
            "exception" => exception = Some((reading.exception_type, reading.exception_message)),
            _ => {}
        }
    }
    Facts {
        at: instant_of(start),
        id: Some(key.map_or_else(hash, |(trace, span)| format!("{}-{}", hex(&trace), hex(&span)))),
        trace_id: key.map(|(trace, _)| hex(&trace)),
        latency_ms: latency,
        error: error_of(span, own, exception),
        flags,
    }
}

/// What a failed span says of its failure: its status, or the type of the error. An exception's message may hold
/// anything, so a status that repeats it gives way to the type.
fn error_of<'a>(
    span: &'a Span,
    own: &Reading<'a>,
    exception: Option<(Option<&'a str>, Option<&'a str>)>,
) -> Option<&'a str> {
    let failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    if !failed {
        return own.error_type;
    }
    let (kind, message) = exception.unwrap_or((own.exception_type, own.exception_message));
    let status = span.status.as_ref().map(|status| status.message.as_str()).filter(|status| !status.is_empty());
    let own_words = status.filter(|status| !message.is_some_and(|message| status.contains(message)));
    own_words.or(own.error_type).or(kind).or(Some("error"))
}

/// A name for what has none, the same whenever it is sent.
fn hash_of(record: &impl Message, resource: Option<&Resource>) -> String {
    let mut digest = Sha256::new();
    let record = record.encode_to_vec();
    digest.update((record.len() as u64).to_le_bytes());
    digest.update(record);
    digest.update(resource.map(Message::encode_to_vec).unwrap_or_default());
    hex(&digest.finalize()[..16])
}

fn put_spent(event: &mut Map<String, Value>, spent: Spent) {
    let milliseconds = |nanoseconds: u64| number(nanoseconds as f64 / 1e6);
    if !spent.peers.is_empty() {
        put_inside(event, "cost", "calls", Value::Object(Map::new()));
    }
    for (peer, (calls, nanoseconds)) in spent.peers {
        if let Some(Value::Object(cost)) = event.get_mut("cost") {
            let inside = [("n".to_owned(), Value::from(calls)), ("ms".to_owned(), milliseconds(nanoseconds))];
            put_inside(cost, "calls", &peer, Value::Object(inside.into_iter().collect()));
        }
    }
    for (feature, (calls, nanoseconds, bytes)) in spent.features {
        let mut cost = Map::new();
        cost.insert("ms".to_owned(), milliseconds(nanoseconds));
        cost.insert("calls".to_owned(), Value::from(calls));
        if let Some(bytes) = bytes {
            cost.insert("bytes".to_owned(), number(bytes));
        }
        put_inside(event, "feature_meta", &feature, Value::Object(Map::new()));
        if let Some(Value::Object(metas)) = event.get_mut("feature_meta") {
            put_inside(metas, &feature, "cost", Value::Object(cost));
        }
    }
}
