//! What the flow tells of itself: when each stage ran, what waits for it, what retention did, and what tables take.

use crate::pipeline::{StoredTable, Tidied};
use quiver_event::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a stage ran last, and what waits for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageState {
    /// Rows that wait for it: of the journal for the segments; of the tables, since the start, for those behind them.
    pub lag_rows: u64,
    /// Models that it has yet to run for; after a start, all of them.
    pub lag_models: u64,
    /// When it ended last by the wall's time, and how long it took; of a stage that runs for one model after the
    /// other, for one.
    pub last_run: Option<(Timestamp, Duration)>,
}

/// What the flow writes down for whoever asks.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Facts>);

#[derive(Debug, Clone, Default)]
struct Facts {
    stages: BTreeMap<&'static str, StageState>,
    tidied: Option<Tidied>,
    storage: Vec<StoredTable>,
}

impl Told {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stage ended, well or not.
    pub(super) fn ran(&self, stage: &'static str, at: Timestamp, took: Duration) {
        self.facts().stages.entry(stage).or_default().last_run = Some((at, took));
    }

    /// So many rows wait for a stage.
    pub(super) fn wait(&self, stage: &'static str, rows: u64) {
        self.facts().stages.entry(stage).or_default().lag_rows = rows;
    }

    /// A stage has yet to run for so many models.
    pub(super) fn wait_for_models(&self, stage: &'static str, models: usize) {
        self.facts().stages.entry(stage).or_default().lag_models = models as u64;
    }

    /// So many more rows wait for some stages.
    pub(super) fn add(&self, stages: &[&'static str], rows: u64) {
        let mut facts = self.facts();
        for stage in stages {
            facts.stages.entry(*stage).or_default().lag_rows += rows;
        }
    }

    /// Retention ran well.
    pub(super) fn set_tidied(&self, tidied: Tidied) {
        self.facts().tidied = Some(tidied);
    }

    /// The tables were measured.
    pub(super) fn set_storage(&self, storage: Vec<StoredTable>) {
        self.facts().storage = storage;
    }

    /// How each stage ran last, and what waits for it.
    pub(super) fn stages(&self) -> BTreeMap<&'static str, StageState> {
        self.facts().stages.clone()
    }

    /// What retention did last.
    pub(super) fn tidied(&self) -> Option<Tidied> {
        self.facts().tidied
    }

    /// What the tables took when they were measured last.
    pub(super) fn storage(&self) -> Vec<StoredTable> {
        self.facts().storage.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wait_for_a_stage_until_it_has_seen_them() {
        let told = Told::default();
        told.add(&["profiles", "findings"], 30);
        told.add(&["profiles", "findings"], 12);
        told.wait("profiles", 0);
        told.wait_for_models("findings", 3);
        told.ran("profiles", Timestamp(7), Duration::from_millis(20));
        let stages = told.stages();
        let last_run = Some((Timestamp(7), Duration::from_millis(20)));
        assert_eq!(stages["profiles"], StageState { lag_rows: 0, lag_models: 0, last_run });
        assert_eq!(stages["findings"], StageState { lag_rows: 42, lag_models: 3, last_run: None });
    }
}
