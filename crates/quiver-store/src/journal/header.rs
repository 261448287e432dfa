//! Names a journal and its files: the header every journal file starts with, and the identity file beside them.

use super::error::JournalError;
use crate::disk;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const MAGIC: [u8; 8] = *b"QUIVERJ\n";
const FORMAT_VERSION: u32 = 1;
/// Fixed, so that the first frame starts at the same byte in every file.
pub(crate) const HEADER_BYTES: usize = 128;
/// What fits into a header beside the fixed fields.
pub const PARTITION_LIMIT_BYTES: usize = 64;
const IDENTITY_FILE: &str = "journal.identity";
const EXTENSION: &str = "journal";

/// What stays the same over all files of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Drawn once, when the journal is created: offsets mean something only within their epoch.
    pub epoch: Uuid,
    /// Which part of a distributed journal this is; `0` on one machine.
    pub partition: String,
}

impl Identity {
    /// Returns the application id under which tables store how far they have read this journal.
    pub fn application_id(&self) -> String {
        format!("journal/{}/{}", self.epoch, self.partition)
    }
}

/// The start of a journal file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub identity: Identity,
    pub first_offset: u64,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let partition = self.identity.partition.as_bytes();
        out[..8].copy_from_slice(&MAGIC);
        out[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[12..28].copy_from_slice(self.identity.epoch.as_bytes());
        out[28..36].copy_from_slice(&self.first_offset.to_le_bytes());
        out[36] = partition.len() as u8;
        out[37..37 + partition.len()].copy_from_slice(partition);
        let checksum = crc32c::crc32c(&out[..HEADER_BYTES - 4]);
        out[HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads a header; `Ok(None)` means damaged.
    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Option<Self>, JournalError> {
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let (content, checksum) = bytes.split_at(HEADER_BYTES - 4);
        if crc32c::crc32c(content).to_le_bytes() != checksum || content[..8] != MAGIC {
            return Ok(None);
        }
        let version = u32::from_le_bytes([content[8], content[9], content[10], content[11]]);
        if version != FORMAT_VERSION {
            let reason = format!("format version {version}, this Quiver reads {FORMAT_VERSION}");
            return Err(JournalError::Foreign { path: path.to_owned(), reason });
        }
        let mut epoch = [0; 16];
        epoch.copy_from_slice(&content[12..28]);
        let mut first_offset = [0; 8];
        first_offset.copy_from_slice(&content[28..36]);
        let partition = content.get(37..37 + usize::from(content[36])).unwrap_or_default();
        let Ok(partition) = std::str::from_utf8(partition) else { return Ok(None) };
        let identity = Identity { epoch: Uuid::from_bytes(epoch), partition: partition.to_owned() };
        Ok(Some(Self { identity, first_offset: u64::from_le_bytes(first_offset) }))
    }
}

/// Returns where the file that starts at `first_offset` lives.
pub(crate) fn file_path(folder: &Path, first_offset: u64) -> PathBuf {
    folder.join(format!("{first_offset:020}.{EXTENSION}"))
}

/// Lists the journal files by first offset.
pub(crate) fn list_files(folder: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(JournalError::disk("list", folder))? {
        let path = entry.map_err(JournalError::disk("list", folder))?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let first_offset = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .filter(|stem| stem.len() == 20)
            .and_then(|stem| stem.parse().ok())
            // Tables keep offsets as signed numbers, and a journal that starts near the end could not go on.
            .filter(|first_offset| i64::try_from(*first_offset).is_ok())
            .ok_or_else(|| JournalError::Foreign {
                path: path.clone(),
                reason: "its name is not a twenty-digit offset".to_owned(),
            })?;
        files.push((first_offset, path));
    }
    files.sort_unstable();
    Ok(files)
}

/// Finds the journal's identity, or gives a new journal `fresh`.
///
/// The identity is kept twice, beside the files and in each of them, so that one damaged copy heals from the other.
pub(crate) fn establish_identity(
    folder: &Path,
    files: &[(u64, PathBuf)],
    fresh: &Identity,
) -> Result<(Identity, bool), JournalError> {
    let path = folder.join(IDENTITY_FILE);
    let kept = match std::fs::read(&path) {
        Ok(bytes) => Some(Header::decode(&bytes, &path)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(JournalError::disk("read", &path)(error)),
    };
    if let Some(Some(header)) = kept {
        return Ok((header.identity, false));
    }
    let mut found = None;
    for (_, file) in files {
        found = read_header(file)?.map(|header| header.identity);
        if found.is_some() {
            break;
        }
    }
    let damaged = kept.is_some() || !files.is_empty();
    let identity = match found {
        Some(identity) => identity,
        None if damaged => return Err(JournalError::IdentityLost { path: folder.to_owned() }),
        None => fresh.clone(),
    };
    let header = Header { identity, first_offset: 0 };
    disk::write_atomically(&path, &header.encode()).map_err(JournalError::disk("write", &path))?;
    Ok((header.identity, damaged))
}

fn read_header(path: &Path) -> Result<Option<Header>, JournalError> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(JournalError::disk("open", path))?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut bytes).map_err(JournalError::disk("read", path))?;
    Header::decode(&bytes, path)
}
