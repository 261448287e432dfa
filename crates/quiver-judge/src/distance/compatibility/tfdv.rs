//! The comparators of TensorFlow Data Validation 1.16, from values or from its own histograms; knows no schema.

mod summary;

pub use summary::histogram_of;

use super::{CompatibilityError, Levels, jensen_shannon_divergence, peer_distance};
use crate::distance::{Distance, float};

/// A comparator of TFDV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `jensen_shannon_divergence`: in bits, without a root.
    JensenShannon,
    /// `infinity_norm`: the largest difference in share, for categories.
    LInfinity,
    /// `normalized_abs_difference`: the largest difference in *count* over the rows of both sides, for categories.
    NormalizedAbsoluteDifference,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::JensenShannon, Self::LInfinity, Self::NormalizedAbsoluteDifference];

    /// The name of the convention.
    #[must_use]
    pub const fn convention(self) -> &'static str {
        match self {
            Self::JensenShannon => "tfdv-1.16/jensen_shannon_divergence",
            Self::LInfinity => "tfdv-1.16/infinity_norm",
            Self::NormalizedAbsoluteDifference => "tfdv-1.16/normalized_abs_difference",
        }
    }
}

/// Which of TFDV's two histograms of a numeric column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Ten equal-width buckets over the column's own range.
    Standard,
    /// Ten buckets of about equal rows.
    Quantiles,
}

/// One bucket of a histogram; counts are fractions because TFDV interpolates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// The smallest value; may be −∞.
    pub low: f64,
    /// The largest value; may be ∞. Equal to `low` for a bucket of one value.
    pub high: f64,
    /// The rows.
    pub rows: f64,
}

impl Bucket {
    fn is_finite(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    fn is_wide(&self) -> bool {
        self.is_finite() && self.low < self.high
    }
}

/// A numeric histogram with the rows that are no number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Buckets in ascending order.
    pub buckets: Vec<Bucket>,
    /// Rows that are NaN.
    pub nan: f64,
}

impl Histogram {
    fn rows(&self) -> f64 {
        self.buckets.iter().map(|bucket| bucket.rows).sum::<f64>() + self.nan
    }

    fn rows_where(&self, wanted: impl Fn(&Bucket) -> bool) -> f64 {
        self.buckets.iter().filter(|bucket| wanted(bucket)).map(|bucket| bucket.rows).sum()
    }

    /// The bounds of the buckets that have a width.
    fn edges(&self) -> Vec<f64> {
        sorted_once(self.buckets.iter().filter(|bucket| bucket.is_wide()).flat_map(|bucket| [bucket.low, bucket.high]))
    }

    fn points(&self) -> impl Iterator<Item = f64> {
        self.buckets.iter().filter(|bucket| bucket.is_finite() && !bucket.is_wide()).map(|bucket| bucket.low)
    }
}

fn sorted_once(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// Measures a numeric column: the divergence of the histograms that TFDV makes of both sides.
///
/// Exact for at most 5,701 different values, see [`histogram_of`]. Fails when a side has no finite value.
pub fn measure_numbers(
    source: Source,
    reference: &[Option<f64>],
    current: &[Option<f64>],
) -> Result<Distance, CompatibilityError> {
    let left = histogram_of(source, reference)?;
    let right = histogram_of(source, current).map_err(|error| match error {
        CompatibilityError::EmptyReference => CompatibilityError::EmptyCurrent,
        other => other,
    })?;
    jensen_shannon_of_histograms(&left, &right)
}

/// The Jensen–Shannon divergence in bits of two histograms.
///
/// Rows are spread evenly over the union of both sides' edges; a bucket of one value stays a point and overlaps only
/// the same point. Buckets that reach to an infinity overlap nothing, not even themselves. Neither does NaN, which TFDV
/// forgets as soon as the edges of the two sides differ. Fails when a side has no rows.
pub fn jensen_shannon_of_histograms(
    reference: &Histogram,
    current: &Histogram,
) -> Result<Distance, CompatibilityError> {
    if reference.rows() <= 0.0 {
        return Err(CompatibilityError::EmptyReference);
    }
    if current.rows() <= 0.0 {
        return Err(CompatibilityError::EmptyCurrent);
    }
    let edges = sorted_once(reference.edges().into_iter().chain(current.edges()));
    let points = sorted_once(reference.points().chain(current.points()));
    let keeps_nan = reference.edges() == current.edges();
    let alone =
        |side: &Histogram| side.rows_where(|bucket| !bucket.is_finite()) + if keeps_nan { side.nan } else { 0.0 };
    let mut left = aligned(reference, &edges, &points);
    let mut right = aligned(current, &edges, &points);
    left.extend([alone(reference), 0.0]);
    right.extend([0.0, alone(current)]);
    for side in [&mut left, &mut right] {
        let total: f64 = side.iter().sum();
        side.iter_mut().for_each(|rows| *rows /= total);
    }
    let value = jensen_shannon_divergence(&left, &right) / std::f64::consts::LN_2;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows are positive and rounded")]
    let rows = (reference.rows().round() as usize, current.rows().round() as usize);
    Ok(peer_distance(Method::JensenShannon.convention(), value, None, rows, left.len()))
}

/// Rows of one side between each two edges, then on each point.
fn aligned(side: &Histogram, edges: &[f64], points: &[f64]) -> Vec<f64> {
    let stretches = edges.len().saturating_sub(1);
    let mut rows = vec![0.0; stretches + points.len()];
    for bucket in side.buckets.iter().filter(|bucket| bucket.is_finite()) {
        if bucket.is_wide() {
            let place = |value: f64| edges.partition_point(|edge| *edge < value);
            for index in place(bucket.low)..place(bucket.high) {
                let part = (edges[index + 1] - edges[index]) / (bucket.high - bucket.low);
                rows[index] += part * bucket.rows;
            }
        } else {
            rows[stretches + points.partition_point(|point| *point < bucket.low)] += bucket.rows;
        }
    }
    rows
}

/// Measures a column of categories; missing values are dropped.
///
/// TFDV keeps the 1,000 most frequent values of each side; this takes all of them, which differs beyond that. Fails
/// when a side has no value.
pub fn measure_categories<T: Ord>(
    method: Method,
    reference: &[Option<T>],
    current: &[Option<T>],
) -> Result<Distance, CompatibilityError> {
    let levels = Levels::of_categories(reference, current)?;
    let (left, right) = levels.shares();
    let (n, m) = levels.rows();
    let value = match method {
        Method::JensenShannon => jensen_shannon_divergence(&left, &right) / std::f64::consts::LN_2,
        Method::LInfinity => left.iter().zip(&right).map(|(r, c)| (r - c).abs()).fold(0.0, f64::max),
        Method::NormalizedAbsoluteDifference => {
            let widest = levels.reference.iter().zip(&levels.current).map(|(r, c)| r.abs_diff(*c)).max().unwrap_or(0);
            float(widest) / float(n + m)
        }
    };
    let rows = (reference.iter().flatten().count(), current.iter().flatten().count());
    Ok(peer_distance(method.convention(), value, None, rows, levels.len()))
}
