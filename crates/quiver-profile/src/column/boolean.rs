//! Counts the truth values of a column.

use arrow::array::{Array, ArrayRef, AsArray};

use crate::codec::{CodecError, Reader, Writer};
use crate::column::summary::{ColumnSummary, ValueCount};
use crate::column::{Counts, Place, Scratch};

/// Counts of true and false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BooleanValues {
    /// Rows that are true.
    pub true_count: u64,
    /// Rows that are false.
    pub false_count: u64,
}

impl BooleanValues {
    pub(super) fn update(
        &mut self,
        array: &ArrayRef,
        counts: &mut Counts,
        place: &mut Place<'_>,
        scratch: &mut Scratch,
    ) {
        let array = array.as_boolean();
        let (trues, falses) = (array.true_count() as u64, array.false_count() as u64);
        self.true_count += trues;
        self.false_count += falses;
        counts.null += array.null_count() as u64;
        if let [true_cell, false_cell] = place.cells {
            *true_cell += trues;
            *false_cell += falses;
        }
        if place.wants_bins {
            scratch.bins.extend(array.iter().map(|value| match value {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            }));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.true_count += other.true_count;
        self.false_count += other.false_count;
    }

    pub(super) fn summarise(&self, summary: &mut ColumnSummary) {
        let total = self.true_count + self.false_count;
        summary.mean = (total > 0).then(|| self.true_count as f64 / total as f64);
        summary.distinct_exact = Some(u64::from(self.true_count > 0) + u64::from(self.false_count > 0));
        let named = [("true", self.true_count), ("false", self.false_count)];
        let named = named.into_iter().filter(|&(_, count)| count > 0);
        summary
            .set_top_values(named.map(|(value, count)| ValueCount::exact(value.to_owned(), count)).collect(), "exact");
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.true_count);
        writer.unsigned(self.false_count);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { true_count: reader.count()?, false_count: reader.count()? })
    }
}
