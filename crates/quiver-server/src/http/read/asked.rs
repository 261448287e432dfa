//! The questions that readers asked lately: what is answered anew when something is committed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A page that is open asks again within a minute; who goes to others meanwhile comes back within this.
const LATELY: Duration = Duration::from_secs(600);

/// The most questions that are kept: those of a handful of pages for each of a handful of people.
const MOST_QUESTIONS: usize = 256;

/// Marks a question that nobody asked but the server itself.
#[derive(Debug, Clone, Copy)]
pub struct Renewal;

/// The questions that readers asked lately, and when each was asked last.
#[derive(Debug, Default)]
pub struct AskedLately(Mutex<BTreeMap<String, Instant>>);

impl AskedLately {
    /// Notes that a reader asked this now.
    pub fn note(&self, question: &str, now: Instant) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = asked.get_mut(question) {
            *at = now;
            return;
        }
        asked.insert(question.to_owned(), now);
        if asked.len() > MOST_QUESTIONS {
            let oldest = asked.iter().min_by_key(|(_, at)| **at).map(|(question, _)| question.clone());
            if let Some(oldest) = oldest {
                asked.remove(&oldest);
            }
        }
    }

    /// Those asked lately, the latest first; older ones are forgotten.
    pub fn latest_first(&self, now: Instant) -> Vec<String> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, at| now.saturating_duration_since(*at) < LATELY);
        let mut questions: Vec<(&String, &Instant)> = asked.iter().collect();
        questions.sort_by_key(|(_, at)| std::cmp::Reverse(**at));
        questions.into_iter().map(|(question, _)| question.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_questions_come_first_and_old_ones_are_forgotten() {
        let asked = AskedLately::default();
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        asked.note("/a", at(0));
        asked.note("/b", at(1));
        asked.note("/c", at(2));
        asked.note("/a", at(3));
        assert_eq!(asked.latest_first(at(4)), ["/a", "/c", "/b"]);
        assert_eq!(asked.latest_first(at(602)), ["/a"]);
        assert!(asked.latest_first(at(603)).is_empty());
        for question in 0..2 * MOST_QUESTIONS as u64 {
            asked.note(&format!("/{question}"), at(700) + Duration::from_millis(question));
        }
        let kept = asked.latest_first(at(701));
        assert_eq!((kept.len(), kept.last().map(String::as_str)), (MOST_QUESTIONS, Some("/256")));
    }
}
