//! Verification: reads every file of the tables again and sets aside what a disk has changed; piece by piece, so that no
//! other stage waits long for it, but at once where a stage has met damage.

use super::rest::Rests;
use super::{AFTER_FAILURE, Flow, FlowParts, PIECE};
use crate::pipeline::{Derived, Pipeline, PipelineError, Verifying, set_shared_damage_aside};
use quiver_event::event::Kind;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

const STAGE: &str = "verification";

/// One table.
#[derive(Debug)]
enum Part {
    Events(String, Kind),
    Shared(Derived),
}

/// A run that has begun.
#[derive(Debug)]
pub(super) struct Run {
    waiting: VecDeque<Part>,
    /// What is left of the first table that waits.
    unread: Option<Vec<(String, u64)>>,
    /// The first error: a table that refuses does not keep the others from being read.
    refused: Option<PipelineError>,
    worked: Duration,
}

impl Run {
    fn new(pipelines: &BTreeMap<String, Pipeline>) -> Self {
        let events = pipelines.keys().flat_map(|model| Kind::ALL.map(|kind| Part::Events(model.clone(), kind)));
        let waiting = events.chain(Derived::ALL.map(Part::Shared)).collect();
        Self { waiting, unread: None, refused: None, worked: Duration::ZERO }
    }

    #[cfg(test)]
    pub(super) fn leave_unread(&mut self, file: &str) {
        self.unread = Some(vec![(file.to_owned(), 1)]);
    }

    /// Reads files until the piece is over, or none is left; says how many are damaged.
    async fn go_on(
        &mut self,
        parts: &FlowParts,
        pipelines: &mut BTreeMap<String, Pipeline>,
        rests: &Rests,
        piece: Duration,
    ) -> u64 {
        let started = Instant::now();
        let is_over = || started.elapsed() >= piece;
        let mut damaged = 0;
        while let Some(part) = self.waiting.front() {
            let mut verifying =
                Verifying { now: (parts.wall)(), unread: &mut self.unread, damaged: &mut damaged, is_over: &is_over };
            let read = match part {
                Part::Events(model, kind) => match pipelines.get_mut(model) {
                    // The tables of a model at rest cannot be read either, and that is told where it matters.
                    Some(pipeline) if !rests.failed("segments", model) => {
                        pipeline.set_damage_aside(*kind, &mut verifying).await
                    }
                    _ => Ok(true),
                },
                Part::Shared(derived) => set_shared_damage_aside(&parts.workspace, *derived, &mut verifying).await,
            };
            let is_whole = read.unwrap_or_else(|error| {
                self.refused = self.refused.take().or(Some(error));
                true
            });
            if !is_whole {
                break;
            }
            self.unread = None;
            self.waiting.pop_front();
            if is_over() {
                break;
            }
        }
        self.worked += started.elapsed();
        damaged
    }
}

impl Flow {
    /// Begins a run, or goes on with the one that has begun, for a piece; says whether the run is over.
    pub(super) async fn verify(&mut self, piece: Duration) -> bool {
        let started = Instant::now();
        let mut run = self.verification.take().unwrap_or_else(|| Run::new(&self.pipelines));
        let damaged = run.go_on(&self.parts, &mut self.pipelines, &self.rests, piece).await;
        if damaged > 0 {
            self.shared.generations.revised_all();
            self.parts.metrics.damaged_files.inc_by(damaged);
            // What was derived from the lost rows is derived again by the next run of each stage.
            self.unprofiled.extend(self.pipelines.keys().cloned());
            self.unjudged.extend(self.pipelines.keys().cloned());
        }
        self.record_mended().await;
        if !run.waiting.is_empty() {
            self.verification = Some(run);
            self.due.verify = Instant::now() + started.elapsed() * self.rest();
            return false;
        }
        self.note(STAGE, STAGE.to_owned(), run.worked, run.refused.map_or(Ok(()), Err));
        self.due.verify = Instant::now() + self.next_of(STAGE, self.options.retention.verify_every);
        true
    }

    /// Reads every file at once, unless the flow is to end.
    pub(super) async fn verify_all(&mut self) {
        (self.verification, self.is_damage_suspected) = (None, false);
        while !*self.shared.stopping.borrow() && !self.verify(PIECE).await {}
        self.verified = Some(Instant::now());
    }

    /// A stage that cannot read a table may have met a damaged file.
    pub(super) fn suspect_damage(&mut self) {
        if self.verified.is_none_or(|at| at.elapsed() > AFTER_FAILURE) {
            self.is_damage_suspected = true;
        }
    }
}
