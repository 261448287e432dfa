//! Keys, tallies and damaged files stay as they were put, and what is deleted is not on the disk any more.

use quiver_store::catalogue::{ApiKey, Catalogue, CatalogueError, DEFAULT_WORKSPACE, DamageRecord, Tally, TallySum};
use std::path::Path;

const W: &str = DEFAULT_WORKSPACE;
const HOUR: i64 = 3_600_000_000;

async fn open(folder: &Path) -> Catalogue {
    Catalogue::open(&folder.join("catalogue.sqlite")).await.unwrap()
}

fn key(id: &str, created_at_microseconds: i64) -> ApiKey {
    ApiKey {
        workspace: W.to_owned(),
        id: id.to_owned(),
        name: format!("key {id}"),
        hash: vec![0xab; 32],
        scopes: "ingest read".to_owned(),
        created_at_microseconds,
        expires_at_microseconds: Some(99),
        revoked_at_microseconds: None,
        last_used_at_microseconds: None,
    }
}

fn tally(hour: i64, what: &str, subject: &str, count: i64) -> Tally {
    Tally {
        model: "flight-delay".to_owned(),
        hour_microseconds: hour * HOUR,
        what: what.to_owned(),
        subject: subject.to_owned(),
        count,
    }
}

/// Every byte of the catalogue's files.
fn bytes_on_disk(folder: &Path) -> Vec<u8> {
    std::fs::read_dir(folder).unwrap().flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

#[tokio::test]
async fn keys_come_back_are_used_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    assert_eq!(catalogue.key("a").await.unwrap(), None);
    catalogue.put_key(&key("b", 2)).await.unwrap();
    catalogue.put_key(&key("a", 2)).await.unwrap();
    let other = ApiKey { workspace: "other".to_owned(), expires_at_microseconds: None, ..key("c", 1) };
    catalogue.put_key(&other).await.unwrap();
    // An id names one key, in whatever workspace.
    let taken = catalogue.put_key(&ApiKey { workspace: "other".to_owned(), ..key("a", 5) }).await;
    assert!(matches!(taken, Err(CatalogueError::Query { .. })), "{taken:?}");
    catalogue.close().await;

    let catalogue = open(folder.path()).await;
    assert_eq!(catalogue.key("a").await.unwrap(), Some(key("a", 2)));
    assert_eq!(catalogue.key("c").await.unwrap(), Some(other.clone()));
    assert_eq!(catalogue.keys(W).await.unwrap(), [key("a", 2), key("b", 2)]);
    assert_eq!(catalogue.keys("other").await.unwrap(), [other]);

    catalogue.touch_key("a", 50).await.unwrap();
    catalogue.touch_key("a", 40).await.unwrap();
    catalogue.touch_key("unknown", 40).await.unwrap();
    assert!(catalogue.revoke_key("a", 60).await.unwrap());
    assert!(!catalogue.revoke_key("a", 70).await.unwrap());
    assert!(!catalogue.revoke_key("unknown", 70).await.unwrap());
    let expected = ApiKey { last_used_at_microseconds: Some(50), revoked_at_microseconds: Some(60), ..key("a", 2) };
    assert_eq!(catalogue.keys(W).await.unwrap(), [expected, key("b", 2)]);
}

#[tokio::test]
async fn tallies_add_up_by_hour() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    let first = [tally(1, "rejected", "no_time", 3), tally(1, "accepted", "", 10), tally(1, "rejected", "no_time", 4)];
    catalogue.add_tallies(W, &first).await.unwrap();
    catalogue.add_tallies(W, &[tally(2, "accepted", "", 5), tally(1, "accepted", "", 1)]).await.unwrap();
    catalogue.add_tallies("other", &[tally(1, "accepted", "", 100)]).await.unwrap();
    catalogue.add_tallies(W, &[]).await.unwrap();
    let model = "flight-delay";
    let expected = [tally(1, "accepted", "", 11), tally(1, "rejected", "no_time", 7), tally(2, "accepted", "", 5)];
    assert_eq!(catalogue.tallies(W, model, 0, 3 * HOUR).await.unwrap(), expected);
    assert_eq!(catalogue.tallies(W, model, HOUR, 2 * HOUR).await.unwrap(), expected[..2]);
    assert_eq!(catalogue.tallies(W, "another", 0, 3 * HOUR).await.unwrap(), []);
    let sum = |what: &str, subject: &str, count| TallySum { what: what.to_owned(), subject: subject.to_owned(), count };
    let sums = catalogue.tally_sums(W, model, 0, 3 * HOUR).await.unwrap();
    assert_eq!(sums, [sum("accepted", "", 16), sum("rejected", "no_time", 7)]);

    assert_eq!(catalogue.delete_tallies_before(2 * HOUR).await.unwrap(), 3);
    assert_eq!(catalogue.tallies(W, model, 0, 3 * HOUR).await.unwrap(), expected[2..]);
    assert_eq!(catalogue.tallies("other", model, 0, 3 * HOUR).await.unwrap(), []);
}

#[tokio::test]
async fn tallies_that_fail_halfway_add_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    let other = sqlx::SqlitePool::connect(&format!("sqlite://{}", catalogue.path().display())).await.unwrap();
    sqlx::query(
        "CREATE TRIGGER full BEFORE INSERT ON door_tallies WHEN NEW.what = 'last' BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .execute(&other)
    .await
    .unwrap();
    let both = [tally(1, "first", "", 1), tally(1, "last", "", 1)];
    let failed = catalogue.add_tallies(W, &both).await;
    assert!(matches!(failed, Err(CatalogueError::Query { .. })), "{failed:?}");
    assert_eq!(catalogue.tallies(W, "flight-delay", 0, 9 * HOUR).await.unwrap(), []);
    sqlx::query("DROP TRIGGER full").execute(&other).await.unwrap();
    catalogue.add_tallies(W, &both).await.unwrap();
    assert_eq!(catalogue.tallies(W, "flight-delay", 0, 9 * HOUR).await.unwrap(), both);
}

#[tokio::test]
async fn damaged_files_are_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    let damage = |path: &str, found_at_microseconds| DamageRecord {
        table_name: "predictions/flight-delay".to_owned(),
        path: path.to_owned(),
        lost_rows: Some(7),
        reason: "it is gone".to_owned(),
        found_at_microseconds,
    };
    let unknown = DamageRecord { lost_rows: None, ..damage("c", 3) };
    catalogue.put_damages(W, &[damage("a", 1), damage("b", 2)]).await.unwrap();
    catalogue.put_damages(W, &[damage("a", 9), unknown.clone()]).await.unwrap();
    catalogue.put_damages(W, &[]).await.unwrap();
    assert_eq!(catalogue.damages(W).await.unwrap(), [unknown, damage("b", 2), damage("a", 1)]);
    assert_eq!(catalogue.damages("other").await.unwrap(), []);
}

#[tokio::test]
async fn what_is_deleted_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    // Many rows, so that deleting some empties cells of pages that stay.
    let subject = |hour: i64| format!("telling-subject-{hour}-end");
    let tallies: Vec<_> = (0..200).map(|hour| tally(hour, "rejected", &subject(hour), 1)).collect();
    catalogue.add_tallies(W, &tallies).await.unwrap();
    catalogue.close().await;
    assert!(contains(&bytes_on_disk(folder.path()), &subject(77)), "the test looks in the wrong place");

    let catalogue = open(folder.path()).await;
    assert_eq!(catalogue.delete_tallies_before(150 * HOUR).await.unwrap(), 150);
    catalogue.close().await;
    let bytes = bytes_on_disk(folder.path());
    for hour in 0..150 {
        assert!(!contains(&bytes, &subject(hour)), "{} is still on the disk", subject(hour));
    }
    assert!(contains(&bytes, &subject(177)));
}

/// Two pools share nothing but the file, as a server and a command do.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_writes_while_the_server_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = open(folder.path()).await;
    let command = open(folder.path()).await;
    let counting = {
        let server = server.clone();
        tokio::spawn(async move {
            for _ in 0..60 {
                let tallies: Vec<_> = (0..20).map(|hour| tally(hour, "accepted", "", 1)).collect();
                server.add_tallies(W, &tallies).await.unwrap();
            }
        })
    };
    for index in 0..60 {
        command.put_key(&key(&index.to_string(), index)).await.unwrap();
        assert!(server.key(&index.to_string()).await.unwrap().is_some(), "the server does not see the key");
    }
    counting.await.unwrap();
    let counts = command.tallies(W, "flight-delay", 0, 20 * HOUR).await.unwrap();
    assert_eq!(counts.iter().map(|tally| tally.count).collect::<Vec<_>>(), [60; 20]);
    assert_eq!(server.keys(W).await.unwrap().len(), 60);
}
