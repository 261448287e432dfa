//! Takes, fills and clears the journal's folder: its lock, its new files and what an interruption left of them.

use super::error::JournalError;
use super::frame::{FRAME_LIMIT_BYTES, FrameCodec, Kind, NewFrame};
use super::header::{self, Header, Identity};
use super::positions::{self, Positions};
use crate::disk;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(super) fn take_lock(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join("LOCK");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(JournalError::disk("open", &path))?;
    match fs4::FileExt::try_lock(&lock) {
        Ok(()) => Ok(lock),
        Err(fs4::TryLockError::WouldBlock) => Err(JournalError::InUse { path: folder.to_owned() }),
        Err(fs4::TryLockError::Error(source)) => Err(JournalError::disk("lock", &path)(source)),
    }
}

/// Deletes what an interrupted creation or repair left behind: it never got its name.
pub(super) fn remove_unfinished(folder: &Path) -> Result<(), JournalError> {
    for entry in std::fs::read_dir(folder).map_err(JournalError::disk("list", folder))? {
        let path = entry.map_err(JournalError::disk("list", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "new" || extension == "repair") {
            std::fs::remove_file(&path).map_err(JournalError::disk("delete", &path))?;
        }
    }
    Ok(())
}

pub(super) fn create_file(
    folder: &Path,
    identity: &Identity,
    codec: FrameCodec,
    first_offset: u64,
    positions: &Positions,
) -> Result<PathBuf, JournalError> {
    let path = header::file_path(folder, first_offset);
    let mut bytes = Header { identity: identity.clone(), first_offset }.encode().to_vec();
    for payload in positions::encode(positions) {
        let frame = NewFrame {
            stream: "",
            producer: "",
            producer_position: 0,
            received_at_microseconds: 0,
            row_count: 0,
            payload: &payload,
        };
        codec.encode_kind(Kind::Positions, &frame, first_offset, FRAME_LIMIT_BYTES, &mut bytes)?;
    }
    disk::write_atomically(&path, &bytes).map_err(JournalError::disk("create", &path))?;
    Ok(path)
}

pub(super) fn open_to_append(path: &Path) -> Result<(File, u64), JournalError> {
    let file = OpenOptions::new().append(true).open(path).map_err(JournalError::disk("open", path))?;
    let length = file.metadata().map_err(JournalError::disk("measure", path))?.len();
    Ok((file, length))
}

/// Removes a file, if it is there, durably.
pub(super) fn remove_file(path: &Path) -> Result<(), JournalError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(JournalError::disk("delete", path)(error)),
        _ => {}
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    disk::sync_folder(folder).map_err(JournalError::disk("sync", folder))
}

pub(super) fn length(path: &Path) -> Result<u64, JournalError> {
    Ok(std::fs::metadata(path).map_err(JournalError::disk("measure", path))?.len())
}
