//! What was counted by the hour, from the catalogue, by the windows in which it is judged.

use super::{Pipeline, PipelineError, orphans::subject};
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{Timestamp, Window, WindowFinder, WindowLength, Zone};
use quiver_judge::facts::DoorCounts;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// The names under which the door counts; `ingest::tally` writes them.
pub mod what {
    /// Events refused; the subject is the reason.
    pub const REFUSED: &str = "refused";
    /// Values redacted; the subject is `field/class/action`.
    pub const REDACTED: &str = "redacted";
    /// Feedback by hour of its own time, of [`super::super::orphans::subject`]; not the door counts it but the join.
    pub const FEEDBACK: &str = "feedback";
}

/// Privacy classes are the owner's own word; only what a detector saw is a surprise.
const CLASSES: [&str; 7] = ["public", "internal", "personal", "sensitive", "secret", "subject", "free_text"];

/// Counts by window.
#[derive(Debug, Default)]
pub(super) struct DoorWindows {
    windows: BTreeMap<Window, DoorCounts>,
    seen: BTreeSet<Window>,
}

impl DoorWindows {
    /// What was counted, by windows of that length.
    pub(super) fn of_tallies(tallies: &[Tally], length: WindowLength, zone: &Zone) -> Result<Self, PipelineError> {
        let mut finder = WindowFinder::new(length, zone.clone());
        let mut found = DoorWindows::default();
        for tally in tallies {
            let count = u64::try_from(tally.count).unwrap_or(0);
            let window = finder.find(Timestamp(tally.hour_microseconds))?;
            match tally.what.as_str() {
                what::REFUSED => {
                    *found.windows.entry(window).or_default().refused.entry(tally.subject.clone()).or_default() +=
                        count;
                }
                what::REDACTED => {
                    let mut parts = tally.subject.rsplitn(3, '/');
                    let (Some(_), Some(class), Some(field)) = (parts.next(), parts.next(), parts.next()) else {
                        continue;
                    };
                    if !CLASSES.contains(&class) {
                        let key = (field.to_owned(), class.to_owned());
                        *found.windows.entry(window).or_default().personal.entry(key).or_default() += count;
                    }
                }
                what::FEEDBACK => {
                    let feedback = &mut found.windows.entry(window).or_default().feedback;
                    match tally.subject.as_str() {
                        subject::ORPHAN => feedback.orphans += count,
                        _ => feedback.all += count,
                    }
                }
                _ => {}
            }
        }
        found.windows.retain(|_, counts| counts.is_worth_telling());
        Ok(found)
    }

    /// The counts of an arm's window: the door knows no arms, so they are filed under the live one.
    pub(super) fn of(&mut self, arm: &str, window: Window) -> Option<&DoorCounts> {
        let counts = self.windows.get(&window).filter(|_| arm == LIVE_ARM)?;
        self.seen.insert(window);
        Some(counts)
    }

    /// The windows that nobody has asked for.
    pub(super) fn unseen(&self) -> impl Iterator<Item = Window> {
        self.windows.keys().copied().filter(|window| !self.seen.contains(window))
    }

    /// Every window in which the door counted something.
    pub(super) fn all(&self) -> impl Iterator<Item = (Window, &DoorCounts)> {
        self.windows.iter().map(|(window, counts)| (*window, counts))
    }
}

impl Pipeline {
    /// Everything that was counted of this model.
    pub(super) async fn tallies(&self) -> Result<Vec<Tally>, PipelineError> {
        Ok(self.workspace.catalogue.tallies(DEFAULT_WORKSPACE, &self.spec.model, i64::MIN, i64::MAX).await?)
    }
}
