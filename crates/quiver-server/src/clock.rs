//! The server's clock: the wall's, or the events' own in a replay; the only place that a server asks for the time.

use quiver_event::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time.
#[derive(Clone)]
pub enum Clock {
    /// The wall's time, as the binary reads it.
    Wall(Arc<dyn Fn() -> Timestamp + Send + Sync>),
    /// The latest event time seen; it never goes back.
    Replay(Arc<AtomicI64>),
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Wall(_) => "Clock::Wall",
            Self::Replay(_) => "Clock::Replay",
        })
    }
}

impl Clock {
    /// A clock that events drive.
    pub fn replay() -> Self {
        Self::Replay(Arc::new(AtomicI64::new(0)))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall(read) => read(),
            Self::Replay(latest) => Timestamp(latest.load(Ordering::Relaxed)),
        }
    }

    /// Tells a replay clock of an event's time; the wall does not care.
    pub fn saw(&self, at: Timestamp) {
        if let Self::Replay(latest) = self {
            latest.fetch_max(at.0, Ordering::Relaxed);
        }
    }

    /// Whether an event of that time may be taken for a mistake of the sender's clock.
    pub fn is_ahead(&self, at: Timestamp, most_microseconds: i64) -> bool {
        match self {
            Self::Wall(read) => at.0 > read().0.saturating_add(most_microseconds),
            Self::Replay(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_clock_follows_the_latest_event_and_never_goes_back() {
        let clock = Clock::replay();
        clock.saw(Timestamp(50));
        clock.saw(Timestamp(20));
        assert_eq!(clock.now(), Timestamp(50));
        assert!(!clock.is_ahead(Timestamp(1_000), 10));
        let wall = Clock::Wall(Arc::new(|| Timestamp(100)));
        wall.saw(Timestamp(900));
        assert_eq!(wall.now(), Timestamp(100));
        assert!(wall.is_ahead(Timestamp(111), 10) && !wall.is_ahead(Timestamp(110), 10));
    }
}
