//! The four kinds of event as they are written in NDJSON: prediction, feedback, heartbeat and change.

use crate::ordered::Ordered;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A model answered.
    Prediction(Box<Prediction>),
    /// The truth, an outcome or a rating became known.
    Feedback(Feedback),
    /// A source was refreshed.
    Heartbeat(Heartbeat),
    /// Something around the model was changed.
    Change(Change),
}

impl Event {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Prediction(_) => Kind::Prediction,
            Self::Feedback(_) => Kind::Feedback,
            Self::Heartbeat(_) => Kind::Heartbeat,
            Self::Change(_) => Kind::Change,
        }
    }

    /// The model it speaks of.
    pub fn model(&self) -> &str {
        match self {
            Self::Prediction(event) => &event.model,
            Self::Feedback(event) => &event.model,
            Self::Heartbeat(event) => &event.model,
            Self::Change(event) => &event.model,
        }
    }

    /// The client's own id.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Prediction(event) => event.id.as_deref(),
            Self::Feedback(event) => event.id.as_deref(),
            Self::Heartbeat(event) => event.id.as_deref(),
            Self::Change(event) => event.id.as_deref(),
        }
    }

    /// Gives it another id.
    pub fn set_id(&mut self, id: String) {
        match self {
            Self::Prediction(event) => event.id = Some(id),
            Self::Feedback(event) => event.id = Some(id),
            Self::Heartbeat(event) => event.id = Some(id),
            Self::Change(event) => event.id = Some(id),
        }
    }

    /// The values that are looked up whole: ids of its own and of what it speaks of, and the subject.
    pub fn identifiers(&self) -> [Option<&str>; 5] {
        match self {
            Self::Prediction(event) => {
                let (decision, trace) = (event.decision_id.as_deref(), event.trace_id.as_deref());
                [event.id.as_deref(), decision, trace, event.subject.as_deref(), None]
            }
            Self::Feedback(event) => {
                let (prediction, decision) = (event.prediction_id.as_deref(), event.decision_id.as_deref());
                [event.id.as_deref(), prediction, decision, event.item.as_deref(), event.entity.as_deref()]
            }
            Self::Heartbeat(event) => [event.id.as_deref(), None, None, None, None],
            Self::Change(event) => [event.id.as_deref(), None, None, None, None],
        }
    }

    /// When it happened.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Prediction(event) => event.at,
            Self::Feedback(event) => event.at,
            Self::Heartbeat(event) => event.at,
            Self::Change(event) => event.at,
        }
    }
}

/// The name of an event's kind, as in NDJSON and in the journal's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A model answered.
    Prediction,
    /// The truth became known.
    Feedback,
    /// A source was refreshed.
    Heartbeat,
    /// Something was changed.
    Change,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Prediction, Self::Feedback, Self::Heartbeat, Self::Change];

    /// The name of the table that holds such events, in queries.
    pub fn table_name(self) -> &'static str {
        match self {
            Self::Prediction => "predictions",
            Self::Feedback => "feedback",
            Self::Heartbeat => "heartbeats",
            Self::Change => "changes",
        }
    }

    /// The name in NDJSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prediction => "prediction",
            Self::Feedback => "feedback",
            Self::Heartbeat => "heartbeat",
            Self::Change => "change",
        }
    }
}

/// A model's answer for one input, and what was decided on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prediction {
    /// The model's name, as in its spec.
    pub model: String,
    /// The client's own id; Quiver makes a UUIDv7 where it is absent.
    pub id: Option<String>,
    /// When the prediction was made.
    pub at: Option<Timestamp>,
    /// The model version (or version group, for models that learn online).
    pub version: Option<String>,
    /// What kind of request this was, such as a page or an endpoint.
    pub request_type: Option<String>,
    /// Names the decision that several predictions (live and shadow) belong to.
    pub decision_id: Option<String>,
    /// The distributed trace this belongs to.
    pub trace_id: Option<String>,
    /// Which arm of a split answered.
    pub arm: Option<Arm>,
    /// Feature values by name; of a name that stands twice the last value counts.
    pub features: Ordered<serde_json::Value>,
    /// How each feature came to be, by name.
    pub feature_meta: BTreeMap<String, FeatureMeta>,
    /// What the model said.
    pub output: Option<Output>,
    /// What was done.
    pub decision: Option<Decision>,
    /// Time from request to answer, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The error, when the model failed.
    pub error: Option<String>,
    /// What the answer cost.
    pub cost: Option<Cost>,
    /// The parts of the population the subject belongs to.
    pub slices: BTreeMap<String, String>,
    /// The person or thing the prediction is about; never reaches a disk raw.
    pub subject: Option<String>,
}

/// Which version of a split served a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arm {
    /// The arm the split chose.
    pub assigned: Option<String>,
    /// The arm whose answer was used.
    pub served: Option<String>,
    /// The probability with which the arm was chosen, 0 to 1.
    pub propensity: Option<f64>,
    /// The split's configuration, as a hash.
    pub config: Option<String>,
}

/// How one feature value came to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeatureMeta {
    /// When the raw event behind the value happened.
    pub event_at: Option<Timestamp>,
    /// When the value was computed.
    pub computed_at: Option<Timestamp>,
    /// Whether the value is real; derived where the client sends none.
    pub status: Option<FeatureStatus>,
    /// The source the value came from.
    pub source: Option<String>,
    /// What the value cost.
    pub cost: Option<FeatureCost>,
}

/// Whether a feature value is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureStatus {
    /// A fresh, real value.
    Ok,
    /// No value.
    Missing,
    /// A stand-in for a value that was not there.
    Default,
    /// A real value that is too old.
    Stale,
}

impl FeatureStatus {
    /// The name in NDJSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Default => "default",
            Self::Stale => "stale",
        }
    }
}

/// What fetching one feature cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeatureCost {
    /// Milliseconds.
    pub ms: Option<f64>,
    /// Calls made.
    pub calls: Option<f64>,
    /// Bytes moved.
    pub bytes: Option<f64>,
}

/// What the model said: one of the forms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Output {
    /// A binary model's probability of the positive class.
    pub score: Option<f64>,
    /// A regression's value.
    pub value: Option<f64>,
    /// A classifier's class.
    pub class: Option<String>,
    /// The probability of each class.
    pub probabilities: BTreeMap<String, f64>,
    /// Ranked items with their positions, best first.
    pub ranking: Option<Vec<RankedItem>>,
    /// Generated text.
    pub text: Option<String>,
    /// A vector.
    pub embedding: Option<Vec<f32>>,
}

/// One item of a ranking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RankedItem {
    /// The item's id.
    pub id: String,
    /// Its position, from 1.
    pub position: u32,
    /// Its score.
    pub score: Option<f64>,
}

/// What was done with the model's answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// The action taken.
    pub action: Option<String>,
    /// The action the model alone would have taken.
    pub model_action: Option<String>,
    /// Who decided.
    pub by: Option<DecidedBy>,
    /// The rule's name, where a rule decided.
    pub rule: Option<String>,
}

/// Who took a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// The model's own answer.
    Model,
    /// A business rule.
    Rule,
    /// A guardrail.
    Guardrail,
    /// A fallback, because the model had no answer.
    Fallback,
}

impl DecidedBy {
    /// The name in NDJSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Rule => "rule",
            Self::Guardrail => "guardrail",
            Self::Fallback => "fallback",
        }
    }
}

/// What one prediction cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// Processor milliseconds.
    pub cpu_ms: Option<f64>,
    /// Accelerator milliseconds.
    pub gpu_ms: Option<f64>,
    /// Memory held, in megabytes.
    pub memory_mb: Option<f64>,
    /// Bytes moved.
    pub bytes: Option<f64>,
    /// Tokens read.
    pub tokens_in: Option<f64>,
    /// Tokens written.
    pub tokens_out: Option<f64>,
    /// Calls to each external service or data store.
    pub calls: BTreeMap<String, Calls>,
}

/// Calls to one external service during one prediction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calls {
    /// How many.
    pub n: f64,
    /// Milliseconds spent.
    pub ms: f64,
}

/// A label, an outcome or a rating that became known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Feedback {
    /// The model's name.
    pub model: String,
    /// The client's own id.
    pub id: Option<String>,
    /// The prediction this speaks of.
    pub prediction_id: Option<String>,
    /// The decision this speaks of, where it holds for live and shadow alike.
    pub decision_id: Option<String>,
    /// The ranked item this speaks of.
    pub item: Option<String>,
    /// An entity key declared in the spec, such as a transaction.
    pub entity: Option<String>,
    /// When the outcome happened.
    pub at: Option<Timestamp>,
    /// When it became known; `at` where it is absent.
    pub known_at: Option<Timestamp>,
    /// The label's name, as in the spec.
    pub name: Option<String>,
    /// The label: a number, a truth value or a class name.
    pub value: serde_json::Value,
}

/// A sign that a source was refreshed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heartbeat {
    /// The model's name.
    pub model: String,
    /// The client's own id.
    pub id: Option<String>,
    /// The source, as in the spec.
    pub source: String,
    /// When the refresh ended.
    pub at: Option<Timestamp>,
    /// The newest raw event the source now holds.
    pub data_until: Option<Timestamp>,
    /// Rows refreshed.
    pub rows: Option<u64>,
}

/// A change around the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// The model's name.
    pub model: String,
    /// The client's own id.
    pub id: Option<String>,
    /// What changed: `deploy`, `pipeline`, `rule`, `campaign` or `infrastructure`.
    pub what: String,
    /// A reference to the change, such as a version.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_design_s_example_lines_read_and_write_back() {
        let lines = [
            r#"{"kind":"prediction","model":"flight-delay","id":"0190","at":"2013-07-01T14:03:11Z","version":"2013-03","arm":{"assigned":"control","served":"control","propensity":0.95},"features":{"carrier":"UA","distance":1400.0},"feature_meta":{"wind_speed":{"event_at":"2013-07-01T13:50:00Z","status":"ok","cost":{"ms":1.8,"calls":1,"bytes":420}}},"output":{"score":0.81},"decision":{"action":"ignore","model_action":"notify","by":"rule","rule":"quiet-hours"},"latency_ms":7.2,"error":null,"cost":{"cpu_ms":1.1,"calls":{"redis":{"n":1,"ms":0.4}}},"slices":{"origin":"JFK"},"subject":"u-1881"}"#,
            r#"{"kind":"feedback","model":"flight-delay","id":"f-9","prediction_id":"0190","at":"2013-07-01T21:40:00Z","known_at":"2013-07-01T21:44:00Z","name":"late","value":1}"#,
            r#"{"kind":"heartbeat","model":"flight-delay","source":"weather","at":"2013-07-01T14:00:00Z","data_until":"2013-07-01T13:51:00Z","rows":3}"#,
            r#"{"kind":"change","model":"flight-delay","what":"deploy","ref":"v2013-03","at":"2013-07-01T09:00:00Z"}"#,
        ];
        for line in lines {
            let event: Event = serde_json::from_str(line).unwrap();
            let again: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
            assert_eq!(event, again);
        }
        let Event::Prediction(prediction) = serde_json::from_str(lines[0]).unwrap() else { panic!("not a prediction") };
        assert_eq!(prediction.decision.unwrap().by, Some(DecidedBy::Rule));
        assert_eq!(prediction.cost.unwrap().calls["redis"].n, 1.0);
    }
}
