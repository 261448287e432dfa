//! Keeps a slim row of every prediction, and its features by chance: which rows keep them, and how likely that was.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow::compute::{not, nullif};
use arrow::error::ArrowError;
use quiver_event::batch::{EventBatch, capture, column, feature_column, is_overridden};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use std::collections::HashSet;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Applies the spec's `capture` to the predictions of one model.
#[derive(Debug, Clone)]
pub struct Capture {
    probability: f64,
    /// The columns that only captured rows keep.
    sampled: HashSet<String>,
}

impl Capture {
    /// The capture that the spec asks for. Features that are slices stay on every row.
    pub fn new(spec: &Spec) -> Self {
        let sampled = spec.features.names().filter(|name| !spec.slices.iter().any(|slice| slice == name));
        let sampled = sampled.map(feature_column).chain([column::FEATURE_META.to_owned()]);
        Self { probability: spec.capture_probability(), sampled: sampled.collect() }
    }

    /// Marks each prediction with whether its features are kept, and takes out those that are not.
    ///
    /// A row is in the sample when the hash of its id, as a number from 0 to 1, is below the spec's share: the same
    /// event is so on every machine and in every replay. Failed and overridden answers keep their features always,
    /// with the probability 1, so that `1 / capture_probability` weighs the kept rows to the whole (Horvitz and
    /// Thompson 1952). Other kinds of events come back as they are.
    ///
    /// # Errors
    /// When Arrow refuses a column.
    pub fn apply(&self, batch: EventBatch) -> Result<EventBatch, ArrowError> {
        let ids = batch.rows.column_by_name(column::ID).and_then(|ids| ids.as_string_opt::<i32>());
        let (Kind::Prediction, Some(ids)) = (batch.kind, ids) else { return Ok(batch) };
        let forced = self.forced(&batch.rows);
        let is_sampled: BooleanArray =
            ids.iter().map(|id| Some(self.is_in_the_sample(id.unwrap_or_default()))).collect();
        let captures: StringArray = is_sampled
            .iter()
            .zip(&forced)
            .map(|(sampled, forced)| match (sampled, forced) {
                (Some(true), _) => Some(capture::SAMPLE),
                (_, true) => Some(capture::ALWAYS),
                _ => Some(capture::NONE),
            })
            .collect();
        let probabilities = forced.iter().map(|forced| if *forced { 1.0 } else { self.probability });
        let probabilities = Float64Array::from_iter_values(probabilities);
        let kept: BooleanArray = captures.iter().map(|capture| Some(capture != Some(capture::NONE))).collect();
        let dropped = (kept.false_count() > 0).then(|| not(&kept)).transpose()?;
        let schema = batch.rows.schema();
        let columns = schema.fields().iter().zip(batch.rows.columns()).map(|(field, values)| {
            Ok(match (field.name().as_str(), &dropped) {
                (column::CAPTURE, _) => Arc::new(captures.clone()) as ArrayRef,
                (column::CAPTURE_PROBABILITY, _) => Arc::new(probabilities.clone()),
                (name, Some(dropped)) if self.sampled.contains(name) => nullif(values, dropped)?,
                _ => Arc::clone(values),
            })
        });
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        Ok(EventBatch { rows: RecordBatch::try_new(schema, columns)?, ..batch })
    }

    fn is_in_the_sample(&self, id: &str) -> bool {
        // The upper 53 bits of the hash are a number below 1 that is exact in 64-bit floating point.
        let place = (xxh3_64(id.as_bytes()) >> 11) as f64 / (1u64 << 53) as f64;
        place < self.probability
    }

    fn forced(&self, rows: &RecordBatch) -> Vec<bool> {
        let failed = rows.column_by_name(column::ERROR);
        let overridden = is_overridden(rows);
        (0..rows.num_rows())
            .map(|row| {
                let failed = failed.is_some_and(|errors| errors.is_valid(row));
                failed || (overridden.is_valid(row) && overridden.value(row))
            })
            .collect()
    }
}
