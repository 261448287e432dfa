//! Sums the model's output by coarse bin of one feature, in integers.

use crate::codec::{CodecError, Reader, Writer};

/// 2^40: outputs are rounded to multiples of 2^-40 (about 10^-12), half to even.
const SCALE: f64 = (1u64 << 40) as f64;

/// Rounds a number to fixed point with 40 binary digits; saturates at the range of `i64`, so that 2^64 of them
/// cannot overflow a sum. NaN has no fixed point.
pub fn to_fixed(value: f64) -> Option<i128> {
    (!value.is_nan()).then(|| i128::from((value * SCALE).round_ties_even() as i64))
}

/// Returns the number nearest to a fixed-point sum.
pub fn from_fixed(sum: i128) -> f64 {
    sum as f64 / SCALE
}

/// Count and sum of the model's output by coarse bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    counts: Vec<u64>,
    sums: Vec<i128>,
}

impl Response {
    /// Returns empty sums for so many bins.
    pub fn new(bins: usize) -> Self {
        Self { counts: vec![0; bins], sums: vec![0; bins] }
    }

    /// Adds rows by their bin; a row without an output is left out.
    pub fn add_all(&mut self, bins: &[u16], outputs: &[Option<i128>]) {
        for (&bin, output) in bins.iter().zip(outputs) {
            if let Some(output) = output {
                self.counts[usize::from(bin)] += 1;
                self.sums[usize::from(bin)] += output;
            }
        }
    }

    /// Adds other sums over the same bins.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.sums.iter_mut().zip(&other.sums).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Rows with an output, by bin.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The mean output by bin; nothing for a bin without rows.
    pub fn means(&self) -> Vec<Option<f64>> {
        let mean = |(&count, &sum): (&u64, &i128)| (count > 0).then(|| from_fixed(sum) / count as f64);
        self.counts.iter().zip(&self.sums).map(mean).collect()
    }

    /// Writes the sums.
    pub fn write(&self, writer: &mut Writer) {
        writer.counts(&self.counts);
        self.sums.iter().for_each(|&sum| writer.wide(sum));
    }

    /// Reads what [`Response::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let counts = reader.counts()?;
        let sums = (0..counts.len()).map(|_| reader.total()).collect::<Result<_, _>>()?;
        Ok(Self { counts, sums })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_averaged_by_bin() {
        let outputs = [0.25, 0.75, f64::NAN, 1e300].map(to_fixed);
        let mut response = Response::new(2);
        response.add_all(&[0, 0, 0, 1], &outputs);
        assert_eq!(response.counts(), [2, 1]);
        assert_eq!(response.means()[0], Some(0.5));
    }
}
