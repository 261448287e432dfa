//! Kept periods and stored windows → one profile or outcome of a range, for questions that no judged period answers.

use super::periods::within_any;
use super::rolled_up::{self, Cover};
use super::stored::{Decode, StoredKey, edges_of, side_by_side};
use super::{Derived, Pipeline, PipelineError};
use crate::measure::Rows;
use futures::{StreamExt, TryStreamExt, stream};
use quiver_event::time::Window;
use quiver_judge::finding::Slice;
use quiver_profile::{Outcome, Profile, ProfileError};
use quiver_store::catalogue::RolledUp;
use quiver_store::query::QueryError;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Profiles and outcomes read for one answer: beyond this the range has to be narrowed.
const MOST_BYTES: usize = 1 << 30;

/// Parts in which kept profiles are merged.
const SHARES: usize = 4;

/// Whose predictions are meant.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The arm.
    pub arm: &'a str,
    /// The version; any where none is named.
    pub version: Option<&'a str>,
    /// The range of event time: whole windows of the spec that lie in it.
    pub range: Window,
}

impl Part<'_> {
    /// The stored windows of the part that lie in these ranges.
    fn condition(&self, ranges: &[Window]) -> String {
        let quoted = |text: &str| text.replace('\'', "''");
        let version = self.version.map(|version| format!(" AND \"version\" = '{}'", quoted(version)));
        let version = version.unwrap_or_default();
        format!("AND \"arm\" = '{}'{version} AND {}", quoted(self.arm), within_any(ranges))
    }
}

impl Pipeline {
    /// The profile of a part with its slices; nothing where it holds no prediction.
    ///
    /// # Errors
    /// When a table cannot be read, or the range holds too much for one answer.
    pub async fn profile_of(&self, part: Part<'_>) -> Result<Option<Profile>, PipelineError> {
        self.merged(part, Profile::from_bytes_on).await
    }

    /// The same of its whole population alone.
    ///
    /// # Errors
    /// As [`Self::profile_of`].
    pub async fn columns_of(&self, part: Part<'_>) -> Result<Option<Profile>, PipelineError> {
        self.merged(part, Profile::columns_from_bytes_on).await
    }

    async fn merged(&self, part: Part<'_>, decode: Decode) -> Result<Option<Profile>, PipelineError> {
        let references = self.pinned_references().await?;
        let derivation = self.derivation(&references);
        let Cover { held, gaps } = self.cover(RolledUp::Profile, part, &derivation).await?;
        let mut bytes: usize = held.iter().map(Vec::len).sum();
        if bytes > MOST_BYTES {
            return Err(PipelineError::RangeTooWide);
        }
        let edges = Arc::new(edges_of(&references));
        // Each thread merges what it reads, and the answer is merged from those; in the same shares on any machine, since
        // frequent values depend, within their error, on the order in which they are merged.
        let merging = stream::iter(shared_out(held, SHARES)).map(|held| {
            let edges = Arc::clone(&edges);
            let merging = tokio::task::spawn_blocking(move || {
                held.iter().try_fold(None, |merged, held| merge(merged, decode(held, &edges)?))
            });
            async move { merging.await.expect("it is not cancelled, and its panic is one of the answer") }
        });
        let mut merged: Option<Profile> = None;
        let mut merging = merging.buffered(side_by_side());
        while let Some(share) = merging.try_next().await? {
            if let Some(share) = share {
                merged = merge(merged, share)?;
            }
        }
        if !gaps.is_empty() {
            let engine = self.queries(&[], &[Derived::Profiles]).await?;
            let condition = part.condition(&gaps);
            let wants = Box::new(move |key: &StoredKey| {
                bytes += key.bytes;
                if bytes > MOST_BYTES { Err(PipelineError::RangeTooWide) } else { Ok(true) }
            });
            let of = (&*derivation, &*condition, decode);
            let mut profiles = self.stored_profiles(&engine, &references, of, wants).await?;
            while let Some(stored) = profiles.next().await {
                merged = merge(merged, stored?.1)?;
            }
        }
        Ok(merged)
    }

    /// The outcome of a part's whole population; nothing where it holds no prediction.
    ///
    /// # Errors
    /// As [`Self::profile_of`].
    pub async fn outcome_of(&self, part: Part<'_>) -> Result<Option<Outcome>, PipelineError> {
        let derivation = self.derivation(&self.pinned_references().await?);
        let Cover { held, gaps } = self.cover(RolledUp::Outcome, part, &derivation).await?;
        let mut merged = BTreeMap::new();
        for held in held {
            add(&mut merged, None, Outcome::from_bytes(&held)?)?;
        }
        let condition = format!("{} AND slice_name = ''", part.condition(&gaps));
        self.add_stored_outcomes(&mut merged, &gaps, &derivation, &condition).await?;
        Ok(merged.remove(&None))
    }

    /// The outcome of each slice of a part.
    ///
    /// # Errors
    /// As [`Self::profile_of`].
    pub async fn slice_outcomes_of(&self, part: Part<'_>) -> Result<BTreeMap<Slice, Outcome>, PipelineError> {
        let derivation = self.derivation(&self.pinned_references().await?);
        let Cover { held, gaps } = self.cover(RolledUp::Slices, part, &derivation).await?;
        let mut merged = BTreeMap::new();
        for held in held {
            for (slice, outcome) in rolled_up::slices_from_bytes(&held)? {
                add(&mut merged, Some(slice), outcome)?;
            }
        }
        let condition = format!("{} AND slice_name <> ''", part.condition(&gaps));
        self.add_stored_outcomes(&mut merged, &gaps, &derivation, &condition).await?;
        Ok(merged.into_iter().filter_map(|(slice, outcome)| Some((slice?, outcome))).collect())
    }

    /// Merges the latest revision of the stored outcomes that a condition names, where there are gaps at all.
    async fn add_stored_outcomes(
        &self,
        merged: &mut BTreeMap<Option<Slice>, Outcome>,
        gaps: &[Window],
        derivation: &str,
        condition: &str,
    ) -> Result<(), PipelineError> {
        if gaps.is_empty() {
            return Ok(());
        }
        let engine = self.queries(&[], &[Derived::Outcomes]).await?;
        let statement = format!(
            "SELECT slice_name, slice_value, outcome FROM ( \
             SELECT *, row_number() OVER (PARTITION BY version, window_start, window_end, slice_name, slice_value \
             ORDER BY revision DESC) AS place FROM outcomes \
             WHERE {} AND derivation = '{derivation}' {condition}) ranked WHERE place = 1",
            self.rows_of_model(),
        );
        let mut stream = engine.stream(&statement).await?;
        let mut bytes = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(QueryError::from)?;
            bytes += batch.get_array_memory_size();
            if bytes > MOST_BYTES {
                return Err(PipelineError::RangeTooWide);
            }
            let rows = Rows(&batch);
            let (names, values, outcomes) =
                (rows.texts("slice_name")?, rows.texts("slice_value")?, rows.bytes("outcome")?);
            for ((name, value), outcome) in names.into_iter().zip(values).zip(outcomes) {
                let slice = (!name.is_empty()).then_some(Slice { name, value });
                add(merged, slice, Outcome::from_bytes(&outcome)?)?;
            }
        }
        Ok(())
    }
}

/// Adds a profile to what was merged so far.
fn merge(merged: Option<Profile>, profile: Profile) -> Result<Option<Profile>, ProfileError> {
    match merged {
        // A period without predictions, of which only the door knows, stands on no edges.
        merged if profile.rows() == 0 => Ok(merged),
        Some(mut merged) => merged.merge(&profile).map(|()| Some(merged)),
        None => Ok(Some(profile)),
    }
}

/// What is there, in as many parts of about the same length, one after the other.
fn shared_out<T>(mut all: Vec<T>, parts: usize) -> Vec<Vec<T>> {
    let most = all.len().div_ceil(parts).max(1);
    let mut shares = Vec::new();
    while all.len() > most {
        let rest = all.split_off(most);
        shares.push(std::mem::replace(&mut all, rest));
    }
    shares.push(all);
    shares
}

fn add(
    merged: &mut BTreeMap<Option<Slice>, Outcome>,
    slice: Option<Slice>,
    outcome: Outcome,
) -> Result<(), PipelineError> {
    match merged.entry(slice) {
        Entry::Occupied(mut kept) => kept.get_mut().merge(&outcome)?,
        Entry::Vacant(place) => {
            place.insert(outcome);
        }
    }
    Ok(())
}
