//! Judged periods → what they hold for answers about long ranges: the longest that lie in a range, and what they leave.

use super::judge::periods_of;
use super::{Part, Pipeline, PipelineError};
use prost::Message;
use quiver_event::time::{Timestamp, Window, WindowLength};
use quiver_judge::finding::Slice;
use quiver_profile::Outcome;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, RolledUp};
use std::collections::BTreeMap;

/// The outcomes of slices as they are kept with a period.
#[derive(Clone, PartialEq, Message)]
struct KeptSlices {
    #[prost(message, repeated, tag = "1")]
    slices: Vec<KeptSlice>,
}

#[derive(Clone, PartialEq, Message)]
struct KeptSlice {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
    #[prost(bytes = "vec", tag = "3")]
    outcome: Vec<u8>,
}

/// The kept form of the outcomes of slices.
pub(super) fn slices_to_bytes(slices: &BTreeMap<Slice, Outcome>) -> Vec<u8> {
    let kept = slices.iter().map(|(slice, outcome)| KeptSlice {
        name: slice.name.clone(),
        value: slice.value.clone(),
        outcome: outcome.to_bytes(),
    });
    KeptSlices { slices: kept.collect() }.encode_to_vec()
}

/// Reads the kept form of the outcomes of slices.
pub(super) fn slices_from_bytes(bytes: &[u8]) -> Result<Vec<(Slice, Outcome)>, PipelineError> {
    let kept = KeptSlices::decode(bytes)?;
    let read = |KeptSlice { name, value, outcome }| Ok((Slice { name, value }, Outcome::from_bytes(&outcome)?));
    kept.slices.into_iter().map(read).collect()
}

/// What a range of an arm is put together from.
#[derive(Debug, Default)]
pub(super) struct Cover {
    /// What the periods hold, in the form in which it is kept.
    pub(super) held: Vec<Vec<u8>>,
    /// The rest of the range: windows of the spec's own length that the tables hold.
    pub(super) gaps: Vec<Window>,
}

impl Pipeline {
    /// The longest periods that lie in a part's range, of its version alone where it names one, and were judged under
    /// `derivation`; and what they leave of it.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub(super) async fn cover(
        &self,
        what: RolledUp,
        Part { arm, version, range }: Part<'_>,
        derivation: &str,
    ) -> Result<Cover, PipelineError> {
        let own = self.spec.drift.window;
        let catalogue = &self.workspace.catalogue;
        let progress = catalogue.judged_progress(DEFAULT_WORKSPACE, &self.spec.model, &own.to_string()).await?;
        // Before a first judgement has come to its end its periods are a part of what the tables hold.
        if progress.is_none_or(|progress| (progress.profiles_offset, progress.outcomes_offset) == (0, 0)) {
            return Ok(Cover { held: Vec::new(), gaps: vec![range] });
        }
        let key = (&*self.spec.model, &*own.to_string());
        let extents = catalogue.judged_extents(DEFAULT_WORKSPACE, key).await?;
        let Some(&(first, last)) = extents.get(arm) else {
            return Ok(Cover { held: Vec::new(), gaps: vec![range] });
        };
        // Where the range reaches as far as anything is known it has no end: a month that is not over yet lies in it.
        let known = Window { start: Timestamp(first), end: Timestamp(last) };
        let open = Window {
            start: if range.start <= known.start { range.start.min(FIRST) } else { range.start },
            end: if range.end >= known.end { range.end.max(LAST) } else { range.end },
        };
        let mut cover = Cover { held: Vec::new(), gaps: vec![open] };
        // Weeks do not divide a month, so that only windows of at most a day lie in one period of every length.
        let longer = periods_of(own).into_iter().skip(1).filter(|_| own <= WindowLength::Day);
        for length in longer.rev() {
            let name = length.to_string();
            let progress = catalogue.judged_progress(DEFAULT_WORKSPACE, &self.spec.model, &name).await?;
            if progress.is_none_or(|progress| progress.derivation != derivation) {
                continue;
            }
            let mut left = Vec::new();
            for gap in std::mem::take(&mut cover.gaps) {
                let key = (&*self.spec.model, &*name, arm, version);
                let periods = catalogue.rolled_up(DEFAULT_WORKSPACE, what, key, (gap.start.0, gap.end.0)).await?;
                let mut start = gap.start;
                for (starts_at, ends_at, held) in periods {
                    cover.held.extend(held);
                    left.push(Window { start, end: Timestamp(starts_at) });
                    start = Timestamp(ends_at);
                }
                left.push(Window { start, end: gap.end });
            }
            cover.gaps = left.into_iter().filter(|gap| gap.start < gap.end).collect();
        }
        let within_known = |gap: Window| Window { start: gap.start.max(known.start), end: gap.end.min(known.end) };
        cover.gaps = cover.gaps.into_iter().map(within_known).filter(|gap| gap.start < gap.end).collect();
        Ok(cover)
    }
}

/// Before and after every event: the years 1900 and 2200.
const FIRST: Timestamp = Timestamp(-2_208_988_800_000_000);
const LAST: Timestamp = Timestamp(7_258_118_400_000_000);

#[cfg(test)]
mod tests {
    use super::*;
    use quiver_profile::outcome::{OutcomePlan, Task};

    #[test]
    fn outcomes_of_slices_read_back_and_damage_is_an_error() {
        let slice = |value: &str| Slice { name: "origin".to_owned(), value: value.to_owned() };
        let outcome = Outcome::new(&OutcomePlan::new(Task::Binary));
        let slices = BTreeMap::from([(slice("JFK"), outcome.clone()), (slice("é\0"), outcome)]);
        let bytes = slices_to_bytes(&slices);
        let read = slices_from_bytes(&bytes).unwrap();
        assert_eq!(read.iter().map(|(slice, _)| slice).collect::<Vec<_>>(), slices.keys().collect::<Vec<_>>());
        assert_eq!(read[0].1.to_bytes(), slices[&slice("JFK")].to_bytes());
        assert!(slices_from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }
}
