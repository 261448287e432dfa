//! Arrow IPC streams from senders nobody knows: none takes more memory than a request may, and the rows that are
//! events of a kind are clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_door::decode::arrow_stream::{events_of, is_reading, not_ahead, not_too_long, read};
use quiver_door::decode::table::TableMapping;
use quiver_event::batch::EventBatch;
use quiver_event::event::Kind;
use quiver_fuzz::{Door, NOW};

/// The server's own default is 64 MiB, the fuzzer's whole memory 2 GiB: this one leaves a leak no room to hide.
const DECODED_LIMIT_BYTES: usize = 8 << 20;
/// Above the server's default of events in a request, which it counts after reading.
const EVENT_BYTES: usize = 1 << 20;

fuzz_target!(
    init: {
        // As the server: a panic of the library while it reads is a malformed body, and nobody's defect here.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !is_reading() {
                hook(panic);
            }
        }));
    },
    |body: &[u8]| {
        let Ok(stream) = read(body, DECODED_LIMIT_BYTES) else { return };
        let spec = &Door::get().spec;
        let mut first_row = 0;
        for batch in &stream.batches {
            let held: usize = batch.columns().iter().map(|column| column.get_buffer_memory_size()).sum();
            assert!(held <= 2 * DECODED_LIMIT_BYTES + (1 << 20), "{held} bytes are held");
            if let Ok(mapping) = TableMapping::of_events(spec, &batch.schema(), Some("stream"))
                && let Ok(mapped) = mapping.map(batch, first_row)
            {
                let predictions: usize = mapped.predictions.iter().map(|events| events.rows.num_rows()).sum();
                assert_eq!(predictions as u64 + mapped.rejected.total(), batch.num_rows() as u64);
                mapped.predictions.into_iter().chain(mapped.feedback).for_each(take);
            }
            for kind in [Kind::Feedback, Kind::Heartbeat, Kind::Change] {
                let Ok((events, rejected)) = events_of(spec, kind, batch, first_row, Some("stream")) else { continue };
                assert_eq!(events.rows.num_rows() as u64 + rejected.total(), batch.num_rows() as u64);
                take(events);
            }
            first_row += batch.num_rows() as u64;
        }
    }
);

/// The way of rows behind the decoding.
fn take(events: EventBatch) {
    let rows = events.rows.num_rows();
    let (events, long) = not_too_long(events, EVENT_BYTES).expect("rows can be filtered");
    let (events, ahead, latest) = not_ahead(events, |at| at > NOW).expect("rows can be filtered");
    assert_eq!(events.rows.num_rows() + long.len() + ahead.len(), rows);
    assert!(latest.is_none_or(|latest| latest <= NOW));
    Door::get().assert_cleanable(&events);
}
