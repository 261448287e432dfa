//! How hard the door is pressed, by what became of the requests lately, and so how long one may wait for its place.

use std::time::{Duration, Instant};

/// Pressure lasts when no request has found a place at once for so long; before, a burst of a few senders is let wait.
const BURST: Duration = Duration::from_millis(100);

/// Pressure is over when no request was refused for so long.
const CALM: Duration = Duration::from_millis(250);

/// What became of requests is forgotten by and by; after so long, 1/e of it counts.
const MEMORY: Duration = Duration::from_secs(1);

/// Fewer refused requests than these, as they are remembered, make no crowd.
const CROWD: f64 = 16.0;

/// A request waits so long for its place where pressure does not last, where it does, and in a crowd.
const BURST_WAIT: Duration = Duration::from_millis(60);
const LASTING_WAIT: Duration = Duration::from_millis(3);
const CROWD_WAIT: Duration = Duration::from_micros(500);

/// A large body came in vain if it is refused, and waits about as long as others of its size take.
const WAIT_PER_MEBIBYTE: Duration = Duration::from_millis(20);

/// How hard the door is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whoever has to wait is let in soon.
    None,
    /// More comes than can be worked on: who waits long makes everybody's answer late, and nobody's sooner.
    Lasting,
    /// More is refused than taken in: where a place is left, the next one who can take it is there at once, so that
    /// whoever waited for it was only late.
    Crowd,
}

impl Level {
    /// How long a body of that many bytes may wait for its place.
    pub fn wait(self, bytes: usize) -> Duration {
        let wait = match self {
            Self::None => return BURST_WAIT,
            Self::Lasting => LASTING_WAIT,
            Self::Crowd => CROWD_WAIT,
        };
        (wait + WAIT_PER_MEBIBYTE * u32::try_from(bytes >> 20).unwrap_or(u32::MAX)).min(BURST_WAIT)
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
        let is_younger =
            |moment: Option<Instant>, age| moment.is_some_and(|moment| now.saturating_duration_since(moment) < age);
        let lately = self.lately.map(|lately| lately.as_of(now));
        let has_stood = self.full_since.is_some() && !is_younger(self.full_since, BURST);
        match lately {
            Some(Lately { taken, refused, .. }) if refused > taken && refused >= CROWD => Level::Crowd,
            _ if has_stood || is_younger(self.refused_at, CALM) => Level::Lasting,
            _ => Level::None,
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
        assert_eq!([90, 99, 100].map(|time| pressure.level(at(time))), [Level::None, Level::None, Level::Lasting]);
        // Somebody found a place: what comes next is another burst.
        pressure.took_at_once(at(110));
        pressure.found_none(at(120));
        assert_eq!([120, 219, 220].map(|time| pressure.level(at(time))), [Level::None, Level::None, Level::Lasting]);
    }

    #[test]
    fn pressure_lasts_until_nobody_was_refused_for_a_while() {
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        pressure.refused(at(0));
        pressure.took_at_once(at(10));
        assert_eq!([10, 249, 250].map(|time| pressure.level(at(time))), [Level::Lasting, Level::Lasting, Level::None]);
    }

    #[test]
    fn a_crowd_is_where_more_is_refused_than_taken_in() {
        // For three seconds every tenth of them is taken in.
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        for time in 0..3_000 {
            if time % 10 == 0 { pressure.took(at(time)) } else { pressure.refused(at(time)) }
        }
        assert_eq!(pressure.level(at(3_000)), Level::Crowd);
        // From then on nine tenths are. Of 1,000 a second 900 (1 - e^-3) = 855 are remembered as refused and 95 as taken;
        // after t there are as many of both: 855 e^-t + 100 (1 - e^-t) = 95 e^-t + 900 (1 - e^-t), so t = 0.668 s.
        let crowd_until = (3_000..6_000).find(|time| {
            if time % 10 == 0 {
                pressure.refused(at(*time))
            } else {
                pressure.took(at(*time))
            }
            pressure.level(at(*time)) < Level::Crowd
        });
        let over_after = crowd_until.expect("it is over in the end") - 3_000;
        assert!((658..=678).contains(&over_after), "{over_after}");
        assert_eq!(pressure.level(at(3_000 + over_after)), Level::Lasting);
    }

    #[test]
    fn a_few_refusals_are_no_crowd() {
        let (mut pressure, at) = (Pressure::default(), after(Instant::now()));
        (0..16).for_each(|_| pressure.refused(at(0)));
        assert_eq!(pressure.level(at(0)), Level::Crowd);
        assert_eq!(pressure.level(at(100)), Level::Lasting, "and they are forgotten");
    }

    #[test]
    fn the_harder_it_is_the_shorter_is_the_wait_and_large_bodies_wait_longer() {
        let milliseconds = |level: Level, bytes| level.wait(bytes).as_secs_f64() * 1e3;
        assert_eq!([0, 90 << 20].map(|bytes| milliseconds(Level::None, bytes)), [60.0, 60.0]);
        assert_eq!([0, 1 << 20, 90 << 20].map(|bytes| milliseconds(Level::Lasting, bytes)), [3.0, 23.0, 60.0]);
        assert_eq!([0, 2 << 20, usize::MAX].map(|bytes| milliseconds(Level::Crowd, bytes)), [0.5, 40.5, 60.0]);
    }
}
