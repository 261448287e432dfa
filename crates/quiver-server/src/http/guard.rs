//! What every request passes: its host, its id, the headers of its answer, and the counters.

use super::problem::{Problem, ProblemCode};
use super::{App, Guard};
use crate::metrics::{Reason, RouteStatus};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken over from the sender.
const REQUEST_ID_BYTES: usize = 64;

/// Reasons that are counted by name; the code has no others.
const CODES: [&str; 16] = [
    "overloaded",
    "too-large",
    "bad-request",
    "not-found",
    "internal",
    "disk-full",
    "read-only",
    "ingestion-stopped",
    "not-redacted",
    "no-key",
    "forbidden",
    "host",
    "media-type",
    "content-encoding",
    "slow-body",
    "rate-limit",
];

/// Refuses a request that came under another name than this server's: a page elsewhere may have sent it.
pub async fn check_host(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let Some(hosts) = &guard.hosts else { return next.run(request).await };
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = header.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str));
    let name = named.map(|named| host_name(named).to_lowercase());
    if name.as_ref().is_some_and(|name| hosts.contains(name)) {
        return next.run(request).await;
    }
    let detail = "the Host header names no host that this server answers for; add it to http.hosts";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", "the host is not served here", detail).into_response()
}

/// The host without its port; an IPv6 address keeps its brackets.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.is_empty() => name,
        _ => authority,
    }
}

/// Puts the headers on every answer that keep a browser from doing harm with it, and the request's id.
pub async fn set_headers(request: Request, next: Next) -> Response {
    let given = request.headers().get(&REQUEST_ID).filter(|id| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !id.is_empty() && id.len() <= REQUEST_ID_BYTES && id.as_bytes().iter().all(plain)
    });
    let made = || HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).ok();
    let id = given.cloned().or_else(made);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// Counts answers by route and status, and refusals by reason.
pub async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    app.metrics.requests.get_or_create(&RouteStatus { route, status }).inc();
    if let Some(ProblemCode(code)) = response.extensions().get::<ProblemCode>() {
        let reason = CODES.iter().find(|known| **known == code.as_str()).copied().unwrap_or("other");
        app.metrics.requests_refused.get_or_create(&Reason { reason }).inc();
    }
    response
}

/// Answers a path that no route has.
pub async fn no_such_route(uri: Uri) -> Problem {
    let _ = uri;
    Problem::not_found("no route has this path; GET /docs shows the API")
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn ports_are_no_part_of_a_host() {
        assert_eq!(host_name("localhost:8600"), "localhost");
        assert_eq!(host_name("[::1]:8600"), "[::1]");
        assert_eq!(host_name("[::1]"), "[::1]");
        assert_eq!(host_name("quiver.example"), "quiver.example");
    }
}
