//! The command line: a mode, then `--key value` pairs.

use super::body::Format;
use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Quiver's server.
    Http,
    /// The parser alone.
    ParseOnly,
    /// NATS JetStream.
    Nats,
}

/// All settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    pub mode: Mode,
    pub format: Format,
    /// Host and port.
    pub address: String,
    /// Events of a request or message.
    pub batch: usize,
    /// Connections, or threads of the parser.
    pub connections: usize,
    pub duration: Duration,
    /// A fixed rate; without it, the next request follows the answer to the last.
    pub requests_per_second: Option<f64>,
    /// NATS only: messages that may wait for their acknowledgement on each connection.
    pub window: usize,
    /// Makes ids differ from those of other runs against the same server.
    pub run: u64,
    /// The wall's time at the start, told by the caller.
    pub now_microseconds: i64,
    /// When the process started.
    pub started: Instant,
}

const USAGE: &str = "quiver-bench-load ndjson|arrow|otlp|parse-only|nats --now SECONDS_SINCE_1970 \
    [--address HOST:PORT] [--batch 100] [--connections 8] [--seconds 5] [--requests-per-second N] [--window 256] [--run 1]";

impl Settings {
    /// Reads the command line.
    pub fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let started = Instant::now();
        let mut arguments = arguments.skip(1);
        let (mode, format) = match arguments.next().as_deref() {
            Some("ndjson") => (Mode::Http, Format::Lines),
            Some("arrow") => (Mode::Http, Format::Arrow),
            Some("otlp") => (Mode::Http, Format::Otlp),
            Some("parse-only") => (Mode::ParseOnly, Format::Lines),
            Some("nats") => (Mode::Nats, Format::Lines),
            _ => return Err(USAGE.into()),
        };
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        while let Some(key) = arguments.next() {
            let key = key.strip_prefix("--").ok_or(USAGE)?.to_owned();
            given.insert(key, arguments.next().ok_or(USAGE)?);
        }
        let mut number = |key: &str, default: Option<f64>| -> Result<f64, Box<dyn Error + Send + Sync>> {
            match (given.remove(key), default) {
                (Some(text), _) => text.parse().map_err(|_| format!("--{key} is a number").into()),
                (None, Some(default)) => Ok(default),
                (None, None) => Err(format!("--{key} is missing; {USAGE}").into()),
            }
        };
        let settings = Self {
            mode,
            format,
            now_microseconds: (number("now", None)? * 1e6) as i64,
            batch: number("batch", Some(100.0))?.max(1.0) as usize,
            connections: number("connections", Some(8.0))?.max(1.0) as usize,
            duration: Duration::from_secs_f64(number("seconds", Some(5.0))?),
            requests_per_second: Some(number("requests-per-second", Some(0.0))?).filter(|rate| *rate > 0.0),
            window: number("window", Some(256.0))?.max(1.0) as usize,
            run: number("run", Some(1.0))? as u64,
            address: given.remove("address").unwrap_or_else(|| "127.0.0.1:8600".to_owned()),
            started,
        };
        match given.keys().next() {
            Some(unknown) => Err(format!("--{unknown} is unknown; {USAGE}").into()),
            None => Ok(settings),
        }
    }
}
