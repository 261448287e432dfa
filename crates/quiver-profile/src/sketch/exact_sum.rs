//! Sums floats exactly, so that no order of additions can change the result.
//!
//! A small superaccumulator after Neal, "Fast exact summation using small and large superaccumulators"
//! (arXiv:1505.05571): signed 64-bit chunks, 32 bits apart, with carries propagated late. Slices are first condensed
//! with the error-free vector transformation of Rump, Ogita and Oishi, "Accurate floating-point summation" (SIAM J.
//! Sci. Comput. 31, 2008), which is as exact and several times faster.

use std::borrow::Cow;

use crate::codec::{CodecError, Reader, Writer};
use crate::sketch::wide;

/// Bit 0 of chunk 0 is worth 2^-1088, below the least subnormal (2^-1074).
pub const UNIT_EXPONENT: i32 = -1088;
/// 2^1024 falls into chunk 66; the rest is room for carries of 2^64 additions.
const CHUNKS: usize = 69;
/// Each addition moves a chunk by less than 2^32, so this many cannot overflow 63 bits.
const ADDITIONS_BETWEEN_CARRIES: u32 = 1 << 29;
/// Values condensed at once: two copies stay in the first-level cache.
const BLOCK: usize = 1024;
/// `log2(BLOCK + 2)` rounded up: head room that keeps a block's condensed sum exact.
const BLOCK_BITS: i32 = 11;

/// An exact sum of finite floats.
///
/// Only the chunks that values have reached are held: most sums are of numbers of a few magnitudes, and a profile of a
/// wide model has a hundred thousand of them.
#[derive(Clone, Default)]
pub struct ExactSum {
    /// The place of the first chunk held; those before it and after the last are zero.
    first: u32,
    chunks: Vec<i64>,
    additions: u32,
}

/// A sum in sign and magnitude: the one form that equal sums share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magnitude {
    /// Whether the sum is below zero.
    pub negative: bool,
    /// Little-endian limbs of the magnitude in units of 2^-1088, without leading zeros.
    pub limbs: Vec<u32>,
}

impl std::fmt::Debug for ExactSum {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ExactSum({})", self.to_f64())
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        self.magnitude() == other.magnitude()
    }
}

impl ExactSum {
    /// Adds one finite value; the caller counts NaN and infinities elsewhere.
    #[inline]
    pub fn add(&mut self, value: f64) {
        debug_assert!(value.is_finite(), "only finite values have an exact sum");
        let bits = value.to_bits();
        let biased = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let (significand, exponent) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        let position = (exponent - UNIT_EXPONENT) as usize;
        let (chunk, shift) = (position / 32, position % 32);
        let shifted = u128::from(significand) << shift;
        let parts = [shifted as u32, (shifted >> 32) as u32, (shifted >> 64) as u32];
        let sign = if bits >> 63 == 1 { -1 } else { 1 };
        for (target, part) in self.chunks_from(chunk, 3).iter_mut().zip(parts) {
            *target += sign * i64::from(part);
        }
        self.additions += 1;
        if self.additions >= ADDITIONS_BETWEEN_CARRIES {
            self.carry();
        }
    }

    /// Adds `value` as if it had been added `count` times.
    pub fn add_many(&mut self, value: f64, count: u64) {
        // Halving the count's bits: value × 2^k is exact unless it overflows, which the caller's range forbids.
        let mut scaled = value;
        let mut rest = count;
        while rest > 0 {
            if rest & 1 == 1 {
                self.add(scaled);
            }
            rest >>= 1;
            if rest > 0 {
                if scaled.abs() > f64::MAX / 4.0 {
                    // Too close to the range's end to double: fall back to two sums of half the count.
                    self.add_many(scaled, rest);
                    self.add_many(scaled, rest);
                    return;
                }
                scaled *= 2.0;
            }
        }
    }

    /// Adds every value of a slice; all must be finite.
    pub fn add_all(&mut self, values: &[f64]) {
        for block in values.chunks(BLOCK) {
            self.add_block(block);
        }
    }

    /// Condenses a block into two floats without any rounding error, and adds those.
    fn add_block(&mut self, block: &[f64]) {
        let largest = largest_magnitude(block);
        if largest == 0.0 {
            return;
        }
        let exponent = exponent_above(largest);
        let first = BLOCK_BITS + exponent;
        let second = first - 53 + BLOCK_BITS;
        if block.len() < 16 || first > 1000 || second < -960 {
            for &value in block {
                self.add(value);
            }
            return;
        }
        let (first, second) = (power_of_two(first), power_of_two(second));
        let mut high = [0.0f64; 4];
        let mut low = [0.0f64; 4];
        let mut left_over = [0u64; 4];
        let quads = block.chunks_exact(4);
        let tail = quads.remainder();
        for quad in quads {
            for lane in 0..4 {
                let (top, middle, rest) = split(quad[lane], first, second);
                high[lane] += top;
                low[lane] += middle;
                left_over[lane] |= rest.to_bits() << 1;
            }
        }
        for &value in tail {
            self.add(value);
        }
        for lane in 0..4 {
            self.add(high[lane]);
            self.add(low[lane]);
        }
        if left_over.iter().any(|&bits| bits != 0) {
            for &value in &block[..block.len() - tail.len()] {
                let rest = split(value, first, second).2;
                if rest != 0.0 {
                    self.add(rest);
                }
            }
        }
    }

    /// The chunks from a place on, which are held from now on.
    #[inline]
    fn chunks_from(&mut self, place: usize, count: usize) -> &mut [i64] {
        if place < self.first as usize || place + count > self.first as usize + self.chunks.len() {
            self.hold(place, count);
        }
        let start = place - self.first as usize;
        &mut self.chunks[start..start + count]
    }

    #[cold]
    fn hold(&mut self, place: usize, count: usize) {
        if self.chunks.is_empty() {
            self.first = place as u32;
        }
        let before = (self.first as usize).saturating_sub(place);
        if before > 0 {
            self.chunks.splice(0..0, std::iter::repeat_n(0, before));
            self.first = place as u32;
        }
        let end = place + count - self.first as usize;
        if end > self.chunks.len() {
            self.chunks.resize(end, 0);
        }
    }

    /// Adds another exact sum.
    pub fn merge(&mut self, other: &Self) {
        if other.chunks.is_empty() {
            return;
        }
        self.carry();
        let mut carried = Cow::Borrowed(other);
        if other.additions > 0 {
            carried.to_mut().carry();
        }
        let mine = self.chunks_from(carried.first as usize, carried.chunks.len());
        for (mine, theirs) in mine.iter_mut().zip(&carried.chunks) {
            *mine += theirs;
        }
        self.carry();
    }

    /// Moves every chunk but the last into 0‥2^32, and the last into ±2^32 while there are further ones, so that additions
    /// have room again.
    fn carry(&mut self) {
        self.additions = 0;
        let mut carry = 0i64;
        let Some((last, lower)) = self.chunks.split_last_mut() else { return };
        for chunk in lower {
            let sum = *chunk + carry;
            *chunk = sum & 0xffff_ffff;
            carry = sum >> 32;
        }
        *last += carry;
        while self.first as usize + self.chunks.len() < CHUNKS
            && let Some(last) = self.chunks.last_mut()
            && last.unsigned_abs() >> 32 > 0
        {
            let sum = *last;
            *last = sum & 0xffff_ffff;
            self.chunks.push(sum >> 32);
        }
    }

    /// Returns the sum in sign and magnitude.
    pub fn magnitude(&self) -> Magnitude {
        let mut carried = self.clone();
        carried.carry();
        let negative = carried.chunks.last().is_some_and(|last| *last < 0);
        if negative {
            carried.chunks.iter_mut().for_each(|chunk| *chunk = -*chunk);
            carried.carry();
        }
        let mut limbs = vec![0u32; carried.first as usize];
        limbs.extend(carried.chunks.iter().map(|&chunk| chunk as u32));
        limbs.extend(carried.chunks.last().map(|last| (last >> 32) as u32));
        limbs.truncate(limbs.iter().rposition(|&limb| limb != 0).map_or(0, |top| top + 1));
        Magnitude { negative, limbs }
    }

    /// Returns the float nearest to the sum (half to even); infinite when the sum is beyond the range.
    pub fn to_f64(&self) -> f64 {
        let Magnitude { negative, limbs } = self.magnitude();
        let (significand, exponent) = wide::round(&limbs, UNIT_EXPONENT, -1074);
        let value = wide::scale(significand, exponent);
        if negative { -value } else { value }
    }

    /// Writes the non-zero limbs only.
    pub fn write(&self, writer: &mut Writer) {
        let Magnitude { negative, limbs } = self.magnitude();
        writer.flag(negative);
        writer.unsigned(limbs.iter().filter(|&&limb| limb != 0).count() as u64);
        let mut previous = 0;
        for (index, &limb) in limbs.iter().enumerate().filter(|&(_, &limb)| limb != 0) {
            writer.unsigned((index - previous) as u64);
            writer.unsigned(u64::from(limb));
            previous = index;
        }
    }

    /// Reads what [`ExactSum::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let invalid = CodecError::Invalid { field: "exact sum" };
        let sign = if reader.flag()? { -1 } else { 1 };
        let mut sum = Self::default();
        let mut index = 0usize;
        for position in 0..reader.length()? {
            let (step, limb) = (reader.unsigned()?, u32::try_from(reader.unsigned()?));
            index = index.saturating_add(usize::try_from(step).unwrap_or(CHUNKS));
            // No number of rows reaches the last chunk, which is there for carries, and no limb is written twice.
            match limb {
                Ok(limb) if index < CHUNKS - 1 && (step > 0 || position == 0) => {
                    sum.chunks_from(index, 1)[0] = sign * i64::from(limb);
                }
                _ => return Err(invalid),
            }
        }
        sum.carry();
        Ok(sum)
    }
}

/// Splits a value into a multiple of 2^-53·`first`, one of 2^-53·`second`, and what is left; their sum is the value.
#[inline(always)]
fn split(value: f64, first: f64, second: f64) -> (f64, f64, f64) {
    let top = (first + value) - first;
    let rest = value - top;
    let middle = (second + rest) - second;
    (top, middle, rest - middle)
}

/// Returns the largest magnitude of a slice, zero when it is empty.
#[inline]
fn largest_magnitude(values: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 4];
    let quads = values.chunks_exact(4);
    let mut largest = quads.remainder().iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    for quad in quads {
        for lane in 0..4 {
            let magnitude = quad[lane].abs();
            lanes[lane] = if magnitude > lanes[lane] { magnitude } else { lanes[lane] };
        }
    }
    for lane in lanes {
        largest = largest.max(lane);
    }
    largest
}

/// Returns the least `k` with `magnitude ≤ 2^k` or one above it.
fn exponent_above(magnitude: f64) -> i32 {
    ((magnitude.to_bits() >> 52) & 0x7ff) as i32 - 1022
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|&value| sum.add(value));
        sum
    }

    #[track_caller]
    fn check(values: &[f64], expected: f64) {
        assert_eq!(sum(values).to_f64(), expected);
        let mut whole = ExactSum::default();
        whole.add_all(values);
        assert_eq!(whole, sum(values));
    }

    #[test]
    fn cancellation_loses_nothing() {
        check(&[1e308, 1.0, -1e308, 1e-300, -1.0], 1e-300);
        check(&[1e16, 1.0, 1.0, -1e16], 2.0);
        check(&[f64::MAX, f64::MAX, -f64::MAX], f64::MAX);
        check(&[f64::MAX, f64::MAX], f64::INFINITY);
        check(&[5e-324, 5e-324, -5e-324], 5e-324);
        check(&[0.1; 10], 1.0);
        check(&[], 0.0);
        check(&[-1.0, -2.0], -3.0);
    }

    #[test]
    fn a_mixed_block_is_condensed_exactly() {
        let values: Vec<f64> =
            (0..5000).map(|index| f64::from(index).sin() * 10f64.powi((index % 61) - 30) + f64::from(index)).collect();
        let mut whole = ExactSum::default();
        whole.add_all(&values);
        assert_eq!(whole, sum(&values));
    }

    #[test]
    fn chunks_are_held_as_values_reach_them() {
        let mut wide = sum(&[1.0]);
        assert_eq!(wide.chunks.len(), 3);
        // Down, up, and far beyond what is held, with signs that borrow across it.
        for value in [-1e-300, 1e300, -5e-324, 1.5, -1e300] {
            wide.add(value);
        }
        assert_eq!(wide.to_f64(), 2.5);
        wide.add(-2.5);
        assert_eq!(wide, sum(&[-5e-324, -1e-300]));
        // What overflows its last chunk goes on into the next, above and below zero.
        for sign in [1.0, -1.0] {
            let mut many = sum(&[sign]);
            for _ in 0..70 {
                let same = many.clone();
                many.merge(&same);
            }
            assert_eq!(many.to_f64(), sign * 2f64.powi(70));
        }
    }

    #[test]
    fn limbs_that_no_sum_writes_are_refused() {
        let read = |limbs: &[(u64, u64)]| {
            let mut writer = Writer::new();
            writer.flag(false);
            writer.unsigned(limbs.len() as u64);
            limbs.iter().for_each(|&(step, limb)| [step, limb].into_iter().for_each(|value| writer.unsigned(value)));
            let bytes = writer.into_bytes();
            ExactSum::read(&mut Reader::new(&bytes)).map(|sum| sum.to_f64())
        };
        assert_eq!(read(&[(34, 3), (1, 1)]), Ok(2f64.powi(32) + 3.0));
        for limbs in [&[(34, 3), (0, 3)][..], &[(68, 1)], &[(34, 1 << 32)], &[(34, 1), (u64::MAX, 1)]] {
            assert_eq!(read(limbs), Err(CodecError::Invalid { field: "exact sum" }), "{limbs:?}");
        }
    }

    #[test]
    fn repeated_values_equal_repeated_additions() {
        let mut many = ExactSum::default();
        many.add_many(0.1, 1000);
        assert_eq!(many, sum(&[0.1; 1000]));
        let mut huge = ExactSum::default();
        huge.add_many(f64::MAX, 7);
        assert_eq!(huge, sum(&[f64::MAX; 7]));
    }

    proptest! {
        #[test]
        fn integers_match_wide_integers(values in proptest::collection::vec(-(1i64 << 53)..(1i64 << 53), 0..3000)) {
            let floats: Vec<f64> = values.iter().map(|&value| value as f64).collect();
            let expected: i128 = values.iter().map(|&value| i128::from(value)).sum();
            let mut whole = ExactSum::default();
            whole.add_all(&floats);
            prop_assert_eq!(whole.to_f64(), expected as f64);
        }

        #[test]
        fn order_split_and_bytes_change_nothing(
            bits in proptest::collection::vec(any::<u64>(), 0..200), cut in 0usize..200,
        ) {
            let values: Vec<f64> = bits.iter().map(|&bits| f64::from_bits(bits)).filter(|v| v.is_finite()).collect();
            let cut = cut.min(values.len());
            let mut merged = sum(&values[cut..]);
            merged.merge(&sum(&values[..cut]));
            let whole = sum(&values);
            prop_assert_eq!(&merged, &whole);
            let mut writer = Writer::new();
            whole.write(&mut writer);
            let bytes = writer.into_bytes();
            prop_assert_eq!(ExactSum::read(&mut Reader::new(&bytes)).unwrap(), whole);
        }
    }
}
