//! The table of profiles → profiles in order of time: read a few dates at a time, and decoded side by side.

use super::profile::{OPEN_BYTES, date_literal, event_dates};
use super::reference::References;
use super::{Pipeline, PipelineError, at_once};
use crate::measure::Rows;
use arrow::array::RecordBatch;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use quiver_event::time::{Timestamp, Window};
use quiver_profile::{EdgesById, Profile, ProfileError};
use quiver_store::query::{QueryEngine, QueryError};
use std::sync::Arc;

/// The most dates whose profiles are read by one query.
const MOST_DATES: usize = 366;

/// How many profiles are decoded, or periods judged, at the same time: those of a wide model take tens of megabytes.
pub(super) fn side_by_side() -> usize {
    at_once().min(4)
}

/// What a stored profile is of; there may be several of one window, from other ranges of offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredKey {
    /// The arm.
    pub(super) arm: String,
    /// The version.
    pub(super) version: String,
    /// The window of the spec's own length.
    pub(super) window: Window,
    /// How long it is as it is stored.
    pub(super) bytes: usize,
}

/// Says of each stored profile whether it is to be read.
pub(super) type Wants<'a> = Box<dyn FnMut(&StoredKey) -> Result<bool, PipelineError> + Send + 'a>;

impl Pipeline {
    /// The stored profiles of a derivation for which a condition holds and that `wants` asks for, in order of their
    /// windows; those of another derivation stand on other edges. A few dates are read at a time: profiles of a wide
    /// model have megabytes each, and those that are put in order together are in memory together.
    pub(super) async fn stored_profiles<'a>(
        &'a self,
        engine: &'a QueryEngine,
        references: &References,
        (derivation, condition, decode): (&str, &str, Decode),
        wants: Wants<'a>,
    ) -> Result<BoxStream<'a, Result<(StoredKey, Profile), PipelineError>>, PipelineError> {
        let wanted = format!("{} AND derivation = '{derivation}' {condition}", self.rows_of_model());
        let dates = event_dates(engine, &format!("SELECT DISTINCT event_date FROM profiles WHERE {wanted}")).await?;
        let dates = dates.chunks(self.dates_at_once(references, OPEN_BYTES, MOST_DATES));
        let statements: Vec<String> = dates
            .filter_map(|dates| Some((dates.first()?, dates.last()?)))
            .map(|(first, last)| {
                format!(
                    "SELECT arm, version, window_start, window_end, profile FROM profiles \
                     WHERE {wanted} AND event_date >= {} AND event_date <= {} \
                     ORDER BY window_start, arm, version, from_offset",
                    date_literal(*first),
                    date_literal(*last),
                )
            })
            .collect();
        let edges = Arc::new(edges_of(references));
        let batches = stream::iter(statements)
            .then(move |statement| async move {
                Ok::<_, PipelineError>(engine.stream(&statement).await?.map_err(|error| QueryError::from(error).into()))
            })
            .try_flatten();
        let mut wants = wants;
        let stored = batches.map(move |batch: Result<RecordBatch, PipelineError>| {
            Ok::<_, PipelineError>(stream::iter(rows_of(&batch?, &mut wants)?).map(Ok))
        });
        let decoded = stored.try_flatten().map_ok(move |(key, bytes)| {
            let edges = Arc::clone(&edges);
            let decoding = tokio::task::spawn_blocking(move || decode(&bytes, &edges));
            async move {
                let profile = decoding.await.expect("it is not cancelled, and its panic is one of the stage")?;
                Ok((key, profile))
            }
        });
        Ok(decoded.try_buffered(side_by_side()).boxed())
    }
}

/// Reads a stored profile, or a part of it.
pub(super) type Decode = fn(&[u8], &EdgesById) -> Result<Profile, ProfileError>;

/// The edges that stored profiles name: those of the references they are compared with.
pub(super) fn edges_of(references: &References) -> EdgesById {
    references.values().flat_map(|reference| reference.profile.edges()).collect()
}

/// The rows of a batch that are asked for.
fn rows_of(batch: &RecordBatch, wants: &mut Wants<'_>) -> Result<Vec<(StoredKey, Vec<u8>)>, PipelineError> {
    let rows = Rows(batch);
    let (arms, versions) = (rows.texts("arm")?, rows.texts("version")?);
    let (starts, ends) = (rows.instants("window_start")?, rows.instants("window_end")?);
    let mut asked = Vec::new();
    for (row, bytes) in rows.bytes("profile")?.into_iter().enumerate() {
        let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
        let window = Window { start: Timestamp(start), end: Timestamp(end) };
        let key = StoredKey { arm: arms[row].clone(), version: versions[row].clone(), window, bytes: bytes.len() };
        if wants(&key)? {
            asked.push((key, bytes));
        }
    }
    Ok(asked)
}
