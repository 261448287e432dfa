//! Reports as one self-contained HTML file: no script, no font, no request.

mod bars;
mod calendar;
mod chart;
mod comparison_page;
mod density;
mod diagnosis;
mod features;
mod headline;
mod index;
mod method;
mod model_page;
mod picture;
mod scale;
mod series;
mod strip;
#[cfg(test)]
mod tests;
mod words;

use super::comparison::Comparison;
use anyhow::Result;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};
use quiver_server::evaluation::Evaluation;
use serde::Serialize;
use std::collections::BTreeMap;

/// The largest report in bytes: small enough for a mail, a pull request and a phone, whatever the data.
const MAXIMUM_BYTES: usize = 1_700_000;

/// How much of the data has room; what is left out is said on the page.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Features or columns with a picture.
    panels: usize,
    /// Rows of a table.
    rows: usize,
    /// Places along the axis of a chart; more periods share them.
    places: usize,
}

/// The most that is ever shown: more pictures than anybody scrolls through.
const FULL: Room = Room { panels: 200, rows: 2_500, places: 366 };

/// The least: the answers, the charts of a screen's width, and the features that matter most.
const LEAST: Room = Room { panels: 3, rows: 50, places: 90 };

/// The four arrows of a model.
pub fn report(evaluation: &Evaluation) -> Result<String> {
    fit(|room| render("report.html", &model_page::page(evaluation, room)))
}

/// Two data sets, column by column.
pub fn comparison(comparison: &Comparison) -> Result<String> {
    fit(|room| render("comparison.html", &comparison_page::page(comparison, room)))
}

/// The fullest page that fits: pictures give way first, then rows, then the places of the charts.
fn fit(page: impl Fn(Room) -> Result<String>) -> Result<String> {
    let full = page(FULL)?;
    if full.len() <= MAXIMUM_BYTES {
        return Ok(full);
    }
    let bare = page(Room { panels: LEAST.panels, ..FULL })?.len();
    let budget = MAXIMUM_BYTES as f64 * 0.95;
    // Panels are about equally large, so the number that fits can be told from two sizes.
    let share = (budget - bare as f64) / (full.len() as f64 - bare as f64).max(1.0);
    let panels = (share * FULL.panels as f64).max(LEAST.panels as f64) as usize;
    let mut room = Room { panels, ..FULL };
    loop {
        let text = page(room)?;
        let is_least = room.rows <= LEAST.rows && room.places <= LEAST.places;
        if text.len() <= MAXIMUM_BYTES || is_least {
            return Ok(text);
        }
        room.panels = (room.panels / 2).max(LEAST.panels);
        room.rows = (room.rows / 2).max(LEAST.rows);
        room.places = (room.places / 2).max(LEAST.places);
    }
}

/// Fills a template. The names end in `.html`, so whatever comes from data is escaped.
fn render(template: &str, page: &impl Serialize) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in [
        ("base.html", include_str!("html/base.html")),
        ("parts.html", include_str!("html/parts.html")),
        ("report.html", include_str!("html/report.html")),
        ("comparison.html", include_str!("html/comparison.html")),
        ("style.css", include_str!("html/style.css")),
    ] {
        environment.add_template(name, source)?;
    }
    Ok(environment.get_template(template)?.render(template_value(serde_json::to_value(page)?))?)
}

/// A page as the templates read it.
fn template_value(page: serde_json::Value) -> minijinja::Value {
    use serde_json::Value;
    match page {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(truth) => truth.into(),
        Value::Number(number) => match number.as_u64() {
            Some(count) => count.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(template_value).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| (name, template_value(field)));
            fields.collect::<BTreeMap<String, minijinja::Value>>().into()
        }
    }
}
