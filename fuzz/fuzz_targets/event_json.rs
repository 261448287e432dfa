//! Lines of events: both ways in accept the same lines, and what they accept becomes rows that are clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_door::decode::incoming::Incoming;
use quiver_door::decode::ndjson::decode_events;
use quiver_fuzz::Door;

fuzz_target!(|body: &[u8]| {
    let door = Door::get();
    let decoded = decode_events(&door.spec, body, &mut || "made".to_owned()).expect("memory can be read");
    let rows: usize = decoded.batches.iter().map(|batch| batch.rows.num_rows()).sum();

    // As the server splits a request.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let lines: Vec<_> = lines.map(|line| Incoming::of_line(1, line)).collect();
    assert_eq!(rows as u64 + decoded.rejected.total(), lines.len() as u64, "every line is a row or is counted");
    assert_eq!(door.take(lines.into_iter().flatten()), rows, "both ways in accept the same lines");
});
