//! What was judged of the models, in memory, as pages read it: compact, bounded, and no more of it than is asked for.

mod block;
mod period;

pub use period::{Cell, Names, PeriodView};

use crate::judged::JudgedError;
use block::{Block, block_of, starts_of};
use quiver_event::time::{Timestamp, Window, WindowLength};
use quiver_store::catalogue::{Catalogue, CatalogueError, DEFAULT_WORKSPACE, JudgedProgress};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use tokio::sync::Mutex;

/// Periods together take no more memory than this, as far as it is counted; those used last stay.
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
    /// The periods of one question do not fit into memory.
    #[error(
        "the periods of {model} take more than {} MiB of memory; ask for a shorter range, or for longer ones with `by`",
        .limit_bytes >> 20
    )]
    TooLarge {
        /// The model.
        model: String,
        /// What all periods in memory may take.
        limit_bytes: usize,
    },
    /// Reading was broken off: the server stops.
    #[error("reading was broken off")]
    Stopped,
}

/// What is known of all periods of one length of one model.
#[derive(Debug, Clone, Default)]
pub struct Extent {
    /// How far they are judged; nothing when nothing was judged yet.
    pub progress: Option<JudgedProgress>,
    /// Of each arm, from the first period to the last.
    pub arms: BTreeMap<String, Window>,
}

impl Extent {
    /// From the first period to the last that holds anything.
    pub fn known(&self) -> Option<Window> {
        let start = self.arms.values().map(|window| window.start).min()?;
        let end = self.arms.values().map(|window| window.end).max()?;
        Some(Window { start, end })
    }

    /// The latest event time known when it was judged.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.progress.as_ref().map(|progress| Timestamp(progress.watermark_microseconds))
    }
}

/// The periods of one length of one model that begin in a range.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// How far the periods of this length are judged.
    pub progress: Option<JudgedProgress>,
    /// The names that cells speak of by number.
    pub names: Arc<Names>,
    /// The periods of each arm in order of time.
    periods: BTreeMap<String, Vec<Arc<PeriodView>>>,
}

impl View {
    /// The arms that have a period in the range.
    pub fn arms(&self) -> impl Iterator<Item = &str> {
        self.periods.keys().map(String::as_str)
    }

    /// Those of an arm that share an instant with a part of the range.
    pub fn of(&self, arm: &str, range: Window) -> &[Arc<PeriodView>] {
        let Some(periods) = self.periods.get(arm) else { return &[] };
        let first = periods.partition_point(|period| period.window.end <= range.start);
        let last = periods.partition_point(|period| period.window.start < range.end);
        &periods[first.min(last)..last]
    }
}

type Key = (String, WindowLength);

/// What is in memory of one length of one model.
#[derive(Debug, Default)]
struct Held {
    extent: Arc<Extent>,
    names: Arc<Names>,
    /// The periods by where they begin.
    blocks: BTreeMap<i64, Block>,
    /// The range that was last found to be too large, and at which revision.
    too_large: Option<(Window, i64)>,
}

impl Held {
    /// Forgets what is of another derivation, or may hold what was deleted since.
    fn follow(&mut self, progress: &JudgedProgress) {
        let of_this = self
            .extent
            .progress
            .as_ref()
            .is_some_and(|kept| kept.derivation == progress.derivation && kept.revision >= progress.whole_since);
        if !of_this {
            *self = Self::default();
        }
    }

    /// Forgets the blocks that were used longest ago, until what is held fits; those used now stay.
    fn keep_within(&mut self, limit_bytes: usize, now: u64) {
        while self.bytes() > limit_bytes {
            let others = self.blocks.iter().filter(|(_, block)| block.used < now && block.bytes() > 0);
            let Some(oldest) = others.min_by_key(|(_, block)| block.used).map(|(number, _)| *number) else { return };
            self.blocks.remove(&oldest);
        }
    }

    fn bytes(&self) -> usize {
        self.names.bytes() + self.blocks.values().map(Block::bytes).sum::<usize>()
    }

    fn view(&self, range: Window, blocks: RangeInclusive<i64>) -> View {
        let mut periods: BTreeMap<String, Vec<Arc<PeriodView>>> = BTreeMap::new();
        for (_, block) in self.blocks.range(blocks) {
            for ((arm, start), period) in block.periods() {
                if range.contains(*start) {
                    periods.entry(arm.clone()).or_default().push(Arc::clone(period));
                }
            }
        }
        View { progress: self.extent.progress.clone(), names: Arc::clone(&self.names), periods }
    }
}

/// One length of one model: whoever asks for it while it is read waits for it, and it is read once.
#[derive(Debug, Default)]
struct Slot {
    held: Mutex<Held>,
    bytes: AtomicUsize,
    used: AtomicU64,
}

/// The periods that were asked for lately.
#[derive(Debug)]
pub struct Views {
    catalogue: Catalogue,
    limit_bytes: usize,
    slots: std::sync::Mutex<BTreeMap<Key, Arc<Slot>>>,
    clock: AtomicU64,
}

impl Views {
    /// Views of what a catalogue keeps.
    pub fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, limit_bytes: LIMIT_BYTES, slots: std::sync::Mutex::default(), clock: AtomicU64::default() }
    }

    /// What is known of a model's periods of a length, as they are kept now.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn extent(&self, model: &str, length: WindowLength) -> Result<Arc<Extent>, ViewError> {
        let slot = self.slot(model, length);
        let mut held = slot.held.lock().await;
        self.refresh(&mut held, model, length).await?;
        Ok(Arc::clone(&held.extent))
    }

    /// The view of a model's periods that begin in the range, as they are kept now.
    ///
    /// # Errors
    /// When the catalogue cannot be read, or the periods do not fit into memory.
    pub async fn of(&self, model: &str, length: WindowLength, range: Window) -> Result<View, ViewError> {
        let slot = self.slot(model, length);
        let mut held = slot.held.lock().await;
        self.refresh(&mut held, model, length).await?;
        let Some((progress, known)) = held.extent.progress.clone().zip(held.extent.known()) else {
            return Ok(View::default());
        };
        let (start, end) = (range.start.max(known.start), range.end.min(known.end));
        if start >= end {
            return Ok(View { progress: Some(progress), ..View::default() });
        }
        let too_large = || ViewError::TooLarge { model: model.to_owned(), limit_bytes: self.limit_bytes };
        if held.too_large == Some((range, progress.revision)) {
            return Err(too_large());
        }
        let blocks = block_of(length, start)..=block_of(length, Timestamp(end.0 - 1));
        let now = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        held.blocks.range_mut(blocks.clone()).for_each(|(_, block)| block.used = now);
        for number in blocks.clone() {
            if held.blocks.get(&number).is_some_and(|block| block.revision >= progress.revision) {
                continue;
            }
            self.read(&mut held, (model, length), number, now).await?;
            let needed_bytes: usize = held.blocks.range(*blocks.start()..=number).map(|(_, block)| block.bytes()).sum();
            if needed_bytes > self.limit_bytes {
                held.blocks.retain(|_, block| block.used != now);
                held.too_large = Some((range, progress.revision));
            }
            held.keep_within(self.limit_bytes, now);
            slot.bytes.store(held.bytes(), Ordering::Relaxed);
            self.make_room(&slot);
            if needed_bytes > self.limit_bytes {
                return Err(too_large());
            }
        }
        Ok(held.view(range, blocks))
    }

    /// Reads what is new in a block.
    async fn read(
        &self,
        held: &mut Held,
        (model, length): (&str, WindowLength),
        number: i64,
        now: u64,
    ) -> Result<(), ViewError> {
        let Held { extent, names, blocks, .. } = held;
        let block = blocks.entry(number).or_default();
        block.used = now;
        let (from, to) = starts_of(length, number);
        let name = length.to_string();
        for arm in extent.arms.keys() {
            let key = (model, name.as_str(), arm.as_str());
            let periods = self.catalogue.judged_since(DEFAULT_WORKSPACE, key, block.revision, (from.0, to.0)).await?;
            if !periods.is_empty() {
                block.put(periods, Arc::make_mut(names)).await?;
            }
        }
        block.revision = extent.progress.as_ref().map_or(0, |progress| progress.revision);
        Ok(())
    }

    fn slot(&self, model: &str, length: WindowLength) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry((model.to_owned(), length)).or_default();
        slot.used.store(self.clock.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Arc::clone(slot)
    }

    /// Reads how far a model's periods are judged, and from when to when they go where that changed.
    async fn refresh(&self, held: &mut Held, model: &str, length: WindowLength) -> Result<(), ViewError> {
        let name = length.to_string();
        let Some(progress) = self.catalogue.judged_progress(DEFAULT_WORKSPACE, model, &name).await? else {
            *held = Held::default();
            return Ok(());
        };
        held.follow(&progress);
        let kept = held.extent.progress.as_ref().map_or(0, |kept| kept.revision);
        if kept < progress.revision {
            if !held.blocks.is_empty() {
                let starts = self.catalogue.judged_starts_since(DEFAULT_WORKSPACE, (model, &name), kept).await?;
                let changed: BTreeSet<i64> =
                    starts.into_iter().map(|start| block_of(length, Timestamp(start))).collect();
                // A block that missed an earlier change still waits for it.
                let unchanged = held.blocks.iter_mut().filter(|(number, _)| !changed.contains(number));
                unchanged
                    .filter(|(_, block)| block.revision >= kept)
                    .for_each(|(_, block)| block.revision = progress.revision);
            }
            let extents = self.catalogue.judged_extents(DEFAULT_WORKSPACE, (model, &name)).await?;
            let arms = extents
                .into_iter()
                .map(|(arm, (start, end))| (arm, Window { start: Timestamp(start), end: Timestamp(end) }));
            held.extent = Arc::new(Extent { progress: Some(progress), arms: arms.collect() });
        }
        Ok(())
    }

    /// Forgets the lengths of models that were used longest ago, until what is held fits; what is used now stays.
    fn make_room(&self, now: &Arc<Slot>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |slot: &Arc<Slot>| slot.bytes.load(Ordering::Relaxed);
        let mut all: usize = slots.values().map(bytes).sum();
        while all > self.limit_bytes {
            let others = slots.iter().filter(|(_, slot)| !Arc::ptr_eq(slot, now) && bytes(slot) > 0);
            let oldest = others.min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed));
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            all -= slots.remove(&oldest).map_or(0, |slot| bytes(&slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judged::Judged;
    use quiver_event::time::MICROSECONDS_PER_DAY as DAY;
    use quiver_store::catalogue::{JudgedPeriod, JudgedPeriods};

    const HOUR: i64 = DAY / 24;

    async fn catalogue(folder: &std::path::Path) -> Catalogue {
        let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).await.unwrap();
        for model in ["m", "other"] {
            catalogue.put_model(DEFAULT_WORKSPACE, model, 0).await.unwrap();
        }
        catalogue
    }

    /// Puts an hour with so many rows for each of these hours, all by one derivation.
    async fn put(catalogue: &Catalogue, model: &str, derivation: &str, hours: impl IntoIterator<Item = (i64, u64)>) {
        let period = |(hour, rows): (i64, u64)| JudgedPeriod {
            arm: "live".to_owned(),
            starts_at_microseconds: hour * HOUR,
            ends_at_microseconds: (hour + 1) * HOUR,
            counted_id: 0,
            only_version: None,
            judged: Judged { rows, ..Judged::default() }.to_bytes().unwrap(),
            outcome: None,
            profile: None,
            slices: None,
        };
        let judged = JudgedPeriods {
            model: model.to_owned(),
            length: WindowLength::Hours(1).to_string(),
            derivation: derivation.to_owned(),
            profiles_offset: 0,
            outcomes_offset: 0,
            watermark_microseconds: 0,
            periods: hours.into_iter().map(period).collect(),
        };
        catalogue.put_judged(DEFAULT_WORKSPACE, &judged).await.unwrap();
    }

    fn hours(from: i64, to: i64) -> Window {
        Window { start: Timestamp(from * HOUR), end: Timestamp(to * HOUR) }
    }

    /// The hours of a range and their rows, as they are in view.
    async fn seen(views: &Views, model: &str, range: Window) -> Result<Vec<(i64, u64)>, ViewError> {
        let view = views.of(model, WindowLength::Hours(1), range).await?;
        Ok(view.of("live", range).iter().map(|period| (period.window.start.0 / HOUR, period.rows)).collect())
    }

    #[tokio::test]
    async fn a_view_holds_the_periods_of_its_range_as_they_are_kept_now() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(folder.path()).await;
        let views = Views::new(catalogue.clone());
        assert_eq!(seen(&views, "m", hours(0, 9)).await.unwrap(), []);
        put(&catalogue, "m", "a", (0..400).map(|hour| (hour, 1))).await;
        assert_eq!(seen(&views, "m", hours(47, 50)).await.unwrap(), [(47, 1), (48, 1), (49, 1)]);
        let known = views.extent("m", WindowLength::Hours(1)).await.unwrap().known();
        assert_eq!(known, Some(hours(0, 400)), "also what is not in memory");
        put(&catalogue, "m", "a", [(48, 2), (500, 3)]).await;
        assert_eq!(seen(&views, "m", hours(47, 50)).await.unwrap(), [(47, 1), (48, 2), (49, 1)]);
        assert_eq!(seen(&views, "m", hours(399, 900)).await.unwrap(), [(399, 1), (500, 3)]);
        put(&catalogue, "m", "b", [(49, 4)]).await;
        assert_eq!(seen(&views, "m", hours(0, 900)).await.unwrap(), [(49, 4)], "another derivation leaves nothing");
        assert_eq!(catalogue.delete_judged_before(DEFAULT_WORKSPACE, 60 * HOUR).await.unwrap(), 1);
        assert_eq!(seen(&views, "m", hours(0, 900)).await.unwrap(), []);
    }

    #[tokio::test]
    async fn memory_is_bounded_and_a_question_that_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(folder.path()).await;
        let size = size_of::<PeriodView>();
        // A block of hours is a day: four of them fit.
        let views = Views { limit_bytes: 100 * size, ..Views::new(catalogue.clone()) };
        for model in ["m", "other"] {
            put(&catalogue, model, "a", (0..480).map(|hour| (hour, 1))).await;
        }
        let held = || {
            let slots = views.slots.lock().unwrap();
            let days = |slot: &Slot| slot.bytes.load(Ordering::Relaxed) / (24 * size);
            let held = slots.iter().map(|((model, _), slot)| (model.clone(), days(slot)));
            held.filter(|(_, days)| *days > 0).collect::<Vec<_>>()
        };
        for (first, days) in [(24, 3), (96, 4), (192, 4)] {
            assert_eq!(seen(&views, "m", hours(first, first + 60)).await.unwrap().len(), 60);
            assert_eq!(held(), [("m".to_owned(), days)], "three that are asked for, and one used before");
        }
        let refused = seen(&views, "m", hours(0, 480)).await;
        assert!(matches!(refused, Err(ViewError::TooLarge { .. })), "{refused:?}");
        assert_eq!(seen(&views, "m", hours(0, 30)).await.unwrap().len(), 30, "a shorter range fits after that");
        assert_eq!(seen(&views, "other", hours(0, 30)).await.unwrap().len(), 30);
        assert_eq!(held(), [("m".to_owned(), 2), ("other".to_owned(), 2)]);
        assert_eq!(seen(&views, "other", hours(48, 50)).await.unwrap().len(), 2);
        assert_eq!(held(), [("other".to_owned(), 3)], "the model used longest ago gave way");
    }
}
