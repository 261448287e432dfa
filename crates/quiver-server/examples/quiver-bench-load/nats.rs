//! Publishes the same lines to NATS JetStream over its text protocol, and waits for its acknowledgements.

use super::body::{Body, Format};
use super::measure::{Counts, cpu_seconds, microseconds};
use super::sequence::Sequence;
use super::settings::Settings;
use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Failure = Box<dyn Error + Send + Sync>;

const SUBJECT: &str = "bench";

/// Messages on the way of one connection fill at most so many bytes, so that neither side waits for the other to read.
const WINDOW_BYTES: usize = 4 << 20;

/// Makes the stream and publishes on all connections for so long, each with a window of unacknowledged messages.
pub fn run(settings: &Settings) -> Result<(Counts, Duration, f64), Failure> {
    Connection::open(&settings.address, 0)?.make_stream()?;
    let ids = AtomicU64::new(settings.run << 40);
    let mut publishers = Vec::new();
    for number in 0..settings.connections {
        let mut sequence = Sequence(number as u64);
        let bodies: Vec<Body> = (0..512_usize.div_ceil(settings.batch).max(2))
            .map(|_| Body::new(Format::Lines, settings.batch, &mut sequence))
            .collect::<Result<_, _>>()?;
        publishers.push((Connection::open(&settings.address, number + 1)?, bodies));
    }
    let (started, used) = (Instant::now(), cpu_seconds());
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        let ids = &ids;
        let threads: Vec<_> = publishers
            .into_iter()
            .map(|(connection, bodies)| scope.spawn(move || connection.publish(bodies, settings, ids, started)))
            .collect();
        for thread in threads {
            counts.add(thread.join().map_err(|_| "a publisher panicked")??);
        }
        Ok::<_, Failure>(())
    })?;
    Ok((counts, started.elapsed(), cpu_seconds() - used))
}

struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    inbox: String,
}

impl Connection {
    fn open(address: &str, number: usize) -> Result<Self, Failure> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(Duration::from_secs(60)))?;
        let inbox = format!("_INBOX.bench{number}");
        let mut connection = Self { reader: BufReader::with_capacity(64 << 10, writer.try_clone()?), writer, inbox };
        let mut greeting = String::new();
        connection.reader.read_line(&mut greeting)?;
        write!(
            connection.writer,
            "CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB {} 1\r\nPING\r\n",
            connection.inbox
        )?;
        let mut line = String::new();
        while line.trim() != "PONG" {
            line.clear();
            if connection.reader.read_line(&mut line)? == 0 || line.starts_with("-ERR") {
                return Err(format!("NATS refused the connection: {line}").into());
            }
        }
        Ok(connection)
    }

    fn make_stream(&mut self) -> Result<(), Failure> {
        let stream = format!("{{\"name\":\"{SUBJECT}\",\"subjects\":[\"{SUBJECT}\"],\"storage\":\"file\"}}");
        let subject = format!("$JS.API.STREAM.CREATE.{SUBJECT}");
        write!(self.writer, "PUB {subject} {} {}\r\n{stream}\r\n", self.inbox, stream.len())?;
        let answer = self.message()?;
        // An earlier job of the same server made it already.
        match answer.contains("\"error\"") && !answer.contains("already in use") {
            true => Err(format!("no stream: {answer}").into()),
            false => Ok(()),
        }
    }

    /// The next message's payload.
    fn message(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.reader.read_line(&mut line)? == 0 {
                return Err("NATS closed the connection".into());
            }
            if line.starts_with("PING") {
                self.writer.write_all(b"PONG\r\n")?;
            } else if line.starts_with("MSG ") || line.starts_with("HMSG ") {
                let length: usize = line.trim().rsplit(' ').next().unwrap_or_default().parse()?;
                let mut payload = vec![0; length + 2];
                self.reader.read_exact(&mut payload)?;
                payload.truncate(length);
                return Ok(String::from_utf8(payload)?);
            } else if line.starts_with("-ERR") {
                return Err(format!("NATS: {}", line.trim()).into());
            }
        }
    }

    fn publish(
        mut self,
        mut bodies: Vec<Body>,
        settings: &Settings,
        ids: &AtomicU64,
        started: Instant,
    ) -> Result<Counts, Failure> {
        let deadline = started + settings.duration;
        let mut counts = Counts::default();
        let mut waiting: VecDeque<Instant> = VecDeque::new();
        let mut turn = 0;
        let length = bodies.len();
        let window = settings.window.min(WINDOW_BYTES / bodies[0].bytes.len()).max(1);
        let mut burst = Vec::new();
        loop {
            burst.clear();
            while waiting.len() < window && Instant::now() < deadline {
                let body = &mut bodies[turn % length];
                turn += 1;
                let first_id = ids.fetch_add(body.events as u64, Ordering::Relaxed);
                body.fill(first_id, settings.now_microseconds + settings.started.elapsed().as_micros() as i64);
                write!(burst, "PUB {SUBJECT} {} {}\r\n", self.inbox, body.bytes.len())?;
                burst.extend_from_slice(&body.bytes);
                burst.extend_from_slice(b"\r\n");
                waiting.push_back(Instant::now());
                counts.requests += 1;
                counts.bytes += body.bytes.len() as u64;
            }
            self.writer.write_all(&burst)?;
            // Half a window is read before the next is written: few writes, and never an empty pipe.
            let target = if Instant::now() < deadline { window / 2 } else { 0 };
            while waiting.len() > target {
                let answer = self.message()?;
                let Some(sent) = waiting.pop_front() else { break };
                counts.latencies.push(microseconds(sent.elapsed()));
                match answer.contains("\"seq\"") {
                    true => counts.accepted += settings.batch as u64,
                    false => *counts.failed.entry(answer).or_default() += 1,
                }
            }
            if waiting.is_empty() && Instant::now() >= deadline {
                return Ok(counts);
            }
        }
    }
}
