//! Bodies → events: reads what a request brought, event by event, and says of each one that cannot be kept why not.

use super::commit::{CommitError, Lot, Parts, Prepared, build, clean, count_undeclared};
use super::dead_letters::DeadLetter;
use super::doors::{Doors, ModelDoor};
use super::tally::what;
use crate::metrics::Reason;
use arrow::array::RecordBatch;
use quiver_door::decode::arrow_stream::{self, ArrowBodyError};
use quiver_door::decode::check::keep_declared_slices;
use quiver_door::decode::event_keys::Undeclared;
use quiver_door::decode::incoming::Incoming;
use quiver_door::decode::plain_line::plain_event;
use quiver_door::decode::rejected::{Rejections, reason};
use quiver_door::decode::shape::shape_of;
use quiver_door::decode::table::TableMapping;
use quiver_event::batch::EventBatch;
use quiver_event::event::{Event, Kind};
use quiver_event::time::Timestamp;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// Refusals told by position; a sender whose events are all wrong learns it from the first ones.
const TOLD_REFUSALS: usize = 100;

/// From so many events on, a request builds its own columns instead of leaving them to the writer: large requests are
/// then read on all cores, and small ones share the cost of building.
const OWN_COLUMNS_EVENTS: usize = 48;

/// The bounds on one request.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// The longest event, in bytes.
    pub event_bytes: usize,
    /// The most events.
    pub events: usize,
    /// How far ahead of the server's clock an event may be.
    pub clock_skew_microseconds: i64,
}

/// One event that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the request, from 1.
    pub position: u64,
    /// Why.
    pub reason: &'static str,
    /// What more can be said; never content.
    pub detail: Option<String>,
}

/// What a request brought.
#[derive(Debug, Default)]
pub struct Taken {
    /// The events that can be kept.
    pub lots: Vec<Lot>,
    /// The first refusals.
    pub refusals: Vec<Refusal>,
    /// All refusals.
    pub refused: u64,
}

/// Why a request as a whole cannot be read; nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The body is not what its type says.
    #[error("{0}")]
    Malformed(String),
    /// More than a request may hold.
    #[error("{0}")]
    TooLarge(String),
    /// The events could not be prepared.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Reads requests.
#[derive(Debug, Clone)]
pub struct BodyReader {
    /// The models.
    pub doors: Arc<Doors>,
    /// The bounds.
    pub limits: RequestLimits,
    /// What counting needs.
    pub parts: Arc<Parts>,
}

/// A request that is being read.
struct Reading<'a> {
    reader: &'a BodyReader,
    now: Timestamp,
    models: BTreeMap<String, Gathered>,
    taken: Taken,
    events: usize,
}

struct Gathered {
    door: Arc<ModelDoor>,
    events: Vec<Event>,
    undeclared: Undeclared,
}

impl BodyReader {
    /// Reads lines of NDJSON. `key` is the request's idempotency key, from which events without an id get one.
    ///
    /// # Errors
    /// When there are more events than a request may hold.
    pub fn lines(&self, body: &[u8], key: Option<&str>) -> Result<Taken, BodyError> {
        let mut reading = self.start();
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
            if !line.iter().all(u8::is_ascii_whitespace) {
                reading.line(index as u64 + 1, line, key)?;
            }
        }
        reading.finish()
    }

    /// Reads one JSON object, or an array of them.
    ///
    /// # Errors
    /// When the body is neither, or holds more events than a request may.
    pub fn json(&self, body: &[u8], key: Option<&str>) -> Result<Taken, BodyError> {
        let mut reading = self.start();
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'[') {
            let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| malformed_json(&error))?;
            for (index, event) in events.into_iter().enumerate() {
                reading.line(index as u64 + 1, event.get().as_bytes(), key)?;
            }
        } else {
            let event: &RawValue = serde_json::from_slice(body).map_err(|error| malformed_json(&error))?;
            reading.line(1, event.get().as_bytes(), key)?;
        }
        reading.finish()
    }

    /// Takes events that another format was decoded into, and counts those it could not decode, by position.
    ///
    /// # Errors
    /// When there are more events than a request may hold.
    pub fn incoming(&self, events: Vec<Incoming>, refused: Vec<(u64, &'static str)>) -> Result<Taken, BodyError> {
        let mut reading = self.start();
        for (position, reason) in refused {
            reading.refuse(Refusal { position, reason, detail: None }, "", 1);
        }
        for event in events {
            reading.event(event)?;
        }
        reading.finish()
    }

    /// Reads an Arrow IPC stream whose rows are events of one model and kind, in columns named as the event's keys.
    ///
    /// # Errors
    /// When it is no such stream, would need more than `decoded_limit_bytes`, or does not fit the spec.
    pub fn arrow(
        &self,
        body: &[u8],
        model: Option<&str>,
        kind: Option<&str>,
        key: Option<&str>,
        decoded_limit_bytes: usize,
    ) -> Result<Taken, BodyError> {
        let stream = arrow_stream::read(body, decoded_limit_bytes).map_err(|error| match error {
            ArrowBodyError::TooLarge { .. } => BodyError::TooLarge(error.to_string()),
            ArrowBodyError::Malformed(_) => BodyError::Malformed(error.to_string()),
        })?;
        let of_stream = |name: &str| stream.schema.metadata().get(name).map(String::as_str);
        let Some(model) = model.or_else(|| of_stream("quiver.model")) else {
            return Err(BodyError::Malformed(
                "an Arrow stream names its model by ?model=NAME or by quiver.model in its schema's metadata".to_owned(),
            ));
        };
        let kind = kind.or_else(|| of_stream("quiver.kind")).unwrap_or("prediction");
        let Some(kind) = Kind::ALL.into_iter().find(|known| known.name() == kind) else {
            return Err(BodyError::Malformed(reason::advice(reason::UNKNOWN_KIND).to_owned()));
        };
        let rows: usize = stream.batches.iter().map(RecordBatch::num_rows).sum();
        if rows > self.limits.events {
            return Err(self.too_many());
        }
        let mut reading = self.start();
        let Some(door) = self.doors.get(model) else {
            let position = 1;
            reading.refuse(Refusal { position, reason: reason::UNKNOWN_MODEL, detail: None }, "", rows as u64);
            return reading.finish();
        };
        // Rows without an id are named by the request's key, or not taken.
        let fingerprint = key.map(|key| content_id(key, 0, body));
        let mut first_row = 0;
        for batch in &stream.batches {
            let mapped = match kind {
                Kind::Prediction => {
                    let mapping = TableMapping::of_events(&door.spec, &batch.schema(), fingerprint.as_deref())
                        .map_err(|errors| BodyError::Malformed(format!("the columns do not fit the spec: {errors}")))?;
                    for column in mapping.undeclared() {
                        let now = self.parts.clock.now();
                        let name = door.cleaner.shown_name(column);
                        self.parts.tallies.add(now, model, what::UNDECLARED, &name, batch.num_rows() as u64);
                    }
                    let mapped = mapping.map(batch, first_row);
                    mapped.map(|mapped| (mapped.predictions, mapped.rejected)).map_err(|error| error.to_string())
                }
                _ => arrow_stream::events_of(&door.spec, kind, batch, first_row, fingerprint.as_deref())
                    .map(|(batch, rejected)| (vec![batch], rejected))
                    .map_err(|error| error.to_string()),
            };
            let (batches, rejected) = mapped.map_err(BodyError::Malformed)?;
            reading.refuse_rows(&rejected, model);
            for events in batches {
                reading.rows(&door, events)?;
            }
            first_row += batch.num_rows() as u64;
        }
        reading.finish()
    }

    fn start(&self) -> Reading<'_> {
        let now = self.parts.clock.now();
        Reading { reader: self, now, models: BTreeMap::new(), taken: Taken::default(), events: 0 }
    }

    fn too_many(&self) -> BodyError {
        BodyError::TooLarge(format!("a request may hold {} events; send smaller batches", self.limits.events))
    }
}

fn malformed_json(error: &serde_json::Error) -> BodyError {
    // The library's message names a place and what it expected, never what stood there.
    BodyError::Malformed(format!("the body is not JSON: line {}, column {}", error.line(), error.column()))
}

/// The id of an event that has none: the same request sent again gives the same ids, another one gives others.
fn content_id(key: &str, position: u64, content: &[u8]) -> String {
    let mut hasher = Xxh3::new();
    hasher.update(key.as_bytes());
    hasher.update(&position.to_le_bytes());
    hasher.update(content);
    format!("key-{:032x}", hasher.digest128())
}

impl Reading<'_> {
    fn line(&mut self, position: u64, line: &[u8], key: Option<&str>) -> Result<(), BodyError> {
        if line.len() > self.reader.limits.event_bytes {
            self.refuse(Refusal { position, reason: reason::EVENT_TOO_LONG, detail: None }, "", 1);
            return Ok(());
        }
        if let Some(event) = plain_event(line) {
            return self.plain(position, event, || key.map(|key| content_id(key, position, line)));
        }
        match Incoming::of_line(position, line) {
            Ok(mut event) => {
                if let Some(key) = key.filter(|_| !event.has_id()) {
                    event.set_id(content_id(key, position, line));
                }
                self.event(event)
            }
            Err(reason) => {
                self.refuse(Refusal { position, reason, detail: None }, "", 1);
                Ok(())
            }
        }
    }

    fn event(&mut self, mut event: Incoming) -> Result<(), BodyError> {
        self.count_event()?;
        let position = event.position;
        let Some(model) = event.model().map(str::to_owned).filter(|model| self.knows(model)) else {
            self.refuse(Refusal { position, reason: reason::UNKNOWN_MODEL, detail: None }, "", 1);
            return Ok(());
        };
        let Some(gathered) = self.models.get_mut(&model) else { return Ok(()) };
        let checked = match event.has_id() {
            true => event.check(&gathered.door.spec, &mut gathered.undeclared),
            false => Err(reason::NO_ID_NO_KEY),
        };
        match checked {
            Ok(event) => self.take(position, event),
            Err(reason) => {
                let shape = shape_of(&event.event, &gathered.door.cleaner);
                self.refuse_shaped(Refusal { position, reason, detail: None }, &model, 1, shape);
            }
        }
        Ok(())
    }

    /// Takes an event that was read straight from its line.
    fn plain(
        &mut self,
        position: u64,
        mut event: Event,
        make_id: impl FnOnce() -> Option<String>,
    ) -> Result<(), BodyError> {
        self.count_event()?;
        if !self.knows(event.model()) {
            self.refuse(Refusal { position, reason: reason::UNKNOWN_MODEL, detail: None }, "", 1);
            return Ok(());
        }
        if event.id().is_none_or(str::is_empty) {
            let Some(id) = make_id() else {
                let model = event.model().to_owned();
                self.refuse(Refusal { position, reason: reason::NO_ID_NO_KEY, detail: None }, &model, 1);
                return Ok(());
            };
            event.set_id(id);
        }
        if let Some(gathered) = self.models.get_mut(event.model()) {
            keep_declared_slices(&gathered.door.spec, &mut event, &mut gathered.undeclared);
        }
        self.take(position, event);
        Ok(())
    }

    fn count_event(&mut self) -> Result<(), BodyError> {
        self.events += 1;
        match self.events > self.reader.limits.events {
            true => Err(self.reader.too_many()),
            false => Ok(()),
        }
    }

    /// Whether there is such a model; its events can be gathered from then on.
    fn knows(&mut self, model: &str) -> bool {
        if self.models.contains_key(model) {
            return true;
        }
        let Some(door) = self.reader.doors.get(model) else { return false };
        let gathered = Gathered { door, events: Vec::new(), undeclared: Undeclared::default() };
        self.models.insert(model.to_owned(), gathered);
        true
    }

    /// Gathers a checked event, unless it is ahead of the clock.
    fn take(&mut self, position: u64, event: Event) {
        let clock = &self.reader.parts.clock;
        if event.at().is_some_and(|at| clock.is_ahead(at, self.reader.limits.clock_skew_microseconds)) {
            let model = event.model().to_owned();
            self.refuse(Refusal { position, reason: reason::IN_THE_FUTURE, detail: None }, &model, 1);
            return;
        }
        if let Some(at) = event.at() {
            clock.saw(at);
        }
        if let Some(gathered) = self.models.get_mut(event.model()) {
            gathered.events.push(event);
        }
    }

    /// Takes rows that were mapped from a table.
    fn rows(&mut self, door: &ModelDoor, events: EventBatch) -> Result<(), BodyError> {
        let skew = self.reader.limits.clock_skew_microseconds;
        let clock = &self.reader.parts.clock;
        let event_bytes = self.reader.limits.event_bytes;
        let (events, long) =
            arrow_stream::not_too_long(events, event_bytes).map_err(|error| BodyError::Malformed(error.to_string()))?;
        for (position, reason) in long {
            self.refuse(Refusal { position, reason, detail: None }, &door.spec.model, 1);
        }
        let (kept, ahead, latest) = arrow_stream::not_ahead(events, |at| clock.is_ahead(at, skew))
            .map_err(|error| BodyError::Malformed(error.to_string()))?;
        if let Some(latest) = latest {
            clock.saw(latest);
        }
        for position in ahead {
            self.refuse(Refusal { position, reason: reason::IN_THE_FUTURE, detail: None }, &door.spec.model, 1);
        }
        if kept.rows.num_rows() > 0 {
            let clean = clean(door, &kept, &self.reader.parts)?;
            self.taken.lots.push(self.prepared(clean)?);
        }
        Ok(())
    }

    fn prepared(&self, batch: EventBatch) -> Result<Lot, CommitError> {
        Ok(Lot::Rows(Box::new(Prepared::new(batch, self.reader.parts.secret)?)))
    }

    fn refuse_rows(&mut self, rejected: &Rejections, model: &str) {
        for (reason, rows) in rejected.iter() {
            let told = rows.examples.len() as u64;
            for position in &rows.examples {
                self.refuse(Refusal { position: *position, reason, detail: None }, model, 1);
            }
            self.count(reason, model, rows.count - told);
        }
    }

    fn refuse(&mut self, refusal: Refusal, model: &str, events: u64) {
        self.refuse_shaped(refusal, model, events, BTreeMap::new());
    }

    fn refuse_shaped(&mut self, refusal: Refusal, model: &str, events: u64, shape: BTreeMap<String, String>) {
        self.count(refusal.reason, model, events);
        self.reader.parts.dead_letters.add(|| DeadLetter {
            received_at: self.now,
            model: model.to_owned(),
            position: refusal.position,
            reason: refusal.reason,
            shape,
        });
        if self.taken.refusals.len() < TOLD_REFUSALS {
            self.taken.refusals.push(refusal);
        }
    }

    fn count(&mut self, reason: &'static str, model: &str, events: u64) {
        self.taken.refused += events;
        let parts = &self.reader.parts;
        parts.metrics.refused.get_or_create(&Reason { reason }).inc_by(events);
        parts.tallies.add(self.now, model, what::REFUSED, reason, events);
    }

    fn finish(mut self) -> Result<Taken, BodyError> {
        for gathered in std::mem::take(&mut self.models).into_values() {
            count_undeclared(&gathered.undeclared, &gathered.door, &self.reader.parts);
            if gathered.events.len() >= OWN_COLUMNS_EVENTS {
                let batches = build(&gathered.door, gathered.events.into_iter(), &self.reader.parts)?;
                for batch in batches {
                    let lot = self.prepared(batch)?;
                    self.taken.lots.push(lot);
                }
            } else if !gathered.events.is_empty() {
                self.taken.lots.push(Lot::Events(gathered.door, gathered.events));
            }
        }
        Ok(self.taken)
    }
}
