//! A table counts every row once, whoever writes and however often.

use crate::rows::{self, prediction_schema, predictions};
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{col, lit};
use futures::TryStreamExt;
use quiver_store::table::{Appended, Progress, Table, TableError, TableOptions, local_url};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const JOURNAL: &str = "journal/0190/0";

pub fn options(schema: SchemaRef) -> TableOptions {
    TableOptions {
        schema,
        partition_columns: vec!["event_date".to_owned()],
        description: "Predictions of a test".to_owned(),
        statistics_columns: vec!["at".to_owned(), "offset".to_owned(), "score".to_owned()],
    }
}

pub async fn open(folder: &Path) -> Table {
    Table::open_or_create(local_url(folder).unwrap(), &options(prediction_schema())).await.unwrap()
}

pub fn progress(expected_previous: Option<i64>, next_offset: i64) -> Progress {
    Progress { application_id: JOURNAL.to_owned(), expected_previous, next_offset }
}

pub async fn offsets(table: &Table) -> Vec<i64> {
    let batches: Vec<_> = table.scan(&["offset"], None).await.unwrap().try_collect().await.unwrap();
    let mut offsets: Vec<_> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    offsets.sort_unstable();
    offsets
}

pub fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "_delta_log") {
            found.extend(parquet_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn rows_come_back_with_their_columns_and_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let appended = table.append(vec![predictions(0, 30), predictions(30, 20)], &progress(None, 50)).await.unwrap();
    assert_eq!(appended, Appended::Committed { version: 1, rows: 50 });
    assert_eq!(offsets(&table).await, (0..50).collect::<Vec<_>>());
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(50));
    assert_eq!(table.next_offset("journal/other/0").await.unwrap(), None);
    // Fifty hours are three dates.
    assert_eq!(table.file_count().unwrap(), 3);
    let lengths = parquet_files(folder.path()).into_iter().map(|file| file.metadata().unwrap().len());
    assert_eq!(table.stored_bytes().unwrap(), lengths.sum::<u64>());
    assert!(folder.path().join("event_date=2013-07-02").is_dir());

    let wanted = col("id").eq(lit("p-31"));
    let batches: Vec<_> = table.scan(&[], Some(wanted)).await.unwrap().try_collect().await.unwrap();
    let row = &batches[0];
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    let text = |name: &str| row.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
    assert_eq!((text("version"), text("secret")), ("v1".to_owned(), "secret-31".to_owned()));
    assert!(row.column_by_name("arm").unwrap().is_null(0));
    let slices = row.column_by_name("slices").unwrap().as_map().value(0);
    assert_eq!(slices.column(0).as_string::<i32>().value(0), "origin");
    assert_eq!(slices.column(1).as_string::<i32>().value(0), "EWR");
    assert_eq!(row.schema().field_with_name("at").unwrap().data_type(), &rows::timestamp());
}

#[tokio::test]
async fn a_replay_writes_nothing_not_even_after_later_commits() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    table.append(vec![predictions(0, 10)], &progress(None, 10)).await.unwrap();
    let files = parquet_files(folder.path());
    let replay = table.append(vec![predictions(0, 10)], &progress(None, 10)).await.unwrap();
    assert_eq!(replay, Appended::AlreadyThere { next_offset: 10 });
    table.append(vec![predictions(10, 5)], &progress(Some(10), 15)).await.unwrap();

    let mut reopened = open(folder.path()).await;
    for (expected, next) in [(None, 10), (Some(10), 15), (None, 3)] {
        let replay = reopened.append(vec![predictions(0, 10)], &progress(expected, next)).await.unwrap();
        assert_eq!(replay, Appended::AlreadyThere { next_offset: 15 });
    }
    assert_eq!(offsets(&reopened).await, (0..15).collect::<Vec<_>>());
    assert_eq!(parquet_files(folder.path()).len(), files.len() + 1, "a replay left a file");
}

#[tokio::test]
async fn rows_built_from_another_offset_are_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    table.append(vec![predictions(0, 10)], &progress(None, 10)).await.unwrap();
    let before = parquet_files(folder.path());
    for expected in [None, Some(5), Some(12)] {
        let refused = table.append(vec![predictions(5, 10)], &progress(expected, 15)).await;
        match refused {
            Err(TableError::Conflict { stored: Some(10), expected: given, .. }) => assert_eq!(given, expected),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(parquet_files(folder.path()), before);
    // Another journal's offsets are its own.
    let other = Progress { application_id: "journal/1/0".to_owned(), expected_previous: None, next_offset: 1 };
    table.append(vec![predictions(100, 1)], &other).await.unwrap();
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(10));
}

#[tokio::test]
async fn several_offsets_get_into_one_commit_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let step = |of: &str, expected_previous, next_offset| Progress {
        application_id: of.to_owned(),
        expected_previous,
        next_offset,
    };
    let rows = || vec![predictions(0, 5), predictions(100, 5)];
    let both = [step("a", None, 5), step("b", None, 105)];
    let appended = table.append_all(rows(), &both).await.unwrap();
    assert_eq!(appended, Appended::Committed { version: 1, rows: 10 });
    assert!(matches!(table.append_all(rows(), &both).await.unwrap(), Appended::AlreadyThere { .. }));
    // One that stands elsewhere, or is there already, keeps the other's rows out, whichever comes first.
    for mut mixed in [[step("a", Some(5), 9), step("b", Some(3), 109)], [step("a", Some(5), 9), step("b", None, 105)]] {
        for _ in 0..2 {
            let refused = table.append_all(vec![predictions(5, 4)], &mixed).await;
            assert!(matches!(refused, Err(TableError::Conflict { .. })), "{refused:?}");
            mixed.reverse();
        }
    }
    let reopened = open(folder.path()).await;
    assert_eq!(reopened.next_offset("a").await.unwrap(), Some(5));
    assert_eq!(reopened.next_offset("b").await.unwrap(), Some(105));
    assert_eq!(offsets(&reopened).await, (0..5).chain(100..105).collect::<Vec<_>>());
    assert_eq!(parquet_files(folder.path()).len(), reopened.file_count().unwrap(), "a refused commit left a file");
}

#[tokio::test]
async fn progress_without_rows_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let appended = table.append(Vec::new(), &progress(None, 40)).await.unwrap();
    assert_eq!(appended, Appended::Committed { version: 1, rows: 0 });
    assert_eq!(open(folder.path()).await.next_offset(JOURNAL).await.unwrap(), Some(40));
    assert!(parquet_files(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_never_duplicate_rows() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await;
    let writer = |name: usize| {
        let folder = folder.path().to_owned();
        async move {
            let mut table = open(&folder).await;
            let mut committed = 0;
            let mut refused = 0;
            loop {
                // Each handle works from its own snapshot, which another one may have overtaken.
                let stored = table.next_offset(JOURNAL).await.unwrap();
                let from = stored.unwrap_or(0);
                if from >= 60 {
                    return (committed, refused);
                }
                let next = (from + 3 + name as i64).min(60);
                match table.append(vec![predictions(from, next - from)], &progress(stored, next)).await {
                    Ok(Appended::Committed { .. }) => committed += 1,
                    Ok(Appended::AlreadyThere { .. }) | Err(TableError::Conflict { .. }) => refused += 1,
                    Err(TableError::Contended { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        }
    };
    let writers: Vec<_> = (0..4).map(|name| tokio::spawn(writer(name))).collect();
    let mut committed = 0;
    let mut refused = 0;
    for writer in writers {
        let counts = writer.await.unwrap();
        committed += counts.0;
        refused += counts.1;
    }
    let table = open(folder.path()).await;
    assert_eq!(offsets(&table).await, (0..60).collect::<Vec<_>>(), "{committed} commits, {refused} refused");
    assert!(refused > 0, "the writers never met");
    // A commit writes one file a date; whatever the losers wrote is gone again.
    assert_eq!(parquet_files(folder.path()).len(), table.file_count().unwrap(), "orphans stayed");
}

#[tokio::test]
async fn writers_of_different_journals_do_not_stop_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path()).await;
    let mut second = open(folder.path()).await;
    let other = |expected, next| Progress { application_id: "journal/b/0".to_owned(), ..progress(expected, next) };
    first.append(vec![predictions(0, 5)], &progress(None, 5)).await.unwrap();
    second.append(vec![predictions(100, 5)], &other(None, 105)).await.unwrap();
    first.append(vec![predictions(5, 5)], &progress(Some(5), 10)).await.unwrap();
    second.append(vec![predictions(105, 5)], &other(Some(105), 110)).await.unwrap();
    second.refresh().await.unwrap();
    assert_eq!(offsets(&second).await, (0..10).chain(100..110).collect::<Vec<_>>());
}

#[tokio::test]
async fn offsets_survive_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let other = Progress { application_id: "journal/old/0".to_owned(), expected_previous: None, next_offset: 7 };
    table.append(Vec::new(), &other).await.unwrap();
    for index in 0..52 {
        let expected = (index > 0).then_some(index);
        table.append(vec![predictions(index, 1)], &progress(expected, index + 1)).await.unwrap();
    }
    let log = std::fs::read_dir(folder.path().join("_delta_log")).unwrap();
    let checkpoints =
        log.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|name| name == "parquet")).count();
    assert!(checkpoints >= 2, "{checkpoints} checkpoints");
    // Without the log entries before the checkpoint, the offsets can only come from the checkpoint.
    for version in 0..=45 {
        std::fs::remove_file(folder.path().join(format!("_delta_log/{version:020}.json"))).unwrap();
    }
    let table = open(folder.path()).await;
    assert_eq!(table.next_offset("journal/old/0").await.unwrap(), Some(7));
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(52));
    assert_eq!(offsets(&table).await, (0..52).collect::<Vec<_>>());
}

fn with_column(batch: &RecordBatch, field: Field, column: Arc<dyn Array>) -> RecordBatch {
    let mut fields = batch.schema().fields().to_vec();
    let mut columns = batch.columns().to_vec();
    match batch.schema().index_of(field.name()) {
        Ok(index) => {
            fields[index] = Arc::new(field);
            columns[index] = column;
        }
        Err(_) => {
            fields.push(Arc::new(field));
            columns.push(column);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[tokio::test]
async fn new_columns_are_added_and_old_rows_have_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    table.append(vec![predictions(0, 3)], &progress(None, 3)).await.unwrap();
    let wind = Field::new("wind_speed", DataType::Int64, false);
    let wider = with_column(&predictions(3, 3), wind, Arc::new(Int64Array::from(vec![5, 6, 7])));
    // One append may bring both shapes, in any order.
    table.append(vec![predictions(6, 2), wider], &progress(Some(3), 8)).await.unwrap();
    let narrow = predictions(8, 1).project(&[0, 1, 2, 3]).unwrap();
    table.append(vec![narrow], &progress(Some(8), 9)).await.unwrap();

    let table = open(folder.path()).await;
    assert!(table.schema().unwrap().field_with_name("wind_speed").unwrap().is_nullable());
    let wind = col("wind_speed").is_not_null();
    let batches: Vec<_> = table.scan(&["offset", "wind_speed"], Some(wind)).await.unwrap().try_collect().await.unwrap();
    let mut found: Vec<_> = batches
        .iter()
        .flat_map(|batch| {
            let offsets = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
            offsets.into_iter().zip(batch.column(1).as_primitive::<Int64Type>().values().to_vec())
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [(3, 5), (4, 6), (5, 7)]);
    assert_eq!(offsets(&table).await, (0..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_changed_type_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let score = Field::new("score", DataType::Utf8, true);
    let changed = with_column(&predictions(0, 2), score, Arc::new(StringArray::from(vec!["a", "b"])));
    let refused = table.append(vec![changed.clone()], &progress(None, 2)).await;
    assert!(matches!(&refused, Err(TableError::TypeChanged { column, .. }) if column == "score"), "{refused:?}");
    let refused = Table::open_or_create(local_url(folder.path()).unwrap(), &options(changed.schema())).await;
    assert!(matches!(&refused, Err(TableError::TypeChanged { column, .. }) if column == "score"), "{refused:?}");
    let missing = predictions(0, 2).project(&[0, 2, 3]).unwrap();
    let refused = table.append(vec![missing], &progress(None, 2)).await;
    assert!(matches!(&refused, Err(TableError::ColumnMissing { column, .. }) if column == "id"), "{refused:?}");
    assert!(parquet_files(folder.path()).is_empty());
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), None);
    let other = TableOptions { partition_columns: vec!["version".to_owned()], ..options(prediction_schema()) };
    let refused = Table::open_or_create(local_url(folder.path()).unwrap(), &other).await;
    assert!(matches!(refused, Err(TableError::PartitionsDiffer { .. })), "{refused:?}");
}

#[tokio::test]
async fn encodings_of_one_type_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let batch = predictions(0, 2);
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for (name, encoding) in [("version", dictionary), ("secret", DataType::Utf8View), ("id", DataType::LargeUtf8)] {
        let column = arrow::compute::cast(batch.column_by_name(name).unwrap(), &encoding).unwrap();
        let recoded = with_column(&batch, Field::new(name, encoding, true), column);
        let expected = table.next_offset(JOURNAL).await.unwrap();
        table.append(vec![recoded], &progress(expected, expected.unwrap_or(0) + 2)).await.unwrap();
    }
    assert_eq!(offsets(&table).await, [0, 0, 0, 1, 1, 1]);
}

#[tokio::test]
async fn failed_commits_leave_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    table.append(vec![predictions(0, 2)], &progress(None, 2)).await.unwrap();
    let before = parquet_files(folder.path());
    // A folder where the next log entry should go: the commit cannot be written, and no other writer is to blame.
    let blocked = folder.path().join("_delta_log").join(format!("{:020}.json", table.version() + 1));
    std::fs::create_dir(&blocked).unwrap();
    let failed = table.append(vec![predictions(2, 2)], &progress(Some(2), 4)).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(parquet_files(folder.path()), before);
    std::fs::remove_dir(&blocked).unwrap();
    let appended = table.append(vec![predictions(2, 2)], &progress(Some(2), 4)).await.unwrap();
    assert!(matches!(appended, Appended::Committed { rows: 2, .. }));
    assert_eq!(offsets(&table).await, [0, 1, 2, 3]);
}

#[tokio::test]
async fn rows_that_stop_halfway_are_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    let broken = || {
        let rows = vec![Ok(predictions(0, 30)), Err(DataFusionError::Execution("the source stopped".to_owned()))];
        Box::pin(RecordBatchStreamAdapter::new(predictions(0, 1).schema(), futures::stream::iter(rows)))
    };
    let failed = table.append_stream(broken(), &[progress(None, 30)]).await;
    assert!(matches!(failed, Err(TableError::Query { .. })), "{failed:?}");
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), None);
    assert!(parquet_files(folder.path()).is_empty());
    table.append(vec![predictions(0, 30)], &progress(None, 30)).await.unwrap();
    assert_eq!(offsets(&table).await, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_table_whose_transactions_expire_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await;
    let entry = folder.path().join("_delta_log/00000000000000000000.json");
    let text = std::fs::read_to_string(&entry).unwrap();
    let set = "\"configuration\":{\"delta.setTransactionRetentionDuration\":\"interval 1 days\",";
    std::fs::write(&entry, text.replace("\"configuration\":{", set)).unwrap();
    // As if another tool had written the table so.
    std::fs::remove_dir_all(folder.path().join("_quiver_log")).unwrap();
    let opened = Table::open_or_create(local_url(folder.path()).unwrap(), &options(prediction_schema())).await;
    assert!(matches!(opened, Err(TableError::TransactionsExpire { .. })), "{opened:?}");
}

#[tokio::test]
async fn what_is_not_there_is_not_created_by_reading() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Table::open(local_url(&folder.path().join("none")).unwrap()).await.unwrap().is_none());
    assert!(Table::open(local_url(folder.path()).unwrap()).await.unwrap().is_none());
    assert!(!folder.path().join("none").exists());
    assert!(matches!(local_url(Path::new("relative")), Err(TableError::NotAbsolute { .. })));
}
