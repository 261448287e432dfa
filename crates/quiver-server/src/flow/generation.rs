//! Numbers what is committed, of each model and of all: while its number stays, so do answers about a model; and tells since
//! when an answer is out of date.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// It is known for so long since when an answer is out of date.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Commits that follow each other within this count as one of the first one's time.
const TOGETHER: Duration = Duration::from_millis(250);

/// The latest number of each model, and of all together; numbers only grow.
#[derive(Debug, Default)]
pub(super) struct Generations(Mutex<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    /// Of any model.
    any: Line,
    /// The latest that speaks of every model.
    of_all: u64,
    of_models: HashMap<String, Line>,
}

/// The commits of one model, or of any.
#[derive(Debug, Default)]
struct Line {
    latest: u64,
    /// Numbers up to this are too old, or answers of them tell of what is gone.
    forgotten: u64,
    /// The last number of those that were committed together, and when the first was.
    commits: VecDeque<(u64, Instant)>,
}

impl Line {
    fn committed(&mut self, number: u64, now: Instant) {
        self.latest = number;
        match self.commits.back_mut() {
            Some((last, at)) if now.saturating_duration_since(*at) < TOGETHER => *last = number,
            _ => self.commits.push_back((number, now)),
        }
        while let Some((last, at)) = self.commits.front()
            && now.saturating_duration_since(*at) > REMEMBERED
        {
            self.forgotten = *last;
            self.commits.pop_front();
        }
    }

    fn revised(&mut self, number: u64) {
        (self.latest, self.forgotten) = (number, number);
        self.commits.clear();
    }

    fn outdated_since(&self, number: u64) -> Option<Instant> {
        let later = self.commits.iter().find(|(last, _)| *last > number);
        later.filter(|_| number >= self.forgotten).map(|(_, at)| *at)
    }
}

impl Generations {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something may have been committed of a model.
    pub(super) fn committed(&self, model: &str) {
        self.committed_at(model, Instant::now());
    }

    fn committed_at(&self, model: &str, now: Instant) {
        let mut numbers = self.numbers();
        let number = numbers.any.latest + 1;
        numbers.any.committed(number, now);
        numbers.line(model).committed(number, now);
    }

    /// Something of a model may be gone, or means something else than before: what was answered of it no longer holds.
    pub(super) fn revised(&self, model: &str) {
        let mut numbers = self.numbers();
        let number = numbers.any.latest + 1;
        numbers.any.revised(number);
        numbers.line(model).revised(number);
    }

    /// The same of every model.
    pub(super) fn revised_all(&self) {
        let mut numbers = self.numbers();
        let number = numbers.any.latest + 1;
        numbers.any.revised(number);
        numbers.of_all = number;
    }

    /// The number of a model; of one that is not known, that of all.
    pub(super) fn of(&self, model: &str) -> u64 {
        let numbers = self.numbers();
        numbers.of_all.max(numbers.of_models.get(model).map_or(0, |line| line.latest))
    }

    /// The number of all models together.
    pub(super) fn latest(&self) -> u64 {
        self.numbers().any.latest
    }

    /// Since when an answer about a model is out of date that was made at this number; nothing where it is not, where
    /// that is too long ago, and where it may tell of what is gone.
    pub(super) fn outdated_since(&self, model: &str, number: u64) -> Option<Instant> {
        let numbers = self.numbers();
        let line = numbers.of_models.get(model).filter(|_| number >= numbers.of_all);
        line.and_then(|line| line.outdated_since(number))
    }

    /// The same of an answer about all models together.
    pub(super) fn any_outdated_since(&self, number: u64) -> Option<Instant> {
        self.numbers().any.outdated_since(number)
    }
}

impl Numbers {
    fn line(&mut self, model: &str) -> &mut Line {
        if !self.of_models.contains_key(model) {
            self.of_models.insert(model.to_owned(), Line::default());
        }
        self.of_models.get_mut(model).expect("it was put there")
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
        generations.revised("b");
        assert!(generations.of("b") > after[1] && generations.of("a") == after[0]);
        generations.revised_all();
        let all = seen(&generations);
        assert!((0..3).all(|model| all[model] > after[model]), "{after:?} {all:?}");
    }

    #[test]
    fn an_answer_is_out_of_date_since_the_first_commit_after_it() {
        let generations = Generations::default();
        let start = Instant::now();
        let at = |milliseconds: u64| start + Duration::from_millis(milliseconds);
        generations.committed_at("a", at(0));
        let first = generations.of("a");
        assert_eq!(generations.outdated_since("a", first), None);
        generations.committed_at("b", at(1_000));
        assert_eq!(generations.outdated_since("a", first), None, "something of another model");
        assert_eq!(generations.any_outdated_since(first), Some(at(1_000)));
        for milliseconds in [2_000, 2_249, 2_250, 9_000] {
            generations.committed_at("a", at(milliseconds));
        }
        assert_eq!(generations.outdated_since("a", first), Some(at(2_000)));
        assert_eq!(generations.outdated_since("a", first + 3), Some(at(2_250)));
        assert_eq!(generations.outdated_since("a", generations.of("a")), None);
        let held = generations.numbers().of_models["a"].commits.len();
        assert_eq!(held, 4, "those within a quarter of a second count as one");
    }

    #[test]
    fn what_was_answered_long_ago_or_of_what_is_gone_is_out_of_date_since_nobody_knows_when() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let generations = Generations::default();
        for seconds in 0..200 {
            generations.committed_at("a", at(seconds));
        }
        assert_eq!(generations.outdated_since("a", 100), None);
        assert_eq!(generations.outdated_since("a", 150), Some(at(150)));
        assert!(generations.numbers().of_models["a"].commits.len() <= 62);
        for revise in [|of: &Generations| of.revised("a"), Generations::revised_all] {
            let before = generations.of("a");
            revise(&generations);
            generations.committed_at("a", at(200));
            assert_eq!((generations.outdated_since("a", before), generations.any_outdated_since(before)), (None, None));
            let after = generations.of("a");
            generations.committed_at("a", at(201));
            assert_eq!(generations.outdated_since("a", after), Some(at(201)));
        }
    }
}
