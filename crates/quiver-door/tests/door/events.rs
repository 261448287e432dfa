//! Lines of events: the four kinds, derived statuses, and lines that are kept out.

use crate::support::{DESIGN_SPEC, spec};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use quiver_door::decode::ndjson::{Decoded, decode_events};
use quiver_door::limits;
use quiver_event::batch::{EventBatch, schema_of};
use quiver_event::event::Kind;

fn decode(body: &str) -> Decoded {
    let mut next = 0;
    let mut make_id = || {
        next += 1;
        format!("made-{next}")
    };
    decode_events(&spec(DESIGN_SPEC), body.as_bytes(), &mut make_id).unwrap()
}

fn text(batch: &EventBatch, column: &str) -> Option<String> {
    let array = batch.rows.column_by_name(column).unwrap().as_string::<i32>();
    array.is_valid(0).then(|| array.value(0).to_owned())
}

fn number(batch: &EventBatch, column: &str) -> f64 {
    batch.rows.column_by_name(column).unwrap().as_primitive::<Float64Type>().value(0)
}

/// The keys and text values (or statuses) of the first row of a map column.
fn map(batch: &EventBatch, column: &str) -> Vec<String> {
    let map = batch.rows.column_by_name(column).unwrap().as_map();
    let row = map.value(0);
    let keys = row.column(0).as_string::<i32>();
    let values = match row.column(1).as_string_opt::<i32>() {
        Some(values) => values.clone(),
        None => row.column(1).as_struct().column_by_name("status").unwrap().as_string::<i32>().clone(),
    };
    (0..keys.len()).map(|index| format!("{} {}", keys.value(index), values.value(index))).collect()
}

const LINES: &str = r#"{"kind":"prediction","model":"flight-delay","id":"0190","at":"2013-07-01T14:03:11Z","version":"2013-03","request_type":"departure-board","decision_id":"b-77","trace_id":"t","arm":{"assigned":"control","served":"control","propensity":0.95,"config":"sha256:1"},"features":{"carrier":"UA","distance":1400.0,"wind_speed":23.0,"unknown":1},"feature_meta":{"wind_speed":{"event_at":"2013-07-01T13:50:00Z","computed_at":"2013-07-01T13:51:00Z","status":"ok","source":"weather","cost":{"ms":1.8,"calls":1,"bytes":420,"cents":3}}},"output":{"score":0.81,"logit":1.4},"decision":{"action":"ignore","model_action":"notify","by":"rule","rule":"quiet-hours"},"latency_ms":7.2,"error":null,"cost":{"cpu_ms":1.1,"gpu_ms":0,"memory_mb":3,"bytes":900,"tokens_in":0,"tokens_out":0,"calls":{"redis":{"n":1,"ms":0.4},"vector_db":{"n":0,"ms":0}}},"slices":{"origin":"JFK","planet":"Earth"},"subject":"u-1881"}
{"kind":"feedback","model":"flight-delay","id":"f-9","prediction_id":"0190","at":"2013-07-01T21:40:00Z","known_at":"2013-07-01T21:44:00Z","name":"late","value":1}
{"kind":"heartbeat","model":"flight-delay","source":"weather","at":"2013-07-01T14:00:00Z","data_until":"2013-07-01T13:51:00Z","rows":3}
{"kind":"change","model":"flight-delay","what":"deploy","ref":"v2013-03","at":"2013-07-01T09:00:00Z","who":"me"}
"#;

#[test]
fn the_four_kinds_become_batches_of_the_spec_s_schema() {
    let decoded = decode(LINES);
    assert!(decoded.rejected.is_empty(), "{:?}", decoded.rejected);
    let spec = spec(DESIGN_SPEC);
    let kinds: Vec<Kind> = decoded.batches.iter().map(|batch| batch.kind).collect();
    assert_eq!(kinds, Kind::ALL);
    for batch in &decoded.batches {
        assert_eq!(batch.rows.schema(), schema_of(batch.kind, &spec));
        assert_eq!(batch.rows.num_rows(), 1);
    }
    let [prediction, feedback, heartbeat, change] = decoded.batches.as_slice() else { panic!("four batches") };
    assert_eq!(text(prediction, "decided_by").as_deref(), Some("rule"));
    assert_eq!(text(prediction, "arm").as_deref(), Some("control"));
    assert_eq!(text(prediction, "feature_carrier").as_deref(), Some("UA"));
    assert_eq!(number(prediction, "score"), 0.81);
    assert_eq!(number(prediction, "cpu_ms"), 1.1);
    assert_eq!(map(prediction, "slices"), ["origin JFK", "carrier UA"]);
    assert_eq!(map(prediction, "feature_meta"), ["wind_speed ok", "note missing", "origin missing"]);
    assert_eq!(number(feedback, "value"), 1.0);
    assert_eq!(text(heartbeat, "id").as_deref(), Some("made-1"));
    assert_eq!(text(change, "reference").as_deref(), Some("v2013-03"));
    let known = feedback.rows.column_by_name("known_at").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(known.value(0), 1_372_715_040_000_000);
    let dropped: Vec<&str> = decoded.undeclared.paths.keys().map(String::as_str).collect();
    assert_eq!(dropped, ["feature_meta.cost.cents", "features.unknown", "output.logit", "slices.planet", "who"]);
}

#[test]
fn statuses_and_reasons_are_derived_where_the_client_sends_none() {
    let line = r#"{"kind":"prediction","model":"flight-delay","at":"2013-07-01T14:00:00Z","features":{"carrier":"ZZ","distance":"far","wind_speed":10,"origin":3,"passenger_id":"p-1"},"feature_meta":{"origin":{"event_at":"2013-07-01T12:00:00Z","source":"weather"}},"output":{"score":1.5}}"#;
    let decoded = decode(line);
    let batch = &decoded.batches[0];
    assert_eq!(map(batch, "feature_meta"), ["wind_speed default", "note missing", "origin stale"]);
    assert_eq!(map(batch, "invalid"), ["distance type", "carrier category", "output range"]);
    assert_eq!(text(batch, "feature_origin").as_deref(), Some("3"));
    assert_eq!(text(batch, "subject").as_deref(), Some("p-1"));
    assert_eq!(decoded.undeclared.total(), 0);
}

#[test]
fn bad_lines_are_counted_by_reason_and_line() {
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let many: Vec<String> = (0..=limits::MAX_EVENT_FEATURES).map(|index| format!("\"f{index}\":1")).collect();
    let head = r#""model":"flight-delay","at":"2013-07-01T14:00:00Z""#;
    let lines = [
        "not json".to_owned(),
        "[1]".to_owned(),
        deep,
        r#"{"kind":"guess","model":"flight-delay","at":"2013-07-01T14:00:00Z"}"#.to_owned(),
        r#"{"kind":"change","model":"other","at":"2013-07-01T14:00:00Z"}"#.to_owned(),
        r#"{"kind":"change","model":"flight-delay"}"#.to_owned(),
        r#"{"kind":"change","model":"flight-delay","at":"2013-07-01T14:00:00"}"#.to_owned(),
        r#"{"kind":"change","model":"flight-delay","at":"noon"}"#.to_owned(),
        format!(r#"{{"kind":"change",{head},"what":5}}"#),
        format!(r#"{{"kind":"feedback",{head},"prediction_id":"p"}}"#),
        format!(r#"{{"kind":"feedback",{head},"value":1}}"#),
        format!(r#"{{"kind":"prediction",{head},"features":{{{}}}}}"#, many.join(",")),
        String::new(),
        format!(r#"{{"kind":"change",{head},"what":"{}"}}"#, "x".repeat(limits::MAX_FIELD_BYTES + 1)),
        "y".repeat(limits::MAX_LINE_BYTES + 1),
        format!(r#"{{"kind":"change",{head},"what":"rule"}}"#),
    ];
    let decoded = decode(&lines.join("\n"));
    let found: Vec<(&str, u64)> = decoded.rejected.iter().map(|(reason, found)| (reason, found.examples[0])).collect();
    let expected = [
        ("field_too_long", 14),
        ("line_too_long", 15),
        ("no_target", 11),
        ("no_time", 6),
        ("no_value", 10),
        ("no_zone", 7),
        ("not_a_time", 8),
        ("not_an_object", 2),
        ("not_json", 1),
        ("too_deep", 3),
        ("too_many_features", 12),
        ("unknown_kind", 4),
        ("unknown_model", 5),
        ("wrong_type", 9),
    ];
    assert_eq!(found, expected);
    assert_eq!(decoded.batches.iter().map(|batch| batch.rows.num_rows()).sum::<usize>(), 1);
}

#[test]
fn invented_keys_do_not_fill_the_memory() {
    let lines: Vec<String> = (0..500)
        .map(|index| format!(r#"{{"kind":"change","model":"flight-delay","at":"2013-07-01T14:00:00Z","k{index}":1}}"#))
        .collect();
    let decoded = decode(&lines.join("\n"));
    assert_eq!(decoded.undeclared.paths.len(), limits::MAX_UNDECLARED_KEYS);
    assert_eq!(decoded.undeclared.total(), 500);
}

#[test]
fn long_streams_come_in_batches_of_bounded_size() {
    let line = r#"{"kind":"change","model":"flight-delay","at":"2013-07-01T14:00:00Z","what":"rule"}"#;
    let decoded = decode(&format!("{line}\n").repeat(limits::BATCH_ROWS + 5));
    let rows: Vec<usize> = decoded.batches.iter().map(|batch| batch.rows.num_rows()).collect();
    assert_eq!(rows, [limits::BATCH_ROWS, 5]);
}

#[test]
fn numbers_that_json_has_no_word_for_come_by_name() {
    let line = |value: &str| {
        format!(
            r#"{{"kind":"prediction","model":"flight-delay","id":"1","at":"2013-07-01T14:00:00Z","features":{{"distance":1,"wind_speed":{value}}}}}"#
        )
    };
    for (written, expected) in [("\"Infinity\"", f64::INFINITY), ("\"-Infinity\"", f64::NEG_INFINITY), ("2.5", 2.5)] {
        assert_eq!(number(&decode(&line(written)).batches[0], "feature_wind_speed"), expected);
    }
    assert!(number(&decode(&line("\"NaN\"")).batches[0], "feature_wind_speed").is_nan());
    let wrong = &decode(&line("\"nan\"")).batches[0];
    assert!(wrong.rows.column_by_name("feature_wind_speed").unwrap().is_null(0));
    assert_eq!(map(wrong, "invalid"), ["wind_speed type"]);
}
