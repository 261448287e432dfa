//! A bound on the bytes that requests may hold in memory together; over it a request is refused, never queued.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that requests share.
#[derive(Debug, Clone)]
pub struct Budget {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limit_bytes: usize,
    held_bytes: AtomicUsize,
}

/// Bytes that one request holds; they go back when it is dropped.
#[derive(Debug)]
pub struct Held {
    inner: Arc<Inner>,
    bytes: usize,
}

impl Budget {
    /// A budget of that many bytes.
    pub fn new(limit_bytes: usize) -> Self {
        Self { inner: Arc::new(Inner { limit_bytes, held_bytes: AtomicUsize::new(0) }) }
    }

    /// Nothing yet; see [`Held::grow`].
    pub fn hold(&self) -> Held {
        Held { inner: Arc::clone(&self.inner), bytes: 0 }
    }

    /// Bytes held by all requests.
    pub fn held_bytes(&self) -> usize {
        self.inner.held_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that may be held.
    pub fn limit_bytes(&self) -> usize {
        self.inner.limit_bytes
    }
}

impl Held {
    /// Takes more bytes; says false, and takes none, when the budget has not so many.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let take = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.inner.limit_bytes);
        let taken = self.inner.held_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if taken {
            self.bytes += bytes;
        }
        taken
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner.held_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_never_over_the_limit_and_goes_back() {
        let budget = Budget::new(100);
        let (mut one, mut two) = (budget.hold(), budget.hold());
        assert!(one.grow(60) && !two.grow(41) && two.grow(40));
        assert_eq!(budget.held_bytes(), 100);
        drop(one);
        assert_eq!(budget.held_bytes(), 40);
        assert!(two.grow(60) && !two.grow(usize::MAX));
    }
}
