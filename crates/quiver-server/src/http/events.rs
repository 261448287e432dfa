//! `POST /v1/events`: events as NDJSON, JSON or an Arrow stream; each gets its own answer.

use super::App;
use super::answers::{Guarded, WithBody, WithEvents};
use super::at_work::Permit;
use super::problem::{EventError, Problem};
use super::receive::{Received, announced_bytes, receive};
use crate::ingest::body::Taken;
use crate::ingest::budget::Held;
use crate::ingest::{Acknowledgement, Receipt};
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// The longest idempotency key.
const IDEMPOTENCY_KEY_BYTES: usize = 256;

/// Bodies above this are read on a thread that may take its time.
const INLINE_BYTES: usize = 16 << 10;

/// A body up to this has its place at work before it is read.
const PLACED_BYTES: usize = 256 << 10;

/// So long a body may take its place while it comes.
const PLACE_TIME: Duration = Duration::from_millis(50);

/// How events are sent.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// The model of an Arrow stream, where its schema does not name it.
    pub model: Option<String>,
    /// The kind of event in an Arrow stream: prediction (the default), feedback, heartbeat or change.
    pub kind: Option<String>,
    /// When to answer: `fsync` (the default) once the events are on the disk; `received` at once, which loses them
    /// when the server dies within the next write.
    pub ack: Option<String>,
}

/// What became of the events of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventsAnswer {
    /// Events that are new, and kept.
    pub accepted: u64,
    /// Events that were there already, and are as safe.
    pub duplicates: u64,
    /// Events that were not kept.
    pub rejected: u64,
    /// The first hundred of those, each with its reason.
    pub errors: Vec<EventError>,
    /// Refused events beyond them.
    pub errors_omitted: u64,
}

/// One thing that happened. This is a prediction; a feedback, a heartbeat and a change have keys of their own beside
/// the needed ones. A key that is not known here is dropped and counted. `docs/events.md` of the project describes all
/// of them, with their types and units.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[allow(dead_code, reason = "it describes the body, which is read by `quiver-door`")]
#[schema(example = json!({
    "kind": "prediction", "model": "flight-delay", "id": "p-1", "at": "2025-07-01T14:03:11Z", "version": "2013-03",
    "features": {"carrier": "UA", "origin": "JFK", "distance": 1400, "temp": 75.2},
    "output": {"score": 0.81},
    "decision": {"action": "ignore", "model_action": "notify", "by": "rule", "rule": "quiet-hours"},
    "latency_ms": 7.2, "slices": {"origin": "JFK"}, "subject": "u-1881"
}))]
pub struct Event {
    /// `prediction`, `feedback`, `heartbeat` or `change`.
    pub kind: String,
    /// The model's name, as in its spec.
    pub model: String,
    /// When it happened: RFC 3339 with its zone.
    pub at: String,
    /// The client's own name for it, up to 512 bytes; needed unless the request has an `Idempotency-Key`.
    pub id: Option<String>,
    /// The model's version.
    pub version: Option<String>,
    /// The values the model was given, by the names that the spec declares.
    pub features: Option<BTreeMap<String, serde_json::Value>>,
    /// What the model answered: one of `score`, `value`, `class`, `ranking`, `text` and `embedding`.
    pub output: Option<serde_json::Value>,
    /// What was done with the answer, and who decided.
    pub decision: Option<serde_json::Value>,
    /// Milliseconds from request to answer.
    pub latency_ms: Option<f64>,
    /// The error of an answer that failed.
    pub error: Option<String>,
    /// The parts of the population it belongs to.
    pub slices: Option<BTreeMap<String, String>>,
    /// The person or thing it is about; kept as a pseudonym only.
    pub subject: Option<String>,
    /// Of a feedback: the prediction it speaks of.
    pub prediction_id: Option<String>,
    /// Of a feedback: the label's name.
    pub name: Option<String>,
    /// Of a feedback: the label.
    pub value: Option<serde_json::Value>,
}

/// One event, or an array of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "as above")]
pub enum OneOrMore {
    /// One.
    One(Box<Event>),
    /// An array.
    More(Vec<Event>),
}

/// Sends events.
///
/// The body is one event a line (`application/x-ndjson`), one event or an array of them (`application/json`), or an
/// Arrow IPC stream with an event a row (`application/vnd.apache.arrow.stream`). Events that cannot be kept are
/// answered one by one; the others are kept. Every event needs an `id`, or the request an `Idempotency-Key`: sending
/// the same again is then safe.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    params(EventsQuery, ("Idempotency-Key" = Option<String>, Header, description = "Names events that have no id")),
    request_body(content(
        (String = "application/x-ndjson"),
        (OneOrMore = "application/json"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"),
    )),
    responses(
        (status = 200, description = "What became of the events", body = EventsAnswer),
        Guarded,
        WithBody,
        WithEvents,
    )
)]
pub async fn post(
    State(app): State<Arc<App>>,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<EventsAnswer>, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("the query may hold model, kind and ack, each once"))?;
    let acknowledgement = match query.ack.as_deref() {
        None | Some("fsync") => Acknowledgement::Synced,
        Some("received") => Acknowledgement::Received,
        Some(_) => return Err(Problem::bad_request("ack is `fsync` or `received`")),
    };
    let format = Format::of(&headers)?;
    let key = idempotency_key(&headers)?;
    let taken = take(&app, &headers, body, move |app, bytes| match format {
        Format::Lines => app.reader.lines(bytes, key.as_deref()),
        Format::Json => app.reader.json(bytes, key.as_deref()),
        Format::Arrow => {
            let (model, kind) = (query.model.as_deref(), query.kind.as_deref());
            app.reader.arrow(bytes, model, kind, key.as_deref(), app.limits.decoded_bytes)
        }
    });
    let (taken, held, _permit) = taken.await?;
    let (refusals, refused) = (taken.refusals, taken.refused);
    let errors: Vec<EventError> = refusals.iter().map(EventError::from).collect();
    let receipt = match taken.lots.is_empty() {
        true => Receipt::default(),
        false => app.committer.commit(taken.lots, held, acknowledgement).await?,
    };
    if receipt == Receipt::default() && refused > 0 {
        let detail = format!("none of {refused} events could be kept");
        return Err(Problem { errors, ..Problem::bad_request(detail) });
    }
    let errors_omitted = refused - errors.len() as u64;
    let Receipt { accepted, duplicates } = receipt;
    Ok(Json(EventsAnswer { accepted, duplicates, rejected: refused, errors, errors_omitted }))
}

/// Reads a body and takes its place at work. A short body has its place while it is read, so that under pressure none
/// is read in vain; whoever sends it slowly loses the place, and holds memory that is counted.
async fn receive_in_place(app: &App, headers: &HeaderMap, body: Body) -> Result<(Received, Permit), Problem> {
    let mut reading = pin!(receive(headers, body, &app.budget, app.limits));
    match announced_bytes(headers) {
        Some(bytes) if bytes <= PLACED_BYTES => {
            let permit = app.at_work.begin(bytes).await?;
            if let Ok(received) = tokio::time::timeout(PLACE_TIME, &mut reading).await {
                return Ok((received?, permit));
            }
        }
        announced => app.at_work.check(announced).await?,
    }
    let received = reading.await?;
    let permit = app.at_work.begin(received.bytes.len()).await?;
    Ok((received, permit))
}

/// Reads, decompresses and decodes a body within all bounds.
pub async fn take(
    app: &Arc<App>,
    headers: &HeaderMap,
    body: Body,
    decode: impl FnOnce(&App, &[u8]) -> Result<Taken, crate::ingest::body::BodyError> + Send + 'static,
) -> Result<(Taken, Held, Permit), Problem> {
    if let Some(problem) = app.closed() {
        return Err(problem);
    }
    let (received, permit) = receive_in_place(app, headers, body).await?;
    let work = {
        let app = Arc::clone(app);
        let inline = received.encoding == super::receive::Encoding::Identity && received.bytes.len() <= INLINE_BYTES;
        let work = move || {
            let (bytes, held) = received.decoded(app.limits)?;
            let taken = decode(&app, &bytes)?;
            Ok::<_, Problem>((taken, held))
        };
        if inline {
            work()
        } else {
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|_| Err(Problem::internal("a request could not be read; this is a defect of Quiver")))
        }
    };
    let (taken, held) = work?;
    Ok((taken, held, permit))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Lines,
    Json,
    Arrow,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Ok(Self::Lines)
            }
            "application/json" => Ok(Self::Json),
            "application/vnd.apache.arrow.stream" => Ok(Self::Arrow),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "the media type is not supported",
                "send Content-Type application/x-ndjson, application/json or application/vnd.apache.arrow.stream",
            )),
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES => Ok(Some(key.to_owned())),
        _ => Err(Problem::bad_request(format!("an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_BYTES} plain characters"))),
    }
}
