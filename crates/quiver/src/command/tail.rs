//! `quiver tail`: follows a growing file of event lines and sends each line once; where it was read to is kept beside it.

use super::remote::Remote;
use super::{Context, Outcome, block_on, print};
use crate::cli::TailArgs;
use crate::show::number::count;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

const BATCH_LINES: usize = 1_000;
const BATCH_BYTES: usize = 1 << 20;
/// How long to wait for more lines.
const POLL: Duration = Duration::from_millis(500);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How far the file was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Names the file itself, whatever its path: a rotated file gets a new one.
    file: String,
    /// Bytes sent.
    bytes: u64,
}

/// Lines read but not sent yet.
#[derive(Debug, Default)]
struct Batch {
    body: Vec<u8>,
    lines: usize,
    end: u64,
}

/// What became of all lines.
#[derive(Debug, Default)]
struct Totals {
    accepted: u64,
    duplicates: u64,
    rejected: u64,
}

/// Runs `quiver tail`.
pub fn run(args: &TailArgs, context: Context) -> Result<Outcome> {
    let remote = Remote::new(&args.reach)?;
    let store = position_file(&args.file);
    block_on(async {
        let mut totals = Totals::default();
        loop {
            let sent = pass(args, &remote, &store, &mut totals, context).await?;
            if args.once && !sent {
                print(&format!(
                    "{} new, {} there already, {} refused",
                    count(totals.accepted),
                    count(totals.duplicates),
                    count(totals.rejected)
                ))?;
                return Ok(if totals.rejected > 0 { Outcome::CheckFailed } else { Outcome::Passed });
            }
            if !sent {
                tokio::time::sleep(POLL).await;
            }
        }
    })
}

/// Sends the next batch; says whether there was one.
async fn pass(args: &TailArgs, remote: &Remote, store: &Path, totals: &mut Totals, context: Context) -> Result<bool> {
    let file = File::open(&args.file).with_context(|| format!("cannot open {}", args.file.display()))?;
    let name = name_of(&file)?;
    let length = file.metadata()?.len();
    let mut position = read_position(store)?;
    if position.file != name || position.bytes > length {
        if !position.file.is_empty() {
            context.note(&format!("{} is another file than before; it is read from its start", args.file.display()));
        }
        position = Position { file: name.clone(), bytes: 0 };
    }
    let batch = read_batch(&file, position.bytes, args.once)?;
    if batch.lines == 0 {
        return Ok(false);
    }
    let key = format!("tail-{name}-{}", position.bytes);
    send(remote, &batch, &key, totals, context).await?;
    position.bytes = batch.end;
    write_position(store, &position)?;
    Ok(true)
}

/// Whole lines from a place on; at the end of a file that will not grow, a last line without its end as well.
fn read_batch(file: &File, start: u64, at_end: bool) -> Result<Batch> {
    let mut reader = BufReader::with_capacity(1 << 18, file);
    reader.seek(SeekFrom::Start(start))?;
    let mut batch = Batch { end: start, ..Batch::default() };
    while batch.lines < BATCH_LINES && batch.body.len() < BATCH_BYTES {
        let before = batch.body.len();
        let read = reader.read_until(b'\n', &mut batch.body)?;
        let whole = batch.body.last() == Some(&b'\n');
        if read == 0 || (!whole && !at_end) {
            batch.body.truncate(before);
            break;
        }
        batch.end += read as u64;
        batch.lines += 1;
    }
    Ok(batch)
}

async fn send(remote: &Remote, batch: &Batch, key: &str, totals: &mut Totals, context: Context) -> Result<()> {
    let mut pause = Duration::from_millis(250);
    loop {
        let request = remote
            .client
            .post(remote.url("/v1/events")?)
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", key)
            .body(batch.body.clone());
        let reason = match request.send().await {
            Err(error) => error.to_string(),
            Ok(answer) => {
                let status = answer.status();
                let retry_after =
                    answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                let body: serde_json::Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
                let refused_one_by_one = status.as_u16() == 400 && body["errors"].is_array();
                if status.is_success() || refused_one_by_one {
                    count_answer(&body, batch, status.is_success(), totals, context);
                    return Ok(());
                }
                let detail = body["detail"].as_str().unwrap_or("no reason given").to_owned();
                if !(status.is_server_error() || matches!(status.as_u16(), 408 | 429)) {
                    bail!("the server refuses these lines ({status}): {detail}");
                }
                pause = pause.max(Duration::from_secs(retry_after.unwrap_or(0)));
                detail
            }
        };
        context.note(&format!("not sent yet, tried again in {:.1} s: {reason}", pause.as_secs_f64()));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn count_answer(body: &serde_json::Value, batch: &Batch, any_kept: bool, totals: &mut Totals, context: Context) {
    let number = |name: &str| body[name].as_u64().unwrap_or(0);
    let rejected = if any_kept { number("rejected") } else { batch.lines as u64 };
    totals.accepted += number("accepted");
    totals.duplicates += number("duplicates");
    totals.rejected += rejected;
    if let Some(error) = body["errors"].as_array().and_then(|errors| errors.first()) {
        context.note(&format!(
            "{rejected} lines refused, the first {} lines into this batch ({}): {}",
            error["position"],
            error["reason"].as_str().unwrap_or_default(),
            error["detail"].as_str().unwrap_or_default()
        ));
    }
}

fn position_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".quiver-position");
    PathBuf::from(name)
}

fn read_position(path: &Path) -> Result<Position> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged; delete it to send the file from its start", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Position::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn write_position(path: &Path, position: &Position) -> Result<()> {
    let unfinished = path.with_extension("quiver-position-new");
    super::write_file(&unfinished, &serde_json::to_vec(position)?)?;
    std::fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(unix)]
fn name_of(file: &File) -> Result<String> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata()?;
    Ok(format!("{:x}-{:x}", found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn name_of(_file: &File) -> Result<String> {
    Ok("file".to_owned())
}
