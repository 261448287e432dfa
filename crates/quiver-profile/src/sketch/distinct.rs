//! Estimates the number of distinct values; its bytes are Apache DataSketches HLL, its state knows no order.
//!
//! HyperLogLog with 2^12 registers. Only the *composite* estimate is ever shown: DataSketches' default (HIP) depends
//! on the order of arrival. The registers are kept here, not in the library's sketch, so that a value costs one
//! comparison; the library computes the estimate from them.

use datasketches::hll::HllSketch;

use crate::codec::{CodecError, Reader, Writer};

/// log2 of the number of registers.
const LOG_REGISTERS: u8 = 12;
const REGISTERS: usize = 1 << LOG_REGISTERS;
/// DataSketches turns its coupon set into registers above three quarters of 2^(12−3) coupons.
const MOST_COUPONS: usize = 384;
/// DataSketches writes up to seven coupons as a list.
const MOST_LISTED: usize = 7;
/// The family number of HLL in every DataSketches preamble.
const FAMILY: u8 = 7;
/// Flag: registers were merged, so only the composite estimate is valid.
const OUT_OF_ORDER: u8 = 16;
const COMPACT: u8 = 8;
const EMPTY: u8 = 4;

/// A distinct counter with 2^12 registers: standard error 1.6 %.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distinct {
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Few values: their coupons, in an open-addressing table whose free slots are zero.
    Coupons { slots: Vec<u32>, count: usize },
    /// Many values: the largest register value seen at each address.
    Registers(Box<[u8]>),
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Registers(mine), Self::Registers(theirs)) => mine == theirs,
            (Self::Coupons { .. }, Self::Coupons { .. }) => self.sorted_coupons() == other.sorted_coupons(),
            _ => false,
        }
    }
}

impl Eq for State {}

impl State {
    fn sorted_coupons(&self) -> Vec<u32> {
        match self {
            Self::Coupons { slots, .. } => {
                let mut coupons: Vec<u32> = slots.iter().copied().filter(|&coupon| coupon != 0).collect();
                coupons.sort_unstable();
                coupons
            }
            Self::Registers(_) => Vec::new(),
        }
    }
}

impl Default for Distinct {
    fn default() -> Self {
        Self { state: State::Coupons { slots: Vec::new(), count: 0 } }
    }
}

impl Distinct {
    /// Adds a value by its coupon ([`crate::hash::ValueHash::coupon`]).
    #[inline]
    pub fn add(&mut self, coupon: u32) {
        match &mut self.state {
            State::Registers(registers) => raise(registers, coupon),
            State::Coupons { .. } => self.add_coupon(coupon),
        }
    }

    /// Adds many values by their coupons.
    #[inline]
    pub fn add_all(&mut self, coupons: impl Iterator<Item = u32>) {
        let mut coupons = coupons;
        while let State::Coupons { .. } = self.state {
            let Some(coupon) = coupons.next() else { return };
            self.add_coupon(coupon);
        }
        if let State::Registers(registers) = &mut self.state {
            coupons.for_each(|coupon| raise(registers, coupon));
        }
    }

    fn add_coupon(&mut self, coupon: u32) {
        let State::Coupons { slots, count } = &mut self.state else { return };
        if 2 * (*count + 1) > slots.len() {
            let size = (2 * slots.len()).max(16);
            let old = std::mem::replace(slots, vec![0; size]);
            old.into_iter().filter(|&coupon| coupon != 0).for_each(|coupon| {
                insert(slots, coupon);
            });
        }
        *count += usize::from(insert(slots, coupon));
        if *count > MOST_COUPONS {
            let mut registers = vec![0u8; REGISTERS].into_boxed_slice();
            slots.iter().filter(|&&coupon| coupon != 0).for_each(|&coupon| raise(&mut registers, coupon));
            self.state = State::Registers(registers);
        }
    }

    /// Adds the values of another counter.
    pub fn merge(&mut self, other: &Self) {
        match &other.state {
            State::Coupons { slots, .. } => self.add_all(slots.iter().copied().filter(|&coupon| coupon != 0)),
            State::Registers(theirs) => {
                if let State::Coupons { .. } = self.state {
                    let mine = std::mem::replace(&mut self.state, State::Registers(theirs.clone()));
                    self.add_all(mine.sorted_coupons().into_iter());
                } else if let State::Registers(mine) = &mut self.state {
                    mine.iter_mut().zip(theirs.iter()).for_each(|(mine, &theirs)| *mine = (*mine).max(theirs));
                }
            }
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        matches!(self.state, State::Coupons { count: 0, .. })
    }

    /// The composite estimate of the number of distinct values.
    pub fn estimate(&self) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        HllSketch::deserialize(&self.to_datasketches())
            .expect("the bytes written here are a valid sketch")
            .composite_estimate()
    }

    /// The bytes of an Apache DataSketches HLL sketch (8-bit registers, lg k = 12), readable in any of its languages.
    pub fn to_datasketches(&self) -> Vec<u8> {
        match &self.state {
            State::Coupons { count, slots } => {
                let coupons = self.state.sorted_coupons();
                let mut bytes = if *count <= MOST_LISTED {
                    let flags = COMPACT | if *count == 0 { EMPTY } else { 0 };
                    vec![2, 1, FAMILY, LOG_REGISTERS, 3, flags, *count as u8, 2 << 2]
                } else {
                    // The library's own table: 32 slots at first, doubled when more than three quarters are full.
                    let mut log_size = 5u8;
                    while 4 * coupons.len() > 3 << log_size {
                        log_size += 1;
                    }
                    debug_assert!(log_size <= LOG_REGISTERS - 3 && !slots.is_empty());
                    let mut bytes = vec![3, 1, FAMILY, LOG_REGISTERS, log_size, COMPACT, 0, 1 | (2 << 2)];
                    bytes.extend_from_slice(&(*count as u32).to_le_bytes());
                    bytes
                };
                coupons.iter().for_each(|coupon| bytes.extend_from_slice(&coupon.to_le_bytes()));
                bytes
            }
            State::Registers(registers) => {
                let mut bytes = vec![10, 1, FAMILY, LOG_REGISTERS, 0, OUT_OF_ORDER, 0, 2 | (2 << 2)];
                // Both sums are exact: 4096 powers of two, none finer than 2^-31 and 2^-63.
                let (mut coarse, mut fine) = (0.0f64, 0.0f64);
                for &value in registers {
                    let power = f64::from_bits((1023 - u64::from(value)) << 52);
                    if value < 32 { coarse += power } else { fine += power }
                }
                for word in [0.0, coarse, fine] {
                    bytes.extend_from_slice(&word.to_le_bytes());
                }
                let zeros = registers.iter().filter(|&&value| value == 0).count() as u32;
                bytes.extend_from_slice(&zeros.to_le_bytes());
                bytes.extend_from_slice(&[0; 4]);
                bytes.extend_from_slice(registers);
                bytes
            }
        }
    }

    /// Reads DataSketches HLL bytes as written by [`Distinct::to_datasketches`], or by any DataSketches library with
    /// 8-bit registers and lg k = 12.
    pub fn from_datasketches(bytes: &[u8]) -> Result<Self, CodecError> {
        let invalid = || CodecError::Invalid { field: "distinct sketch" };
        let header: [u8; 8] = bytes.get(..8).and_then(|head| head.try_into().ok()).ok_or_else(invalid)?;
        if header[1] != 1 || header[2] != FAMILY || header[3] != LOG_REGISTERS || header[7] >> 2 != 2 {
            return Err(invalid());
        }
        let mut read = Self::default();
        let coupons = match header[7] & 3 {
            0 => &bytes[8..],
            1 => bytes.get(12..).ok_or_else(invalid)?,
            2 => {
                let registers = bytes.get(40..40 + REGISTERS).ok_or_else(invalid)?;
                if registers.iter().any(|&value| value > 63) {
                    return Err(invalid());
                }
                read.state = State::Registers(registers.into());
                return Ok(read);
            }
            _ => return Err(invalid()),
        };
        for word in coupons.chunks_exact(4) {
            let coupon = u32::from_le_bytes(word.try_into().expect("four bytes"));
            if coupon != 0 {
                read.add(coupon);
            }
        }
        Ok(read)
    }

    /// Writes the DataSketches bytes.
    pub fn write(&self, writer: &mut Writer) {
        writer.blob(&self.to_datasketches());
    }

    /// Reads what [`Distinct::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Self::from_datasketches(reader.blob()?)
    }
}

#[inline(always)]
fn raise(registers: &mut [u8], coupon: u32) {
    let register = &mut registers[coupon as usize & (REGISTERS - 1)];
    let value = (coupon >> 26) as u8;
    if value > *register {
        *register = value;
    }
}

/// Puts a coupon into a table with free slots; returns whether it was new.
fn insert(slots: &mut [u32], coupon: u32) -> bool {
    let mask = slots.len() - 1;
    let mut slot = (coupon.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
    while slots[slot] != 0 {
        if slots[slot] == coupon {
            return false;
        }
        slot = (slot + 1) & mask;
    }
    slots[slot] = coupon;
    true
}

#[cfg(test)]
mod tests {
    use datasketches::hash::value::canonical_float;
    use datasketches::hll::{HllType, HllUnion};

    use super::*;
    use crate::hash::ValueHash;

    fn of(values: impl Iterator<Item = u32>) -> Distinct {
        let mut distinct = Distinct::default();
        distinct.add_all(values.map(|value| ValueHash::of_number(f64::from(value)).coupon()));
        distinct
    }

    #[test]
    fn estimates_equal_the_librarys_composite_estimate_at_every_size() {
        for size in [0, 1, 7, 8, 9, 24, 25, 100, 383, 384, 385, 386, 1000, 5000, 50_000] {
            let mut sketch = HllSketch::new(12, HllType::Hll8).unwrap();
            (0..size).for_each(|value| sketch.update(canonical_float::from_f64(f64::from(value))));
            let distinct = of(0..size);
            assert_eq!(distinct.estimate(), sketch.composite_estimate(), "size {size}");
            assert!((distinct.estimate() - f64::from(size)).abs() <= 0.05 * f64::from(size), "size {size}");
            assert_eq!(of((0..size).rev()), distinct);
            assert_eq!(Distinct::from_datasketches(&distinct.to_datasketches()).unwrap(), distinct);
            assert_eq!(Distinct::from_datasketches(&sketch.serialize()).unwrap(), distinct, "size {size}");
        }
    }

    #[test]
    fn merges_equal_the_librarys_union_and_the_whole() {
        for (left, right) in [(3u32, 4u32), (5, 300), (200, 200), (300, 2000), (2000, 30), (9000, 9000)] {
            let (first, second) = (of(0..left), of(left / 2..left / 2 + right));
            let mut merged = first.clone();
            merged.merge(&second);
            assert_eq!(merged, of((0..left).chain(left / 2..left / 2 + right)));
            let mut reversed = second.clone();
            reversed.merge(&first);
            assert_eq!(merged, reversed);
            let mut union = HllUnion::new(12).unwrap();
            for side in [&first, &second] {
                union.update(&HllSketch::deserialize(&side.to_datasketches()).unwrap());
            }
            assert_eq!(merged.estimate(), union.composite_estimate());
        }
    }
}
