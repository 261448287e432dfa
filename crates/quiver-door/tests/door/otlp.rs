//! OTLP requests: which spans are events and what they say, and which requests are none.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use quiver_door::decode::otlp::{
    Otlp, OtlpError, PendingSpans, decode_traces, parse_traces_json, parse_traces_protobuf,
};
use quiver_event::event::Event;
use quiver_event::time::Timestamp;
use serde_json::{Value, json};

pub const NOW: Timestamp = Timestamp(1_372_687_400_000_000);

/// Attributes as OTLP writes them in JSON.
pub fn attributes(pairs: &[(&str, Value)]) -> Value {
    let attribute = |(key, value): &(&str, Value)| json!({"key": key, "value": any(value)});
    pairs.iter().map(attribute).collect()
}

pub fn any(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(truth) => json!({"boolValue": truth}),
        // 64-bit integers are texts in protobuf's JSON.
        Value::Number(number) if number.is_i64() => json!({"intValue": number.to_string()}),
        Value::Number(number) => json!({"doubleValue": number}),
        Value::Array(list) => json!({"arrayValue": {"values": list.iter().map(any).collect::<Vec<_>>()}}),
        Value::Object(map) => {
            let pairs: Vec<Value> = map.iter().map(|(key, value)| json!({"key": key, "value": any(value)})).collect();
            json!({"kvlistValue": {"values": pairs}})
        }
        Value::Null => json!({}),
    }
}

pub const TRACE: &str = "5b8efff798038103d269b633813fc60c";
pub const START: u64 = 1_372_687_391_000_000_000;

/// A span of 7.25 ms.
pub fn span(id: &str, parent: &str, attributes_of_it: &[(&str, Value)]) -> Value {
    json!({
        "traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": "predict", "kind": 1, "flags": 257,
        "startTimeUnixNano": START.to_string(), "endTimeUnixNano": (START + 7_250_000).to_string(),
        "attributes": attributes(attributes_of_it), "droppedAttributesCount": 0, "events": [], "links": [],
        "status": {}
    })
}

pub fn traces(resource: &[(&str, Value)], scope: &[(&str, Value)], spans: &[Value]) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": attributes(resource), "droppedAttributesCount": 0},
        "scopeSpans": [{"scope": {"name": "shop", "version": "1.2", "attributes": attributes(scope)}, "spans": spans,
                        "schemaUrl": "https://opentelemetry.io/schemas/1.30.0"}]
    }]})
}

pub fn request(json: &Value) -> ExportTraceServiceRequest {
    parse_traces_json(json.to_string().as_bytes()).unwrap()
}

pub fn decode(json: &Value) -> Otlp {
    decode_traces(&request(json), &mut PendingSpans::default(), NOW)
}

fn one(attributes: &[(&str, Value)]) -> Value {
    let mut found = decode(&traces(&[], &[], &[span("eee19b7ec3c1b174", "", attributes)]));
    assert_eq!((found.events.len(), found.refused.len()), (1, 0));
    Value::Object(found.events.remove(0).event)
}

#[test]
fn every_attribute_of_a_prediction_has_its_place() {
    let event = one(&[
        ("quiver.model", json!("flight-delay")),
        ("quiver.id", json!(190)),
        ("quiver.version", json!("2013-03")),
        ("quiver.request_type", json!("board")),
        ("quiver.decision_id", json!("b-77")),
        ("quiver.subject", json!("u-1")),
        ("quiver.score", json!(0.81)),
        ("quiver.output.embedding", json!([0.5, 1.0])),
        ("quiver.probabilities.late", json!(0.75)),
        ("quiver.feature.carrier", json!("UA")),
        ("quiver.feature.distance", json!(1400)),
        ("quiver.feature.wind.speed", json!(23.5)),
        ("quiver.feature.night", json!(true)),
        ("quiver.feature.vector", json!([1.5, 2.5])),
        ("quiver.features", json!(r#"{"origin":"JFK","carrier":"ZZ"}"#)),
        ("quiver.feature_meta.wind.speed.event_at", json!("2013-07-01T13:50:00Z")),
        ("quiver.feature_meta.wind.speed.computed_at", json!(START as i64)),
        ("quiver.feature_meta.wind.speed.status", json!("stale")),
        ("quiver.feature_meta.wind.speed.source", json!("weather")),
        ("quiver.slice.origin", json!("JFK")),
        ("quiver.action", json!("ignore")),
        ("quiver.model_action", json!("notify")),
        ("quiver.decided_by", json!("rule")),
        ("quiver.rule", json!("quiet-hours")),
        ("quiver.arm.assigned", json!("a")),
        ("quiver.arm.served", json!("b")),
        ("quiver.arm.propensity", json!(0.5)),
        ("quiver.arm.config", json!("c1")),
        ("quiver.cost.cpu_ms", json!(1.5)),
        ("quiver.scoer", json!(1)),
        ("http.route", json!("/predict")),
    ]);
    let expected = json!({
        "kind": "prediction", "model": "flight-delay", "id": "190", "version": "2013-03", "request_type": "board",
        "decision_id": "b-77", "subject": "u-1",
        "output": {"score": 0.81, "embedding": [0.5, 1.0], "probabilities": {"late": 0.75}},
        "features": {"carrier": "UA", "distance": 1400, "wind.speed": 23.5, "night": true, "vector": [1.5, 2.5],
                     "origin": "JFK"},
        "feature_meta": {"wind.speed": {"event_at": "2013-07-01T13:50:00Z", "computed_at": "2013-07-01T14:03:11Z",
                                        "status": "stale", "source": "weather"}},
        "slices": {"origin": "JFK"},
        "decision": {"action": "ignore", "model_action": "notify", "by": "rule", "rule": "quiet-hours"},
        "arm": {"assigned": "a", "served": "b", "propensity": 0.5, "config": "c1"},
        "cost": {"cpu_ms": 1.5}, "scoer": 1,
        "at": "2013-07-01T14:03:11Z", "trace_id": TRACE, "latency_ms": 7.25
    });
    assert_eq!(event, expected);
    let Event::Prediction(read) = serde_json::from_value(event).unwrap() else { panic!("not a prediction") };
    assert_eq!(read.latency_ms, Some(7.25));
}

#[test]
fn the_other_kinds_are_spans_too() {
    let feedback = one(&[
        ("quiver.model", json!("m")),
        ("quiver.kind", json!("feedback")),
        ("quiver.prediction_id", json!("0190")),
        ("quiver.label", json!("late")),
        ("quiver.label_value", json!(1)),
        ("quiver.known_at", json!("2013-07-01T21:44:00Z")),
    ]);
    let id = format!("{TRACE}-eee19b7ec3c1b174");
    assert_eq!(
        feedback,
        json!({"kind": "feedback", "model": "m", "prediction_id": "0190", "name": "late", "value": 1,
               "known_at": "2013-07-01T21:44:00Z", "at": "2013-07-01T14:03:11Z", "id": id})
    );
    let heartbeat = one(&[
        ("quiver.model", json!("m")),
        ("quiver.kind", json!("heartbeat")),
        ("quiver.source", json!("weather")),
        ("quiver.data_until", json!(START as i64)),
        ("quiver.rows", json!(3)),
    ]);
    assert_eq!(
        heartbeat,
        json!({"kind": "heartbeat", "model": "m", "source": "weather", "data_until": "2013-07-01T14:03:11Z", "rows": 3,
               "at": "2013-07-01T14:03:11Z", "id": id})
    );
    let change = one(&[
        ("quiver.model", json!("m")),
        ("quiver.kind", json!("change")),
        ("quiver.what", json!("deploy")),
        ("quiver.ref", json!("v2")),
    ]);
    assert_eq!(change["what"], "deploy");
    assert_eq!(change["ref"], "v2");
}

#[test]
fn a_model_is_the_span_s_then_the_scope_s_then_the_resource_s() {
    let own = |model: &str| span("0000000000000001", "", &[("quiver.model", json!(model))]);
    let scored = span("0000000000000002", "", &[("quiver.score", json!(0.5))]);
    let silent = span("0000000000000003", "", &[("code.function", json!("main"))]);
    let call = span("0000000000000004", "", &[("db.system", json!("redis"))]);
    let resource = [("quiver.model", json!("of-resource")), ("quiver.version", json!("v1"))];
    let all = [own("own"), scored, silent, call];
    let found = decode(&traces(&resource, &[], &all));
    let models: Vec<(u64, &str)> =
        found.events.iter().map(|event| (event.position, event.event["model"].as_str().unwrap())).collect();
    assert_eq!(models, [(1, "own"), (2, "of-resource")]);
    assert_eq!(found.events[0].event["version"], "v1");
    assert_eq!((found.ignored, found.children), (1, 1));
    let found = decode(&traces(&resource, &[("quiver.model", json!("of-scope"))], &all));
    let models: Vec<&str> = found.events.iter().map(|event| event.event["model"].as_str().unwrap()).collect();
    assert_eq!(models, ["own", "of-scope", "of-scope"]);
    let found = decode(&traces(&[], &[], &all[1..]));
    assert_eq!(found.events.len(), 1, "who speaks of an event without naming a model is to be told");
    assert!(!found.events[0].event.contains_key("model"));
}

#[test]
fn generative_models_are_known_by_old_and_new_names_and_their_content_is_never_taken() {
    let content = "tell me of Ada Lovelace";
    let new = one(&[
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("openai")),
        ("gen_ai.request.model", json!("gpt-4o")),
        ("gen_ai.response.model", json!("gpt-4o-2024-08-06")),
        ("gen_ai.usage.input_tokens", json!(97)),
        ("gen_ai.usage.output_tokens", json!(52)),
        ("gen_ai.usage.cost.amount", json!(0.01)),
        ("gen_ai.input.messages", json!(content)),
        ("gen_ai.output.messages", json!([content])),
        ("gen_ai.system_instructions", json!(content)),
    ]);
    let old = one(&[
        ("gen_ai.system", json!("openai")),
        ("gen_ai.request.model", json!("gpt-4o")),
        ("gen_ai.usage.prompt_tokens", json!(97)),
        ("gen_ai.usage.completion_tokens", json!(52)),
        ("gen_ai.prompt", json!(content)),
        ("gen_ai.completion", json!(content)),
    ]);
    for (event, version) in [(&new, "gpt-4o-2024-08-06"), (&old, "gpt-4o")] {
        assert_eq!(event["model"], "gpt-4o");
        assert_eq!(event["version"], version);
        assert_eq!(event["cost"], json!({"tokens_in": 97.0, "tokens_out": 52.0}));
        assert!(!event.to_string().contains("Lovelace"));
    }
    assert_eq!(new["request_type"], "chat");
    let agent = one(&[
        ("gen_ai.operation.name", json!("invoke_agent")),
        ("gen_ai.agent.name", json!("helper")),
        ("gen_ai.request.model", json!("gpt-4o")),
    ]);
    assert_eq!(agent["model"], "helper");
    let tool = [("gen_ai.operation.name", json!("execute_tool")), ("gen_ai.tool.name", json!("search"))];
    let found = decode(&traces(&[], &[], &[span("0000000000000001", "", &tool)]));
    assert_eq!((found.events.len(), found.children), (0, 1));
    let found = decode(&traces(&[], &[], &[span("0000000000000001", "", &[("gen_ai.system", json!("x"))])]));
    assert_eq!(found.inferred.into_iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn a_failed_span_says_its_status_or_type_and_never_an_exception_s_message() {
    let fail = |status: Value, attributes_of_it: &[(&str, Value)], events: Value| {
        let mut pairs = vec![("quiver.model", json!("m"))];
        pairs.extend_from_slice(attributes_of_it);
        let mut failed = span("eee19b7ec3c1b174", "", &pairs);
        failed["status"] = status;
        failed["events"] = events;
        let event = decode(&traces(&[], &[], &[failed])).events.remove(0).event;
        assert!(!Value::Object(event.clone()).to_string().contains("4111"));
        event.get("error").cloned()
    };
    let exception = json!([{"name": "exception", "timeUnixNano": "1", "attributes": attributes(&[
        ("exception.type", json!("ValueError")), ("exception.message", json!("bad card 4111")),
        ("exception.stacktrace", json!("File 4111"))])}]);
    let timeout = [("error.type", json!("timeout"))];
    assert_eq!(fail(json!({"code": 2, "message": "no model"}), &timeout, json!([])), Some(json!("no model")));
    assert_eq!(fail(json!({"code": 2}), &timeout, exception.clone()), Some(json!("timeout")));
    assert_eq!(fail(json!({"code": 2}), &[], exception.clone()), Some(json!("ValueError")));
    let repeated = json!({"code": 2, "message": "ValueError: bad card 4111"});
    assert_eq!(fail(repeated, &[], exception.clone()), Some(json!("ValueError")));
    assert_eq!(fail(json!({"code": "STATUS_CODE_ERROR"}), &[], json!([])), Some(json!("error")));
    assert_eq!(fail(json!({"code": 1}), &[], exception), None);
    assert_eq!(fail(json!({}), &timeout, json!([])), Some(json!("timeout")));
}

#[test]
fn a_feature_flag_is_the_arm_unless_several_could_be() {
    let model = ("quiver.model", json!("m"));
    let arm = |own: &[(&str, Value)], flags: &[&[(&str, Value)]]| {
        let mut pairs = vec![model.clone()];
        pairs.extend_from_slice(own);
        let mut decided = span("eee19b7ec3c1b174", "", &pairs);
        let name = |index: usize| if index == 0 { "feature_flag.evaluation" } else { "feature_flag" };
        let events =
            flags.iter().enumerate().map(|(index, flag)| json!({"name": name(index), "attributes": attributes(flag)}));
        decided["events"] = events.collect();
        decode(&traces(&[], &[], &[decided])).events.remove(0).event.remove("arm")
    };
    let flag = |key: &str, variant: &str, reason: &str| {
        [
            ("feature_flag.key", json!(key)),
            ("feature_flag.result.variant", json!(variant)),
            ("feature_flag.result.reason", json!(reason)),
        ]
    };
    let served = |variant: &str| json!({"served": variant, "assigned": variant, "config": "split"});
    assert_eq!(arm(&flag("split", "b", "split"), &[]), Some(served("b")));
    assert_eq!(arm(&[], &[&flag("split", "a", "split"), &flag("split", "b", "targeting_match")]), Some(served("b")));
    let old = [("feature_flag.key", json!("split")), ("feature_flag.variant", json!("b"))];
    assert_eq!(arm(&[], &[&old]), Some(served("b")));
    let fallback = json!({"served": "b", "config": "split"});
    assert_eq!(arm(&[], &[&flag("split", "b", "ERROR")]), Some(fallback));
    let two: [&[(&str, Value)]; 2] = [&flag("split", "a", "split"), &flag("colour", "red", "static")];
    assert_eq!(arm(&[], &two), None);
    assert_eq!(arm(&[("quiver.arm.flag", json!("split"))], &two), Some(served("a")));
    let explicit = arm(&[("quiver.arm.served", json!("mine"))], &[&flag("split", "b", "split")]).unwrap();
    assert_eq!(explicit["served"], "mine");
}

#[test]
fn json_of_other_sdks_reads_and_unknown_fields_are_ignored() {
    let body = json!({"resourceSpans": [{
        "resource": {"attributes": [], "entityRefs": [{"type": "service"}], "new": {"a": [1]}},
        "scopeSpans": [{"scope": null, "spans": [{
            "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "name": "x", "kind": "SPAN_KIND_SERVER",
            "startTimeUnixNano": START, "endTimeUnixNano": START.to_string(), "isRemote": true,
            "attributes": [
                {"key": "quiver.model", "value": {"stringValue": "m", "future": {"x": 1}}},
                {"key": "quiver.feature.count", "value": {"intValue": 3}},
                {"key": "quiver.feature.none", "value": {}},
                {"key": "quiver.feature.nothing", "value": null},
                {"key": "quiver.feature.empty", "value": {"arrayValue": {}}},
                {"key": "quiver.feature.map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"doubleValue": "2.5"}}]}}},
                {"key": "quiver.feature.nan", "value": {"doubleValue": "NaN"}},
                {"key": "quiver.feature.bytes", "value": {"bytesValue": "AP8="}}
            ]}]}]
    }], "more": 1});
    let event = decode(&body).events.remove(0).event;
    assert_eq!(event["trace_id"], TRACE);
    assert_eq!(event["latency_ms"], 0.0);
    assert_eq!(
        event["features"],
        json!({"count": 3, "none": null, "empty": [], "map": {"a": 2.5}, "nan": "NaN", "bytes": "00ff"})
    );
    assert_eq!(decode(&json!({})), Otlp::default());
    assert_eq!(decode(&json!({"resourceSpans": null})), Otlp::default());
}

#[test]
fn what_is_no_request_is_refused_without_its_content() {
    let parse = |body: &[u8]| parse_traces_json(body).unwrap_err();
    assert_eq!(parse(b"{\"resourceSpans\":\n [}"), OtlpError::NotJson { line: 2, column: 3 });
    assert_eq!(parse(b"[]"), OtlpError::NotOtlp);
    assert_eq!(parse(b"{\"resourceSpans\": 4111}"), OtlpError::NotOtlp);
    let mut wrong = span("4111zzzz", "", &[]);
    assert_eq!(parse(traces(&[], &[], &[wrong.clone()]).to_string().as_bytes()), OtlpError::NotOtlp);
    wrong["spanId"] = json!("0000000000000001");
    wrong["startTimeUnixNano"] = json!("4111-01-01");
    let error = parse(traces(&[], &[], &[wrong]).to_string().as_bytes());
    assert!(!error.to_string().contains("4111"));
    assert_eq!(parse(&[b'['; 1_000]), OtlpError::TooDeep);
    assert_eq!(parse_traces_protobuf(b"{\"resourceSpans\":[]}").unwrap_err(), OtlpError::NotProtobuf);
    let nested =
        format!("{}{{}}{}", "{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":".repeat(60), "}]}}".repeat(60));
    assert_eq!(parse(nested.as_bytes()), OtlpError::TooDeep);
}

#[test]
fn a_span_without_a_start_has_no_time_and_one_that_ends_before_it_starts_no_latency() {
    let mut timeless = span("0000000000000001", "", &[("quiver.model", json!("m"))]);
    timeless["startTimeUnixNano"] = json!("0");
    let mut backwards = span("0000000000000002", "", &[("quiver.model", json!("m"))]);
    backwards["endTimeUnixNano"] = json!("5");
    let found = decode(&traces(&[], &[], &[timeless, backwards]));
    assert!(!found.events[0].event.contains_key("at") && !found.events[0].event.contains_key("latency_ms"));
    assert!(!found.events[1].event.contains_key("latency_ms"));
}
