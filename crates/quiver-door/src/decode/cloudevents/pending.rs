//! Keeps requests and responses of model servers until both are there; bounded in bytes, count and age.

use super::super::incoming::{Incoming, instant, number};
use super::payload::{Answers, Rows};
use crate::limits;
use quiver_event::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};

/// What a request and its response have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct JoinKey {
    pub model: String,
    pub component: Option<String>,
    pub id: String,
}

/// A request or a response.
#[derive(Debug)]
pub(super) struct Half {
    pub at: Option<Timestamp>,
    pub version: Option<String>,
    pub trace_id: Option<String>,
    pub side: Side,
}

#[derive(Debug)]
pub(super) enum Side {
    Request(Rows),
    Response(Answers),
}

/// What taking in one half led to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub waits: bool,
    pub joined: Vec<Incoming>,
    pub evicted: Vec<Incoming>,
}

/// How much may wait, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct HalfBounds {
    /// Bytes of all payloads.
    pub bytes: usize,
    /// Number of all payloads.
    pub payloads: usize,
    /// Microseconds.
    pub age_microseconds: i64,
}

impl Default for HalfBounds {
    fn default() -> Self {
        Self {
            bytes: limits::MAX_PENDING_BYTES,
            payloads: limits::MAX_PENDING_PAYLOADS,
            age_microseconds: limits::MAX_PENDING_SECONDS * 1_000_000,
        }
    }
}

/// Requests and responses of the last minute.
///
/// Those that found each other stay until they are old too, while there is room: a half that is sent again, because
/// its answer was lost, then makes the same event again and not one with a half missing.
#[derive(Debug)]
pub struct PendingHalves {
    pairs: HashMap<JoinKey, Pair>,
    waiting: VecDeque<Turn>,
    joined: VecDeque<Turn>,
    bounds: HalfBounds,
    serial: u64,
    bytes: usize,
    alone: usize,
    /// Halves that had to leave because too much was waiting.
    pub evicted: u64,
    /// Halves whose other half did not come in time.
    pub expired: u64,
}

/// A pair's place in a queue; a place whose serial is not the pair's is left over from an earlier state.
#[derive(Debug)]
struct Turn {
    due: Timestamp,
    serial: u64,
    key: JoinKey,
}

#[derive(Debug, Default)]
struct Pair {
    request: Option<Half>,
    response: Option<Half>,
    serial: u64,
    bytes: usize,
}

impl Default for PendingHalves {
    fn default() -> Self {
        Self::new(HalfBounds::default())
    }
}

impl PendingHalves {
    /// None yet.
    pub fn new(bounds: HalfBounds) -> Self {
        Self {
            pairs: HashMap::new(),
            waiting: VecDeque::new(),
            joined: VecDeque::new(),
            bounds,
            serial: 0,
            bytes: 0,
            alone: 0,
            evicted: 0,
            expired: 0,
        }
    }

    /// How many requests and responses wait for each other.
    pub fn waiting(&self) -> usize {
        self.alone
    }

    /// The bytes that all kept payloads take, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes out, as events, what has waited for the longest time allowed.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Incoming> {
        let mut events = Vec::new();
        while self.joined.front().is_some_and(|turn| turn.due.0 <= now.0) {
            self.forget_joined();
        }
        while self.waiting.front().is_some_and(|turn| turn.due.0 <= now.0) {
            if let Some(alone) = self.take_alone() {
                self.expired += 1;
                events.extend(alone);
            }
        }
        events
    }

    /// Takes out, as events, all that waits.
    pub fn drain(&mut self) -> Vec<Incoming> {
        let mut events = Vec::new();
        while !self.waiting.is_empty() {
            events.extend(self.take_alone().into_iter().flatten());
        }
        while !self.joined.is_empty() {
            self.forget_joined();
        }
        events
    }

    pub(super) fn add(&mut self, key: JoinKey, half: Half, position: u64, now: Timestamp) -> Taken {
        let mut taken = Taken::default();
        let due = Timestamp(now.0.saturating_add(self.bounds.age_microseconds));
        let mut pair = match self.pairs.remove(&key) {
            Some(pair) => {
                self.bytes -= pair.bytes;
                self.alone -= usize::from(!pair.is_whole());
                pair
            }
            None => Pair::default(),
        };
        let is_new = pair.serial == 0;
        let was_whole = pair.is_whole();
        match half.side {
            Side::Request(_) => pair.request = Some(half),
            Side::Response(_) => pair.response = Some(half),
        }
        pair.bytes = pair.weight(&key);
        if pair.is_whole() {
            taken.joined = pair.events(&key, position);
        }
        if pair.bytes > self.bounds.bytes {
            // It would push out all others and then itself.
            if !pair.is_whole() {
                self.evicted += 1;
                taken.evicted = pair.events(&key, 0);
            }
            return taken;
        }
        taken.waits = !pair.is_whole();
        if is_new || pair.is_whole() != was_whole {
            self.serial += 1;
            pair.serial = self.serial;
            let turn = Turn { due, serial: self.serial, key: key.clone() };
            if pair.is_whole() { self.joined.push_back(turn) } else { self.waiting.push_back(turn) }
        }
        self.bytes += pair.bytes;
        self.alone += usize::from(!pair.is_whole());
        self.pairs.insert(key, pair);
        self.make_room(&mut taken.evicted);
        taken
    }

    fn make_room(&mut self, evicted: &mut Vec<Incoming>) {
        while self.bytes > self.bounds.bytes || self.turns() > self.bounds.payloads {
            if !self.joined.is_empty() {
                self.forget_joined();
            } else if self.waiting.is_empty() {
                break;
            } else if let Some(alone) = self.take_alone() {
                self.evicted += 1;
                evicted.extend(alone);
            }
        }
    }

    /// Places in queues, left-over ones included: they take memory too.
    fn turns(&self) -> usize {
        self.waiting.len() + self.joined.len()
    }

    fn forget_joined(&mut self) {
        if let Some(turn) = self.joined.pop_front()
            && self.pairs.get(&turn.key).is_some_and(|pair| pair.serial == turn.serial)
            && let Some(pair) = self.pairs.remove(&turn.key)
        {
            self.bytes -= pair.bytes;
        }
    }

    /// The events of the half that has waited longest; none where its place was left over.
    fn take_alone(&mut self) -> Option<Vec<Incoming>> {
        let turn = self.waiting.pop_front()?;
        if self.pairs.get(&turn.key)?.serial != turn.serial {
            return None;
        }
        let pair = self.pairs.remove(&turn.key)?;
        self.bytes -= pair.bytes;
        self.alone -= 1;
        Some(pair.events(&turn.key, 0))
    }
}

/// What is wrong with a prediction that nobody answered.
const NO_RESPONSE: &str = "no_response";

impl Pair {
    fn is_whole(&self) -> bool {
        self.request.is_some() && self.response.is_some()
    }

    /// One prediction an instance.
    fn events(&self, key: &JoinKey, position: u64) -> Vec<Incoming> {
        let rows = self.request.as_ref().map_or(&[][..], |half| match &half.side {
            Side::Request(rows) => &rows.rows,
            Side::Response(_) => &[],
        });
        let answers = self.response.as_ref().and_then(|half| match &half.side {
            Side::Response(answers) => Some(answers),
            Side::Request(_) => None,
        });
        let outputs = answers.map_or(&[][..], |answers| &answers.outputs);
        let failed = answers.and_then(|answers| answers.error.as_deref());
        let count = rows.len().max(outputs.len()).max(usize::from(failed.is_some()));
        (0..count)
            .map(|index| {
                let mut event = self.common(key, answers);
                let id = if count == 1 { key.id.clone() } else { format!("{}/{index}", key.id) };
                event.insert("id".to_owned(), Value::String(id));
                if let Some(row) = rows.get(index) {
                    event.insert("features".to_owned(), Value::Object(row.clone()));
                }
                match (outputs.get(index), failed) {
                    (Some(output), _) => event.insert("output".to_owned(), Value::Object(output.clone())),
                    (None, error) => event.insert("error".to_owned(), Value::from(error.unwrap_or(NO_RESPONSE))),
                };
                Incoming { position, event }
            })
            .collect()
    }

    fn common(&self, key: &JoinKey, answers: Option<&Answers>) -> Map<String, Value> {
        let mut event = Map::new();
        event.insert("kind".to_owned(), Value::from("prediction"));
        event.insert("model".to_owned(), Value::from(key.model.as_str()));
        let (asked, answered) = (self.request.as_ref(), self.response.as_ref());
        let (asked_at, answered_at) = (asked.and_then(|half| half.at), answered.and_then(|half| half.at));
        if let Some(at) = asked_at.or(answered_at) {
            event.insert("at".to_owned(), instant(at));
        }
        let either = |pick: fn(&Half) -> Option<&String>| answered.and_then(pick).or_else(|| asked.and_then(pick));
        let version =
            answers.and_then(|answers| answers.version.as_ref()).or_else(|| either(|half| half.version.as_ref()));
        if let Some(version) = version {
            event.insert("version".to_owned(), Value::from(version.as_str()));
        }
        if let Some(trace_id) = either(|half| half.trace_id.as_ref()) {
            event.insert("trace_id".to_owned(), Value::from(trace_id.as_str()));
        }
        if let Some((asked, answered)) = asked_at.zip(answered_at)
            && asked <= answered
        {
            event.insert("latency_ms".to_owned(), number((answered.0 - asked.0) as f64 / 1e3));
        }
        event
    }

    /// The bytes it takes, about.
    fn weight(&self, key: &JoinKey) -> usize {
        let maps = |maps: &[Map<String, Value>]| maps.iter().map(map_weight).sum::<usize>();
        let half = |half: &Half| match &half.side {
            Side::Request(rows) => maps(&rows.rows),
            Side::Response(answers) => maps(&answers.outputs) + answers.error.as_ref().map_or(0, String::len),
        };
        let own = 2 * (key.model.len() + key.id.len() + key.component.as_ref().map_or(0, String::len));
        let halves = [&self.request, &self.response];
        own + 2 * std::mem::size_of::<Self>() + halves.into_iter().flatten().map(half).sum::<usize>()
    }
}

fn map_weight(map: &Map<String, Value>) -> usize {
    // An entry is its key, its value, its hash and its place in the table.
    let entry = std::mem::size_of::<String>() + 2 * std::mem::size_of::<usize>();
    map.iter().map(|(key, value)| entry + key.len() + weight(value)).sum::<usize>() + std::mem::size_of_val(map)
}

fn weight(value: &Value) -> usize {
    std::mem::size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(weight).sum(),
            Value::Object(map) => map_weight(map),
            _ => 0,
        }
}
