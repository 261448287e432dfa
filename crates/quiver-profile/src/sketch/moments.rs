//! Count, mean and spread of finite numbers from exact sums; refuses to know where the numbers come from.

use crate::codec::{CodecError, Reader, Writer};
use crate::sketch::exact_sum::{ExactSum, UNIT_EXPONENT};
use crate::sketch::wide;

/// Squares from here on could leave the range of the sum: 2^500.
const LARGEST_SQUARED: f64 = f64::from_bits((500 + 1023) << 52);
/// Squares of smaller magnitudes than 2^-450 could not be split without underflow; they count as zero.
const SMALLEST_SQUARED: f64 = f64::from_bits((1023 - 450) << 52);
/// Dekker's splitting factor for 53-bit significands: 2^27 + 1.
const SPLITTER: f64 = 134_217_729.0;
const BLOCK: usize = 1024;

/// Order-independent moments of finite numbers.
///
/// Both sums are exact, so the mean and the variance are rounded once, at the end. A magnitude of 2^500 or more is
/// counted in `square_overflow` and leaves the spread unknown; one below 2^-450 adds nothing to the squares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    count: u64,
    square_overflow: u64,
    sum: ExactSum,
    squares: ExactSum,
}

impl Moments {
    /// Adds one finite number.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum.add(value);
        let magnitude = value.abs();
        self.square_overflow += u64::from(magnitude >= LARGEST_SQUARED);
        if (SMALLEST_SQUARED..LARGEST_SQUARED).contains(&magnitude) {
            let (high, low) = exact_square(value);
            self.squares.add(high);
            self.squares.add(low);
        }
    }

    /// Adds every number of a slice; all must be finite.
    pub fn add_all(&mut self, values: &[f64]) {
        if values.len() < 64 {
            // The blocks below cost more to clear than so few values cost one by one.
            values.iter().for_each(|&value| self.add(value));
            return;
        }
        self.count += values.len() as u64;
        self.sum.add_all(values);
        let mut high = [0.0f64; BLOCK];
        let mut low = [0.0f64; BLOCK];
        for block in values.chunks(BLOCK) {
            let mut too_large = 0u64;
            for ((&value, high), low) in block.iter().zip(&mut high).zip(&mut low) {
                let magnitude = value.abs();
                too_large += u64::from(magnitude >= LARGEST_SQUARED);
                let kept = if (SMALLEST_SQUARED..LARGEST_SQUARED).contains(&magnitude) { value } else { 0.0 };
                (*high, *low) = exact_square(kept);
            }
            self.square_overflow += too_large;
            self.squares.add_all(&high[..block.len()]);
            self.squares.add_all(&low[..block.len()]);
        }
    }

    /// Adds the numbers of another summary.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.square_overflow += other.square_overflow;
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    /// How many numbers were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many were too large to be squared (magnitude of 2^500 or more).
    pub fn square_overflow(&self) -> u64 {
        self.square_overflow
    }

    /// The sum, rounded once.
    pub fn sum(&self) -> f64 {
        self.sum.to_f64()
    }

    /// The sum of squares, rounded once.
    pub fn sum_of_squares(&self) -> f64 {
        self.squares.to_f64()
    }

    /// The arithmetic mean; nothing for no numbers.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| {
            let sum = self.sum.to_f64();
            if sum.is_finite() {
                return sum / self.count as f64;
            }
            // The sum left the range of floats, the mean cannot: divide the exact sum's significand first.
            let magnitude = self.sum.magnitude();
            let (significand, exponent) = wide::round(&magnitude.limbs, UNIT_EXPONENT, -1074);
            let mean = wide::scale(significand, exponent - 64) / self.count as f64 * 2f64.powi(64);
            if magnitude.negative { -mean } else { mean }
        })
    }

    /// The population standard deviation √(Σx²/n − (Σx/n)²), computed as √(n·Σx² − (Σx)²)/n in exact integers so
    /// that no digits cancel; nothing for no numbers, or when some were too large to be squared.
    pub fn standard_deviation(&self) -> Option<f64> {
        if self.count == 0 || self.square_overflow > 0 {
            return None;
        }
        let count = [self.count as u32, (self.count >> 32) as u32];
        // n·Σx² is in units of 2^-1088, (Σx)² in units of 2^-2176: 34 limbs apart.
        let mut scaled = vec![0u32; (-UNIT_EXPONENT / 32) as usize];
        scaled.extend(wide::multiply(&self.squares.magnitude().limbs, &count));
        let sum = self.sum.magnitude().limbs;
        let Some(difference) = wide::subtract(&scaled, &wide::multiply(&sum, &sum)) else {
            // Only magnitudes whose squares count as zero can bring the difference below zero.
            return Some(0.0);
        };
        let (significand, mut exponent) = wide::round(&difference, 2 * UNIT_EXPONENT, i32::MIN / 2);
        let mut significand = significand as f64;
        if exponent % 2 != 0 {
            exponent -= 1;
            significand *= 2.0;
        }
        if significand == 0.0 {
            return Some(0.0);
        }
        // The root of 53 bits has a large exponent only when the deviation itself has: scale in whole steps.
        Some(scale_float(significand.sqrt() / self.count as f64, exponent / 2))
    }

    /// The standard error of the mean, s/√n with the sample deviation s (n − 1); nothing for fewer than two numbers.
    pub fn standard_error(&self) -> Option<f64> {
        (self.count > 1).then_some(self.standard_deviation()? / ((self.count - 1) as f64).sqrt())
    }

    /// The population variance, the square of [`Moments::standard_deviation`].
    pub fn variance(&self) -> Option<f64> {
        self.standard_deviation().map(|deviation| deviation * deviation)
    }

    /// Writes the moments.
    pub fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.count);
        writer.unsigned(self.square_overflow);
        self.sum.write(writer);
        self.squares.write(writer);
    }

    /// Reads what [`Moments::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            count: reader.count()?,
            square_overflow: reader.count()?,
            sum: ExactSum::read(reader)?,
            squares: ExactSum::read(reader)?,
        })
    }
}

/// Returns `value²` as an unevaluated sum of two floats (Dekker 1971, Veltkamp's splitting); needs no fused
/// multiply-add, which is slow where the target lacks it.
#[inline(always)]
fn exact_square(value: f64) -> (f64, f64) {
    let square = value * value;
    let spread = SPLITTER * value;
    let top = spread - (spread - value);
    let bottom = value - top;
    let error = ((top * top - square) + 2.0 * (top * bottom)) + bottom * bottom;
    (square, error)
}

fn scale_float(value: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    value * 2f64.powi(half) * 2f64.powi(exponent - half)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        moments.add_all(values);
        let mut single = Moments::default();
        values.iter().for_each(|&value| single.add(value));
        assert_eq!(moments, single);
        moments
    }

    #[test]
    fn a_large_offset_does_not_hide_the_spread() {
        let values: Vec<f64> = (0..10_000).map(|index| 1e9 + f64::from(index % 2) * 1e-3).collect();
        let half = (values[1] - values[0]) / 2.0;
        assert_eq!(of(&values).standard_deviation(), Some(half));
    }

    #[test]
    fn extreme_values_are_answers_not_errors() {
        assert_eq!(Moments::default().mean(), None);
        assert_eq!(of(&[3.0]).standard_deviation(), Some(0.0));
        assert_eq!(of(&[f64::MAX, f64::MAX]).mean(), Some(f64::MAX));
        assert_eq!(of(&[f64::MAX, 0.0]).standard_deviation(), None);
        assert_eq!(of(&[f64::MAX, 0.0]).square_overflow(), 1);
        assert_eq!(of(&[1e149, -1e149]).standard_deviation(), Some(1e149));
        assert_eq!(of(&[1e-130, -1e-130]).standard_deviation(), Some(1e-130));
        assert_eq!(of(&[1e-140, -1e-140]).standard_deviation(), Some(0.0));
    }

    proptest! {
        #[test]
        fn integer_moments_are_exact(values in proptest::collection::vec(-(1i64 << 40)..(1i64 << 40), 1..200)) {
            let floats: Vec<f64> = values.iter().map(|&value| value as f64).collect();
            let moments = of(&floats);
            let squares: u128 = values.iter().map(|&value| (i128::from(value) * i128::from(value)) as u128).sum();
            let sum: i128 = values.iter().map(|&value| i128::from(value)).sum();
            prop_assert_eq!(moments.sum_of_squares(), squares as f64);
            let numerator = values.len() as u128 * squares - (sum * sum) as u128;
            let expected = (numerator as f64).sqrt() / values.len() as f64;
            let found = moments.standard_deviation().unwrap();
            prop_assert!((found - expected).abs() <= 1e-15 * expected, "{} {}", found, expected);
        }

        #[test]
        fn split_moments_equal_whole_moments(values in proptest::collection::vec(-1e12..1e12f64, 0..3000), cut in 0usize..3000) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[cut..]);
            merged.merge(&of(&values[..cut]));
            prop_assert_eq!(merged, of(&values));
        }
    }
}
