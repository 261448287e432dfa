//! Arrow 2, Features → Inference: latency quantiles, failed answers, invalid inputs.

use super::{ShareFact, blank, judge_share};
use crate::evidence::{critical_value, judge_promise};
use crate::facts::{WindowFacts, subject};
use crate::finding::{Finding, Limit, Monitor, Verdict};
use quiver_event::Arrow;
use quiver_event::spec::Spec;
use quiver_profile::column::{ColumnProfile, Values};

/// Judges the service in one window.
pub fn judge(spec: &Spec, facts: &WindowFacts<'_>) -> Vec<Finding> {
    let service = spec.service.clone().unwrap_or_default();
    let mut findings = Vec::new();
    for (share, limit) in [(0.5, service.p50_latency), (0.95, service.p95_latency), (0.99, service.p99_latency)] {
        // The 95 % quantile is what people ask for first, so it is reported without a promise too.
        if limit.is_some() || share == 0.95 {
            findings.push(latency(facts, share, limit.map(|limit| limit.milliseconds())));
        }
    }
    let failed = facts.truth_counts(Arrow::Inference, subject::FAILED);
    let reference = facts.reference_truth_counts(Arrow::Inference, subject::FAILED);
    let limit = service.error_rate.map(|share| Limit::AtMost(share.value()));
    findings.push(share(facts, Monitor::Errors, "error_rate", failed, reference, limit, "failed"));
    if let Some(availability) = service.availability {
        let answered = |counts: Option<(u64, u64)>| counts.map(|(failed, rows)| (rows - failed, rows));
        let limit = Some(Limit::AtLeast(availability.value()));
        let (part, whole) = (answered(failed), answered(reference));
        findings.push(share(facts, Monitor::Errors, "availability", part, whole, limit, "were answered"));
    }
    let invalid = facts.truth_counts(Arrow::Inference, subject::INVALID_INPUT);
    let reference = facts.reference_truth_counts(Arrow::Inference, subject::INVALID_INPUT);
    let limit = service.invalid_rate.map(|share| Limit::AtMost(share.value()));
    findings.push(share(
        facts,
        Monitor::InvalidInput,
        "invalid_input",
        invalid,
        reference,
        limit,
        "hold an invalid input",
    ));
    findings
}

fn share(
    facts: &WindowFacts<'_>,
    monitor: Monitor,
    name: &str,
    counts: Option<(u64, u64)>,
    reference: Option<(u64, u64)>,
    limit: Option<Limit>,
    words: &str,
) -> Finding {
    let finding = blank(facts, monitor, name, None);
    match counts.filter(|(_, rows)| *rows > 0) {
        Some((part, rows)) => {
            judge_share(finding, &ShareFact { part, rows, reference, limit, is_promise: true }, words)
        }
        None => Finding { limit, evidence: format!("{name}: the events carry neither latency nor errors"), ..finding },
    }
}

fn latency(facts: &WindowFacts<'_>, share: f64, limit_milliseconds: Option<f64>) -> Finding {
    let name = format!("p{:.0}_latency", share * 100.0);
    let mut finding = blank(facts, Monitor::Latency, &name, None);
    finding.limit = limit_milliseconds.map(Limit::AtMost);
    let column = facts.column(Arrow::Inference, subject::LATENCY);
    let Some((value, interval, rows)) = column.and_then(|column| quantile(column, share)) else {
        finding.evidence = format!("{name}: the events carry no latency");
        return finding;
    };
    let reference = facts.reference_column(Arrow::Inference, subject::LATENCY);
    if let Some((reference, _, rows)) = reference.and_then(|column| quantile(column, share)) {
        finding.reference_value = Some(reference);
        finding.reference_rows = rows;
    }
    finding.value = Some(value);
    finding.interval = Some(interval);
    finding.rows = rows;
    finding.convention = "quantile/order-statistics".to_owned();
    finding.verdict = finding.limit.map_or(Verdict::Unjudged, |limit| judge_promise(value, finding.interval, limit));
    finding.evidence =
        format!("{name}: {value:.1} ms over {rows} answers{}", super::limit_words(finding.limit, 1.0, " ms"));
    finding
}

/// A quantile with the interval between the order statistics that hold it at the confidence (binomial, normal approximation).
fn quantile(column: &ColumnProfile, share: f64) -> Option<(f64, [f64; 2], u64)> {
    let Values::Number(values) = column.values() else { return None };
    let rows = values.moments().count();
    if rows == 0 {
        return None;
    }
    let half = critical_value() * (share * (1.0 - share) / rows as f64).sqrt();
    let shares = [share, (share - half).max(0.0), (share + half).min(1.0)];
    match values.quantiles(&shares).0.as_deref() {
        Some([value, low, high]) => Some((*value, [*low, *high], rows)),
        _ => None,
    }
}
