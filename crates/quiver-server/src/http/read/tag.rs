//! Names every answer by its content, and remembers it until something is committed: a page that asks again is told in
//! a few bytes that nothing changed, and asking costs nothing.

use crate::http::{App, Problem};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_128;

/// Answers are paged and bounded; none is longer.
const LONGEST_ANSWER_BYTES: usize = 64 << 20;

/// Answers remembered together take no more memory than this; those asked for last stay.
const REMEMBERED_BYTES: usize = 64 << 20;

/// Answers to questions of the read API, while nothing new is committed.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// What the flow had committed when they were given.
    generation: u64,
    answers: BTreeMap<String, (Bytes, u64)>,
    bytes: usize,
    asked: u64,
}

impl Answers {
    fn get(&self, question: &str, generation: u64) -> Option<Bytes> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.generation != generation {
            return None;
        }
        held.asked += 1;
        let asked = held.asked;
        let (answer, last) = held.answers.get_mut(question)?;
        *last = asked;
        Some(answer.clone())
    }

    fn put(&self, question: String, generation: u64, answer: Bytes) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.generation > generation || answer.len() > REMEMBERED_BYTES {
            return;
        }
        if held.generation < generation {
            *held = Remembered { generation, ..Remembered::default() };
        }
        held.asked += 1;
        held.bytes += answer.len();
        let asked = held.asked;
        if let Some((earlier, _)) = held.answers.insert(question, (answer, asked)) {
            held.bytes -= earlier.len();
        }
        while held.bytes > REMEMBERED_BYTES {
            let oldest = held.answers.iter().min_by_key(|(_, (_, last))| *last).map(|(question, _)| question.clone());
            let Some((answer, _)) = oldest.and_then(|oldest| held.answers.remove(&oldest)) else { break };
            held.bytes -= answer.len();
        }
    }
}

/// Whether a path is a question about what is committed: its answer depends on nothing else, not on who asks either.
/// Single events are none: they are about persons, and stay in no memory. Nor is the spec's text, which is no JSON.
fn is_about_commits(path: &str) -> bool {
    let of_model = path.strip_prefix("/v1/models/").and_then(|rest| rest.split_once('/')).map(|(_, question)| question);
    let is_event = |question: &str| question == "events" || question.starts_with("events/");
    path == "/v1/overview" || of_model.is_some_and(|question| question != "spec" && !is_event(question))
}

/// Answers a question of the read API from memory where nothing was committed since, puts an `ETag` on the answer, and
/// answers 304 where the sender has it.
pub async fn tag(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_reading = *request.method() == Method::GET && is_about_commits(path);
    if !is_reading {
        return next.run(request).await;
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let question = request.uri().to_string();
    // Before the answer is made: what is committed meanwhile may or may not be in it.
    let generation = app.flow.generation();
    if let Some(answer) = app.answers.get(&question, generation) {
        return tagged(answer, known.as_ref());
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let Ok(answer) = to_bytes(response.into_body(), LONGEST_ANSWER_BYTES).await else {
        return Problem::internal("the answer is too long").into_response();
    };
    app.answers.put(question, generation, answer.clone());
    tagged(answer, known.as_ref())
}

fn tagged(answer: Bytes, known: Option<&HeaderValue>) -> Response {
    let tag = format!("\"{:032x}\"", xxh3_128(&answer));
    let is_known = known.and_then(|known| known.to_str().ok()).is_some_and(|known| names_tag(known, &tag));
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(answer) });
    let headers = response.headers_mut();
    // The browser keeps it for this person and asks each time whether it still holds.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    match is_known {
        true => *response.status_mut() = StatusCode::NOT_MODIFIED,
        false => drop(headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))),
    }
    response
}

/// Whether an `If-None-Match` holds the tag; a weak one is as good for reading (RFC 9110, 13.1.2).
pub fn names_tag(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_remembered_until_something_is_committed() {
        let answers = Answers::default();
        answers.put("/v1/overview".to_owned(), 3, Bytes::from_static(b"three"));
        assert_eq!(answers.get("/v1/overview", 3), Some(Bytes::from_static(b"three")));
        assert_eq!(answers.get("/v1/overview?by=day", 3), None);
        assert_eq!(answers.get("/v1/overview", 4), None);
        answers.put("/v1/overview".to_owned(), 4, Bytes::from_static(b"four"));
        // A slow answer to an older question does not replace a newer one.
        answers.put("/v1/overview".to_owned(), 3, Bytes::from_static(b"three"));
        assert_eq!(answers.get("/v1/overview", 4), Some(Bytes::from_static(b"four")));
    }

    #[test]
    fn answers_remembered_are_bounded_and_those_asked_for_last_stay() {
        let answers = Answers::default();
        let long = Bytes::from(vec![b'x'; REMEMBERED_BYTES / 3]);
        for question in ["a", "b", "c"] {
            answers.put(question.to_owned(), 1, long.clone());
        }
        assert!(answers.get("a", 1).is_some());
        answers.put("d".to_owned(), 1, long);
        let kept: Vec<bool> = ["a", "b", "c", "d"].iter().map(|question| answers.get(question, 1).is_some()).collect();
        assert_eq!(kept, [true, false, true, true]);
    }

    #[test]
    fn answers_that_depend_on_who_asks_are_not_remembered() {
        assert!(is_about_commits("/v1/overview") && is_about_commits("/v1/models/m/windows"));
        assert!(is_about_commits("/v1/models/m/specs") && is_about_commits("/v1/models/m/features/events"));
        let others = ["/v1/session", "/v1/keys", "/v1/status", "/v1/models", "/v1/models/m", "/metrics"];
        let of_persons = ["/v1/models/m/events", "/v1/models/m/events/e-1", "/v1/models/m/spec"];
        for path in others.into_iter().chain(of_persons) {
            assert!(!is_about_commits(path), "{path}");
        }
    }

    #[test]
    fn a_tag_is_found_among_several_and_weak_ones() {
        assert!(names_tag("\"a\", W/\"b\"", "\"b\"") && names_tag("*", "\"b\"") && names_tag("\"b\"", "\"b\""));
        assert!(!names_tag("\"a\"", "\"b\"") && !names_tag("", "\"b\"") && !names_tag("b", "\"b\""));
    }
}
