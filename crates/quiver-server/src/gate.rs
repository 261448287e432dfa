//! Judges events without a store, for CI: measures them in memory, against a reference that came beside them.

use crate::evaluation::{ArmJudge, Evaluation, labels_of};
use crate::measure::{
    Joiner, MeasureError, ProfileKey, WindowCounter, freeze_options, measured, model_plan, outcome_plan, plan_on_edges,
    row_facts,
};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Float64Type, Schema, TimestampMicrosecondType};
use quiver_event::batch::{EventBatch, column};
use quiver_event::event::Kind;
use quiver_event::spec::{LIVE_ARM, Spec};
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength};
use quiver_judge::comparison::ComparisonError;
use quiver_judge::facts::{Outcomes, ReferenceFacts};
use quiver_profile::{Edges, Outcome, OutcomePlan, Plan, Profile};
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
    plan: Plan,
    arms: BTreeMap<String, Profile>,
}

impl<'a> ReferencePass<'a> {
    /// A pass over the reference of the spec's model.
    pub fn new(spec: &'a Spec) -> Self {
        Self { spec, plan: model_plan(spec), arms: BTreeMap::new() }
    }

    /// Adds prediction batches of the reference.
    pub fn add(&mut self, batches: &[EventBatch]) -> Result<(), GateError> {
        for batch in batches.iter().filter(|batch| batch.kind == Kind::Prediction && batch.rows.num_rows() > 0) {
            let profile = self.arms.entry(arm_of(&batch.rows)).or_insert_with(|| Profile::new(&self.plan));
            let columns = measured(self.spec, &batch.rows).map_err(MeasureError::from)?;
            profile.update_with(&columns, &row_facts(self.spec, &batch.rows)).map_err(MeasureError::from)?;
        }
        Ok(())
    }

    /// Predictions seen.
    pub fn rows(&self) -> u64 {
        self.arms.values().map(Profile::rows).sum()
    }

    /// Freezes the edges of every arm.
    pub fn freeze(self) -> FrozenEdges {
        let freeze = |(arm, profile): (String, Profile)| (arm, profile.freeze(&freeze_options(self.spec)));
        FrozenEdges(self.arms.into_iter().map(freeze).collect())
    }
}

/// The frozen edges of every arm, by profile column.
#[derive(Debug, Clone, Default)]
pub struct FrozenEdges(BTreeMap<String, BTreeMap<String, Arc<Edges>>>);

/// The arm of a batch: the door gives batches of one arm each when a table holds several.
fn arm_of(rows: &RecordBatch) -> String {
    let arms = rows.column_by_name(column::ARM).and_then(|arms| arms.as_string_opt::<i32>());
    match arms.filter(|arms| !arms.is_empty() && arms.is_valid(0)) {
        Some(arms) => arms.value(0).to_owned(),
        None => LIVE_ARM.to_owned(),
    }
}

/// Counts events into windows in memory.
#[derive(Debug)]
pub struct Measuring<'a> {
    spec: &'a Spec,
    edges: &'a FrozenEdges,
    counter: WindowCounter<'a>,
    joiner: Option<Joiner<'a>>,
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
            first: Timestamp(i64::MAX),
            last: Timestamp(i64::MIN),
        })
    }

    /// Adds the events of one stretch of rows: its predictions, and the feedback on them.
    pub fn add(&mut self, batches: &[EventBatch]) -> Result<(), GateError> {
        let mut labels = Labels::default();
        for batch in batches.iter().filter(|batch| batch.kind == Kind::Feedback) {
            labels.add(&batch.rows);
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
                joiner.add(&labels.join(&batch.rows).map_err(MeasureError::from)?)?;
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
            measured.versions.insert(key.version);
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
    versions: std::collections::BTreeSet<String>,
}

/// What was measured of all arms.
#[derive(Debug)]
pub struct Measurement {
    windows: BTreeMap<(String, Window), Measured>,
    last: Timestamp,
}

impl Measurement {
    /// The measurement as a reference: each arm's windows merged into one.
    pub fn into_reference(self) -> Result<BTreeMap<String, ReferenceFacts>, GateError> {
        let mut references: BTreeMap<String, ReferenceFacts> = BTreeMap::new();
        for ((arm, _), measured) in self.windows {
            let reference = references.entry(arm).or_default();
            match (&mut reference.profile, measured.profile) {
                (Some(merged), Some(profile)) => merged.merge(&profile).map_err(MeasureError::from)?,
                (None, profile) => reference.profile = profile,
                (Some(_), None) => {}
            }
            if let Some(whole) = measured.outcomes.whole {
                merge(&mut reference.outcomes.whole, whole)?;
            }
            reference.outcomes.slices.extend(measured.outcomes.slices);
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
            judge.versions.extend(measured.versions.iter().cloned());
            if let Some(profile) = &measured.profile {
                let watermark = watermark.max(Timestamp(window.end.0.saturating_add(spec.horizon().microseconds())));
                judge.judge(spec, arm, *window, profile, &measured.outcomes, watermark)?;
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
struct Labels(HashMap<String, Label>);

#[derive(Debug, Clone)]
struct Label {
    value: Option<f64>,
    class: Option<String>,
    known_at: Option<i64>,
}

impl Labels {
    fn add(&mut self, rows: &RecordBatch) {
        let text = |name: &str| rows.column_by_name(name).and_then(|values| values.as_string_opt::<i32>());
        let known = rows
            .column_by_name(column::KNOWN_AT)
            .and_then(|values| values.as_primitive_opt::<TimestampMicrosecondType>());
        let value = rows.column_by_name(column::VALUE).and_then(|values| values.as_primitive_opt::<Float64Type>());
        let (of_prediction, of_decision) = (text(column::PREDICTION_ID), text(column::DECISION_ID));
        for row in 0..rows.num_rows() {
            let id = [of_prediction, of_decision].into_iter().flatten().find(|ids| ids.is_valid(row));
            let Some(id) = id.map(|ids| ids.value(row)) else { continue };
            let label = Label {
                value: value.filter(|value| value.is_valid(row)).map(|value| value.value(row)),
                class: text(column::CLASS).filter(|class| class.is_valid(row)).map(|class| class.value(row).to_owned()),
                known_at: known.filter(|known| known.is_valid(row)).map(|known| known.value(row)),
            };
            // The latest label wins, as in the store's join.
            match self.0.get(id) {
                Some(earlier) if earlier.known_at > label.known_at => {}
                _ => {
                    self.0.insert(id.to_owned(), label);
                }
            }
        }
    }

    /// The predictions with the columns of the store's join.
    fn join(&self, rows: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
        let text = |name: &str| rows.column_by_name(name).and_then(|values| values.as_string_opt::<i32>());
        let (ids, decisions) = (text(column::ID), text(column::DECISION_ID));
        let label = |row: usize| {
            let of = |ids: Option<&StringArray>| {
                ids.filter(|ids| ids.is_valid(row)).and_then(|ids| self.0.get(ids.value(row)))
            };
            of(ids).or_else(|| of(decisions))
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
