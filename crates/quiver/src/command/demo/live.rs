//! `quiver demo --live`: the server on the replay clock, and a year of events that pass while somebody watches.

use super::super::replay::Events;
use super::super::{Context, Outcome, block_on, now, print, random};
use crate::cli::DemoArgs;
use crate::show::number::count;
use crate::show::paint::{bold, dim};
use anyhow::{Context as _, Result, bail};
use arrow::array::{AsArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::TimestampMicrosecondType;
use quiver_event::batch::{EventBatch, column};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp};
use quiver_event::units::Duration;
use quiver_server::config::{Clock, Override, ServerConfig, effective_config};
use quiver_server::serve::{Outside, Server};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Events handed in at a time: what is due between two of these goes together.
const STEP: std::time::Duration = std::time::Duration::from_millis(250);

/// Rows handed in at a time while the known-good period is read.
const ROWS_AT_A_TIME: usize = 50_000;

/// Event time that a part of the log covers: as finely as events can be told apart in a step.
const PART_MICROSECONDS: i64 = MICROSECONDS_PER_DAY / 8;

/// Event time that may pass before what came is judged and shown.
const JUDGED_AFTER_MICROSECONDS: i64 = 7 * MICROSECONDS_PER_DAY;

/// The log in parts of event time, each with its events in the order of the log.
type Parts = BTreeMap<i64, Vec<EventBatch>>;

/// Runs the live demo until it is told to stop.
pub fn run(
    args: &DemoArgs,
    folder: &Path,
    data: &PathBuf,
    spec: Spec,
    text: String,
    context: Context,
) -> Result<Outcome> {
    let speed = Duration::parse(&args.speed).context("--speed")?;
    if speed.microseconds() <= 0 {
        bail!("--speed is event time a second, such as 12h or 2d");
    }
    let config = config_of(args, folder)?;
    let parts = parts_of(&spec, data, context)?;
    // Until the reference is over there is nothing to compare with, and nothing to watch.
    let known_good = spec.reference_window()?.map_or(Timestamp(i64::MIN), |window| window.end);
    let model = spec.model.clone();
    block_on(async {
        let outside = Outside { wall: Arc::new(now), random, specs: vec![(spec, text)], ui: quiver_ui::file };
        let server = Server::start(config, outside).await?;
        let replayed = tokio::select! {
            replayed = replay(&server, parts, known_good, speed, &model, args, context) => replayed,
            stopped = tokio::signal::ctrl_c() => stopped.map_err(anyhow::Error::from),
        };
        server.stop().await;
        replayed.map(|()| Outcome::Passed)
    })
}

fn config_of(args: &DemoArgs, folder: &Path) -> Result<ServerConfig> {
    let listen = Override::of_option("http.listen", serde_json::Value::from(args.listen.as_str()), "--listen");
    let effective = effective_config(None, &[listen]).map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
    let mut config = effective.config;
    config.data_folder = folder.join("data");
    config.clock = Clock::Replay;
    // A day passes in half a second: what came is judged as soon as the flow can.
    config.flow.flush_every = Duration::parse("1s")?;
    config.flow.judge_every = Duration::parse("1s")?;
    Ok(config)
}

/// Reads the whole log, and puts its events into parts by their time.
fn parts_of(spec: &Spec, data: &PathBuf, context: Context) -> Result<Parts> {
    let events = Events::open(std::slice::from_ref(data), spec)?;
    let mut parts = Parts::new();
    events.each("reading the year", context, |batches| {
        for batch in batches {
            for (part, rows) in rows_by_part(batch)? {
                parts.entry(part).or_default().push(rows);
            }
        }
        Ok(())
    })?;
    Ok(parts)
}

fn rows_by_part(batch: &EventBatch) -> Result<Vec<(i64, EventBatch)>> {
    let times = batch.rows.column_by_name(column::AT).context("events have a time")?;
    let mut members: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for (row, at) in times.as_primitive::<TimestampMicrosecondType>().values().iter().enumerate() {
        members.entry(at.div_euclid(PART_MICROSECONDS)).or_default().push(u32::try_from(row)?);
    }
    let part = |(part, rows): (i64, Vec<u32>)| {
        let rows = take_record_batch(&batch.rows, &UInt32Array::from(rows))?;
        Ok((part, EventBatch { model: batch.model.clone(), kind: batch.kind, rows }))
    };
    members.into_iter().map(part).collect()
}

/// Hands the log in: at once until the known-good period is over, then as fast as it is wanted.
async fn replay(
    server: &Server,
    parts: Parts,
    known_good: Timestamp,
    speed: Duration,
    model: &str,
    args: &DemoArgs,
    context: Context,
) -> Result<()> {
    let (before, after): (Parts, Parts) =
        parts.into_iter().partition(|(part, _)| (part + 1) * PART_MICROSECONDS <= known_good.0);
    context.note(&dim("the known-good period is read and judged first …"));
    let mut waiting: Vec<EventBatch> = Vec::new();
    for batch in before.into_values().flatten() {
        waiting.push(batch);
        if waiting.iter().map(|batch| batch.rows.num_rows()).sum::<usize>() >= ROWS_AT_A_TIME {
            server.take(&std::mem::take(&mut waiting)).await?;
        }
    }
    server.take(&waiting).await?;
    server.run_flow().await.map_err(anyhow::Error::msg)?;
    // By week: in a month nothing seems to pass, and single days of the known-good month were weak themselves.
    let url = format!("http://{}/models/{model}?by=week", server.address);
    print(&format!("{}  {}", bold(&url), dim("(Ctrl-C ends it)")))?;
    if !args.no_browser
        && let Err(error) = open::that_detached(&url)
    {
        context.note(&dim(&format!("no browser could be opened ({error}); open the address yourself")));
    }
    let Some(first) = after.keys().next().map(|part| part * PART_MICROSECONDS) else {
        return std::future::pending().await;
    };
    let mut predictions = 0;
    let mut due = after.into_iter().peekable();
    let (mut shown, mut judged) = (first, first);
    let (mut passed, mut stepped) = (0, Instant::now());
    while due.peek().is_some() {
        passed += (stepped.elapsed().as_secs_f64() * speed.microseconds() as f64) as i64;
        stepped = Instant::now();
        let mut batches = Vec::new();
        while let Some((part, events)) = due.next_if(|(part, _)| (part + 1) * PART_MICROSECONDS <= first + passed) {
            let rows =
                |batch: &EventBatch| if batch.kind == Kind::Prediction { batch.rows.num_rows() as u64 } else { 0 };
            predictions += events.iter().map(rows).sum::<u64>();
            batches.extend(events);
            shown = shown.max((part + 1) * PART_MICROSECONDS);
        }
        if !batches.is_empty() {
            server.take(&batches).await?;
        }
        if shown - judged >= JUDGED_AFTER_MICROSECONDS {
            // On a machine that judges more slowly than time passes, time waits: nobody misses a week.
            server.run_flow().await.map_err(anyhow::Error::msg)?;
            (judged, stepped) = (shown, Instant::now());
        }
        tokio::time::sleep(STEP).await;
    }
    server.run_flow().await.map_err(anyhow::Error::msg)?;
    context.note(&dim(&format!(
        "everything was replayed: {} predictions, up to {}; the pages stay until Ctrl-C",
        count(predictions),
        Timestamp(shown)
    )));
    std::future::pending().await
}
