//! The one thread that writes: takes what requests handed in, counts each event once, appends, syncs, and answers.
//!
//! While one group is being synced the next one gathers, so that a sync is shared by all who came meanwhile.

use super::budget::Held;
use super::dead_letters::DeadLetters;
use super::doors::ModelDoor;
use super::seen::{Mark, Marker, Seen};
use super::tally::{Tallies, what};
use crate::clock::Clock;
use crate::metrics::{ClassAction, Metrics, ModelKind};
use crate::pipeline::{PipelineError, Workspace, payload};
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use quiver_door::decode::event_keys::Undeclared;
use quiver_door::redact::RedactionCounts;
use quiver_event::batch::{EventBatch, column};
use quiver_event::event::{Event, Kind};
use quiver_event::time::Timestamp;
use quiver_store::journal::{JournalError, NewFrame};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the writer; their bytes are bounded apart.
const QUEUED_REQUESTS: usize = 8_192;

/// Events written by one group at the most, so that the first who asked does not wait for the last.
const GROUP_EVENTS: usize = 50_000;

/// A frame's payload stays below the journal's limit; rows beyond it make another frame.
const FRAME_PAYLOAD_BYTES: usize = 12 << 20;

/// Why events were not kept. None of them was, and sending them again is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The writer has more to do than it can.
    #[error("the server has more to write than it can; send again later")]
    Busy,
    /// The disk is full.
    #[error("the disk of the data folder is full; free space, then send again")]
    DiskFull,
    /// A sync failed: what is on disk is unknown, so nothing more is acknowledged.
    #[error("ingestion has stopped: {0}; check the disk, then restart the server")]
    Stopped(String),
    /// The events could not be redacted, so they were not let through.
    #[error("the events could not be redacted and were not kept: {0}")]
    Unclean(String),
    /// One row is larger than the journal takes.
    #[error("one event is larger than the journal takes; send shorter texts")]
    TooLarge,
    /// Something that is a defect of Quiver.
    #[error("the events could not be written: {0}")]
    Internal(String),
}

/// When a sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// When the events are on the disk.
    Synced,
    /// When they are in memory: a crash within the next group loses them.
    Received,
}

/// What became of the events of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Events that are new.
    pub accepted: u64,
    /// Events that were there already.
    pub duplicates: u64,
}

/// Events of one request.
#[derive(Debug)]
pub enum Lot {
    /// Checked events; columns are built for all requests of a group together.
    Events(Arc<ModelDoor>, Vec<Event>),
    /// Clean rows, ready to be written.
    Rows(Box<Prepared>),
}

/// Clean rows of one model and kind with all that the writer needs of them, so that its one thread only compares and
/// appends.
#[derive(Debug)]
pub struct Prepared {
    batch: EventBatch,
    /// The mark of each row's id.
    marks: Vec<Mark>,
    /// The rows as they are journaled.
    payloads: Vec<Payload>,
}

impl Prepared {
    /// Marks and encodes rows.
    ///
    /// # Errors
    /// When a row is longer than the journal takes, or has no id.
    pub fn new(batch: EventBatch, secret: u64) -> Result<Self, CommitError> {
        let stream = stream_of(&batch);
        let marker = Marker::new(secret, &stream);
        let ids = batch.rows.column_by_name(column::ID).and_then(|ids| ids.as_string_opt::<i32>());
        let ids = ids.ok_or_else(|| CommitError::Internal("its rows have no ids".to_owned()))?;
        let marks = (0..ids.len()).map(|row| marker.mark(ids.value(row))).collect();
        let mut payloads = Vec::new();
        encode(&stream, &batch.rows, &mut payloads)?;
        Ok(Self { batch, marks, payloads })
    }

    /// Only the rows that `mask` keeps.
    fn only(self, mask: &BooleanArray) -> Result<Self, CommitError> {
        let internal = |error: arrow::error::ArrowError| CommitError::Internal(error.to_string());
        let mut batch = self.batch;
        batch.rows = filter_record_batch(&batch.rows, mask).map_err(internal)?;
        let marks = self.marks.into_iter().zip(mask).filter(|(_, keep)| *keep == Some(true));
        let marks = marks.map(|(mark, _)| mark).collect();
        let mut payloads = Vec::new();
        if batch.rows.num_rows() > 0 {
            encode(&stream_of(&batch), &batch.rows, &mut payloads)?;
        }
        Ok(Self { batch, marks, payloads })
    }

    fn rows(&self) -> usize {
        self.batch.rows.num_rows()
    }
}

/// What a request hands to the writer.
#[derive(Debug)]
struct Submission {
    lots: Vec<Lot>,
    reply: oneshot::Sender<Result<Receipt, CommitError>>,
    _held: Held,
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub struct Committer {
    sender: mpsc::Sender<Submission>,
    stopped: Arc<Mutex<Option<String>>>,
}

/// Reads the wall's time.
#[derive(Clone)]
pub struct Wall(pub Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl std::fmt::Debug for Wall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Wall")
    }
}

/// What the writer needs.
#[derive(Debug)]
pub struct Parts {
    /// The journal's folder.
    pub workspace: Arc<Workspace>,
    /// The ids taken in lately.
    pub seen: Arc<Mutex<Seen>>,
    /// Keeps senders from making two ids meet.
    pub secret: u64,
    /// Dates the arrival.
    pub clock: Clock,
    /// The wall's time, by which keys expire.
    pub wall: Wall,
    /// Counts by model.
    pub tallies: Arc<Tallies>,
    /// What can be told of refused events.
    pub dead_letters: Arc<DeadLetters>,
    /// Counts for operators.
    pub metrics: Arc<Metrics>,
}

impl Committer {
    /// Starts the writer; it ends when the last way to it is dropped, after everything handed in was written.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(parts: Arc<Parts>) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel(QUEUED_REQUESTS);
        let stopped = Arc::new(Mutex::new(None));
        let writer = Writer { parts, stopped: Arc::clone(&stopped) };
        let thread =
            std::thread::Builder::new().name("quiver-writer".to_owned()).spawn(move || writer.run(receiver))?;
        Ok((Self { sender, stopped }, thread))
    }

    /// Hands events in, and waits until they are acknowledged.
    ///
    /// # Errors
    /// When none of them was kept; sending them again is safe.
    pub async fn commit(
        &self,
        lots: Vec<Lot>,
        held: Held,
        acknowledgement: Acknowledgement,
    ) -> Result<Receipt, CommitError> {
        if let Some(reason) = self.stopped() {
            return Err(CommitError::Stopped(reason));
        }
        let events = lots.iter().map(Lot::len).sum::<usize>() as u64;
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(Submission { lots, reply, _held: held }).map_err(|_| CommitError::Busy)?;
        if acknowledgement == Acknowledgement::Received {
            return Ok(Receipt { accepted: events, duplicates: 0 });
        }
        answer.await.unwrap_or_else(|_| Err(CommitError::Stopped("the writer ended".to_owned())))
    }

    /// Why ingestion has stopped, once it has.
    pub fn stopped(&self) -> Option<String> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Lot {
    /// How many events.
    pub fn len(&self) -> usize {
        match self {
            Self::Events(_, events) => events.len(),
            Self::Rows(prepared) => prepared.rows(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Events of one model, each with its request, whose columns are still to be built.
type Loose = (Arc<ModelDoor>, Vec<(usize, Event)>);

/// Rows of a group, and whose each of them is.
struct Part {
    prepared: Prepared,
    owners: Owners,
}

/// Which request each row belongs to.
enum Owners {
    One(usize),
    Each(Vec<usize>),
}

impl Owners {
    /// Every owner with a number of rows; one owner may come several times.
    fn for_each(&self, rows: usize, mut tell: impl FnMut(usize, u64)) {
        match self {
            Self::One(owner) => tell(*owner, rows as u64),
            Self::Each(owners) => owners.iter().for_each(|owner| tell(*owner, 1)),
        }
    }

    /// The owner of each row of which the mask says `wanted`.
    fn for_each_of(&self, mask: &BooleanArray, wanted: bool, mut tell: impl FnMut(usize)) {
        for row in (0..mask.len()).filter(|row| mask.value(*row) == wanted) {
            tell(match self {
                Self::One(owner) => *owner,
                Self::Each(owners) => owners[row],
            });
        }
    }

    fn keep(self, mask: &BooleanArray) -> Self {
        match self {
            Self::One(owner) => Self::One(owner),
            Self::Each(owners) => {
                let kept = owners.into_iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true));
                Self::Each(kept.map(|(owner, _)| owner).collect())
            }
        }
    }
}

struct Writer {
    parts: Arc<Parts>,
    stopped: Arc<Mutex<Option<String>>>,
}

/// The requests of one group with what is known of each so far.
struct Group {
    replies: Vec<oneshot::Sender<Result<Receipt, CommitError>>>,
    results: Vec<Result<Receipt, CommitError>>,
    _held: Vec<Held>,
}

impl Writer {
    fn run(self, mut receiver: mpsc::Receiver<Submission>) {
        while let Some(first) = receiver.blocking_recv() {
            let mut submissions = vec![first];
            let mut events = submissions[0].lots.iter().map(Lot::len).sum::<usize>();
            while events < GROUP_EVENTS
                && let Ok(next) = receiver.try_recv()
            {
                events += next.lots.iter().map(Lot::len).sum::<usize>();
                submissions.push(next);
            }
            self.write(submissions);
        }
    }

    fn write(&self, submissions: Vec<Submission>) {
        let mut group = Group { replies: Vec::new(), results: Vec::new(), _held: Vec::new() };
        let mut lots = Vec::new();
        for (owner, submission) in submissions.into_iter().enumerate() {
            lots.extend(submission.lots.into_iter().map(|lot| (owner, lot)));
            group.replies.push(submission.reply);
            group.results.push(Ok(Receipt::default()));
            group._held.push(submission._held);
        }
        let parts = self.prepared(lots, &mut group);
        let parts = self.only_new(parts, &mut group);
        match self.append(&parts, &group) {
            Ok(()) => {
                for part in &parts {
                    let (batch, rows) = (&part.prepared.batch, part.prepared.rows() as u64);
                    part.owners.for_each(part.prepared.rows(), |owner, rows| {
                        if let Ok(receipt) = &mut group.results[owner] {
                            receipt.accepted += rows;
                        }
                    });
                    let labels = ModelKind { model: batch.model.clone(), kind: batch.kind.name() };
                    self.parts.metrics.accepted.get_or_create(&labels).inc_by(rows);
                }
            }
            Err(error) => {
                parts.iter().for_each(|part| self.take_back(&part.prepared.marks));
                if let CommitError::Stopped(reason) = &error {
                    *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.clone());
                    self.parts.metrics.ingestion_stopped.set(1);
                    tracing::error!(reason, "ingestion has stopped: nothing is acknowledged until a restart");
                }
                group.results.iter_mut().for_each(|result| *result = Err(error.clone()));
            }
        }
        // A sender that went away does not want the answer.
        group.replies.into_iter().zip(group.results).for_each(|(reply, result)| drop(reply.send(result)));
    }

    /// Builds, cleans and prepares the columns of loose events, those of all requests of a model together.
    fn prepared(&self, lots: Vec<(usize, Lot)>, group: &mut Group) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut loose: BTreeMap<String, Loose> = BTreeMap::new();
        for (owner, lot) in lots {
            match lot {
                Lot::Rows(prepared) => parts.push(Part { prepared: *prepared, owners: Owners::One(owner) }),
                Lot::Events(door, events) => {
                    let entry = loose.entry(door.spec.model.clone()).or_insert_with(|| (door, Vec::new()));
                    entry.1.extend(events.into_iter().map(|event| (owner, event)));
                }
            }
        }
        let mut built = Vec::new();
        for (door, events) in loose.into_values() {
            let owners: Vec<(usize, Kind)> = events.iter().map(|(owner, event)| (*owner, event.kind())).collect();
            match build(&door, events.into_iter().map(|(_, event)| event), &self.parts) {
                Ok(batches) => built.extend(batches.into_iter().map(|batch| {
                    let of_kind = owners.iter().filter(|(_, kind)| *kind == batch.kind);
                    let owners: Vec<usize> = of_kind.map(|(owner, _)| *owner).collect();
                    (batch, owners)
                })),
                Err(error) => owners.iter().for_each(|(owner, _)| group.results[*owner] = Err(error.clone())),
            }
        }
        // A request of which a part was refused is refused whole: its sender will send it again.
        parts.retain(|part| !matches!(part.owners, Owners::One(owner) if group.results[owner].is_err()));
        for (mut batch, mut owners) in built {
            if owners.iter().any(|owner| group.results[*owner].is_err()) {
                let mask: BooleanArray = owners.iter().map(|owner| Some(group.results[*owner].is_ok())).collect();
                let Ok(rows) = filter_record_batch(&batch.rows, &mask) else { continue };
                batch.rows = rows;
                owners.retain(|owner| group.results[*owner].is_ok());
            }
            match Prepared::new(batch, self.parts.secret) {
                Ok(prepared) => parts.push(Part { prepared, owners: Owners::Each(owners) }),
                Err(error) => owners.iter().for_each(|owner| group.results[*owner] = Err(error.clone())),
            }
        }
        parts
    }

    /// Takes out the rows whose ids were taken in before, and counts them for their senders.
    fn only_new(&self, parts: Vec<Part>, group: &mut Group) -> Vec<Part> {
        let now = self.parts.clock.now();
        let mut offset = self.parts.workspace.journal().next_offset();
        let mut kept = Vec::with_capacity(parts.len());
        for Part { prepared, owners } in parts {
            let mut is_new = Vec::with_capacity(prepared.rows());
            {
                let mut seen = self.parts.seen.lock().unwrap_or_else(PoisonError::into_inner);
                for mark in &prepared.marks {
                    let new = seen.add(*mark, offset, now.0);
                    offset += u64::from(new);
                    is_new.push(new);
                }
            }
            let duplicates = is_new.iter().filter(|new| !**new).count() as u64;
            if duplicates == 0 {
                kept.push(Part { prepared, owners });
                continue;
            }
            let (model, kind) = (prepared.batch.model.clone(), prepared.batch.kind.name());
            self.parts.tallies.add(now, &model, what::DUPLICATE, kind, duplicates);
            self.parts.metrics.duplicates.get_or_create(&ModelKind { model, kind }).inc_by(duplicates);
            let mask = BooleanArray::from(is_new);
            let new_marks = prepared.marks.iter().zip(&mask).filter(|(_, new)| *new == Some(true));
            let new_marks: Vec<Mark> = new_marks.map(|(mark, _)| *mark).collect();
            owners.for_each_of(&mask, false, |owner| {
                if let Ok(receipt) = &mut group.results[owner] {
                    receipt.duplicates += 1;
                }
            });
            match prepared.only(&mask) {
                Ok(prepared) if prepared.rows() == 0 => {}
                Ok(prepared) => kept.push(Part { prepared, owners: owners.keep(&mask) }),
                Err(error) => {
                    self.take_back(&new_marks);
                    owners.for_each_of(&mask, true, |owner| group.results[owner] = Err(error.clone()));
                }
            }
        }
        kept
    }

    /// Forgets the ids of rows that are not kept, so that they are new when they are sent again.
    fn take_back(&self, marks: &[Mark]) {
        let mut seen = self.parts.seen.lock().unwrap_or_else(PoisonError::into_inner);
        marks.iter().for_each(|mark| seen.remove(*mark));
    }

    fn append(&self, parts: &[Part], group: &Group) -> Result<(), CommitError> {
        let started = Instant::now();
        let now = self.parts.clock.now();
        let frames: Vec<NewFrame<'_>> = parts
            .iter()
            .flat_map(|part| &part.prepared.payloads)
            .map(|(stream, row_count, payload)| NewFrame {
                stream,
                producer: "",
                producer_position: 0,
                received_at_microseconds: now.0,
                row_count: *row_count,
                payload,
            })
            .collect();
        if !frames.is_empty() {
            let mut journal = self.parts.workspace.journal();
            journal.append(&frames).map_err(|error| journal_error(&error))?;
            journal.sync().map_err(|error| journal_error(&error))?;
        }
        let rows: u32 = frames.iter().map(|frame| frame.row_count).sum();
        tracing::trace!(requests = group.replies.len(), rows, "group written");
        self.parts.metrics.sync_seconds.observe(started.elapsed().as_secs_f64());
        self.parts.metrics.group_events.observe(f64::from(rows));
        Ok(())
    }
}

fn stream_of(batch: &EventBatch) -> String {
    format!("{}/{}", batch.model, batch.kind.name())
}

/// A stream, the rows in a payload, and the payload.
type Payload = (String, u32, Vec<u8>);

/// Encodes rows as one payload, or as several where one would be too long.
fn encode(stream: &str, rows: &RecordBatch, payloads: &mut Vec<Payload>) -> Result<(), CommitError> {
    let payload = payload::encode(rows).map_err(|error| CommitError::Internal(error.to_string()))?;
    let count = rows.num_rows();
    if payload.len() <= FRAME_PAYLOAD_BYTES {
        payloads.push((stream.to_owned(), count as u32, payload));
        return Ok(());
    }
    if count == 1 {
        return Err(CommitError::TooLarge);
    }
    encode(stream, &rows.slice(0, count / 2), payloads)?;
    encode(stream, &rows.slice(count / 2, count - count / 2), payloads)
}

fn journal_error(error: &JournalError) -> CommitError {
    match error {
        JournalError::Full { .. } => CommitError::DiskFull,
        JournalError::FrameTooLong { .. } => CommitError::TooLarge,
        _ => CommitError::Stopped(error.to_string()),
    }
}

/// Builds and cleans the columns of events of one model, and counts what was dropped and redacted.
///
/// # Errors
/// When the events cannot be redacted: they are then not let through.
pub fn build(
    door: &ModelDoor,
    events: impl Iterator<Item = Event>,
    parts: &Parts,
) -> Result<Vec<EventBatch>, CommitError> {
    let mut builder = door.builder();
    let mut undeclared = Undeclared::default();
    let mut make_id = || uuid::Uuid::now_v7().to_string();
    for event in events {
        // Events were checked when they came in.
        builder
            .push(event, &mut make_id, &mut undeclared)
            .map_err(|reason| CommitError::Internal(reason.to_owned()))?;
    }
    let batches = builder.finish().map_err(|error| CommitError::Internal(error.to_string()))?;
    door.keep(builder);
    count_undeclared(&undeclared, door, parts);
    batches.iter().map(|batch| clean(door, batch, parts)).collect()
}

/// Cleans a batch and counts what was redacted.
///
/// # Errors
/// When it cannot be redacted: it is then not let through.
pub fn clean(door: &ModelDoor, batch: &EventBatch, parts: &Parts) -> Result<EventBatch, CommitError> {
    let (clean, counts) = door.cleaner.clean(batch).map_err(|error| CommitError::Unclean(error.to_string()))?;
    count_redactions(&counts, &door.spec.model, parts);
    Ok(clean)
}

/// Counts the keys that were dropped.
pub fn count_undeclared(undeclared: &Undeclared, door: &ModelDoor, parts: &Parts) {
    let (now, model) = (parts.clock.now(), &door.spec.model);
    for (path, count) in &undeclared.paths {
        parts.tallies.add(now, model, what::UNDECLARED, &door.cleaner.shown_name(path), *count);
    }
    parts.tallies.add(now, model, what::UNDECLARED, "…", undeclared.others);
}

fn count_redactions(counts: &RedactionCounts, model: &str, parts: &Parts) {
    let now = parts.clock.now();
    for (redaction, count) in counts {
        let subject = format!("{}/{}/{}", redaction.field, redaction.class, redaction.action);
        parts.tallies.add(now, model, what::REDACTED, &subject, *count);
        let labels = ClassAction { class: redaction.class, action: redaction.action };
        parts.metrics.redactions.get_or_create(&labels).inc_by(*count);
    }
}

/// Reads the ids of the journal's rows into the memory of ids.
///
/// # Errors
/// When a frame cannot be read.
pub fn remember(workspace: &Workspace, seen: &mut Seen, secret: u64, now: i64) -> Result<u64, PipelineError> {
    let mut rows = 0;
    for frame in workspace.frames_from(0)? {
        let frame = frame?;
        if frame.row_count == 0 {
            continue;
        }
        let ids = payload::decode_column(&frame.payload, column::ID)?;
        let Some(ids) = ids.as_ref().and_then(|ids| ids.as_string_opt::<i32>()) else { continue };
        let marker = Marker::new(secret, &frame.stream);
        for (index, id) in ids.iter().enumerate() {
            if let Some(id) = id {
                let offset = frame.first_offset + index as u64;
                seen.add(marker.mark(id), offset, frame.received_at_microseconds);
                rows += 1;
            }
        }
    }
    seen.forget_old(now);
    Ok(rows)
}
