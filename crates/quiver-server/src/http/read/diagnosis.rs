//! What broke first in a range, since when, and what explains it.

use super::findings::judged_of;
use super::scope::{Asked, RangeQuery, Scope, ask};
use super::windows::arms_of;
use super::words::{ArrowName, FindingAnswer, Period, WindowAnswer};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::judged::Judged;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::Window;
use quiver_judge::diagnosis::{self, WindowFindings, diagnose};
use quiver_judge::finding::{Monitor, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What happened to a model's arms.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Diagnoses {
    /// What the answer is about.
    pub scope: Scope,
    /// The arms, the live one first.
    pub arms: Vec<ArmDiagnosis>,
}

/// What happened to one arm.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArmDiagnosis {
    /// The arm.
    pub arm: String,
    /// Whether its answers are used.
    pub is_live: bool,
    /// Arrows that broke, the first first.
    pub onsets: Vec<Onset>,
    /// What explains the first, the largest share first.
    pub causes: Vec<Cause>,
    /// The mean output in the reference and in the period in which the first arrow broke.
    #[schema(min_items = 2, max_items = 2)]
    pub mean_output: Option<[f64; 2]>,
    /// Findings on the service in that period; empty when nothing broke.
    pub infrastructure: Vec<FindingAnswer>,
    /// Features that moved although nothing broke.
    pub harmless_drift: Vec<String>,
    /// Quality targets that held in every period, and so hid what happened.
    pub still_green: Vec<String>,
    /// Predictions in the periods, from the first onset on, in which an arrow was broken; nothing when none is.
    pub decisions_touched: Option<u64>,
}

/// When an arrow first broke, and by which findings.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Onset {
    /// The arrow.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The first period in which it is broken.
    pub since: Period,
    /// In how many periods, from this one on, it is broken.
    pub broken_windows: usize,
    /// Periods judged from this one on.
    pub judged_windows: usize,
    /// The broken findings of that first period.
    pub findings: Vec<FindingAnswer>,
}

/// Why an arrow broke.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Cause {
    /// The arrow the cause lies on.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The feature or measure.
    pub subject: String,
    /// How much of the move of the mean output goes with this feature's shift alone, 1 for all of it.
    pub share: Option<f64>,
    /// The feature's distance from the reference when the arrow broke.
    pub distance: Option<f64>,
    /// The convention of the distance.
    pub convention: Option<String>,
    /// Since when it has been away from the reference without a pause.
    pub since: WindowAnswer,
    /// Share of rows where the reference never was.
    pub unseen_share: f64,
}

impl From<diagnosis::Cause> for Cause {
    fn from(cause: diagnosis::Cause) -> Self {
        Self {
            arrow: cause.arrow,
            subject: cause.subject,
            share: cause.share,
            distance: cause.distance,
            convention: cause.convention,
            since: cause.since.into(),
            unseen_share: cause.unseen_share,
        }
    }
}

/// The diagnosis of an arm over the asked range. Only what a diagnosis asks for is read again with its words: the
/// first broken period of each arrow.
pub async fn diagnosis_of(app: &App, asked: &Asked, arm: &str) -> Result<diagnosis::Diagnosis, Problem> {
    let periods = asked.view.of(arm, asked.range);
    let mut whole: BTreeMap<Window, Judged> = BTreeMap::new();
    for arrow in Arrow::ALL {
        let first = periods.iter().find(|period| period.arrows[arrow.number() - 1] == Verdict::Broken);
        if let Some(first) = first
            && !whole.contains_key(&first.window)
        {
            whole.extend(judged_of(app, asked, arm, first.window).await?);
        }
    }
    let windows: Vec<WindowFindings> = periods
        .iter()
        .map(|period| {
            let findings = match whole.get(&period.window) {
                Some(judged) => judged.findings.clone(),
                None => {
                    let moved = period.cells.iter().filter(|cell| {
                        cell.monitor.arrow() == Arrow::Features
                            && matches!(cell.verdict, Verdict::Drifted | Verdict::Broken)
                    });
                    moved.map(|cell| cell.finding(arm, period.window, &asked.view.names)).collect()
                }
            };
            WindowFindings {
                window: period.window,
                rows: period.rows,
                labelled: period.labelled,
                arrows: period.arrows,
                findings,
            }
        })
        .collect();
    Ok(diagnose(arm, &windows, |window| whole.remove(&window).map_or_else(Vec::new, |judged| judged.shifts)))
}

/// Quality targets that were judged after the onset and held in every period.
fn still_green(asked: &Asked, arm: &str, onset: Window) -> Vec<String> {
    let names = &asked.view.names;
    let mut held: BTreeMap<u32, (bool, bool)> = BTreeMap::new();
    for period in asked.view.of(arm, asked.range) {
        let quality = period
            .cells
            .iter()
            .filter(|cell| cell.monitor == Monitor::Quality && cell.slice.is_none() && cell.limit.is_some());
        for cell in quality {
            let (always, after) = held.entry(cell.subject).or_insert((true, false));
            *always &= matches!(cell.verdict, Verdict::Healthy | Verdict::LabelsPending);
            *after |= period.window >= onset && cell.verdict == Verdict::Healthy;
        }
    }
    let green = held.into_iter().filter(|(_, (always, after))| *always && *after);
    green.map(|(subject, _)| names.text(subject).to_owned()).collect()
}

async fn arm_diagnosis(app: &App, asked: &Asked, arm: &str) -> Result<ArmDiagnosis, Problem> {
    let found = diagnosis_of(app, asked, arm).await?;
    let first = found.onsets.first().map(|onset| onset.window);
    let touched = first.map(|first| {
        let periods = asked.view.of(arm, asked.range).iter().filter(|period| period.window >= first);
        periods.filter(|period| period.arrows.contains(&Verdict::Broken)).map(|period| period.rows).sum()
    });
    let onset = |onset: diagnosis::Onset| Onset {
        arrow: onset.arrow,
        since: Period::of(onset.window, asked.length, &asked.zone),
        broken_windows: onset.broken_windows,
        judged_windows: onset.judged_windows,
        findings: onset.findings.iter().map(FindingAnswer::from).collect(),
    };
    Ok(ArmDiagnosis {
        arm: arm.to_owned(),
        is_live: arm == LIVE_ARM,
        still_green: first.map_or_else(Vec::new, |first| still_green(asked, arm, first)),
        onsets: found.onsets.into_iter().map(onset).collect(),
        causes: found.causes.into_iter().map(Cause::from).collect(),
        mean_output: found.mean_output,
        infrastructure: found.infrastructure.iter().map(FindingAnswer::from).collect(),
        harmless_drift: found.harmless_drift,
        decisions_touched: touched,
    })
}

/// Says what broke first, since when, and what explains it, for each arm.
#[utoipa::path(get, path = "/v1/models/{model}/diagnosis", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), RangeQuery),
    responses((status = 200, description = "The diagnosis of each arm", body = Diagnoses), Reads)
)]
pub async fn diagnosis(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<Diagnoses>, Problem> {
    let asked = ask(&app, &model, query).await?;
    let mut arms = Vec::new();
    for arm in arms_of(&asked) {
        arms.push(arm_diagnosis(&app, &asked, &arm).await?);
    }
    Ok(Json(Diagnoses { scope: asked.scope(), arms }))
}
