//! `POST /v1/cloudevents`: what model servers log, request and response joined; and events in a CloudEvent's data.

use super::App;
use super::answers::{Guarded, WithBody, WithEvents};
use super::events::{EventsAnswer, take};
use super::problem::{EventError, Problem};
use crate::ingest::body::{BodyError, Taken};
use crate::ingest::{Acknowledgement, Receipt};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use quiver_door::decode::cloudevents::decode_cloudevents;
use std::sync::{Arc, PoisonError};

/// Sends CloudEvents 1.0 in binary, structured or batched mode.
///
/// The request and the response of one inference are joined by their id. A half whose other half is still to come is
/// answered with 202: it is held in memory for a minute, and not on a disk yet.
#[utoipa::path(
    post,
    path = "/v1/cloudevents",
    tag = "events",
    request_body(content(
        (serde_json::Value = "application/json"),
        (serde_json::Value = "application/cloudevents+json"),
        (Vec<serde_json::Value> = "application/cloudevents-batch+json"),
    )),
    responses(
        (status = 200, description = "What became of the events", body = EventsAnswer),
        (status = 202, description = "Held until the other half comes", body = EventsAnswer),
        Guarded,
        WithBody,
        WithEvents,
    )
)]
pub async fn post(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<EventsAnswer>), Problem> {
    let named: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let waiting = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let waits = Arc::clone(&waiting);
    let taken = take(&app, &headers, body, move |app, bytes| {
        let (taken, count) = take_cloudevents(app, &named, bytes)?;
        waits.store(count, std::sync::atomic::Ordering::Relaxed);
        Ok(taken)
    });
    let (taken, held, _permit) = taken.await?;
    let waiting = waiting.load(std::sync::atomic::Ordering::Relaxed);
    let errors: Vec<EventError> = taken.refusals.iter().map(EventError::from).collect();
    let refused = taken.refused;
    let Receipt { accepted, duplicates } = match taken.lots.is_empty() {
        true => Receipt::default(),
        false => app.committer.commit(taken.lots, held, Acknowledgement::Synced).await?,
    };
    if accepted + duplicates + waiting == 0 && refused > 0 {
        return Err(Problem { errors, ..Problem::bad_request(format!("none of {refused} events could be kept")) });
    }
    let status = if waiting > 0 { StatusCode::ACCEPTED } else { StatusCode::OK };
    let errors_omitted = refused - errors.len() as u64;
    Ok((status, Json(EventsAnswer { accepted, duplicates, rejected: refused, errors, errors_omitted })))
}

fn take_cloudevents(app: &App, headers: &[(String, String)], body: &[u8]) -> Result<(Taken, u64), BodyError> {
    let now = (app.reader.parts.wall.0)();
    let features = |model: &str| {
        let door = app.doors.get(model)?;
        Some(door.spec.features.names().map(str::to_owned).collect())
    };
    let task = |model: &str| app.doors.get(model).map(|door| door.spec.task);
    let mut halves = app.halves.lock().unwrap_or_else(PoisonError::into_inner);
    let decoded = decode_cloudevents(headers, body, &mut halves, now, &features, &task);
    drop(halves);
    let decoded = decoded.map_err(|error| BodyError::Malformed(error.to_string()))?;
    let refused = decoded.refused.iter().map(|refused| (refused.position, refused.reason)).collect();
    let mut events = decoded.events;
    events.extend(decoded.evicted);
    Ok((app.reader.incoming(events, refused)?, decoded.waiting))
}
