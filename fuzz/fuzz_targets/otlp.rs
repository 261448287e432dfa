//! OTLP requests in both encodings: each span and record is accounted for, a request sent again says the same, and
//! what becomes an event is clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_door::decode::otlp::{
    PendingSpans, SpanBounds, decode_logs, decode_traces, parse_logs_json, parse_logs_protobuf, parse_traces_json,
    parse_traces_protobuf,
};
use quiver_fuzz::{Door, NOW};

fuzz_target!(|input: &[u8]| {
    let Some((form, body)) = input.split_first() else { return };
    let traces = match form % 4 {
        0 => parse_traces_json(body),
        1 => parse_traces_protobuf(body),
        form => {
            let logs = if form == 2 { parse_logs_json(body) } else { parse_logs_protobuf(body) };
            let Ok(logs) = logs else { return };
            let scopes = logs.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
            let records: usize = scopes.map(|scope| scope.log_records.len()).sum();
            let found = decode_logs(&logs, NOW);
            assert_eq!(found.events.len() + found.refused.len() + found.ignored as usize, records);
            assert_eq!(decode_logs(&logs, NOW), found);
            Door::get().take(found.events);
            return;
        }
    };
    let Ok(traces) = traces else { return };
    let scopes = traces.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
    let mut pending = PendingSpans::default();
    let found = decode_traces(&traces, &mut pending, NOW);
    // A generative model that was asked is both a call and an event.
    let (events, calls, ignored) = (found.events.len(), found.children as usize, found.ignored as usize);
    assert!(events.max(calls) + ignored <= spans && events + calls + ignored >= spans);
    assert_eq!(decode_traces(&traces, &mut pending, NOW), found, "a request that is sent again says the same");

    let bounds = SpanBounds { spans: 2, bytes: 1_000, spans_of_trace: 2, ..SpanBounds::default() };
    let (spans, bytes) = (bounds.spans, bounds.bytes);
    let mut crowded = PendingSpans::new(bounds);
    decode_traces(&traces, &mut crowded, NOW);
    assert!(crowded.len() <= spans && crowded.bytes() <= bytes, "what waits is bounded");
    Door::get().take(found.events);
});
