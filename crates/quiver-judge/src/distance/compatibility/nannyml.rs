//! The univariate drift measures of NannyML 0.13, from raw values; knows nothing of its chunks and thresholds.
//!
//! Missing values are dropped. Bins follow Doane's rule on the *reference*; current values outside of them become one
//! more bin, which is empty on the reference's side. Integers are binned as floats. From 10,000 reference rows the
//! Kolmogorov–Smirnov and Wasserstein distances are seen at 10,000 equal bins over the reference's range.

use super::{
    CompatibilityError, Levels, Storage, hellinger_distance, histogram, jensen_shannon_divergence, largest_gap,
    peer_distance, shares_of, sorted_values, weighted_points,
};
use crate::distance::cumulative::wasserstein;
use crate::distance::tail::chi_squared_above;
use crate::distance::{Distance, float, float_len};

/// Reference rows from which NannyML compares 10,000 equal bins instead of values.
const BINNED_ROWS: usize = 10_000;

/// A univariate method of NannyML, by its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `jensen_shannon`: the distance in base 2.
    JensenShannon,
    /// `hellinger`.
    Hellinger,
    /// `kolmogorov_smirnov`: the statistic D, for numbers.
    KolmogorovSmirnov,
    /// `wasserstein`: in the values' own unit, for numbers.
    Wasserstein,
    /// `l_infinity`: the largest difference in share, for categories.
    LInfinity,
    /// `chi2`: the statistic of the contingency table, for categories; Yates' correction with two of them.
    ChiSquare,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 6] = [
        Self::JensenShannon,
        Self::Hellinger,
        Self::KolmogorovSmirnov,
        Self::Wasserstein,
        Self::LInfinity,
        Self::ChiSquare,
    ];

    /// The name of the convention.
    #[must_use]
    pub const fn convention(self) -> &'static str {
        match self {
            Self::JensenShannon => "nannyml-0.13/jensen_shannon",
            Self::Hellinger => "nannyml-0.13/hellinger",
            Self::KolmogorovSmirnov => "nannyml-0.13/kolmogorov_smirnov",
            Self::Wasserstein => "nannyml-0.13/wasserstein",
            Self::LInfinity => "nannyml-0.13/l_infinity",
            Self::ChiSquare => "nannyml-0.13/chi2",
        }
    }
}

/// Measures a numeric column.
///
/// Fails when a side has no value, when an infinite value is in the way (where NannyML has an error or NaN), and for
/// methods on categories.
pub fn measure_numbers(
    method: Method,
    reference: &[Option<f64>],
    current: &[Option<f64>],
) -> Result<Distance, CompatibilityError> {
    let (reference, current) = sorted_values(reference, current, |value| !value.is_nan())?;
    let rows = (reference.len(), current.len());
    match method {
        Method::JensenShannon | Method::Hellinger => {
            let edges = histogram::doane_edges(&reference, Storage::Float)?;
            let (left, right) = shares_with_rest(&reference, &current, &edges);
            let value = between_shares(method, &left, &right);
            Ok(peer_distance(method.convention(), value, None, rows, left.len()))
        }
        Method::KolmogorovSmirnov => {
            let value = if reference.len() >= BINNED_ROWS {
                binned_gap(&reference, &current)?
            } else {
                largest_gap(&reference, &current)
            };
            Ok(peer_distance(method.convention(), value, None, rows, rows.0 + rows.1))
        }
        Method::Wasserstein => {
            if !pooled_range_is_finite(&reference, &current) {
                return Err(CompatibilityError::InfiniteRange);
            }
            let value = if reference.len() >= BINNED_ROWS {
                binned_transport(&reference, &current)?
            } else {
                wasserstein::transport(&weighted_points(&reference), &weighted_points(&current))
                    .map_err(|_| CompatibilityError::InfiniteRange)?
            };
            Ok(peer_distance(method.convention(), value, None, rows, rows.0 + rows.1))
        }
        Method::LInfinity | Method::ChiSquare => {
            Err(CompatibilityError::NotApplicable { method: method.convention(), column: "number" })
        }
    }
}

/// Measures a column of categories; the `p_value` of [`Method::ChiSquare`] is the one that NannyML alerts on.
///
/// Fails when a side has no value, and for methods on numbers.
pub fn measure_categories<T: Ord>(
    method: Method,
    reference: &[Option<T>],
    current: &[Option<T>],
) -> Result<Distance, CompatibilityError> {
    let levels = Levels::of_categories(reference, current)?;
    let rows = (reference.iter().flatten().count(), current.iter().flatten().count());
    let (left, right) = levels.shares();
    let (value, p_value) = match method {
        Method::JensenShannon | Method::Hellinger => (between_shares(method, &left, &right), None),
        Method::LInfinity => (left.iter().zip(&right).map(|(r, c)| (r - c).abs()).fold(0.0, f64::max), None),
        Method::ChiSquare => {
            let (statistic, p_value) = contingency(&levels);
            (statistic, Some(p_value))
        }
        Method::KolmogorovSmirnov | Method::Wasserstein => {
            return Err(CompatibilityError::NotApplicable { method: method.convention(), column: "category" });
        }
    };
    Ok(peer_distance(method.convention(), value, p_value, rows, levels.len()))
}

fn between_shares(method: Method, left: &[f64], right: &[f64]) -> f64 {
    if method == Method::Hellinger {
        hellinger_distance(left, right)
    } else {
        (jensen_shannon_divergence(left, right) / std::f64::consts::LN_2).sqrt()
    }
}

/// Shares of both sides in the reference's bins, with one bin more when current values lie outside.
fn shares_with_rest(reference: &[f64], current: &[f64], edges: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut left = shares_of(&histogram::counts(reference, edges), reference.len() as u64);
    let inside = histogram::counts(current, edges);
    let rest = current.len() as u64 - inside.iter().sum::<u64>();
    let mut right = shares_of(&inside, current.len() as u64);
    if rest > 0 {
        left.push(0.0);
        right.push(float(rest) / float_len(current.len()));
    }
    (left, right)
}

/// The largest gap at the upper edges of 10,000 equal bins over the reference's range.
fn binned_gap(reference: &[f64], current: &[f64]) -> Result<f64, CompatibilityError> {
    let edges = histogram::fixed_edges(reference, BINNED_ROWS)?;
    let under = current.partition_point(|value| *value < edges[0]);
    Ok(binned_gaps(reference, current, &edges, under).fold(0.0, f64::max))
}

/// The distance over the same bins, with what lies outside measured from the range's ends.
fn binned_transport(reference: &[f64], current: &[f64]) -> Result<f64, CompatibilityError> {
    let edges = histogram::fixed_edges(reference, BINNED_ROWS)?;
    let (first, last) = (edges[0], edges[BINNED_ROWS]);
    let under = current.partition_point(|value| *value < first);
    let over = current.partition_point(|value| *value <= last);
    // NannyML counts one row too many below the range as soon as there is one.
    let shift = if under > 0 { under + 1 } else { 0 };
    let within = binned_gaps(reference, current, &edges, shift).sum::<f64>() * (edges[1] - edges[0]);
    let below: f64 = current[..under].iter().map(|value| first - value).sum();
    let above: f64 = current[over..].iter().map(|value| value - last).sum();
    Ok(within + (below + above) / float_len(current.len()))
}

/// The gap at each bin's upper edge when `shift` current rows lie below all bins.
fn binned_gaps(reference: &[f64], current: &[f64], edges: &[f64], shift: usize) -> impl Iterator<Item = f64> {
    let (n, m) = (float_len(reference.len()), float_len(current.len()));
    let bins = histogram::counts(reference, edges).into_iter().zip(histogram::counts(current, edges));
    bins.scan((0, shift as u64), move |below, (r, c)| {
        *below = (below.0 + r, below.1 + c);
        Some((float(below.0) / n - float(below.1) / m).abs())
    })
}

fn pooled_range_is_finite(reference: &[f64], current: &[f64]) -> bool {
    [reference.first(), reference.last(), current.first(), current.last()]
        .into_iter()
        .flatten()
        .all(|value| value.is_finite())
}

/// The statistic and p-value of SciPy's `chi2_contingency`, Yates' correction included.
fn contingency(levels: &Levels) -> (f64, f64) {
    let (n, m) = levels.rows();
    let (n, m) = (float(n), float(m));
    let degrees = levels.len() - 1;
    let term = |observed: u64, expected: f64| {
        let difference = (float(observed) - expected).abs();
        let correction = if degrees == 1 { difference.min(0.5) } else { 0.0 };
        (difference - correction).powi(2) / expected
    };
    let statistic = levels
        .reference
        .iter()
        .zip(&levels.current)
        .map(|(r, c)| {
            let pooled = float(r + c);
            term(*r, pooled * n / (n + m)) + term(*c, pooled * m / (n + m))
        })
        .sum();
    (statistic, chi_squared_above(statistic, float_len(degrees)))
}
