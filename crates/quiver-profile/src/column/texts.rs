//! Reads strings out of any Arrow layout, counting equal ones of a batch once; keeps nothing between batches.

use arrow::array::{Array, ArrayAccessor, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use crate::hash::ValueHash;

/// A distinct string of a batch.
pub(super) struct Tallied<'a> {
    /// The string.
    pub text: &'a str,
    /// Its hash.
    pub hash: ValueHash,
    /// How many rows of the batch hold it.
    pub count: u64,
}

/// The distinct strings of a batch and how many rows have none.
pub(super) struct Tally<'a> {
    /// Distinct strings in order of first occurrence.
    pub texts: Vec<Tallied<'a>>,
    /// Rows without a string.
    pub nulls: u64,
    /// For each row its position in `texts`, `u32::MAX` for none; empty unless asked for.
    pub rows: Vec<u32>,
}

/// Brings any accepted array into one that holds strings: numbers and truth values by their text.
pub(super) fn as_texts(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => array.clone(),
        DataType::Dictionary(_, value) if matches!(**value, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
            array.clone()
        }
        _ => cast(array, &DataType::Utf8).expect("accepted types have a text form"),
    }
}

/// Counts the distinct strings of an array made by [`as_texts`].
pub(super) fn tally(array: &ArrayRef, wants_rows: bool) -> Tally<'_> {
    match array.data_type() {
        DataType::Utf8 => tally_plain(array.as_string::<i32>(), wants_rows),
        DataType::LargeUtf8 => tally_plain(array.as_string::<i64>(), wants_rows),
        DataType::Utf8View => tally_plain(array.as_string_view(), wants_rows),
        _ => tally_dictionary(array, wants_rows),
    }
}

fn tally_plain<'a, A: ArrayAccessor<Item = &'a str>>(array: A, wants_rows: bool) -> Tally<'a> {
    let length = array.len();
    let mut tally = Tally { texts: Vec::new(), nulls: 0, rows: Vec::new() };
    // Open addressing over positions plus one; never more than half full.
    let mask = (2 * length).next_power_of_two().max(2) - 1;
    let mut slots = vec![0u32; mask + 1];
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    for row in 0..length {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            tally.nulls += 1;
            if wants_rows {
                tally.rows.push(u32::MAX);
            }
            continue;
        }
        let text = array.value(row);
        let hash = ValueHash::of_text(text);
        let mut slot = hash.low as usize & mask;
        let position = loop {
            match (slots[slot] as usize).checked_sub(1) {
                None => {
                    tally.texts.push(Tallied { text, hash, count: 1 });
                    slots[slot] = tally.texts.len() as u32;
                    break tally.texts.len() - 1;
                }
                Some(position) => {
                    let known = &mut tally.texts[position];
                    if known.hash.low == hash.low && known.text == text {
                        known.count += 1;
                        break position;
                    }
                    slot = (slot + 1) & mask;
                }
            }
        };
        if wants_rows {
            tally.rows.push(position as u32);
        }
    }
    tally
}

fn tally_dictionary(array: &ArrayRef, wants_rows: bool) -> Tally<'_> {
    let dictionary = array.as_any_dictionary();
    let keys = dictionary.normalized_keys();
    let values = dictionary.values();
    let mut counts = vec![0u64; values.len()];
    let mut tally = Tally { texts: Vec::new(), nulls: 0, rows: Vec::new() };
    let key_nulls = dictionary.keys().nulls().filter(|nulls| nulls.null_count() > 0);
    match key_nulls {
        None => keys.iter().for_each(|&key| counts[key] += 1),
        Some(nulls) => {
            for (row, &key) in keys.iter().enumerate() {
                counts[key] += u64::from(nulls.is_valid(row));
            }
            tally.nulls = nulls.null_count() as u64;
        }
    }
    let mut positions = vec![u32::MAX; values.len()];
    for (key, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        match text_at(values, key) {
            Some(text) => {
                positions[key] = tally.texts.len() as u32;
                tally.texts.push(Tallied { text, hash: ValueHash::of_text(text), count });
            }
            None => tally.nulls += count,
        }
    }
    if wants_rows {
        let valid = |row| key_nulls.is_none_or(|nulls| nulls.is_valid(row));
        let position = |(row, &key): (usize, &usize)| if valid(row) { positions[key] } else { u32::MAX };
        tally.rows = keys.iter().enumerate().map(position).collect();
    }
    tally
}

fn text_at(values: &ArrayRef, index: usize) -> Option<&str> {
    if values.is_null(index) {
        return None;
    }
    Some(match values.data_type() {
        DataType::LargeUtf8 => values.as_string::<i64>().value(index),
        DataType::Utf8View => values.as_string_view().value(index),
        _ => values.as_string::<i32>().value(index),
    })
}

/// Calls `visit` with every string and how many rows it stands for; null rows come as nothing.
pub(super) fn for_each(array: &ArrayRef, mut visit: impl FnMut(Option<&str>, u64)) {
    let array = as_texts(array);
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|text| visit(text, 1)),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(|text| visit(text, 1)),
        DataType::Utf8View => array.as_string_view().iter().for_each(|text| visit(text, 1)),
        _ => {
            let tally = tally_dictionary(&array, false);
            tally.texts.iter().for_each(|text| visit(Some(text.text), text.count));
            visit(None, tally.nulls);
        }
    }
}

/// The number of characters (Unicode scalar values).
pub(super) fn characters(text: &str) -> u64 {
    if text.is_ascii() { text.len() as u64 } else { text.chars().count() as u64 }
}
