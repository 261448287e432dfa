//! Parts of the population: the quality of the model and the values of a feature in each.

use super::column::unknown_feature;
use super::scope::{Asked, RangeQuery, Scope, ask};
use super::words::{LimitAnswer, Pair, VerdictName};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::pipeline::{Part, Pipeline, PipelineError};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::spec::Metric;
use quiver_judge::estimate_metric;
use quiver_judge::facts::profile_column;
use quiver_judge::finding::{self, Monitor, Verdict};
use quiver_profile::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The quality of a model by slice, over the range.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Slices {
    /// What the answer is about.
    pub scope: Scope,
    /// The slices that the spec names.
    pub slices: Vec<SliceQuality>,
}

/// One slice.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SliceQuality {
    /// Its name.
    pub name: String,
    /// Its values, the largest first.
    pub values: Vec<ValueQuality>,
}

/// One value of a slice.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ValueQuality {
    /// The value; `other` for those beyond the slice's budget.
    pub value: String,
    /// Predictions.
    pub rows: u64,
    /// Of these, with a label.
    pub labelled: u64,
    /// The worst verdict of the latest period in which it was judged.
    #[schema(value_type = VerdictName)]
    pub verdict: Verdict,
    /// The metrics over the range.
    pub metrics: Vec<SliceMetric>,
}

/// One metric of a slice.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SliceMetric {
    /// The metric.
    pub subject: String,
    /// Its value.
    pub value: Option<f64>,
    /// Its interval at 99.9 %.
    #[schema(min_items = 2, max_items = 2)]
    pub interval: Option<[f64; 2]>,
    /// Rows behind it.
    pub rows: u64,
    /// The spec's bound, where it names one.
    pub limit: Option<LimitAnswer>,
}

/// A feature by slice, over the range.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeatureSlices {
    /// What the answer is about.
    pub scope: Scope,
    /// The slices that the spec names.
    pub slices: Vec<FeatureSlice>,
}

/// A feature in one slice.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeatureSlice {
    /// The slice's name.
    pub name: String,
    /// Its values.
    pub values: Vec<FeatureSliceValue>,
}

/// A feature in one value of a slice.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeatureSliceValue {
    /// The value; `other` for those beyond the slice's budget.
    pub value: String,
    /// Rows in which the feature was looked at.
    pub rows: u64,
    /// Share of them without a value.
    pub missing_share: Option<f64>,
    /// The mean of numbers, or the share of true.
    pub mean: Option<f64>,
}

/// Why a range is not answered.
pub fn not_answered(error: &PipelineError) -> Problem {
    if matches!(error, PipelineError::RangeTooWide) {
        return Problem::bad_request(error.to_string());
    }
    tracing::error!(%error, "tables cannot be read");
    Problem::overloaded("the tables cannot be read now; ask again later")
}

/// The metrics of an outcome that fit the task, in order.
pub fn metrics_of(asked: &Asked, outcome: &Outcome) -> Vec<SliceMetric> {
    let spec = asked.spec();
    let fitting = Metric::ALL.into_iter().filter(|metric| metric.fits(spec.task));
    fitting
        .map(|metric| {
            let target = spec.quality.iter().find(|target| target.metric == metric && target.by.is_none());
            let threshold = target.and_then(|target| target.threshold).unwrap_or_else(|| spec.threshold());
            let limit = target.and_then(|target| match (target.at_least, target.at_most) {
                (Some(low), Some(high)) => Some(LimitAnswer::Within(Pair([low, high]))),
                (Some(low), None) => Some(LimitAnswer::AtLeast(low)),
                (None, Some(high)) => Some(LimitAnswer::AtMost(high)),
                (None, None) => None,
            });
            let estimate = estimate_metric(outcome, metric, threshold);
            SliceMetric {
                subject: metric.name().to_owned(),
                value: estimate.map(|estimate| estimate.value),
                interval: estimate.and_then(|estimate| estimate.interval),
                rows: estimate.map_or(0, |estimate| estimate.rows),
                limit,
            }
        })
        .collect()
}

/// Gives the quality of the model in each part of the population, over the range.
#[utoipa::path(get, path = "/v1/models/{model}/slices", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), RangeQuery),
    responses((status = 200, description = "The slices", body = Slices), Reads)
)]
pub async fn slices(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<Slices>, Problem> {
    let asked = ask(&app, &model, query).await?;
    let pipeline = Pipeline::reading(Arc::clone(&app.workspace), asked.spec().clone());
    let part = Part { arm: &asked.arm, version: None, range: asked.range };
    let outcomes = pipeline.slice_outcomes_of(part).await.map_err(|error| not_answered(&error))?;
    let mut slices: BTreeMap<String, Vec<ValueQuality>> = BTreeMap::new();
    for (slice, outcome) in &outcomes {
        slices.entry(slice.name.clone()).or_default().push(ValueQuality {
            value: slice.value.clone(),
            rows: outcome.predictions(),
            labelled: outcome.labelled(),
            verdict: verdict_of(&asked, slice),
            metrics: metrics_of(&asked, outcome),
        });
    }
    let slices = slices.into_iter().map(|(name, mut values)| {
        values.sort_by(|left, right| right.rows.cmp(&left.rows).then_with(|| left.value.cmp(&right.value)));
        SliceQuality { name, values }
    });
    Ok(Json(Slices { scope: asked.scope(), slices: slices.collect() }))
}

/// The worst quality verdict of a slice in the latest period that judged it.
fn verdict_of(asked: &Asked, slice: &finding::Slice) -> Verdict {
    let names = &asked.view.names;
    let judged = asked.periods().iter().rev().find_map(|period| {
        let of_slice = period.cells.iter().filter(|cell| {
            cell.monitor == Monitor::Quality && cell.slice.and_then(|slice| names.slice(slice)) == Some(slice)
        });
        of_slice.map(|cell| cell.verdict).max_by_key(|verdict| verdict.rank())
    });
    judged.unwrap_or(Verdict::Unjudged)
}

/// Tells of one feature in each part of the population, over the range.
#[utoipa::path(get, path = "/v1/models/{model}/features/{feature}/slices", tag = "reading",
    params(
        ("model" = String, Path, description = "The name of the model, as in its events"),
        ("feature" = String, Path, description = "The name of the feature, as in the spec"),
        RangeQuery
    ),
    responses((status = 200, description = "The feature by slice", body = FeatureSlices), Reads)
)]
pub async fn feature_slices(
    State(app): State<Arc<App>>,
    Path((model, feature)): Path<(String, String)>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<FeatureSlices>, Problem> {
    let asked = ask(&app, &model, query).await?;
    if asked.spec().features.get(&feature).is_none() {
        return Err(unknown_feature(&asked, &feature));
    }
    let pipeline = Pipeline::reading(Arc::clone(&app.workspace), asked.spec().clone());
    let part = Part { arm: &asked.arm, version: None, range: asked.range };
    let profile = pipeline.profile_of(part).await.map_err(|error| not_answered(&error))?;
    let column = profile_column(Arrow::Features, &feature);
    let slices = profile.iter().flat_map(|profile| profile.slices()).map(|(name, slice)| {
        let values = slice.figures(&column).into_iter().filter(|figure| figure.rows > 0);
        FeatureSlice {
            name: name.to_owned(),
            values: values
                .map(|figure| FeatureSliceValue {
                    missing_share: Some(figure.null as f64 / figure.rows as f64),
                    value: figure.value,
                    rows: figure.rows,
                    mean: figure.mean,
                })
                .collect(),
        }
    });
    Ok(Json(FeatureSlices { scope: asked.scope(), slices: slices.collect() }))
}
