//! What was judged of the models, in memory, as pages read it: compact, bounded, and always of one revision.

mod period;
mod reference;

pub use period::{Cell, Names, PeriodView};

use crate::judged::{Judged, JudgedError};
use quiver_event::time::{Timestamp, Window, WindowLength};
use quiver_store::catalogue::{Catalogue, CatalogueError, DEFAULT_WORKSPACE, JudgedPeriod, JudgedProgress};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Views together take no more memory than this, as far as it is counted; those used last stay.
const LIMIT_BYTES: usize = 512 << 20;

/// Why a view cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A kept period cannot be read.
    #[error(transparent)]
    Judged(#[from] JudgedError),
    /// Reading was broken off: the server stops.
    #[error("reading was broken off")]
    Stopped,
}

/// All periods of one length of one model, at one revision.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// How far it goes; nothing when nothing was judged yet.
    pub progress: Option<JudgedProgress>,
    /// The names that cells speak of by number.
    pub names: Names,
    /// The periods of each arm in order of time.
    pub arms: BTreeMap<String, Vec<Arc<PeriodView>>>,
}

impl View {
    /// From the first period to the last that holds anything.
    pub fn known(&self) -> Option<Window> {
        let all = || self.arms.values().flatten();
        let start = all().map(|period| period.window.start).min()?;
        let end = all().map(|period| period.window.end).max()?;
        Some(Window { start, end })
    }

    /// The latest event time known when it was judged.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.progress.as_ref().map(|progress| Timestamp(progress.watermark_microseconds))
    }

    /// The periods of an arm that share an instant with the range.
    pub fn of(&self, arm: &str, range: Window) -> &[Arc<PeriodView>] {
        let Some(periods) = self.arms.get(arm) else { return &[] };
        let first = periods.partition_point(|period| period.window.end <= range.start);
        let last = periods.partition_point(|period| period.window.start < range.end);
        &periods[first.min(last)..last]
    }

    fn bytes(&self) -> usize {
        self.names.bytes() + self.arms.values().flatten().map(|period| period.bytes()).sum::<usize>()
    }

    /// The view with newer periods in the place of older ones.
    fn with(&self, progress: JudgedProgress, periods: &[JudgedPeriod]) -> Result<Self, JudgedError> {
        let mut view = Self { progress: Some(progress), ..self.clone() };
        for kept in periods {
            let window =
                Window { start: Timestamp(kept.starts_at_microseconds), end: Timestamp(kept.ends_at_microseconds) };
            let period = PeriodView::new(window, Judged::from_bytes(&kept.judged)?, &mut view.names);
            let periods = view.arms.entry(kept.arm.clone()).or_default();
            match periods.binary_search_by_key(&window.start, |period| period.window.start) {
                Ok(place) => periods[place] = Arc::new(period),
                Err(place) => periods.insert(place, Arc::new(period)),
            }
        }
        Ok(view)
    }
}

type Key = (String, WindowLength);

#[derive(Debug, Default)]
struct Held {
    view: Arc<View>,
    bytes: usize,
    used: u64,
}

/// The views that were asked for lately.
#[derive(Debug)]
pub struct Views {
    catalogue: Catalogue,
    limit_bytes: usize,
    held: Mutex<(BTreeMap<Key, Held>, u64)>,
    references: std::sync::Mutex<Vec<reference::Kept>>,
}

impl Views {
    /// Views of what a catalogue keeps.
    pub fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, limit_bytes: LIMIT_BYTES, held: Mutex::default(), references: std::sync::Mutex::default() }
    }

    /// The view of a model's periods as they are kept now.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn of(&self, model: &str, length: WindowLength) -> Result<Arc<View>, ViewError> {
        let (name, key) = (length.to_string(), (model.to_owned(), length));
        let Some(progress) = self.catalogue.judged_progress(DEFAULT_WORKSPACE, model, &name).await? else {
            return Ok(Arc::default());
        };
        if let Some(view) = self.held_at(&key, progress.revision).await {
            return Ok(view);
        }
        // Under the lock: who asks for the same view meanwhile waits for it, and it is read once.
        let mut held = self.held.lock().await;
        let base = held.0.get(&key).map(|held| Arc::clone(&held.view));
        let base = base.filter(|base| {
            base.progress
                .as_ref()
                .is_some_and(|kept| kept.derivation == progress.derivation && kept.revision >= progress.whole_since)
        });
        let base = base.unwrap_or_default();
        let from = base.progress.as_ref().map_or(0, |kept| kept.revision);
        if from >= progress.revision {
            return Ok(base);
        }
        let periods = self.catalogue.judged_since(DEFAULT_WORKSPACE, model, &name, from).await?;
        let view = tokio::task::spawn_blocking(move || base.with(progress, &periods)).await;
        let view = Arc::new(view.map_err(|_| ViewError::Stopped)??);
        let (all, clock) = &mut *held;
        *clock += 1;
        all.insert(key.clone(), Held { view: Arc::clone(&view), bytes: view.bytes(), used: *clock });
        while all.len() > 1 && all.values().map(|held| held.bytes).sum::<usize>() > self.limit_bytes {
            let oldest = all.iter().filter(|(of, _)| **of != key).min_by_key(|(_, held)| held.used);
            let Some(oldest) = oldest.map(|(of, _)| of.clone()) else { break };
            all.remove(&oldest);
        }
        Ok(view)
    }

    async fn held_at(&self, key: &Key, revision: i64) -> Option<Arc<View>> {
        let mut held = self.held.lock().await;
        let (all, clock) = &mut *held;
        let found = all.get_mut(key)?;
        if found.view.progress.as_ref()?.revision < revision {
            return None;
        }
        *clock += 1;
        found.used = *clock;
        Some(Arc::clone(&found.view))
    }
}
