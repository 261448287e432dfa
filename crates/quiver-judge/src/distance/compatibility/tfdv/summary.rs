//! Summarises numbers in the buckets of TensorFlow Data Validation 1.16; compares nothing.
//!
//! TFDV first takes a thousand fine quantiles from a sketch and derives both kinds of histogram from those. Its sketch
//! is exact up to 5,701 different values at its default error of 0.01, so this is exact there and close above.

use super::{Bucket, Histogram, Source};
use crate::distance::compatibility::{CompatibilityError, histogram};
use crate::distance::{float, float_len};

/// Fine quantiles, the last of them being the maximum.
const FINE_QUANTILES: usize = 1000;

/// Buckets of either kind of histogram.
const BUCKETS: usize = 10;

/// A quantile and the rows that are not above it.
#[derive(Debug, Clone, Copy)]
struct Quantile {
    value: f64,
    at_or_below: f64,
}

/// The histogram that TFDV makes of a column; missing values and NaN, which a table cannot tell apart, are left out.
///
/// Fails when there is no value, or no finite one for the standard histogram.
pub fn histogram_of(source: Source, values: &[Option<f64>]) -> Result<Histogram, CompatibilityError> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() {
        return Err(CompatibilityError::EmptyReference);
    }
    let fine = fine_quantiles(&sorted);
    let buckets = match source {
        Source::Quantiles => {
            let coarse: Vec<Quantile> = fine.into_iter().step_by(FINE_QUANTILES / BUCKETS).collect();
            buckets_between(&coarse)
        }
        Source::Standard => standard_buckets(&sorted, fine)?,
    };
    Ok(Histogram { buckets, nan: 0.0 })
}

fn fine_quantiles(sorted: &[f64]) -> Vec<Quantile> {
    (0..=FINE_QUANTILES)
        .map(|index| {
            let value = sorted[(index * sorted.len() / FINE_QUANTILES).min(sorted.len() - 1)];
            Quantile { value, at_or_below: float_len(sorted.partition_point(|other| *other <= value)) }
        })
        .collect()
}

/// One bucket between each two neighbours; those with one upper bound share their rows evenly, and the rows of the
/// smallest value are shared by the buckets that are like the first.
fn buckets_between(quantiles: &[Quantile]) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = quantiles
        .windows(2)
        .map(|pair| Bucket { low: pair[0].value, high: pair[1].value, rows: pair[1].at_or_below - pair[0].at_or_below })
        .collect();
    for equal in buckets.chunk_by_mut(|left, right| left.high == right.high) {
        let mean = equal.iter().map(|bucket| bucket.rows).sum::<f64>() / float_len(equal.len());
        equal.iter_mut().for_each(|bucket| bucket.rows = mean);
    }
    if let (Some(&first), Some(&lowest)) = (buckets.first(), quantiles.first()) {
        let is_like_first = |bucket: &Bucket| bucket.low == first.low && bucket.high == first.high;
        let alike = buckets.iter().filter(|bucket| is_like_first(bucket)).count();
        let part = lowest.at_or_below / float_len(alike);
        buckets.iter_mut().filter(|bucket| is_like_first(bucket)).for_each(|bucket| bucket.rows += part);
    }
    buckets
}

/// Spreads the fine buckets over ten even ones; each infinity is a bucket of its own.
fn standard_buckets(sorted: &[f64], fine: Vec<Quantile>) -> Result<Vec<Bucket>, CompatibilityError> {
    let negative = sorted.partition_point(|value| *value == f64::NEG_INFINITY);
    let finite_end = sorted.partition_point(|value| *value < f64::INFINITY);
    let finite = &sorted[negative..finite_end];
    let (Some(&minimum), Some(&maximum)) = (finite.first(), finite.last()) else {
        return Err(CompatibilityError::InfiniteRange);
    };
    let positive = sorted.len() - finite_end;
    let removed = float_len(negative);
    let mut kept: Vec<Quantile> = fine
        .into_iter()
        .filter(|quantile| quantile.value.is_finite())
        .map(|quantile| Quantile { at_or_below: quantile.at_or_below - removed, ..quantile })
        .collect();
    if positive > 0 {
        kept.push(Quantile { value: maximum, at_or_below: float_len(finite.len()) });
    }
    let fine_buckets = buckets_between(&kept);
    let edges = if minimum == maximum { vec![minimum, maximum] } else { histogram::fixed_edges(finite, BUCKETS)? };
    let infinity = |value: f64, rows: usize| Bucket { low: value, high: value, rows: float(rows as u64) };
    let mut buckets = Vec::with_capacity(BUCKETS + 2);
    if negative > 0 {
        buckets.push(infinity(f64::NEG_INFINITY, negative));
    }
    for (index, pair) in edges.windows(2).enumerate() {
        let rows = fine_buckets.iter().map(|bucket| covered(bucket, pair[0], pair[1], index == 0)).sum();
        buckets.push(Bucket { low: pair[0], high: pair[1], rows });
    }
    if positive > 0 {
        buckets.push(infinity(f64::INFINITY, positive));
    }
    Ok(buckets)
}

/// The rows of a fine bucket that fall between `low` and `high`; a point on a border belongs to the left.
fn covered(bucket: &Bucket, low: f64, high: f64, is_first: bool) -> f64 {
    if bucket.low == bucket.high {
        let inside = (low < bucket.low && bucket.low <= high) || (is_first && bucket.low == low);
        return if inside { bucket.rows } else { 0.0 };
    }
    if low <= bucket.low && bucket.high <= high {
        return bucket.rows;
    }
    let overlap = bucket.high.min(high) - bucket.low.max(low);
    overlap.max(0.0) / (bucket.high - bucket.low) * bucket.rows
}
