//! What retention does to the tables of a model, and to those that all models share.

use super::{Pipeline, PipelineError, Workspace, shared};
use quiver_event::event::Kind;
use quiver_event::spec::Retention;
use quiver_event::time::Timestamp;
use quiver_store::data_folder::TableName;
use quiver_store::table::Table;
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
}

impl Tidied {
    /// Adds what another part did.
    pub fn add_all(&mut self, other: Self) {
        self.expired_files += other.expired_files;
        self.compacted_files += other.compacted_files;
        self.removed_files += other.removed_files;
        self.removed_bytes += other.removed_bytes;
    }
}

impl Pipeline {
    /// How long this model's data is kept.
    pub fn retention(&self) -> Retention {
        self.spec.privacy.as_ref().map(|privacy| privacy.retention.clone()).unwrap_or_default()
    }

    /// Deletes events past their time, and compacts and vacuums the model's tables.
    pub async fn tidy_events(
        &mut self,
        now: Timestamp,
        wall: Timestamp,
        orphans_after: Duration,
    ) -> Result<Tidied, PipelineError> {
        self.open_tables().await?;
        let before = Timestamp(now.0.saturating_sub(self.retention().events.microseconds()));
        let mut tidied = Tidied::default();
        for open in &mut self.tables {
            // A heartbeat or a change explains profiles for as long as they are kept.
            let before = match open.kind {
                Kind::Prediction | Kind::Feedback => before,
                Kind::Heartbeat | Kind::Change => {
                    let profiles = self.spec.privacy.as_ref().map(|privacy| privacy.retention.profiles);
                    let profiles = profiles.unwrap_or_else(|| Retention::default().profiles);
                    Timestamp(now.0.saturating_sub(profiles.microseconds()))
                }
            };
            tidied.add_all(tidy_table(&mut open.table, before, wall, orphans_after).await?);
        }
        Ok(tidied)
    }
}

/// Deletes profiles, outcomes and findings past their time, and compacts and vacuums their tables.
pub async fn tidy_shared(
    workspace: &Workspace,
    before: Timestamp,
    wall: Timestamp,
    orphans_after: Duration,
) -> Result<Tidied, PipelineError> {
    let mut tidied = Tidied::default();
    for (name, options) in [
        (TableName::Profiles, shared::profile_options()),
        (TableName::Outcomes, shared::outcome_options()),
        (TableName::Findings, shared::finding_options()),
    ] {
        let mut table = workspace.folder.open_table(name, &options).await?;
        tidied.add_all(tidy_table(&mut table, before, wall, orphans_after).await?);
    }
    Ok(tidied)
}

async fn tidy_table(
    table: &mut Table,
    before: Timestamp,
    wall: Timestamp,
    orphans_after: Duration,
) -> Result<Tidied, PipelineError> {
    table.refresh().await?;
    let deleted = table.delete_dates_before(before.utc_day()).await?;
    let mut tidied = Tidied { expired_files: deleted.files as u64, ..Tidied::default() };
    if table.file_count()? >= SMALL_FILES {
        tidied.compacted_files = table.compact().await?.files_removed as u64;
    }
    let vacuumed = table.vacuum(orphans_after.as_secs(), wall.0).await?;
    tidied.removed_files = vacuumed.files as u64;
    tidied.removed_bytes = vacuumed.bytes;
    Ok(tidied)
}
