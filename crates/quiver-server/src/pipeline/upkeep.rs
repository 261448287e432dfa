//! What retention does to the tables of a model, and to those that all models share.

use super::{Derived, Pipeline, PipelineError, Workspace};
use quiver_event::event::Kind;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, DamageRecord};
use quiver_store::data_folder::TableName;
use quiver_store::table::Table;
use std::collections::HashSet;
use std::time::Duration;

/// A table is compacted when it has so many files more than days could explain.
const SMALL_FILES: usize = 64;

/// What a run of retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Files of events or profiles past their time.
    pub expired_files: u64,
    /// Small files merged into larger ones.
    pub compacted_files: u64,
    /// Files removed from the disk.
    pub removed_files: u64,
    /// Their bytes.
    pub removed_bytes: u64,
    /// Whether nothing was left for another time.
    pub is_whole: bool,
}

impl Tidied {
    /// Nothing, and nothing is left.
    pub const WHOLE: Self =
        Self { expired_files: 0, compacted_files: 0, removed_files: 0, removed_bytes: 0, is_whole: true };

    /// Adds what another part did, or the same one when it went on.
    pub fn add_all(&mut self, other: Self) {
        self.is_whole = other.is_whole;
        self.expired_files += other.expired_files;
        self.compacted_files += other.compacted_files;
        self.removed_files += other.removed_files;
        self.removed_bytes += other.removed_bytes;
    }
}

/// A table and what it takes on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTable {
    /// Where it lies among the tables, such as `predictions/flight-delay`.
    pub table: String,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl StoredTable {
    /// What the snapshot at hand says of a table.
    fn of(workspace: &Workspace, name: TableName<'_>, table: &Table) -> Result<Self, PipelineError> {
        let path = workspace.folder.table_path(name);
        let inside = path.strip_prefix(workspace.folder.path().join("tables")).unwrap_or(&path);
        let (files, bytes) = (table.file_count()? as u64, table.stored_bytes()?);
        Ok(Self { table: inside.display().to_string(), files, bytes })
    }
}

impl Pipeline {
    /// What the model's open tables take on the disk.
    ///
    /// # Errors
    /// When a table was not loaded.
    pub fn stored(&self) -> Result<Vec<StoredTable>, PipelineError> {
        let name = |kind| super::segment::table_name(kind, &self.spec.model);
        self.tables.iter().map(|open| StoredTable::of(&self.workspace, name(open.kind), &open.table)).collect()
    }
}

/// What the tables that all models share take on the disk, as far as there are any.
///
/// # Errors
/// When a table cannot be read.
pub async fn stored_shared(workspace: &Workspace) -> Result<Vec<StoredTable>, PipelineError> {
    let mut stored = Vec::new();
    for derived in Derived::ALL {
        if let Some(table) = workspace.folder.find_table(derived.table()).await? {
            stored.push(StoredTable::of(workspace, derived.table(), &table)?);
        }
    }
    Ok(stored)
}

/// What a run of retention goes by.
pub struct Tidying<'a> {
    /// The clock's time, by which events age.
    pub now: Timestamp,
    /// The wall's time, by which files age.
    pub wall: Timestamp,
    /// The wall's time when the run began: small files that were written later wait for the next one.
    pub begun_at: Timestamp,
    /// How long files that nobody names stay.
    pub orphans_after: Duration,
    /// Whether the rest is left for another time.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
}

impl Pipeline {
    /// Deletes events of a kind past their time, and compacts and vacuums their table.
    ///
    /// # Errors
    /// When the table refuses.
    pub async fn tidy_events(&mut self, kind: Kind, tidying: &Tidying<'_>) -> Result<Tidied, PipelineError> {
        self.open_tables().await?;
        let retention = self.spec.retention();
        // A heartbeat or a change explains profiles for as long as they are kept.
        let kept = match kind {
            Kind::Prediction | Kind::Feedback => retention.events,
            Kind::Heartbeat | Kind::Change => retention.profiles,
        };
        let before = Timestamp(tidying.now.0.saturating_sub(kept.microseconds()));
        match self.tables.iter_mut().find(|open| open.kind == kind) {
            Some(open) => tidy_table(&mut open.table, before, tidying).await,
            None => Ok(Tidied::WHOLE),
        }
    }
}

impl Pipeline {
    /// Keeps the journal from giving offsets again that tables which cannot be read may hold: they would take the new
    /// rows for repeats once they can be read.
    pub(super) fn skip_unreadable(&self) -> Result<(), PipelineError> {
        let application = self.journal_application();
        for kind in Kind::ALL {
            let name = super::segment::table_name(kind, &self.spec.model);
            let furthest = self.workspace.folder.furthest_offset(name, &application)?.unwrap_or(0);
            let lost = self.workspace.journal().skip_to(furthest.max(0) as u64)?;
            if lost > 0 {
                self.workspace.note_lost(lost);
            }
        }
        Ok(())
    }

    /// Reads files of the model's table of a kind again, and sets aside what is not what was written; says whether all
    /// of them were read.
    ///
    /// # Errors
    /// When the table refuses.
    pub async fn set_damage_aside(&mut self, kind: Kind, verifying: &mut Verifying<'_>) -> Result<bool, PipelineError> {
        self.open_tables().await?;
        let workspace = std::sync::Arc::clone(&self.workspace);
        let name = super::segment::table_name(kind, &self.spec.model);
        match self.tables.iter_mut().find(|open| open.kind == kind) {
            Some(open) => set_aside(&workspace, name, &mut open.table, verifying).await,
            None => Ok(true),
        }
    }
}

/// The same of one of the tables that all models share.
///
/// # Errors
/// When the table refuses.
pub async fn set_shared_damage_aside(
    workspace: &Workspace,
    derived: Derived,
    verifying: &mut Verifying<'_>,
) -> Result<bool, PipelineError> {
    let mut table = workspace.folder.open_table(derived.table(), &derived.options()).await?;
    set_aside(workspace, derived.table(), &mut table, verifying).await
}

/// What the reading of files again goes by.
pub struct Verifying<'a> {
    /// The wall's time, at which damage is found.
    pub now: Timestamp,
    /// Files that are still to be read of the table at hand, and their bytes; nothing before its first file.
    pub unread: &'a mut Option<Vec<(String, u64)>>,
    /// How many were set aside: counted as they are, whatever is met after them.
    pub damaged: &'a mut u64,
    /// Whether the rest is left for another time.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
}

/// Files read before it is asked again whether the rest is left for another time: so many, or so many bytes.
const FILES_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: u64 = 256 << 20;

/// Takes the next files, one at least where there is one.
fn next_files(unread: &mut Vec<(String, u64)>) -> HashSet<String> {
    let (mut files, mut bytes) = (HashSet::new(), 0);
    while files.len() < FILES_AT_ONCE && bytes < BYTES_AT_ONCE {
        let Some((path, size_bytes)) = unread.pop() else { break };
        files.insert(path);
        bytes += size_bytes;
    }
    files
}

/// Records what was mended in the logs of tables since this was asked last, and returns how many files that were.
pub async fn record_mended(workspace: &Workspace, now: Timestamp) -> Result<u64, PipelineError> {
    let mended = workspace.folder.take_mended();
    let records: Vec<DamageRecord> = mended
        .iter()
        .map(|(table, entry)| DamageRecord {
            table_name: table.display().to_string(),
            // Entries of different tables have the same names.
            path: format!("{}/{}", table.strip_prefix(workspace.folder.path()).unwrap_or(table).display(), entry.path),
            lost_rows: Some(0),
            reason: format!("{}; it was mended", entry.reason),
            found_at_microseconds: now.0,
        })
        .collect();
    for (table, entry) in &mended {
        let (table, file, reason) = (table.display(), &entry.path, &entry.reason);
        tracing::error!(%table, file, reason, "the log of a table is damaged; it was mended, and no row is lost");
    }
    workspace.catalogue.put_damages(DEFAULT_WORKSPACE, &records).await?;
    Ok(records.len() as u64)
}

/// Reads files of a table until none is left, or the rest is for another time; says whether none is left.
async fn set_aside(
    workspace: &Workspace,
    name: TableName<'_>,
    table: &mut Table,
    verifying: &mut Verifying<'_>,
) -> Result<bool, PipelineError> {
    if verifying.unread.is_none() {
        workspace.folder.mend_log(name).await?;
        table.refresh().await?;
        *verifying.unread = Some(table.files()?);
    }
    while let Some(files) = verifying.unread.as_mut().map(next_files).filter(|files| !files.is_empty()) {
        *verifying.damaged += set_files_aside(workspace, name, table, &files, verifying.now).await?;
        if (verifying.is_over)() {
            break;
        }
    }
    Ok(verifying.unread.as_ref().is_none_or(Vec::is_empty))
}

async fn set_files_aside(
    workspace: &Workspace,
    name: TableName<'_>,
    table: &mut Table,
    files: &HashSet<String>,
    now: Timestamp,
) -> Result<u64, PipelineError> {
    let damaged = table.quarantine_damaged(&workspace.folder.quarantine_folder(name), Some(files)).await?;
    let records: Vec<DamageRecord> = damaged
        .iter()
        .map(|file| DamageRecord {
            table_name: table.url().path().to_owned(),
            path: file.path.clone(),
            lost_rows: file.rows.and_then(|rows| i64::try_from(rows).ok()),
            reason: file.reason.clone(),
            found_at_microseconds: now.0,
        })
        .collect();
    if !records.is_empty() {
        workspace.catalogue.put_damages(DEFAULT_WORKSPACE, &records).await?;
        for file in &damaged {
            tracing::error!(
                table = %table.url(), file = file.path, lost_rows = file.rows, reason = file.reason,
                "a file of a table is damaged; it was set aside, and queries go on without it"
            );
        }
    }
    Ok(records.len() as u64)
}

/// Deletes profiles, outcomes or findings from before an instant, and compacts and vacuums their table.
///
/// # Errors
/// When the table refuses.
pub async fn tidy_shared(
    workspace: &Workspace,
    derived: Derived,
    before: Timestamp,
    tidying: &Tidying<'_>,
) -> Result<Tidied, PipelineError> {
    let mut table = workspace.folder.open_table(derived.table(), &derived.options()).await?;
    tidy_table(&mut table, before, tidying).await
}

async fn tidy_table(table: &mut Table, before: Timestamp, tidying: &Tidying<'_>) -> Result<Tidied, PipelineError> {
    table.refresh().await?;
    let deleted = table.delete_dates_before(before.utc_day()).await?;
    let mut tidied = Tidied { expired_files: deleted.files as u64, ..Tidied::WHOLE };
    if table.file_count()? >= SMALL_FILES {
        let compacted = table.compact(tidying.begun_at.0 / 1_000, tidying.is_over).await?;
        tidied.compacted_files = compacted.files_removed as u64;
        if !compacted.is_whole {
            return Ok(Tidied { is_whole: false, ..tidied });
        }
    }
    let vacuumed = table.vacuum(tidying.orphans_after.as_secs(), tidying.wall.0).await?;
    tidied.removed_files = vacuumed.files as u64;
    tidied.removed_bytes = vacuumed.bytes;
    Ok(tidied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_once_and_large_ones_alone() {
        let mut unread: Vec<(String, u64)> = (0..150).map(|file| (format!("small-{file}"), 1)).collect();
        unread.extend((0..2).map(|file| (format!("large-{file}"), BYTES_AT_ONCE)));
        let mut groups = Vec::new();
        let mut all = HashSet::new();
        while let Some(files) = Some(next_files(&mut unread)).filter(|files| !files.is_empty()) {
            groups.push(files.len());
            all.extend(files);
        }
        assert_eq!((groups, all.len()), (vec![1, 1, 64, 64, 22], 152));
    }
}
