//! The one place through which events leave the door: subjects and private fields are hashed, masked or dropped,
//! every text that stays is searched for personal data, and features are kept as the spec's capture says.

mod columns;
mod key_ring;

pub use key_ring::{KeyRing, SubjectKey};

use crate::capture::Capture;
use crate::detect::{DetectError, Detectors};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::error::ArrowError;
use columns::{TextRole, role_of};
use quiver_event::batch::{EventBatch, feature_column};
use quiver_event::event::Kind;
use quiver_event::spec::{Feature, FeatureType, Privacy, PrivacyAction, Spec};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Why events cannot be redacted; they are then not let through.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// The key is too short to protect anything.
    #[error("the subject key has {bytes} bytes, at least {limit} are needed; make one with `openssl rand -hex 32`", limit = crate::limits::MIN_KEY_BYTES)]
    ShortKey {
        /// Bytes given.
        bytes: usize,
    },
    /// A key ring without a key, or whose current key is not in it.
    #[error("the ring of subject keys has no key named {name:?}; restore the file from a backup")]
    NoKey {
        /// The key that was looked for.
        name: String,
    },
    /// The detectors cannot be made; nothing is let through without them.
    #[error("the detectors of personal data cannot be made: {0}")]
    Detectors(#[from] DetectError),
    /// A column of text has a type that cannot be searched; it is not let through.
    #[error("column {column} is {kind}, in which personal data cannot be searched for")]
    Unsearchable {
        /// The column.
        column: String,
        /// Its Arrow type.
        kind: DataType,
    },
    /// Arrow refuses a column.
    #[error("a redacted column cannot be built: {0}")]
    Arrow(#[from] ArrowError),
}

/// Telephone and card numbers have more digits; names of keys such as `top_10` or `v2026` have fewer.
const MOST_DIGITS_OF_A_NAME: usize = 5;

/// The stand-in for replaced values.
pub const REPLACEMENT: &str = "[redacted]";

/// What was done to a field, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redaction {
    /// The field: a column of the event, `feature_<name>` for a feature. Never a value.
    pub field: String,
    /// Why: a privacy class of the spec, or the name of the detector that saw something.
    pub class: &'static str,
    /// What was done: `drop`, `mask`, `hash` or `replace`.
    pub action: &'static str,
}

/// How many values were redacted, by field, reason and action.
pub type RedactionCounts = BTreeMap<Redaction, u64>;

/// Cleans the events of one model.
#[derive(Debug, Clone)]
pub struct Cleaner {
    keys: Arc<KeyRing>,
    detectors: Arc<Detectors>,
    /// The features by their column.
    features: HashMap<String, (String, Feature)>,
    /// The columns of the features by their names.
    columns: HashMap<String, String>,
    /// Texts that the owner wrote into the spec as values of a field: they are known not to name a person.
    declared: HashMap<String, HashSet<String>>,
    capture: Capture,
}

impl Cleaner {
    /// A cleaner of the events of the spec's model.
    pub fn new(spec: &Spec, keys: Arc<KeyRing>, detectors: Arc<Detectors>) -> Self {
        let features = spec.features.iter();
        let features = features.map(|(name, feature)| (feature_column(name), (name.to_owned(), feature.clone())));
        let values = |feature: &Feature| -> HashSet<String> {
            let values = feature.values.as_deref().unwrap_or_default();
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
        };
        let declared = spec.features.iter().filter(|(_, feature)| feature.values.is_some());
        let declared = declared.map(|(name, feature)| (feature_column(name), values(feature))).collect();
        let columns = spec.features.names().map(|name| (name.to_owned(), feature_column(name))).collect();
        Self { keys, detectors, features: features.collect(), columns, declared, capture: Capture::new(spec) }
    }

    /// Applies the spec's privacy and the detectors: what comes back may be written to disk, what went in must not.
    ///
    /// A subject becomes its keyed hash. A feature whose action is `drop` becomes null. `hash`, `mask` and `replace`
    /// apply to texts and categories; a number, truth value, instant or vector cannot hold a hash or a stand-in, so
    /// these actions drop it. The slices that repeat a feature are treated as the feature is. In every text that
    /// stays, what a detector finds is replaced; an identifier in which one finds something becomes a keyed hash as a
    /// whole, so that a feedback still finds its prediction.
    pub fn clean(&self, batch: &EventBatch) -> Result<(EventBatch, RedactionCounts), RedactError> {
        let mut counts = RedactionCounts::new();
        let schema = batch.rows.schema();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        let mut fields: Vec<Arc<Field>> = Vec::with_capacity(schema.fields().len());
        for (field, array) in schema.fields().iter().zip(batch.rows.columns()) {
            let redacted = self.clean_column(batch.kind, field.name(), array, &mut counts)?;
            // A hashed dictionary comes back as plain text.
            let kept = redacted.data_type() == field.data_type();
            fields.push(if kept {
                Arc::clone(field)
            } else {
                Arc::new(Field::new(field.name(), redacted.data_type().clone(), field.is_nullable()))
            });
            columns.push(redacted);
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        // Last, so that personal data is counted in all rows, and ids are hashed as they are stored.
        let clean = self.capture.apply(EventBatch { model: batch.model.clone(), kind: batch.kind, rows })?;
        Ok((clean, counts))
    }

    /// The path of something undeclared as it may be counted and shown: a sender can put anything into a key, so that
    /// only what looks like a name is repeated.
    pub fn shown_name(&self, path: &str) -> String {
        let is_name = |part: &str| {
            let plain = part.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '…'));
            let digits = part.chars().filter(char::is_ascii_digit).count();
            let named = part.chars().next().is_some_and(|first| !first.is_numeric());
            plain && named && digits <= MOST_DIGITS_OF_A_NAME && self.detectors.is_clean(part)
        };
        let parts = path.split('.').map(|part| if is_name(part) { part } else { REPLACEMENT });
        parts.collect::<Vec<_>>().join(".")
    }

    fn clean_column(
        &self,
        kind: Kind,
        name: &str,
        array: &ArrayRef,
        counts: &mut RedactionCounts,
    ) -> Result<ArrayRef, RedactError> {
        if array.null_count() == array.len() {
            return Ok(Arc::clone(array));
        }
        if kind == Kind::Prediction
            && let Some((feature_name, feature)) = self.features.get(name)
        {
            return self.clean_feature(name, feature_name, feature, array, counts);
        }
        match role_of(name, array.data_type()) {
            TextRole::None => Ok(self.without_numbers_of_people(name, None, array, counts)),
            TextRole::Subject => {
                let texts = cast(array, &DataType::Utf8)?;
                let hashed = texts.as_string::<i32>().iter().map(|text| text.map(|text| self.keys.hash_subject(text)));
                let hashed: StringArray = hashed.collect();
                add(counts, name, "subject", "hash", (hashed.len() - hashed.null_count()) as u64);
                Ok(Arc::new(hashed))
            }
            TextRole::Identifier => self.search(name, array, &|text| self.search_identifier(text), counts),
            TextRole::Text => self.search(name, array, &|text| self.search_text(text), counts),
            TextRole::TextMap => {
                columns::map_texts(array, &mut |key, value, counts| self.clean_entry(name, key, value, counts), counts)
            }
            TextRole::Unsearchable => {
                Err(RedactError::Unsearchable { column: name.to_owned(), kind: array.data_type().clone() })
            }
        }
    }

    fn clean_feature(
        &self,
        column: &str,
        name: &str,
        feature: &Feature,
        array: &ArrayRef,
        counts: &mut RedactionCounts,
    ) -> Result<ArrayRef, RedactError> {
        let textual = matches!(feature.kind, FeatureType::Category | FeatureType::Text);
        let action = feature.effective_action();
        if action == PrivacyAction::Keep {
            if !textual {
                return Ok(self.without_numbers_of_people(column, feature.range, array, counts));
            }
            let declared = self.declared.get(column);
            let search = |text: &str| match declared.is_some_and(|declared| declared.contains(text)) {
                true => None,
                false => self.search_text(text),
            };
            return self.search(column, array, &search, counts);
        }
        let values = (array.len() - array.logical_null_count()) as u64;
        if action == PrivacyAction::Drop || !textual {
            add(counts, column, class_name(feature.privacy), "drop", values);
            return Ok(new_null_array(array.data_type(), array.len()));
        }
        add(counts, column, class_name(feature.privacy), action_name(action), values);
        let texts = cast(array, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>().iter();
        let redacted: StringArray = texts.map(|text| text.map(|text| self.redact_value(name, feature, text))).collect();
        Ok(Arc::new(redacted))
    }

    /// Drops numbers in which a detector sees a card or the like, unless they lie in the range that the owner declared.
    fn without_numbers_of_people(
        &self,
        name: &str,
        range: Option<[f64; 2]>,
        array: &ArrayRef,
        counts: &mut RedactionCounts,
    ) -> ArrayRef {
        let Some(numbers) = array.as_primitive_opt::<Float64Type>() else { return Arc::clone(array) };
        // Shorter numbers are nobody's; longer ones are not whole in 64 bits.
        let long = |number: f64| (1e12..1e19).contains(&number) && number.fract() == 0.0;
        let declared = |number: f64| range.is_some_and(|[low, high]| low <= number && number <= high);
        if !numbers.iter().flatten().any(|number| long(number) && !declared(number)) {
            return Arc::clone(array);
        }
        let kept = numbers.iter().map(|number| {
            let suspect = number.filter(|number| long(*number) && !declared(*number));
            let found = suspect.map(|number| self.detectors.find(&format!("{number:.0}"))).unwrap_or_default();
            found.iter().for_each(|found| add(counts, name, found.detector.name(), "drop", 1));
            number.filter(|_| found.is_empty())
        });
        Arc::new(kept.collect::<Float64Array>())
    }

    /// What stands in for one text of a private feature.
    fn redact_value(&self, name: &str, feature: &Feature, text: &str) -> String {
        match feature.effective_action() {
            // A feature that names the subject has the subject's hash, so that an erasure finds both.
            PrivacyAction::Hash if feature.privacy == Privacy::Subject => self.keys.hash_subject(text),
            PrivacyAction::Hash => self.keys.hash(&format!("feature:{name}"), text),
            // A shape of letters and digits holds no value, but what is neither is kept and may be a whole value.
            PrivacyAction::Mask => mask(text),
            PrivacyAction::Keep | PrivacyAction::Drop | PrivacyAction::Replace => REPLACEMENT.to_owned(),
        }
    }

    /// Replaces what `search` finds in a column of texts; a column in which nothing is found comes back as it is.
    fn search(
        &self,
        name: &str,
        array: &ArrayRef,
        search: &dyn Fn(&str) -> Option<Searched>,
        counts: &mut RedactionCounts,
    ) -> Result<ArrayRef, RedactError> {
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            // Each distinct text is searched once; the counts are then of distinct texts.
            let values = self.search(name, dictionary.values(), search, counts)?;
            return Ok(dictionary.with_values(values));
        }
        let texts = cast(array, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let mut changed: Vec<(usize, String)> = Vec::new();
        let mut last: (&str, bool) = ("", true);
        for row in 0..texts.len() {
            if texts.is_null(row) {
                continue;
            }
            let text = texts.value(row);
            // Categories come in runs: what was clean a row ago is clean.
            if last.1 && last.0 == text {
                continue;
            }
            let found = search(text);
            last = (text, found.is_none());
            if let Some(found) = found {
                found.seen.iter().for_each(|class| add(counts, name, class, found.action, 1));
                changed.push((row, found.text));
            }
        }
        if changed.is_empty() {
            return Ok(Arc::clone(array));
        }
        let mut changed = changed.into_iter().peekable();
        let replaced = texts.iter().enumerate().map(|(row, text)| match changed.next_if(|(at, _)| *at == row) {
            Some((_, text)) => Some(Cow::Owned(text)),
            None => text.map(Cow::Borrowed),
        });
        Ok(Arc::new(replaced.collect::<StringArray>()))
    }

    fn search_text(&self, text: &str) -> Option<Searched> {
        let (redacted, found) = self.detectors.redact(text);
        if found.is_empty() {
            return None;
        }
        let seen = found.iter().map(|found| found.detector.name()).collect();
        Some(Searched { text: redacted.into_owned(), seen, action: "replace" })
    }

    fn search_identifier(&self, text: &str) -> Option<Searched> {
        let found = self.detectors.find(text);
        if found.is_empty() {
            return None;
        }
        let seen = found.iter().map(|found| found.detector.name()).collect();
        Some(Searched { text: self.keys.hash(IDENTIFIER_DOMAIN, text), seen, action: "hash" })
    }

    /// One entry of a map: its key, and its value where that is a text.
    fn clean_entry(
        &self,
        column: &str,
        key: &str,
        value: Option<&str>,
        counts: &mut RedactionCounts,
    ) -> (Option<String>, Option<Option<String>>) {
        let new_key = self.search_text(key).map(|found| {
            found.seen.iter().for_each(|class| add(counts, column, class, found.action, 1));
            found.text
        });
        let Some(text) = value else { return (new_key, None) };
        let feature_column = self.columns.get(key);
        let feature = feature_column.and_then(|column| self.features.get(column)).map(|(_, feature)| feature);
        let action = feature.map_or(PrivacyAction::Keep, Feature::effective_action);
        let new_value = match (action, feature) {
            (PrivacyAction::Keep, _) | (_, None) => {
                let declared = feature_column.and_then(|column| self.declared.get(column));
                let found = match declared.is_some_and(|declared| declared.contains(text)) {
                    true => None,
                    false => self.search_text(text),
                };
                found.map(|found| {
                    found.seen.iter().for_each(|class| add(counts, column, class, found.action, 1));
                    Some(found.text)
                })
            }
            (PrivacyAction::Drop, Some(_)) => Some(None),
            (_, Some(feature)) => {
                let textual = matches!(feature.kind, FeatureType::Category | FeatureType::Text);
                Some(textual.then(|| self.redact_value(key, feature, text)))
            }
        };
        (new_key, new_value)
    }
}

/// Identifiers of all kinds share one domain: a feedback's `prediction_id` is its prediction's `id`.
const IDENTIFIER_DOMAIN: &str = "identifier";

/// What a search left of a text in which it found something.
struct Searched {
    text: String,
    seen: Vec<&'static str>,
    action: &'static str,
}

fn add(counts: &mut RedactionCounts, field: &str, class: &'static str, action: &'static str, count: u64) {
    if count > 0 {
        *counts.entry(Redaction { field: field.to_owned(), class, action }).or_default() += count;
    }
}

fn class_name(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Public => "public",
        Privacy::Internal => "internal",
        Privacy::Personal => "personal",
        Privacy::Sensitive => "sensitive",
        Privacy::Secret => "secret",
        Privacy::Subject => "subject",
        Privacy::FreeText => "free_text",
    }
}

fn action_name(action: PrivacyAction) -> &'static str {
    match action {
        PrivacyAction::Keep => "keep",
        PrivacyAction::Drop => "drop",
        PrivacyAction::Mask => "mask",
        PrivacyAction::Hash => "hash",
        PrivacyAction::Replace => "replace",
    }
}

/// The shape of a text: letters as `a` or `A`, digits as `9`, the rest as it is; at most 64 characters.
fn mask(text: &str) -> String {
    text.chars()
        .take(64)
        .map(|letter| match letter {
            _ if letter.is_numeric() => '9',
            _ if letter.is_uppercase() => 'A',
            _ if letter.is_alphabetic() => 'a',
            _ => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_the_shape_only() {
        assert_eq!(mask("Anna.Lee+1@x.org"), "Aaaa.Aaa+9@a.aaa");
    }
}
