//! Brings a journal back after a crash or a damaged disk: cuts a torn tail, sets damaged files aside, counts losses.
//!
//! A crash tears only what was never acknowledged: the end of the last file. Everything else that does not fit is
//! damage. A damaged file is kept in `quarantine/` as it was found and replaced by one that holds its good frames and,
//! for each hole, a frame that says how many offsets are lost; so a loss is reported once and the journal opens.

use super::error::JournalError;
use super::frame::{Frame, FrameCodec, Kind, NewFrame};
use super::header::{self, HEADER_BYTES, Header, Identity};
use super::positions::{self, Positions};
use super::scan::{Scanner, Step};
use crate::disk;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const QUARANTINE_FOLDER: &str = "quarantine";
/// No damage loses more offsets at once. What lies further ahead was never written by this journal, and the frames
/// that record so long a loss would fill the disk.
const MOST_LOST_OFFSETS: u64 = 1 << 40;

/// What opening a journal found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Good frames of rows.
    pub frames: u64,
    /// Rows in them.
    pub rows: u64,
    /// Offsets recorded as lost, now or by an earlier recovery, and not cut yet.
    pub lost_offsets: u64,
    /// The unfinished end of the last file, if there was one.
    pub torn_tail: Option<TornTail>,
    /// Everything else that was wrong; empty on a healthy disk.
    pub damages: Vec<Damage>,
}

/// The end of the last file that a crash left unfinished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The file.
    pub path: PathBuf,
    /// Where it was cut.
    pub position: u64,
    /// How much was cut.
    pub length_bytes: u64,
    /// Why the frame there was not good.
    pub reason: String,
    /// Where the cut bytes are kept.
    pub kept_at: PathBuf,
}

/// A place where the disk gave back something else than was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in the file.
    pub position: u64,
    /// What did not fit.
    pub reason: String,
    /// How many offsets are gone.
    pub lost_offsets: u64,
    /// Where the file is kept as it was found; none when there was no file to keep.
    pub kept_at: Option<PathBuf>,
}

/// A piece of the file that replaces a damaged one.
enum Piece {
    Good { start: u64, end: u64 },
    Lost { first_offset: u64, count: u64 },
}

/// Checks and repairs file after file.
pub(crate) struct Recoverer<'a> {
    pub folder: &'a Path,
    pub identity: &'a Identity,
    pub codec: FrameCodec,
    pub positions: Positions,
    pub report: Recovery,
}

impl Recoverer<'_> {
    /// Checks one file and repairs it where needed; `next_file` is the first offset of the file behind it.
    /// Returns the offset after its last row.
    pub(crate) fn recover_file(
        &mut self,
        first_offset: u64,
        path: &Path,
        next_file: Option<u64>,
    ) -> Result<u64, JournalError> {
        let (mut scanner, header) = Scanner::open(path, self.codec, None)?;
        let mut damages: Vec<Damage> = Vec::new();
        match &header {
            None => damages.push(damage(path, 0, "file header is damaged", 0)),
            Some(header) => self.check_header(header, first_offset, path)?,
        }
        let mut expected = first_offset;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut torn_at = None;
        loop {
            match scanner.step()? {
                Step::End => break,
                Step::Frame { kind, frame, start } => {
                    if frame.first_offset < expected {
                        damages.push(damage(path, start, "frame repeats offsets", 0));
                        continue;
                    }
                    let lost = frame.first_offset - expected;
                    if lost > MOST_LOST_OFFSETS {
                        damages.push(damage(path, start, "frame lies beyond any loss", 0));
                        continue;
                    }
                    if lost > 0 {
                        note_loss(&mut damages, path, start, "rows are missing", lost);
                        pieces.push(Piece::Lost { first_offset: expected, count: lost });
                        self.report.lost_offsets += lost;
                    }
                    expected = frame.next_offset();
                    self.accept(kind, frame);
                    add_good(&mut pieces, start, scanner.position);
                }
                Step::Bad { reason } => {
                    let position = scanner.position;
                    let furthest = expected.saturating_add(MOST_LOST_OFFSETS);
                    let within = expected..=next_file.unwrap_or(furthest).min(furthest);
                    if scanner.resynchronise(&within)? {
                        damages.push(damage(path, position, reason, 0));
                    } else if next_file.is_some() {
                        damages.push(damage(path, position, reason, 0));
                        break;
                    } else {
                        torn_at = Some((position, reason));
                        break;
                    }
                }
            }
        }
        if let Some(next_file) = next_file {
            if next_file < expected {
                let reason = format!("it holds rows up to {expected}, but the next file starts at {next_file}");
                return Err(JournalError::Foreign { path: path.to_owned(), reason });
            }
            let lost = next_file - expected;
            if lost > MOST_LOST_OFFSETS {
                let reason = format!("{lost} offsets are missing before it");
                return Err(JournalError::Foreign { path: header::file_path(self.folder, next_file), reason });
            }
            if lost > 0 {
                note_loss(&mut damages, path, scanner.position, "rows before the next file are missing", lost);
                pieces.push(Piece::Lost { first_offset: expected, count: lost });
                self.report.lost_offsets += lost;
                expected = next_file;
            }
        }
        drop(scanner);
        if !damages.is_empty() {
            if let Some((position, reason)) = torn_at {
                // The replaced file ends before the torn tail; the original keeps it.
                damages.push(damage(path, position, reason, 0));
            }
            let kept_at = self.replace(path, first_offset, &pieces)?;
            for damage in &mut damages {
                damage.kept_at = Some(kept_at.clone());
            }
            self.report.damages.append(&mut damages);
        } else if let Some((position, reason)) = torn_at {
            self.cut_tail(path, position, reason)?;
        }
        Ok(expected)
    }

    fn check_header(&self, header: &Header, first_offset: u64, path: &Path) -> Result<(), JournalError> {
        let reason = if header.identity != *self.identity {
            format!("its identity is {}", header.identity.application_id())
        } else if header.first_offset != first_offset {
            format!("it starts at offset {}, which is not its name", header.first_offset)
        } else {
            return Ok(());
        };
        Err(JournalError::Foreign { path: path.to_owned(), reason })
    }

    fn accept(&mut self, kind: Kind, frame: Frame) {
        match kind {
            Kind::Rows => {
                self.report.frames += 1;
                self.report.rows += u64::from(frame.row_count);
                if !frame.producer.is_empty() {
                    self.positions.insert(frame.producer, frame.producer_position);
                }
            }
            Kind::Lost => self.report.lost_offsets += u64::from(frame.row_count),
            Kind::Positions => positions::decode_into(&frame.payload, &mut self.positions),
        }
    }

    /// Replaces a damaged file by its good pieces and returns where the original is kept.
    ///
    /// The original is linked into the quarantine before the new file takes its name, so that a crash between the
    /// two steps leaves the original in place and the next opening starts over.
    fn replace(&self, path: &Path, first_offset: u64, pieces: &[Piece]) -> Result<PathBuf, JournalError> {
        let repaired = path.with_extension("repair");
        self.write_repaired(path, &repaired, first_offset, pieces).map_err(JournalError::disk("write", &repaired))?;
        let kept_at = self.free_name(path, "")?;
        std::fs::hard_link(path, &kept_at)
            .or_else(|_| std::fs::copy(path, &kept_at).and_then(|_| File::open(&kept_at)?.sync_all()))
            .and_then(|()| disk::sync_folder(&self.folder.join(QUARANTINE_FOLDER)))
            .map_err(JournalError::disk("set aside", path))?;
        std::fs::rename(&repaired, path)
            .and_then(|()| disk::sync_folder(self.folder))
            .map_err(JournalError::disk("replace", path))?;
        Ok(kept_at)
    }

    fn write_repaired(&self, from: &Path, to: &Path, first_offset: u64, pieces: &[Piece]) -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut target = OpenOptions::new().write(true).create(true).truncate(true).open(to)?;
        target.write_all(&Header { identity: self.identity.clone(), first_offset }.encode())?;
        for piece in pieces {
            match piece {
                Piece::Good { start, end } => {
                    source.seek(SeekFrom::Start(*start))?;
                    io::copy(&mut (&source).take(end - start), &mut target)?;
                }
                Piece::Lost { first_offset, count } => {
                    target.write_all(&lost_frames(self.codec, *first_offset, *count)?)?;
                }
            }
        }
        target.sync_all()
    }

    fn cut_tail(&mut self, path: &Path, position: u64, reason: &str) -> Result<(), JournalError> {
        let kept_at = self.free_name(path, &format!(".tail-{position}"))?;
        let cut = || -> io::Result<u64> {
            let mut file = OpenOptions::new().read(true).write(true).open(path)?;
            file.seek(SeekFrom::Start(position))?;
            let mut kept = File::create(&kept_at)?;
            let length_bytes = io::copy(&mut file, &mut kept)?;
            kept.sync_all()?;
            disk::sync_folder(&self.folder.join(QUARANTINE_FOLDER))?;
            file.set_len(position.max(HEADER_BYTES as u64))?;
            file.sync_all()?;
            Ok(length_bytes)
        };
        let length_bytes = cut().map_err(JournalError::disk("cut the torn tail of", path))?;
        let path = path.to_owned();
        let reason = reason.to_owned();
        self.report.torn_tail = Some(TornTail { path, position, length_bytes, reason, kept_at });
        Ok(())
    }

    /// Returns a name in the quarantine that is not taken: what was kept before is never overwritten.
    fn free_name(&self, path: &Path, suffix: &str) -> Result<PathBuf, JournalError> {
        let folder = self.folder.join(QUARANTINE_FOLDER);
        std::fs::create_dir_all(&folder).map_err(JournalError::disk("create", &folder))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut candidate = folder.join(format!("{name}{suffix}"));
        let mut copy = 2_u32;
        while candidate.exists() {
            candidate = folder.join(format!("{name}{suffix}.{copy}"));
            copy += 1;
        }
        Ok(candidate)
    }
}

/// Encodes the frames that say that `count` offsets from `first_offset` on are lost.
pub(crate) fn lost_frames(codec: FrameCodec, first_offset: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut first_offset = first_offset;
    let mut left = count;
    while left > 0 {
        let row_count = u32::try_from(left).unwrap_or(u32::MAX);
        let lost = NewFrame {
            stream: "",
            producer: "",
            producer_position: 0,
            received_at_microseconds: 0,
            row_count,
            payload: &[],
        };
        codec
            .encode_kind(Kind::Lost, &lost, first_offset, super::frame::FRAME_LIMIT_BYTES, &mut bytes)
            .map_err(io::Error::other)?;
        first_offset += u64::from(row_count);
        left -= u64::from(row_count);
    }
    Ok(bytes)
}

fn damage(path: &Path, position: u64, reason: &str, lost_offsets: u64) -> Damage {
    Damage { path: path.to_owned(), position, reason: reason.to_owned(), lost_offsets, kept_at: None }
}

/// Counts a loss on the damage that caused it, or as a damage of its own when the bytes before it were good.
fn note_loss(damages: &mut Vec<Damage>, path: &Path, position: u64, reason: &str, lost_offsets: u64) {
    match damages.last_mut() {
        Some(last) if last.lost_offsets == 0 => last.lost_offsets = lost_offsets,
        _ => damages.push(damage(path, position, reason, lost_offsets)),
    }
}

fn add_good(pieces: &mut Vec<Piece>, start: u64, end: u64) {
    match pieces.last_mut() {
        Some(Piece::Good { end: last, .. }) if *last == start => *last = end,
        _ => pieces.push(Piece::Good { start, end }),
    }
}
