//! What a refused request is told: RFC 9457 problem details, with the words for people and a code for programs.

use crate::ingest::CommitError;
use crate::ingest::body::{BodyError, Refusal};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quiver_door::decode::rejected::reason;
use serde::Serialize;
use utoipa::ToSchema;

/// A refused request, as RFC 9457 has it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the problem, as a relative reference such as `/problems/overloaded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The problem in a few words; the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what to do.
    pub detail: String,
    /// The events that could not be kept, the first hundred of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<EventError>,
    /// Seconds after which sending again makes sense.
    #[serde(skip)]
    pub retry_after_seconds: Option<u32>,
}

/// One event that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventError {
    /// Its place in the request, from 1: a line, an element, a row.
    pub position: u64,
    /// The reason, a stable word.
    pub reason: String,
    /// What to do about it.
    pub detail: String,
}

impl From<&Refusal> for EventError {
    fn from(refusal: &Refusal) -> Self {
        let detail = refusal.detail.clone().unwrap_or_else(|| reason::advice(refusal.reason).to_owned());
        Self { position: refusal.position, reason: refusal.reason.to_owned(), detail }
    }
}

impl Problem {
    /// A problem with that code.
    pub fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// The same, worth sending again after some seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The server has more to do than it can.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "the server is busy", detail).retry_after(1)
    }

    /// The body is larger than allowed.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large", detail)
    }

    /// The request is not what it should be.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "the request cannot be read", detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is no such thing here", detail)
    }

    /// A defect, or a disk that refuses; particulars go to the log.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong inside Quiver", detail)
    }

    /// The last part of the type: a word for logs and metrics.
    pub fn code(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or(&self.kind)
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        let detail = error.to_string();
        let unavailable = |code: &str, title: &str, seconds: u32| {
            Self::new(StatusCode::SERVICE_UNAVAILABLE, code, title, detail.clone()).retry_after(seconds)
        };
        match error {
            CommitError::Busy => Self::overloaded(detail),
            CommitError::DiskFull => unavailable("disk-full", "the disk is full", 30),
            CommitError::Stopped(_) => unavailable("ingestion-stopped", "ingestion has stopped", 60),
            CommitError::TooLarge => Self::too_large(detail),
            CommitError::Unclean(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-redacted", "the events could not be redacted", detail)
            }
            CommitError::Internal(_) => Self::internal(detail),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Malformed(detail) => Self::bad_request(detail),
            BodyError::TooLarge(detail) => Self::too_large(detail),
            BodyError::Commit(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_seconds = self.retry_after_seconds;
        let code = self.code().to_owned();
        // A struct of texts and numbers is always JSON.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(ProblemCode(code));
        response
    }
}

/// The code of a refused request, for the layer that counts.
#[derive(Debug, Clone)]
pub struct ProblemCode(pub String);
