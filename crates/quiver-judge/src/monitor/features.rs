//! Arrow 1, Data → Features: declared types, ranges, categories and freshness, missing values, distance to reference.

use super::{CONTRACT_TOLERANCE, ShareFact, blank, judge_share, moved_share_limit};
use crate::comparison::{ComparisonError, Measured, measure_column};
use crate::evidence::judge_distance;
use crate::facts::{WindowFacts, measure_of};
use crate::finding::{Finding, Limit, Monitor, Verdict};
use quiver_event::Arrow;
use quiver_event::spec::{Feature, Spec};
use quiver_profile::column::ColumnProfile;

/// The reasons of the door, each with the monitor that speaks of it.
const REASONS: [(&str, Monitor); 5] = [
    ("type", Monitor::Type),
    ("range", Monitor::Range),
    ("category", Monitor::Category),
    ("length", Monitor::Shape),
    ("dimension", Monitor::Shape),
];

/// Judges every declared feature of one window.
pub fn judge(spec: &Spec, facts: &WindowFacts<'_>) -> Result<Vec<Finding>, ComparisonError> {
    let mut findings = Vec::new();
    for (name, feature) in spec.features.iter() {
        let column = facts.column(Arrow::Features, name);
        let reference = facts.reference_column(Arrow::Features, name);
        let Some(column) = column.filter(|column| column.counts().rows > 0) else {
            let mut finding = blank(facts, Monitor::Drift, name, None);
            finding.verdict = Verdict::NoData;
            finding.evidence = format!("{name}: no predictions");
            findings.push(finding);
            continue;
        };
        findings.extend(contract(facts, name, feature, column));
        findings.push(missing(facts, name, feature, column, reference));
        findings.extend(defaulted(facts, name, column, reference));
        findings.extend(stale(spec, facts, name, feature, column));
        if let Some(reference) = reference {
            findings.push(drift(spec, facts, name, column, reference)?);
        }
    }
    Ok(findings)
}

/// The declared type, range, list of values, length and dimension.
fn contract(facts: &WindowFacts<'_>, name: &str, feature: &Feature, column: &ColumnProfile) -> Vec<Finding> {
    let counts = column.counts();
    let declared = |monitor: Monitor| match monitor {
        Monitor::Type => true,
        Monitor::Range => feature.range.is_some(),
        Monitor::Category => feature.values.is_some(),
        _ => feature.max_length.is_some() || feature.dimension.is_some(),
    };
    let mut findings = Vec::new();
    for monitor in [Monitor::Type, Monitor::Range, Monitor::Category, Monitor::Shape] {
        if !declared(monitor) {
            continue;
        }
        let reasons = REASONS.iter().filter(|(_, of)| *of == monitor);
        let part = reasons.map(|(reason, _)| counts.invalid.get(*reason).copied().unwrap_or(0)).sum();
        let fact = ShareFact {
            part,
            rows: counts.rows,
            reference: None,
            limit: Some(Limit::AtMost(CONTRACT_TOLERANCE)),
            is_promise: true,
        };
        let words = match monitor {
            Monitor::Type => "are of another type than declared",
            Monitor::Range => "lie outside the declared range",
            Monitor::Category => "are no declared value",
            _ => "have another length or dimension than declared",
        };
        findings.push(judge_share(blank(facts, monitor, name, None), &fact, words));
    }
    findings
}

fn missing(
    facts: &WindowFacts<'_>,
    name: &str,
    feature: &Feature,
    column: &ColumnProfile,
    reference: Option<&ColumnProfile>,
) -> Finding {
    let reference = reference.map(|reference| (reference.null_bin(), reference.counts().rows));
    let declared = match feature.max_missing {
        Some(share) => Some(Limit::AtMost(share.value())),
        None if feature.required => Some(Limit::AtMost(CONTRACT_TOLERANCE)),
        None => None,
    };
    let fact = ShareFact {
        part: column.null_bin(),
        rows: column.counts().rows,
        reference,
        limit: declared.or_else(|| moved_share_limit(reference)),
        is_promise: declared.is_some(),
    };
    judge_share(blank(facts, Monitor::Missing, name, None), &fact, "have no value")
}

/// Stand-ins for values; only where there are any, on either side.
fn defaulted(
    facts: &WindowFacts<'_>,
    name: &str,
    column: &ColumnProfile,
    reference: Option<&ColumnProfile>,
) -> Option<Finding> {
    let reference = reference.map(|reference| (reference.counts().default, reference.counts().rows));
    let part = column.counts().default;
    if part == 0 && reference.is_none_or(|(part, _)| part == 0) {
        return None;
    }
    let fact = ShareFact {
        part,
        rows: column.counts().rows,
        reference,
        limit: moved_share_limit(reference),
        is_promise: false,
    };
    Some(judge_share(blank(facts, Monitor::Defaulted, name, None), &fact, "hold the stand-in"))
}

/// Values older than promised; not observed where the events do not tell the age.
fn stale(
    spec: &Spec,
    facts: &WindowFacts<'_>,
    name: &str,
    feature: &Feature,
    column: &ColumnProfile,
) -> Option<Finding> {
    let source = feature.source.as_ref().and_then(|source| spec.sources.get(source));
    let max_age = feature.max_age.or_else(|| source.and_then(|source| source.max_age))?;
    let counts = column.counts();
    let finding = blank(facts, Monitor::Stale, name, None);
    if counts.stale + counts.ok == 0 {
        return Some(Finding { evidence: format!("{name}: the events do not tell how old its values are"), ..finding });
    }
    let fact = ShareFact {
        part: counts.stale,
        rows: counts.stale + counts.ok,
        reference: None,
        // A promise on age is kept for 99 of 100 predictions: a refresh is never at the very second.
        limit: Some(Limit::AtMost(0.01)),
        is_promise: true,
    };
    Some(judge_share(finding, &fact, &format!("are older than {max_age}")))
}

fn drift(
    spec: &Spec,
    facts: &WindowFacts<'_>,
    name: &str,
    column: &ColumnProfile,
    reference: &ColumnProfile,
) -> Result<Finding, ComparisonError> {
    distance_finding(spec, facts, blank(facts, Monitor::Drift, name, None), column, reference)
}

/// The distance of a column from its reference as a finding; also used for scores.
pub(super) fn distance_finding(
    spec: &Spec,
    facts: &WindowFacts<'_>,
    mut finding: Finding,
    column: &ColumnProfile,
    reference: &ColumnProfile,
) -> Result<Finding, ComparisonError> {
    let title = finding.title();
    let limit = spec.drift.limit();
    let distance = match measure_column(reference, column, measure_of(spec))? {
        Measured::ByValue(distance) => distance,
        Measured::NearUnique(shape) => {
            // The distinct share of a smaller window is larger by nature; what has no floor is no evidence here.
            let parts = [Some(shape.null_share), shape.lengths];
            let Some(distance) = parts.into_iter().flatten().max_by(|left, right| left.value.total_cmp(&right.value))
            else {
                return Ok(finding);
            };
            distance
        }
        Measured::Nothing => {
            finding.verdict = Verdict::NotObserved;
            finding.evidence = format!("{title}: nothing to compare (a {} has no distribution here)", column.kind());
            return Ok(finding);
        }
    };
    // What the reference's own windows of this length show is not drift, whatever the arithmetic of independent rows
    // says: the rows of one day share one weather.
    let usual = facts.usual_distance(finding.arrow, &finding.subject);
    let floor = match (distance.noise_floor, usual) {
        (floor, None) => floor,
        (floor, Some(usual)) => Some(floor.unwrap_or(0.0).max(usual)),
    };
    finding.value = Some(distance.value);
    finding.noise_floor = floor;
    finding.limit = Some(Limit::AtMost(limit));
    finding.rows = distance.current_rows;
    finding.reference_rows = distance.reference_rows;
    finding.convention = distance.convention.as_str().to_owned();
    finding.verdict = judge_distance(distance.value, floor, limit);
    finding.evidence = format!(
        "{title}: {} {:.4} from the reference, limit {limit}{}, {} against {} rows",
        distance.convention.as_str(),
        distance.value,
        floor
            .filter(|floor| floor.is_finite())
            .map_or_else(String::new, |floor| format!(", by chance up to {floor:.4}")),
        distance.current_rows,
        distance.reference_rows,
    );
    Ok(finding)
}
