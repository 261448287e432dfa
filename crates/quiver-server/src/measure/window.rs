//! Counts predictions into the profiles of their arm, version and window.

use super::rows::Rows;
use super::{MeasureError, measured, row_costs, row_facts};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use quiver_event::batch::column;
use quiver_event::spec::{LIVE_ARM, Spec};
use quiver_event::time::{Timestamp, Window, WindowFinder};
use quiver_profile::{Plan, Profile, RowFacts};
use std::collections::BTreeMap;

/// Whose window a profile describes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileKey {
    /// The arm that answered.
    pub arm: String,
    /// The version that answered; empty where the events do not tell.
    pub version: String,
    /// The window of event time.
    pub window: Window,
}

/// Counts predictions into the profiles of their arm, version and window.
#[derive(Debug)]
pub struct WindowCounter<'a> {
    spec: &'a Spec,
    finder: WindowFinder,
    plans: BTreeMap<String, Plan>,
    open: BTreeMap<ProfileKey, Profile>,
}

impl<'a> WindowCounter<'a> {
    /// A counter of the windows that `finder` cuts.
    pub fn new(spec: &'a Spec, finder: WindowFinder) -> Self {
        Self { spec, finder, plans: BTreeMap::new(), open: BTreeMap::new() }
    }

    /// Counts a batch of prediction rows; `plan_of` gives an arm's plan when it is first seen.
    pub fn count(&mut self, rows: &RecordBatch, plan_of: impl Fn(&str) -> Plan) -> Result<(), MeasureError> {
        let typed = Rows(rows);
        let (arms, versions) = (typed.texts(column::ARM)?, typed.texts(column::VERSION)?);
        let mut groups: BTreeMap<ProfileKey, Vec<u32>> = BTreeMap::new();
        let mut last: Option<(ProfileKey, Vec<u32>)> = None;
        for (row, at) in typed.instants(column::AT)?.into_iter().enumerate() {
            let Some(at) = at else { continue };
            let window = self.finder.find(Timestamp(at))?;
            let arm = if arms[row].is_empty() { LIVE_ARM } else { &arms[row] };
            match &mut last {
                Some((key, members)) if key.window == window && key.arm == arm && key.version == versions[row] => {
                    members.push(row as u32);
                }
                _ => {
                    if let Some((key, members)) = last.take() {
                        groups.entry(key).or_default().extend(members);
                    }
                    let key = ProfileKey { arm: arm.to_owned(), version: versions[row].clone(), window };
                    last = Some((key, vec![row as u32]));
                }
            }
        }
        if let Some((key, members)) = last {
            groups.entry(key).or_default().extend(members);
        }
        let columns = measured(self.spec, rows)?;
        let facts = row_facts(self.spec, rows);
        let has_costs = !facts.costs.is_empty();
        for (key, members) in groups {
            let plan = self.plans.entry(key.arm.clone()).or_insert_with(|| plan_of(&key.arm));
            let profile = self.open.entry(key).or_insert_with(|| Profile::new(plan));
            if members.len() == rows.num_rows() {
                profile.update_with(&columns, &facts)?;
            } else {
                let members = UInt32Array::from(members);
                let mut facts = taken(&facts, &members)?;
                if has_costs {
                    facts.costs = row_costs(self.spec, &take_record_batch(rows, &members)?);
                }
                profile.update_with(&take_record_batch(&columns, &members)?, &facts)?;
            }
        }
        Ok(())
    }

    /// Takes out the profiles of windows that end at `time` or before.
    pub fn closed_before(&mut self, time: Timestamp) -> BTreeMap<ProfileKey, Profile> {
        let open = std::mem::take(&mut self.open);
        let (closed, open) = open.into_iter().partition(|(key, _)| key.window.end <= time);
        self.open = open;
        closed
    }
}

/// The facts of some of the rows; costs are sums, and are summed up for these rows anew.
fn taken(facts: &RowFacts, members: &UInt32Array) -> Result<RowFacts, MeasureError> {
    let take = |arrays: &BTreeMap<String, ArrayRef>| -> Result<BTreeMap<String, ArrayRef>, MeasureError> {
        let mut taken = BTreeMap::new();
        for (name, array) in arrays {
            let part = arrow::compute::take(array, members, None)?;
            if part.null_count() < part.len() {
                taken.insert(name.clone(), part);
            }
        }
        Ok(taken)
    };
    let sample = match &facts.sample {
        Some(sample) => Some(arrow::compute::take(sample, members, None)?.as_boolean().clone()),
        None => None,
    };
    let (statuses, reasons) = (take(&facts.statuses)?, take(&facts.reasons)?);
    Ok(RowFacts { statuses, reasons, sample, ..RowFacts::default() })
}
