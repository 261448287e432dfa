//! Keeps a second copy of every file that a table's log still needs, so that damage to the log is found and mended;
//! knows the names and the bytes of a log, not what its entries say.
//!
//! A log has no checksums, and an entry that is gone, or cut at the end of a line, reads as if it had never been: rows
//! would vanish without an error. So each file has a copy in a folder beside the log, whose name ends with the checksum
//! of what was written. Other tools pass the folder over, as Delta wants it of names with an underscore. Copies are
//! not synced: one that a power cut tore does not fit its own name, and is written again.

use crate::disk;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

const LOG_FOLDER: &str = "_delta_log";
const COPIES_FOLDER: &str = "_quiver_log";
/// Where readers start; they do without it.
const HINT: &str = "_last_checkpoint";
/// Copies are kept of these, and of the entries behind the older of them.
const CHECKPOINTS_KEPT: usize = 2;
/// What Linux says of a sector that cannot be read.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// A file of a table's log that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedEntry {
    /// Its path in the table.
    pub path: String,
    /// What does not fit.
    pub reason: String,
    /// Where it is kept as it was found; none when it was not moved, or was gone.
    pub kept_at: Option<PathBuf>,
    /// Whether the log reads again as it was written.
    pub mended: bool,
}

/// A file of a log, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    version: u64,
    is_checkpoint: bool,
}

impl Entry {
    fn of(name: &str) -> Option<Self> {
        let (digits, kind) = name.split_once('.')?;
        let is_checkpoint = match kind {
            "json" => false,
            "checkpoint.parquet" => true,
            _ => return None,
        };
        let plain = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
        Some(Self { version: digits.parse().ok().filter(|_| plain)?, is_checkpoint })
    }
}

/// A copy, and what it is a copy of.
#[derive(Debug, Clone)]
struct Copy {
    name: String,
    entry: Entry,
    checksum: u64,
    path: PathBuf,
}

/// What is found of a file.
enum Found {
    Same,
    Damaged(String),
    /// Gone, but a checkpoint behind it holds what it said: logs are cleaned up like that.
    NotNeeded,
}

/// Keeps a copy of a file that was just written, if it is one of a log.
pub(crate) fn keep(path: &Path, content: &[u8]) -> io::Result<()> {
    let Some((table, name, entry)) = place(path) else { return Ok(()) };
    keep_copy(table, name, content)?;
    if entry.is_checkpoint { drop_older(table) } else { Ok(()) }
}

/// Says whether copies are kept of the file.
pub(crate) fn is_kept(path: &Path) -> bool {
    place(path).is_some()
}

/// Returns the first file that opening the table needs and that is not what was written.
pub(crate) fn find_damage(table: &Path) -> io::Result<Option<DamagedEntry>> {
    let log = table.join(LOG_FOLDER);
    let copies = copies(table)?;
    let newest = newest_checkpoint(&log, &copies)?;
    let needed = |copy: &&Copy| match newest {
        Some(newest) if copy.entry.is_checkpoint => copy.entry.version >= newest,
        Some(newest) => copy.entry.version > newest,
        None => true,
    };
    for copy in copies.iter().filter(needed) {
        if let Found::Damaged(reason) = look(&log, copy, newest)? {
            return Ok(Some(damaged(&copy.name, reason)));
        }
    }
    Ok(hint_damage(&log)?.map(|reason| damaged(HINT, reason)))
}

/// Looks at every file that a copy was kept of, puts back what is damaged, and keeps it as it was found below
/// `quarantine`. Returns what was damaged; what can not be mended is left as it is.
pub(crate) fn mend(table: &Path, quarantine: &Path) -> io::Result<Vec<DamagedEntry>> {
    let log = table.join(LOG_FOLDER);
    let copies = copies(table)?;
    let newest = newest_checkpoint(&log, &copies)?;
    let mut found = Vec::new();
    for copy in &copies {
        let original = log.join(&copy.name);
        let reason = match look(&log, copy, newest)? {
            Found::NotNeeded => {
                std::fs::remove_file(&copy.path)?;
                continue;
            }
            Found::Same => {
                if read(&copy.path)?.is_none_or(|content| xxh3_64(&content) != copy.checksum) {
                    std::fs::write(&copy.path, std::fs::read(&original)?)?;
                }
                continue;
            }
            Found::Damaged(reason) => reason,
        };
        let mut entry = damaged(&copy.name, reason);
        let sound = read(&copy.path)?.filter(|content| xxh3_64(content) == copy.checksum);
        let derived = copy.entry.is_checkpoint || newest.is_some_and(|newest| copy.entry.version < newest);
        if sound.is_some() || derived {
            entry.kept_at = disk::keep_aside(&original, &quarantine.join(&entry.path))?;
            entry.mended = true;
        }
        match sound {
            Some(content) => disk::write_atomically(&original, &content)?,
            // The entries before a checkpoint say the same, and one behind it says more: the log does without it.
            None if derived => {
                remove(&original)?;
                remove(&copy.path)?;
            }
            None => {}
        }
        found.push(entry);
    }
    if let Some(reason) = hint_damage(&log)? {
        let mut entry = damaged(HINT, reason);
        entry.kept_at = disk::keep_aside(&log.join(HINT), &quarantine.join(&entry.path))?;
        entry.mended = true;
        remove(&log.join(HINT))?;
        found.push(entry);
    }
    if !found.is_empty() {
        disk::sync_folder(&log)?;
    }
    Ok(found)
}

/// Makes the copies that are missing: of entries of other tools, and where a process ended before it made one. The
/// table has just been read up to that version, so that what is there now is what its rows were found by.
pub(crate) fn adopt(table: &Path, version: u64) -> io::Result<()> {
    let log = table.join(LOG_FOLDER);
    let copies = copies(table)?;
    let newest = newest_checkpoint(&log, &copies)?.max(hint(&log)?.flatten());
    let checkpoint = newest.map(|newest| format!("{newest:020}.checkpoint.parquet"));
    let commits = (newest.map_or(0, |newest| newest + 1)..=version).map(|version| format!("{version:020}.json"));
    for name in checkpoint.into_iter().chain(commits) {
        if !copies.iter().any(|copy| copy.name == name)
            && let Some(content) = read(&log.join(&name))?
        {
            keep_copy(table, &name, &content)?;
        }
    }
    drop_older(table)
}

/// Returns the highest version of a transaction id that is written anywhere in the newest entries of a log or in
/// their copies; for a log that can not be read, so that what is journaled meanwhile gets offsets of its own.
pub(crate) fn furthest_transaction(table: &Path, application_id: &str) -> io::Result<Option<i64>> {
    let mut paths: Vec<PathBuf> = copies(table)?.into_iter().map(|copy| copy.path).collect();
    let mut names = entries(&table.join(LOG_FOLDER))?;
    names.sort_unstable_by_key(|(_, entry)| std::cmp::Reverse(entry.version));
    paths.extend(names.into_iter().take(100).map(|(name, _)| table.join(LOG_FOLDER).join(name)));
    let mark = format!("\"appId\":\"{application_id}\",\"version\":");
    let mut furthest = None;
    for path in paths {
        let Some(content) = read(&path)? else { continue };
        let text = String::from_utf8_lossy(&content);
        for rest in text.split(&mark).skip(1) {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            furthest = furthest.max(digits.parse::<i64>().ok());
        }
    }
    Ok(furthest)
}

fn damaged(name: &str, reason: String) -> DamagedEntry {
    DamagedEntry { path: format!("{LOG_FOLDER}/{name}"), reason, kept_at: None, mended: false }
}

/// The table, the name and the kind of a log's file.
fn place(path: &Path) -> Option<(&Path, &str, Entry)> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent()?;
    let in_log = folder.file_name().is_some_and(|folder| folder == LOG_FOLDER);
    Some((folder.parent().filter(|_| in_log)?, name, Entry::of(name)?))
}

fn keep_copy(table: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let folder = table.join(COPIES_FOLDER);
    std::fs::create_dir_all(&folder)?;
    let kept = folder.join(format!("{name}.{:016x}", xxh3_64(content)));
    std::fs::write(&kept, content)?;
    // A checkpoint may be written twice; the last one counts.
    copies(table)?.iter().filter(|copy| copy.name == name && copy.path != kept).try_for_each(|copy| remove(&copy.path))
}

/// Drops the copies before the older of the checkpoints that are kept.
fn drop_older(table: &Path) -> io::Result<()> {
    let copies = copies(table)?;
    let mut checkpoints: Vec<u64> =
        copies.iter().filter(|copy| copy.entry.is_checkpoint).map(|copy| copy.entry.version).collect();
    checkpoints.sort_unstable_by(|left, right| right.cmp(left));
    let Some(oldest) = checkpoints.get(CHECKPOINTS_KEPT - 1) else { return Ok(()) };
    copies.iter().filter(|copy| copy.entry.version < *oldest).try_for_each(|copy| remove(&copy.path))
}

fn copies(table: &Path) -> io::Result<Vec<Copy>> {
    let mut found = Vec::new();
    for (file, path) in files(&table.join(COPIES_FOLDER))? {
        let Some((name, checksum)) = file.rsplit_once('.') else { continue };
        if let (Some(entry), Ok(checksum)) = (Entry::of(name), u64::from_str_radix(checksum, 16)) {
            found.push(Copy { name: name.to_owned(), entry, checksum, path });
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

fn entries(log: &Path) -> io::Result<Vec<(String, Entry)>> {
    Ok(files(log)?.into_iter().filter_map(|(name, _)| Entry::of(&name).map(|entry| (name, entry))).collect())
}

/// The files of a folder; none when it does not exist.
fn files(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed?,
    };
    let mut found = Vec::new();
    for file in listed {
        let file = file?;
        if let Some(name) = file.file_name().to_str() {
            found.push((name.to_owned(), file.path()));
        }
    }
    Ok(found)
}

/// The version of the newest checkpoint that is there and that a copy was kept of.
fn newest_checkpoint(log: &Path, copies: &[Copy]) -> io::Result<Option<u64>> {
    let mut newest = None;
    for copy in copies.iter().filter(|copy| copy.entry.is_checkpoint) {
        if log.join(&copy.name).try_exists()? {
            newest = newest.max(Some(copy.entry.version));
        }
    }
    Ok(newest)
}

/// Compares a file with the checksum in its copy's name.
fn look(log: &Path, copy: &Copy, newest: Option<u64>) -> io::Result<Found> {
    match std::fs::read(log.join(&copy.name)) {
        Ok(content) => {
            let checksum = xxh3_64(&content);
            Ok(match checksum == copy.checksum {
                true => Found::Same,
                false => Found::Damaged(format!("its checksum is {checksum:016x}, not {:016x}", copy.checksum)),
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let cleaned_up = newest.is_some_and(|newest| match copy.entry.is_checkpoint {
                true => copy.entry.version < newest,
                false => copy.entry.version <= newest,
            });
            Ok(if cleaned_up { Found::NotNeeded } else { Found::Damaged("it is gone".to_owned()) })
        }
        Err(error) if error.raw_os_error() == Some(INPUT_OUTPUT_ERROR) => {
            Ok(Found::Damaged(format!("it cannot be read: {error}")))
        }
        Err(error) => Err(error),
    }
}

/// Says what is wrong with the hint at the newest checkpoint. A wrong version would hide what lies before it; in
/// anything else readers do not trust it.
fn hint_damage(log: &Path) -> io::Result<Option<String>> {
    let Some(named) = hint(log)? else { return Ok(None) };
    let Some(version) = named else { return Ok(Some("it names no version".to_owned())) };
    if log.join(format!("{version:020}.checkpoint.parquet")).try_exists()? {
        return Ok(None);
    }
    // Other tools write checkpoints in parts, or under longer names.
    let others = format!("{version:020}.checkpoint.");
    let there = files(log)?.iter().any(|(name, _)| name.starts_with(&others));
    Ok((!there).then(|| format!("it names version {version}, which has no checkpoint")))
}

/// The version that the hint names, if it names one; none without a hint.
fn hint(log: &Path) -> io::Result<Option<Option<u64>>> {
    let Some(content) = read(&log.join(HINT))? else { return Ok(None) };
    let text = String::from_utf8_lossy(&content);
    let rest = text.split_once("\"version\":").map_or("", |(_, rest)| rest.trim_start());
    Ok(Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()))
}

/// The content of a file; none when it is gone or its sectors cannot be read.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(INPUT_OUTPUT_ERROR) => Ok(None),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
