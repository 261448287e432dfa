//! Summarises predictions joined with their feedback, mergeable in any order; judges no quality.

use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use crate::codec::{CodecError, Reader, Writer, unseal};
use crate::edges::{Edges, EdgesId};
use crate::sketch::log_linear::LogLinear;

mod binary;
mod rank;
mod regression;

pub use binary::{BinaryOutcome, CALIBRATION_BINS, CalibrationBin, Confusion};
pub use rank::RankCounts;
pub use regression::{PredictionBin, RegressionOutcome};

/// The first four bytes of every outcome.
const MAGIC: [u8; 4] = *b"QVRO";
/// The version that is written; every version up to it is read.
pub const OUTCOME_VERSION: u16 = 1;

/// What the model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A score for yes or no; labels are 0 and 1.
    Binary,
    /// One of several classes; only right and wrong are counted.
    Multiclass,
    /// A number.
    Regression,
}

/// What is summarised of predictions and their feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomePlan {
    /// What the model answers.
    pub task: Task,
    /// Scores from which on a prediction counts as positive, each with a confusion matrix of its own.
    pub thresholds: Vec<f64>,
    /// Frozen edges of the predictions, for the error by prediction of a regression.
    pub prediction_edges: Option<Arc<Edges>>,
}

impl OutcomePlan {
    /// Plans a task without thresholds and edges.
    pub fn new(task: Task) -> Self {
        Self { task, thresholds: Vec::new(), prediction_edges: None }
    }
}

/// Why an outcome could not be merged or read.
#[derive(Debug, Error, PartialEq)]
pub enum OutcomeError {
    /// The two outcomes are of different tasks.
    #[error("outcome is of task {mine:?} and the other of {theirs:?}")]
    Task {
        /// The task of the outcome that was merged into.
        mine: Task,
        /// The task of the outcome that was to be added.
        theirs: Task,
    },
    /// The two outcomes count at different thresholds.
    #[error("outcome counts at thresholds {mine:?} and the other at {theirs:?}")]
    Thresholds {
        /// The thresholds of the outcome that was merged into.
        mine: Vec<f64>,
        /// The thresholds of the outcome that was to be added.
        theirs: Vec<f64>,
    },
    /// The two outcomes were counted on different edges of the prediction.
    #[error("outcomes were counted on different edges of the prediction")]
    Edges {
        /// The edges of the outcome that was merged into.
        mine: Option<EdgesId>,
        /// The edges of the outcome that was to be added.
        theirs: Option<EdgesId>,
    },
    /// Bytes are no outcome.
    #[error("cannot read the outcome")]
    Codec(#[from] CodecError),
}

/// The mergeable summary of predictions joined with their feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    predictions: u64,
    labelled: u64,
    unusable: u64,
    delays: LogLinear,
    values: Values,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Binary(Box<BinaryOutcome>),
    Multiclass { right: u64 },
    Regression(Box<RegressionOutcome>),
}

impl Outcome {
    /// Returns an empty outcome: it changes nothing that it is merged with.
    pub fn new(plan: &OutcomePlan) -> Self {
        let values = match plan.task {
            Task::Binary => Values::Binary(Box::new(BinaryOutcome::new(&plan.thresholds))),
            Task::Multiclass => Values::Multiclass { right: 0 },
            Task::Regression => Values::Regression(Box::new(RegressionOutcome::new(plan.prediction_edges.clone()))),
        };
        Self { predictions: 0, labelled: 0, unusable: 0, delays: LogLinear::default(), values }
    }

    /// Adds a prediction: its score or value, its label once known, and how long the label took.
    ///
    /// A prediction that is not finite, or a label that is not (for a binary task: not 0 or 1), counts as unusable. For
    /// a multiclass task the prediction and the label are class numbers and are compared.
    pub fn add(&mut self, prediction: f64, label: Option<f64>, delay_seconds: Option<f64>) {
        self.predictions += 1;
        let Some(label) = label else {
            self.unusable += u64::from(!prediction.is_finite());
            return;
        };
        let binary = matches!(self.values, Values::Binary(_));
        if !prediction.is_finite() || !label.is_finite() || (binary && label != 0.0 && label != 1.0) {
            self.unusable += 1;
            return;
        }
        self.labelled += 1;
        self.add_delay(delay_seconds);
        match &mut self.values {
            Values::Binary(values) => values.add(prediction, label == 1.0),
            Values::Multiclass { right } => *right += u64::from(prediction == label),
            Values::Regression(values) => values.add(prediction, label),
        }
    }

    /// Adds a prediction of a multiclass task: whether it was right, once known. For other tasks it only counts.
    pub fn add_class(&mut self, right: Option<bool>, delay_seconds: Option<f64>) {
        self.predictions += 1;
        if let (Some(right), Values::Multiclass { right: rights }) = (right, &mut self.values) {
            *rights += u64::from(right);
            self.labelled += 1;
            self.add_delay(delay_seconds);
        }
    }

    fn add_delay(&mut self, seconds: Option<f64>) {
        if let Some(seconds) = seconds.filter(|seconds| seconds.is_finite()) {
            self.delays.add_many(seconds, 1);
        }
    }

    /// Adds another outcome with the same plan. Nothing changes on an error.
    pub fn merge(&mut self, other: &Self) -> Result<(), OutcomeError> {
        match (&mut self.values, &other.values) {
            (Values::Binary(mine), Values::Binary(theirs)) => mine.merge(theirs)?,
            (Values::Multiclass { right: mine }, Values::Multiclass { right: theirs }) => *mine += theirs,
            (Values::Regression(mine), Values::Regression(theirs)) => mine.merge(theirs)?,
            _ => return Err(OutcomeError::Task { mine: self.task(), theirs: other.task() }),
        }
        self.predictions += other.predictions;
        self.labelled += other.labelled;
        self.unusable += other.unusable;
        self.delays.merge(&other.delays);
        Ok(())
    }

    /// What the model answers.
    pub fn task(&self) -> Task {
        match self.values {
            Values::Binary(_) => Task::Binary,
            Values::Multiclass { .. } => Task::Multiclass,
            Values::Regression(_) => Task::Regression,
        }
    }

    /// All predictions.
    pub fn predictions(&self) -> u64 {
        self.predictions
    }

    /// Predictions with a usable label; every quality figure is over these.
    pub fn labelled(&self) -> u64 {
        self.labelled
    }

    /// Predictions whose own value or label cannot be used.
    pub fn unusable(&self) -> u64 {
        self.unusable
    }

    /// Seconds from prediction to label, in log-linear bins.
    pub fn delays(&self) -> &LogLinear {
        &self.delays
    }

    /// The figures of a binary task.
    pub fn binary(&self) -> Option<&BinaryOutcome> {
        if let Values::Binary(values) = &self.values { Some(values) } else { None }
    }

    /// The figures of a regression.
    pub fn regression(&self) -> Option<&RegressionOutcome> {
        if let Values::Regression(values) = &self.values { Some(values) } else { None }
    }

    /// Right answers by labelled predictions, of a multiclass task.
    pub fn accuracy(&self) -> Option<f64> {
        match self.values {
            Values::Multiclass { right } if self.labelled > 0 => Some(right as f64 / self.labelled as f64),
            _ => None,
        }
    }

    /// Area under the ROC curve: U/(P·N) with ties counted half (Mann and Whitney 1947). Exact unless
    /// [`Outcome::roc_auc_error`] says otherwise.
    pub fn roc_auc(&self) -> Option<f64> {
        self.binary()?.ranks().roc_auc()
    }

    /// By how much [`Outcome::roc_auc`] may be off because more than 100,000 distinct scores were put on a grid.
    pub fn roc_auc_error(&self) -> Option<f64> {
        self.binary()?.ranks().roc_auc_error()
    }

    /// The standard error of the area under the ROC curve (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988).
    pub fn roc_auc_standard_error(&self) -> Option<f64> {
        self.binary()?.ranks().standard_error()
    }

    /// Mean negative log-likelihood in nats; probabilities are clipped to [2^-52, 1 − 2^-52] as scikit-learn does.
    pub fn log_loss(&self) -> Option<f64> {
        self.binary()?.log_losses()?.mean()
    }

    /// The standard error of the log loss.
    pub fn log_loss_standard_error(&self) -> Option<f64> {
        self.binary()?.log_losses()?.standard_error()
    }

    /// Mean squared difference of score and label (Brier, Mon. Weather Rev. 78, 1950).
    pub fn brier(&self) -> Option<f64> {
        self.binary()?.briers()?.mean()
    }

    /// The standard error of the Brier score.
    pub fn brier_standard_error(&self) -> Option<f64> {
        self.binary()?.briers()?.standard_error()
    }

    /// Expected calibration error over ten equal-width bins (Naeini, Cooper and Hauskrecht, AAAI 2015).
    pub fn calibration_error(&self) -> Option<f64> {
        self.binary()?.calibration_error()
    }

    /// The confusion matrix at one of the planned thresholds.
    pub fn confusion(&self, threshold: f64) -> Option<Confusion> {
        self.binary()?.confusion(threshold)
    }

    /// True positives by predicted positives, at one of the planned thresholds.
    pub fn precision(&self, threshold: f64) -> Option<f64> {
        self.confusion(threshold)?.precision()
    }

    /// True positives by actual positives, at one of the planned thresholds.
    pub fn recall(&self, threshold: f64) -> Option<f64> {
        self.confusion(threshold)?.recall()
    }

    /// The harmonic mean of precision and recall, at one of the planned thresholds.
    pub fn f1(&self, threshold: f64) -> Option<f64> {
        self.confusion(threshold)?.f1()
    }

    /// Mean absolute error of a regression.
    pub fn mae(&self) -> Option<f64> {
        self.regression()?.absolute_errors().mean()
    }

    /// The standard error of the mean absolute error.
    pub fn mae_standard_error(&self) -> Option<f64> {
        self.regression()?.absolute_errors().standard_error()
    }

    /// Root of the mean squared error of a regression.
    pub fn rmse(&self) -> Option<f64> {
        Some(self.regression()?.squared_errors().mean()?.sqrt())
    }

    /// The standard error of the root mean squared error, by the delta method: se(MSE)/(2·RMSE).
    pub fn rmse_standard_error(&self) -> Option<f64> {
        let root = self.rmse().filter(|&root| root > 0.0)?;
        Some(self.regression()?.squared_errors().standard_error()? / (2.0 * root))
    }

    /// Returns versioned, compressed bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.byte(self.task() as u8);
        [self.predictions, self.labelled, self.unusable].into_iter().for_each(|count| writer.unsigned(count));
        self.delays.write(&mut writer);
        match &self.values {
            Values::Binary(values) => values.write(&mut writer),
            Values::Multiclass { right } => writer.unsigned(*right),
            Values::Regression(values) => values.write(&mut writer),
        }
        writer.seal(MAGIC, OUTCOME_VERSION)
    }

    /// Reads bytes of this or any earlier version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OutcomeError> {
        let (_, body) = unseal(bytes, MAGIC, "QVRO", OUTCOME_VERSION)?;
        let mut reader = Reader::new(&body);
        let task = reader.byte()?;
        let (predictions, labelled, unusable) = (reader.count()?, reader.count()?, reader.count()?);
        let delays = LogLinear::read(&mut reader)?;
        let values = match task {
            0 => Values::Binary(Box::new(BinaryOutcome::read(&mut reader)?)),
            1 => Values::Multiclass { right: reader.count()? },
            2 => Values::Regression(Box::new(RegressionOutcome::read(&mut reader)?)),
            _ => return Err(CodecError::Invalid { field: "task" }.into()),
        };
        reader.finish()?;
        Ok(Self { predictions, labelled, unusable, delays, values })
    }
}

#[cfg(test)]
mod tests;
