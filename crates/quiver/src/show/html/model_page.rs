//! The report of one model: puts its sections together.

use super::Room;
use super::calendar::Calendar;
use super::diagnosis::{ArmBlock, blocks};
use super::features::{FeatureSection, section};
use super::headline::{Headline, headline, reference};
use super::index::Index;
use super::method::{Method, count_range, method};
use super::picture::{ArmPicture, Grid, grid, picture};
use super::series::{ChartGroup, MOST_OTHERS, Marks, groups};
use super::words::name;
use quiver_event::time::Zone;
use quiver_server::evaluation::Evaluation;
use serde::Serialize;

/// The most arms on one page.
const MOST_ARMS: usize = 8;

/// The report of one model.
#[derive(Debug, Serialize)]
pub struct Page {
    title: String,
    model: String,
    span: String,
    headline: Headline,
    pictures: Vec<ArmPicture>,
    grid: Grid,
    groups: Vec<ChartGroup>,
    /// The arms with a line in the charts, the live one first.
    lines: Vec<String>,
    has_reference: bool,
    onset: Option<String>,
    diagnosis: Vec<ArmBlock>,
    features: FeatureSection,
    method: Method,
    left_out_arms: usize,
    version: &'static str,
}

/// The report of a model.
pub fn page(evaluation: &Evaluation, room: Room) -> Page {
    let calendar = Calendar::new(&evaluation.windows, &evaluation.labels);
    let mut indexes: Vec<Index<'_>> = evaluation.arms.iter().take(MOST_ARMS).map(Index::new).collect();
    // Where no arm is live, the first stands for the model, as `Evaluation::live` has it.
    if let Some(live) = indexes.iter().position(|index| index.arm.is_live) {
        indexes[..=live].rotate_right(1);
    }
    let marks = marks(evaluation, indexes.first(), &calendar, room.places);
    let zone = evaluation.spec.zone().unwrap_or_else(|_| Zone::utc());
    let headline = headline(evaluation, &indexes, &calendar);
    let model = name(&evaluation.spec.model);
    Page {
        title: format!("{model}: the four arrows"),
        span: calendar.span(),
        headline,
        pictures: indexes.iter().map(|index| picture(index, &calendar)).collect(),
        grid: grid(&indexes, &calendar),
        groups: groups(&indexes, &calendar, marks),
        lines: indexes.iter().take(MOST_OTHERS + 1).map(|index| name(&index.arm.arm)).collect(),
        has_reference: marks.reference.is_some(),
        onset: marks.onset.map(|onset| calendar.long(onset)),
        diagnosis: blocks(&indexes, &calendar),
        features: section(indexes.first(), &evaluation.spec, &calendar, reference(evaluation, &zone), room),
        method: method_of(&indexes),
        left_out_arms: evaluation.arms.len().saturating_sub(MOST_ARMS),
        version: env!("CARGO_PKG_VERSION"),
        model,
    }
}

fn marks(evaluation: &Evaluation, live: Option<&Index<'_>>, calendar: &Calendar, places: usize) -> Marks {
    let within = evaluation.reference.and_then(|reference| {
        let overlaps = |window: &quiver_event::time::Window| window.overlaps(&reference);
        let from = evaluation.windows.iter().position(overlaps)?;
        let to = evaluation.windows.iter().rposition(overlaps)? + 1;
        Some((from, to))
    });
    let onset = live.and_then(|live| live.arm.diagnosis.onsets.first());
    Marks { reference: within, onset: onset.and_then(|onset| calendar.position(onset.window)), places }
}

fn method_of(indexes: &[Index<'_>]) -> Method {
    let findings = || indexes.iter().flat_map(|index| &index.arm.windows).flat_map(|window| &window.findings);
    let mut samples = Vec::new();
    for index in indexes {
        let windows = &index.arm.windows;
        let reference = windows.iter().flat_map(|window| &window.findings).map(|finding| finding.reference_rows).max();
        samples.push(format!(
            "`{}`: {} predictions a period, {} of them with a label; the reference has {}.",
            name(&index.arm.arm),
            count_range(windows.iter().map(|window| window.rows)),
            count_range(windows.iter().map(|window| window.labelled)),
            reference.filter(|rows| *rows > 0).map_or_else(|| "none".to_owned(), super::super::number::count),
        ));
    }
    method(findings().map(|finding| finding.convention.as_str()), samples)
}
