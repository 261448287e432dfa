//! How much the server works on at a time: what is over it is refused at once, to be sent again, because waiting would
//! only make everybody's answer late.

use super::problem::Problem;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Work in progress at a time, in shares. With bodies of a hundred events seven requests are worked on together, which
/// keeps two cores busy and is done in tens of milliseconds; single events go by the hundred.
const SHARES: usize = 96;

/// A body of this size takes one share more.
const SHARE_BYTES: usize = 8 << 10;

/// The most that one body takes: four large ones go side by side.
const MOST_SHARES: usize = 24;

/// The shares that a request holds while it is worked on.
pub type Permit = OwnedSemaphorePermit;

/// The shares that are left.
#[derive(Debug, Clone)]
pub struct AtWork(Arc<Semaphore>);

impl Default for AtWork {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SHARES)))
    }
}

impl AtWork {
    /// Takes the shares that a body of that many bytes needs.
    ///
    /// # Errors
    /// When too much is worked on already.
    pub fn begin(&self, bytes: usize) -> Result<Permit, Problem> {
        let shares = (1 + bytes / SHARE_BYTES).min(MOST_SHARES);
        Arc::clone(&self.0).try_acquire_many_owned(shares as u32).map_err(|_| busy())
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

    #[test]
    fn what_is_over_the_bound_is_refused_and_room_comes_back() {
        let work = AtWork::default();
        let large: Vec<Permit> = (0..4).map(|_| work.begin(20 << 20).unwrap()).collect();
        assert_eq!(work.begin(1).unwrap_err().status, 503);
        assert!(work.check().is_err());
        drop(large);
        let small: Vec<Permit> = (0..SHARES).map(|_| work.begin(1_000).unwrap()).collect();
        assert!(work.begin(1).is_err());
        drop(small);
        assert!(work.check().is_ok());
    }
}
