//! Which event ids were taken in lately: time-bucketed, bounded in memory, and rebuilt from the journal on a start.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

/// The horizon is cut into so many parts; the oldest part is forgotten as a whole.
const BUCKETS: usize = 8;

/// What one id costs, with the table's free places: 16 bytes at a load between 7/16 and 7/8, and its control byte.
const BYTES_PER_ID: usize = 40;

/// An id as it is remembered: 128 bits, so that two ids never meet (below 10⁻²⁰ for a billion of them).
pub type Mark = u128;

/// How long and how much is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenOptions {
    /// A repeat within this time is recognised, as long as memory suffices.
    pub horizon_microseconds: i64,
    /// Memory for ids; beyond it the oldest are forgotten before their time.
    pub memory_bytes: usize,
}

/// The ids of a while.
#[derive(Debug)]
pub struct Seen {
    options: SeenOptions,
    buckets: VecDeque<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    started_at_microseconds: i64,
    first_offset: u64,
    marks: HashSet<Mark, BuildHasherDefault<LowBits>>,
}

/// A mark is a hash already: its low bits will do.
#[derive(Debug, Default)]
struct LowBits(u64);

impl Hasher for LowBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, mark: u128) {
        self.0 = mark as u64;
    }
}

/// Makes the marks of one stream; the secret keeps senders from making two ids meet.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    seed: u64,
}

impl Marker {
    /// The marker of a stream such as `flight-delay/prediction`.
    pub fn new(secret: u64, stream: &str) -> Self {
        Self { seed: xxh3_64_with_seed(stream.as_bytes(), secret) }
    }

    /// The mark of an id.
    pub fn mark(self, id: &str) -> Mark {
        xxh3_128_with_seed(id.as_bytes(), self.seed)
    }
}

impl Seen {
    /// An empty memory.
    pub fn new(options: SeenOptions) -> Self {
        Self { options, buckets: VecDeque::new() }
    }

    /// Whether the id was taken in before.
    pub fn holds(&self, mark: Mark) -> bool {
        self.buckets.iter().any(|bucket| bucket.marks.contains(&mark))
    }

    /// Remembers an id that gets the offset (or a later one); says false when it is known.
    pub fn add(&mut self, mark: Mark, offset: u64, now_microseconds: i64) -> bool {
        if self.holds(mark) {
            return false;
        }
        self.make_room(offset, now_microseconds);
        self.buckets.back_mut().is_some_and(|bucket| bucket.marks.insert(mark))
    }

    /// Forgets an id whose event could not be kept after all.
    pub fn remove(&mut self, mark: Mark) {
        self.buckets.iter_mut().rev().any(|bucket| bucket.marks.remove(&mark));
    }

    /// The offset from which on the journal is needed to rebuild this memory.
    pub fn oldest_offset(&self) -> Option<u64> {
        self.buckets.iter().map(|bucket| bucket.first_offset).min()
    }

    /// How far back a repeat is recognised now, in microseconds.
    pub fn reach_microseconds(&self, now_microseconds: i64) -> i64 {
        self.buckets.front().map_or(0, |bucket| (now_microseconds - bucket.started_at_microseconds).max(0))
    }

    /// Ids remembered.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.marks.len()).sum()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what lies behind the horizon.
    pub fn forget_old(&mut self, now_microseconds: i64) {
        // A bucket is over when its successor began before the horizon: then all in it is older.
        while let Some(next) = self.buckets.get(1)
            && now_microseconds - next.started_at_microseconds > self.options.horizon_microseconds
        {
            self.buckets.pop_front();
        }
    }

    fn make_room(&mut self, offset: u64, now_microseconds: i64) {
        let most = (self.options.memory_bytes / BYTES_PER_ID / BUCKETS).max(1);
        let span = self.options.horizon_microseconds / (BUCKETS as i64 - 1);
        let fits = self.buckets.back().is_some_and(|bucket| {
            bucket.marks.len() < most && now_microseconds - bucket.started_at_microseconds < span
        });
        if fits {
            return;
        }
        let marks = HashSet::default();
        self.buckets.push_back(Bucket { started_at_microseconds: now_microseconds, first_offset: offset, marks });
        self.forget_old(now_microseconds);
        if self.buckets.len() > BUCKETS {
            self.buckets.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn seen(horizon_seconds: i64, ids: usize) -> Seen {
        let options = SeenOptions { horizon_microseconds: horizon_seconds * SECOND, memory_bytes: ids * BYTES_PER_ID };
        Seen::new(options)
    }

    #[test]
    fn a_repeat_is_known_for_the_whole_horizon_and_forgotten_later() {
        let mut seen = seen(70, 1_000_000);
        assert!(seen.add(1, 0, 0));
        for second in 1..=70 {
            assert!(!seen.add(1, 1, second * SECOND), "forgotten after {second} s");
            seen.add(1_000 + second as u128, second as u64, second * SECOND);
        }
        for second in 71..=200 {
            seen.add(1_000 + second as u128, second as u64, second * SECOND);
        }
        assert!(!seen.holds(1));
        assert!(seen.holds(1_000 + 131), "younger than the horizon");
        assert!(seen.len() < 100);
    }

    #[test]
    fn memory_is_bounded_and_the_youngest_stay() {
        let mut seen = seen(3_600, 800);
        for id in 0..100_000_u128 {
            assert!(seen.add(id, id as u64, 0));
            assert!(seen.len() <= 800);
        }
        assert!((99_300..100_000).all(|id| seen.holds(id)));
        assert!(seen.oldest_offset().unwrap() >= 99_000);
    }

    #[test]
    fn what_was_not_kept_is_forgotten() {
        let mut seen = seen(60, 100);
        assert!(seen.add(7, 0, 0));
        seen.remove(7);
        assert!(seen.add(7, 0, 0));
    }

    #[test]
    fn marks_of_two_streams_differ() {
        let mark = |secret, stream, id| Marker::new(secret, stream).mark(id);
        assert_ne!(mark(1, "a/prediction", "x"), mark(1, "a/feedback", "x"));
        assert_ne!(mark(1, "a", "b"), mark(2, "a", "b"));
        assert_ne!(mark(1, "a", "b"), mark(1, "a", "c"));
        assert_eq!(mark(3, "a", "b"), mark(3, "a", "b"));
    }
}
