//! The model as a picture: four arrows with their worst verdict and what was found, and the grid of arrows by periods.

use super::super::story::value_text;
use super::calendar::Calendar;
use super::index::Index;
use super::strip::{self, MOST_CELLS, VerdictStrip};
use super::words::{clipped, excess, limit, limit_kind, measure, name, names, subject, verdict_words};
use quiver_event::Arrow;
use quiver_judge::finding::{Finding, Monitor, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;

/// One arrow of one arm.
#[derive(Debug, Serialize)]
pub struct ArrowPicture {
    number: usize,
    from: &'static str,
    to: &'static str,
    title: &'static str,
    verdict: &'static str,
    words: &'static str,
    found: String,
}

/// The arrows of one arm.
#[derive(Debug, Serialize)]
pub struct ArmPicture {
    name: String,
    role: &'static str,
    versions: String,
    /// Since when the verdicts count, such as `since April 2013`.
    since: String,
    arrows: Vec<ArrowPicture>,
}

/// What an arm is, in a word.
pub fn role(is_live: bool) -> &'static str {
    if is_live { "live" } else { "shadow" }
}

/// The picture of one arm.
pub fn picture(index: &Index<'_>, calendar: &Calendar) -> ArmPicture {
    let onset = index.arm.diagnosis.onsets.first();
    let from = onset.and_then(|onset| calendar.position(onset.window)).unwrap_or(0);
    let since = match onset {
        Some(onset) => format!("worst since {}", calendar.long_of(onset.window)),
        None => format!("worst in {}", calendar.span()),
    };
    ArmPicture {
        name: name(&index.arm.arm),
        role: role(index.arm.is_live),
        versions: versions(index),
        since,
        arrows: Arrow::ALL.into_iter().map(|arrow| arrow_picture(index, calendar, arrow, from)).collect(),
    }
}

/// The versions of an arm, the first few.
pub fn versions(index: &Index<'_>) -> String {
    clipped(&index.arm.versions.join(", "), 80)
}

fn arrow_picture(index: &Index<'_>, calendar: &Calendar, arrow: Arrow, from: usize) -> ArrowPicture {
    let windows = index.arm.windows.get(from..).unwrap_or_default();
    let verdicts = windows.iter().map(|window| window.arrows[arrow.number() - 1]);
    let verdict = verdicts.max_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NoData);
    let (start, end) = arrow.title().split_once(" → ").unwrap_or((arrow.title(), ""));
    ArrowPicture {
        number: arrow.number(),
        from: start,
        to: end,
        title: arrow.title(),
        verdict: verdict.name(),
        words: verdict_words(verdict),
        found: found(index, calendar, arrow, verdict, from),
    }
}

/// What was found on an arrow, in one line.
fn found(index: &Index<'_>, calendar: &Calendar, arrow: Arrow, verdict: Verdict, from: usize) -> String {
    let windows = index.arm.windows.get(from..).unwrap_or_default();
    let of_verdict = || {
        windows
            .iter()
            .flat_map(|window| &window.findings)
            .filter(|finding| finding.arrow == arrow && finding.verdict == verdict)
    };
    let worst = || of_verdict().max_by(|left, right| excess(left).total_cmp(&excess(right)));
    match verdict {
        Verdict::Broken => {
            let Some(worst) = worst() else { return String::new() };
            let others: BTreeSet<String> = of_verdict()
                .filter(|other| other.slice.is_none())
                .map(subject)
                .filter(|other| *other != subject(worst))
                .collect();
            let others: Vec<String> = others.into_iter().take(3).collect();
            let also = if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
            format!("{}{also}", against_limit(worst, calendar))
        }
        Verdict::Drifted if arrow == Arrow::Features => {
            let moved: BTreeSet<&str> = of_verdict().map(|finding| finding.subject.as_str()).collect();
            let all: BTreeSet<&str> = index.on(arrow).map(|(_, subject, _)| subject).collect();
            let furthest = of_verdict().filter(|finding| finding.monitor == Monitor::Drift).max_by(by_value);
            let furthest = furthest.map(|finding| format!("; furthest {}", distance(finding, calendar)));
            format!("{} of {} features moved{}", moved.len(), all.len(), furthest.unwrap_or_default())
        }
        Verdict::Drifted => worst().map_or_else(String::new, |finding| against_limit(finding, calendar)),
        Verdict::Healthy if arrow == Arrow::Features => {
            let all = index.on(arrow).filter(|(monitor, ..)| *monitor == Monitor::Drift).count();
            let furthest = of_verdict().filter(|finding| finding.monitor == Monitor::Drift).max_by(by_value);
            let furthest = furthest.map(|finding| format!("; furthest {}", distance(finding, calendar)));
            format!("{all} features look like the reference{}", furthest.unwrap_or_default())
        }
        Verdict::Healthy => match worst() {
            Some(closest) => format!("closest to its limit: {}", against_limit(closest, calendar)),
            None => "every promise kept".to_owned(),
        },
        Verdict::InsufficientSample => {
            let subjects: BTreeSet<&str> = of_verdict().map(|finding| finding.subject.as_str()).collect();
            format!("beyond the limit, but within chance: {}", names(subjects.iter().copied(), 3))
        }
        Verdict::LabelsPending => "labels are still coming".to_owned(),
        Verdict::NotObserved => reason(index, arrow),
        Verdict::Unjudged => "nothing was promised here".to_owned(),
        Verdict::NoData => "no predictions".to_owned(),
    }
}

fn by_value(left: &&Finding, right: &&Finding) -> std::cmp::Ordering {
    let value = |finding: &Finding| finding.value.unwrap_or(f64::NEG_INFINITY);
    value(left).total_cmp(&value(right))
}

/// Why an arrow was not observed, in the words of the first monitor that says so.
pub fn reason(index: &Index<'_>, arrow: Arrow) -> String {
    let evidence = index
        .on(arrow)
        .flat_map(|(_, _, series)| series.iter().flatten())
        .find(|finding| finding.verdict == Verdict::NotObserved)
        .map(|finding| finding.evidence.split_once(": ").map_or(finding.evidence.as_str(), |(_, reason)| reason));
    clipped(evidence.unwrap_or("the events carry nothing that could be measured"), 120)
}

/// A distance with its measure and period.
fn distance(finding: &Finding, calendar: &Calendar) -> String {
    format!(
        "{}, {} {} {}",
        subject(finding),
        measure(&finding.convention),
        value_text(finding),
        calendar.within_of(finding.window)
    )
}

/// A value with its bound and period.
pub fn against_limit(finding: &Finding, calendar: &Calendar) -> String {
    let bound = limit(finding).map(|limit| format!(", {} {limit}", limit_kind(finding.monitor)));
    format!(
        "{} {} {}{}",
        subject(finding),
        value_text(finding),
        calendar.within_of(finding.window),
        bound.unwrap_or_default()
    )
}

/// One cell of the grid.
#[derive(Debug, Serialize)]
pub struct Cell {
    verdict: &'static str,
    tip: String,
}

/// One arrow of the grid.
#[derive(Debug, Serialize)]
pub struct GridRow {
    number: usize,
    title: &'static str,
    cells: Vec<Cell>,
    strip: Option<VerdictStrip>,
    runs: String,
}

/// The verdicts of one arm.
#[derive(Debug, Serialize)]
pub struct ArmGrid {
    name: String,
    role: &'static str,
    versions: String,
    rows: Vec<GridRow>,
}

/// A name above one or several periods.
#[derive(Debug, Serialize)]
pub struct HeadCell {
    text: String,
    span: usize,
}

/// Arrows by periods, for every arm.
#[derive(Debug, Serialize)]
pub struct Grid {
    is_cells: bool,
    heads: Vec<HeadCell>,
    axis: Vec<(String, String)>,
    arms: Vec<ArmGrid>,
}

/// The grid of all arms.
pub fn grid(indexes: &[Index<'_>], calendar: &Calendar) -> Grid {
    let is_cells = calendar.len() <= MOST_CELLS;
    Grid {
        is_cells,
        heads: if is_cells { heads(calendar) } else { Vec::new() },
        axis: if is_cells { Vec::new() } else { strip::axis(calendar) },
        arms: indexes.iter().map(|index| arm_grid(index, calendar, is_cells)).collect(),
    }
}

/// The names above the cells, each as wide as the periods up to the next name.
fn heads(calendar: &Calendar) -> Vec<HeadCell> {
    let ticks = calendar.ticks(16);
    let mut heads = Vec::new();
    if let Some(first) = ticks.first().filter(|first| first.index > 0) {
        heads.push(HeadCell { text: String::new(), span: first.index });
    }
    for (position, tick) in ticks.iter().enumerate() {
        let next = ticks.get(position + 1).map_or(calendar.len(), |next| next.index);
        heads.push(HeadCell { text: tick.text.clone(), span: next - tick.index });
    }
    heads
}

fn arm_grid(index: &Index<'_>, calendar: &Calendar, is_cells: bool) -> ArmGrid {
    let row = |arrow: Arrow| {
        let verdicts: Vec<Verdict> = index.arm.windows.iter().map(|window| window.arrows[arrow.number() - 1]).collect();
        let cells = index.arm.windows.iter().enumerate().filter(|_| is_cells).map(|(position, window)| {
            let verdict = verdicts[position];
            let subjects: BTreeSet<String> = window
                .findings
                .iter()
                .filter(|finding| finding.arrow == arrow && finding.verdict == verdict)
                .filter(|_| matches!(verdict, Verdict::Broken | Verdict::Drifted))
                .map(|finding| clipped(&finding.title(), 40))
                .collect();
            let found = subjects.into_iter().take(3).collect::<Vec<_>>().join(", ");
            let separator = if found.is_empty() { "" } else { ": " };
            Cell {
                verdict: verdict.name(),
                tip: format!("{}, {}{separator}{found}", calendar.long(position), verdict_words(verdict)),
            }
        });
        GridRow {
            number: arrow.number(),
            title: arrow.title(),
            cells: cells.collect(),
            strip: (!is_cells).then(|| strip::verdicts(&verdicts)),
            runs: clipped(&strip::runs(&verdicts), 300),
        }
    };
    ArmGrid {
        name: name(&index.arm.arm),
        role: role(index.arm.is_live),
        versions: versions(index),
        rows: Arrow::ALL.into_iter().map(row).collect(),
    }
}
