//! Reads one feature's column and notes which values are invalid, and why, and which are the default.

use super::cast::{Cast, is_text, to_boolean, to_instant, to_number, to_text, to_vector};
use super::feature_plan::{FeaturePlan, TextVerdict, judge_text, reason};
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Float64Array, StringArray};
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use quiver_event::event::{FeatureMeta, FeatureStatus};
use quiver_event::spec::FeatureType;
use std::sync::Arc;

/// What was noted of the features of a batch: sparse, by row and position of the feature.
#[derive(Debug, Default)]
pub(super) struct FeatureNotes {
    invalid: Vec<(u32, u32, &'static str)>,
    defaults: Vec<(u32, u32)>,
}

/// What was noted of the outputs of one arm.
#[derive(Debug, Default)]
pub(super) struct OutputNotes {
    invalid: Vec<(u32, &'static str, &'static str)>,
}

impl OutputNotes {
    pub(super) fn add(&mut self, row: usize, name: &'static str, reason: &'static str) {
        self.invalid.push((row as u32, name, reason));
    }
}

impl FeatureNotes {
    /// One reason a feature and row, in the order of rows.
    pub(super) fn sort(&mut self) {
        self.invalid.sort_by_key(|(row, feature, _)| (*row, *feature));
        // The first reason noted is the most basic one: a value of the wrong type is not also missing.
        self.invalid.dedup_by_key(|(row, feature, _)| (*row, *feature));
        self.defaults.sort_unstable();
    }

    pub(super) fn invalid_with<'a>(
        &self,
        plans: &'a [FeaturePlan],
        output: &OutputNotes,
    ) -> Vec<(u32, &'a str, &'static str)> {
        let named =
            self.invalid.iter().map(|(row, feature, reason)| (*row, plans[*feature as usize].name.as_str(), *reason));
        let mut entries: Vec<(u32, &str, &'static str)> = named.collect();
        if !output.invalid.is_empty() {
            entries.extend(output.invalid.iter().copied());
            entries.sort_by_key(|(row, ..)| *row);
            // A model with two outputs still has one reason a row.
            entries.dedup_by_key(|(row, name, _)| (*row, *name));
        }
        entries
    }

    pub(super) fn defaults<'a>(&self, plans: &'a [FeaturePlan]) -> Vec<(u32, &'a str, FeatureMeta)> {
        let meta = || FeatureMeta { status: Some(FeatureStatus::Default), ..FeatureMeta::default() };
        self.defaults.iter().map(|(row, feature)| (*row, plans[*feature as usize].name.as_str(), meta())).collect()
    }
}

/// The feature's values in the type of the event schema.
pub(super) fn read_feature(
    plan: &FeaturePlan,
    index: usize,
    values: &ArrayRef,
    zone: Option<&jiff::tz::TimeZone>,
    keep_dictionaries: bool,
    notes: &mut FeatureNotes,
) -> Result<ArrayRef, ArrowError> {
    let feature = index as u32;
    let array: ArrayRef = match plan.feature.kind {
        FeatureType::Number => {
            let cast = noted(to_number(values)?, feature, notes);
            check_numbers(plan, feature, &cast, notes);
            Arc::new(cast)
        }
        FeatureType::Category | FeatureType::Text => {
            let dictionary =
                values.as_dictionary_opt::<Int32Type>().filter(|found| is_text(found.values().data_type()));
            match dictionary {
                Some(dictionary) => {
                    check_dictionary(plan, feature, dictionary, notes);
                    if keep_dictionaries { Arc::clone(values) } else { Arc::new(to_text(values)?.array) }
                }
                None => {
                    let texts = to_text(values)?.array;
                    for (row, text) in texts.iter().enumerate() {
                        note_text(text.map(|text| judge_text(plan, text)), row, feature, notes);
                    }
                    Arc::new(texts)
                }
            }
        }
        FeatureType::Boolean => {
            let cast = noted(to_boolean(values)?, feature, notes);
            if let Some(default) = plan.feature.default.as_ref().and_then(serde_json::Value::as_bool) {
                let rows = cast.iter().enumerate().filter(|(_, truth)| *truth == Some(default));
                notes.defaults.extend(rows.map(|(row, _)| (row as u32, feature)));
            }
            Arc::new(cast)
        }
        FeatureType::Timestamp => Arc::new(noted(to_instant(values, zone)?, feature, notes)),
        FeatureType::Embedding => {
            let cast = noted(to_vector(values)?, feature, notes);
            if let Some(dimension) = plan.feature.dimension {
                let wrong = |row: &usize| cast.is_valid(*row) && cast.value_length(*row) as u32 != dimension;
                let rows = (0..cast.len()).filter(wrong);
                notes.invalid.extend(rows.map(|row| (row as u32, feature, reason::DIMENSION)));
            }
            Arc::new(cast)
        }
    };
    if plan.feature.required && array.logical_null_count() > 0 {
        let nulls = array.logical_nulls();
        let missing = (0..array.len()).filter(|row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(*row)));
        notes.invalid.extend(missing.map(|row| (row as u32, feature, reason::REQUIRED)));
    }
    Ok(array)
}

fn noted<T>(cast: Cast<T>, feature: u32, notes: &mut FeatureNotes) -> T {
    notes.invalid.extend(cast.invalid.iter().map(|(row, reason)| (*row, feature, *reason)));
    cast.array
}

fn check_numbers(plan: &FeaturePlan, feature: u32, numbers: &Float64Array, notes: &mut FeatureNotes) {
    if let Some([low, high]) = plan.feature.range {
        // NaN is counted by the profile as what it is, so it is not also out of range.
        let outside = |number: f64| number < low || number > high;
        let rows = numbers.iter().enumerate().filter(|(_, number)| number.is_some_and(outside));
        notes.invalid.extend(rows.map(|(row, _)| (row as u32, feature, reason::RANGE)));
    }
    if let Some(default) = plan.feature.default.as_ref().and_then(serde_json::Value::as_f64) {
        let rows = numbers.iter().enumerate().filter(|(_, number)| *number == Some(default));
        notes.defaults.extend(rows.map(|(row, _)| (row as u32, feature)));
    }
}

fn note_text(verdict: Option<TextVerdict>, row: usize, feature: u32, notes: &mut FeatureNotes) {
    let Some(verdict) = verdict else { return };
    if let Some(reason) = verdict.reason {
        notes.invalid.push((row as u32, feature, reason));
    }
    if verdict.is_default {
        notes.defaults.push((row as u32, feature));
    }
}

/// Each distinct text is judged once.
fn check_dictionary(
    plan: &FeaturePlan,
    feature: u32,
    dictionary: &DictionaryArray<Int32Type>,
    notes: &mut FeatureNotes,
) {
    let Some(texts) = dictionary.values().as_string_opt::<i32>() else { return };
    let verdicts: Vec<Option<TextVerdict>> = texts.iter().map(|text| text.map(|text| judge_text(plan, text))).collect();
    let plain =
        |verdict: &Option<TextVerdict>| verdict.is_none_or(|verdict| verdict.reason.is_none() && !verdict.is_default);
    if verdicts.iter().all(plain) {
        return;
    }
    for row in 0..dictionary.len() {
        let verdict = dictionary.key(row).and_then(|key| verdicts.get(key).copied().flatten());
        note_text(verdict, row, feature, notes);
    }
}

/// The texts of the features that are slices, by name.
pub(super) fn slice_texts<'a>(
    plans: &'a [FeaturePlan],
    arrays: &[ArrayRef],
) -> Result<Vec<(&'a str, StringArray)>, ArrowError> {
    let slices = plans.iter().zip(arrays).filter(|(plan, _)| plan.is_slice);
    slices
        .map(|(plan, array)| {
            let texts = match array.data_type() {
                DataType::Boolean => {
                    array.as_boolean().iter().map(|truth| truth.map(|truth| truth.to_string())).collect()
                }
                _ => to_text(array)?.array,
            };
            Ok((plan.name.as_str(), texts))
        })
        .collect()
}
