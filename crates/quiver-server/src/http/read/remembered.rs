//! What was answered, by question, for as long as nothing that it tells of is committed; bounded in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What an answer takes beside itself and its question.
const ENTRY_BYTES: usize = 256;

/// Answers to questions, each as of what was committed when it was asked for.
#[derive(Debug)]
pub struct Remembered<Question, Answer> {
    /// Answers together take no more memory than this, as it is counted; those asked for last stay.
    limit_bytes: usize,
    held: Mutex<Held<Question, Answer>>,
}

#[derive(Debug)]
struct Held<Question, Answer> {
    answers: BTreeMap<Question, Entry<Answer>>,
    /// The questions by when they were asked last.
    order: BTreeMap<u64, Question>,
    bytes: usize,
    /// Counts the questions: the clock of what was asked for last.
    asked: u64,
}

#[derive(Debug)]
struct Entry<Answer> {
    answer: Answer,
    generation: u64,
    bytes: usize,
    last: u64,
}

impl<Question: Ord + Clone, Answer: Clone> Remembered<Question, Answer> {
    /// Remembers nothing yet.
    pub fn new(limit_bytes: usize) -> Self {
        let held = Held { answers: BTreeMap::new(), order: BTreeMap::new(), bytes: 0, asked: 0 };
        Self { limit_bytes, held: Mutex::new(held) }
    }

    /// The answer to a question, where it was given of this generation or a later one.
    pub fn get(&self, question: &Question, generation: u64) -> Option<Answer> {
        self.latest(question).filter(|(of, _)| *of >= generation).map(|(_, answer)| answer)
    }

    /// The last answer to a question, and the generation of which it was given.
    pub fn latest(&self, question: &Question) -> Option<(u64, Answer)> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held { answers, order, asked, .. } = &mut *held;
        let entry = answers.get_mut(question)?;
        *asked += 1;
        if let Some(question) = order.remove(&entry.last) {
            order.insert(*asked, question);
        }
        entry.last = *asked;
        Some((entry.generation, entry.answer.clone()))
    }

    /// The generation of which the remembered answer to a question was given.
    pub fn generation_of(&self, question: &Question) -> Option<u64> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.answers.get(question).map(|entry| entry.generation)
    }

    /// Remembers an answer that takes so many bytes together with its question; an older generation does not replace a
    /// newer one.
    pub fn put(&self, question: Question, generation: u64, answer: Answer, bytes: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.asked += 1;
        let last = held.asked;
        held.put(question, Entry { answer, generation, bytes: bytes + ENTRY_BYTES, last }, self.limit_bytes);
    }

    /// The same of an answer that nobody asked for: it takes the place of an earlier one, and is forgotten no later.
    pub fn renew(&self, question: Question, generation: u64, answer: Answer, bytes: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = held.answers.get(&question).map(|entry| entry.last) {
            held.put(question, Entry { answer, generation, bytes: bytes + ENTRY_BYTES, last }, self.limit_bytes);
        }
    }
}

impl<Question: Ord + Clone, Answer> Held<Question, Answer> {
    fn put(&mut self, question: Question, entry: Entry<Answer>, limit_bytes: usize) {
        let is_old = self.answers.get(&question).is_some_and(|earlier| earlier.generation > entry.generation);
        if is_old || entry.bytes > limit_bytes {
            return;
        }
        self.bytes += entry.bytes;
        let last = entry.last;
        if let Some(earlier) = self.answers.insert(question.clone(), entry) {
            self.bytes -= earlier.bytes;
            self.order.remove(&earlier.last);
        }
        self.order.insert(last, question);
        while self.bytes > limit_bytes {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.bytes -= self.answers.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_remembered_until_something_is_committed() {
        let answers = Remembered::new(1_000);
        answers.put("overview", 3, "three", 5);
        assert_eq!(answers.get(&"overview", 3), Some("three"));
        assert_eq!(answers.get(&"overview by day", 3), None);
        assert_eq!(answers.get(&"overview", 4), None);
        answers.put("overview", 4, "four", 4);
        // A slow answer to an older question does not replace a newer one.
        answers.put("overview", 3, "three", 5);
        assert_eq!(answers.get(&"overview", 4), Some("four"));
        assert_eq!(answers.get(&"overview", 3), Some("four"), "it tells of all that was committed before");
        assert_eq!((answers.generation_of(&"overview"), answers.generation_of(&"other")), (Some(4), None));
    }

    #[test]
    fn an_answer_that_nobody_asked_for_keeps_none_from_those_who_did() {
        let answers = Remembered::new(2 * (ENTRY_BYTES + 10));
        answers.put("asked before", 1, "old", 10);
        answers.put("asked last", 1, "old", 10);
        answers.renew("asked before", 2, "new", 10);
        answers.renew("nobody asked", 2, "new", 10);
        assert_eq!(answers.generation_of(&"nobody asked"), None);
        assert_eq!(answers.generation_of(&"asked before"), Some(2));
        answers.put("asked now", 2, "new", 10);
        let kept = ["asked before", "asked last", "asked now"].map(|question| answers.generation_of(&question));
        assert_eq!(kept, [None, Some(1), Some(2)]);
        assert_eq!(answers.held.lock().unwrap().order.len(), 2);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_was_asked_for_last_stays() {
        let answers = Remembered::new(3 * (ENTRY_BYTES + 33));
        for question in ["a", "b", "c"] {
            answers.put(question, 1, question, 33);
        }
        // In the place of the earlier one, not beside it.
        answers.put("a", 2, "a", 33);
        assert!(answers.get(&"a", 2).is_some());
        answers.put("d", 1, "d", 33);
        answers.put("too large", 1, "too large", 3 * (ENTRY_BYTES + 33));
        let kept = [("a", 2), ("b", 1), ("c", 1), ("d", 1), ("too large", 1)]
            .map(|(question, generation)| answers.get(&question, generation).is_some());
        assert_eq!(kept, [true, false, true, true, false]);
        let held = answers.held.lock().unwrap();
        assert_eq!((held.order.len(), held.bytes), (3, answers.limit_bytes));
    }
}
