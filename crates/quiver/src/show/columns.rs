//! The table of column summaries in the terminal.

use super::number::{count, percent, short};
use super::paint::{bold, dim};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use quiver_event::time::Timestamp;
use quiver_profile::column::{HistogramBar, Quantiles};
use quiver_profile::{ColumnKind, ColumnSummary};

/// One row a column: what people look at first.
pub fn summary_table(rows: u64, summaries: &[ColumnSummary]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let header = [
        "column",
        "kind",
        "missing",
        "distinct",
        "mean",
        "std",
        "min",
        "median",
        "p95",
        "max",
        "shape or most frequent",
    ];
    table.set_header(header.map(|name| Cell::new(bold(name))));
    for summary in summaries {
        table.add_row(row(summary));
    }
    for index in 2..10 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{} rows, {} columns\n{table}", bold(&count(rows)), summaries.len())
}

fn row(summary: &ColumnSummary) -> Vec<Cell> {
    let number = |value: Option<f64>| value.map_or_else(String::new, short);
    let quantile =
        |of: fn(&Quantiles) -> f64| summary.quantiles.as_ref().map_or_else(String::new, |all| short(of(all)));
    let (low, high) = match summary.kind {
        ColumnKind::Timestamp => (instant(summary.earliest_micros), instant(summary.latest_micros)),
        _ => (number(summary.minimum), number(summary.maximum)),
    };
    let missing = summary.counts.null + summary.counts.nan;
    let missing_share = if summary.counts.rows == 0 { 0.0 } else { missing as f64 / summary.counts.rows as f64 };
    let missing = if missing == 0 { dim("–") } else { percent(missing_share) };
    let cells = [
        bold(&summary.name),
        summary.kind.to_string(),
        missing,
        distinct(summary),
        number(summary.mean),
        number(summary.standard_deviation),
        low,
        quantile(|all| all.p50),
        quantile(|all| all.p95),
        high,
        shape(summary),
    ];
    cells.into_iter().map(Cell::new).collect()
}

fn instant(micros: Option<i64>) -> String {
    micros.map_or_else(String::new, |micros| Timestamp(micros).to_string())
}

fn distinct(summary: &ColumnSummary) -> String {
    match (summary.distinct_exact, summary.distinct) {
        (Some(exact), _) => count(exact),
        (None, Some(estimate)) => format!("~{}", count(estimate.round() as u64)),
        (None, None) => String::new(),
    }
}

/// A histogram of block letters for numbers; the most frequent values for the others.
fn shape(summary: &ColumnSummary) -> String {
    match summary.kind {
        ColumnKind::Number if !summary.histogram.is_empty() => blocks(&summary.histogram),
        ColumnKind::Category | ColumnKind::Boolean if !summary.top_values.is_empty() => {
            let present = summary.counts.rows - summary.counts.null;
            let top = summary.top_values.iter().take(3);
            let shown: Vec<String> = top
                .map(|value| {
                    format!("{} {}", clipped(&value.value), percent(value.count as f64 / present.max(1) as f64))
                })
                .collect();
            shown.join(", ")
        }
        ColumnKind::Category | ColumnKind::Text => summary
            .lengths
            .as_ref()
            .map_or_else(String::new, |lengths| format!("{} to {} characters", lengths.minimum, lengths.maximum)),
        ColumnKind::Embedding => {
            summary.dimension.map_or_else(String::new, |dimension| format!("{dimension} dimensions"))
        }
        _ => String::new(),
    }
}

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns of the terminal histogram.
const BARS: usize = 16;

fn blocks(bars: &[HistogramBar]) -> String {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return String::new() };
    let (low, high) = (first.from, last.to);
    let width = (high - low) / BARS as f64;
    let mut heights = [0.0_f64; BARS];
    for bar in bars {
        let middle = f64::midpoint(bar.from, bar.to);
        let index = if width > 0.0 { ((middle - low) / width) as usize } else { 0 };
        heights[index.min(BARS - 1)] += bar.rows;
    }
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let block = |height: &f64| {
        // A bin with any rows shows at least the lowest block: a blank is a promise of none.
        let level = (height / highest * 8.0).ceil().clamp(1.0, 8.0) as usize;
        if *height > 0.0 { BLOCKS[level - 1] } else { ' ' }
    };
    heights.iter().map(block).collect()
}

fn clipped(text: &str) -> String {
    const LONGEST: usize = 18;
    if text.chars().count() <= LONGEST {
        text.escape_debug().to_string()
    } else {
        let start: String = text.chars().take(LONGEST - 1).collect();
        format!("{}…", start.escape_debug())
    }
}
