//! What the targets of the door share: one spec, its cleaner, and the law of whatever the door lets through.

use quiver_door::decode::builder::EventBuilder;
use quiver_door::decode::event_keys::Undeclared;
use quiver_door::decode::incoming::Incoming;
use quiver_door::detect::{Detector, Detectors};
use quiver_door::redact::{Cleaner, KeyRing, SubjectKey};
use quiver_door::spec_file::parse_spec;
use quiver_event::batch::{EventBatch, schema_of};
use quiver_event::spec::Spec;
use quiver_event::time::Timestamp;
use std::sync::{Arc, LazyLock};

/// The time at which every request arrives: a run depends on nothing but its input.
pub const NOW: Timestamp = Timestamp(1_372_687_400_000_000);

static DOOR: LazyLock<Door> = LazyLock::new(|| {
    let spec = parse_spec(include_str!("../seeds/spec_yaml/full.yaml"), "full.yaml").expect("the seed is a spec");
    let key = SubjectKey::new("k1", b"0123456789abcdef0123456789abcdef").expect("the key is long enough");
    let keys = Arc::new(KeyRing::new(vec![key]).expect("one key is a ring"));
    let cleaner = Cleaner::new(&spec, keys, Arc::new(Detectors::new().expect("the detectors' rules are fixed")));
    Door { spec, cleaner }
});

/// The spec of the events' model, and what cleans them.
pub struct Door {
    pub spec: Spec,
    cleaner: Cleaner,
}

impl Door {
    /// The door of the seeds' model.
    pub fn get() -> &'static Self {
        &DOOR
    }

    /// Takes events as the server does, and returns how many it accepted: each becomes one row, and is clean.
    pub fn take(&self, events: impl IntoIterator<Item = Incoming>) -> usize {
        let mut undeclared = Undeclared::default();
        let mut builder = EventBuilder::new(&self.spec);
        for mut event in events {
            if let Ok(event) = event.check(&self.spec, &mut undeclared) {
                let pushed = builder.push(event, &mut || "made".to_owned(), &mut undeclared);
                assert_eq!(pushed, Ok(()), "what was checked is taken");
            }
        }
        let accepted = builder.len();
        let batches = builder.finish().expect("what was taken becomes columns");
        assert_eq!(batches.iter().map(|batch| batch.rows.num_rows()).sum::<usize>(), accepted);
        undeclared.paths.keys().for_each(|path| drop(self.cleaner.shown_name(path)));
        batches.iter().for_each(|batch| self.assert_cleanable(batch));
        accepted
    }

    /// Cleaning keeps every row and the schema, and a second cleaning finds nothing that the first one left.
    pub fn assert_cleanable(&self, batch: &EventBatch) {
        assert_eq!(batch.rows.schema(), schema_of(batch.kind, &self.spec));
        let (clean, _) = self.cleaner.clean(batch).expect("what the door built is searchable");
        assert_eq!(clean.rows.num_rows(), batch.rows.num_rows());
        assert_eq!(clean.rows.schema(), batch.rows.schema());
        let (again, found) = self.cleaner.clean(&clean).expect("what is clean is searchable");
        // Subjects and private features are hashed whatever they hold; only what a detector sees was left behind.
        let left = |class: &str| Detector::ALL.iter().any(|detector| detector.name() == class);
        let left: Vec<_> = found.keys().filter(|redaction| left(redaction.class)).collect();
        assert!(left.is_empty(), "{left:?} in {:?} of {:?}, again {:?}", clean.rows, batch.rows, again.rows);
    }
}
