//! Which columns of an event hold texts, what each text is, and how the texts inside a map are rewritten.

use super::{RedactError, RedactionCounts};
use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringArray, StructArray};
use arrow::datatypes::DataType;
use quiver_event::batch::column;
use std::sync::Arc;

/// What a column is to the redaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextRole {
    /// It holds no text.
    None,
    /// It names the person or thing.
    Subject,
    /// Its values are looked up whole.
    Identifier,
    /// Any other text.
    Text,
    /// A map with texts as keys, and perhaps as values.
    TextMap,
    /// It holds texts in a shape that is not known here.
    Unsearchable,
}

/// The role of a column by its name and type; a text column that nobody thought of is searched like any other.
pub(super) fn role_of(name: &str, kind: &DataType) -> TextRole {
    match (name, kind) {
        (column::SUBJECT, _) => TextRole::Subject,
        (
            column::ID | column::DECISION_ID | column::TRACE_ID | column::PREDICTION_ID | column::ITEM | column::ENTITY,
            _,
        ) => TextRole::Identifier,
        (_, kind) if is_text(kind) => TextRole::Text,
        (_, DataType::Dictionary(_, values)) if is_text(values) => TextRole::Text,
        (_, DataType::Map(..)) => TextRole::TextMap,
        (_, kind) if holds_text(kind) => TextRole::Unsearchable,
        _ => TextRole::None,
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn holds_text(kind: &DataType) -> bool {
    match kind {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => true,
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            holds_text(field.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|field| holds_text(field.data_type())),
        DataType::Dictionary(_, values) => holds_text(values),
        other => is_text(other),
    }
}

/// What one entry of a map becomes: a new key where it changed, and a new value where it changed.
pub(super) type NewEntry = (Option<String>, Option<Option<String>>);

/// Rewrites the keys of a map, and its values where they are texts or hold texts one level down.
pub(super) fn map_texts(
    array: &ArrayRef,
    clean: &mut dyn FnMut(&str, Option<&str>, &mut RedactionCounts) -> NewEntry,
    counts: &mut RedactionCounts,
) -> Result<ArrayRef, RedactError> {
    let Some(map) = array.as_map_opt() else {
        return Err(RedactError::Unsearchable { column: "map".to_owned(), kind: array.data_type().clone() });
    };
    let unsearchable = || RedactError::Unsearchable { column: "map".to_owned(), kind: map.data_type().clone() };
    let keys = map.keys().as_string_opt::<i32>().ok_or_else(unsearchable)?;
    let texts = map.values().as_string_opt::<i32>();
    let mut new_keys: Vec<Option<String>> = vec![None; keys.len()];
    let mut new_texts: Vec<Option<Option<String>>> = vec![None; keys.len()];
    let mut changed = false;
    for entry in 0..keys.len() {
        let value = texts.filter(|texts| texts.is_valid(entry)).map(|texts| texts.value(entry));
        let (key, text) = clean(keys.value(entry), value, counts);
        changed |= key.is_some() || text.is_some();
        (new_keys[entry], new_texts[entry]) = (key, text);
    }
    let values = match (texts, map.values().data_type()) {
        (Some(texts), _) => {
            let old = |entry: usize| texts.is_valid(entry).then(|| texts.value(entry).to_owned());
            let new = new_texts.into_iter().enumerate().map(|(entry, new)| new.unwrap_or_else(|| old(entry)));
            Arc::new(new.collect::<StringArray>()) as ArrayRef
        }
        (None, DataType::Struct(_)) => {
            let (values, any) = struct_texts(map.values().as_struct(), clean, counts)?;
            changed |= any;
            values
        }
        (None, kind) if holds_text(kind) => return Err(unsearchable()),
        _ => Arc::clone(map.values()),
    };
    if !changed {
        return Ok(Arc::clone(array));
    }
    let new_keys = new_keys.into_iter().enumerate();
    let keys = new_keys.map(|(entry, new)| new.unwrap_or_else(|| keys.value(entry).to_owned()));
    let keys = Arc::new(StringArray::from_iter_values(keys)) as ArrayRef;
    let entries = StructArray::try_new(map.entries().fields().clone(), vec![keys, values], None)?;
    let DataType::Map(field, ordered) = map.data_type() else { return Err(unsearchable()) };
    let rewritten =
        MapArray::try_new(Arc::clone(field), map.offsets().clone(), entries, map.nulls().cloned(), *ordered)?;
    Ok(Arc::new(rewritten))
}

/// Rewrites the text fields of a map's struct values; they are names, never the value of a feature.
fn struct_texts(
    values: &StructArray,
    clean: &mut dyn FnMut(&str, Option<&str>, &mut RedactionCounts) -> NewEntry,
    counts: &mut RedactionCounts,
) -> Result<(ArrayRef, bool), RedactError> {
    let mut columns = values.columns().to_vec();
    let mut changed = false;
    for column in &mut columns {
        let Some(texts) = column.as_string_opt::<i32>() else {
            if holds_text(column.data_type()) {
                return Err(RedactError::Unsearchable { column: "map".to_owned(), kind: column.data_type().clone() });
            }
            continue;
        };
        let new: Vec<Option<String>> =
            texts.iter().map(|text| text.and_then(|text| clean(text, None, counts).0)).collect();
        if new.iter().any(Option::is_some) {
            changed = true;
            let old = |row: usize| texts.is_valid(row).then(|| texts.value(row).to_owned());
            let merged = new.into_iter().enumerate().map(|(row, new)| new.or_else(|| old(row)));
            *column = Arc::new(merged.collect::<StringArray>());
        }
    }
    let nulls = values.nulls().cloned();
    Ok((Arc::new(StructArray::try_new(values.fields().clone(), columns, nulls)?), changed))
}
