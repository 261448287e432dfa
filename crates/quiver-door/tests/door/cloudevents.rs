//! CloudEvents: the three modes, payloads of model servers in each form, joining, and what waits, leaves or is refused.

use quiver_door::decode::cloudevents::{CloudDecoded, CloudEventError, HalfBounds, PendingHalves, decode_cloudevents};
use quiver_door::decode::incoming::Incoming;
use quiver_event::event::Event;
use quiver_event::spec::Task;
use quiver_event::time::Timestamp;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_372_687_400_000_000);

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

fn features_of(model: &str) -> Option<Vec<String>> {
    let names: &[&str] = match model {
        "iris" => &["a", "b"],
        "vector" => &["v"],
        _ => return None,
    };
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn send_as(
    pending: &mut PendingHalves,
    headers: &[(&str, &str)],
    body: &str,
    task: Option<Task>,
    now: Timestamp,
) -> Result<CloudDecoded, CloudEventError> {
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    decode_cloudevents(&headers, body.as_bytes(), pending, now, &features_of, &|_| task)
}

const STRUCTURED: [(&str, &str); 1] = [("Content-Type", "application/cloudevents+json; charset=utf-8")];
const BATCH: [(&str, &str); 1] = [("content-type", "application/cloudevents-batch+json")];

/// An event of a model server in structured mode.
fn server_event(side: &str, model: &str, id: &str, seconds: &str, data: Value) -> Value {
    let mut event = json!({"specversion": "1.0", "id": id, "source": "http://localhost:9081/",
           "time": format!("2013-07-01T14:03:{seconds}Z"), "type": format!("org.kubeflow.serving.inference.{side}"),
           "datacontenttype": "application/json", "inferenceservicename": model, "namespace": "shop",
           "component": "predictor", "endpoint": ""});
    event["data"] = data;
    event
}

fn send(pending: &mut PendingHalves, event: &Value, task: Task, now: Timestamp) -> CloudDecoded {
    send_as(pending, &STRUCTURED, &event.to_string(), Some(task), now).unwrap()
}

/// The features and outputs of a request and its response.
#[track_caller]
fn joined(model: &str, task: Task, request: Value, response: Value) -> Vec<(Value, Value)> {
    let mut pending = PendingHalves::default();
    let asked = send(&mut pending, &server_event("request", model, "i", "11", request), task, NOW);
    assert_eq!((asked.waiting, asked.events.len(), asked.refused.len()), (1, 0, 0), "{:?}", asked.refused);
    let answered = send(&mut pending, &server_event("response", model, "i", "12", response), task, NOW);
    assert_eq!((answered.waiting, answered.refused.len()), (0, 0), "{:?}", answered.refused);
    for event in &answered.events {
        let read: Event = serde_json::from_value(Value::Object(event.event.clone())).unwrap();
        assert!(matches!(read, Event::Prediction(_)));
    }
    let pair =
        |event: Incoming| (event.event["features"].clone(), event.event.get("output").cloned().unwrap_or_default());
    answered.events.into_iter().map(pair).collect()
}

#[track_caller]
fn refused(event: &Value, reason: &str) {
    let mut pending = PendingHalves::default();
    let decoded = send(&mut pending, event, Task::Binary, NOW);
    let reasons: Vec<(u64, &str)> = decoded.refused.iter().map(|refused| (refused.position, refused.reason)).collect();
    assert_eq!(reasons, [(1, reason)]);
    assert_eq!((decoded.events.len(), decoded.waiting, pending.waiting()), (0, 0, 0));
}

#[test]
fn a_request_and_its_response_in_binary_mode_become_one_prediction() {
    let headers = |side: &'static str, time: &'static str| {
        [
            ("Content-Type", "application/json"),
            ("Ce-Id", "36160762-8644"),
            ("CE-SpecVersion", "1.0"),
            ("Ce-Source", "http://localhost:9081/"),
            ("Ce-Type", side),
            ("Ce-Time", time),
            ("Ce-Inferenceservicename", "iris"),
            ("Ce-Namespace", "default"),
            ("Ce-Component", "predictor%20%C3%A9"),
            ("Ce-Traceparent", "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01"),
            ("X-Request-Id", "no attribute"),
        ]
    };
    let request = headers("org.kubeflow.serving.inference.request", "2013-07-01T14:03:11.5Z");
    let response = headers("org.kubeflow.serving.inference.response", "2013-07-01T14:03:11.5125Z");
    let (asked, answered) = (r#"{"instances":[[6.8,2.8]]}"#, r#"{"predictions":[0.25]}"#);
    for response_first in [false, true] {
        let mut pending = PendingHalves::default();
        let mut both = [(&request, asked), (&response, answered)];
        if response_first {
            both.reverse();
        }
        let first = send_as(&mut pending, both[0].0, both[0].1, Some(Task::Binary), NOW).unwrap();
        assert_eq!((first.waiting, first.events.len(), pending.waiting()), (1, 0, 1));
        let second = send_as(&mut pending, both[1].0, both[1].1, Some(Task::Binary), NOW).unwrap();
        assert_eq!(
            second.events,
            [Incoming {
                position: 1,
                event: json!({
                    "kind": "prediction", "model": "iris", "id": "36160762-8644", "at": "2013-07-01T14:03:11.5Z",
                    "version": "predictor é", "trace_id": "5b8efff798038103d269b633813fc60c",
                    "features": {"a": 6.8, "b": 2.8}, "output": {"score": 0.25}, "latency_ms": 12.5
                })
                .as_object()
                .unwrap()
                .clone()
            }]
        );
        assert_eq!((second.waiting, pending.waiting()), (0, 0));
        // What is sent again makes the same event again.
        assert_eq!(send_as(&mut pending, both[1].0, both[1].1, Some(Task::Binary), NOW).unwrap(), second);
        assert_eq!(send_as(&mut pending, both[0].0, both[0].1, Some(Task::Binary), NOW).unwrap(), second);
        assert_eq!(pending.drain(), []);
        assert_eq!(pending.bytes(), 0);
    }
}

#[test]
fn payloads_of_version_1_have_rows_as_maps_lists_or_scalars() {
    assert_eq!(
        joined(
            "iris",
            Task::Binary,
            json!({"instances": [{"a": 1, "z": "x"}, [2, null]]}),
            json!({"predictions": [0.1, [0.2, 0.8]]})
        ),
        [(json!({"a": 1, "z": "x"}), json!({"score": 0.1})), (json!({"a": 2, "b": null}), json!({"score": 0.8}))]
    );
    assert_eq!(
        joined(
            "vector",
            Task::Regression,
            json!({"instances": [[1, 2, 3], 4, [5]]}),
            json!({"predictions": [1.5, [2.5], 3]})
        ),
        [
            (json!({"v": [1, 2, 3]}), json!({"value": 1.5})),
            (json!({"v": 4}), json!({"value": 2.5})),
            (json!({"v": 5}), json!({"value": 3}))
        ]
    );
    assert_eq!(
        joined(
            "iris",
            Task::Multiclass,
            json!({"instances": [[1, 2], [3, 4], [5, 6]]}),
            json!({"predictions": ["UA", [0.25, 0.75], 2]})
        ),
        [
            (json!({"a": 1, "b": 2}), json!({"class": "UA"})),
            (json!({"a": 3, "b": 4}), json!({"probabilities": {"0": 0.25, "1": 0.75}})),
            (json!({"a": 5, "b": 6}), json!({"class": "2"}))
        ]
    );
}

#[test]
fn payloads_of_version_2_have_a_feature_a_tensor_or_a_column_a_feature() {
    let inputs = json!({"id": "x", "inputs": [
        {"name": "a", "shape": [2], "datatype": "FP32", "data": [1.5, 2.5]},
        {"name": "b", "shape": [2, 1], "datatype": "BYTES", "data": ["x", "y"]},
        {"name": "v", "shape": [2, 2], "datatype": "INT64", "data": [[1, 2], [3, 4]]}
    ]});
    let outputs = json!({"model_name": "iris", "model_version": "7", "outputs": [
        {"name": "predict", "shape": [2, 1], "datatype": "INT64", "data": [0, 1]},
        {"name": "predict_proba", "shape": [2, 2], "datatype": "FP64", "data": [0.75, 0.25, 0.5, 0.5]}
    ]});
    assert_eq!(
        joined("iris", Task::Binary, inputs, outputs.clone()),
        [
            (json!({"a": 1.5, "b": "x", "v": [1, 2]}), json!({"score": 0.25})),
            (json!({"a": 2.5, "b": "y", "v": [3, 4]}), json!({"score": 0.5}))
        ]
    );
    let table =
        json!({"inputs": [{"name": "input-0", "shape": [2, 2], "datatype": "FP32", "data": [6.8, 2.8, 6.0, 3.4]}]});
    assert_eq!(
        joined("iris", Task::Multiclass, table.clone(), outputs),
        [
            (json!({"a": 6.8, "b": 2.8}), json!({"probabilities": {"0": 0.75, "1": 0.25}, "class": "0"})),
            (json!({"a": 6.0, "b": 3.4}), json!({"probabilities": {"0": 0.5, "1": 0.5}, "class": "1"}))
        ]
    );
    let value = json!({"outputs": [{"name": "value", "shape": [2], "datatype": "FP32", "data": [1.0, 2.0]}]});
    assert_eq!(
        joined("unknown", Task::Regression, table, value)[0],
        (json!({"input-0": [6.8, 2.8]}), json!({"value": 1.0}))
    );
}

#[test]
fn seldon_s_events_are_joined_by_the_request_and_its_own_protocol_is_read() {
    let event = |side: &str, id: &str, data: Value| {
        json!({"specversion": "1.0", "id": id, "source": "s", "type": format!("io.seldon.serving.inference.{side}"),
               "time": "2013-07-01T14:03:11Z", "requestid": "puid-1", "modelid": "classifier", "data": data})
    };
    let mut pending = PendingHalves::default();
    let request = event("request", "1", json!({"data": {"names": ["x", "y"], "ndarray": [[1, "k"]]}}));
    send(&mut pending, &request, Task::Multiclass, NOW);
    let response = event(
        "response",
        "2",
        json!({"data": {"names": ["UA", "AA"], "tensor": {"shape": [1, 2], "values": [0.25, 0.75]}}, "meta": {}}),
    );
    let decoded = send(&mut pending, &response, Task::Multiclass, NOW);
    let event = &decoded.events[0].event;
    assert_eq!((&event["model"], &event["id"]), (&json!("classifier"), &json!("puid-1")));
    assert_eq!(event["features"], json!({"x": 1, "y": "k"}));
    assert_eq!(event["output"], json!({"probabilities": {"UA": 0.25, "AA": 0.75}}));
}

#[test]
fn several_instances_have_ids_of_their_own_the_same_every_time() {
    let events = |more: &str| {
        let mut pending = PendingHalves::default();
        let request = server_event("request", "iris", "i", "11", json!({"instances": [[1, 2], [3, 4], [5, 6]]}));
        send(&mut pending, &request, Task::Binary, NOW);
        let response = server_event("response", "iris", "i", "12", serde_json::from_str(more).unwrap());
        send(&mut pending, &response, Task::Binary, NOW).events
    };
    let found = events(r#"{"predictions":[0.1,0.2]}"#);
    let ids: Vec<&str> = found.iter().map(|event| event.event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["i/0", "i/1", "i/2"]);
    assert_eq!(found[2].event["error"], "no_response");
    assert!(!found[1].event.contains_key("error"));
    assert_eq!(found, events(r#"{"predictions":[0.1,0.2]}"#));
    let failed = events(r#"{"error":"model is not ready"}"#);
    assert!(
        failed.iter().all(|event| event.event["error"] == "model is not ready" && event.event["latency_ms"] == 1000.0)
    );
}

#[test]
fn what_nobody_answers_leaves_as_an_event_and_so_does_an_answer_to_nothing() {
    let mut pending = PendingHalves::default();
    send(&mut pending, &server_event("request", "iris", "q", "11", json!({"instances": [[1, 2]]})), Task::Binary, NOW);
    send(
        &mut pending,
        &server_event("response", "iris", "r", "12", json!({"predictions": [0.5]})),
        Task::Binary,
        later(30),
    );
    assert_eq!(pending.expire(later(59)), []);
    let expired = pending.expire(later(60));
    assert_eq!(expired.len(), 1);
    assert_eq!(
        Value::Object(expired[0].event.clone()),
        json!({"kind": "prediction", "model": "iris", "at": "2013-07-01T14:03:11Z", "version": "predictor", "id": "q",
               "features": {"a": 1, "b": 2}, "error": "no_response"})
    );
    let drained = pending.drain();
    assert_eq!(
        Value::Object(drained[0].event.clone()),
        json!({"kind": "prediction", "model": "iris", "at": "2013-07-01T14:03:12Z", "version": "predictor", "id": "r",
               "output": {"score": 0.5}})
    );
    assert_eq!((pending.expired, pending.evicted, pending.waiting(), pending.bytes()), (1, 0, 0, 0));
    // What found each other leaves without a word.
    send(&mut pending, &server_event("request", "iris", "q", "11", json!({"instances": [[1, 2]]})), Task::Binary, NOW);
    send(&mut pending, &server_event("response", "iris", "q", "12", json!({"predictions": [0.5]})), Task::Binary, NOW);
    assert_eq!(pending.expire(later(60)), []);
    assert_eq!((pending.expired, pending.bytes()), (1, 0));
}

#[test]
fn what_waits_is_bounded_and_what_must_leave_is_not_lost() {
    for bounds in
        [HalfBounds { payloads: 10, ..HalfBounds::default() }, HalfBounds { bytes: 8_000, ..HalfBounds::default() }]
    {
        let mut pending = PendingHalves::new(bounds);
        let mut seen = Vec::new();
        for index in 0..200 {
            let id = format!("i{index}");
            let request = server_event("request", "iris", &id, "11", json!({"instances": [[index, 2]]}));
            let decoded = send(&mut pending, &request, Task::Binary, NOW);
            seen.extend(decoded.evicted);
            if index % 3 == 0 {
                let response = server_event("response", "iris", &id, "12", json!({"predictions": [0.5]}));
                let decoded = send(&mut pending, &response, Task::Binary, NOW);
                seen.extend(decoded.events);
                seen.extend(decoded.evicted);
            }
            assert!(pending.bytes() <= bounds.bytes && pending.waiting() <= bounds.payloads);
        }
        assert!(pending.evicted > 50);
        seen.extend(pending.drain());
        let mut ids: Vec<&str> = seen.iter().map(|event| event.event["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), seen.len(), pending.bytes()), (200, 200, 0));
    }
    // One payload larger than all room leaves at once and pushes nobody out.
    let mut pending = PendingHalves::new(HalfBounds { bytes: 8_000, ..HalfBounds::default() });
    send(
        &mut pending,
        &server_event("request", "iris", "small", "11", json!({"instances": [[1, 2]]})),
        Task::Binary,
        NOW,
    );
    let large = server_event("request", "iris", "large", "11", json!({"instances": [["x".repeat(9_000), 2]]}));
    let decoded = send(&mut pending, &large, Task::Binary, NOW);
    assert_eq!((decoded.evicted.len(), decoded.waiting, pending.waiting()), (1, 0, 1));
}

#[test]
fn quiver_s_own_events_come_in_every_mode() {
    let own = |data: Value| json!({"specversion": "1.0", "id": "e-1", "source": "shop", "type": "ml.quiver.event", "time": "2013-07-01T09:00:00Z", "data": data});
    let change = json!({"kind": "change", "model": "m", "what": "deploy"});
    let filled = json!({"kind": "change", "model": "m", "what": "deploy", "id": "e-1", "at": "2013-07-01T09:00:00Z"});
    let named = json!({"kind": "change", "model": "m", "what": "deploy", "id": "own", "at": "2014-07-01T09:00:00Z"});
    let batch = json!([own(change.clone()), own(json!([1])), 7, own(named.clone()), {"specversion": "1.0"}]);
    let mut pending = PendingHalves::default();
    let decoded = send_as(&mut pending, &BATCH, &batch.to_string(), None, NOW).unwrap();
    let events: Vec<(u64, Value)> =
        decoded.events.into_iter().map(|event| (event.position, Value::Object(event.event))).collect();
    assert_eq!(events, [(1, filled.clone()), (4, named)]);
    let refused: Vec<(u64, &str)> = decoded.refused.iter().map(|refused| (refused.position, refused.reason)).collect();
    assert_eq!(refused, [(2, "not_an_object"), (3, "not_an_object"), (5, "no_attribute")]);
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "e-1"),
        ("ce-source", "shop"),
        ("ce-type", "ml.quiver.event"),
        ("ce-time", "2013-07-01T09:00:00Z"),
    ];
    let decoded = send_as(&mut pending, &headers, &change.to_string(), None, NOW).unwrap();
    assert_eq!(Value::Object(decoded.events[0].event.clone()), filled);
}

#[test]
fn what_is_no_event_is_refused_with_its_reason() {
    let with = |key: &str, value: Value| {
        let mut event = server_event("request", "iris", "i", "11", json!({"instances": [[1, 2]]}));
        event[key] = value;
        event
    };
    refused(&with("specversion", json!("0.3")), "spec_version");
    refused(&with("specversion", Value::Null), "no_attribute");
    refused(&with("id", json!("")), "no_attribute");
    refused(&with("source", Value::Null), "no_attribute");
    refused(&with("type", json!("org.kubeflow.serving.inference.metrics")), "unknown_type");
    refused(&with("type", json!("com.example.order")), "unknown_type");
    refused(&with("inferenceservicename", Value::Null), "unknown_model");
    refused(&with("inferenceservicename", json!("nobody")), "unknown_model");
    refused(&with("time", json!("2013-07-01T14:03:11")), "no_zone");
    refused(&with("time", json!("noon")), "not_a_time");
    refused(&with("data_base64", json!("e30=")), "binary_data");
    refused(&with("datacontenttype", json!("application/protobuf")), "binary_data");
    refused(&with("data", json!("text")), "not_an_object");
    refused(&with("data", json!({"rows": []})), "payload");
    refused(&with("data", json!({"instances": {"a": [1]}})), "wrong_type");
    refused(&with("data", json!({"instances": [[1, 2, 3]]})), "feature_count");
    refused(&with("data", json!({"instances": [7]})), "feature_count");
    refused(&with("data", json!({"instances": vec![json!({}); 10_001]})), "too_many_instances");
    refused(&with("data", json!({"inputs": []})), "payload");
    let tensor = |shape: Value, data: Value| {
        with("data", json!({"inputs": [{"name": "t", "shape": shape, "datatype": "FP32", "data": data}]}))
    };
    refused(&tensor(json!([2, 2]), json!([1, 2, 3])), "shape");
    refused(&tensor(json!([4_294_967_296_u64, 4_294_967_296_u64]), json!([1])), "shape");
    refused(&tensor(json!([-1]), json!([1])), "shape");
    refused(&tensor(json!("x"), json!([1])), "shape");
    refused(&tensor(json!([0, 0]), json!([1])), "shape");
    refused(&tensor(json!([1]), json!([{"a": 1}])), "wrong_type");
    refused(&tensor(json!([10_001]), vec![1; 10_001].into()), "too_many_instances");
    let binary =
        json!({"inputs": [{"name": "t", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}}]});
    refused(&with("data", binary), "binary_data");
    let uneven =
        json!({"inputs": [{"name": "a", "shape": [1], "data": [1]}, {"name": "b", "shape": [2], "data": [1, 2]}]});
    refused(&with("data", uneven), "shape");
}

#[test]
fn a_body_without_any_event_is_an_error_that_shows_none_of_it() {
    let mut pending = PendingHalves::default();
    let mut error = |headers: &[(&str, &str)], body: &str| send_as(&mut pending, headers, body, None, NOW).unwrap_err();
    assert_eq!(error(&[("content-type", "application/json")], "{}"), CloudEventError::NotACloudEvent);
    assert_eq!(error(&STRUCTURED, "{\n\"4111\""), CloudEventError::NotJson { line: 2, column: 6 });
    assert_eq!(error(&STRUCTURED, "[]"), CloudEventError::Shape("an object"));
    assert_eq!(error(&BATCH, "{}"), CloudEventError::Shape("a list of events"));
    assert_eq!(error(&STRUCTURED, &"[".repeat(10_000)), CloudEventError::TooDeep);
    let binary = [("ce-specversion", "1.0"), ("content-type", "application/octet-stream")];
    assert_eq!(error(&binary, "\u{1}"), CloudEventError::NotJsonData);
}
