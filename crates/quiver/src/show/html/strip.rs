//! Strips of cells over periods: how far a feature was from its reference, and what an arrow said; runs are one shape.

use super::calendar::{Calendar, Tick};
use super::scale::width_percent;
use quiver_judge::finding::{Finding, Verdict};
use serde::Serialize;
use std::fmt::Write as _;

/// Up to so many periods, a strip of distances writes the numbers into its cells.
const MOST_NUMBERS: usize = 14;

/// The most cells of a strip; more periods share one, which then shows the worst of them.
const MOST_PLACES: usize = 366;

/// The classes of distances, from the least to the most important.
const CLASSES: [&str; 7] = ["hn", "h0", "h1", "hq", "h2", "h3", "h4"];

/// Up to so many periods, a grid has a cell for each.
pub const MOST_CELLS: usize = 60;

/// How far a distance is from its limit, in the steps of the colour scale: within half, within, and 3, 10 times beyond.
const STEPS: [f64; 4] = [0.5, 1.0, 3.0, 10.0];

/// One colour of a strip: a class and the path of all its cells.
#[derive(Debug, PartialEq, Serialize)]
pub struct Layer {
    class: &'static str,
    path: String,
}

/// A number written into a cell.
#[derive(Debug, Serialize)]
pub struct CellText {
    at: String,
    text: String,
    class: &'static str,
}

/// A strip of distances.
#[derive(Debug, Serialize)]
pub struct Strip {
    periods: usize,
    layers: Vec<Layer>,
    numbers: Vec<CellText>,
    ticks: Vec<CellText>,
}

/// The class of a cell; the classes tell the rank of the distance over its limit.
fn class_of(finding: Option<&Finding>) -> &'static str {
    let Some(finding) = finding else { return "hn" };
    let Some(value) = finding.value else { return "hn" };
    let limit = match finding.limit {
        Some(quiver_judge::finding::Limit::AtMost(limit)) if limit > 0.0 => limit,
        _ => return "h0",
    };
    let step = STEPS.iter().filter(|step| value > *step * limit).count();
    // Beyond the limit, but so few rows would show that by chance: no colour of alarm.
    if finding.verdict == Verdict::InsufficientSample { "hq" } else { ["h0", "h1", "h2", "h3", "h4"][step] }
}

/// The distances of one feature; with their numbers where `is_labelled` and there is room.
pub fn distances(series: &[Option<&Finding>], calendar: &Calendar, is_labelled: bool) -> Strip {
    let periods = series.len();
    let cells: Vec<&'static str> = series.iter().map(|finding| class_of(*finding)).collect();
    let middle = |index: usize| width_percent((index as f64 + 0.5) / periods.max(1) as f64);
    let has_numbers = is_labelled && periods <= MOST_NUMBERS;
    let numbers = series.iter().enumerate().filter(|_| has_numbers).filter_map(|(index, finding)| {
        let value = finding.as_ref()?.value?;
        Some(CellText { at: middle(index), text: compact(value), class: cells[index] })
    });
    let ticks = if is_labelled { calendar.ticks(12) } else { Vec::new() };
    let rank = |class: &&'static str| CLASSES.iter().position(|known| known == class);
    let shared: Vec<&'static str> = groups(&cells).filter_map(|group| group.iter().copied().max_by_key(rank)).collect();
    Strip {
        periods: shared.len(),
        layers: layers(&shared, |_| 0),
        numbers: numbers.collect(),
        ticks: ticks.into_iter().map(|Tick { index, text }| CellText { at: middle(index), text, class: "" }).collect(),
    }
}

/// A distance in three characters or so.
fn compact(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude < 0.005 => "0".to_owned(),
        magnitude if magnitude < 1.0 => format!("{value:.2}").trim_start_matches('0').to_owned(),
        magnitude if magnitude < 10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// The periods that share a cell.
fn groups<T>(cells: &[T]) -> std::slice::Chunks<'_, T> {
    cells.chunks(cells.len().div_ceil(MOST_PLACES).max(1))
}

/// A path of cells for each class, in the unit of one period wide and twelve high; `top` leaves room above a cell.
fn layers(cells: &[&'static str], top: impl Fn(&str) -> u32) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    // Single cells are set apart by a gap; in longer strips runs flow together.
    let gap = if cells.len() <= MOST_CELLS { 0.06 } else { 0.0 };
    let mut start = 0;
    for run in cells.chunk_by(|left, right| gap == 0.0 && left == right) {
        let class = run[0];
        let top = top(class);
        let from = start as f64 + gap / 2.0;
        let length = run.len() as f64 - gap;
        let cell = format!("M{from} {top}h{length}V12h-{length}z");
        match layers.iter_mut().find(|layer| layer.class == class) {
            Some(layer) => layer.path.push_str(&cell),
            None => layers.push(Layer { class, path: cell }),
        }
        start += run.len();
    }
    layers
}

/// What one arrow said in more periods than a table has cells for; the worse, the higher, so that colour is not alone.
#[derive(Debug, Serialize)]
pub struct VerdictStrip {
    periods: usize,
    layers: Vec<Layer>,
}

/// A strip of verdicts.
pub fn verdicts(verdicts: &[Verdict]) -> VerdictStrip {
    let worst = groups(verdicts).filter_map(|group| group.iter().max_by_key(|verdict| verdict.rank()));
    let cells: Vec<&'static str> = worst.map(|verdict| verdict.name()).collect();
    let top = |class: &str| match class {
        "broken" => 0,
        "drifted" => 4,
        "healthy" => 7,
        _ => 10,
    };
    VerdictStrip { periods: cells.len(), layers: layers(&cells, top) }
}

/// The steps of the colour scale in words.
pub fn legend(limit: f64) -> Vec<(&'static str, String)> {
    let step = |factor: f64| super::super::number::short(factor * limit);
    let mut text = vec![
        ("h0", format!("up to {}", step(STEPS[0]))),
        ("h1", format!("up to the limit, {}", step(STEPS[1]))),
        ("h2", format!("up to {}", step(STEPS[2]))),
        ("h3", format!("up to {}", step(STEPS[3]))),
        ("h4", format!("above {}", step(STEPS[3]))),
    ];
    text.push(("hq", "above the limit, within chance".to_owned()));
    text.push(("hn", "no data".to_owned()));
    text
}

/// The names along a wide strip.
pub fn axis(calendar: &Calendar) -> Vec<(String, String)> {
    let periods = calendar.len().max(1) as f64;
    calendar.ticks(14).into_iter().map(|tick| (width_percent(tick.index as f64 / periods), tick.text)).collect()
}

/// Writes a sentence of runs, for those who hear a page: `healthy 2, broken 8, healthy 1`.
pub fn runs(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for run in verdicts.chunk_by(|left, right| left == right) {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{} {}", super::words::verdict_words(run[0]), run.len());
    }
    text
}
