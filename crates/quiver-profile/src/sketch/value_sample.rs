//! Counts distinct values exactly while they are few, and afterwards a sample of them that no order or split can change.
//!
//! The sample is coordinated ("bottom-k", Cohen and Kaplan, PODC 2007): it keeps the values with the smallest hashes,
//! each with its exact count. A value of the final sample was among the smallest at every moment before, so none of
//! its rows was missed.

use std::cmp::Ordering;

use crate::codec::{CodecError, Reader, Writer, from_ordered, to_ordered};
use crate::hash::ValueHash;

/// How many distinct values are kept unless a plan asks for fewer.
pub const DEFAULT_LIMIT: usize = 4096;

/// A value that can be sampled by its hash.
pub trait SampleValue: Clone {
    /// The form in which values are looked up.
    type Borrowed: ?Sized;
    /// Takes ownership of a value on its first occurrence.
    fn own(value: &Self::Borrowed) -> Self;
    /// Gives the looked-up form.
    fn borrowed(&self) -> &Self::Borrowed;
    /// Orders two values.
    fn compare(left: &Self::Borrowed, right: &Self::Borrowed) -> Ordering;
    /// Whether two values are the same.
    fn same(left: &Self::Borrowed, right: &Self::Borrowed) -> bool;
    /// The lower half of the value's hash.
    fn hash(value: &Self::Borrowed) -> u64;
    /// Writes values that are sorted and unique.
    fn write_all(values: &[&Self], writer: &mut Writer);
    /// Reads `count` values written by `write_all`.
    fn read_all(count: usize, reader: &mut Reader<'_>) -> Result<Vec<Self>, CodecError>;
}

impl SampleValue for f64 {
    type Borrowed = f64;
    fn own(value: &f64) -> Self {
        *value
    }
    fn borrowed(&self) -> &f64 {
        self
    }
    fn compare(left: &f64, right: &f64) -> Ordering {
        left.total_cmp(right)
    }
    #[inline(always)]
    fn same(left: &f64, right: &f64) -> bool {
        left == right
    }
    fn hash(value: &f64) -> u64 {
        ValueHash::of_number(*value).low
    }
    fn write_all(values: &[&Self], writer: &mut Writer) {
        let mut previous = 0;
        for &&value in values {
            let ordered = to_ordered(value);
            writer.unsigned(ordered - previous);
            previous = ordered;
        }
    }
    fn read_all(count: usize, reader: &mut Reader<'_>) -> Result<Vec<Self>, CodecError> {
        let mut ordered = 0u64;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let invalid = CodecError::Invalid { field: "sampled number" };
            let Some(next) = ordered.checked_add(reader.unsigned()?) else { return Err(invalid) };
            let value = from_ordered(next);
            if !value.is_finite() || (next <= ordered && !values.is_empty()) {
                return Err(invalid);
            }
            values.push(value);
            ordered = next;
        }
        Ok(values)
    }
}

impl SampleValue for Box<str> {
    type Borrowed = str;
    fn own(value: &str) -> Self {
        value.into()
    }
    fn borrowed(&self) -> &str {
        self
    }
    fn compare(left: &str, right: &str) -> Ordering {
        left.cmp(right)
    }
    #[inline(always)]
    fn same(left: &str, right: &str) -> bool {
        left == right
    }
    fn hash(value: &str) -> u64 {
        ValueHash::of_text(value).low
    }
    fn write_all(values: &[&Self], writer: &mut Writer) {
        values.iter().for_each(|value| writer.text(value));
    }
    fn read_all(count: usize, reader: &mut Reader<'_>) -> Result<Vec<Self>, CodecError> {
        let values: Vec<Self> = (0..count).map(|_| Ok(reader.text()?.into())).collect::<Result<_, CodecError>>()?;
        if values.is_sorted_by(|left, right| left < right) {
            Ok(values)
        } else {
            Err(CodecError::Invalid { field: "sampled text" })
        }
    }
}

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
    dropped: bool,
    /// Open addressing: positions in the three lists plus one, zero when free.
    slots: Vec<u32>,
    hashes: Vec<u64>,
    counts: Vec<u64>,
    values: Vec<V>,
}

impl<V: SampleValue> ValueSample<V> {
    /// Returns an empty sample of at most `limit` distinct values (at least one).
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            threshold: u64::MAX,
            dropped: false,
            slots: Vec::new(),
            hashes: Vec::new(),
            counts: Vec::new(),
            values: Vec::new(),
        }
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

    /// Adds `count` rows of a value; `hash` is the lower half of its hash.
    #[inline]
    pub fn add(&mut self, hash: u64, value: &V::Borrowed, count: u64) -> Added {
        if hash > self.threshold {
            return Added::Refused;
        }
        if self.slots.is_empty() {
            self.slots = vec![0; 16];
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let Some(position) = (self.slots[slot] as usize).checked_sub(1) else { break };
            if self.hashes[position] == hash && V::same(self.values[position].borrowed(), value) {
                self.counts[position] += count;
                return Added::Counted;
            }
            slot = (slot + 1) & mask;
        }
        self.insert(slot, hash, value, count);
        Added::New
    }

    #[cold]
    fn insert(&mut self, slot: usize, hash: u64, value: &V::Borrowed, count: u64) {
        self.hashes.push(hash);
        self.counts.push(count);
        self.values.push(V::own(value));
        self.slots[slot] = self.hashes.len() as u32;
        if self.hashes.len() > 2 * self.limit {
            self.compact();
        } else if 2 * self.hashes.len() > self.slots.len() {
            self.rebuild_slots();
        }
    }

    fn rebuild_slots(&mut self) {
        let size = (4 * self.hashes.len()).next_power_of_two().max(16);
        self.slots = vec![0; size];
        for (position, &hash) in self.hashes.iter().enumerate() {
            let mut slot = hash as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = position as u32 + 1;
        }
    }

    /// Keeps the `limit` values with the smallest hashes and refuses larger ones from now on.
    fn compact(&mut self) {
        let keep = self.smallest();
        if keep.len() < self.hashes.len() {
            self.dropped = true;
        }
        if self.dropped && keep.len() == self.limit {
            self.threshold = keep.iter().map(|&position| self.hashes[position]).max().unwrap_or(u64::MAX);
        }
        self.hashes = keep.iter().map(|&position| self.hashes[position]).collect();
        self.counts = keep.iter().map(|&position| self.counts[position]).collect();
        self.values = keep.iter().map(|&position| self.values[position].clone()).collect();
        self.rebuild_slots();
    }

    /// Positions of the values in the sample: the `limit` smallest by hash, equal hashes by value.
    fn smallest(&self) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..self.hashes.len()).collect();
        if positions.len() > self.limit {
            positions.select_nth_unstable_by(self.limit - 1, |&left, &right| {
                self.hashes[left]
                    .cmp(&self.hashes[right])
                    .then_with(|| V::compare(self.values[left].borrowed(), self.values[right].borrowed()))
            });
            positions.truncate(self.limit);
        }
        positions
    }

    /// Whether every distinct value is kept, so that all counts are exact.
    pub fn is_exact(&self) -> bool {
        !self.dropped && self.hashes.len() <= self.limit
    }

    /// The kept values with their exact counts, sorted by value.
    pub fn entries(&self) -> Vec<(&V, u64)> {
        let mut entries: Vec<(&V, u64)> =
            self.smallest().into_iter().map(|position| (&self.values[position], self.counts[position])).collect();
        entries.sort_unstable_by(|left, right| V::compare(left.0.borrowed(), right.0.borrowed()));
        entries
    }

    /// The number of distinct values, when it is known exactly.
    pub fn distinct(&self) -> Option<u64> {
        self.is_exact().then_some(self.hashes.len() as u64)
    }

    /// Adds another sample; the smaller limit of the two holds afterwards.
    pub fn merge(&mut self, other: &Self) {
        self.limit = self.limit.min(other.limit);
        self.dropped |= other.dropped;
        self.threshold = self.threshold.min(other.threshold);
        if self.hashes.iter().any(|&hash| hash > self.threshold) {
            self.refuse_above_threshold();
        }
        for (position, &hash) in other.hashes.iter().enumerate() {
            self.add(hash, other.values[position].borrowed(), other.counts[position]);
        }
        if self.hashes.len() > self.limit {
            self.compact();
        }
    }

    fn refuse_above_threshold(&mut self) {
        let threshold = self.threshold;
        let keep: Vec<usize> = (0..self.hashes.len()).filter(|&position| self.hashes[position] <= threshold).collect();
        self.hashes = keep.iter().map(|&position| self.hashes[position]).collect();
        self.counts = keep.iter().map(|&position| self.counts[position]).collect();
        self.values = keep.iter().map(|&position| self.values[position].clone()).collect();
        self.rebuild_slots();
    }

    /// Writes the sample, sorted by value.
    pub fn write(&self, writer: &mut Writer) {
        let entries = self.entries();
        writer.unsigned(self.limit as u64);
        writer.flag(!self.is_exact());
        writer.unsigned(entries.len() as u64);
        V::write_all(&entries.iter().map(|&(value, _)| value).collect::<Vec<_>>(), writer);
        entries.iter().for_each(|&(_, count)| writer.unsigned(count));
    }

    /// Reads what [`ValueSample::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let limit = reader.unsigned()?;
        let dropped = reader.flag()?;
        let length = reader.length()?;
        if limit == 0 || limit > 1 << 30 || length as u64 > limit {
            return Err(CodecError::Invalid { field: "sample limit" });
        }
        let values = V::read_all(length, reader)?;
        let mut sample = Self::new(limit as usize);
        sample.counts = (0..length).map(|_| reader.unsigned()).collect::<Result<_, _>>()?;
        sample.hashes = values.iter().map(|value| V::hash(value.borrowed())).collect();
        sample.values = values;
        sample.dropped = dropped;
        if dropped && length == sample.limit {
            sample.threshold = sample.hashes.iter().copied().max().unwrap_or(u64::MAX);
        }
        sample.rebuild_slots();
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

    #[test]
    fn few_values_are_counted_exactly() {
        let sample = of(&[3, 1, 3, 3, 2], 3);
        assert!(sample.is_exact());
        assert_eq!(sample.entries(), [(&1.0, 1), (&2.0, 1), (&3.0, 3)]);
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
        let entries: Vec<(&str, u64)> = read.entries().into_iter().map(|(value, count)| (&**value, count)).collect();
        assert_eq!(entries, [("", 1), ("a", 1), ("b", 2)]);
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
                prop_assert_eq!(exact[&(*value as u32)], count);
            }
            prop_assert_eq!(whole.entries().len(), exact.len().min(limit));
            values.reverse();
            prop_assert_eq!(bytes(&of(&values, limit)), bytes(&whole));
            let mut cuts = cuts.map(|cut| usize::from(cut) % (values.len() + 1));
            cuts.sort_unstable();
            let mut merged = of(&values[cuts[0]..cuts[1]], limit);
            merged.merge(&of(&values[..cuts[0]], limit));
            let read = ValueSample::read(&mut Reader::new(&bytes(&merged))).unwrap();
            let mut merged = of(&values[cuts[1]..], limit);
            merged.merge(&read);
            prop_assert_eq!(bytes(&merged), bytes(&whole));
        }
    }
}
