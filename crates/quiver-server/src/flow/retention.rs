//! A run of retention: deletes what is older than the spec allows, merges small files, and removes files that nobody
//! names; piece by piece, so that no other stage waits long for it.

use super::rest::Rests;
use super::{Flow, FlowParts, PIECE, REST};
use crate::pipeline::{Derived, Pipeline, PipelineError, Tidied, Tidying, tidy_shared};
use quiver_event::event::Kind;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

const STAGE: &str = "retention";

/// So many files that the shared tables got since a run do not wait for the next: whoever reads one of these tables looks
/// at all of its files, and each stage reads them for each model.
pub const MOST_NEW_FILES: u64 = 4_096;

/// What is tidied up, and when.
#[derive(Debug, Clone, Copy)]
pub struct RetentionOptions {
    /// How often.
    pub every: Duration,
    /// It runs sooner when the shared tables have so many files more than after its last run.
    pub most_new_files: u64,
    /// Files that nobody names are removed when they are so old. The flow writes and tidies in one task, so that no
    /// file of a flush in progress is ever that old; readers of older snapshots have so long.
    pub orphans_after: Duration,
    /// How often every file is read again, to find what a disk has changed.
    pub verify_every: Duration,
}

/// What is tidied up as one.
#[derive(Debug)]
enum Part {
    /// A table of a model.
    Events(String, Kind),
    /// A table that all models share.
    Shared(Derived),
    Catalogue,
}

/// A run that has begun.
#[derive(Debug)]
pub(super) struct Run {
    begun_at: Timestamp,
    waiting: VecDeque<Part>,
    tidied: Tidied,
    /// Judged periods past their time.
    expired_periods: u64,
    /// The first error, until it is told: a part that refuses does not keep the others from being tidied.
    refused: Option<PipelineError>,
    has_failed: bool,
    worked: Duration,
}

impl Run {
    fn new(pipelines: &BTreeMap<String, Pipeline>, begun_at: Timestamp) -> Self {
        let events = pipelines.keys().flat_map(|model| Kind::ALL.map(|kind| Part::Events(model.clone(), kind)));
        let shared = Derived::ALL.map(Part::Shared).into_iter();
        // Every model reads the shared tables, and each file of theirs costs every one of these readings: they come first.
        let all = shared.chain(events).chain([Part::Catalogue]);
        // Without a model nothing says how long anything is kept.
        let waiting = all.filter(|_| !pipelines.is_empty()).collect();
        let (tidied, refused) = (Tidied::WHOLE, None);
        Self { begun_at, waiting, tidied, expired_periods: 0, refused, has_failed: false, worked: Duration::ZERO }
    }

    /// Tidies up until the piece is over, or nothing is left; at least a group of files or a part.
    async fn go_on(
        &mut self,
        parts: &FlowParts,
        pipelines: &mut BTreeMap<String, Pipeline>,
        rests: &Rests,
        (piece, orphans_after): (Duration, Duration),
    ) {
        let started = Instant::now();
        let is_over = || started.elapsed() >= piece;
        let now = parts.clock.now();
        let tidying = Tidying { now, wall: (parts.wall)(), begun_at: self.begun_at, orphans_after, is_over: &is_over };
        let longest = pipelines.values().map(|pipeline| pipeline.spec().retention().profiles.microseconds()).max();
        let before = Timestamp(now.0.saturating_sub(longest.unwrap_or(i64::MAX)));
        while let Some(part) = self.waiting.front() {
            let tidied = match part {
                Part::Events(model, kind) => match pipelines.get_mut(model) {
                    // The tables of a model at rest cannot be tidied either, and that is told where it matters.
                    Some(pipeline) if !rests.failed("segments", model) => pipeline.tidy_events(*kind, &tidying).await,
                    _ => Ok(Tidied::WHOLE),
                },
                Part::Shared(derived) => tidy_shared(&parts.workspace, *derived, before, &tidying).await,
                Part::Catalogue => tidy_catalogue(parts, before).await.map(|periods| {
                    self.expired_periods += periods;
                    Tidied::WHOLE
                }),
            };
            match tidied {
                Ok(tidied) => {
                    self.tidied.add_all(tidied);
                    if !tidied.is_whole {
                        break;
                    }
                }
                Err(error) if !self.has_failed => self.refused = self.refused.take().or(Some(error)),
                Err(_) => {}
            }
            self.waiting.pop_front();
            if is_over() {
                break;
            }
        }
        self.worked += started.elapsed();
    }
}

/// Deletes what is past its time in the catalogue; says how many judged periods.
async fn tidy_catalogue(parts: &FlowParts, before: Timestamp) -> Result<u64, PipelineError> {
    let catalogue = parts.workspace.catalogue();
    catalogue.delete_tallies_before(before.0).await?;
    Ok(catalogue.delete_judged_before(DEFAULT_WORKSPACE, before.0).await?)
}

impl Flow {
    /// Begins a run of retention, or goes on with the one that has begun, for a piece; says whether the run is over.
    pub(super) async fn tidy(&mut self, piece: Duration) -> bool {
        let started = Instant::now();
        let wall = (self.parts.wall)();
        let mut run = self.retention.take().unwrap_or_else(|| Run::new(&self.pipelines, wall));
        let orphans_after = self.options.retention.orphans_after;
        let expired = (run.tidied.expired_files, run.expired_periods);
        let mut stopping = self.shared.stopping.subscribe();
        tokio::select! {
            () = run.go_on(&self.parts, &mut self.pipelines, &self.rests, (piece, orphans_after)) => {},
            // A file that got into no commit is an orphan, which a later run removes.
            _ = stopping.wait_for(|is_stopping| *is_stopping) => {
                self.is_interrupted = true;
                return true;
            }
        }
        if (run.tidied.expired_files, run.expired_periods) != expired {
            // What is gone may be told of by remembered answers.
            self.shared.generations.revised_all();
        }
        if let Some(error) = run.refused.take() {
            self.note(STAGE, STAGE.to_owned(), run.worked, Err(error));
            run.has_failed = true;
        }
        if !run.waiting.is_empty() {
            self.retention = Some(run);
            self.due.retention = Instant::now() + started.elapsed() * self.rest();
            return false;
        }
        if !run.has_failed {
            let Tidied { expired_files, compacted_files, removed_files, removed_bytes, .. } = run.tidied;
            tracing::info!(expired_files, compacted_files, removed_files, removed_bytes, "retention ran");
            self.shared.told.set_tidied(run.tidied);
            self.note(STAGE, STAGE.to_owned(), run.worked, Ok(()));
        }
        self.tidied_files = None;
        let every = self.next_of(STAGE, self.options.retention.every);
        self.due.retention = Instant::now() + every.max(run.worked * REST);
        true
    }

    /// Runs retention from the beginning to its end.
    pub(super) async fn tidy_all(&mut self) {
        self.retention = None;
        while !self.tidy(PIECE).await {}
    }
}
