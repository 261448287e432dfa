//! Maintenance changes how a table is stored, and nothing of what it holds or how far it was read into.

use crate::rows::{DAY, START, prediction_schema, predictions};
use crate::table::{JOURNAL, offsets, open, options, parquet_files, progress};
use crate::table_privacy::{columns_with_statistics, log};
use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use quiver_store::table::{Appended, Compacted, Deleted, Table, TableError, TableOptions, Vacuumed, local_url};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

const FIRST_DAY: i32 = (START / DAY) as i32;
const HOUR_SECONDS: u64 = 3600;

/// Every row with every column, in the order of the offsets.
pub async fn rows(table: &Table) -> RecordBatch {
    let batches: Vec<_> = table.scan(&[], None).await.unwrap().try_collect().await.unwrap();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let order = sort_to_indices(all.column_by_name("offset").unwrap(), None, None).unwrap();
    take_record_batch(&all, &order).unwrap()
}

/// Appends `count` times `rows` predictions, an hour apart each.
pub async fn fill(table: &mut Table, count: i64, rows: i64) {
    for _ in 0..count {
        let stored = table.next_offset(JOURNAL).await.unwrap();
        let from = stored.unwrap_or(0);
        table.append(vec![predictions(from, rows)], &progress(stored, from + rows)).await.unwrap();
    }
}

fn written_at_microseconds(path: &Path) -> i64 {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    modified.duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

/// Now, as far as the newest file knows.
fn now(folder: &Path) -> i64 {
    parquet_files(folder).iter().map(|path| written_at_microseconds(path)).max().unwrap() + 1_000_000
}

fn make_older(path: &Path, hours: u64) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(modified - Duration::from_secs(hours * HOUR_SECONDS)).unwrap();
}

#[tokio::test]
async fn dates_go_whole_and_the_offset_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 5, 10).await;
    let files = parquet_files(folder.path());
    let version = table.version();
    assert_eq!(table.delete_dates_before(FIRST_DAY).await.unwrap(), Deleted { rows: Some(0), files: 0 });
    assert_eq!(table.delete_dates_before(i32::MIN).await.unwrap(), Deleted { rows: Some(0), files: 0 });
    assert_eq!(table.version(), version, "nothing to delete is no commit");

    // The hours 0 to 23 are the first date; they came in three appends.
    let deleted = table.delete_dates_before(FIRST_DAY + 1).await.unwrap();
    assert_eq!(deleted, Deleted { rows: Some(24), files: 3 });
    assert_eq!(table.version(), version + 1);
    assert_eq!(offsets(&table).await, (24..50).collect::<Vec<_>>());
    assert_eq!(parquet_files(folder.path()), files, "a file was rewritten");

    let mut table = open(folder.path()).await;
    assert_eq!(offsets(&table).await, (24..50).collect::<Vec<_>>());
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(50));
    let replay = table.append(vec![predictions(0, 10)], &progress(None, 10)).await.unwrap();
    assert_eq!(replay, Appended::AlreadyThere { next_offset: 50 }, "deleted rows came back");
    fill(&mut table, 30, 1).await;
    let deleted = table.delete_dates_before(i32::MAX).await.unwrap();
    assert_eq!(deleted.rows, Some(56));
    assert_eq!((offsets(&table).await, table.file_count().unwrap()), (Vec::new(), 0));
    let table = open(folder.path()).await;
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(80), "the offset went with a checkpoint");
}

#[tokio::test]
async fn a_table_without_dates_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let by_version = TableOptions { partition_columns: vec!["version".to_owned()], ..options(prediction_schema()) };
    let mut table = Table::open_or_create(local_url(folder.path()).unwrap(), &by_version).await.unwrap();
    table.append(vec![predictions(0, 5)], &progress(None, 5)).await.unwrap();
    let refused = table.delete_dates_before(i32::MAX).await;
    assert!(matches!(refused, Err(TableError::NoDates { .. })), "{refused:?}");
    assert_eq!(offsets(&table).await, [0, 1, 2, 3, 4]);
}

/// All that there was to merge.
fn merged(files_removed: usize, files_added: usize) -> Compacted {
    Compacted { files_removed, files_added, is_whole: true }
}

#[tokio::test]
async fn small_files_are_merged_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 6, 7).await;
    let before = rows(&table).await;
    assert_eq!(before.num_rows(), 42);
    // Hours 0 to 41: two dates; the fourth append is in both.
    assert_eq!(table.file_count().unwrap(), 7);
    let version = table.version();
    assert_eq!(table.compact(0, &|| false).await.unwrap(), merged(0, 0), "all were written later");
    assert_eq!(table.compact(i64::MAX, &|| true).await.unwrap(), merged(7, 2));
    assert_eq!(table.version(), version + 1, "both dates get into one commit");
    assert_eq!(rows(&table).await, before);

    let mut table = open(folder.path()).await;
    assert_eq!(rows(&table).await, before);
    assert_eq!(table.file_count().unwrap(), 2);
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(42));
    let replay = table.append(vec![predictions(0, 7)], &progress(None, 7)).await.unwrap();
    assert_eq!(replay, Appended::AlreadyThere { next_offset: 42 });
    assert_eq!(table.compact(i64::MAX, &|| false).await.unwrap(), merged(0, 0), "what is merged stays");
    fill(&mut table, 1, 3).await;
    assert_eq!(table.compact(i64::MAX, &|| false).await.unwrap(), merged(2, 1));
    assert_eq!(offsets(&table).await, (0..45).collect::<Vec<_>>());
    assert!(table.verify(None).await.unwrap().is_empty());
    let log = log(folder.path());
    let removed: Vec<_> = log.lines().filter(|line| line.starts_with("{\"remove\"")).collect();
    assert_eq!(removed.len(), 9);
    assert!(removed.iter().all(|line| line.contains("\"dataChange\":false")), "{removed:?}");
}

/// A table of a thousand columns and more, of which only one file may be open at a time.
async fn open_wide(folder: &Path) -> Table {
    let unused = (0..1_100).map(|place| Field::new(format!("unused_{place}"), DataType::Int32, true));
    let fields: Vec<_> = prediction_schema().fields().iter().map(|field| (**field).clone()).chain(unused).collect();
    let wide = options(Arc::new(Schema::new(fields)));
    Table::open_or_create(local_url(folder).unwrap(), &wide).await.unwrap()
}

#[tokio::test]
async fn when_there_is_no_more_time_the_rest_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open_wide(folder.path()).await;
    fill(&mut table, 6, 7).await;
    let first = table.compact(i64::MAX, &|| true).await.unwrap();
    assert!(!first.is_whole && first.files_added == 1, "one date, once at least: {first:?}");
    assert_eq!(offsets(&table).await, (0..42).collect::<Vec<_>>());
    assert_eq!(table.compact(i64::MAX, &|| true).await.unwrap(), merged(7 - first.files_removed, 1));
    assert_eq!(offsets(&table).await, (0..42).collect::<Vec<_>>());
}

#[tokio::test]
async fn merged_files_have_statistics_of_public_columns_only() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    // Opened without being told the columns, as a maintenance command does.
    let mut table = Table::open(local_url(folder.path()).unwrap()).await.unwrap().unwrap();
    fill(&mut table, 4, 5).await;
    table.compact(i64::MAX, &|| false).await.unwrap();
    table.vacuum(0, now(folder.path())).await.unwrap();
    assert_eq!(parquet_files(folder.path()).len(), 1, "only the merged file is left");
    assert_eq!(columns_with_statistics(folder.path()), BTreeSet::from(["at", "offset", "score"].map(str::to_owned)));
    let log = log(folder.path());
    let added: Vec<_> = log.lines().filter(|line| line.starts_with("{\"add\"")).collect();
    let merged = added.last().unwrap();
    assert!(merged.contains(r#"\"numRecords\":20"#) && merged.contains(r#"\"score\":1.9"#), "{merged}");
    for private in ["secret", "p-1", "EWR"] {
        assert!(!merged.contains(private), "{private} in {merged}");
    }
}

#[tokio::test]
async fn old_files_without_a_new_column_are_merged_with_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let narrow = predictions(0, 3).project(&[0, 1, 2, 3]).unwrap();
    let few = TableOptions { statistics_columns: Vec::new(), ..options(narrow.schema()) };
    let mut table = Table::open_or_create(local_url(folder.path()).unwrap(), &few).await.unwrap();
    table.append(vec![narrow], &progress(None, 3)).await.unwrap();
    table.append(vec![predictions(3, 3)], &progress(Some(3), 6)).await.unwrap();
    let before = rows(&table).await;
    assert_eq!(table.compact(i64::MAX, &|| false).await.unwrap(), merged(2, 1));
    assert_eq!(rows(&table).await, before);
    assert_eq!(before.column_by_name("secret").unwrap().null_count(), 3);
}

#[tokio::test]
async fn a_damaged_file_is_not_merged_into_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 3, 4).await;
    let files = parquet_files(folder.path());
    let mut bytes = std::fs::read(&files[1]).unwrap();
    bytes[100] ^= 4;
    std::fs::write(&files[1], &bytes).unwrap();
    let version = table.version();
    let refused = table.compact(i64::MAX, &|| false).await;
    assert!(matches!(refused, Err(TableError::Damaged { .. })), "{refused:?}");
    assert_eq!((table.version(), parquet_files(folder.path())), (version, files));
}

#[tokio::test]
async fn a_vacuum_deletes_what_is_old_and_not_named() {
    let outside = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 30, 1).await;
    let log_files = || std::fs::read_dir(folder.path().join("_delta_log")).unwrap().count();
    assert!(log_files() > 31, "there is no checkpoint");
    for entry in std::fs::read_dir(folder.path().join("_delta_log")).unwrap() {
        make_older(&entry.unwrap().path(), 100);
    }
    let named = parquet_files(folder.path());
    named.iter().for_each(|path| make_older(path, 100));
    let data_folder = named[0].parent().unwrap().to_owned();
    let orphan = |name: &str, hours| {
        let path: PathBuf = data_folder.join(name);
        std::fs::write(&path, b"0123456789").unwrap();
        make_older(&path, hours);
        path
    };
    let (old, fresh) = (orphan("old.parquet", 3), orphan("fresh.parquet", 1));
    let (other, hidden) = (orphan("notes.txt", 3), orphan("_hidden.parquet", 3));
    let beyond = outside.path().join("beyond.parquet");
    std::fs::write(&beyond, b"not ours").unwrap();
    make_older(&beyond, 100);
    std::os::unix::fs::symlink(outside.path(), folder.path().join("event_date=2000-01-01")).unwrap();
    let link = data_folder.join("link.parquet");
    std::os::unix::fs::symlink(&beyond, &link).unwrap();
    let now = written_at_microseconds(&fresh) + HOUR_SECONDS as i64 * 1_000_000;

    let logs = log_files();
    let vacuumed = table.vacuum(2 * HOUR_SECONDS, now).await.unwrap();
    assert_eq!(vacuumed, Vacuumed { files: 1, bytes: 10 });
    assert!(!old.exists());
    for kept in named.iter().chain([&fresh, &other, &hidden, &beyond, &link]) {
        assert!(kept.exists(), "{} is gone", kept.display());
    }
    assert_eq!(log_files(), logs);
    assert_eq!(offsets(&open(folder.path()).await).await, (0..30).collect::<Vec<_>>());

    // Merged just now: a query that began before still reads the old files, however old they are.
    table.compact(i64::MAX, &|| false).await.unwrap();
    assert_eq!(table.vacuum(2 * HOUR_SECONDS, now).await.unwrap(), Vacuumed::default());
    let later = now + 4 * HOUR_SECONDS as i64 * 1_000_000;
    assert_eq!(table.vacuum(2 * HOUR_SECONDS, later).await.unwrap().files, named.len() + 1);
    assert!(named.iter().chain([&fresh]).all(|path| !path.exists()));
    assert_eq!(offsets(&open(folder.path()).await).await, (0..30).collect::<Vec<_>>());
    assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(30));
}

#[tokio::test]
async fn what_was_deleted_is_gone_from_the_disk_after_a_vacuum() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 3, 20).await;
    let deleted = table.delete_dates_before(FIRST_DAY + 2).await.unwrap();
    assert_eq!(deleted.rows, Some(48));
    let vacuumed = table.vacuum(0, now(folder.path())).await.unwrap();
    assert_eq!(vacuumed.files, deleted.files);
    assert_eq!(parquet_files(folder.path()).len(), table.file_count().unwrap());
    assert_eq!(offsets(&table).await, (48..60).collect::<Vec<_>>());
}
