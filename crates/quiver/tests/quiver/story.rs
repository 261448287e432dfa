//! The demo's story is computed and not told: it follows the data, whatever the columns are called.

use crate::flights;
use crate::place::Place;
use crate::random::Random;
use crate::year::{arm, finding, label_of, window, year};
use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::TimestampMillisecondType;
use quiver_event::time::{Timestamp, Zone};
use serde_json::Value;
use std::sync::Arc;

const ANALYSED: [&str; 10] =
    ["2013-03", "2013-04", "2013-05", "2013-06", "2013-07", "2013-08", "2013-09", "2013-10", "2013-11", "2013-12"];

#[test]
fn the_decision_is_the_first_arrow_that_broke_and_temperature_is_its_cause() {
    let report = &year().report;
    let diagnosis = &arm(report, "control")["diagnosis"];
    let first = &diagnosis["onsets"][0];
    assert_eq!(first["arrow"], "decision");
    assert_eq!(label_of(report, &first["window"]), "2013-04");
    let cause = &diagnosis["causes"][0];
    assert_eq!((&cause["subject"], &cause["arrow"]), (&Value::from("temp"), &Value::from("features")));
    assert!(cause["share"].as_f64().unwrap() > 0.5, "{cause}");
    assert_eq!(label_of(report, &cause["since"]), "2013-03");
    let onsets: Vec<&str> =
        diagnosis["onsets"].as_array().unwrap().iter().map(|onset| onset["arrow"].as_str().unwrap()).collect();
    assert!(!onsets.contains(&"features"), "drift alone is no broken promise");
    assert!(!onsets.contains(&"inference"), "nothing is known of the service");
}

#[test]
fn what_everybody_watches_stays_green_all_year() {
    for label in ["2013-02"].iter().chain(&ANALYSED) {
        for subject in ["roc_auc", "precision"] {
            let found = finding(window(&year().report, "control", label), "quality", subject);
            // The last labels of the year may still come; what is known of December is as good.
            let expected = if *label == "2013-12" { "labels_pending" } else { "healthy" };
            assert_eq!(found["verdict"], expected, "{label} {subject}: {}", found["evidence"]);
            assert!(found["value"].as_f64() >= found["limit"]["at_least"].as_f64(), "{label}: {}", found["evidence"]);
        }
    }
    for label in ["2013-05", "2013-06", "2013-07", "2013-08", "2013-09", "2013-10"] {
        let recall = finding(window(&year().report, "control", label), "quality", "recall");
        assert_eq!(recall["verdict"], "broken", "{label}: {}", recall["evidence"]);
    }
}

#[test]
fn the_shadow_saw_the_same_shift_and_kept_every_promise() {
    let report = &year().report;
    let shadow = &arm(report, "shadow")["diagnosis"];
    assert_eq!(shadow["onsets"], Value::Array(Vec::new()));
    assert!(shadow["harmless_drift"].as_array().unwrap().contains(&Value::from("temp")), "{shadow}");
    for label in ANALYSED {
        let of = |arm: &str| &finding(window(report, arm, label), "drift", "temp")["value"];
        assert_eq!(of("control"), of("shadow"));
        assert!(
            window(report, "shadow", label)["arrows"].as_array().unwrap().iter().all(|verdict| verdict != "broken")
        );
    }
}

#[test]
fn infrastructure_that_no_event_speaks_of_is_not_observed() {
    let diagnosis = &arm(&year().report, "control")["diagnosis"];
    let service: Vec<&Value> = diagnosis["infrastructure"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["monitor"] == "latency" || found["monitor"] == "errors")
        .collect();
    assert!(service.len() >= 2);
    for found in service {
        assert_eq!((&found["verdict"], &found["value"]), (&Value::from("not_observed"), &Value::Null), "{found}");
    }
    for label in ANALYSED {
        assert_eq!(window(&year().report, "control", label)["arrows"][1], "not_observed");
    }
}

#[test]
fn the_terminal_tells_what_the_findings_say() {
    let told = &year().told;
    for text in [
        "The live model is broken since April 2013. The arrow that broke first: 3 Inference → Decision.",
        "goes with `temp` on arrow 1",
        "precision, roc auc",
        "Infrastructure: not observed",
        "The shadow model saw the same `temp`",
        "The shadow model is healthy",
    ] {
        assert!(told.contains(text), "no {text:?} in\n{told}");
    }
    assert!(told.find("goes with `temp`") < told.find("goes with `pressure`"), "the largest cause comes first");
}

#[test]
fn the_cause_is_named_by_its_new_name_when_the_columns_are_renamed() {
    let names = [
        ("temp", "heat_reading"),
        ("dewp", "damp_reading"),
        ("visib", "sight"),
        ("carrier", "line"),
        ("origin", "leaves"),
        ("flight_id", "trip"),
        ("event_time", "due"),
        ("tailnum", "hull"),
        ("score_lr", "answer"),
        ("score", "rival"),
        ("label", "was_late"),
        ("label_time", "known"),
    ];
    let spec = flights::spec_with(&[
        ("model: flight-delay", "model: late-trips"),
        ("  temp: {", "  heat_reading: {"),
        ("  dewp: {", "  damp_reading: {"),
        ("  visib: {", "  sight: {"),
        ("  carrier: {", "  line: {"),
        ("  origin: {", "  leaves: {"),
        ("slices: [origin, carrier]", "slices: [leaves, line]"),
        ("id: flight_id", "id: trip"),
        ("at: event_time", "at: due"),
        ("subject: tailnum", "subject: hull"),
        ("score: score_lr", "score: answer"),
        ("score: score,", "score: rival,"),
        ("label: label\n", "label: was_late\n"),
        ("label_time: label_time", "label_time: known"),
    ]);
    let rows = flights::together(&["2013-02", "2013-03", "2013-04", "2013-05"].map(flights::month));
    let (told, report) = demo_of(&flights::renamed(&flights::thinned(&rows, 2), &names), &spec, "late-trips");
    let diagnosis = &arm(&report, "control")["diagnosis"];
    assert_eq!(diagnosis["onsets"][0]["arrow"], "decision");
    assert_eq!(label_of(&report, &diagnosis["onsets"][0]["window"]), "2013-04");
    assert_eq!(diagnosis["causes"][0]["subject"], "heat_reading");
    assert!(told.contains("The arrow that broke first: 3 Inference → Decision."), "{told}");
    assert!(told.contains("goes with `heat_reading` on arrow 1"), "{told}");
    for old in ["temp", "carrier", "score_lr", "flight-delay"] {
        assert!(!told.contains(old), "{old:?} in\n{told}");
    }
    let slices: Vec<&Value> = window(&report, "control", "2013-04")["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|found| found["slice"].get("name"))
        .collect();
    assert!(slices.iter().all(|name| *name == "line" || *name == "leaves"), "{slices:?}");
}

#[test]
fn a_year_of_resampled_februaries_is_healthy() {
    let february = flights::month("2013-02");
    let mut random = Random::new(2013);
    let mut parts = vec![february.clone()];
    for (index, month) in ANALYSED.into_iter().enumerate() {
        parts.push(resampled(&february, month, 1_000_000 * (1 + index as i32), 4_000, &mut random));
    }
    let (told, report) = demo_of(&flights::together(&parts), flights::SPEC, "flight-delay");
    for name in ["control", "shadow"] {
        let arm = arm(&report, name);
        assert_eq!(arm["diagnosis"]["onsets"], Value::Array(Vec::new()), "{name}");
        assert_eq!(arm["diagnosis"]["harmless_drift"], Value::Array(Vec::new()), "{name}");
        let windows = arm["windows"].as_array().unwrap();
        assert_eq!(windows.len(), 11);
        for (window, label) in windows.iter().zip(report["labels"].as_array().unwrap()) {
            for (arrow, verdict) in window["arrows"].as_array().unwrap().iter().enumerate() {
                let expected = match arrow {
                    1 => "not_observed",
                    // The labels of its last week are still expected when the log ends.
                    3 if label == "2013-12" => "labels_pending",
                    _ => "healthy",
                };
                assert_eq!(verdict, expected, "{name}, {label}, arrow {}", arrow + 1);
            }
        }
    }
    assert!(told.contains("The live model is healthy: its inputs look like the reference."), "{told}");
    assert!(!told.contains("broke first"), "{told}");
}

/// The demo on other data: what it prints, and the report behind it.
fn demo_of(rows: &RecordBatch, spec: &str, model: &str) -> (String, Value) {
    let place = Place::new();
    flights::write_parquet(&place.path("log.parquet"), rows);
    place.write("model.yaml", spec);
    let told = place
        .quiver(&["demo", "--data", "log.parquet", "--spec", "model.yaml", "--data-folder", "told"])
        .ends_with(0)
        .out;
    let report = place.quiver(&["report", model, "--data-folder", "told/data", "--json"]).ends_with(0).json();
    (told, report)
}

/// Rows drawn from February, each moved to its day of another month.
fn resampled(february: &RecordBatch, month: &str, first_id: i32, rows: usize, random: &mut Random) -> RecordBatch {
    let zone = Zone::parse("America/New_York").unwrap();
    let start = |month: &str| Timestamp::parse_in(&format!("{month}-01"), &zone).unwrap().0 / 1000;
    let shift = start(month) - start("2013-02");
    let mut places: Vec<usize> = (0..rows).map(|_| random.below(february.num_rows())).collect();
    places.sort_unstable();
    let drawn = flights::taken(february, places);
    let ids: ArrayRef = Arc::new(Int32Array::from_iter_values((0..rows as i32).map(|row| first_id + row)));
    let mut moved = flights::with(&drawn, "flight_id", ids);
    for name in ["event_time", "label_time"] {
        let times = flights::column(&moved, name).as_primitive::<TimestampMillisecondType>();
        let shifted: TimestampMillisecondArray = times.iter().map(|time| time.map(|time| time + shift)).collect();
        moved = flights::with(&moved, name, Arc::new(shifted.with_timezone("UTC")));
    }
    RecordBatch::try_new(february.schema(), moved.columns().to_vec()).unwrap()
}
