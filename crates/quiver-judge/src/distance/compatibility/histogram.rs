//! Cuts a range into equal bins the way NumPy 2 does, and counts values in them; knows no peer.

use super::{CompatibilityError, Storage};
use crate::distance::float_len;

/// Equal-width edges for `values`, whose bins are about `width(range)` wide; never more than NumPy would make.
///
/// A constant column gets one bin of width 1 around its value. The bins of integers are at least 1 wide.
fn equal_edges(values: &[f64], storage: Storage, width: Option<f64>) -> Result<Vec<f64>, CompatibilityError> {
    let (first, last) = outer_edges(values)?;
    let width = match (width, storage) {
        (Some(width), Storage::Integer) => Some(width.max(1.0)),
        (other, _) => other,
    };
    let bins = match width {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, rounded up")]
        Some(width) if width > 0.0 => ((last - first) / width).ceil() as usize,
        _ => 1,
    };
    Ok(linear_edges(first, last, bins.max(1)))
}

/// `bins` equal bins over the range of `values`.
pub(super) fn fixed_edges(values: &[f64], bins: usize) -> Result<Vec<f64>, CompatibilityError> {
    let (first, last) = outer_edges(values)?;
    Ok(linear_edges(first, last, bins))
}

/// Sturges' rule: the range over `log₂ n + 1` (Sturges 1926).
pub(super) fn sturges_edges(values: &[f64], storage: Storage) -> Result<Vec<f64>, CompatibilityError> {
    let width = range(values)? / (float_len(values.len()).log2() + 1.0);
    equal_edges(values, storage, Some(width))
}

/// Doane's rule: Sturges' with more bins for skewed values (Doane 1976).
pub(super) fn doane_edges(values: &[f64], storage: Storage) -> Result<Vec<f64>, CompatibilityError> {
    let range = range(values)?;
    equal_edges(values, storage, doane_width(values, range))
}

fn doane_width(values: &[f64], range: f64) -> Option<f64> {
    let rows = float_len(values.len());
    if values.len() <= 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / rows;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows).sqrt();
    if deviation <= 0.0 {
        return None;
    }
    let skewness = values.iter().map(|value| ((value - mean) / deviation).powi(3)).sum::<f64>() / rows;
    let spread = (6.0 * (rows - 2.0) / ((rows + 1.0) * (rows + 3.0))).sqrt();
    Some(range / (1.0 + rows.log2() + (1.0 + skewness.abs() / spread).log2()))
}

/// The smallest and largest of sorted values, half a unit apart on either side when they are one.
fn outer_edges(values: &[f64]) -> Result<(f64, f64), CompatibilityError> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Err(CompatibilityError::EmptyReference);
    };
    if !(first.is_finite() && last.is_finite()) {
        return Err(CompatibilityError::InfiniteRange);
    }
    Ok(if first == last { (first - 0.5, last + 0.5) } else { (*first, *last) })
}

fn range(values: &[f64]) -> Result<f64, CompatibilityError> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Err(CompatibilityError::EmptyReference);
    };
    if first.is_finite() && last.is_finite() { Ok(last - first) } else { Err(CompatibilityError::InfiniteRange) }
}

/// Edges as multiples of one step, the last one exact: the order of the roundings decides on which side a value falls.
fn linear_edges(first: f64, last: f64, bins: usize) -> Vec<f64> {
    let step = (last - first) / float_len(bins);
    let mut edges: Vec<f64> = (0..=bins).map(|index| float_len(index) * step + first).collect();
    edges[bins] = last;
    edges
}

/// Counts sorted values in bins closed on the left, the last one on both sides; what is outside is not counted.
pub(super) fn counts(sorted: &[f64], edges: &[f64]) -> Vec<u64> {
    let last = edges.len() - 1;
    let below = |index: usize| {
        let edge = edges[index];
        let inside = |value: &f64| if index == last { *value <= edge } else { *value < edge };
        sorted.partition_point(inside) as u64
    };
    let starts: Vec<u64> = (0..edges.len()).map(below).collect();
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
