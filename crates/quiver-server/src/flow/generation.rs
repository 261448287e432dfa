//! Numbers what is committed, of each model and of all: while its number stays, so do answers about a model.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The latest number of each model, and of all together; numbers only grow.
#[derive(Debug, Default)]
pub(super) struct Generations(Mutex<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    latest: u64,
    /// The latest that speaks of every model.
    of_all: u64,
    of_models: HashMap<String, u64>,
}

impl Generations {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something may have been committed of a model.
    pub(super) fn committed(&self, model: &str) {
        let mut numbers = self.numbers();
        numbers.latest += 1;
        let latest = numbers.latest;
        match numbers.of_models.get_mut(model) {
            Some(number) => *number = latest,
            None => drop(numbers.of_models.insert(model.to_owned(), latest)),
        }
    }

    /// Something may have been committed of every model.
    pub(super) fn committed_of_all(&self) {
        let mut numbers = self.numbers();
        numbers.latest += 1;
        numbers.of_all = numbers.latest;
    }

    /// The number of a model; of one that is not known, that of all.
    pub(super) fn of(&self, model: &str) -> u64 {
        let numbers = self.numbers();
        numbers.of_all.max(numbers.of_models.get(model).copied().unwrap_or(0))
    }

    /// The number of all models together.
    pub(super) fn latest(&self) -> u64 {
        self.numbers().latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_changes_the_number_of_its_model_and_of_all_together() {
        let generations = Generations::default();
        generations.committed("a");
        let seen = |generations: &Generations| ["a", "b", "none"].map(|model| generations.of(model));
        let (before, latest) = (seen(&generations), generations.latest());
        generations.committed("b");
        let after = seen(&generations);
        assert!(after[0] == before[0] && after[1] > before[1] && after[2] == before[2], "{before:?} {after:?}");
        assert!(generations.latest() > latest);
        generations.committed_of_all();
        let all = seen(&generations);
        assert!((0..3).all(|model| all[model] > after[model]), "{after:?} {all:?}");
    }
}
