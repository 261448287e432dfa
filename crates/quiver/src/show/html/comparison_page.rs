//! The report of two data sets, column by column.

use super::super::comparison::Comparison;
use super::super::number::{count, percent, short};
use super::Room;
use super::bars::{self, BarRow, Bin};
use super::density::{Density, density};
use super::method::{Method, method};
use super::scale::width_percent;
use super::words::{by_chance, clipped, measure, name, verdict_words};
use quiver_event::time::Timestamp;
use quiver_judge::comparison::ColumnComparison;
use quiver_judge::distance::Distance;
use quiver_judge::finding::Verdict;
use quiver_profile::column::ValueCount;
use quiver_profile::{ColumnKind, ColumnSummary};
use serde::Serialize;

/// The most frequent values that are shown of a column of categories, and of numbers, whose bins tell more.
const MOST_CATEGORIES: usize = 10;
const MOST_NUMBERS: usize = 5;

/// The most names of columns that only one side has.
const MOST_NAMES: usize = 40;

/// One side of a comparison.
#[derive(Debug, Serialize)]
pub struct Side {
    name: String,
    rows: String,
}

/// One column in the table.
#[derive(Debug, Serialize)]
pub struct ColumnRow {
    anchor: Option<String>,
    name: String,
    kind: &'static str,
    verdict: &'static str,
    words: &'static str,
    distance: String,
    /// The distance on a scale on which the limit is half way, where it has one.
    width: Option<String>,
    by_chance: String,
    convention: String,
    missing: String,
    mean: String,
    /// The bin whose share changed most, and its shares.
    moved: Option<(String, String)>,
}

/// A row of figures, reference and current.
#[derive(Debug, Serialize)]
pub struct FigureRow {
    name: &'static str,
    reference: String,
    current: String,
}

/// A distance with its convention.
#[derive(Debug, Serialize)]
pub struct DistanceRow {
    value: String,
    by_chance: String,
    convention: String,
}

/// A frequent value on both sides.
#[derive(Debug, Serialize)]
pub struct ValueRow {
    value: String,
    reference: String,
    current: String,
}

/// One column's pictures and figures.
#[derive(Debug, Serialize)]
pub struct ColumnPanel {
    anchor: String,
    name: String,
    kind: &'static str,
    verdict: &'static str,
    words: &'static str,
    distance: Option<DistanceRow>,
    limit: String,
    note: Option<&'static str>,
    others_title: &'static str,
    density_title: &'static str,
    bars_title: &'static str,
    bars: Vec<BarRow>,
    density: Option<Density>,
    figures: Vec<FigureRow>,
    figures_method: Option<&'static str>,
    /// Whether the values stand beside the figures, which are few for categories.
    has_values_beside: bool,
    values: Vec<ValueRow>,
    values_method: Option<&'static str>,
    others: Vec<DistanceRow>,
}

/// How many columns have a verdict.
#[derive(Debug, Serialize)]
pub struct Tally {
    verdict: &'static str,
    words: &'static str,
    number: usize,
}

/// The report of two data sets.
#[derive(Debug, Serialize)]
pub struct Page {
    title: String,
    verdict: &'static str,
    drifted: usize,
    total: usize,
    tallies: Vec<Tally>,
    reference: Side,
    current: Side,
    missing: Vec<String>,
    more_missing: usize,
    added: Vec<String>,
    more_added: usize,
    furthest: Vec<String>,
    rows: Vec<ColumnRow>,
    left_out_rows: usize,
    panels: Vec<ColumnPanel>,
    left_out_panels: usize,
    has_near_unique: bool,
    method: Method,
    version: &'static str,
}

/// The report of a comparison.
pub fn page(comparison: &Comparison, room: Room) -> Page {
    let mut columns: Vec<&ColumnComparison> = comparison.columns.iter().collect();
    // As in the terminal: the verdict first, then the distance.
    columns.sort_by(|left, right| {
        let value = |column: &ColumnComparison| column.distance.as_ref().map_or(-1.0, |distance| distance.value);
        right.verdict.rank().cmp(&left.verdict.rank()).then(value(right).total_cmp(&value(left)))
    });
    let number = |verdict: Verdict| columns.iter().filter(|column| column.verdict == verdict).count();
    let drifted = number(Verdict::Drifted);
    let changed = drifted + comparison.missing.len();
    let order = [Verdict::Drifted, Verdict::Healthy, Verdict::InsufficientSample, Verdict::Unjudged, Verdict::NoData];
    let tallies = order
        .into_iter()
        .map(|verdict| Tally { verdict: verdict.name(), words: tally_words(verdict), number: number(verdict) })
        .filter(|tally| tally.number > 0);
    let conventions = columns.iter().flat_map(|column| column.distance.iter().chain(&column.others));
    let furthest = columns.iter().filter(|column| column.verdict == Verdict::Drifted).take(3);
    let names = |all: &[String]| all.iter().take(MOST_NAMES).map(|text| name(text)).collect::<Vec<_>>();
    Page {
        title: format!("{drifted} of {} columns drifted", columns.len()),
        verdict: if changed > 0 { Verdict::Drifted.name() } else { Verdict::Healthy.name() },
        drifted,
        total: columns.len(),
        tallies: tallies.collect(),
        reference: Side { name: clipped(&comparison.reference, 120), rows: count(comparison.reference_rows) },
        current: Side { name: clipped(&comparison.current, 120), rows: count(comparison.current_rows) },
        missing: names(&comparison.missing),
        more_missing: comparison.missing.len().saturating_sub(MOST_NAMES),
        added: names(&comparison.added),
        more_added: comparison.added.len().saturating_sub(MOST_NAMES),
        furthest: furthest.map(|column| furthest_words(column)).collect(),
        rows: columns
            .iter()
            .take(room.rows)
            .enumerate()
            .map(|(position, column)| row(column, (position < room.panels).then(|| format!("c{position}"))))
            .collect(),
        left_out_rows: columns.len().saturating_sub(room.rows),
        panels: columns
            .iter()
            .take(room.panels)
            .enumerate()
            .map(|(position, column)| panel(column, format!("c{position}")))
            .collect(),
        left_out_panels: columns.len().saturating_sub(room.panels),
        has_near_unique: columns.iter().any(|column| column.is_near_unique),
        method: method(conventions.map(|distance| distance.convention.as_str()), Vec::new()),
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn tally_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Drifted => "drifted",
        Verdict::Healthy => "like the reference",
        Verdict::Unjudged => "without a distribution to compare",
        Verdict::InsufficientSample => "not told from chance",
        other => verdict_words(other),
    }
}

fn furthest_words(column: &ColumnComparison) -> String {
    match &column.distance {
        Some(distance) => {
            format!("`{}` ({} {})", name(&column.name), measure_words(column, distance), distance_text(distance.value))
        }
        None => format!("`{}`", name(&column.name)),
    }
}

fn measure_words<'a>(column: &ColumnComparison, distance: &'a Distance) -> &'a str {
    if column.is_near_unique { "shape" } else { measure(distance.convention.as_str()) }
}

fn distance_text(value: f64) -> String {
    match value {
        value if value >= 10.0 => format!("{value:.2}"),
        value if value >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

fn bins(column: &ColumnComparison) -> Vec<Bin<'_>> {
    column
        .bins
        .iter()
        .map(|pair| Bin { label: &pair.label, reference: pair.reference, current: pair.current })
        .collect()
}

fn missing_share(summary: &ColumnSummary) -> f64 {
    match summary.counts.rows {
        0 => 0.0,
        rows => (summary.counts.null + summary.counts.nan) as f64 / rows as f64,
    }
}

fn kind_words(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Number => "number",
        ColumnKind::Category => "category",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Text => "text",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Embedding => "embedding",
    }
}

fn pair(before: Option<f64>, after: Option<f64>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{} → {}", short(before), short(after)),
        _ => String::new(),
    }
}

fn row(column: &ColumnComparison, anchor: Option<String>) -> ColumnRow {
    let distance = column.distance.as_ref();
    let (before, after) = (missing_share(&column.reference), missing_share(&column.current));
    let scale = |distance: &Distance| {
        // The limit is the middle of the scale, and ten times the limit its end.
        let ratio = (distance.value / column.limit.max(1e-9)).max(0.0);
        let place = if ratio <= 1.0 { ratio / 2.0 } else { 0.5 + ratio.log10() / 2.0 };
        width_percent(place)
    };
    ColumnRow {
        anchor,
        name: name(&column.name),
        kind: kind_words(column.kind),
        verdict: column.verdict.name(),
        words: tally_words(column.verdict),
        distance: distance.map_or_else(|| "–".to_owned(), |distance| distance_text(distance.value)),
        width: distance.map(scale),
        by_chance: by_chance(distance.and_then(|distance| distance.noise_floor)),
        convention: distance.map_or_else(String::new, |distance| clipped(distance.convention.as_str(), 70)),
        missing: if before == 0.0 && after == 0.0 {
            "none".to_owned()
        } else {
            format!("{} → {}", percent(before), percent(after))
        },
        mean: pair(column.reference.mean, column.current.mean),
        moved: bars::largest_move(&bins(column)),
    }
}

fn distance_row(distance: &Distance) -> DistanceRow {
    DistanceRow {
        value: distance_text(distance.value),
        by_chance: by_chance(distance.noise_floor),
        convention: clipped(distance.convention.as_str(), 90),
    }
}

fn panel(column: &ColumnComparison, anchor: String) -> ColumnPanel {
    let hours = hours(column);
    let (bars_title, bars) = match hours {
        Some(bars) => ("hour of the day, UTC", bars),
        // Nearly every bin of such a column holds one value; their bars would tell nothing.
        None if column.is_near_unique => ("", Vec::new()),
        None => ("share of rows", bars::rows(&bins(column), None)),
    };
    let most_values = if column.kind == ColumnKind::Number { MOST_NUMBERS } else { MOST_CATEGORIES };
    let has_values = matches!(column.kind, ColumnKind::Category | ColumnKind::Number) && !column.is_near_unique;
    ColumnPanel {
        anchor,
        name: name(&column.name),
        kind: kind_words(column.kind),
        verdict: column.verdict.name(),
        words: tally_words(column.verdict),
        distance: column.distance.as_ref().map(distance_row),
        limit: short(column.limit),
        note: note(column),
        others_title: if column.is_near_unique { "the other parts of the shape" } else { "by other conventions" },
        density_title: match column.kind {
            ColumnKind::Embedding => "shape of the norms; tails in the outer bars",
            _ => "shape of the values; tails in the outer bars",
        },
        bars_title,
        bars,
        density: density(&column.reference.histogram, &column.current.histogram),
        figures: figures(&column.reference, &column.current),
        figures_method: column.reference.quantile_method,
        has_values_beside: column.kind == ColumnKind::Category,
        values: if has_values { values(&column.reference, &column.current, most_values) } else { Vec::new() },
        values_method: column.reference.top_values_method,
        others: column.others.iter().map(distance_row).collect(),
    }
}

fn note(column: &ColumnComparison) -> Option<&'static str> {
    if column.is_near_unique {
        return Some(
            "Its values hardly repeat, as in a column of identifiers: nearly every current value would be new, whatever \
             happened. So its shape is compared instead: how many of its values are distinct, how many are missing, and \
             how long they are. The largest of these differences stands for the column.",
        );
    }
    match column.kind {
        ColumnKind::Timestamp => {
            Some("Points in time have no distance: later data lie later. Their range and hours are shown.")
        }
        ColumnKind::Text => Some("Free text is compared by its lengths: its words are never kept."),
        ColumnKind::Embedding => {
            Some("Vectors are compared by the direction of their mean; the figures are of their norms.")
        }
        _ if column.bins.is_empty() => Some("There is nothing to compare: a side has no values."),
        _ => None,
    }
}

/// The hours of a column of times as paired bars.
fn hours(column: &ColumnComparison) -> Option<Vec<BarRow>> {
    let (before, after) = (column.reference.hours.as_ref()?, column.current.hours.as_ref()?);
    // Two hours a row: half of the height, and nothing that anybody would miss.
    let labels: Vec<_> = (0..before.len().div_ceil(2))
        .map(|hour| quiver_profile::edges::BinLabel::Category(format!("{:02} – {:02} h", 2 * hour, 2 * hour + 2)))
        .collect();
    let sum = |hours: &[u64], index: usize| hours.iter().skip(2 * index).take(2).sum::<u64>();
    let bins: Vec<Bin<'_>> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| Bin { label, reference: sum(before, index), current: sum(after, index) })
        .collect();
    Some(bars::rows_in_order(&bins))
}

fn figures(reference: &ColumnSummary, current: &ColumnSummary) -> Vec<FigureRow> {
    let mut rows = Vec::new();
    let mut add = |name: &'static str, text: &dyn Fn(&ColumnSummary) -> Option<String>| {
        let (before, after) = (text(reference), text(current));
        if before.is_some() || after.is_some() {
            let shown = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
            rows.push(FigureRow { name, reference: shown(before), current: shown(after) });
        }
    };
    add("rows", &|summary| Some(count(summary.counts.rows)));
    add("missing", &|summary| Some(percent(missing_share(summary))));
    add("distinct", &|summary| match (summary.distinct_exact, summary.distinct) {
        (Some(exact), _) => Some(count(exact)),
        (None, Some(estimate)) => Some(format!("~{}", count(estimate.round() as u64))),
        (None, None) => None,
    });
    add("least", &|summary| summary.minimum.map(short));
    add("1%", &|summary| summary.quantiles.as_ref().map(|all| short(all.p01)));
    add("5%", &|summary| summary.quantiles.as_ref().map(|all| short(all.p05)));
    add("25%", &|summary| summary.quantiles.as_ref().map(|all| short(all.p25)));
    add("median", &|summary| summary.quantiles.as_ref().map(|all| short(all.p50)));
    add("75%", &|summary| summary.quantiles.as_ref().map(|all| short(all.p75)));
    add("95%", &|summary| summary.quantiles.as_ref().map(|all| short(all.p95)));
    add("99%", &|summary| summary.quantiles.as_ref().map(|all| short(all.p99)));
    add("greatest", &|summary| summary.maximum.map(short));
    add("mean", &|summary| summary.mean.map(short));
    add("std", &|summary| summary.standard_deviation.map(short));
    add("earliest, UTC", &|summary| summary.earliest_micros.map(minute));
    add("latest, UTC", &|summary| summary.latest_micros.map(minute));
    let length = |pick: fn(&quiver_profile::column::LengthSummary) -> u64| {
        move |summary: &ColumnSummary| summary.lengths.as_ref().map(|lengths| count(pick(lengths)))
    };
    add("shortest, characters", &length(|lengths| lengths.minimum));
    add("median length", &length(|lengths| lengths.p50));
    add("longest, characters", &length(|lengths| lengths.maximum));
    add("dimension", &|summary| summary.dimension.map(count));
    rows
}

/// A point in time to the minute, without the letters of its standard.
fn minute(microseconds: i64) -> String {
    let text = Timestamp(microseconds).to_string();
    text.get(..16).map_or_else(|| text.clone(), |minute| minute.replace('T', " "))
}

/// The most frequent values of either side with their shares on both.
fn values(reference: &ColumnSummary, current: &ColumnSummary, most: usize) -> Vec<ValueRow> {
    let present =
        |summary: &ColumnSummary| summary.counts.rows.saturating_sub(summary.counts.null + summary.counts.nan);
    let share = |summary: &ColumnSummary, found: Option<&ValueCount>| {
        // A value that is not among the most frequent ones may still be there.
        found.map_or_else(|| "–".to_owned(), |value| percent(value.count as f64 / present(summary).max(1) as f64))
    };
    let find = |summary: &'_ ColumnSummary, text: &str| summary.top_values.iter().position(|value| value.value == text);
    let mut names: Vec<&str> = Vec::new();
    let (mut before, mut after) = (reference.top_values.iter(), current.top_values.iter());
    while names.len() < most {
        let pair = [before.next(), after.next()];
        if pair.iter().all(Option::is_none) {
            break;
        }
        for value in pair.into_iter().flatten() {
            if !names.contains(&value.value.as_str()) && names.len() < most {
                names.push(&value.value);
            }
        }
    }
    let at = |summary: &ColumnSummary, text: &str| {
        share(summary, find(summary, text).and_then(|position| summary.top_values.get(position)))
    };
    names
        .into_iter()
        .map(|text| ValueRow {
            value: if text.is_empty() { "(empty)".to_owned() } else { clipped(text, 28) },
            reference: at(reference, text),
            current: at(current, text),
        })
        .collect()
}
