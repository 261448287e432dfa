//! Durations, sizes, shares and prices as people write them, and as numbers.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// Why a text is not the quantity it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a duration.
    #[error("`{0}` is not a duration: write a number and a unit, such as 150ms, 90m, 3h, 7d or 2y")]
    Duration(String),
    /// Not a size.
    #[error("`{0}` is not a size: write a number and a unit, such as 64MiB, 1GB or 512B")]
    Bytes(String),
    /// Not a share.
    #[error("`{0}` is not a share: write a percentage such as 0.1%, or a number from 0 to 1")]
    Share(String),
    /// Not a price.
    #[error("`{0}` is not a price: write an amount, a currency and what it is for, such as 0.40 USD per 1k")]
    Price(String),
}

/// A length of time in microseconds, written `150ms`, `90m`, `3h`, `7d` or `2y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    microseconds: i64,
}

const DURATION_UNITS: [(&str, i64); 8] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
    ("w", 604_800_000_000),
    // A year of retention is a legal promise, so it is the longer one: 366 days.
    ("y", 366 * 86_400_000_000),
];

impl Duration {
    /// A duration of whole microseconds.
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self { microseconds }
    }

    /// The length in microseconds.
    pub const fn microseconds(self) -> i64 {
        self.microseconds
    }

    /// The length in seconds.
    pub fn seconds(self) -> f64 {
        self.microseconds as f64 / 1e6
    }

    /// The length in milliseconds.
    pub fn milliseconds(self) -> f64 {
        self.microseconds as f64 / 1e3
    }

    /// The same length as timers take it.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(if self.microseconds < 0 { 0 } else { self.microseconds.unsigned_abs() })
    }

    /// Parses a number and a unit.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Duration(text.to_owned());
        let unit_at = text.find(|letter: char| letter.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let amount: f64 = number.trim().parse().map_err(|_| wrong())?;
        let (_, scale) = DURATION_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let microseconds = amount * *scale as f64;
        if !(0.0..=9e17).contains(&microseconds) {
            return Err(wrong());
        }
        Ok(Self { microseconds: microseconds.round() as i64 })
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (unit, scale) = DURATION_UNITS
            .iter()
            .rev()
            .find(|(_, scale)| self.microseconds >= *scale && self.microseconds % scale == 0)
            .unwrap_or(&DURATION_UNITS[0]);
        write!(formatter, "{}{unit}", self.microseconds / scale)
    }
}

/// A size in bytes, written `512B`, `64MiB` or `1GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes {
    bytes: u64,
}

/// Those of disks and networks count in thousands, those of memory in 1024: both by their standard names (IEC 80000-13).
const BYTES_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
];

impl Bytes {
    /// A size of whole bytes.
    pub const fn new(bytes: u64) -> Self {
        Self { bytes }
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.bytes
    }

    /// The size as the length of something in memory, as large as that may be here.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Parses a number and a unit.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Bytes(text.to_owned());
        let unit_at = text.find(|letter: char| letter.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let amount: f64 = number.trim().parse().map_err(|_| wrong())?;
        // `KB` has no other meaning than `kB`.
        let unit = if unit == "KB" { "kB" } else { unit };
        let (_, scale) = BYTES_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let bytes = amount * *scale as f64;
        // Up to here every whole number of bytes is a number of its own.
        if !(0.0..=9e15).contains(&bytes) {
            return Err(wrong());
        }
        Ok(Self { bytes: bytes.round() as u64 })
    }
}

impl std::fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (unit, scale) = BYTES_UNITS
            .iter()
            .rev()
            .find(|(_, scale)| self.bytes >= *scale && self.bytes.is_multiple_of(*scale))
            .unwrap_or(&BYTES_UNITS[0]);
        write!(formatter, "{}{unit}", self.bytes / scale)
    }
}

/// A share of a whole, 0 to 1, written `0.1%` or `0.001`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// A share from a number, which must lie from 0 to 1.
    pub fn new(value: f64) -> Result<Self, UnitError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(UnitError::Share(value.to_string())) }
    }

    /// The share as a number from 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Parses a percentage or a plain number.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Share(text.to_owned());
        let value = match text.trim().strip_suffix('%') {
            // Moved in the text: a division would make another number of 0.7% than of 0.007.
            Some(percent) => format!("{}e-2", percent.trim()).parse::<f64>().map_err(|_| wrong())?,
            None => text.trim().parse::<f64>().map_err(|_| wrong())?,
        };
        Self::new(value).map_err(|_| wrong())
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Twelve significant digits hide the binary noise of a division by 100.
        let percent = (self.0 * 100.0 * 1e10).round() / 1e10;
        let text = format!("{percent}%");
        // One with more digits is written as the number it is: what is written reads as the same share.
        if Self::parse(&text) == Ok(*self) { formatter.write_str(&text) } else { write!(formatter, "{}", self.0) }
    }
}

/// An amount of money for a number of something, written `0.40 USD per 1k`.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// The amount in the currency's main unit.
    pub amount: f64,
    /// The ISO 4217 code.
    pub currency: String,
    /// What the amount pays for, such as `1k` or `1M calls`.
    pub per: String,
}

impl Price {
    /// Parses an amount, a currency and what it is for.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Price(text.to_owned());
        let (money, per) = text.split_once(" per ").ok_or_else(wrong)?;
        let (amount, currency) = money.trim().split_once(' ').ok_or_else(wrong)?;
        let amount: f64 = amount.parse().map_err(|_| wrong())?;
        let named = currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_uppercase());
        if !named || !amount.is_finite() || amount < 0.0 || per.trim().is_empty() {
            return Err(wrong());
        }
        Ok(Self { amount, currency: currency.to_owned(), per: per.trim().to_owned() })
    }
}

impl std::fmt::Display for Price {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} per {}", self.amount, self.currency, self.per)
    }
}

/// Reads and writes a quantity as the text people write, and tells the schema what is expected.
macro_rules! written_as_text {
    ($type:ident, $expected:literal, $schema:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema: Schema = $schema;
                schema.insert("x-expected".to_owned(), $expected.into());
                schema
            }
        }
    };
}

written_as_text!(
    Duration,
    "a duration such as 150ms, 90m, 3h, 7d or 2y",
    json_schema!({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(us|ms|s|m|h|d|w|y)$"})
);
written_as_text!(
    Bytes,
    "a size such as 64MiB, 1GB or 512B",
    json_schema!({"type": "string", "pattern": r"^\d+(\.\d+)?\s*([kK]B|KiB|[MGT]i?B|B)$"})
);
written_as_text!(
    Share,
    "a share such as 0.1%, or a number from 0 to 1",
    json_schema!({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s*%?$", "minimum": 0, "maximum": 1})
);
written_as_text!(
    Price,
    "a price such as 0.40 USD per 1k",
    json_schema!({"type": "string", "pattern": r"^\d+(\.\d+)? [A-Z]{3} per .+$"})
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_written_and_print_in_their_largest_whole_unit() {
        for (text, microseconds, shown) in [
            ("150ms", 150_000, "150ms"),
            ("90m", 5_400_000_000, "90m"),
            ("1.5h", 5_400_000_000, "90m"),
            ("7d", 604_800_000_000, "1w"),
        ] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!(duration.microseconds(), microseconds);
            assert_eq!(duration.to_string(), shown);
        }
        for wrong in ["", "5", "h", "5 parsecs", "-3h", "1e300y"] {
            assert!(Duration::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_read_as_written_and_print_in_their_largest_whole_unit() {
        for (text, bytes, shown) in [
            ("512B", 512, "512B"),
            ("64MiB", 67_108_864, "64MiB"),
            ("1GB", 1_000_000_000, "1GB"),
            ("1.5 GiB", 1_610_612_736, "1536MiB"),
            ("1024kB", 1_024_000, "1000KiB"),
            ("20KB", 20_000, "20kB"),
            ("2TiB", 2_199_023_255_552, "2TiB"),
            ("0B", 0, "0B"),
        ] {
            let size = Bytes::parse(text).unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, shown), "{text}");
            assert_eq!(Bytes::parse(shown), Ok(size));
        }
        for wrong in ["", "64", "MiB", "64 mib", "64M", "64Mb", "-1B", "1e300B", "NaNB", "9000TB 1"] {
            assert!(Bytes::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_timer_takes_the_same_length() {
        assert_eq!(Duration::parse("1.5s").unwrap().to_std(), std::time::Duration::from_millis(1500));
        assert_eq!(Duration::from_microseconds(-1).to_std(), std::time::Duration::ZERO);
    }

    #[test]
    fn shares_are_percentages_or_numbers_up_to_one() {
        assert_eq!(Share::parse("0.1%").unwrap().value(), 0.001);
        assert_eq!(Share::parse("0.25").unwrap().to_string(), "25%");
        for (value, shown) in
            [(0.007, "0.7%"), (0.29, "29%"), (1e-14, "0.00000000000001"), (1.0 / 3.0, "0.3333333333333333")]
        {
            let share = Share::new(value).unwrap();
            assert_eq!((share.to_string().as_str(), Share::parse(shown)), (shown, Ok(share)));
        }
        assert!(Share::parse("101%").is_err());
        assert!(Share::parse("2").is_err());
    }

    #[test]
    fn a_price_has_amount_currency_and_purpose() {
        let price = Price::parse("0.2 USD per 1M calls").unwrap();
        assert_eq!((price.amount, price.currency.as_str(), price.per.as_str()), (0.2, "USD", "1M calls"));
        assert!(Price::parse("0.2 per call").is_err());
    }
}
