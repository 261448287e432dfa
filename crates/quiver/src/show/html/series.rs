//! Small multiples: for each arrow the figures that tell it, over the periods, the live arm against the others.

use super::super::number::count;
use super::super::story::value_text;
use super::calendar::Calendar;
use super::chart::{ChartShape, Drawing, Mark, Point, VolumeShape, draw, draw_volume};
use super::index::{Index, Series, peak, worst};
use super::scale::Form;
use super::words::{is_promise, limit, limit_kind, measure, name, subject, verdict_words};
use quiver_event::Arrow;
use quiver_judge::finding::{Finding, Monitor, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most features with a chart of their distance; the table of features has all.
const MOST_FEATURES: usize = 6;

/// The most other arms in one chart: more lines than dash patterns tell nothing.
pub const MOST_OTHERS: usize = 3;

/// The value of another arm in the last period.
#[derive(Debug, Serialize)]
pub struct OtherValue {
    name: String,
    text: String,
}

/// One chart with its head.
#[derive(Debug, Serialize)]
pub struct ChartCard {
    title: String,
    bound: Option<String>,
    verdict: &'static str,
    words: &'static str,
    latest: String,
    latest_period: String,
    others: Vec<OtherValue>,
    /// Whether the other arms have the very same values, and so no line.
    is_shared: bool,
    /// Whether beyond the bound a promise is broken, or something only moved.
    is_promise: bool,
    note: Option<&'static str>,
    shape: ChartShape,
}

/// Predictions and labels over the periods.
#[derive(Debug, Serialize)]
pub struct VolumeCard {
    total: String,
    labelled: String,
    shape: VolumeShape,
}

/// The charts of one arrow.
#[derive(Debug, Serialize)]
pub struct ChartGroup {
    number: usize,
    title: &'static str,
    charts: Vec<ChartCard>,
    /// Charts of what was measured, but promised to nobody.
    more: Vec<ChartCard>,
    volume: Option<VolumeCard>,
    notes: Vec<String>,
}

/// Where in time charts put their marks.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    /// The periods of the reference.
    pub reference: Option<(usize, usize)>,
    /// The period in which the first arrow broke.
    pub onset: Option<usize>,
    /// The most places along an axis.
    pub places: usize,
}

/// The charts of all arrows; the first index is the live arm's.
pub fn groups(indexes: &[Index<'_>], calendar: &Calendar, marks: Marks) -> Vec<ChartGroup> {
    let Some((live, others)) = indexes.split_first() else { return Vec::new() };
    let others = &others[..others.len().min(MOST_OTHERS)];
    Arrow::ALL.into_iter().map(|arrow| group(live, others, calendar, marks, arrow)).collect()
}

fn group(live: &Index<'_>, others: &[Index<'_>], calendar: &Calendar, marks: Marks, arrow: Arrow) -> ChartGroup {
    let mut group = ChartGroup {
        number: arrow.number(),
        title: arrow.title(),
        charts: Vec::new(),
        more: Vec::new(),
        volume: None,
        notes: Vec::new(),
    };
    let mut silent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (monitor, subject_name) in told(live, arrow) {
        let Some(series) = live.series(monitor, subject_name) else { continue };
        let Some(example) = series.iter().flatten().next() else { continue };
        if series.iter().flatten().all(|finding| finding.value.is_none()) {
            let reason = example.evidence.split_once(": ").map_or("", |(_, reason)| reason);
            silent.entry(super::words::clipped(reason, 120)).or_default().push(subject(example));
            continue;
        }
        if let Some(value) = constant(series).filter(|_| worst(series).rank() <= Verdict::Healthy.rank()) {
            let bound = limit(example).map(|limit| format!(" ({} {limit})", limit_kind(monitor)));
            group.notes.push(format!(
                "{}: {value} in every measured {}{}.",
                subject(example),
                calendar.unit(),
                bound.unwrap_or_default()
            ));
            continue;
        }
        if let Some(card) = card(series, others, calendar, marks, (monitor, subject_name)) {
            let is_promised = series.iter().flatten().any(|finding| finding.limit.is_some());
            if is_promised { group.charts.push(card) } else { group.more.push(card) }
        }
    }
    for (reason, subjects) in silent {
        let separator = if reason.is_empty() { "" } else { ": " };
        group.notes.push(format!("Not observed: {}{separator}{reason}.", subjects.join(", ")));
    }
    if arrow == Arrow::Features {
        let drifted = live.on(arrow).filter(|(monitor, ..)| *monitor == Monitor::Drift).count();
        if drifted > group.charts.len() {
            group.notes.push("The features that moved furthest; the table of features below has all.".to_owned());
        }
    }
    if arrow == Arrow::Feedback {
        group.volume = volume(live, calendar, marks.places);
    }
    group
}

/// The subjects worth a chart, in the order of the page.
fn told<'a>(live: &Index<'a>, arrow: Arrow) -> Vec<(Monitor, &'a str)> {
    if arrow != Arrow::Features {
        let mut subjects: Vec<(Monitor, &str)> =
            live.on(arrow).map(|(monitor, subject, _)| (monitor, subject)).collect();
        // What the owner promised comes first; delays are context.
        subjects.sort_by_key(|(monitor, _)| match monitor {
            Monitor::Quality | Monitor::DecisionRate => 0,
            Monitor::ScoreDrift | Monitor::LabelShare => 1,
            _ => 2,
        });
        return subjects;
    }
    let weight =
        |series: &Series<'_>| (worst(series).rank(), peak(series).and_then(|finding| finding.value).unwrap_or(0.0));
    let ordered = |is_distance: bool| {
        let mut found: Vec<(Monitor, &str, (u8, f64))> = live
            .on(arrow)
            .filter(|(monitor, _, series)| {
                (*monitor == Monitor::Drift) == is_distance
                    && series.iter().flatten().any(|finding| finding.value.is_some())
            })
            .map(|(monitor, subject, series)| (monitor, subject, weight(series)))
            .collect();
        found.sort_by(|left, right| right.2.0.cmp(&left.2.0).then(right.2.1.total_cmp(&left.2.1)));
        found
    };
    let moved = |found: &&(Monitor, &str, (u8, f64))| found.2.0 >= Verdict::Drifted.rank();
    // Broken declarations first, then the largest distances (a few of them even when nothing moved), then what is
    // missing or defaulted more often than in the reference.
    let (broken, more): (Vec<_>, Vec<_>) =
        ordered(false).into_iter().filter(|found| moved(&found)).partition(|found| found.2.0 == Verdict::Broken.rank());
    let distances = ordered(true);
    let most = distances.iter().filter(moved).count().clamp(3, MOST_FEATURES);
    let broken = broken.into_iter().take(MOST_FEATURES);
    broken
        .chain(distances.into_iter().take(most))
        .chain(more.into_iter().take(MOST_FEATURES / 2))
        .map(|(monitor, subject, _)| (monitor, subject))
        .collect()
}

/// The text of a value that never changes.
fn constant(series: &Series<'_>) -> Option<String> {
    let mut values = series.iter().flatten().filter(|finding| finding.value.is_some());
    let first = values.next()?;
    values.all(|finding| finding.value == first.value).then(|| value_text(first))
}

fn card(
    series: &Series<'_>,
    others: &[Index<'_>],
    calendar: &Calendar,
    marks: Marks,
    (monitor, subject_name): (Monitor, &str),
) -> Option<ChartCard> {
    let example =
        series.iter().flatten().find(|finding| finding.limit.is_some()).or_else(|| series.iter().flatten().next())?;
    let other_series: Vec<(&Index<'_>, &Series<'_>)> =
        others.iter().filter_map(|other| Some((other, other.series(monitor, subject_name)?))).collect();
    let values = |series: &Series<'_>| {
        series.iter().map(|finding| finding.and_then(|finding| finding.value)).collect::<Vec<_>>()
    };
    let is_shared = !other_series.is_empty() && other_series.iter().all(|(_, other)| values(other) == values(series));
    let drawn: &[(&Index<'_>, &Series<'_>)] = if is_shared { &[] } else { &other_series };
    let mut lines = vec![points(series)];
    lines.extend(drawn.iter().map(|(_, other)| points(other)));
    let tips = (0..calendar.len()).map(|index| tip(series, drawn, calendar, index));
    let shape = draw(&Drawing {
        lines,
        limit: example.limit,
        form: Form::of(monitor),
        calendar,
        places: marks.places,
        reference: marks.reference,
        onset: marks.onset,
        tips: tips.collect(),
    })?;
    let last = series.iter().rposition(|finding| finding.is_some_and(|finding| finding.value.is_some()));
    let text_at = |series: &Series<'_>, index: usize| {
        series.get(index).copied().flatten().filter(|finding| finding.value.is_some()).map(value_text)
    };
    let verdict = worst(series);
    Some(ChartCard {
        title: match monitor {
            Monitor::Drift | Monitor::ScoreDrift => format!("{}, {}", subject(example), measure(&example.convention)),
            _ => subject(example),
        },
        bound: limit(example).map(|limit| format!("{} {limit}", limit_kind(monitor))),
        verdict: verdict.name(),
        words: verdict_words(verdict),
        latest: last.and_then(|index| text_at(series, index)).unwrap_or_else(|| "–".to_owned()),
        latest_period: last.map(|index| calendar.short(index)).unwrap_or_default(),
        others: drawn
            .iter()
            .map(|(other, series)| OtherValue {
                name: name(&other.arm.arm),
                text: last.and_then(|index| text_at(series, index)).unwrap_or_else(|| "–".to_owned()),
            })
            .collect(),
        is_shared,
        // A share that may only move with the reference is no promise of the owner, and never breaks.
        is_promise: is_promise(monitor) && (monitor != Monitor::Missing || verdict == Verdict::Broken),
        note: shape.limit_is_outside.then_some("a limit lies outside the picture"),
        shape,
    })
}

fn points(series: &Series<'_>) -> Vec<Point> {
    let point = |finding: &Option<&Finding>| {
        let Some(finding) = finding else { return Point { value: None, interval: None, mark: Mark::Absent } };
        let mark = match finding.verdict {
            _ if finding.value.is_none() => Mark::Absent,
            Verdict::Broken => Mark::Broken,
            Verdict::Drifted => Mark::Drifted,
            Verdict::InsufficientSample | Verdict::LabelsPending => Mark::Open,
            _ => Mark::Plain,
        };
        Point { value: finding.value, interval: finding.interval, mark }
    };
    series.iter().map(point).collect()
}

fn tip(series: &Series<'_>, others: &[(&Index<'_>, &Series<'_>)], calendar: &Calendar, index: usize) -> String {
    let told = |series: &Series<'_>| match series.get(index).copied().flatten() {
        Some(finding) => {
            let interval = finding.interval.filter(|_| finding.value.is_some()).map(|[low, high]| {
                format!(" [{}, {}]", super::words::in_form_of(finding, low), super::words::in_form_of(finding, high))
            });
            format!("{}{}, {}", value_text(finding), interval.unwrap_or_default(), verdict_words(finding.verdict))
        }
        None => "nothing measured".to_owned(),
    };
    let mut text = format!("{}: {}", calendar.long(index), told(series));
    for (other, series) in others {
        text.push_str(&format!("; {}: {}", name(&other.arm.arm), told(series)));
    }
    text
}

fn volume(live: &Index<'_>, calendar: &Calendar, places: usize) -> Option<VolumeCard> {
    let rows: Vec<(u64, u64)> = live.arm.windows.iter().map(|window| (window.rows, window.labelled)).collect();
    let tips: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(index, (all, labelled))| {
            format!("{}: {} predictions, {} with a label", calendar.long(index), count(*all), count(*labelled))
        })
        .collect();
    let shape = draw_volume(&rows, calendar, places, &tips)?;
    Some(VolumeCard {
        total: count(rows.iter().map(|rows| rows.0).sum()),
        labelled: count(rows.iter().map(|rows| rows.1).sum()),
        shape,
    })
}
