//! Counts what was kept out, by reason, with the first positions; never holds content.

use crate::limits;
use std::collections::BTreeMap;

/// Rows or lines that were kept out, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejections {
    reasons: BTreeMap<&'static str, Rejected>,
}

/// What was kept out for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// The first few positions, from 1: lines of a text file, rows of another.
    pub examples: Vec<u64>,
}

impl Rejections {
    /// Counts one row or line at `position` (from 1).
    pub fn add(&mut self, reason: &'static str, position: u64) {
        let entry = self.reasons.entry(reason).or_default();
        entry.count += 1;
        if entry.examples.len() < limits::MAX_EXAMPLES {
            entry.examples.push(position);
        }
    }

    /// Adds what another part of the same input kept out.
    pub fn merge(&mut self, other: &Self) {
        for (reason, rejected) in &other.reasons {
            let entry = self.reasons.entry(reason).or_default();
            entry.count += rejected.count;
            entry.examples.extend(&rejected.examples);
            // Threads finish in any order; the first positions are the same whichever does.
            entry.examples.sort_unstable();
            entry.examples.truncate(limits::MAX_EXAMPLES);
        }
    }

    /// Every reason with its count and examples, in the reasons' order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Rejected)> {
        self.reasons.iter().map(|(reason, rejected)| (*reason, rejected))
    }

    /// How many were kept out for `reason`.
    pub fn count(&self, reason: &str) -> u64 {
        self.reasons.get(reason).map_or(0, |rejected| rejected.count)
    }

    /// How many were kept out.
    pub fn total(&self) -> u64 {
        self.reasons.values().map(|rejected| rejected.count).sum()
    }

    /// Whether nothing was kept out.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// The reasons for which a row or line is kept out, as they are counted and shown.
pub mod reason {
    /// A row of CSV with more or fewer fields than the header.
    pub const FIELD_COUNT: &str = "field_count";
    /// A value that is no number in a column of numbers.
    pub const NOT_A_NUMBER: &str = "not_a_number";
    /// A value that is no truth value in a column of them.
    pub const NOT_A_BOOLEAN: &str = "not_a_boolean";
    /// A value that is no time in a column of times, or an event without a usable time.
    pub const NOT_A_TIME: &str = "not_a_time";
    /// A time without a zone, where nothing names the zone.
    pub const NO_ZONE: &str = "no_zone";
    /// No time at all.
    pub const NO_TIME: &str = "no_time";
    /// No id where an id column is declared.
    pub const NO_ID: &str = "no_id";
    /// Bytes that are not UTF-8.
    pub const NOT_UTF8: &str = "not_utf8";
    /// A field, or a quoted field that never ends, longer than the limit.
    pub const FIELD_TOO_LONG: &str = "field_too_long";
    /// A line longer than the limit.
    pub const LINE_TOO_LONG: &str = "line_too_long";
    /// A line that is not JSON.
    pub const NOT_JSON: &str = "not_json";
    /// A line that is JSON but no object.
    pub const NOT_AN_OBJECT: &str = "not_an_object";
    /// Nesting deeper than the limit.
    pub const TOO_DEEP: &str = "too_deep";
    /// More features than the limit.
    pub const TOO_MANY_FEATURES: &str = "too_many_features";
    /// No kind, or none of the four.
    pub const UNKNOWN_KIND: &str = "unknown_kind";
    /// An event of another model, or of none.
    pub const UNKNOWN_MODEL: &str = "unknown_model";
    /// A value of the wrong JSON type in the event's own keys.
    pub const WRONG_TYPE: &str = "wrong_type";
    /// A feedback without a label.
    pub const NO_VALUE: &str = "no_value";
    /// A feedback that names neither prediction nor decision nor entity.
    pub const NO_TARGET: &str = "no_target";
    /// An identifier longer than the limit.
    pub const ID_TOO_LONG: &str = "id_too_long";
    /// More calls, classes or ranked items than the limit.
    pub const TOO_MANY_ENTRIES: &str = "too_many_entries";
    /// An event longer than the server takes.
    pub const EVENT_TOO_LONG: &str = "event_too_long";
    /// A time further ahead of the server's clock than the limit.
    pub const IN_THE_FUTURE: &str = "in_the_future";
    /// Neither the event has an id nor the request an idempotency key.
    pub const NO_ID_NO_KEY: &str = "no_id_no_key";

    /// A CloudEvent of another version than 1.0.
    pub const SPEC_VERSION: &str = "spec_version";
    /// A CloudEvent without one of the attributes that each must have.
    pub const NO_ATTRIBUTE: &str = "no_attribute";
    /// A CloudEvent of a type that means nothing here.
    pub const UNKNOWN_TYPE: &str = "unknown_type";
    /// Data that is not JSON.
    pub const BINARY_DATA: &str = "binary_data";
    /// A payload of a model server in none of the known forms.
    pub const PAYLOAD: &str = "payload";
    /// A tensor whose shape does not fit its data or the other tensors.
    pub const SHAPE: &str = "shape";
    /// A row with another number of values than the spec has features.
    pub const FEATURE_COUNT: &str = "feature_count";
    /// More instances in one payload than the limit.
    pub const TOO_MANY_INSTANCES: &str = "too_many_instances";
    /// More values in one payload than the limit.
    pub const TOO_MANY_VALUES: &str = "too_many_values";

    /// What a sender can do about a reason.
    pub fn advice(reason: &str) -> &'static str {
        match reason {
            FIELD_COUNT => "give every row as many fields as the header",
            NOT_A_NUMBER | NOT_A_BOOLEAN => "send the type that the spec declares for the column",
            NOT_A_TIME => "write `at` as RFC 3339, such as 2013-07-01T14:03:11Z",
            NO_ZONE => "write the time with its zone, such as 2013-07-01T14:03:11Z or +02:00",
            NO_TIME => "add `at`, the time of the event, such as 2013-07-01T14:03:11Z",
            NO_ID => "give every row the id that the spec's `columns.id` names",
            NO_ID_NO_KEY => {
                "give the event an `id`, or the request an Idempotency-Key header, so that a retry is not counted twice"
            }
            NOT_UTF8 => "send UTF-8",
            FIELD_TOO_LONG | LINE_TOO_LONG | EVENT_TOO_LONG => "send a shorter event, or drop its long texts",
            NOT_JSON => "send one JSON object a line",
            NOT_AN_OBJECT => "send a JSON object",
            TOO_DEEP => "nest less: the format itself needs five levels",
            TOO_MANY_FEATURES => "send the features that the spec declares",
            TOO_MANY_ENTRIES => "send fewer calls, classes or ranked items",
            UNKNOWN_KIND => "write `kind` as prediction, feedback, heartbeat or change",
            UNKNOWN_MODEL => "name a model whose spec this server has (GET /v1/models), or put its spec",
            WRONG_TYPE => "send the keys of the event with the types of docs/events.md",
            NO_VALUE => "add `value`, the label",
            NO_TARGET => "name what the feedback is about: prediction_id, decision_id or entity",
            ID_TOO_LONG => "send identifiers of at most 512 bytes",
            IN_THE_FUTURE => "check the clock of the sender, or raise ingest.max_clock_skew",
            SPEC_VERSION => "send CloudEvents of version 1.0",
            NO_ATTRIBUTE => "give the CloudEvent id, source, type and specversion, and a name of its model",
            UNKNOWN_TYPE => "send ml.quiver.event, or the requests and responses of KServe or Seldon",
            BINARY_DATA | PAYLOAD => "send JSON with instances and predictions, or inputs and outputs",
            SHAPE => "give each tensor as many values as its shape says, and all the same first dimension",
            FEATURE_COUNT => "send as many values a row as the spec declares features, in its order",
            TOO_MANY_INSTANCES | TOO_MANY_VALUES => "send smaller payloads",
            _ => "see docs/events.md",
        }
    }
}
