//! How much the server works on at a time: what is over it waits for a moment, so that a burst is smoothed, and is then
//! refused, to be sent again, because waiting longer would only make everybody's answer late.

use super::pressure::{Level, Pressure};
use super::problem::Problem;
use crate::pipeline::at_once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

/// Work in progress at a time, in shares, for each processor. Of bodies of a hundred events, and of any larger, three are
/// worked on by two of them, one while another waits for the journal; single events go by dozens. With more, some more
/// are taken in where nobody is refused, and the slowest answers under pressure take longer.
const PROCESSOR_SHARES: usize = 24;

/// A body of this size takes one share more.
const SHARE_BYTES: usize = 5 << 10;

/// The most that one body takes.
const MOST_SHARES: usize = 16;

/// Whoever withholds shares waits for them so long.
const WITHHOLDING: Duration = Duration::from_secs(1);

/// The shares that a request holds while it is worked on.
pub type Permit = OwnedSemaphorePermit;

/// The shares that are left, and those that nobody gets for now.
#[derive(Debug)]
pub struct AtWork {
    shares: Arc<Semaphore>,
    /// The most that one body takes in a crowd where nothing is withheld.
    most_in_crowd: usize,
    /// The largest bodies that are worked on side by side where nothing is withheld.
    bodies: usize,
    /// The shares of one such body each.
    withheld: Mutex<Vec<Permit>>,
    is_withholding: AtomicBool,
    pressure: std::sync::Mutex<Pressure>,
}

impl Default for AtWork {
    fn default() -> Self {
        Self::new(at_once())
    }
}

impl AtWork {
    /// As much work as so many processors do.
    pub fn new(processors: usize) -> Self {
        let shares = PROCESSOR_SHARES * processors;
        let bodies = shares / MOST_SHARES;
        Self {
            shares: Arc::new(Semaphore::new(shares)),
            most_in_crowd: if processors > 1 { PROCESSOR_SHARES } else { MOST_SHARES },
            bodies,
            withheld: Mutex::default(),
            is_withholding: AtomicBool::new(false),
            pressure: std::sync::Mutex::default(),
        }
    }

    /// Takes on less work, the longer events have waited for the tables beyond a bound: what takes events in and what
    /// takes them on share the processors, and events that are taken in faster than they are taken on wait without end.
    pub async fn pace(&self, lag: Duration, bound: Duration) {
        let wanted = self.bodies - bodies_at(self.bodies, lag, bound);
        self.is_withholding.store(wanted > 0, Ordering::Relaxed);
        let mut withheld = self.withheld.lock().await;
        withheld.truncate(wanted);
        let withholding = async {
            while withheld.len() < wanted {
                // In turn with the requests that wait; what is at work is not taken from anybody.
                let taken = Arc::clone(&self.shares).acquire_many_owned(MOST_SHARES as u32);
                let Ok(permit) = taken.await else { return };
                withheld.push(permit);
            }
        };
        // The rest of them the next time.
        let _ = tokio::time::timeout(WITHHOLDING, withholding).await;
    }

    /// Takes the shares that a body of that many bytes needs; who asked first gets them first.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub async fn begin(&self, bytes: usize) -> Result<Permit, Problem> {
        let shares = self.shares_of(bytes);
        // Where anybody waits, nothing is left to be taken out of turn.
        if let Ok(permit) = Arc::clone(&self.shares).try_acquire_many_owned(shares as u32) {
            self.pressure(Pressure::took_at_once);
            return Ok(permit);
        }
        self.pressure(Pressure::found_none);
        let wait = self.level().wait(bytes);
        match self.wait_for(shares, wait).await {
            Some(permit) => {
                self.pressure(Pressure::took);
                Ok(permit)
            }
            None => Err(self.refuse()),
        }
    }

    /// Waits before a body is read until it would be its turn; its length is not known where none was announced.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub async fn check(&self, bytes: Option<usize>) -> Result<(), Problem> {
        let level = self.level();
        // In a burst a body is read while others are worked on.
        if level == Level::Calm || self.shares.available_permits() > 0 {
            return Ok(());
        }
        let place = self.wait_for(1, level.wait(bytes.unwrap_or(0))).await;
        place.map(drop).ok_or_else(|| self.refuse())
    }

    /// The shares of a body: in a crowd a large one fills a processor, which then works on no other beside it. What more
    /// is begun is done no sooner. Small ones stay what they are: to refuse one costs as much as to take it in.
    fn shares_of(&self, bytes: usize) -> usize {
        let shares = (1 + bytes / SHARE_BYTES).min(MOST_SHARES);
        // What is left where some are withheld may be a single body's.
        let is_crowded = self.level() == Level::Crowd && !self.is_withholding.load(Ordering::Relaxed);
        if shares == MOST_SHARES && is_crowded { self.most_in_crowd } else { shares }
    }

    async fn wait_for(&self, shares: usize, wait: Duration) -> Option<Permit> {
        let taken = tokio::time::timeout(wait, Arc::clone(&self.shares).acquire_many_owned(shares as u32)).await;
        taken.ok().and_then(Result::ok)
    }

    /// Whether the largest body could be worked on beside what is, and nothing is withheld.
    pub async fn has_room(&self) -> bool {
        self.shares.available_permits() >= MOST_SHARES && self.withheld.lock().await.is_empty()
    }

    fn refuse(&self) -> Problem {
        self.pressure(Pressure::refused);
        Problem::overloaded("the server works on as many requests as it can")
    }

    fn level(&self) -> Level {
        self.pressure(|pressure, now| pressure.level(now))
    }

    fn pressure<T>(&self, ask: impl FnOnce(&mut Pressure, Instant) -> T) -> T {
        ask(&mut self.pressure.lock().unwrap_or_else(PoisonError::into_inner), Instant::now())
    }
}

/// How many of so many bodies are worked on at a time at a lag: at twice the bound a quarter of them, in the end an
/// eighth, which leaves the flow as many processors as it can use, but always one.
fn bodies_at(bodies: usize, lag: Duration, bound: Duration) -> usize {
    let over = lag.as_secs_f64() / bound.as_secs_f64().max(f64::MIN_POSITIVE);
    let left = bodies as f64 / over.max(1.0).powi(2);
    (left as usize).max(bodies / 8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_over_the_bound_is_refused_and_room_comes_back() {
        let work = AtWork::new(2);
        let mut large = Vec::new();
        for _ in 0..2 * PROCESSOR_SHARES / MOST_SHARES {
            large.push(work.begin(20 << 20).await.unwrap());
        }
        assert_eq!(work.begin(1).await.unwrap_err().status, 503);
        // Whoever waits when there is room again is let in.
        let (waiting, ()) = tokio::join!(work.begin(1), async { large.clear() });
        assert!(waiting.is_ok());
        let mut small = vec![waiting.unwrap()];
        for _ in 1..2 * PROCESSOR_SHARES {
            small.push(work.begin(1_000).await.unwrap());
        }
        assert!(work.begin(1).await.is_err());
        drop(small);
        assert!(work.check(None).await.is_ok());
    }

    #[tokio::test]
    async fn under_lasting_pressure_no_body_is_read_that_would_be_refused() {
        let work = AtWork::new(1);
        let all = Arc::clone(&work.shares).acquire_many_owned(PROCESSOR_SHARES as u32).await.unwrap();
        assert!(work.check(None).await.is_ok(), "a burst may wait");
        assert_eq!(work.begin(1).await.unwrap_err().status, 503);
        assert_eq!(work.check(None).await.unwrap_err().status, 503);
        // Whoever waits for a turn has it when there is room again, and holds nothing.
        let (waiting, ()) = tokio::join!(work.check(Some(1 << 20)), async { drop(all) });
        assert!(waiting.is_ok());
        assert_eq!(work.shares.available_permits(), PROCESSOR_SHARES);
    }

    #[test]
    fn the_longer_events_wait_the_less_is_worked_on() {
        let at = |seconds: u64| bodies_at(8, Duration::from_secs(seconds), Duration::from_secs(30));
        assert_eq!([0, 29, 30, 31, 43, 60, 85, 3_600].map(at), [8, 8, 8, 7, 3, 2, 1, 1]);
        assert_eq!(bodies_at(2, Duration::from_secs(1), Duration::ZERO), 1);
        assert_eq!(bodies_at(64, Duration::from_secs(3_600), Duration::from_secs(30)), 8);
    }

    #[tokio::test]
    async fn what_is_withheld_comes_back_when_the_tables_have_caught_up() {
        let work = AtWork::new(2);
        let (bound, large) = (Duration::from_secs(30), 20 << 20);
        let begun = work.begin(large).await.unwrap();
        assert!(work.has_room().await);
        work.pace(bound * 10, bound).await;
        assert_eq!(work.shares.available_permits(), 0, "the one body that is left is at work");
        drop(begun);
        assert!(!work.has_room().await, "there is for a body, and not for what is beside them");
        let begun = work.begin(large).await.unwrap();
        assert!(work.begin(1).await.is_err());
        work.pace(Duration::ZERO, bound).await;
        assert!(work.begin(large).await.is_ok());
        drop(begun);
        assert_eq!(work.shares.available_permits(), 2 * PROCESSOR_SHARES);
    }

    #[tokio::test]
    async fn in_a_crowd_a_processor_works_on_one_large_body_at_a_time() {
        let work = AtWork::new(2);
        let (bound, large) = (Duration::from_secs(30), 20 << 20);
        let begun = [work.begin(large).await, work.begin(large).await, work.begin(large).await];
        assert!(begun.iter().all(Result::is_ok));
        // They are refused as late as to be remembered until the test is over.
        work.pressure(|pressure, now| (0..200).for_each(|_| pressure.refused(now + bound)));
        drop(begun);
        let begun = [work.begin(large).await, work.begin(large).await];
        assert!(begun.iter().all(Result::is_ok));
        assert_eq!(work.shares.available_permits(), 0);
        drop(begun);
        // Where events wait for the tables as well, there is still room for a body.
        work.pace(bound * 10, bound).await;
        assert!(work.begin(large).await.is_ok());
        work.pace(Duration::ZERO, bound).await;
        // The crowd has gone, and others were taken in.
        for _ in 0..400 {
            drop(work.begin(1).await.unwrap());
        }
        let begun = [work.begin(large).await, work.begin(large).await, work.begin(large).await];
        assert!(begun.iter().all(Result::is_ok));
    }
}
