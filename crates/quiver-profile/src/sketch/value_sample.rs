//! Counts distinct values exactly while they are few, and afterwards a sample of them that no order or split can change.
//!
//! The sample is coordinated ("bottom-k", Cohen and Kaplan, PODC 2007): it keeps the values with the smallest hashes,
//! each with its exact count. A value of the final sample was among the smallest at every moment before, so none of
//! its rows was missed. From the moment values are dropped, frequent items are followed as well.

use std::borrow::Cow;

use crate::codec::{CodecError, Reader, Writer};
use crate::sketch::frequent::FrequentItems;
use crate::sketch::value_table::{SampleValue, ValueTable};

/// How many distinct values are kept unless a plan asks for fewer.
pub const DEFAULT_LIMIT: usize = 4096;

/// What became of an added value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It had not been kept before.
    New,
    /// Its count was raised.
    Counted,
    /// Its hash is too large for the sample.
    Refused,
}

/// Distinct values with exact counts: all of them, or those with the smallest hashes.
#[derive(Debug, Clone)]
pub struct ValueSample<V> {
    limit: usize,
    /// Values with larger hashes are refused; `u64::MAX` while nothing was dropped.
    threshold: u64,
    /// At most twice the limit; cut to the limit whenever the sample is shown, merged or written.
    table: ValueTable<V>,
    /// Present from the moment a value was dropped.
    frequent: Option<Box<FrequentItems<V>>>,
}

impl<V: SampleValue> ValueSample<V> {
    /// Returns an empty sample of at most `limit` distinct values (at least one).
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), threshold: u64::MAX, table: ValueTable::default(), frequent: None }
    }

    /// The hash above which values are refused.
    #[inline(always)]
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    /// How many distinct values may be kept.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether values were dropped: from then on the caller also feeds [`ValueSample::frequent_mut`].
    #[inline(always)]
    pub fn has_dropped(&self) -> bool {
        self.frequent.is_some()
    }

    /// The frequent items, once values were dropped.
    pub fn frequent_mut(&mut self) -> Option<&mut FrequentItems<V>> {
        self.frequent.as_deref_mut()
    }

    /// Adds `count` rows of a value; `hash` is the lower half of its hash.
    #[inline]
    pub fn add(&mut self, hash: u64, value: &V::Borrowed, count: u64) -> Added {
        if hash > self.threshold {
            return Added::Refused;
        }
        if !self.table.add(hash, value, count) {
            return Added::Counted;
        }
        if self.table.len() > 2 * self.limit {
            self.settle();
        }
        Added::New
    }

    /// Cuts the table to the limit; the first cut starts the frequent items from counts that are still exact.
    fn settle(&mut self) {
        if self.table.len() <= self.limit {
            return;
        }
        if self.frequent.is_none() {
            self.frequent = Some(Box::new(FrequentItems::of_table(&self.table)));
        }
        self.threshold = self.table.keep_smallest(self.limit).unwrap_or(u64::MAX).min(self.threshold);
    }

    fn settled(&self) -> Cow<'_, Self> {
        if self.table.len() <= self.limit {
            return Cow::Borrowed(self);
        }
        let mut settled = self.clone();
        settled.settle();
        Cow::Owned(settled)
    }

    /// Whether every distinct value is kept, so that all counts are exact.
    pub fn is_exact(&self) -> bool {
        self.frequent.is_none() && self.table.len() <= self.limit
    }

    /// The kept values with their exact counts, sorted by value.
    pub fn entries(&self) -> Vec<(V, u64)> {
        self.settled().table.entries()
    }

    /// The number of distinct values, when it is known exactly.
    pub fn distinct(&self) -> Option<u64> {
        self.is_exact().then_some(self.table.len() as u64)
    }

    /// The frequent items when values were dropped: they depend on the order of arrival, within their error.
    pub fn frequent(&self) -> Option<FrequentItems<V>> {
        self.settled().frequent.as_deref().cloned()
    }

    /// Adds another sample; the smaller limit of the two holds afterwards.
    pub fn merge(&mut self, other: &Self) {
        self.limit = self.limit.min(other.limit);
        if let Some(theirs) = &other.frequent {
            match &mut self.frequent {
                Some(mine) => mine.merge(theirs),
                None => {
                    let mut mine = FrequentItems::of_table(&self.table);
                    mine.merge(theirs);
                    self.frequent = Some(Box::new(mine));
                }
            }
        }
        if other.threshold < self.threshold {
            self.threshold = other.threshold;
            let threshold = self.threshold;
            self.table.rewrite(|hash, count| (hash <= threshold).then_some(count));
        }
        for (hash, value, count) in other.table.iter() {
            let had_dropped = self.has_dropped();
            self.add(hash, value.borrowed(), count);
            if let (true, None, Some(mine)) = (had_dropped, &other.frequent, &mut self.frequent) {
                mine.add(hash, value.borrowed(), count);
            }
        }
        self.settle();
    }

    /// Writes the sample, sorted by value.
    pub fn write(&self, writer: &mut Writer) {
        let settled = self.settled();
        writer.unsigned(settled.limit as u64);
        writer.flag(settled.frequent.is_some());
        settled.table.write(writer);
        if let Some(frequent) = &settled.frequent {
            frequent.write(writer);
        }
    }

    /// Reads what [`ValueSample::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let limit = reader.unsigned()?;
        let dropped = reader.flag()?;
        let mut table = ValueTable::<V>::read(reader)?;
        let full = table.len() as u64 == limit;
        if limit == 0 || limit > 1 << 30 || table.len() as u64 > limit || (dropped && !full) {
            return Err(CodecError::Invalid { field: "sample limit" });
        }
        let mut sample = Self::new(limit as usize);
        if dropped {
            sample.threshold = table.keep_smallest(limit as usize).unwrap_or(u64::MAX);
            sample.frequent = Some(Box::new(FrequentItems::read(reader)?));
        }
        sample.table = table;
        Ok(sample)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u32], limit: usize) -> ValueSample<f64> {
        let mut sample = ValueSample::new(limit);
        for &value in values {
            let value = f64::from(value);
            sample.add(f64::hash(&value), &value, 1);
        }
        sample
    }

    fn bytes(sample: &ValueSample<f64>) -> Vec<u8> {
        let mut writer = Writer::new();
        sample.write(&mut writer);
        writer.into_bytes()
    }

    /// All that may be shown of a sample; the frequent items are left out, they depend on the order.
    fn shown(sample: &ValueSample<f64>) -> (bool, Vec<(f64, u64)>) {
        (sample.is_exact(), sample.entries())
    }

    #[test]
    fn few_values_are_counted_exactly() {
        let sample = of(&[3, 1, 3, 3, 2], 3);
        assert!(sample.is_exact());
        assert_eq!(sample.entries(), [(1.0, 1), (2.0, 1), (3.0, 3)]);
        assert_eq!(of(&[1, 2, 3, 4], 3).distinct(), None);
    }

    #[test]
    fn texts_are_kept_and_survive_their_bytes() {
        let mut sample: ValueSample<Box<str>> = ValueSample::new(10);
        for text in ["b", "a", "", "b"] {
            sample.add(<Box<str>>::hash(text), text, 1);
        }
        let mut writer = Writer::new();
        sample.write(&mut writer);
        let written = writer.into_bytes();
        let read: ValueSample<Box<str>> = ValueSample::read(&mut Reader::new(&written)).unwrap();
        assert_eq!(read.entries(), [("".into(), 1), ("a".into(), 1), ("b".into(), 2)]);
    }

    proptest! {
        #[test]
        fn order_and_split_change_nothing(
            mut values in proptest::collection::vec(0u32..300, 0..600), limit in 1usize..100, cuts in any::<[u16; 2]>(),
        ) {
            let whole = of(&values, limit);
            let mut exact = std::collections::BTreeMap::new();
            for value in &values {
                *exact.entry(*value).or_insert(0u64) += 1;
            }
            for (value, count) in whole.entries() {
                prop_assert_eq!(exact[&(value as u32)], count);
            }
            prop_assert_eq!(whole.entries().len(), exact.len().min(limit));
            values.reverse();
            prop_assert_eq!(shown(&of(&values, limit)), shown(&whole));
            let mut cuts = cuts.map(|cut| usize::from(cut) % (values.len() + 1));
            cuts.sort_unstable();
            let mut merged = of(&values[cuts[0]..cuts[1]], limit);
            merged.merge(&of(&values[..cuts[0]], limit));
            let read = ValueSample::read(&mut Reader::new(&bytes(&merged))).unwrap();
            let mut merged = of(&values[cuts[1]..], limit);
            merged.merge(&read);
            prop_assert_eq!(shown(&merged), shown(&whole));
        }
    }
}
