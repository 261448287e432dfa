//! Pins the known-good data: profiles it once, freezes its edges, profiles it again on them, and keeps both for good.

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

/// The reference of one arm.
#[derive(Debug, Clone)]
pub struct PinnedReference {
    /// The identity of the frozen edges, all columns together.
    pub id: String,
    /// The edges by profile column.
    pub edges: BTreeMap<String, Arc<Edges>>,
    /// The reference's own profile on these edges.
    pub profile: Profile,
}

impl PinnedReference {
    fn new(profile: Profile, id: String) -> Self {
        let edges = profile
            .columns()
            .filter_map(|(name, column)| Some((name.to_owned(), Arc::clone(column.edges()?))))
            .collect();
        Self { id, edges, profile }
    }
}

impl Pipeline {
    /// The references of all arms, pinned on first use; none when the spec names none or its rows have not come.
    pub(super) async fn pin_references(
        &mut self,
        engine: &QueryEngine,
    ) -> Result<BTreeMap<String, PinnedReference>, PipelineError> {
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
            pinned.insert(arm, PinnedReference::new(profile, id));
        }
        self.arms_known_to = until;
        Ok(pinned)
    }

    /// The references that were pinned before, by arm.
    pub(super) async fn pinned_references(&self) -> Result<BTreeMap<String, PinnedReference>, PipelineError> {
        let key = self.reference_key();
        let mut pinned = BTreeMap::new();
        for reference in self.workspace.catalogue.references(DEFAULT_WORKSPACE, &self.spec.model).await? {
            if reference.version == key {
                let profile = Profile::from_bytes(&reference.profile)?;
                pinned.insert(reference.arm, PinnedReference::new(profile, reference.frozen_id));
            }
        }
        Ok(pinned)
    }

    /// The reference of an arm as it is pinned.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn reference_profile(&self, arm: &str) -> Result<Option<Profile>, PipelineError> {
        Ok(self.pinned_references().await?.remove(arm).map(|reference| reference.profile))
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
