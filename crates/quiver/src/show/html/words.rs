//! Words of findings and verdicts; the figures come from the findings, their form from `show::number`.

use super::super::number::short;
use super::super::story::value_text;
use quiver_judge::finding::{Finding, Limit, Monitor, Verdict};

/// The most characters of a name that came with the data.
const LONGEST_NAME: usize = 72;

/// The most characters of a sentence that came with the data.
const LONGEST_SENTENCE: usize = 400;

/// A verdict as the pages show it: a class for its colour, and words.
pub fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy => "healthy",
        Verdict::Drifted => "moved, no promise broken",
        Verdict::Broken => "broken promise",
        Verdict::InsufficientSample => "too few rows to say",
        Verdict::Unjudged => "measured, nothing promised",
        Verdict::LabelsPending => "labels pending",
        Verdict::NotObserved => "not observed",
        Verdict::NoData => "no data",
    }
}

/// Text cut to a length, without control characters, so that no name can break a page apart.
pub fn clipped(text: &str, longest: usize) -> String {
    let clean = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    if text.chars().count() <= longest {
        return text.chars().map(clean).collect();
    }
    let mut start: String = text.chars().take(longest.saturating_sub(1)).map(clean).collect();
    start.push('…');
    start
}

/// A feature's, column's or arm's name.
pub fn name(text: &str) -> String {
    clipped(text, LONGEST_NAME)
}

/// A sentence that a monitor wrote.
pub fn sentence(text: &str) -> String {
    clipped(text, LONGEST_SENTENCE)
}

/// What a finding is about; the pages show words between backticks as names.
pub fn subject(finding: &Finding) -> String {
    let text = match finding.monitor {
        Monitor::Drift => format!("`{}`", name(&finding.subject)),
        Monitor::ScoreDrift => "score distance".to_owned(),
        Monitor::Type
        | Monitor::Range
        | Monitor::Category
        | Monitor::Shape
        | Monitor::Missing
        | Monitor::Defaulted
        | Monitor::Stale => {
            format!("`{}` {}", name(&finding.subject), monitor_words(finding.monitor))
        }
        _ => name(&finding.subject).replace('_', " "),
    };
    match &finding.slice {
        Some(slice) => format!("{text} (`{}={}`)", name(&slice.name), name(&slice.value)),
        None => text,
    }
}

/// What a check of the contract says of a value.
pub fn monitor_words(monitor: Monitor) -> &'static str {
    match monitor {
        Monitor::Type => "of another type",
        Monitor::Range => "out of range",
        Monitor::Category => "not a declared value",
        Monitor::Shape => "of another length",
        Monitor::Missing => "missing",
        Monitor::Defaulted => "defaulted",
        Monitor::Stale => "stale",
        other => other.name(),
    }
}

/// The first part of a convention: the measure.
pub fn measure(convention: &str) -> &str {
    convention.split('/').next().unwrap_or(convention)
}

/// A number in the form of the finding's own value.
pub fn in_form_of(finding: &Finding, value: f64) -> String {
    match finding.monitor {
        Monitor::Drift | Monitor::ScoreDrift | Monitor::Quality => short(value),
        _ => value_text(&Finding { value: Some(value), ..finding.clone() }),
    }
}

/// The bound of a finding, such as `at least 0.08`.
pub fn limit(finding: &Finding) -> Option<String> {
    let number = |value: f64| in_form_of(finding, value);
    finding.limit.map(|limit| match limit {
        Limit::AtLeast(low) => format!("at least {}", number(low)),
        Limit::AtMost(high) => format!("at most {}", number(high)),
        Limit::Within(low, high) => format!("{} to {}", number(low), number(high)),
    })
}

/// Whether the bound is a promise of the owner, or how far something may move before it is worth a look.
pub fn limit_kind(monitor: Monitor) -> &'static str {
    match monitor {
        Monitor::Drift | Monitor::ScoreDrift | Monitor::LabelShare => "limit",
        Monitor::LabelDelay => "expected",
        Monitor::Quality | Monitor::Latency | Monitor::Errors | Monitor::InvalidInput => "promised",
        _ => "allowed",
    }
}

/// Whether missing the bound breaks a promise; what only moved has another colour.
pub fn is_promise(monitor: Monitor) -> bool {
    !matches!(
        monitor,
        Monitor::Drift
            | Monitor::ScoreDrift
            | Monitor::LabelShare
            | Monitor::LabelDelay
            | Monitor::OrphanFeedback
            | Monitor::Defaulted
    )
}

/// What the same distribution would show by chance, with the digits that matter.
pub fn by_chance(floor: Option<f64>) -> String {
    floor.filter(|floor| floor.is_finite()).map_or_else(|| "–".to_owned(), |floor| format!("{floor:.4}"))
}

/// How far a value lies beyond its bound, relative to the bound; negative within it.
pub fn excess(finding: &Finding) -> f64 {
    let (Some(value), Some(limit)) = (finding.value, finding.limit) else { return f64::NEG_INFINITY };
    let relative = |distance: f64, bound: f64| distance / bound.abs().max(1e-9);
    match limit {
        Limit::AtLeast(low) => relative(low - value, low),
        Limit::AtMost(high) => relative(value - high, high),
        Limit::Within(low, high) => relative(low - value, low).max(relative(value - high, high)),
    }
}

/// Names in a row, the first few of them.
pub fn names<'a>(all: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let total = all.len();
    let shown: Vec<String> = all.take(most).map(|text| format!("`{}`", name(text))).collect();
    let rest = total.saturating_sub(shown.len());
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}
