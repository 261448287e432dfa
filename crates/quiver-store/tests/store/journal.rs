//! The journal keeps what it acknowledged, cuts only what it did not, and never hides a loss.

use quiver_store::journal::{Frame, FrameCodec, Journal, JournalError, JournalOptions, NewFrame, Recovery};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const EPOCH: Uuid = Uuid::from_u128(42);

fn open(folder: &Path) -> (Journal, Recovery) {
    open_with(folder, JournalOptions::default())
}

pub fn open_with(folder: &Path, options: JournalOptions) -> (Journal, Recovery) {
    Journal::open(folder, EPOCH, options).unwrap()
}

pub fn small_files() -> JournalOptions {
    JournalOptions { file_limit_bytes: 400, ..JournalOptions::default() }
}

pub fn frame(index: u64, payload: &[u8]) -> NewFrame<'_> {
    NewFrame {
        stream: "flight-delay/prediction",
        producer: "replay",
        producer_position: (index + 1) * 3,
        received_at_microseconds: 1_000 + index as i64,
        row_count: 3,
        payload,
    }
}

pub fn payload(index: u64) -> Vec<u8> {
    (0..40_u8).map(|byte| byte.wrapping_mul(31).wrapping_add(index as u8)).collect()
}

/// A folder in memory where there is one: loops over every byte would wait for thousands of syncs.
fn fast_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Appends frames `from..to`, three rows each.
pub fn fill(journal: &mut Journal, from: u64, to: u64) {
    for index in from..to {
        let offsets = journal.append(&[frame(index, &payload(index))]).unwrap();
        assert_eq!(offsets, index * 3..index * 3 + 3);
    }
    assert_eq!(journal.sync().unwrap(), to * 3);
}

pub fn read(journal: &Journal, offset: u64) -> Vec<Frame> {
    journal.read_from(offset).unwrap().collect::<Result<_, _>>().unwrap()
}

pub fn indexes(frames: &[Frame]) -> Vec<u64> {
    frames
        .iter()
        .map(|frame| {
            let index = frame.first_offset / 3;
            assert_eq!(frame.payload, payload(index), "a wrong payload came back");
            assert_eq!(frame.producer_position, (index + 1) * 3);
            index
        })
        .collect()
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "journal"))
        .collect();
    files.sort();
    files
}

pub fn size_bytes(folder: &Path) -> u64 {
    files(folder).iter().map(|path| std::fs::metadata(path).unwrap().len()).sum()
}

#[test]
fn frames_come_back_and_offsets_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, recovery) = open(folder.path());
    assert_eq!(recovery, Recovery::default());
    fill(&mut journal, 0, 5);
    let identity = journal.identity().clone();
    assert_eq!(identity.application_id(), format!("journal/{EPOCH}/0"));
    drop(journal);

    let (mut journal, recovery) = Journal::open(folder.path(), Uuid::from_u128(1), JournalOptions::default()).unwrap();
    assert_eq!(*journal.identity(), identity, "the epoch is drawn once");
    assert_eq!((recovery.frames, recovery.rows), (5, 15));
    assert_eq!((journal.next_offset(), journal.durable_offset()), (15, 15));
    assert_eq!(journal.producer_position("replay"), Some(15));
    assert_eq!(journal.producer_position("other"), None);
    fill(&mut journal, 5, 7);
    assert_eq!(indexes(&read(&journal, 0)), [0, 1, 2, 3, 4, 5, 6]);
    // Offset 7 is the second row of frame 2: the frame comes whole.
    assert_eq!(indexes(&read(&journal, 7)), [2, 3, 4, 5, 6]);
    assert!(read(&journal, 21).is_empty());
}

#[test]
fn what_is_not_synced_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path());
    fill(&mut journal, 0, 1);
    journal.append(&[frame(1, &payload(1)), frame(2, &payload(2))]).unwrap();
    assert_eq!((journal.durable_offset(), journal.next_offset()), (3, 9));
    assert_eq!(indexes(&read(&journal, 0)), [0]);
    journal.sync().unwrap();
    assert_eq!(indexes(&read(&journal, 0)), [0, 1, 2]);
}

#[test]
fn a_second_opening_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    let second = Journal::open(folder.path(), EPOCH, JournalOptions::default());
    assert!(matches!(second, Err(JournalError::InUse { .. })), "{second:?}");
    drop(journal);
    open(folder.path());
}

#[test]
fn a_torn_tail_is_cut_at_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path());
    fill(&mut journal, 0, 2);
    let path = files(folder.path()).remove(0);
    let whole_bytes = std::fs::metadata(&path).unwrap().len();
    fill(&mut journal, 2, 3);
    drop(journal);
    let bytes = std::fs::read(&path).unwrap();

    for length in whole_bytes..bytes.len() as u64 {
        for zeros in [0, 30] {
            let folder = fast_folder();
            let copy = folder.path().join(path.file_name().unwrap());
            let mut torn = bytes[..length as usize].to_vec();
            // A file system may have grown the file before it wrote the bytes.
            torn.resize(torn.len() + zeros, 0);
            std::fs::write(&copy, &torn).unwrap();
            let (mut journal, recovery) = open(folder.path());
            assert_eq!(journal.next_offset(), 6, "at {length}");
            let tail = recovery.torn_tail.clone();
            if torn.len() as u64 == whole_bytes {
                assert_eq!(tail, None);
            } else {
                let tail = tail.unwrap();
                assert_eq!((tail.position, tail.length_bytes), (whole_bytes, torn.len() as u64 - whole_bytes));
                assert_eq!(std::fs::read(&tail.kept_at).unwrap(), torn[whole_bytes as usize..]);
            }
            fill(&mut journal, 2, 4);
            assert_eq!(indexes(&read(&journal, 0)), [0, 1, 2, 3]);
            drop(journal);
            let (_, recovery) = open(folder.path());
            assert_eq!(recovery.torn_tail, None, "a tail is cut once");
        }
    }
}

#[test]
fn every_flipped_byte_is_found_and_no_wrong_payload_returned() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open_with(folder.path(), small_files());
    fill(&mut journal, 0, 7);
    drop(journal);
    let names: Vec<_> = files(folder.path());
    assert!(names.len() >= 3, "{names:?}");
    let last = names.last().unwrap().clone();

    for name in names.iter().cloned().chain([folder.path().join("journal.identity")]) {
        let length = std::fs::metadata(&name).unwrap().len() as usize;
        for position in 0..length {
            let copy = fast_folder();
            for entry in std::fs::read_dir(folder.path()).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
            let damaged = copy.path().join(name.file_name().unwrap());
            let mut bytes = std::fs::read(&damaged).unwrap();
            bytes[position] ^= 0x41;
            std::fs::write(&damaged, &bytes).unwrap();

            let what = format!("{} at {position}", name.display());
            let (mut journal, recovery) = open_with(copy.path(), small_files());
            let torn = recovery.torn_tail.is_some();
            assert!(torn || !recovery.damages.is_empty(), "{what}: not found");
            assert!(!torn || name == last, "{what}: taken for a torn tail");
            let mut reader = journal.read_from(0).unwrap();
            let read: Vec<_> = reader.by_ref().collect::<Result<_, _>>().unwrap();
            let lost: u64 = recovery.damages.iter().map(|damage| damage.lost_offsets).sum();
            assert_eq!(lost, reader.lost_offsets(), "{what}");
            assert_eq!(lost, recovery.lost_offsets, "{what}");
            let rows = indexes(&read).len() as u64 * 3;
            assert_eq!(rows + lost, journal.next_offset(), "{what}");
            assert!(lost <= 3, "{what}: one byte cost {lost} rows");
            if !torn {
                assert_eq!(journal.next_offset(), 21, "{what}");
            }
            for damage in recovery.damages.iter().filter(|damage| damage.path != copy.path()) {
                assert_eq!(std::fs::read(damage.kept_at.as_ref().unwrap()).unwrap(), bytes, "{what}");
            }
            // The loss is recorded: the next opening is calm, knows it, and the journal goes on.
            let next = journal.next_offset() / 3;
            fill(&mut journal, next, next + 1);
            drop(journal);
            let (_, again) = open_with(copy.path(), small_files());
            assert_eq!((again.torn_tail, again.damages), (None, Vec::new()), "{what}");
            assert_eq!(again.lost_offsets, lost, "{what}");
        }
    }
}

#[test]
fn a_missing_file_is_a_counted_loss() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open_with(folder.path(), small_files());
    fill(&mut journal, 0, 9);
    drop(journal);
    let names = files(folder.path());
    let rows_of = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let lost = rows_of(&names[2]) - rows_of(&names[1]);
    std::fs::remove_file(&names[1]).unwrap();
    let (journal, recovery) = open_with(folder.path(), small_files());
    assert_eq!(recovery.lost_offsets, lost);
    assert_eq!(recovery.damages.len(), 1);
    assert_eq!(journal.next_offset(), 27);
    assert_eq!(read(&journal, 0).len() as u64 * 3, 27 - lost);
}

#[test]
fn damage_after_opening_stops_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path());
    fill(&mut journal, 0, 3);
    let path = files(folder.path()).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    let in_the_second_frame = bytes.len() - 150;
    bytes[in_the_second_frame] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let read: Vec<_> = journal.read_from(0).unwrap().collect();
    assert!(read[0].is_ok());
    assert!(matches!(read[1], Err(JournalError::Corrupt { .. })), "{:?}", read[1]);
    assert_eq!(read.len(), 2, "nothing comes after damage");
}

#[test]
fn cutting_keeps_what_is_needed_and_the_producers_positions() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open_with(folder.path(), small_files());
    let other = NewFrame { producer: "once", producer_position: 77, ..frame(0, &[]) };
    journal.append(&[NewFrame { row_count: 0, ..other }]).unwrap();
    fill(&mut journal, 0, 30);
    let before = files(folder.path()).len();
    let removed = journal.cut_below(50).unwrap();
    assert!(removed > 5);
    assert_eq!(journal.size_bytes(), size_bytes(folder.path()));
    assert_eq!(files(folder.path()).len(), before - removed);
    assert!(journal.first_offset() <= 50 && journal.first_offset() > 40);
    assert_eq!(indexes(&read(&journal, 50)), (16..30).collect::<Vec<_>>());
    assert!(matches!(journal.read_from(3), Err(JournalError::Cut { wanted: 3, .. })));
    drop(journal);
    let (mut journal, recovery) = open_with(folder.path(), small_files());
    assert!(recovery.damages.is_empty());
    assert_eq!(journal.next_offset(), 90);
    assert_eq!(journal.size_bytes(), size_bytes(folder.path()));
    assert_eq!(journal.producer_position("once"), Some(77));
    assert_eq!(journal.producer_position("replay"), Some(90));
    journal.cut_below(u64::MAX).unwrap();
    assert_eq!(files(folder.path()).len(), 1, "the file being written stays");
    fill(&mut journal, 30, 31);
    assert_eq!(indexes(&read(&journal, 90)), [30]);
}

#[test]
fn a_journal_whose_folder_is_gone_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (mut journal, _) = open_with(&path, small_files());
    fill(&mut journal, 0, 1);
    std::fs::remove_dir_all(&path).unwrap();
    let failed = (1..20).map(|index| journal.append(&[frame(index, &payload(index))])).find(Result::is_err).unwrap();
    assert!(matches!(failed, Err(JournalError::Disk { .. })), "{failed:?}");
    assert!(matches!(journal.append(&[frame(0, &[])]), Err(JournalError::Poisoned { .. })));
    assert!(matches!(journal.sync(), Err(JournalError::Poisoned { .. })));
    assert!(journal.is_poisoned().unwrap().contains("cannot create"), "{:?}", journal.is_poisoned());
}

#[test]
fn a_frame_over_the_limit_leaves_the_journal_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open_with(folder.path(), JournalOptions { frame_limit_bytes: 500, ..small_files() });
    let long = vec![0; 600];
    assert!(matches!(
        journal.append(&[frame(0, &payload(0)), frame(1, &long)]),
        Err(JournalError::FrameTooLong { limit_bytes: 500, .. })
    ));
    fill(&mut journal, 0, 1);
    assert_eq!(indexes(&read(&journal, 0)), [0]);
}

#[test]
fn a_journal_that_lost_its_newest_rows_goes_on_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path());
    fill(&mut journal, 0, 2);
    assert_eq!(journal.skip_to(3).unwrap(), 0);
    assert_eq!(journal.skip_to(12).unwrap(), 6);
    fill(&mut journal, 4, 5);
    drop(journal);
    let (journal, recovery) = open(folder.path());
    assert_eq!(recovery.lost_offsets, 6);
    assert!(recovery.damages.is_empty());
    assert_eq!(indexes(&read(&journal, 0)), [0, 1, 4]);
}

#[test]
fn files_of_another_journal_are_refused() {
    let ours = tempfile::tempdir().unwrap();
    let theirs = tempfile::tempdir().unwrap();
    fill(&mut open_with(ours.path(), small_files()).0, 0, 9);
    let (mut foreign, _) = Journal::open(theirs.path(), Uuid::from_u128(9), small_files()).unwrap();
    fill(&mut foreign, 0, 9);
    drop(foreign);
    let name = files(ours.path()).remove(1);
    std::fs::copy(theirs.path().join(name.file_name().unwrap()), &name).unwrap();
    let opened = Journal::open(ours.path(), EPOCH, small_files());
    assert!(matches!(opened, Err(JournalError::Foreign { .. })), "{opened:?}");
}

#[test]
fn a_file_that_starts_beyond_any_loss_is_refused_and_not_reached_by_recording_one() {
    for name in [1 << 41, i64::MAX as u64, u64::MAX] {
        let folder = tempfile::tempdir().unwrap();
        fill(&mut open(folder.path()).0, 0, 3);
        let path = folder.path().join(format!("{name:020}.journal"));
        std::fs::write(&path, b"not a header").unwrap();
        let opened = Journal::open(folder.path(), EPOCH, JournalOptions::default());
        assert!(matches!(&opened, Err(JournalError::Foreign { path: found, .. }) if *found == path), "{opened:?}");
        std::fs::remove_file(path).unwrap();
        assert_eq!(read(&open(folder.path()).0, 0).len(), 3);
    }
}

#[test]
fn a_frame_beyond_any_loss_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut open(folder.path()).0, 0, 3);
    let path = files(folder.path()).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    FrameCodec::new(EPOCH).encode(&frame(9, &payload(9)), 1 << 50, u32::MAX, &mut bytes).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let (journal, recovery) = open(folder.path());
    assert_eq!((recovery.damages.len(), recovery.lost_offsets, journal.next_offset()), (1, 0, 9));
    assert_eq!(read(&journal, 0).len(), 3);
    drop(journal);
    assert_eq!(open(folder.path()).1.damages, []);
}
