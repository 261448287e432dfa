//! The quality metrics that a target may name, and the tasks that have them.

use super::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A metric of realised quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the receiver operating characteristic; ties count one half.
    RocAuc,
    /// Mean negative log likelihood, in nats.
    LogLoss,
    /// Mean squared difference of score and label.
    Brier,
    /// Expected calibration error in ten bins of equal width.
    CalibrationError,
    /// True positives among the answers at or above the threshold.
    Precision,
    /// True positives among the positive labels.
    Recall,
    /// Harmonic mean of precision and recall.
    F1,
    /// Right answers among all.
    Accuracy,
    /// Mean absolute error.
    Mae,
    /// Root of the mean squared error.
    Rmse,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 10] = [
        Self::RocAuc,
        Self::LogLoss,
        Self::Brier,
        Self::CalibrationError,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::Accuracy,
        Self::Mae,
        Self::Rmse,
    ];

    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "roc_auc",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::CalibrationError => "calibration_error",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::Accuracy => "accuracy",
            Self::Mae => "mae",
            Self::Rmse => "rmse",
        }
    }

    /// Whether the metric is defined for the task.
    pub fn fits(self, task: Task) -> bool {
        match self {
            Self::RocAuc | Self::LogLoss | Self::Brier | Self::CalibrationError => task == Task::Binary,
            Self::Precision | Self::Recall | Self::F1 => task == Task::Binary,
            Self::Accuracy => matches!(task, Task::Binary | Task::Multiclass),
            Self::Mae | Self::Rmse => task == Task::Regression,
        }
    }

    /// Whether the metric needs a threshold on the score.
    pub fn needs_threshold(self) -> bool {
        matches!(self, Self::Precision | Self::Recall | Self::F1 | Self::Accuracy)
    }

    /// Whether a larger value is a better one.
    pub fn larger_is_better(self) -> bool {
        !matches!(self, Self::LogLoss | Self::Brier | Self::CalibrationError | Self::Mae | Self::Rmse)
    }
}
