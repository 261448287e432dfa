//! Keeps a table small: drops whole dates, merges small files, deletes the files that no snapshot names any more.
//!
//! None of it touches how far the table was read into. Nobody else may change the table meanwhile: flushes and
//! maintenance belong into one task. A vacuum that meets a flush is held off by the age of the files only.

use super::error::TableError;
use super::{Table, damage, files};
use datafusion::execution::context::SessionContext;
use deltalake::kernel::LogicalFileView;
use deltalake::protocol::DeltaOperation;
use futures::TryStreamExt;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

const EPOCH: Date = Date::constant(1970, 1, 1);
/// The partition column that dates are dropped by.
const DATE_COLUMN: &str = "event_date";
/// Smaller files are merged.
const SMALL_FILE_BYTES: u64 = 32 << 20;
/// Merged files get about as long as this; the rows of one are held in memory, compressed, until it is written.
const MERGED_FILE_BYTES: u64 = 64 << 20;
/// Files of several partitions are merged by one commit up to so many bytes: what is written of small files is compressed
/// at their end only, and takes several times that until then.
const BYTES_TOGETHER: u64 = 16 << 20;
/// The most files that are merged so: one commit looks at all files of the table, and whoever waits for it must not wait
/// long.
const FILES_TOGETHER: usize = 512;

/// What dropping dates removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many rows; none when the log does not say so of every file.
    pub rows: Option<u64>,
    /// How many files; they stay on the disk until a vacuum.
    pub files: usize,
}

/// What merging small files did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// How many files gave way; they stay on the disk until a vacuum.
    pub files_removed: usize,
    /// How many took their place.
    pub files_added: usize,
    /// Whether no small files are left for another time.
    pub is_whole: bool,
}

/// What a vacuum deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// How many files.
    pub files: usize,
    /// How long they were together.
    pub bytes: u64,
}

/// A file that may be merged.
struct SmallFile {
    path: String,
    size_bytes: u64,
    rows: Option<u64>,
    written_at_milliseconds: i64,
}

impl Table {
    /// Removes the dates before `day`, counted in days since 1970, in one commit that rewrites no file.
    ///
    /// # Errors
    /// When the table is not parted by date, or the commit is refused.
    pub async fn delete_dates_before(&mut self, day: i32) -> Result<Deleted, TableError> {
        self.refresh().await?;
        if !self.state()?.metadata().partition_columns().iter().any(|column| column == DATE_COLUMN) {
            return Err(TableError::NoDates { table: self.url.to_string(), column: DATE_COLUMN });
        }
        let limit = Span::new()
            .try_days(day)
            .map_or(if day < 0 { Date::MIN } else { Date::MAX }, |days| EPOCH.saturating_add(days));
        let mut removed = HashSet::new();
        let mut rows = Some(0);
        for file in self.state()?.log_data().iter() {
            // Rows without a date have no age.
            if date_of(&file).is_some_and(|date| date < limit) {
                rows = rows.zip(file.num_records()).map(|(rows, more)| rows + more as u64);
                removed.insert(file.object_store_path().as_ref().to_owned());
            }
        }
        if removed.is_empty() {
            return Ok(Deleted { rows: Some(0), files: 0 });
        }
        let operation = DeltaOperation::Delete { predicate: Some(format!("{DATE_COLUMN} < '{limit}'")) };
        if !self.commit_exchange(&removed, &[], true, &operation).await? {
            return Err(TableError::Contended { table: self.url.to_string(), attempts: 1 });
        }
        Ok(Deleted { rows, files: removed.len() })
    }

    /// Merges the small files of each partition, those of a few partitions at a time until `is_over`; the rows stay the
    /// same. Files that were written at `before_milliseconds` or later wait: whoever goes on where it was over comes to an
    /// end, however fast files are written meanwhile.
    ///
    /// Every file is checked first: wrong bytes must not get a right checksum.
    ///
    /// # Errors
    /// [`TableError::Damaged`] for a file that has to be set aside first; the other errors of reading and committing.
    pub async fn compact(
        &mut self,
        before_milliseconds: i64,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<Compacted, TableError> {
        self.refresh().await?;
        let mut compacted = Compacted { is_whole: true, ..Compacted::default() };
        let most_groups = files::most_open(self.schema()?.fields().len());
        for files in together(self.small_files(before_milliseconds)?, most_groups) {
            // Once at least, or a table would never be done.
            if compacted.files_removed > 0 && is_over() {
                return Ok(Compacted { is_whole: false, ..compacted });
            }
            compacted.files_added += self.merge(&files).await?;
            compacted.files_removed += files.len();
        }
        Ok(compacted)
    }

    /// Deletes every data file that the newest snapshot does not name, given that it was neither written nor removed
    /// from the table during the last `older_than_seconds` before `now_microseconds`.
    ///
    /// The age spares what a flush has written but not committed yet, and what a running query still reads. Links are
    /// not followed, and the log is left alone.
    ///
    /// # Errors
    /// When the log cannot be read or the disk refuses.
    pub async fn vacuum(&mut self, older_than_seconds: u64, now_microseconds: i64) -> Result<Vacuumed, TableError> {
        self.refresh().await?;
        let folder = self.local_folder()?;
        let age_microseconds = i64::try_from(older_than_seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let limit_microseconds = now_microseconds.saturating_sub(age_microseconds);
        let named: HashSet<PathBuf> =
            self.state()?.log_data().iter().map(|file| folder.join(file.object_store_path().as_ref())).collect();
        let log_store = self.delta.log_store();
        let tombstones: Vec<_> = self
            .state()?
            .all_tombstones(log_store.as_ref())
            .try_collect()
            .await
            .map_err(TableError::delta("read the log of", &self.url))?;
        let removed_at: HashMap<PathBuf, i64> = tombstones
            .iter()
            .filter_map(|file| Some((folder.join(file.path().as_ref()), file.deletion_timestamp()? * 1000)))
            .collect();
        let url = self.url.clone();
        let deleting = tokio::task::spawn_blocking(move || {
            let mut vacuumed = Vacuumed::default();
            let mut found = Vec::new();
            data_files(&folder, &mut found)?;
            for (path, bytes, written_at) in found {
                let used_at = removed_at.get(&path).copied().unwrap_or(i64::MIN).max(written_at);
                if !named.contains(&path) && used_at <= limit_microseconds {
                    std::fs::remove_file(&path)?;
                    vacuumed.files += 1;
                    vacuumed.bytes += bytes;
                }
            }
            Ok(vacuumed)
        });
        deleting
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(TableError::disk("vacuum", &url))
    }

    /// Returns where the table lives on this machine.
    pub(super) fn local_folder(&self) -> Result<PathBuf, TableError> {
        self.url.to_file_path().map_err(|()| TableError::NotLocal { table: self.url.to_string() })
    }

    /// Returns the files to merge, those that become one file together.
    fn small_files(&self, before_milliseconds: i64) -> Result<Vec<Vec<SmallFile>>, TableError> {
        let mut partitions: BTreeMap<Vec<(String, Option<String>)>, Vec<SmallFile>> = BTreeMap::new();
        for file in self.state()?.log_data().iter() {
            let size_bytes = u64::try_from(file.size()).unwrap_or(u64::MAX);
            // Quiver writes no deletion vectors; a file that got one elsewhere is left as it is.
            if size_bytes >= SMALL_FILE_BYTES
                || file.deletion_vector_descriptor().is_some()
                || file.modification_time() >= before_milliseconds
            {
                continue;
            }
            let mut partition: Vec<_> = file.partition_values_map().into_iter().collect();
            partition.sort();
            partitions.entry(partition).or_default().push(SmallFile {
                path: file.object_store_path().as_ref().to_owned(),
                size_bytes,
                rows: file.num_records().map(|rows| rows as u64),
                written_at_milliseconds: file.modification_time(),
            });
        }
        let mut groups = Vec::new();
        for mut files in partitions.into_values() {
            files.sort_by(|left, right| {
                (left.written_at_milliseconds, &left.path).cmp(&(right.written_at_milliseconds, &right.path))
            });
            let mut group = Vec::new();
            let mut group_bytes = 0;
            for file in files {
                if group_bytes + file.size_bytes > MERGED_FILE_BYTES {
                    groups.push(std::mem::take(&mut group));
                    group_bytes = 0;
                }
                group_bytes += file.size_bytes;
                group.push(file);
            }
            groups.push(group);
        }
        groups.retain(|group| group.len() > 1);
        Ok(groups)
    }

    /// Writes the rows of the files anew, those of a partition together, and returns how many files they are now.
    async fn merge(&mut self, merged: &[SmallFile]) -> Result<usize, TableError> {
        let paths: HashSet<String> = merged.iter().map(|file| file.path.clone()).collect();
        if let Some(damaged) = self.verify(Some(&paths)).await?.into_iter().next() {
            let damage::DamagedFile { path, reason, .. } = damaged;
            return Err(TableError::Damaged { table: self.url.to_string(), path, reason });
        }
        let context = SessionContext::new_with_config(crate::session::config(1));
        let failed = || TableError::query("merge files of", &self.url);
        let provider = self.delta.table_provider().with_session(std::sync::Arc::new(context.state()));
        let provider = provider.with_file_paths(paths.iter().cloned()).await.map_err(failed())?;
        let frame = context.read_table(provider).map_err(failed())?;
        let rows = frame.execute_stream().await.map_err(failed())?;
        let properties = files::writer_properties(&self.kept_statistics()?);
        let mut written = files::write(&self.delta, &self.url, rows, properties).await?;
        let expected: Option<u64> = merged.iter().map(|file| file.rows).sum();
        if let Some(expected) = expected.filter(|expected| *expected != written.rows) {
            files::remove(&self.delta, &written.adds).await;
            return Err(TableError::RowsDiffer { table: self.url.to_string(), expected, found: written.rows });
        }
        for add in &mut written.adds {
            add.data_change = false;
        }
        let operation = DeltaOperation::Optimize { predicate: None, target_size: MERGED_FILE_BYTES as i64 };
        match self.commit_exchange(&paths, &written.adds, false, &operation).await {
            Ok(true) => Ok(written.adds.len()),
            Ok(false) => {
                files::remove(&self.delta, &written.adds).await;
                Err(TableError::Contended { table: self.url.to_string(), attempts: 1 })
            }
            Err(error) => {
                // As after a failed append: only files that are known not to be part of the table may go.
                if self.refresh().await.is_ok() && !self.holds(&written) {
                    files::remove(&self.delta, &written.adds).await;
                }
                Err(error)
            }
        }
    }
}

/// The files of groups that one commit merges: a commit for each of thousands of partitions would look at all files of the
/// table as often.
fn together(groups: Vec<Vec<SmallFile>>, most_groups: usize) -> Vec<Vec<SmallFile>> {
    let mut all: Vec<Vec<SmallFile>> = Vec::new();
    let (mut held_groups, mut held_bytes) = (0, 0);
    // Where the log does not count the rows of each file, nothing shows that none was lost.
    let is_counted = |files: &[SmallFile]| files.iter().all(|file| file.rows.is_some());
    for group in groups {
        let bytes: u64 = group.iter().map(|file| file.size_bytes).sum();
        match all.last_mut() {
            Some(files)
                if held_groups < most_groups
                    && is_counted(files)
                    && is_counted(&group)
                    && held_bytes + bytes <= BYTES_TOGETHER
                    && files.len() + group.len() <= FILES_TOGETHER =>
            {
                files.extend(group);
                (held_groups, held_bytes) = (held_groups + 1, held_bytes + bytes);
            }
            _ => {
                all.push(group);
                (held_groups, held_bytes) = (1, bytes);
            }
        }
    }
    all
}

/// The date of a file's rows, where the table is parted by date and they have one.
pub(super) fn date_of(file: &LogicalFileView) -> Option<Date> {
    file.partition_values_map().get(DATE_COLUMN).cloned().flatten()?.parse().ok()
}

/// A date in days since 1970.
pub(super) fn day_of(date: Date) -> i32 {
    // The years of a date, -9999 to 9999, have fewer than four million days.
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

/// Finds the data files in `folder` and below, with length and time of writing in microseconds.
fn data_files(folder: &Path, found: &mut Vec<(PathBuf, u64, i64)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // By Delta's rule such names are not the table's data; the log is one of them.
        if name.as_encoded_bytes().starts_with(b"_") || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Of the entry itself: a link is neither a folder nor a file here.
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            data_files(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "parquet") {
            let metadata = entry.metadata()?;
            let written_at = Timestamp::try_from(metadata.modified()?).map_err(std::io::Error::other)?;
            found.push((path, metadata.len(), written_at.as_microsecond()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(files: usize, size_bytes: u64) -> Vec<SmallFile> {
        let file =
            |place| SmallFile { path: format!("{place}"), size_bytes, rows: Some(1), written_at_milliseconds: 0 };
        (0..files).map(file).collect()
    }

    fn sizes(groups: Vec<Vec<SmallFile>>, most_groups: usize) -> Vec<usize> {
        together(groups, most_groups).iter().map(Vec::len).collect()
    }

    #[test]
    fn one_commit_merges_few_partitions_bytes_and_files() {
        assert_eq!(sizes(vec![group(2, 1), group(3, 1), group(4, 1)], 2), [5, 4]);
        assert_eq!(sizes(vec![group(2, 1), group(3, 1)], 1), [2, 3], "a file of thousands of columns at a time");
        let half = BYTES_TOGETHER / 2;
        assert_eq!(sizes(vec![group(2, half / 2), group(2, half / 2), group(2, 1)], 9), [4, 2]);
        assert_eq!(sizes(vec![group(2, MERGED_FILE_BYTES / 2), group(2, 1)], 9), [2, 2]);
        assert_eq!(sizes(vec![group(FILES_TOGETHER - 2, 1), group(2, 1), group(2, 1)], 9), [FILES_TOGETHER, 2]);
        assert_eq!(sizes(vec![group(FILES_TOGETHER + 1, 1), group(2, 1)], 9), [FILES_TOGETHER + 1, 2]);
        let mut uncounted = group(2, 1);
        uncounted[1].rows = None;
        assert_eq!(sizes(vec![group(2, 1), uncounted, group(2, 1), group(3, 1)], 9), [2, 2, 5]);
        assert!(together(Vec::new(), 9).is_empty());
    }
}
