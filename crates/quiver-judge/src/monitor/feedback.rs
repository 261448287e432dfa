//! Arrow 4, Feedback → Update: label delay, share labelled, and the realised quality by event time and slice.

use super::{ShareFact, blank, judge_share, limit_words};
use crate::evidence::{critical_value, f1_interval, judge_promise, normal_interval, share_interval};
use crate::facts::WindowFacts;
use crate::finding::{Finding, Limit, Monitor, Slice, Verdict};
use quiver_event::spec::{Metric, QualityTarget, Spec, Task};
use quiver_event::time::Timestamp;
use quiver_profile::outcome::{Outcome, Task as OutcomeTask};

/// Judges the feedback on the predictions of one window.
pub fn judge(spec: &Spec, facts: &WindowFacts<'_>) -> Vec<Finding> {
    let Some(outcome) = facts.outcomes.whole.as_ref() else {
        let subject = spec.feedback.as_ref().map_or("label", |feedback| feedback.label.as_str());
        let finding = blank(facts, Monitor::LabelShare, subject, None);
        let finding = Finding { evidence: format!("{subject}: no prediction was joined with feedback"), ..finding };
        return [finding].into_iter().chain(orphans(facts)).collect();
    };
    let mut findings = vec![label_share(spec, facts, outcome)];
    findings.extend(orphans(facts));
    findings.extend(label_delay(spec, facts, outcome));
    for target in &spec.quality {
        findings.push(quality(spec, facts, outcome, None, target));
        let Some(by) = &target.by else { continue };
        for (slice, outcome) in facts.outcomes.slices.iter().filter(|(slice, _)| &slice.name == by) {
            findings.push(quality(spec, facts, outcome, Some(slice.clone()), target));
        }
    }
    for metric in Metric::ALL.into_iter().filter(|metric| metric.fits(spec.task) && reported(spec.task, *metric)) {
        if !spec.quality.iter().any(|target| target.metric == metric) {
            let target = QualityTarget { metric, threshold: None, at_least: None, at_most: None, by: None };
            findings.push(quality(spec, facts, outcome, None, &target));
        }
    }
    findings
}

/// Metrics that are reported without a target too.
fn reported(task: Task, metric: Metric) -> bool {
    match task {
        Task::Binary => !matches!(metric, Metric::Accuracy | Metric::F1),
        _ => true,
    }
}

/// Whether labels of the window are still awaited.
fn is_pending(spec: &Spec, facts: &WindowFacts<'_>) -> bool {
    let expected =
        spec.feedback.as_ref().and_then(|feedback| feedback.expected_delay.as_ref()).and_then(|delay| delay.p95);
    let wait = expected.unwrap_or_else(|| spec.horizon());
    facts.watermark < Timestamp(facts.window.end.0.saturating_add(wait.microseconds()))
}

/// A share of labels this much below the reference's is a finding.
const LABEL_SHARE_MARGIN: f64 = 0.10;

fn label_share(spec: &Spec, facts: &WindowFacts<'_>, outcome: &Outcome) -> Finding {
    let reference = facts.reference.outcomes.whole.as_ref().map(|outcome| (outcome.labelled(), outcome.predictions()));
    let limit = reference
        .filter(|(_, rows)| *rows > 0)
        .map(|(part, rows)| Limit::AtLeast((part as f64 / rows as f64 - LABEL_SHARE_MARGIN).max(0.0)));
    let fact = ShareFact { part: outcome.labelled(), rows: outcome.predictions(), reference, limit, is_promise: false };
    let mut finding = judge_share(blank(facts, Monitor::LabelShare, "label_share", None), &fact, "have a label");
    let horizon_end = Timestamp(facts.window.end.0.saturating_add(spec.horizon().microseconds()));
    if finding.verdict == Verdict::Drifted && facts.watermark < horizon_end {
        finding.verdict = Verdict::LabelsPending;
    }
    finding
}

/// More feedback than this without its prediction is a finding: ids are made or passed on in different ways.
const MOST_ORPHANS: f64 = 0.01;

/// Feedback on predictions that are not known; only where there is any. It may come before its prediction, so that the
/// share falls again when that comes.
fn orphans(facts: &WindowFacts<'_>) -> Option<Finding> {
    let feedback = facts.door.map(|door| door.feedback).filter(|feedback| feedback.orphans > 0)?;
    let fact = ShareFact {
        part: feedback.orphans,
        rows: feedback.all,
        reference: None,
        limit: Some(Limit::AtMost(MOST_ORPHANS)),
        is_promise: false,
    };
    let words = "of feedback speak of a prediction that is not known";
    Some(judge_share(blank(facts, Monitor::OrphanFeedback, "orphan_feedback", None), &fact, words))
}

fn label_delay(spec: &Spec, facts: &WindowFacts<'_>, outcome: &Outcome) -> Vec<Finding> {
    let expected = spec.feedback.as_ref().and_then(|feedback| feedback.expected_delay.clone()).unwrap_or_default();
    [(0.5, expected.p50), (0.95, expected.p95)]
        .into_iter()
        .map(|(share, expected)| {
            let name = format!("p{:.0}_label_delay", share * 100.0);
            let mut finding = blank(facts, Monitor::LabelDelay, &name, None);
            let delays = outcome.delays();
            let rows = delays.total();
            finding.limit = expected.map(|expected| Limit::AtMost(expected.seconds()));
            let Some(value) = delays.quantile(share) else {
                finding.evidence = format!("{name}: no label tells when it became known");
                return finding;
            };
            let half = critical_value() * (share * (1.0 - share) / rows as f64).sqrt();
            let bound = |share: f64| delays.quantile(share.clamp(0.0, 1.0)).unwrap_or(value);
            finding.value = Some(value);
            finding.interval = Some([bound(share - half), bound(share + half)]);
            finding.rows = rows;
            finding.convention = "quantile/log-linear".to_owned();
            if let Some(reference) = facts.reference.outcomes.whole.as_ref() {
                finding.reference_value = reference.delays().quantile(share);
                finding.reference_rows = reference.delays().total();
            }
            finding.verdict = match finding.limit.map(|limit| judge_promise(value, finding.interval, limit)) {
                None => Verdict::Unjudged,
                // Late labels delay what is known of the model; they break no promise of the model itself.
                Some(Verdict::Broken) => Verdict::Drifted,
                Some(verdict) => verdict,
            };
            finding.evidence = format!(
                "{name}: {:.2} h over {rows} labels{}",
                value / 3_600.0,
                limit_words(finding.limit, 1.0 / 3_600.0, " h")
            );
            finding
        })
        .collect()
}

/// A metric's value with what is needed to judge it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricEstimate {
    /// The value.
    pub value: f64,
    /// Its interval at [`crate::evidence::CONFIDENCE`].
    pub interval: Option<[f64; 2]>,
    /// The rows behind it.
    pub rows: u64,
    /// How it was computed.
    pub convention: &'static str,
}

fn quality(
    spec: &Spec,
    facts: &WindowFacts<'_>,
    outcome: &Outcome,
    slice: Option<Slice>,
    target: &QualityTarget,
) -> Finding {
    let name = target.metric.name();
    let threshold = target.threshold.unwrap_or_else(|| spec.threshold());
    let mut finding = blank(facts, Monitor::Quality, name, slice);
    finding.limit = match (target.at_least, target.at_most) {
        (Some(low), _) => Some(Limit::AtLeast(low)),
        (None, Some(high)) => Some(Limit::AtMost(high)),
        (None, None) => None,
    };
    let reference = match &finding.slice {
        None => facts.reference.outcomes.whole.as_ref(),
        Some(slice) => facts.reference.outcomes.slices.get(slice),
    };
    if let Some(reference) = reference.and_then(|outcome| estimate_metric(outcome, target.metric, threshold)) {
        finding.reference_value = Some(reference.value);
        finding.reference_rows = reference.rows;
    }
    let title = finding.title();
    let pending = is_pending(spec, facts);
    let Some(estimate) = estimate_metric(outcome, target.metric, threshold) else {
        finding.rows = outcome.labelled();
        finding.verdict = match (outcome.labelled(), pending) {
            (0, true) => Verdict::LabelsPending,
            (0, false) => Verdict::NoData,
            _ => Verdict::InsufficientSample,
        };
        finding.evidence = format!("{title}: undefined on {} labelled predictions", outcome.labelled());
        return finding;
    };
    finding.value = Some(estimate.value);
    finding.interval = estimate.interval;
    finding.rows = estimate.rows;
    finding.convention = estimate.convention.to_owned();
    finding.verdict = match finding.limit {
        None => Verdict::Unjudged,
        Some(_) if pending => Verdict::LabelsPending,
        Some(limit) => judge_promise(estimate.value, estimate.interval, limit),
    };
    let interval = estimate.interval.map_or_else(String::new, |[low, high]| format!(" [{low:.4}, {high:.4}]"));
    finding.evidence = format!(
        "{title}: {:.4}{interval} on {} rows{}{}",
        estimate.value,
        estimate.rows,
        limit_words(finding.limit, 1.0, ""),
        finding.reference_value.map_or_else(String::new, |value| format!("; reference {value:.4}")),
    );
    finding
}

/// A metric of an outcome; nothing where it is not defined. The threshold counts for metrics that have one.
pub fn estimate_metric(outcome: &Outcome, metric: Metric, threshold: f64) -> Option<MetricEstimate> {
    let labelled = outcome.labelled();
    let normal = |value: Option<f64>, standard_error: Option<f64>, convention: &'static str| {
        let value = value?;
        let interval = standard_error.map(|error| normal_interval(value, error));
        Some(MetricEstimate { value, interval, rows: labelled, convention })
    };
    let share = |part: u64, rows: u64, convention: &'static str| {
        let interval = share_interval(part as f64, rows as f64)?;
        Some(MetricEstimate { value: part as f64 / rows as f64, interval: Some(interval), rows, convention })
    };
    match metric {
        Metric::RocAuc => normal(outcome.roc_auc(), outcome.roc_auc_standard_error(), "roc_auc/ties-half/delong"),
        Metric::LogLoss => normal(outcome.log_loss(), outcome.log_loss_standard_error(), "log_loss/clip-2^-52"),
        Metric::Brier => normal(outcome.brier(), outcome.brier_standard_error(), "brier"),
        Metric::CalibrationError => {
            normal(outcome.calibration_error(), calibration_standard_error(outcome), "ece/10-equal-width")
        }
        Metric::Mae => normal(outcome.mae(), outcome.mae_standard_error(), "mae"),
        Metric::Rmse => {
            let value = outcome.rmse()?;
            // The interval of the mean square, carried over by the root.
            let interval = outcome.regression()?.squared_errors().standard_error().map(|error| {
                let [low, high] = normal_interval(value * value, error);
                [low.max(0.0).sqrt(), high.max(0.0).sqrt()]
            });
            Some(MetricEstimate { value, interval, rows: labelled, convention: "rmse" })
        }
        Metric::Accuracy if outcome.task() == OutcomeTask::Multiclass => {
            let right = (outcome.accuracy()? * labelled as f64).round() as u64;
            share(right, labelled, "accuracy/wilson")
        }
        Metric::Precision | Metric::Recall | Metric::F1 | Metric::Accuracy => {
            let counts = outcome.confusion(threshold)?;
            let (hits, false_alarms) = (counts.true_positives, counts.false_positives);
            let (misses, correct_rejections) = (counts.false_negatives, counts.true_negatives);
            match metric {
                Metric::Precision => share(hits, hits + false_alarms, "precision/wilson"),
                Metric::Recall => share(hits, hits + misses, "recall/wilson"),
                Metric::Accuracy => share(hits + correct_rejections, labelled, "accuracy/wilson"),
                _ => {
                    let others = false_alarms + misses;
                    let interval = f1_interval(hits as f64, others as f64)?;
                    let value = 2.0 * hits as f64 / (2 * hits + others) as f64;
                    Some(MetricEstimate {
                        value,
                        interval: Some(interval),
                        rows: hits + others,
                        convention: "f1/jaccard-wilson",
                    })
                }
            }
        }
    }
}

/// The standard error of the calibration error, from the binomial noise of the positives in each bin: a sum of
/// independent absolute differences varies at most as much as the sum of the differences.
fn calibration_standard_error(outcome: &Outcome) -> Option<f64> {
    let bins = outcome.binary()?.calibration()?;
    let rows = outcome.labelled() as f64;
    let variance = |bin: &quiver_profile::outcome::CalibrationBin| {
        let share = bin.positive_share?;
        Some((bin.rows as f64 / rows).powi(2) * share * (1.0 - share) / bin.rows as f64)
    };
    Some(bins.iter().filter_map(variance).sum::<f64>().sqrt())
}
