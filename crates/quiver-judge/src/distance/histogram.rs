//! Distances between two aligned lists of bin counts; knows neither where the bins come from nor what is too far.

use super::independence::{self, IndependenceError};
use super::null::NullBins;
use super::tail::ScaledChiSquared;
use super::{Bins, Convention, Distance, Measure, float};

/// What an empty bin counts as where a logarithm needs it: half a row, so that the value depends on the sample's size
/// and not on an arbitrary small share.
pub const EMPTY_BIN_ROWS: f64 = 0.5;

/// Why two lists of counts have no distance.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HistogramError {
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
    /// The measure needs values, not bins.
    #[error("{measure} is not a distance between bins")]
    NotOnBins {
        /// The measure that was asked for.
        measure: Measure,
    },
    /// The confidence is no probability.
    #[error("confidence is {confidence}, not between 0 and 1")]
    Confidence {
        /// What was given.
        confidence: f64,
    },
}

/// Population stability index `Σ (c − r) ln(c / r)` in nats over adjusted shares (Jeffreys 1946).
///
/// A bin empty on both sides is left out; a bin empty on one side counts as [`EMPTY_BIN_ROWS`] there; shares are
/// adjusted counts over their sum. Symmetric in its arguments. Fails when a side has no rows or the bins differ.
pub fn psi(reference: &[u64], current: &[u64]) -> Result<f64, HistogramError> {
    let totals = filled_totals(reference, current)?;
    Ok(sum(reference, current, |r, c| psi_cell(filled(r) / totals.0, filled(c) / totals.1)))
}

/// Kullback–Leibler divergence `Σ c ln(c / r)` of current relative to reference, in nats, with the zero rule of [`psi`]
/// (Kullback and Leibler 1951).
pub fn kullback_leibler(reference: &[u64], current: &[u64]) -> Result<f64, HistogramError> {
    let totals = filled_totals(reference, current)?;
    Ok(sum(reference, current, |r, c| kullback_leibler_cell(filled(r) / totals.0, filled(c) / totals.1)).max(0.0))
}

/// Jensen–Shannon distance: the root of the divergence in bits, in `[0, 1]`, without a zero rule (Endres and
/// Schindelin 2003).
pub fn jensen_shannon(reference: &[u64], current: &[u64]) -> Result<f64, HistogramError> {
    let (n, m) = totals(reference, current)?;
    Ok(sum(reference, current, |r, c| jensen_shannon_cell(r / n, c / m)).clamp(0.0, 1.0).sqrt())
}

/// Hellinger distance `√(½ Σ (√c − √r)²)`, in `[0, 1]`, without a zero rule.
pub fn hellinger(reference: &[u64], current: &[u64]) -> Result<f64, HistogramError> {
    let (n, m) = totals(reference, current)?;
    Ok(sum(reference, current, |r, c| hellinger_cell(r / n, c / m)).min(1.0).sqrt())
}

/// Total variation `½ Σ |c − r|`, in `[0, 1]`.
pub fn total_variation(reference: &[u64], current: &[u64]) -> Result<f64, HistogramError> {
    let (n, m) = totals(reference, current)?;
    Ok((0.5 * sum(reference, current, |r, c| (r / n - c / m).abs())).min(1.0))
}

/// The largest difference in share over the bins, in `[0, 1]`.
pub fn l_infinity(reference: &[u64], current: &[u64]) -> Result<f64, HistogramError> {
    let (n, m) = totals(reference, current)?;
    Ok(pairs(reference, current).map(|(r, c)| (r / n - c / m).abs()).fold(0.0, f64::max))
}

/// Measures aligned bins and says what the value would be without drift at these sizes.
///
/// PSI, KL, JS² and Hellinger² are approximately `(1/n + 1/m) · χ²(B − 1)` times 1, ½, 1/(8 ln 2) and ⅛ (Yurdakul and
/// Naranjo 2020). Mean and variance are taken from the binomial splits of the pooled counts, so that they also hold
/// for many rare categories, and matched by a scaled chi-squared; with well-filled bins that *is* Yurdakul and Naranjo's
/// floor, and the bias is `(B − 1)(1/n + 1/m)`. Total variation matches the moments of correlated half-normal
/// differences the same way; L∞ takes Bonferroni's bound over the bins.
///
/// `confidence` is the share of drift-free comparisons that stay below the floor. Fails like [`psi`], and for a measure
/// that needs values and not bins.
pub fn measure_bins(
    measure: Measure,
    bins: Bins,
    reference: &[u64],
    current: &[u64],
    confidence: f64,
) -> Result<Distance, HistogramError> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(HistogramError::Confidence { confidence });
    }
    let value = match measure {
        Measure::Psi => psi(reference, current)?,
        Measure::KullbackLeibler => kullback_leibler(reference, current)?,
        Measure::JensenShannon => jensen_shannon(reference, current)?,
        Measure::Hellinger => hellinger(reference, current)?,
        Measure::TotalVariation => total_variation(reference, current)?,
        Measure::LInfinity => l_infinity(reference, current)?,
        Measure::ChiSquare => return measure_independence(bins, reference, current, confidence),
        Measure::KolmogorovSmirnov | Measure::Wasserstein => return Err(HistogramError::NotOnBins { measure }),
    };
    let null = NullBins::new(reference, current);
    let expected = expectation(measure, &null, value, reference, current, confidence);
    Ok(Distance {
        value,
        convention: Convention::of_bins(measure, bins),
        reference_rows: reference.iter().sum(),
        current_rows: current.iter().sum(),
        bins: null.occupied(),
        noise_floor: Some(expected.floor),
        p_value: expected.p_value,
        bias: Some(expected.bias),
    })
}

/// What no drift would give.
struct Expectation {
    floor: f64,
    bias: f64,
    p_value: Option<f64>,
}

fn expectation(
    measure: Measure,
    null: &NullBins,
    value: f64,
    reference: &[u64],
    current: &[u64],
    confidence: f64,
) -> Expectation {
    let (n, m) = (float(reference.iter().sum()), float(current.iter().sum()));
    if measure == Measure::LInfinity {
        return Expectation { floor: null.largest_gap_limit(confidence), bias: null.largest_gap_mean(), p_value: None };
    }
    let (filled_n, filled_m) = null.expected_filled_totals();
    let moments = match measure {
        Measure::Psi => null.moments(|r, c| psi_cell(filled(r) / filled_n, filled(c) / filled_m)),
        Measure::KullbackLeibler => {
            null.moments(|r, c| kullback_leibler_cell(filled(r) / filled_n, filled(c) / filled_m))
        }
        Measure::JensenShannon => null.moments(|r, c| jensen_shannon_cell(r / n, c / m)),
        Measure::Hellinger => null.moments(|r, c| hellinger_cell(r / n, c / m)),
        _ => null.total_variation_moments(),
    };
    let is_root = matches!(measure, Measure::JensenShannon | Measure::Hellinger);
    match ScaledChiSquared::of_moments(moments.mean, moments.variance) {
        // One bin holds every row on both sides: nothing can vary.
        None => Expectation { floor: 0.0, bias: 0.0, p_value: Some(1.0) },
        Some(law) if is_root => Expectation {
            floor: law.limit(confidence).sqrt().min(1.0),
            bias: law.mean_of_root().min(1.0),
            p_value: Some(law.above(value * value)),
        },
        Some(law) => Expectation { floor: law.limit(confidence), bias: moments.mean, p_value: Some(law.above(value)) },
    }
}

fn measure_independence(
    bins: Bins,
    reference: &[u64],
    current: &[u64],
    confidence: f64,
) -> Result<Distance, HistogramError> {
    let test = independence::chi_square(reference, current).map_err(|error| match error {
        IndependenceError::Misaligned { reference, current } => HistogramError::Misaligned { reference, current },
        IndependenceError::EmptyReference => HistogramError::EmptyReference,
        IndependenceError::EmptyCurrent => HistogramError::EmptyCurrent,
    })?;
    Ok(Distance {
        value: test.cramers_v,
        convention: Convention::of_bins(Measure::ChiSquare, bins),
        reference_rows: reference.iter().sum(),
        current_rows: current.iter().sum(),
        bins: test.bins,
        noise_floor: Some(test.cramers_v_limit(confidence)),
        p_value: Some(test.p_value),
        bias: Some(test.cramers_v_bias()),
    })
}

/// Checks that both lists describe the same bins and have rows; returns the rows of each.
fn totals(reference: &[u64], current: &[u64]) -> Result<(f64, f64), HistogramError> {
    if reference.len() != current.len() {
        return Err(HistogramError::Misaligned { reference: reference.len(), current: current.len() });
    }
    match (reference.iter().sum(), current.iter().sum()) {
        (0, _) => Err(HistogramError::EmptyReference),
        (_, 0) => Err(HistogramError::EmptyCurrent),
        (n, m) => Ok((float(n), float(m))),
    }
}

/// Rows of each side after an empty bin counted as half a row.
fn filled_totals(reference: &[u64], current: &[u64]) -> Result<(f64, f64), HistogramError> {
    totals(reference, current)?;
    Ok(pairs(reference, current).fold((0.0, 0.0), |(n, m), (r, c)| (n + filled(r), m + filled(c))))
}

/// The bins that have a row on either side.
fn pairs(reference: &[u64], current: &[u64]) -> impl Iterator<Item = (f64, f64)> {
    reference.iter().zip(current).filter(|(r, c)| **r + **c > 0).map(|(r, c)| (float(*r), float(*c)))
}

fn sum(reference: &[u64], current: &[u64], cell: impl Fn(f64, f64) -> f64) -> f64 {
    pairs(reference, current).map(|(r, c)| cell(r, c)).sum()
}

fn filled(rows: f64) -> f64 {
    if rows == 0.0 { EMPTY_BIN_ROWS } else { rows }
}

fn psi_cell(r: f64, c: f64) -> f64 {
    (c - r) * (c / r).ln()
}

/// The `r − c` sums to nothing over all bins and keeps every cell positive, so that each stands on its own.
fn kullback_leibler_cell(r: f64, c: f64) -> f64 {
    c * (c / r).ln() + (r - c)
}

fn jensen_shannon_cell(r: f64, c: f64) -> f64 {
    let middle = f64::midpoint(r, c);
    let side = |share: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
    0.5 * (side(r) + side(c))
}

fn hellinger_cell(r: f64, c: f64) -> f64 {
    0.5 * (c.sqrt() - r.sqrt()).powi(2)
}
