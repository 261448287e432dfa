//! Tests whether two rows of bin counts share one distribution; knows no threshold.

use serde::Serialize;

use super::tail::{ScaledChiSquared, chi_squared_above, chi_squared_limit};
use super::{float, float_len};

/// Why two lists of counts cannot be tested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndependenceError {
    /// The lists do not describe the same bins.
    #[error("reference has {reference} bins and current has {current}")]
    Misaligned {
        /// Bins of the reference.
        reference: usize,
        /// Bins of the current side.
        current: usize,
    },
    /// The reference has no rows.
    #[error("reference has no rows")]
    EmptyReference,
    /// The current side has no rows.
    #[error("current has no rows")]
    EmptyCurrent,
}

/// The chi-square test of homogeneity on the 2×B table (Pearson 1900), without Yates' correction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquareTest {
    /// `Σ (observed − expected)² / expected`.
    pub statistic: f64,
    /// Bins with a row on either side.
    pub bins: usize,
    /// `bins − 1`.
    pub degrees_of_freedom: usize,
    /// The probability of this statistic or more without drift; 0 once it is below what a float can hold.
    pub p_value: f64,
    /// `√(statistic / rows)`, in `[0, 1]` (Cramér 1946).
    pub cramers_v: f64,
    /// The same without its bias, 0 when the bias explains all of it (Bergsma 2013).
    pub cramers_v_corrected: f64,
    /// The smallest expected count; below about 5 the p-value is rough (Cochran 1954).
    pub smallest_expected: f64,
    /// Rows of both sides.
    pub rows: u64,
}

impl ChiSquareTest {
    /// The V that no drift exceeds with probability `1 − confidence`.
    #[must_use]
    pub fn cramers_v_limit(&self, confidence: f64) -> f64 {
        (chi_squared_limit(confidence, float_len(self.degrees_of_freedom)) / float(self.rows)).sqrt().min(1.0)
    }

    /// The expected V without drift.
    #[must_use]
    pub fn cramers_v_bias(&self) -> f64 {
        let (degrees, rows) = (float_len(self.degrees_of_freedom), float(self.rows));
        ScaledChiSquared::of_moments(degrees / rows, 2.0 * degrees / (rows * rows))
            .map_or(0.0, |law| law.mean_of_root().min(1.0))
    }
}

/// Tests whether aligned counts come from one distribution; bins empty on both sides are left out.
///
/// A single bin leaves nothing to test: statistic 0, p-value 1. Fails when a side has no rows or the bins differ.
pub fn chi_square(reference: &[u64], current: &[u64]) -> Result<ChiSquareTest, IndependenceError> {
    if reference.len() != current.len() {
        return Err(IndependenceError::Misaligned { reference: reference.len(), current: current.len() });
    }
    let (reference_rows, current_rows): (u64, u64) = (reference.iter().sum(), current.iter().sum());
    if reference_rows == 0 {
        return Err(IndependenceError::EmptyReference);
    }
    if current_rows == 0 {
        return Err(IndependenceError::EmptyCurrent);
    }
    let (n, m) = (float(reference_rows), float(current_rows));
    let rows = n + m;
    let (mut statistic, mut bins, mut smallest_expected) = (0.0, 0_usize, f64::INFINITY);
    for (r, c) in reference.iter().zip(current).filter(|(r, c)| **r + **c > 0) {
        let pooled = float(r + c);
        // (r·m − c·n)² / (n·m·t) is both sides' terms in one, without a rounded expectation in between.
        statistic += (float(*r) * m - float(*c) * n).powi(2) / (n * m * pooled);
        smallest_expected = smallest_expected.min(pooled * n.min(m) / rows);
        bins += 1;
    }
    let degrees_of_freedom = bins - 1;
    let phi_squared = statistic / rows;
    Ok(ChiSquareTest {
        statistic,
        bins,
        degrees_of_freedom,
        p_value: chi_squared_above(statistic, float_len(degrees_of_freedom)),
        cramers_v: phi_squared.sqrt().min(1.0),
        cramers_v_corrected: corrected(phi_squared, float_len(bins), rows),
        smallest_expected,
        rows: reference_rows + current_rows,
    })
}

/// Bergsma's correction of `φ²` and of both dimensions of a 2×`bins` table.
fn corrected(phi_squared: f64, bins: f64, rows: f64) -> f64 {
    let shrink = |size: f64| size - (size - 1.0).powi(2) / (rows - 1.0);
    let excess = (phi_squared - (bins - 1.0) / (rows - 1.0)).max(0.0);
    let smaller = shrink(2.0).min(shrink(bins)) - 1.0;
    if smaller > 0.0 { (excess / smaller).sqrt().min(1.0) } else { 0.0 }
}
