//! The features: a table of all, and for those that moved a picture of the reference against the worst period.

use super::super::number::{count, percent};
use super::super::story::value_text;
use super::Room;
use super::bars::{self, BarRow, Bin};
use super::calendar::Calendar;
use super::index::{Index, Series, peak, worst};
use super::strip::{self, Strip};
use super::words::{by_chance, clipped, limit, monitor_words, name, verdict_words};
use quiver_event::Arrow;
use quiver_event::spec::Spec;
use quiver_judge::finding::{Finding, Monitor, Verdict};
use quiver_server::evaluation::ColumnHistory;
use serde::Serialize;
use std::collections::BTreeMap;

/// Up to so many cells in all, each row of the table has a strip of its distances.
const MOST_CELLS: usize = 20_000;

/// One feature in the table.
#[derive(Debug, Serialize)]
pub struct FeatureRow {
    anchor: Option<String>,
    name: String,
    unit: String,
    verdict: &'static str,
    words: &'static str,
    strip: Option<Strip>,
    peak: String,
    peak_period: String,
    by_chance: String,
    missing: String,
    other: String,
    convention: String,
}

/// One feature's picture.
#[derive(Debug, Serialize)]
pub struct FeaturePanel {
    anchor: String,
    title: String,
    unit: String,
    verdict: &'static str,
    words: &'static str,
    distance: String,
    period: String,
    period_short: String,
    bound: String,
    by_chance: String,
    convention: String,
    reference_rows: String,
    current_rows: String,
    bars: Vec<BarRow>,
    strip: Strip,
}

/// The features of the live arm.
#[derive(Debug, Serialize)]
pub struct FeatureSection {
    total: usize,
    moved: usize,
    rows: Vec<FeatureRow>,
    left_out_rows: usize,
    panels: Vec<FeaturePanel>,
    left_out_panels: usize,
    legend: Vec<(&'static str, String)>,
    reference: String,
}

/// One feature with all that is said of it.
struct Feature<'a> {
    name: &'a str,
    drift: Option<&'a Series<'a>>,
    verdict: Verdict,
    peak: Option<&'a Finding>,
}

/// The section of the live arm.
pub fn section(
    live: Option<&Index<'_>>,
    spec: &Spec,
    calendar: &Calendar,
    reference: String,
    room: Room,
) -> FeatureSection {
    let mut found: BTreeMap<&str, Feature<'_>> = BTreeMap::new();
    for (monitor, subject, series) in live.iter().flat_map(|live| live.on(Arrow::Features)) {
        let feature = found.entry(subject).or_insert(Feature {
            name: subject,
            drift: None,
            verdict: Verdict::NoData,
            peak: None,
        });
        let worst = worst(series);
        if worst.rank() > feature.verdict.rank() {
            feature.verdict = worst;
        }
        if monitor == Monitor::Drift {
            (feature.drift, feature.peak) = (Some(series), peak(series));
        }
    }
    let mut features: Vec<Feature<'_>> = found.into_values().collect();
    let value = |feature: &Feature<'_>| feature.peak.and_then(|finding| finding.value).unwrap_or(-1.0);
    features.sort_by(|left, right| {
        right.verdict.rank().cmp(&left.verdict.rank()).then(value(right).total_cmp(&value(left)))
    });
    let moved = features.iter().filter(|feature| feature.verdict.rank() >= Verdict::Drifted.rank()).count();
    let mut panels = Vec::new();
    let mut with_picture = Vec::new();
    if let Some(live) = live {
        for (position, feature) in features.iter().take(moved.min(room.panels)).enumerate() {
            let column = live
                .arm
                .columns
                .iter()
                .find(|column| column.arrow == Arrow::Features && column.subject == feature.name);
            let panel = column.and_then(|column| {
                let series = feature.drift?;
                panel(format!("f{position}"), format!("`{}`", name(feature.name)), column, series, calendar)
            });
            if let Some(panel) = panel {
                with_picture.push(feature.name);
                panels.push(panel);
            }
        }
        panels.extend(score_panels(live, calendar));
    }
    let rows = features.iter().take(room.rows).enumerate().map(|(position, feature)| {
        let anchor = with_picture.contains(&feature.name).then(|| format!("f{position}"));
        row(live, feature, spec, calendar, anchor, features.len() * calendar.len().min(room.places) <= MOST_CELLS)
    });
    FeatureSection {
        total: features.len(),
        moved,
        left_out_rows: features.len().saturating_sub(room.rows),
        left_out_panels: moved.saturating_sub(with_picture.len()),
        rows: rows.collect(),
        panels,
        legend: strip::legend(spec.drift.limit()),
        reference,
    }
}

fn row(
    live: Option<&Index<'_>>,
    feature: &Feature<'_>,
    spec: &Spec,
    calendar: &Calendar,
    anchor: Option<String>,
    has_strip: bool,
) -> FeatureRow {
    let declared = spec.features.get(feature.name);
    let series = |monitor: Monitor| live.and_then(|live| live.series(monitor, feature.name));
    let peak = feature.peak;
    FeatureRow {
        anchor,
        name: name(feature.name),
        unit: declared.and_then(|declared| declared.unit.as_deref()).map_or_else(String::new, |unit| clipped(unit, 12)),
        verdict: feature.verdict.name(),
        words: verdict_words(feature.verdict),
        strip: feature.drift.filter(|_| has_strip).map(|series| strip::distances(series, calendar, false)),
        peak: peak.map_or_else(|| "–".to_owned(), |finding| finding.value.map_or_else(String::new, distance_text)),
        peak_period: peak
            .and_then(|finding| calendar.position(finding.window))
            .map_or_else(String::new, |position| calendar.short(position)),
        by_chance: by_chance(peak.and_then(|finding| finding.noise_floor)),
        missing: series(Monitor::Missing).map_or_else(|| "–".to_owned(), missing),
        other: other_checks(live, feature.name, calendar),
        convention: peak.map_or_else(String::new, |finding| clipped(&finding.convention, 60)),
    }
}

/// A distance with the digits that matter beside its limit.
fn distance_text(value: f64) -> String {
    if value.abs() < 0.1 { format!("{value:.3}") } else { format!("{value:.2}") }
}

/// The missing share of the reference and the largest of the periods.
fn missing(series: &Series<'_>) -> String {
    let Some(peak) = peak(series) else { return "–".to_owned() };
    let most = peak.value.unwrap_or(0.0);
    match peak.reference_value {
        Some(reference) if reference == 0.0 && most == 0.0 => "none".to_owned(),
        Some(reference) => format!("{} → {}", percent(reference), percent(most)),
        None => percent(most),
    }
}

/// Broken declarations in a few words; nothing when all held.
fn other_checks(live: Option<&Index<'_>>, feature: &str, calendar: &Calendar) -> String {
    let Some(live) = live else { return String::new() };
    let checks = [
        Monitor::Type,
        Monitor::Range,
        Monitor::Category,
        Monitor::Shape,
        Monitor::Missing,
        Monitor::Defaulted,
        Monitor::Stale,
    ];
    let told = checks.into_iter().filter_map(|monitor| {
        let series = live.series(monitor, feature)?;
        let bad = series.iter().flatten().filter(|finding| finding.verdict.rank() >= Verdict::Drifted.rank());
        let worst = bad.max_by(|left, right| left.value.unwrap_or(0.0).total_cmp(&right.value.unwrap_or(0.0)))?;
        let period = calendar.position(worst.window).map_or_else(String::new, |position| calendar.short(position));
        Some(format!("{} {} ({period})", value_text(worst), monitor_words(monitor)))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The picture of one column in the period in which it was furthest from the reference.
fn panel(
    anchor: String,
    title: String,
    column: &ColumnHistory,
    series: &Series<'_>,
    calendar: &Calendar,
) -> Option<FeaturePanel> {
    let peak = peak(series)?;
    let position = calendar.position(peak.window)?;
    let current = column.windows.get(position).filter(|counts| counts.len() == column.bins.len())?;
    let bins: Vec<Bin<'_>> = column
        .bins
        .iter()
        .zip(&column.reference)
        .zip(current)
        .map(|((label, &reference), &current)| Bin { label, reference, current })
        .collect();
    let verdict = worst(series);
    Some(FeaturePanel {
        anchor,
        title,
        unit: column.unit.as_deref().map_or_else(String::new, |unit| clipped(unit, 12)),
        verdict: verdict.name(),
        words: verdict_words(verdict),
        distance: distance_text(peak.value?),
        period: calendar.within(position),
        period_short: calendar.short(position),
        bound: limit(peak).unwrap_or_else(|| "none".to_owned()),
        by_chance: by_chance(peak.noise_floor),
        convention: clipped(&peak.convention, 80),
        reference_rows: count(column.reference.iter().sum()),
        current_rows: count(current.iter().sum()),
        bars: bars::rows(&bins, column.unit.as_deref()),
        strip: strip::distances(series, calendar, true),
    })
}

/// What the model answered, when that moved.
fn score_panels(live: &Index<'_>, calendar: &Calendar) -> Vec<FeaturePanel> {
    let moved = live.on(Arrow::Decision).filter(|(monitor, _, series)| {
        *monitor == Monitor::ScoreDrift && worst(series).rank() >= Verdict::Drifted.rank()
    });
    moved
        .filter_map(|(_, subject, series)| {
            let column =
                live.arm.columns.iter().find(|column| column.arrow == Arrow::Decision && column.subject == subject)?;
            let title = format!("`{}`, what the model answered", name(subject));
            panel(format!("s-{}", Arrow::Decision.number()), title, column, series, calendar)
        })
        .take(1)
        .collect()
}
