//! The flow behind the journal, on time: one task that flushes, profiles, joins, judges and tidies up, so that no two
//! stages ever touch the tables at once.

mod derive;
mod generation;
mod handle;
mod rest;
mod retention;
mod told;
mod upkeep;
mod verification;

pub use handle::FlowHandle;
pub use retention::{MOST_NEW_FILES, RetentionOptions};
pub use told::StageState;
pub use upkeep::free_disk_bytes;

use crate::clock::Clock;
use crate::ingest::Doors;
use crate::ingest::dead_letters::DeadLetters;
use crate::ingest::seen::{Marker, Seen};
use crate::ingest::tally::Tallies;
use crate::metrics::{Metrics, Stage};
use crate::pipeline::{Derived, Pipeline, PipelineError, Workspace, at_once, flush};
use futures::{StreamExt, stream};
use handle::{Request, Shared, stopping};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, Tally};
use rest::Rests;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often the flow looks whether there is something to do.
const TICK: Duration = Duration::from_millis(250);

/// How often counters are written to the catalogue.
const TALLY_EVERY: Duration = Duration::from_secs(1);

/// A stage that fails has every file read again, and a job that failed runs again, but not more often than this.
const AFTER_FAILURE: Duration = Duration::from_secs(300);

/// In the place of a model: what a stage does for all of them together.
const EVERY_MODEL: &str = "";

/// A job beside the stages works for about so long at a time: what is begun of a file or a table is not broken off.
const PIECE: Duration = Duration::from_secs(1);

/// A stage rests so many times as long as it took: joins read whole windows again and retention whole files, and must
/// not take all the time.
const REST: u32 = 4;

/// When each stage runs.
#[derive(Debug, Clone, Copy)]
pub struct FlowOptions {
    /// Rows wait so long for their segment.
    pub flush_every: Duration,
    /// So many rows do not wait.
    pub flush_rows: u64,
    /// Findings wait so long.
    pub judge_every: Duration,
    /// What is tidied up, and when.
    pub retention: RetentionOptions,
}

/// What the flow works on.
#[derive(Clone)]
pub struct FlowParts {
    /// The data folder.
    pub workspace: Arc<Workspace>,
    /// The models.
    pub doors: Arc<Doors>,
    /// The ids that need the journal's older part.
    pub seen: Arc<Mutex<Seen>>,
    /// Counters to write down.
    pub tallies: Arc<Tallies>,
    /// What is told of refused events.
    pub dead_letters: Arc<DeadLetters>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The clock.
    pub clock: Clock,
    /// The wall's time, by which files age.
    pub wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for FlowParts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FlowParts").field("folder", &self.workspace.folder().path()).finish_non_exhaustive()
    }
}

/// Prepares the flow; its way in works at once, requests wait until [`Flow::run`] is awaited.
pub fn flow(parts: FlowParts, options: FlowOptions) -> (Flow, FlowHandle) {
    let (sender, receiver) = mpsc::channel(64);
    let shared = Arc::new(Shared::default());
    let now = Instant::now();
    let handle = FlowHandle { sender, shared: Arc::clone(&shared), started: now };
    let flow = Flow {
        parts,
        options,
        receiver,
        shared,
        pipelines: BTreeMap::new(),
        due: Due {
            flush: now,
            tally: now,
            judge: now,
            retention: now + Duration::from_secs(5),
            verify: now + options.retention.verify_every,
            storage: now,
        },
        verified: None,
        tried: 0,
        rests: Rests::default(),
        retention: None,
        tidied_files: Some(0),
        verification: None,
        is_damage_suspected: false,
        judging: Duration::ZERO,
        unprofiled: BTreeSet::new(),
        unjudged: BTreeSet::new(),
        is_interrupted: false,
    };
    (flow, handle)
}

/// When each stage is due.
#[derive(Debug)]
struct Due {
    flush: Instant,
    tally: Instant,
    judge: Instant,
    retention: Instant,
    verify: Instant,
    storage: Instant,
}

/// The task behind a [`FlowHandle`].
#[derive(Debug)]
pub struct Flow {
    parts: FlowParts,
    options: FlowOptions,
    receiver: mpsc::Receiver<Request>,
    shared: Arc<Shared>,
    pipelines: BTreeMap<String, Pipeline>,
    due: Due,
    /// Models with rows that their profiles do not hold.
    unprofiled: BTreeSet<String>,
    /// Models with rows or labels that their findings do not know.
    unjudged: BTreeSet<String>,
    /// When every file was read at once.
    verified: Option<Instant>,
    /// The offset up to which rows were tried to be moved into tables.
    tried: u64,
    /// Models that a stage failed at.
    rests: Rests,
    /// The run of retention that has begun and is not over.
    retention: Option<retention::Run>,
    /// How many files the shared tables had when they were looked at first after a run; none before that look, and 0 until
    /// the first run.
    tidied_files: Option<u64>,
    /// The run of verification that has begun and is not over.
    verification: Option<verification::Run>,
    /// A stage failed, perhaps at a damaged file.
    is_damage_suspected: bool,
    /// How long models were judged since all of them were.
    judging: Duration,
    /// A stage was ended where it was, and took the flows of its models with it: nothing may run any more.
    is_interrupted: bool,
}

impl Flow {
    /// Takes models in before the flow runs; several are opened side by side.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub async fn put_all(&mut self, specs: Vec<(Spec, String)>) -> Result<(), PipelineError> {
        let now = self.parts.clock.now();
        let workspace = Arc::clone(&self.parts.workspace);
        let mut opening = stream::iter(specs)
            .map(|(spec, text)| tokio::spawn(open(Arc::clone(&workspace), spec, text, now)))
            .buffered(at_once());
        while let Some(opened) = opening.next().await {
            self.take_in(opened.expect("it is not cancelled, and its panic is one of the start")?);
        }
        Ok(())
    }

    /// Takes a model in, or another version of its spec; gives the version.
    async fn put(&mut self, spec: Spec, text: String) -> Result<i64, PipelineError> {
        let (workspace, model) = (Arc::clone(&self.parts.workspace), spec.model.clone());
        let opened = open(Arc::clone(&workspace), spec, text, self.parts.clock.now()).await?;
        let version = workspace.catalogue().latest_spec(DEFAULT_WORKSPACE, &model).await?;
        self.take_in(opened);
        Ok(version.map_or(1, |version| version.number))
    }

    fn take_in(&mut self, opened: Opened) {
        let Opened { pipeline, unreadable, took } = opened;
        let spec = pipeline.spec().clone();
        let model = spec.model.clone();
        self.pipelines.insert(model.clone(), pipeline);
        // A table that somebody has to look after must not keep the server, and the other models, from starting.
        if let Some(error) = unreadable {
            self.finished_of("segments", &model, took, Err(error));
        }
        self.parts.doors.put(Arc::new(spec));
        self.shared.generations.revised(&model);
        self.unprofiled.insert(model.clone());
        self.unjudged.insert(model);
        self.tell_models();
    }

    /// Remembers the ids that the tables hold since then: for a journal that lost rows, and with them their ids.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub async fn remember_from_tables(&self, secret: u64, since: Timestamp) -> Result<(), PipelineError> {
        for (model, pipeline) in &self.pipelines {
            for kind in Kind::ALL {
                let ids = match pipeline.ids_since(kind, since).await {
                    Err(error) if error.is_unreadable() => {
                        tracing::error!(%error, model, "ids are not known: what is sent again counts twice");
                        continue;
                    }
                    ids => ids?,
                };
                let marker = Marker::new(secret, &format!("{model}/{}", kind.name()));
                let mut seen = self.parts.seen.lock().unwrap_or_else(PoisonError::into_inner);
                for id in &ids {
                    // They are in the tables: the journal need not be kept for them.
                    seen.add(marker.mark(id), u64::MAX, since.0);
                }
            }
        }
        Ok(())
    }

    /// Runs until it is told to stop.
    pub async fn run(mut self) {
        loop {
            let request = tokio::time::timeout(TICK, self.receiver.recv()).await;
            match request {
                // Whoever asked may have gone.
                Ok(Some(Request::Put { reply, .. })) if self.is_interrupted => drop(reply.send(Err(stopping()))),
                Ok(Some(Request::Run { reply })) if self.is_interrupted => drop(reply.send(Err(stopping()))),
                Ok(Some(Request::Put { spec, text, reply })) => {
                    let put = self.put(*spec, text).await.map_err(|error| {
                        tracing::error!(%error, "a spec cannot be kept");
                        "the catalogue cannot be written now; put the spec again later".to_owned()
                    });
                    // Whoever asked may have gone.
                    let _ = reply.send(put);
                }
                Ok(Some(Request::Run { reply })) => {
                    let _ = reply.send(self.run_all().await);
                }
                Ok(Some(Request::Stop { reply })) => {
                    self.write_tallies().await;
                    if !self.is_interrupted {
                        self.flush().await;
                    }
                    let _ = reply.send(());
                    return;
                }
                Ok(None) => return,
                Err(_) if self.is_interrupted => {}
                Err(_) => self.tick().await,
            }
        }
    }

    async fn tick(&mut self) {
        let now = Instant::now();
        if now >= self.due.tally {
            self.write_tallies().await;
            self.due.tally = Instant::now() + TALLY_EVERY;
        }
        self.record_mended().await;
        let waiting = self.waiting_rows();
        self.lag("segments", waiting);
        self.shared.told.wait("segments", waiting);
        // Rows that a table refused wait for the next time, however many they are.
        let untried = self.parts.workspace.journal().durable_offset().saturating_sub(self.tried);
        if waiting > 0 && (now >= self.due.flush || untried >= self.options.flush_rows) {
            self.flush().await;
            self.profile(Some(self.options.flush_every)).await;
            self.due.flush = Instant::now() + self.options.flush_every;
        } else if !self.unprofiled.is_empty() {
            // A spec or a Quiver that measures otherwise counts everything anew, whether new rows come or not.
            self.profile(Some(self.options.flush_every)).await;
        }
        if now >= self.due.judge && !self.unjudged.is_empty() {
            let started = Instant::now();
            let is_whole = self.judge(Some(self.options.flush_every)).await;
            self.judging += started.elapsed();
            // What it did not come to goes on after the flush for which it was cut short.
            if is_whole {
                let worked = std::mem::take(&mut self.judging);
                self.due.judge = Instant::now() + self.options.judge_every.max(worked * REST);
            }
        }
        if self.is_interrupted {
            return;
        }
        if self.is_damage_suspected {
            self.verify_all().await;
        } else if now >= self.due.verify {
            self.verify(PIECE).await;
        }
        if now >= self.due.retention {
            self.tidy(PIECE).await;
        }
        if now >= self.due.storage {
            self.measure_storage().await;
        }
    }

    /// Every stage once; the first error ends it.
    async fn run_all(&mut self) -> Result<(), String> {
        self.rests.end();
        self.write_tallies().await;
        self.flush().await;
        self.profile(None).await;
        self.judge(None).await;
        if self.is_interrupted {
            return Err(stopping());
        }
        self.record_mended().await;
        let is_suspected = self.is_damage_suspected;
        if is_suspected {
            // What is damaged is set aside, and the stages run once more.
            self.verify_all().await;
            self.rests.end();
            self.flush().await;
            self.profile(None).await;
            self.judge(None).await;
            if self.is_interrupted {
                return Err(stopping());
            }
            self.record_mended().await;
        }
        // A job that failed when it ran before is tried again: what it told may be over.
        if self.has_failed("retention") {
            self.tidy_all().await;
        }
        if self.has_failed("verification") && !is_suspected {
            self.verify_all().await;
        }
        self.measure_storage().await;
        let errors = self.shared.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match errors.iter().next() {
            None => Ok(()),
            Some((stage, _)) => Err(format!("the stage {stage} failed; GET /v1/status tells why")),
        }
    }

    /// How many times as long as it worked a job rests between two pieces: less where no stage has anything to do.
    fn rest(&self) -> u32 {
        let is_idle = self.waiting_rows() == 0 && self.unprofiled.is_empty() && self.unjudged.is_empty();
        if is_idle { 1 } else { REST }
    }

    fn has_failed(&self, stage: &str) -> bool {
        self.shared.errors.lock().unwrap_or_else(PoisonError::into_inner).contains_key(stage)
    }

    fn waiting_rows(&self) -> u64 {
        let durable = self.parts.workspace.journal().durable_offset();
        durable.saturating_sub(self.shared.segment_offset.load(Ordering::Relaxed))
    }

    fn lag(&self, stage: &'static str, events: u64) {
        self.parts.metrics.stage_lag_events.get_or_create(&Stage { stage }).set(events as i64);
    }

    async fn flush(&mut self) {
        let started = Instant::now();
        let durable = self.parts.workspace.journal().durable_offset();
        let keep_from = {
            let seen = self.parts.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.oldest_offset().unwrap_or(u64::MAX)
        };
        let touched = Mutex::new(0);
        let models = self.pipelines.len();
        let rests = &self.rests;
        let ready = self.pipelines.iter_mut().filter(|(model, _)| !rests.has("segments", model));
        let mut pipelines: Vec<&mut Pipeline> = ready.map(|(_, pipeline)| pipeline).collect();
        let ready: Vec<String> = pipelines.iter().map(|pipeline| pipeline.spec().model.clone()).collect();
        // What the tables of a model at rest hold is not known, so that nothing may be cut.
        let keep_from = if ready.len() < models { 0 } else { keep_from };
        let report = |rows: u64| *touched.lock().unwrap_or_else(PoisonError::into_inner) += rows;
        let flushed = flush(&self.parts.workspace, &mut pipelines, keep_from, &report).await;
        let changed: Vec<String> = self
            .pipelines
            .iter_mut()
            .filter_map(|(name, pipeline)| pipeline.take_changed().then(|| name.clone()))
            .collect();
        changed.iter().for_each(|model| self.shared.generations.committed(model));
        self.unprofiled.extend(changed.iter().cloned());
        self.unjudged.extend(changed);
        self.tell_models();
        self.tried = durable;
        let refused = match flushed {
            Ok((flushed, refused)) => {
                self.shared.told.add(&Derived::ALL.map(Derived::name), flushed.rows);
                self.shared.moved_offset.store(durable, Ordering::Relaxed);
                refused
            }
            Err(error) => {
                self.shared.generations.revised_all();
                self.finished("segments", started, Err(error));
                return;
            }
        };
        let complete = refused.is_empty() && ready.len() == models;
        for model in ready.iter().filter(|model| !refused.iter().any(|(refused, _)| refused == *model)) {
            self.forget("segments", model);
        }
        for (model, error) in refused {
            self.finished_of("segments", &model, started.elapsed(), Err(error));
        }
        self.finished("segments", started, Ok(()));
        if complete {
            self.shared.segment_offset.store(durable, Ordering::Relaxed);
            self.lag("segments", self.waiting_rows());
            self.shared.told.wait("segments", self.waiting_rows());
        }
        let journal = self.parts.workspace.journal();
        self.parts.metrics.journal_bytes.set(journal.size_bytes() as i64);
    }

    /// A letter that cannot be written costs no event, so that it fails no stage.
    fn write_dead_letters(&self) {
        match self.parts.dead_letters.write() {
            Ok((written, skipped)) => {
                self.parts.metrics.dead_letters.inc_by(written);
                self.parts.metrics.dead_letters_skipped.inc_by(skipped);
            }
            Err(error) => tracing::warn!(%error, "dead letters cannot be written"),
        }
    }

    async fn write_tallies(&mut self) {
        self.write_dead_letters();
        let taken = self.parts.tallies.take();
        if taken.is_empty() {
            return;
        }
        let tallies: Vec<Tally> = taken
            .iter()
            .map(|(key, count)| Tally {
                model: key.model.clone(),
                hour_microseconds: key.hour,
                what: key.what.to_owned(),
                subject: key.subject.clone(),
                count: i64::try_from(*count).unwrap_or(i64::MAX),
            })
            .collect();
        let started = Instant::now();
        let written = self.parts.workspace.catalogue().add_tallies(DEFAULT_WORKSPACE, &tallies).await;
        if !self.finished("tallies", started, written.map_err(PipelineError::from)) {
            self.parts.tallies.put_back(taken);
        }
    }

    /// Notes how a stage ended that ran for all models together; says whether well.
    fn finished(&self, stage: &'static str, started: Instant, result: Result<(), PipelineError>) -> bool {
        self.note(stage, stage.to_owned(), started.elapsed(), result)
    }

    /// The same of a stage that ran for one model: where it failed, the model is left alone for a while, so that what
    /// only a person can mend is not tried, and told, without end.
    fn finished_of(&mut self, stage: &'static str, model: &str, took: Duration, result: Result<(), PipelineError>) {
        if model == EVERY_MODEL {
            self.shared.generations.revised_all();
        } else {
            self.shared.generations.committed(model);
        }
        if self.note(stage, key_of(stage, model), took, result) {
            self.forget(stage, model);
        } else {
            self.rests.begin(stage, model);
            self.parts.metrics.stopped_models.set(self.rests.models("segments") as i64);
        }
    }

    /// Forgets that a stage failed at a model.
    fn forget(&mut self, stage: &'static str, model: &str) {
        self.rests.forget(stage, model);
        self.parts.metrics.stopped_models.set(self.rests.models("segments") as i64);
        self.shared.errors.lock().unwrap_or_else(PoisonError::into_inner).remove(&key_of(stage, model));
    }

    fn note(&self, stage: &'static str, key: String, took: Duration, result: Result<(), PipelineError>) -> bool {
        let labels = Stage { stage };
        self.parts.metrics.stage_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.shared.told.ran(stage, (self.parts.wall)(), took);
        let mut errors = self.shared.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) => {
                errors.remove(&key);
                true
            }
            Err(error) => {
                let text = first_line(&error);
                if error.is_unreadable() {
                    tracing::error!(
                        stage = key,
                        error = text,
                        "a table cannot be read; its events wait in the journal"
                    );
                } else {
                    tracing::error!(stage = key, error = text, "a stage failed; it is tried again");
                }
                self.parts.metrics.stage_failures.get_or_create(&labels).inc();
                errors.insert(key, text);
                false
            }
        }
    }
}

/// A model whose flow was opened, why its tables cannot be read where that is so, and how long it took.
struct Opened {
    pipeline: Pipeline,
    unreadable: Option<PipelineError>,
    took: Duration,
}

async fn open(workspace: Arc<Workspace>, spec: Spec, text: String, now: Timestamp) -> Result<Opened, PipelineError> {
    let started = Instant::now();
    let (pipeline, unreadable) = Pipeline::of_any(workspace, spec, &text, now).await?;
    Ok(Opened { pipeline, unreadable, took: started.elapsed() })
}

/// The name of a stage that ran for one model, or for all together.
fn key_of(stage: &str, model: &str) -> String {
    if model == EVERY_MODEL { stage.to_owned() } else { format!("{stage}/{model}") }
}

/// The first line of an error: libraries put backtraces behind it, which nobody who asks for the status wants.
fn first_line(error: &PipelineError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
