//! A stretch of time whose periods are read from the catalogue together.

use super::{Names, PeriodView, ViewError};
use crate::judged::Judged;
use crate::pipeline::at_once;
use futures::{StreamExt, TryStreamExt, stream};
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window, WindowLength};
use quiver_store::catalogue::JudgedPeriod;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Hours come by the day, days by a month, weeks and months by a year: some dozens of periods.
const fn block_microseconds(length: WindowLength) -> i64 {
    MICROSECONDS_PER_DAY
        * match length {
            WindowLength::Hours(_) => 1,
            WindowLength::Day => 32,
            WindowLength::Week | WindowLength::Month => 366,
        }
}

/// The number of the block of the periods that begin at an instant.
pub(super) fn block_of(length: WindowLength, start: Timestamp) -> i64 {
    start.0.div_euclid(block_microseconds(length))
}

/// The instants at which the periods of a block begin: from the first, to before the second.
pub(super) fn starts_of(length: WindowLength, number: i64) -> (Timestamp, Timestamp) {
    let start = number.saturating_mul(block_microseconds(length));
    (Timestamp(start), Timestamp(start.saturating_add(block_microseconds(length))))
}

/// The periods of all arms that begin in a block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// What it was read at; periods that were put later are not in it.
    pub(super) revision: i64,
    /// When it was used last.
    pub(super) used: u64,
    periods: BTreeMap<(String, Timestamp), Arc<PeriodView>>,
    bytes: usize,
}

impl Block {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The periods by arm, and of each in order of time.
    pub(super) fn periods(&self) -> impl Iterator<Item = (&(String, Timestamp), &Arc<PeriodView>)> {
        self.periods.iter()
    }

    /// Takes in newer periods in the place of older ones; they are decoded side by side.
    pub(super) async fn put(&mut self, kept: Vec<JudgedPeriod>, names: &mut Names) -> Result<(), ViewError> {
        let decoding = stream::iter(kept).map(|kept| {
            let window =
                Window { start: Timestamp(kept.starts_at_microseconds), end: Timestamp(kept.ends_at_microseconds) };
            let judged = tokio::task::spawn_blocking(move || Judged::from_bytes(&kept.judged));
            async move { Ok::<_, ViewError>((kept.arm, window, judged.await.map_err(|_| ViewError::Stopped)??)) }
        });
        let mut decoding = decoding.buffered(at_once());
        while let Some((arm, window, judged)) = decoding.try_next().await? {
            let period = PeriodView::new(window, judged, names);
            self.bytes += period.bytes();
            if let Some(earlier) = self.periods.insert((arm, window.start), Arc::new(period)) {
                self.bytes -= earlier.bytes();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_period_begins_in_the_block_of_its_start() {
        for length in [WindowLength::Hours(1), WindowLength::Hours(12), WindowLength::Day, WindowLength::Month] {
            for start in [-1_000_000_000_000_007, -1, 0, 1, block_microseconds(length) - 1, block_microseconds(length)]
            {
                let (from, to) = starts_of(length, block_of(length, Timestamp(start)));
                assert!((from.0..to.0).contains(&start), "{length}: {start} is not in {from}..{to}");
            }
        }
    }
}
