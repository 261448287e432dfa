//! Walks the frames of one journal file in constant memory and finds the next good frame after a bad one.

use super::error::JournalError;
use super::frame::{FRAME_MAGIC, Frame, FrameCodec, Kind, PREFIX_BYTES};
use super::header::{HEADER_BYTES, Header};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

const WINDOW_BYTES: usize = 64 << 10;

/// What stands at the scanner's position.
pub(crate) enum Step {
    /// A good frame; the scanner stands behind it.
    Frame { kind: Kind, frame: Frame, start: u64 },
    /// The end of the file, on a frame's edge.
    End,
    /// Anything else; the scanner stays where it was.
    Bad { reason: &'static str },
}

/// A journal file being read from front to back.
pub(crate) struct Scanner {
    reader: BufReader<File>,
    pub(crate) path: PathBuf,
    pub(crate) position: u64,
    /// Bytes behind this are not looked at: they may not be durable yet.
    pub(crate) end: u64,
    codec: FrameCodec,
    body: Vec<u8>,
}

impl Scanner {
    /// Opens `path` and reads its header; `None` means the header is damaged. Bytes behind `end` are ignored.
    pub(crate) fn open(
        path: &Path,
        codec: FrameCodec,
        end: Option<u64>,
    ) -> Result<(Self, Option<Header>), JournalError> {
        let file = File::open(path).map_err(JournalError::disk("open", path))?;
        let length = file.metadata().map_err(JournalError::disk("measure", path))?.len();
        let mut reader = BufReader::with_capacity(WINDOW_BYTES, file);
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        reader.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut bytes).map_err(JournalError::disk("read", path))?;
        let header = Header::decode(&bytes, path)?;
        let end = end.unwrap_or(length).min(length);
        let position = (HEADER_BYTES as u64).min(length);
        Ok((Self { reader, path: path.to_owned(), position, end, codec, body: Vec::new() }, header))
    }

    /// Reads the frame at the current position.
    pub(crate) fn step(&mut self) -> Result<Step, JournalError> {
        if self.position >= self.end {
            return Ok(Step::End);
        }
        let start = self.position;
        let read = self.read_frame()?;
        if let Step::Frame { .. } = read {
            self.position = start + (PREFIX_BYTES + self.body.len()) as u64;
        } else {
            self.seek(start)?;
        }
        Ok(read)
    }

    fn read_frame(&mut self) -> Result<Step, JournalError> {
        let start = self.position;
        let left_bytes = self.end - start;
        if left_bytes < PREFIX_BYTES as u64 {
            return Ok(Step::Bad { reason: "frame is incomplete" });
        }
        let mut prefix = [0; PREFIX_BYTES];
        if !self.fill(&mut prefix)? {
            return Ok(Step::Bad { reason: "frame is incomplete" });
        }
        let length = match FrameCodec::body_length_bytes(&prefix) {
            Ok(length) => length,
            Err(error) => return Ok(Step::Bad { reason: error.0 }),
        };
        if left_bytes - (PREFIX_BYTES as u64) < u64::from(length) {
            return Ok(Step::Bad { reason: "frame is incomplete" });
        }
        let mut body = std::mem::take(&mut self.body);
        body.resize(length as usize, 0);
        let complete = self.fill(&mut body);
        self.body = body;
        if !complete? {
            return Ok(Step::Bad { reason: "frame is incomplete" });
        }
        Ok(match self.codec.decode_kind(&prefix, &self.body) {
            Ok((kind, frame)) => Step::Frame { kind, frame, start },
            Err(error) => Step::Bad { reason: error.0 },
        })
    }

    /// Moves to the first good frame behind the current position whose first offset lies in `offsets`.
    ///
    /// Returns false, without moving, when there is none. Payloads are written by clients, so a frame forged inside
    /// one must not be taken for real: the checksum starts from the epoch, which no client knows.
    pub(crate) fn resynchronise(&mut self, offsets: &RangeInclusive<u64>) -> Result<bool, JournalError> {
        let damaged_at = self.position;
        let mut window = vec![0; WINDOW_BYTES];
        let mut from = damaged_at + 1;
        while from + PREFIX_BYTES as u64 <= self.end {
            self.seek(from)?;
            let wanted = usize::try_from(self.end - from).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
            if !self.fill(&mut window[..wanted])? {
                break;
            }
            let found = window[..wanted].windows(FRAME_MAGIC.len()).position(|bytes| bytes == FRAME_MAGIC);
            let Some(index) = found else {
                // The magic may straddle two windows.
                from += (wanted - (FRAME_MAGIC.len() - 1)) as u64;
                continue;
            };
            let candidate = from + index as u64;
            self.seek(candidate)?;
            let good = matches!(self.read_frame()?, Step::Frame { frame, .. } if offsets.contains(&frame.first_offset));
            if good {
                self.seek(candidate)?;
                return Ok(true);
            }
            from = candidate + 1;
        }
        self.seek(damaged_at)?;
        Ok(false)
    }

    fn seek(&mut self, position: u64) -> Result<(), JournalError> {
        self.position = position;
        self.reader.seek(SeekFrom::Start(position)).map_err(JournalError::disk("read", &self.path))?;
        Ok(())
    }

    /// Fills `bytes`; false when the file ends first.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<bool, JournalError> {
        match self.reader.read_exact(bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(JournalError::disk("read", &self.path)(error)),
        }
    }
}
