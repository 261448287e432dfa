//! Summarises free text by its lengths and its number of distinct values; never keeps a value.

use arrow::array::ArrayRef;

use crate::codec::{CodecError, Reader, Writer};
use crate::column::summary::{ColumnSummary, LengthSummary};
use crate::column::{Counts, texts};
use crate::hash::ValueHash;
use crate::sketch::distinct::Distinct;
use crate::sketch::lengths::Lengths;

/// Order-independent summary of free text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextValues {
    empty: u64,
    lengths: Lengths,
    distinct: Distinct,
}

impl TextValues {
    pub(super) fn update(&mut self, array: &ArrayRef, counts: &mut Counts) {
        let mut short = [0u64; 512];
        texts::for_each(array, |text, count| {
            let Some(text) = text else {
                counts.null += count;
                return;
            };
            if text.is_empty() {
                self.empty += count;
            } else {
                self.distinct.add(ValueHash::of_text(text).coupon());
            }
            let length = texts::characters(text);
            match short.get_mut(length as usize) {
                Some(rows) => *rows += count,
                None => self.lengths.add(length, count),
            }
        });
        for (length, &count) in short.iter().enumerate().filter(|&(_, &count)| count > 0) {
            self.lengths.add(length as u64, count);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.empty += other.empty;
        self.lengths.merge(&other.lengths);
        self.distinct.merge(&other.distinct);
    }

    /// Rows with an empty text.
    pub fn empty(&self) -> u64 {
        self.empty
    }

    /// Lengths in characters, empty texts included.
    pub fn lengths(&self) -> &Lengths {
        &self.lengths
    }

    /// The distinct counter.
    pub fn distinct(&self) -> &Distinct {
        &self.distinct
    }

    pub(super) fn summarise(&self, summary: &mut ColumnSummary) {
        summary.empty = Some(self.empty);
        summary.lengths = LengthSummary::of(&self.lengths);
        summary.distinct = Some(self.distinct.estimate());
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.empty);
        self.lengths.write(writer);
        self.distinct.write(writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { empty: reader.count()?, lengths: Lengths::read(reader)?, distinct: Distinct::read(reader)? })
    }
}
