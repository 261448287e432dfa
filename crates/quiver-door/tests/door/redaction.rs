//! What may leave the door: no raw subject, no private value, in no column.

use crate::support::spec;
use arrow::array::{Array, AsArray};
use quiver_door::decode::ndjson::decode_events;
use quiver_door::detect::Detectors;
use quiver_door::redact::{Cleaner, KeyRing, Redaction, RedactionCounts, SubjectKey};
use quiver_event::spec::Spec;
use std::sync::Arc;

fn ring() -> Arc<KeyRing> {
    let key = SubjectKey::new("k1", b"0123456789abcdef0123456789abcdef").unwrap();
    Arc::new(KeyRing::new(vec![key]).unwrap())
}

pub fn cleaner(spec: &Spec) -> Cleaner {
    Cleaner::new(spec, ring(), Arc::new(Detectors::new().unwrap()))
}

#[test]
fn no_private_value_leaves_in_any_column() {
    let spec = spec(
        "model: m
task: binary
features:
  user: {type: category, privacy: subject}
  city: {type: category, privacy: personal}
  age: {type: number, privacy: personal}
  token: {type: text, privacy: secret}
  name: {type: text, privacy: personal, action: mask}
  mail: {type: text, privacy: personal, action: replace}
  color: {type: category, privacy: public}
slices: [city, color]
",
    );
    let line = r#"{"kind":"prediction","model":"m","id":"1","at":"2013-07-01T14:00:00Z","subject":"CANARY-1","features":{"user":"CANARY-1","city":"CANARY-2","age":41.25,"token":"CANARY-3","name":"CANARY-4","mail":"canary@example.com","color":"red"}}"#;
    let decoded = decode_events(&spec, line.as_bytes(), &mut || "made".to_owned()).unwrap();
    let (cleaned, counts) = cleaner(&spec).clean(&decoded.batches[0]).unwrap();
    let shown = format!("{:?}", cleaned.rows);
    for secret in ["CANARY", "canary@", "41.25"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(cleaned.rows.schema(), decoded.batches[0].rows.schema());
    let text = |column: &str| cleaned.rows.column_by_name(column).unwrap().as_string::<i32>().value(0).to_owned();
    assert_eq!(text("subject"), ring().hash_subject("CANARY-1"));
    assert_eq!(text("feature_user"), text("subject"));
    assert_eq!(text("feature_name"), "AAAAAA-9");
    assert_eq!(text("feature_mail"), "[redacted]");
    assert_eq!(text("feature_color"), "red");
    let slices = cleaned.rows.column_by_name("slices").unwrap().as_map().value(0);
    let values = slices.column(1).as_string::<i32>();
    assert_eq!((values.value(0), values.value(1)), (text("feature_city").as_str(), "red"));
    let expected = [
        ("feature_age", "personal", "drop"),
        ("feature_city", "personal", "hash"),
        ("feature_mail", "personal", "replace"),
        ("feature_name", "personal", "mask"),
        ("feature_token", "secret", "drop"),
        ("feature_user", "subject", "hash"),
        ("subject", "subject", "hash"),
    ];
    let expected = expected.map(|(field, class, action)| (Redaction { field: field.to_owned(), class, action }, 1));
    assert_eq!(counts, RedactionCounts::from(expected));
    assert!(cleaned.rows.column_by_name("feature_age").unwrap().is_null(0));
}

#[test]
fn feedback_and_changes_pass_as_they_are() {
    let spec = spec("model: m\ntask: binary\nfeatures: {x: {type: text, privacy: secret}}\n");
    let line = r#"{"kind":"change","model":"m","at":"2013-07-01T14:00:00Z","what":"rule"}"#;
    let decoded = decode_events(&spec, line.as_bytes(), &mut || "made".to_owned()).unwrap();
    let (cleaned, counts) = cleaner(&spec).clean(&decoded.batches[0]).unwrap();
    assert_eq!(cleaned.rows, decoded.batches[0].rows);
    assert_eq!(counts, RedactionCounts::new());
}

#[test]
fn names_of_keys_are_repeated_and_what_is_no_name_is_not() {
    let cleaner = cleaner(&spec("model: m\ntask: binary\nfeatures: {x: {type: number}}\n"));
    let card = ["4539", "5787", "6362", "1486"].concat();
    for (path, shown) in [
        ("features.wind_speed", "features.wind_speed".to_owned()),
        ("output.scor", "output.scor".to_owned()),
        ("features.top_10", "features.top_10".to_owned()),
        ("features.anna@example.org", "features.[redacted].org".to_owned()),
        (format!("slices.{card}").as_str(), "slices.[redacted]".to_owned()),
        ("cost.u 1881", "cost.[redacted]".to_owned()),
    ] {
        assert_eq!(cleaner.shown_name(path), shown);
    }
}

#[test]
fn a_card_number_is_none_that_a_number_may_hold_unless_its_range_says_so() {
    let line = |name: &str, number: &str| {
        format!(
            r#"{{"kind":"prediction","model":"m","id":"1","at":"2013-07-01T14:00:00Z","features":{{"{name}":{number}}}}}"#
        )
    };
    let spec = spec(
        "model: m\ntask: binary\nfeatures:\n  x: {type: number, privacy: public}\n  micros: {type: number, range: [0, 9000000000000000]}\n",
    );
    let card = ["4539", "5787", "6362", "1486"].concat();
    let kept = |name: &str, number: &str| {
        let decoded = decode_events(&spec, line(name, number).as_bytes(), &mut || "made".to_owned()).unwrap();
        let (cleaned, counts) = cleaner(&spec).clean(&decoded.batches[0]).unwrap();
        (cleaned.rows.column_by_name(&format!("feature_{name}")).unwrap().is_valid(0), counts.len())
    };
    assert_eq!(kept("x", &card), (false, 1));
    assert_eq!(kept("x", "1372687391000000"), (true, 0), "a time in microseconds");
    assert_eq!(kept("micros", &card), (true, 0));
}
