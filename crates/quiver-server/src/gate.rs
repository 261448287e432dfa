//! Judges events without a store, for CI: measures them in memory, against a reference that came beside them.

use crate::evaluation::{ArmJudge, Evaluation, WindowInputs, labels_of};
use crate::measure::{
    Joiner, MeasureError, ProfileKey, WindowCounter, freeze_options, model_plan, outcome_plan, plan_on_edges,
};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Float64Type, Schema, TimestampMicrosecondType};
use quiver_event::batch::{EventBatch, column};
use quiver_event::event::Kind;
use quiver_event::spec::{LIVE_ARM, Spec};
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength};
use quiver_judge::comparison::ComparisonError;
use quiver_judge::facts::{Outcomes, ReferenceFacts, UsualDistances};
use quiver_profile::{Edges, Outcome, OutcomePlan, Profile};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Why events cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// They cannot be measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// They cannot be compared with the reference.
    #[error(transparent)]
    Comparison(#[from] ComparisonError),
    /// Outcomes do not fit together.
    #[error(transparent)]
    Outcome(#[from] quiver_profile::OutcomeError),
    /// A time of the spec cannot be used.
    #[error(transparent)]
    Time(#[from] quiver_event::time::TimeError),
}

/// The first pass over the reference: what freezes the edges.
#[derive(Debug)]
pub struct ReferencePass<'a> {
    spec: &'a Spec,
    counter: WindowCounter<'a>,
    rows: u64,
}

impl<'a> ReferencePass<'a> {
    /// A pass over the reference of the spec's model.
    pub fn new(spec: &'a Spec) -> Self {
        Self { spec, counter: WindowCounter::new(spec, WindowFinder::of_all_time()), rows: 0 }
    }

    /// Adds prediction batches of the reference.
    pub fn add(&mut self, batches: &[EventBatch]) -> Result<(), GateError> {
        for batch in batches.iter().filter(|batch| batch.kind == Kind::Prediction && batch.rows.num_rows() > 0) {
            self.counter.count(&batch.rows, |_| model_plan(self.spec))?;
            self.rows += batch.rows.num_rows() as u64;
        }
        Ok(())
    }

    /// Predictions seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Freezes the edges of every arm.
    pub fn freeze(mut self) -> Result<FrozenEdges, GateError> {
        let mut arms: BTreeMap<String, Profile> = BTreeMap::new();
        for (key, profile) in self.counter.closed_before(Timestamp(i64::MAX)) {
            match arms.get_mut(&key.arm) {
                Some(merged) => merged.merge(&profile).map_err(MeasureError::from)?,
                None => {
                    arms.insert(key.arm, profile);
                }
            }
        }
        let options = freeze_options(self.spec);
        Ok(FrozenEdges(arms.into_iter().map(|(arm, profile)| (arm, profile.freeze(&options))).collect()))
    }
}

/// The frozen edges of every arm, by profile column.
#[derive(Debug, Clone, Default)]
pub struct FrozenEdges(BTreeMap<String, BTreeMap<String, Arc<Edges>>>);

/// Counts events into windows in memory.
#[derive(Debug)]
pub struct Measuring<'a> {
    spec: &'a Spec,
    edges: &'a FrozenEdges,
    counter: WindowCounter<'a>,
    joiner: Option<Joiner<'a>>,
    labels: Labels,
    first: Timestamp,
    last: Timestamp,
}

/// How outcomes are kept when events are judged without a store.
pub fn gate_outcome_plan(spec: &Spec) -> Option<OutcomePlan> {
    outcome_plan(spec, None)
}

impl<'a> Measuring<'a> {
    /// Counts in windows of `length`, or all events as one window.
    pub fn new(
        spec: &'a Spec,
        edges: &'a FrozenEdges,
        outcomes: Option<&'a OutcomePlan>,
        length: Option<WindowLength>,
    ) -> Result<Self, GateError> {
        let zone = spec.zone()?;
        let finder = || length.map_or_else(WindowFinder::of_all_time, |length| WindowFinder::new(length, zone.clone()));
        let slices = plan_on_edges(spec, edges.0.get(LIVE_ARM).unwrap_or(&BTreeMap::new())).slices;
        Ok(Self {
            spec,
            edges,
            counter: WindowCounter::new(spec, finder()),
            joiner: outcomes.map(|plan| Joiner::new(spec, plan, &slices, finder())),
            labels: Labels::default(),
            first: Timestamp(i64::MAX),
            last: Timestamp(i64::MIN),
        })
    }

    /// Remembers the labels of a stretch for predictions of any stretch: in a log of event lines a label may stand far
    /// from its prediction.
    pub fn remember_labels(&mut self, batches: &[EventBatch]) {
        let Some(name) = self.spec.feedback.as_ref().map(|feedback| feedback.label.as_str()) else { return };
        for batch in batches.iter().filter(|batch| batch.kind == Kind::Feedback) {
            self.labels.add(&batch.rows, name);
        }
    }

    /// Adds the predictions of one stretch, with the labels remembered and those of the stretch itself.
    ///
    /// `is_table` tells that labels stand in the row of their prediction, so that they can be forgotten at once.
    pub fn add(&mut self, batches: &[EventBatch], is_table: bool) -> Result<(), GateError> {
        if is_table {
            self.labels = Labels::default();
            self.remember_labels(batches);
        }
        for batch in batches.iter().filter(|batch| batch.kind == Kind::Prediction && batch.rows.num_rows() > 0) {
            self.see_times(&batch.rows);
            let edges = self.edges;
            let spec = self.spec;
            self.counter.count(&batch.rows, |arm| match edges.0.get(arm) {
                Some(edges) => plan_on_edges(spec, edges),
                None => model_plan(spec),
            })?;
            if let Some(joiner) = &mut self.joiner {
                joiner.add(&self.labels.join(&batch.rows).map_err(MeasureError::from)?)?;
            }
        }
        Ok(())
    }

    fn see_times(&mut self, rows: &RecordBatch) {
        let at = rows.column_by_name(column::AT).and_then(|at| at.as_primitive_opt::<TimestampMicrosecondType>());
        if let Some((low, high)) = at.and_then(|at| arrow::compute::min(at).zip(arrow::compute::max(at))) {
            self.first = self.first.min(Timestamp(low));
            self.last = self.last.max(Timestamp(high));
        }
    }

    /// What was measured, arm by arm and window by window.
    pub fn finish(mut self) -> Result<Measurement, GateError> {
        // All events as one window: it reaches from the first to the last of them.
        let real = |window: Window, first: Timestamp, last: Timestamp| match window.start.0 {
            i64::MIN => Window { start: first, end: Timestamp(last.0.saturating_add(1)) },
            _ => window,
        };
        let mut windows: BTreeMap<(String, Window), Measured> = BTreeMap::new();
        for (key, profile) in self.counter.closed_before(Timestamp(i64::MAX)) {
            let measured = windows.entry((key.arm.clone(), real(key.window, self.first, self.last))).or_default();
            *measured.versions.entry(key.version).or_default() += profile.rows();
            match &mut measured.profile {
                Some(merged) => merged.merge(&profile).map_err(MeasureError::from)?,
                None => measured.profile = Some(profile),
            }
        }
        let joined = self.joiner.map(|joiner| joiner.windows).unwrap_or_default();
        for (ProfileKey { arm, window, .. }, (whole, slices)) in joined {
            let measured = windows.entry((arm, real(window, self.first, self.last))).or_default();
            merge(&mut measured.outcomes.whole, whole)?;
            for (slice, outcome) in slices {
                let mut merged = measured.outcomes.slices.remove(&slice);
                merge(&mut merged, outcome)?;
                measured.outcomes.slices.extend(merged.map(|merged| (slice, merged)));
            }
        }
        Ok(Measurement { windows, last: self.last })
    }
}

fn merge(target: &mut Option<Outcome>, outcome: Outcome) -> Result<(), GateError> {
    match target {
        Some(target) => target.merge(&outcome)?,
        None => *target = Some(outcome),
    }
    Ok(())
}

/// What was measured of one arm in one window.
#[derive(Debug, Default)]
struct Measured {
    profile: Option<Profile>,
    outcomes: Outcomes,
    versions: BTreeMap<String, u64>,
}

/// What was measured of all arms.
#[derive(Debug)]
pub struct Measurement {
    windows: BTreeMap<(String, Window), Measured>,
    last: Timestamp,
}

impl Measurement {
    /// The measurement as a reference: each arm's windows merged into one, and what is usual among them.
    pub fn into_reference(self, spec: &Spec) -> Result<BTreeMap<String, ReferenceFacts>, GateError> {
        let mut references: BTreeMap<String, ReferenceFacts> = BTreeMap::new();
        let mut windows: BTreeMap<String, Vec<Profile>> = BTreeMap::new();
        for ((arm, _), measured) in self.windows {
            windows.entry(arm.clone()).or_default().extend(measured.profile.clone());
            let reference = references.entry(arm).or_default();
            match (&mut reference.profile, measured.profile) {
                (Some(merged), Some(profile)) => Arc::make_mut(merged).merge(&profile).map_err(MeasureError::from)?,
                (None, profile) => reference.profile = profile.map(Arc::new),
                (Some(_), None) => {}
            }
            if let Some(whole) = measured.outcomes.whole {
                merge(&mut reference.outcomes.whole, whole)?;
            }
            for (slice, outcome) in measured.outcomes.slices {
                let mut merged = reference.outcomes.slices.remove(&slice);
                merge(&mut merged, outcome)?;
                reference.outcomes.slices.extend(merged.map(|merged| (slice, merged)));
            }
        }
        for (arm, reference) in &mut references {
            let Some(whole) = &reference.profile else { continue };
            let mut usual = UsualDistances::default();
            for window in windows.get(arm).into_iter().flatten() {
                usual.add(spec, whole, window)?;
            }
            reference.usual_distances = usual.finish();
        }
        Ok(references)
    }

    /// Judges everything measured against the reference.
    ///
    /// A file for CI is complete: what has no label in it is not waited for.
    pub fn judge(
        self,
        spec: &Spec,
        references: BTreeMap<String, ReferenceFacts>,
        length: Option<WindowLength>,
    ) -> Result<Evaluation, GateError> {
        let mut arms: BTreeMap<String, ArmJudge> =
            references.into_iter().map(|(arm, reference)| (arm, ArmJudge::new(reference))).collect();
        let watermark = Timestamp(self.last.0.saturating_add(spec.horizon().microseconds()).saturating_add(1));
        for ((arm, window), measured) in &self.windows {
            let judge = arms.entry(arm.clone()).or_default();
            if let Some(profile) = &measured.profile {
                let watermark = watermark.max(Timestamp(window.end.0.saturating_add(spec.horizon().microseconds())));
                let inputs = WindowInputs {
                    profile,
                    versions: &measured.versions,
                    outcomes: &measured.outcomes,
                    door: None,
                    watermark,
                };
                judge.judge(spec, arm, *window, &inputs)?;
            }
        }
        let zone = spec.zone()?;
        let label: Box<dyn Fn(Window) -> String> = match length {
            Some(length) => Box::new(labels_of(length, &zone)),
            None => Box::new(|_| "all rows".to_owned()),
        };
        Ok(Evaluation::assemble(spec, arms, &label, spec.reference_window()?, 0))
    }
}

/// The labels of a stretch of rows, by the id of the prediction or decision they speak of.
#[derive(Debug, Default)]
struct Labels {
    of_predictions: HashMap<String, Label>,
    of_decisions: HashMap<String, Label>,
}

#[derive(Debug, Clone)]
struct Label {
    known_at: Option<i64>,
    id: String,
    value: Option<f64>,
    class: Option<String>,
}

impl Labels {
    fn add(&mut self, rows: &RecordBatch, name: &str) {
        let text = |column: &str| rows.column_by_name(column).and_then(|values| values.as_string_opt::<i32>());
        let at = |column: &str| {
            rows.column_by_name(column).and_then(|values| values.as_primitive_opt::<TimestampMicrosecondType>())
        };
        let value = rows.column_by_name(column::VALUE).and_then(|values| values.as_primitive_opt::<Float64Type>());
        let valid = |texts: Option<&StringArray>, row: usize| {
            texts.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row).to_owned())
        };
        for row in 0..rows.num_rows() {
            if valid(text(column::NAME), row).as_deref() != Some(name) {
                continue;
            }
            let known = [at(column::KNOWN_AT), at(column::AT)].into_iter().flatten().find(|known| known.is_valid(row));
            let label = Label {
                known_at: known.map(|known| known.value(row)),
                id: valid(text(column::ID), row).unwrap_or_default(),
                value: value.filter(|value| value.is_valid(row)).map(|value| value.value(row)),
                class: valid(text(column::CLASS), row),
            };
            let (target, key) = match valid(text(column::PREDICTION_ID), row) {
                Some(prediction) => (&mut self.of_predictions, Some(prediction)),
                None => (&mut self.of_decisions, valid(text(column::DECISION_ID), row)),
            };
            let Some(key) = key else { continue };
            // The latest label wins, as in the store's join; labels known at the same moment are told apart by id.
            match target.get(&key) {
                Some(earlier) if (earlier.known_at, &earlier.id) > (label.known_at, &label.id) => {}
                _ => {
                    target.insert(key, label);
                }
            }
        }
    }

    /// The predictions with the columns of the store's join.
    fn join<'l>(&'l self, rows: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
        let text = |name: &str| rows.column_by_name(name).and_then(|values| values.as_string_opt::<i32>());
        let (ids, decisions) = (text(column::ID), text(column::DECISION_ID));
        let label = |row: usize| {
            let of = |ids: Option<&StringArray>, labels: &'l HashMap<String, Label>| {
                ids.filter(|ids| ids.is_valid(row)).and_then(|ids| labels.get(ids.value(row)))
            };
            let (own, shared) = (of(ids, &self.of_predictions), of(decisions, &self.of_decisions));
            match (own, shared) {
                (Some(own), Some(shared)) if (shared.known_at, &shared.id) > (own.known_at, &own.id) => Some(shared),
                (own, shared) => own.or(shared),
            }
        };
        let labels: Vec<Option<&Label>> = (0..rows.num_rows()).map(label).collect();
        let values: Float64Array = labels.iter().map(|label| label.and_then(|label| label.value)).collect();
        let classes: StringArray = labels.iter().map(|label| label.and_then(|label| label.class.as_deref())).collect();
        let known: TimestampMicrosecondArray =
            labels.iter().map(|label| label.and_then(|label| label.known_at)).collect();
        let added: [(&str, ArrayRef); 3] = [
            ("label_value", Arc::new(values)),
            ("label_class", Arc::new(classes)),
            ("label_known_at", Arc::new(known.with_timezone("UTC"))),
        ];
        let mut fields: Vec<Field> = rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut columns = rows.columns().to_vec();
        for (name, values) in added {
            fields.push(Field::new(name, values.data_type().clone(), true));
            columns.push(values);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
    }
}
