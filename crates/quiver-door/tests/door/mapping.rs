//! Rows of tables as events: casts, reasons, arms, feedback, and rows that cannot be used.

use crate::support::{batch, spec, write, write_parquet};
use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, TimestampMicrosecondType};
use quiver_door::decode::table::{Mapped, TableMapping};
use quiver_door::decode::table_file::{ReadOptions, Typing, open_table, open_table_as};
use quiver_event::batch::{EventBatch, schema_of};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use std::sync::Arc;

const HEAD: &str = "
model: flight-delay
task: binary
feedback: {label: late, horizon: 7d}
features:
  distance: {type: number, range: [0, 6000], required: true}
  carrier: {type: category, values: [UA, AA, 7]}
  wind: {type: number, default: 10}
  note: {type: text, max_length: 5}
  vector: {type: embedding, dimension: 2}
slices: [carrier]
";

fn flights() -> RecordBatch {
    let at = TimestampMicrosecondArray::from(vec![Some(1_000_000), Some(2_000_000), None, Some(4_000_000)]);
    let known = TimestampMicrosecondArray::from(vec![Some(9_000_000), None, None, None]);
    let carriers: DictionaryArray<Int32Type> = vec![Some("UA"), Some("XX"), None, Some("7")].into_iter().collect();
    batch(vec![
        ("flight", Arc::new(StringArray::from(vec![Some("f1"), Some("f2"), Some("f3"), None])) as ArrayRef),
        ("event_time", Arc::new(at.with_timezone("UTC"))),
        ("distance", Arc::new(Float64Array::from(vec![Some(100.0), Some(9_000.0), Some(1.0), None]))),
        ("carrier", Arc::new(carriers)),
        ("wind_speed", Arc::new(StringArray::from(vec!["10", "strong", "NA", "3.5"]))),
        ("note", Arc::new(StringArray::from(vec!["short", "too long", "", "x"]))),
        ("vector", Arc::new(StringArray::from(vec![Some("[1, 2]"), Some("[1]"), None, None]))),
        ("score", Arc::new(Float64Array::from(vec![0.25, f64::NAN, 0.5, 0.5]))),
        ("shadow", Arc::new(Float64Array::from(vec![1.5, f64::INFINITY, 0.5, 0.5]))),
        ("late", Arc::new(Int64Array::from(vec![Some(1), Some(0), None, None]))),
        ("known", Arc::new(known.with_timezone("UTC"))),
        ("tailnum", Arc::new(StringArray::from(vec!["N1", "N2", "N3", "N4"]))),
    ])
}

fn map(spec: &Spec, rows: &RecordBatch) -> (TableMapping, Mapped) {
    let mapping = TableMapping::new(spec, &rows.schema(), "abc").unwrap_or_else(|errors| panic!("{errors}"));
    let mapped = mapping.map(rows, 100).unwrap();
    (mapping, mapped)
}

fn texts(batch: &EventBatch, column: &str) -> Vec<Option<String>> {
    let array = batch.rows.column_by_name(column).unwrap().as_string::<i32>();
    array.iter().map(|text| text.map(ToOwned::to_owned)).collect()
}

/// The entries of a map column as `row key value`.
fn entries(batch: &EventBatch, column: &str) -> Vec<String> {
    let map = batch.rows.column_by_name(column).unwrap().as_map();
    let mut found = Vec::new();
    for row in 0..map.len() {
        let from = map.value_offsets()[row] as usize;
        for entry in from..map.value_offsets()[row + 1] as usize {
            let key = map.keys().as_string::<i32>().value(entry);
            let value = match map.values().as_string_opt::<i32>() {
                Some(values) => values.value(entry),
                None => map.values().as_struct().column_by_name("status").unwrap().as_string::<i32>().value(entry),
            };
            found.push(format!("{row} {key} {value}"));
        }
        assert_eq!(map.is_null(row), map.value_length(row) == 0);
    }
    found
}

#[test]
fn rows_become_predictions_and_feedback_with_every_reason_noted() {
    let spec = spec(&format!(
        "{HEAD}columns: {{at: event_time, id: flight, score: score, label: late, label_time: known, subject: tailnum, features: {{wind: wind_speed}}}}\n"
    ));
    let (mapping, mapped) = map(&spec, &flights());
    assert_eq!(mapping.undeclared(), ["shadow"]);
    let [predictions] = mapped.predictions.as_slice() else { panic!("one arm") };
    assert_eq!(predictions.rows.schema(), schema_of(Kind::Prediction, &spec));
    assert_eq!(texts(predictions, "id"), [Some("f1".into()), Some("f2".into())]);
    assert_eq!(texts(predictions, "subject"), [Some("N1".into()), Some("N2".into())]);
    assert_eq!(texts(predictions, "arm"), [None, None]);
    assert_eq!(
        entries(predictions, "invalid"),
        [
            "1 distance range",
            "1 carrier category",
            "1 wind type",
            "1 note length",
            "1 vector dimension",
            "1 output nan"
        ]
    );
    assert_eq!(entries(predictions, "slices"), ["0 carrier UA", "1 carrier XX"]);
    assert_eq!(entries(predictions, "feature_meta"), ["0 wind default"]);
    assert!(predictions.rows.column_by_name("score").unwrap().is_null(1));
    assert!(predictions.rows.column_by_name("feature_wind").unwrap().is_null(1));
    assert_eq!(
        predictions.rows.column_by_name("feature_distance").unwrap().as_primitive::<Float64Type>().value(1),
        9_000.0
    );
    let rejected: Vec<(&str, Vec<u64>)> =
        mapped.rejected.iter().map(|(reason, found)| (reason, found.examples.clone())).collect();
    assert_eq!(rejected, [("no_id", vec![104]), ("no_time", vec![103])]);

    let feedback = mapped.feedback.unwrap();
    assert_eq!(feedback.rows.schema(), schema_of(Kind::Feedback, &spec));
    assert_eq!(texts(&feedback, "id"), [Some("f1/late".into()), Some("f2/late".into())]);
    assert_eq!(texts(&feedback, "prediction_id"), [Some("f1".into()), Some("f2".into())]);
    let known = feedback.rows.column_by_name("known_at").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(known.values(), &[9_000_000, 2_000_000]);
    assert_eq!(feedback.rows.column_by_name("value").unwrap().as_primitive::<Float64Type>().values(), &[1.0, 0.0]);
}

#[test]
fn every_arm_gets_its_own_predictions_of_one_decision() {
    let spec = spec(&format!(
        "{HEAD}columns:\n  at: event_time\n  label: late\n  features: {{wind: wind_speed}}\n  arms:\n    challenger: {{score: shadow, version: gb}}\n    control: {{score: score, version: lr}}\n"
    ));
    let (_, mapped) = map(&spec, &flights());
    let [control, challenger] = mapped.predictions.as_slice() else { panic!("two arms") };
    let ids = |suffix: &str| ["abc-101", "abc-102", "abc-104"].map(|id| Some(format!("{id}{suffix}")));
    assert_eq!(texts(control, "id"), ids(""));
    assert_eq!(texts(challenger, "id"), ids("/challenger"));
    assert_eq!(texts(challenger, "decision_id"), ids(""));
    assert_eq!(texts(control, "decision_id"), ids(""));
    assert_eq!(texts(challenger, "arm")[0].as_deref(), Some("challenger"));
    assert_eq!(texts(challenger, "version")[0].as_deref(), Some("gb"));
    let output = |batch: &EventBatch| {
        entries(batch, "invalid").into_iter().filter(|entry| entry.contains("output")).collect::<Vec<_>>()
    };
    assert_eq!(output(control), ["1 output nan"]);
    assert_eq!(output(challenger), ["0 output range", "1 output infinite"]);
    let feedback = mapped.feedback.unwrap();
    assert_eq!(texts(&feedback, "prediction_id"), [None, None]);
    assert_eq!(texts(&feedback, "decision_id"), [Some("abc-101".into()), Some("abc-102".into())]);
}

#[test]
fn dictionaries_can_be_kept_for_the_profile() {
    let spec = spec(&format!("{HEAD}columns: {{at: event_time, score: score, features: {{wind: wind_speed}}}}\n"));
    let rows = flights();
    let mapping = TableMapping::new(&spec, &rows.schema(), "abc").unwrap().keep_dictionaries();
    let mapped = mapping.map(&rows, 0).unwrap();
    let carrier = mapped.predictions[0].rows.column_by_name("feature_carrier").unwrap();
    assert!(matches!(carrier.data_type(), DataType::Dictionary(..)));
    assert_eq!(entries(&mapped.predictions[0], "slices"), ["0 carrier UA", "1 carrier XX", "2 carrier 7"]);
}

#[test]
fn every_missing_column_is_named_at_once_with_the_nearest() {
    let spec =
        spec(&format!("{HEAD}columns: {{at: event_tme, id: flihgt, score: scor, features: {{wind: wind_sped}}}}\n"));
    let errors = TableMapping::new(&spec, &flights().schema(), "abc").unwrap_err();
    let lines = errors.to_string();
    assert_eq!(
        lines.lines().collect::<Vec<_>>(),
        [
            "columns.at: the table has no column `event_tme`; did you mean `event_time`?",
            "columns.id: the table has no column `flihgt`; did you mean `flight`?",
            "columns.score: the table has no column `scor`; did you mean `score`?",
            "columns.features.wind: the table has no column `wind_sped`; did you mean `wind_speed`?",
        ]
    );
}

#[test]
fn times_without_a_zone_need_one_in_the_spec() {
    let local = TimestampMicrosecondArray::from(vec![1_372_687_391_000_000]);
    let rows = batch(vec![
        ("t", Arc::new(local) as ArrayRef),
        ("s", Arc::new(Float64Array::from(vec![0.5]))),
        ("x", Arc::new(Float64Array::from(vec![0.5]))),
    ]);
    let text = "model: m\ntask: binary\nfeatures: {x: {type: number}}\ncolumns: {at: t, score: s}\n";
    let errors = TableMapping::new(&spec(text), &rows.schema(), "f").unwrap_err().to_string();
    assert!(errors.starts_with("columns.at: column `t` holds times without a zone"), "{errors}");
    let zoned = spec(&text.replace("at: t", "at: t, timezone: America/New_York"));
    let (_, mapped) = map(&zoned, &rows);
    let at = mapped.predictions[0].rows.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>();
    // 14:03:11 in New York in July is 18:03:11 UTC.
    assert_eq!(at.value(0), 1_372_687_391_000_000 + 4 * 3_600_000_000);
}

#[test]
fn text_files_map_like_parquet_and_zoneless_texts_are_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(
        "model: m\ntask: binary\nfeedback: {label: y}\nfeatures: {x: {type: number}, c: {type: category}, gone: {type: text, action: drop}}\ncolumns: {at: t, id: id, score: s, label: y}\n",
    );
    let text = "id,t,s,x,c,y\n007,2013-07-01T14:03:11Z,0.5,1.5,7,yes\n2,2013-07-01T14:03:11,0.5,1,a,no\n3,2013-07-01T15:03:11+01:00,high,many,,\n4,2013-07-01T16:03:11Z,0.5,1,a,0\n";
    let path = write(folder.path(), "t.csv", text);
    let table = open_table_as(&path, Typing::Text).unwrap();
    let mapping = TableMapping::new(&spec, table.schema(), table.fingerprint()).unwrap();
    let options = ReadOptions { columns: Some(mapping.columns()), ..ReadOptions::default() };
    let batch = table.batches(&options).unwrap().next().unwrap().unwrap();
    let mapped = mapping.map(&batch.rows, batch.first_row).unwrap();
    let predictions = &mapped.predictions[0];
    assert_eq!(texts(predictions, "id"), [Some("007".into()), Some("3".into()), Some("4".into())]);
    assert_eq!(entries(predictions, "invalid"), ["1 x type", "1 output type"]);
    assert_eq!(mapped.rejected.iter().next().unwrap().0, "no_zone");
    let feedback = mapped.feedback.unwrap();
    assert_eq!(texts(&feedback, "class"), [Some("yes".into()), None]);
    assert_eq!(feedback.rows.column_by_name("value").unwrap().as_primitive::<Float64Type>().values(), &[1.0, 0.0]);
}

#[test]
fn a_column_of_nulls_is_mapped_as_missing_values() {
    let folder = tempfile::tempdir().unwrap();
    let rows = batch(vec![
        ("t", Arc::new(TimestampMicrosecondArray::from(vec![1, 2]).with_timezone("UTC")) as ArrayRef),
        ("s", Arc::new(Float64Array::from(vec![0.1, 0.2]))),
        ("x", Arc::new(arrow::array::NullArray::new(2))),
        ("c", Arc::new(StringArray::from(vec![None::<&str>, None]))),
    ]);
    let path = write_parquet(folder.path(), "t.parquet", &rows);
    let table = open_table(&path).unwrap();
    let spec = spec(
        "model: m\ntask: binary\nfeatures: {x: {type: number, required: true}, c: {type: category}}\nslices: [c]\ncolumns: {at: t, score: s}\n",
    );
    let mapping = TableMapping::new(&spec, table.schema(), table.fingerprint()).unwrap();
    let batch = table.batches(&ReadOptions::default()).unwrap().next().unwrap().unwrap();
    let mapped = mapping.map(&batch.rows, 0).unwrap();
    assert_eq!(entries(&mapped.predictions[0], "invalid"), ["0 x required", "1 x required"]);
    assert_eq!(entries(&mapped.predictions[0], "slices"), Vec::<String>::new());
    assert!(mapped.feedback.is_none());
}
