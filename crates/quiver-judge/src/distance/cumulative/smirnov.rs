//! The two-sample Kolmogorov–Smirnov gap and its p-values; knows no bins.

use std::f64::consts::{LN_2, PI};

use serde::Serialize;
use statrs::function::factorial::ln_factorial;

use super::{Cells, CumulativeError, check_confidence, check_points, merged_steps};
use crate::distance::{Convention, Distance, Measure, float};

/// The largest gap between two distribution functions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gap {
    /// The gap that is certain, in `[0, 1]`.
    pub at_least: f64,
    /// What the gap can be at most; equal to `at_least` when it is exact.
    pub at_most: f64,
}

/// The exact gap `sup |F − G|` between weighted points in ascending order (Smirnov 1939).
///
/// Fails when a side has no rows or its values are not finite and ascending.
pub fn gap(reference: &[(f64, u64)], current: &[(f64, u64)]) -> Result<f64, CumulativeError> {
    let (n, m) = check_points(reference, current)?;
    let widest = merged_steps(reference, current)
        .iter()
        .map(|step| (u128::from(step.reference) * u128::from(m)).abs_diff(u128::from(step.current) * u128::from(n)))
        .max()
        .unwrap_or(0);
    #[allow(clippy::cast_precision_loss, reason = "rounded once, after an exact difference")]
    Ok(widest as f64 / (float(n) * float(m)))
}

/// The gap on frozen cells: the largest one at a cell's border, and how much larger it can be inside an open cell.
///
/// Inside an open cell a function rises by no more than that cell's share, and what it gains is lost again at the
/// border unless both sides have rows in it, so the error is at most the smaller share of any open cell. The gap is
/// exact when every value of the reference is a point.
#[must_use]
pub fn gap_on_cells(cells: &Cells<'_>) -> Gap {
    let mut gap = Gap { at_least: 0.0, at_most: 0.0 };
    for (index, cell) in cells.borders().enumerate() {
        let (start, end) = (cell.start.0 - cell.start.1, cell.end.0 - cell.end.1);
        gap.at_least = gap.at_least.max(start.abs()).max(end.abs());
        // Even positions are open cells, odd ones single points, where the order of the rows does not matter.
        if index % 2 == 0 {
            let highest = start + (cell.end.0 - cell.start.0);
            let lowest = start - (cell.end.1 - cell.start.1);
            gap.at_most = gap.at_most.max(highest).max(-lowest);
        }
    }
    gap.at_most = gap.at_most.clamp(gap.at_least, 1.0);
    gap
}

/// The asymptotic probability of a gap of `gap` or more between `n` and `m` rows without drift (Smirnov 1948).
///
/// Exact in the limit for continuous values; with ties it is too large, which errs on the side of no drift.
#[must_use]
pub fn p_value(gap: f64, reference_rows: u64, current_rows: u64) -> f64 {
    kolmogorov_above(gap * effective_rows(reference_rows, current_rows).sqrt())
}

/// The gap that no drift exceeds with probability `1 − confidence`, by the same asymptotic law, at most 1.
#[must_use]
pub fn critical_gap(confidence: f64, reference_rows: u64, current_rows: u64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 20.0_f64);
    // Sixty halvings reach the last bit of the limit.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if kolmogorov_above(middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    (high / effective_rows(reference_rows, current_rows).sqrt()).min(1.0)
}

/// Measures the gap between weighted points; convention `ks/exact`, asymptotic p-value and floor.
pub fn measure(reference: &[(f64, u64)], current: &[(f64, u64)], confidence: f64) -> Result<Distance, CumulativeError> {
    check_confidence(confidence)?;
    let value = gap(reference, current)?;
    let (n, m) = check_points(reference, current)?;
    let points = merged_steps(reference, current).len();
    Ok(distance("exact", value, (n, m), points, confidence))
}

/// Measures the certain part of the gap on cells; convention `ks/cells`, asymptotic p-value and floor.
pub fn measure_cells(cells: &Cells<'_>, confidence: f64) -> Result<Distance, CumulativeError> {
    check_confidence(confidence)?;
    Ok(distance("cells", gap_on_cells(cells).at_least, cells.rows(), cells.occupied(), confidence))
}

fn distance(method: &str, value: f64, rows: (u64, u64), bins: usize, confidence: f64) -> Distance {
    Distance {
        value,
        convention: Convention::of_method(Measure::KolmogorovSmirnov, method),
        reference_rows: rows.0,
        current_rows: rows.1,
        bins,
        noise_floor: Some(critical_gap(confidence, rows.0, rows.1)),
        p_value: Some(p_value(value, rows.0, rows.1)),
        // The mean of Kolmogorov's distribution is √(π/2) ln 2.
        bias: Some(((PI / 2.0).sqrt() * LN_2 / effective_rows(rows.0, rows.1).sqrt()).min(1.0)),
    }
}

/// `n·m / (n + m)`.
fn effective_rows(reference_rows: u64, current_rows: u64) -> f64 {
    let (n, m) = (float(reference_rows), float(current_rows));
    n * m / (n + m)
}

/// The upper tail of Kolmogorov's distribution (Kolmogorov 1933), by whichever of its two series converges at once.
#[must_use]
pub fn kolmogorov_above(scaled_gap: f64) -> f64 {
    if scaled_gap <= 0.0 {
        return 1.0;
    }
    if scaled_gap < 1.18 {
        let exponent = -PI * PI / (8.0 * scaled_gap * scaled_gap);
        let series: f64 = [1.0_f64, 9.0, 25.0, 49.0].iter().map(|odd| (exponent * odd).exp()).sum();
        return 1.0 - (2.0 * PI).sqrt() / scaled_gap * series;
    }
    let exponent = -2.0 * scaled_gap * scaled_gap;
    let series = (exponent).exp() - (4.0 * exponent).exp() + (9.0 * exponent).exp() - (16.0 * exponent).exp();
    (2.0 * series).clamp(0.0, 1.0)
}

/// The exact probability, over all orders of `n + m` distinct values, of a gap of `gap` or more.
///
/// Counts lattice paths that leave the band around the diagonal (Hodges 1957), as the share of paths that have left it
/// (Viehmann 2021), so that no small probability is a difference of large ones. Takes `n · m` steps: meant for small
/// samples and for compatibility with SciPy's `exact` mode.
#[must_use]
pub fn exact_p_value(gap: f64, reference_rows: u64, current_rows: u64) -> f64 {
    let (n, m) = (reference_rows.max(current_rows), reference_rows.min(current_rows));
    if m == 0 {
        return 1.0;
    }
    let divisor = greatest_common_divisor(n, m);
    let (n_step, m_step) = (n / divisor, m / divisor);
    // Gaps are multiples of 1/lcm(n, m); rounding undoes what the division to a float did.
    let limit = (gap * float(n_step) * float(m)).round();
    if limit <= 0.0 {
        return 1.0;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and at most lcm(n, m)")]
    let limit = limit as u64;
    let outside = |i: u64, j: u64| (i * m_step).abs_diff(j * n_step) >= limit;
    #[allow(clippy::cast_possible_truncation, reason = "the smaller sample fits in memory")]
    let width = m as usize + 1;
    // left[j] is the share of the paths to (i, j) that touched the limit on their way.
    let mut left = vec![0.0_f64; width];
    for i in 0..=n {
        for j in 0..=m {
            #[allow(clippy::cast_possible_truncation, reason = "j is at most m")]
            let column = j as usize;
            left[column] = if outside(i, j) {
                1.0
            } else if i == 0 && j == 0 {
                0.0
            } else {
                let total = float(i + j);
                let from_below = if i > 0 { left[column] * float(i) / total } else { 0.0 };
                let from_left = if j > 0 { left[column - 1] * float(j) / total } else { 0.0 };
                from_below + from_left
            };
        }
    }
    left[width - 1]
}

fn greatest_common_divisor(mut larger: u64, mut smaller: u64) -> u64 {
    while smaller > 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    larger
}

/// The probability that the distribution function of `rows` values is `gap` or more away from the true one.
///
/// SciPy takes this law for two large samples, with `n·m / (n + m)` rows. Where `rows · gap² ≥ 0.8` this is twice the
/// exact one-sided tail (Birnbaum and Tingey 1951) less the limit of what both sides share, right to 1e-5 from 0.05
/// down and to the last digits from 1e-3 down; nearer it is Kolmogorov's limit with Vrbik's (2018) correction, right to
/// 1e-3 at 50 rows and 2e-5 at 3,000 (measured against SciPy 1.17).
#[must_use]
pub fn one_sample_p_value(gap: f64, rows: u64) -> f64 {
    let n = float(rows);
    if gap <= 0.0 || rows == 0 {
        return 1.0;
    }
    if gap >= 1.0 {
        return 0.0;
    }
    let scaled = gap * n.sqrt();
    let corrected = scaled + 1.0 / (6.0 * n.sqrt()) + (scaled - 1.0) / (4.0 * n);
    if scaled * scaled < 0.8 {
        return kolmogorov_above(corrected);
    }
    let term = |hits: u64| {
        let share = gap + float(hits) / n;
        let ways = ln_factorial(rows) - ln_factorial(hits) - ln_factorial(rows - hits);
        (ways + (float(hits) - 1.0) * share.ln() + float(rows - hits) * (-share).ln_1p()).exp()
    };
    let one_sided: f64 = (0..rows).take_while(|hits| gap + float(*hits) / n < 1.0).map(term).sum();
    let square = corrected * corrected;
    let shared = if scaled * scaled < 2.2 { (-8.0 * square).exp() - (-18.0 * square).exp() } else { 0.0 };
    (2.0 * (gap * one_sided - shared)).clamp(0.0, 1.0)
}
