//! The frame codec gives back what it took, and nothing else.

use proptest::prelude::*;
use quiver_store::journal::{FRAME_LIMIT_BYTES, Frame, FrameCodec, JournalError, NewFrame};
use uuid::Uuid;

const EPOCH: Uuid = Uuid::from_u128(7);

fn split(bytes: &[u8]) -> (&[u8; 12], &[u8]) {
    bytes.split_first_chunk().unwrap()
}

proptest! {
    #[test]
    fn every_frame_comes_back(
        stream in "\\PC{0,60}",
        producer in "\\PC{0,60}",
        producer_position: u64,
        received_at_microseconds: i64,
        row_count: u32,
        first_offset in 0..u64::MAX / 2,
        payload in proptest::collection::vec(any::<u8>(), 0..2000),
        flipped: prop::sample::Index,
        bit in 0..8_u8,
    ) {
        let codec = FrameCodec::new(EPOCH);
        let new = NewFrame {
            stream: &stream, producer: &producer, producer_position, received_at_microseconds, row_count,
            payload: &payload,
        };
        let mut bytes = Vec::new();
        codec.encode(&new, first_offset, FRAME_LIMIT_BYTES, &mut bytes).unwrap();
        let (prefix, body) = split(&bytes);
        prop_assert_eq!(FrameCodec::body_length_bytes(prefix).unwrap() as usize, body.len());
        let expected = Frame {
            first_offset, stream: stream.clone(), producer: producer.clone(), producer_position,
            received_at_microseconds, row_count, payload: payload.clone(),
        };
        prop_assert_eq!(codec.decode(prefix, body).unwrap(), expected);
        prop_assert!(FrameCodec::new(Uuid::from_u128(8)).decode(prefix, body).is_err(), "a foreign epoch passed");

        let mut damaged = bytes.clone();
        damaged[flipped.index(bytes.len())] ^= 1 << bit;
        let (prefix, body) = split(&damaged);
        prop_assert!(codec.decode(prefix, body).is_err(), "a flipped bit passed");
    }

    #[test]
    fn noise_is_never_a_frame(noise in proptest::collection::vec(any::<u8>(), 12..300)) {
        let (prefix, body) = split(&noise);
        prop_assert!(FrameCodec::new(EPOCH).decode(prefix, body).is_err());
    }
}

#[test]
fn limits_are_enforced_before_anything_is_written() {
    let long = "x".repeat(2000);
    let base = NewFrame {
        stream: "s",
        producer: "p",
        producer_position: 0,
        received_at_microseconds: 0,
        row_count: 1,
        payload: &[0; 100],
    };
    let mut out = Vec::new();
    let codec = FrameCodec::new(EPOCH);
    assert!(matches!(codec.encode(&base, 0, 50, &mut out), Err(JournalError::FrameTooLong { limit_bytes: 50, .. })));
    let stream = NewFrame { stream: &long, ..base };
    assert!(matches!(codec.encode(&stream, 0, 5000, &mut out), Err(JournalError::NameTooLong { .. })));
    let producer = NewFrame { producer: &long, ..base };
    assert!(matches!(codec.encode(&producer, 0, 5000, &mut out), Err(JournalError::NameTooLong { .. })));
    assert!(out.is_empty());
}
