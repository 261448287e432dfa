//! Follows frequent values within a bounded error; past its map size the result depends on the order of arrival.
//!
//! Misra and Gries (Sci. Comput. Program. 2, 1982) with the median purge of Apache DataSketches' frequent items sketch
//! (Anderson et al., IMC 2017), whose bytes it writes. A value's true count is between `lower` and `lower + error`.

use crate::codec::{CodecError, Reader, Writer};
use crate::sketch::value_table::{SampleValue, ValueTable};

/// log2 of the map size; three quarters of it are filled.
const LOG_MAP: u8 = 10;
/// The most values that are followed.
const CAPACITY: usize = 3 << (LOG_MAP - 2);
/// A batch with more distinct values than this leaves out the values that occur once in it.
const DENSE_BATCH: usize = CAPACITY / 2;
/// The family number of frequent items in every DataSketches preamble.
const FAMILY: u8 = 10;

/// A frequent value with its lower bound; the true count is at most `lower` plus the sketch's error.
#[derive(Debug, Clone, PartialEq)]
pub struct Frequent<V> {
    /// The value.
    pub value: V,
    /// At least this many rows have it.
    pub lower: u64,
}

/// Lower bounds for the counts of up to 768 frequent values.
#[derive(Debug, Clone)]
pub struct FrequentItems<V> {
    table: ValueTable<V>,
    error: u64,
    rows: u64,
}

impl<V: SampleValue> Default for FrequentItems<V> {
    fn default() -> Self {
        Self { table: ValueTable::default(), error: 0, rows: 0 }
    }
}

impl<V: SampleValue> FrequentItems<V> {
    /// Starts from exact counts.
    pub fn of_table(table: &ValueTable<V>) -> Self {
        let mut items = Self { table: table.clone(), error: 0, rows: table.iter().map(|(_, _, count)| count).sum() };
        items.purge();
        items
    }

    /// Adds `count` rows of a value.
    pub fn add(&mut self, hash: u64, value: &V::Borrowed, count: u64) {
        self.rows += count;
        self.table.add(hash, value, count);
        self.purge();
    }

    /// Whether a batch with `distinct` values in `rows` rows may leave out its single values: adding them one by one
    /// is dear and teaches nothing, and one row in thousands is small against the map's own error.
    pub fn may_skip_singles(distinct: usize, rows: usize) -> bool {
        distinct > DENSE_BATCH && rows >= 4096
    }

    /// Accounts for a batch whose single values were left out: each value may have one more row than was added.
    pub fn skip_singles(&mut self, rows: u64) {
        self.rows += rows;
        self.error += 1;
    }

    /// Adds another sketch.
    pub fn merge(&mut self, other: &Self) {
        let rows = self.rows + other.rows;
        // Sorted, so that equal contents give equal results.
        for (value, count) in other.table.sorted() {
            self.add(V::hash(value.borrowed()), value.borrowed(), count);
        }
        self.error += other.error;
        self.rows = rows;
    }

    fn purge(&mut self) {
        while self.table.len() > CAPACITY {
            let mut counts: Vec<u64> = self.table.iter().map(|(_, _, count)| count).collect();
            let middle = counts.len() / 2;
            let median = *counts.select_nth_unstable(middle).1;
            self.table.rewrite(|_, count| count.checked_sub(median).filter(|&rest| rest > 0));
            self.error += median;
        }
    }

    /// How many rows a count may be too low by.
    pub fn error(&self) -> u64 {
        self.error
    }

    /// How many rows were seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The values that are surely more frequent than the error, most frequent first, equal counts by value.
    pub fn top(&self) -> Vec<Frequent<V>> {
        let sorted = self.table.sorted().into_iter().filter(|&(_, lower)| lower > self.error);
        let mut top: Vec<_> = sorted.map(|(value, lower)| Frequent { value: value.clone(), lower }).collect();
        top.sort_by_key(|item| std::cmp::Reverse(item.lower));
        top
    }

    /// Writes the sketch.
    pub fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.rows);
        writer.unsigned(self.error);
        self.table.write(writer);
    }

    /// Reads what [`FrequentItems::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (rows, error) = (reader.count()?, reader.count()?);
        let table = ValueTable::read(reader)?;
        if table.len() > CAPACITY {
            return Err(CodecError::Invalid { field: "frequent items" });
        }
        Ok(Self { table, error, rows })
    }
}

impl FrequentItems<Box<str>> {
    /// The bytes of an Apache DataSketches frequent-strings sketch with a map of 1,024.
    pub fn to_datasketches(&self) -> Vec<u8> {
        let entries = self.table.sorted();
        let mut log_size = 3u8;
        while 4 * entries.len() > 3 << log_size {
            log_size += 1;
        }
        if self.rows == 0 {
            return vec![1, 1, FAMILY, LOG_MAP, log_size, 5, 0, 0];
        }
        let mut bytes = vec![4, 1, FAMILY, LOG_MAP, log_size, 0, 0, 0];
        bytes.extend_from_slice(&(entries.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.rows.to_le_bytes());
        bytes.extend_from_slice(&self.error.to_le_bytes());
        entries.iter().for_each(|(_, count)| bytes.extend_from_slice(&count.to_le_bytes()));
        for (value, _) in entries {
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use datasketches::frequencies::FrequentItemsSketch;

    use super::*;

    fn add(items: &mut FrequentItems<Box<str>>, text: &str, count: u64) {
        items.add(<Box<str>>::hash(text), text, count);
    }

    #[test]
    fn heavy_values_are_found_within_the_error() {
        let mut items = FrequentItems::default();
        for index in 0..20_000u64 {
            add(&mut items, &format!("rare {index}"), 1);
            add(&mut items, "heavy", 1);
        }
        let top = items.top();
        assert_eq!(&*top[0].value, "heavy");
        assert!(top[0].lower <= 20_000 && top[0].lower + items.error() >= 20_000);
        assert!(items.error() as f64 <= 3.5 / 1024.0 * 40_000.0, "error {}", items.error());
    }

    #[test]
    fn other_languages_read_the_bytes() {
        let mut items = FrequentItems::default();
        assert!(FrequentItemsSketch::<String>::deserialize(&items.to_datasketches()).unwrap().is_empty());
        for index in 0..5000u64 {
            add(&mut items, &format!("value {}", index % 1000), 1 + index % 7);
        }
        let read = FrequentItemsSketch::<String>::deserialize(&items.to_datasketches()).unwrap();
        assert_eq!(read.total_weight(), items.rows());
        assert_eq!(read.maximum_error(), items.error());
        for item in items.top() {
            assert_eq!(read.lower_bound(&*item.value), item.lower);
        }
    }
}
