//! Remembers spans until their prediction comes, so that its calls are known; bounded in bytes, count and age.

use crate::limits;
use quiver_event::time::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

pub(super) type TraceId = [u8; 16];
pub(super) type SpanId = [u8; 8];
/// A span among all traces.
pub(super) type SpanKey = (TraceId, SpanId);

/// The spans of the last minute, by trace.
///
/// A span's calls are counted anew whenever its prediction is decoded, so that a request which is sent again says the
/// same again.
#[derive(Debug)]
pub struct PendingSpans {
    traces: HashMap<TraceId, Trace>,
    /// Every trace once, with the time at which to look at it again.
    order: VecDeque<(Timestamp, TraceId)>,
    bounds: SpanBounds,
    count: usize,
    bytes: usize,
    fresh: Vec<SpanKey>,
    /// Calls given up because too much was waiting.
    pub evicted: u64,
    /// Calls of which no prediction came in time.
    pub expired: u64,
    /// Calls that came after their prediction had been decoded.
    pub late: u64,
}

/// How much may wait, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct SpanBounds {
    /// Bytes of all spans.
    pub bytes: usize,
    /// Number of all spans.
    pub spans: usize,
    /// Spans of one trace.
    pub spans_of_trace: usize,
    /// Microseconds after the last span of a trace.
    pub age_microseconds: i64,
}

impl Default for SpanBounds {
    fn default() -> Self {
        Self {
            bytes: limits::MAX_PENDING_BYTES,
            spans: limits::MAX_PENDING_SPANS,
            spans_of_trace: limits::MAX_TRACE_SPANS,
            age_microseconds: limits::MAX_PENDING_SECONDS * 1_000_000,
        }
    }
}

#[derive(Debug)]
struct Trace {
    last_seen: Timestamp,
    spans: HashMap<SpanId, Node>,
    bytes: usize,
}

/// What is remembered of a span.
#[derive(Debug)]
pub(super) struct Node {
    pub parent: Option<SpanId>,
    pub is_prediction: bool,
    pub call: Option<Box<Call>>,
}

/// A call to something.
#[derive(Debug)]
pub(super) struct Call {
    /// Whom it went to; none where the span only computes a feature.
    pub peer: Option<String>,
    pub feature: Option<String>,
    pub nanoseconds: u64,
    pub bytes: Option<f64>,
    counted: bool,
}

impl Call {
    pub(super) fn new(peer: Option<String>, feature: Option<String>, nanoseconds: u64, bytes: Option<f64>) -> Self {
        Self { peer, feature, nanoseconds, bytes, counted: false }
    }
}

/// What the calls of one prediction came to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Spent {
    /// Number and nanoseconds, by whom the calls went to.
    pub peers: BTreeMap<String, (u64, u64)>,
    /// Number, nanoseconds and bytes, by the feature they were made for.
    pub features: BTreeMap<String, (u64, u64, Option<f64>)>,
}

impl Default for PendingSpans {
    fn default() -> Self {
        Self::new(SpanBounds::default())
    }
}

impl PendingSpans {
    /// None yet.
    pub fn new(bounds: SpanBounds) -> Self {
        Self {
            traces: HashMap::new(),
            order: VecDeque::new(),
            bounds,
            count: 0,
            bytes: 0,
            fresh: Vec::new(),
            evicted: 0,
            expired: 0,
            late: 0,
        }
    }

    /// How many spans are remembered.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes they take, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets traces of which nothing came for the longest time allowed.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((due, _)) = self.order.front()
            && due.0 <= now.0
        {
            self.expired += self.forget_first(Some(now));
        }
    }

    /// Remembers a span of the request at hand.
    pub(super) fn add(&mut self, (trace_id, span_id): SpanKey, mut node: Node, now: Timestamp) {
        let due = Timestamp(now.0.saturating_add(self.bounds.age_microseconds));
        let trace = self.traces.entry(trace_id).or_insert_with(|| {
            self.order.push_back((due, trace_id));
            self.bytes += TRACE_BYTES;
            Trace { last_seen: now, spans: HashMap::new(), bytes: TRACE_BYTES }
        });
        trace.last_seen = trace.last_seen.max(now);
        let before = trace.spans.get(&span_id);
        let known = before.is_some();
        if let (Some(call), Some(before)) = (&mut node.call, before.and_then(|node| node.call.as_ref())) {
            call.counted = before.counted;
        }
        if !known && trace.spans.len() >= self.bounds.spans_of_trace {
            self.evicted += u64::from(node.call.is_some());
            return;
        }
        if !known && node.call.is_some() {
            self.fresh.push((trace_id, span_id));
        }
        let bytes = node_bytes(&node);
        let before = trace.spans.insert(span_id, node).map_or(0, |before| node_bytes(&before));
        trace.bytes = trace.bytes + bytes - before;
        self.bytes = self.bytes + bytes - before;
        self.count += usize::from(!known);
    }

    /// What the calls of these predictions, all of the request at hand, came to. Then forgets what is too much.
    pub(super) fn settle(&mut self, predictions: &[SpanKey]) -> HashMap<SpanKey, Spent> {
        let asked: HashSet<SpanKey> = predictions.iter().copied().collect();
        let mut spent: HashMap<SpanKey, Spent> = HashMap::new();
        let fresh: HashSet<SpanKey> = self.fresh.drain(..).collect();
        let touched: HashSet<TraceId> = asked.iter().chain(&fresh).map(|(trace, _)| *trace).collect();
        for trace_id in touched {
            let Some(trace) = self.traces.get_mut(&trace_id) else { continue };
            let owners = trace.owners();
            for (span_id, owner) in owners {
                let Some(call) = trace.spans.get_mut(&span_id).and_then(|node| node.call.as_mut()) else { continue };
                if asked.contains(&(trace_id, owner)) {
                    call.counted = true;
                    spent.entry((trace_id, owner)).or_default().add(call);
                } else if fresh.contains(&(trace_id, span_id)) {
                    call.counted = true;
                    self.late += 1;
                }
            }
        }
        while self.count > self.bounds.spans || self.bytes > self.bounds.bytes {
            if self.order.is_empty() {
                break;
            }
            self.evicted += self.forget_first(None);
        }
        spent
    }

    /// Forgets the trace that has waited longest, unless more of it came before `now`; returns its calls that nobody
    /// had counted.
    fn forget_first(&mut self, now: Option<Timestamp>) -> u64 {
        let Some((_, trace_id)) = self.order.pop_front() else { return 0 };
        let Some(trace) = self.traces.get(&trace_id) else { return 0 };
        let due = Timestamp(trace.last_seen.0.saturating_add(self.bounds.age_microseconds));
        if now.is_some_and(|now| due > now) {
            self.order.push_back((due, trace_id));
            return 0;
        }
        let Some(trace) = self.traces.remove(&trace_id) else { return 0 };
        self.count -= trace.spans.len();
        self.bytes -= trace.bytes;
        let open = |node: &&Node| node.call.as_ref().is_some_and(|call| !call.counted);
        trace.spans.values().filter(open).count() as u64
    }
}

/// What lies above a span: the nearest prediction, and the nearest call between.
#[derive(Clone, Copy, Default)]
struct Above {
    prediction: Option<SpanId>,
    call: Option<SpanId>,
}

impl Trace {
    /// Every call with its nearest prediction. A call inside a call to the same peer is that call, seen from below.
    fn owners(&self) -> Vec<(SpanId, SpanId)> {
        let mut known: HashMap<SpanId, Above> = HashMap::new();
        let mut owners = Vec::new();
        for (span_id, node) in &self.spans {
            let Some(call) = &node.call else { continue };
            let above = self.above(*span_id, &mut known);
            let outer = above.call.and_then(|id| self.spans.get(&id)?.call.as_ref());
            let repeats = call.feature.is_none() && outer.is_some_and(|outer| outer.peer == call.peer);
            if let (Some(prediction), false) = (above.prediction, repeats) {
                owners.push((*span_id, prediction));
            }
        }
        owners
    }

    /// Walks up once, remembering every step; a circle of parents ends where it began.
    fn above(&self, span_id: SpanId, known: &mut HashMap<SpanId, Above>) -> Above {
        let mut path = Vec::new();
        let mut current = span_id;
        let mut found = loop {
            if let Some(above) = known.get(&current) {
                break *above;
            }
            known.insert(current, Above::default());
            path.push(current);
            let Some(parent_id) = self.spans.get(&current).and_then(|node| node.parent) else { break Above::default() };
            match self.spans.get(&parent_id) {
                None => break Above::default(),
                Some(parent) if parent.is_prediction => break Above { prediction: Some(parent_id), call: None },
                Some(_) => current = parent_id,
            }
        };
        // `found` lies above the last of the path, or is what was known of the span above it.
        let mut lower = path.pop();
        if let Some(last) = lower
            && current != last
        {
            found = self.through(current, found);
        }
        while let Some(id) = lower {
            known.insert(id, found);
            lower = path.pop();
            if lower.is_some() {
                found = self.through(id, found);
            }
        }
        known.get(&span_id).copied().unwrap_or_default()
    }

    /// What lies above the children of `id`, of which `above` lies above itself.
    fn through(&self, id: SpanId, above: Above) -> Above {
        let is_call = self.spans.get(&id).is_some_and(|node| node.call.is_some());
        if is_call { Above { call: Some(id), ..above } } else { above }
    }
}

impl Spent {
    fn add(&mut self, call: &Call) {
        if let Some(peer) = &call.peer {
            let known = self.peers.contains_key(peer) || self.peers.len() < limits::MAX_PEERS;
            let entry = self.peers.entry(if known { peer.clone() } else { OTHER_PEERS.to_owned() }).or_default();
            entry.0 += 1;
            entry.1 = entry.1.saturating_add(call.nanoseconds);
        }
        if let Some(feature) = &call.feature {
            let known = self.features.contains_key(feature) || self.features.len() < limits::MAX_EVENT_FEATURES;
            if known {
                let entry = self.features.entry(feature.clone()).or_default();
                entry.0 += 1;
                entry.1 = entry.1.saturating_add(call.nanoseconds);
                entry.2 = call.bytes.map_or(entry.2, |bytes| Some(entry.2.unwrap_or(0.0) + bytes));
            }
        }
    }
}

/// Under which calls are counted whose peers are too many to name.
const OTHER_PEERS: &str = "other";

/// A trace's own share of the maps, about.
const TRACE_BYTES: usize = 160;

/// What a span takes, about: an entry of a map that is half full, and its texts.
fn node_bytes(node: &Node) -> usize {
    let call = node.call.as_ref().map_or(0, |call| {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        std::mem::size_of::<Call>() + length(&call.peer) + length(&call.feature)
    });
    2 * (std::mem::size_of::<Node>() + std::mem::size_of::<SpanId>()) + call
}
