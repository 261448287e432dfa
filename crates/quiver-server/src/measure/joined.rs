//! Adds predictions joined with their feedback to the outcomes of their windows and slices.

use super::rows::Rows;
use super::{MeasureError, ProfileKey};
use arrow::array::RecordBatch;
use quiver_event::batch::column;
use quiver_event::spec::{LIVE_ARM, Spec, Task};
use quiver_event::time::{Timestamp, WindowFinder};
use quiver_judge::finding::Slice;
use quiver_profile::{Outcome, OutcomePlan, SlicePlan};
use std::collections::{BTreeMap, BTreeSet};

/// The outcome of a window's whole population, and of each slice.
pub type WindowOutcomes = (Outcome, BTreeMap<Slice, Outcome>);

/// Adds joined rows to the outcomes of their arm, version and window.
#[derive(Debug)]
pub struct Joiner<'a> {
    spec: &'a Spec,
    plan: &'a OutcomePlan,
    /// The values of each slice that have an outcome of their own.
    kept: BTreeMap<String, BTreeSet<String>>,
    finder: WindowFinder,
    /// The outcomes so far: of the whole and of each slice.
    pub windows: BTreeMap<ProfileKey, WindowOutcomes>,
}

impl<'a> Joiner<'a> {
    /// A joiner whose slices are those of the profile plan.
    pub fn new(spec: &'a Spec, plan: &'a OutcomePlan, slices: &[SlicePlan], finder: WindowFinder) -> Self {
        let kept = slices.iter().map(|slice| (slice.name.clone(), slice.values.iter().cloned().collect())).collect();
        Self { spec, plan, kept, finder, windows: BTreeMap::new() }
    }

    /// Adds rows with the columns of the store's join.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), MeasureError> {
        let rows = Rows(batch);
        let (arms, versions) = (rows.texts(column::ARM)?, rows.texts(column::VERSION)?);
        let at = rows.instants(column::AT)?;
        let (scores, values) = (rows.numbers(column::SCORE)?, rows.numbers(column::VALUE)?);
        let classes = rows.texts(column::CLASS)?;
        let (labels, label_classes) = (rows.numbers("label_value")?, rows.texts("label_class")?);
        let known_at = rows.instants("label_known_at")?;
        let slices = rows.text_maps(column::SLICES)?;
        for row in 0..batch.num_rows() {
            let Some(at) = at[row] else { continue };
            let arm = if arms[row].is_empty() { LIVE_ARM } else { &arms[row] };
            let key = ProfileKey {
                arm: arm.to_owned(),
                version: versions[row].clone(),
                window: self.finder.find(Timestamp(at))?,
            };
            // What becomes known after the horizon no longer counts, however the rows were grouped into queries.
            let deadline = key.window.end.0.saturating_add(self.spec.horizon().microseconds());
            let in_time = known_at[row].is_none_or(|known| known < deadline);
            let delay_seconds = known_at[row].filter(|_| in_time).map(|known| (known - at) as f64 / 1e6);
            let joined = Joined {
                prediction: scores[row].or(values[row]),
                class: &classes[row],
                label: labels[row].filter(|_| in_time),
                label_class: if in_time { &label_classes[row] } else { "" },
                delay_seconds,
            };
            let (whole, by_slice) =
                self.windows.entry(key).or_insert_with(|| (Outcome::new(self.plan), BTreeMap::new()));
            joined.add_to(whole, self.spec.task);
            for (name, value) in &slices[row] {
                let Some(kept) = self.kept.get(name) else { continue };
                let value = if kept.contains(value) { value } else { "other" };
                let slice = Slice { name: name.clone(), value: value.to_owned() };
                let outcome = by_slice.entry(slice).or_insert_with(|| Outcome::new(self.plan));
                joined.add_to(outcome, self.spec.task);
            }
        }
        Ok(())
    }
}

/// One prediction with what became known of it.
struct Joined<'a> {
    prediction: Option<f64>,
    class: &'a str,
    label: Option<f64>,
    label_class: &'a str,
    delay_seconds: Option<f64>,
}

impl Joined<'_> {
    fn add_to(&self, outcome: &mut Outcome, task: Task) {
        if task == Task::Multiclass {
            let right = (!self.label_class.is_empty()).then(|| self.label_class == self.class);
            outcome.add_class(right, self.delay_seconds);
        } else {
            // A failed answer has no score; as a prediction without one it still counts as made.
            outcome.add(self.prediction.unwrap_or(f64::NAN), self.label, self.delay_seconds);
        }
    }
}
