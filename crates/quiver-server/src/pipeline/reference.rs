//! Pins the known-good data: profiles it once, freezes its edges, profiles it again on them, and keeps both for good.

mod kept;

use super::profile::date_literal;
use super::{Pipeline, PipelineError};
use crate::measure::{freeze_options, measured, model_plan, plan_on_edges, row_facts};
use futures::StreamExt;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_profile::{Edges, Plan, Profile};
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use quiver_store::catalogue::NewReference;
use quiver_store::query::QueryEngine;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use kept::KeptReferences;

/// The references of a model by arm.
pub(super) type References = BTreeMap<String, Arc<PinnedReference>>;

/// The reference of one arm.
#[derive(Debug)]
pub struct PinnedReference {
    /// The identity of the frozen edges, all columns together.
    pub id: String,
    /// The edges by profile column.
    pub edges: BTreeMap<String, Arc<Edges>>,
    /// The reference's own profile on these edges.
    pub profile: Arc<Profile>,
}

impl PinnedReference {
    fn new(profile: Profile, id: String) -> Self {
        let edges = profile
            .columns()
            .filter_map(|(name, column)| Some((name.to_owned(), Arc::clone(column.edges()?))))
            .collect();
        Self { id, edges, profile: Arc::new(profile) }
    }
}

impl Pipeline {
    /// The references of all arms, pinned on first use; none when the spec names none or its rows have not come.
    pub(super) async fn pin_references(&mut self, engine: &QueryEngine) -> Result<References, PipelineError> {
        let mut pinned = self.pinned_references().await?;
        let Some(condition) = self.reference_condition()? else { return Ok(pinned) };
        // A reference is pinned for good, so not before its period is over.
        if let Some(period) = self.spec.reference_window()?
            && self.watermark(engine).await?.1 < period.end
        {
            return Ok(pinned);
        }
        // An arm may come later; where rows were looked at before, only the newer ones can bring it.
        let until = self.committed_offset(Kind::Prediction).await?;
        let newer = format!("{condition} AND \"offset\" >= {}", self.arms_known_to);
        for arm in self.arms(engine, &newer).await? {
            if pinned.contains_key(&arm) {
                continue;
            }
            let condition = format!("{condition} AND coalesce(\"arm\", '{LIVE_ARM}') = '{}'", arm.replace('\'', "''"));
            let first = self.profile_where(engine, &condition, &model_plan(&self.spec)).await?;
            let edges = first.freeze(&freeze_options(&self.spec));
            let profile = self.profile_where(engine, &condition, &plan_on_edges(&self.spec, &edges)).await?;
            let identity: String = edges.iter().map(|(name, edges)| format!("{name}={}\n", edges.id())).collect();
            let id = super::content_hash(&identity);
            self.workspace
                .catalogue
                .put_reference(
                    DEFAULT_WORKSPACE,
                    &NewReference {
                        model: &self.spec.model,
                        version: &self.reference_key(),
                        arm: &arm,
                        frozen_id: &id,
                        profile: &profile.to_bytes(),
                        created_at_microseconds: self.opened_at.0,
                    },
                )
                .await?;
            pinned.insert(arm, Arc::new(PinnedReference::new(profile, id)));
        }
        self.arms_known_to = until;
        Ok(pinned)
    }

    /// The references that were pinned before, by arm.
    pub(super) async fn pinned_references(&self) -> Result<References, PipelineError> {
        let (catalogue, kept) = (&self.workspace.catalogue, &self.workspace.references);
        let (model, version) = (self.spec.model.clone(), self.reference_key());
        let ids = catalogue.references(DEFAULT_WORKSPACE, (&model, &version)).await?;
        let key = kept::Key { model, version, ids };
        let reading = async || {
            let (references, bytes) = self.read_references(&key).await?;
            kept.note(&key, bytes);
            Ok::<_, PipelineError>(references)
        };
        Ok(kept.place(&key).get_or_try_init(reading).await?.clone())
    }

    /// Reads references, and tells the bytes of their stored forms.
    async fn read_references(&self, key: &kept::Key) -> Result<(References, usize), PipelineError> {
        let (mut references, mut bytes) = (References::new(), 0);
        for (arm, id) in &key.ids {
            let name = (&*key.model, &*key.version, &**arm);
            let stored = self.workspace.catalogue.reference_profile(DEFAULT_WORKSPACE, name).await?;
            bytes += stored.len();
            let reading = tokio::task::spawn_blocking(move || Profile::from_bytes(&stored));
            let profile = reading.await.expect("it is not cancelled, and its panic is one of the stage")?;
            references.insert(arm.clone(), Arc::new(PinnedReference::new(profile, id.clone())));
        }
        Ok((references, bytes))
    }

    /// The reference of an arm as it is pinned.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn reference_profile(&self, arm: &str) -> Result<Option<Arc<Profile>>, PipelineError> {
        Ok(self.pinned_references().await?.get(arm).map(|reference| Arc::clone(&reference.profile)))
    }

    /// What the pinned reference depends on: another reference, feature or slice in the spec pins another one.
    fn reference_key(&self) -> String {
        let spec = &self.spec;
        super::content_hash(&format!(
            "{:?}\n{:?}\n{:?}\n{}\n{:?}\n{:?}",
            spec.reference, spec.features, spec.slices, spec.timezone, spec.decision, spec.drift.window
        ))
    }

    /// The rows of the reference as SQL; none when the spec names no reference among the events.
    fn reference_condition(&self) -> Result<Option<String>, PipelineError> {
        if let Some(window) = self.spec.reference_window()? {
            return Ok(Some(time_condition(window)));
        }
        let version = self.spec.reference.as_ref().and_then(|reference| reference.version.as_ref());
        Ok(version.map(|version| format!("\"version\" = '{}'", version.replace('\'', "''"))))
    }

    async fn arms(&self, engine: &QueryEngine, condition: &str) -> Result<Vec<String>, PipelineError> {
        let statement = format!(
            "SELECT DISTINCT coalesce(\"arm\", '{LIVE_ARM}') AS arm FROM predictions WHERE {condition} ORDER BY arm"
        );
        let mut arms = Vec::new();
        for batch in engine.sql(&statement).await? {
            arms.extend(crate::measure::Rows(&batch).texts("arm")?);
        }
        Ok(arms)
    }

    async fn profile_where(
        &self,
        engine: &QueryEngine,
        condition: &str,
        plan: &Plan,
    ) -> Result<Profile, PipelineError> {
        let mut profile = Profile::new(plan);
        let mut stream = engine.rows_where(Kind::Prediction.table_name(), condition).await?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(quiver_store::query::QueryError::from)?;
            profile.update_with(&measured(&self.spec, &batch)?, &row_facts(&self.spec, &batch))?;
        }
        Ok(profile)
    }
}

/// A half-open window of event time as SQL, with the dates that spare reading other files.
pub fn time_condition(window: quiver_event::time::Window) -> String {
    format!(
        "\"at\" >= CAST('{}' AS TIMESTAMP WITH TIME ZONE) AND \"at\" < CAST('{}' AS TIMESTAMP WITH TIME ZONE) \
         AND event_date >= {} AND event_date <= {}",
        window.start,
        window.end,
        date_literal(window.start.utc_day()),
        date_literal(window.end.utc_day()),
    )
}
