//! What a spec's feature demands of a value, ready to be asked row after row; shared by tables and events.

use super::cast::write_number;
use quiver_event::spec::{Feature, FeatureType, Spec};
use std::collections::HashSet;

/// The pseudo-feature under which an invalid output is noted.
pub(crate) const OUTPUT: &str = "output";

/// The pseudo-feature under which an invalid decision is noted.
pub(crate) const DECISION: &str = "decision";

/// The reasons for which a value is invalid, as they stand in the `invalid` column and are counted by the profile.
pub mod reason {
    /// A value of another type; it became null.
    pub const TYPE: &str = "type";
    /// A time without a zone; it became null.
    pub const ZONE: &str = "no_zone";
    /// A number outside the declared range; it was kept.
    pub const RANGE: &str = "range";
    /// A category that is not declared; it was kept.
    pub const CATEGORY: &str = "category";
    /// No value of a required feature.
    pub const REQUIRED: &str = "required";
    /// A text longer than declared; it was kept.
    pub const LENGTH: &str = "length";
    /// An embedding of another dimension than declared; it was kept.
    pub const DIMENSION: &str = "dimension";
    /// An output that is not a number; it became null.
    pub const NAN: &str = "nan";
    /// An infinite output; it became null.
    pub const INFINITE: &str = "infinite";
}

/// One declared feature, ready to be read.
#[derive(Debug, Clone)]
pub(super) struct FeaturePlan {
    pub name: String,
    pub column: Option<String>,
    pub feature: Feature,
    pub values: Option<HashSet<String>>,
    pub is_slice: bool,
}

impl FeaturePlan {
    pub(super) fn new(spec: &Spec, name: &str, feature: &Feature, column: Option<String>) -> Self {
        let values = feature.values.as_ref().filter(|_| feature.kind == FeatureType::Category);
        Self {
            name: name.to_owned(),
            column,
            feature: feature.clone(),
            values: values.map(|values| values.iter().map(value_text).collect()),
            is_slice: spec.slices.iter().any(|slice| slice == name),
        }
    }
}

/// A category of the spec as the text it is in events.
pub(super) fn value_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), write_number),
        other => other.to_string(),
    }
}

/// What a text is besides its value.
#[derive(Clone, Copy)]
pub(super) struct TextVerdict {
    pub reason: Option<&'static str>,
    pub is_default: bool,
}

pub(super) fn judge_text(plan: &FeaturePlan, text: &str) -> TextVerdict {
    let too_long = plan.feature.max_length.is_some_and(|limit| {
        // Most texts have fewer bytes than the limit has characters.
        text.len() > limit as usize && text.chars().count() > limit as usize
    });
    let unknown = plan.values.as_ref().is_some_and(|values| !values.contains(text));
    let reason = match (too_long, unknown) {
        (true, _) => Some(reason::LENGTH),
        (_, true) => Some(reason::CATEGORY),
        _ => None,
    };
    let is_default = plan.feature.default.as_ref().is_some_and(|default| value_text(default) == text);
    TextVerdict { reason, is_default }
}
