//! How far each producer's source was consumed, as kept at the start of every journal file.

use std::collections::BTreeMap;

/// Producer → rows of its source consumed.
pub(crate) type Positions = BTreeMap<String, u64>;

/// One frame carries no more than this, so that any number of producers stays below the frame limit.
const CHUNK_BYTES: usize = 1 << 20;

/// Encodes the positions as the payloads of one or more frames.
pub(crate) fn encode(positions: &Positions) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    for (producer, position) in positions {
        // Producer names were checked against their limit when they were written.
        chunk.extend_from_slice(&(producer.len() as u16).to_le_bytes());
        chunk.extend_from_slice(producer.as_bytes());
        chunk.extend_from_slice(&position.to_le_bytes());
        if chunk.len() >= CHUNK_BYTES {
            chunks.push(std::mem::take(&mut chunk));
        }
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

/// Adds the positions of one payload; what does not parse is left out (the frame's checksum was right).
pub(crate) fn decode_into(mut payload: &[u8], positions: &mut Positions) {
    while let Some((length, rest)) = payload.split_first_chunk::<2>() {
        let Some((name, rest)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))) else { return };
        let Some((position, rest)) = rest.split_first_chunk::<8>() else { return };
        if let Ok(name) = std::str::from_utf8(name) {
            positions.insert(name.to_owned(), u64::from_le_bytes(*position));
        }
        payload = rest;
    }
}
