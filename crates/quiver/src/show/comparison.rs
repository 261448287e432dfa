//! The comparison of two data sets: what is shown of it, and its table in the terminal.

use super::number::{count, percent, short};
use super::paint::{bold, dim, mark, paint};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use quiver_judge::comparison::{BinPair, ColumnComparison};
use quiver_judge::finding::Verdict;
use serde::Serialize;

/// Two data sets, column by column.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The reference's name.
    pub reference: String,
    /// The current data's name.
    pub current: String,
    /// Rows of the reference.
    pub reference_rows: u64,
    /// Rows of the current data.
    pub current_rows: u64,
    /// The columns that both have.
    pub columns: Vec<ColumnComparison>,
    /// Columns that only the reference has.
    pub missing: Vec<String>,
    /// Columns that only the current data has.
    pub added: Vec<String>,
}

/// One row a column, those that moved most first.
pub fn comparison_table(comparison: &Comparison) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let header =
        ["", "column", "kind", "distance", "by chance up to", "convention", "missing", "mean", "what moved most"];
    table.set_header(header.map(|name| Cell::new(bold(name))));
    let mut columns: Vec<&ColumnComparison> = comparison.columns.iter().collect();
    columns.sort_by(|left, right| {
        let value = |column: &ColumnComparison| column.distance.as_ref().map_or(-1.0, |distance| distance.value);
        right.verdict.rank().cmp(&left.verdict.rank()).then(value(right).total_cmp(&value(left)))
    });
    for column in columns {
        table.add_row(row(column));
    }
    for index in [3, 4, 6, 7] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let drifted = comparison.columns.iter().filter(|column| column.verdict == Verdict::Drifted).count();
    let mut text = format!(
        "reference {} ({} rows)\ncurrent   {} ({} rows)\n{table}\n",
        bold(&comparison.reference),
        count(comparison.reference_rows),
        bold(&comparison.current),
        count(comparison.current_rows)
    );
    for (names, words) in
        [(&comparison.missing, "missing in the current data"), (&comparison.added, "new in the current data")]
    {
        if !names.is_empty() {
            text.push_str(&format!("{words}: {}\n", paint(Verdict::Drifted, &names.join(", "))));
        }
    }
    let summary = format!("{drifted} of {} columns drifted", comparison.columns.len());
    text.push_str(&paint(if drifted > 0 { Verdict::Drifted } else { Verdict::Healthy }, &summary));
    text.push_str(&dim("  (drift alone is a finding, not a failure: --fail-on-drift makes it one)"));
    text
}

fn row(column: &ColumnComparison) -> Vec<Cell> {
    let distance = column.distance.as_ref();
    let missing = |counts: &quiver_profile::Counts| {
        if counts.rows == 0 { 0.0 } else { (counts.null + counts.nan) as f64 / counts.rows as f64 }
    };
    let (before, after) = (missing(&column.reference.counts), missing(&column.current.counts));
    let missing =
        if before == 0.0 && after == 0.0 { dim("–") } else { format!("{} → {}", percent(before), percent(after)) };
    let mean = match (column.reference.mean, column.current.mean) {
        (Some(before), Some(after)) => format!("{} → {}", short(before), short(after)),
        _ => String::new(),
    };
    let convention = distance.map_or_else(String::new, |distance| distance.convention.as_str().to_owned());
    vec![
        Cell::new(paint(column.verdict, mark(column.verdict))),
        Cell::new(bold(&column.name)),
        Cell::new(column.kind.to_string()),
        Cell::new(paint(
            column.verdict,
            &distance.map_or_else(String::new, |distance| format!("{:.4}", distance.value)),
        )),
        Cell::new(
            distance.and_then(|distance| distance.noise_floor).map_or_else(String::new, |floor| format!("{floor:.4}")),
        ),
        Cell::new(dim(&convention)),
        Cell::new(missing),
        Cell::new(mean),
        Cell::new(largest_move(&column.bins)),
    ]
}

/// The bin whose share changed most, in words.
pub fn largest_move(bins: &[BinPair]) -> String {
    let total = |side: fn(&BinPair) -> u64| bins.iter().map(side).sum::<u64>().max(1) as f64;
    let (before, after) = (total(|bin| bin.reference), total(|bin| bin.current));
    let share = |bin: &BinPair| (bin.reference as f64 / before, bin.current as f64 / after);
    let change = |bin: &BinPair| (share(bin).1 - share(bin).0).abs();
    let Some(largest) = bins.iter().max_by(|left, right| change(left).total_cmp(&change(right))) else {
        return String::new();
    };
    let (before, after) = share(largest);
    if before == after {
        String::new()
    } else {
        format!("{}: {} → {}", largest.label, percent(before), percent(after))
    }
}
