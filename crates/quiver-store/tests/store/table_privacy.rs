//! Statistics are kept for public columns only, in the footers and in the log.

use crate::rows::{prediction_schema, predictions};
use crate::table::{open, options, parquet_files, progress};
use parquet::file::reader::{FileReader, SerializedFileReader};
use quiver_store::table::{Table, TableOptions, local_url};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

/// Returns the columns with statistics in any footer, and checks that pages and bloom filters hold none either.
pub fn columns_with_statistics(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let files = parquet_files(folder);
    assert!(!files.is_empty());
    for path in files {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        for group in reader.metadata().row_groups() {
            for column in group.columns() {
                let name = column.column_path().string();
                assert!(column.bloom_filter_offset().is_none(), "{name} has a bloom filter");
                assert!(column.column_index_offset().is_none(), "{name} has page statistics");
                if column.statistics().is_some() {
                    found.insert(name);
                }
            }
        }
    }
    found
}

pub fn log(folder: &Path) -> String {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let json = entries.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| std::fs::read_to_string(path).unwrap() + "\n").collect()
}

#[tokio::test]
async fn private_columns_have_no_statistics_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    table.append(vec![predictions(0, 30)], &progress(None, 30)).await.unwrap();
    let expected = ["at", "offset", "score"].map(str::to_owned);
    assert_eq!(columns_with_statistics(folder.path()), BTreeSet::from(expected));
    let log = log(folder.path());
    assert!(log.contains(r#"\"score\":2.3"#), "the public column has its maximum: {log}");
    let files: String = log.lines().filter(|line| line.starts_with("{\"add\"")).collect();
    for private in ["secret", "p-1", "EWR"] {
        assert!(!files.contains(private), "{private} in {files}");
    }
}

#[tokio::test]
async fn a_table_without_public_columns_has_no_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let url = || local_url(folder.path()).unwrap();
    let none = TableOptions { statistics_columns: Vec::new(), ..options(prediction_schema()) };
    let mut table = Table::open_or_create(url(), &none).await.unwrap();
    table.append(vec![predictions(0, 3)], &progress(None, 3)).await.unwrap();
    assert_eq!(columns_with_statistics(folder.path()), BTreeSet::new());
    let version = table.version();
    assert_eq!(Table::open_or_create(url(), &none).await.unwrap().version(), version, "opening changed the table");
    assert!(log(folder.path()).contains(r#"\"numRecords\":3"#));
}

#[tokio::test]
async fn a_column_that_becomes_private_gets_no_more_statistics() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let fewer = TableOptions {
        statistics_columns: vec!["at".to_owned(), "event_date".to_owned(), "not there".to_owned()],
        ..options(prediction_schema())
    };
    let mut table = Table::open_or_create(local_url(folder.path()).unwrap(), &fewer).await.unwrap();
    table.append(vec![predictions(0, 3)], &progress(None, 3)).await.unwrap();
    assert_eq!(columns_with_statistics(folder.path()), BTreeSet::from(["at".to_owned()]));
    // Whoever opens the table only to read or to compact it learns the list from the table.
    let reader = Table::open(local_url(folder.path()).unwrap()).await.unwrap().unwrap();
    assert_eq!(reader.version(), table.version());
    assert!(log(folder.path()).contains(r#""delta.dataSkippingStatsColumns":"at""#));
}
