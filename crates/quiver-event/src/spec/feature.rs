//! What the spec says of one feature: its type, its limits, its source and its privacy.

use crate::units::{Duration, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One declared feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The type of its values.
    #[serde(rename = "type")]
    pub kind: FeatureType,
    /// The unit people read, such as `mi` or `°F`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The smallest and the largest valid number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// The valid categories. Default: whatever the reference held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Scalar>>")]
    pub values: Option<Vec<serde_json::Value>>,
    /// Whether a prediction without it is invalid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The largest share of predictions that may lack it. Default: what the reference lacked, with a margin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_missing: Option<Share>,
    /// The source it is computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The oldest its raw event may be. Default: the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// The stand-in that is used when there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Scalar>")]
    pub default: Option<serde_json::Value>,
    /// The largest number of characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The number of components of an embedding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<u32>,
    /// What kind of data it is. Only `public` values are shown and kept in statistics. Default: internal.
    #[serde(default)]
    pub privacy: Privacy,
    /// What the door does with its values. Default: keep; drop for secret and free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<PrivacyAction>,
}

/// A number, a text or a truth value: only there to describe the schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "a description for the JSON Schema; no value is ever made")]
enum Scalar {
    Number(f64),
    Text(String),
    Truth(bool),
}

/// The type of a feature's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeatureType {
    /// A number.
    Number,
    /// One of a set of names.
    Category,
    /// True or false.
    Boolean,
    /// Free text.
    Text,
    /// An instant.
    Timestamp,
    /// A vector of a fixed length.
    Embedding,
}

impl FeatureType {
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Category => "category",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
            Self::Embedding => "embedding",
        }
    }
}

/// What kind of data a field holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Anyone may see it.
    Public,
    /// Inside the company only.
    #[default]
    Internal,
    /// About a person.
    Personal,
    /// About a person's health, faith, money and the like.
    Sensitive,
    /// A key, a token or a password.
    Secret,
    /// Names the subject.
    Subject,
    /// People write into it what they like.
    FreeText,
}

impl Privacy {
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Personal => "personal",
            Self::Sensitive => "sensitive",
            Self::Secret => "secret",
            Self::Subject => "subject",
            Self::FreeText => "free_text",
        }
    }
}

/// What the door does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyAction {
    /// Keep the value.
    Keep,
    /// Drop the value and count it.
    Drop,
    /// Keep its shape only.
    Mask,
    /// Keep a keyed hash.
    Hash,
    /// Keep a fixed stand-in.
    Replace,
}

impl Feature {
    /// A feature of that type with nothing else said.
    pub fn of(kind: FeatureType) -> Self {
        Self {
            kind,
            unit: None,
            range: None,
            values: None,
            required: false,
            max_missing: None,
            source: None,
            max_age: None,
            default: None,
            max_length: None,
            dimension: None,
            privacy: Privacy::default(),
            action: None,
        }
    }

    /// What the door does with its values: what is written, or the class's default.
    pub fn effective_action(&self) -> PrivacyAction {
        self.action.unwrap_or(match self.privacy {
            Privacy::Public | Privacy::Internal => PrivacyAction::Keep,
            Privacy::Personal | Privacy::Sensitive | Privacy::Subject => PrivacyAction::Hash,
            Privacy::Secret | Privacy::FreeText => PrivacyAction::Drop,
        })
    }

    /// Whether single values may stand in statistics, tables and on screens.
    pub fn is_public(&self) -> bool {
        self.privacy == Privacy::Public
    }
}
