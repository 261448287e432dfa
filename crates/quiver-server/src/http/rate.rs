//! How many requests a second one sender may make: by its key, or by its address where no key is needed.

use super::problem::Problem;
use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;

/// Who a request came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The owner of a key, by the key's id.
    Key(String),
    /// Anybody at an address.
    Address(IpAddr),
}

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// A limit for each sender.
pub struct Rate {
    limiter: Option<RateLimiter<Sender, HashMapStateStore<Sender>, DefaultClock>>,
    clock: DefaultClock,
}

impl std::fmt::Debug for Rate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rate").field("senders", &self.limiter.as_ref().map(RateLimiter::len)).finish()
    }
}

impl Rate {
    /// So many requests a second, a second's worth of them at once; none for no limit.
    pub fn new(per_second: Option<u32>) -> Self {
        let quota = per_second.and_then(NonZeroU32::new).map(Quota::per_second);
        Self { limiter: quota.map(RateLimiter::hashmap), clock: DefaultClock::default() }
    }

    /// Takes one request of the sender's, or says when to send it again.
    pub fn take(&self, sender: &Sender) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(sender).map_err(|until| {
            let seconds = until.wait_time_from(self.clock.now()).as_secs() + 1;
            let detail =
                "this sender makes more requests a second than ingest.rate_limit allows; send fewer, larger batches";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-limit", "too many requests", detail)
                .retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        })
    }

    /// Forgets the senders that have their whole quota again, so that many of them do not fill the memory.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sender_has_a_quota_of_its_own_and_no_limit_means_none() {
        let rate = Rate::new(Some(3));
        let (one, other) = (Sender::Key("a".to_owned()), Sender::Address([127, 0, 0, 1].into()));
        let refused = (0..10).filter(|_| rate.take(&one).is_err()).count();
        assert!((6..=7).contains(&refused), "{refused}");
        assert!(rate.take(&other).is_ok());
        let problem = (0..10).find_map(|_| rate.take(&one).err()).unwrap();
        assert_eq!((problem.status, problem.retry_after_seconds), (429, Some(1)));
        assert!((0..1_000).all(|_| Rate::new(None).take(&one).is_ok()));
    }
}
