//! The references that were read lately: every question needs those of its model, and a wide one takes long to read.

use super::PinnedReference;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of the stored form; what is read of it takes several times that.
const LIMIT_BYTES: usize = 16 << 20;

/// A reference: its model, what pins it, its arm, and the identity of its edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) model: String,
    pub(super) version: String,
    pub(super) arm: String,
    pub(super) id: String,
}

#[derive(Debug)]
struct Kept {
    key: Key,
    bytes: usize,
    reference: Arc<PinnedReference>,
}

/// Those used last stay.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct KeptReferences(Mutex<Vec<Kept>>);

impl KeptReferences {
    /// The reference, where it was read lately.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<PinnedReference>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|kept| kept.key == *key)?;
        let found = all.remove(place);
        let reference = Arc::clone(&found.reference);
        all.push(found);
        Some(reference)
    }

    /// Keeps a reference whose stored form has so many bytes; the newest stays however large it is.
    pub(super) fn put(&self, key: Key, bytes: usize, reference: Arc<PinnedReference>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.key != key);
        all.push(Kept { key, bytes, reference });
        let mut sum: usize = all.iter().map(|kept| kept.bytes).sum();
        while sum > LIMIT_BYTES && all.len() > 1 {
            sum -= all.remove(0).bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quiver_profile::{Plan, Profile};

    #[test]
    fn those_used_last_stay_and_the_newest_always() {
        let kept = KeptReferences::default();
        let key = |model: &str, id: &str| Key {
            model: model.to_owned(),
            version: String::new(),
            arm: "control".to_owned(),
            id: id.to_owned(),
        };
        let put = |model: &str, id: &str, bytes: usize| {
            let reference = PinnedReference::new(Profile::new(&Plan::default()), id.to_owned());
            kept.put(key(model, id), bytes, Arc::new(reference));
        };
        let has = |model: &str, id: &str| kept.get(&key(model, id)).is_some_and(|reference| reference.id == id);
        put("a", "1", LIMIT_BYTES / 2);
        put("b", "1", LIMIT_BYTES / 2);
        assert!(has("a", "1") && !has("a", "2") && !has("c", "1"));
        put("c", "1", 1);
        assert!(has("a", "1") && has("c", "1") && !has("b", "1"), "b was used longest ago");
        put("d", "1", 2 * LIMIT_BYTES);
        assert!(has("d", "1") && !has("a", "1") && !has("c", "1"));
    }
}
