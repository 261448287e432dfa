//! Health, readiness, metrics, and what the server says of itself.

use super::App;
use super::answers::{Anybody, Guarded};
use super::problem::Problem;
use crate::clock::Clock;
use crate::flow::StageState;
use crate::pipeline::{StoredTable, Tidied};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use quiver_event::time::Timestamp;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, DamageRecord};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;

/// Says that the process lives.
#[utoipa::path(get, path = "/healthz", tag = "status", responses(
    (status = 200, description = "It lives", body = String),
    Anybody,
))]
pub async fn health() -> &'static str {
    "ok\n"
}

/// Says whether events are taken.
#[utoipa::path(get, path = "/readyz", tag = "status", responses(
    (status = 200, description = "Events are taken", body = String),
    (status = 503, description = "Events are not taken; the detail says why", body = Problem, content_type = "application/problem+json"),
    Anybody,
))]
pub async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    app.closed().map_or(Ok("ready\n"), Err)
}

/// Gives the counters as OpenMetrics text.
#[utoipa::path(get, path = "/metrics", tag = "status", responses(
    (status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
    Guarded,
))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.metrics.buffer_bytes.set(app.budget.held_bytes() as i64);
    app.metrics.buffer_limit_bytes.set(app.budget.limit_bytes() as i64);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

/// What the server says of itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Status {
    /// The version of Quiver.
    pub version: String,
    /// Whether events are taken.
    pub ready: bool,
    /// Why not, where they are not.
    pub reason: Option<String>,
    /// Models known.
    pub models: Vec<String>,
    /// The journal offset below which every event is on the disk.
    pub acknowledged_offset: u64,
    /// The oldest offset that the journal still keeps.
    pub journal_first_offset: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// The offset below which every event is in the tables.
    pub segment_offset: u64,
    /// How far back a repeated event is recognised, in seconds.
    pub deduplication_reach_seconds: f64,
    /// Bytes that requests hold now.
    pub buffer_bytes: u64,
    /// Bytes free on the disk.
    pub free_disk_bytes: u64,
    /// The last error of each stage of the flow; empty when all is well.
    pub stage_errors: std::collections::BTreeMap<String, String>,
    /// What was counted in the last 24 hours beside the events taken in, the most frequent first; at most 1,000.
    pub counted: Vec<Counted>,
    /// What disks have damaged so far; none while the catalogue cannot tell.
    pub damage: Option<Damage>,
    /// The clock: `wall`, or `replay`, where the events' own time goes on.
    pub clock: &'static str,
    /// What time it is by that clock.
    #[schema(format = DateTime)]
    pub now: String,
    /// Whether the disk is so full that no event is taken.
    pub read_only: bool,
    /// How long the server has run, in seconds.
    pub uptime_seconds: f64,
    /// What each table takes on the disk, as of a minute ago at most; the largest first, at most 1,000.
    pub storage: Vec<StorageStatus>,
    /// What retention did.
    pub retention: RetentionStatus,
    /// The stages behind the journal and the jobs beside them, by name.
    pub stages: Vec<StageStatus>,
}

/// What a table takes on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StorageStatus {
    /// The table, such as `predictions/flight-delay`.
    pub table: String,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What retention did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RetentionStatus {
    /// When it ended last by the wall's time; nothing since the start.
    #[schema(format = DateTime)]
    pub last_run_at: Option<String>,
    /// What it did when it last ran well, in words.
    pub report: Option<String>,
}

/// How a stage does.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StageStatus {
    /// The stage: `segments`, `profiles`, `outcomes`, `findings`, or a job such as `retention`.
    pub stage: String,
    /// Rows that wait for it: of the journal for the segments; of the tables, since the start, for those behind them.
    pub lag_rows: u64,
    /// Models that it has yet to run for: those with new rows, and after a start all of them.
    pub lag_models: u64,
    /// How long it took when it ran last, in seconds; of a stage that runs for one model after the other, for one.
    pub last_run_seconds: Option<f64>,
    /// When that ended, by the wall's time.
    #[schema(format = DateTime)]
    pub last_run_at: Option<String>,
}

/// Tables that are told one by one.
const TOLD_TABLES: usize = 1_000;

/// The name of a clock.
pub fn clock_name(clock: &Clock) -> &'static str {
    match clock {
        Clock::Wall(_) => "wall",
        Clock::Replay(_) => "replay",
    }
}

fn storage_of(mut stored: Vec<StoredTable>) -> Vec<StorageStatus> {
    stored.sort_by_key(|stored| std::cmp::Reverse(stored.bytes));
    stored.truncate(TOLD_TABLES);
    let told = |StoredTable { table, files, bytes }| StorageStatus { table, files, bytes };
    stored.into_iter().map(told).collect()
}

/// What a run of retention did, in words.
fn told_of(tidied: &Tidied) -> String {
    let Tidied { expired_files, compacted_files, removed_files, removed_bytes, .. } = tidied;
    format!(
        "{expired_files} files past their time, {compacted_files} small files merged, \
         {removed_files} files with {removed_bytes} bytes removed from the disk"
    )
}

/// Files of tables that were not what was written, and what that cost.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Damage {
    /// How many files were set aside; they are below `quarantine` in the data folder.
    pub files: u64,
    /// The rows that went with them, as far as known.
    pub lost_rows: u64,
    /// The newest hundred.
    pub newest: Vec<DamagedFile>,
}

/// One file that was set aside.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DamagedFile {
    /// The table it belonged to.
    pub table: String,
    /// Its path in the table.
    pub file: String,
    /// How many rows went with it; none when unknown.
    pub lost_rows: Option<u64>,
    /// What did not fit.
    pub reason: String,
    /// When it was found.
    pub found_at: String,
}

/// Damaged files that are told one by one.
const DAMAGED_FILES: usize = 100;

impl Damage {
    fn of(records: &[DamageRecord]) -> Self {
        let rows = |record: &DamageRecord| record.lost_rows.and_then(|rows| u64::try_from(rows).ok());
        let told = |record: &DamageRecord| DamagedFile {
            table: record.table_name.clone(),
            file: record.path.clone(),
            lost_rows: rows(record),
            reason: record.reason.clone(),
            found_at: Timestamp(record.found_at_microseconds).to_string(),
        };
        Self {
            files: records.len() as u64,
            lost_rows: records.iter().filter_map(rows).sum(),
            newest: records.iter().take(DAMAGED_FILES).map(told).collect(),
        }
    }
}

/// How often something happened in the last 24 hours.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Counted {
    /// The model; empty where an event named none that is known.
    pub model: String,
    /// What: `refused`, `redacted`, `undeclared`, `duplicate` or `feedback`.
    pub what: String,
    /// Of what: a reason, a field, a key, a kind; of feedback `all` and `orphan`, by the feedback's own time.
    pub subject: String,
    /// How often.
    pub count: i64,
}

/// The most counts told.
const TOLD_COUNTS: usize = 1_000;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Says how the server is.
#[utoipa::path(get, path = "/v1/status", tag = "status", responses(
    (status = 200, description = "How the server is", body = Status),
    Guarded,
))]
pub async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    let (acknowledged_offset, journal_first_offset, journal_bytes) = {
        let journal = app.workspace.journal();
        (journal.durable_offset(), journal.first_offset(), journal.size_bytes())
    };
    let now = app.reader.parts.clock.now();
    let reach =
        app.reader.parts.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).reach_microseconds(now.0);
    let closed = app.closed();
    let counted = counted(&app, now.0).await;
    let damage = app.workspace.catalogue().damages(DEFAULT_WORKSPACE).await;
    let damage = damage.inspect_err(|error| tracing::error!(%error, "damaged files cannot be listed"));
    let stages = app.flow.stages();
    let ended = |stage: &StageState| stage.last_run.map(|(at, _)| at.to_string());
    let retention = RetentionStatus {
        last_run_at: stages.get("retention").and_then(ended),
        report: app.flow.tidied().as_ref().map(told_of),
    };
    Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready: closed.is_none(),
        reason: closed.map(|problem| problem.detail),
        models: app.doors.names(),
        acknowledged_offset,
        journal_first_offset,
        journal_bytes,
        segment_offset: app.flow.segment_offset(),
        deduplication_reach_seconds: reach as f64 / 1e6,
        buffer_bytes: app.budget.held_bytes() as u64,
        free_disk_bytes: u64::try_from(app.metrics.free_disk_bytes.get()).unwrap_or(0),
        stage_errors: app.flow.stage_errors(),
        counted,
        damage: damage.ok().map(|records| Damage::of(&records)),
        clock: clock_name(&app.reader.parts.clock),
        now: now.to_string(),
        read_only: app.read_only.load(Ordering::Relaxed),
        uptime_seconds: app.flow.uptime().as_secs_f64(),
        storage: storage_of(app.flow.storage()),
        retention,
        stages: stages
            .iter()
            .map(|(name, stage)| StageStatus {
                stage: (*name).to_owned(),
                lag_rows: stage.lag_rows,
                lag_models: stage.lag_models,
                last_run_seconds: stage.last_run.map(|(_, took)| took.as_secs_f64()),
                last_run_at: ended(stage),
            })
            .collect(),
    })
}

/// The counts of a day; what the catalogue cannot tell now is left out, and its error is among those of the stages.
async fn counted(app: &App, now: i64) -> Vec<Counted> {
    let mut counted = Vec::new();
    for model in app.doors.names().into_iter().chain([String::new()]) {
        let sums = app.workspace.catalogue().tally_sums(DEFAULT_WORKSPACE, &model, now - MICROSECONDS_PER_DAY, now);
        let sums = sums.await.unwrap_or_default().into_iter();
        counted.extend(sums.map(|sum| Counted {
            model: model.clone(),
            what: sum.what,
            subject: sum.subject,
            count: sum.count,
        }));
    }
    counted.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    counted.truncate(TOLD_COUNTS);
    counted
}

/// Runs the flow now instead of at its next time: tables, profiles, outcomes and findings.
#[utoipa::path(post, path = "/v1/flow/run", tag = "status", responses(
    (status = 200, description = "Everything acknowledged before is in tables and judged", body = String),
    (status = 503, description = "A stage failed, or the server is stopping", body = Problem, content_type = "application/problem+json"),
    Guarded,
))]
pub async fn run_flow(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if !app.ready.load(Ordering::Acquire) {
        return Err(Problem::overloaded("the server is starting: it still reads its journal"));
    }
    app.flow.run_now().await.map_err(Problem::overloaded)?;
    Ok("done\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_tables_come_first_and_retention_is_told_in_words() {
        let stored = |table: &str, bytes: u64| StoredTable { table: table.to_owned(), files: 2, bytes };
        let told = storage_of(vec![stored("changes/m", 10), stored("predictions/m", 90)]);
        assert_eq!((told[0].table.as_str(), told[1].bytes), ("predictions/m", 10));
        let tidied =
            Tidied { expired_files: 3, compacted_files: 64, removed_files: 67, removed_bytes: 4_096, is_whole: true };
        let words = "3 files past their time, 64 small files merged, 67 files with 4096 bytes removed from the disk";
        assert_eq!(told_of(&tidied), words);
    }
}
