//! The way to the flow: what can be asked of it, and what it tells.

use super::generation::Generations;
use super::told::{StageState, Told};
use crate::pipeline::{StoredTable, Tidied};
use quiver_event::spec::Spec;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// What can be asked of the flow.
#[derive(Debug)]
pub(super) enum Request {
    Put { spec: Box<Spec>, text: String, reply: oneshot::Sender<Result<i64, String>> },
    Run { reply: oneshot::Sender<Result<(), String>> },
    Stop { reply: oneshot::Sender<()> },
}

/// The way to the flow.
#[derive(Debug, Clone)]
pub struct FlowHandle {
    pub(super) sender: mpsc::Sender<Request>,
    pub(super) shared: Arc<Shared>,
    pub(super) started: Instant,
}

/// What the flow and its handles both see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) segment_offset: AtomicU64,
    pub(super) moved_offset: AtomicU64,
    /// Grow whenever something may have been committed.
    pub(super) generations: Generations,
    pub(super) errors: Mutex<BTreeMap<String, String>>,
    pub(super) told: Told,
    /// Whether the flow is to end: a stage that runs for a long time ends where it is.
    pub(super) stopping: watch::Sender<bool>,
}

impl FlowHandle {
    /// The offset below which every event is in the tables.
    pub fn segment_offset(&self) -> u64 {
        self.shared.segment_offset.load(Ordering::Relaxed)
    }

    /// The offset below which every event is in the tables that a table takes: those of a model whose tables refuse wait,
    /// and nobody else is to wait for them.
    pub fn moved_offset(&self) -> u64 {
        self.shared.moved_offset.load(Ordering::Relaxed)
    }

    /// A number that grows whenever something may have been committed: while it stays, so do answers about it.
    pub fn generation(&self) -> u64 {
        self.shared.generations.latest()
    }

    /// The same of one model.
    pub fn generation_of(&self, model: &str) -> u64 {
        self.shared.generations.of(model)
    }

    /// Since when an answer about all models is out of date that was made at this number; nothing where it is not, where
    /// that is more than a minute ago, and where it may tell of what is gone.
    pub fn outdated_since(&self, number: u64) -> Option<Instant> {
        self.shared.generations.any_outdated_since(number)
    }

    /// The same of an answer about one model.
    pub fn outdated_since_of(&self, model: &str, number: u64) -> Option<Instant> {
        self.shared.generations.outdated_since(model, number)
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

pub(super) fn stopping() -> String {
    "the server is stopping; send again later".to_owned()
}
