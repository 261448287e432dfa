//! The drift scores of Evidently 0.7, from raw values; knows nothing of its reports.
//!
//! Missing and infinite values are dropped first, so that missingness is never drift. A numeric reference with more
//! than 20 different values is cut by Sturges' rule over *both* sides pooled, otherwise each value is a category. For
//! PSI and KL an empty bin gets the share 1e-4, or a millionth of the side's smallest share when that is at most 1e-4,
//! without renormalising (PSI) or with it (KL). Hellinger is the root of half the squared differences, which is 0 for
//! equal sides where Evidently shows a rounding error of about 1e-8. What is missing here: Anderson–Darling, Cramér–von Mises,
//! Epps–Singleton, Mann–Whitney, t, G, Fisher, energy and MMD, and the total variation test, whose value is a
//! permutation p-value from NumPy's random numbers.

use super::{
    CompatibilityError, Levels, Storage, hellinger_distance, histogram, jensen_shannon_divergence, largest_gap,
    peer_distance, sorted_values, weighted_points,
};
use crate::distance::cumulative::{smirnov, wasserstein};
use crate::distance::tail::{chi_squared_above, normal_outside};
use crate::distance::{Distance, float, float_len};

/// Different values above which a numeric reference is cut into bins.
const MAXIMUM_LEVELS: usize = 20;

/// Reference rows up to which the default method is a test.
const MAXIMUM_TEST_ROWS: usize = 1000;

/// Rows of the larger side up to which SciPy's p-value of a gap is exact.
const MAXIMUM_EXACT_ROWS: usize = 10_000;

/// A drift score of Evidently, by its name in `ValueDrift(method=…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `psi`, in nats.
    Psi,
    /// `kl_div`: the reference relative to current, in nats.
    KullbackLeibler,
    /// `jensenshannon`: the distance with natural logarithm, in `[0, √ln 2]`.
    JensenShannon,
    /// `hellinger`: numbers are always cut, by Sturges' rule on the *different* values of both sides.
    Hellinger,
    /// `wasserstein`: over the reference's population deviation, but at least 1e-3 of it.
    Wasserstein,
    /// `ks`: the value is the two-sided p-value, exact up to 10,000 rows a side, else asymptotic.
    KolmogorovSmirnov,
    /// `chisquare`: the value is the p-value of a one-way test against the reference's shares taken as known.
    ChiSquare,
    /// `z`: the value is the p-value of a pooled test of two proportions.
    ZTest,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::Psi,
        Self::KullbackLeibler,
        Self::JensenShannon,
        Self::Hellinger,
        Self::Wasserstein,
        Self::KolmogorovSmirnov,
        Self::ChiSquare,
        Self::ZTest,
    ];

    /// The name of the convention.
    #[must_use]
    pub const fn convention(self) -> &'static str {
        match self {
            Self::Psi => "evidently-0.7/psi",
            Self::KullbackLeibler => "evidently-0.7/kl_div",
            Self::JensenShannon => "evidently-0.7/jensenshannon",
            Self::Hellinger => "evidently-0.7/hellinger",
            Self::Wasserstein => "evidently-0.7/wasserstein",
            Self::KolmogorovSmirnov => "evidently-0.7/ks",
            Self::ChiSquare => "evidently-0.7/chisquare",
            Self::ZTest => "evidently-0.7/z",
        }
    }

    /// Evidently's default threshold: a p-value below 0.05, or a distance of 0.1 and more, is drift.
    #[must_use]
    pub const fn threshold(self) -> f64 {
        if self.is_test() { 0.05 } else { 0.1 }
    }

    /// Whether the value is a p-value, so that small means drift.
    #[must_use]
    pub const fn is_test(self) -> bool {
        matches!(self, Self::KolmogorovSmirnov | Self::ChiSquare | Self::ZTest)
    }

    /// Whether Evidently calls `value` drift at its default threshold; only the Kolmogorov–Smirnov test counts a
    /// p-value equal to it.
    #[must_use]
    pub fn is_drift(self, value: f64) -> bool {
        match self {
            Self::KolmogorovSmirnov => value <= self.threshold(),
            _ if self.is_test() => value < self.threshold(),
            _ => value >= self.threshold(),
        }
    }
}

/// The method that Evidently takes for a numeric column when none is named, from the reference's rows and the
/// different values of both sides.
#[must_use]
pub fn default_for_numbers(reference: &[Option<f64>], current: &[Option<f64>]) -> Method {
    let finite = |side: &[Option<f64>]| -> Vec<f64> {
        side.iter().flatten().copied().filter(|value| value.is_finite()).collect()
    };
    let reference = finite(reference);
    let levels = Levels::of_numbers(&reference, &finite(current)).len();
    match (reference.len() <= MAXIMUM_TEST_ROWS, levels > 5) {
        (true, true) => Method::KolmogorovSmirnov,
        (true, false) => default_test(levels),
        (false, true) => Method::Wasserstein,
        (false, false) => Method::JensenShannon,
    }
}

/// The method that Evidently takes for a column of categories when none is named.
#[must_use]
pub fn default_for_categories<T: Ord>(reference: &[Option<T>], current: &[Option<T>]) -> Method {
    let levels = Levels::of(reference.iter().flatten(), current.iter().flatten()).len();
    if reference.iter().flatten().count() <= MAXIMUM_TEST_ROWS { default_test(levels) } else { Method::JensenShannon }
}

const fn default_test(levels: usize) -> Method {
    if levels > 2 { Method::ChiSquare } else { Method::ZTest }
}

/// The drift score of a numeric column.
///
/// Fails when a side has no finite value, or when a test of two proportions meets more than two values.
pub fn measure_numbers(
    method: Method,
    storage: Storage,
    reference: &[Option<f64>],
    current: &[Option<f64>],
) -> Result<Distance, CompatibilityError> {
    let (reference, current) = sorted_values(reference, current, f64::is_finite)?;
    let rows = (reference.len(), current.len());
    match method {
        Method::Hellinger => {
            let different = distinct(&pooled(&reference, &current));
            let edges = histogram::sturges_edges(&different, storage)?;
            Ok(score(method, &binned(&reference, &current, &edges), rows))
        }
        Method::Wasserstein => {
            let points = (weighted_points(&reference), weighted_points(&current));
            let deviation = wasserstein::population_deviation(&points.0).unwrap_or(0.0).max(1e-3);
            let moved = wasserstein::transport(&points.0, &points.1).map_err(|_| CompatibilityError::InfiniteRange)?;
            Ok(peer_distance(method.convention(), moved / deviation, None, rows, points.0.len()))
        }
        Method::KolmogorovSmirnov => {
            let gap = largest_gap(&reference, &current);
            let p_value = scipy_gap_p_value(gap, rows);
            Ok(peer_distance(method.convention(), p_value, Some(p_value), rows, rows.0 + rows.1))
        }
        Method::ChiSquare | Method::ZTest => test(method, &Levels::of_numbers(&reference, &current), rows),
        Method::Psi | Method::KullbackLeibler | Method::JensenShannon => {
            let levels = if distinct(&reference).len() > MAXIMUM_LEVELS {
                let edges = histogram::sturges_edges(&pooled(&reference, &current), storage)?;
                binned(&reference, &current, &edges)
            } else {
                Levels::of_numbers(&reference, &current)
            };
            Ok(score(method, &levels, rows))
        }
    }
}

/// The drift score of a column of categories.
///
/// Fails when a side has no value, when a test of two proportions meets more than two, and for methods on numbers.
pub fn measure_categories<T: Ord>(
    method: Method,
    reference: &[Option<T>],
    current: &[Option<T>],
) -> Result<Distance, CompatibilityError> {
    let levels = Levels::of_categories(reference, current)?;
    let rows = (reference.iter().flatten().count(), current.iter().flatten().count());
    match method {
        Method::Wasserstein | Method::KolmogorovSmirnov => {
            Err(CompatibilityError::NotApplicable { method: method.convention(), column: "category" })
        }
        Method::ChiSquare | Method::ZTest => test(method, &levels, rows),
        _ => Ok(score(method, &levels, rows)),
    }
}

/// A distance between shares.
fn score(method: Method, levels: &Levels, rows: (usize, usize)) -> Distance {
    let (mut reference, mut current) = levels.shares();
    let value = match method {
        Method::JensenShannon => jensen_shannon_divergence(&reference, &current).sqrt(),
        Method::Hellinger => hellinger_distance(&reference, &current),
        _ => {
            fill_empty(&mut reference);
            fill_empty(&mut current);
            if method == Method::KullbackLeibler {
                normalise(&mut reference);
                normalise(&mut current);
                reference.iter().zip(&current).map(|(r, c)| r * (r / c).ln()).sum()
            } else {
                reference.iter().zip(&current).map(|(r, c)| (r - c) * (r / c).ln()).sum()
            }
        }
    };
    peer_distance(method.convention(), value, None, rows, levels.len())
}

/// A test whose p-value is the score.
fn test(method: Method, levels: &Levels, rows: (usize, usize)) -> Result<Distance, CompatibilityError> {
    let p_value = match method {
        Method::ZTest => two_proportions_p_value(levels)?,
        _ => one_way_p_value(levels),
    };
    Ok(peer_distance(method.convention(), p_value, Some(p_value), rows, levels.len()))
}

/// Pearson's test of the current counts against the reference's shares; a new value has expectation 0, so p is 0.
fn one_way_p_value(levels: &Levels) -> f64 {
    let (n, m) = levels.rows();
    let terms = levels.reference.iter().zip(&levels.current).map(|(r, c)| {
        let expected = float(*r) * float(m) / float(n);
        (float(*c) - expected).powi(2) / expected
    });
    chi_squared_above(terms.sum(), float_len(levels.len() - 1))
}

fn two_proportions_p_value(levels: &Levels) -> Result<f64, CompatibilityError> {
    if levels.len() > 2 {
        return Err(CompatibilityError::NotBinary { levels: levels.len() });
    }
    let (n, m) = levels.rows();
    let (n, m) = (float(n), float(m));
    let (left, right) = (float(levels.reference[0]) / n, float(levels.current[0]) / m);
    let pooled = float(levels.reference[0] + levels.current[0]) / (n + m);
    let deviation = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    // One value on both sides leaves nothing to test.
    Ok(if deviation > 0.0 { normal_outside((left - right) / deviation) } else { 1.0 })
}

/// The two-sided p-value of SciPy's `ks_2samp` in mode `auto`.
fn scipy_gap_p_value(gap: f64, rows: (usize, usize)) -> f64 {
    let (n, m) = (rows.0 as u64, rows.1 as u64);
    if rows.0.max(rows.1) <= MAXIMUM_EXACT_ROWS {
        return smirnov::exact_p_value(gap, n, m);
    }
    let effective = (float(n) * float(m) / float(n + m)).round_ties_even();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below both counts")]
    smirnov::one_sample_p_value(gap, effective as u64)
}

/// Gives an empty bin the share that Evidently gives it.
fn fill_empty(shares: &mut [f64]) {
    let smallest = shares.iter().copied().filter(|share| *share > 0.0).fold(f64::INFINITY, f64::min);
    let filling = if smallest <= 1e-4 { smallest / 1e6 } else { 1e-4 };
    shares.iter_mut().filter(|share| **share == 0.0).for_each(|share| *share = filling);
}

fn normalise(shares: &mut [f64]) {
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
}

fn binned(reference: &[f64], current: &[f64], edges: &[f64]) -> Levels {
    Levels { reference: histogram::counts(reference, edges), current: histogram::counts(current, edges) }
}

fn pooled(reference: &[f64], current: &[f64]) -> Vec<f64> {
    let mut both = [reference, current].concat();
    both.sort_by(f64::total_cmp);
    both
}

/// The different ones of sorted values.
fn distinct(sorted: &[f64]) -> Vec<f64> {
    weighted_points(sorted).into_iter().map(|point| point.0).collect()
}
