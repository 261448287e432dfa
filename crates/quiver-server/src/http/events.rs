//! `POST /v1/events`: events as NDJSON, JSON or an Arrow stream; each gets its own answer.

use super::App;
use super::at_work::Permit;
use super::problem::{EventError, Problem};
use super::receive::receive;
use crate::ingest::body::Taken;
use crate::ingest::budget::Held;
use crate::ingest::{Acknowledgement, Receipt};
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The longest idempotency key.
const IDEMPOTENCY_KEY_BYTES: usize = 256;

/// Bodies above this are read on a thread that may take its time.
const INLINE_BYTES: usize = 16 << 10;

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
        (serde_json::Value = "application/json"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"),
    )),
    responses(
        (status = 200, description = "What became of the events", body = EventsAnswer),
        (status = 400, description = "Nothing in the request could be used", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "A key is needed", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key does not allow this", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The media type or encoding is not supported", body = Problem, content_type = "application/problem+json"),
        (status = 421, description = "The host is not served here", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The events could not be redacted", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests of this sender; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the disk is full; see Retry-After", body = Problem, content_type = "application/problem+json"),
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
    app.at_work.check()?;
    // Whoever sends slowly holds memory that is counted, and no place at work.
    let received = receive(headers, body, &app.budget, app.limits).await?;
    let permit = app.at_work.begin(received.bytes.len())?;
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
