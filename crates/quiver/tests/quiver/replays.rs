//! The same events give the same numbers, however they come: twice, in parts, under a changed spec, as lines or rows.

use crate::flights;
use crate::held::Held;
use crate::place::Place;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMillisecondType;
use quiver_event::time::Timestamp;
use serde_json::json;
use std::fmt::Write as _;

/// Three weeks of flights with the second as the reference, in a file a week.
fn three_weeks() -> Place {
    let place = Place::new();
    let days = ["2013-02-01T05:00:00Z", "2013-02-08T05:00:00Z", "2013-02-15T05:00:00Z", "2013-02-22T05:00:00Z"];
    for (week, ends) in days.windows(2).enumerate() {
        let rows = flights::thinned(&flights::between(ends[0], ends[1]), 4);
        flights::write_parquet(&place.path(&format!("week{week}.parquet")), &rows);
    }
    place.write("model.yaml", spec_with(&[]));
    place
}

/// The demo's spec with the second week of February as the reference.
fn spec_with(changes: &[(&str, &str)]) -> String {
    let reference = ("{from: 2013-02-01, to: 2013-03-01}", "{from: 2013-02-08, to: 2013-02-15}");
    flights::spec_with(&[&[reference], changes].concat())
}

fn replay(place: &Place, data: &[&str], spec: &str, folder: &str) -> String {
    place.quiver(&[&["replay"], data, &["--spec", spec, "--data-folder", folder]].concat()).ends_with(0).out
}

const WEEKS: [&str; 3] = ["week0.parquet", "week1.parquet", "week2.parquet"];

#[test]
fn a_replay_run_twice_adds_nothing() {
    let place = three_weeks();
    let first = replay(&place, &WEEKS, "model.yaml", "data");
    assert!(!first.contains(" 0 new events") && !first.contains(" 0 findings"), "{first}");
    let held = Held::of(&place.path("data"));
    held.holds_nothing_twice();
    let second = replay(&place, &WEEKS, "model.yaml", "data");
    assert!(second.contains(" 0 new events") && second.contains(" 0 findings"), "{second}");
    let again = Held::of(&place.path("data"));
    again.shows_what(&held, "after a second replay");
    again.derived_what(&held, "after a second replay");
}

#[test]
fn weeks_replayed_one_by_one_end_as_all_at_once() {
    let place = three_weeks();
    replay(&place, &WEEKS, "model.yaml", "at-once");
    let at_once = Held::of(&place.path("at-once"));
    // The first week comes before the reference, so that nothing can be compared with it yet.
    for (folder, order) in [("forward", [0, 1, 2]), ("backward", [2, 1, 0])] {
        for week in order {
            replay(&place, &[WEEKS[week]], "model.yaml", folder);
        }
        let held = Held::of(&place.path(folder));
        held.shows_what(&at_once, folder);
        held.holds_nothing_twice();
    }
}

#[test]
fn a_changed_spec_is_judged_as_if_it_had_been_there_from_the_start() {
    let place = three_weeks();
    replay(&place, &WEEKS, "model.yaml", "changed");
    let before = Held::of(&place.path("changed"));
    place.write(
        "changed.yaml",
        spec_with(&[
            ("decision: {threshold: 0.5", "decision: {threshold: 0.3"),
            ("metric: recall, threshold: 0.5", "metric: recall, threshold: 0.3"),
            ("slices: [origin, carrier]", "slices: [origin]"),
        ]),
    );
    let told = replay(&place, &WEEKS, "changed.yaml", "changed");
    assert!(told.contains(" 0 new events"), "{told}");
    replay(&place, &WEEKS, "changed.yaml", "fresh");
    let (changed, fresh) = (Held::of(&place.path("changed")), Held::of(&place.path("fresh")));
    assert_ne!(changed.report, before.report);
    // Events stay as they were taken in; all that is concluded from them is concluded anew.
    assert!(changed.report == fresh.report, "the changed spec shows other numbers than a fresh folder");
    changed.holds_nothing_twice();
}

#[test]
fn event_lines_give_the_numbers_that_rows_of_a_table_give() {
    let place = three_weeks();
    let rows = flights::thinned(&flights::between("2013-02-08T05:00:00Z", "2013-02-22T05:00:00Z"), 8);
    flights::write_parquet(&place.path("log.parquet"), &rows);
    place.write("log.ndjson", event_lines(&rows));
    let findings = |log: &str| {
        let checked = place.quiver(&["check", log, "--spec", "model.yaml", "--by", "week", "--json"]).json();
        assert!(checked["findings"].as_array().unwrap().len() > 50);
        checked["findings"].clone()
    };
    assert_eq!(findings("log.ndjson"), findings("log.parquet"));
    replay(&place, &["log.parquet"], "model.yaml", "rows");
    replay(&place, &["log.ndjson"], "model.yaml", "lines");
    let [of_rows, of_lines] = ["rows", "lines"].map(|folder| Held::of(&place.path(folder)));
    of_lines.holds_nothing_twice();
    assert_eq!(of_lines.report, of_rows.report);
}

/// The flights as events, in order of time: both answers to each, and its truth when it became known.
fn event_lines(rows: &RecordBatch) -> String {
    let instants = |name: &str| -> Vec<Option<i64>> {
        flights::column(rows, name).as_primitive::<TimestampMillisecondType>().iter().collect()
    };
    let texts = |name: &str| {
        let column = flights::column(rows, name).as_string::<i32>().clone();
        move |row: usize| column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let (at, known, ids) = (instants("event_time"), instants("label_time"), flights::numbers(rows, "flight_id"));
    let (hull, labels) = (texts("tailnum"), flights::numbers(rows, "label"));
    let scores = [("control", "logistic-2013-01", "score_lr"), ("shadow", "boosted-2013-01", "score")];
    let scores = scores.map(|(arm, version, name)| (arm, version, flights::numbers(rows, name)));
    let numbers = flights::NUMBERS.map(|name| (name, flights::numbers(rows, name)));
    let categories = flights::CATEGORIES.map(|name| (name, texts(name)));
    let instant = |milliseconds: i64| Timestamp(milliseconds * 1000).to_string();
    let mut lines: Vec<(i64, String)> = Vec::new();
    for row in 0..rows.num_rows() {
        let id = ids[row].unwrap().to_string();
        let mut features = serde_json::Map::new();
        features.extend(numbers.iter().map(|(name, values)| ((*name).to_owned(), json!(values[row]))));
        features.extend(categories.iter().map(|(name, text)| ((*name).to_owned(), json!(text(row)))));
        for (arm, version, values) in &scores {
            let event = json!({
                "kind": "prediction", "model": "flight-delay", "id": format!("{id}/{arm}"), "decision_id": id,
                "at": instant(at[row].unwrap()), "version": version, "arm": {"assigned": arm, "served": arm},
                "features": features, "output": {"score": values[row]}, "subject": hull(row),
                "slices": {"origin": features["origin"], "carrier": features["carrier"]},
            });
            lines.push((at[row].unwrap(), event.to_string()));
        }
        if let (Some(label), Some(known)) = (labels[row], known[row]) {
            let event = json!({
                "kind": "feedback", "model": "flight-delay", "id": format!("truth-{id}"), "decision_id": id,
                "at": instant(known), "known_at": instant(known), "name": "late", "value": label,
            });
            lines.push((known, event.to_string()));
        }
    }
    lines.sort();
    lines.into_iter().fold(String::new(), |mut text, (_, line)| {
        writeln!(text, "{line}").unwrap();
        text
    })
}
