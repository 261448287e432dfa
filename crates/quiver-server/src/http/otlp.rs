//! OTLP over HTTP: traces and logs, as protobuf or JSON, whose spans and records of predictions become events.

use super::App;
use super::at_work::Permit;
use super::events::take;
use super::problem::Problem;
use crate::ingest::Acknowledgement;
use crate::ingest::body::{BodyError, Taken};
use crate::ingest::budget::Held;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use quiver_door::decode::otlp::{
    Otlp, OtlpError, decode_logs, decode_traces, parse_logs_json, parse_logs_protobuf, parse_traces_json,
    parse_traces_protobuf,
};
use quiver_door::decode::rejected::reason;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use tonic_types::pb;

/// The routes of OTLP/HTTP.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/logs", post(logs))
        .route("/healthz", get(super::status::health))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Protobuf,
    Json,
}

impl Format {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    fn answer(self, status: StatusCode, message: &(impl Message + Serialize)) -> Response {
        let body = match self {
            Self::Protobuf => message.encode_to_vec(),
            Self::Json => serde_json::to_vec(message).unwrap_or_default(),
        };
        (status, [(header::CONTENT_TYPE, self.name())], body).into_response()
    }

    /// A refused request, as the protocol wants it: a status message in the request's own encoding.
    fn refuse(self, problem: &Problem) -> Response {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Senders repeat 429, 502, 503 and 504 only.
        let status = if status == StatusCode::REQUEST_TIMEOUT { StatusCode::SERVICE_UNAVAILABLE } else { status };
        let message = format!("{}: {}", problem.title, problem.detail);
        let body = match self {
            Self::Protobuf => pb::Status { code: 0, message, details: Vec::new() }.encode_to_vec(),
            Self::Json => serde_json::to_vec(&BTreeMap::from([("message", message)])).unwrap_or_default(),
        };
        let mut response = (status, [(header::CONTENT_TYPE, self.name())], body).into_response();
        if let Some(seconds) = problem.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(super::problem::ProblemCode(problem.code().to_owned()));
        response
    }
}

fn no_format() -> Response {
    let detail = "send Content-Type application/x-protobuf or application/json";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "the media type is not supported", detail)
        .into_response()
}

async fn traces(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    let Some(format) = Format::of(&headers) else { return no_format() };
    let taken = take(&app, &headers, body, move |app, bytes| {
        let request = match format {
            Format::Protobuf => parse_traces_protobuf(bytes),
            Format::Json => parse_traces_json(bytes),
        };
        take_traces(app, &request.map_err(|error| malformed(&error))?)
    });
    match keep(&app, taken.await).await {
        Ok(refused) => format.answer(StatusCode::OK, &traces_answer(refused)),
        Err(problem) => format.refuse(&problem),
    }
}

async fn logs(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    let Some(format) = Format::of(&headers) else { return no_format() };
    let taken = take(&app, &headers, body, move |app, bytes| {
        let request = match format {
            Format::Protobuf => parse_logs_protobuf(bytes),
            Format::Json => parse_logs_json(bytes),
        };
        take_logs(app, &request.map_err(|error| malformed(&error))?)
    });
    match keep(&app, taken.await).await {
        Ok(refused) => format.answer(StatusCode::OK, &logs_answer(refused)),
        Err(problem) => format.refuse(&problem),
    }
}

/// The events of a request of traces.
pub(super) fn take_traces(app: &App, request: &ExportTraceServiceRequest) -> Result<Taken, BodyError> {
    let now = (app.reader.parts.wall.0)();
    let mut spans = app.spans.lock().unwrap_or_else(PoisonError::into_inner);
    let found = decode_traces(request, &mut spans, now);
    drop(spans);
    take_found(app, found)
}

/// The events of a request of logs.
pub(super) fn take_logs(app: &App, request: &ExportLogsServiceRequest) -> Result<Taken, BodyError> {
    take_found(app, decode_logs(request, (app.reader.parts.wall.0)()))
}

fn take_found(app: &App, mut found: Otlp) -> Result<Taken, BodyError> {
    // A generative model that nobody gave a spec is none of our business.
    let inferred = found.inferred;
    found.events.retain(|event| {
        !inferred.contains(&event.position) || event.model().is_some_and(|model| app.doors.get(model).is_some())
    });
    let refused = found.refused.iter().map(|refused| (refused.position, refused.reason)).collect();
    app.reader.incoming(found.events, refused)
}

fn malformed(error: &OtlpError) -> BodyError {
    BodyError::Malformed(error.to_string())
}

/// What was refused of a request: how many, and the first reason with what to do.
pub(super) struct Refused {
    pub count: u64,
    pub message: String,
}

/// Commits what was taken, and says what was not.
pub(super) async fn keep(app: &App, taken: Result<(Taken, Held, Permit), Problem>) -> Result<Refused, Problem> {
    let (taken, held, _permit) = taken?;
    let mut reasons: BTreeMap<&'static str, u64> = BTreeMap::new();
    taken.refusals.iter().for_each(|refusal| *reasons.entry(refusal.reason).or_default() += 1);
    let messages = reasons.keys().map(|name| format!("{name}: {}", reason::advice(name)));
    let refused = Refused { count: taken.refused, message: messages.collect::<Vec<_>>().join("; ") };
    if !taken.lots.is_empty() {
        app.committer.commit(taken.lots, held, Acknowledgement::Synced).await?;
    }
    Ok(refused)
}

/// The answer to a request of traces.
pub(super) fn traces_answer(refused: Refused) -> ExportTraceServiceResponse {
    let partial = ExportTracePartialSuccess { rejected_spans: refused.count as i64, error_message: refused.message };
    ExportTraceServiceResponse { partial_success: (refused.count > 0).then_some(partial) }
}

/// The answer to a request of logs.
pub(super) fn logs_answer(refused: Refused) -> ExportLogsServiceResponse {
    let partial =
        ExportLogsPartialSuccess { rejected_log_records: refused.count as i64, error_message: refused.message };
    ExportLogsServiceResponse { partial_success: (refused.count > 0).then_some(partial) }
}
