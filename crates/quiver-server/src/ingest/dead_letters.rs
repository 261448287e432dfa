//! Keeps what can be told of refused events in a file beside the journal, so that their senders' mistakes can be found:
//! when, which model, why, and the shape of the event; never what it said.

use quiver_event::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The file's name in the data folder; a full one gets the suffix `.1` and takes the place of the one before.
pub const FILE: &str = "dead-letters.ndjson";

/// Letters that wait to be written; a sender whose events are all wrong must not fill the memory.
const MAX_WAITING: usize = 1_000;

/// What can be told of one event that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// When it came.
    pub received_at: Timestamp,
    /// The model it named; empty where that is not known here.
    pub model: String,
    /// Its place in its request, from 1.
    pub position: u64,
    /// Why it was refused.
    pub reason: &'static str,
    /// The types of its values by key, where it could be read at all.
    pub shape: BTreeMap<String, String>,
}

/// The letters of one data folder.
#[derive(Debug)]
pub struct DeadLetters {
    path: PathBuf,
    /// The longest file, in bytes; 0 keeps no letters.
    limit_bytes: u64,
    waiting: Mutex<Vec<DeadLetter>>,
    skipped: AtomicU64,
}

impl DeadLetters {
    /// The letters of the folder, in files of at most `limit_bytes`; the current one and the one before are kept.
    pub fn new(folder: &Path, limit_bytes: u64) -> Self {
        let waiting = Mutex::default();
        Self { path: folder.join(FILE), limit_bytes, waiting, skipped: AtomicU64::new(0) }
    }

    /// Takes a letter in, or counts it as skipped when too many wait.
    pub fn add(&self, letter: impl FnOnce() -> DeadLetter) {
        if self.limit_bytes == 0 {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push(letter());
        } else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what waits; gives the letters written, and those skipped since the last time.
    ///
    /// # Errors
    /// When the disk refuses; what waited is then dropped and counted as skipped: a letter is worth no memory.
    pub fn write(&self) -> io::Result<(u64, u64)> {
        let letters = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let written = match letters.is_empty() {
            true => Ok(()),
            false => self.append(&letters),
        };
        match written {
            Ok(()) => Ok((letters.len() as u64, self.skipped.swap(0, Ordering::Relaxed))),
            Err(error) => {
                self.skipped.fetch_add(letters.len() as u64, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    fn append(&self, letters: &[DeadLetter]) -> io::Result<()> {
        let mut lines = Vec::new();
        for letter in letters {
            serde_json::to_writer(&mut lines, letter)?;
            lines.push(b'\n');
        }
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length > 0 && length + lines.len() as u64 > self.limit_bytes {
            fs::rename(&self.path, self.path.with_extension("ndjson.1"))?;
        }
        // A letter may be lost with the machine: the counters tell how many there were.
        OpenOptions::new().create(true).append(true).open(&self.path)?.write_all(&lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(position: u64) -> DeadLetter {
        let shape = BTreeMap::from([("at".to_owned(), "number".to_owned())]);
        DeadLetter { received_at: Timestamp(0), model: "m".to_owned(), position, reason: "not_a_time", shape }
    }

    #[test]
    fn letters_are_lines_and_the_file_and_the_memory_stay_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let letters = DeadLetters::new(folder.path(), 150_000);
        for round in 0..5 {
            (0..1_200).for_each(|position| letters.add(|| letter(position)));
            assert_eq!(letters.write().unwrap(), (1_000, 200), "round {round}");
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let (now, before) = (read(FILE), read("dead-letters.ndjson.1"));
        assert!(now.len() <= 150_000 && before.len() <= 150_000);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let first: serde_json::Value = serde_json::from_str(now.lines().next().unwrap()).unwrap();
        let expected = serde_json::json!({
            "received_at": "1970-01-01T00:00:00Z", "model": "m", "position": 0, "reason": "not_a_time",
            "shape": {"at": "number"},
        });
        assert_eq!(first, expected);
    }

    #[test]
    fn none_are_kept_when_none_are_wanted_and_a_full_disk_loses_none_silently() {
        let folder = tempfile::tempdir().unwrap();
        let letters = DeadLetters::new(folder.path(), 0);
        letters.add(|| letter(1));
        assert_eq!(letters.write().unwrap(), (0, 0));
        let nowhere = DeadLetters::new(&folder.path().join("gone"), 1_000);
        nowhere.add(|| letter(1));
        assert!(nowhere.write().is_err());
        assert_eq!(nowhere.write().unwrap(), (0, 1));
    }
}
