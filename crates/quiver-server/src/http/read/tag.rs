//! Names every answer by its content, and remembers it until something of its model is committed: a page that asks again
//! is told in a few bytes that nothing changed, and asking costs nothing.

use super::remembered::Remembered;
use crate::http::{App, Problem};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// Answers are paged and bounded; none is longer.
const LONGEST_ANSWER_BYTES: usize = 64 << 20;

/// Answers remembered together take no more memory than this; those asked for last stay.
const REMEMBERED_BYTES: usize = 64 << 20;

/// Answers to questions of the read API, by path and query.
#[derive(Debug)]
pub struct Answers(Remembered<String, Bytes>);

impl Default for Answers {
    fn default() -> Self {
        Self(Remembered::new(REMEMBERED_BYTES))
    }
}

/// What the answer to a question depends on.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    /// What is committed of one model.
    Model(String),
    /// What is committed of any.
    AllModels,
}

/// What a path asks about, where its answer depends on nothing but what is committed, not on who asks either. Single
/// events are none: they are about persons, and stay in no memory. Nor is the spec's text, which is no JSON.
fn subject_of(path: &str) -> Option<Subject> {
    if path == "/v1/overview" {
        return Some(Subject::AllModels);
    }
    let (model, question) = path.strip_prefix("/v1/models/")?.split_once('/')?;
    let is_event = question == "events" || question.starts_with("events/");
    if question == "spec" || is_event {
        return None;
    }
    // Names of models need no escapes; one that is written with some is asked about as any.
    Some(if model.contains('%') { Subject::AllModels } else { Subject::Model(model.to_owned()) })
}

/// Answers a question of the read API from memory where nothing was committed since, puts an `ETag` on the answer, and
/// answers 304 where the sender has it.
pub async fn tag(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let subject = subject_of(request.uri().path()).filter(|_| *request.method() == Method::GET);
    let Some(subject) = subject else { return next.run(request).await };
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let question = request.uri().to_string();
    // Before the answer is made: what is committed meanwhile may or may not be in it.
    let generation = match &subject {
        Subject::Model(model) => app.flow.generation_of(model),
        Subject::AllModels => app.flow.generation(),
    };
    if let Some(answer) = app.answers.0.get(&question, generation) {
        return tagged(answer, known.as_ref());
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let Ok(answer) = to_bytes(response.into_body(), LONGEST_ANSWER_BYTES).await else {
        return Problem::internal("the answer is too long").into_response();
    };
    // Each is held twice.
    let bytes = answer.len() + 2 * question.len();
    app.answers.0.put(question, generation, answer.clone(), bytes);
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
    fn answers_that_depend_on_who_asks_are_not_remembered() {
        let of = |model: &str| Some(Subject::Model(model.to_owned()));
        assert_eq!(subject_of("/v1/overview"), Some(Subject::AllModels));
        assert_eq!(subject_of("/v1/models/m/windows"), of("m"));
        assert_eq!(subject_of("/v1/models/%6D/specs"), Some(Subject::AllModels));
        assert_eq!(subject_of("/v1/models/m/features/events"), of("m"));
        let others = ["/v1/session", "/v1/keys", "/v1/status", "/v1/models", "/v1/models/m", "/metrics"];
        let of_persons = ["/v1/models/m/events", "/v1/models/m/events/e-1", "/v1/models/m/spec"];
        for path in others.into_iter().chain(of_persons) {
            assert_eq!(subject_of(path), None, "{path}");
        }
    }

    #[test]
    fn a_tag_is_found_among_several_and_weak_ones() {
        assert!(names_tag("\"a\", W/\"b\"", "\"b\"") && names_tag("*", "\"b\"") && names_tag("\"b\"", "\"b\""));
        assert!(!names_tag("\"a\"", "\"b\"") && !names_tag("", "\"b\"") && !names_tag("b", "\"b\""));
    }
}
