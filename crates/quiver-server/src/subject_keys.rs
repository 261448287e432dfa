//! The file of a workspace's secret keys for pseudonyms: made once, readable by its owner only, rotated by adding.

use quiver_door::redact::{KeyRing, RedactError, SubjectKey};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FILE: &str = "subject-keys.json";

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SubjectKeysError {
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what Quiver wrote.
    #[error("{path} is damaged: {reason}; restore it from a backup: without it no subject can be found again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The keys make no ring.
    #[error(transparent)]
    Keys(#[from] RedactError),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// Oldest first; the last one is current.
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    name: String,
    secret: String,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "StoredKey({}, …)", self.name)
    }
}

/// Reads the keys of a data folder; makes the first one, of these random bytes, when there is none.
pub fn open(folder: &Path, random: [u8; 32]) -> Result<KeyRing, SubjectKeysError> {
    let mut stored = read(folder)?;
    if stored.keys.is_empty() {
        stored.keys.push(StoredKey { name: "k1".to_owned(), secret: hex(&random) });
        write(folder, &stored)?;
    }
    ring(folder, &stored)
}

/// Adds a key of these random bytes, which is current from then on, and returns its name.
pub fn rotate(folder: &Path, random: [u8; 32]) -> Result<String, SubjectKeysError> {
    let mut stored = read(folder)?;
    let name = format!("k{}", stored.keys.len() + 1);
    stored.keys.push(StoredKey { name: name.clone(), secret: hex(&random) });
    ring(folder, &stored)?;
    write(folder, &stored)?;
    Ok(name)
}

fn read(folder: &Path) -> Result<Stored, SubjectKeysError> {
    let path = folder.join(FILE);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            // The message names a place, never a key.
            let reason = format!("line {}, column {}", error.line(), error.column());
            SubjectKeysError::Damaged { path, reason }
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Stored::default()),
        Err(source) => Err(SubjectKeysError::Disk { action: "read", path, source }),
    }
}

fn ring(folder: &Path, stored: &Stored) -> Result<KeyRing, SubjectKeysError> {
    let damaged = |reason: &str| SubjectKeysError::Damaged { path: folder.join(FILE), reason: reason.to_owned() };
    let keys = stored.keys.iter().map(|key| {
        let secret = unhex(&key.secret).ok_or_else(|| damaged("a secret is not hexadecimal"))?;
        Ok(SubjectKey::new(&key.name, &secret)?)
    });
    Ok(KeyRing::new(keys.collect::<Result<_, SubjectKeysError>>()?)?)
}

fn write(folder: &Path, stored: &Stored) -> Result<(), SubjectKeysError> {
    let (path, unfinished) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
    let bytes = serde_json::to_vec_pretty(stored)
        .map_err(|error| SubjectKeysError::Damaged { path: path.clone(), reason: error.to_string() })?;
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    written().map_err(|source| SubjectKeysError::Disk { action: "write", path, source })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_the_same_and_a_rotation_keeps_the_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path(), [1; 32]).unwrap();
        let again = open(folder.path(), [2; 32]).unwrap();
        assert_eq!(first.hash_subject("u"), again.hash_subject("u"));
        assert_eq!(rotate(folder.path(), [3; 32]).unwrap(), "k2");
        let after = open(folder.path(), [4; 32]).unwrap();
        assert!(after.hash_subject("u").starts_with("k2-"));
        assert!(after.every_hash_of_subject("u").contains(&first.hash_subject("u")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_and_never_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), b"{\"keys\":[{\"name\":\"k1\",\"sec").unwrap();
        assert!(matches!(open(folder.path(), [1; 32]), Err(SubjectKeysError::Damaged { .. })));
        assert!(matches!(rotate(folder.path(), [1; 32]), Err(SubjectKeysError::Damaged { .. })));
    }
}
