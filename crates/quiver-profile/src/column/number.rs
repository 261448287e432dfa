//! Summarises the numbers of a column; weighs the speed of each stage, judges no value.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use crate::codec::{CodecError, Reader, Writer};
use crate::column::summary::{ColumnSummary, HistogramBar, Quantiles, ValueCount};
use crate::column::{Counts, Place, Scratch};
use crate::edges::{NumberEdges, NumberReference};
use crate::hash::ValueHash;
use crate::sketch::distinct::Distinct;
use crate::sketch::frequent::FrequentItems;
use crate::sketch::log_linear::{LogLinear, bin_of, bounds_of, middle_of, rank_of};
use crate::sketch::moments::Moments;
use crate::sketch::value_sample::{Added, ValueSample};
use crate::sketch::value_table::{SampleValue, ValueTable};

/// Values that pass through all stages together, while they are in the first-level cache.
const BLOCK: usize = 1024;
/// A bin with at least 1/50 of the rows can hold a heavy value (1/10 of the rows).
const WATCHED_SHARE: u64 = 50;
/// Buckets of the filter that keeps single values away from the frequent items.
const FILTER: usize = 1 << 16;

/// Order-independent summary of the finite numbers of a column.
#[derive(Debug, Clone)]
pub struct NumberValues {
    moments: Moments,
    bins: LogLinear,
    distinct: Distinct,
    /// Least and greatest value; kept of public columns only.
    range: Option<(f64, f64)>,
    /// Distinct values; kept of public columns only.
    sample: Option<ValueSample<f64>>,
}

/// The values that are known one by one, in ascending order with their counts.
struct Known {
    entries: Vec<(f64, u64)>,
    /// Whether they are all there are.
    is_exact: bool,
}

impl NumberValues {
    /// Returns an empty summary; without a limit no single value is kept.
    pub fn new(value_limit: Option<usize>) -> Self {
        Self {
            moments: Moments::default(),
            bins: LogLinear::default(),
            distinct: Distinct::default(),
            range: None,
            sample: value_limit.map(ValueSample::new),
        }
    }

    pub(super) fn update(
        &mut self,
        array: &ArrayRef,
        counts: &mut Counts,
        place: &mut Place<'_>,
        scratch: &mut Scratch,
    ) {
        let converted;
        let array = if *array.data_type() == DataType::Float64 {
            array
        } else {
            converted = cast(array, &DataType::Float64).expect("accepted types convert to floats");
            &converted
        };
        let array = array.as_primitive::<Float64Type>();
        let values: &[f64] = array.values();
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let valid = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        let finite = &mut scratch.finite;
        finite.clear();
        finite.resize(values.len(), 0.0);
        let mut length = 0;
        // Written without branches: a value that is not kept is overwritten by the next. Negative zero becomes zero.
        match nulls {
            None => {
                for &value in values {
                    finite[length] = value + 0.0;
                    length += usize::from(value.is_finite());
                }
            }
            Some(nulls) => {
                for (&value, valid) in values.iter().zip(nulls.iter()) {
                    finite[length] = value + 0.0;
                    length += usize::from(valid & value.is_finite());
                }
            }
        }
        finite.truncate(length);
        let null_count = nulls.map_or(0, |nulls| nulls.null_count());
        counts.null += null_count as u64;
        let mut infinities = [0u64; 2];
        if length + null_count < values.len() {
            for (_, &value) in values.iter().enumerate().filter(|&(row, value)| !value.is_finite() && valid(row)) {
                counts.nan += u64::from(value.is_nan());
                infinities[0] += u64::from(value == f64::NEG_INFINITY);
                infinities[1] += u64::from(value == f64::INFINITY);
            }
            counts.negative_infinity += infinities[0];
            counts.positive_infinity += infinities[1];
        }
        if let Some(edges) = place.edges.and_then(|edges| edges.as_number()) {
            finite.iter().for_each(|&value| place.cells[edges.cell_of(value)] += 1);
            place.cells[0] += infinities[0];
            *place.cells.last_mut().expect("edges have cells") += infinities[1];
            if place.wants_bins {
                let null_bin = edges.coarse_bin_count() as u16 - 1;
                scratch.bins.extend(values.iter().enumerate().map(|(row, &value)| {
                    let counted = valid(row) && !value.is_nan();
                    if counted { edges.coarse_of(edges.cell_of(value)) as u16 } else { null_bin }
                }));
            }
        }
        self.add_all(&scratch.finite);
    }

    /// Adds finite numbers; negative zero must have been folded into zero.
    pub fn add_all(&mut self, values: &[f64]) {
        self.moments.add_all(values);
        self.bins.add_all(values);
        if let (Some(sample), Some(&first)) = (&mut self.sample, values.first()) {
            let (mut least, mut greatest) = self.range.unwrap_or((first, first));
            for &value in values {
                least = if value < least { value } else { least };
                greatest = if value > greatest { value } else { greatest };
            }
            self.range = Some((least, greatest));
            add_to_sample(sample, &mut self.distinct, &self.bins, values);
        } else {
            self.distinct.add_all(values.iter().map(|&value| ValueHash::of_number(value).coupon()));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.bins.merge(&other.bins);
        self.distinct.merge(&other.distinct);
        self.range = match (self.range, other.range) {
            (Some(mine), Some(theirs)) => Some((mine.0.min(theirs.0), mine.1.max(theirs.1))),
            (mine, theirs) => mine.or(theirs),
        };
        if let (Some(mine), Some(theirs)) = (&mut self.sample, &other.sample) {
            mine.merge(theirs);
        }
    }

    /// Count, mean and spread.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The log-linear bins.
    pub fn bins(&self) -> &LogLinear {
        &self.bins
    }

    /// The distinct counter.
    pub fn distinct(&self) -> &Distinct {
        &self.distinct
    }

    /// The distinct values, of public columns.
    pub fn sample(&self) -> Option<&ValueSample<f64>> {
        self.sample.as_ref()
    }

    /// The least value, of public columns.
    pub fn minimum(&self) -> Option<f64> {
        self.range.map(|range| range.0)
    }

    /// The greatest value, of public columns.
    pub fn maximum(&self) -> Option<f64> {
        self.range.map(|range| range.1)
    }

    fn known(&self) -> Known {
        let sample = self.sample.as_ref();
        Known {
            entries: sample.map(ValueSample::entries).unwrap_or_default(),
            is_exact: sample.is_some_and(ValueSample::is_exact),
        }
    }

    /// The `q`-quantiles (inverted distribution function) for ascending `shares`, and the method that gave them.
    ///
    /// Exact while all distinct values are known. Afterwards the log-linear bin is exact in rank and the sampled values
    /// inside it place the quantile; it never leaves the bin and is at most 1 % off in value.
    pub fn quantiles(&self, shares: &[f64]) -> (Option<Vec<f64>>, &'static str) {
        self.quantiles_of(&self.known(), shares)
    }

    fn quantiles_of(&self, Known { entries, is_exact }: &Known, shares: &[f64]) -> (Option<Vec<f64>>, &'static str) {
        if *is_exact {
            let total: u64 = entries.iter().map(|entry| entry.1).sum();
            let find = |&share: &f64| {
                let mut wanted = rank_of(share, total)?;
                entries.iter().find(|(_, count)| {
                    let found = wanted <= *count;
                    wanted = wanted.saturating_sub(*count);
                    found
                })
            };
            let found: Option<Vec<f64>> = shares.iter().map(|share| find(share).map(|entry| entry.0)).collect();
            return (found, "exact");
        }
        let found = shares.iter().map(|&share| self.placed_quantile(share, entries)).collect();
        (found, "log-linear ≤1 %")
    }

    fn placed_quantile(&self, share: f64, entries: &[(f64, u64)]) -> Option<f64> {
        let (bin, below, count) = self.bins.bin_at(share)?;
        let (mut lower, mut upper) = bounds_of(bin);
        let Some((least, greatest)) = self.range else { return Some(middle_of(bin)) };
        // The outermost bins reach further than their bounds.
        lower = if least < lower && self.bins.bins().next()?.0 == bin { least } else { lower.max(least) };
        upper = if greatest > upper && self.bins.bins().last()?.0 == bin { greatest } else { upper.min(greatest) };
        let inside: Vec<&(f64, u64)> = entries.iter().filter(|entry| bin_of(entry.0) == bin).collect();
        let weight: u64 = inside.iter().map(|entry| entry.1).sum();
        let within = (rank_of(share, self.bins.total())? - below) as f64 / count as f64;
        let mut placed = (lower + upper) / 2.0;
        if let Some(wanted) = rank_of(within, weight) {
            let mut seen = 0;
            placed = inside
                .iter()
                .find(|entry| {
                    seen += entry.1;
                    seen >= wanted
                })?
                .0;
        }
        // Whatever the true value in the bin, this interval keeps the error at or below 1 %.
        let (near, far) = if lower >= 0.0 { (lower, upper) } else { (upper, lower) };
        let (first, second) = (far * 0.99, near * 1.01);
        let (least, greatest) = (first.min(second), first.max(second));
        let tight = (upper - lower).abs() <= 0.01 * near.abs() || bin == 0;
        Some(if tight { placed } else { placed.clamp(least, greatest) })
    }

    pub(super) fn summarise(&self, summary: &mut ColumnSummary) {
        summary.distinct = Some(self.distinct.estimate());
        summary.distinct_exact = self.sample.as_ref().and_then(|sample| sample.distinct());
        summary.mean = self.moments.mean();
        summary.standard_deviation = self.moments.standard_deviation();
        summary.minimum = self.minimum();
        summary.maximum = self.maximum();
        let known = self.known();
        let (quantiles, method) = self.quantiles_of(&known, &Quantiles::SHARES);
        summary.quantile_method = quantiles.as_ref().map(|_| method);
        summary.quantiles = quantiles.map(|found| Quantiles::of(&found));
        if known.is_exact {
            let entries = &known.entries;
            let named = entries.iter().map(|&(value, count)| ValueCount::exact(value.to_string(), count));
            summary.set_top_values(named.collect(), "exact");
        }
        summary.histogram = match &known {
            Known { entries, is_exact: true } if entries.len() <= HistogramBar::MOST => entries
                .iter()
                .map(|&(value, count)| HistogramBar { from: value, to: value, rows: count as f64 })
                .collect(),
            known => self.bars(known),
        };
    }

    /// Bars of equal width between the 0.5 % and 99.5 % quantiles; the outer bars also hold what lies beyond.
    fn bars(&self, known: &Known) -> Vec<HistogramBar> {
        let (Some(ends), _) = self.quantiles_of(known, &[0.005, 0.995]) else { return Vec::new() };
        let (first, last) = (ends[0], ends[1]);
        // NaN cannot occur, but a span beyond the range of floats can.
        if last <= first || !(last - first).is_finite() {
            return vec![HistogramBar { from: first, to: last, rows: self.bins.total() as f64 }];
        }
        let spread = self.bins.bins().filter(|&(bin, _)| {
            let (lower, upper) = bounds_of(bin);
            upper > first && lower < last
        });
        let Known { entries, is_exact } = known;
        // Few bins for the bars to share, or all values known: the values place rows better than bin bounds do.
        if !entries.is_empty() && (*is_exact || spread.count() < HistogramBar::MOST / 2) {
            let weight: u64 = entries.iter().map(|entry| entry.1).sum();
            let scale = self.bins.total() as f64 / weight as f64;
            return HistogramBar::spread(
                first,
                last,
                entries.iter().map(|&(value, count)| (value, value, count as f64 * scale)),
            );
        }
        let ranges = self.bins.bins().map(|(bin, count)| {
            let (lower, upper) = bounds_of(bin);
            (lower, upper, count as f64)
        });
        HistogramBar::spread(first, last, ranges)
    }

    /// Freezes edges from these numbers; nothing when there are none.
    ///
    /// All values while they are known; else a sample of them, with the exact extremes and the heavy values that the
    /// frequent items found; for a private column the bounds of log-linear bins.
    ///
    /// The edges do not depend on the order of the rows, except where values were dropped from the sample *and* some
    /// are heavy: then the weight of the heavy ones has the error of the frequent items.
    pub fn freeze(&self) -> Option<NumberEdges> {
        let reference = match &self.sample {
            Some(sample) if sample.is_exact() => NumberReference::of_counts(
                sample.entries().into_iter().map(|(value, count)| (value, u128::from(count))).collect(),
                true,
            ),
            Some(sample) => self.sampled_reference(sample),
            None => self.binned_reference(),
        }?;
        Some(NumberEdges::from_reference(&reference))
    }

    fn sampled_reference(&self, sample: &ValueSample<f64>) -> Option<NumberReference> {
        let (minimum, maximum) = self.range?;
        let total = self.moments.count();
        let mut known: Vec<(f64, u64)> = sample.entries();
        if let Some(frequent) = sample.frequent() {
            known.extend(frequent.top().into_iter().map(|item| (item.value, item.lower)));
        }
        // Heavy by an exact count or by a lower bound; the sample's other values stand for the remaining rows.
        known.sort_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(&left.1)));
        known.dedup_by(|later, earlier| later.0 == earlier.0);
        let heavy: Vec<(f64, u64)> = known.into_iter().filter(|entry| entry.1 * 10 >= total).collect();
        let is_heavy = |value: f64| heavy.iter().any(|entry| entry.0 == value);
        let light: Vec<(f64, u64)> = sample.entries().into_iter().filter(|entry| !is_heavy(entry.0)).collect();
        let heavy_rows: u64 = heavy.iter().map(|entry| entry.1).sum();
        let light_rows = u128::from(total.saturating_sub(heavy_rows));
        let light_weight: u128 = light.iter().map(|entry| u128::from(entry.1)).sum();
        let mut entries: Vec<(f64, u128)> =
            light.iter().map(|entry| (entry.0, u128::from(entry.1) * light_rows)).collect();
        entries.extend(heavy.iter().map(|entry| (entry.0, u128::from(entry.1) * light_weight.max(1))));
        entries.sort_by(|left, right| left.0.total_cmp(&right.0));
        let heavy = heavy.into_iter().map(|entry| entry.0).collect();
        Some(NumberReference { entries, heavy, minimum, maximum, exact: false })
    }

    fn binned_reference(&self) -> Option<NumberReference> {
        let bins: Vec<(i32, u64)> = self.bins.bins().collect();
        let (minimum, maximum) = (bounds_of(bins.first()?.0).0, bounds_of(bins.last()?.0).1);
        // Bin 0 stands for zero itself, which is the one value a bin can single out.
        let point = |bin: i32| if bin == 0 { 0.0 } else { bounds_of(bin).1 };
        let entries: Vec<(f64, u128)> = bins.iter().map(|&(bin, count)| (point(bin), u128::from(count))).collect();
        let zero_is_heavy = bins.iter().any(|&(bin, count)| bin == 0 && count * 10 >= self.bins.total());
        let heavy = if zero_is_heavy { vec![0.0] } else { Vec::new() };
        Some(NumberReference { entries, heavy, minimum, maximum, exact: false })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.moments.write(writer);
        self.bins.write(writer);
        self.distinct.write(writer);
        writer.flag(self.range.is_some());
        if let Some((least, greatest)) = self.range {
            writer.float(least);
            writer.float(greatest);
        }
        writer.flag(self.sample.is_some());
        if let Some(sample) = &self.sample {
            sample.write(writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (moments, bins) = (Moments::read(reader)?, LogLinear::read(reader)?);
        let distinct = Distinct::read(reader)?;
        let range = if reader.flag()? { Some((reader.float()?, reader.float()?)) } else { None };
        if !range.is_none_or(|(least, greatest)| least.is_finite() && greatest.is_finite() && least <= greatest) {
            return Err(CodecError::Invalid { field: "range" });
        }
        Ok(Self {
            moments,
            bins,
            distinct,
            range,
            sample: if reader.flag()? { Some(ValueSample::read(reader)?) } else { None },
        })
    }
}

/// Adds values to the sample and to the distinct counter. While every value is kept, only new ones reach the counter.
fn add_to_sample(sample: &mut ValueSample<f64>, distinct: &mut Distinct, bins: &LogLinear, values: &[f64]) {
    let mut kept = 0;
    for &value in values {
        if sample.has_dropped() {
            break;
        }
        let hash = ValueHash::of_number(value);
        if sample.add(hash.low, &value, 1) == Added::New {
            distinct.add(hash.coupon());
        }
        kept += 1;
    }
    let rest = &values[kept..];
    let mut hashes = [0u64; BLOCK];
    for block in rest.chunks(BLOCK) {
        distinct.add_all(block.iter().zip(&mut hashes).map(|(&value, kept)| {
            let hash = ValueHash::of_number(value);
            *kept = hash.low;
            hash.coupon()
        }));
        let mut threshold = sample.threshold();
        for (&hash, value) in hashes.iter().zip(block) {
            if hash <= threshold {
                sample.add(hash, value, 1);
                threshold = sample.threshold();
            }
        }
    }
    if let (false, Some(frequent)) = (rest.is_empty(), sample.frequent_mut()) {
        follow_heavy(frequent, bins, rest);
    }
}

/// Follows frequent values of a column with many: only where a bin holds enough rows for a heavy value to hide in.
fn follow_heavy(frequent: &mut FrequentItems<f64>, bins: &LogLinear, values: &[f64]) {
    let watched: Vec<i32> =
        bins.bins().filter(|&(_, count)| count * WATCHED_SHARE >= bins.total()).map(|(bin, _)| bin).collect();
    let (Some(&first), Some(&last)) = (watched.first(), watched.last()) else { return };
    let mut is_watched = vec![false; (last - first) as usize + 1];
    watched.iter().for_each(|bin| is_watched[(bin - first) as usize] = true);
    let is_watched = |value: f64| is_watched.get(bin_of(value).wrapping_sub(first) as usize).copied().unwrap_or(false);
    let followed: Vec<f64> = values.iter().copied().filter(|&value| is_watched(value)).collect();
    let mut skipped = 0;
    let candidates = if FrequentItems::<f64>::may_skip_singles(followed.len(), values.len()) {
        let candidates = without_singles(&followed);
        skipped += (followed.len() - candidates.len()) as u64;
        candidates
    } else {
        followed
    };
    let mut table = ValueTable::default();
    candidates.iter().for_each(|value| {
        table.add(f64::hash(value), value, 1);
    });
    for (hash, value, count) in table.iter() {
        if skipped > 0 && count == 1 {
            skipped += 1;
        } else {
            frequent.add(hash, value, count);
        }
    }
    if skipped > 0 {
        frequent.skip_singles(skipped);
    }
}

/// Drops most values that occur once: one that occurs twice fills its bucket twice, and few others share a bucket.
fn without_singles(values: &[f64]) -> Vec<f64> {
    let mut filled = [0u64; FILTER / 64];
    let mut again = [0u64; FILTER / 64];
    let bucket = |value: f64| (value.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER.ilog2())) as usize;
    for &value in values {
        let (word, bit) = (bucket(value) / 64, 1u64 << (bucket(value) % 64));
        again[word] |= filled[word] & bit;
        filled[word] |= bit;
    }
    let twice = |value: f64| again[bucket(value) / 64] >> (bucket(value) % 64) & 1 == 1;
    values.iter().copied().filter(|&value| twice(value)).collect()
}
