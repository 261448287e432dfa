//! How hard the door is pressed, by what became of the requests lately, and so how long one may wait for its place.

use std::time::{Duration, Instant};

/// Pressure lasts when no request has found a place at once for so long; before, a burst of a few senders is let wait.
const BURST: Duration = Duration::from_millis(100);

/// It is also there until no request was refused for so long.
const CALM: Duration = Duration::from_millis(250);

/// What became of requests is forgotten by and by; after so long, 1/e of it counts.
const MEMORY: Duration = Duration::from_secs(1);

/// In a crowd, for each request that is taken in so many are refused.
const CROWD: f64 = 2.0;

/// Fewer refused requests than these, as they are remembered, make no crowd.
const FEWEST_REFUSED: f64 = 16.0;

/// A request waits so long for its place where pressure does not last, and where it does.
const BURST_WAIT: Duration = Duration::from_millis(60);
const LASTING_WAIT: Duration = Duration::from_millis(3);

/// Under lasting pressure a request waits longer the larger it is: about as long as those before it take. Small ones wait
/// behind large ones, so that there is an end to it.
const WAIT_PER_MEBIBYTE: Duration = Duration::from_millis(20);

/// How hard the door is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whoever has to wait is let in soon.
    Calm,
    /// More comes than can be worked on: who waits long makes everybody's answer late, and nobody's sooner.
    Lasting,
    /// Most of what comes is refused.
    Crowd,
}

impl Level {
    /// How long a body of that many bytes may wait for its place.
    pub fn wait(self, bytes: usize) -> Duration {
        match self {
            Self::Calm => BURST_WAIT,
            Self::Lasting | Self::Crowd => {
                let wait = LASTING_WAIT + WAIT_PER_MEBIBYTE * u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
                wait.min(BURST_WAIT)
            }
        }
    }
}

/// What became of the requests lately.
#[derive(Debug, Default)]
pub struct Pressure {
    /// Since when no request has found a place at once.
    full_since: Option<Instant>,
    /// When a request was refused last.
    refused_at: Option<Instant>,
    lately: Option<Lately>,
}

/// Requests that were taken in and refused, the older the less they count, as of a moment.
#[derive(Debug, Clone, Copy)]
struct Lately {
    taken: f64,
    refused: f64,
    at: Instant,
}

impl Lately {
    fn as_of(self, now: Instant) -> Self {
        let left = (-now.saturating_duration_since(self.at).div_duration_f64(MEMORY)).exp();
        Self { taken: self.taken * left, refused: self.refused * left, at: now }
    }
}

impl Pressure {
    /// A request has found a place at once.
    pub fn took_at_once(&mut self, now: Instant) {
        self.full_since = None;
        self.took(now);
    }

    /// A request has found no place yet.
    pub fn found_none(&mut self, now: Instant) {
        self.full_since.get_or_insert(now);
    }

    /// A request has got its place.
    pub fn took(&mut self, now: Instant) {
        self.lately(now).taken += 1.0;
    }

    /// A request was refused.
    pub fn refused(&mut self, now: Instant) {
        self.refused_at = Some(now);
        self.lately(now).refused += 1.0;
    }

    /// How hard the door is pressed.
    pub fn level(&self, now: Instant) -> Level {
        let since = |moment: Instant| now.saturating_duration_since(moment);
        let is_refusing = self.refused_at.is_some_and(|at| since(at) < CALM);
        let has_stood = self.full_since.is_some_and(|at| since(at) >= BURST);
        match self.lately.map(|lately| lately.as_of(now)) {
            Some(Lately { taken, refused, .. })
                if is_refusing && refused > CROWD * taken && refused >= FEWEST_REFUSED =>
            {
                Level::Crowd
            }
            _ if has_stood || is_refusing => Level::Lasting,
            _ => Level::Calm,
        }
    }

    fn lately(&mut self, now: Instant) -> &mut Lately {
        let lately = self.lately.map_or(Lately { taken: 0.0, refused: 0.0, at: now }, |lately| lately.as_of(now));
        self.lately.insert(lately)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds after the start of a test.
    fn after(start: Instant) -> impl Fn(u64) -> Instant {
        move |milliseconds| start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_burst_may_wait_and_lasting_pressure_may_not() {
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        pressure.found_none(at(0));
        pressure.found_none(at(90));
        assert_eq!([90, 99, 100].map(|time| pressure.level(at(time))), [Level::Calm, Level::Calm, Level::Lasting]);
        // Somebody found a place: what comes next is another burst.
        pressure.took_at_once(at(110));
        pressure.found_none(at(120));
        assert_eq!([120, 219, 220].map(|time| pressure.level(at(time))), [Level::Calm, Level::Calm, Level::Lasting]);
    }

    #[test]
    fn pressure_lasts_until_nobody_was_refused_for_a_while() {
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        pressure.refused(at(0));
        pressure.took_at_once(at(10));
        assert_eq!([10, 249, 250].map(|time| pressure.level(at(time))), [Level::Lasting, Level::Lasting, Level::Calm]);
    }

    #[test]
    fn a_crowd_is_where_most_are_refused_and_goes_when_they_are_not() {
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        let mut comes = |time: u64, is_taken: bool| {
            if is_taken {
                pressure.took(at(time));
            } else {
                pressure.refused(at(time));
            }
            pressure.level(at(time))
        };
        // For three seconds every tenth of them is taken in.
        let levels: Vec<Level> = (0..3_000_u64).map(|time| comes(time, time.is_multiple_of(10))).collect();
        assert_eq!(levels[2_999], Level::Crowd);
        // From then on nine tenths are. Of 1,000 a second 900 (1 - e^-3) = 855 are remembered as refused and 95 as taken;
        // after t there are twice as many of the first: 855 e^-t + 100 (1 - e^-t) = 190 e^-t + 1800 (1 - e^-t), so t =
        // ln(2365 / 1700) = 0.330 s.
        let levels: Vec<Level> = (3_000..4_000_u64).map(|time| comes(time, !time.is_multiple_of(10))).collect();
        let over_after = levels.iter().position(|level| *level < Level::Crowd);
        assert!(over_after.is_some_and(|milliseconds| (320..=340).contains(&milliseconds)), "{over_after:?}");
        assert_eq!(levels[999], Level::Lasting);
        let level = |time: u64| pressure.level(at(time));
        assert_eq!(
            [3_990 + 249, 3_990 + 250].map(level),
            [Level::Lasting, Level::Calm],
            "the last was refused at 3,990"
        );
    }

    #[test]
    fn a_few_refusals_are_no_crowd() {
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        (0..16).for_each(|_| pressure.refused(at(0)));
        assert_eq!(pressure.level(at(0)), Level::Crowd);
        assert_eq!(pressure.level(at(100)), Level::Lasting, "and they are forgotten");
    }

    #[test]
    fn under_pressure_the_wait_is_short_and_large_bodies_wait_longer() {
        let milliseconds = |level: Level, bytes| level.wait(bytes).as_millis();
        assert_eq!([0, 90 << 20].map(|bytes| milliseconds(Level::Calm, bytes)), [60, 60]);
        for level in [Level::Lasting, Level::Crowd] {
            assert_eq!([0, 1 << 20, usize::MAX].map(|bytes| milliseconds(level, bytes)), [3, 23, 60]);
        }
    }
}
