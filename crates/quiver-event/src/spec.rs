//! The spec: one page that says what a model is for and what "working" means.

mod check;
mod feature;
mod metric;

pub use check::{Problem, nearest_word};
pub use feature::{Feature, FeatureType, Privacy, PrivacyAction};
pub use metric::Metric;

pub use crate::ordered::Ordered;

use crate::time::{TimeError, Timestamp, Window, WindowLength, Zone};
use crate::units::{Duration, Price, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The owner's written production evaluation of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Quiver spec")]
pub struct Spec {
    /// The model's name, as in its events.
    pub model: String,
    /// Who answers for the model: a person or a team that can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What the model predicts.
    pub task: Task,
    /// The IANA time zone in which windows are cut. Default: UTC.
    #[serde(default = "utc")]
    pub timezone: String,
    /// The business metric that the model exists to move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// What the model's answers must reach, judged on the feedback.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<QualityTarget>,
    /// What the service must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Where the truth comes from, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackSpec>,
    /// The sources that features are computed from, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, Source>,
    /// The features, by name. What is not declared here is dropped at the door and counted.
    #[schemars(with = "BTreeMap<String, Feature>")]
    pub features: Features,
    /// The features (or event slices) by which the population is cut, one at a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<String>,
    /// How an answer becomes a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionSpec>,
    /// What answers may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostSpec>,
    /// The known-good data that later windows are compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// How drift is measured.
    #[serde(default)]
    pub drift: DriftSpec,
    /// When findings become alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarms: Option<AlarmSpec>,
    /// How much of each prediction is kept. Default: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureSpec>,
    /// Whose data this is, and how long it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacySpec>,
    /// How the columns of a tabular log (Parquet, CSV, NDJSON rows) become events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
}

/// Features in the order in which the owner wrote them.
pub type Features = Ordered<Feature>;

fn utc() -> String {
    "UTC".to_owned()
}

/// What a model predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One of two classes, by a score from 0 to 1.
    Binary,
    /// One of several classes.
    Multiclass,
    /// A number.
    Regression,
    /// An order of items.
    Ranking,
    /// Text or another generated thing.
    Generation,
}

impl Task {
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
            Self::Ranking => "ranking",
            Self::Generation => "generation",
        }
    }
}

/// The business metric that the model exists to move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The metric's name.
    pub metric: String,
    /// Where it is read: `feedback` or `prediction`.
    #[serde(default)]
    pub from: PurposeSource,
    /// How single outcomes become one number.
    #[serde(default)]
    pub aggregate: Aggregate,
    /// Which way is better.
    pub direction: Direction,
    /// The unit people read, such as `per 1k predictions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How soon after the prediction an outcome still counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
}

/// Where the purpose metric is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurposeSource {
    /// From feedback events.
    #[default]
    Feedback,
    /// From the predictions themselves.
    Prediction,
}

/// How single outcomes become one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The mean.
    #[default]
    Mean,
    /// The sum.
    Sum,
    /// The number of outcomes.
    Count,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// One target on the model's realised quality: a metric and the limit it must keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityTarget {
    /// The metric.
    pub metric: Metric,
    /// The score at or above which an answer counts as positive (precision, recall, F1, accuracy). Default: `decision.threshold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The metric must be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The metric must be at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Judge each value of this slice as well as the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What the service must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Half of the answers must be faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_latency: Option<Duration>,
    /// 95 % of the answers must be faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_latency: Option<Duration>,
    /// 99 % of the answers must be faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_latency: Option<Duration>,
    /// The largest share of failed answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_rate: Option<Share>,
    /// The largest share of predictions with an invalid input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_rate: Option<Share>,
    /// The smallest share of time (or of requests) the service answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Share>,
}

/// Where the truth comes from, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackSpec {
    /// The label's name in feedback events.
    pub label: String,
    /// Where the label comes from, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How long after the prediction labels are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_delay: Option<ExpectedDelay>,
    /// After this time a label is no longer waited for. Default: 7d.
    #[serde(default = "default_horizon")]
    pub horizon: Duration,
}

fn default_horizon() -> Duration {
    Duration::from_microseconds(7 * 86_400_000_000)
}

/// How long after the prediction labels are expected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedDelay {
    /// Half of the labels are there by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<Duration>,
    /// 95 % of the labels are there by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<Duration>,
}

/// A source that features are computed from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// The oldest its data may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// How an answer becomes a decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionSpec {
    /// The score at or above which the first action is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The actions; the first is the one taken at or above the threshold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// The share of predictions that may lead to the first action, from and to.
    /// Default: a third to three times the reference's share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<[Share; 2]>,
    /// The largest share of decisions taken by a fallback. Default: 5%.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_rate: Option<Share>,
    /// The largest share of decisions in which a rule or guardrail overrode the model. Default: 10%.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rate: Option<Share>,
}

/// What answers may cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostSpec {
    /// The price of each resource or service, by name: `cpu` and `gpu` per `hour`, `bytes` per `GB`, `tokens`,
    /// `tokens_in` and `tokens_out` per `1k tokens`, a service such as `redis` per `1M calls` or `hour`.
    pub prices: BTreeMap<String, Price>,
    /// The largest cost of predictions, such as `0.40 USD per 1k`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Price>,
}

/// The known-good data: a period, a file, or what a model version brought with it. Exactly one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reference {
    /// The period's first day or instant, in the spec's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first day or instant after the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// A data file or a profile file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A model version whose reference is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// How drift is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftSpec {
    /// The distance.
    pub measure: DriftMeasure,
    /// The window that is compared with the reference.
    pub window: WindowLength,
    /// The distance from which a shift is worth a finding. Default: 0.2 for psi and kl, 0.1 for the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

impl Default for DriftSpec {
    fn default() -> Self {
        Self { measure: DriftMeasure::Psi, window: WindowLength::Day, limit: None }
    }
}

impl DriftSpec {
    /// The limit written, or the measure's default.
    pub fn limit(&self) -> f64 {
        self.limit.unwrap_or(match self.measure {
            DriftMeasure::Psi | DriftMeasure::Kl => 0.2,
            _ => 0.1,
        })
    }
}

/// The distances by which drift can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftMeasure {
    /// Population stability index.
    Psi,
    /// Kullback-Leibler divergence of the current from the reference, in nats.
    Kl,
    /// Jensen-Shannon distance, base 2.
    Js,
    /// Hellinger distance.
    Hellinger,
    /// Total variation distance.
    TotalVariation,
    /// The largest difference of any bin's share.
    LInfinity,
    /// Kolmogorov-Smirnov statistic (numbers only; categories use `l_infinity`).
    Ks,
    /// Wasserstein distance in reference standard deviations (numbers only; categories use `total_variation`).
    Wasserstein,
}

/// When findings become alarms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmSpec {
    /// In how many of how many windows a finding must hold, such as `3 of 4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^\d+ of \d+$"), extend("x-expected" = "a number of windows among the last, such as 3 of 4"))]
    pub sustained: Option<String>,
    /// How many pages without a cause the owner accepts, such as `1 per year`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^\d+ per (day|week|month|quarter|year)$"),
        extend("x-expected" = "a number per day, week, month, quarter or year, such as 1 per year")
    )]
    pub false_pages: Option<String>,
}

/// How much of each prediction is kept: its row always, its features by chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureSpec {
    /// The share of predictions whose features are kept, chosen by a hash of their id. Features of failed and of
    /// overridden answers are kept always, and those that are slices stay on every row.
    pub features: Share,
}

/// Whose data this is, and how long it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacySpec {
    /// The field that names the person or thing a prediction is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How long events and profiles are kept.
    pub retention: Retention,
}

/// How long events and profiles are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Single events. Default: 30d.
    pub events: Duration,
    /// Profiles, outcomes and findings. Default: 2y.
    pub profiles: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events: Duration::from_microseconds(30 * 86_400_000_000),
            profiles: Duration::from_microseconds(2 * 366 * 86_400_000_000),
        }
    }
}

/// How the columns of a tabular log become events. A feature is read from the column of its own name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The prediction's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the prediction was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The zone of times that are written without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The model version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The score (binary), in a log with one arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The predicted number (regression), in a log with one arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The predicted class (multiclass), in a log with one arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The output columns of each arm, where a row holds the answers of several (live and shadow).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub arms: BTreeMap<String, ArmColumns>,
    /// The action taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The action the model alone would have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_action: Option<String>,
    /// Who decided: model, rule, guardrail or fallback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Time from request to answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<String>,
    /// The error text of a failed answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The person or thing the prediction is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The label. A row with a label becomes a prediction and a feedback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When the label became known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_time: Option<String>,
    /// Columns of features whose column has another name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<String, String>,
}

/// The output columns of one arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ArmColumns {
    /// The score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The predicted number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The predicted class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The arm's version, where it is the same for every row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The arm whose answers are used.
pub const LIVE_ARM: &str = "control";

impl Spec {
    /// The spec's time zone; its name was checked when the spec was read.
    pub fn zone(&self) -> Result<Zone, TimeError> {
        Zone::parse(&self.timezone)
    }

    /// The reference's period, when the spec names one.
    pub fn reference_window(&self) -> Result<Option<Window>, TimeError> {
        let Some(Reference { from: Some(from), to: Some(to), .. }) = &self.reference else { return Ok(None) };
        let zone = self.zone()?;
        Ok(Some(Window { start: Timestamp::parse_in(from, &zone)?, end: Timestamp::parse_in(to, &zone)? }))
    }

    /// The threshold of the decision, or one half.
    pub fn threshold(&self) -> f64 {
        self.decision.as_ref().and_then(|decision| decision.threshold).unwrap_or(0.5)
    }

    /// The thresholds at which confusion counts are needed, ascending, each once.
    pub fn thresholds(&self) -> Vec<f64> {
        let mut thresholds = vec![self.threshold()];
        thresholds.extend(self.quality.iter().filter_map(|target| target.threshold));
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        thresholds
    }

    /// How long events and profiles are kept.
    pub fn retention(&self) -> Retention {
        self.privacy.as_ref().map(|privacy| privacy.retention.clone()).unwrap_or_default()
    }

    /// The share of predictions whose features are kept.
    pub fn capture_probability(&self) -> f64 {
        self.capture.map_or(1.0, |capture| capture.features.value())
    }

    /// After this time a label is no longer waited for.
    pub fn horizon(&self) -> Duration {
        self.feedback.as_ref().map_or_else(default_horizon, |feedback| feedback.horizon)
    }
}
