//! Journal files: whatever the disk gives back, recovery opens what it says it can, returns no frame that was not
//! appended, accounts for every offset, and has nothing left to do the second time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use store::journal::{Frame, FrameCodec, Journal, JournalError, JournalOptions, NewFrame, Recovery};
use tempfile::TempDir;
use uuid::Uuid;

// The journal's own files, without the crate around them: it would bring the table engine.
#[allow(dead_code, unused_imports)]
#[path = "../../crates/quiver-store/src"]
mod store {
    pub(crate) mod disk;
    pub mod journal;
}
use store::disk;

const EPOCH: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
/// Small files, so that a few frames fill several.
const FILE_LIMIT_BYTES: u64 = 300;

fuzz_target!(|input: &[u8]| {
    let Some((form, rest)) = input.split_first() else { return };
    let folder = folder();
    match form % 3 {
        0 => arbitrary_file(folder.path(), rest),
        1 => forged_frames(folder.path(), rest),
        _ => damaged_journal(folder.path(), rest),
    }
});

/// A folder in memory where there is one: a disk would make a run a hundred times slower.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder can be made")
}

fn open(folder: &Path) -> Result<(Journal, Recovery), JournalError> {
    let options = JournalOptions { file_limit_bytes: FILE_LIMIT_BYTES, ..JournalOptions::default() };
    Journal::open(folder, EPOCH, options)
}

/// Bytes that nobody wrote as the only file of a journal that knows who it is.
fn arbitrary_file(folder: &Path, bytes: &[u8]) {
    let (journal, _) = open(folder).expect("a new journal opens");
    drop(journal);
    fs::write(first_file(folder), bytes).expect("memory can be written");
    match open(folder) {
        // A header that is whole names another journal: the fuzzer knows how to make a checksum.
        Err(JournalError::Foreign { .. }) => {}
        Err(error) => panic!("{error}"),
        Ok(opened) => assert!(check(folder, opened).is_empty(), "nothing was appended"),
    }
}

/// Frames with whole checksums that say whatever the fuzzer likes, with bytes of its own between them.
fn forged_frames(folder: &Path, mut script: &[u8]) {
    let (journal, _) = open(folder).expect("a new journal opens");
    drop(journal);
    let codec = FrameCodec::new(EPOCH);
    let path = first_file(folder);
    let mut bytes = fs::read(&path).expect("memory can be read");
    let mut forged = Vec::new();
    while let Some((head, rest)) = script.split_first_chunk::<16>() {
        let length = usize::from(head[15] & 31).min(rest.len());
        let (payload, rest) = rest.split_at(length);
        script = rest;
        if head[0] & 1 == 1 {
            bytes.extend_from_slice(payload);
            continue;
        }
        // Few distances, so that frames often fit, overlap or leave a hole; now and then one that is out of all bounds.
        let first_offset = match head[0] & 2 {
            0 => u64::from(head[1]),
            _ => u64::from_le_bytes([head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8]]),
        };
        let row_count = if head[0] & 4 == 0 { u32::from(head[9]) } else { u32::MAX - u32::from(head[9]) };
        let frame = NewFrame {
            stream: "s",
            producer: if head[10] & 1 == 0 { "" } else { "p" },
            producer_position: u64::from(head[11]),
            received_at_microseconds: i64::from(head[12]),
            row_count,
            payload,
        };
        codec.encode(&frame, first_offset, u32::MAX, &mut bytes).expect("a short frame is no longer than the limit");
        forged.push((first_offset, row_count, payload.to_vec()));
    }
    fs::write(path, bytes).expect("memory can be written");
    let opened = open(folder).unwrap_or_else(|error| panic!("{error}"));
    for frame in check(folder, opened) {
        assert!(forged.contains(&(frame.first_offset, frame.row_count, frame.payload)));
    }
}

/// The files of a journal that was closed well, by name.
static WHOLE: LazyLock<(Vec<(String, Vec<u8>)>, Vec<Frame>)> = LazyLock::new(|| {
    let folder = folder();
    let (mut journal, _) = open(folder.path()).expect("a new journal opens");
    for number in 0..12_u32 {
        let payload = vec![number as u8; 20 + 7 * number as usize];
        let frame = NewFrame {
            stream: "flight-delay/prediction",
            producer: if number % 2 == 0 { "" } else { "client" },
            producer_position: u64::from(number),
            received_at_microseconds: i64::from(number),
            row_count: number % 4,
            payload: &payload,
        };
        journal.append(&[frame]).expect("memory can be written");
    }
    journal.sync().expect("memory can be synced");
    let frames = journal.read_from(0).expect("nothing was cut").map(|frame| frame.expect("nothing is damaged"));
    let frames = frames.collect();
    drop(journal);
    let entries = fs::read_dir(folder.path()).expect("the folder is there").map(|entry| entry.expect("it is there"));
    let mut files: Vec<_> = entries
        .filter(|entry| entry.file_name() != "LOCK")
        .map(|entry| {
            let name = entry.file_name().into_string().expect("the journal's names are ASCII");
            (name, fs::read(entry.path()).expect("memory can be read"))
        })
        .collect();
    files.sort();
    (files, frames)
});

/// A whole journal after the fuzzer's damages: flipped bytes, zeros, lost ends, lost stretches, bytes that came from
/// elsewhere, lost files and files under another name.
fn damaged_journal(folder: &Path, mut script: &[u8]) {
    let (files, frames) = &*WHOLE;
    let mut files = files.clone();
    let (mut lost, mut renamed) = (Vec::new(), false);
    while let Some((head, rest)) = script.split_first_chunk::<6>() {
        script = rest;
        let index = usize::from(head[1]) % files.len();
        let (name, bytes) = &mut files[index];
        let at = usize::from(u16::from_le_bytes([head[2], head[3]])).min(bytes.len());
        let end = (at + usize::from(head[4])).min(bytes.len());
        match head[0] % 7 {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= head[5]),
            1 => bytes[at..end].fill(head[5]),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, rest.iter().copied().take(usize::from(head[4])))),
            5 => lost.push(index),
            _ => {
                *name =
                    format!("{:020}.journal", u64::from(head[2]).checked_shl(u32::from(head[3])).unwrap_or(u64::MAX));
                renamed = true;
            }
        }
    }
    for (_, (name, bytes)) in files.iter().enumerate().filter(|(index, _)| !lost.contains(index)) {
        fs::write(folder.join(name), bytes).expect("memory can be written");
    }
    match open(folder) {
        // Both copies of the identity are gone: the one damage that needs a backup.
        Err(JournalError::IdentityLost { .. }) => {}
        // Which rows such a file holds is for people to say.
        Err(JournalError::Foreign { .. }) if renamed => {}
        Err(error) => panic!("{error}"),
        Ok(opened) => {
            let kept = check(folder, opened);
            kept.iter().for_each(|frame| assert!(frames.contains(frame), "{frame:?} was not appended"));
        }
    }
}

fn first_file(folder: &Path) -> std::path::PathBuf {
    folder.join(format!("{:020}.journal", 0))
}

/// Reads an opened journal to its end, appends to it and opens it again; returns the frames that were there.
fn check(folder: &Path, (journal, report): (Journal, Recovery)) -> Vec<Frame> {
    let frames = read(&journal);
    assert_eq!(frames.iter().map(|frame| u64::from(frame.row_count)).sum::<u64>(), report.rows);
    let (first_offset, next_offset) = (journal.first_offset(), journal.next_offset());
    assert_eq!(journal.durable_offset(), next_offset);
    assert_eq!(report.rows + report.lost_offsets, next_offset - first_offset, "every offset is accounted for");
    drop(journal);

    let (mut journal, again) = open(folder).expect("what was recovered opens");
    assert_eq!((&again.damages, &again.torn_tail), (&Vec::new(), &None), "nothing is left to recover");
    assert_eq!((again.rows, again.lost_offsets), (report.rows, report.lost_offsets));
    assert_eq!((journal.first_offset(), journal.next_offset()), (first_offset, next_offset));
    assert_eq!(read(&journal), frames);

    let more = NewFrame {
        stream: "more",
        producer: "",
        producer_position: 0,
        received_at_microseconds: 0,
        row_count: 1,
        payload: b"more",
    };
    journal.append(&[more]).expect("a recovered journal goes on");
    journal.sync().expect("memory can be synced");
    assert_eq!(journal.next_offset(), next_offset + 1);
    let all = read(&journal);
    assert_eq!(all.split_last().map(|(last, others)| (last.first_offset, others)), Some((next_offset, &frames[..])));
    frames
}

fn read(journal: &Journal) -> Vec<Frame> {
    let mut reader = journal.read_from(journal.first_offset()).expect("the first offset is kept");
    let frames: Vec<Frame> = reader.by_ref().map(|frame| frame.expect("recovery leaves no damage")).collect();
    let rows: u64 = frames.iter().map(|frame| u64::from(frame.row_count)).sum();
    assert_eq!(rows + reader.lost_offsets(), journal.next_offset() - journal.first_offset());
    frames
}
