//! What is known of each row beside its values: the status of a feature, and why a value was refused.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, MapArray, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::Float64Type;
use quiver_event::Arrow;
use quiver_event::batch::{capture, column};
use quiver_event::spec::Spec;
use quiver_judge::facts::profile_column;
use quiver_profile::RowFacts;
use quiver_profile::column::Costs;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads the `feature_meta` and `invalid` maps of a batch of predictions into an array a feature, and which of the rows
/// are the sample that figures of features rest on.
pub fn row_facts(spec: &Spec, rows: &RecordBatch) -> RowFacts {
    let mut facts = RowFacts { sample: sample(rows), costs: row_costs(spec, rows), ..RowFacts::default() };
    if let Some(reasons) = map(rows, column::INVALID) {
        facts.reasons = by_feature(spec, reasons, reasons.values());
    }
    if let Some(meta) = map(rows, column::FEATURE_META)
        && let Some(statuses) = meta.values().as_struct_opt().and_then(|fields| fields.column_by_name("status"))
    {
        facts.statuses = by_feature(spec, meta, statuses);
    }
    facts
}

/// A map column, where any row has one.
fn map<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a MapArray> {
    rows.column_by_name(name).and_then(|values| values.as_map_opt()).filter(|map| map.null_count() < map.len())
}

/// The rows in the sample; nothing where all are. Rows from before there was a capture kept all of their features.
fn sample(rows: &RecordBatch) -> Option<BooleanArray> {
    let captures = rows.column_by_name(column::CAPTURE)?.as_string_opt::<i32>()?;
    let is_in = |text: Option<&str>| text.is_none_or(|text| text == capture::SAMPLE);
    let sample: BooleanArray = captures.iter().map(|text| Some(is_in(text))).collect();
    (sample.false_count() > 0).then_some(sample)
}

/// What each feature cost: over the sample, and of a feature that is a slice over all rows, as its values are counted.
pub fn row_costs(spec: &Spec, rows: &RecordBatch) -> BTreeMap<String, Costs> {
    let Some(meta) = map(rows, column::FEATURE_META) else { return BTreeMap::new() };
    let Some(fields) = meta.values().as_struct_opt() else { return BTreeMap::new() };
    let sample = sample(rows);
    let number = |name: &str| fields.column_by_name(name).and_then(|values| values.as_primitive_opt::<Float64Type>());
    let (ms, calls, bytes) = (number("ms"), number("calls"), number("bytes"));
    let has_any = [ms, calls, bytes].into_iter().flatten().any(|values| values.null_count() < values.len());
    let Some(keys) = meta.keys().as_string_opt::<i32>().filter(|_| has_any) else { return BTreeMap::new() };
    let mut found: BTreeMap<&str, Costs> = BTreeMap::new();
    for row in (0..meta.len()).filter(|row| meta.is_valid(*row)) {
        let is_sampled = sample.as_ref().is_none_or(|sample| sample.value(row));
        for entry in meta.value_offsets()[row] as usize..meta.value_offsets()[row + 1] as usize {
            let name = keys.value(entry);
            if !is_sampled && !spec.slices.iter().any(|slice| slice == name) || spec.features.get(name).is_none() {
                continue;
            }
            let costs = found.entry(name).or_default();
            for (values, sum) in [(ms, &mut costs.ms), (calls, &mut costs.calls), (bytes, &mut costs.bytes)] {
                if let Some(values) = values.filter(|values| values.is_valid(entry)) {
                    sum.add(values.value(entry));
                }
            }
        }
    }
    let named = |(name, costs): (&str, Costs)| (profile_column(Arrow::Features, name), costs);
    found.into_iter().filter(|(_, costs)| !costs.is_empty()).map(named).collect()
}

/// The text of each row's entry, for every feature that any row has an entry of.
fn by_feature(spec: &Spec, map: &MapArray, texts: &ArrayRef) -> BTreeMap<String, ArrayRef> {
    let (Some(keys), Some(texts)) = (map.keys().as_string_opt::<i32>(), texts.as_string_opt::<i32>()) else {
        return BTreeMap::new();
    };
    let mut builders: BTreeMap<&str, Column> = BTreeMap::new();
    for row in 0..map.len() {
        if map.is_null(row) {
            continue;
        }
        let (from, to) = (map.value_offsets()[row] as usize, map.value_offsets()[row + 1] as usize);
        for entry in from..to {
            if texts.is_valid(entry) && spec.features.get(keys.value(entry)).is_some() {
                builders.entry(keys.value(entry)).or_default().set(row, texts.value(entry));
            }
        }
    }
    let finish = |(name, column): (&str, Column)| {
        (profile_column(Arrow::Features, name), Arc::new(column.finish(map.len())) as ArrayRef)
    };
    builders.into_iter().map(finish).collect()
}

/// A text column that is filled at ascending rows, with nulls between.
#[derive(Default)]
struct Column {
    builder: StringBuilder,
    rows: usize,
}

impl Column {
    fn set(&mut self, row: usize, text: &str) {
        if row < self.rows {
            return; // an entry that stands twice in one row counts once
        }
        self.fill(row);
        self.builder.append_value(text);
        self.rows += 1;
    }

    fn fill(&mut self, rows: usize) {
        self.builder.append_nulls(rows.saturating_sub(self.rows));
        self.rows = self.rows.max(rows);
    }

    fn finish(mut self, rows: usize) -> StringArray {
        self.fill(rows);
        self.builder.finish()
    }
}
