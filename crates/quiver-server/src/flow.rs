//! The flow behind the journal, on time: one task that flushes, profiles, joins, judges and tidies up, so that no two
//! stages ever touch the tables at once.

mod rest;
mod told;
mod upkeep;

pub use told::StageState;
pub use upkeep::{RetentionOptions, free_disk_bytes};

use crate::clock::Clock;
use crate::ingest::Doors;
use crate::ingest::dead_letters::DeadLetters;
use crate::ingest::seen::{Marker, Seen};
use crate::ingest::tally::Tallies;
use crate::metrics::{Metrics, Stage};
use crate::pipeline::{
    Derived, Pipeline, PipelineError, SharedCommit, StoredTable, Tidied, Workspace, at_once, flush, record_mended,
};
use futures::{StreamExt, stream};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, Tally};
use rest::Rests;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use told::Told;

/// How often the flow looks whether there is something to do.
const TICK: Duration = Duration::from_millis(250);

/// How often counters are written to the catalogue.
const TALLY_EVERY: Duration = Duration::from_secs(1);

/// How often it is measured what the tables take on the disk.
const STORAGE_EVERY: Duration = Duration::from_secs(60);

/// A stage that fails has every file read again, and a job that failed runs again, but not more often than this.
const AFTER_FAILURE: Duration = Duration::from_secs(300);

/// In the place of a model: what a stage does for all of them together.
const EVERY_MODEL: &str = "";

/// The most models that a stage runs for at the same time: each has memory of its own.
const MODELS_AT_ONCE: usize = 4;

/// What models have derived is committed so often while others still run.
const COMMIT_EVERY: Duration = Duration::from_secs(5);

/// A stage rests so many times as long as it took: joins read whole windows again, and must not take all the time.
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

/// What can be asked of the flow.
#[derive(Debug)]
enum Request {
    Put { spec: Box<Spec>, text: String, reply: oneshot::Sender<Result<i64, String>> },
    Run { reply: oneshot::Sender<Result<(), String>> },
    Stop { reply: oneshot::Sender<()> },
}

/// The way to the flow.
#[derive(Debug, Clone)]
pub struct FlowHandle {
    sender: mpsc::Sender<Request>,
    shared: Arc<Shared>,
    started: Instant,
}

#[derive(Debug, Default)]
struct Shared {
    segment_offset: AtomicU64,
    /// Grows whenever something may have been committed.
    generation: AtomicU64,
    errors: Mutex<BTreeMap<String, String>>,
    told: Told,
    /// Whether the flow is to end: a stage that runs for a long time ends where it is.
    stopping: watch::Sender<bool>,
}

impl FlowHandle {
    /// The offset below which every event is in the tables.
    pub fn segment_offset(&self) -> u64 {
        self.shared.segment_offset.load(Ordering::Relaxed)
    }

    /// A number that grows whenever something may have been committed: while it stays, so do answers about it.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// The last error of each stage that failed when it last ran.
    pub fn stage_errors(&self) -> BTreeMap<String, String> {
        self.shared.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long ago the flow was made.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// How each stage ran last, and what waits for it.
    pub fn stages(&self) -> BTreeMap<&'static str, StageState> {
        self.shared.told.stages()
    }

    /// What retention did when it last ran well.
    pub fn tidied(&self) -> Option<Tidied> {
        self.shared.told.tidied()
    }

    /// What every table takes on the disk, as of a minute ago at most.
    pub fn storage(&self) -> Vec<StoredTable> {
        self.shared.told.storage()
    }

    /// Takes a model in, or another version of its spec; gives the version.
    pub async fn put(&self, spec: Spec, text: String) -> Result<i64, String> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Put { spec: Box::new(spec), text, reply }, answer).await?
    }

    /// Runs every stage now.
    pub async fn run_now(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Run { reply }, answer).await?
    }

    /// Ends the flow after a last flush; where a stage had to be ended for that, the journal keeps what waits.
    pub async fn stop(&self) {
        self.shared.stopping.send_replace(true);
        let (reply, answer) = oneshot::channel();
        // A flow that is gone has stopped.
        let _ = self.ask(Request::Stop { reply }, answer).await;
    }

    async fn ask<T>(&self, request: Request, answer: oneshot::Receiver<T>) -> Result<T, String> {
        self.sender.send(request).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())
    }
}

fn stopping() -> String {
    "the server is stopping; send again later".to_owned()
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
    /// When every file was read last.
    verified: Option<Instant>,
    /// The offset up to which rows were tried to be moved into tables.
    tried: u64,
    /// Models that a stage failed at.
    rests: Rests,
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
        self.unprofiled.insert(model.clone());
        self.unjudged.insert(model);
        self.tell_models();
        self.shared.generation.fetch_add(1, Ordering::Release);
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
            self.profile().await;
            self.due.flush = Instant::now() + self.options.flush_every;
        } else if !self.unprofiled.is_empty() {
            // A spec or a Quiver that measures otherwise counts everything anew, whether new rows come or not.
            self.profile().await;
        }
        if now >= self.due.judge && !self.unjudged.is_empty() {
            let started = Instant::now();
            self.judge().await;
            self.due.judge = Instant::now() + self.options.judge_every.max(started.elapsed() * REST);
        }
        if self.is_interrupted {
            return;
        }
        if now >= self.due.verify {
            self.verify().await;
        }
        if now >= self.due.retention {
            let started = Instant::now();
            self.tidy().await;
            let every = self.next_of("retention", self.options.retention.every);
            self.due.retention = Instant::now() + every.max(started.elapsed() * REST);
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
        self.profile().await;
        self.judge().await;
        if self.is_interrupted {
            return Err(stopping());
        }
        self.record_mended().await;
        if Instant::now() >= self.due.verify {
            // A stage failed: what is damaged is set aside, and the stages run once more.
            self.verify().await;
            self.rests.end();
            self.flush().await;
            self.profile().await;
            self.judge().await;
            if self.is_interrupted {
                return Err(stopping());
            }
            self.record_mended().await;
        }
        // A job that failed when it ran last is tried again: what it told may be over.
        if self.has_failed("retention") {
            self.tidy().await;
        }
        if self.has_failed("verification") {
            self.verify().await;
        }
        self.measure_storage().await;
        let errors = self.shared.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match errors.iter().next() {
            None => Ok(()),
            Some((stage, _)) => Err(format!("the stage {stage} failed; GET /v1/status tells why")),
        }
    }

    /// When a job runs next: one that failed does so soon, so that what it told does not outlive its cause by a day.
    fn next_of(&self, job: &str, every: Duration) -> Duration {
        if self.has_failed(job) { every.min(AFTER_FAILURE) } else { every }
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
        self.unprofiled.extend(changed.iter().cloned());
        self.unjudged.extend(changed);
        self.tell_models();
        self.tried = durable;
        let refused = match flushed {
            Ok((flushed, refused)) => {
                self.shared.told.add(&Derived::ALL.map(Derived::name), flushed.rows);
                refused
            }
            Err(error) => {
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

    /// Tells for how many models each derived stage has yet to run.
    fn tell_models(&self) {
        let told = &self.shared.told;
        told.wait_for_models("profiles", self.unprofiled.len());
        told.wait_for_models("outcomes", self.unjudged.len());
        told.wait_for_models("findings", self.unjudged.len());
    }

    async fn profile(&mut self) {
        let models = std::mem::take(&mut self.unprofiled);
        self.unprofiled = self.derive(Derived::Profiles, models).await;
        self.lag("profiles", self.unprofiled.len() as u64);
        if self.unprofiled.is_empty() {
            self.shared.told.wait("profiles", 0);
        }
        self.tell_models();
    }

    async fn judge(&mut self) {
        if self.is_interrupted {
            return;
        }
        let models = std::mem::take(&mut self.unjudged);
        let unjoined = self.derive(Derived::Outcomes, models.clone()).await;
        self.unjudged = self.derive(Derived::Findings, models).await;
        self.unjudged.extend(unjoined);
        self.lag("findings", self.unjudged.len() as u64);
        if self.unjudged.is_empty() {
            self.shared.told.wait("outcomes", 0);
            self.shared.told.wait("findings", 0);
        }
        self.tell_models();
    }

    /// Runs a stage for these models, whose rows are committed together; returns the models that it has to run for
    /// again.
    async fn derive(&mut self, derived: Derived, models: BTreeSet<String>) -> BTreeSet<String> {
        let stage = derived.name();
        if models.is_empty() || self.is_interrupted || self.rests.has(stage, EVERY_MODEL) {
            return models;
        }
        let started = Instant::now();
        let output = match SharedCommit::open(&self.parts.workspace, derived).await {
            Ok(output) => output,
            Err(error) => {
                self.finished_of(stage, EVERY_MODEL, started.elapsed(), Err(error));
                self.suspect_damage();
                return models;
            }
        };
        let output = Arc::new(output);
        let (mut again, mut ended) = (BTreeSet::new(), Vec::new());
        let mut shared = Ok(());
        let mut committed = Instant::now();
        let mut running = JoinSet::new();
        let mut next = models.iter();
        let mut stopping = self.shared.stopping.subscribe();
        loop {
            while running.len() < models_at_once() && shared.is_ok() {
                let Some(model) = next.next() else { break };
                if self.rests.has(stage, model) {
                    again.insert(model.clone());
                } else if let Some(pipeline) = self.pipelines.remove(model) {
                    running.spawn(derive_of(derived, pipeline, Arc::clone(&output)));
                }
            }
            // One that takes long must not keep those that are done from being seen.
            let joined = tokio::select! {
                joined = tokio::time::timeout(COMMIT_EVERY, running.join_next()) => joined,
                // Nothing of it is committed by halves, and what it would have derived is derived after the next start.
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {
                    self.is_interrupted = true;
                    return models;
                }
            };
            if let Ok(Some(joined)) = joined {
                let (pipeline, took, ran) = joined.expect("a stage is not cancelled, and its panic is one of the flow");
                let model = pipeline.spec().model.clone();
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
                    again.extend(self.note_ended(stage, std::mem::take(&mut ended)));
                    self.shared.told.wait_for_models(stage, running.len() + next.len() + again.len());
                }
            }
            if is_last {
                break;
            }
        }
        match shared {
            Ok(()) => {
                self.forget(stage, EVERY_MODEL);
                again
            }
            Err(error) => {
                // Whoever's rows got into no commit derives them again; the others find nothing to do.
                self.finished_of(stage, EVERY_MODEL, started.elapsed(), Err(error));
                self.suspect_damage();
                models
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

    async fn tidy(&mut self) {
        let started = Instant::now();
        let now = self.parts.clock.now();
        let (wall, options) = ((self.parts.wall)(), self.options.retention);
        let mut stopping = self.shared.stopping.subscribe();
        let tidied = tokio::select! {
            tidied = upkeep::tidy(&self.parts, &mut self.pipelines, &self.rests, options, now, wall) => tidied,
            // Merging the files of a large folder takes minutes. A file that got into no commit is an orphan, which a later
            // run removes.
            _ = stopping.wait_for(|is_stopping| *is_stopping) => {
                self.is_interrupted = true;
                return;
            }
        };
        if let Ok(report) = &tidied {
            tracing::info!(
                rows_files = report.expired_files,
                compacted = report.compacted_files,
                orphans = report.removed_files,
                bytes = report.removed_bytes,
                "retention ran"
            );
            self.shared.told.set_tidied(*report);
        }
        self.finished("retention", started, tidied.map(|_| ()));
    }

    async fn verify(&mut self) {
        let started = Instant::now();
        let now = (self.parts.wall)();
        let (damaged, refused) = upkeep::set_damage_aside(&self.parts, &mut self.pipelines, &self.rests, now).await;
        if damaged > 0 {
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
    async fn measure_storage(&mut self) {
        match upkeep::measure_storage(&self.parts, &self.pipelines).await {
            Ok(stored) => self.shared.told.set_storage(stored),
            Err(error) => {
                tracing::warn!(error = first_line(&error), "what the tables take on the disk cannot be measured");
            }
        }
        self.due.storage = Instant::now() + STORAGE_EVERY;
    }

    /// Records and counts what was mended in the logs of tables, wherever they were opened.
    async fn record_mended(&self) {
        match record_mended(&self.parts.workspace, (self.parts.wall)()).await {
            Ok(files) => {
                self.parts.metrics.damaged_files.inc_by(files);
            }
            Err(error) => tracing::error!(%error, "what was mended in the logs of tables cannot be recorded"),
        }
    }

    /// A stage that cannot read a table may have met a damaged file.
    fn suspect_damage(&mut self) {
        if self.verified.is_none_or(|at| at.elapsed() > AFTER_FAILURE) {
            self.due.verify = Instant::now();
        }
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

    /// Notes how a stage ended; says whether well.
    fn finished(&self, stage: &'static str, started: Instant, result: Result<(), PipelineError>) -> bool {
        self.note(stage, stage.to_owned(), started.elapsed(), result)
    }

    /// The same of a stage that ran for one model: where it failed, the model is left alone for a while, so that what
    /// only a person can mend is not tried, and told, without end.
    fn finished_of(&mut self, stage: &'static str, model: &str, took: Duration, result: Result<(), PipelineError>) {
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
        // What the door counted is told by the status alone; it would change every second.
        if stage != "tallies" {
            self.shared.generation.fetch_add(1, Ordering::Release);
        }
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

/// The name of a stage that ran for one model, or for all together.
fn key_of(stage: &str, model: &str) -> String {
    if model == EVERY_MODEL { stage.to_owned() } else { format!("{stage}/{model}") }
}

/// The first line of an error: libraries put backtraces behind it, which nobody who asks for the status wants.
fn first_line(error: &PipelineError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
