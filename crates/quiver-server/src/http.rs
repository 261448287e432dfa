//! The server's HTTP side: routes, what guards them, and the listeners; handlers read, call and translate.

mod access;
mod answers;
mod at_work;
mod cloudevents;
mod docs;
mod events;
mod guard;
mod linger;
mod listen;
mod models;
mod openapi;
mod otlp;
mod otlp_grpc;
mod pressure;
mod problem;
mod rate;
mod read;
mod receive;
mod rest;
mod status;
mod ui;

pub use access::KeyCache;
pub use at_work::AtWork;
pub use listen::{ListenError, Listener, Tls};
pub use openapi::document;
pub use problem::{EventError, Problem};
pub use rate::Rate;
pub use read::renew_answers;
pub use receive::BodyLimits;
pub use ui::{Ui, UiFiles};

use crate::flow::FlowHandle;
use crate::ingest::body::BodyReader;
use crate::ingest::budget::Budget;
use crate::ingest::{Committer, Doors};
use crate::metrics::Metrics;
use crate::pipeline::Workspace;
use crate::views::Views;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use quiver_door::decode::cloudevents::PendingHalves;
use quiver_door::decode::otlp::PendingSpans;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What every handler can reach.
#[derive(Debug)]
pub struct App {
    /// The data folder with its catalogue.
    pub workspace: Arc<Workspace>,
    /// The models.
    pub doors: Arc<Doors>,
    /// Bodies to events.
    pub reader: BodyReader,
    /// Events to the journal.
    pub committer: Committer,
    /// The flow behind the journal.
    pub flow: FlowHandle,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Memory that requests share.
    pub budget: Budget,
    /// Requests that are worked on at a time; more are refused, so that those taken in are answered soon.
    pub at_work: AtWork,
    /// The bounds on a body.
    pub limits: BodyLimits,
    /// Whether the disk is so full that no event is taken.
    pub read_only: AtomicBool,
    /// Whether the ids of the journal have been read and the flow runs.
    pub ready: AtomicBool,
    /// Spans that wait for the prediction they belong to.
    pub spans: Mutex<PendingSpans>,
    /// Requests that wait for their response, and the reverse.
    pub halves: Mutex<PendingHalves>,
    /// Keys that were looked up lately.
    pub keys: access::KeyCache,
    /// How many requests each sender may make.
    pub rate: Rate,
    /// What was judged of the models, as pages read it.
    pub views: Views,
    /// Answers to questions of the read API.
    pub answers: read::Answers,
    /// Models of the overview as they were told last.
    pub overview_models: read::KeptModels,
    /// Rows of features that were asked for lately.
    pub feature_rows: read::KeptRows,
    /// The web UI.
    pub ui: Ui,
}

impl App {
    /// Why no event can be taken now; none when one can.
    pub(crate) fn closed(&self) -> Option<Problem> {
        if let Some(reason) = self.committer.stopped() {
            return Some(crate::ingest::CommitError::Stopped(reason).into());
        }
        if self.read_only.load(Ordering::Relaxed) {
            let title = "the disk is nearly full";
            let detail = "events are refused until there is space again; queries still work";
            let problem = Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "read-only", title, detail);
            return Some(problem.retry_after(30));
        }
        if !self.ready.load(Ordering::Acquire) {
            return Some(Problem::overloaded("the server is starting: it still reads its journal"));
        }
        None
    }
}

/// How the routes of one listener are guarded.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The app.
    pub app: Arc<App>,
    /// Whether requests must bring a key.
    pub requires_key: bool,
    /// The host names that requests may use; none for any.
    pub hosts: Option<Arc<[String]>>,
}

/// All routes of the API.
pub fn api(guard: &Guard) -> Router {
    let (router, _) = openapi::routes().split_for_parts();
    let router = router.merge(openapi::pages()).fallback(ui::page).with_state(Arc::clone(&guard.app));
    let router = router.layer(from_fn_with_state(Arc::clone(&guard.app), read::tag));
    guarded(router, guard)
}

/// The routes of the OTLP/HTTP listener.
pub fn otlp_http(guard: &Guard) -> Router {
    let router = otlp::routes().fallback(guard::no_such_route).with_state(Arc::clone(&guard.app));
    guarded(router, guard)
}

/// The services of the OTLP/gRPC listener.
pub fn otlp_grpc(guard: &Guard) -> Router {
    otlp_grpc::routes(guard)
}

fn guarded(router: Router, guard: &Guard) -> Router {
    router
        .layer(from_fn_with_state(guard.clone(), access::check))
        .layer(from_fn_with_state(guard.clone(), guard::check_host))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&guard.app), guard::count))
        .layer(from_fn(guard::set_headers))
        .layer(from_fn(rest::hear_out))
}
