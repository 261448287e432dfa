//! The references that were read lately: every question needs those of its model, and wide ones take long to read.

use super::References;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Bytes of the stored forms; what is read of them takes about three times that.
const LIMIT_BYTES: usize = 64 << 20;

/// The references of a model: what pins them, and of each arm the identity of its edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) model: String,
    pub(super) version: String,
    pub(super) ids: BTreeMap<String, String>,
}

/// The references of a model once they are read; whoever asks while they are waits for them.
pub(super) type Place = Arc<OnceCell<References>>;

#[derive(Debug)]
struct Kept {
    key: Key,
    bytes: usize,
    place: Place,
}

/// Those used last stay, all arms of a model together.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct KeptReferences(Mutex<Vec<Kept>>);

impl KeptReferences {
    /// Where the references are, or will be. An earlier version of the model's, or fewer arms, go.
    pub(super) fn place(&self, key: &Key) -> Place {
        let mut gone = Vec::new();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match all.iter().position(|kept| kept.key == *key) {
            Some(position) => all.remove(position),
            None => {
                gone.extend(all.extract_if(.., |kept| kept.key.model == key.model));
                Kept { key: key.clone(), bytes: 0, place: Place::default() }
            }
        };
        let place = Arc::clone(&found.place);
        all.push(found);
        drop(all);
        place
    }

    /// Notes how many bytes the stored forms have, and forgets what was used longest ago; the newest stay however large
    /// they are.
    pub(super) fn note(&self, key: &Key, bytes: usize) {
        let mut gone = Vec::new();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter_mut().filter(|kept| kept.key == *key).for_each(|kept| kept.bytes = bytes);
        let mut sum: usize = all.iter().map(|kept| kept.bytes).sum();
        while sum > LIMIT_BYTES && all.len() > 1 {
            let oldest = all.remove(0);
            sum -= oldest.bytes;
            gone.push(oldest);
        }
        // Large ones take a while to give back: not while others wait.
        drop(all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(model: &str, arms: &[&str]) -> Key {
        let ids = arms.iter().map(|arm| ((*arm).to_owned(), "edges".to_owned())).collect();
        Key { model: model.to_owned(), version: String::new(), ids }
    }

    #[tokio::test]
    async fn those_used_last_stay_and_the_newest_always() {
        let kept = KeptReferences::default();
        let put = async |model: &str, bytes: usize| {
            kept.place(&key(model, &["control"])).get_or_init(async || References::new()).await;
            kept.note(&key(model, &["control"]), bytes);
        };
        let held = || {
            let all = kept.0.lock().unwrap();
            all.iter().map(|kept| kept.key.model.clone()).collect::<Vec<_>>().concat()
        };
        put("a", LIMIT_BYTES / 2).await;
        put("b", LIMIT_BYTES / 2).await;
        assert!(kept.place(&key("a", &["control"])).initialized());
        put("c", 1).await;
        assert_eq!(held(), "ac", "b was used longest ago");
        put("d", 2 * LIMIT_BYTES).await;
        assert_eq!(held(), "d");
        assert!(!kept.place(&key("d", &["canary", "control"])).initialized(), "an arm came");
        assert_eq!(held(), "d", "in the place of the fewer");
    }

    #[tokio::test]
    async fn who_asks_while_they_are_read_waits_for_them() {
        let kept = KeptReferences::default();
        let reads = std::sync::atomic::AtomicUsize::new(0);
        let read = async || {
            let place = kept.place(&key("a", &["control"]));
            let reading = async || {
                reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tokio::task::yield_now().await;
                References::new()
            };
            place.get_or_init(reading).await.len()
        };
        let all = tokio::join!(read(), read(), read());
        assert_eq!((all, reads.into_inner()), ((0, 0, 0), 1));
    }
}
