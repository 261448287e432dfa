//! Has those who ask the same question at the same time wait for one answer, in the place of making it for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// A question, and the number of what it is about: an answer of an earlier number is of no use to who asks at a later one.
type Place = (String, u64);

/// The questions that are being answered.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>);

/// The turn of one who asks: the next one who asks the same waits until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    place: Place,
    held: Option<OwnedMutexGuard<()>>,
    /// Whether somebody else had the turn before.
    pub has_waited: bool,
}

impl Turns {
    /// Waits until nobody else is answering this question about the same number.
    pub async fn wait(&self, question: &str, number: u64) -> Turn<'_> {
        let place = (question.to_owned(), number);
        let lock = {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.entry(place.clone()).or_default())
        };
        // Made before it waits: whoever goes away meanwhile leaves nothing behind.
        let mut turn = Turn { turns: self, place, held: None, has_waited: false };
        turn.held = match Arc::clone(&lock).try_lock_owned() {
            Ok(held) => Some(held),
            Err(_) => {
                turn.has_waited = true;
                Some(lock.lock_owned().await)
            }
        };
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut places = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.held = None;
        if places.get(&self.place).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            places.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn the_same_question_waits_and_another_does_not() {
        let turns = Turns::default();
        let first = turns.wait("a", 1).await;
        let others = [turns.wait("b", 1).await, turns.wait("a", 2).await];
        assert!(!first.has_waited && others.iter().all(|other| !other.has_waited));
        let (_, waited) = tokio::join!(
            async {
                tokio::task::yield_now().await;
                drop(first);
            },
            turns.wait("a", 1),
        );
        assert!(waited.has_waited);
        assert_eq!(turns.0.lock().unwrap().len(), 3);
        drop((waited, others));
        assert!(turns.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_nothing_behind() {
        let turns = Turns::default();
        let first = turns.wait("a", 1).await;
        let mut second = Box::pin(turns.wait("a", 1));
        assert!(second.as_mut().now_or_never().is_none());
        // It stays for the one who waits, and goes with him.
        drop(first);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
        drop(second);
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
