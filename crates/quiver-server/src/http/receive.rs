//! Reads the body of a request within its bounds: bytes on the wire, bytes after decompression, time, and the memory
//! that all requests share.

use super::problem::Problem;
use crate::ingest::budget::{Budget, Held};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::io::Read;
use std::time::Duration;

/// Decompression goes on in steps of this size, so that a bomb is noticed early.
const STEP_BYTES: usize = 128 << 10;

/// What reading a body may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes on the wire.
    pub encoded_bytes: usize,
    /// Bytes after decompression.
    pub decoded_bytes: usize,
    /// Time until the last byte is there.
    pub timeout: Duration,
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstandard,
}

impl Encoding {
    /// The encoding that the headers name.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let named = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
        match named.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some("zstd") => Ok(Self::Zstandard),
            Some(_) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content-encoding",
                "the content encoding is not supported",
                "send the body as it is, or with Content-Encoding gzip or zstd",
            )),
        }
    }
}

/// A body as it came, with the memory it holds.
#[derive(Debug)]
pub struct Received {
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    /// How they are compressed.
    pub encoding: Encoding,
    /// The memory they hold.
    pub held: Held,
}

/// The length that a body is said to have.
pub fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body.
pub async fn receive(
    headers: &HeaderMap,
    body: Body,
    budget: &Budget,
    limits: BodyLimits,
) -> Result<Received, Problem> {
    let encoding = Encoding::of(headers)?;
    let announced = announced_bytes(headers);
    if announced.is_some_and(|bytes| bytes > limits.encoded_bytes) {
        return Err(over_wire(limits));
    }
    let mut held = budget.hold();
    // What is announced is reserved at once, so that half a body is not read in vain.
    let mut reserved = announced.unwrap_or(0);
    if !held.grow(reserved) {
        return Err(out_of_memory());
    }
    let reading = async {
        let mut bytes = Vec::with_capacity(reserved.min(1 << 20));
        let mut body = body;
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|_| Problem::bad_request("the connection broke before the whole body was there"))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > limits.encoded_bytes {
                return Err(over_wire(limits));
            }
            let needed = (bytes.len() + data.len()).saturating_sub(reserved);
            if needed > 0 && !held.grow(needed) {
                return Err(out_of_memory());
            }
            reserved += needed;
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    };
    match tokio::time::timeout(limits.timeout, reading).await {
        Ok(bytes) => Ok(Received { bytes: bytes?, encoding, held }),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow-body",
            "the body came too slowly",
            format!("the whole body must be there within {} s", limits.timeout.as_secs()),
        )
        .retry_after(1)),
    }
}

impl Received {
    /// The bytes without compression, and the memory they hold.
    pub fn decoded(self, limits: BodyLimits) -> Result<(Vec<u8>, Held), Problem> {
        let Self { bytes, encoding, mut held } = self;
        let broken = |_| Problem::bad_request("the body cannot be decompressed: it is damaged or of another encoding");
        let decoded = match encoding {
            Encoding::Identity => return Ok((bytes, held)),
            Encoding::Gzip => inflate(flate2::read::MultiGzDecoder::new(bytes.as_slice()), &mut held, limits),
            Encoding::Zstandard => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes.as_slice()).map_err(broken)?;
                // 8 MiB of window, as RFC 8878 recommends; a larger one is memory that nobody counted.
                decoder.window_log_max(23).map_err(broken)?;
                inflate(decoder, &mut held, limits)
            }
        };
        Ok((decoded?, held))
    }
}

fn inflate(mut reader: impl Read, held: &mut Held, limits: BodyLimits) -> Result<Vec<u8>, Problem> {
    // In pieces that never move: a vector that doubles holds two bombs at a time.
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let mut bytes = 0;
    loop {
        if !held.grow(STEP_BYTES) {
            return Err(out_of_memory());
        }
        let mut piece = Vec::with_capacity(if bytes == 0 { 0 } else { STEP_BYTES });
        let read = reader.by_ref().take(STEP_BYTES as u64).read_to_end(&mut piece);
        read.map_err(|_| {
            Problem::bad_request("the body cannot be decompressed: it is damaged or of another encoding")
        })?;
        let is_last = piece.is_empty();
        bytes += piece.len();
        pieces.push(piece);
        if bytes > limits.decoded_bytes {
            return Err(Problem::too_large(format!(
                "decompressed, the body is over {} bytes; send smaller batches",
                limits.decoded_bytes
            )));
        }
        if is_last {
            return Ok(pieces.concat());
        }
    }
}

fn over_wire(limits: BodyLimits) -> Problem {
    Problem::too_large(format!("the body is over {} bytes; send smaller batches", limits.encoded_bytes))
}

fn out_of_memory() -> Problem {
    Problem::overloaded("other requests hold all the memory that requests may; send again later")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const LIMITS: BodyLimits =
        BodyLimits { encoded_bytes: 1 << 20, decoded_bytes: 4 << 20, timeout: Duration::from_secs(1) };

    fn decode(bytes: Vec<u8>, encoding: Encoding, budget: &Budget) -> Result<usize, u16> {
        let received = Received { bytes, encoding, held: budget.hold() };
        received.decoded(LIMITS).map(|(bytes, _)| bytes.len()).map_err(|problem| problem.status)
    }

    fn zstd_of(length: usize) -> Vec<u8> {
        zstd::encode_all(std::io::repeat(7).take(length as u64), 3).unwrap()
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit_and_holds_nothing_afterwards() {
        let budget = Budget::new(64 << 20);
        let bomb = zstd_of(512 << 20);
        assert!(bomb.len() < 64 << 10);
        assert_eq!(decode(bomb, Encoding::Zstandard, &budget), Err(413));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..64 {
            gzip.write_all(&[0; 1 << 20]).unwrap();
        }
        assert_eq!(decode(gzip.finish().unwrap(), Encoding::Gzip, &budget), Err(413));
        assert_eq!(budget.held_bytes(), 0);
        assert_eq!(decode(zstd_of(3 << 20), Encoding::Zstandard, &budget), Ok(3 << 20));
    }

    #[test]
    fn memory_that_others_hold_is_not_taken() {
        let budget = Budget::new(1 << 20);
        assert_eq!(decode(zstd_of(3 << 20), Encoding::Zstandard, &budget), Err(503));
        assert_eq!(budget.held_bytes(), 0);
    }

    #[test]
    fn damage_is_an_error_and_not_an_empty_body() {
        let budget = Budget::new(64 << 20);
        assert_eq!(decode(b"no gzip".to_vec(), Encoding::Gzip, &budget), Err(400));
        let mut cut = zstd_of(100_000);
        cut.truncate(cut.len() / 2);
        assert_eq!(decode(cut, Encoding::Zstandard, &budget), Err(400));
    }
}
