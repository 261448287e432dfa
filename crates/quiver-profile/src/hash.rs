//! Hashes values once for every sketch, with the hash of Apache DataSketches (MurmurHash3 x64 128, seed 9001).

const FIRST: u64 = 0x87c3_7b91_1142_53d5;
const SECOND: u64 = 0x4cf5_ad43_2745_937f;
/// The seed every DataSketches library uses for updates.
const SEED: u64 = 9001;
/// A coupon keeps 26 bits of address; the register value sits in the six bits above.
const ADDRESS_BITS: u32 = 26;

/// The 128-bit hash of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueHash {
    /// The lower half: the order of the value samples, and a coupon's address.
    pub low: u64,
    /// The upper half: its leading zeros are a coupon's register value.
    pub high: u64,
}

impl ValueHash {
    /// Hashes a number as `f64`, negative zero as zero (DataSketches' canonical float).
    #[inline(always)]
    pub fn of_number(value: f64) -> Self {
        finish(SEED ^ mix_first((value + 0.0).to_bits()), SEED, 8)
    }

    /// Hashes the UTF-8 bytes of a string, without a length prefix.
    #[inline]
    pub fn of_text(value: &str) -> Self {
        let mut bytes = value.as_bytes();
        let length = bytes.len() as u64;
        let (mut low, mut high) = (SEED, SEED);
        while let Some((block, rest)) = bytes.split_first_chunk::<16>() {
            low ^= mix_first(word(block, 0));
            low = low.rotate_left(27).wrapping_add(high).wrapping_mul(5).wrapping_add(0x52dc_e729);
            high ^= mix_second(word(block, 8));
            high = high.rotate_left(31).wrapping_add(low).wrapping_mul(5).wrapping_add(0x3849_5ab5);
            bytes = rest;
        }
        if bytes.len() > 8 {
            high ^= mix_second(partial_word(&bytes[8..]));
            low ^= mix_first(partial_word(&bytes[..8]));
        } else if !bytes.is_empty() {
            low ^= mix_first(partial_word(bytes));
        }
        finish(low, high, length)
    }

    /// The HyperLogLog coupon: six bits of register value above 26 bits of address.
    #[inline(always)]
    pub fn coupon(self) -> u32 {
        let value = self.high.leading_zeros().min(62) + 1;
        (value << ADDRESS_BITS) | (self.low as u32 & ((1 << ADDRESS_BITS) - 1))
    }
}

#[inline(always)]
fn word(block: &[u8; 16], at: usize) -> u64 {
    u64::from_le_bytes(block[at..at + 8].try_into().expect("eight of sixteen bytes"))
}

/// Reads one to eight bytes as a little-endian word.
#[inline(always)]
fn partial_word(bytes: &[u8]) -> u64 {
    if let Ok(whole) = <[u8; 8]>::try_from(bytes) {
        return u64::from_le_bytes(whole);
    }
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The two halves overlap; where they do, they hold the same bits.
        let shift = 8 * (bytes.len() - 4);
        return u64::from(u32::from_le_bytes(*head)) | (u64::from(u32::from_le_bytes(*tail)) << shift);
    }
    bytes.iter().rev().fold(0, |word, &byte| (word << 8) | u64::from(byte))
}

#[inline(always)]
fn mix_first(word: u64) -> u64 {
    word.wrapping_mul(FIRST).rotate_left(31).wrapping_mul(SECOND)
}

#[inline(always)]
fn mix_second(word: u64) -> u64 {
    word.wrapping_mul(SECOND).rotate_left(33).wrapping_mul(FIRST)
}

#[inline(always)]
fn finish(low: u64, high: u64, length: u64) -> ValueHash {
    let (low, high) = (low ^ length, high ^ length);
    let low = low.wrapping_add(high);
    let high = high.wrapping_add(low);
    let (low, high) = (avalanche(low), avalanche(high));
    let low = low.wrapping_add(high);
    ValueHash { low, high: high.wrapping_add(low) }
}

#[inline(always)]
fn avalanche(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

#[cfg(test)]
mod tests {
    use datasketches::hash::value::{canonical_float, raw_bytes};
    use datasketches::hll::{HllSketch, HllType};

    use super::*;

    /// Reads the only coupon of a one-value sketch out of its bytes.
    fn coupon_of(update: impl FnOnce(&mut HllSketch)) -> u32 {
        let mut sketch = HllSketch::new(12, HllType::Hll8).unwrap();
        update(&mut sketch);
        let bytes = sketch.serialize();
        u32::from_le_bytes(bytes[8..12].try_into().unwrap())
    }

    #[test]
    fn texts_hash_as_datasketches_hashes_raw_bytes() {
        let letters: String = ('a'..='z').cycle().take(70).collect();
        for length in 1..=letters.len() {
            let text = &letters[..length];
            let expected = coupon_of(|sketch| sketch.update(raw_bytes::from_str(text)));
            assert_eq!(ValueHash::of_text(text).coupon(), expected, "length {length}");
        }
    }

    #[test]
    fn numbers_hash_as_datasketches_hashes_canonical_floats() {
        for value in [0.0, -0.0, 1.0, -1.5, 3.25e-300, 1e308, 0.1] {
            let expected = coupon_of(|sketch| sketch.update(canonical_float::from_f64(value)));
            assert_eq!(ValueHash::of_number(value).coupon(), expected, "{value}");
        }
    }
}
