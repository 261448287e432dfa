//! How long the oldest event has waited that is in the journal and not yet in the tables.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Marks kept at the most: an hour of seconds. A lag that is longer is told by the oldest mark.
const MOST_MARKS: usize = 3_600;

/// Where the journal ended at several times.
#[derive(Debug, Default)]
pub struct Lag {
    marks: VecDeque<(Instant, u64)>,
}

impl Lag {
    /// Notes where the journal and the tables end now, and gives the lag: too long by the time between two notes at the
    /// most, never too short.
    pub fn note(&mut self, now: Instant, journal_offset: u64, tables_offset: u64) -> Duration {
        if tables_offset >= journal_offset {
            self.marks.clear();
        }
        self.marks.push_back((now, journal_offset));
        // The last mark that the tables have reached is the latest time at which the oldest waiting event was not there.
        while self.marks.get(1).is_some_and(|(_, offset)| *offset <= tables_offset) {
            self.marks.pop_front();
        }
        if self.marks.len() > MOST_MARKS {
            self.marks.remove(1);
        }
        self.marks.front().map_or(Duration::ZERO, |(at, _)| now.saturating_duration_since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_the_age_of_the_oldest_event_that_waits() {
        let start = Instant::now();
        let mut lag = Lag::default();
        let mut at = |second: u64, journal: u64, tables: u64| {
            lag.note(start + Duration::from_secs(second), journal, tables).as_secs()
        };
        assert_eq!(at(0, 100, 100), 0);
        assert_eq!(at(1, 200, 100), 1);
        assert_eq!(at(2, 300, 100), 2);
        // Those of the first second are in the tables; those of the second one came after second 1.
        assert_eq!(at(3, 300, 200), 2);
        assert_eq!(at(4, 300, 250), 3);
        assert_eq!(at(5, 300, 300), 0);
        assert_eq!(at(90, 300, 300), 0);
        assert_eq!(at(91, 301, 300), 1);
    }

    #[test]
    fn what_waited_before_the_start_waits_since_the_start() {
        let start = Instant::now();
        let mut lag = Lag::default();
        assert_eq!(lag.note(start, 1_000, 7), Duration::ZERO);
        assert_eq!(lag.note(start + Duration::from_secs(40), 1_000, 7), Duration::from_secs(40));
    }

    #[test]
    fn marks_are_bounded_and_the_oldest_stays() {
        let start = Instant::now();
        let mut lag = Lag::default();
        let mut last = Duration::ZERO;
        for second in 0..2 * MOST_MARKS as u64 {
            last = lag.note(start + Duration::from_secs(second), second + 1, 0);
        }
        assert_eq!(last.as_secs(), 2 * MOST_MARKS as u64 - 1);
        assert!(lag.marks.len() <= MOST_MARKS);
    }
}
