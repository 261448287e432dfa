//! OTLP log records: which are events, by attributes or body, their times, and ids that stay the same.

use crate::otlp::{NOW, START, TRACE, any, attributes, decode, span, traces};
use prost::Message;
use quiver_door::decode::otlp::{Otlp, decode_logs, parse_logs_json, parse_logs_protobuf};
use serde_json::{Value, json};

fn logs(records: &[Value]) -> Value {
    json!({"resourceLogs": [{
        "resource": {"attributes": attributes(&[("service.name", json!("shop"))])},
        "scopeLogs": [{"scope": {"name": "log"}, "logRecords": records}]
    }]})
}

fn log(more: &Value, attributes_of_it: &[(&str, Value)]) -> Value {
    let mut record = json!({
        "timeUnixNano": START.to_string(), "observedTimeUnixNano": (START + 1_000_000_000).to_string(),
        "severityNumber": 9, "severityText": "INFO", "attributes": attributes(attributes_of_it)
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn read_logs(records: &[Value]) -> Otlp {
    decode_logs(&parse_logs_json(logs(records).to_string().as_bytes()).unwrap(), NOW)
}

#[test]
fn a_log_record_is_an_event_by_its_attributes_or_by_its_body() {
    let line =
        r#"{"kind":"feedback","model":"m","id":"f-9","prediction_id":"0190","at":"2013-07-01T21:40:00Z","value":1}"#;
    let place = json!({"traceId": TRACE, "spanId": "eee19b7ec3c1b174"});
    let found = read_logs(&[
        log(&json!({"body": {"stringValue": line}}), &[]),
        log(&json!({"body": {"stringValue": "started, {kind} \"kind\""}}), &[]),
        log(&json!({"body": {"stringValue": "scored"}}), &[("quiver.model", json!("m")), ("quiver.score", json!(0.5))]),
        log(
            &json!({"body": any(&json!({"features": {"x": 1}, "output": {"score": 0.25}}))}),
            &[("quiver.model", json!("m"))],
        ),
        log(&place, &[("quiver.model", json!("m"))]),
        log(&json!({"body": {"stringValue": "{\"kind\":\"prediction\",\"model\":"}}), &[]),
        log(&json!({"body": {"stringValue": "{\"kind\":"}}), &[("quiver.model", json!("m"))]),
        log(
            &json!({"body": {"stringValue": format!("{}1{}", "{\"kind\":".repeat(40), "}".repeat(40))}}),
            &[("quiver.model", json!("m"))],
        ),
        log(
            &json!({"eventName": "gen_ai.user.message", "body": any(&json!({"content": "Lovelace"}))}),
            &[("gen_ai.system", json!("openai"))],
        ),
    ]);
    let events: Vec<&serde_json::Map<String, Value>> = found.events.iter().map(|event| &event.event).collect();
    assert_eq!(Value::Object(events[0].clone()), serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(events[1]["output"], json!({"score": 0.5}));
    assert_eq!(events[1]["at"], "2013-07-01T14:03:11Z");
    assert_eq!(events[2]["features"], json!({"x": 1}));
    assert_eq!(events[3]["trace_id"], TRACE);
    assert!(events[3]["id"].as_str().unwrap().starts_with(&format!("{TRACE}-eee19b7ec3c1b174-")));
    assert_eq!((found.events.len(), found.ignored), (4, 3));
    let refused: Vec<(u64, &str)> = found.refused.iter().map(|refused| (refused.position, refused.reason)).collect();
    assert_eq!(refused, [(7, "not_json"), (8, "too_deep")]);
}

#[test]
fn the_time_of_a_log_record_is_its_own_or_when_it_was_observed() {
    let at = |more: Value| {
        let found = read_logs(&[log(&more, &[("quiver.model", json!("m"))])]);
        found.events[0].event["at"].as_str().unwrap().to_owned()
    };
    assert_eq!(at(json!({"timeUnixNano": "0"})), "2013-07-01T14:03:12Z");
    assert_eq!(at(json!({"timeUnixNano": null, "observedTimeUnixNano": 0})), NOW.to_string());
}

#[test]
fn the_same_request_gives_the_same_ids_and_each_event_its_own() {
    let scored = |value: f64| log(&json!({}), &[("quiver.model", json!("m")), ("quiver.score", json!(value))]);
    let in_place = |value: f64| {
        let mut record = scored(value);
        record["traceId"] = json!(TRACE);
        record["spanId"] = json!("eee19b7ec3c1b174");
        record
    };
    let all = [scored(0.1), scored(0.2), scored(0.1), in_place(0.1), in_place(0.2), in_place(0.1)];
    let ids = |found: &Otlp| -> Vec<String> {
        found.events.iter().map(|event| event.event["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = ids(&read_logs(&all));
    assert_eq!(first, ids(&read_logs(&all)));
    assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
    // Protobuf and JSON of one request are one request.
    let parsed = parse_logs_json(logs(&all).to_string().as_bytes()).unwrap();
    assert_eq!(first, ids(&decode_logs(&parse_logs_protobuf(&parsed.encode_to_vec()).unwrap(), NOW)));

    let mut nameless = span("eee19b7ec3c1b174", "", &[("quiver.model", json!("m"))]);
    nameless["traceId"] = json!("");
    let spans = traces(&[], &[], &[nameless, span("eee19b7ec3c1b174", "", &[("quiver.model", json!("m"))])]);
    let found = decode(&spans);
    assert_eq!(ids(&found)[1], format!("{TRACE}-eee19b7ec3c1b174"));
    assert_eq!(ids(&found)[0].len(), 32);
    assert_eq!(ids(&found), ids(&decode(&spans)));
}
