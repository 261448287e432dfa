//! Which models a stage leaves alone for a while after it failed at them: twice as long after each failure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// No model is left alone for longer.
const LONGEST: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct Rest {
    until: Instant,
    failures: u32,
}

/// The models that stages failed at.
#[derive(Debug, Default)]
pub(super) struct Rests(BTreeMap<(&'static str, String), Rest>);

impl Rests {
    /// A stage failed at a model.
    pub(super) fn begin(&mut self, stage: &'static str, model: &str) {
        let now = Instant::now();
        let rest = self.0.entry((stage, model.to_owned())).or_insert(Rest { until: now, failures: 0 });
        // 300 seconds are reached after nine failures.
        let wait = Duration::from_secs(1 << rest.failures.min(9)).min(LONGEST);
        rest.failures = rest.failures.saturating_add(1);
        rest.until = now + wait;
    }

    /// Says whether a stage leaves a model alone now.
    pub(super) fn has(&self, stage: &'static str, model: &str) -> bool {
        self.0.get(&(stage, model.to_owned())).is_some_and(|rest| Instant::now() < rest.until)
    }

    /// Says whether a stage failed at a model when it ran last.
    pub(super) fn failed(&self, stage: &'static str, model: &str) -> bool {
        self.0.contains_key(&(stage, model.to_owned()))
    }

    /// A stage did not fail at a model.
    pub(super) fn forget(&mut self, stage: &'static str, model: &str) {
        self.0.remove(&(stage, model.to_owned()));
    }

    /// Every stage tries every model again, and remembers how often it failed.
    pub(super) fn end(&mut self) {
        let now = Instant::now();
        self.0.values_mut().for_each(|rest| rest.until = now);
    }

    /// How many models a stage failed at when it ran last.
    pub(super) fn models(&self, stage: &'static str) -> usize {
        self.0.keys().filter(|(of, _)| *of == stage).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_left_alone_ever_longer_and_at_most_so_long() {
        let mut rests = Rests::default();
        assert!(!rests.has("segments", "m"));
        let mut waits = Vec::new();
        for _ in 0..12 {
            rests.begin("segments", "m");
            waits.push(
                rests.0[&("segments", "m".to_owned())].until.duration_since(Instant::now()).as_secs_f64().round(),
            );
        }
        assert_eq!(waits[..4], [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(waits[9..], [300.0; 3]);
        assert!(rests.has("segments", "m") && !rests.has("profiles", "m") && !rests.has("segments", "n"));
        rests.end();
        assert!(!rests.has("segments", "m") && rests.failed("segments", "m"));
        assert_eq!(rests.models("segments"), 1);
        rests.forget("segments", "m");
        assert_eq!(rests.models("segments"), 0);
    }
}
