//! Casts a table's column to the type an event needs, and tells which values did not fit; judges no values.

use super::cell::{is_null_word, parse_local_time};
use super::feature_plan::reason::{TYPE, ZONE};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Float64Array, ListArray, PrimitiveArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use quiver_event::batch::vector_type;
use quiver_event::spec::FeatureType;
use quiver_event::time::{TimeError, Timestamp};
use std::sync::Arc;

/// A column in its new type, and for each row that did not fit, which one and why.
pub(crate) struct Cast<T> {
    pub(crate) array: T,
    pub(crate) invalid: Vec<(u32, &'static str)>,
}

pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Whether some value of the Arrow type can be a value of the feature type, so that a mapping makes sense.
pub(crate) fn can_hold(kind: &DataType, feature: FeatureType) -> bool {
    let simple = kind.is_numeric() || matches!(kind, DataType::Boolean);
    let time = matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
    let list = matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..));
    match feature {
        FeatureType::Number | FeatureType::Boolean => simple || is_text(kind) || *kind == DataType::Null,
        FeatureType::Category | FeatureType::Text => simple || time || is_text(kind) || *kind == DataType::Null,
        FeatureType::Timestamp => time || is_text(kind) || *kind == DataType::Null,
        FeatureType::Embedding => list || is_text(kind) || *kind == DataType::Null,
    }
}

fn cast(array: &dyn Array, to: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: true, ..CastOptions::default() })
}

/// Rows that had a value and have none now.
fn lost(before: &dyn Array, after: &dyn Array) -> Vec<(u32, &'static str)> {
    if after.null_count() == before.logical_null_count() {
        return Vec::new();
    }
    let before = before.logical_nulls();
    let was_null = |row: usize| before.as_ref().is_some_and(|nulls| nulls.is_null(row));
    (0..after.len()).filter(|row| after.is_null(*row) && !was_null(*row)).map(|row| (row as u32, TYPE)).collect()
}

/// Parses each text; `parse` gives no value with no reason where the text stands for none.
fn parse_texts<P: ArrowPrimitiveType>(
    texts: &StringArray,
    parse: impl Fn(&str) -> Result<Option<P::Native>, &'static str>,
) -> Cast<PrimitiveArray<P>> {
    let mut invalid = Vec::new();
    let array = texts
        .iter()
        .enumerate()
        .map(|(row, text)| {
            text.and_then(|text| {
                parse(text).unwrap_or_else(|reason| {
                    invalid.push((row as u32, reason));
                    None
                })
            })
        })
        .collect();
    Cast { array, invalid }
}

/// The column as texts; whole floats lose their `.0`, because a column of whole numbers with gaps becomes floats in
/// pandas and its categories are still `1`, `2`, `3`.
pub(crate) fn to_text(array: &dyn Array) -> Result<Cast<StringArray>, ArrowError> {
    let array: StringArray = match array.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let numbers = cast(array, &DataType::Float64)?;
            let written = numbers.as_primitive::<Float64Type>().iter();
            written.map(|number| number.filter(|number| !number.is_nan()).map(write_number)).collect()
        }
        _ => cast(array, &DataType::Utf8)?.as_string::<i32>().clone(),
    };
    Ok(Cast { array, invalid: Vec::new() })
}

pub(crate) fn write_number(number: f64) -> String {
    match number.fract() == 0.0 && number.abs() < 1e15 {
        true => format!("{}", number as i64),
        false => number.to_string(),
    }
}

pub(crate) fn to_number(array: &dyn Array) -> Result<Cast<Float64Array>, ArrowError> {
    if is_text(array.data_type()) {
        let texts = cast(array, &DataType::Utf8)?;
        return Ok(parse_texts(texts.as_string(), |text| match text.trim() {
            text if is_null_word(text) => Ok(None),
            text => text.parse().map(Some).map_err(|_| TYPE),
        }));
    }
    let numbers = cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
    let invalid = lost(array, &numbers);
    Ok(Cast { array: numbers, invalid })
}

pub(crate) fn boolean_of_word(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "1.0" => Some(true),
        "false" | "f" | "no" | "n" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

pub(crate) fn to_boolean(array: &dyn Array) -> Result<Cast<BooleanArray>, ArrowError> {
    if *array.data_type() == DataType::Boolean {
        return Ok(Cast { array: array.as_boolean().clone(), invalid: Vec::new() });
    }
    let texts = to_text(array)?.array;
    let mut invalid = Vec::new();
    let array = texts
        .iter()
        .enumerate()
        .map(|(row, text)| {
            let text = text.filter(|text| !is_null_word(text))?;
            let truth = boolean_of_word(text);
            if truth.is_none() {
                invalid.push((row as u32, TYPE));
            }
            truth
        })
        .collect();
    Ok(Cast { array, invalid })
}

/// The column as instants; times without a zone are taken in `zone`, and refused where there is none.
pub(crate) fn to_instant(
    array: &dyn Array,
    zone: Option<&jiff::tz::TimeZone>,
) -> Result<Cast<TimestampMicrosecondArray>, ArrowError> {
    if is_text(array.data_type()) {
        let texts = cast(array, &DataType::Utf8)?;
        let cast =
            parse_texts::<TimestampMicrosecondType>(texts.as_string(), |text| match Timestamp::parse(text.trim()) {
                Ok(instant) => Ok(Some(instant.0)),
                Err(_) if is_null_word(text) => Ok(None),
                Err(TimeError::NoZone(_)) => match zone {
                    None => Err(ZONE),
                    Some(zone) => {
                        let local = parse_local_time(text).ok_or(TYPE)?;
                        local_to_instant(local, zone).map(Some).ok_or(TYPE)
                    }
                },
                Err(_) => Err(TYPE),
            });
        return Ok(Cast { array: cast.array.with_timezone("UTC"), invalid: cast.invalid });
    }
    let local = has_no_zone(array.data_type());
    let kind = DataType::Timestamp(TimeUnit::Microsecond, (!local).then(|| "UTC".into()));
    let instants = cast(array, &kind)?.as_primitive::<TimestampMicrosecondType>().clone();
    let mut invalid = lost(array, &instants);
    if !local {
        return Ok(Cast { array: instants, invalid });
    }
    let zoned: TimestampMicrosecondArray = instants
        .iter()
        .enumerate()
        .map(|(row, local)| {
            let instant = zone.and_then(|zone| local_to_instant(local?, zone));
            if local.is_some() && instant.is_none() {
                invalid.push((row as u32, ZONE));
            }
            instant
        })
        .collect();
    Ok(Cast { array: zoned.with_timezone("UTC"), invalid })
}

/// Whether values of the type name no instant, only a date or a clock's reading.
pub(crate) fn has_no_zone(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64)
}

/// A local time, as microseconds as if it were UTC, in `zone`; a time that the clock skips or repeats is the later or
/// the earlier one, as RFC 5545 has it.
fn local_to_instant(local: i64, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let civil = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_microsecond(local).ok()?);
    Some(zone.to_timestamp(civil).ok()?.as_microsecond())
}

/// The column as vectors: lists of numbers, or texts that hold one as JSON.
pub(crate) fn to_vector(array: &dyn Array) -> Result<Cast<ListArray>, ArrowError> {
    if !is_text(array.data_type()) {
        let vectors = cast(array, &vector_type())?;
        let invalid = lost(array, &vectors);
        return Ok(Cast { array: vectors.as_list().clone(), invalid });
    }
    let texts = cast(array, &DataType::Utf8)?;
    let mut invalid = Vec::new();
    let vectors: Vec<Option<Vec<Option<f32>>>> = texts
        .as_string::<i32>()
        .iter()
        .enumerate()
        .map(|(row, text)| {
            let text = text.filter(|text| !is_null_word(text))?;
            let vector = serde_json::from_str::<Vec<f32>>(text).ok();
            if vector.is_none() {
                invalid.push((row as u32, TYPE));
            }
            Some(vector?.into_iter().map(Some).collect())
        })
        .collect();
    Ok(Cast { array: vectors_of(vectors)?, invalid })
}

/// A vector column with the field name of the event schema.
pub(crate) fn vectors_of(vectors: Vec<Option<Vec<Option<f32>>>>) -> Result<ListArray, ArrowError> {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(vectors));
    Ok(cast(&list, &vector_type())?.as_list().clone())
}
