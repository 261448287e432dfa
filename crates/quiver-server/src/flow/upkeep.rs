//! What the flow does beside its stages: records what was mended, and measures the tables.

use super::{AFTER_FAILURE, Flow, FlowParts, first_line};
use crate::pipeline::{Pipeline, PipelineError, StoredTable, record_mended};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often it is measured what the tables take on the disk.
const STORAGE_EVERY: Duration = Duration::from_secs(60);

impl Flow {
    /// Measures what the tables take on the disk; where one cannot be read, what was measured before is still told.
    pub(super) async fn measure_storage(&mut self) {
        match measure_storage(&self.parts, &self.pipelines).await {
            Ok(stored) => self.shared.told.set_storage(stored),
            Err(error) => {
                tracing::warn!(error = first_line(&error), "what the tables take on the disk cannot be measured");
            }
        }
        self.due.storage = Instant::now() + STORAGE_EVERY;
    }

    /// Records and counts what was mended in the logs of tables, wherever they were opened.
    pub(super) async fn record_mended(&self) {
        match record_mended(&self.parts.workspace, (self.parts.wall)()).await {
            Ok(files) => {
                self.parts.metrics.damaged_files.inc_by(files);
            }
            Err(error) => tracing::error!(%error, "what was mended in the logs of tables cannot be recorded"),
        }
    }

    /// When a job runs next: one that failed does so soon, so that what it told does not outlive its cause by a day.
    pub(super) fn next_of(&self, job: &str, every: Duration) -> Duration {
        if self.has_failed(job) { every.min(AFTER_FAILURE) } else { every }
    }
}

/// What every table takes on the disk: from the snapshots at hand, without a look at any file of an event.
async fn measure_storage(
    parts: &FlowParts,
    pipelines: &BTreeMap<String, Pipeline>,
) -> Result<Vec<StoredTable>, PipelineError> {
    let mut stored = Vec::new();
    for pipeline in pipelines.values() {
        stored.extend(pipeline.stored()?);
    }
    stored.extend(crate::pipeline::stored_shared(&parts.workspace).await?);
    Ok(stored)
}

/// Bytes free, and bytes in all, on the disk of a folder.
///
/// # Errors
/// When the system cannot tell.
pub fn free_disk_bytes(folder: &Path) -> std::io::Result<(u64, u64)> {
    let found = rustix::fs::statvfs(folder)?;
    Ok((found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize))
}
