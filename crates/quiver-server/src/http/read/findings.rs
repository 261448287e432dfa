//! Findings with their words, the newest first.

use super::scope::{Asked, RangeQuery, Scope, bad_parameter, of};
use super::series::Chosen;
use super::words::FindingAnswer;
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::judged::Judged;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::time::Window;
use quiver_judge::finding::{Finding, Verdict};
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Findings given where the question does not say how many, and at most.
const LIMITS: (usize, usize) = (100, 1_000);

/// Which findings are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingsQuery {
    /// The first instant of event time (RFC 3339), or a date in the model's zone. Default: the first event known.
    pub from: Option<String>,
    /// The first instant after the range, or a date in the model's zone. Default: after the last event known.
    pub to: Option<String>,
    /// In the place of `from`: how far back from `to`, such as `7d`.
    pub last: Option<String>,
    /// The length of periods: `window` (the spec's own), `day`, `week` or `month`. Default: what fits the range.
    pub by: Option<String>,
    /// The arm. Default: the live one.
    pub arm: Option<String>,
    /// Only this arrow: `features`, `inference`, `decision` or `feedback`.
    pub arrow: Option<String>,
    /// Only this monitor, such as `drift`.
    pub monitor: Option<String>,
    /// Only this subject, such as a feature.
    pub subject: Option<String>,
    /// Only these verdicts, with commas between them, such as `broken,drifted`.
    pub verdict: Option<String>,
    /// Only this slice, with `slice_value`.
    pub slice_name: Option<String>,
    /// Only this value of the slice.
    pub slice_value: Option<String>,
    /// How many are given, at most 1,000. Default: 100.
    pub limit: Option<usize>,
    /// How many are left out before. Default: none.
    pub offset: Option<usize>,
}

/// Findings.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Findings {
    /// What the answer is about.
    pub scope: Scope,
    /// How many there are.
    pub total: usize,
    /// Those of this page.
    pub findings: Vec<FindingAnswer>,
}

/// Reads the verdicts of a list with commas.
///
/// # Errors
/// When one is none.
pub fn verdicts_of(text: Option<&str>) -> Result<Option<Vec<Verdict>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let told = || format!("`verdict` holds, with commas: {}", Verdict::ALL.map(Verdict::name).join(", "));
    let found: Option<Vec<Verdict>> = text.split(',').map(|name| Verdict::of_name(name.trim())).collect();
    Ok(Some(found.ok_or_else(|| Problem::bad_request(told()))?))
}

/// What was judged of some periods of an arm, from the catalogue.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn judged_of(app: &App, asked: &Asked, arm: &str, range: Window) -> Result<Vec<(Window, Judged)>, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "what was judged cannot be read");
        Problem::overloaded("what was judged cannot be read now; ask again later")
    };
    let key = (asked.spec().model.as_str(), &*asked.length.to_string(), arm);
    let catalogue = app.workspace.catalogue();
    let kept = catalogue.judged_between(DEFAULT_WORKSPACE, key, (range.start.0, range.end.0)).await;
    let kept = kept.map_err(|error| unreadable(&error))?;
    let read = |kept: &quiver_store::catalogue::JudgedPeriod| {
        let start = quiver_event::time::Timestamp(kept.starts_at_microseconds);
        let window = Window { start, end: quiver_event::time::Timestamp(kept.ends_at_microseconds) };
        Ok((window, Judged::from_bytes(&kept.judged).map_err(|error| unreadable(&error))?))
    };
    kept.iter().map(read).collect()
}

/// Lists what monitors said, the newest first, with the words and figures of each.
#[utoipa::path(get, path = "/v1/models/{model}/findings", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), FindingsQuery),
    responses((status = 200, description = "The findings", body = Findings), Reads)
)]
pub async fn findings(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<FindingsQuery>, QueryRejection>,
) -> Result<Json<Findings>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let FindingsQuery { from, to, last, by, arm, .. } = query.clone();
    let asked = of(&app, &model, &RangeQuery { from, to, last, by, arm }).await?;
    let verdicts = verdicts_of(query.verdict.as_deref())?;
    let chosen = Chosen::of(&asked, query.arrow.as_deref(), query.monitor.as_deref(), query.subject.as_deref())?;
    let names = &asked.view.names;
    let limit = query.limit.unwrap_or(LIMITS.0).min(LIMITS.1);
    let offset = query.offset.unwrap_or(0);
    let mut total = 0;
    // The page by period: places among the findings of each.
    let mut page: Vec<(Window, Vec<usize>)> = Vec::new();
    for period in asked.periods().iter().rev() {
        let mut places = Vec::new();
        for (place, cell) in period.cells.iter().enumerate() {
            let slice = cell.slice.and_then(|slice| names.slice(slice));
            let is_meant = chosen.has(cell)
                && verdicts.as_ref().is_none_or(|verdicts| verdicts.contains(&cell.verdict))
                && query.slice_name.as_ref().is_none_or(|name| slice.is_some_and(|slice| slice.name == *name))
                && query.slice_value.as_ref().is_none_or(|value| slice.is_some_and(|slice| slice.value == *value));
            if is_meant {
                if (offset..offset.saturating_add(limit)).contains(&total) {
                    places.push(place);
                }
                total += 1;
            }
        }
        if !places.is_empty() {
            page.push((period.window, places));
        }
    }
    let mut found: Vec<Finding> = Vec::new();
    if let (Some((last, _)), Some((first, _))) = (page.first(), page.last()) {
        let range = Window { start: first.start, end: last.end };
        let judged = judged_of(&app, &asked, &asked.arm, range).await?;
        for (window, places) in &page {
            let Some((_, judged)) = judged.iter().find(|(of, _)| of == window) else { continue };
            found.extend(places.iter().filter_map(|place| judged.findings.get(*place)).cloned());
        }
    }
    Ok(Json(Findings { scope: asked.scope(), total, findings: found.iter().map(FindingAnswer::from).collect() }))
}
