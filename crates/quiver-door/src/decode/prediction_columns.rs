//! The columns of prediction events: outputs, costs, features with their status, and what was invalid.

use super::builder::{NamedColumns, instants, named, numbers, texts};
use super::cast::{vectors_of, write_number};
use super::event_keys::Undeclared;
use super::feature_plan::{FeaturePlan, OUTPUT, judge_text, reason};
use super::map_column::{calls_map, meta_map, number_map, text_map};
use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use quiver_event::batch::{column, feature_column};
use quiver_event::event::{Arm, Cost, DecidedBy, Decision, FeatureMeta, FeatureStatus, Output, Prediction};
use quiver_event::spec::{FeatureType, Spec, Task};
use quiver_event::time::{TimeError, Timestamp};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Reads the features of predictions as the spec declares them.
#[derive(Debug)]
pub(super) struct FeatureReader {
    plans: Vec<FeaturePlan>,
    /// The position of each feature's plan.
    positions: HashMap<String, usize>,
    /// The plan of the feature that stood at each place of the prediction before: senders keep an order.
    expected: Vec<usize>,
    /// The oldest a feature's raw event may be, in microseconds, by the feature's position.
    max_ages: Vec<Option<i64>>,
    source_ages: HashMap<String, i64>,
    subject: Option<String>,
}

impl FeatureReader {
    pub(super) fn new(spec: &Spec, plans: Vec<FeaturePlan>) -> Self {
        let source_ages: HashMap<String, i64> = spec
            .sources
            .iter()
            .filter_map(|(name, source)| Some((name.clone(), source.max_age?.microseconds())))
            .collect();
        let max_ages = plans
            .iter()
            .map(|plan| {
                let own = plan.feature.max_age.map(|age| age.microseconds());
                own.or_else(|| source_ages.get(plan.feature.source.as_ref()?).copied())
            })
            .collect();
        let subject = spec.privacy.as_ref().and_then(|privacy| privacy.subject.clone());
        let positions = plans.iter().enumerate().map(|(position, plan)| (plan.name.clone(), position)).collect();
        Self { plans, positions, expected: Vec::new(), max_ages, source_ages, subject }
    }

    fn is_declared(&self, name: &str) -> bool {
        self.positions.contains_key(name)
    }

    /// The plan of a feature that stands at `place` of a prediction.
    fn position_of(&mut self, name: &str, place: usize) -> Option<usize> {
        match self.expected.get(place) {
            Some(&position) if self.plans[position].name == name => Some(position),
            _ => {
                let position = self.positions.get(name).copied()?;
                if place < self.plans.len() {
                    self.expected.resize(self.expected.len().max(place + 1), position);
                    self.expected[place] = position;
                }
                Some(position)
            }
        }
    }

    /// Takes the subject from the features, notes where the declared ones stand, and drops and counts the others.
    pub(super) fn keep_declared(
        &mut self,
        prediction: &mut Prediction,
        undeclared: &mut Undeclared,
        places: &mut Vec<Place>,
    ) {
        let start = places.len();
        places.resize(start + self.plans.len(), None);
        let mut subject = None;
        for (place, (name, value)) in prediction.features.iter().enumerate() {
            let is_subject = self.subject.as_deref() == Some(name);
            if is_subject && !value.is_null() {
                subject = Some(super::feature_plan::value_text(value));
            }
            match self.position_of(name, place) {
                Some(position) => places[start + position] = u32::try_from(place).ok(),
                None if is_subject => {}
                None => undeclared.add("features", name),
            }
        }
        prediction.subject = prediction.subject.take().or(subject);
        prediction.feature_meta.retain(|name, _| {
            let declared = self.is_declared(name);
            if !declared {
                undeclared.add("feature_meta", name);
            }
            declared
        });
    }

    /// The status of a feature of which the client said nothing, or only when it happened.
    fn status(&self, index: usize, found: Found, meta: Option<&FeatureMeta>, at: Option<Timestamp>) -> FeatureStatus {
        if let Some(status) = meta.and_then(|meta| meta.status) {
            return status;
        }
        match found {
            Found::Nothing => return FeatureStatus::Missing,
            Found::Default => return FeatureStatus::Default,
            Found::Value => {}
        }
        let source_age = meta.and_then(|meta| self.source_ages.get(meta.source.as_ref()?).copied());
        let limit = self.max_ages[index].or(source_age);
        let age = at.zip(meta.and_then(|meta| meta.event_at)).map(|(at, event_at)| at.0.saturating_sub(event_at.0));
        match (age, limit) {
            (Some(age), Some(limit)) if age > limit => FeatureStatus::Stale,
            _ => FeatureStatus::Ok,
        }
    }
}

/// Where a declared feature stands among those of its prediction.
pub(super) type Place = Option<u32>;

/// Predictions, and where each declared feature stands among theirs.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub predictions: &'a [Prediction],
    /// Prediction by prediction, in the order of the spec.
    pub places: &'a [Place],
}

impl<'a> Placed<'a> {
    /// The value of a feature by its position in the spec, where there are `features` of them; null is none.
    fn value(self, row: usize, position: usize, features: usize) -> Option<&'a Value> {
        let place = self.places[row * features + position]?;
        self.predictions[row].features.0.get(place as usize).map(|(_, value)| value).filter(|value| !value.is_null())
    }
}

/// What stood where a value was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Default,
    Value,
}

/// What was noted while columns were read, by row and position of the feature.
#[derive(Default)]
struct Notes<'a> {
    invalid: Vec<(u32, usize, &'a str, &'static str)>,
    found: Vec<Vec<Found>>,
}

pub(super) fn prediction_columns(
    placed: Placed<'_>,
    reader: &FeatureReader,
    task: Task,
) -> Result<NamedColumns, ArrowError> {
    let predictions = placed.predictions;
    let arm = |pick: fn(&Arm) -> Option<&str>| texts(predictions, move |event| event.arm.as_ref().and_then(pick));
    let decision =
        |pick: fn(&Decision) -> Option<&str>| texts(predictions, move |event| event.decision.as_ref().and_then(pick));
    let cost = |pick: fn(&Cost) -> Option<f64>| numbers(predictions, move |event| event.cost.as_ref().and_then(pick));
    let rankings = predictions.iter().map(|event| {
        let ranking = event.output.as_ref()?.ranking.as_ref()?;
        serde_json::to_string(ranking).ok()
    });
    let vectors = predictions.iter().map(|event| {
        let vector = event.output.as_ref()?.embedding.as_ref()?;
        Some(vector.iter().copied().map(Some).collect())
    });
    let mut columns = named([
        (column::ID, texts(predictions, |event| event.id.as_deref())),
        (column::AT, instants(predictions, |event| event.at)),
        (column::VERSION, texts(predictions, |event| event.version.as_deref())),
        (column::REQUEST_TYPE, texts(predictions, |event| event.request_type.as_deref())),
        (column::DECISION_ID, texts(predictions, |event| event.decision_id.as_deref())),
        (column::TRACE_ID, texts(predictions, |event| event.trace_id.as_deref())),
        (column::ARM, arm(|arm| arm.served.as_deref())),
        (column::ARM_ASSIGNED, arm(|arm| arm.assigned.as_deref())),
        (column::PROPENSITY, numbers(predictions, |event| event.arm.as_ref()?.propensity)),
        (column::ARM_CONFIG, arm(|arm| arm.config.as_deref())),
        (column::CLASS, texts(predictions, |event| event.output.as_ref()?.class.as_deref())),
        (column::RANKING, Arc::new(rankings.collect::<StringArray>())),
        (column::EMBEDDING, Arc::new(vectors_of(vectors.collect())?)),
        (column::ACTION, decision(|decision| decision.action.as_deref())),
        (column::MODEL_ACTION, decision(|decision| decision.model_action.as_deref())),
        (column::DECIDED_BY, decision(|decision| decision.by.map(DecidedBy::name))),
        (column::RULE, decision(|decision| decision.rule.as_deref())),
        (column::LATENCY_MS, numbers(predictions, |event| event.latency_ms)),
        (column::ERROR, texts(predictions, |event| event.error.as_deref())),
        (column::CPU_MS, cost(|cost| cost.cpu_ms)),
        (column::GPU_MS, cost(|cost| cost.gpu_ms)),
        (column::MEMORY_MB, cost(|cost| cost.memory_mb)),
        (column::BYTES, cost(|cost| cost.bytes)),
        (column::TOKENS_IN, cost(|cost| cost.tokens_in)),
        (column::TOKENS_OUT, cost(|cost| cost.tokens_out)),
        (column::SUBJECT, texts(predictions, |event| event.subject.as_deref())),
    ]);
    let mut notes = Notes::default();
    let output =
        |pick: fn(&Output) -> Option<f64>| predictions.iter().map(move |event| event.output.as_ref().and_then(pick));
    let scores = checked(output(|output| output.score), task == Task::Binary, reader.plans.len(), &mut notes);
    let values = checked(output(|output| output.value), false, reader.plans.len(), &mut notes);
    columns.extend(named([(column::SCORE, scores), (column::VALUE, values)]));
    for (index, plan) in reader.plans.iter().enumerate() {
        let values = (0..predictions.len()).map(|row| placed.value(row, index, reader.plans.len()));
        let array = feature_values(values, plan, index, &mut notes)?;
        columns.insert(feature_column(&plan.name), array);
    }
    columns.extend(map_columns(placed, reader, notes)?);
    Ok(columns)
}

/// Outputs that are finite; a binary score outside 0 to 1 stays, with a reason.
fn checked<'a>(
    outputs: impl Iterator<Item = Option<f64>>,
    unit_range: bool,
    position: usize,
    notes: &mut Notes<'a>,
) -> ArrayRef {
    let mut note = |row: usize, reason| notes.invalid.push((row as u32, position, OUTPUT, reason));
    let checked = outputs.enumerate().map(|(row, output)| {
        let output = output?;
        if output.is_nan() {
            note(row, reason::NAN);
        } else if output.is_infinite() {
            note(row, reason::INFINITE);
        } else if unit_range && !(0.0..=1.0).contains(&output) {
            note(row, reason::RANGE);
        }
        output.is_finite().then_some(output)
    });
    Arc::new(checked.collect::<Float64Array>())
}

/// A value of one type, or why it is none.
type Read<T> = Result<Option<T>, &'static str>;

/// A number, or one of the three that JSON has no number for, by its name.
fn number_of(value: &Value) -> Option<f64> {
    match value.as_str() {
        None => value.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

fn feature_values<'a, 'v>(
    raw: impl ExactSizeIterator<Item = Option<&'v Value>>,
    plan: &'a FeaturePlan,
    index: usize,
    notes: &mut Notes<'a>,
) -> Result<ArrayRef, ArrowError> {
    let mut found = Vec::with_capacity(raw.len());
    let mut invalid = Vec::new();
    let mut take = |row: usize, value: Option<&Value>, reason: Option<&'static str>, is_default: bool| {
        found.push(match (value, is_default) {
            (None, _) => Found::Nothing,
            (Some(_), true) => Found::Default,
            (Some(_), false) => Found::Value,
        });
        let missing = (plan.feature.required && value.is_none()).then_some(reason::REQUIRED);
        if let Some(reason) = reason.or(missing) {
            invalid.push((row as u32, index, plan.name.as_str(), reason));
        }
    };
    let default = plan.feature.default.as_ref();
    let array: ArrayRef = match plan.feature.kind {
        FeatureType::Number => {
            let array = raw.enumerate().map(|(row, value)| {
                let number = value.and_then(number_of);
                let outside =
                    plan.feature.range.zip(number).is_some_and(|([low, high], number)| number < low || number > high);
                let reason = match (value, number) {
                    (Some(_), None) => Some(reason::TYPE),
                    _ => outside.then_some(reason::RANGE),
                };
                let is_default = number.is_some() && number == default.and_then(Value::as_f64);
                take(row, value, reason, is_default);
                number
            });
            Arc::new(array.collect::<Float64Array>())
        }
        FeatureType::Category | FeatureType::Text => {
            let array = raw.enumerate().map(|(row, value)| {
                let text = value.and_then(text_of);
                let verdict = text.as_deref().map(|text| judge_text(plan, text));
                let reason = match (value, &verdict) {
                    (Some(_), None) => Some(reason::TYPE),
                    _ => verdict.and_then(|verdict| verdict.reason),
                };
                take(row, value, reason, verdict.is_some_and(|verdict| verdict.is_default));
                text
            });
            Arc::new(array.collect::<StringArray>())
        }
        FeatureType::Boolean => {
            let array = raw.enumerate().map(|(row, value)| {
                let truth = value.and_then(Value::as_bool);
                let wrong = value.is_some() && truth.is_none();
                take(row, value, wrong.then_some(reason::TYPE), value.is_some() && value == default);
                truth
            });
            Arc::new(array.collect::<BooleanArray>())
        }
        FeatureType::Timestamp => {
            let array = raw.enumerate().map(|(row, value)| {
                let read: Read<i64> = match value {
                    None => Ok(None),
                    Some(Value::String(text)) => match Timestamp::parse(text) {
                        Ok(instant) => Ok(Some(instant.0)),
                        Err(TimeError::NoZone(_)) => Err(reason::ZONE),
                        Err(_) => Err(reason::TYPE),
                    },
                    Some(_) => Err(reason::TYPE),
                };
                take(row, value, read.err(), value.is_some() && value == default);
                read.ok().flatten()
            });
            Arc::new(array.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        FeatureType::Embedding => {
            let vectors = raw.enumerate().map(|(row, value)| {
                let vector = value.and_then(vector_of);
                let wrong = plan.feature.dimension.zip(vector.as_ref());
                let wrong = wrong.is_some_and(|(dimension, vector)| dimension as usize != vector.len());
                let reason = match (value, &vector) {
                    (Some(_), None) => Some(reason::TYPE),
                    _ => wrong.then_some(reason::DIMENSION),
                };
                take(row, value, reason, false);
                vector
            });
            Arc::new(vectors_of(vectors.collect())?)
        }
    };
    notes.found.push(found);
    notes.invalid.extend(invalid);
    Ok(array)
}

/// A category or a text; numbers and truth values are names too.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.as_f64().map_or_else(|| number.to_string(), write_number))),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        _ => None,
    }
}

fn vector_of(value: &Value) -> Option<Vec<Option<f32>>> {
    value.as_array()?.iter().map(|number| number.as_f64().map(|number| Some(number as f32))).collect()
}

fn map_columns(placed: Placed<'_>, reader: &FeatureReader, mut notes: Notes<'_>) -> Result<NamedColumns, ArrowError> {
    let predictions = placed.predictions;
    let rows = predictions.len();
    notes.invalid.sort_by_key(|(row, position, ..)| (*row, *position));
    notes.invalid.dedup_by_key(|(row, position, ..)| (*row, *position));
    let invalid: Vec<(u32, &str, &str)> = notes.invalid.iter().map(|(row, _, name, why)| (*row, *name, *why)).collect();

    let (mut metas, mut slices, mut calls, mut probabilities) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, event) in predictions.iter().enumerate() {
        let row = index as u32;
        let has_meta = !event.feature_meta.is_empty();
        for (position, plan) in reader.plans.iter().enumerate() {
            let found = notes.found[position][index];
            let meta = has_meta.then(|| event.feature_meta.get(&plan.name)).flatten();
            let status = reader.status(position, found, meta, event.at);
            // A fresh value of which nothing else is known needs no entry: that keeps the column small.
            if status == FeatureStatus::Ok && meta.is_none() {
                continue;
            }
            let meta = FeatureMeta { status: Some(status), ..meta.cloned().unwrap_or_default() };
            metas.push((row, plan.name.as_str(), meta));
        }
        slices.extend(event.slices.iter().map(|(name, value)| (row, name.as_str(), Cow::Borrowed(value.as_str()))));
        for (position, plan) in reader.plans.iter().enumerate().filter(|(_, plan)| plan.is_slice) {
            if !event.slices.contains_key(&plan.name)
                && let Some(text) = placed.value(index, position, reader.plans.len()).and_then(text_of)
            {
                slices.push((row, plan.name.as_str(), text));
            }
        }
        let cost_calls = event.cost.iter().flat_map(|cost| &cost.calls);
        calls.extend(cost_calls.map(|(service, calls)| (row, service.as_str(), calls.n, calls.ms)));
        let classes = event.output.iter().flat_map(|output| &output.probabilities);
        probabilities.extend(classes.map(|(class, probability)| (row, class.as_str(), *probability)));
    }
    let slices: Vec<(u32, &str, &str)> =
        slices.iter().map(|(row, name, value)| (*row, *name, value.as_ref())).collect();
    Ok(named([
        (column::INVALID, text_map(rows, &invalid)?),
        (column::FEATURE_META, meta_map(rows, &metas)?),
        (column::SLICES, text_map(rows, &slices)?),
        (column::CALLS, calls_map(rows, &calls)?),
        (column::PROBABILITIES, number_map(rows, &probabilities)?),
    ]))
}
