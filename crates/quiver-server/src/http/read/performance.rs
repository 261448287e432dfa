//! How good the answers were, by event time: metrics, calibration, confusion, errors by prediction, delay of labels.

use super::scope::{Asked, RangeQuery, Scope, ask};
use super::series::{Chosen, Series, places, series_of};
use super::words::{Bin, Period};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_judge::evidence::share_interval;
use quiver_judge::finding::Monitor;
use quiver_profile::Outcome;
use quiver_profile::outcome::RankCounts;
use quiver_profile::sketch::log_linear::bounds_of;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Points of a drawn ROC curve, and thresholds of the explorer.
const MOST_POINTS: usize = 101;

/// Bars of the drawn delays.
const MOST_BARS: usize = 40;

/// Series of quality, without slices.
const MOST_SERIES: usize = 50;

/// How good the answers were.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Performance {
    /// What the answer is about.
    pub scope: Scope,
    /// The periods.
    pub periods: Vec<Period>,
    /// What the model predicts.
    pub task: String,
    /// Predictions of each period.
    pub predictions: Vec<u64>,
    /// Of these, with a label.
    pub labelled: Vec<u64>,
    /// The metrics over time.
    pub metrics: Vec<Series>,
    /// The calibration curve of the range; empty unless scores are probabilities.
    pub calibration: Vec<CalibrationPoint>,
    /// What was right and wrong at each threshold of the spec.
    pub confusion: Vec<Confusion>,
    /// The ROC curve of the range.
    pub roc: Vec<RocPoint>,
    /// The area under it.
    pub roc_auc: Option<f64>,
    /// The error by prediction: tenths of the labelled predictions, or the reference's bins of a regression.
    pub deciles: Vec<ErrorGroup>,
    /// How long labels took.
    pub delay: LabelDelay,
    /// Where labels come from; nothing when the spec names no feedback.
    pub feedback: Option<FeedbackSource>,
}

/// One bin of the calibration curve.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CalibrationPoint {
    /// Lower bound of the scores.
    pub from: f64,
    /// Upper bound.
    pub to: f64,
    /// Labelled predictions.
    pub rows: u64,
    /// Those whose label is 1.
    pub positives: u64,
    /// The mean score.
    pub mean_score: Option<f64>,
    /// The share of positives.
    pub positive_share: Option<f64>,
    /// Its Wilson interval at 99.9 %.
    #[schema(min_items = 2, max_items = 2)]
    pub interval: Option<[f64; 2]>,
}

/// What was right and wrong at a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Confusion {
    /// Scores at or above it are taken for positive.
    pub threshold: f64,
    /// Positive and taken for it.
    pub true_positives: u64,
    /// Negative and taken for positive.
    pub false_positives: u64,
    /// Negative and taken for it.
    pub true_negatives: u64,
    /// Positive and taken for negative.
    pub false_negatives: u64,
}

/// One point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct RocPoint {
    /// Negatives taken for positive, by all negatives.
    pub false_positive_rate: f64,
    /// Positives taken for it, by all positives.
    pub true_positive_rate: f64,
}

/// The error of predictions that are alike.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ErrorGroup {
    /// The tenth from 1, or the place of the bin.
    pub decile: usize,
    /// The smallest prediction of a tenth.
    pub from: Option<f64>,
    /// The largest.
    pub to: Option<f64>,
    /// The bin of a regression.
    pub bin: Option<Bin>,
    /// Labelled predictions.
    pub rows: u64,
    /// Their mean prediction.
    pub mean_prediction: Option<f64>,
    /// Their mean label.
    pub mean_label: Option<f64>,
    /// The mean of prediction minus label: positive when the model says too much.
    pub error: Option<f64>,
    /// The mean of its absolute value, of a regression.
    pub absolute_error: Option<f64>,
}

/// How long labels took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct LabelDelay {
    /// Labels whose delay is known.
    pub rows: u64,
    /// Quantiles, at most 1 % off.
    pub quantiles: Vec<DelayQuantile>,
    /// Labels by delay.
    pub bars: Vec<DelayBar>,
    /// What the spec expects of the median.
    pub expected_p50_seconds: Option<f64>,
    /// What it expects of 95 %.
    pub expected_p95_seconds: Option<f64>,
}

/// A quantile of the delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct DelayQuantile {
    /// The share of labels that came so soon.
    pub share: f64,
    /// The delay.
    pub seconds: f64,
}

/// Labels with a delay in one range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct DelayBar {
    /// The shortest delay.
    pub from_seconds: f64,
    /// The longest.
    pub to_seconds: f64,
    /// Labels, fractional where a bin was split between bars.
    pub rows: f64,
}

/// Where labels come from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeedbackSource {
    /// The label's name.
    pub label: String,
    /// Where it comes from.
    pub source: Option<String>,
    /// After this time a label is no longer waited for.
    pub horizon_seconds: f64,
}

/// The outcome of the asked range, merged from its periods.
pub async fn outcome_of(app: &App, asked: &Asked) -> Result<Option<Outcome>, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "outcomes cannot be read");
        Problem::overloaded("outcomes cannot be read now; ask again later")
    };
    let Some((first, last)) = asked.periods().first().zip(asked.periods().last()) else { return Ok(None) };
    let key = (asked.spec().model.as_str(), &*asked.length.to_string(), asked.arm.as_str());
    let range = (first.window.start.0, last.window.end.0);
    let kept = app.workspace.catalogue().judged_outcomes(DEFAULT_WORKSPACE, key, range).await;
    let mut merged: Option<Outcome> = None;
    for (_, bytes) in kept.map_err(|error| unreadable(&error))? {
        let outcome = Outcome::from_bytes(&bytes).map_err(|error| unreadable(&error))?;
        match &mut merged {
            Some(merged) => merged.merge(&outcome).map_err(|error| unreadable(&error))?,
            None => merged = Some(outcome),
        }
    }
    Ok(merged)
}

/// Counts at thresholds, from the largest score down: after each distinct score, the positives and negatives so far.
fn cumulative(ranks: &RankCounts) -> Vec<(f64, u64, u64)> {
    let mut scores: Vec<(f64, u64, u64)> = ranks.scores().collect();
    scores.reverse();
    let (mut positives, mut negatives) = (0, 0);
    for (_, here_positive, here_negative) in &mut scores {
        positives += *here_positive;
        negatives += *here_negative;
        (*here_positive, *here_negative) = (positives, negatives);
    }
    scores
}

/// What was right and wrong at thresholds from 0 to 1 in steps of a hundredth.
pub fn thresholds_of(ranks: &RankCounts) -> Vec<Confusion> {
    let (positives, negatives) = (ranks.positives(), ranks.negatives());
    if positives + negatives == 0 {
        return Vec::new();
    }
    let reached = cumulative(ranks);
    let confusion = |step: usize| {
        let threshold = step as f64 / (MOST_POINTS - 1) as f64;
        let count = reached.partition_point(|(score, ..)| *score >= threshold);
        let (true_positives, false_positives) =
            count.checked_sub(1).map_or((0, 0), |last| (reached[last].1, reached[last].2));
        Confusion {
            threshold,
            true_positives,
            false_positives,
            true_negatives: negatives - false_positives,
            false_negatives: positives - true_positives,
        }
    };
    (0..MOST_POINTS).map(confusion).collect()
}

/// The ROC curve, thinned to what can be seen.
fn roc_of(ranks: &RankCounts) -> Vec<RocPoint> {
    let (positives, negatives) = (ranks.positives(), ranks.negatives());
    if positives == 0 || negatives == 0 {
        return Vec::new();
    }
    let point = |&(_, here_positive, here_negative): &(f64, u64, u64)| RocPoint {
        false_positive_rate: here_negative as f64 / negatives as f64,
        true_positive_rate: here_positive as f64 / positives as f64,
    };
    let reached = cumulative(ranks);
    let every = reached.len().div_ceil(MOST_POINTS).max(1);
    let mut points = vec![RocPoint { false_positive_rate: 0.0, true_positive_rate: 0.0 }];
    let kept = reached.iter().enumerate().filter(|(place, _)| (place + 1) % every == 0 || place + 1 == reached.len());
    points.extend(kept.map(|(_, reached)| point(reached)));
    points
}

/// Tenths of the labelled predictions in order of their score; equal scores stay together.
fn deciles_of(ranks: &RankCounts) -> Vec<ErrorGroup> {
    let total = ranks.positives() + ranks.negatives();
    let mut groups: Vec<(u64, f64, u64, f64, f64)> = Vec::new();
    let mut before = 0;
    for (score, positives, negatives) in ranks.scores() {
        let rows = positives + negatives;
        // The tenth in which the middle of the equal scores lies.
        let tenth = ((2 * before + rows) * 10 / (2 * total)).min(9) as usize;
        before += rows;
        if groups.len() <= tenth {
            groups.resize(tenth + 1, (0, 0.0, 0, f64::NAN, f64::NAN));
        }
        let (all, scores, ones, from, to) = &mut groups[tenth];
        *all += rows;
        *scores += score * rows as f64;
        *ones += positives;
        if from.is_nan() {
            *from = score;
        }
        *to = score;
    }
    let filled = groups.into_iter().enumerate().filter(|(_, (rows, ..))| *rows > 0);
    filled
        .map(|(tenth, (rows, scores, ones, from, to))| {
            let (prediction, label) = (scores / rows as f64, ones as f64 / rows as f64);
            ErrorGroup {
                decile: tenth + 1,
                from: Some(from),
                to: Some(to),
                bin: None,
                rows,
                mean_prediction: Some(prediction),
                mean_label: Some(label),
                error: Some(prediction - label),
                absolute_error: None,
            }
        })
        .collect()
}

fn regression_groups(outcome: &Outcome) -> Vec<ErrorGroup> {
    let bins = outcome.regression().map(|regression| regression.by_prediction()).unwrap_or_default();
    let filled = bins.into_iter().enumerate().filter(|(_, bin)| bin.rows > 0);
    filled
        .map(|(place, bin)| ErrorGroup {
            decile: place + 1,
            from: None,
            to: None,
            bin: Some(Bin::from(bin.label)),
            rows: bin.rows,
            mean_prediction: None,
            mean_label: None,
            error: bin.mean_error,
            absolute_error: bin.mean_absolute_error,
        })
        .collect()
}

fn delay_of(asked: &Asked, outcome: Option<&Outcome>) -> LabelDelay {
    let expected = asked.spec().feedback.as_ref().and_then(|feedback| feedback.expected_delay.as_ref());
    let mut delay = LabelDelay {
        expected_p50_seconds: expected.and_then(|delay| delay.p50).map(|delay| delay.seconds()),
        expected_p95_seconds: expected.and_then(|delay| delay.p95).map(|delay| delay.seconds()),
        ..LabelDelay::default()
    };
    let Some(delays) = outcome.map(Outcome::delays).filter(|delays| delays.total() > 0) else { return delay };
    delay.rows = delays.total();
    let shares = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
    delay.quantiles = shares
        .into_iter()
        .filter_map(|share| Some(DelayQuantile { share, seconds: delays.quantile(share)? }))
        .collect();
    // The slowest hundredth would squeeze all others into one bar.
    let end = delays.quantile(0.99).unwrap_or(0.0).max(1.0) * 1.05;
    let width = end / MOST_BARS as f64;
    let mut bars = vec![0.0; MOST_BARS];
    for (bin, rows) in delays.bins() {
        let (low, high) = bounds_of(bin);
        let middle = f64::midpoint(low, high).max(0.0);
        bars[((middle / width) as usize).min(MOST_BARS - 1)] += rows as f64;
    }
    delay.bars = bars
        .into_iter()
        .enumerate()
        .map(|(place, rows)| DelayBar {
            from_seconds: width * place as f64,
            to_seconds: width * (place + 1) as f64,
            rows,
        })
        .collect();
    delay
}

/// Tells how good the answers were, by the time of the predictions, as far as labels have come.
#[utoipa::path(get, path = "/v1/models/{model}/performance", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), RangeQuery),
    responses((status = 200, description = "How good the answers were", body = Performance), Reads)
)]
pub async fn performance(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<Performance>, Problem> {
    let asked = ask(&app, &model, query).await?;
    let (periods, places) = places(&asked);
    let (mut predictions, mut labelled) = (vec![0; places.len()], vec![0; places.len()]);
    for period in asked.periods() {
        if let Some(place) = places.get(&period.window.start) {
            predictions[*place] = period.rows;
            labelled[*place] = period.labelled;
        }
    }
    let chosen = Chosen { monitor: Some(Monitor::Quality), ..Chosen::default() };
    let (metrics, _) = series_of(&asked, &asked.arm, &places, &chosen, MOST_SERIES);
    let outcome = outcome_of(&app, &asked).await?;
    let binary = outcome.as_ref().and_then(Outcome::binary);
    let calibration = binary.and_then(|binary| binary.calibration()).unwrap_or_default();
    let confusion = binary.into_iter().flat_map(|binary| {
        binary.thresholds().iter().filter_map(|threshold| {
            let found = binary.confusion(*threshold)?;
            Some(Confusion {
                threshold: *threshold,
                true_positives: found.true_positives,
                false_positives: found.false_positives,
                true_negatives: found.true_negatives,
                false_negatives: found.false_negatives,
            })
        })
    });
    let deciles = match (binary, &outcome) {
        (Some(binary), _) => deciles_of(binary.ranks()),
        (None, Some(outcome)) => regression_groups(outcome),
        (None, None) => Vec::new(),
    };
    let spec = asked.spec();
    Ok(Json(Performance {
        scope: asked.scope(),
        periods,
        task: spec.task.name().to_owned(),
        predictions,
        labelled,
        metrics,
        calibration: calibration
            .into_iter()
            .filter(|bin| bin.rows > 0)
            .map(|bin| CalibrationPoint {
                from: bin.from,
                to: bin.to,
                rows: bin.rows,
                positives: bin.positives,
                mean_score: bin.mean_score,
                positive_share: bin.positive_share,
                interval: share_interval(bin.positives as f64, bin.rows as f64),
            })
            .collect(),
        confusion: confusion.collect(),
        roc: binary.map(|binary| roc_of(binary.ranks())).unwrap_or_default(),
        roc_auc: outcome.as_ref().and_then(Outcome::roc_auc),
        deciles,
        delay: delay_of(&asked, outcome.as_ref()),
        feedback: spec.feedback.as_ref().map(|feedback| FeedbackSource {
            label: feedback.label.clone(),
            source: feedback.source.clone(),
            horizon_seconds: feedback.horizon.seconds(),
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranks(rows: &[(f64, bool)]) -> RankCounts {
        let mut ranks = RankCounts::default();
        rows.iter().for_each(|(score, positive)| ranks.add(*score, *positive));
        ranks
    }

    #[test]
    fn thresholds_count_what_reaches_them_equal_scores_included() {
        let ranks = ranks(&[(0.2, false), (0.5, true), (0.5, false), (0.9, true)]);
        let at = |threshold: usize| thresholds_of(&ranks)[threshold];
        let counts = |found: Confusion| {
            (found.true_positives, found.false_positives, found.true_negatives, found.false_negatives)
        };
        assert_eq!(counts(at(0)), (2, 2, 0, 0));
        assert_eq!(counts(at(50)), (2, 1, 1, 0));
        assert_eq!(counts(at(51)), (1, 0, 2, 1));
        assert_eq!(counts(at(100)), (0, 0, 2, 2));
        assert!(thresholds_of(&RankCounts::default()).is_empty());
    }

    #[test]
    fn the_roc_curve_goes_from_nothing_to_everything_by_way_of_each_score() {
        let points = roc_of(&ranks(&[(0.2, false), (0.5, true), (0.5, false), (0.9, true)]));
        let pairs: Vec<(f64, f64)> =
            points.iter().map(|point| (point.false_positive_rate, point.true_positive_rate)).collect();
        assert_eq!(pairs, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        let many: Vec<(f64, bool)> = (0..5_000).map(|row| (f64::from(row) / 5_000.0, row % 3 == 0)).collect();
        let points = roc_of(&ranks(&many));
        assert!(points.len() <= MOST_POINTS + 2);
        assert_eq!(points.last().map(|point| point.true_positive_rate), Some(1.0));
    }

    #[test]
    fn tenths_hold_a_tenth_each_and_their_error_is_prediction_minus_label() {
        let rows: Vec<(f64, bool)> = (0..100).map(|row| (f64::from(row) / 100.0, row >= 90)).collect();
        let deciles = deciles_of(&ranks(&rows));
        assert_eq!(deciles.iter().map(|group| group.rows).collect::<Vec<_>>(), [10; 10]);
        let last = &deciles[9];
        assert!((last.error.unwrap() - (0.945 - 1.0)).abs() < 1e-12 && last.from == Some(0.9));
        // One score for all: one group, in the middle.
        assert_eq!(deciles_of(&ranks(&[(0.5, true); 7])).len(), 1);
    }
}
