//! How much the server works on at a time: what is over it waits for a moment, so that a burst is smoothed, and is then
//! refused, to be sent again, because waiting longer would only make everybody's answer late.

use super::problem::Problem;
use crate::pipeline::at_once;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// What keeps a processor busy while it is read: a body of a hundred events, or so many single ones.
const PROCESSOR_SHARES: usize = 14;

/// A body of this size takes one share more.
const SHARE_BYTES: usize = 8 << 10;

/// Bodies that were read wait for the journal while the next are read: so many times as many.
const ANSWERED_TO_READ: usize = 4;

/// A request waits so long for its shares, and longer the larger it is: about as long as those before it take.
const WAIT: Duration = Duration::from_millis(4);
const WAIT_PER_MEBIBYTE: Duration = Duration::from_millis(20);

/// The shares that a request holds until it is answered.
#[derive(Debug)]
pub struct Permit {
    reading: Option<OwnedSemaphorePermit>,
    _answering: OwnedSemaphorePermit,
}

impl Permit {
    /// Its body is read: a processor is free for another.
    pub fn end_reading(&mut self) {
        self.reading = None;
    }
}

/// The shares that are left.
#[derive(Debug, Clone)]
pub struct AtWork {
    reading: Arc<Semaphore>,
    answering: Arc<Semaphore>,
}

impl AtWork {
    /// As much work as so many processors do.
    pub fn new(processors: usize) -> Self {
        let shares = PROCESSOR_SHARES * processors;
        let semaphore = |shares: usize| Arc::new(Semaphore::new(shares));
        Self { reading: semaphore(shares), answering: semaphore(shares * ANSWERED_TO_READ) }
    }

    /// Takes the shares that a body of that many bytes needs; who asked first gets them first.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub async fn begin(&self, bytes: usize) -> Result<Permit, Problem> {
        let shares = (1 + bytes / SHARE_BYTES).min(PROCESSOR_SHARES) as u32;
        let until = Instant::now() + WAIT + WAIT_PER_MEBIBYTE * u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
        let take = async |semaphore: &Arc<Semaphore>| {
            let taken = timeout_at(until, Arc::clone(semaphore).acquire_many_owned(shares)).await;
            taken.ok().and_then(Result::ok).ok_or_else(busy)
        };
        let answering = take(&self.answering).await?;
        Ok(Permit { reading: Some(take(&self.reading).await?), _answering: answering })
    }

    /// Says before a body is read whether it could be worked on now.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub fn check(&self) -> Result<(), Problem> {
        match self.reading.available_permits().min(self.answering.available_permits()) {
            0 => Err(busy()),
            _ => Ok(()),
        }
    }
}

impl Default for AtWork {
    fn default() -> Self {
        Self::new(at_once())
    }
}

fn busy() -> Problem {
    Problem::overloaded("the server works on as many requests as it can")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 1 << 20;

    #[tokio::test]
    async fn what_is_over_the_bound_is_refused_and_room_comes_back() {
        let work = AtWork::new(2);
        let mut large = vec![work.begin(LARGE).await.unwrap(), work.begin(LARGE).await.unwrap()];
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

    #[tokio::test]
    async fn what_was_read_makes_room_until_too_much_waits_for_its_answer() {
        let work = AtWork::new(1);
        let mut unanswered = Vec::new();
        for _ in 0..ANSWERED_TO_READ {
            let mut permit = work.begin(LARGE).await.unwrap();
            assert!(work.begin(1).await.is_err(), "the processor reads");
            permit.end_reading();
            unanswered.push(permit);
        }
        assert_eq!(work.begin(1).await.unwrap_err().status, 503);
        unanswered.pop();
        assert!(work.begin(LARGE).await.is_ok());
    }
}
