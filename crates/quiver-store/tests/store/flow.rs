//! From the journal into a table, through any number of crashes: every row once.

use crate::join::Random;
use crate::rows::{prediction_schema, predictions};
use crate::table::options;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use futures::TryStreamExt;
use quiver_store::data_folder::{DataFolder, ModelKey, TableName};
use quiver_store::journal::{Journal, JournalOptions, NewFrame};
use quiver_store::table::{Appended, Progress, Table, TableError};
use std::path::Path;
use uuid::Uuid;

const ROWS: u64 = 300;

fn encode(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

struct Server {
    journal: Journal,
    table: Table,
    _folder: DataFolder,
}

/// What a server does when it starts.
async fn start(path: &Path) -> Server {
    let folder = DataFolder::open(path).unwrap();
    let options_of_journal = JournalOptions { file_limit_bytes: 20_000, ..JournalOptions::default() };
    let (mut journal, recovery) = folder.open_journal(Uuid::from_u128(5), options_of_journal).unwrap();
    assert!(recovery.damages.is_empty(), "{recovery:?}");
    let name = TableName::Predictions(ModelKey::new("m"));
    let table = folder.open_table(name, &options(prediction_schema())).await.unwrap();
    let stored = table.next_offset(&journal.identity().application_id()).await.unwrap();
    assert_eq!(journal.skip_to(stored.unwrap_or(0) as u64).unwrap(), 0, "the journal lost acknowledged rows");
    Server { journal, table, _folder: folder }
}

/// Takes rows from a source that numbers them, as a replay does.
fn ingest(server: &mut Server, random: &mut Random) {
    let position = server.journal.producer_position("source").unwrap_or(0);
    let rows = (1 + random.below(9)).min(ROWS - position);
    if rows == 0 {
        return;
    }
    let payload = encode(&predictions(position as i64, rows as i64));
    let frame = NewFrame {
        stream: "m/prediction",
        producer: "source",
        producer_position: position + rows,
        received_at_microseconds: 1,
        row_count: rows as u32,
        payload: &payload,
    };
    let offsets = server.journal.append(&[frame]).unwrap();
    assert_eq!(offsets, position..position + rows);
    if random.below(3) > 0 {
        server.journal.sync().unwrap();
    }
}

/// Flushes some frames; the batch begins where the table ends, in the middle of a frame if need be.
async fn flush(server: &mut Server, random: &mut Random) -> Result<Appended, TableError> {
    let application_id = server.journal.identity().application_id();
    let stored = server.table.next_offset(&application_id).await?;
    let from = stored.unwrap_or(0) as u64;
    let frames = server.journal.read_from(from).unwrap().take(1 + random.below(6) as usize);
    let mut batches = Vec::new();
    let mut next_offset = from;
    for frame in frames {
        let frame = frame.unwrap();
        let batch = StreamReader::try_new(frame.payload.as_slice(), None).unwrap().next().unwrap().unwrap();
        let skipped = from.saturating_sub(frame.first_offset) as usize;
        batches.push(batch.slice(skipped, batch.num_rows() - skipped));
        next_offset = frame.next_offset();
    }
    let rows: Vec<_> =
        batches.first().map(|first| concat_batches(&first.schema(), &batches).unwrap()).into_iter().collect();
    // A flush may end in the middle of a frame.
    let kept = next_offset - random.below(2).min(next_offset - from);
    let rows = rows.iter().map(|rows| rows.slice(0, (kept - from) as usize)).collect();
    let progress = Progress { application_id, expected_previous: stored, next_offset: kept as i64 };
    server.table.append(rows, &progress).await
}

#[tokio::test]
async fn every_row_arrives_once_through_any_crash() {
    for seed in 0..3 {
        let temporary = tempfile::tempdir().unwrap();
        let mut random = Random(seed);
        let mut server = start(temporary.path()).await;
        let mut crashes = 0;
        loop {
            match random.below(10) {
                0..5 => ingest(&mut server, &mut random),
                5..8 => {
                    flush(&mut server, &mut random).await.unwrap();
                }
                8 => {
                    let application_id = server.journal.identity().application_id();
                    let stored = server.table.next_offset(&application_id).await.unwrap();
                    server.journal.cut_below(stored.unwrap_or(0) as u64).unwrap();
                }
                _ => {
                    // A crash in the middle of a flush, and its commit comes through after all: an older handle
                    // brings a row that a newer one may have brought before.
                    let mut old = server.table.clone();
                    flush(&mut server, &mut random).await.unwrap();
                    let application_id = server.journal.identity().application_id();
                    let stale = old.next_offset(&application_id).await.unwrap();
                    let row = stale.unwrap_or(0);
                    if server.journal.durable_offset() as i64 > row {
                        let replay = Progress { application_id, expected_previous: stale, next_offset: row + 1 };
                        match old.append(vec![predictions(row, 1)], &replay).await {
                            Ok(_) | Err(TableError::Conflict { .. }) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                    drop(server);
                    server = start(temporary.path()).await;
                    crashes += 1;
                }
            }
            let application_id = server.journal.identity().application_id();
            if server.table.next_offset(&application_id).await.unwrap() == Some(ROWS as i64) {
                break;
            }
        }
        let batches: Vec<_> = server.table.scan(&["offset"], None).await.unwrap().try_collect().await.unwrap();
        let mut offsets: Vec<_> =
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
        offsets.sort_unstable();
        assert_eq!(offsets, (0..ROWS as i64).collect::<Vec<_>>(), "seed {seed}, {crashes} crashes");
        assert!(crashes > 1, "seed {seed} never crashed");
    }
}
