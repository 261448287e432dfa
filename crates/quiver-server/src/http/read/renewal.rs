//! Answers anew what readers asked lately, once something of its model was committed: whoever looks at a page while events
//! come in finds the answer made, and does not wait for it.

use super::asked::Renewal;
use super::tag::{Subject, tag};
use crate::http::App;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// How often it is looked whether something was committed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// While a model is judged, parts are committed one after the other: it is waited until nothing was for so long.
const SETTLED: Duration = Duration::from_millis(500);

/// Where something is committed all the time an answer is renewed after this, and so often.
const LONGEST_UNSETTLED: Duration = Duration::from_secs(5);

/// What is known of an answer that is out of date.
#[derive(Debug)]
struct Outdated {
    /// The number of what the answer is about, as it was seen last.
    number: u64,
    /// Since when it is that one.
    changed_at: Instant,
    /// Since when the answer is out of date, or since it was tried last.
    since: Instant,
    /// The number at which it was asked last: what cannot be answered is not asked without end.
    tried: Option<u64>,
}

/// The answers that are out of date, by question.
#[derive(Debug, Default)]
struct Waiting(HashMap<String, Outdated>);

impl Waiting {
    /// The first of the questions that is to be asked now, given all that are out of date with the number of what each is
    /// about.
    fn next(&mut self, outdated: &[(String, u64)], now: Instant) -> Option<String> {
        self.0.retain(|question, _| outdated.iter().any(|(of, _)| of == question));
        let mut due = None;
        for (question, number) in outdated {
            let new = || Outdated { number: *number, changed_at: now, since: now, tried: None };
            let known = self.0.entry(question.clone()).or_insert_with(new);
            if known.number != *number {
                (known.number, known.changed_at) = (*number, now);
            }
            let has_waited = |since: Instant, wait| now.saturating_duration_since(since) >= wait;
            let is_ripe = has_waited(known.changed_at, SETTLED) || has_waited(known.since, LONGEST_UNSETTLED);
            if due.is_none() && is_ripe && known.tried != Some(*number) {
                (known.since, known.tried) = (now, Some(*number));
                due = Some(question.clone());
            }
        }
        due
    }
}

/// Renews answers until it is dropped: one at a time, what was asked last before the rest, with as long a rest after each
/// as it took; and none while the server has as much to take in as it can, or events wait long for the tables.
pub async fn renew_answers(app: Arc<App>) {
    let (routes, _) = super::routes().split_for_parts();
    let routes = routes.with_state(Arc::clone(&app)).layer(from_fn_with_state(Arc::clone(&app), tag));
    let mut waiting = Waiting::default();
    loop {
        let due = if app.at_work.has_room().await { waiting.next(&outdated(&app), Instant::now()) } else { None };
        let request = due.and_then(|question| Request::get(question).extension(Renewal).body(Body::empty()).ok());
        let Some(request) = request else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let started = Instant::now();
        // In a task of its own, which ends with this one: a panic of one answer must not be the end of all.
        let mut answering = JoinSet::new();
        answering.spawn(routes.clone().oneshot(request));
        // Whether it was answered shows in what is remembered.
        let _ = answering.join_next().await;
        tokio::time::sleep(started.elapsed()).await;
    }
}

/// The questions asked lately whose remembered answers are out of date, with the number of what each is about. What had to
/// give way to others in memory is not made again before somebody asks.
fn outdated(app: &App) -> Vec<(String, u64)> {
    let questions = app.answers.asked.latest_first(Instant::now()).into_iter();
    let outdated = questions.filter_map(|question| {
        let number = Subject::of(&question)?.generation(&app.flow);
        (app.answers.generation_of(&question)? < number).then_some((question, number))
    });
    outdated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_renewed_once_after_what_it_is_about_has_settled() {
        let start = Instant::now();
        let mut waiting = Waiting::default();
        let mut next = |milliseconds: u64, outdated: &[(&str, u64)]| {
            let outdated: Vec<_> =
                outdated.iter().map(|(question, number)| ((*question).to_owned(), *number)).collect();
            waiting.next(&outdated, start + Duration::from_millis(milliseconds))
        };
        let some = |question: &str| Some(question.to_owned());
        assert_eq!(next(0, &[("/a", 1), ("/b", 1)]), None, "it may go on");
        assert_eq!(next(400, &[("/a", 2), ("/b", 1)]), None);
        assert_eq!(next(600, &[("/a", 2), ("/b", 1)]), some("/b"), "the other has changed again");
        assert_eq!(next(900, &[("/a", 2), ("/b", 1)]), some("/a"));
        assert_eq!(next(1_900, &[("/a", 2), ("/b", 1)]), None, "what cannot be answered is tried once");
        assert_eq!(next(2_000, &[("/a", 2), ("/b", 2)]), None);
        assert_eq!(next(2_500, &[("/a", 2), ("/b", 2)]), some("/b"));
        // Answered meanwhile, and out of date again.
        assert_eq!(next(2_600, &[]), None);
        assert_eq!(next(2_700, &[("/b", 3)]), None);
        assert_eq!(next(3_200, &[("/b", 3)]), some("/b"));
    }

    #[test]
    fn where_something_is_committed_all_the_time_an_answer_is_renewed_now_and_then() {
        let start = Instant::now();
        let mut waiting = Waiting::default();
        let asked = (0..60_u64).filter(|look| {
            let outdated = [("/a".to_owned(), *look)];
            waiting.next(&outdated, start + LOOK_EVERY * *look as u32).is_some()
        });
        assert_eq!(asked.collect::<Vec<_>>(), [20, 40]);
    }
}
