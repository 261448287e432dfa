//! The limit that no reader of JSON with this parser passes: the same lines into `serde_json::Value`, and nothing else.

use super::body::{Body, Format};
use super::measure::{Counts, cpu_seconds};
use super::sequence::Sequence;
use super::settings::Settings;
use serde_json::Value;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Parses lines on so many threads for so long.
pub fn run(settings: &Settings) -> Result<(Counts, Duration, f64), Box<dyn Error + Send + Sync>> {
    let bodies: Vec<Vec<u8>> = (0..settings.connections)
        .map(|number| Body::new(Format::Lines, settings.batch, &mut Sequence(number as u64)).map(|body| body.bytes))
        .collect::<Result<_, _>>()?;
    let (started, used) = (Instant::now(), cpu_seconds());
    let deadline = started + settings.duration;
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = bodies.iter().map(|body| scope.spawn(move || parse(body, deadline))).collect();
        for thread in threads {
            counts.add(thread.join().map_err(|_| "a parser panicked")?);
        }
        Ok::<_, &str>(())
    })?;
    Ok((counts, started.elapsed(), cpu_seconds() - used))
}

fn parse(body: &[u8], deadline: Instant) -> Counts {
    let mut counts = Counts::default();
    while Instant::now() < deadline {
        for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // Parsing from a text is compiled inside serde_json, so it is optimised whatever this crate's profile is.
            let value = std::str::from_utf8(line).ok().and_then(|text| text.parse::<Value>().ok());
            match black_box(value) {
                Some(_) => counts.accepted += 1,
                None => counts.rejected += 1,
            }
        }
        counts.requests += 1;
        counts.bytes += body.len() as u64;
    }
    counts
}
