//! The durable, ordered log of accepted events; it knows bytes and row counts, never what a row means.
//!
//! Every row has an offset; a frame of n rows takes n of them. Rows are acknowledged after [`Journal::sync`] and not
//! before. Calls block on the disk: give the journal a thread of its own.

mod error;
mod folder;
mod frame;
mod header;
mod positions;
mod reader;
mod recovery;
mod scan;

pub use error::JournalError;
pub use frame::{
    FRAME_LIMIT_BYTES, Frame, FrameCodec, NewFrame, NotAFrame, PRODUCER_NAME_LIMIT_BYTES, STREAM_NAME_LIMIT_BYTES,
};
pub use header::{Identity, PARTITION_LIMIT_BYTES};
pub use reader::FrameReader;
pub use recovery::{Damage, Recovery, TornTail};

use crate::disk;
use positions::Positions;
use recovery::Recoverer;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The buffer of one append is given back to the system above this.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

/// How a journal is kept.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// Which part of a distributed journal this is. Default: `0`.
    pub partition: String,
    /// A new file is started when the current one is at least this long. Default: 64 MiB.
    pub file_limit_bytes: u64,
    /// Longer frames are refused. Default: 16 MiB.
    pub frame_limit_bytes: u32,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { partition: "0".to_owned(), file_limit_bytes: 64 << 20, frame_limit_bytes: 16 << 20 }
    }
}

/// An open journal: the only writer of its folder.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    options: JournalOptions,
    identity: Identity,
    codec: FrameCodec,
    /// First offset and path, oldest first; the last one is written to.
    files: Vec<(u64, PathBuf)>,
    file: File,
    file_bytes: u64,
    durable_file_bytes: u64,
    /// What the files before the last one hold.
    older_bytes: u64,
    /// The file was cut back after a failed write, and that is not on the disk yet.
    cut_back: bool,
    next_offset: u64,
    durable_offset: u64,
    positions: Positions,
    poisoned: Option<String>,
    buffer: Vec<u8>,
    _lock: File,
}

impl Journal {
    /// Opens the journal in `folder`, or creates it with `fresh_epoch`, and reports what recovery found.
    ///
    /// # Errors
    /// When another process holds it, when files of another journal lie in it, or when the disk refuses.
    pub fn open(folder: &Path, fresh_epoch: Uuid, options: JournalOptions) -> Result<(Self, Recovery), JournalError> {
        if options.partition.len() > PARTITION_LIMIT_BYTES {
            return Err(JournalError::NameTooLong {
                what: "partition name",
                length_bytes: options.partition.len(),
                limit_bytes: PARTITION_LIMIT_BYTES,
            });
        }
        disk::create_folders(folder).map_err(JournalError::disk("create", folder))?;
        let lock = folder::take_lock(folder)?;
        folder::remove_unfinished(folder)?;
        let mut files = header::list_files(folder)?;
        let fresh = Identity { epoch: fresh_epoch, partition: options.partition.clone() };
        let (identity, identity_was_damaged) = header::establish_identity(folder, &files, &fresh)?;
        if identity.partition != options.partition {
            let reason = format!("it is partition {}, not {}", identity.partition, options.partition);
            return Err(JournalError::Foreign { path: folder.to_owned(), reason });
        }
        let codec = FrameCodec::new(identity.epoch);
        let mut recoverer =
            Recoverer { folder, identity: &identity, codec, positions: Positions::new(), report: Recovery::default() };
        if identity_was_damaged {
            recoverer.report.damages.push(Damage {
                path: folder.to_owned(),
                position: 0,
                reason: "the identity file was damaged or missing and was rewritten".to_owned(),
                lost_offsets: 0,
                kept_at: None,
            });
        }
        let mut next_offset = 0;
        for (index, (first_offset, path)) in files.iter().enumerate() {
            let next_file = files.get(index + 1).map(|(first_offset, _)| *first_offset);
            next_offset = recoverer.recover_file(*first_offset, path, next_file)?;
        }
        let Recoverer { positions, report, .. } = recoverer;
        let path = match files.last() {
            Some((_, path)) => path.clone(),
            None => {
                let path = folder::create_file(folder, &identity, codec, 0, &positions)?;
                files.push((0, path.clone()));
                path
            }
        };
        let (file, file_bytes) = folder::open_to_append(&path)?;
        let mut older_bytes = 0;
        for (_, path) in &files[..files.len() - 1] {
            older_bytes += folder::length(path)?;
        }
        // What recovery read may still sit in the page cache of a process that died before its sync.
        file.sync_all().map_err(JournalError::disk("sync", &path))?;
        let journal = Self {
            folder: folder.to_owned(),
            options,
            identity,
            codec,
            files,
            file,
            file_bytes,
            durable_file_bytes: file_bytes,
            older_bytes,
            cut_back: false,
            next_offset,
            durable_offset: next_offset,
            positions,
            poisoned: None,
            buffer: Vec::new(),
            _lock: lock,
        };
        Ok((journal, report))
    }

    /// Returns who this journal is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the oldest offset still kept.
    pub fn first_offset(&self) -> u64 {
        self.files.first().map_or(self.next_offset, |(first_offset, _)| *first_offset)
    }

    /// Returns the offset the next row gets.
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// Returns the offset below which every row is on the disk.
    pub fn durable_offset(&self) -> u64 {
        self.durable_offset
    }

    /// Returns how much the journal's files hold.
    pub fn size_bytes(&self) -> u64 {
        self.older_bytes + self.file_bytes
    }

    /// Returns why the journal stopped for good, if it did: it takes rows again only after it was opened anew.
    pub fn is_poisoned(&self) -> Option<&str> {
        self.poisoned.as_deref()
    }

    /// Returns how many rows of the producer's source were consumed.
    pub fn producer_position(&self, producer: &str) -> Option<u64> {
        self.positions.get(producer).copied()
    }

    /// Writes the frames, all or none, and returns their offsets. They are not acknowledged before [`Self::sync`].
    ///
    /// # Errors
    /// When a frame is over a limit or when the disk refuses. Nothing of the frames stays then and the journal goes on,
    /// so the same append may be tried again ([`JournalError::Full`]: once there is room); only a file that cannot be
    /// cut back to what it held before stops the journal.
    pub fn append(&mut self, frames: &[NewFrame<'_>]) -> Result<Range<u64>, JournalError> {
        self.check_poison()?;
        let first_offset = self.next_offset;
        let mut next_offset = first_offset;
        self.buffer.clear();
        for frame in frames {
            self.codec.encode(frame, next_offset, self.options.frame_limit_bytes, &mut self.buffer)?;
            next_offset += u64::from(frame.row_count);
        }
        self.write_buffer()?;
        self.next_offset = next_offset;
        for frame in frames.iter().filter(|frame| !frame.producer.is_empty()) {
            if let Some(position) = self.positions.get_mut(frame.producer) {
                *position = frame.producer_position;
            } else {
                self.positions.insert(frame.producer.to_owned(), frame.producer_position);
            }
        }
        Ok(first_offset..next_offset)
    }

    /// Waits until everything appended is on the disk and returns the offset after it.
    ///
    /// # Errors
    /// When the disk refuses. The journal stops then: after a failed sync the kernel may have dropped the pages, and
    /// a second sync would lie.
    pub fn sync(&mut self) -> Result<u64, JournalError> {
        self.check_poison()?;
        if self.durable_file_bytes < self.file_bytes || self.cut_back {
            let synced = self.file.sync_data();
            self.poison_on_error(synced, "sync")?;
            self.cut_back = false;
            self.durable_file_bytes = self.file_bytes;
        }
        self.durable_offset = self.next_offset;
        Ok(self.durable_offset)
    }

    /// Records the offsets from the next one up to `offset` as lost and goes on behind them.
    ///
    /// For a journal that lost its newest rows, which it cannot see itself: a table that was committed further than
    /// the journal reaches would take new rows under old offsets for repeats and drop them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn skip_to(&mut self, offset: u64) -> Result<u64, JournalError> {
        let lost = offset.saturating_sub(self.next_offset);
        if lost > 0 {
            self.check_poison()?;
            self.buffer = recovery::lost_frames(self.codec, self.next_offset, lost)
                .map_err(JournalError::disk("write", &self.folder))?;
            self.write_buffer()?;
            self.next_offset = offset;
            self.sync()?;
        }
        Ok(lost)
    }

    /// Reads the durable frames that hold `offset` or later rows.
    ///
    /// # Errors
    /// When `offset` was cut away.
    pub fn read_from(&self, offset: u64) -> Result<FrameReader, JournalError> {
        if offset < self.first_offset() {
            return Err(JournalError::Cut { wanted: offset, first: self.first_offset() });
        }
        let start = self.files.partition_point(|(first_offset, _)| *first_offset <= offset).saturating_sub(1);
        let first_offset = self.files.get(start).map_or(offset, |(first_offset, _)| *first_offset);
        let files = self.files[start..].iter().map(|(_, path)| path.clone()).collect();
        Ok(FrameReader::new(files, first_offset, self.codec, offset, self.durable_file_bytes))
    }

    /// Deletes the files that hold nothing but offsets below `offset` and returns how many.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn cut_below(&mut self, offset: u64) -> Result<usize, JournalError> {
        let limit = offset.min(self.durable_offset);
        let mut removed = 0;
        // Oldest first: after a crash the rest still starts at one offset and has no hole.
        while self.files.len() > 1 && self.files[1].0 <= limit {
            let (_, path) = &self.files[0];
            let length_bytes = folder::length(path)?;
            std::fs::remove_file(path).map_err(JournalError::disk("delete", path))?;
            self.older_bytes -= length_bytes;
            self.files.remove(0);
            removed += 1;
        }
        if removed > 0 {
            disk::sync_folder(&self.folder).map_err(JournalError::disk("sync", &self.folder))?;
        }
        Ok(removed)
    }

    fn write_buffer(&mut self) -> Result<(), JournalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.file_bytes >= self.options.file_limit_bytes.max(header::HEADER_BYTES as u64 + 1) {
            self.start_file()?;
        }
        if let Err(source) = self.file.write_all(&self.buffer) {
            return Err(self.cut_back(source));
        }
        self.file_bytes += self.buffer.len() as u64;
        if self.buffer.capacity() > BUFFER_KEPT_BYTES {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn start_file(&mut self) -> Result<(), JournalError> {
        if self.files.last().is_some_and(|(first_offset, _)| *first_offset == self.next_offset) {
            // Only frames without rows so far: a second file of the same name is not possible.
            return Ok(());
        }
        // The old file must be durable before a newer one exists: recovery takes a torn end only in the last file.
        self.sync()?;
        let (path, file, file_bytes) = self.create_file()?;
        self.older_bytes += self.file_bytes;
        self.files.push((self.next_offset, path));
        self.file = file;
        self.file_bytes = file_bytes;
        self.durable_file_bytes = file_bytes;
        Ok(())
    }

    /// Creates the next file; when that fails, the old one goes on as if nothing had been tried.
    fn create_file(&mut self) -> Result<(PathBuf, File, u64), JournalError> {
        let path = header::file_path(&self.folder, self.next_offset);
        let created = folder::create_file(&self.folder, &self.identity, self.codec, self.next_offset, &self.positions);
        if let Err(error) = created {
            // It has its name already: it was the sync of the name that failed.
            let removed = if path.exists() { None } else { Some(folder::remove_unfinished(&self.folder)) };
            if !matches!(removed, Some(Ok(()))) {
                self.poisoned = Some(error.to_string());
            }
            return Err(error);
        }
        match folder::open_to_append(&path) {
            Ok((file, file_bytes)) => Ok((path, file, file_bytes)),
            Err(error) => {
                // A file that stayed, or came back after a power cut, would start where the old one goes on.
                if let Err(removal) = folder::remove_file(&path) {
                    self.poisoned = Some(format!("{error}; then {removal}"));
                }
                Err(error)
            }
        }
    }

    /// Undoes a failed write, so that the journal stands where it stood before.
    fn cut_back(&mut self, source: io::Error) -> JournalError {
        let path = self.files.last().map_or_else(|| self.folder.clone(), |(_, path)| path.clone());
        match self.file.set_len(self.file_bytes) {
            Ok(()) => {
                self.cut_back = true;
                JournalError::disk("write", path)(source)
            }
            Err(cutting) => {
                let error = JournalError::Disk { action: "write", path, source };
                self.poisoned = Some(format!("{error}; then it could not be cut back: {cutting}"));
                error
            }
        }
    }

    fn check_poison(&self) -> Result<(), JournalError> {
        match &self.poisoned {
            Some(reason) => Err(JournalError::Poisoned { path: self.folder.clone(), reason: reason.clone() }),
            None => Ok(()),
        }
    }

    fn poison_on_error(&mut self, result: std::io::Result<()>, action: &'static str) -> Result<(), JournalError> {
        result.map_err(|source| {
            let path = self.files.last().map_or_else(|| self.folder.clone(), |(_, path)| path.clone());
            // Never `Full`, which promises that the journal goes on.
            let error = JournalError::Disk { action, path, source };
            self.poisoned = Some(error.to_string());
            error
        })
    }
}
