//! The monitors, a module an arrow; each turns what was measured in one window into findings.

pub mod decision;
pub mod door;
pub mod features;
pub mod feedback;
pub mod inference;

use crate::evidence::{judge_promise, share_interval};
use crate::facts::WindowFacts;
use crate::finding::{Finding, Limit, Monitor, Slice, Verdict};

/// The share of rows by which a declared type, range or list of values may be missed: single bad rows are findings of
/// the door, a promise is broken when they are not single any more.
pub(crate) const CONTRACT_TOLERANCE: f64 = 0.001;

/// A finding with nothing measured yet.
pub(crate) fn blank(facts: &WindowFacts<'_>, monitor: Monitor, subject: &str, slice: Option<Slice>) -> Finding {
    Finding {
        arm: facts.arm.to_owned(),
        window: facts.window,
        arrow: monitor.arrow(),
        monitor,
        subject: subject.to_owned(),
        slice,
        value: None,
        interval: None,
        noise_floor: None,
        limit: None,
        reference_value: None,
        rows: 0,
        reference_rows: 0,
        convention: String::new(),
        verdict: Verdict::NotObserved,
        evidence: format!("{subject}: not observed"),
    }
}

/// A share of rows, with the bound it must keep.
pub(crate) struct ShareFact {
    /// Rows that count.
    pub part: u64,
    /// All rows.
    pub rows: u64,
    /// The same two of the reference.
    pub reference: Option<(u64, u64)>,
    /// The bound; without one the share is only reported.
    pub limit: Option<Limit>,
    /// Whether missing the bound breaks a promise, or is only a move.
    pub is_promise: bool,
}

/// Judges a share of rows by Wilson's interval.
pub(crate) fn judge_share(mut finding: Finding, fact: &ShareFact, words: &str) -> Finding {
    finding.rows = fact.rows;
    finding.convention = "share/wilson".to_owned();
    finding.limit = fact.limit;
    if let Some((part, rows)) = fact.reference.filter(|(_, rows)| *rows > 0) {
        finding.reference_value = Some(part as f64 / rows as f64);
        finding.reference_rows = rows;
    }
    if fact.rows == 0 {
        finding.verdict = Verdict::NoData;
        finding.evidence = format!("{}: no rows", finding.title());
        return finding;
    }
    let value = fact.part as f64 / fact.rows as f64;
    finding.value = Some(value);
    finding.interval = share_interval(fact.part as f64, fact.rows as f64);
    finding.verdict = match fact.limit {
        None => Verdict::Unjudged,
        Some(limit) => match judge_promise(value, finding.interval, limit) {
            Verdict::Broken if !fact.is_promise => Verdict::Drifted,
            verdict => verdict,
        },
    };
    finding.evidence = format!(
        "{}: {} of {} rows ({:.4} %) {words}{}{}",
        finding.title(),
        fact.part,
        fact.rows,
        value * 100.0,
        limit_words(fact.limit, 100.0, " %"),
        finding.reference_value.map_or_else(String::new, |value| format!("; reference {:.4} %", value * 100.0)),
    );
    finding
}

/// The bound in words, such as `, limit at most 5 %`.
pub(crate) fn limit_words(limit: Option<Limit>, scale: f64, unit: &str) -> String {
    let number = |value: f64| {
        let scaled = (value * scale * 1e6).round() / 1e6;
        format!("{scaled}{unit}")
    };
    match limit {
        None => String::new(),
        Some(Limit::AtLeast(low)) => format!(", limit at least {}", number(low)),
        Some(Limit::AtMost(high)) => format!(", limit at most {}", number(high)),
        Some(Limit::Within(low, high)) => format!(", limit {} to {}", number(low), number(high)),
    }
}

/// How far a share may move from the reference's before it is a finding: doubled, and five points more.
pub(crate) fn moved_share_limit(reference: Option<(u64, u64)>) -> Option<Limit> {
    let (part, rows) = reference.filter(|(_, rows)| *rows > 0)?;
    Some(Limit::AtMost((2.0 * part as f64 / rows as f64 + 0.05).min(1.0)))
}
