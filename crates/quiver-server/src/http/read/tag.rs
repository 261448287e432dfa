//! Names every answer by its content, and remembers it until something of its model is committed: a page that asks again
//! is told in a few bytes that nothing changed, and asking costs nothing.

use super::asked::{AskedLately, Renewal};
use super::remembered::Remembered;
use super::turns::Turns;
use crate::flow::FlowHandle;
use crate::http::{App, Problem};
use crate::metrics::Origin;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_128;

/// Answers are paged and bounded; none is longer.
const LONGEST_ANSWER_BYTES: usize = 64 << 20;

/// Answers remembered together take no more memory than this; those asked for last stay.
const REMEMBERED_BYTES: usize = 64 << 20;

/// Answers to questions of the read API, by path and query.
#[derive(Debug)]
pub struct Answers {
    remembered: Remembered<String, Bytes>,
    turns: Turns,
    /// What is answered anew when something is committed.
    pub(super) asked: AskedLately,
}

impl Default for Answers {
    fn default() -> Self {
        let remembered = Remembered::new(REMEMBERED_BYTES);
        Self { remembered, turns: Turns::default(), asked: AskedLately::default() }
    }
}

impl Answers {
    /// What was committed when the remembered answer to a question was made.
    pub(super) fn generation_of(&self, question: &str) -> Option<u64> {
        self.remembered.generation_of(&question.to_owned())
    }
}

/// What the answer to a question depends on.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// What is committed of one model.
    Model(String),
    /// What is committed of any.
    AllModels,
}

impl Subject {
    /// What a question asks about, where its answer depends on nothing but what is committed, not on who asks either.
    /// Single events are none: they are about persons, and stay in no memory. Nor is the spec's text, which is no JSON.
    pub fn of(question: &str) -> Option<Self> {
        let path = question.split_once('?').map_or(question, |(path, _)| path);
        if path == "/v1/overview" {
            return Some(Self::AllModels);
        }
        let (model, question) = path.strip_prefix("/v1/models/")?.split_once('/')?;
        let is_event = question == "events" || question.starts_with("events/");
        if question == "spec" || is_event {
            return None;
        }
        // Names of models need no escapes; one that is written with some is asked about as any.
        Some(if model.contains('%') { Self::AllModels } else { Self::Model(model.to_owned()) })
    }

    /// Since when an answer is out of date that was made at this number, where that is known and it may be told still.
    fn outdated_since(&self, flow: &FlowHandle, number: u64) -> Option<Instant> {
        match self {
            Self::Model(model) => flow.outdated_since_of(model, number),
            Self::AllModels => flow.outdated_since(number),
        }
    }

    /// The number of what is committed of it.
    pub fn generation(&self, flow: &FlowHandle) -> u64 {
        match self {
            Self::Model(model) => flow.generation_of(model),
            Self::AllModels => flow.generation(),
        }
    }
}

/// Answers a question of the read API from memory where nothing was committed since, puts an `ETag` on the answer, and
/// answers 304 where the sender has it.
pub async fn tag(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let question = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let subject = Subject::of(&question).filter(|_| *request.method() == Method::GET);
    let Some(subject) = subject else { return next.run(request).await };
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let most_stale = most_stale(request.headers());
    let is_renewal = request.extensions().get::<Renewal>().is_some();
    let count = |origin| {
        app.metrics.answers.get_or_create(&Origin { origin }).inc();
    };
    // Before the answer is made: what is committed meanwhile may or may not be in it.
    let generation = subject.generation(&app.flow);
    let remembered = || {
        let (of, answer) = app.answers.remembered.latest(&question)?;
        let mut outdated = None;
        if of < generation {
            let since = subject.outdated_since(&app.flow, of)?;
            outdated = Some(since.elapsed()).filter(|outdated| *outdated < most_stale);
            outdated?;
        }
        if !is_renewal {
            count(if outdated.is_some() { "stale" } else { "remembered" });
            app.answers.asked.note(&question, Instant::now());
        }
        let mut response = tagged(answer, known.as_ref());
        if let Some(outdated) = outdated {
            // It held until then. Rounded up, so that what is out of date says so.
            response.headers_mut().insert(header::AGE, HeaderValue::from(outdated.as_secs() + 1));
        }
        Some(response)
    };
    if let Some(answer) = remembered() {
        return answer;
    }
    let mut turn = Some(app.answers.turns.wait(&question, generation).await);
    if turn.as_ref().is_some_and(|turn| turn.has_waited) {
        if let Some(answer) = remembered() {
            return answer;
        }
        // Whoever had the turn before got no answer that could be shared: nobody waits for the next try.
        turn = None;
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let Ok(answer) = to_bytes(response.into_body(), LONGEST_ANSWER_BYTES).await else {
        return Problem::internal("the answer is too long").into_response();
    };
    // Each question is held twice.
    let bytes = answer.len() + 2 * question.len();
    if is_renewal {
        count("renewed");
        app.answers.remembered.renew(question.clone(), generation, answer.clone(), bytes);
    } else {
        count("made");
        app.answers.asked.note(&question, Instant::now());
        app.answers.remembered.put(question.clone(), generation, answer.clone(), bytes);
    }
    // Whoever waits finds it now.
    drop(turn);
    tagged(answer, known.as_ref())
}

/// How long the sender would have an answer be out of date rather than wait for another (`max-stale` of RFC 9111, 5.2.1.2).
fn most_stale(headers: &HeaderMap) -> Duration {
    let told = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let seconds = told.flat_map(|value| value.split(',')).find_map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let is_it = name.trim().eq_ignore_ascii_case("max-stale");
        // Without a value any staleness is fine; of more than a minute nothing is known.
        is_it.then(|| value.trim().trim_matches('"').parse().unwrap_or(if value.is_empty() { u64::MAX } else { 0 }))
    });
    Duration::from_secs(seconds.unwrap_or(0))
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
        assert_eq!(Subject::of("/v1/overview"), Some(Subject::AllModels));
        assert_eq!(Subject::of("/v1/models/m/windows"), of("m"));
        assert_eq!(Subject::of("/v1/models/m/windows?by=day/events"), of("m"));
        assert_eq!(Subject::of("/v1/models/%6D/specs"), Some(Subject::AllModels));
        assert_eq!(Subject::of("/v1/models/m/features/events"), of("m"));
        let others = ["/v1/session", "/v1/keys", "/v1/status", "/v1/models", "/v1/models/m", "/metrics"];
        let of_persons = ["/v1/models/m/events", "/v1/models/m/events/e-1", "/v1/models/m/spec"];
        for path in others.into_iter().chain(of_persons) {
            assert_eq!(Subject::of(path), None, "{path}");
        }
    }

    #[test]
    fn only_who_says_so_is_told_what_is_out_of_date() {
        let seconds = |values: &[&str]| {
            let values = values.iter().map(|value| (header::CACHE_CONTROL, HeaderValue::from_str(value).unwrap()));
            most_stale(&values.collect()).as_secs()
        };
        assert_eq!(seconds(&["max-stale=30"]), 30);
        assert_eq!(seconds(&["no-transform, Max-Stale = \"7\""]), 7);
        assert_eq!(seconds(&["no-transform", "max-stale"]), u64::MAX);
        for none in [vec![], vec!["max-stale=soon"], vec!["max-age=30"], vec!["no-cache"], vec!["max-stale=-1"]] {
            assert_eq!(seconds(&none), 0, "{none:?}");
        }
    }

    #[test]
    fn a_tag_is_found_among_several_and_weak_ones() {
        assert!(names_tag("\"a\", W/\"b\"", "\"b\"") && names_tag("*", "\"b\"") && names_tag("\"b\"", "\"b\""));
        assert!(!names_tag("\"a\"", "\"b\"") && !names_tag("", "\"b\"") && !names_tag("b", "\"b\""));
    }
}
