//! Reads strings out of any Arrow layout, counting equal ones of a batch once; keeps nothing between batches.

use arrow::array::{Array, ArrayAccessor, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use crate::hash::ValueHash;

/// A string of a batch.
pub(super) struct Tallied<'a> {
    /// The string.
    pub text: &'a str,
    /// The lower half of its hash.
    pub hash: u64,
    /// Its coupon for the distinct counter.
    pub coupon: u32,
    /// How many rows of the batch hold it.
    pub count: u32,
}

impl<'a> Tallied<'a> {
    fn new(text: &'a str, hash: ValueHash, count: u32) -> Self {
        Self { text, hash: hash.low, coupon: hash.coupon(), count }
    }
}

/// The strings of a batch and how many rows have none.
pub(super) struct Tally<'a> {
    /// Strings in order of first occurrence; distinct unless `repeats`.
    pub texts: Vec<Tallied<'a>>,
    /// Whether the batch had so few equal strings that it was not worth looking for them.
    pub repeats: bool,
    /// Whether all strings are ASCII, so that their bytes are their characters; unknown counts as no.
    pub ascii: bool,
    /// Rows without a string.
    pub nulls: u64,
    /// For each row its position in `texts`, `u32::MAX` for none; empty unless asked for.
    pub rows: Vec<u32>,
}

/// After this many rows a tally decides whether the rest is worth looking for equal strings.
const TRIAL: usize = 1024;

/// Brings any accepted array into one that holds strings: numbers and truth values by their text.
pub(super) fn as_texts(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => array.clone(),
        DataType::Dictionary(_, value)
            if matches!(**value, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) =>
        {
            array.clone()
        }
        _ => cast(array, &DataType::Utf8).expect("accepted types have a text form"),
    }
}

/// Counts the strings of an array made by [`as_texts`].
pub(super) fn tally(array: &ArrayRef, wants_rows: bool) -> Tally<'_> {
    match array.data_type() {
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            Tally { ascii: array.is_ascii(), ..tally_plain(&array, wants_rows) }
        }
        DataType::LargeUtf8 => {
            let array = array.as_string::<i64>();
            Tally { ascii: array.is_ascii(), ..tally_plain(&array, wants_rows) }
        }
        DataType::Utf8View => tally_plain(&array.as_string_view(), wants_rows),
        _ => tally_dictionary(array, wants_rows),
    }
}

fn tally_plain<'a, A: ArrayAccessor<Item = &'a str>>(array: &A, wants_rows: bool) -> Tally<'a> {
    let length = array.len();
    let texts = Vec::with_capacity(length.min(2 * TRIAL));
    let mut tally = Tally { texts, repeats: false, ascii: false, nulls: 0, rows: Vec::new() };
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
        if row == TRIAL && tally.texts.len() > TRIAL - TRIAL / 16 {
            tally.repeats = true;
        }
        let text = array.value(row);
        let hash = ValueHash::of_text(text);
        let position = if tally.repeats { None } else { find_or_claim(&mut slots, &tally.texts, hash.low, text) };
        if let Some(position) = position {
            tally.texts[position].count += 1;
        } else {
            tally.texts.push(Tallied::new(text, hash, 1));
        }
        if wants_rows {
            tally.rows.push(position.unwrap_or(tally.texts.len() - 1) as u32);
        }
    }
    tally
}

/// Finds a text's position, or claims a slot for the next position and returns nothing.
#[inline(always)]
fn find_or_claim(slots: &mut [u32], texts: &[Tallied<'_>], hash: u64, text: &str) -> Option<usize> {
    let mask = slots.len() - 1;
    let mut slot = hash as usize & mask;
    while let Some(position) = (slots[slot] as usize).checked_sub(1) {
        let known = &texts[position];
        if known.hash == hash && known.text == text {
            return Some(position);
        }
        slot = (slot + 1) & mask;
    }
    slots[slot] = texts.len() as u32 + 1;
    None
}

fn tally_dictionary(array: &ArrayRef, wants_rows: bool) -> Tally<'_> {
    let dictionary = array.as_any_dictionary();
    let values = dictionary.values();
    if values.is_empty() {
        let rows = if wants_rows { vec![u32::MAX; array.len()] } else { Vec::new() };
        return Tally { texts: Vec::new(), repeats: false, ascii: true, nulls: array.len() as u64, rows };
    }
    let keys = dictionary.normalized_keys();
    let mut counts = vec![0u32; values.len()];
    let mut tally = Tally { texts: Vec::new(), repeats: false, ascii: false, nulls: 0, rows: Vec::new() };
    let key_nulls = dictionary.keys().nulls().filter(|nulls| nulls.null_count() > 0);
    match key_nulls {
        None => keys.iter().for_each(|&key| counts[key] += 1),
        Some(nulls) => {
            for (row, &key) in keys.iter().enumerate() {
                counts[key] += u32::from(nulls.is_valid(row));
            }
            tally.nulls = nulls.null_count() as u64;
        }
    }
    let mut positions = vec![u32::MAX; values.len()];
    for (key, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        match text_at(values, key) {
            Some(text) => {
                positions[key] = tally.texts.len() as u32;
                tally.texts.push(Tallied::new(text, ValueHash::of_text(text), count));
            }
            None => tally.nulls += u64::from(count),
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
            tally.texts.iter().for_each(|text| visit(Some(text.text), u64::from(text.count)));
            visit(None, tally.nulls);
        }
    }
}

/// The number of characters (Unicode scalar values).
pub(super) fn characters(text: &str) -> u64 {
    if text.is_ascii() { text.len() as u64 } else { text.chars().count() as u64 }
}

/// Maps every row's string by `map`, calling it once for each distinct string; null rows map to nothing.
pub fn tally_rows<T: Copy>(array: &ArrayRef, map: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
    let array = as_texts(array);
    let tally = tally(&array, true);
    let mapped: Vec<Option<T>> = tally.texts.iter().map(|tallied| map(tallied.text)).collect();
    tally.rows.iter().map(|&row| mapped.get(row as usize).copied().flatten()).collect()
}
