//! Counts values in an open-addressing table; decides nothing about which values stay.

use std::cmp::Ordering;

use crate::codec::{CodecError, Reader, Writer, from_ordered, to_ordered};
use crate::hash::ValueHash;

/// A value that can be counted by its hash.
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
            let invalid = CodecError::Invalid { field: "counted number" };
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
            Err(CodecError::Invalid { field: "counted text" })
        }
    }
}

/// Values with their hashes and counts, in order of first occurrence.
#[derive(Debug, Clone)]
pub struct ValueTable<V> {
    /// Positions in the three lists plus one, zero when free; empty until a value is looked up, which of most tables
    /// that were read is never.
    slots: Vec<u32>,
    hashes: Vec<u64>,
    counts: Vec<u64>,
    values: Vec<V>,
}

impl<V> Default for ValueTable<V> {
    fn default() -> Self {
        Self { slots: Vec::new(), hashes: Vec::new(), counts: Vec::new(), values: Vec::new() }
    }
}

impl<V: SampleValue> ValueTable<V> {
    /// How many distinct values are counted.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Adds `count` rows of a value; `hash` is the lower half of its hash. Returns whether the value was new.
    #[inline]
    pub fn add(&mut self, hash: u64, value: &V::Borrowed, count: u64) -> bool {
        if self.slots.is_empty() {
            self.rebuild_slots();
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(position) = (self.slots[slot] as usize).checked_sub(1) {
            if self.hashes[position] == hash && V::same(self.values[position].borrowed(), value) {
                self.counts[position] += count;
                return false;
            }
            slot = (slot + 1) & mask;
        }
        self.insert(slot, hash, value, count);
        true
    }

    #[cold]
    fn insert(&mut self, slot: usize, hash: u64, value: &V::Borrowed, count: u64) {
        self.hashes.push(hash);
        self.counts.push(count);
        self.values.push(V::own(value));
        self.slots[slot] = self.hashes.len() as u32;
        if 2 * self.hashes.len() > self.slots.len() {
            self.rebuild_slots();
        }
    }

    fn rebuild_slots(&mut self) {
        let size = (4 * self.hashes.len()).next_power_of_two().max(16);
        self.slots.clear();
        self.slots.resize(size, 0);
        for (position, &hash) in self.hashes.iter().enumerate() {
            let mut slot = hash as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = position as u32 + 1;
        }
    }

    /// The values with their hashes and counts.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &V, u64)> + '_ {
        self.hashes.iter().zip(&self.values).zip(&self.counts).map(|((&hash, value), &count)| (hash, value, count))
    }

    /// Rewrites every count by `rewrite(hash, count)`; a value without a count is removed.
    pub fn rewrite(&mut self, rewrite: impl Fn(u64, u64) -> Option<u64>) {
        let old = std::mem::take(self);
        for ((hash, value), count) in old.hashes.into_iter().zip(old.values).zip(old.counts) {
            if let Some(count) = rewrite(hash, count) {
                self.hashes.push(hash);
                self.values.push(value);
                self.counts.push(count);
            }
        }
    }

    /// Positions of the `limit` smallest values (at least one) by hash, equal hashes by value; ascending.
    fn smallest(&self, limit: usize) -> Vec<usize> {
        let mut hashes = self.hashes.clone();
        let bound = *hashes.select_nth_unstable(limit - 1).1;
        let at_bound = |position: &usize| self.hashes[*position] == bound;
        let mut equal: Vec<usize> = (0..self.hashes.len()).filter(at_bound).collect();
        let room = limit - hashes[..limit].iter().filter(|&&hash| hash < bound).count();
        if equal.len() > room {
            let value = |position: usize| self.values[position].borrowed();
            equal.sort_unstable_by(|&left, &right| V::compare(value(left), value(right)));
            equal.truncate(room);
            equal.sort_unstable();
        }
        let keeps = |position: &usize| {
            self.hashes[*position] < bound || at_bound(position) && equal.binary_search(position).is_ok()
        };
        (0..self.hashes.len()).filter(keeps).collect()
    }

    /// Keeps the `limit` smallest values (at least one) by hash, equal hashes by value, in the order in which they
    /// stand; returns the largest hash that is kept.
    pub fn keep_smallest(&mut self, limit: usize) -> Option<u64> {
        if self.hashes.len() > limit {
            let keep = self.smallest(limit);
            for (to, from) in keep.into_iter().enumerate() {
                self.hashes.swap(to, from);
                self.counts.swap(to, from);
                self.values.swap(to, from);
            }
            self.hashes.truncate(limit);
            self.counts.truncate(limit);
            self.values.truncate(limit);
            self.slots.clear();
        }
        self.hashes.iter().copied().max()
    }

    /// The values with their counts, sorted by value.
    pub fn sorted(&self) -> Vec<(&V, u64)> {
        let mut entries: Vec<(&V, u64)> = self.iter().map(|(_, value, count)| (value, count)).collect();
        // Tables that were read and merged are a few sorted runs, which a stable sort finds.
        entries.sort_by(|left, right| V::compare(left.0.borrowed(), right.0.borrowed()));
        entries
    }

    /// The same, owned: numbers that lie side by side are sorted faster.
    pub fn entries(&self) -> Vec<(V, u64)> {
        let mut entries: Vec<(V, u64)> = self.iter().map(|(_, value, count)| (value.clone(), count)).collect();
        entries.sort_by(|left, right| V::compare(left.0.borrowed(), right.0.borrowed()));
        entries
    }

    /// Writes the values and counts, sorted by value.
    pub fn write(&self, writer: &mut Writer) {
        let entries = self.sorted();
        writer.unsigned(entries.len() as u64);
        V::write_all(&entries.iter().map(|&(value, _)| value).collect::<Vec<_>>(), writer);
        entries.iter().for_each(|&(_, count)| writer.unsigned(count));
    }

    /// Reads what [`ValueTable::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = reader.length()?;
        let values = V::read_all(length, reader)?;
        let counts = reader.counts_of(length)?;
        let hashes = values.iter().map(|value| V::hash(value.borrowed())).collect();
        Ok(Self { slots: Vec::new(), hashes, counts, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_hashes_the_smaller_values_stay_and_what_stays_keeps_its_order() {
        let mut table: ValueTable<f64> = ValueTable::default();
        for (hash, value) in [(7, 5.0), (9, 1.0), (7, 3.0), (1, 8.0), (7, 4.0), (7, 2.0)] {
            assert!(table.add(hash, &value, value as u64));
        }
        assert_eq!(table.keep_smallest(3), Some(7));
        let kept: Vec<_> = table.iter().map(|(hash, value, count)| (hash, *value, count)).collect();
        assert_eq!(kept, [(7, 3.0, 3), (1, 8.0, 8), (7, 2.0, 2)]);
        // What stayed is found again, and what went is new.
        assert!(!table.add(7, &2.0, 1) && table.add(7, &5.0, 1));
        assert_eq!(table.entries(), [(2.0, 3), (3.0, 3), (5.0, 1), (8.0, 8)]);
        assert_eq!(table.keep_smallest(10), Some(7));
        assert_eq!(table.len(), 4);
    }
}
