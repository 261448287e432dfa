//! CloudEvents in their three modes: whatever waits leaves in time, and what becomes an event is clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_door::decode::cloudevents::{HalfBounds, PendingHalves, decode_cloudevents};
use quiver_event::time::Timestamp;
use quiver_fuzz::{Door, NOW};

fuzz_target!(|input: &[u8]| {
    let Some((mode, body)) = input.split_first() else { return };
    let headers: &[(&str, &str)] = match mode % 4 {
        0 => &[("content-type", "application/cloudevents+json")],
        1 => &[("content-type", "application/cloudevents-batch+json")],
        2 => &[
            ("ce-specversion", "1.0"),
            ("ce-type", "org.kubeflow.serving.inference.request"),
            ("ce-id", "i"),
            ("ce-source", "s"),
            ("ce-inferenceservicename", "flight-delay"),
        ],
        _ => &[
            ("ce-specversion", "1.0"),
            ("ce-type", "io.seldon.serving.inference.response"),
            ("ce-id", "i"),
            ("ce-source", "s"),
            ("ce-modelid", "flight-delay"),
            ("ce-time", "2013-07-01T14:03:11Z"),
        ],
    };
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let door = Door::get();
    let features = |_: &str| Some(door.spec.features.names().map(str::to_owned).collect());
    let task = |_: &str| Some(door.spec.task);
    for bounds in [HalfBounds::default(), HalfBounds { payloads: 2, bytes: 1_000, ..HalfBounds::default() }] {
        let (payloads, bytes) = (bounds.payloads, bounds.bytes);
        let age = bounds.age_microseconds;
        let mut pending = PendingHalves::new(bounds);
        let Ok(decoded) = decode_cloudevents(&headers, body, &mut pending, NOW, &features, &task) else { return };
        assert!(pending.waiting() <= payloads && pending.bytes() <= bytes, "what waits is bounded");
        let late = pending.expire(Timestamp(NOW.0 + age));
        assert_eq!((pending.waiting(), pending.bytes()), (0, 0), "nothing waits for ever");
        door.take(decoded.events.into_iter().chain(decoded.evicted).chain(late));
    }
});
