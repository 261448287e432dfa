//! What a spec that captures a share of the features keeps of each prediction.

use crate::redaction::cleaner;
use crate::support::spec;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use quiver_door::decode::ndjson::decode_events;
use std::fmt::Write;

const ROWS: usize = 8_000;

fn cleaned(capture: &str, override_every: usize) -> RecordBatch {
    let spec = spec(&format!(
        "model: m
task: binary
features:
  x: {{type: number, privacy: public}}
  city: {{type: category, privacy: public}}
slices: [city]
{capture}
"
    ));
    let mut lines = String::new();
    for row in 0..ROWS {
        let error = if row % 500 == 0 { r#","error":"timeout""# } else { "" };
        let action = if row % override_every == 0 { "ignore" } else { "notify" };
        writeln!(
            lines,
            r#"{{"kind":"prediction","model":"m","id":"id-{row}","at":"2013-07-01T14:00:00Z","output":{{"score":0.5}},"features":{{"x":{row},"city":"Rome"}},"feature_meta":{{"x":{{"status":"stale"}}}},"decision":{{"action":"{action}","model_action":"notify"}}{error}}}"#
        )
        .unwrap();
    }
    let decoded = decode_events(&spec, lines.as_bytes(), &mut || "made".to_owned()).unwrap();
    cleaner(&spec).clean(&decoded.batches[0]).unwrap().0.rows
}

#[test]
fn features_are_kept_of_an_even_share_and_always_of_failed_and_overridden_answers() {
    let rows = cleaned("capture: {features: 10%}", 700);
    let x = rows.column_by_name("feature_x").unwrap().as_primitive::<Float64Type>();
    let captures = rows.column_by_name("capture").unwrap().as_string::<i32>();
    let probabilities = rows.column_by_name("capture_probability").unwrap().as_primitive::<Float64Type>();
    let metas = rows.column_by_name("feature_meta").unwrap();
    let (mut sampled, mut weight, mut first_half) = (0, 0.0, 0);
    for row in 0..ROWS {
        let forced = row % 500 == 0 || row % 700 == 0;
        let kept = captures.value(row) != "none";
        assert_eq!((x.is_valid(row), metas.is_valid(row)), (kept, kept), "row {row}");
        assert_eq!(probabilities.value(row), if forced { 1.0 } else { 0.1 });
        assert!(kept || !forced, "row {row}");
        assert_eq!(captures.value(row) == "always", forced && captures.value(row) != "sample");
        if captures.value(row) == "sample" {
            sampled += 1;
            first_half += i32::from(row < ROWS / 2);
        }
        if kept {
            assert_eq!(x.value(row), row as f64);
            weight += 1.0 / probabilities.value(row);
        }
    }
    // 8,000 draws of 10 %: four standard deviations are 107, of half of them 76, of the weighted count 1,073.
    assert!((800i32 - sampled).abs() < 107, "{sampled}");
    assert!((400 - first_half).abs() < 76, "{first_half}");
    assert!((weight - ROWS as f64).abs() < 1_073.0, "{weight}");
    // The slim row is whole: scores, decisions, and the features that are slices.
    for column in ["score", "action", "slices", "feature_city"] {
        assert_eq!(rows.column_by_name(column).unwrap().null_count(), 0, "{column}");
    }
}

#[test]
fn the_same_events_keep_the_same_features_and_a_larger_share_keeps_those_too() {
    let kept = |capture: &str| {
        let rows = cleaned(capture, ROWS);
        let captures = rows.column_by_name("capture").unwrap().as_string::<i32>();
        captures.iter().map(|capture| capture == Some("sample")).collect::<Vec<_>>()
    };
    let tenth = kept("capture: {features: 10%}");
    assert_eq!(kept("capture: {features: 0.1}"), tenth);
    let third = kept("capture: {features: 33%}");
    assert!(tenth.iter().zip(&third).all(|(tenth, third)| !tenth || *third));
    assert!(kept("").iter().all(|kept| *kept), "without a capture everything is kept");
}
