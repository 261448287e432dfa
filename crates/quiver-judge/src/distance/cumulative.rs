//! Distances between two distribution functions, on weighted points or on frozen cells; knows no bins of its own.
//!
//! Points are `(value, rows)` in ascending order. The *cells* of `m` frozen points are the `2m + 1` sets
//! `(−∞, p₁), {p₁}, (p₁, p₂), {p₂}, …, {pₘ}, (pₘ, ∞)`. Missing values are on neither: missingness is measured by bins.

pub mod smirnov;
pub mod wasserstein;

use super::float;

/// Why two distribution functions have no distance.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CumulativeError {
    /// The reference has no rows.
    #[error("reference has no rows")]
    EmptyReference,
    /// The current side has no rows.
    #[error("current has no rows")]
    EmptyCurrent,
    /// A value is no number, infinite, or smaller than the one before it.
    #[error("value {value} at position {position} is not finite or not in ascending order")]
    Unordered {
        /// The value.
        value: f64,
        /// Its position in the list, from 0.
        position: usize,
    },
    /// The counts do not belong to the cells of the points.
    #[error("{points} points have {expected} cells, not {cells}")]
    Misaligned {
        /// Frozen points.
        points: usize,
        /// Counts that were given.
        cells: usize,
        /// Counts that belong to the points.
        expected: usize,
    },
    /// The reference does not vary, so nothing can be measured in its standard deviations.
    #[error("reference's standard deviation is {deviation}, so a distance cannot be normalised by it")]
    ConstantReference {
        /// The standard deviation.
        deviation: f64,
    },
    /// The confidence is no probability.
    #[error("confidence is {confidence}, not between 0 and 1")]
    Confidence {
        /// What was given.
        confidence: f64,
    },
}

/// Counts of both sides on the cells of frozen points.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    points: &'a [f64],
    reference: &'a [u64],
    current: &'a [u64],
}

impl<'a> Cells<'a> {
    /// Checks that points ascend and that each side has a count for each of their `2m + 1` cells, and rows.
    pub fn new(points: &'a [f64], reference: &'a [u64], current: &'a [u64]) -> Result<Self, CumulativeError> {
        check_order(points.iter().copied())?;
        if let Some(position) = points.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(CumulativeError::Unordered { value: points[position + 1], position: position + 1 });
        }
        let expected = 2 * points.len() + 1;
        for side in [reference, current] {
            if side.len() != expected {
                return Err(CumulativeError::Misaligned { points: points.len(), cells: side.len(), expected });
            }
        }
        check_rows(reference.iter().sum(), current.iter().sum())?;
        Ok(Self { points, reference, current })
    }

    fn rows(&self) -> (u64, u64) {
        (self.reference.iter().sum(), self.current.iter().sum())
    }

    /// Cells that have a row on either side.
    fn occupied(&self) -> usize {
        self.reference.iter().zip(self.current).filter(|(r, c)| **r + **c > 0).count()
    }

    /// Shares of each side at the start and at the end of every cell, in order.
    fn borders(&self) -> impl Iterator<Item = CellShares> {
        let (n, m) = self.rows();
        let mut below = (0, 0);
        self.reference.iter().zip(self.current).map(move |(r, c)| {
            let start = below;
            below = (below.0 + r, below.1 + c);
            CellShares {
                start: (float(start.0) / float(n), float(start.1) / float(m)),
                end: (float(below.0) / float(n), float(below.1) / float(m)),
            }
        })
    }
}

/// What part of each side lies before and up to the end of one cell, as `(reference, current)`.
#[derive(Debug, Clone, Copy)]
struct CellShares {
    start: (f64, f64),
    end: (f64, f64),
}

fn check_rows(reference: u64, current: u64) -> Result<(), CumulativeError> {
    match (reference, current) {
        (0, _) => Err(CumulativeError::EmptyReference),
        (_, 0) => Err(CumulativeError::EmptyCurrent),
        _ => Ok(()),
    }
}

fn check_order(values: impl Iterator<Item = f64>) -> Result<(), CumulativeError> {
    let mut before = f64::NEG_INFINITY;
    for (position, value) in values.enumerate() {
        if !value.is_finite() || value < before {
            return Err(CumulativeError::Unordered { value, position });
        }
        before = value;
    }
    Ok(())
}

/// Checks weighted points; returns the rows of each side.
fn check_points(reference: &[(f64, u64)], current: &[(f64, u64)]) -> Result<(u64, u64), CumulativeError> {
    check_order(reference.iter().map(|point| point.0))?;
    check_order(current.iter().map(|point| point.0))?;
    let rows = |side: &[(f64, u64)]| side.iter().map(|point| point.1).sum();
    let (n, m) = (rows(reference), rows(current));
    check_rows(n, m)?;
    Ok((n, m))
}

fn check_confidence(confidence: f64) -> Result<(), CumulativeError> {
    if confidence > 0.0 && confidence < 1.0 { Ok(()) } else { Err(CumulativeError::Confidence { confidence }) }
}

/// Rows of each side up to and including one value.
#[derive(Debug, Clone, Copy)]
struct Step {
    value: f64,
    reference: u64,
    current: u64,
}

/// Merges two checked lists into one step a distinct value, in ascending order.
fn merged_steps(reference: &[(f64, u64)], current: &[(f64, u64)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(reference.len() + current.len());
    let (mut left, mut right) = (reference.iter().peekable(), current.iter().peekable());
    let mut below = (0, 0);
    loop {
        let value = match (left.peek(), right.peek()) {
            (Some(l), Some(r)) => l.0.min(r.0),
            (Some(only), None) | (None, Some(only)) => only.0,
            (None, None) => return steps,
        };
        while let Some(point) = left.next_if(|point| point.0 <= value) {
            below.0 += point.1;
        }
        while let Some(point) = right.next_if(|point| point.0 <= value) {
            below.1 += point.1;
        }
        steps.push(Step { value, reference: below.0, current: below.1 });
    }
}
