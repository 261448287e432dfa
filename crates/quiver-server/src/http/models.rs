//! The models: their names, their specs, and what was concluded of them.

use super::App;
use super::answers::{Guarded, WithBody};
use super::problem::{EventError, Problem};
use super::receive::receive;
use crate::evaluation::Evaluation;
use crate::pipeline::Pipeline;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quiver_door::spec_file::parse_spec;
use quiver_event::time::WindowLength;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The models of this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Models {
    /// Each model.
    pub models: Vec<Model>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Model {
    /// Its name, as in its events.
    pub model: String,
    /// What it predicts.
    pub task: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its declared features.
    pub features: Vec<String>,
}

fn model_of(app: &App, name: &str) -> Result<Model, Problem> {
    let door = app.doors.get(name).ok_or_else(|| unknown_model(app, name))?;
    let spec = &door.spec;
    Ok(Model {
        model: spec.model.clone(),
        task: spec.task.name().to_owned(),
        owner: spec.owner.clone(),
        features: spec.features.names().map(str::to_owned).collect(),
    })
}

/// The answer to a name that no model has.
pub fn unknown_model(app: &App, name: &str) -> Problem {
    let names = app.doors.names();
    let nearest = quiver_event::spec::nearest_word(name, names.iter().map(String::as_str));
    let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
    Problem::not_found(format!("no model of this name has a spec here{hint}"))
}

/// Lists the models.
#[utoipa::path(get, path = "/v1/models", tag = "models", responses(
    (status = 200, description = "The models, by name", body = Models),
    Guarded,
))]
pub async fn list(State(app): State<Arc<App>>) -> Json<Models> {
    let names = app.doors.names();
    Json(Models { models: names.iter().filter_map(|name| model_of(&app, name).ok()).collect() })
}

/// Tells of one model.
#[utoipa::path(get, path = "/v1/models/{model}", tag = "models", params(("model" = String, Path, description = "The name of the model, as in its events")), responses(
    (status = 200, description = "The model", body = Model),
    (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
    Guarded,
))]
pub async fn one(State(app): State<Arc<App>>, Path(model): Path<String>) -> Result<Json<Model>, Problem> {
    Ok(Json(model_of(&app, &model)?))
}

/// Gives the spec of a model as it was written.
#[utoipa::path(get, path = "/v1/models/{model}/spec", tag = "models", params(("model" = String, Path, description = "The name of the model, as in its events")), responses(
    (status = 200, description = "The spec", body = serde_json::Value, content_type = "application/yaml"),
    (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The catalogue cannot be read now", body = Problem, content_type = "application/problem+json"),
    Guarded,
))]
pub async fn get_spec(State(app): State<Arc<App>>, Path(model): Path<String>) -> Result<Response, Problem> {
    let found = app.workspace.catalogue().latest_spec(DEFAULT_WORKSPACE, &model).await;
    let version = found.map_err(|error| {
        tracing::error!(%error, "a spec cannot be read");
        Problem::overloaded("the catalogue cannot be read now")
    })?;
    let version = version.ok_or_else(|| unknown_model(&app, &model))?;
    Ok(([(header::CONTENT_TYPE, "application/yaml")], version.yaml).into_response())
}

/// What became of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpecAnswer {
    /// The model.
    pub model: String,
    /// The version of its spec, from 1; the same text keeps its version.
    pub version: i64,
}

/// Puts the spec of a model; events of the model are accepted from then on.
#[utoipa::path(put, path = "/v1/models/{model}/spec", tag = "models", params(("model" = String, Path, description = "The name of the model, as in its events")),
    request_body(content = serde_json::Value, content_type = "application/yaml"),
    responses(
        (status = 200, description = "The spec is in force", body = SpecAnswer),
        (status = 400, description = "The spec has mistakes; each is named", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The catalogue cannot be written now", body = Problem, content_type = "application/problem+json"),
        Guarded,
        WithBody,
    )
)]
pub async fn put_spec(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SpecAnswer>, Problem> {
    let limit = usize::try_from(quiver_door::limits::MAX_YAML_BYTES).unwrap_or(usize::MAX);
    let limits = super::BodyLimits { encoded_bytes: limit, decoded_bytes: limit, ..app.limits };
    let (bytes, _held) = receive(&headers, body, &app.budget, limits).await?.decoded(limits)?;
    let text = String::from_utf8(bytes).map_err(|_| Problem::bad_request("the spec is not UTF-8"))?;
    let spec = parse_spec(&text, "the spec").map_err(|errors| {
        let told = errors.errors.iter().take(100).map(|error| EventError {
            position: error.line as u64,
            reason: "spec".to_owned(),
            detail: error.to_string(),
        });
        Problem { errors: told.collect(), ..Problem::bad_request("the spec has mistakes") }
    })?;
    if spec.model != model {
        return Err(Problem::bad_request(format!(
            "the spec is of the model {}, not of the one in the path",
            spec.model
        )));
    }
    let version = app.flow.put(spec, text).await.map_err(Problem::overloaded)?;
    Ok(Json(SpecAnswer { model, version }))
}

/// How an evaluation is cut.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EvaluationQuery {
    /// The length of the periods: `day` (the default), `week`, `month`, or such as `1d`.
    pub by: Option<String>,
}

/// Gives what was concluded of a model: findings by arrow, arm and period, and the diagnosis.
#[utoipa::path(get, path = "/v1/models/{model}/evaluation", tag = "models",
    params(("model" = String, Path, description = "The name of the model, as in its events"), EvaluationQuery),
    responses(
        (status = 200, description = "The evaluation", body = serde_json::Value),
        (status = 400, description = "The period cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The tables cannot be read now", body = Problem, content_type = "application/problem+json"),
        Guarded,
    )
)]
pub async fn evaluation(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<EvaluationQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Evaluation>, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("the query may hold `by`, once"))?;
    let length = length_of(query.by.as_deref().unwrap_or("day"))?;
    let door = app.doors.get(&model).ok_or_else(|| unknown_model(&app, &model))?;
    let pipeline = Pipeline::reading(Arc::clone(&app.workspace), door.spec.as_ref().clone());
    let evaluation = pipeline.evaluate(length).await.map_err(|error| {
        tracing::error!(%error, model, "an evaluation cannot be made");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "the tables cannot be read now", "try again later")
            .retry_after(5)
    })?;
    Ok(Json(evaluation))
}

fn length_of(text: &str) -> Result<WindowLength, Problem> {
    let text = match text {
        "hour" => "1h",
        "day" => "1d",
        "week" => "1w",
        "month" => "1mo",
        other => other,
    };
    WindowLength::parse(text).map_err(|_| Problem::bad_request("`by` is day, week, month, or a length such as 1d"))
}
