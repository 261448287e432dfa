//! Summarises lengths of texts in integers, so that every figure is exact or has a known error.

use crate::codec::{CodecError, Reader, Writer};
use crate::sketch::log_linear::LogLinear;

/// Order-independent summary of non-negative lengths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lengths {
    sum: u128,
    squares: u128,
    range: Option<(u64, u64)>,
    bins: LogLinear,
}

impl Lengths {
    /// Counts a length `count` times.
    pub fn add(&mut self, length: u64, count: u64) {
        if count == 0 {
            return;
        }
        let wide = u128::from(length) * u128::from(count);
        self.sum += wide;
        self.squares = self.squares.saturating_add(wide.saturating_mul(u128::from(length)));
        let (least, greatest) = self.range.unwrap_or((length, length));
        self.range = Some((least.min(length), greatest.max(length)));
        self.bins.add_many(length as f64, count);
    }

    /// Adds another summary.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.squares = self.squares.saturating_add(other.squares);
        self.range = match (self.range, other.range) {
            (Some(mine), Some(theirs)) => Some((mine.0.min(theirs.0), mine.1.max(theirs.1))),
            (mine, theirs) => mine.or(theirs),
        };
        self.bins.merge(&other.bins);
    }

    /// How many lengths were counted.
    pub fn count(&self) -> u64 {
        self.bins.total()
    }

    /// The log-linear bins that hold lengths, ascending, with their counts; lengths below 128 have a bin each.
    pub fn bins(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        self.bins.bins()
    }

    /// The mean length.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / self.count() as f64)
    }

    /// The population standard deviation, from exact integers.
    pub fn standard_deviation(&self) -> Option<f64> {
        let count = u128::from(self.count());
        let numerator = self.squares.saturating_mul(count).saturating_sub(self.sum.saturating_mul(self.sum));
        (count > 0).then(|| (numerator as f64).sqrt() / count as f64)
    }

    /// The least length.
    pub fn minimum(&self) -> Option<u64> {
        self.range.map(|range| range.0)
    }

    /// The greatest length.
    pub fn maximum(&self) -> Option<u64> {
        self.range.map(|range| range.1)
    }

    /// The `q`-quantile, at most 0.8 % off and exact below 128.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        // Below 128 every integer is the lower bound of a bin of its own.
        let (bin, _, _) = self.bins.bin_at(q)?;
        let (lower, upper) = crate::sketch::log_linear::bounds_of(bin);
        let middle = if upper <= 128.0 { lower.max(0.0).ceil() } else { (lower + upper) / 2.0 };
        Some((middle.round() as u64).clamp(self.minimum()?, self.maximum()?))
    }

    /// Writes the summary.
    pub fn write(&self, writer: &mut Writer) {
        writer.wide(self.sum as i128);
        writer.wide(self.squares as i128);
        writer.flag(self.range.is_some());
        if let Some((least, greatest)) = self.range {
            writer.unsigned(least);
            writer.unsigned(greatest);
        }
        self.bins.write(writer);
    }

    /// Reads what [`Lengths::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let sum = u128::try_from(reader.total()?).map_err(|_| CodecError::Invalid { field: "sum of lengths" })?;
        let squares = reader.wide()? as u128;
        let range = if reader.flag()? { Some((reader.unsigned()?, reader.unsigned()?)) } else { None };
        if range.is_some_and(|(least, greatest)| least > greatest) {
            return Err(CodecError::Invalid { field: "range of lengths" });
        }
        Ok(Self { sum, squares, range, bins: LogLinear::read(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lengths_have_exact_quantiles() {
        let mut lengths = Lengths::default();
        (0..=100).for_each(|length| lengths.add(length, 1));
        for percent in 1..=100u64 {
            let rank = (percent * 101).div_ceil(100);
            assert_eq!(lengths.quantile(percent as f64 / 100.0), Some(rank - 1), "{percent} %");
        }
        assert_eq!(lengths.mean(), Some(50.0));
        assert_eq!((lengths.minimum(), lengths.maximum()), (Some(0), Some(100)));
    }

    #[test]
    fn a_long_text_is_counted() {
        let mut lengths = Lengths::default();
        lengths.add(10_000_000, 2);
        assert_eq!(lengths.mean(), Some(1e7));
        assert_eq!(lengths.quantile(0.5), Some(10_000_000));
        assert_eq!(lengths.standard_deviation(), Some(0.0));
    }
}
