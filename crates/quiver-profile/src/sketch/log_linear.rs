//! Counts numbers in fixed bins whose width is 1/64 of their magnitude's power of two, for quantiles that merge exactly.

use crate::codec::{CodecError, MAXIMUM_COUNT, Reader, Writer};

/// Mantissa bits that are left out of the key: 6 of 52 are kept.
const DROPPED_BITS: u32 = 46;
/// The key of 2^-64, the least magnitude with a bin of its own.
const LEAST_KEY: i64 = (1023 - 64) << 6;
/// Bins on each side of zero: 128 powers of two, 64 bins each.
const BINS: i64 = 128 << 6;

/// Integer counts in log-linear bins.
///
/// Bin 0 holds zero and every magnitude below 2^-64; bins 1‥8192 the positive powers from 2^-64 to 2^64, 64 to a
/// power; bins −1‥−8192 the negative ones. A magnitude of 2^64 or more goes to the outermost bin. The middle of a bin
/// is at most 1/128 (0.8 %) away from any value in it, the outermost bins apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLinear {
    /// The bin that `counts[0]` counts.
    first: i32,
    counts: Vec<u64>,
    total: u64,
}

/// Returns the bin of a finite value.
#[inline(always)]
pub fn bin_of(value: f64) -> i32 {
    let bits = value.to_bits();
    let key = ((bits & !(1 << 63)) >> DROPPED_BITS) as i64 - LEAST_KEY + 1;
    let bin = key.clamp(0, BINS) as i32;
    if bits >> 63 == 1 { -bin } else { bin }
}

/// Returns the bounds of a bin, lower first; the outermost bins end at 2^64 although they hold more.
pub fn bounds_of(bin: i32) -> (f64, f64) {
    let magnitude = i64::from(bin.abs());
    let bound = |key: i64| f64::from_bits(((key + LEAST_KEY) as u64) << DROPPED_BITS);
    match bin.signum() {
        0 => (-bound(0), bound(0)),
        1 => (bound(magnitude - 1), bound(magnitude)),
        _ => (-bound(magnitude), -bound(magnitude - 1)),
    }
}

impl LogLinear {
    /// Counts every value of a slice; all must be finite.
    pub fn add_all(&mut self, values: &[f64]) {
        for &value in values {
            let bin = bin_of(value);
            match self.counts.get_mut(bin.wrapping_sub(self.first) as usize) {
                Some(count) => *count += 1,
                None => *self.reach(bin) += 1,
            }
        }
        self.total += values.len() as u64;
    }

    /// Counts one finite value `count` times.
    pub fn add_many(&mut self, value: f64, count: u64) {
        if count > 0 {
            *self.reach(bin_of(value)) += count;
            self.total += count;
        }
    }

    /// Widens the window to a bin and returns its count.
    fn reach(&mut self, bin: i32) -> &mut u64 {
        if self.counts.is_empty() {
            self.first = bin;
            self.counts.push(0);
        } else if bin < self.first {
            // Growing downwards moves every count, so leave some room; no window leaves the outermost bins.
            let room = (self.counts.len() as i32 / 2).max(16);
            let first = (bin - room).max(-(BINS as i32)).min(bin);
            let added = (self.first - first) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, added));
            self.first = first;
        }
        let index = (bin - self.first) as usize;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        &mut self.counts[index]
    }

    /// Adds another summary's counts.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in other.bins() {
            *self.reach(bin) += count;
        }
        self.total += other.total;
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The bins that are not empty with their counts, in ascending order.
    pub fn bins(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let first = self.first;
        self.counts
            .iter()
            .enumerate()
            .filter(|&(_, &count)| count > 0)
            .map(move |(i, &count)| (first + i as i32, count))
    }

    /// Finds the bin of the `q`-quantile in the sense of the inverted distribution function (the smallest bin with at
    /// least `q` of the values at or below it); returns it with the number of values below it and in it.
    pub fn bin_at(&self, q: f64) -> Option<(i32, u64, u64)> {
        let wanted = rank_of(q, self.total)?;
        let mut below = 0;
        for (bin, count) in self.bins() {
            if below + count >= wanted {
                return Some((bin, below, count));
            }
            below += count;
        }
        None
    }

    /// The `q`-quantile as the middle of its bin: at most 0.8 % off in value between 2^-64 and 2^64.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.bin_at(q).map(|(bin, _, _)| middle_of(bin))
    }

    /// The share of values in bins up to and with the bin of `value`.
    pub fn rank(&self, value: f64) -> Option<f64> {
        let bin = bin_of(value);
        let upto: u64 = self.bins().take_while(|&(other, _)| other <= bin).map(|(_, count)| count).sum();
        (self.total > 0).then(|| upto as f64 / self.total as f64)
    }

    /// Writes the bins that are not empty.
    pub fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.bins().count() as u64);
        let mut previous = 0;
        for (bin, count) in self.bins() {
            writer.signed(i64::from(bin - previous));
            writer.unsigned(count);
            previous = bin;
        }
    }

    /// Reads what [`LogLinear::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut read = Self::default();
        let mut bin = 0i64;
        for _ in 0..reader.length()? {
            bin = bin.saturating_add(reader.signed()?);
            let count = reader.count()?;
            if bin.abs() > BINS {
                return Err(CodecError::Invalid { field: "log-linear bin" });
            }
            *read.reach(bin as i32) += count;
            read.total += count;
            if read.total > MAXIMUM_COUNT {
                return Err(CodecError::Invalid { field: "log-linear total" });
            }
        }
        Ok(read)
    }
}

/// Returns the middle of a bin, zero for bin 0.
pub fn middle_of(bin: i32) -> f64 {
    let (lower, upper) = bounds_of(bin);
    (lower + upper) / 2.0
}

/// Returns the 1-based rank ⌈q·total⌉ of the `q`-quantile (inverted distribution function), nothing for no values.
pub fn rank_of(q: f64, total: u64) -> Option<u64> {
    (total > 0).then(|| ((q * total as f64).ceil() as u64).clamp(1, total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> LogLinear {
        let mut bins = LogLinear::default();
        bins.add_all(values);
        bins
    }

    #[test]
    fn bins_hold_their_values() {
        for value in [1.0, 1.5, 127.0, -3.25, 1e-19, 1e19, -1e-19, 0.1] {
            let (lower, upper) = bounds_of(bin_of(value));
            assert!(lower <= value && value <= upper, "{value} not in {lower}..{upper}");
        }
        assert_eq!(bin_of(0.0), 0);
        assert_eq!(bin_of(-0.0), 0);
        assert_eq!(bin_of(1e-300), 0);
        assert_eq!(bin_of(f64::MAX), BINS as i32);
        assert_eq!(bin_of(f64::MIN), -(BINS as i32));
    }

    proptest! {
        #[test]
        fn quantiles_are_within_one_percent(mut values in proptest::collection::vec(-1e6..1e6f64, 1..500), q in 0.0..1.0f64) {
            let found = of(&values).quantile(q).unwrap();
            values.sort_by(f64::total_cmp);
            let rank = rank_of(q, values.len() as u64).unwrap();
            let exact = values[rank as usize - 1];
            prop_assert!((found - exact).abs() <= 0.01 * exact.abs(), "{} {}", found, exact);
        }

        #[test]
        fn order_split_and_bytes_change_nothing(values in proptest::collection::vec(-1e20..1e20f64, 0..300), cut in 0usize..300) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[cut..]);
            merged.merge(&of(&values[..cut]));
            let whole = of(&values);
            let bytes = |bins: &LogLinear| {
                let mut writer = Writer::new();
                bins.write(&mut writer);
                writer.into_bytes()
            };
            prop_assert_eq!(bytes(&merged), bytes(&whole));
            let read = LogLinear::read(&mut Reader::new(&bytes(&whole))).unwrap();
            prop_assert_eq!(bytes(&read), bytes(&whole));
        }
    }
}
