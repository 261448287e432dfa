//! What strangers do wrong, through the real binary: each mistake gets an answer, and none a panic.

use crate::flights;
use crate::place::{Place, Ran};
use arrow::array::{ArrayRef, AsArray, Float64Array, NullArray, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::TimestampMillisecondType;
use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The commands that read data, each on one file; `model.yaml` is the demo's spec.
const READERS: [&[&str]; 5] = [
    &["profile", "DATA"],
    &["compare", "DATA", "DATA"],
    &["init", "DATA"],
    &["check", "DATA", "--spec", "model.yaml"],
    &["replay", "DATA", "--spec", "model.yaml", "--data-folder", "data"],
];

/// A folder with the demo's spec.
fn place_with_spec() -> Place {
    let place = Place::new();
    place.write("model.yaml", flights::SPEC);
    place
}

/// The first flights of February.
fn some_flights() -> RecordBatch {
    flights::month("2013-02").slice(0, 2000)
}

/// Runs every command that reads data on one file; each must refuse it in words.
fn all_refuse(place: &Place, data: &str, words: &[&str]) {
    for reader in READERS {
        let arguments: Vec<&str> = reader.iter().map(|word| if *word == "DATA" { data } else { word }).collect();
        let ran = place.quiver(&arguments).ends_with(2).shown_to_people().says(&[data]).says(words);
        assert!(ran.out.is_empty(), "{arguments:?} printed {}", ran.out);
        assert!(!place.path("data").exists(), "{arguments:?} made a data folder of nothing");
    }
}

#[test]
fn a_spec_with_five_mistakes_shows_all_five_with_their_places() {
    let place = Place::new();
    place.write(
        "model.yaml",
        "model: flight-delay\n\
         task: binry\n\
         timezone: America/New_Yrok\n\
         quality:\n  \
           - {metric: recal, threshold: 0.5, at_least: 0.08}\n\
         feedback: {label: late, horizon: 7 dayz}\n\
         features:\n  \
           hour: {type: number, range: [0, 23], requird: true}\n",
    );
    let ran = place.quiver(&["spec", "check", "model.yaml"]).ends_with(1).shown_to_people();
    for (place, message) in [
        ("model.yaml:2:7:", "did you mean `binary`?"),
        ("model.yaml:3:11:", "did you mean `America/New_York`?"),
        ("model.yaml:5:14:", "did you mean `recall`?"),
        ("model.yaml:6:34:", "expected a duration such as"),
        ("model.yaml:8:40:", "did you mean `required`?"),
    ] {
        let line =
            ran.out.lines().find(|line| line.starts_with(place)).unwrap_or_else(|| panic!("no {place}\n{}", ran.out));
        assert!(line.contains(message) && line.contains(" — expected "), "{line}");
    }
    assert!(ran.out.contains("model.yaml: 5 mistakes"), "{}", ran.out);
    assert!(ran.out.contains("2 | task: binry\n  |       ^"), "{}", ran.out);
    // The same mistakes stop what needs the spec, before anything is written.
    flights::write_parquet(&place.path("log.parquet"), &some_flights());
    let replay = ["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", "data"];
    place.quiver(&replay).ends_with(2).says(&["model.yaml:2:7:", "model.yaml:8:40:"]);
    assert!(!place.path("data").exists());
}

#[test]
fn every_spec_of_several_is_checked() {
    let place = place_with_spec();
    place.write("broken.yaml", "model: [x\n");
    place.write("empty.yaml", "");
    place
        .quiver(&["spec", "check", "broken.yaml", "model.yaml", "empty.yaml", "nowhere.yaml"])
        .ends_with(1)
        .shown_to_people()
        .says(&[
            "broken.yaml:",
            "not YAML",
            "good model.yaml",
            "empty.yaml: the file is empty",
            "nowhere.yaml: there is no",
        ]);
}

#[test]
fn a_target_that_the_reference_misses_is_a_mistake() {
    let place = Place::new();
    place.write("model.yaml", flights::spec_with(&[("roc_auc, at_least: 0.58", "roc_auc, at_least: 0.9")]));
    flights::write_parquet(&place.path("log.parquet"), &flights::thinned(&flights::month("2013-02"), 4));
    place
        .quiver(&["spec", "check", "model.yaml", "--data", "log.parquet"])
        .ends_with(1)
        .says(&["the reference itself fails a target: roc_auc"]);
}

#[test]
fn what_is_no_table_is_refused_by_every_command() {
    let place = place_with_spec();
    flights::write_parquet(&place.path("whole.parquet"), &some_flights());
    let whole = std::fs::read(place.path("whole.parquet")).unwrap();
    place.write("half.parquet", &whole[..whole.len() / 2]);
    place.write("headless.parquet", &whole[whole.len() / 2..]);
    place.write("empty.csv", "");
    place.write("noise.csv", (0..=255u8).cycle().take(4096).collect::<Vec<u8>>());
    std::fs::create_dir(place.path("folder")).unwrap();
    all_refuse(&place, "nowhere.parquet", &["nowhere.parquet: there is no such file"]);
    all_refuse(&place, "half.parquet", &["not a complete Parquet file", "still being written"]);
    all_refuse(&place, "headless.parquet", &["write Parquet, CSV with a header, or one JSON object a line"]);
    all_refuse(&place, "empty.csv", &["the file is empty"]);
    all_refuse(&place, "noise.csv", &["binary file"]);
    all_refuse(&place, "folder", &["this is a directory", "folder/*.parquet"]);
}

#[test]
fn two_columns_of_one_name_are_refused_by_their_places() {
    let place = place_with_spec();
    place.write("twice.csv", "id,amount,id\n1,2,3\n");
    all_refuse(&place, "twice.csv", &["columns 1 and 3 are both named `id`"]);
}

#[test]
fn broken_lines_are_kept_out_and_counted_by_line() {
    let place = place_with_spec();
    let rows = some_flights().slice(0, 200);
    flights::write_csv(&place.path("whole.csv"), &rows);
    let whole = place.read("whole.csv");
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    lines[50].push_str(",more");
    lines[60] = "1,2".to_owned();
    lines[120] = "\"never closed,1,2".to_owned();
    place.write("broken.csv", lines.join("\n"));
    let ran = place.quiver(&["profile", "broken.csv", "--json"]).ends_with(0).shown_to_people();
    assert_eq!(ran.json()["rows"], 197, "{}", ran.err);
    assert!(ran.err.contains("broken.csv: 3 rows kept out: field_count (first at 51, 61, 121)"), "{}", ran.err);
    assert!(!ran.err.contains("never closed"), "content of the data was shown");
    let replay = ["replay", "broken.csv", "--spec", "model.yaml", "--data-folder", "data"];
    // Each flight has an answer of either arm.
    place.quiver(&replay).ends_with(0).says(&["394 predictions read", "3 rows kept out: field_count"]);
}

#[test]
fn a_column_without_any_value_is_profiled_and_judged() {
    let place = place_with_spec();
    place.write("nulls.csv", format!("a,b\n{}", "1,\n".repeat(10)));
    let profile = place.quiver(&["profile", "nulls.csv", "--json"]).ends_with(0).json();
    assert_eq!(profile["columns"][1]["null_share"], 1.0);
    place.quiver(&["profile", "nulls.csv"]).ends_with(0).says(&["100%"]);

    let rows = some_flights();
    flights::write_parquet(&place.path("reference.parquet"), &rows);
    let empty: ArrayRef = Arc::new(Float64Array::from(vec![None; rows.num_rows()]));
    let typeless: ArrayRef = Arc::new(NullArray::new(rows.num_rows()));
    for (file, values) in [("empty.parquet", empty), ("typeless.parquet", typeless)] {
        flights::write_parquet(&place.path(file), &flights::with(&rows, "temp", values));
        let check = ["check", file, "--spec", "model.yaml", "--reference", "reference.parquet"];
        place
            .quiver(&check)
            .ends_with(0)
            .shown_to_people()
            .says(&["~ temp: 2000 of 2000 rows (100.0000 %) have no value"]);
        place.quiver(&["profile", file]).ends_with(0).shown_to_people();
        place.quiver(&["compare", "reference.parquet", file]).ends_with(0).shown_to_people();
    }
    // A required one is a broken promise.
    let hours: ArrayRef = Arc::new(Float64Array::from(vec![None; rows.num_rows()]));
    flights::write_parquet(&place.path("hours.parquet"), &flights::with(&rows, "hour", hours));
    let check = ["check", "hours.parquet", "--spec", "model.yaml", "--reference", "reference.parquet"];
    place.quiver(&check).ends_with(1).says(&["✗ hour: 2000 of 2000 rows"]);
}

#[test]
fn ten_thousand_columns_are_profiled_and_compared() {
    const COLUMNS: usize = 10_000;
    let place = Place::new();
    let line = |value: &dyn Fn(usize) -> String| (0..COLUMNS).map(value).collect::<Vec<_>>().join(",");
    let mut text = line(&|column| format!("c{column}"));
    for row in 0..5 {
        write!(text, "\n{}", line(&|column| (row * column).to_string())).unwrap();
    }
    place.write("wide.csv", text);
    let profile = place.quiver(&["profile", "wide.csv", "--json"]).ends_with(0).json();
    let columns = profile["columns"].as_array().unwrap();
    assert_eq!(columns.len(), COLUMNS);
    assert_eq!((&columns[9_999]["name"], &columns[9_999]["mean"]), (&"c9999".into(), &19_998.0.into()));
    let compared = place.quiver(&["compare", "wide.csv", "wide.csv", "--json"]).ends_with(0).json();
    assert_eq!(compared["columns"].as_array().unwrap().len(), COLUMNS);
}

#[test]
fn a_string_of_ten_megabytes_is_counted_and_never_shown() {
    let place = Place::new();
    let long = "y".repeat(10_000_000);
    place.write("long.csv", format!("a,b\n1,x\n2,{long}\n3,z\n"));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x", &long, "z"]));
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
    flights::write_parquet(
        &place.path("long.parquet"),
        &RecordBatch::try_from_iter([("a", numbers), ("b", texts)]).unwrap(),
    );
    for file in ["long.csv", "long.parquet"] {
        let profile = place.quiver(&["profile", file, "--json"]).ends_with(0).shown_to_people();
        assert_eq!(profile.json()["rows"], 3, "{file}");
        assert_eq!(profile.json()["columns"][1]["long"], 1, "{file}: {}", profile.out.len());
        assert!(profile.out.len() < 100_000, "{file} shows {} bytes", profile.out.len());
        place.quiver(&["compare", file, file]).ends_with(0).shown_to_people();
    }
}

#[test]
fn numbers_that_are_none_are_counted_apart() {
    let place = place_with_spec();
    let odd = vec![Some(1.0), Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), None];
    let column: ArrayRef = Arc::new(Float64Array::from(odd.clone()));
    flights::write_parquet(&place.path("odd.parquet"), &RecordBatch::try_from_iter([("a", column)]).unwrap());
    let profile = place.quiver(&["profile", "odd.parquet", "--json"]).ends_with(0).json();
    let column = &profile["columns"][0];
    for (key, expected) in [("null", 1), ("nan", 1), ("positive_infinity", 1), ("negative_infinity", 1), ("rows", 5)] {
        assert_eq!(column[key], expected, "{key}");
    }
    for key in ["mean", "minimum", "maximum"] {
        assert_eq!(column[key], 1.0, "{key}");
    }

    let rows = some_flights();
    flights::write_parquet(&place.path("reference.parquet"), &rows);
    let mut values = flights::numbers(&rows, "temp");
    values[..5].copy_from_slice(&odd);
    let replaced = flights::with(&rows, "temp", Arc::new(Float64Array::from(values)));
    let mut scores = flights::numbers(&rows, "score_lr");
    scores[..3].copy_from_slice(&odd[1..4]);
    let replaced = flights::with(&replaced, "score_lr", Arc::new(Float64Array::from(scores)));
    flights::write_parquet(&place.path("log.parquet"), &replaced);
    let check = ["check", "log.parquet", "--spec", "model.yaml", "--reference", "reference.parquet", "--json"];
    let findings = place.quiver(&check).shown_to_people().json();
    let auc = findings["findings"].as_array().unwrap().iter().find(|found| found["subject"] == "roc_auc").unwrap();
    assert!((0.0..1.0).contains(&auc["value"].as_f64().unwrap()), "{auc}");
    place
        .quiver(&["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", "data"])
        .ends_with(0)
        .says(&["4,000 predictions read"])
        .shown_to_people();
    place.quiver(&["report", "flight-delay", "--data-folder", "data", "--json"]).ends_with(0).json();
}

#[test]
fn times_without_a_zone_name_no_instant() {
    let place = place_with_spec();
    let rows = some_flights();
    let times = flights::column(&rows, "event_time").as_primitive::<TimestampMillisecondType>();
    let zoneless: TimestampMillisecondArray = times.iter().collect();
    let naive = flights::with(&rows, "event_time", Arc::new(zoneless));
    flights::write_parquet(&place.path("naive.parquet"), &naive);
    flights::write_csv(&place.path("naive.csv"), &naive);
    for (file, words) in [
        ("naive.parquet", &["column `event_time` holds times without a zone", "timezone"][..]),
        ("naive.csv", &["no row could be used", "2,000 rows kept out: no_zone"]),
    ] {
        for reader in &READERS[3..] {
            let arguments: Vec<&str> = reader.iter().map(|word| if *word == "DATA" { file } else { word }).collect();
            place.quiver(&arguments).ends_with(2).says(words).shown_to_people();
            // What is wrong is an error and no note: it is said to those who want quiet, too.
            place.quiver(&[&arguments[..], &["--quiet"]].concat()).ends_with(2).says(words);
        }
    }
    place.write("zoned.yaml", flights::spec_with(&[("  at: event_time", "  at: event_time\n  timezone: UTC")]));
    for file in ["naive.parquet", "naive.csv"] {
        place
            .quiver(&["check", file, "--spec", "zoned.yaml"])
            .ends_with(0)
            .says(&["2013-02-01T05:00:00Z to 2013-03-01T05:00:00Z"]);
    }
}

#[test]
fn a_misspelt_column_of_the_spec_is_named_with_the_nearest() {
    let place = Place::new();
    let misspelt =
        [("id: flight_id", "id: flight_idd"), ("score: score_lr", "score: score_rl"), ("  temp: {", "  tmp: {")];
    place.write("model.yaml", flights::spec_with(&misspelt));
    flights::write_parquet(&place.path("log.parquet"), &some_flights());
    for reader in &READERS[3..] {
        let arguments: Vec<&str> =
            reader.iter().map(|word| if *word == "DATA" { "log.parquet" } else { word }).collect();
        place.quiver(&arguments).ends_with(2).shown_to_people().says(&[
            "log.parquet does not fit the spec",
            "columns.id: the table has no column `flight_idd`; did you mean `flight_id`?",
            "columns.arms.control.score: the table has no column `score_rl`; did you mean `score_lr`?",
            "features.tmp: the table has no column `tmp`; did you mean `temp`?",
        ]);
        assert!(!place.path("data").exists());
    }
}

#[test]
fn a_misspelt_column_of_the_command_line_is_named_with_the_nearest() {
    let place = Place::new();
    flights::write_parquet(&place.path("log.parquet"), &some_flights());
    for arguments in [&["profile", "log.parquet"][..], &["compare", "log.parquet", "log.parquet"]] {
        let arguments = [arguments, &["--columns", "temp,wind_sped"]].concat();
        place.quiver(&arguments).ends_with(2).says(&["no column `wind_sped`; did you mean `wind_speed`?"]);
    }
}

#[test]
fn an_unknown_model_and_a_folder_of_something_else_are_told_apart() {
    let place = place_with_spec();
    flights::write_parquet(&place.path("log.parquet"), &some_flights());
    let replay = ["replay", "log.parquet", "--spec", "model.yaml", "--data-folder"];
    let report = |model: &str, folder: &str| -> Ran {
        place.quiver(&["report", model, "--data-folder", folder]).ends_with(2).shown_to_people()
    };
    place.quiver(&[&replay[..], &["data"]].concat()).ends_with(0);
    report("flight-dela", "data").says(&["no model `flight-dela`; did you mean `flight-delay`?"]);
    report("churn", "data").says(&["no model `churn`; it holds flight-delay"]);
    report("flight-delay", "nowhere").says(&["nowhere is no data folder", "quiver replay"]);

    std::fs::create_dir(place.path("empty")).unwrap();
    report("flight-delay", "empty").says(&["empty is no data folder"]);
    assert_eq!(std::fs::read_dir(place.path("empty")).unwrap().count(), 0, "a report wrote into an empty folder");

    std::fs::create_dir(place.path("photos")).unwrap();
    place.write("photos/cat.jpg", "meow");
    report("flight-delay", "photos").says(&["not a Quiver data folder"]);
    place.quiver(&[&replay[..], &["photos"]].concat()).ends_with(2).says(&["not a Quiver data folder", "new folder"]);
    place.quiver(&["demo", "--data-folder", "photos"]).ends_with(2).says(&["not a folder that the demo made"]);
    assert_eq!(place.read("photos/cat.jpg"), "meow");
    assert_eq!(std::fs::read_dir(place.path("photos")).unwrap().count(), 1, "something was written beside the cat");

    place.write("data/QUIVER", "quiver data folder, format 99\n");
    report("flight-delay", "data").says(&["has format 99", "reads format 1"]);
}

#[test]
fn two_processes_on_one_folder_do_not_meet() {
    let place = place_with_spec();
    flights::write_parquet(&place.path("log.parquet"), &flights::month("2013-02").slice(0, 8000));
    let replay = ["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", "data"];
    let mut first = place.command(&replay).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !place.path("data/LOCK").exists() || !place.read("data/LOCK").contains("process") {
        assert!(Instant::now() < deadline, "the first process never locked the folder");
        std::thread::sleep(Duration::from_millis(5));
    }
    let holder = format!("in use by process {}", first.id());
    for arguments in [&replay[..], &["report", "flight-delay", "--data-folder", "data"]] {
        place.quiver(arguments).ends_with(2).says(&[&holder, "stop it first"]).shown_to_people();
    }
    assert!(first.try_wait().unwrap().is_none(), "the first process ended too early to prove anything");
    // A process that died leaves no lock behind.
    first.kill().unwrap();
    first.wait().unwrap();
    place.quiver(&replay).ends_with(0).says(&["16,000 predictions read"]);
}
