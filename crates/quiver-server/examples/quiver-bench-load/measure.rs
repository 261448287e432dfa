//! What a sender counted, and what the figures of all senders together are.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What one sender counted.
#[derive(Default)]
pub struct Counts {
    /// Events that were acknowledged as new.
    pub accepted: u64,
    /// Events that were acknowledged as known already; there should be none.
    pub duplicates: u64,
    /// Events that were refused one by one; there should be none.
    pub rejected: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests refused as a whole with 429 or 503.
    pub refused: u64,
    /// Of those, requests refused without saying when to come again.
    pub refused_for_good: u64,
    /// Other answers, by what they were.
    pub failed: BTreeMap<String, u64>,
    /// Requests that a fixed rate asked for and that could not be sent in time.
    pub unsent: u64,
    /// Microseconds from sending to the answer of each accepted request.
    pub latencies: Vec<u32>,
    /// The same, counted from when the fixed rate asked for the request.
    pub waits: Vec<u32>,
    /// Bytes of bodies sent.
    pub bytes: u64,
}

impl Counts {
    /// Adds what another sender counted.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.requests += other.requests;
        self.refused += other.refused;
        self.refused_for_good += other.refused_for_good;
        self.unsent += other.unsent;
        self.bytes += other.bytes;
        self.latencies.extend(other.latencies);
        self.waits.extend(other.waits);
        for (what, count) in other.failed {
            *self.failed.entry(what).or_default() += count;
        }
    }

    /// The figures, for the table.
    pub fn figures(mut self, took: Duration, cpu_seconds: f64) -> Value {
        let seconds = took.as_secs_f64();
        let latency = quantiles(&mut self.latencies);
        let wait = quantiles(&mut self.waits);
        json!({
            "seconds": seconds,
            "accepted": self.accepted,
            "accepted_per_second": self.accepted as f64 / seconds,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "requests": self.requests,
            "requests_per_second": self.requests as f64 / seconds,
            "refused_requests": self.refused,
            "refused_without_retry_after": self.refused_for_good,
            "failed_requests": self.failed,
            "unsent_requests": self.unsent,
            "bytes_sent": self.bytes,
            "latency_ms": latency,
            "latency_from_schedule_ms": wait,
            "client_cpu_seconds": cpu_seconds,
        })
    }
}

/// Exact quantiles in milliseconds; of no requests there are none.
fn quantiles(microseconds: &mut [u32]) -> Value {
    microseconds.sort_unstable();
    let Some(last) = microseconds.last() else { return Value::Null };
    let milliseconds = |value: u32| f64::from(value) / 1e3;
    let quantile = |share: f64| milliseconds(microseconds[((microseconds.len() - 1) as f64 * share).round() as usize]);
    json!({"p50": quantile(0.5), "p99": quantile(0.99), "p999": quantile(0.999), "max": milliseconds(*last)})
}

/// Microseconds of a duration, at most an hour and a bit.
pub fn microseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// User and system time of this process, in seconds, to a hundredth.
pub fn cpu_seconds() -> f64 {
    // The command's name may hold spaces; behind it the fields are fixed.
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}
