//! The versions of a model's spec: which there are, and each as it was written and as it is read.

use crate::http::App;
use crate::http::answers::Reads;
use crate::http::models::unknown_model;
use crate::http::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use quiver_door::spec_file::parse_spec;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, SpecVersion};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The versions of a model's spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Specs {
    /// The model.
    pub model: String,
    /// The versions, the newest first.
    pub versions: Vec<SpecEntry>,
}

/// A version of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpecEntry {
    /// Its number, from 1.
    pub number: i64,
    /// When it came in.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The hash of its text.
    pub content_hash: String,
    /// Whether it is the one in force.
    pub is_current: bool,
}

/// A version of a spec with its text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpecDetail {
    /// The model.
    pub model: String,
    /// Its number, from 1.
    pub number: i64,
    /// When it came in.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The hash of its text.
    pub content_hash: String,
    /// Whether it is the one in force.
    pub is_current: bool,
    /// The text as its owner wrote it.
    pub yaml: String,
    /// What it says, with defaults filled in; null where this version of Quiver can no longer read it.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    pub spec: Option<serde_json::Value>,
}

impl SpecEntry {
    fn of(version: &SpecVersion, current: i64) -> Self {
        Self {
            number: version.number,
            created_at: Timestamp(version.created_at_microseconds).to_string(),
            content_hash: version.content_hash.clone(),
            is_current: version.number == current,
        }
    }
}

/// The versions of a model's spec, the newest first; there is at least one.
async fn versions_of(app: &App, model: &str) -> Result<Vec<SpecVersion>, Problem> {
    let versions = app.workspace.catalogue().specs(DEFAULT_WORKSPACE, model).await.map_err(|error| {
        tracing::error!(%error, "specs cannot be read");
        Problem::overloaded("the catalogue cannot be read now; ask again later")
    })?;
    if versions.is_empty() { Err(unknown_model(app, model)) } else { Ok(versions) }
}

fn described(model: String, version: SpecVersion, current: i64) -> SpecDetail {
    let SpecEntry { number, created_at, content_hash, is_current } = SpecEntry::of(&version, current);
    let spec = parse_spec(&version.yaml, "the stored spec").ok();
    let spec = spec.and_then(|spec| serde_json::to_value(spec).ok());
    SpecDetail { model, number, created_at, content_hash, is_current, yaml: version.yaml, spec }
}

/// Lists the versions of a model's spec, the newest first.
#[utoipa::path(get, path = "/v1/models/{model}/specs", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events")),
    responses((status = 200, description = "The versions", body = Specs), Reads)
)]
pub async fn specs(State(app): State<Arc<App>>, Path(model): Path<String>) -> Result<Json<Specs>, Problem> {
    let versions = versions_of(&app, &model).await?;
    let current = versions.first().map_or(0, |version| version.number);
    let versions = versions.iter().map(|version| SpecEntry::of(version, current)).collect();
    Ok(Json(Specs { model, versions }))
}

/// Gives one version of a model's spec: its text, and what it says.
#[utoipa::path(get, path = "/v1/models/{model}/specs/{number}", tag = "reading",
    params(
        ("model" = String, Path, description = "The name of the model, as in its events"),
        ("number" = i64, Path, description = "The number of the version, from 1"),
    ),
    responses((status = 200, description = "The version", body = SpecDetail), Reads)
)]
pub async fn spec(
    State(app): State<Arc<App>>,
    Path((model, number)): Path<(String, String)>,
) -> Result<Json<SpecDetail>, Problem> {
    let number: i64 = number.parse().map_err(|_| Problem::bad_request("the version's number is a whole number"))?;
    let versions = versions_of(&app, &model).await?;
    let current = versions.first().map_or(0, |version| version.number);
    let found = versions.into_iter().find(|version| version.number == number);
    let missing = || Problem::not_found(format!("the spec has no version {number}; the latest is {current}"));
    Ok(Json(described(model, found.ok_or_else(missing)?, current)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i64, yaml: &str) -> SpecVersion {
        SpecVersion {
            number,
            content_hash: format!("{number:016x}"),
            yaml: yaml.to_owned(),
            created_at_microseconds: 1_000_000,
        }
    }

    #[test]
    fn a_text_that_can_no_longer_be_read_is_still_shown() {
        let good = described("m".to_owned(), version(2, "model: m\ntask: binary\nfeatures: {x: {type: number}}\n"), 2);
        assert!(good.is_current && good.spec.is_some_and(|spec| spec["model"] == "m"));
        let old = described("m".to_owned(), version(1, "model: m\nkind: oracle\n"), 2);
        assert_eq!((old.spec, old.is_current), (None, false));
        assert_eq!((old.yaml.as_str(), old.created_at.as_str()), ("model: m\nkind: oracle\n", "1970-01-01T00:00:01Z"));
    }
}
