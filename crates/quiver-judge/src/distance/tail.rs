//! Tails of the chi-squared and normal distributions, safe at every edge; knows no distance.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};
use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// The probability that a chi-squared variable with `degrees` exceeds `statistic`; underflows to 0 for huge ones.
pub(crate) fn chi_squared_above(statistic: f64, degrees: f64) -> f64 {
    if statistic <= 0.0 || degrees <= 0.0 {
        return 1.0;
    }
    if statistic == f64::INFINITY {
        return 0.0;
    }
    checked_gamma_ur(degrees / 2.0, statistic / 2.0).unwrap_or(f64::NAN)
}

/// The chi-squared value that is exceeded with probability `1 − confidence`; 0 without degrees of freedom.
pub(crate) fn chi_squared_limit(confidence: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(0.0, |distribution| distribution.inverse_cdf(confidence))
}

/// The probability that a standard normal variable exceeds `value` in absolute terms.
pub(crate) fn normal_outside(value: f64) -> f64 {
    2.0 * Normal::standard().sf(value.abs())
}

/// A multiple of a chi-squared variable with the given mean and variance (Satterthwaite 1946; Box 1954).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScaledChiSquared {
    scale: f64,
    degrees: f64,
}

impl ScaledChiSquared {
    /// Matches two moments; `None` when there is no variation to match.
    pub(crate) fn of_moments(mean: f64, variance: f64) -> Option<Self> {
        (mean > 0.0 && variance > 0.0)
            .then(|| Self { scale: variance / (2.0 * mean), degrees: 2.0 * mean * mean / variance })
    }

    /// The value exceeded with probability `1 − confidence`.
    pub(crate) fn limit(self, confidence: f64) -> f64 {
        self.scale * chi_squared_limit(confidence, self.degrees)
    }

    /// The probability of `value` or more.
    pub(crate) fn above(self, value: f64) -> f64 {
        chi_squared_above(value / self.scale, self.degrees)
    }

    /// The expected square root.
    pub(crate) fn mean_of_root(self) -> f64 {
        let half = self.degrees / 2.0;
        (2.0 * self.scale).sqrt() * (ln_gamma(half + 0.5) - ln_gamma(half)).exp()
    }
}

/// The covariance of `|X|` and `|Y|` over `(2/π)·σx·σy` for normal X and Y with this correlation (Kamat 1953).
pub(crate) fn folded_covariance(correlation: f64) -> f64 {
    let correlation = correlation.clamp(-1.0, 1.0);
    (1.0 - correlation * correlation).sqrt() + correlation * correlation.asin() - 1.0
}
