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
            Ok((stored, shared_files)) => {
                self.shared.told.set_storage(stored);
                let most = self.options.retention.most_new_files;
                if self.retention.is_none() && is_untidy(&mut self.tidied_files, shared_files, most) {
                    self.due.retention = Instant::now();
                }
            }
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

/// Whether the shared tables got so many files since they were tidied up; the first look after that tells how many they
/// had.
fn is_untidy(tidied_files: &mut Option<u64>, files: u64, most_new_files: u64) -> bool {
    files >= *tidied_files.get_or_insert(files) + most_new_files
}

/// What every table takes on the disk, and how many files the shared ones have: from the snapshots at hand, without a
/// look at any file of an event.
async fn measure_storage(
    parts: &FlowParts,
    pipelines: &BTreeMap<String, Pipeline>,
) -> Result<(Vec<StoredTable>, u64), PipelineError> {
    let mut stored = Vec::new();
    for pipeline in pipelines.values() {
        stored.extend(pipeline.stored()?);
    }
    let shared = crate::pipeline::stored_shared(&parts.workspace).await?;
    let shared_files = shared.iter().map(|table| table.files).sum();
    stored.extend(shared);
    Ok((stored, shared_files))
}

/// Bytes free, and bytes in all, on the disk of a folder.
///
/// # Errors
/// When the system cannot tell.
pub fn free_disk_bytes(folder: &Path) -> std::io::Result<(u64, u64)> {
    let found = rustix::fs::statvfs(folder)?;
    Ok((found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_new_files_are_not_left_for_the_next_run() {
        let mut tidied = None;
        assert!(!is_untidy(&mut tidied, 90_000, 500), "what could not be merged stays as it is");
        assert!(!is_untidy(&mut tidied, 90_499, 500));
        assert!(is_untidy(&mut tidied, 90_500, 500));
        assert_eq!(tidied, Some(90_000));
    }
}
