//! Counts what the door noticed and did not keep: refused events, redactions, undeclared keys; never content.

use quiver_event::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const MICROSECONDS_PER_HOUR: i64 = 3_600_000_000;

/// Distinct counters held between two writes; a sender that makes up names must not fill the memory.
const MAX_COUNTERS: usize = 10_000;

/// The subject under which counters beyond the bound are added.
const OTHERS: &str = "…";

/// The kinds of things that are counted.
pub mod what {
    pub use crate::pipeline::door::what::{REDACTED, REFUSED};
    /// Keys dropped because neither format nor spec declares them; the subject is the key's path.
    pub const UNDECLARED: &str = "undeclared";
    /// Events that were there already; the subject is their kind.
    pub const DUPLICATE: &str = "duplicate";
}

/// What one counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TallyKey {
    /// The model; empty where the event named none that is known.
    pub model: String,
    /// The start of the UTC hour, in microseconds since 1970.
    pub hour: i64,
    /// The kind of thing, of [`what`].
    pub what: &'static str,
    /// Which one: a reason, a field or a key; never a value.
    pub subject: String,
}

/// Counters that wait to be written to the catalogue.
#[derive(Debug, Default)]
pub struct Tallies {
    counters: Mutex<HashMap<TallyKey, u64>>,
}

impl Tallies {
    /// Adds to a counter.
    pub fn add(&self, now: Timestamp, model: &str, what: &'static str, subject: &str, count: u64) {
        if count == 0 {
            return;
        }
        let hour = now.0.div_euclid(MICROSECONDS_PER_HOUR) * MICROSECONDS_PER_HOUR;
        let key = |subject: &str| TallyKey { model: model.to_owned(), hour, what, subject: subject.to_owned() };
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let full = counters.len() >= MAX_COUNTERS;
        let key = match full && !counters.contains_key(&key(subject)) {
            true => key(OTHERS),
            false => key(subject),
        };
        *counters.entry(key).or_default() += count;
    }

    /// Takes all counters out.
    pub fn take(&self) -> Vec<(TallyKey, u64)> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *counters).into_iter().collect()
    }

    /// Puts counters back that could not be written.
    pub fn put_back(&self, taken: Vec<(TallyKey, u64)>) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        taken.into_iter().for_each(|(key, count)| *counters.entry(key).or_default() += count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_by_hour_and_bounded_without_losing_a_count() {
        let tallies = Tallies::default();
        tallies.add(Timestamp(MICROSECONDS_PER_HOUR + 5), "m", what::REFUSED, "no_time", 2);
        tallies.add(Timestamp(MICROSECONDS_PER_HOUR + 9), "m", what::REFUSED, "no_time", 3);
        assert_eq!(
            tallies.take().into_iter().map(|(key, count)| (key.hour, count)).collect::<Vec<_>>(),
            [(MICROSECONDS_PER_HOUR, 5)]
        );
        for name in 0..MAX_COUNTERS * 2 {
            tallies.add(Timestamp(0), "m", what::UNDECLARED, &name.to_string(), 1);
        }
        let taken = tallies.take();
        assert!(taken.len() <= MAX_COUNTERS + 1);
        assert_eq!(taken.iter().map(|(_, count)| count).sum::<u64>(), 2 * MAX_COUNTERS as u64);
    }
}
