//! Who asks, and by which clock: what a page needs to know before it asks anything else; and the keys that there are.

use crate::api_key::Scope;
use crate::http::access::identify;
use crate::http::answers::{Anybody, Guarded};
use crate::http::problem::Problem;
use crate::http::status::clock_name;
use crate::http::{App, Guard};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::{Extension, Json};
use quiver_event::time::Timestamp;
use quiver_store::catalogue::{ApiKey, DEFAULT_WORKSPACE};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a listener asks for, and what the key that was sent allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// Whether requests need a key here.
    pub requires_key: bool,
    /// What the key that was sent allows: some of `ingest`, `read`, `operate` and `admin`; nothing without a key.
    #[schema(value_type = Vec<String>)]
    pub scopes: Vec<&'static str>,
    /// Why the key that was sent allows nothing.
    pub refused: Option<String>,
    /// The version of Quiver.
    pub version: &'static str,
    /// The clock: `wall`, or `replay`, where the events' own time goes on.
    pub clock: &'static str,
    /// What time it is by that clock.
    #[schema(format = DateTime)]
    pub now: String,
}

/// The scopes that a key's text grants, those included that others bring with them.
fn granted(scopes: &str) -> Vec<&'static str> {
    Scope::ALL.into_iter().filter(|scope| scope.is_granted_by(scopes)).map(Scope::name).collect()
}

/// Says whether a key is needed, and what the one that was sent allows; anybody may ask.
#[utoipa::path(get, path = "/v1/session", tag = "reading", responses(
    (status = 200, description = "Whether a key is needed, and what the one sent allows", body = Session),
    (status = 503, description = "Keys cannot be looked up now; see `Retry-After`", body = Problem, content_type = "application/problem+json"),
    Anybody,
))]
pub async fn session(
    State(app): State<Arc<App>>,
    Extension(guard): Extension<Guard>,
    headers: HeaderMap,
) -> Result<Json<Session>, Problem> {
    let (scopes, refused) = match headers.contains_key(header::AUTHORIZATION) {
        false => (Vec::new(), None),
        true => match identify(&guard, &headers).await {
            Ok(key) => (granted(&key.scopes), None),
            Err(problem) if problem.code() == "no-key" => (Vec::new(), Some(problem.detail)),
            Err(problem) => return Err(problem),
        },
    };
    let clock = &app.reader.parts.clock;
    Ok(Json(Session {
        requires_key: guard.requires_key,
        scopes,
        refused,
        version: env!("CARGO_PKG_VERSION"),
        clock: clock_name(clock),
        now: clock.now().to_string(),
    }))
}

/// The keys, without anything that opens something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Keys {
    /// The keys, the oldest first; those that were taken back are among them.
    pub keys: Vec<KeyEntry>,
}

/// A key, without its secret and the hash of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyEntry {
    /// Its public part.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it allows, separated by spaces.
    pub scopes: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// From when on it is no longer good.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was taken back.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
    /// When it was last used, where that was noted.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

impl From<&ApiKey> for KeyEntry {
    fn from(key: &ApiKey) -> Self {
        let time = |microseconds: Option<i64>| microseconds.map(|at| Timestamp(at).to_string());
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            created_at: Timestamp(key.created_at_microseconds).to_string(),
            expires_at: time(key.expires_at_microseconds),
            revoked_at: time(key.revoked_at_microseconds),
            last_used_at: time(key.last_used_at_microseconds),
        }
    }
}

/// Lists the keys; where keys are needed, one with the scope `admin` is.
#[utoipa::path(get, path = "/v1/keys", tag = "reading", responses(
    (status = 200, description = "The keys, without their secrets", body = Keys),
    (status = 503, description = "The catalogue cannot be read now; see `Retry-After`", body = Problem, content_type = "application/problem+json"),
    Guarded,
))]
pub async fn keys(State(app): State<Arc<App>>) -> Result<Json<Keys>, Problem> {
    let keys = app.workspace.catalogue().keys(DEFAULT_WORKSPACE).await.map_err(|error| {
        tracing::error!(%error, "keys cannot be listed");
        Problem::overloaded("the catalogue cannot be read now; ask again later")
    })?;
    Ok(Json(Keys { keys: keys.iter().map(KeyEntry::from).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_bring_others_with_them() {
        assert_eq!(granted("read ingest"), ["ingest", "read"]);
        assert_eq!(granted("operate"), ["read", "operate"]);
        assert_eq!(granted("admin"), ["ingest", "read", "operate", "admin"]);
        assert!(granted("nothing").is_empty());
    }

    #[test]
    fn a_key_is_told_without_its_hash() {
        let key = ApiKey {
            workspace: DEFAULT_WORKSPACE.to_owned(),
            id: "01020304".to_owned(),
            name: "ci".to_owned(),
            hash: vec![7; 32],
            scopes: "ingest".to_owned(),
            created_at_microseconds: 1_000_000,
            expires_at_microseconds: None,
            revoked_at_microseconds: Some(2_000_000),
            last_used_at_microseconds: None,
        };
        let told = serde_json::to_value(KeyEntry::from(&key)).unwrap();
        let expected = serde_json::json!({
            "id": "01020304", "name": "ci", "scopes": "ingest", "created_at": "1970-01-01T00:00:01Z",
            "expires_at": null, "revoked_at": "1970-01-01T00:00:02Z", "last_used_at": null,
        });
        assert_eq!(told, expected);
    }
}
