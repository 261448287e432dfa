//! Sends bodies over keep-alive connections, a thread each, as fast as answers come or at a fixed rate; follows no advice
//! of the server but the pause after a refusal.

use super::body::{Body, Format};
use super::measure::{Counts, microseconds};
use super::sequence::Sequence;
use super::settings::Settings;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Different events that each connection holds in its bodies, at least.
const POOL_EVENTS: usize = 512;

/// Threads only wait and copy.
const STACK_BYTES: usize = 256 << 10;

/// A request of a fixed rate that is later than this is not sent: its sender would have given up or queued it elsewhere.
const LATEST: Duration = Duration::from_secs(1);

/// What all connections share.
struct Shared {
    settings: Settings,
    ids: AtomicU64,
    tickets: AtomicU64,
    start: Barrier,
}

/// Runs the load, and returns what was counted and how long it took.
pub fn run(settings: &Settings) -> Result<(Counts, Duration, f64), Box<dyn Error + Send + Sync>> {
    let connections = settings.connections;
    let shared = Arc::new(Shared {
        settings: settings.clone(),
        ids: AtomicU64::new(settings.run << 40),
        tickets: AtomicU64::new(0),
        start: Barrier::new(connections + 1),
    });
    let mut threads = Vec::new();
    for number in 0..connections {
        let shared = Arc::clone(&shared);
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        threads.push(thread.spawn(move || Sender::new(&shared, number).and_then(|sender| sender.run(&shared)))?);
    }
    shared.start.wait();
    let (started, used) = (Instant::now(), super::measure::cpu_seconds());
    let mut counts = Counts::default();
    for thread in threads {
        counts.add(thread.join().map_err(|_| "a sender panicked")??);
    }
    Ok((counts, started.elapsed(), super::measure::cpu_seconds() - used))
}

type Failure = Box<dyn Error + Send + Sync>;

struct Sender {
    stream: TcpStream,
    bodies: Vec<Body>,
    head: Vec<u8>,
    request: Vec<u8>,
    answer: Answer,
    counts: Counts,
}

impl Sender {
    fn new(shared: &Shared, number: usize) -> Result<Self, Failure> {
        let made = Self::prepared(shared, number);
        // Whoever could not start must not keep the others from starting.
        if made.is_err() {
            shared.start.wait();
        }
        made
    }

    fn prepared(shared: &Shared, number: usize) -> Result<Self, Failure> {
        let settings = &shared.settings;
        let mut sequence = Sequence(number as u64);
        let bodies = POOL_EVENTS.div_ceil(settings.batch).max(2);
        let bodies: Vec<Body> =
            (0..bodies).map(|_| Body::new(settings.format, settings.batch, &mut sequence)).collect::<Result<_, _>>()?;
        let (path, kind) = match settings.format {
            Format::Lines => ("/v1/events", "application/x-ndjson"),
            Format::Arrow => ("/v1/events?model=basket-offer", "application/vnd.apache.arrow.stream"),
            Format::Otlp => ("/v1/traces", "application/x-protobuf"),
        };
        let host = &settings.address;
        let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n").into_bytes();
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream, bodies, head, request: Vec::new(), answer: Answer::default(), counts: Counts::default() })
    }

    fn run(mut self, shared: &Shared) -> Result<Counts, Failure> {
        shared.start.wait();
        let started = Instant::now();
        let deadline = started + shared.settings.duration;
        let mut turn = 0;
        loop {
            let asked = match shared.settings.requests_per_second {
                None => Instant::now(),
                Some(rate) => {
                    let ticket = shared.tickets.fetch_add(1, Ordering::Relaxed);
                    let asked = started + Duration::from_secs_f64(ticket as f64 / rate);
                    if asked < deadline {
                        std::thread::sleep(asked.saturating_duration_since(Instant::now()));
                        if asked.elapsed() > LATEST {
                            self.counts.unsent += 1;
                            continue;
                        }
                    }
                    asked
                }
            };
            if asked >= deadline || Instant::now() >= deadline {
                return Ok(self.counts);
            }
            let index = turn % self.bodies.len();
            turn += 1;
            self.send(index, asked, shared)?;
        }
    }

    fn send(&mut self, index: usize, asked: Instant, shared: &Shared) -> Result<(), Failure> {
        let settings = &shared.settings;
        let body = &mut self.bodies[index];
        let first_id = shared.ids.fetch_add(body.events as u64, Ordering::Relaxed);
        body.fill(first_id, settings.now_microseconds + settings.started.elapsed().as_micros() as i64);
        self.request.clear();
        self.request.extend_from_slice(&self.head);
        write!(self.request, "Content-Length: {}\r\n\r\n", body.bytes.len())?;
        let large = body.bytes.len() > 64 << 10;
        if !large {
            self.request.extend_from_slice(&body.bytes);
        }
        let sent = Instant::now();
        self.stream.write_all(&self.request)?;
        if large {
            self.stream.write_all(&body.bytes)?;
        }
        self.answer.read(&mut self.stream)?;
        let (latency, wait) = (microseconds(sent.elapsed()), microseconds(asked.elapsed()));
        self.counts.requests += 1;
        self.counts.bytes += body.bytes.len() as u64;
        let events = body.events as u64;
        match self.answer.status {
            200 => {
                let (accepted, duplicates, rejected) = self.answer.events(settings.format, events);
                self.counts.accepted += accepted;
                self.counts.duplicates += duplicates;
                self.counts.rejected += rejected;
                self.counts.latencies.push(latency);
                if settings.requests_per_second.is_some() {
                    self.counts.waits.push(wait);
                }
            }
            429 | 503 => {
                self.counts.refused += 1;
                self.counts.refused_for_good += u64::from(self.answer.retry_after.is_none());
                // A load without a rate waits, as clients should; a fixed rate goes on, as crowds do.
                if settings.requests_per_second.is_none() {
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
            status => {
                let body = String::from_utf8_lossy(self.answer.body());
                let what = format!("{status} {}", body.chars().take(300).collect::<String>());
                *self.counts.failed.entry(what).or_default() += 1;
            }
        }
        if self.answer.closes {
            self.stream = TcpStream::connect(&settings.address)?;
            self.stream.set_nodelay(true)?;
        }
        Ok(())
    }
}

/// An answer, read into one buffer.
#[derive(Default)]
struct Answer {
    buffer: Vec<u8>,
    head_bytes: usize,
    status: u16,
    retry_after: Option<u64>,
    closes: bool,
}

impl Answer {
    fn read(&mut self, stream: &mut TcpStream) -> Result<(), Failure> {
        self.buffer.clear();
        let mut chunk = [0; 16 << 10];
        let head = loop {
            let read = stream.read(&mut chunk)?;
            if read == 0 {
                return Err("the server closed a connection without an answer".into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        self.head_bytes = head;
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let mut lines = text.split("\r\n");
        self.status =
            lines.next().and_then(|line| line.get(9..12)?.parse().ok()).ok_or("an answer without a status")?;
        let (mut length, mut closes, mut retry_after) = (0, false, None);
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after = value.parse().ok();
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err("an answer in chunks".into());
            }
        }
        (self.closes, self.retry_after) = (closes, retry_after);
        let have = self.buffer.len();
        if have < head + length {
            self.buffer.resize(head + length, 0);
            stream.read_exact(&mut self.buffer[have..])?;
        }
        Ok(())
    }

    fn body(&self) -> &[u8] {
        &self.buffer[self.head_bytes..]
    }

    /// New, known and refused events, by the answer's own word.
    fn events(&self, format: Format, sent: u64) -> (u64, u64, u64) {
        if format == Format::Otlp {
            let answer = ExportTraceServiceResponse::decode(self.body()).unwrap_or_default();
            let rejected = answer.partial_success.map_or(0, |part| part.rejected_spans.unsigned_abs());
            return (sent - rejected.min(sent), 0, rejected);
        }
        let number = |key: &[u8]| {
            let after = self.body().windows(key.len()).position(|window| window == key).map(|at| at + key.len());
            let digits = after.map(|at| self.body()[at..].iter().take_while(|byte| byte.is_ascii_digit()));
            digits.map_or(0, |digits| digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
        };
        (number(b"\"accepted\":"), number(b"\"duplicates\":"), number(b"\"rejected\":"))
    }
}
