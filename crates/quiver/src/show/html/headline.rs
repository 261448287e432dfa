//! The answer in five seconds: one sentence, and what, since when, why, and why not.

use super::super::number::count;
use super::calendar::Calendar;
use super::diagnosis::{cause_sentence, comparisons, infrastructure, is_over, lasts, overall, summary};
use super::index::Index;
use super::picture::against_limit;
use super::words::{clipped, excess, name};
use quiver_event::spec::{Aggregate, Direction, Spec};
use quiver_event::time::{Timestamp, Window, Zone};
use quiver_judge::diagnosis::{Diagnosis, Onset};
use quiver_judge::finding::Verdict;
use quiver_server::evaluation::Evaluation;
use serde::Serialize;

/// A label and what it says.
#[derive(Debug, Serialize)]
pub struct Line {
    label: &'static str,
    text: String,
}

impl Line {
    fn new(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, text: text.into() }
    }
}

/// The head of a model's report.
#[derive(Debug, Serialize)]
pub struct Headline {
    verdict: &'static str,
    tag: &'static str,
    sentence: String,
    lines: Vec<Line>,
    facts: Vec<Line>,
}

/// The head of a model's report.
pub fn headline(evaluation: &Evaluation, indexes: &[Index<'_>], calendar: &Calendar) -> Headline {
    let facts = facts(evaluation, indexes, calendar);
    let Some(live) = indexes.first() else {
        return Headline {
            verdict: Verdict::NoData.name(),
            tag: "no data",
            sentence: "There is nothing to judge: no prediction of this model was counted.".to_owned(),
            lines: Vec::new(),
            facts,
        };
    };
    let verdict = if live.arm.diagnosis.onsets.is_empty() {
        // Drift alone is a finding, not a failure: the model is healthy.
        match overall(live) {
            Verdict::Drifted => Verdict::Healthy,
            verdict => verdict,
        }
    } else {
        Verdict::Broken
    };
    let is_over = is_over(live);
    let tag = match verdict {
        Verdict::Broken if is_over => "broke, healthy again",
        Verdict::Broken => "broken",
        Verdict::Healthy => "healthy",
        _ => "not judged",
    };
    Headline {
        verdict: verdict.name(),
        tag,
        sentence: summary(live, calendar),
        lines: lines(live, indexes, calendar),
        facts,
    }
}

fn lines(live: &Index<'_>, indexes: &[Index<'_>], calendar: &Calendar) -> Vec<Line> {
    let diagnosis = &live.arm.diagnosis;
    let Some(first) = diagnosis.onsets.first() else {
        return indexes.iter().skip(1).take(3).map(|other| Line::new("Beside it", summary(other, calendar))).collect();
    };
    let mut lines = Vec::new();
    let worst = first.findings.iter().max_by(|left, right| {
        right.slice.is_some().cmp(&left.slice.is_some()).then(excess(left).total_cmp(&excess(right)))
    });
    if let Some(worst) = worst {
        let also = match first.findings.len() - 1 {
            0 => String::new(),
            1 => ", and one more promise".to_owned(),
            more => format!(", and {more} more promises"),
        };
        lines.push(Line::new("What", format!("{}{also}.", capitalised(&against_limit(worst, calendar)))));
    }
    let then = then(diagnosis, calendar);
    lines
        .push(Line::new("How long", format!("Arrow {} {}.{then}", first.arrow.number(), lasts(live, first, calendar))));
    lines.push(Line::new("Why", cause_sentence(diagnosis, calendar)));
    lines.push(Line::new("Service", infrastructure(diagnosis)));
    let comparisons = comparisons(live, indexes, calendar);
    if !comparisons.is_empty() {
        lines.push(Line::new("Beside it", comparisons.join(" ")));
    }
    lines
}

/// The other arrows that broke, with the first one or later.
fn then(diagnosis: &Diagnosis, calendar: &Calendar) -> String {
    let told = |onset: &Onset| format!("{} {}", onset.arrow.number(), onset.arrow.title());
    let Some((first, others)) = diagnosis.onsets.split_first() else { return String::new() };
    let at_once: Vec<String> = others.iter().filter(|onset| onset.window == first.window).map(told).collect();
    let later = others.iter().filter(|onset| onset.window != first.window);
    let later: Vec<String> =
        later.map(|onset| format!("{} since {}", told(onset), calendar.long_of(onset.window))).collect();
    let mut text = String::new();
    if !at_once.is_empty() {
        text.push_str(&format!(" At once with it: {}.", at_once.join(", ")));
    }
    if !later.is_empty() {
        text.push_str(&format!(" Then: {}.", later.join(", ")));
    }
    text
}

/// A sentence begins with a capital letter; names between backticks stay as they are.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn facts(evaluation: &Evaluation, indexes: &[Index<'_>], calendar: &Calendar) -> Vec<Line> {
    let spec = &evaluation.spec;
    let zone = spec.zone().unwrap_or_else(|_| Zone::utc());
    let mut facts = vec![
        Line::new("Model", format!("`{}`, {}", name(&spec.model), spec.task.name())),
        Line::new("Owner", spec.owner.as_deref().map_or_else(|| "nobody named".to_owned(), |owner| clipped(owner, 80))),
        Line::new("Purpose", purpose(spec)),
        Line::new("Reference", reference(evaluation, &zone)),
    ];
    let unit = calendar.unit();
    let plural = if calendar.len() == 1 { "" } else { "s" };
    facts.push(Line::new("Periods", format!("{}, {} {unit}{plural}", calendar.span(), calendar.len())));
    facts.push(Line::new("Time zone", clipped(zone.name(), 60)));
    if let Some(live) = indexes.first() {
        let rows: u64 = live.arm.windows.iter().map(|window| window.rows).sum();
        let labelled: u64 = live.arm.windows.iter().map(|window| window.labelled).sum();
        facts.push(Line::new("Predictions", format!("{}, {} with a label", count(rows), count(labelled))));
    }
    let as_of = u64::try_from(evaluation.as_of_offset).map_or_else(|_| "–".to_owned(), count);
    facts.push(Line::new("As of", format!("journal offset {as_of}")));
    facts
}

fn purpose(spec: &Spec) -> String {
    let Some(purpose) = &spec.purpose else { return "none written down".to_owned() };
    let verb = match purpose.direction {
        Direction::Up => "raise",
        Direction::Down => "lower",
    };
    let aggregate = match purpose.aggregate {
        Aggregate::Mean => "mean",
        Aggregate::Sum => "sum",
        Aggregate::Count => "count",
    };
    let unit = purpose.unit.as_deref().map(|unit| format!(" {}", clipped(unit, 40))).unwrap_or_default();
    let within = purpose.within.map(|within| format!(", within {within}")).unwrap_or_default();
    format!("{verb} `{}` ({aggregate}{unit}{within})", name(&purpose.metric))
}

/// The reference in words: its period, or where else it comes from.
pub fn reference(evaluation: &Evaluation, zone: &Zone) -> String {
    match (evaluation.reference, &evaluation.spec.reference) {
        (Some(window), _) => days(window, zone),
        (None, Some(reference)) => match (&reference.file, &reference.version) {
            (Some(file), _) => format!("the file `{}`", clipped(file, 80)),
            (None, Some(version)) => format!("version `{}`", clipped(version, 60)),
            (None, None) => "none".to_owned(),
        },
        (None, None) => "none".to_owned(),
    }
}

/// The first and the last day of a window.
fn days(window: Window, zone: &Zone) -> String {
    let last = Timestamp(window.end.0.saturating_sub(1).max(window.start.0));
    format!("{} to {}", zone.date_text(window.start), zone.date_text(last))
}
