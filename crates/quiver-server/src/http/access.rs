//! Who may do what: looks up the key of a request and compares its scopes with what the route needs.

use super::Guard;
use super::problem::Problem;
use super::rate::{Peer, Sender};
use crate::api_key::{Scope, parse};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use quiver_store::catalogue::{ApiKey, CatalogueError};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// How long a revoked key may still be used: a lookup is not repeated sooner.
const FRESH: Duration = Duration::from_secs(2);

/// The use of a key is noted so often at most: each note is a write.
const NOTED_EVERY_MICROSECONDS: i64 = 60_000_000;

/// Keys remembered; whoever guesses ids must not fill the memory.
const MAX_KEYS: usize = 1_000;

/// Keys that were looked up lately, unknown ones included.
#[derive(Debug, Default)]
pub struct KeyCache {
    keys: Mutex<HashMap<String, (Option<ApiKey>, Instant)>>,
}

/// What a route needs; none for what anybody may see.
fn needed(method: &Method, path: &str) -> Option<Scope> {
    match path {
        "/healthz" | "/readyz" | "/docs" | "/docs/style.css" | "/openapi.json" | "/" | "/v1/session" => None,
        "/v1/keys" => Some(Scope::Admin),
        "/v1/events" | "/v1/cloudevents" | "/v1/traces" | "/v1/logs" => Some(Scope::Ingest),
        _ if path.starts_with("/opentelemetry.proto.collector.") => Some(Scope::Ingest),
        _ if super::ui::is_page(path) && (method == Method::GET || method == Method::HEAD) => None,
        _ if method == Method::GET || method == Method::HEAD => Some(Scope::Read),
        _ => Some(Scope::Operate),
    }
}

/// Refuses a request without the key that its route needs.
pub async fn check(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let Some(scope) = needed(request.method(), request.uri().path()) else {
        // The session tells how its listener is guarded, and looks the key up itself.
        request.extensions_mut().insert(guard);
        return next.run(request).await;
    };
    let peer = request.extensions().get::<Peer>().copied();
    match admit(&guard, request.headers(), peer, scope).await {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            let mut response = problem.into_response();
            if response.status() == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

/// Checks the key where one is needed, and the sender's rate.
pub async fn admit(guard: &Guard, headers: &HeaderMap, peer: Option<Peer>, scope: Scope) -> Result<(), Problem> {
    let sender = match guard.requires_key {
        true => Sender::Key(authorise(guard, headers, scope).await?),
        false => Sender::Address(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address)),
    };
    guard.app.rate.take(&sender)
}

/// Checks the key among the headers, and returns its id.
async fn authorise(guard: &Guard, headers: &HeaderMap, scope: Scope) -> Result<String, Problem> {
    let key = identify(guard, headers).await?;
    if scope.is_granted_by(&key.scopes) {
        return Ok(key.id);
    }
    let detail = format!("this needs a key with the scope {}; this one has: {}", scope.name(), key.scopes);
    Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "the key does not allow this", detail))
}

/// The key among the headers, where it is good now.
///
/// # Errors
/// When there is none, when it is not good, or when keys cannot be looked up.
pub async fn identify(guard: &Guard, headers: &HeaderMap) -> Result<ApiKey, Problem> {
    let no_key = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, "no-key", "a key is needed", detail);
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(text) = bearer.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
    else {
        return Err(no_key(
            "send `Authorization: Bearer qvr_…`; `quiver key create --name NAME --scope SCOPE` makes a key",
        ));
    };
    let Some(given) = parse(text.trim()) else {
        return Err(no_key("this is no key of Quiver, or not the whole of it"));
    };
    let key = look_up(guard, &given.id).await.map_err(|error| {
        tracing::error!(%error, "keys cannot be looked up");
        Problem::overloaded("keys cannot be looked up now; send again later")
    })?;
    let now = (guard.app.reader.parts.wall.0)().0;
    let matches = |key: &ApiKey| bool::from(key.hash.as_slice().ct_eq(&given.hash));
    let Some(key) = key.filter(matches) else { return Err(no_key("this key is not known here")) };
    if key.revoked_at_microseconds.is_some() {
        return Err(no_key("this key was revoked"));
    }
    if key.expires_at_microseconds.is_some_and(|at| at <= now) {
        return Err(no_key("this key has expired"));
    }
    if key.last_used_at_microseconds.is_none_or(|at| now.saturating_sub(at) >= NOTED_EVERY_MICROSECONDS) {
        note_use(guard, &key.id, now);
    }
    Ok(key)
}

/// Notes that a key is in use; nobody waits for it, and a request does not fail with it.
fn note_use(guard: &Guard, id: &str, now: i64) {
    let mut keys = guard.app.keys.keys.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((Some(key), _)) = keys.get_mut(id) {
        key.last_used_at_microseconds = Some(now);
    }
    let (workspace, id) = (Arc::clone(&guard.app.workspace), id.to_owned());
    tokio::spawn(async move {
        if let Err(error) = workspace.catalogue().touch_key(&id, now).await {
            tracing::warn!(%error, key = id, "the use of a key cannot be noted");
        }
    });
}

async fn look_up(guard: &Guard, id: &str) -> Result<Option<ApiKey>, CatalogueError> {
    let cache = &guard.app.keys.keys;
    let remembered = cache.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
    if let Some((key, at)) = remembered
        && at.elapsed() < FRESH
    {
        return Ok(key);
    }
    let key = guard.app.workspace.catalogue().key(id).await?;
    let mut keys = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if keys.len() >= MAX_KEYS {
        keys.clear();
    }
    keys.insert(id.to_owned(), (key.clone(), Instant::now()));
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_needs_the_scope_of_its_kind() {
        assert_eq!(needed(&Method::POST, "/v1/events"), Some(Scope::Ingest));
        assert_eq!(needed(&Method::GET, "/v1/models"), Some(Scope::Read));
        assert_eq!(needed(&Method::PUT, "/v1/models/m/spec"), Some(Scope::Operate));
        assert_eq!(needed(&Method::POST, "/v1/anything-new"), Some(Scope::Operate));
        assert_eq!(needed(&Method::GET, "/metrics"), Some(Scope::Read));
        assert_eq!(needed(&Method::GET, "/healthz"), None);
        // The pages ask for a key themselves; they hold nothing but what the API gives them.
        assert_eq!(needed(&Method::GET, "/models/m/events/e"), None);
        assert_eq!(needed(&Method::GET, "/assets/index.js"), None);
        assert_eq!(needed(&Method::POST, "/models/m"), Some(Scope::Operate));
        assert_eq!(needed(&Method::GET, "//v1/status"), Some(Scope::Read));
        assert_eq!(needed(&Method::GET, "/models/../v1/status"), None, "a page, whatever a browser makes of it");
    }

    #[test]
    fn anybody_may_ask_who_they_are_and_only_an_administrator_who_else_there_is() {
        assert_eq!(needed(&Method::GET, "/v1/session"), None);
        assert_eq!(needed(&Method::GET, "/v1/keys"), Some(Scope::Admin));
        assert_eq!(needed(&Method::GET, "/v1/models/keys"), Some(Scope::Read));
    }
}
