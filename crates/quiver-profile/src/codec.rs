//! Reads and writes the little-endian, variable-length bytes of every summary; knows no summary.

use std::cell::RefCell;
use thiserror::Error;

/// Why bytes could not be read as a profile or an outcome.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes end before the value they announce.
    #[error("bytes end at {at}, {wanted} more are needed")]
    Short {
        /// Offset at which reading stopped.
        at: usize,
        /// How many bytes were needed from there.
        wanted: usize,
    },
    /// The first bytes are not those of this kind of summary.
    #[error("bytes do not start with {expected}")]
    Magic {
        /// The four letters that were expected.
        expected: &'static str,
    },
    /// The bytes were written by a version this code does not know.
    #[error("format version {found} is unknown, the newest known is {newest}")]
    Version {
        /// The version in the bytes.
        found: u16,
        /// The newest version this code reads.
        newest: u16,
    },
    /// A value is outside what its field can hold.
    #[error("{field} is invalid")]
    Invalid {
        /// The field that was being read.
        field: &'static str,
    },
    /// The compressed body cannot be unpacked.
    #[error("body cannot be decompressed")]
    Compression,
    /// The bytes name edges that are kept elsewhere, and those were not given.
    #[error("edges {id:032x} are kept apart from the profile and were not given")]
    EdgesApart {
        /// Their identity.
        id: u128,
    },
    /// Bytes follow the end of the summary.
    #[error("{count} bytes follow the end")]
    Trailing {
        /// How many bytes are left over.
        count: usize,
    },
}

/// The largest unpacked body that is accepted; a larger announcement is refused before memory is taken.
const MAXIMUM_BODY: u64 = 1 << 31;
/// What one packed byte can unpack to: zstd needs four bytes for a block of one repeated byte, 128 KiB at most. Memory
/// is taken by the announcement, so one that the bytes cannot keep is refused.
const MAXIMUM_EXPANSION: u64 = (128 << 10) / 4;

/// More rows than any summary has (a million a second for nine years). Larger counts are damage, and would overflow
/// when summaries are merged.
pub(crate) const MAXIMUM_COUNT: u64 = 1 << 48;
/// What so many rows of 64 bits add up to.
const MAXIMUM_TOTAL: i128 = (MAXIMUM_COUNT as i128) << 64;

/// Appends values to a growing byte buffer.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Returns an empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes one byte.
    pub fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes a truth value as one byte.
    pub fn flag(&mut self, value: bool) {
        self.byte(u8::from(value));
    }

    /// Writes an unsigned integer in LEB128: seven bits a byte, low bits first.
    pub fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Writes a signed integer, zigzag-coded so that small magnitudes stay short.
    pub fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Writes a 128-bit signed integer in sixteen bytes.
    pub fn wide(&mut self, value: i128) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes a float by its bits.
    pub fn float(&mut self, value: f64) {
        self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    /// Writes a length and then the bytes.
    pub fn blob(&mut self, value: &[u8]) {
        self.unsigned(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// Writes a string as its UTF-8 bytes.
    pub fn text(&mut self, value: &str) {
        self.blob(value.as_bytes());
    }

    /// Writes a list of counts.
    pub fn counts(&mut self, values: &[u64]) {
        self.unsigned(values.len() as u64);
        for &value in values {
            self.unsigned(value);
        }
    }

    /// Compresses what was written and puts `magic` and `version` before it.
    pub fn seal(self, magic: [u8; 4], version: u16) -> Vec<u8> {
        let packed = COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(&self.bytes));
        let packed = packed.expect("compressing memory into memory cannot fail");
        let mut sealed = Vec::with_capacity(packed.len() + 16);
        sealed.extend_from_slice(&magic);
        sealed.extend_from_slice(&version.to_le_bytes());
        sealed.extend_from_slice(&(self.bytes.len() as u64).to_le_bytes());
        sealed.extend_from_slice(&packed);
        sealed
    }
}

// Making a zstd context costs more than packing a small outcome, so each thread keeps one; neither remembers anything
// from one body to the next.
thread_local! {
    static COMPRESSOR: RefCell<zstd::bulk::Compressor<'static>> =
        RefCell::new(zstd::bulk::Compressor::new(3).expect("level 3 exists"));
    static DECOMPRESSOR: RefCell<zstd::bulk::Decompressor<'static>> =
        RefCell::new(zstd::bulk::Decompressor::new().expect("a context without dictionary can be made"));
}

/// Takes the header off sealed bytes and unpacks the body; returns it with its version.
pub fn unseal(bytes: &[u8], magic: [u8; 4], name: &'static str, newest: u16) -> Result<(u16, Vec<u8>), CodecError> {
    let mut reader = Reader::new(bytes);
    if reader.take(4)? != magic {
        return Err(CodecError::Magic { expected: name });
    }
    let version = u16::from_le_bytes(reader.array()?);
    if version == 0 || version > newest {
        return Err(CodecError::Version { found: version, newest });
    }
    let length = u64::from_le_bytes(reader.array()?);
    let packed = &bytes[reader.at..];
    if length > MAXIMUM_BODY.min(packed.len() as u64 * MAXIMUM_EXPANSION) {
        return Err(CodecError::Invalid { field: "body length" });
    }
    let body = DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(packed, length as usize));
    let body = body.map_err(|_| CodecError::Compression)?;
    if body.len() as u64 != length {
        return Err(CodecError::Compression);
    }
    Ok((version, body))
}

/// Takes values off the front of a byte slice, never reading past its end.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or(CodecError::Short { at: self.at, wanted: length })?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        Ok(self.take(N)?.try_into().expect("take returns as many bytes as asked"))
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> Result<u8, CodecError> {
        Ok(self.array::<1>()?[0])
    }

    /// Reads a truth value; anything but 0 and 1 is refused.
    pub fn flag(&mut self) -> Result<bool, CodecError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError::Invalid { field: "flag" }),
        }
    }

    /// Reads an unsigned LEB128 integer.
    pub fn unsigned(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError::Invalid { field: "integer" })
    }

    /// Reads a zigzag-coded signed integer.
    pub fn signed(&mut self) -> Result<i64, CodecError> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Reads a number of rows; refuses more than a summary can have.
    pub fn count(&mut self) -> Result<u64, CodecError> {
        let value = self.unsigned()?;
        if value > MAXIMUM_COUNT { Err(CodecError::Invalid { field: "count" }) } else { Ok(value) }
    }

    /// Reads a 128-bit sum over rows; refuses one that the rows of a summary cannot add up to.
    pub fn total(&mut self) -> Result<i128, CodecError> {
        let value = self.wide()?;
        if value.unsigned_abs() > MAXIMUM_TOTAL.unsigned_abs() {
            return Err(CodecError::Invalid { field: "total" });
        }
        Ok(value)
    }

    /// Reads a 128-bit signed integer.
    pub fn wide(&mut self) -> Result<i128, CodecError> {
        Ok(i128::from_le_bytes(self.array()?))
    }

    /// Reads a float by its bits.
    pub fn float(&mut self) -> Result<f64, CodecError> {
        Ok(f64::from_bits(u64::from_le_bytes(self.array()?)))
    }

    /// Reads a number of elements; refuses more than the bytes that are left could hold.
    pub fn length(&mut self) -> Result<usize, CodecError> {
        let value = self.unsigned()?;
        if value > (self.bytes.len() - self.at) as u64 {
            return Err(CodecError::Invalid { field: "length" });
        }
        Ok(value as usize)
    }

    /// Reads length-prefixed bytes.
    pub fn blob(&mut self) -> Result<&'a [u8], CodecError> {
        let length = self.length()?;
        self.take(length)
    }

    /// Reads a string.
    pub fn text(&mut self) -> Result<&'a str, CodecError> {
        std::str::from_utf8(self.blob()?).map_err(|_| CodecError::Invalid { field: "text" })
    }

    /// Reads a list of counts of different rows: together they are a count as well.
    pub fn counts(&mut self) -> Result<Vec<u64>, CodecError> {
        let length = self.length()?;
        self.counts_of(length)
    }

    /// Reads so many counts of different rows.
    pub fn counts_of(&mut self, length: usize) -> Result<Vec<u64>, CodecError> {
        let mut left = MAXIMUM_COUNT;
        let count = |_| {
            let value = self.unsigned()?;
            left = left.checked_sub(value).ok_or(CodecError::Invalid { field: "counts" })?;
            Ok(value)
        };
        (0..length).map(count).collect()
    }

    /// Checks that nothing is left.
    pub fn finish(&self) -> Result<(), CodecError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            count => Err(CodecError::Trailing { count }),
        }
    }
}

/// Maps a float to an unsigned integer that sorts the same way (negative zero must be folded before).
pub fn to_ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

/// Undoes [`to_ordered`].
pub fn from_ordered(ordered: u64) -> f64 {
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_survive_a_round_trip(unsigned: u64, signed: i64, wide: i128) {
            let mut writer = Writer::new();
            writer.unsigned(unsigned);
            writer.signed(signed);
            writer.wide(wide);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.unsigned(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.wide(), Ok(wide));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn ordered_bits_sort_like_the_floats(left in -1e300..1e300f64, right in -1e300..1e300f64) {
            prop_assert_eq!(to_ordered(left).cmp(&to_ordered(right)), left.total_cmp(&right));
            prop_assert_eq!(from_ordered(to_ordered(left)), left);
        }

        #[test]
        fn garbage_is_refused_not_trusted(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unseal(&bytes, *b"QVRP", "QVRP", 1);
            let mut reader = Reader::new(&bytes);
            let _ = reader.counts();
            let _ = reader.text();
        }
    }
    #[test]
    fn an_announced_body_that_the_bytes_cannot_unpack_to_takes_no_memory() {
        let announced = |length: u64, packed: &[u8]| [b"QVRP\x01\0", length.to_le_bytes().as_slice(), packed].concat();
        let refused = Err(CodecError::Invalid { field: "body length" });
        assert_eq!(unseal(&announced(1 << 31, &[0; 20]), *b"QVRP", "QVRP", 1), refused);
        // Nothing is packed as well as one byte that is repeated.
        let mut writer = Writer::new();
        (0..1 << 24).for_each(|_| writer.byte(0));
        let (_, body) = unseal(&writer.seal(*b"QVRP", 1), *b"QVRP", "QVRP", 1).unwrap();
        assert_eq!(body.len(), 1 << 24);
    }

    #[test]
    fn counts_and_totals_that_a_merge_could_overflow_are_refused() {
        let mut writer = Writer::new();
        writer.unsigned(MAXIMUM_COUNT);
        writer.unsigned(MAXIMUM_COUNT + 1);
        writer.counts(&[MAXIMUM_COUNT - 1, 1]);
        writer.wide(-MAXIMUM_TOTAL);
        writer.wide(i128::MIN);
        writer.counts(&[MAXIMUM_COUNT, 1]);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        let refused = |field| Err(CodecError::Invalid { field });
        assert_eq!(reader.count(), Ok(MAXIMUM_COUNT));
        assert_eq!(reader.count(), refused("count"));
        assert_eq!(reader.counts(), Ok(vec![MAXIMUM_COUNT - 1, 1]));
        assert_eq!(reader.total(), Ok(-MAXIMUM_TOTAL));
        assert_eq!(reader.total(), Err(CodecError::Invalid { field: "total" }));
        assert_eq!(reader.counts(), Err(CodecError::Invalid { field: "counts" }));
    }
}
