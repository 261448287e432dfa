//! What the server counts of itself, for OpenMetrics; labels are names of the code and of known models only.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::Mutex;

/// A model and a kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ModelKind {
    /// The model.
    pub model: String,
    /// The kind of event.
    pub kind: &'static str,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// The reason.
    pub reason: &'static str,
}

/// What was redacted, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ClassAction {
    /// A privacy class or a detector.
    pub class: &'static str,
    /// What was done.
    pub action: &'static str,
}

/// A stage of the flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Stage {
    /// The stage.
    pub stage: &'static str,
}

/// A route and the status of its answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteStatus {
    /// The route, as the API names it.
    pub route: String,
    /// The status code.
    pub status: u16,
}

/// Where an answer of the read API came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Origin {
    /// `made` for the reader, `remembered`, `stale` where the reader would have that, or `renewed` by the server before a
    /// reader asks again.
    pub origin: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Events acknowledged, new ones only.
    pub accepted: Family<ModelKind, Counter>,
    /// Events that were there already.
    pub duplicates: Family<ModelKind, Counter>,
    /// Events refused, by reason.
    pub refused: Family<Reason, Counter>,
    /// Requests refused as a whole, by reason.
    pub requests_refused: Family<Reason, Counter>,
    /// Values redacted.
    pub redactions: Family<ClassAction, Counter>,
    /// Bytes that requests hold.
    pub buffer_bytes: Gauge,
    /// Bytes that requests may hold.
    pub buffer_limit_bytes: Gauge,
    /// Seconds of one write and sync of the journal.
    pub sync_seconds: Histogram,
    /// Events in one write of the journal.
    pub group_events: Histogram,
    /// Ids by which repeats are recognised.
    pub deduplication_ids: Gauge,
    /// How far back a repeat is recognised.
    pub deduplication_reach_seconds: Gauge,
    /// Events acknowledged that a stage has not seen yet.
    pub stage_lag_events: Family<Stage, Gauge>,
    /// Seconds that a stage took.
    pub stage_seconds: Family<Stage, Histogram>,
    /// Stages that failed.
    pub stage_failures: Family<Stage, Counter>,
    /// Bytes free on the data folder's disk.
    pub free_disk_bytes: Gauge,
    /// 1 while events are refused because the disk is nearly full.
    pub read_only: Gauge,
    /// How long the oldest event that waits for a table has waited; those of a table that refuses are not counted.
    pub tables_lag_seconds: Gauge,
    /// 1 once a failed sync has ended ingestion.
    pub ingestion_stopped: Gauge,
    /// Bytes of the journal.
    pub journal_bytes: Gauge,
    /// Offsets that damage took.
    pub lost_offsets: Gauge,
    /// Files of tables that were set aside.
    pub damaged_files: Counter,
    /// Refused events of which a letter was written.
    pub dead_letters: Counter,
    /// Refused events of which none was.
    pub dead_letters_skipped: Counter,
    /// Models whose tables refuse, so that their events wait in the journal.
    pub stopped_models: Gauge,
    /// Requests answered.
    pub requests: Family<RouteStatus, Counter>,
    /// Answers of the read API that depend on what is committed alone.
    pub answers: Family<Origin, Counter>,
    /// Connections open now.
    pub connections: Gauge,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("quiver");
        let accepted = Family::default();
        registry.register("events_accepted", "Events acknowledged, repeats apart", accepted.clone());
        let duplicates = Family::default();
        registry.register("events_duplicate", "Events that were there already", duplicates.clone());
        let refused = Family::default();
        registry.register("events_refused", "Events refused, by reason", refused.clone());
        let requests_refused = Family::default();
        registry.register("requests_refused", "Requests refused as a whole, by reason", requests_refused.clone());
        let redactions = Family::default();
        registry.register("redactions", "Values redacted, by class or detector and action", redactions.clone());
        let mut gauge = |name: &str, help: &str, unit: Option<Unit>| {
            let gauge = Gauge::default();
            match unit {
                Some(unit) => registry.register_with_unit(name, help, unit, gauge.clone()),
                None => registry.register(name, help, gauge.clone()),
            }
            gauge
        };
        let buffer_bytes = gauge("buffer", "Bytes that requests hold", Some(Unit::Bytes));
        let buffer_limit_bytes = gauge("buffer_limit", "Bytes that requests may hold", Some(Unit::Bytes));
        let deduplication_ids = gauge("deduplication_ids", "Ids by which repeats are recognised", None);
        let deduplication_reach_seconds =
            gauge("deduplication_reach", "How far back a repeat is recognised", Some(Unit::Seconds));
        let free_disk_bytes = gauge("free_disk", "Bytes free on the data folder's disk", Some(Unit::Bytes));
        let read_only = gauge("read_only", "1 while events are refused because the disk is nearly full", None);
        let tables_lag_seconds =
            gauge("tables_lag", "How long the oldest event that waits for a table has waited", Some(Unit::Seconds));
        let ingestion_stopped = gauge("ingestion_stopped", "1 once a failed sync has ended ingestion", None);
        let journal_bytes = gauge("journal", "Bytes of the journal", Some(Unit::Bytes));
        let lost_offsets = gauge("journal_lost_offsets", "Journal offsets that damage took", None);
        let stopped_models =
            gauge("stopped_models", "Models whose tables refuse: their events wait in the journal", None);
        let connections = gauge("connections", "Connections open now", None);
        let sync_seconds = Histogram::new(exponential_buckets(0.000_25, 2.0, 14));
        registry.register_with_unit(
            "journal_sync",
            "One write and sync of the journal",
            Unit::Seconds,
            sync_seconds.clone(),
        );
        let group_events = Histogram::new(exponential_buckets(1.0, 4.0, 10));
        registry.register("journal_group_events", "Events in one write of the journal", group_events.clone());
        let stage_lag_events = Family::default();
        registry.register("stage_lag_events", "Acknowledged events a stage has not seen", stage_lag_events.clone());
        let stage_seconds = Family::<Stage, Histogram>::new_with_constructor(stage_buckets);
        registry.register_with_unit("stage", "One run of a stage", Unit::Seconds, stage_seconds.clone());
        let stage_failures = Family::default();
        registry.register("stage_failures", "Runs of a stage that failed", stage_failures.clone());
        let dead_letters = Counter::default();
        registry.register("dead_letters", "Refused events told of in the file of dead letters", dead_letters.clone());
        let dead_letters_skipped = Counter::default();
        registry.register(
            "dead_letters_skipped",
            "Refused events that were too many, or could not be written, to be told of",
            dead_letters_skipped.clone(),
        );
        let damaged_files = Counter::default();
        registry.register("damaged_files", "Files of tables that were set aside", damaged_files.clone());
        let requests = Family::default();
        registry.register("http_requests", "Requests answered, by route and status", requests.clone());
        let answers = Family::default();
        registry.register(
            "read_answers",
            "Answers about models: made, remembered, stale, or renewed ahead",
            answers.clone(),
        );
        Self {
            registry: Mutex::new(registry),
            accepted,
            duplicates,
            refused,
            requests_refused,
            redactions,
            buffer_bytes,
            buffer_limit_bytes,
            sync_seconds,
            group_events,
            deduplication_ids,
            deduplication_reach_seconds,
            stage_lag_events,
            stage_seconds,
            stage_failures,
            free_disk_bytes,
            read_only,
            tables_lag_seconds,
            ingestion_stopped,
            journal_bytes,
            lost_offsets,
            damaged_files,
            dead_letters,
            dead_letters_skipped,
            stopped_models,
            requests,
            answers,
            connections,
        }
    }

    /// All of it as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Writing into a String never fails.
        let _ = encode(&mut text, &registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn stage_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 2.5, 12))
}
