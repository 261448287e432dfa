//! Writes the DataSketches bytes that Quiver exports, of values that any language can make again: write_sketches FOLDER.

use quiver_profile::hash::ValueHash;
use quiver_profile::sketch::distinct::Distinct;
use quiver_profile::sketch::frequent::FrequentItems;
use quiver_profile::sketch::value_table::SampleValue;
use std::error::Error;
use std::path::Path;

/// Rows of each column; `tests/python/test_sketches.py` knows the same rule for the value of every row.
const COLUMNS: [(&str, u64); 3] = [("few", 5), ("some", 300), ("many", 40_000)];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    for (name, rows) in COLUMNS {
        write(Path::new(&folder), name, rows)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, rows: u64) -> Result<(), Box<dyn Error>> {
    let (mut texts, mut numbers, mut items) = (Distinct::default(), Distinct::default(), FrequentItems::default());
    for row in 0..rows {
        let text = text_of(row);
        texts.add(ValueHash::of_text(&text).coupon());
        numbers.add(ValueHash::of_number(number_of(row)).coupon());
        items.add(<Box<str>>::hash(&text), text.as_str(), 1);
    }
    std::fs::write(folder.join(format!("{name}_text.hll")), texts.to_datasketches())?;
    std::fs::write(folder.join(format!("{name}_number.hll")), numbers.to_datasketches())?;
    std::fs::write(folder.join(format!("{name}_text.items")), items.to_datasketches())?;
    Ok(())
}

/// Every fourth row repeats one of ten values, the others are all different; one has letters beyond ASCII.
fn text_of(row: u64) -> String {
    if row % 4 == 3 { format!("häufig {}", row / 4 % 10) } else { format!("value {row}") }
}

/// Every fourth row is one of ten numbers, the others are all different halves; row 0 is a negative zero.
fn number_of(row: u64) -> f64 {
    let half = |row: u64| row as f64 / 2.0;
    match row {
        0 => -0.0,
        _ if row % 4 == 3 => -half(row / 4 % 10) - 0.25,
        _ => half(row),
    }
}
