//! The stages behind the tables: each runs for several models side by side, whose rows are committed together.

use super::{EVERY_MODEL, Flow};
use crate::pipeline::{Derived, Pipeline, PipelineError, SharedCommit, at_once};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The most models that a stage runs for at the same time: each has memory of its own.
const MODELS_AT_ONCE: usize = 4;

/// What models have derived is committed so often while others still run.
const COMMIT_EVERY: Duration = Duration::from_secs(5);

impl Flow {
    /// Tells for how many models each derived stage has yet to run.
    pub(super) fn tell_models(&self) {
        let told = &self.shared.told;
        told.wait_for_models("profiles", self.unprofiled.len());
        told.wait_for_models("outcomes", self.unjudged.len());
        told.wait_for_models("findings", self.unjudged.len());
    }

    /// Profiles models until none is left, or for about so long.
    pub(super) async fn profile(&mut self, longest: Option<Duration>) {
        let models = std::mem::take(&mut self.unprofiled);
        let Again { failed, left } = self.derive(Derived::Profiles, models, longest).await;
        self.unprofiled = failed;
        self.unprofiled.extend(left);
        self.lag("profiles", self.unprofiled.len() as u64);
        if self.unprofiled.is_empty() {
            self.shared.told.wait("profiles", 0);
        }
        self.tell_models();
    }

    /// Joins and judges models until none is left, or each for about so long; says whether none was left for later.
    pub(super) async fn judge(&mut self, longest: Option<Duration>) -> bool {
        if self.is_interrupted {
            return true;
        }
        let mut models = std::mem::take(&mut self.unjudged);
        let unjoined = self.derive(Derived::Outcomes, models.clone(), longest).await;
        models.retain(|model| !unjoined.left.contains(model));
        let unjudged = self.derive(Derived::Findings, models, longest).await;
        let is_whole = unjoined.left.is_empty() && unjudged.left.is_empty();
        let again = [unjoined.failed, unjoined.left, unjudged.failed, unjudged.left];
        self.unjudged = again.into_iter().flatten().collect();
        self.lag("findings", self.unjudged.len() as u64);
        if self.unjudged.is_empty() {
            self.shared.told.wait("outcomes", 0);
            self.shared.told.wait("findings", 0);
        }
        self.tell_models();
        is_whole
    }

    /// Runs a stage for these models, whose rows are committed together, and begins with no further one after so long:
    /// a flush does not wait for hundreds of models. Returns the models that it has to run for again.
    pub(super) async fn derive(
        &mut self,
        derived: Derived,
        models: BTreeSet<String>,
        longest: Option<Duration>,
    ) -> Again {
        let stage = derived.name();
        if models.is_empty() || self.is_interrupted || self.rests.has(stage, EVERY_MODEL) {
            return Again::all(models);
        }
        let started = Instant::now();
        let output = match SharedCommit::open(&self.parts.workspace, derived).await {
            Ok(output) => output,
            Err(error) => {
                self.finished_of(stage, EVERY_MODEL, started.elapsed(), Err(error));
                self.suspect_damage();
                return Again::all(models);
            }
        };
        let output = Arc::new(output);
        let (mut failed, mut left, mut ended) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut shared = Ok(());
        let mut committed = Instant::now();
        let mut running = JoinSet::new();
        let mut at_work: BTreeSet<String> = BTreeSet::new();
        let mut next = models.iter();
        let mut stopping = self.shared.stopping.subscribe();
        loop {
            while running.len() < models_at_once() && shared.is_ok() {
                if longest.is_some_and(|longest| started.elapsed() >= longest) {
                    left.extend(next.by_ref().cloned());
                }
                let Some(model) = next.next() else { break };
                if self.rests.has(stage, model) {
                    failed.insert(model.clone());
                } else if let Some(pipeline) = self.pipelines.remove(model) {
                    at_work.insert(model.clone());
                    running.spawn(derive_of(derived, pipeline, Arc::clone(&output)));
                }
            }
            // One that takes long must not keep those that are done from being seen.
            let joined = tokio::select! {
                biased;
                // Nothing of it is committed by halves, and what it would have derived is derived after the next start.
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {
                    self.is_interrupted = true;
                    return Again::all(models);
                }
                joined = tokio::time::timeout(COMMIT_EVERY, running.join_next()) => joined,
            };
            if let Ok(Some(joined)) = joined {
                let (pipeline, took, ran) = joined.expect("a stage is not cancelled, and its panic is one of the flow");
                let model = pipeline.spec().model.clone();
                at_work.remove(&model);
                self.pipelines.insert(model.clone(), pipeline);
                match ran {
                    Err(PipelineError::Shared(error)) => shared = shared.and(Err(*error)),
                    ran => ended.push((model, took, ran)),
                }
            }
            let is_last = running.is_empty() && (next.len() == 0 || shared.is_err());
            if shared.is_ok() && (is_last || committed.elapsed() >= COMMIT_EVERY) {
                shared = output.commit().await;
                committed = Instant::now();
                if shared.is_ok() {
                    // Parts of what they derive may be among what was committed.
                    at_work.iter().for_each(|model| self.shared.generations.committed(model));
                    failed.extend(self.note_ended(stage, std::mem::take(&mut ended)));
                    self.shared.told.wait_for_models(stage, running.len() + next.len() + failed.len() + left.len());
                }
            }
            if is_last {
                break;
            }
        }
        match shared {
            Ok(()) => {
                self.forget(stage, EVERY_MODEL);
                Again { failed, left }
            }
            Err(error) => {
                // Whoever's rows got into no commit derives them again; the others find nothing to do.
                self.finished_of(stage, EVERY_MODEL, started.elapsed(), Err(error));
                self.suspect_damage();
                Again::all(models)
            }
        }
    }

    /// Notes how a stage ended for these models, once what they gave it is committed; returns those that it failed at.
    fn note_ended(&mut self, stage: &'static str, ended: Vec<Ended>) -> Vec<String> {
        let mut failed = Vec::new();
        for (model, took, ran) in ended {
            if ran.is_err() {
                self.suspect_damage();
                failed.push(model.clone());
            }
            self.finished_of(stage, &model, took, ran.map(|_| ()));
        }
        failed
    }
}

/// The models that a stage has to run for again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Again {
    /// It failed at them, or they rest because it did.
    pub(super) failed: BTreeSet<String>,
    /// It did not come to them.
    pub(super) left: BTreeSet<String>,
}

impl Again {
    fn all(models: BTreeSet<String>) -> Self {
        Self { failed: models, left: BTreeSet::new() }
    }
}

/// A model, how long a stage took for it, and what came of it.
type Ended = (String, Duration, Result<u64, PipelineError>);

/// Runs a stage for one model.
async fn derive_of(
    derived: Derived,
    mut pipeline: Pipeline,
    output: Arc<SharedCommit>,
) -> (Pipeline, Duration, Result<u64, PipelineError>) {
    let started = Instant::now();
    let ran = match derived {
        Derived::Profiles => pipeline.profile(&output, &|_| {}).await,
        Derived::Outcomes => pipeline.join(&output, &|_| {}).await,
        Derived::Findings => pipeline.judge(&output).await,
    };
    (pipeline, started.elapsed(), ran)
}

/// How many models a stage runs for at the same time: each needs a processor, and memory of its own.
fn models_at_once() -> usize {
    at_once().min(MODELS_AT_ONCE)
}
