//! The one place through which events leave the door: subjects and private features are hashed, masked or dropped.

use arrow::array::{Array, ArrayRef, AsArray, MapArray, RecordBatch, StringArray, StructArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use hmac::{Hmac, Mac};
use quiver_event::batch::{EventBatch, column, feature_column};
use quiver_event::spec::{Feature, FeatureType, Privacy, PrivacyAction, Spec};
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap};
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
    /// Arrow refuses a column.
    #[error("a redacted column cannot be built: {0}")]
    Arrow(#[from] ArrowError),
}

/// The workspace's secret key for hashes of subjects and private values. It is never shown.
#[derive(Clone)]
pub struct SubjectKey(Vec<u8>);

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SubjectKey(…)")
    }
}

impl SubjectKey {
    /// A key of at least [`crate::limits::MIN_KEY_BYTES`] bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, RedactError> {
        if bytes.len() < crate::limits::MIN_KEY_BYTES {
            return Err(RedactError::ShortKey { bytes: bytes.len() });
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The hash under which a subject stands on disk, so that an erasure request can find its rows.
    pub fn hash_subject(&self, subject: &str) -> String {
        self.hash(SUBJECT_DOMAIN, subject)
    }

    /// HMAC-SHA-256, cut to 128 bits: enough that two subjects never meet, short enough for a column. The domain keeps
    /// the same text in two features from having one hash, by which they could be joined.
    fn hash(&self, domain: &str, text: &str) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return REPLACEMENT.to_owned() };
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

const SUBJECT_DOMAIN: &str = "subject";

/// The stand-in for replaced values.
pub const REPLACEMENT: &str = "[redacted]";

/// What the redaction did, by feature; the subject column counts as `subject`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedactionCounts {
    /// Values dropped.
    pub dropped: BTreeMap<String, u64>,
    /// Values hashed.
    pub hashed: BTreeMap<String, u64>,
    /// Values masked or replaced.
    pub masked: BTreeMap<String, u64>,
}

impl RedactionCounts {
    /// Adds the counts of another batch.
    pub fn merge(&mut self, other: &Self) {
        let pairs =
            [(&mut self.dropped, &other.dropped), (&mut self.hashed, &other.hashed), (&mut self.masked, &other.masked)];
        for (mine, theirs) in pairs {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
    }
}

/// Applies the spec's privacy to a batch: what comes back may be written to disk, what went in must not.
///
/// A subject becomes its keyed hash. A feature whose action is `drop` becomes null. `hash`, `mask` and `replace` apply
/// to texts and categories; a number, truth value, instant or vector cannot hold a hash or a stand-in, so these actions
/// drop it. The slices that repeat a feature are treated as the feature is.
pub fn clean(spec: &Spec, batch: &EventBatch, key: &SubjectKey) -> Result<(EventBatch, RedactionCounts), RedactError> {
    let mut counts = RedactionCounts::default();
    let private: HashMap<String, (&str, &Feature)> = spec
        .features
        .iter()
        .filter(|(_, feature)| feature.effective_action() != PrivacyAction::Keep)
        .map(|(name, feature)| (feature_column(name), (name, feature)))
        .collect();
    let schema = batch.rows.schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    let mut fields: Vec<Arc<Field>> = Vec::with_capacity(schema.fields().len());
    for (field, array) in schema.fields().iter().zip(batch.rows.columns()) {
        let redacted = if field.name() == column::SUBJECT {
            let texts = cast(array, &DataType::Utf8)?;
            let hashed = texts.as_string::<i32>().iter().map(|text| text.map(|text| key.hash_subject(text)));
            let hashed: StringArray = hashed.collect();
            count(&mut counts.hashed, "subject", &hashed);
            Arc::new(hashed)
        } else if let Some((name, feature)) = private.get(field.name()) {
            redact_feature(name, feature, array, key, &mut counts)?
        } else if field.name() == column::SLICES && !private.is_empty() {
            redact_slices(spec, array, key)?
        } else {
            Arc::clone(array)
        };
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
    Ok((EventBatch { model: batch.model.clone(), kind: batch.kind, rows }, counts))
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str, array: &dyn Array) {
    let values = (array.len() - array.logical_null_count()) as u64;
    if values > 0 {
        *counts.entry(name.to_owned()).or_default() += values;
    }
}

fn redact_feature(
    name: &str,
    feature: &Feature,
    array: &ArrayRef,
    key: &SubjectKey,
    counts: &mut RedactionCounts,
) -> Result<ArrayRef, RedactError> {
    let textual = matches!(feature.kind, FeatureType::Category | FeatureType::Text);
    if feature.effective_action() == PrivacyAction::Drop || !textual {
        count(&mut counts.dropped, name, array);
        return Ok(new_null_array(array.data_type(), array.len()));
    }
    let counted = match feature.effective_action() {
        PrivacyAction::Hash => &mut counts.hashed,
        _ => &mut counts.masked,
    };
    count(counted, name, array);
    let texts = cast(array, &DataType::Utf8)?;
    let redacted: StringArray = texts
        .as_string::<i32>()
        .iter()
        .map(|text| text.and_then(|text| redact_text(name, feature, text, key)))
        .collect();
    Ok(Arc::new(redacted))
}

/// What stays of one text; none where nothing may.
fn redact_text(name: &str, feature: &Feature, text: &str, key: &SubjectKey) -> Option<String> {
    match feature.effective_action() {
        PrivacyAction::Keep => Some(text.to_owned()),
        PrivacyAction::Drop => None,
        // A feature that names the subject has the subject's hash, so that an erasure finds both.
        PrivacyAction::Hash if feature.privacy == Privacy::Subject => Some(key.hash_subject(text)),
        PrivacyAction::Hash => Some(key.hash(&format!("feature:{name}"), text)),
        PrivacyAction::Mask => Some(mask(text)),
        PrivacyAction::Replace => Some(REPLACEMENT.to_owned()),
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

/// Slices hold copies of features; those of private ones are redacted alike, and dropped where nothing may stay.
fn redact_slices(spec: &Spec, array: &ArrayRef, key: &SubjectKey) -> Result<ArrayRef, RedactError> {
    let Some(map) = array.as_map_opt() else { return Ok(new_null_array(array.data_type(), array.len())) };
    let names = map.keys().as_string::<i32>();
    let values = map.values().as_string::<i32>();
    let redacted: StringArray = (0..names.len())
        .map(|entry| {
            let text = values.is_valid(entry).then(|| values.value(entry))?;
            match spec.features.get(names.value(entry)) {
                Some(feature) => {
                    let textual = matches!(feature.kind, FeatureType::Category | FeatureType::Text);
                    let keep = feature.effective_action() == PrivacyAction::Keep;
                    let text = (textual || keep).then(|| redact_text(names.value(entry), feature, text, key));
                    text.flatten()
                }
                None => None,
            }
        })
        .collect();
    let entries = map.entries();
    let columns = vec![Arc::clone(entries.column(0)), Arc::new(redacted) as ArrayRef];
    let entries = StructArray::try_new(entries.fields().clone(), columns, None)?;
    let DataType::Map(field, ordered) = map.data_type() else {
        return Ok(new_null_array(array.data_type(), array.len()));
    };
    let map = MapArray::try_new(Arc::clone(field), map.offsets().clone(), entries, map.nulls().cloned(), *ordered)?;
    Ok(Arc::new(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_keyed_stable_and_apart_by_domain() {
        let key = SubjectKey::new(b"0123456789abcdef").unwrap();
        let other = SubjectKey::new(b"0123456789abcdeg").unwrap();
        assert_eq!(key.hash_subject("u-1"), key.hash_subject("u-1"));
        assert_ne!(key.hash_subject("u-1"), other.hash_subject("u-1"));
        assert_ne!(key.hash_subject("u-1"), key.hash("feature:user", "u-1"));
        assert_eq!(key.hash_subject("u-1").len(), 32);
        assert_eq!(format!("{key:?}"), "SubjectKey(…)");
        assert!(SubjectKey::new(b"short").is_err());
    }

    #[test]
    fn a_mask_keeps_the_shape_only() {
        assert_eq!(mask("Anna.Lee+1@x.org"), "Aaaa.Aaa+9@a.aaa");
    }
}
