//! Arrow 3, Inference → Decision: scores, decision rates, fallbacks and overrides.

use super::features::distance_finding;
use super::{ShareFact, blank, judge_share};
use crate::comparison::ComparisonError;
use crate::facts::{WindowFacts, subject};
use crate::finding::{Finding, Limit, Monitor};
use quiver_event::Arrow;
use quiver_event::spec::Spec;

/// How far the decision rate may move from the reference's when the owner gives no range: a third to three times.
/// A model that acts three times as often, or three times as rarely, is no longer the model that was signed off.
const RATE_FACTOR: f64 = 3.0;

/// The largest share of decisions by fallback when the owner gives none.
const FALLBACK_RATE: f64 = 0.05;

/// The largest share of overridden decisions when the owner gives none.
const OVERRIDE_RATE: f64 = 0.10;

/// Judges the decisions of one window.
pub fn judge(spec: &Spec, facts: &WindowFacts<'_>) -> Result<Vec<Finding>, ComparisonError> {
    let mut findings = vec![score_drift(spec, facts)?, decision_rate(spec, facts)];
    let decision = spec.decision.clone().unwrap_or_default();
    let fallback_limit = decision.fallback_rate.map_or(FALLBACK_RATE, |share| share.value());
    findings.push(fallback(facts, fallback_limit));
    let overridden = facts.truth_counts(Arrow::Decision, subject::OVERRIDDEN);
    let reference = facts.reference_truth_counts(Arrow::Decision, subject::OVERRIDDEN);
    let limit = Limit::AtMost(decision.override_rate.map_or(OVERRIDE_RATE, |share| share.value()));
    let blank = blank(facts, Monitor::Override, "override_rate", None);
    findings.push(match overridden.filter(|(_, rows)| *rows > 0) {
        Some((part, rows)) => {
            let fact = ShareFact { part, rows, reference, limit: Some(limit), is_promise: true };
            judge_share(blank, &fact, "were changed by a rule or guardrail")
        }
        None => {
            Finding { evidence: "override_rate: the events do not tell the model's own action".to_owned(), ..blank }
        }
    });
    Ok(findings)
}

fn score_drift(spec: &Spec, facts: &WindowFacts<'_>) -> Result<Finding, ComparisonError> {
    let finding = blank(facts, Monitor::ScoreDrift, subject::SCORE, None);
    let column = facts.column(Arrow::Decision, subject::SCORE);
    let reference = facts.reference_column(Arrow::Decision, subject::SCORE);
    match column.zip(reference) {
        Some((column, reference)) if column.counts().rows > column.null_bin() => {
            distance_finding(spec, facts, finding, column, reference)
        }
        _ => Ok(finding),
    }
}

fn decision_rate(spec: &Spec, facts: &WindowFacts<'_>) -> Finding {
    let name = "decision_rate";
    let finding = blank(facts, Monitor::DecisionRate, name, None);
    let acted = facts.truth_counts(Arrow::Decision, subject::ACTED);
    let reference = facts.reference_truth_counts(Arrow::Decision, subject::ACTED);
    let Some((part, rows)) = acted.filter(|(_, rows)| *rows > 0) else { return finding };
    let declared = spec.decision.as_ref().and_then(|decision| decision.rate);
    let limit = match (declared, reference) {
        (Some([low, high]), _) => Some(Limit::Within(low.value(), high.value())),
        (None, Some((part, rows))) if part > 0 => {
            let rate = part as f64 / rows as f64;
            Some(Limit::Within(rate / RATE_FACTOR, (rate * RATE_FACTOR).min(1.0)))
        }
        _ => None,
    };
    let action = spec.decision.as_ref().and_then(|decision| decision.actions.first());
    let words = match action {
        Some(action) => format!("led to `{action}`"),
        None => format!("reached the threshold {}", spec.threshold()),
    };
    judge_share(finding, &ShareFact { part, rows, reference, limit, is_promise: true }, &words)
}

fn fallback(facts: &WindowFacts<'_>, limit: f64) -> Finding {
    let name = "fallback_rate";
    let finding = blank(facts, Monitor::Fallback, name, None);
    let count = |column: Option<&quiver_profile::column::ColumnProfile>| {
        let column = column?;
        let rows = column.counts().rows - column.null_bin();
        let fallback = column.coarse().into_iter().find(
            |(label, _)| matches!(label, quiver_profile::edges::BinLabel::Category(name) if name == "fallback"),
        )?;
        (rows > 0).then_some((fallback.1, rows))
    };
    match count(facts.column(Arrow::Decision, subject::DECIDED_BY)) {
        Some((part, rows)) => {
            let reference = count(facts.reference_column(Arrow::Decision, subject::DECIDED_BY));
            let fact = ShareFact { part, rows, reference, limit: Some(Limit::AtMost(limit)), is_promise: true };
            judge_share(finding, &fact, "were taken by a fallback")
        }
        None => Finding { evidence: format!("{name}: the events do not tell who decided"), ..finding },
    }
}
