//! Intervals at the sample size at hand, and the one rule by which a value and its interval become a verdict.

use crate::finding::{Limit, Verdict};
use statrs::distribution::{ContinuousCDF, Normal};

/// The two-sided confidence of every interval. A year of daily windows over a hundred monitors asks thousands of
/// questions, so 95 % would cry wolf every week.
pub const CONFIDENCE: f64 = 0.999;

/// The standard normal quantile of [`CONFIDENCE`], two-sided.
pub fn critical_value() -> f64 {
    Normal::standard().inverse_cdf(f64::midpoint(1.0, CONFIDENCE))
}

/// Wilson's score interval of a share (Wilson 1927); holds for few rows and for shares near 0 and 1.
pub fn share_interval(successes: f64, rows: f64) -> Option<[f64; 2]> {
    if rows <= 0.0 {
        return None;
    }
    let z = critical_value();
    let share = successes / rows;
    let shrink = 1.0 + z * z / rows;
    let centre = (share + z * z / (2.0 * rows)) / shrink;
    let half = z / shrink * (share * (1.0 - share) / rows + z * z / (4.0 * rows * rows)).max(0.0).sqrt();
    Some([(centre - half).max(0.0), (centre + half).min(1.0)])
}

/// The normal interval of an estimate with a known standard error.
pub fn normal_interval(value: f64, standard_error: f64) -> [f64; 2] {
    let half = critical_value() * standard_error;
    [value - half, value + half]
}

/// The interval of F1 by way of the Jaccard share `tp / (tp + fp + fn)`, which is a share of rows: F1 = 2J / (1 + J).
pub fn f1_interval(true_positives: f64, others: f64) -> Option<[f64; 2]> {
    let [low, high] = share_interval(true_positives, true_positives + others)?;
    Some([2.0 * low / (1.0 + low), 2.0 * high / (1.0 + high)])
}

/// The verdict on a promise: broken needs the value *and* its whole interval beyond the limit.
pub fn judge_promise(value: f64, interval: Option<[f64; 2]>, limit: Limit) -> Verdict {
    if limit.holds(value) {
        Verdict::Healthy
    } else if interval.is_some_and(|interval| limit.is_broken_by(interval)) {
        Verdict::Broken
    } else {
        Verdict::InsufficientSample
    }
}

/// The verdict on a distance: drifted needs effect size (above the limit) *and* evidence (above the noise floor).
pub fn judge_distance(value: f64, noise_floor: Option<f64>, limit: f64) -> Verdict {
    if value <= limit {
        Verdict::Healthy
    } else if noise_floor.is_some_and(|floor| value > floor) {
        Verdict::Drifted
    } else {
        Verdict::InsufficientSample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_critical_value_is_the_tables_one() {
        // scipy.stats.norm.ppf(0.9995)
        assert!((critical_value() - 3.290_526_731_491_925_6).abs() < 1e-9);
    }

    #[test]
    fn wilson_s_interval_equals_the_statsmodels_one() {
        // statsmodels proportion_confint(5, 100, alpha=0.001, method="wilson")
        let [low, high] = share_interval(5.0, 100.0).unwrap();
        assert!((low - 0.012_887_045_473_548_298).abs() < 1e-12, "{low}");
        assert!((high - 0.175_040_623_519_836_26).abs() < 1e-12, "{high}");
        let [low, high] = share_interval(0.0, 50.0).unwrap();
        assert_eq!(low, 0.0);
        assert!(high > 0.1 && high < 0.2);
        assert_eq!(share_interval(0.0, 0.0), None);
    }

    #[track_caller]
    fn check(value: f64, interval: [f64; 2], limit: Limit, expected: Verdict) {
        assert_eq!(judge_promise(value, Some(interval), limit), expected);
    }

    #[test]
    fn a_promise_is_broken_only_with_its_whole_interval() {
        check(0.09, [0.05, 0.14], Limit::AtLeast(0.10), Verdict::InsufficientSample);
        check(0.05, [0.03, 0.08], Limit::AtLeast(0.10), Verdict::Broken);
        check(0.12, [0.05, 0.20], Limit::AtLeast(0.10), Verdict::Healthy);
        check(0.30, [0.20, 0.40], Limit::AtMost(0.10), Verdict::Broken);
        check(0.30, [0.25, 0.35], Limit::Within(0.05, 0.2), Verdict::Broken);
    }

    #[test]
    fn a_distance_needs_effect_and_evidence() {
        assert_eq!(judge_distance(0.3, Some(0.5), 0.2), Verdict::InsufficientSample);
        assert_eq!(judge_distance(0.3, Some(0.1), 0.2), Verdict::Drifted);
        assert_eq!(judge_distance(0.1, Some(0.01), 0.2), Verdict::Healthy);
        assert_eq!(judge_distance(0.3, None, 0.2), Verdict::InsufficientSample);
    }
}
