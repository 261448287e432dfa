//! Arrow IPC streams from senders nobody knows: bounded before anything is decompressed, then rows as events.

use super::cast::{to_instant, to_text};
use super::rejected::{Rejections, reason};
use crate::limits;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use quiver_event::batch::{EventBatch, column, schema_of};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_event::time::Timestamp;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stream that was read.
#[derive(Debug, Clone)]
pub struct ArrowStream {
    /// The schema of all batches.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// Why a body is no usable Arrow stream.
#[derive(Debug, thiserror::Error)]
pub enum ArrowBodyError {
    /// It is not an Arrow IPC stream.
    #[error("the body is not an Arrow IPC stream: {0}")]
    Malformed(String),
    /// Its buffers would need more memory than a request may.
    #[error("the body needs {bytes} bytes decompressed, over the limit of {limit}; send smaller batches")]
    TooLarge {
        /// What its buffers claim.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
}

impl From<ArrowError> for ArrowBodyError {
    fn from(error: ArrowError) -> Self {
        Self::Malformed(error.to_string())
    }
}

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is reading a stream: a panic of the library then is a malformed body, and nobody's defect here.
pub fn is_reading() -> bool {
    READING.get()
}

/// Reads a whole stream. What its buffers claim to hold is added up first: the library allocates what they claim.
pub fn read(body: &[u8], decoded_limit_bytes: usize) -> Result<ArrowStream, ArrowBodyError> {
    let bytes = claimed_bytes(body)?;
    if bytes > decoded_limit_bytes as u64 {
        return Err(ArrowBodyError::TooLarge { bytes, limit: decoded_limit_bytes });
    }
    // The library panics on some streams whose metadata contradicts itself; for a sender that is a malformed body.
    READING.set(true);
    let read = std::panic::catch_unwind(|| -> Result<ArrowStream, ArrowError> {
        let reader = StreamReader::try_new(body, None)?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        Ok(ArrowStream { schema, batches })
    });
    READING.set(false);
    match read {
        Ok(stream) => Ok(stream?),
        Err(_) => Err(ArrowBodyError::Malformed("its metadata contradicts itself".to_owned())),
    }
}

/// The bytes that a stream's buffers and rows would take, by its own metadata.
fn claimed_bytes(body: &[u8]) -> Result<u64, ArrowBodyError> {
    let malformed = |what: &str| ArrowBodyError::Malformed(what.to_owned());
    let mut rest = body;
    let mut total = 0_u64;
    loop {
        let Some((mark, tail)) = rest.split_first_chunk::<4>() else { return Ok(total) };
        if u32::from_le_bytes(*mark) != u32::MAX {
            return Err(malformed("a message does not start with the continuation mark"));
        }
        let Some((length, tail)) = tail.split_first_chunk::<4>() else { return Err(malformed("it ends in a message")) };
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            return Ok(total);
        }
        let Some((metadata, tail)) = tail.split_at_checked(length) else {
            return Err(malformed("it ends in a message's metadata"));
        };
        let message = arrow::ipc::root_as_message(metadata).map_err(|error| malformed(&error.to_string()))?;
        let body_length = usize::try_from(message.bodyLength()).map_err(|_| malformed("a message's length"))?;
        let Some((content, tail)) = tail.split_at_checked(body_length) else {
            return Err(malformed("it ends in a message's body"));
        };
        rest = tail;
        let batch = message
            .header_as_record_batch()
            .or_else(|| message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()));
        let Some(batch) = batch else { continue };
        // A column of nulls has rows and no buffer; each row will be looked at all the same.
        total = total.saturating_add(u64::try_from(batch.length()).map_err(|_| malformed("a negative row count"))?);
        let compressed = batch.compression().is_some();
        for buffer in batch.buffers().into_iter().flatten() {
            let (offset, length) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
            let (Ok(offset), Ok(length)) = (offset, length) else { return Err(malformed("a negative buffer")) };
            let Some(bytes) = offset.checked_add(length).and_then(|end| content.get(offset..end)) else {
                return Err(malformed("a buffer lies outside its message"));
            };
            let claimed = match (compressed, bytes.first_chunk::<8>()) {
                // -1 says that the bytes follow as they are.
                (true, Some(prefix)) => u64::try_from(i64::from_le_bytes(*prefix)).unwrap_or(length as u64),
                _ => length as u64,
            };
            total = total.saturating_add(claimed);
        }
    }
}

/// Rows of feedback, heartbeats or changes as events: columns by the name of the event's keys, cast to their types.
///
/// Rows without a time, an id (where the request gives none) or what their kind must say are kept out.
pub fn events_of(
    spec: &Spec,
    kind: Kind,
    rows: &RecordBatch,
    first_row: u64,
    fingerprint: Option<&str>,
) -> Result<(EventBatch, Rejections), ArrowError> {
    let schema = schema_of(kind, spec);
    let count = rows.num_rows();
    let mut rejected = Rejections::default();
    let mut keep = vec![true; count];
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let found = rows.column_by_name(field.name());
        let array: ArrayRef = match (field.name().as_str(), found) {
            (column::ID, None) => {
                let id = |row: usize| fingerprint.map(|name| format!("{name}-{}", first_row + row as u64 + 1));
                Arc::new((0..count).map(id).collect::<StringArray>())
            }
            (column::AT, Some(found)) => Arc::new(to_instant(found, None)?.array),
            (_, Some(found)) if field.data_type() == &arrow::datatypes::DataType::Utf8 => {
                Arc::new(to_text(found)?.array)
            }
            (_, Some(found)) => cast(found, field.data_type())?,
            (_, None) => new_null_array(field.data_type(), count),
        };
        columns.push(array);
    }
    let of = |name: &str| schema.index_of(name).ok().map(|index| Arc::clone(&columns[index]));
    let missing = |name: &str, row: usize| of(name).is_none_or(|values| values.is_null(row));
    for (row, keep) in keep.iter_mut().enumerate() {
        let reason = match kind {
            _ if missing(column::AT, row) => Some(reason::NO_TIME),
            _ if missing(column::ID, row) => Some(reason::NO_ID_NO_KEY),
            Kind::Feedback
                if [column::PREDICTION_ID, column::DECISION_ID, column::ENTITY]
                    .iter()
                    .all(|name| missing(name, row)) =>
            {
                Some(reason::NO_TARGET)
            }
            Kind::Feedback if missing(column::VALUE, row) && missing(column::CLASS, row) => Some(reason::NO_VALUE),
            Kind::Heartbeat if missing(column::SOURCE, row) => Some(reason::WRONG_TYPE),
            Kind::Change if missing(column::WHAT, row) => Some(reason::WRONG_TYPE),
            _ => None,
        };
        if let Some(reason) = reason {
            *keep = false;
            rejected.add(reason, first_row + row as u64 + 1);
        }
    }
    // Nulls in columns that must not have any go with their rows; the schema is put on afterwards.
    let loose: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let loose = RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(loose)), columns)?;
    let kept = filter_record_batch(&loose, &BooleanArray::from(keep))?;
    let rows = RecordBatch::try_new(schema, kept.columns().to_vec())?;
    Ok((EventBatch { model: spec.model.clone(), kind, rows }, rejected))
}

/// The place of a row in its batch, from 1, and what of it is too long.
pub type LongRow = (u64, &'static str);

/// Takes out the rows with a text longer than an event may be, or an identifier longer than the limit; also their
/// places in the batch, from 1, with the reason.
pub fn not_too_long(events: EventBatch, event_bytes: usize) -> Result<(EventBatch, Vec<LongRow>), ArrowError> {
    let mut refused: BTreeMap<usize, &'static str> = BTreeMap::new();
    let schema = events.rows.schema();
    for (field, values) in schema.fields().iter().zip(events.rows.columns()) {
        let Some(texts) = values.as_string_opt::<i32>() else { continue };
        let (limit, reason) = match IDENTIFIERS.contains(&field.name().as_str()) {
            true => (limits::MAX_IDENTIFIER_BYTES, reason::ID_TOO_LONG),
            false => (event_bytes, reason::EVENT_TOO_LONG),
        };
        // A column that is shorter as a whole holds no longer text.
        if texts.value_data().len() <= limit {
            continue;
        }
        for row in (0..texts.len()).filter(|row| texts.value_length(*row) as usize > limit) {
            refused.insert(row, reason);
        }
    }
    if refused.is_empty() {
        return Ok((events, Vec::new()));
    }
    let keep: BooleanArray = (0..events.rows.num_rows()).map(|row| Some(!refused.contains_key(&row))).collect();
    let rows = filter_record_batch(&events.rows, &keep)?;
    Ok((EventBatch { rows, ..events }, refused.into_iter().map(|(row, reason)| (row as u64 + 1, reason)).collect()))
}

/// The columns whose values are looked up whole.
const IDENTIFIERS: [&str; 7] = [
    column::ID,
    column::PREDICTION_ID,
    column::DECISION_ID,
    column::TRACE_ID,
    column::ITEM,
    column::ENTITY,
    column::SUBJECT,
];

/// Takes out the rows whose time is ahead; also their places in the batch, from 1, and the latest time that stays.
pub fn not_ahead(
    events: EventBatch,
    is_ahead: impl Fn(Timestamp) -> bool,
) -> Result<(EventBatch, Vec<u64>, Option<Timestamp>), ArrowError> {
    let times = events.rows.column_by_name(column::AT);
    let Some(times) = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>()) else {
        return Ok((events, Vec::new(), None));
    };
    let times: &TimestampMicrosecondArray = times;
    // The latest time tells for all: only a batch with one ahead is looked at row by row.
    let latest = arrow::compute::max(times).map(Timestamp);
    if !latest.is_some_and(&is_ahead) {
        return Ok((events, Vec::new(), latest));
    }
    let keep: BooleanArray = times.iter().map(|at| Some(!at.is_some_and(|at| is_ahead(Timestamp(at))))).collect();
    let ahead = keep.iter().enumerate().filter(|(_, keep)| *keep == Some(false)).map(|(row, _)| row as u64 + 1);
    let ahead = ahead.collect();
    let latest = times.iter().flatten().map(Timestamp).filter(|at| !is_ahead(*at)).max();
    let rows = filter_record_batch(&events.rows, &keep)?;
    Ok((EventBatch { rows, ..events }, ahead, latest))
}
