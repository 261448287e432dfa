//! The four arrows of a production model, in the one order that every screen, report and folder uses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One arrow of `Model = (Data → Features → Inference → Decision) + (Feedback → Update)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrow {
    /// Data → Features: types, ranges, categories, distributions, freshness, missing values.
    Features,
    /// Features → Inference: latency, errors, invalid inputs, cost.
    Inference,
    /// Inference → Decision: scores, decision rates, fallbacks, overrides.
    Decision,
    /// Feedback → Update: labels, calibration, realised quality.
    Feedback,
}

impl Arrow {
    /// All arrows in the order in which a prediction passes them.
    pub const ALL: [Self; 4] = [Self::Features, Self::Inference, Self::Decision, Self::Feedback];

    /// The name in code, tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Inference => "inference",
            Self::Decision => "decision",
            Self::Feedback => "feedback",
        }
    }

    /// The name people read, such as `Data → Features`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Features => "Data → Features",
            Self::Inference => "Features → Inference",
            Self::Decision => "Inference → Decision",
            Self::Feedback => "Feedback → Update",
        }
    }

    /// The position along the model, 1 to 4.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}
