//! A replay that is killed at any moment and run again ends as one that was not: each row once, the same numbers.

use crate::flights;
use crate::place::{Place, quiver_in};
use crate::random::Random;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use quiver_store::data_folder::{DataFolder, ModelKey};
use quiver_store::query::QueryOptions;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills when `QUIVER_KILLS` asks for no other number.
const KILLS: usize = 12;
/// The most kills of one replay before it is left to end.
const KILLS_OF_ONE_REPLAY: usize = 3;
const MODEL: &str = "flight-delay";
/// The tables in the order in which a replay fills them.
const TABLES: [&str; 5] = ["predictions/flight-delay", "feedback/flight-delay", "profiles", "outcomes", "findings"];

#[test]
fn a_replay_killed_at_any_moment_and_run_again_ends_as_one_that_was_not() {
    let kills: usize = std::env::var("QUIVER_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let place = Place::new();
    let log = flights::between("2013-02-08T05:00:00Z", "2013-03-08T05:00:00Z");
    assert!(log.num_rows() > 20_000);
    flights::write_parquet(&place.path("log.parquet"), &log);
    place.write(
        "model.yaml",
        flights::spec_with(&[("{from: 2013-02-01, to: 2013-03-01}", "{from: 2013-02-08, to: 2013-02-22}")]),
    );

    let started = Instant::now();
    replay(&place, "unbroken");
    let whole_run = started.elapsed();
    let unbroken = Held::of(&place, "unbroken");
    unbroken.check(log.num_rows() as i64);

    let mut random = Random::new(5);
    let (mut killed, mut stages) = (0, BTreeSet::new());
    while killed < kills {
        let folder = format!("killed-{killed}");
        for _ in 0..=random.below(KILLS_OF_ONE_REPLAY) {
            // Spread over the run: a kill falls into each of as many equal parts of it as there are kills.
            let share = ((killed * 7 % kills) as f64 + random.share()) / kills as f64;
            if killed == kills || !killed_after(&place, &folder, whole_run.mul_f64(share)) {
                break;
            }
            stages.insert(filled_tables(&place.path(&folder)));
            killed += 1;
        }
        replay(&place, &folder);
        let found = Held::of(&place, &folder);
        found.check(log.num_rows() as i64);
        found.check_same(&unbroken, &format!("after {killed} kills, those of earlier folders included"));
        std::fs::remove_dir_all(place.path(&folder)).unwrap();
    }
    assert!(kills < KILLS || stages.len() >= 3, "the kills met only these stages: {stages:?}");
}

#[test]
fn a_replay_run_twice_adds_nothing() {
    let place = Place::new();
    let log = flights::month("2013-02").slice(0, 3000);
    flights::write_parquet(&place.path("log.parquet"), &log);
    place.write("model.yaml", flights::SPEC);
    let first = replay(&place, "data");
    assert!(first.contains("6,000 predictions read"), "{first}");
    let held = Held::of(&place, "data");
    held.check(3000);
    let second = replay(&place, "data");
    assert!(second.contains(" 0 new events") && second.contains(" 0 findings"), "{second}");
    Held::of(&place, "data").check_same(&held, "after a second replay");
}

/// Replays the log to its end.
fn replay(place: &Place, folder: &str) -> String {
    place.quiver(&["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", folder]).ends_with(0).out
}

/// Starts a replay and kills it with SIGKILL; says whether it was still running.
fn killed_after(place: &Place, folder: &str, wait: Duration) -> bool {
    let mut command = place.command(&["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", folder]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(wait);
    let was_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_running
}

/// Fails at the first row that differs, which it shows.
#[track_caller]
fn check_same_rows(found: &RecordBatch, expected: &RecordBatch, what: &str) {
    if found == expected {
        return;
    }
    assert_eq!(found.schema(), expected.schema(), "{what}");
    for row in 0..found.num_rows().min(expected.num_rows()) {
        let [one, other] = [found, expected].map(|rows| rows.slice(row, 1));
        if one != other {
            let shown = arrow::util::pretty::pretty_format_batches(&[one, other]).unwrap();
            panic!("{what}: row {row} of {} and {}\n{shown}", found.num_rows(), expected.num_rows());
        }
    }
    assert_eq!(found.num_rows(), expected.num_rows(), "{what}");
}

/// How many tables hold a file of rows: where in its run a replay stopped.
fn filled_tables(folder: &Path) -> usize {
    let has_rows = |table: &&&str| {
        let files = std::fs::read_dir(folder.join("tables").join(table));
        files.is_ok_and(|files| files.flatten().any(|file| file.file_name().to_string_lossy().contains("event_date=")))
    };
    TABLES.iter().filter(has_rows).count()
}

/// What a data folder holds and shows, without its places in the journal and its times of arrival.
struct Held {
    by_day: String,
    by_month: String,
    events: [RecordBatch; 2],
    derived: [RecordBatch; 3],
    doubles: Vec<(&'static str, i64)>,
}

/// A statement for each table that gives the number of rows beyond the first of each key.
const DOUBLES: [(&str, &str); 6] = [
    ("predictions", r#"id, "arm""#),
    ("predictions", r#""offset""#),
    ("feedback", "id"),
    ("profiles", r#"model, "arm", version, window_start, window_end, reference, from_offset"#),
    ("outcomes", r#"model, "arm", version, window_start, window_end, slice_name, slice_value, revision"#),
    ("findings", r#"model, "arm", window_start, monitor, subject, slice_name, slice_value, revision"#),
];

impl Held {
    fn of(place: &Place, folder: &str) -> Self {
        let path = place.path(folder);
        let shown = |by: &str| {
            let report = ["report", MODEL, "--data-folder", ".", "--json", "--by", by];
            let text = quiver_in(&path, &report).ends_with(0).out;
            text.lines().filter(|line| !line.contains("\"as_of_offset\"")).collect::<Vec<_>>().join("\n")
        };
        let (by_day, by_month) = (shown("day"), shown("month"));
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let data = DataFolder::open(&path).unwrap();
            let options = QueryOptions::new(data.temporary_folder());
            let engine = data.open_queries(ModelKey::new(MODEL), &options).await.unwrap();
            let rows = async |statement: &str| {
                let batches = engine.sql(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
                let first = batches.first().unwrap_or_else(|| panic!("no row: {statement}"));
                concat_batches(&first.schema(), &batches).unwrap()
            };
            let mut doubles = Vec::new();
            for (table, key) in DOUBLES {
                let statement = format!(
                    "SELECT CAST(coalesce(sum(n - 1), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM {table} GROUP BY {key})"
                );
                doubles.push((table, rows(&statement).await.column(0).as_primitive::<Int64Type>().value(0)));
            }
            // A subject is hashed with the folder's own key.
            let events = [
                r#"SELECT * EXCEPT ("offset", received_at, subject) FROM predictions ORDER BY id"#,
                r#"SELECT * EXCEPT ("offset", received_at) FROM feedback ORDER BY id"#,
            ];
            let derived = [
                r#"SELECT "arm", version, window_start, window_end, reference, sum(rows) AS rows
                   FROM profiles GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 5"#,
                r#"SELECT * EXCEPT (revision) FROM outcomes
                   ORDER BY "arm", version, window_start, slice_name, slice_value"#,
                r#"SELECT * EXCEPT (revision) FROM findings
                   ORDER BY "arm", window_start, monitor, subject, slice_name, slice_value"#,
            ];
            Self {
                by_day,
                by_month,
                events: [rows(events[0]).await, rows(events[1]).await],
                derived: [rows(derived[0]).await, rows(derived[1]).await, rows(derived[2]).await],
                doubles,
            }
        })
    }

    /// Fails at the first difference, which it shows.
    #[track_caller]
    fn check_same(&self, expected: &Self, when: &str) {
        for (name, found, expected) in
            [("by day", &self.by_day, &expected.by_day), ("by month", &self.by_month, &expected.by_month)]
        {
            for (number, (line, known)) in found.lines().zip(expected.lines()).enumerate() {
                assert_eq!(line, known, "{when}, line {} of the report {name}", number + 1);
            }
            assert_eq!(found.lines().count(), expected.lines().count(), "{when}, the report {name}");
        }
        let found = self.events.iter().chain(&self.derived);
        for ((table, found), expected) in TABLES.iter().zip(found).zip(expected.events.iter().chain(&expected.derived))
        {
            check_same_rows(found, expected, &format!("{when}, {table}"));
        }
    }

    /// Fails unless every flight is there once for each arm, its label once, and nothing twice.
    #[track_caller]
    fn check(&self, flights: i64) {
        for (table, doubles) in &self.doubles {
            assert_eq!(*doubles, 0, "{table} holds rows twice");
        }
        assert_eq!(self.events[0].num_rows() as i64, 2 * flights);
        let labels = self.events[1].num_rows() as i64;
        assert!(labels > flights * 9 / 10 && labels <= flights, "{labels} labels of {flights} flights");
        let counted = arrow::compute::sum(self.derived[0].column_by_name("rows").unwrap().as_primitive::<Int64Type>());
        assert_eq!(counted, Some(2 * flights), "the profiles do not count every prediction once");
    }
}
