//! The cells of text tables (CSV, rows of NDJSON): their types, inferred and then kept to, and their Arrow columns.

use super::rejected::reason;
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, TimeUnit};
use quiver_event::batch::instant_type;
use quiver_event::time::{TimeError, Timestamp};
use std::sync::Arc;

/// The type of a column of a text table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellType {
    /// 64-bit floats, whole or not: a column whose first rows are whole may hold fractions later.
    Number,
    /// Whole numbers, some of them beyond what a float holds exactly.
    Integer,
    /// `true` and `false`.
    Boolean,
    /// Instants with a zone.
    Time,
    /// Dates, and times without a zone.
    LocalTime,
    /// Anything else.
    Text,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Number(f64),
    Integer(i64),
    Boolean(bool),
    Time(i64),
    Text(&'a str),
}

/// The largest whole number up to which every whole number is a float.
const LARGEST_EXACT: i64 = 1 << 53;

/// Words that stand for no value in columns of numbers, times and truth values. In text they are left alone: `NA` is
/// Namibia too.
pub(crate) fn is_null_word(text: &str) -> bool {
    matches!(text, "" | "NA" | "N/A" | "NULL" | "null" | "None" | "\\N" | "-")
}

/// A number as people and programs write it; a plus sign or a leading zero makes it a code, not a number.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "True" | "TRUE" | "t" => Some(true),
        "false" | "False" | "FALSE" | "f" => Some(false),
        _ => None,
    }
}

/// Microseconds since 1970 of a date or time without zone, as if it were UTC.
pub(crate) fn parse_local_time(text: &str) -> Option<i64> {
    let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

fn looks_like_code(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text.starts_with('+')
        || (digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit()))
        || digits.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

/// What the values of one column have been so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypeEvidence {
    values: u64,
    numbers: u64,
    large_integers: u64,
    fractions: u64,
    booleans: u64,
    times: u64,
    local_times: u64,
}

impl TypeEvidence {
    /// Takes note of a text; `typed` is whether the format itself tells numbers and truth values from text.
    pub(crate) fn add_text(&mut self, text: &str, typed: bool) {
        if (!typed && is_null_word(text)) || text.is_empty() {
            return;
        }
        self.values += 1;
        let special = matches!(text, "NaN" | "nan" | "inf" | "-inf" | "Infinity" | "-Infinity");
        if !typed && (special || !looks_like_code(text)) && parse_number(text).is_some() {
            self.add_number(text);
        } else if !typed && parse_boolean(text).is_some() {
            self.booleans += 1;
        } else if text.len() >= 8 && text.as_bytes()[0].is_ascii_digit() && text.len() <= 40 {
            match Timestamp::parse(text) {
                Ok(_) => self.times += 1,
                Err(TimeError::NoZone(_)) => self.local_times += 1,
                Err(_) => {}
            }
        }
    }

    fn add_number(&mut self, text: &str) {
        self.numbers += 1;
        match text.trim().parse::<i64>() {
            Ok(whole) if whole.abs() > LARGEST_EXACT => self.large_integers += 1,
            Ok(_) => {}
            Err(_) => self.fractions += 1,
        }
    }

    /// Takes note of a JSON value.
    pub(crate) fn add_json(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::Bool(_) => {
                self.values += 1;
                self.booleans += 1;
            }
            serde_json::Value::Number(number) => {
                self.values += 1;
                self.add_number(&number.to_string());
            }
            serde_json::Value::String(text) => self.add_text(text, true),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => self.values += 1,
        }
    }

    /// The type that holds all values seen; a column without values is text, which holds anything.
    pub(crate) fn decide(&self) -> CellType {
        match self.values {
            0 => CellType::Text,
            all if all == self.numbers && self.large_integers > 0 && self.fractions == 0 => CellType::Integer,
            all if all == self.numbers => CellType::Number,
            all if all == self.booleans => CellType::Boolean,
            all if all == self.times => CellType::Time,
            all if all == self.local_times => CellType::LocalTime,
            _ => CellType::Text,
        }
    }
}

impl CellType {
    /// The Arrow type.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Number => DataType::Float64,
            Self::Integer => DataType::Int64,
            Self::Boolean => DataType::Boolean,
            Self::Time => instant_type(),
            Self::LocalTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Text => DataType::Utf8,
        }
    }

    /// The text as a cell of this type, or the reason why it is none.
    pub(crate) fn parse(self, text: &str) -> Result<Cell<'_>, &'static str> {
        match self {
            Self::Text if text.is_empty() || text == "\\N" => Ok(Cell::Null),
            Self::Text => Ok(Cell::Text(text)),
            _ if is_null_word(text) => Ok(Cell::Null),
            Self::Number => parse_number(text).map(Cell::Number).ok_or(reason::NOT_A_NUMBER),
            Self::Integer => text.trim().parse().map(Cell::Integer).map_err(|_| reason::NOT_A_NUMBER),
            Self::Boolean => parse_boolean(text).map(Cell::Boolean).ok_or(reason::NOT_A_BOOLEAN),
            Self::Time => match Timestamp::parse(text.trim()) {
                Ok(instant) => Ok(Cell::Time(instant.0)),
                Err(TimeError::NoZone(_)) => Err(reason::NO_ZONE),
                Err(_) => Err(reason::NOT_A_TIME),
            },
            Self::LocalTime => parse_local_time(text).map(Cell::Time).ok_or(reason::NOT_A_TIME),
        }
    }
}

/// Builds one Arrow column from cells.
#[derive(Debug)]
pub(crate) enum CellColumn {
    Number(Float64Builder),
    Integer(Int64Builder),
    Boolean(BooleanBuilder),
    Time(TimestampMicrosecondBuilder, CellType),
    Text(StringBuilder),
}

impl CellColumn {
    pub(crate) fn new(kind: CellType) -> Self {
        // No capacity in advance: a table may have 10,000 columns.
        match kind {
            CellType::Number => Self::Number(Float64Builder::with_capacity(0)),
            CellType::Integer => Self::Integer(Int64Builder::with_capacity(0)),
            CellType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(0)),
            CellType::Time | CellType::LocalTime => Self::Time(TimestampMicrosecondBuilder::with_capacity(0), kind),
            CellType::Text => Self::Text(StringBuilder::with_capacity(0, 0)),
        }
    }

    /// Adds a cell of the column's type; any other becomes null.
    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        match self {
            Self::Number(builder) => {
                builder.append_option(if let Cell::Number(value) = cell { Some(value) } else { None });
            }
            Self::Integer(builder) => {
                builder.append_option(if let Cell::Integer(value) = cell { Some(value) } else { None });
            }
            Self::Boolean(builder) => {
                builder.append_option(if let Cell::Boolean(value) = cell { Some(value) } else { None });
            }
            Self::Time(builder, _) => {
                builder.append_option(if let Cell::Time(value) = cell { Some(value) } else { None });
            }
            Self::Text(builder) => builder.append_option(if let Cell::Text(value) = cell { Some(value) } else { None }),
        }
    }

    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Time(builder, CellType::Time) => Arc::new(builder.finish().with_timezone("UTC")),
            Self::Time(builder, _) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: CellType) {
        let mut evidence = TypeEvidence::default();
        values.iter().for_each(|value| evidence.add_text(value, false));
        assert_eq!(evidence.decide(), expected, "{values:?}");
    }

    #[test]
    fn types_are_those_that_hold_every_value() {
        check(&["1", "2.5", "", "NA", "NaN"], CellType::Number);
        check(&["9007199254740993", "1"], CellType::Integer);
        check(&["true", "False"], CellType::Boolean);
        check(&["2013-07-01T14:03:11Z", "2013-07-01 14:03:11+02:00"], CellType::Time);
        check(&["2013-07-01", "2013-07-01T14:03:11"], CellType::LocalTime);
        check(&["2013-07-01T14:03:11Z", "2013-07-01"], CellType::Text);
        check(&["", "NA"], CellType::Text);
    }

    #[test]
    fn codes_with_leading_zeros_or_plus_signs_are_no_numbers() {
        check(&["007", "012"], CellType::Text);
        check(&["+14155550123"], CellType::Text);
        check(&["0", "0.5", "-0.5"], CellType::Number);
    }
}
