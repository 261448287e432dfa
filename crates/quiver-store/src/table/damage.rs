//! Finds the data files that a disk has damaged and sets them aside, so that queries go on without them.
//!
//! Parquet's writer computes no page checksums, so the log keeps one of every file: a tag beside its name. A file
//! without one, written by another tool, is decoded as a whole instead, which finds much but not every flipped bit.

use super::Table;
use super::error::TableError;
use crate::disk;
use deltalake::protocol::DeltaOperation;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// The tag of a file in the log: the XXH3 hash of its bytes, 64 bits in hexadecimal.
pub(super) const CHECKSUM_TAG: &str = "quiver.xxh3";
const READ_BYTES: usize = 256 << 10;
/// What Linux says of a sector that cannot be read.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// A data file that cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// Its path in the table.
    pub path: String,
    /// How many rows it held; none when the log does not say.
    pub rows: Option<u64>,
    /// What does not fit.
    pub reason: String,
    /// Where it is kept as it was found; none when it was not moved, or was gone.
    pub kept_at: Option<PathBuf>,
}

/// What the log says of a file.
struct Claim {
    path: String,
    size_bytes: u64,
    rows: Option<u64>,
    checksum: Option<String>,
}

impl Table {
    /// The path and the bytes of every file of the snapshot at hand.
    ///
    /// # Errors
    /// When the table was not loaded.
    pub fn files(&self) -> Result<Vec<(String, u64)>, TableError> {
        Ok(self.claims(None)?.into_iter().map(|claim| (claim.path, claim.size_bytes)).collect())
    }

    /// Reads data files of the snapshot at hand (of all, or of the suspects only) and returns the damaged ones.
    ///
    /// # Errors
    /// When a file cannot be read for a reason that says nothing of its content, such as missing rights.
    pub async fn verify(&self, suspects: Option<&HashSet<String>>) -> Result<Vec<DamagedFile>, TableError> {
        let folder = self.local_folder()?;
        let mut damaged = Vec::new();
        for claim in self.claims(suspects)? {
            let (path, rows) = (claim.path.clone(), claim.rows);
            let file = folder.join(&path);
            let checked = tokio::task::spawn_blocking(move || check(&file, &claim)).await;
            let reason = match checked {
                Ok(Ok(None)) => continue,
                Ok(Ok(Some(reason))) => reason,
                Ok(Err(error)) => return Err(TableError::disk("verify a file", &self.url)(error)),
                // A decoder that panics has met bytes it does not expect.
                Err(error) if error.is_panic() => "it cannot be decoded".to_owned(),
                Err(error) => return Err(TableError::disk("verify a file", &self.url)(io::Error::other(error))),
            };
            damaged.push(DamagedFile { path, rows, reason, kept_at: None });
        }
        Ok(damaged)
    }

    /// Verifies as [`Self::verify`] does, keeps the damaged files below `quarantine_folder`, and takes them out of the
    /// table in one commit. How far the table was read into stays: the rows are lost, and the report counts them.
    ///
    /// # Errors
    /// As [`Self::verify`]; when a file can be kept nowhere it stays in the table.
    pub async fn quarantine_damaged(
        &mut self,
        quarantine_folder: &Path,
        suspects: Option<&HashSet<String>>,
    ) -> Result<Vec<DamagedFile>, TableError> {
        self.refresh().await?;
        let mut damaged = self.verify(suspects).await?;
        if damaged.is_empty() {
            return Ok(damaged);
        }
        let folder = self.local_folder()?;
        for file in &mut damaged {
            let kept = disk::keep_aside(&folder.join(&file.path), &quarantine_folder.join(&file.path));
            file.kept_at = kept.map_err(TableError::disk("set a damaged file aside", &self.url))?;
        }
        let paths: HashSet<String> = damaged.iter().map(|file| file.path.clone()).collect();
        if !self.commit_exchange(&paths, &[], true, &DeltaOperation::FileSystemCheck {}).await? {
            return Err(TableError::Contended { table: self.url.to_string(), attempts: 1 });
        }
        for file in damaged.iter().filter(|file| file.kept_at.is_some()) {
            // Best effort: no commit names it any more, and a vacuum deletes what stays.
            let _ = std::fs::remove_file(folder.join(&file.path));
        }
        Ok(damaged)
    }

    fn claims(&self, suspects: Option<&HashSet<String>>) -> Result<Vec<Claim>, TableError> {
        let files = self.state()?.log_data();
        let claims = files.iter().map(|file| Claim {
            path: file.object_store_path().as_ref().to_owned(),
            size_bytes: u64::try_from(file.size()).unwrap_or_default(),
            rows: file.num_records().map(|rows| rows as u64),
            checksum: checksum_tag(&file),
        });
        Ok(claims.filter(|claim| suspects.is_none_or(|suspects| suspects.contains(&claim.path))).collect())
    }
}

#[expect(deprecated, reason = "the library has no other way to the tags of a file")]
fn checksum_tag(file: &deltalake::kernel::LogicalFileView) -> Option<String> {
    file.add_action().tags?.remove(CHECKSUM_TAG).flatten()
}

/// Returns the checksum as the log keeps it.
pub(super) fn checksum_text(hash: u64) -> String {
    format!("{hash:016x}")
}

/// Says what is wrong with a file; an error when that cannot be known.
fn check(path: &Path, claim: &Claim) -> io::Result<Option<String>> {
    match compare(path, claim) {
        Ok(None) if claim.checksum.is_none() => Ok(decode(path, claim).err()),
        Ok(reason) => Ok(reason),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some("it is gone".to_owned())),
        Err(error) if error.raw_os_error() == Some(INPUT_OUTPUT_ERROR) => {
            Ok(Some(format!("it cannot be read: {error}")))
        }
        Err(error) => Err(error),
    }
}

/// Compares length and checksum with what the log says.
fn compare(path: &Path, claim: &Claim) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length != claim.size_bytes {
        return Ok(Some(format!("it has {length} bytes, the log says {}", claim.size_bytes)));
    }
    let Some(expected) = &claim.checksum else { return Ok(None) };
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let found = checksum_text(hash.digest());
    Ok((found != *expected).then(|| format!("its checksum is {found}, the log says {expected}")))
}

/// Decodes every page of a file that has no checksum.
fn decode(path: &Path, claim: &Claim) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("it cannot be decoded: {error}");
    let file = File::open(path).map_err(|error| broken(&error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(&error))?;
    let mut rows = 0;
    for batch in reader.build().map_err(|error| broken(&error))? {
        rows += batch.map_err(|error| broken(&error))?.num_rows() as u64;
    }
    match claim.rows {
        Some(expected) if expected != rows => Err(format!("it has {rows} rows, the log says {expected}")),
        _ => Ok(()),
    }
}
