//! The refusals that routes have in common, for the OpenAPI document: each is said once.

use super::problem::Problem;
use std::collections::BTreeMap;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

type Answers = BTreeMap<String, RefOr<Response>>;

/// What any route may answer.
pub struct Anybody;

/// What a route may answer that needs a key.
pub struct Guarded;

/// What a route may answer that reads what was judged.
pub struct Reads;

/// What a route may answer that reads a body.
pub struct WithBody;

/// What a route may answer that takes events.
pub struct WithEvents;

impl IntoResponses for Anybody {
    fn responses() -> Answers {
        problems(&[(421, "The host is not served here")])
    }
}

impl IntoResponses for Guarded {
    fn responses() -> Answers {
        let mut answers = Anybody::responses();
        answers.extend(problems(&[
            (401, "A key is needed"),
            (403, "The key does not allow this"),
            (429, "Too many requests of this sender; see `Retry-After`"),
        ]));
        answers
    }
}

impl IntoResponses for Reads {
    fn responses() -> Answers {
        let mut answers = Guarded::responses();
        answers.extend(problems(&[
            (400, "A parameter cannot be used"),
            (404, "There is no such model, or nothing of that name in it"),
            (503, "It cannot be read now; see `Retry-After`"),
        ]));
        let unchanged = ResponseBuilder::new().description("What `If-None-Match` names is still the answer");
        answers.insert("304".to_owned(), unchanged.build().into());
        answers
    }
}

impl IntoResponses for WithBody {
    fn responses() -> Answers {
        problems(&[
            (408, "The body came too slowly"),
            (413, "The body is too large"),
            (415, "The media type or encoding is not supported"),
        ])
    }
}

impl IntoResponses for WithEvents {
    fn responses() -> Answers {
        problems(&[
            (400, "Nothing in the request could be used"),
            (422, "The events could not be redacted"),
            (503, "Busy, or the disk is full; see `Retry-After`"),
        ])
    }
}

fn problems(told: &[(u16, &str)]) -> Answers {
    let schema = || Ref::from_schema_name(Problem::name());
    let content = || ContentBuilder::new().schema(Some(schema())).build();
    let answer = |said: &str| ResponseBuilder::new().description(said).content("application/problem+json", content());
    told.iter().map(|(status, said)| (status.to_string(), answer(said).build().into())).collect()
}
