//! Drafted specs: they parse, they fit the data, and no personal value stands in them.

use crate::support::{batch, write, write_parquet};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use quiver_door::decode::table::TableMapping;
use quiver_door::decode::table_file::{Typing, open_table, open_table_as};
use quiver_door::infer::{InferOptions, InferredTarget, Role, draft_spec, infer_spec};
use quiver_door::spec_file::parse_spec;
use quiver_event::spec::{FeatureType, Metric, Privacy, Task};
use std::path::Path;
use std::sync::Arc;

const ROWS: usize = 2_400;
const HOUR: i64 = 3_600_000_000;
/// 2013-01-01T05:00:00Z, midnight in New York.
const START: i64 = 1_357_016_400_000_000;

/// Flights as in the demo: two models' scores, a label with its time, gaps, and a split.
fn flights() -> RecordBatch {
    let rows = 0..ROWS as i64;
    let text =
        |pick: fn(i64) -> String| Arc::new(StringArray::from_iter_values((0..ROWS as i64).map(pick))) as ArrayRef;
    let number = |pick: fn(f64) -> f64| {
        Arc::new(Float64Array::from_iter_values((0..ROWS).map(|row| pick(row as f64)))) as ArrayRef
    };
    let at =
        TimestampMicrosecondArray::from_iter_values(rows.clone().map(|row| START + row * HOUR)).with_timezone("UTC");
    let known = TimestampMicrosecondArray::from_iter_values(rows.clone().map(|row| START + row * HOUR + 3 * HOUR))
        .with_timezone("UTC");
    let label: Int64Array = rows.clone().map(|row| (row % 50 != 0).then_some(i64::from(row % 4 == 0))).collect();
    let temperature: Float64Array = rows.map(|row| (row % 10 != 0).then_some(-20.0 + (row % 100) as f64)).collect();
    batch(vec![
        ("flight_id", text(|row| format!("F{row:06}"))),
        ("event_time", Arc::new(at)),
        ("tailnum", text(|row| format!("N{}", row % 700))),
        ("distance", number(|row| 80.0 + (row * 7.0) % 4_900.0)),
        ("temp", Arc::new(temperature)),
        ("humid", number(|row| (row % 100.0) / 99.0)),
        ("carrier", text(|row| ["UA", "AA", "NO"][row as usize % 3].to_owned())),
        ("origin", text(|row| ["JFK", "LGA"][row as usize % 2].to_owned())),
        ("country", text(|_| "US".to_owned())),
        ("score_lr", number(|row| (row % 97.0) / 97.0)),
        ("score", number(|row| (row % 89.0) / 89.0)),
        ("part", text(|row| ["train", "analysis"][row as usize % 2].to_owned())),
        ("label", Arc::new(label)),
        ("label_time", Arc::new(known)),
        ("arr_delay", number(|row| row % 60.0 - 20.0)),
    ])
}

fn options() -> InferOptions {
    InferOptions { timezone: Some("America/New_York".to_owned()), ..InferOptions::default() }
}

#[test]
fn the_demo_s_shape_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_parquet(folder.path(), "flights_scored.parquet", &flights());
    let draft = draft_spec(std::slice::from_ref(&path), &options()).unwrap();
    assert_eq!((draft.model.as_str(), draft.task, draft.rows), ("flights-scored", Task::Binary, ROWS as u64));
    assert_eq!(draft.column_of(Role::Id), Some("flight_id"));
    assert_eq!(draft.column_of(Role::At), Some("event_time"));
    assert_eq!(draft.column_of(Role::Output), Some("score"));
    assert_eq!(draft.column_of(Role::OtherOutput), Some("score_lr"));
    assert_eq!(draft.column_of(Role::Label), Some("label"));
    assert_eq!(draft.column_of(Role::LabelTime), Some("label_time"));
    assert_eq!(draft.column_of(Role::Outcome), Some("arr_delay"));
    assert_eq!(draft.column_of(Role::Constant), Some("country"));
    assert_eq!(draft.column_of(Role::LeftOut), Some("part"));
    // 100 days: the first sixth is 16 whole local days.
    assert_eq!(draft.reference, Some(("2013-01-01".to_owned(), "2013-01-17".to_owned())));

    let targets = [
        InferredTarget { metric: Metric::Recall, threshold: Some(0.5), limit: 0.123_456 },
        InferredTarget { metric: Metric::Brier, threshold: None, limit: 0.2 },
    ];
    let yaml = draft.to_yaml(&targets);
    let spec = parse_spec(&yaml, "quiver.yaml").unwrap_or_else(|errors| panic!("{}\n{yaml}", errors.render()));
    let names: Vec<&str> = spec.features.names().collect();
    assert_eq!(names, ["tailnum", "distance", "temp", "humid", "carrier", "origin"]);
    assert_eq!(spec.features.get("humid").unwrap().range, Some([0.0, 1.0]));
    let [low, high] = spec.features.get("distance").unwrap().range.unwrap();
    assert!((0.0..=80.0).contains(&low) && (4_979.0..8_000.0).contains(&high), "{low} {high}");
    let carriers = spec.features.get("carrier").unwrap().values.as_ref().unwrap();
    assert_eq!(carriers.iter().map(|value| value.as_str().unwrap()).collect::<Vec<_>>(), ["AA", "NO", "UA"]);
    assert!(spec.features.get("tailnum").unwrap().values.is_none());
    assert_eq!(spec.slices, ["carrier", "origin"]);
    assert_eq!(spec.quality.len(), 2);
    assert_eq!((spec.quality[0].at_least, spec.quality[1].at_most), (Some(0.123), Some(0.2)));
    let delay = spec.feedback.as_ref().unwrap().expected_delay.as_ref().unwrap();
    assert_eq!(delay.p50.unwrap().to_string(), "3h");
    assert!(yaml.contains("# owner:") && yaml.starts_with("# yaml-language-server: $schema="), "{yaml}");
    assert!(!yaml.contains("country: {"), "{yaml}");

    let table = open_table(&path).unwrap();
    let mapping =
        TableMapping::new(&spec, table.schema(), table.fingerprint()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(mapping.undeclared(), ["country", "score_lr", "part", "arr_delay"]);
}

fn csv_of(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = arrow::csv::Writer::new(&mut bytes);
    writer.write(rows).unwrap();
    drop(writer);
    bytes
}

fn ndjson_of(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = arrow::json::LineDelimitedWriter::new(&mut bytes);
    writer.write(rows).unwrap();
    writer.finish().unwrap();
    bytes
}

#[track_caller]
fn check_same(path: &Path, expected: &str) {
    let drafted = infer_spec(&[path.to_owned()], &InferOptions { model: Some("m".to_owned()), ..options() }).unwrap();
    // A key that the first rows of NDJSON lack comes later: the order may differ, the lines may not.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&drafted.spec_yaml), sorted(expected), "{}", path.display());
    let spec = parse_spec(&drafted.spec_yaml, "quiver.yaml").unwrap();
    let table = open_table_as(path, Typing::Text).unwrap();
    TableMapping::new(&spec, table.schema(), table.fingerprint()).unwrap_or_else(|errors| panic!("{errors}"));
}

#[test]
fn parquet_csv_and_ndjson_of_one_table_give_one_spec() {
    let folder = tempfile::tempdir().unwrap();
    let rows = flights();
    let parquet = write_parquet(folder.path(), "t.parquet", &rows);
    let drafted =
        infer_spec(std::slice::from_ref(&parquet), &InferOptions { model: Some("m".to_owned()), ..options() }).unwrap();
    check_same(&parquet, &drafted.spec_yaml);
    check_same(&write(folder.path(), "t.csv", csv_of(&rows)), &drafted.spec_yaml);
    check_same(&write(folder.path(), "t.ndjson", ndjson_of(&rows)), &drafted.spec_yaml);
}

#[test]
fn no_personal_value_stands_in_a_draft() {
    let canaries = [
        "canary.bird@example.com",
        "+1 415 555 0199",
        "4111111111111111",
        "Canary Birdsong",
        "192.168.77.13",
        "u-canary-7",
    ];
    let mut text = String::from("timestamp,score,label,user_id,contact,note,channel,card,Last Name,reach,comment\n");
    for row in 0..500 {
        // One canary value in an otherwise harmless column of few categories.
        let channel = if row == 250 { "canary.bird@example.com" } else { ["web", "app"][row % 2] };
        let reach = if row % 100 == 7 { "192.168.77.13" } else { "near" };
        text.push_str(&format!(
            "2013-07-01T00:{:02}:00Z,0.{row:03},{},u-canary-{},+1 415 555 0199,{},{channel},4111111111111111,Canary Birdsong,{reach},{}\n",
            row % 60,
            row % 2,
            row % 9,
            if row % 3 == 0 { "call Canary Birdsong" } else { "none" },
            "a long remark that somebody typed about Canary Birdsong and others and all that",
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let drafted = infer_spec(&[write(folder.path(), "people.csv", text)], &InferOptions::default()).unwrap();
    for canary in canaries {
        assert!(!drafted.spec_yaml.contains(canary), "{canary} in\n{}", drafted.spec_yaml);
        assert!(!drafted.notes.iter().any(|note| note.contains(canary)));
    }
    let spec = parse_spec(&drafted.spec_yaml, "quiver.yaml").unwrap();
    assert_eq!(spec.columns.as_ref().unwrap().subject.as_deref(), Some("user_id"));
    assert_eq!(spec.privacy.as_ref().unwrap().subject.as_deref(), Some("user_id"));
    for name in ["channel", "reach"] {
        let feature = spec.features.get(name).unwrap();
        assert_eq!((feature.privacy, feature.values.as_ref()), (Privacy::Personal, None), "{name}");
    }
    assert_eq!(spec.features.get("note").unwrap().privacy, Privacy::FreeText);
    assert_eq!(spec.slices, [""; 0]);
}

#[test]
fn odd_names_and_values_still_give_a_spec() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("\"on\",\"a: b\",\"Größe #1\",x,X,\"tab\tname\",yes\n");
    for row in 0..40 {
        text.push_str(&format!(
            "{},\"{}\",{},{row},{row},{},{}\n",
            row % 2,
            ["a, b", "{x}"][row % 2],
            row * 3,
            row % 3,
            ["- x", "'q'"][row % 2]
        ));
    }
    let drafted = infer_spec(&[write(folder.path(), "1 Ünïcode & more!.csv", text)], &InferOptions::default()).unwrap();
    let spec = parse_spec(&drafted.spec_yaml, "q.yaml").unwrap();
    let names: Vec<&str> = spec.features.names().collect();
    assert_eq!(names, ["on", "a: b", "Größe #1", "x", "tab\tname", "yes"]);
    assert!(drafted.spec_yaml.contains("# left out: X: differs from another column by case only"));
    assert!(drafted.notes.iter().any(|note| note.contains("no column of times")));
}

#[test]
fn regression_and_multiclass_logs_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut regression = String::from("time,predicted,actual,x\n");
    let mut multiclass = String::from("time,prediction,label,x\n");
    for row in 0..60 {
        regression.push_str(&format!("2013-07-{:02}T00:00:00Z,{}.5,{}.25,{row}\n", row % 28 + 1, row * 2, row * 3));
        let class = ["red", "green", "blue"][row % 3];
        multiclass.push_str(&format!("2013-07-{:02}T00:00:00,{class},{class},{row}\n", row % 28 + 1));
    }
    let draft = draft_spec(&[write(folder.path(), "r.csv", regression)], &InferOptions::default()).unwrap();
    assert_eq!(
        (draft.task, draft.column_of(Role::Output), draft.column_of(Role::Label)),
        (Task::Regression, Some("predicted"), Some("actual"))
    );
    draft.spec().unwrap();
    let draft = draft_spec(&[write(folder.path(), "m.csv", multiclass)], &InferOptions::default()).unwrap();
    assert_eq!((draft.task, draft.column_of(Role::Output)), (Task::Multiclass, Some("prediction")));
    let spec = draft.spec().unwrap();
    assert_eq!(spec.columns.unwrap().timezone.as_deref(), Some("UTC"));
    assert_eq!(spec.features.get("x").unwrap().kind, FeatureType::Number);
}

#[test]
fn what_cannot_be_drafted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |name: &str, text: &str| {
        infer_spec(&[write(folder.path(), name, text)], &InferOptions::default()).unwrap_err().to_string()
    };
    assert!(refuse("head.csv", "a,b\n").contains("no usable row"));
    assert!(refuse("constant.csv", "a\n1\n1\n").contains("none of the 1 columns can be a feature"));
    let events = r#"{"kind":"change","model":"m","at":"2013-07-01T00:00:00Z"}"#;
    assert!(refuse("events.ndjson", events).contains("events of Quiver, not rows"));
    assert!(infer_spec(&[], &InferOptions::default()).unwrap_err().to_string().contains("no data file"));
}
