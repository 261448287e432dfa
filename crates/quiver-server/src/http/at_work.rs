//! How much the server works on at a time: what is over it waits for a moment, so that a burst is smoothed, and is then
//! refused, to be sent again, because waiting longer would only make everybody's answer late.

use super::problem::Problem;
use crate::pipeline::at_once;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Work in progress at a time, in shares, for each processor. Of bodies of a hundred events, and of any larger, two are
/// worked on by each, one of them while the other waits for the journal; single events go by the dozen. With more the
/// same events are taken in, some more where nobody is refused, and the slowest answers under pressure take longer.
const PROCESSOR_SHARES: usize = 20;

/// A body of this size takes one share more.
const SHARE_BYTES: usize = 8 << 10;

/// The most that one body takes.
const MOST_SHARES: usize = 10;

/// A request waits so long for its shares, and longer the larger it is: about as long as those before it take. Small ones
/// wait behind large ones, so that there is an end to it.
const WAIT: Duration = Duration::from_millis(4);
const WAIT_PER_MEBIBYTE: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(60);

/// The shares that a request holds while it is worked on.
pub type Permit = OwnedSemaphorePermit;

/// The shares that are left.
#[derive(Debug, Clone)]
pub struct AtWork(Arc<Semaphore>);

impl Default for AtWork {
    fn default() -> Self {
        Self::new(at_once())
    }
}

impl AtWork {
    /// As much work as so many processors do.
    pub fn new(processors: usize) -> Self {
        Self(Arc::new(Semaphore::new(PROCESSOR_SHARES * processors)))
    }

    /// Takes the shares that a body of that many bytes needs; who asked first gets them first.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub async fn begin(&self, bytes: usize) -> Result<Permit, Problem> {
        let shares = (1 + bytes / SHARE_BYTES).min(MOST_SHARES);
        let wait = WAIT + WAIT_PER_MEBIBYTE * u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
        let wait = wait.min(LONGEST_WAIT);
        let taken = tokio::time::timeout(wait, Arc::clone(&self.0).acquire_many_owned(shares as u32)).await;
        taken.ok().and_then(Result::ok).ok_or_else(busy)
    }

    /// Says before a body is read whether it could be worked on now.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub fn check(&self) -> Result<(), Problem> {
        match self.0.available_permits() {
            0 => Err(busy()),
            _ => Ok(()),
        }
    }
}

fn busy() -> Problem {
    Problem::overloaded("the server works on as many requests as it can")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_over_the_bound_is_refused_and_room_comes_back() {
        let work = AtWork::new(2);
        let mut large = Vec::new();
        for _ in 0..4 {
            large.push(work.begin(20 << 20).await.unwrap());
        }
        assert_eq!(work.begin(1).await.unwrap_err().status, 503);
        assert!(work.check().is_err());
        // Whoever waits when there is room again is let in.
        let (waiting, ()) = tokio::join!(work.begin(1), async { large.clear() });
        assert!(waiting.is_ok());
        let mut small = vec![waiting.unwrap()];
        for _ in 1..2 * PROCESSOR_SHARES {
            small.push(work.begin(1_000).await.unwrap());
        }
        assert!(work.begin(1).await.is_err());
        drop(small);
        assert!(work.check().is_ok());
    }
}
