//! Single events: pages of them, the newest first, and each with everything that is kept of it.

mod detail;
mod rows;
mod statement;
pub(super) mod tables;

pub(super) use statement::{served_arm, writable};

use super::scope::{Asked, RangeQuery, Scope, bad_parameter, without_periods};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::pipeline::PipelineError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use detail::{EventDetail, detail};
use quiver_event::event::Kind;
use quiver_event::time::Timestamp;
use rows::{EventRow, read};
use serde::{Deserialize, Serialize};
use statement::{Cursor, Wanted, page, parts};
use std::sync::Arc;
use tables::{open, within};
use utoipa::{IntoParams, ToSchema};

/// Events given where the question does not say how many, and at most.
const LIMITS: (usize, usize) = (50, 500);

/// The longest text that is looked for: ids have up to 512 bytes.
const LONGEST_TEXT_BYTES: usize = 512;

/// Which events are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// The first instant of event time (RFC 3339), or a date in the model's zone. Default: the first event known.
    pub from: Option<String>,
    /// The first instant after the range, or a date in the model's zone. Default: now.
    pub to: Option<String>,
    /// In the place of `from`: how far back from `to`, such as `7d`.
    pub last: Option<String>,
    /// The length of periods, which only the answer's scope tells: events have none.
    pub by: Option<String>,
    /// The arm. Default: the live one; every arm where an id is looked for.
    pub arm: Option<String>,
    /// `prediction` (the default), `feedback`, `heartbeat` or `change`.
    pub kind: Option<String>,
    /// Only events of this id, and those that name it as their prediction or decision.
    pub id: Option<String>,
    /// Only events of this decision.
    pub decision_id: Option<String>,
    /// Only predictions of this version.
    pub version: Option<String>,
    /// Only predictions with this action.
    pub action: Option<String>,
    /// Only answers that failed, or only those that did not.
    pub failed: Option<bool>,
    /// Only predictions with at least this score (or predicted number).
    pub min_score: Option<f64>,
    /// Only predictions with at most this score (or predicted number).
    pub max_score: Option<f64>,
    /// Only predictions of this slice, with `slice_value`.
    pub slice_name: Option<String>,
    /// The value of the slice.
    pub slice_value: Option<String>,
    /// How many are given, at most 500. Default: 50.
    pub limit: Option<usize>,
    /// What `next` of the page before said.
    pub cursor: Option<String>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Events {
    /// What the answer is about.
    pub scope: Scope,
    /// The kind of the events.
    pub kind: &'static str,
    /// The events, the newest first.
    pub events: Vec<EventRow>,
    /// The `cursor` of the next page; nothing where there is none.
    pub next: Option<String>,
}

/// Where an event is looked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// `prediction`, `feedback`, `heartbeat` or `change`. Default: the first kind, in this order, that has the id.
    pub kind: Option<String>,
}

fn kind_of(name: &str) -> Result<Kind, Problem> {
    let told = "`kind` is prediction, feedback, heartbeat or change";
    Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| Problem::bad_request(told))
}

impl EventsQuery {
    fn range(&self) -> RangeQuery {
        let Self { from, to, last, by, arm, .. } = self.clone();
        RangeQuery { from, to, last, by, arm }
    }

    /// Refuses what cannot be asked of events of a kind.
    fn check(&self, kind: Kind) -> Result<(), Problem> {
        let texts = [
            ("id", &self.id),
            ("decision_id", &self.decision_id),
            ("version", &self.version),
            ("action", &self.action),
            ("slice_name", &self.slice_name),
            ("slice_value", &self.slice_value),
        ];
        let is_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONGEST_TEXT_BYTES);
        if let Some((name, _)) = texts.iter().find(|(_, text)| is_long(text)) {
            return Err(Problem::bad_request(format!("`{name}` has more than {LONGEST_TEXT_BYTES} bytes")));
        }
        let of_predictions = [
            ("version", self.version.is_some()),
            ("action", self.action.is_some()),
            ("failed", self.failed.is_some()),
            ("min_score", self.min_score.is_some()),
            ("max_score", self.max_score.is_some()),
            ("slice_name", self.slice_name.is_some()),
        ];
        if kind != Kind::Prediction
            && let Some((name, _)) = of_predictions.iter().find(|(_, is_asked)| *is_asked)
        {
            return Err(Problem::bad_request(format!("`{name}` is asked of predictions only")));
        }
        if self.decision_id.is_some() && matches!(kind, Kind::Heartbeat | Kind::Change) {
            return Err(Problem::bad_request("`decision_id` is asked of predictions and feedback only"));
        }
        if self.slice_name.is_some() != self.slice_value.is_some() {
            return Err(Problem::bad_request("`slice_name` and `slice_value` go together"));
        }
        if [self.min_score, self.max_score].into_iter().flatten().any(|score| !score.is_finite()) {
            return Err(Problem::bad_request("`min_score` and `max_score` are finite numbers"));
        }
        Ok(())
    }

    fn wanted<'a>(&'a self, asked: &'a Asked) -> Wanted<'a> {
        let is_lookup = self.id.is_some() || self.decision_id.is_some();
        Wanted {
            id: self.id.as_deref(),
            decision_id: self.decision_id.as_deref(),
            arm: (self.arm.is_some() || !is_lookup).then_some(asked.arm.as_str()),
            version: self.version.as_deref(),
            action: self.action.as_deref(),
            failed: self.failed,
            min_score: self.min_score,
            max_score: self.max_score,
            slice: self.slice_name.as_deref().zip(self.slice_value.as_deref()),
        }
    }
}

/// The latest event time that is known: events are looked for from there back.
fn newest_of(app: &App, asked: &Asked) -> Timestamp {
    let watermark = asked.extent.watermark().filter(|at| at.0 > i64::MIN);
    watermark.unwrap_or_else(|| app.reader.parts.clock.now())
}

/// Lists events of one kind, the newest first.
#[utoipa::path(get, path = "/v1/models/{model}/events", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), EventsQuery),
    responses((status = 200, description = "A page of events", body = Events), Reads)
)]
pub async fn events(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Json<Events>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let kind = query.kind.as_deref().map_or(Ok(Kind::Prediction), kind_of)?;
    query.check(kind)?;
    let told = "`cursor` is what `next` of the page before said";
    let after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|_| Problem::bad_request(told))?;
    let mut asked = without_periods(&app, &model, &query.range()).await?;
    if query.to.is_none() {
        // What came in since the last judgement is there too.
        let now = Timestamp(app.reader.parts.clock.now().0.saturating_add(1));
        asked.range.end = asked.range.end.max(now);
    }
    let mut range = asked.range;
    if let Some(after) = after {
        range.end = range.end.min(Timestamp(after.at.saturating_add(1)));
    }
    let limit = query.limit.unwrap_or(LIMITS.0).clamp(1, LIMITS.1);
    let conditions = query.wanted(&asked).conditions(kind);
    let newest = newest_of(&app, &asked);
    let mut found = within(async {
        let engine = open(&app, &model, &[kind]).await?;
        let mut found: Vec<(Cursor, EventRow)> = Vec::new();
        for part in parts(range, newest) {
            // One more than is given tells whether there is another page.
            let statement = page(kind, part, &conditions, after, limit + 1 - found.len());
            for batch in engine.sql(&statement).await? {
                found.extend(read(kind, &batch)?);
            }
            if found.len() > limit {
                break;
            }
        }
        Ok::<_, PipelineError>(found)
    })
    .await?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|(place, _)| place.to_string());
    let events = found.into_iter().map(|(_, event)| event).collect();
    Ok(Json(Events { scope: asked.scope(), kind: kind.name(), events, next }))
}

/// Gives one event with everything that is kept of it; of several with one id, the newest.
#[utoipa::path(get, path = "/v1/models/{model}/events/{id}", tag = "reading",
    params(
        ("model" = String, Path, description = "The name of the model, as in its events"),
        ("id" = String, Path, description = "The event's id, with `/` written as `%2F`"),
        EventQuery,
    ),
    responses((status = 200, description = "The event", body = EventDetail), Reads)
)]
pub async fn event(
    State(app): State<Arc<App>>,
    Path((model, id)): Path<(String, String)>,
    query: Result<Query<EventQuery>, QueryRejection>,
) -> Result<Json<EventDetail>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let kinds = match query.kind.as_deref() {
        Some(name) => vec![kind_of(name)?],
        None => Kind::ALL.to_vec(),
    };
    let asked = without_periods(&app, &model, &RangeQuery::default()).await?;
    if id.len() > LONGEST_TEXT_BYTES {
        return Err(Problem::bad_request(format!("the id has more than {LONGEST_TEXT_BYTES} bytes")));
    }
    let newest = newest_of(&app, &asked);
    let found = within(detail(&app, asked.spec(), &kinds, &id, newest)).await?;
    let missing = "no event of this id is kept: it never came, or retention has removed it";
    found.map(Json).ok_or_else(|| Problem::not_found(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &EventsQuery, kind: Kind, expected: Option<&str>) {
        let refused = query.check(kind).err();
        assert_eq!(refused.as_ref().map(|problem| problem.detail.as_str()), expected);
    }

    #[test]
    fn what_cannot_be_asked_of_a_kind_is_refused() {
        let text = |text: &str| Some(text.to_owned());
        let none = EventsQuery::default;
        check(&none(), Kind::Change, None);
        let of_action = EventsQuery { action: text("notify"), ..none() };
        check(&of_action, Kind::Prediction, None);
        check(&of_action, Kind::Feedback, Some("`action` is asked of predictions only"));
        let of_decision = EventsQuery { decision_id: text("d-1"), ..none() };
        check(&of_decision, Kind::Feedback, None);
        check(&of_decision, Kind::Change, Some("`decision_id` is asked of predictions and feedback only"));
        let half = EventsQuery { slice_name: text("origin"), ..none() };
        check(&half, Kind::Prediction, Some("`slice_name` and `slice_value` go together"));
        let endless = EventsQuery { min_score: Some(f64::NAN), ..none() };
        check(&endless, Kind::Prediction, Some("`min_score` and `max_score` are finite numbers"));
        let long = EventsQuery { id: Some("x".repeat(513)), ..none() };
        check(&long, Kind::Prediction, Some("`id` has more than 512 bytes"));
        assert!(kind_of("guess").is_err() && kind_of("heartbeat").is_ok_and(|kind| kind == Kind::Heartbeat));
    }
}
