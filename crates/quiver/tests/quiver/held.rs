//! What a data folder holds and shows, to be compared with another one.

use crate::place::quiver_in;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use quiver_store::data_folder::{DataFolder, ModelKey, TableName};
use std::path::Path;

const MODEL: &str = "flight-delay";

/// The tables in the order in which a replay fills them.
pub const TABLES: [&str; 5] = ["predictions/flight-delay", "feedback/flight-delay", "profiles", "outcomes", "findings"];

/// What a data folder holds and shows, without its places in the journal and its times of arrival.
pub struct Held {
    /// The lines of the report by week.
    pub report: Vec<String>,
    events: [RecordBatch; 2],
    derived: [RecordBatch; 3],
    doubles: Vec<(&'static str, i64)>,
}

/// A statement for each table that gives the number of rows beyond the first of each key.
const DOUBLES: [(&str, &str); 6] = [
    ("predictions", r#"id, "arm""#),
    ("predictions", r#""offset""#),
    ("feedback", "id"),
    ("profiles", r#"model, "arm", version, window_start, window_end, derivation, from_offset"#),
    ("outcomes", r#"model, "arm", version, window_start, window_end, slice_name, slice_value, derivation, revision"#),
    ("findings", r#"model, "arm", window_start, monitor, subject, slice_name, slice_value, derivation, revision"#),
];

impl Held {
    /// Reads a data folder that nobody holds.
    pub fn of(path: &Path) -> Self {
        let report = quiver_in(path, &["report", MODEL, "--data-folder", ".", "--json", "--by", "week"]);
        let lines = report.ends_with(0).out;
        let report = lines.lines().filter(|line| !line.contains("\"as_of_offset\"")).map(str::to_owned).collect();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let data = DataFolder::open(path).unwrap();
            let options = data.query_options();
            let engine = data.open_queries(&TableName::of_model(ModelKey::new(MODEL)), &options).await.unwrap();
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
                r#"SELECT "arm", version, window_start, window_end, derivation, sum(rows) AS rows
                   FROM profiles GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 5"#,
                r#"SELECT * EXCEPT (revision) FROM outcomes
                   ORDER BY "arm", version, window_start, slice_name, slice_value"#,
                r#"SELECT * EXCEPT (revision) FROM findings
                   ORDER BY "arm", window_start, monitor, subject, slice_name, slice_value"#,
            ];
            Self {
                report,
                events: [rows(events[0]).await, rows(events[1]).await],
                derived: [rows(derived[0]).await, rows(derived[1]).await, rows(derived[2]).await],
                doubles,
            }
        })
    }

    /// Fails unless the report and the events are the same, and shows the first difference.
    #[track_caller]
    pub fn shows_what(&self, expected: &Self, when: &str) {
        for (number, (line, known)) in self.report.iter().zip(&expected.report).enumerate() {
            assert_eq!(line, known, "{when}, line {} of the report", number + 1);
        }
        assert_eq!(self.report.len(), expected.report.len(), "{when}");
        for ((table, found), expected) in TABLES.iter().zip(&self.events).zip(&expected.events) {
            same_rows(found, expected, &format!("{when}, {table}"));
        }
    }

    /// Fails unless profiles, outcomes and findings are the same, and shows the first difference.
    #[track_caller]
    pub fn derived_what(&self, expected: &Self, when: &str) {
        for ((table, found), expected) in TABLES[2..].iter().zip(&self.derived).zip(&expected.derived) {
            same_rows(found, expected, &format!("{when}, {table}"));
        }
    }

    /// Fails unless every flight is there once for each arm, its label once, and nothing twice.
    #[track_caller]
    pub fn check(&self, flights: i64) {
        self.holds_nothing_twice();
        assert_eq!(self.events[0].num_rows() as i64, 2 * flights);
        let labels = self.events[1].num_rows() as i64;
        assert!(labels > flights * 9 / 10 && labels <= flights, "{labels} labels of {flights} flights");
        let counted = arrow::compute::sum(self.derived[0].column_by_name("rows").unwrap().as_primitive::<Int64Type>());
        assert_eq!(counted, Some(2 * flights), "the profiles do not count every prediction once");
    }

    /// Fails if any table holds two rows of one key.
    #[track_caller]
    pub fn holds_nothing_twice(&self) {
        for (table, doubles) in &self.doubles {
            assert_eq!(*doubles, 0, "{table} holds rows twice");
        }
    }
}

/// Fails at the first row that differs, which it shows.
#[track_caller]
fn same_rows(found: &RecordBatch, expected: &RecordBatch, what: &str) {
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
