//! The rows of one batch as events, column by column; the plan was checked before.

use super::cast::{boolean_of_word, to_instant, to_number, to_text};
use super::feature_column::{FeatureNotes, OutputNotes, read_feature, slice_texts};
use super::feature_plan::{DECISION, OUTPUT, reason as invalid};
use super::map_column::{meta_map, text_map};
use super::rejected::{Rejections, reason};
use super::table::{ArmPlan, MapError, Mapped, TableMapping};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::{filter_record_batch, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use quiver_event::batch::{EventBatch, column, feature_column};
use quiver_event::event::{DecidedBy, Kind};
use quiver_event::spec::Task;
use std::collections::HashMap;
use std::sync::Arc;

/// The usable rows of a batch.
struct Rows<'a> {
    mapping: &'a TableMapping,
    batch: RecordBatch,
    ids: StringArray,
    at: TimestampMicrosecondArray,
}

pub(super) fn map(mapping: &TableMapping, batch: &RecordBatch, first_row: u64) -> Result<Mapped, MapError> {
    let mut rejected = Rejections::default();
    let rows = usable_rows(mapping, batch, first_row, &mut rejected)?;
    let mut notes = FeatureNotes::default();
    let mut features = Vec::with_capacity(mapping.features.len());
    for (index, plan) in mapping.features.iter().enumerate() {
        let array = match &plan.column {
            Some(name) => {
                let values = rows.column(name)?;
                read_feature(plan, index, values, mapping.zone.as_ref(), mapping.keep_dictionaries, &mut notes)?
            }
            None => {
                let kind = mapping.prediction_schema.field_with_name(&feature_column(&plan.name))?.data_type().clone();
                new_null_array(&kind, rows.len())
            }
        };
        features.push(array);
    }
    notes.sort();
    let shared = rows.shared_columns(&features, &notes)?;
    let predictions =
        mapping.arms.iter().map(|arm| rows.predictions(arm, &shared, &notes)).collect::<Result<Vec<_>, _>>()?;
    let predictions = predictions.into_iter().map(|batch| rows.with_event_columns(batch)).collect::<Result<_, _>>()?;
    Ok(Mapped { predictions, feedback: rows.feedback()?, rejected })
}

/// Keeps out rows without a time or an id.
fn usable_rows<'a>(
    mapping: &'a TableMapping,
    batch: &RecordBatch,
    first_row: u64,
    rejected: &mut Rejections,
) -> Result<Rows<'a>, MapError> {
    let find = |name: &str| batch.column_by_name(name).ok_or_else(|| MapError::NoColumn(name.to_owned()));
    let name = mapping.columns.at.as_deref().unwrap_or_default();
    let times = to_instant(find(name)?, mapping.zone.as_ref())?;
    let ids: StringArray = match &mapping.columns.id {
        Some(name) => to_text(find(name)?)?.array,
        None => {
            let numbers = (0..batch.num_rows() as u64).map(|row| first_row + row + 1);
            StringArray::from_iter_values(numbers.map(|row| format!("{}-{row}", mapping.fingerprint)))
        }
    };
    let mut keep = vec![true; batch.num_rows()];
    let mut reject = |row: usize, reason| {
        if keep[row] {
            keep[row] = false;
            rejected.add(reason, first_row + row as u64 + 1);
        }
    };
    for (row, reason) in &times.invalid {
        reject(*row as usize, if *reason == invalid::ZONE { reason::NO_ZONE } else { reason::NOT_A_TIME });
    }
    if times.array.null_count() > 0 {
        (0..times.array.len()).filter(|row| times.array.is_null(*row)).for_each(|row| reject(row, reason::NO_TIME));
    }
    for (row, id) in ids.iter().enumerate() {
        if id.is_none_or(str::is_empty) {
            reject(row, reason::NO_ID);
        }
    }
    if rejected.is_empty() {
        return Ok(Rows { mapping, batch: batch.clone(), ids, at: times.array });
    }
    let keep = BooleanArray::from(keep);
    let filter = |array: &dyn Array| arrow::compute::filter(array, &keep);
    Ok(Rows {
        mapping,
        batch: filter_record_batch(batch, &keep)?,
        ids: filter(&ids)?.as_string::<i32>().clone(),
        at: filter(&times.array)?.as_primitive().clone(),
    })
}

/// Columns that all arms of a row share, by name.
type SharedColumns = HashMap<String, ArrayRef>;

impl Rows<'_> {
    fn len(&self) -> usize {
        self.batch.num_rows()
    }

    fn column(&self, name: &str) -> Result<&ArrayRef, MapError> {
        self.batch.column_by_name(name).ok_or_else(|| MapError::NoColumn(name.to_owned()))
    }

    /// Fills the event's own columns that the batch brings under their own names.
    fn with_event_columns(&self, mut events: EventBatch) -> Result<EventBatch, MapError> {
        if self.mapping.event_columns.is_empty() {
            return Ok(events);
        }
        let schema = events.rows.schema();
        let mut columns = events.rows.columns().to_vec();
        for name in &self.mapping.event_columns {
            let index = schema.index_of(name)?;
            let values = self.column(name)?;
            columns[index] = match schema.field(index).data_type() {
                DataType::Utf8 => Arc::new(to_text(values)?.array),
                DataType::Float64 => Arc::new(to_number(values)?.array),
                other => arrow::compute::cast(values, other)?,
            };
        }
        events.rows = RecordBatch::try_new(schema, columns)?;
        Ok(events)
    }

    fn text(&self, name: &Option<String>) -> Result<Option<ArrayRef>, MapError> {
        let Some(name) = name else { return Ok(None) };
        Ok(Some(Arc::new(to_text(self.column(name)?)?.array)))
    }

    fn number(&self, name: &Option<String>) -> Result<Option<Float64Array>, MapError> {
        let Some(name) = name else { return Ok(None) };
        Ok(Some(to_number(self.column(name)?)?.array))
    }

    fn shared_columns(&self, features: &[ArrayRef], notes: &FeatureNotes) -> Result<SharedColumns, MapError> {
        let mapping = self.mapping;
        let mut shared = SharedColumns::new();
        shared.insert(column::AT.to_owned(), Arc::new(self.at.clone()));
        if let Some(versions) = self.text(&mapping.columns.version)? {
            shared.insert(column::VERSION.to_owned(), versions);
        }
        if let Some(subjects) = self.text(&mapping.subject)? {
            shared.insert(column::SUBJECT.to_owned(), subjects);
        }
        for (plan, array) in mapping.features.iter().zip(features) {
            shared.insert(feature_column(&plan.name), Arc::clone(array));
        }
        let slices = slice_texts(&mapping.features, features)?;
        let mut entries: Vec<(u32, &str, &str)> = Vec::with_capacity(self.len() * slices.len());
        for row in 0..self.len() {
            for (name, texts) in &slices {
                if texts.is_valid(row) {
                    entries.push((row as u32, name, texts.value(row)));
                }
            }
        }
        shared.insert(column::SLICES.to_owned(), text_map(self.len(), &entries)?);
        let defaults = notes.defaults(&mapping.features);
        shared.insert(column::FEATURE_META.to_owned(), meta_map(self.len(), &defaults)?);
        Ok(shared)
    }

    fn predictions(&self, arm: &ArmPlan, shared: &SharedColumns, notes: &FeatureNotes) -> Result<EventBatch, MapError> {
        let mapping = self.mapping;
        let live = arm.name.as_deref().is_none_or(|name| name == quiver_event::spec::LIVE_ARM);
        let mut columns: SharedColumns = shared.clone();
        let mut output = OutputNotes::default();
        columns.insert(column::ID.to_owned(), Arc::new(self.arm_ids(arm, live)));
        if let Some(name) = &arm.name {
            columns.insert(column::ARM.to_owned(), self.constant(name));
            columns.insert(column::DECISION_ID.to_owned(), Arc::new(self.ids.clone()));
        }
        if let Some(version) = &arm.outputs.version {
            columns.insert(column::VERSION.to_owned(), self.constant(version));
        }
        for (target, source) in [(column::SCORE, &arm.outputs.score), (column::VALUE, &arm.outputs.value)] {
            if let Some(source) = source {
                let unit_range = target == column::SCORE && mapping.task == Task::Binary;
                let numbers = output.check_numbers(to_number(self.column(source)?)?, unit_range);
                columns.insert(target.to_owned(), Arc::new(numbers));
            }
        }
        if let Some(classes) = self.text(&arm.outputs.class)? {
            columns.insert(column::CLASS.to_owned(), classes);
        }
        if live {
            self.decision_columns(&mut columns, &mut output)?;
        }
        let reasons = notes.invalid_with(&mapping.features, &output);
        columns.insert(column::INVALID.to_owned(), text_map(self.len(), &reasons)?);
        let schema = actual_schema(&mapping.prediction_schema, &columns);
        self.finish(Kind::Prediction, schema, &columns, self.len())
    }

    /// What only the answer that was used has: action, latency, error.
    fn decision_columns(&self, columns: &mut SharedColumns, output: &mut OutputNotes) -> Result<(), MapError> {
        let names = &self.mapping.columns;
        for (target, source) in [
            (column::ACTION, &names.action),
            (column::MODEL_ACTION, &names.model_action),
            (column::ERROR, &names.error),
        ] {
            if let Some(texts) = self.text(source)? {
                columns.insert(target.to_owned(), texts);
            }
        }
        if let Some(latencies) = self.number(&names.latency_ms)? {
            columns.insert(column::LATENCY_MS.to_owned(), Arc::new(latencies));
        }
        if let Some(deciders) = self.text(&names.decided_by)? {
            let known = [DecidedBy::Model, DecidedBy::Rule, DecidedBy::Guardrail, DecidedBy::Fallback];
            let deciders = deciders.as_string::<i32>();
            let checked: StringArray = deciders
                .iter()
                .enumerate()
                .map(|(row, decider)| {
                    let found = known.iter().find(|known| Some(known.name()) == decider).map(|known| known.name());
                    if found.is_none() && decider.is_some_and(|decider| !decider.is_empty()) {
                        output.add(row, DECISION, invalid::CATEGORY);
                    }
                    found
                })
                .collect();
            columns.insert(column::DECIDED_BY.to_owned(), Arc::new(checked));
        }
        Ok(())
    }

    fn arm_ids(&self, arm: &ArmPlan, live: bool) -> StringArray {
        match (&arm.name, live) {
            (Some(name), false) => {
                StringArray::from_iter_values(self.ids.iter().flatten().map(|id| format!("{id}/{name}")))
            }
            _ => self.ids.clone(),
        }
    }

    fn constant(&self, text: &str) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, self.len())))
    }

    fn feedback(&self) -> Result<Option<EventBatch>, MapError> {
        let mapping = self.mapping;
        let Some(name) = &mapping.columns.label else { return Ok(None) };
        let labels = Labels::read(self.column(name)?, mapping.task)?;
        let labelled: UInt32Array = (0..self.len() as u32).filter(|row| labels.is_known(*row as usize)).collect();
        if labelled.is_empty() {
            return Ok(None);
        }
        let known = match &mapping.columns.label_time {
            Some(name) => {
                let known = to_instant(self.column(name)?, mapping.zone.as_ref())?.array;
                // A label without a time of its own is dated with its prediction.
                let dated = known.iter().zip(self.at.iter()).map(|(known, at)| known.or(at));
                dated.collect::<TimestampMicrosecondArray>().with_timezone("UTC")
            }
            None => self.at.clone(),
        };
        let picked = |array: &dyn Array| take(array, &labelled, None);
        let ids = picked(&self.ids)?;
        let known = picked(&known)?;
        let label = &mapping.label_name;
        let own =
            StringArray::from_iter_values(ids.as_string::<i32>().iter().flatten().map(|id| format!("{id}/{label}")));
        let several = mapping.arms.len() > 1 || mapping.arms[0].name.is_some();
        let target = if several { column::DECISION_ID } else { column::PREDICTION_ID };
        let names = StringArray::from_iter_values(std::iter::repeat_n(label, labelled.len()));
        let columns: SharedColumns = [
            (column::ID, Arc::new(own) as ArrayRef),
            (column::AT, Arc::clone(&known)),
            (column::KNOWN_AT, known),
            (target, ids),
            (column::NAME, Arc::new(names)),
            (column::VALUE, picked(&labels.values)?),
            (column::CLASS, picked(&labels.classes)?),
        ]
        .into_iter()
        .map(|(name, array)| (name.to_owned(), array))
        .collect();
        let batch = self.finish(Kind::Feedback, Arc::clone(&mapping.feedback_schema), &columns, labelled.len())?;
        Ok(Some(batch))
    }

    /// Puts the columns in the schema's order; what is not there is null.
    fn finish(
        &self,
        kind: Kind,
        schema: SchemaRef,
        columns: &SharedColumns,
        rows: usize,
    ) -> Result<EventBatch, MapError> {
        let arrays = schema
            .fields()
            .iter()
            .map(|field| match columns.get(field.name()) {
                Some(array) => Arc::clone(array),
                None => new_null_array(field.data_type(), rows),
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        Ok(EventBatch { model: self.mapping.model.clone(), kind, rows })
    }
}

/// The event schema, with those features as dictionaries that were left so.
fn actual_schema(schema: &SchemaRef, columns: &SharedColumns) -> SchemaRef {
    let kept = |field: &Field| {
        columns.get(field.name()).filter(|array| matches!(array.data_type(), DataType::Dictionary(..))).cloned()
    };
    if schema.fields().iter().all(|field| kept(field).is_none()) {
        return Arc::clone(schema);
    }
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match kept(field) {
            Some(array) => Field::new(field.name(), array.data_type().clone(), field.is_nullable()),
            None => field.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// The labels of a batch as numbers and as names.
struct Labels {
    values: Float64Array,
    classes: StringArray,
}

impl Labels {
    fn read(array: &ArrayRef, task: Task) -> Result<Self, MapError> {
        let rows = array.len();
        let textual = super::cast::is_text(array.data_type());
        let texts = match textual || task == Task::Multiclass {
            true => to_text(array)?.array,
            false => new_null_array(&DataType::Utf8, rows).as_string::<i32>().clone(),
        };
        let values: Float64Array = match (textual, task) {
            (true, Task::Binary) => texts.iter().map(|text| binary_number(text?)).collect(),
            (true, Task::Multiclass) => Float64Array::new_null(rows),
            _ => to_number(array)?.array,
        };
        // In a text file a number is written as text as well; only a word is the name of a class.
        let is_name = |text: &&str| task == Task::Multiclass || text.trim().parse::<f64>().is_err();
        let classes = texts.iter().map(|text| text.filter(is_name)).collect();
        // NaN is what pandas makes of a missing label.
        let values: Float64Array = values.iter().map(|value| value.filter(|value| value.is_finite())).collect();
        Ok(Self { values, classes })
    }

    fn is_known(&self, row: usize) -> bool {
        self.values.is_valid(row) || (self.classes.is_valid(row) && !super::cell::is_null_word(self.classes.value(row)))
    }
}

/// A binary label that was written as text: a truth word, or any number.
fn binary_number(text: &str) -> Option<f64> {
    boolean_of_word(text).map(|truth| f64::from(u8::from(truth))).or_else(|| text.trim().parse().ok())
}

impl OutputNotes {
    /// Non-finite numbers become null with a reason; a binary score outside 0 to 1 stays, with a reason.
    fn check_numbers(&mut self, cast: super::cast::Cast<Float64Array>, unit_range: bool) -> Float64Array {
        for (row, reason) in cast.invalid {
            self.add(row as usize, OUTPUT, reason);
        }
        let numbers = cast.array;
        for (row, number) in numbers.iter().enumerate() {
            let Some(number) = number else { continue };
            if number.is_nan() {
                self.add(row, OUTPUT, invalid::NAN);
            } else if number.is_infinite() {
                self.add(row, OUTPUT, invalid::INFINITE);
            } else if unit_range && !(0.0..=1.0).contains(&number) {
                self.add(row, OUTPUT, invalid::RANGE);
            }
        }
        numbers.iter().map(|number| number.filter(|number| number.is_finite())).collect()
    }
}
