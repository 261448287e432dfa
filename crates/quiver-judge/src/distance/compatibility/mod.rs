//! Reproduces the numbers of other systems from raw values, under their names; judges none of them.
//!
//! These modes exist so that a team can move over and see that its numbers are the same. They bin the way the named
//! release does, whatever its faults: missing values vanish, one outlier can hide all drift. Quiver's own measures do
//! not depend on them. The rules are written down, and verified against the released packages, in
//! `scripts/independent/conventions.md`.

pub mod evidently;
mod histogram;
pub mod nannyml;
pub mod tfdv;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Convention, Distance, float};

/// Whether a column of numbers is stored as floats or as integers; NumPy bins the two differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Floating point.
    Float,
    /// Integers; as floats here, exact below 2⁵³.
    Integer,
}

/// Why a peer would give no number.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CompatibilityError {
    /// The reference has no usable value.
    #[error("reference has no value")]
    EmptyReference,
    /// The current side has no usable value.
    #[error("current has no value")]
    EmptyCurrent,
    /// The range to be cut into bins is infinite.
    #[error("range of the values to bin is not finite")]
    InfiniteRange,
    /// The two-proportion test needs at most two values.
    #[error("a test of two proportions needs at most 2 different values, not {levels}")]
    NotBinary {
        /// Different values on both sides.
        levels: usize,
    },
    /// The measure does not apply to this type of column.
    #[error("{method} does not apply to {column} columns")]
    NotApplicable {
        /// The method's name.
        method: &'static str,
        /// The type of column.
        column: &'static str,
    },
}

/// A float with a total order, so that it can be a key; the two zeros are one.
#[derive(Debug, Clone, Copy)]
struct Key(f64);

impl Key {
    fn of(value: f64) -> Self {
        Self(if value == 0.0 { 0.0 } else { value })
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Counts of both sides for every value of either, in ascending order of the values.
#[derive(Debug, Clone, Default)]
struct Levels {
    reference: Vec<u64>,
    current: Vec<u64>,
}

impl Levels {
    fn of<K: Ord>(reference: impl Iterator<Item = K>, current: impl Iterator<Item = K>) -> Self {
        let mut counts: BTreeMap<K, (u64, u64)> = BTreeMap::new();
        reference.for_each(|value| counts.entry(value).or_default().0 += 1);
        current.for_each(|value| counts.entry(value).or_default().1 += 1);
        let (reference, current) = counts.into_values().unzip();
        Self { reference, current }
    }

    fn of_numbers(reference: &[f64], current: &[f64]) -> Self {
        Self::of(reference.iter().copied().map(Key::of), current.iter().copied().map(Key::of))
    }

    /// Categories that are present; a missing one is left out. Fails when a side has none.
    fn of_categories<T: Ord>(reference: &[Option<T>], current: &[Option<T>]) -> Result<Self, CompatibilityError> {
        let levels = Self::of(reference.iter().flatten(), current.iter().flatten());
        match levels.rows() {
            (0, _) => Err(CompatibilityError::EmptyReference),
            (_, 0) => Err(CompatibilityError::EmptyCurrent),
            _ => Ok(levels),
        }
    }

    fn len(&self) -> usize {
        self.reference.len()
    }

    fn rows(&self) -> (u64, u64) {
        (self.reference.iter().sum(), self.current.iter().sum())
    }

    fn shares(&self) -> (Vec<f64>, Vec<f64>) {
        let (n, m) = self.rows();
        (shares_of(&self.reference, n), shares_of(&self.current, m))
    }
}

fn shares_of(counts: &[u64], rows: u64) -> Vec<f64> {
    counts.iter().map(|count| float(*count) / float(rows)).collect()
}

/// Sorts the values that are present and wanted; fails when a side has none.
fn sorted_values(
    reference: &[Option<f64>],
    current: &[Option<f64>],
    wanted: impl Fn(f64) -> bool,
) -> Result<(Vec<f64>, Vec<f64>), CompatibilityError> {
    let side = |values: &[Option<f64>]| {
        let mut kept: Vec<f64> = values.iter().flatten().copied().filter(|value| wanted(*value)).collect();
        kept.sort_by(f64::total_cmp);
        kept
    };
    let (reference, current) = (side(reference), side(current));
    if reference.is_empty() {
        return Err(CompatibilityError::EmptyReference);
    }
    if current.is_empty() {
        return Err(CompatibilityError::EmptyCurrent);
    }
    Ok((reference, current))
}

/// Joins equal values of a sorted list into weighted points.
fn weighted_points(sorted: &[f64]) -> Vec<(f64, u64)> {
    sorted.chunk_by(|left, right| left == right).map(|equal| (equal[0], equal.len() as u64)).collect()
}

/// The largest gap between two sorted samples, infinities included.
fn largest_gap(reference: &[f64], current: &[f64]) -> f64 {
    let levels = Levels::of_numbers(reference, current);
    let (n, m) = levels.rows();
    let (mut below, mut widest) = ((0, 0), 0);
    for (r, c) in levels.reference.iter().zip(&levels.current) {
        below = (below.0 + r, below.1 + c);
        widest = widest.max((u128::from(below.0) * u128::from(m)).abs_diff(u128::from(below.1) * u128::from(n)));
    }
    #[allow(clippy::cast_precision_loss, reason = "rounded once, after an exact difference")]
    let gap = widest as f64 / (float(n) * float(m));
    gap
}

/// Jensen–Shannon divergence in nats of two lists of shares.
fn jensen_shannon_divergence(reference: &[f64], current: &[f64]) -> f64 {
    let side = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).ln() } else { 0.0 };
    let cell = |(r, c): (&f64, &f64)| {
        let middle = f64::midpoint(*r, *c);
        side(*r, middle) + side(*c, middle)
    };
    (0.5 * reference.iter().zip(current).map(cell).sum::<f64>()).max(0.0)
}

/// Hellinger distance of two lists of shares that each sum to 1.
fn hellinger_distance(reference: &[f64], current: &[f64]) -> f64 {
    let squares: f64 = reference.iter().zip(current).map(|(r, c)| (r.sqrt() - c.sqrt()).powi(2)).sum();
    (0.5 * squares).sqrt()
}

/// A peer's number: no floor and no bias, because no peer has them.
fn peer_distance(name: &str, value: f64, p_value: Option<f64>, rows: (usize, usize), bins: usize) -> Distance {
    Distance {
        value,
        convention: Convention::named(name),
        reference_rows: rows.0 as u64,
        current_rows: rows.1 as u64,
        bins,
        noise_floor: None,
        p_value,
        bias: None,
    }
}
