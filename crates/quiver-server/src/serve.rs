//! Puts the server together: opens the folder, rebuilds what is remembered, opens the ports, and ends all of it in order.

use crate::clock::Clock;
use crate::config::{self, ServerConfig};
use crate::flow::{Flow, FlowHandle, FlowOptions, FlowParts, MOST_NEW_FILES, RetentionOptions, flow, free_disk_bytes};
use crate::http::{App, BodyLimits, Guard, ListenError, Listener, Tls, Ui, UiFiles};
use crate::ingest::body::{BodyReader, RequestLimits};
use crate::ingest::budget::Budget;
use crate::ingest::commit::{self, Lot, Parts, Prepared, Wall};
use crate::ingest::dead_letters::DeadLetters;
use crate::ingest::lag::Lag;
use crate::ingest::seen::{Seen, SeenOptions};
use crate::ingest::tally::Tallies;
use crate::ingest::{Acknowledgement, CommitError, Committer, Doors, Receipt};
use crate::metrics::Metrics;
use crate::pipeline::{PipelineError, Workspace};
use crate::subject_keys::{self, SubjectKeysError};
use crate::views::Views;
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use quiver_door::detect::{DetectError, Detectors};
use quiver_door::spec_file::parse_spec;
use quiver_event::batch::{EventBatch, column};
use quiver_event::spec::Spec;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use quiver_store::journal::Recovery;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The longest event; a body may be longer.
const EVENT_BYTES: usize = 1 << 20;

/// Threads of the flow get about a third of the time of those that answer requests, where both want the processors.
#[cfg(target_os = "linux")]
const FLOW_NICENESS: i32 = 5;

/// How often the disk is looked at, and waiting halves are taken out.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The keys of pseudonyms cannot be used.
    #[error(transparent)]
    SubjectKeys(#[from] SubjectKeysError),
    /// The detectors of personal data cannot be made.
    #[error("the detectors of personal data cannot be made: {0}")]
    Detectors(#[from] DetectError),
    /// A port cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A stored spec is not valid for this version.
    #[error(
        "the stored spec of the model {model} is not valid for this quiver: {errors}; put a corrected spec with `quiver serve --spec`"
    )]
    Spec {
        /// The model.
        model: String,
        /// What is wrong.
        errors: String,
    },
    /// A port that others can reach asks for keys, and there is none.
    #[error("{address} can be reached by others and asks for keys, but there is none yet; make one with `{} --data-folder {}`", config::KEY_COMMAND, folder.display())]
    NoKeys {
        /// The address.
        address: SocketAddr,
        /// The data folder.
        folder: std::path::PathBuf,
    },
    /// The system refused.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What only the binary can give.
pub struct Outside {
    /// Reads the wall's time.
    pub wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// 32 random bytes, each time it is called.
    pub random: fn() -> [u8; 32],
    /// Specs to put at the start, each with its text.
    pub specs: Vec<(Spec, String)>,
    /// The files of the web UI.
    pub ui: UiFiles,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Outside").field("specs", &self.specs.len()).finish()
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// Where the API listens.
    pub address: SocketAddr,
    /// Where OTLP over HTTP listens.
    pub otlp_http: Option<SocketAddr>,
    /// Where OTLP over gRPC listens.
    pub otlp_grpc: Option<SocketAddr>,
    /// What recovery found.
    pub recovery: Recovery,
    app: Arc<App>,
    stopping: watch::Sender<bool>,
    listeners: JoinSet<()>,
    flow: std::thread::JoinHandle<()>,
    /// What goes on beside requests.
    beside: JoinSet<()>,
    writer: std::thread::JoinHandle<()>,
    config: ServerConfig,
}

impl Server {
    /// Opens everything; when this returns, the server is ready.
    ///
    /// # Errors
    /// When the folder, a key, a spec or a port cannot be used.
    pub async fn start(config: ServerConfig, outside: Outside) -> Result<Self, ServeError> {
        let epoch = uuid::Uuid::now_v7();
        let (workspace, recovery) = Workspace::open(&config.data_folder, epoch).await?;
        let workspace = Arc::new(workspace);
        let keys = Arc::new(subject_keys::open(workspace.folder().path(), (outside.random)())?);
        let detectors = Arc::new(Detectors::new()?);
        let doors = Arc::new(Doors::new(keys, detectors));
        let metrics = Arc::new(Metrics::new());
        let clock = match config.clock {
            config::Clock::Wall => Clock::Wall(Arc::clone(&outside.wall)),
            config::Clock::Replay => Clock::replay(),
        };
        let secret = u64::from_le_bytes((outside.random)()[..8].try_into().unwrap_or_default());
        let seen = remembered(&workspace, &config, secret, &clock)?;
        let seen = Arc::new(Mutex::new(seen));
        let tallies = Arc::new(Tallies::default());
        let dead_letter_bytes = config.ingest.dead_letters.in_memory() as u64;
        let dead_letters = Arc::new(DeadLetters::new(workspace.folder().path(), dead_letter_bytes));
        let (mut flow, handle) = flow(
            FlowParts {
                workspace: Arc::clone(&workspace),
                doors: Arc::clone(&doors),
                seen: Arc::clone(&seen),
                tallies: Arc::clone(&tallies),
                dead_letters: Arc::clone(&dead_letters),
                metrics: Arc::clone(&metrics),
                clock: clock.clone(),
                wall: Arc::clone(&outside.wall),
            },
            flow_options(&config),
        );
        check_keys(&config, &workspace).await?;
        put_specs(&mut flow, &workspace, outside.specs).await?;
        metrics.lost_offsets.set(workspace.lost_offsets() as i64);
        if workspace.lost_offsets() > 0 || recovery.torn_tail.is_some() {
            let horizon = config.ingest.deduplication.horizon.microseconds();
            flow.remember_from_tables(secret, Timestamp(clock.now().0.saturating_sub(horizon))).await?;
        }
        let parts = Arc::new(Parts {
            workspace: Arc::clone(&workspace),
            seen,
            secret,
            clock,
            wall: Wall(outside.wall),
            tallies,
            dead_letters,
            metrics: Arc::clone(&metrics),
        });
        let (committer, writer) = Committer::start(Arc::clone(&parts))
            .map_err(|source| ServeError::System { action: "start the writer's thread", source })?;
        let app = Arc::new(app(&config, workspace, parts, (committer, handle), doors, metrics, Ui::new(outside.ui)));
        let (stopping, stop) = watch::channel(false);
        look_at_disk(&app, &config);
        let (listeners, addresses) = listen(&config, &app, &stop).await?;
        let flow =
            start_flow(flow).map_err(|source| ServeError::System { action: "start the flow's threads", source })?;
        let mut beside = JoinSet::new();
        beside.spawn(watch_over(Arc::clone(&app), config.clone(), stop.clone()));
        beside.spawn(renew_answers(Arc::clone(&app), stop));
        app.ready.store(true, Ordering::Release);
        let [address, otlp_http, otlp_grpc] = addresses;
        let address = address.unwrap_or(config.http.listen.0);
        Ok(Self { address, otlp_http, otlp_grpc, recovery, app, stopping, listeners, flow, beside, writer, config })
    }

    /// Takes models in, or other versions of their specs, while the server runs.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub async fn put_specs(&self, specs: Vec<(Spec, String)>) -> Result<(), String> {
        for (spec, text) in specs {
            self.app.flow.put(spec, text).await?;
        }
        Ok(())
    }

    /// Takes events in that came over no port, as if they had: cleaned, written and acknowledged.
    ///
    /// # Errors
    /// When they cannot be redacted or written; nothing of them was kept then.
    pub async fn take(&self, batches: &[EventBatch]) -> Result<Receipt, CommitError> {
        let parts = &self.app.reader.parts;
        let mut lots = Vec::new();
        for batch in batches {
            let door = self.app.doors.get(&batch.model);
            let door = door.ok_or_else(|| CommitError::Internal(format!("no spec of the model {}", batch.model)))?;
            let cleaned = commit::clean(&door, batch, parts)?;
            let latest = arrow::compute::max(cleaned.rows[column::AT].as_primitive::<TimestampMicrosecondType>());
            latest.into_iter().for_each(|at| parts.clock.saw(Timestamp(at)));
            lots.push(Lot::Rows(Box::new(Prepared::new(cleaned, parts.secret)?)));
        }
        self.app.committer.commit(lots, self.app.budget.hold(), Acknowledgement::Synced).await
    }

    /// Runs every stage now instead of at its next time.
    ///
    /// # Errors
    /// When a stage fails.
    pub async fn run_flow(&self) -> Result<(), String> {
        self.app.flow.run_now().await
    }

    /// Ends the server: takes nothing new, answers what is open, writes what was handed in, flushes, and returns.
    pub async fn stop(mut self) {
        tracing::info!("stopping: open requests are answered");
        // Nobody is left to hear it when all listeners have ended.
        let _ = self.stopping.send(true);
        let drain = Duration::from_micros(self.config.http.drain.microseconds().unsigned_abs());
        let _ = tokio::time::timeout(drain, async { while self.listeners.join_next().await.is_some() {} }).await;
        self.listeners.shutdown().await;
        while self.beside.join_next().await.is_some() {}
        commit_halves(&self.app, |halves| halves.drain()).await;
        self.app.flow.stop().await;
        // The writer ends with the last way to it, and that is in the app.
        drop(self.app);
        let (flow, writer) = (self.flow, self.writer);
        let _ = tokio::task::spawn_blocking(move || (flow.join(), writer.join())).await;
        tracing::info!("stopped");
    }
}

/// Runs the flow in threads of its own: its stages compute for long between two waits, and no request stands behind them.
fn start_flow(flow: Flow) -> std::io::Result<std::thread::JoinHandle<()>> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.thread_name("quiver-flow").on_thread_start(give_way).enable_all().build()?;
    std::thread::Builder::new().name("quiver-flow".to_owned()).spawn(move || {
        give_way();
        runtime.block_on(flow.run());
    })
}

/// Has this thread give way to those that answer requests.
fn give_way() {
    // Of Linux alone the nice value is one of each thread (setpriority(2)).
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, FLOW_NICENESS) {
        static TOLD: std::sync::Once = std::sync::Once::new();
        TOLD.call_once(|| tracing::warn!(%error, "the flow runs at the priority of requests"));
    }
}

fn remembered(workspace: &Workspace, config: &ServerConfig, secret: u64, clock: &Clock) -> Result<Seen, ServeError> {
    let deduplication = &config.ingest.deduplication;
    let mut seen = Seen::new(SeenOptions {
        horizon_microseconds: deduplication.horizon.microseconds(),
        memory_bytes: deduplication.memory.in_memory(),
    });
    let rows = commit::remember(workspace, &mut seen, secret, clock.now().0)?;
    tracing::info!(rows, ids = seen.len(), "the journal was read");
    Ok(seen)
}

/// Refuses to open a port that nobody could use.
async fn check_keys(config: &ServerConfig, workspace: &Workspace) -> Result<(), ServeError> {
    let mut listeners = config.listeners().into_iter().map(|(_, address)| address);
    let refused = |address: &config::Address| config.auth.keys.requires_key(*address) && !address.is_loopback();
    let Some(address) = listeners.find(refused) else { return Ok(()) };
    let keys = workspace.catalogue().keys(DEFAULT_WORKSPACE).await.map_err(PipelineError::from)?;
    match keys.iter().any(|key| key.revoked_at_microseconds.is_none()) {
        true => Ok(()),
        false => Err(ServeError::NoKeys { address: address.0, folder: config.data_folder.clone() }),
    }
}

fn duration(duration: quiver_event::units::Duration) -> Duration {
    Duration::from_micros(duration.microseconds().unsigned_abs())
}

fn flow_options(config: &ServerConfig) -> FlowOptions {
    FlowOptions {
        flush_every: duration(config.flow.flush_every),
        flush_rows: u64::from(config.flow.flush_rows),
        judge_every: duration(config.flow.judge_every),
        retention: RetentionOptions {
            every: duration(config.retention.every),
            most_new_files: MOST_NEW_FILES,
            orphans_after: duration(config.retention.orphans_after),
            verify_every: duration(config.retention.verify_every),
        },
    }
}

/// The specs given now, and those that the folder holds of other models.
async fn put_specs(flow: &mut Flow, workspace: &Arc<Workspace>, specs: Vec<(Spec, String)>) -> Result<(), ServeError> {
    let given: BTreeSet<String> = specs.iter().map(|(spec, _)| spec.model.clone()).collect();
    let mut all = specs;
    let models = workspace.catalogue().models(DEFAULT_WORKSPACE).await.map_err(PipelineError::from)?;
    for model in models.into_iter().filter(|model| !given.contains(model)) {
        let stored = workspace.catalogue().latest_spec(DEFAULT_WORKSPACE, &model).await.map_err(PipelineError::from)?;
        let Some(version) = stored else { continue };
        let spec = parse_spec(&version.yaml, "the stored spec")
            .map_err(|errors| ServeError::Spec { model: model.clone(), errors: errors.render() })?;
        all.push((spec, version.yaml));
    }
    Ok(flow.put_all(all).await?)
}

fn app(
    config: &ServerConfig,
    workspace: Arc<Workspace>,
    parts: Arc<Parts>,
    (committer, flow): (Committer, FlowHandle),
    doors: Arc<Doors>,
    metrics: Arc<Metrics>,
    ui: Ui,
) -> App {
    let limits = RequestLimits {
        event_bytes: EVENT_BYTES.min(config.http.decoded_limit.in_memory()),
        events: config.ingest.events_per_request as usize,
        clock_skew_microseconds: config.ingest.max_clock_skew.microseconds(),
    };
    let views = Views::new(workspace.catalogue().clone());
    App {
        reader: BodyReader { doors: Arc::clone(&doors), limits, parts },
        workspace,
        doors,
        committer,
        flow,
        metrics,
        budget: Budget::new(config.ingest.queue.in_memory()),
        at_work: crate::http::AtWork::default(),
        limits: BodyLimits {
            encoded_bytes: config.http.body_limit.in_memory(),
            decoded_bytes: config.http.decoded_limit.in_memory(),
            timeout: duration(config.http.request_timeout),
        },
        read_only: AtomicBool::new(false),
        ready: AtomicBool::new(false),
        spans: Mutex::default(),
        halves: Mutex::default(),
        keys: crate::http::KeyCache::default(),
        rate: crate::http::Rate::new(config.ingest.rate_limit.per_second),
        views,
        answers: Default::default(),
        overview_models: Default::default(),
        feature_rows: Default::default(),
        ui,
    }
}

/// The addresses of the API, of OTLP over HTTP and of OTLP over gRPC.
type Addresses = [Option<SocketAddr>; 3];

async fn listen(
    config: &ServerConfig,
    app: &Arc<App>,
    stop: &watch::Receiver<bool>,
) -> Result<(JoinSet<()>, Addresses), ServeError> {
    let tls = config.http.tls.as_ref().map(|tls| Tls::read(&tls.certificate, &tls.key)).transpose()?;
    let connections = Arc::new(Semaphore::new(config.http.max_connections as usize));
    let hosts: Option<Arc<[String]>> = config.http.allowed_hosts().map(Into::into);
    let otlp = config.otlp.as_ref();
    let wanted = [
        Some((config.http.listen, crate::http::api as fn(&Guard) -> axum::Router)),
        otlp.and_then(|otlp| Some((otlp.http?, crate::http::otlp_http as fn(&Guard) -> axum::Router))),
        otlp.and_then(|otlp| Some((otlp.grpc?, crate::http::otlp_grpc as fn(&Guard) -> axum::Router))),
    ];
    let mut listeners = JoinSet::new();
    let mut addresses = [None; 3];
    for (index, wanted) in wanted.into_iter().enumerate() {
        let Some((address, routes)) = wanted else { continue };
        let requires_key = config.auth.keys.requires_key(address);
        let guard = Guard { app: Arc::clone(app), requires_key, hosts: hosts.clone() };
        let timeout = duration(config.http.header_timeout);
        let places = Arc::clone(&connections);
        let metrics = Arc::clone(&app.metrics);
        let listener = Listener::bind(address.0, routes(&guard), tls.clone(), timeout, places, metrics).await?;
        addresses[index] = listener.address().ok();
        listeners.spawn(listener.run(stop.clone(), duration(config.http.drain)));
    }
    Ok((listeners, addresses))
}

/// Looks at the disk and at what waits for the tables, and takes out halves whose other half did not come.
async fn watch_over(app: Arc<App>, config: ServerConfig, mut stop: watch::Receiver<bool>) {
    let mut lag = Lag::default();
    loop {
        look_at_disk(&app, &config);
        let waited = lag.note(Instant::now(), app.workspace.journal().durable_offset(), app.flow.moved_offset());
        app.metrics.tables_lag_seconds.set(waited.as_secs() as i64);
        // Until they are due to be written events wait in any case.
        let bound = duration(config.flow.flush_every) + duration(config.flow.slow_down_after);
        app.at_work.pace(waited, bound).await;
        let now = (app.reader.parts.wall.0)();
        commit_halves(&app, |halves| halves.expire(now)).await;
        {
            let seen = app.reader.parts.seen.lock().unwrap_or_else(PoisonError::into_inner);
            app.metrics.deduplication_ids.set(seen.len() as i64);
            let reach = seen.reach_microseconds(app.reader.parts.clock.now().0);
            app.metrics.deduplication_reach_seconds.set(reach / 1_000_000);
        }
        app.rate.forget_idle();
        tokio::select! {
            () = tokio::time::sleep(WATCH_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Keeps the answers that readers asked for lately up to date until the server stops.
async fn renew_answers(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = crate::http::renew_answers(app) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

fn look_at_disk(app: &App, config: &ServerConfig) {
    let found = free_disk_bytes(app.workspace.folder().path());
    let Ok((free, total)) = found else { return };
    app.metrics.free_disk_bytes.set(i64::try_from(free).unwrap_or(i64::MAX));
    let mark = config.disk.read_only_below.of_disk(quiver_event::units::Bytes::new(total)).bytes();
    let was = app.read_only.swap(free < mark, Ordering::Relaxed);
    app.metrics.read_only.set(i64::from(free < mark));
    match (was, free < mark) {
        (false, true) => tracing::warn!(free, mark, "the disk is nearly full: events are refused, queries still work"),
        (true, false) => tracing::info!(free, mark, "there is space again: events are taken"),
        _ => {}
    }
}

async fn commit_halves(
    app: &App,
    take: impl FnOnce(&mut quiver_door::decode::cloudevents::PendingHalves) -> Vec<quiver_door::decode::incoming::Incoming>,
) {
    let events = take(&mut app.halves.lock().unwrap_or_else(PoisonError::into_inner));
    if events.is_empty() {
        return;
    }
    let count = events.len();
    let taken = app.reader.incoming(events, Vec::new());
    let kept = match taken {
        Ok(taken) => app.committer.commit(taken.lots, app.budget.hold(), Acknowledgement::Synced).await.is_ok(),
        Err(_) => false,
    };
    if !kept {
        tracing::warn!(count, "halves of inferences whose other half did not come could not be kept");
    }
}
