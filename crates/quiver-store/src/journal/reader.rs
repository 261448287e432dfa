//! Gives the durable frames of a journal from an offset on, one at a time, in constant memory.

use super::error::JournalError;
use super::frame::{Frame, FrameCodec, Kind};
use super::scan::{Scanner, Step};
use std::collections::VecDeque;
use std::path::PathBuf;

/// An iterator over frames; it ends at what was durable when it was made.
///
/// The first frame may start before the wanted offset: the caller drops the rows it has already. After an error
/// it ends, so that damage is never skipped.
pub struct FrameReader {
    files: VecDeque<PathBuf>,
    current: Option<Scanner>,
    codec: FrameCodec,
    wanted: u64,
    expected: u64,
    /// How much of the last file is durable.
    last_file_bytes: u64,
    lost_offsets: u64,
    failed: bool,
}

impl FrameReader {
    pub(crate) fn new(
        files: VecDeque<PathBuf>,
        first_offset: u64,
        codec: FrameCodec,
        wanted: u64,
        last_file_bytes: u64,
    ) -> Self {
        let expected = first_offset;
        Self { files, current: None, codec, wanted, expected, last_file_bytes, lost_offsets: 0, failed: false }
    }

    /// Returns how many offsets were passed that recovery had recorded as lost.
    pub fn lost_offsets(&self) -> u64 {
        self.lost_offsets
    }

    fn advance(&mut self) -> Result<Option<Frame>, JournalError> {
        loop {
            let Some(scanner) = &mut self.current else {
                let Some(path) = self.files.pop_front() else { return Ok(None) };
                let end = self.files.is_empty().then_some(self.last_file_bytes);
                let (scanner, header) = Scanner::open(&path, self.codec, end)?;
                if header.is_none() {
                    return Err(JournalError::Corrupt {
                        path,
                        position: 0,
                        reason: "file header is damaged".to_owned(),
                    });
                }
                self.current = Some(scanner);
                continue;
            };
            let corrupt = |scanner: &Scanner, reason: &str| JournalError::Corrupt {
                path: scanner.path.clone(),
                position: scanner.position,
                reason: reason.to_owned(),
            };
            match scanner.step()? {
                Step::End => self.current = None,
                Step::Bad { reason } => return Err(corrupt(scanner, reason)),
                Step::Frame { frame, .. } if frame.first_offset != self.expected => {
                    return Err(corrupt(scanner, "rows are missing or repeated"));
                }
                Step::Frame { kind, frame, .. } => {
                    self.expected = frame.next_offset();
                    match kind {
                        Kind::Rows if frame.next_offset() > self.wanted => return Ok(Some(frame)),
                        Kind::Lost if frame.next_offset() > self.wanted => {
                            self.lost_offsets += u64::from(frame.row_count);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

impl Iterator for FrameReader {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let frame = self.advance().transpose();
        self.failed = matches!(frame, Some(Err(_)));
        frame
    }
}
