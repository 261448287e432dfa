//! A disk that changes bytes costs rows, which are counted, and never gives back a wrong one.

use crate::rows::prediction_schema;
use crate::table::{JOURNAL, offsets, open, options, parquet_files};
use crate::table_maintenance::{fill, rows};
use arrow::array::AsArray;
use arrow::array::Int64Array;
use arrow::compute::{filter_record_batch, kernels::cmp::neq};
use quiver_store::data_folder::{DataFolder, DataFolderError, ModelKey, TableName};
use quiver_store::table::{Table, TableError, local_url};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Numbers that look random and are the same on every run.
struct Positions(u64);

impl Positions {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Flips one bit, lets `look` look, and flips it back.
async fn with_flipped_bit<T>(path: &Path, position: usize, bit: usize, look: impl Future<Output = T>) -> T {
    let sound = std::fs::read(path).unwrap();
    let mut bytes = sound.clone();
    bytes[position] ^= 1 << bit;
    std::fs::write(path, bytes).unwrap();
    let seen = look.await;
    std::fs::write(path, sound).unwrap();
    seen
}

fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()
}

/// Lets the log forget the checksums, as if another tool had written the files.
async fn without_checksums(folder: &Path) -> Table {
    for entry in std::fs::read_dir(folder.join("_delta_log")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace("quiver.xxh3", "another.tag")).unwrap();
        }
    }
    std::fs::remove_dir_all(folder.join("_quiver_log")).unwrap();
    open(folder).await
}

#[tokio::test]
async fn every_flipped_bit_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 3, 20).await;
    let sound = rows(&table).await;
    assert_eq!(table.verify(None).await.unwrap(), Vec::new());
    let mut positions = Positions(3);
    for _ in 0..60 {
        let files = parquet_files(folder.path());
        let file = &files[positions.below(files.len())];
        let position = positions.below(std::fs::metadata(file).unwrap().len() as usize);
        let found = with_flipped_bit(file, position, positions.below(8), table.verify(None)).await.unwrap();
        assert_eq!(found.len(), 1, "{} at {position}", file.display());
        assert_eq!(found[0].path, relative(folder.path(), file));
        assert!(found[0].rows.unwrap() > 0 && found[0].reason.contains("checksum"), "{found:?}");
    }
    assert_eq!(table.verify(None).await.unwrap(), Vec::new());
    assert_eq!(rows(&table).await, sound);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_other_rows_are_as_they_were() {
    let mut positions = Positions(11);
    for round in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = tempfile::tempdir().unwrap();
        let mut table = open(folder.path()).await;
        fill(&mut table, 5, 4).await;
        let sound = rows(&table).await;
        let files = parquet_files(folder.path());
        let file = files[positions.below(files.len())].clone();
        let bytes = std::fs::read(&file).unwrap();
        let mut damaged = bytes.clone();
        match round {
            0 => damaged.truncate(bytes.len() / 2),
            1 => damaged.clear(),
            2 => {}
            _ => damaged[positions.below(bytes.len())] ^= 1 << positions.below(8),
        }
        std::fs::write(&file, &damaged).unwrap();
        if round == 2 {
            std::fs::remove_file(&file).unwrap();
        }
        let set_aside = table.quarantine_damaged(quarantine.path(), None).await.unwrap();
        assert_eq!(set_aside.len(), 1, "round {round}");
        assert_eq!((set_aside[0].path.as_str(), set_aside[0].rows), (relative(folder.path(), &file).as_str(), Some(4)));
        if round == 2 {
            assert_eq!((set_aside[0].kept_at.as_ref(), set_aside[0].reason.as_str()), (None, "it is gone"));
        } else {
            let kept_at = set_aside[0].kept_at.as_ref().unwrap();
            assert!(kept_at.starts_with(quarantine.path()));
            assert_eq!(std::fs::read(kept_at).unwrap(), damaged);
        }
        assert!(!file.exists());

        for table in [table, open(folder.path()).await] {
            let left = rows(&table).await;
            assert_eq!(left.num_rows(), 16);
            let lost: Vec<i64> = (0..20).filter(|offset| !left_offsets(&left).contains(offset)).collect();
            let mut expected = sound.clone();
            for offset in lost {
                let other = neq(expected.column_by_name("offset").unwrap(), &Int64Array::new_scalar(offset)).unwrap();
                expected = filter_record_batch(&expected, &other).unwrap();
            }
            assert_eq!(left, expected);
            assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(20));
            assert_eq!(table.verify(None).await.unwrap(), Vec::new());
        }
    }
}

fn left_offsets(rows: &arrow::array::RecordBatch) -> Vec<i64> {
    rows.column_by_name("offset").unwrap().as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
}

#[tokio::test]
async fn a_sound_table_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let quarantine = folder.path().join("quarantine");
    let mut table = open(folder.path()).await;
    fill(&mut table, 3, 4).await;
    let version = table.version();
    assert_eq!(table.quarantine_damaged(&quarantine, None).await.unwrap(), Vec::new());
    assert_eq!(table.version(), version);
    assert!(!quarantine.exists());
}

#[tokio::test]
async fn only_the_suspects_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 3, 4).await;
    let files = parquet_files(folder.path());
    files[..2].iter().for_each(|file| std::fs::write(file, b"nothing").unwrap());
    let suspects = HashSet::from([relative(folder.path(), &files[1]), relative(folder.path(), &files[2])]);
    let found = table.verify(Some(&suspects)).await.unwrap();
    assert_eq!(found.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), [relative(folder.path(), &files[1])]);
    assert_eq!(table.verify(None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn checksums_survive_checkpoints_and_merging() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    fill(&mut table, 26, 1).await;
    // What is left of the log before the checkpoint is the checkpoint.
    for version in 0..=24 {
        std::fs::remove_file(folder.path().join(format!("_delta_log/{version:020}.json"))).unwrap();
    }
    let check = async |expected: usize| {
        let files = parquet_files(folder.path());
        assert_eq!(files.len(), expected);
        let table = open(folder.path()).await;
        for file in &files {
            // In the middle are pages, which decode to something whatever is flipped there.
            let found = with_flipped_bit(file, 60, 1, table.verify(None)).await.unwrap();
            assert!(found.len() == 1 && found[0].reason.contains("checksum"), "{found:?}");
        }
    };
    check(26).await;
    let mut table = open(folder.path()).await;
    table.compact(i64::MAX, &|| false).await.unwrap();
    table.vacuum(0, i64::MAX).await.unwrap();
    check(2).await;
    assert_eq!(offsets(&table).await, (0..26).collect::<Vec<_>>());
}

#[tokio::test]
async fn files_of_another_tool_are_decoded() {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut open(folder.path()).await, 3, 20).await;
    let table = without_checksums(folder.path()).await;
    assert_eq!(table.verify(None).await.unwrap(), Vec::new());
    let files: Vec<PathBuf> = parquet_files(folder.path());
    let mut found_bits = 0;
    let mut positions = Positions(5);
    for _ in 0..80 {
        let file = &files[positions.below(files.len())];
        let length = std::fs::metadata(file).unwrap().len() as usize;
        // It may not find every bit, but it must not fail at any.
        let position = positions.below(length);
        found_bits += with_flipped_bit(file, position, positions.below(8), table.verify(None)).await.unwrap().len();
        // The end says where everything else is.
        let found = with_flipped_bit(file, length - 1 - positions.below(8), 7, table.verify(None)).await.unwrap();
        assert_eq!(found.len(), 1);
    }
    println!("decoding found {found_bits} of 80 flipped bits");
    assert!(found_bits > 0);
    let bytes = std::fs::read(&files[0]).unwrap();
    std::fs::write(&files[0], &bytes[..bytes.len() - 1]).unwrap();
    let found = table.verify(None).await.unwrap();
    assert!(found.len() == 1 && found[0].reason.contains("bytes"), "{found:?}");
}

const FLIGHTS: TableName<'static> = TableName::Predictions(ModelKey { workspace: "default", model: "flight-delay" });

/// Opens the table as a process does that has not read it yet.
async fn open_in(folder: &DataFolder) -> Result<Table, DataFolderError> {
    folder.forget(FLIGHTS);
    folder.open_table(FLIGHTS, &options(prediction_schema())).await
}

/// A data folder with one table of some commits; returns the table's log.
async fn folder_with(path: &Path, commits: i64) -> (DataFolder, PathBuf) {
    let folder = DataFolder::open(path).unwrap();
    fill(&mut open_in(&folder).await.unwrap(), commits, 2).await;
    let log = folder.table_path(FLIGHTS).join("_delta_log");
    (folder, log)
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn copies_of(log: &Path, name: &str) -> Vec<PathBuf> {
    let copies = files_of(&log.with_file_name("_quiver_log"));
    copies.into_iter().filter(|copy| copy.file_name().unwrap().to_str().unwrap().starts_with(name)).collect()
}

/// Damages a file in one of four ways.
fn damage(path: &Path, how: usize, positions: &mut Positions) {
    let bytes = std::fs::read(path).unwrap();
    match how {
        0 => std::fs::remove_file(path).unwrap(),
        // At the end of a line, where what is left reads well.
        1 => {
            let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len() / 2, |end| end + 1);
            std::fs::write(path, &bytes[..line.min(bytes.len() - 1)]).unwrap();
        }
        2 => std::fs::write(path, b"").unwrap(),
        _ => {
            let mut flipped = bytes;
            let position = positions.below(flipped.len());
            flipped[position] ^= 1 << positions.below(8);
            std::fs::write(path, flipped).unwrap();
        }
    }
}

#[tokio::test]
async fn damage_anywhere_in_the_log_is_mended_and_told() {
    let place = tempfile::tempdir().unwrap();
    let (folder, log) = folder_with(place.path(), 28).await;
    let sound = rows(&open_in(&folder).await.unwrap()).await;
    let checkpoint = log.join(format!("{:020}.checkpoint.parquet", 24));
    assert!(checkpoint.exists());
    let mut positions = Positions(17);
    let commits = (25..=28).map(|version| log.join(format!("{version:020}.json")));
    for file in commits.chain([checkpoint]) {
        let bytes = std::fs::read(&file).unwrap();
        for how in 0..7 {
            damage(&file, how, &mut positions);
            let damaged = std::fs::read(&file).ok();
            let where_ = format!("{} damaged by {how}", file.display());
            // Nothing is ever read from a damaged log.
            let refused = Table::open(local_url(&folder.table_path(FLIGHTS)).unwrap()).await;
            assert!(matches!(refused, Err(TableError::DamagedLog { .. })), "{where_}: {refused:?}");
            let table = open_in(&folder).await.unwrap();
            assert_eq!(rows(&table).await, sound, "{where_}");
            assert_eq!(table.next_offset(JOURNAL).await.unwrap(), Some(56));
            assert_eq!(std::fs::read(&file).unwrap(), bytes, "{where_}");
            let mended = folder.take_mended();
            assert_eq!(mended.len(), 1, "{where_}: {mended:?}");
            assert_eq!(mended[0].1.path, relative(&folder.table_path(FLIGHTS), &file));
            assert_eq!(mended[0].1.kept_at.as_ref().map(|kept| std::fs::read(kept).unwrap()), damaged, "{where_}");
        }
    }
    // Sound again, it is opened without a word, and goes on.
    let mut table = open_in(&folder).await.unwrap();
    fill(&mut table, 1, 2).await;
    folder.mend_log(FLIGHTS).await.unwrap();
    assert_eq!(folder.take_mended(), []);
    assert_eq!(offsets(&open_in(&folder).await.unwrap()).await, (0..58).collect::<Vec<_>>());
}

#[tokio::test]
async fn damage_to_the_hint_at_the_checkpoint_costs_the_hint() {
    let place = tempfile::tempdir().unwrap();
    let (folder, log) = folder_with(place.path(), 28).await;
    let sound = rows(&open_in(&folder).await.unwrap()).await;
    let hint = log.join("_last_checkpoint");
    let bytes = std::fs::read(&hint).unwrap();
    for content in
        [&b""[..], b"{", b"{\"version\":99,\"size\":3}", b"{\"versiom\":24,\"size\":3}", &bytes[..bytes.len() / 2]]
    {
        std::fs::write(&hint, content).unwrap();
        let table = open_in(&folder).await.unwrap();
        assert_eq!(rows(&table).await, sound, "{}", String::from_utf8_lossy(content));
        std::fs::write(&hint, &bytes).unwrap();
    }
    let mut positions = Positions(29);
    for _ in 0..100 {
        let table = with_flipped_bit(&hint, positions.below(bytes.len()), positions.below(8), open_in(&folder)).await;
        assert_eq!(rows(&table.unwrap()).await, sound);
    }
}

#[tokio::test]
async fn a_checkpoint_without_a_sound_copy_is_done_without() {
    let place = tempfile::tempdir().unwrap();
    let (folder, log) = folder_with(place.path(), 28).await;
    let sound = rows(&open_in(&folder).await.unwrap()).await;
    let name = format!("{:020}.checkpoint.parquet", 24);
    let mut positions = Positions(31);
    damage(&log.join(&name), 3, &mut positions);
    copies_of(&log, &name).iter().for_each(|copy| damage(copy, 3, &mut positions));
    let table = open_in(&folder).await.unwrap();
    assert_eq!(rows(&table).await, sound);
    assert!(!log.join(&name).exists());
    assert_eq!(folder.take_mended().iter().filter(|(_, entry)| entry.path.ends_with(&name)).count(), 1);
}

#[tokio::test]
async fn an_entry_without_a_sound_copy_keeps_the_table_shut_and_says_how_far_it_was() {
    let place = tempfile::tempdir().unwrap();
    let (folder, log) = folder_with(place.path(), 5).await;
    let name = format!("{:020}.json", 3);
    let mut positions = Positions(37);
    damage(&log.join(&name), 3, &mut positions);
    copies_of(&log, &name).iter().for_each(|copy| damage(copy, 3, &mut positions));
    let damaged = std::fs::read(log.join(&name)).unwrap();
    for _ in 0..3 {
        let refused = open_in(&folder).await.unwrap_err();
        let DataFolderError::Table(error) = &refused else { panic!("{refused:?}") };
        assert!(error.is_unreadable());
        assert!(refused.to_string().contains(&name) && refused.to_string().contains("backup"), "{refused}");
    }
    assert_eq!(std::fs::read(log.join(&name)).unwrap(), damaged, "evidence stays");
    assert_eq!(folder.take_mended(), []);
    assert_eq!(folder.furthest_offset(FLIGHTS, JOURNAL).unwrap(), Some(10));
    assert_eq!(folder.furthest_offset(FLIGHTS, "journal/other/0").unwrap(), None);
}

#[tokio::test]
async fn copies_are_made_where_they_are_missing_and_few_are_kept() {
    let place = tempfile::tempdir().unwrap();
    let (folder, log) = folder_with(place.path(), 80).await;
    let copies = log.with_file_name("_quiver_log");
    let versions = |folder: &Path| -> Vec<String> {
        let names = files_of(folder).into_iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        names.map(|name| name.split('.').next().unwrap().to_owned()).collect()
    };
    let kept = versions(&copies);
    assert_eq!(kept.first().unwrap(), &format!("{:020}", 49));
    assert_eq!(kept.last().unwrap(), &format!("{:020}", 80));
    assert_eq!(kept.len(), 32 + 2);
    // A damaged copy is made anew; it takes nothing from the table.
    let names = files_of(&copies);
    std::fs::write(&names[5], b"torn").unwrap();
    folder.mend_log(FLIGHTS).await.unwrap();
    assert_ne!(std::fs::read(&names[5]).unwrap(), b"torn");
    assert_eq!(folder.take_mended(), []);
    // A table of another tool, or of an older Quiver, has none.
    std::fs::remove_dir_all(&copies).unwrap();
    open_in(&folder).await.unwrap();
    let newest = copies_of(&log, &format!("{:020}.json", 80));
    assert_eq!(newest.len(), 1);
    assert_eq!(copies_of(&log, &format!("{:020}.checkpoint", 74)).len(), 1);
    std::fs::remove_file(log.join(format!("{:020}.json", 80))).unwrap();
    assert_eq!(offsets(&open_in(&folder).await.unwrap()).await, (0..160).collect::<Vec<_>>());
    // What a clean-up of the log takes is not missed.
    for version in 0..=74 {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    folder.mend_log(FLIGHTS).await.unwrap();
    assert_eq!(folder.take_mended().len(), 1, "the entry that was removed above");
    assert_eq!(offsets(&open_in(&folder).await.unwrap()).await, (0..160).collect::<Vec<_>>());
}
