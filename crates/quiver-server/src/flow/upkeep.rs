//! Retention: deletes what is older than the spec allows, merges small files, and removes files that nobody names.

use super::FlowParts;
use super::rest::Rests;
use crate::pipeline::{Pipeline, PipelineError, StoredTable, Tidied};
use quiver_event::time::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What is tidied up, and when.
#[derive(Debug, Clone, Copy)]
pub struct RetentionOptions {
    /// How often.
    pub every: Duration,
    /// Files that nobody names are removed when they are so old. The flow writes and tidies in one task, so that no
    /// file of a flush in progress is ever that old; readers of older snapshots have so long.
    pub orphans_after: Duration,
    /// How often every file is read again, to find what a disk has changed.
    pub verify_every: Duration,
}

/// Tidies up every model. One whose tables refuse does not keep the others from being tidied: the first error is told
/// in the end.
pub(super) async fn tidy(
    parts: &FlowParts,
    pipelines: &mut BTreeMap<String, Pipeline>,
    rests: &Rests,
    options: RetentionOptions,
    now: Timestamp,
    wall: Timestamp,
) -> Result<Tidied, PipelineError> {
    let mut tidied = Tidied::default();
    let mut refused = None;
    for pipeline in usable(pipelines, rests) {
        match pipeline.tidy_events(now, wall, options.orphans_after).await {
            Ok(events) => tidied.add_all(events),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let longest = pipelines.values().map(|pipeline| pipeline.spec().retention().profiles.microseconds()).max();
    if let Some(longest) = longest {
        tidied.add_all(
            crate::pipeline::tidy_shared(&parts.workspace, Timestamp(now.0 - longest), wall, options.orphans_after)
                .await?,
        );
        let catalogue = parts.workspace.catalogue();
        catalogue.delete_tallies_before(now.0 - longest).await?;
        catalogue.delete_judged_before(quiver_store::catalogue::DEFAULT_WORKSPACE, now.0 - longest).await?;
    }
    refused.map_or(Ok(tidied), Err)
}

/// Reads every file again and sets aside what is damaged; says how many files, and the first error, which keeps no
/// other table from being read.
pub(super) async fn set_damage_aside(
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
pub(super) async fn measure_storage(
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
