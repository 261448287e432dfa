//! What became of the scores: their distribution over time, the decisions, who took them, and other thresholds.

use super::column::{over_time, reference_of};
use super::performance::{outcome_of, thresholds_of};
use super::scope::{Asked, RangeQuery, Scope, ask};
use super::series::places;
use super::words::{Bin, Period};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::judged::{ColumnFigures, FigureQuantiles, ValueRows};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::spec::Task;
use quiver_judge::facts::{profile_column, subject};
use quiver_profile::Outcome;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What became of the scores.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Decision {
    /// What the answer is about.
    pub scope: Scope,
    /// The periods.
    pub periods: Vec<Period>,
    /// The score at or above which the first action is taken.
    pub threshold: Option<f64>,
    /// Decisions by action, over the range: those that the events tell, at most 20.
    pub actions: Vec<ActionCount>,
    /// Decisions by who took them.
    pub deciders: Vec<DeciderCount>,
    /// Decisions by rule.
    pub rules: Vec<RuleCount>,
    /// The scores over time.
    pub score: ScoreOverTime,
    /// What other thresholds would have done to the labelled predictions of the range; empty unless the task is binary.
    pub thresholds: Vec<ThresholdPoint>,
}

/// Decisions for one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActionCount {
    /// The action.
    pub action: String,
    /// Decisions.
    pub rows: u64,
}

/// Decisions of one kind of decider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeciderCount {
    /// `model`, `rule`, `guardrail` or `fallback`.
    pub by: String,
    /// Decisions.
    pub rows: u64,
}

/// Decisions of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// Decisions.
    pub rows: u64,
    /// Those that are other than the model's.
    pub overridden: u64,
}

/// The scores over time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScoreOverTime {
    /// The reference's frozen bins; empty without a reference.
    pub bins: Vec<Bin>,
    /// Rows of the reference in each.
    pub reference: Option<Vec<u64>>,
    /// Rows of each period in each; empty where the period has none.
    pub windows: Vec<Vec<u64>>,
    /// The mean score of each period.
    pub mean: Vec<Option<f64>>,
    /// The mean score of the reference.
    pub reference_mean: Option<f64>,
    /// The quantiles of each period.
    pub quantiles: Vec<Option<FigureQuantiles>>,
}

/// What a threshold would have done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ThresholdPoint {
    /// The threshold.
    pub threshold: f64,
    /// The share of labelled predictions at or above it.
    pub decided_share: f64,
    /// Of those, the share of positives.
    pub precision: Option<f64>,
    /// Of the positives, the share of those.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
    /// Positive and at or above it.
    pub true_positives: u64,
    /// Negative and at or above it.
    pub false_positives: u64,
    /// Negative and below it.
    pub true_negatives: u64,
    /// Positive and below it.
    pub false_negatives: u64,
}

fn explored(outcome: &Outcome) -> Vec<ThresholdPoint> {
    let Some(binary) = outcome.binary() else { return Vec::new() };
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    thresholds_of(binary.ranks())
        .into_iter()
        .map(|found| {
            let decided = found.true_positives + found.false_positives;
            let positives = found.true_positives + found.false_negatives;
            let all = decided + found.true_negatives + found.false_negatives;
            ThresholdPoint {
                threshold: found.threshold,
                decided_share: share(decided, all).unwrap_or(0.0),
                precision: share(found.true_positives, decided),
                recall: share(found.true_positives, positives),
                f1: share(2 * found.true_positives, decided + positives),
                true_positives: found.true_positives,
                false_positives: found.false_positives,
                true_negatives: found.true_negatives,
                false_negatives: found.false_negatives,
            }
        })
        .collect()
}

/// The values of a measured column over the range, the most frequent first.
fn values_of(asked: &Asked, subject: &str) -> Vec<ValueRows> {
    let Some(number) = asked.view.names.number(&profile_column(Arrow::Decision, subject)) else { return Vec::new() };
    let mut sum = ColumnFigures::default();
    asked.periods().iter().filter_map(|period| period.figures(number)).for_each(|figures| sum.add(figures));
    sum.values
}

fn rules_of(asked: &Asked) -> Vec<RuleCount> {
    let overriding = values_of(asked, subject::OVERRIDING_RULE);
    let overridden = |rule: &str| overriding.iter().find(|of| of.value == rule).map_or(0, |of| of.rows);
    let rules = values_of(asked, subject::RULE).into_iter();
    rules.map(|of| RuleCount { overridden: overridden(&of.value), rule: of.value, rows: of.rows }).collect()
}

/// Tells what became of the scores: their distribution, the decisions, who took them, and other thresholds.
#[utoipa::path(get, path = "/v1/models/{model}/decision", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), RangeQuery),
    responses((status = 200, description = "What became of the scores", body = Decision), Reads)
)]
pub async fn decision(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<Decision>, Problem> {
    let asked = ask(&app, &model, query).await?;
    let (periods, places) = places(&asked);
    let reference = reference_of(&app, &asked, &asked.arm).await?;
    let scores = over_time(&asked, &profile_column(Arrow::Decision, subject::SCORE), reference.as_deref(), &places);
    let actions = values_of(&asked, subject::ACTION).into_iter();
    let deciders = values_of(&asked, subject::DECIDED_BY).into_iter();
    let outcome = outcome_of(&app, &asked).await?;
    let figures = || scores.windows.iter().map(Option::as_ref);
    let spec = asked.spec();
    Ok(Json(Decision {
        scope: asked.scope(),
        periods,
        threshold: (spec.task == Task::Binary).then(|| spec.threshold()),
        actions: actions.map(|of| ActionCount { action: of.value, rows: of.rows }).collect(),
        deciders: deciders.map(|of| DeciderCount { by: of.value, rows: of.rows }).collect(),
        rules: rules_of(&asked),
        thresholds: outcome.as_ref().map(explored).unwrap_or_default(),
        score: ScoreOverTime {
            windows: figures().map(|of| of.map(|of| of.bins.clone()).unwrap_or_default()).collect(),
            mean: figures().map(|of| of.and_then(|of| of.mean)).collect(),
            quantiles: figures().map(|of| of.and_then(|of| of.quantiles)).collect(),
            reference_mean: scores.reference.as_ref().and_then(|of| of.mean),
            reference: scores.reference.map(|of| of.bins),
            bins: scores.bins,
        },
    }))
}
