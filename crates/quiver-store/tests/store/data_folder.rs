//! A data folder has one writer, one layout, and is never made out of somebody else's folder.

use crate::rows::{prediction_schema, predictions};
use crate::table::{options, progress};
use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Int64Type};
use futures::TryStreamExt;
use quiver_store::data_folder::{DataFolder, DataFolderError, ModelKey, TableName};
use quiver_store::journal::JournalOptions;
use quiver_store::query::{QueryEngine, QueryOptions};
use quiver_store::table::Table;
use std::collections::HashSet;
use uuid::Uuid;

#[tokio::test]
async fn everything_opens_and_opens_again() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("new");
    let model = ModelKey::new("flight-delay");
    for expected in [None, Some(10)] {
        let folder = DataFolder::open(&path).unwrap();
        let (journal, recovery) = folder.open_journal(Uuid::from_u128(1), JournalOptions::default()).unwrap();
        assert!(recovery.damages.is_empty());
        folder.open_catalogue().await.unwrap().close().await;
        let mut table = folder.open_table(TableName::Predictions(model), &options(prediction_schema())).await.unwrap();
        assert_eq!(table.next_offset("journal/0190/0").await.unwrap(), expected);
        table.append(vec![predictions(0, 10)], &progress(None, 10)).await.unwrap();
        assert_eq!(journal.next_offset(), 0);
    }
    assert!(path.join("tables/predictions/flight-delay/_delta_log").is_dir());
    assert!(path.join("catalogue.sqlite").is_file());
    assert!(path.join("journal").is_dir() && path.join("tmp").is_dir());
    assert_eq!(std::fs::read_to_string(path.join("QUIVER")).unwrap(), "quiver data folder, format 1\n");
}

#[tokio::test]
async fn a_table_that_is_opened_again_has_what_was_committed_since() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let name = TableName::Predictions(ModelKey::new("m"));
    assert!(folder.find_table(name).await.unwrap().is_none());
    let mut table = folder.open_table(name, &options(prediction_schema())).await.unwrap();
    assert_eq!(table.newest_date().unwrap(), None);
    let day = |table: &Table| table.newest_date().unwrap().unwrap();
    let mut days = Vec::new();
    // More commits than a snapshot takes in before it is read afresh.
    for commit in 0..30 {
        let expected = (commit > 0).then_some(commit * 10);
        table.append(vec![predictions(commit * 10, 10)], &progress(expected, commit * 10 + 10)).await.unwrap();
        let found = folder.find_table(name).await.unwrap().unwrap();
        assert_eq!(found.next_offset("journal/0190/0").await.unwrap(), Some(commit * 10 + 10));
        assert_eq!(found.file_count().unwrap(), table.file_count().unwrap());
        days.push(day(&found));
    }
    assert!(days.is_sorted() && days[0] < days[29], "{days:?}");
    let rows = table.scan(&["event_date"], None).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
    let dates = rows.iter().flat_map(|batch| batch.column(0).as_primitive::<Date32Type>().values().to_vec());
    assert_eq!(dates.max(), Some(days[29]));
}

#[tokio::test]
async fn a_table_that_was_moved_away_is_not_built_upon() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let name = TableName::Predictions(ModelKey::new("m"));
    let mut table = folder.open_table(name, &options(prediction_schema())).await.unwrap();
    table.append(vec![predictions(0, 10)], &progress(None, 10)).await.unwrap();
    assert!(folder.find_table(name).await.unwrap().is_some());
    std::fs::rename(folder.table_path(name), temporary.path().join("tmp/moved")).unwrap();
    assert!(folder.find_table(name).await.unwrap().is_none());
    let anew = folder.open_table(name, &options(prediction_schema())).await.unwrap();
    assert_eq!((anew.version(), anew.next_offset("journal/0190/0").await.unwrap()), (0, None));
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    std::fs::write(folder.temporary_folder().join("spilled"), "x").unwrap();
    let second = DataFolder::open(temporary.path());
    let message = second.unwrap_err().to_string();
    assert!(message.contains(&format!("in use by process {}", std::process::id())), "{message}");
    assert!(folder.temporary_folder().join("spilled").exists(), "the second one touched the first one's files");
    drop(folder);
    let folder = DataFolder::open(temporary.path()).unwrap();
    assert!(!folder.temporary_folder().join("spilled").exists(), "tmp is emptied");
}

#[test]
fn half_written_rows_of_a_dead_process_are_removed() {
    let temporary = tempfile::tempdir().unwrap();
    drop(DataFolder::open(temporary.path()).unwrap());
    let date = temporary.path().join("tables/predictions/m/event_date=2013-07-01");
    std::fs::create_dir_all(&date).unwrap();
    for name in ["part-0.parquet", "part-1.parquet#1", "part-2.parquet#18000000004", "part#a", "part#"] {
        std::fs::write(date.join(name), "rows").unwrap();
    }
    drop(DataFolder::open(temporary.path()).unwrap());
    let mut left: Vec<_> = std::fs::read_dir(&date).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["part#", "part#a", "part-0.parquet"]);
}

#[test]
fn foreign_and_newer_folders_are_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    std::fs::write(temporary.path().join("thesis.doc"), "words").unwrap();
    assert!(matches!(DataFolder::open(temporary.path()), Err(DataFolderError::Foreign { .. })));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1, "something was written");

    let temporary = tempfile::tempdir().unwrap();
    std::fs::write(temporary.path().join("QUIVER"), "quiver data folder, format 2\n").unwrap();
    let opened = DataFolder::open(temporary.path());
    assert!(matches!(opened, Err(DataFolderError::OtherFormat { ref found, .. }) if found == "2"), "{opened:?}");
}

#[test]
fn damaged_files_have_a_place_outside_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let table = TableName::Predictions(ModelKey::new("flight delay"));
    let quarantine = data.quarantine_folder(table);
    assert!(quarantine.starts_with(data.path().join("quarantine/tables/predictions")), "{}", quarantine.display());
    assert_eq!(quarantine.file_name(), data.table_path(table).file_name());
    assert_ne!(quarantine, data.quarantine_folder(TableName::Profiles));
}

#[test]
fn every_model_has_a_folder_of_its_own() {
    let names = ["flight-delay", "Flight-Delay", "flight delay", "flight/delay", "../etc", "", ".", "_x", "-x", "ü"];
    let long = ["x".repeat(300), "x".repeat(301)];
    let all: Vec<&str> = names.into_iter().chain(long.iter().map(String::as_str)).collect();
    let mut seen = HashSet::new();
    for name in &all {
        let slug = ModelKey::new(name).slug();
        assert!(seen.insert(slug.to_lowercase()), "{name} shares {slug}");
        assert!(slug.len() < 120 && !slug.contains('/') && !slug.starts_with(['.', '_']), "{slug}");
    }
    assert_eq!(ModelKey::new("flight-delay").slug(), "flight-delay");
    assert_ne!(ModelKey { workspace: "a", model: "b" }.slug(), ModelKey::new("b").slug());
    // The numbers are part of the tables' layout: they must never change.
    let buckets = ["flight-delay", "a", ""].map(|model| ModelKey::new(model).bucket());
    assert_eq!(buckets, [10, 3, 8]);
    let all: HashSet<_> = (0..200).map(|index| ModelKey::new(&format!("m{index}")).bucket()).collect();
    assert_eq!(all, (0..16).collect());
}

#[tokio::test]
async fn queries_read_and_never_write() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let model = ModelKey::new("m");
    let mut table = folder.open_table(TableName::Predictions(model), &options(prediction_schema())).await.unwrap();
    table.append(vec![predictions(0, 100)], &progress(None, 100)).await.unwrap();
    let settings = QueryOptions { target_partitions: 2, ..folder.query_options() };
    let engine = folder.open_queries(&TableName::of_model(model), &settings).await.unwrap();
    let count = "SELECT count(*) FROM predictions WHERE slices['origin'] = 'JFK' AND event_date > DATE '2013-07-01'";
    let rows = engine.sql(count).await.unwrap();
    assert_eq!(rows[0].column(0).as_primitive::<Int64Type>().value(0), 38);
    assert!(engine.sql("SELECT * FROM findings").await.is_err(), "a table that is not there");
    for statement in [
        "DROP TABLE predictions",
        "INSERT INTO predictions SELECT * FROM predictions",
        "COPY predictions TO '/tmp/quiver-copied.parquet'",
        "CREATE EXTERNAL TABLE passwords STORED AS CSV LOCATION '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
    ] {
        assert!(engine.sql(statement).await.is_err(), "{statement} was run");
    }
    assert!(engine.sql("SELECT * FROM '/etc/passwd'").await.is_err());

    // The engine shows the snapshot it was given until it is registered again.
    table.append(vec![predictions(100, 1)], &progress(Some(100), 101)).await.unwrap();
    let count = |engine: QueryEngine| async move {
        let rows = engine.sql("SELECT count(*) FROM predictions").await.unwrap();
        rows[0].column(0).as_primitive::<Int64Type>().value(0)
    };
    assert_eq!(count(engine.clone()).await, 100);
    engine.register("predictions", &table).await.unwrap();
    assert_eq!(count(engine).await, 101);
}

#[tokio::test]
async fn a_table_shows_the_columns_it_is_told_to_and_all_under_another_name() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let model = ModelKey::new("m");
    let mut table = folder.open_table(TableName::Predictions(model), &options(prediction_schema())).await.unwrap();
    table.append(vec![predictions(0, 100)], &progress(None, 100)).await.unwrap();
    let engine = folder.open_queries(&[TableName::Predictions(model)], &folder.query_options()).await.unwrap();
    engine
        .show_only("predictions", "whole", |column| ["offset", "slices", "event_date"].contains(&column))
        .await
        .unwrap();
    let rows = engine.sql("SELECT * FROM predictions ORDER BY \"offset\" DESC LIMIT 1").await.unwrap();
    let schema = rows[0].schema();
    let mut names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["event_date", "offset", "slices"]);
    let count = "SELECT count(*) FROM predictions WHERE slices['origin'] = 'JFK' AND event_date > DATE '2013-07-01'";
    assert_eq!(engine.sql(count).await.unwrap()[0].column(0).as_primitive::<Int64Type>().value(0), 38);
    assert!(engine.sql("SELECT score FROM predictions").await.is_err(), "it shows what it was not told to");
    let whole: Vec<_> = engine.rows_where("whole", "\"offset\" = 7").await.unwrap().try_collect().await.unwrap();
    let whole: Vec<_> = whole.into_iter().filter(|batch: &arrow::array::RecordBatch| batch.num_rows() > 0).collect();
    assert_eq!((whole.len(), whole[0].num_columns()), (1, table.schema().unwrap().fields().len()));
    engine.show_only("changes", "whole_changes", |_| true).await.unwrap();
    assert!(engine.sql("SELECT 1 FROM changes").await.is_err(), "a table that is not there");
}

#[tokio::test]
async fn a_sort_over_the_memory_limit_spills_into_the_data_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let settings = QueryOptions { memory_limit_bytes: 12 << 20, ..folder.query_options() };
    let engine = QueryEngine::new(&settings).unwrap();
    let numbers = "SELECT count(*), min(x), max(place) FROM (
        SELECT value % 7919 AS x, row_number() OVER (ORDER BY value % 7919, value) AS place
        FROM generate_series(1, 1000000)
    )";
    let rows = engine.sql(numbers).await.unwrap();
    assert_eq!(rows[0].column(0).as_primitive::<Int64Type>().value(0), 1_000_000);
    let context = engine.context().runtime_env();
    assert!(context.disk_manager.temp_dir_paths().iter().all(|path| path.starts_with(folder.temporary_folder())));
    let none = QueryOptions { memory_limit_bytes: 1 << 20, spill_limit_bytes: 0, ..settings };
    assert!(QueryEngine::new(&none).unwrap().sql(numbers).await.is_err());
}
