//! Two arms, versions or periods side by side.

use super::events::tables::{open, within};
use super::scope::{Asked, RangeQuery, bad_parameter, without_periods};
use super::slices::{metrics_of, not_answered};
use super::words::{ArrowName, Bin};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::judged::{ColumnFigures, arrow_and_subject};
use crate::measure::Rows;
use crate::pipeline::{Part, Pipeline, PipelineError, at_once, time_condition};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::event::Kind;
use quiver_event::spec::{LIVE_ARM, Spec, Task};
use quiver_judge::comparison::{Measured, measure_column};
use quiver_judge::facts::measure_of;
use quiver_profile::{ColumnProfile, Outcome, Profile};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What is compared with what.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompareQuery {
    /// The arm on the left. Default: the live one.
    pub left_arm: Option<String>,
    /// The version on the left. Default: any.
    pub left_version: Option<String>,
    /// The first instant on the left. Default: the first event known.
    pub left_from: Option<String>,
    /// The first instant after the left side. Default: after the last event known.
    pub left_to: Option<String>,
    /// The arm on the right. Default: another arm where there is one, else the live one.
    pub right_arm: Option<String>,
    /// The version on the right. Default: any.
    pub right_version: Option<String>,
    /// The first instant on the right. Default: that of the left.
    pub right_from: Option<String>,
    /// The first instant after the right side. Default: that of the left.
    pub right_to: Option<String>,
}

/// Two sides of a model.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Comparison {
    /// The model.
    pub model: String,
    /// Its time zone.
    pub timezone: String,
    /// The left side.
    pub left: Side,
    /// The right side.
    pub right: Side,
    /// The columns, those that differ most first.
    pub columns: Vec<ComparedColumn>,
    /// The metrics of both.
    pub metrics: Vec<ComparedMetric>,
    /// The decisions that both arms answered; nothing unless two arms of a binary model are compared over one range.
    pub paired: Option<Paired>,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Side {
    /// The arm.
    pub arm: String,
    /// The version, where one was asked for.
    pub version: Option<String>,
    /// The first instant.
    pub from: String,
    /// The first instant after it.
    pub to: String,
    /// Predictions in whole windows of the spec.
    pub rows: u64,
    /// Of these, with a label.
    pub labelled: u64,
}

/// One column on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComparedColumn {
    /// The arrow it belongs to.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The feature or measure.
    pub subject: String,
    /// The unit people read.
    pub unit: Option<String>,
    /// The distance of the right side from the left; nothing where the two stand on different bins.
    pub distance: Option<f64>,
    /// The convention of the distance.
    pub convention: Option<String>,
    /// The bins of both; empty where they stand on different ones.
    pub bins: Vec<Bin>,
    /// The figures of the left side.
    pub left: ColumnFigures,
    /// The figures of the right side.
    pub right: ColumnFigures,
}

/// One metric on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComparedMetric {
    /// The metric.
    pub metric: String,
    /// Its value on the left.
    pub left: Option<f64>,
    /// Its value on the right.
    pub right: Option<f64>,
    /// The interval of the left value at 99.9 %.
    #[schema(min_items = 2, max_items = 2)]
    pub left_interval: Option<[f64; 2]>,
    /// The interval of the right value at 99.9 %.
    #[schema(min_items = 2, max_items = 2)]
    pub right_interval: Option<[f64; 2]>,
    /// Rows behind the left value.
    pub left_rows: u64,
    /// Rows behind the right value.
    pub right_rows: u64,
}

/// Decisions that both arms answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Paired {
    /// The threshold of both.
    pub threshold: f64,
    /// The decisions.
    pub decisions: u64,
    /// Decisions by what each arm said.
    pub cells: Vec<PairedCell>,
}

/// Decisions in which the arms said this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PairedCell {
    /// Whether the score of the left arm reaches the threshold.
    pub left: bool,
    /// Whether that of the right arm does.
    pub right: bool,
    /// Decisions.
    pub rows: u64,
}

struct Measurement {
    side: Side,
    profile: Option<Profile>,
    outcome: Option<Outcome>,
}

async fn measured(pipeline: &Pipeline, part: Part<'_>) -> Result<Measurement, Problem> {
    let profile = pipeline.columns_of(part).await.map_err(|error| not_answered(&error))?;
    let outcome = pipeline.outcome_of(part).await.map_err(|error| not_answered(&error))?;
    let side = Side {
        arm: part.arm.to_owned(),
        version: part.version.map(str::to_owned),
        from: part.range.start.to_string(),
        to: part.range.end.to_string(),
        rows: profile.as_ref().map_or(0, Profile::rows),
        labelled: outcome.as_ref().map_or(0, Outcome::labelled),
    };
    Ok(Measurement { side, profile, outcome })
}

/// How often two arms said the same of one decision: whether the score of each reaches the threshold.
async fn paired(app: &App, left: &Asked, right_arm: &str, threshold: f64) -> Result<Vec<PairedCell>, PipelineError> {
    let side = |arm: &str| {
        format!(
            "SELECT decision_id, score FROM predictions WHERE coalesce(\"arm\", '{LIVE_ARM}') = '{}' AND {} \
             AND decision_id IS NOT NULL AND score IS NOT NULL",
            arm.replace('\'', "''"),
            time_condition(left.range)
        )
    };
    let statement = format!(
        "SELECT CAST(l.score >= {threshold} AS BIGINT) AS l, CAST(r.score >= {threshold} AS BIGINT) AS r, \
         count(*) AS pairs FROM ({}) l JOIN ({}) r ON l.decision_id = r.decision_id GROUP BY 1, 2 ORDER BY 1, 2",
        side(&left.arm),
        side(right_arm),
    );
    let engine = open(app, &left.spec().model, &[Kind::Prediction]).await?;
    let mut cells = Vec::new();
    for batch in engine.sql(&statement).await? {
        let rows = Rows(&batch);
        let (left, right, counts) = (rows.integers("l")?, rows.integers("r")?, rows.integers("pairs")?);
        for ((left, right), count) in left.into_iter().zip(right).zip(counts) {
            cells.push(PairedCell { left: left != 0, right: right != 0, rows: u64::try_from(count).unwrap_or(0) });
        }
    }
    Ok(cells)
}

/// Puts two arms, versions or periods side by side: their columns, their metrics, and the decisions both answered.
#[utoipa::path(get, path = "/v1/models/{model}/compare", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), CompareQuery),
    responses((status = 200, description = "Both sides", body = Comparison), Reads)
)]
pub async fn compare(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<CompareQuery>, QueryRejection>,
) -> Result<Json<Comparison>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let left_range = RangeQuery {
        from: query.left_from.clone(),
        to: query.left_to.clone(),
        arm: query.left_arm.clone(),
        ..RangeQuery::default()
    };
    let left = without_periods(&app, &model, &left_range).await?;
    let other_arm = || left.extent.arms.keys().find(|arm| **arm != left.arm).cloned();
    let names_nothing = query.right_arm.is_none() && query.right_version.is_none() && query.right_from.is_none();
    let right_arm = match &query.right_arm {
        Some(arm) => arm.clone(),
        None if names_nothing => other_arm().unwrap_or_else(|| LIVE_ARM.to_owned()),
        None => left.arm.clone(),
    };
    let right_range = RangeQuery {
        from: query.right_from.clone().or_else(|| Some(left.range.start.to_string())),
        to: query.right_to.clone().or_else(|| Some(left.range.end.to_string())),
        arm: Some(right_arm.clone()),
        ..RangeQuery::default()
    };
    let right = without_periods(&app, &model, &right_range).await?;
    let pipeline = Pipeline::reading(Arc::clone(&app.workspace), left.spec().clone());
    let part = |arm, version, range| Part { arm, version, range };
    let left_part = part(left.arm.as_str(), query.left_version.as_deref(), left.range);
    let right_part = part(right_arm.as_str(), query.right_version.as_deref(), right.range);
    // One after the other: each works on all processors, and may take as much memory as one answer may.
    let mut left_side = measured(&pipeline, left_part).await?;
    let mut right_side = measured(&pipeline, right_part).await?;
    let spec = left.spec();
    let paired = match spec.task == Task::Binary && left.arm != right_arm && left.range == right.range {
        false => None,
        true => {
            let threshold = spec.threshold();
            let cells = within(paired(&app, &left, &right_arm, threshold)).await?;
            let decisions = cells.iter().map(|cell| cell.rows).sum();
            (decisions > 0).then_some(Paired { threshold, decisions, cells })
        }
    };
    let metrics =
        |side: &Measurement| side.outcome.as_ref().map(|outcome| metrics_of(&left, outcome)).unwrap_or_default();
    let (left_metrics, right_metrics) = (metrics(&left_side), metrics(&right_side));
    let known = if left_metrics.is_empty() { &right_metrics } else { &left_metrics };
    let metrics = known.iter().map(|metric| {
        let on = |side: &[super::slices::SliceMetric]| {
            let found = side.iter().find(|of| of.subject == metric.subject);
            found.map(|of| (of.value, of.interval, of.rows)).unwrap_or_default()
        };
        let (left, left_interval, left_rows) = on(&left_metrics);
        let (right, right_interval, right_rows) = on(&right_metrics);
        let metric = metric.subject.clone();
        ComparedMetric { metric, left, right, left_interval, right_interval, left_rows, right_rows }
    });
    let columns = columns_of(spec, left_side.profile.take().zip(right_side.profile.take())).await;
    Ok(Json(Comparison {
        model: spec.model.clone(),
        timezone: left.zone.name().to_owned(),
        metrics: metrics.collect(),
        columns,
        left: left_side.side,
        right: right_side.side,
        paired,
    }))
}

/// The columns of both sides, compared on all processors.
async fn columns_of(spec: &Spec, sides: Option<(Profile, Profile)>) -> Vec<ComparedColumn> {
    let Some((left, right)) = sides else { return Vec::new() };
    let (spec, sides) = (Arc::new(spec.clone()), Arc::new((left, right)));
    let names: Vec<String> = sides.0.columns().map(|(name, _)| name.to_owned()).collect();
    let comparing = names.chunks(names.len().div_ceil(at_once()).max(1)).map(|names| {
        let (spec, sides, names) = (Arc::clone(&spec), Arc::clone(&sides), names.to_vec());
        tokio::task::spawn_blocking(move || {
            let compared = names.iter().filter_map(|name| {
                let (left, right) = (sides.0.column(name)?, sides.1.column(name)?);
                compared(&spec, name, left, right)
            });
            compared.collect::<Vec<_>>()
        })
    });
    let mut columns = Vec::new();
    for compared in comparing.collect::<Vec<_>>() {
        columns.extend(compared.await.expect("it is not cancelled, and its panic is one of the answer"));
    }
    columns.sort_by(|one, other| {
        let distance = |of: &ComparedColumn| of.distance.unwrap_or(-1.0);
        distance(other).total_cmp(&distance(one)).then_with(|| one.subject.cmp(&other.subject))
    });
    columns
}

/// One column on both sides; nothing where neither has a row.
fn compared(spec: &Spec, name: &str, left: &ColumnProfile, right: &ColumnProfile) -> Option<ComparedColumn> {
    let (arrow, subject) = arrow_and_subject(name)?;
    let same_bins = left.edges_id().is_some() && left.edges_id() == right.edges_id();
    let distance = match measure_column(left, right, measure_of(spec)) {
        Ok(Measured::ByValue(distance)) if same_bins => Some(distance),
        _ => None,
    };
    let bins = left.coarse().into_iter().map(|(label, _)| Bin::from(label));
    let column = ComparedColumn {
        arrow,
        subject: subject.to_owned(),
        unit: spec.features.get(subject).and_then(|feature| feature.unit.clone()),
        convention: distance.as_ref().map(|distance| distance.convention.to_string()),
        distance: distance.map(|distance| distance.value).filter(|value| value.is_finite()),
        bins: if same_bins { bins.collect() } else { Vec::new() },
        left: ColumnFigures::of(left),
        right: ColumnFigures::of(right),
    };
    (column.left.rows > 0 || column.right.rows > 0).then_some(column)
}
