//! Summarises the values of a category column; a value's spelling is all it knows of it.

use arrow::array::ArrayRef;

use crate::codec::{CodecError, Reader, Writer};
use crate::column::summary::{ColumnSummary, LengthSummary, ValueCount};
use crate::column::{Counts, Place, Scratch, texts};
use crate::edges::CategoryEdges;
use crate::sketch::distinct::Distinct;
use crate::sketch::frequent::FrequentItems;
use crate::sketch::lengths::Lengths;
use crate::sketch::value_sample::{Added, ValueSample};

/// Longer values (in bytes) are counted but never kept.
pub const LONGEST_VALUE: usize = 256;

/// Order-independent summary of category values.
///
/// Empty strings are counted apart and reach neither the distinct counter nor the kept values; values longer than
/// [`LONGEST_VALUE`] bytes reach the distinct counter only.
#[derive(Debug, Clone)]
pub struct CategoryValues {
    empty: u64,
    long: u64,
    lengths: Lengths,
    distinct: Distinct,
    /// Distinct values; kept of public columns only.
    sample: Option<ValueSample<Box<str>>>,
}

impl CategoryValues {
    /// Returns an empty summary; without a limit no value is kept.
    pub fn new(value_limit: Option<usize>) -> Self {
        Self {
            empty: 0,
            long: 0,
            lengths: Lengths::default(),
            distinct: Distinct::default(),
            sample: value_limit.map(ValueSample::new),
        }
    }

    pub(super) fn update(
        &mut self,
        array: &ArrayRef,
        counts: &mut Counts,
        place: &mut Place<'_>,
        scratch: &mut Scratch,
    ) {
        let array = texts::as_texts(array);
        let tally = texts::tally(&array, place.wants_bins);
        counts.null += tally.nulls;
        self.add_all(&tally);
        self.add_lengths(&tally);
        let Some(edges) = place.edges.and_then(|edges| edges.as_category()) else { return };
        let cell = |tallied: &texts::Tallied<'_>| edges.cell_of(tallied.hash, tallied.text);
        if place.wants_bins {
            let of_text: Vec<u16> = tally.texts.iter().map(|tallied| cell(tallied) as u16).collect();
            tally
                .texts
                .iter()
                .zip(&of_text)
                .for_each(|(tallied, &cell)| place.cells[usize::from(cell)] += u64::from(tallied.count));
            let null_bin = edges.cell_count() as u16;
            let bin = |&row: &u32| of_text.get(row as usize).copied().unwrap_or(null_bin);
            scratch.bins.extend(tally.rows.iter().map(bin));
        } else {
            tally.texts.iter().for_each(|tallied| place.cells[cell(tallied)] += u64::from(tallied.count));
        }
    }

    /// Adds the texts of a batch; where nearly all differ, those that occur once stay out of the frequent items.
    fn add_all(&mut self, tally: &texts::Tally<'_>) {
        let rows: u64 = tally.texts.iter().map(|text| u64::from(text.count)).sum();
        let skip = FrequentItems::<Box<str>>::may_skip_singles(tally.texts.len(), rows as usize);
        let again = if skip && tally.repeats { Repeats::of(&tally.texts) } else { Repeats::default() };
        let mut skipped = 0;
        for tallied in &tally.texts {
            let single = skip && tallied.count == 1 && !again.has(tallied.hash);
            skipped += self.add(tallied, single);
        }
        if let (true, Some(frequent)) = (skipped > 0, self.sample.as_mut().and_then(|sample| sample.frequent_mut())) {
            frequent.skip_singles(skipped);
        }
    }

    /// Adds one text of a batch; returns how many rows were left out of the frequent items.
    #[inline]
    fn add(&mut self, tallied: &texts::Tallied<'_>, single: bool) -> u64 {
        let texts::Tallied { text, hash, coupon, count } = *tallied;
        let count = u64::from(count);
        if text.is_empty() {
            self.empty += count;
            return 0;
        }
        let Some(sample) = self.sample.as_mut().filter(|_| text.len() <= LONGEST_VALUE) else {
            self.long += if text.len() > LONGEST_VALUE { count } else { 0 };
            self.distinct.add(coupon);
            return 0;
        };
        let had_dropped = sample.has_dropped();
        if sample.add(hash, text, count) != Added::Counted {
            self.distinct.add(coupon);
        }
        match sample.frequent_mut().filter(|_| had_dropped) {
            Some(_) if single => 1,
            Some(frequent) => {
                frequent.add(hash, text, count);
                0
            }
            None => 0,
        }
    }

    fn add_lengths(&mut self, tally: &texts::Tally<'_>) {
        let mut short = [0u64; LONGEST_VALUE];
        for tallied in &tally.texts {
            let length = if tally.ascii { tallied.text.len() as u64 } else { texts::characters(tallied.text) };
            match short.get_mut(length as usize) {
                Some(count) => *count += u64::from(tallied.count),
                None => self.lengths.add(length, u64::from(tallied.count)),
            }
        }
        for (length, &count) in short.iter().enumerate().filter(|&(_, &count)| count > 0) {
            self.lengths.add(length as u64, count);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.empty += other.empty;
        self.long += other.long;
        self.lengths.merge(&other.lengths);
        self.distinct.merge(&other.distinct);
        if let (Some(mine), Some(theirs)) = (&mut self.sample, &other.sample) {
            mine.merge(theirs);
        }
    }

    /// Rows with an empty string.
    pub fn empty(&self) -> u64 {
        self.empty
    }

    /// Rows whose value is too long to be kept.
    pub fn long(&self) -> u64 {
        self.long
    }

    /// Lengths in characters, empty strings included.
    pub fn lengths(&self) -> &Lengths {
        &self.lengths
    }

    /// The distinct counter.
    pub fn distinct(&self) -> &Distinct {
        &self.distinct
    }

    /// The distinct values, of public columns.
    pub fn sample(&self) -> Option<&ValueSample<Box<str>>> {
        self.sample.as_ref()
    }

    pub(super) fn summarise(&self, summary: &mut ColumnSummary) {
        summary.empty = Some(self.empty);
        summary.long = Some(self.long);
        summary.lengths = LengthSummary::of(&self.lengths);
        summary.distinct = Some(self.distinct.estimate());
        let Some(sample) = &self.sample else { return };
        if sample.is_exact() {
            summary.distinct_exact = sample.distinct().filter(|_| self.long == 0);
            let named = sample.entries().into_iter().map(|(value, count)| ValueCount::exact(value.into(), count));
            summary.set_top_values(named.collect(), "exact");
        } else if let Some(frequent) = sample.frequent() {
            let error = frequent.error();
            let named = frequent.top().into_iter().map(|item| ValueCount {
                value: item.value.into(),
                count: item.lower,
                at_most: item.lower + error,
            });
            summary.set_top_values(named.collect(), "frequent items (depends on order)");
        }
    }

    /// Freezes edges from the declared values and, of a public column, the most frequent values seen.
    ///
    /// Nothing when neither is there. When values were dropped from the sample, those of the frequent items count
    /// with their lower bounds and the sampled ones with their exact counts.
    pub fn freeze(&self, declared: &[String]) -> Option<CategoryEdges> {
        let mut counted: Vec<(String, u64)> = Vec::new();
        if let Some(sample) = &self.sample {
            counted.extend(sample.entries().into_iter().map(|(value, count)| (value.into(), count)));
            if let Some(frequent) = sample.frequent() {
                counted.extend(frequent.top().into_iter().map(|item| (item.value.into(), item.lower)));
                counted.sort_by(|left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
                counted.dedup_by(|later, earlier| later.0 == earlier.0);
            }
            if self.empty > 0 {
                counted.push((String::new(), self.empty));
            }
        }
        if declared.is_empty() && counted.is_empty() {
            return None;
        }
        Some(CategoryEdges::from_reference(declared, &counted))
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.empty);
        writer.unsigned(self.long);
        self.lengths.write(writer);
        self.distinct.write(writer);
        writer.flag(self.sample.is_some());
        if let Some(sample) = &self.sample {
            sample.write(writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            empty: reader.count()?,
            long: reader.count()?,
            lengths: Lengths::read(reader)?,
            distinct: Distinct::read(reader)?,
            sample: if reader.flag()? { Some(ValueSample::read(reader)?) } else { None },
        })
    }
}

/// Which hashes may occur more than once in a batch: two bits a bucket, wrong only towards yes.
#[derive(Default)]
struct Repeats {
    again: Vec<u64>,
}

impl Repeats {
    const BUCKETS: u64 = 1 << 16;

    fn of(texts: &[texts::Tallied<'_>]) -> Self {
        let mut filled = vec![0u64; (Self::BUCKETS / 64) as usize];
        let mut again = filled.clone();
        for tallied in texts {
            let (word, bit) = Self::place(tallied.hash);
            again[word] |= filled[word] & bit;
            filled[word] |= bit;
        }
        Self { again }
    }

    fn has(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        self.again.get(word).is_some_and(|again| again & bit != 0)
    }

    fn place(hash: u64) -> (usize, u64) {
        let bucket = hash % Self::BUCKETS;
        ((bucket / 64) as usize, 1 << (bucket % 64))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    #[test]
    fn a_heavy_value_late_in_a_batch_of_unique_ones_is_followed() {
        let mut values = CategoryValues::new(Some(64));
        let mut counts = Counts::default();
        let mut scratch = Scratch::default();
        for batch in 0..20 {
            // The trial sees unique values only; afterwards every fourth is the same.
            let text =
                |row: i32| if row > 2000 && row % 4 == 0 { "heavy".to_owned() } else { format!("{batch} {row}") };
            let array: ArrayRef = Arc::new((0..8192).map(|row| Some(text(row))).collect::<StringArray>());
            let mut place = Place { edges: None, cells: &mut [], wants_bins: false };
            values.update(&array, &mut counts, &mut place, &mut scratch);
        }
        let frequent = values.sample().unwrap().frequent().unwrap();
        assert_eq!(frequent.rows(), 20 * 8192);
        let top = frequent.top();
        let truth = 20 * (2001..8192).filter(|row| row % 4 == 0).count() as u64;
        assert_eq!(&*top[0].value, "heavy");
        assert!(top[0].lower <= truth && truth <= top[0].lower + frequent.error(), "{top:?} {truth}");
        assert!(frequent.error() < 600, "{}", frequent.error());
    }
}
