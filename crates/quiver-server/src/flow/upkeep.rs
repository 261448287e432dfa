//! What the flow does beside its stages: reads every file again, records what was mended, and measures the tables.

use super::rest::Rests;
use super::{AFTER_FAILURE, Flow, FlowParts, first_line};
use crate::pipeline::{Pipeline, PipelineError, StoredTable, record_mended};
use quiver_event::time::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often it is measured what the tables take on the disk.
const STORAGE_EVERY: Duration = Duration::from_secs(60);

impl Flow {
    pub(super) async fn verify(&mut self) {
        let started = Instant::now();
        let now = (self.parts.wall)();
        let (damaged, refused) = set_damage_aside(&self.parts, &mut self.pipelines, &self.rests, now).await;
        if damaged > 0 {
            self.shared.generations.committed_of_all();
            self.parts.metrics.damaged_files.inc_by(damaged);
            // What was derived from the lost rows is derived again by the next run of each stage.
            self.unprofiled.extend(self.pipelines.keys().cloned());
            self.unjudged.extend(self.pipelines.keys().cloned());
        }
        self.finished("verification", started, refused.map_or(Ok(()), Err));
        self.record_mended().await;
        self.verified = Some(Instant::now());
        self.due.verify = Instant::now() + self.next_of("verification", self.options.retention.verify_every);
    }

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

    /// A stage that cannot read a table may have met a damaged file.
    pub(super) fn suspect_damage(&mut self) {
        if self.verified.is_none_or(|at| at.elapsed() > AFTER_FAILURE) {
            self.due.verify = Instant::now();
        }
    }

    /// When a job runs next: one that failed does so soon, so that what it told does not outlive its cause by a day.
    pub(super) fn next_of(&self, job: &str, every: Duration) -> Duration {
        if self.has_failed(job) { every.min(AFTER_FAILURE) } else { every }
    }
}

/// Reads every file again and sets aside what is damaged; says how many files, and the first error, which keeps no
/// other table from being read.
async fn set_damage_aside(
    parts: &FlowParts,
    pipelines: &mut BTreeMap<String, Pipeline>,
    rests: &Rests,
    now: Timestamp,
) -> (u64, Option<PipelineError>) {
    let (mut damaged, mut refused) = (0, None);
    for pipeline in usable(pipelines, rests) {
        match pipeline.set_damage_aside(now).await {
            Ok(files) => damaged += files,
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let (shared, error) = crate::pipeline::set_shared_damage_aside(&parts.workspace, now).await;
    (damaged + shared, refused.or(error))
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

/// The models whose tables take rows: those of the others cannot be tidied either, and that is told where it matters.
fn usable<'a>(
    pipelines: &'a mut BTreeMap<String, Pipeline>,
    rests: &'a Rests,
) -> impl Iterator<Item = &'a mut Pipeline> {
    pipelines.iter_mut().filter(|(model, _)| !rests.failed("segments", model)).map(|(_, pipeline)| pipeline)
}

/// Bytes free, and bytes in all, on the disk of a folder.
///
/// # Errors
/// When the system cannot tell.
pub fn free_disk_bytes(folder: &Path) -> std::io::Result<(u64, u64)> {
    let found = rustix::fs::statvfs(folder)?;
    Ok((found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize))
}
