//! A few exact figures of every column for each value of one: rows, nulls and moments; knows no bins and no values.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::Serialize;

use crate::codec::{CodecError, Reader, Writer};
use crate::column::{ColumnKind, tally_rows};
use crate::plan::SlicePlan;
use crate::sketch::moments::Moments;

/// The slice that counts every value outside the budget, null included.
pub const OTHER: &str = "other";

/// Figures of one column in one slice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SliceCell {
    /// Rows of the slice in which the column was looked at: all of them, unless it is looked at in a sample.
    pub rows: u64,
    /// Those of them in which it has no value.
    pub null: u64,
    /// Moments of the finite numbers; of a boolean column true counts as one and false as zero. Empty for other kinds.
    pub moments: Moments,
}

/// Figures of one column in one slice, to be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliceFigure {
    /// The slice's value, `other` for the overflow.
    pub value: String,
    /// Rows of the slice in which the column was looked at.
    pub rows: u64,
    /// Rows in which the column has no value.
    pub null: u64,
    /// How many finite numbers there are.
    pub count: u64,
    /// Their sum, rounded once.
    pub sum: f64,
    /// Their mean.
    pub mean: Option<f64>,
    /// Their population standard deviation.
    pub standard_deviation: Option<f64>,
}

/// The mergeable figures of one slice plan.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceProfile {
    /// The budget, sorted; position `values.len()` is `other`.
    values: Vec<String>,
    rows: Vec<u64>,
    columns: BTreeMap<String, Vec<SliceCell>>,
}

/// The rows of a batch, grouped by slice.
#[derive(Debug)]
pub struct Groups {
    /// Row numbers, those of the first slice first.
    order: Vec<u32>,
    /// Where each slice's rows end in `order`.
    ends: Vec<usize>,
}

impl Groups {
    /// The same groups, with only the rows that `sample` holds.
    pub fn only(&self, sample: &BooleanArray) -> Self {
        let mut order = Vec::with_capacity(self.order.len());
        let mut start = 0;
        let mut ends = Vec::with_capacity(self.ends.len());
        for &end in &self.ends {
            let rows = self.order[start..end].iter().filter(|&&row| holds(sample, row as usize));
            order.extend(rows);
            ends.push(order.len());
            start = end;
        }
        Self { order, ends }
    }
}

/// Whether a row is in the sample.
fn holds(sample: &BooleanArray, row: usize) -> bool {
    sample.is_valid(row) && sample.value(row)
}

impl SliceProfile {
    /// Returns empty figures of the named columns.
    pub fn new<'a>(plan: &SlicePlan, columns: impl Iterator<Item = &'a str>) -> Self {
        let mut values = plan.values.clone();
        values.sort_unstable();
        values.dedup();
        let cells = vec![SliceCell::default(); values.len() + 1];
        let columns = columns.map(|name| (name.to_owned(), cells.clone())).collect();
        Self { rows: vec![0; values.len() + 1], values, columns }
    }

    /// The values with figures of their own, sorted; [`OTHER`] follows them.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Rows by slice: the values in order, then `other`.
    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// The cells of a column by slice, in the order of [`SliceProfile::rows`].
    pub fn cells(&self, column: &str) -> Option<&[SliceCell]> {
        self.columns.get(column).map(Vec::as_slice)
    }

    /// The names of the columns with figures.
    pub fn columns(&self) -> impl Iterator<Item = &str> + '_ {
        self.columns.keys().map(String::as_str)
    }

    /// The figures of a column to be shown, `other` last.
    pub fn figures(&self, column: &str) -> Vec<SliceFigure> {
        let names = self.values.iter().map(String::as_str).chain([OTHER]);
        let cells = self.columns.get(column).map(Vec::as_slice).unwrap_or_default();
        let figure = |(value, cell): (&str, &SliceCell)| SliceFigure {
            value: value.to_owned(),
            rows: cell.rows,
            null: cell.null,
            count: cell.moments.count(),
            sum: cell.moments.sum(),
            mean: cell.moments.mean(),
            standard_deviation: cell.moments.standard_deviation(),
        };
        names.zip(cells).map(figure).collect()
    }

    /// Counts the rows of a batch by slice; `array` is the deciding column, absent when the batch lacks it.
    pub fn group(&mut self, array: Option<&ArrayRef>, rows: usize) -> Groups {
        let other = self.values.len();
        let slices: Vec<u32> = match array {
            Some(array) if ColumnKind::Category.accepts(array.data_type()) && *array.data_type() != DataType::Null => {
                tally_rows(array, |text| self.values.binary_search_by(|value| value.as_str().cmp(text)).ok())
                    .into_iter()
                    .map(|slice| slice.unwrap_or(other) as u32)
                    .collect()
            }
            _ => vec![other as u32; rows],
        };
        let mut counts = vec![0usize; other + 1];
        slices.iter().for_each(|&slice| counts[slice as usize] += 1);
        self.rows.iter_mut().zip(&counts).for_each(|(rows, &count)| *rows += count as u64);
        let mut next: Vec<usize> = counts
            .iter()
            .scan(0, |end, &count| {
                *end += count;
                Some(*end - count)
            })
            .collect();
        let mut order = vec![0u32; rows];
        for (row, &slice) in slices.iter().enumerate() {
            order[next[slice as usize]] = row as u32;
            next[slice as usize] += 1;
        }
        Groups { order, ends: next }
    }

    /// Adds a column of a batch whose rows were grouped; absent when the batch lacks it. A column that was not named at
    /// the start is left out.
    pub fn add(&mut self, name: &str, kind: ColumnKind, array: Option<&ArrayRef>, groups: &Groups) {
        let Some(cells) = self.columns.get_mut(name) else { return };
        let spans = [0].into_iter().chain(groups.ends.iter().copied()).zip(&groups.ends);
        let Some(array) = array.filter(|array| *array.data_type() != DataType::Null) else {
            cells.iter_mut().zip(spans).for_each(|(cell, (start, end))| {
                cell.rows += (end - start) as u64;
                cell.null += (end - start) as u64;
            });
            return;
        };
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let floats = matches!(kind, ColumnKind::Number | ColumnKind::Boolean)
            .then(|| cast(array, &DataType::Float64).expect("accepted types convert to floats"));
        let floats = floats.as_ref().map(|floats| floats.as_primitive::<Float64Type>().values());
        let mut numbers = Vec::new();
        for (cell, (start, &end)) in cells.iter_mut().zip(spans) {
            let rows = &groups.order[start..end];
            cell.rows += rows.len() as u64;
            if nulls.is_some() {
                cell.null += rows.iter().filter(|&&row| !valid(row as usize)).count() as u64;
            }
            if let Some(floats) = floats {
                numbers.clear();
                numbers.extend(
                    rows.iter().map(|&row| row as usize).filter(|&row| valid(row)).map(|row| floats[row] + 0.0),
                );
                numbers.retain(|value| value.is_finite());
                cell.moments.add_all(&numbers);
            }
        }
    }

    /// Whether another profile has the same budget.
    pub fn fits(&self, other: &Self) -> bool {
        self.values == other.values
    }

    /// Adds another profile with the same budget.
    pub fn merge(&mut self, other: &Self) {
        self.rows.iter_mut().zip(&other.rows).for_each(|(mine, theirs)| *mine += theirs);
        for (name, theirs) in &other.columns {
            match self.columns.get_mut(name) {
                None => {
                    self.columns.insert(name.clone(), theirs.clone());
                }
                Some(mine) => {
                    for (mine, theirs) in mine.iter_mut().zip(theirs) {
                        mine.rows += theirs.rows;
                        mine.null += theirs.null;
                        mine.moments.merge(&theirs.moments);
                    }
                }
            }
        }
    }

    /// Writes the figures.
    pub fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.values.len() as u64);
        self.values.iter().for_each(|value| writer.text(value));
        writer.counts(&self.rows);
        writer.unsigned(self.columns.len() as u64);
        for (name, cells) in &self.columns {
            writer.text(name);
            for cell in cells {
                writer.unsigned(cell.rows);
                writer.unsigned(cell.null);
                cell.moments.write(writer);
            }
        }
    }

    /// Reads what [`SliceProfile::write`] wrote; before version 2 every column was looked at in every row.
    pub fn read(reader: &mut Reader<'_>, version: u16) -> Result<Self, CodecError> {
        let values: Vec<String> =
            (0..reader.length()?).map(|_| Ok(reader.text()?.to_owned())).collect::<Result<_, CodecError>>()?;
        let rows = reader.counts()?;
        if rows.len() != values.len() + 1 || !values.is_sorted_by(|left, right| left < right) {
            return Err(CodecError::Invalid { field: "slices" });
        }
        let mut columns = BTreeMap::new();
        for _ in 0..reader.length()? {
            let name = reader.text()?.to_owned();
            let cell = |of_slice: &u64| {
                let rows = if version < 2 { *of_slice } else { reader.count()? };
                Ok(SliceCell { rows, null: reader.count()?, moments: Moments::read(reader)? })
            };
            columns.insert(name, rows.iter().map(cell).collect::<Result<_, CodecError>>()?);
        }
        Ok(Self { values, rows, columns })
    }
}
