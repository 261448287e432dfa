//! Turns CloudEvents into events: payloads of model servers, request and response joined, and Quiver's own; checks none.

mod envelope;
mod output;
mod payload;
mod pending;
mod tensor;

use super::incoming::{Incoming, Refused, put};
use super::rejected::reason;
use envelope::{Envelope, envelopes_of};
use payload::{answers_of, rows_of};
use pending::{Half, JoinKey, Side};
use quiver_event::spec::Task;
use quiver_event::time::{TimeError, Timestamp};
use serde_json::{Map, Value};

pub use envelope::CloudEventError;
pub use pending::{HalfBounds, PendingHalves};

/// What one request of CloudEvents holds.
#[derive(Debug, Default, PartialEq)]
pub struct CloudDecoded {
    /// The events, in the request's order. Several may have one position: a payload holds several predictions.
    pub events: Vec<Incoming>,
    /// Requests without a response, and the reverse, that had to leave because too much was waiting. Their positions
    /// are 0, since they came with other requests.
    pub evicted: Vec<Incoming>,
    /// What is no event.
    pub refused: Vec<Refused>,
    /// Requests and responses of this request that now wait for each other.
    pub waiting: u64,
}

/// The type of a CloudEvent whose data is one event in the shape of NDJSON.
pub const QUIVER_TYPE: &str = "ml.quiver.event";

/// The model servers' types, without `request` or `response`.
const SERVER_TYPES: [&str; 2] = ["org.kubeflow.serving.inference.", "io.seldon.serving.inference."];

/// Reads CloudEvents 1.0 in binary, structured or batched mode.
///
/// `features_of` gives the features of a model in the spec's order, which name the columns of payloads that have only
/// positions; `task_of` says what a model's bare numbers are.
pub fn decode_cloudevents(
    headers: &[(String, String)],
    body: &[u8],
    pending: &mut PendingHalves,
    now: Timestamp,
    features_of: &dyn Fn(&str) -> Option<Vec<String>>,
    task_of: &dyn Fn(&str) -> Option<Task>,
) -> Result<CloudDecoded, CloudEventError> {
    let mut decoded = CloudDecoded::default();
    for (index, envelope) in envelopes_of(headers, body)?.into_iter().enumerate() {
        let position = index as u64 + 1;
        match envelope.and_then(|envelope| read(envelope, features_of, task_of)) {
            Ok(Read::Event(event)) => decoded.events.push(Incoming { position, event }),
            Ok(Read::Half(key, half)) => {
                let taken = pending.add(key, *half, position, now);
                decoded.waiting += u64::from(taken.waits);
                decoded.events.extend(taken.joined);
                decoded.evicted.extend(taken.evicted);
            }
            Err(reason) => decoded.refused.push(Refused { position, reason }),
        }
    }
    Ok(decoded)
}

enum Read {
    Event(Map<String, Value>),
    Half(JoinKey, Box<Half>),
}

fn read(
    envelope: Envelope,
    features_of: &dyn Fn(&str) -> Option<Vec<String>>,
    task_of: &dyn Fn(&str) -> Option<Task>,
) -> Result<Read, &'static str> {
    if envelope.kind == QUIVER_TYPE {
        return own_event(envelope).map(Read::Event);
    }
    let side = SERVER_TYPES.iter().find_map(|prefix| envelope.kind.strip_prefix(prefix));
    let at = envelope.time.as_deref().map(instant_of).transpose()?;
    let model = envelope.extension(&["inferenceservicename", "modelid"]).ok_or(reason::UNKNOWN_MODEL)?;
    let component = envelope.extension(&["modelid", "component"]);
    // Seldon gives each event its own id; what the two have in common is the request's.
    let id = envelope.extension(&["requestid"]).unwrap_or_else(|| envelope.id.clone());
    let trace_id = envelope.extension(&["traceparent"]).and_then(|parent| Some(parent.split('-').nth(1)?.to_owned()));
    let version = envelope.extension(&["modelversion"]).or_else(|| envelope.extension(&["component"]));
    let side = match side {
        Some("request") => Side::Request(rows_of(envelope.data, &|| features_of(&model))?),
        Some("response") => Side::Response(answers_of(envelope.data, task_of(&model))?),
        _ => return Err(reason::UNKNOWN_TYPE),
    };
    Ok(Read::Half(JoinKey { model, component, id }, Box::new(Half { at, version, trace_id, side })))
}

/// An event of the NDJSON shape; the envelope names and dates it where it does not do so itself.
fn own_event(envelope: Envelope) -> Result<Map<String, Value>, &'static str> {
    let Value::Object(mut event) = envelope.data else { return Err(reason::NOT_AN_OBJECT) };
    put(&mut event, "id", Value::String(envelope.id));
    if let Some(time) = envelope.time {
        put(&mut event, "at", Value::String(time));
    }
    Ok(event)
}

fn instant_of(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).map_err(|error| match error {
        TimeError::NoZone(_) => reason::NO_ZONE,
        _ => reason::NOT_A_TIME,
    })
}
