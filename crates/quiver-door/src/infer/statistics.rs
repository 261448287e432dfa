//! Streaming statistics of one column in bounded memory, the same for the same rows; only for drafting a spec.

use super::personal::{self, Personal};
use crate::decode::cast::{has_no_zone, is_text, to_instant, to_number, to_text, to_vector};
use crate::limits;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use std::collections::{BTreeMap, HashMap};

/// The kind of values a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Number,
    Boolean,
    Time,
    LocalTime,
    Text,
    Vector,
    /// Nothing that a feature can be made of.
    Other,
}

impl Shape {
    fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Boolean => Self::Boolean,
            kind if kind.is_numeric() => Self::Number,
            kind if is_text(kind) => Self::Text,
            kind if has_no_zone(kind) => Self::LocalTime,
            DataType::Timestamp(..) => Self::Time,
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => Self::Vector,
            _ => Self::Other,
        }
    }
}

/// What was seen of one column.
#[derive(Debug, Clone)]
pub(super) struct ColumnStatistics {
    pub name: String,
    pub shape: Shape,
    pub rows: u64,
    pub nulls: u64,
    /// Numbers or microseconds, extremes exact.
    pub min: f64,
    pub max: f64,
    pub all_whole: bool,
    sample: Sample,
    /// Each distinct text with its count, until there are too many.
    distinct: Option<BTreeMap<String, u64>>,
    distinct_limit: usize,
    keys: KeySample,
    pub letters: u64,
    pub blanks: u64,
    pub dimension: Option<usize>,
    /// The most telling kind of personal data found in a value.
    pub personal: Option<Personal>,
    scanned: u64,
    luhn: u64,
    long_integers: u64,
}

/// How many texts of a column are scanned for personal data; those that would be printed are scanned all.
const SCANNED_TEXTS: u64 = 50_000;

impl ColumnStatistics {
    /// Statistics of a column of a table with that many columns, by which the memory is shared out.
    pub(super) fn new(name: &str, kind: &DataType, columns: usize) -> Self {
        let share = (50 * limits::SAMPLE_VALUES / columns.max(1)).clamp(1_000, limits::SAMPLE_VALUES);
        Self {
            name: name.to_owned(),
            shape: Shape::of(kind),
            rows: 0,
            nulls: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            all_whole: true,
            sample: Sample::new(share),
            distinct: Some(BTreeMap::new()),
            distinct_limit: share.min(limits::MAX_DISTINCT),
            keys: KeySample::new(share.min(20_000)),
            letters: 0,
            blanks: 0,
            dimension: None,
            personal: None,
            scanned: 0,
            luhn: 0,
            long_integers: 0,
        }
    }

    /// Takes note of a batch of the column.
    pub(super) fn add(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        self.rows += array.len() as u64;
        self.nulls += array.logical_null_count() as u64;
        match self.shape {
            Shape::Number | Shape::Boolean => {
                for number in to_number(array)?.array.iter().flatten() {
                    self.add_number(number);
                }
            }
            Shape::Time | Shape::LocalTime => {
                for instant in to_instant(array, Some(&jiff::tz::TimeZone::UTC))?.array.iter().flatten() {
                    self.keys.add(&instant.to_le_bytes(), 1);
                    self.extend(instant as f64);
                }
            }
            Shape::Text => self.add_texts(array)?,
            Shape::Vector => {
                let vectors = to_vector(array)?.array;
                let first = (0..vectors.len()).find(|row| vectors.is_valid(*row));
                self.dimension = self.dimension.or(first.map(|row| vectors.value_length(row) as usize));
            }
            Shape::Other => {}
        }
        Ok(())
    }

    fn extend(&mut self, number: f64) {
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        self.sample.add(number);
    }

    fn add_number(&mut self, number: f64) {
        if !number.is_finite() {
            self.nulls += u64::from(number.is_nan());
            return;
        }
        self.extend(number);
        let whole = number.fract() == 0.0;
        self.all_whole &= whole;
        self.keys.add(&number.to_le_bytes(), 1);
        // The digits of a card: 13 to 19.
        if whole && (1e12..1e19).contains(&number) && self.long_integers < SCANNED_TEXTS {
            self.long_integers += 1;
            self.luhn += u64::from(personal::passes_luhn(&format!("{number:.0}")));
        }
    }

    fn add_texts(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>()
            && let Some(texts) = dictionary.values().as_string_opt::<i32>()
        {
            let mut counts = vec![0_u64; texts.len()];
            for row in 0..dictionary.len() {
                if let Some(key) = dictionary.key(row) {
                    counts[key] += 1;
                }
            }
            for (text, count) in texts.iter().zip(counts) {
                if let Some(text) = text.filter(|_| count > 0) {
                    self.add_text(text, count);
                }
            }
            return Ok(());
        }
        for text in to_text(array)?.array.iter().flatten() {
            self.add_text(text, 1);
        }
        Ok(())
    }

    fn add_text(&mut self, text: &str, count: u64) {
        self.keys.add(text.as_bytes(), count);
        self.letters += text.len() as u64 * count;
        self.blanks += text.bytes().filter(|byte| *byte == b' ').count() as u64 * count;
        self.extend(text.len() as f64);
        let known = self.distinct.as_ref().is_some_and(|distinct| distinct.contains_key(text));
        // A long text may hide an address anywhere, but it will be called free text in any case.
        if !known && self.scanned < SCANNED_TEXTS {
            self.scanned += 1;
            let head: String = text.chars().take(2_000).collect();
            self.personal = self.personal.max(personal::by_content(&head));
        }
        if let Some(distinct) = &mut self.distinct {
            if let Some(known) = distinct.get_mut(text) {
                *known += count;
            } else if distinct.len() >= self.distinct_limit || text.len() > 200 {
                self.distinct = None;
            } else {
                distinct.insert(text.to_owned(), count);
            }
        }
    }

    /// Rows with a value.
    pub(super) fn values(&self) -> u64 {
        self.rows.saturating_sub(self.nulls)
    }

    /// About how many distinct values there are.
    pub(super) fn distinct_count(&self) -> u64 {
        match &self.distinct {
            Some(distinct) if self.shape == Shape::Text => distinct.len() as u64,
            _ => self.keys.distinct(),
        }
    }

    /// Every distinct text with its count, while they are few.
    pub(super) fn texts(&self) -> Option<&BTreeMap<String, u64>> {
        self.distinct.as_ref().filter(|_| self.shape == Shape::Text)
    }

    /// Whether no value was seen twice (on a sample of the keys) and none was missing.
    pub(super) fn is_unique(&self) -> bool {
        self.nulls == 0 && self.rows > 1 && self.keys.all_once()
    }

    /// Whether the numbers are most likely card numbers.
    pub(super) fn holds_cards(&self) -> bool {
        // Of random numbers one in ten passes.
        self.long_integers >= 5 && self.luhn * 2 > self.long_integers
            || self.long_integers > 0 && self.luhn == self.long_integers
    }

    /// A quantile of the sampled numbers.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        self.sample.quantile(share)
    }

    /// Letters a text, on average.
    pub(super) fn mean_letters(&self) -> f64 {
        self.letters as f64 / self.values().max(1) as f64
    }

    /// Blanks a text, on average.
    pub(super) fn mean_blanks(&self) -> f64 {
        self.blanks as f64 / self.values().max(1) as f64
    }
}

/// Every n-th value; n doubles whenever the memory is full, so the sample always spans the whole table.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    values: Vec<f64>,
    limit: usize,
    stride: u64,
    seen: u64,
}

impl Sample {
    pub(super) fn new(limit: usize) -> Self {
        Self { values: Vec::new(), limit, stride: 1, seen: 0 }
    }

    pub(super) fn add(&mut self, value: f64) {
        if self.seen.is_multiple_of(self.stride) {
            if self.values.len() >= self.limit {
                let mut index = 0;
                self.values.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.values.push(value);
            }
        }
        self.seen += 1;
    }

    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        Some(sorted[(last as f64 * share).round() as usize])
    }
}

/// Counts of those values whose hash ends in enough zeros: the same values whatever the order of rows.
#[derive(Debug, Clone)]
struct KeySample {
    counts: HashMap<u64, u64>,
    limit: usize,
    zeros: u32,
}

impl KeySample {
    fn new(limit: usize) -> Self {
        Self { counts: HashMap::new(), limit, zeros: 0 }
    }

    fn add(&mut self, bytes: &[u8], count: u64) {
        let hash = xxhash_rust::xxh3::xxh3_64(bytes);
        if hash.trailing_zeros() < self.zeros {
            return;
        }
        *self.counts.entry(hash).or_default() += count;
        while self.counts.len() > self.limit {
            self.zeros += 1;
            let zeros = self.zeros;
            self.counts.retain(|hash, _| hash.trailing_zeros() >= zeros);
        }
    }

    fn distinct(&self) -> u64 {
        (self.counts.len() as u64) << self.zeros
    }

    fn all_once(&self) -> bool {
        self.counts.values().all(|count| *count == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_bounded_and_span_the_table() {
        let mut sample = Sample::new(1_000);
        let mut keys = KeySample::new(1_000);
        for value in 0..100_000_u32 {
            sample.add(f64::from(value));
            keys.add(&value.to_le_bytes(), 1);
        }
        assert!(sample.values.len() <= 1_000 && keys.counts.len() <= 1_000);
        let median = sample.quantile(0.5).unwrap();
        assert!((49_000.0..51_000.0).contains(&median), "{median}");
        assert!((80_000..125_000).contains(&keys.distinct()), "{}", keys.distinct());
        assert!(keys.all_once());
    }
}
