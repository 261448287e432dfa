//! What one monitor says of one subject in one window: value, limit, evidence, verdict.

use quiver_event::Arrow;
use quiver_event::time::Window;
use serde::{Deserialize, Serialize};

/// The monitors, each filed under one arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// Values of the wrong type.
    Type,
    /// Numbers outside the declared range.
    Range,
    /// Categories that are not declared, or that the reference never held.
    Category,
    /// Lengths or dimensions that are not declared.
    Shape,
    /// Predictions without the value.
    Missing,
    /// Predictions with a stand-in for the value.
    Defaulted,
    /// Predictions with a value that is too old.
    Stale,
    /// Distance of the distribution from the reference.
    Drift,
    /// Personal data in a field that should hold none.
    PersonalData,
    /// Latency quantiles.
    Latency,
    /// Share of failed answers.
    Errors,
    /// Share of predictions with an invalid input.
    InvalidInput,
    /// Share of events that the door refused.
    Refused,
    /// Events ahead of the server's clock.
    ClockSkew,
    /// Distance of the scores from the reference.
    ScoreDrift,
    /// Share of predictions that lead to the first action.
    DecisionRate,
    /// Share of decisions that a fallback took.
    Fallback,
    /// Share of decisions in which a rule or guardrail overrode the model.
    Override,
    /// How long labels take.
    LabelDelay,
    /// Share of predictions whose label came.
    LabelShare,
    /// Share of feedback whose prediction is not known.
    OrphanFeedback,
    /// A realised quality metric.
    Quality,
}

impl Monitor {
    /// Every monitor, by arrow.
    pub const ALL: [Self; 22] = [
        Self::Type,
        Self::Range,
        Self::Category,
        Self::Shape,
        Self::Missing,
        Self::Defaulted,
        Self::Stale,
        Self::Drift,
        Self::PersonalData,
        Self::Latency,
        Self::Errors,
        Self::InvalidInput,
        Self::Refused,
        Self::ClockSkew,
        Self::ScoreDrift,
        Self::DecisionRate,
        Self::Fallback,
        Self::Override,
        Self::LabelDelay,
        Self::LabelShare,
        Self::OrphanFeedback,
        Self::Quality,
    ];

    /// The monitor of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|monitor| monitor.name() == name)
    }

    /// The arrow the monitor watches.
    pub fn arrow(self) -> Arrow {
        match self {
            Self::Type
            | Self::Range
            | Self::Category
            | Self::Shape
            | Self::Missing
            | Self::Defaulted
            | Self::Stale
            | Self::Drift
            | Self::PersonalData => Arrow::Features,
            Self::Latency | Self::Errors | Self::InvalidInput | Self::Refused | Self::ClockSkew => Arrow::Inference,
            Self::ScoreDrift | Self::DecisionRate | Self::Fallback | Self::Override => Arrow::Decision,
            Self::LabelDelay | Self::LabelShare | Self::OrphanFeedback | Self::Quality => Arrow::Feedback,
        }
    }

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Range => "range",
            Self::Category => "category",
            Self::Shape => "shape",
            Self::Missing => "missing",
            Self::Defaulted => "defaulted",
            Self::Stale => "stale",
            Self::Drift => "drift",
            Self::Latency => "latency",
            Self::Errors => "errors",
            Self::InvalidInput => "invalid_input",
            Self::Refused => "refused",
            Self::ClockSkew => "clock_skew",
            Self::PersonalData => "personal_data",
            Self::ScoreDrift => "score_drift",
            Self::DecisionRate => "decision_rate",
            Self::Fallback => "fallback",
            Self::Override => "override",
            Self::LabelDelay => "label_delay",
            Self::LabelShare => "label_share",
            Self::OrphanFeedback => "orphan_feedback",
            Self::Quality => "quality",
        }
    }
}

/// What a monitor concludes. The last five are answers, not errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within its limit.
    Healthy,
    /// Moved further than the limit, with evidence; alone no reason to wake anybody.
    Drifted,
    /// A promise of the spec does not hold, with evidence.
    Broken,
    /// Beyond the limit, but so few rows would show that by chance.
    InsufficientSample,
    /// Measured, but the spec promises nothing of it and there is nothing to compare it with.
    Unjudged,
    /// Too few of the labels have come yet.
    LabelsPending,
    /// The events carry nothing that could be measured.
    NotObserved,
    /// No event in the window.
    NoData,
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Self; 8] = [
        Self::Broken,
        Self::Drifted,
        Self::Healthy,
        Self::InsufficientSample,
        Self::LabelsPending,
        Self::NotObserved,
        Self::Unjudged,
        Self::NoData,
    ];

    /// The verdict of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Drifted => "drifted",
            Self::Broken => "broken",
            Self::InsufficientSample => "insufficient_sample",
            Self::Unjudged => "unjudged",
            Self::LabelsPending => "labels_pending",
            Self::NotObserved => "not_observed",
            Self::NoData => "no_data",
        }
    }

    /// How much the verdict matters when several are summed up: broken before drifted before healthy before no answer.
    pub fn rank(self) -> u8 {
        match self {
            Self::Broken => 7,
            Self::Drifted => 6,
            Self::Healthy => 5,
            Self::InsufficientSample => 4,
            Self::LabelsPending => 3,
            Self::NotObserved => 2,
            Self::Unjudged => 1,
            Self::NoData => 0,
        }
    }
}

/// The bound a value must keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The value must be at least this.
    AtLeast(f64),
    /// The value must be at most this.
    AtMost(f64),
    /// The value must lie from the first to the second.
    Within(f64, f64),
}

impl Limit {
    /// Whether `value` keeps the bound.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(low) => value >= low,
            Self::AtMost(high) => value <= high,
            Self::Within(low, high) => (low..=high).contains(&value),
        }
    }

    /// Whether the whole interval lies beyond the bound, on one side.
    pub fn is_broken_by(self, interval: [f64; 2]) -> bool {
        match self {
            Self::AtLeast(low) => interval[1] < low,
            Self::AtMost(high) => interval[0] > high,
            Self::Within(low, high) => interval[1] < low || interval[0] > high,
        }
    }
}

/// One part of the population, such as `carrier=UA`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slice {
    /// The slice's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What one monitor says of one subject in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The arm judged.
    pub arm: String,
    /// The window of event time.
    pub window: Window,
    /// The arrow.
    pub arrow: Arrow,
    /// The monitor.
    pub monitor: Monitor,
    /// What was judged: a feature, a metric, a service measure.
    pub subject: String,
    /// The part of the population, where it is not the whole.
    pub slice: Option<Slice>,
    /// The measured value.
    pub value: Option<f64>,
    /// The value's interval at [`crate::evidence::CONFIDENCE`].
    pub interval: Option<[f64; 2]>,
    /// What the same reference gives by chance at this window's size, for distances.
    pub noise_floor: Option<f64>,
    /// The bound.
    pub limit: Option<Limit>,
    /// The same value in the reference.
    pub reference_value: Option<f64>,
    /// Rows (or labels, or decisions) behind the value.
    pub rows: u64,
    /// Rows behind the reference's value.
    pub reference_rows: u64,
    /// The name of the convention by which the value was computed.
    pub convention: String,
    /// The conclusion.
    pub verdict: Verdict,
    /// The conclusion in words, with its figures.
    pub evidence: String,
}

impl Finding {
    /// The subject with its slice, such as `precision (carrier=UA)`.
    pub fn title(&self) -> String {
        match &self.slice {
            Some(slice) => format!("{} ({}={})", self.subject, slice.name, slice.value),
            None => self.subject.clone(),
        }
    }
}

/// The worst verdict of one arrow among `findings`; without any, nothing was observed. While labels of a promise are
/// still awaited, what else is healthy does not make the arrow so.
pub fn arrow_verdict(findings: &[Finding], arrow: Arrow) -> Verdict {
    let verdicts = || findings.iter().filter(|finding| finding.arrow == arrow).map(|finding| finding.verdict);
    let worst = verdicts().max_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NotObserved);
    let is_awaited = worst == Verdict::Healthy && verdicts().any(|verdict| verdict == Verdict::LabelsPending);
    if is_awaited { Verdict::LabelsPending } else { worst }
}
