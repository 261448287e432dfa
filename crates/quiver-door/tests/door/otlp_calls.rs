//! Calls of predictions: which spans are whose, whatever comes first, and what happens when too many wait.

use crate::otlp::{NOW, START, request, span, traces};
use quiver_door::decode::otlp::{Otlp, PendingSpans, SpanBounds, decode_traces};
use quiver_event::time::Timestamp;
use serde_json::{Value, json};

fn send(pending: &mut PendingSpans, spans: &[Value], now: Timestamp) -> Otlp {
    decode_traces(&request(&traces(&[], &[], spans)), pending, now)
}

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

fn id(number: u64) -> String {
    format!("{number:016x}")
}

fn prediction(number: u64, parent: u64) -> Value {
    let parent = if parent == 0 { String::new() } else { id(parent) };
    span(&id(number), &parent, &[("quiver.model", json!("m")), ("quiver.score", json!(0.5))])
}

fn call(number: u64, parent: u64, attributes: &[(&str, Value)]) -> Value {
    let mut call = span(&id(number), &id(parent), attributes);
    call["kind"] = json!(3);
    call["endTimeUnixNano"] = json!((START + 400_000).to_string());
    call
}

fn redis(number: u64, parent: u64) -> Value {
    call(number, parent, &[("db.system", json!("redis"))])
}

fn between(number: u64, parent: u64) -> Value {
    span(&id(number), &id(parent), &[("code.function", json!("f"))])
}

fn calls(found: &Otlp, index: usize) -> Value {
    found.events[index].event.get("cost").map_or(Value::Null, |cost| cost["calls"].clone())
}

#[test]
fn calls_of_any_depth_belong_to_the_nearest_prediction_in_any_order() {
    // 1 predicts; 2 and 3 lie between; 4 predicts inside 1; 5, 6 and 7 call redis.
    let spans =
        [prediction(1, 0), between(2, 1), between(3, 2), prediction(4, 3), redis(5, 3), redis(6, 1), redis(7, 4)];
    let twice = json!({"redis": {"n": 2, "ms": 0.8}});
    let once = json!({"redis": {"n": 1, "ms": 0.4}});
    for turn in 0..spans.len() {
        let mut turned = spans.to_vec();
        turned.rotate_left(turn);
        let found = send(&mut PendingSpans::default(), &turned, NOW);
        assert_eq!((found.children, found.ignored, found.events.len()), (3, 2, 2));
        for (index, event) in found.events.iter().enumerate() {
            let outer = event.event["id"].as_str().unwrap().ends_with('1');
            assert_eq!(calls(&found, index), if outer { twice.clone() } else { once.clone() }, "{turn}");
        }
    }
    // Children come before their parents, in requests of their own.
    let mut pending = PendingSpans::default();
    for child in spans.iter().skip(1).rev() {
        send(&mut pending, std::slice::from_ref(child), NOW);
    }
    let found = send(&mut pending, &spans[..1], later(59));
    assert_eq!(calls(&found, 0), twice);
    assert_eq!((pending.late, pending.evicted, pending.expired), (0, 0, 0));
    // A request that is sent again says the same.
    assert_eq!(send(&mut pending, &spans[..1], later(59)), found);
    assert_eq!((pending.len(), pending.late), (7, 0));
}

#[test]
fn a_peer_is_named_by_what_names_it_best() {
    for (attributes, peer) in [
        (vec![("peer.service", json!("features")), ("db.system", json!("redis"))], "features"),
        (vec![("peer.service", json!("b")), ("service.peer.name", json!("a")), ("http.method", json!("GET"))], "a"),
        (vec![("db.system.name", json!("postgresql")), ("server.address", json!("db-7.example"))], "postgresql"),
        (vec![("rpc.system", json!("grpc")), ("rpc.service", json!("pkg.Scores"))], "pkg.Scores"),
        (vec![("rpc.system", json!("grpc"))], "grpc"),
        (vec![("http.request.method", json!("GET")), ("server.address", json!("api.example"))], "api.example"),
        (
            vec![("http.request.method", json!("GET")), ("url.full", json!("https://u:p@api.example:1/x?card=4111"))],
            "api.example",
        ),
        (vec![("http.url", json!("http://old.example/x"))], "old.example"),
        (vec![("http.request.method", json!("GET")), ("url.full", json!("not an address"))], "http"),
        (vec![("messaging.system", json!("kafka"))], "kafka"),
        (vec![("gen_ai.operation.name", json!("execute_tool")), ("gen_ai.tool.name", json!("search"))], "search"),
    ] {
        let found = send(&mut PendingSpans::default(), &[call(2, 1, &attributes), prediction(1, 0)], NOW);
        assert_eq!(calls(&found, 0), json!({peer: {"n": 1, "ms": 0.4}}), "{attributes:?}");
    }
}

#[test]
fn the_side_that_serves_a_call_and_the_layers_below_it_are_not_more_calls() {
    let mut served = call(3, 2, &[("http.request.method", json!("GET")), ("server.address", json!("features"))]);
    served["kind"] = json!(2);
    let http = [("http.request.method", json!("GET")), ("server.address", json!("features"))];
    let found = send(
        &mut PendingSpans::default(),
        &[redis(4, 3), served, call(5, 2, &http), call(2, 1, &http), prediction(1, 0)],
        NOW,
    );
    assert_eq!(calls(&found, 0), json!({"features": {"n": 1, "ms": 0.4}, "redis": {"n": 1, "ms": 0.4}}));
}

#[test]
fn a_generative_model_inside_a_prediction_is_its_call_and_an_event_of_its_own() {
    let chat = [("gen_ai.request.model", json!("gpt-4o")), ("gen_ai.provider.name", json!("openai"))];
    let http = [("http.request.method", json!("POST")), ("server.address", json!("api.openai.example"))];
    let found = send(&mut PendingSpans::default(), &[call(3, 2, &http), call(2, 1, &chat), prediction(1, 0)], NOW);
    assert_eq!(found.events.len(), 2);
    assert_eq!(calls(&found, 0), json!({"api.openai.example": {"n": 1, "ms": 0.4}}));
    assert_eq!(calls(&found, 1), json!({"openai": {"n": 1, "ms": 0.4}}));
    assert_eq!(found.inferred.into_iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_call_that_names_a_feature_is_that_feature_s_cost() {
    let wind = |number, more: &[(&str, Value)]| {
        let mut attributes = vec![("quiver.feature", json!("wind_speed"))];
        attributes.extend_from_slice(more);
        call(number, 1, &attributes)
    };
    let found = send(
        &mut PendingSpans::default(),
        &[
            wind(2, &[("db.system", json!("redis")), ("quiver.bytes", json!(420))]),
            wind(
                3,
                &[
                    ("http.request.method", json!("GET")),
                    ("peer.service", json!("weather")),
                    ("http.response.body.size", json!(80)),
                ],
            ),
            wind(4, &[]),
            prediction(1, 0),
        ],
        NOW,
    );
    let cost = &found.events[0].event["feature_meta"]["wind_speed"]["cost"];
    assert_eq!(*cost, json!({"ms": 1.2, "calls": 3, "bytes": 500.0}));
    assert_eq!(calls(&found, 0), json!({"redis": {"n": 1, "ms": 0.4}, "weather": {"n": 1, "ms": 0.4}}));
}

#[test]
fn late_calls_expired_calls_and_calls_of_nobody_are_counted() {
    let mut pending = PendingSpans::default();
    let found = send(&mut pending, &[prediction(1, 0)], NOW);
    assert_eq!(calls(&found, 0), Value::Null);
    send(&mut pending, &[redis(2, 1)], later(1));
    send(&mut pending, &[redis(2, 1)], later(2));
    assert_eq!(pending.late, 1);
    send(&mut pending, &[redis(3, 99)], later(3));
    pending.expire(later(62));
    assert_eq!((pending.expired, pending.len()), (0, 3));
    pending.expire(later(63));
    assert_eq!((pending.expired, pending.len(), pending.bytes(), pending.late), (1, 0, 0, 1));
}

#[test]
fn spans_that_wait_are_bounded_in_number_bytes_and_by_trace() {
    let in_trace = |trace: u64, number: u64| {
        let mut span = redis(number, 1);
        span["traceId"] = json!(format!("{trace:032x}"));
        span
    };
    let bounds = SpanBounds { spans: 10, ..SpanBounds::default() };
    let mut pending = PendingSpans::new(bounds);
    for trace in 1..=25 {
        send(&mut pending, &[in_trace(trace, 5)], NOW);
        assert!(pending.len() <= 10);
    }
    assert_eq!((pending.evicted, pending.len()), (15, 10));

    let mut pending = PendingSpans::new(SpanBounds { bytes: 4_000, ..SpanBounds::default() });
    for trace in 1..=100 {
        send(&mut pending, &[in_trace(trace, 5)], NOW);
        assert!(pending.bytes() <= 4_000);
    }
    assert_eq!(pending.evicted + pending.len() as u64, 100);
    assert!(pending.evicted > 50 && pending.len() > 3);

    let mut pending = PendingSpans::new(SpanBounds { spans_of_trace: 4, ..SpanBounds::default() });
    let many: Vec<Value> = (1..=9).map(|number| in_trace(1, number)).collect();
    send(&mut pending, &many, NOW);
    assert_eq!((pending.evicted, pending.len()), (5, 4));
}

#[test]
fn circles_chains_and_crowds_of_spans_end() {
    let circle = [redis(2, 3), redis(3, 2), redis(4, 4), prediction(5, 2)];
    let found = send(&mut PendingSpans::default(), &circle, NOW);
    assert_eq!(calls(&found, 0), Value::Null);
    // A chain as long as a trace may be, every link a call to a peer of its own.
    let mut spans = vec![prediction(1, 0)];
    spans.extend((2..=9_000).map(|number| {
        call(number, number - 1, &[("peer.service", json!(format!("p{number}"))), ("db.system", json!("x"))])
    }));
    let found = send(&mut PendingSpans::default(), &spans, NOW);
    let calls = calls(&found, 0);
    let calls = calls.as_object().unwrap();
    assert_eq!(calls.len(), quiver_door::limits::MAX_PEERS + 1);
    assert_eq!(calls.values().map(|peer| peer["n"].as_u64().unwrap()).sum::<u64>(), 8_999);
}
