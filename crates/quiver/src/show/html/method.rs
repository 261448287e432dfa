//! How the numbers of a page were computed: conventions, sample sizes, confidence and the words of the verdicts.

use super::super::number::count;
use super::words::{clipped, verdict_words};
use quiver_judge::evidence::CONFIDENCE;
use quiver_judge::finding::Verdict;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most conventions listed.
const MOST_CONVENTIONS: usize = 24;

/// A convention in words.
#[derive(Debug, Serialize)]
pub struct ConventionWords {
    name: String,
    words: String,
}

/// A verdict in words.
#[derive(Debug, Serialize)]
pub struct VerdictWords {
    verdict: &'static str,
    name: String,
    short: &'static str,
    words: &'static str,
}

/// How a page was computed.
#[derive(Debug, Serialize)]
pub struct Method {
    confidence: String,
    conventions: Vec<ConventionWords>,
    verdicts: Vec<VerdictWords>,
    samples: Vec<String>,
}

/// The method of a page that shows these conventions.
pub fn method<'a>(conventions: impl Iterator<Item = &'a str>, samples: Vec<String>) -> Method {
    let conventions: BTreeSet<&str> = conventions.filter(|name| !name.is_empty()).collect();
    Method {
        // 0.999 as people say it.
        confidence: format!("{}%", (CONFIDENCE * 1e4).round() / 1e2),
        conventions: conventions
            .into_iter()
            .take(MOST_CONVENTIONS)
            .map(|name| ConventionWords { name: clipped(name, 90), words: convention_words(name) })
            .collect(),
        verdicts: verdicts(),
        samples,
    }
}

/// What a convention computes, put together from the parts of its name.
fn convention_words(name: &str) -> String {
    let measures = [
        (
            "near_unique/",
            "values hardly repeat, so shapes are compared: share of distinct values, of missing values, lengths",
        ),
        (
            "psi",
            "population stability index in nats: the sum over bins of (current − reference) · ln(current / reference)",
        ),
        ("kl", "Kullback–Leibler divergence of current from reference, in nats"),
        ("js", "Jensen–Shannon distance, the root of the divergence in bits; 0 to 1"),
        ("hellinger", "Hellinger distance; 0 to 1"),
        ("total_variation", "half the sum of the differences in share; 0 to 1"),
        ("l_infinity", "the largest difference in share of any bin; 0 to 1"),
        ("ks", "the largest gap between the two distribution functions; 0 to 1"),
        ("wasserstein", "Wasserstein distance over the reference's standard deviation"),
        ("chi_square", "Cramér's V of the table of both sides; 0 to 1"),
        ("cosine", "cosine distance of the mean vectors; 0 to 2"),
        ("share", "a share of rows, with Wilson's interval"),
        ("recall", "true positives among the positive labels, with Wilson's interval"),
        ("precision", "true positives among the answers at or above the threshold, with Wilson's interval"),
        ("accuracy", "right answers among all, with Wilson's interval"),
        ("f1", "harmonic mean of precision and recall"),
        ("roc_auc", "area under the ROC curve; ties count one half, interval by DeLong"),
        ("log_loss", "mean negative log likelihood in nats"),
        ("brier", "mean squared difference of score and label"),
        ("ece", "expected calibration error in ten bins of equal width"),
        ("mae", "mean absolute error"),
        ("rmse", "root of the mean squared error"),
        ("quantile", "a quantile with the order statistics around it as interval"),
    ];
    let parts = [
        ("quantile10", "ten bins of equal reference share, frozen from the reference"),
        ("categories", "a bin a category of the reference"),
        ("lengths", "bins of text length"),
        ("+heavy", "heavy values are bins of their own"),
        ("+range", "a bin below the reference's least and above its greatest value"),
        ("+unseen", "a bin for categories that the reference never held"),
        ("+null", "missing values are a bin"),
        ("/exact", "on all values"),
        ("/cells", "on fine cells between frozen points"),
    ];
    let measure = measures.iter().find(|(stem, _)| name.starts_with(stem)).map(|(_, words)| (*words).to_owned());
    let is_distance = !name.starts_with("quantile/") && !name.starts_with("near_unique/");
    let mut words: Vec<String> = measure.into_iter().collect();
    words.extend(
        parts.iter().filter(|(part, _)| is_distance && name.contains(part)).map(|(_, words)| (*words).to_owned()),
    );
    words.join("; ")
}

fn verdicts() -> Vec<VerdictWords> {
    let words = [
        (Verdict::Healthy, "within its limit"),
        (Verdict::Drifted, "further than the limit and further than chance; alone no reason to wake anybody"),
        (Verdict::Broken, "a promise does not hold: the value and its whole interval lie beyond the limit"),
        (Verdict::InsufficientSample, "beyond the limit, but so few rows would show that by chance"),
        (Verdict::LabelsPending, "labels of the period are still expected, so nothing is concluded yet"),
        (Verdict::Unjudged, "measured, but nothing is promised of it"),
        (Verdict::NotObserved, "the events carry nothing that could be measured"),
        (Verdict::NoData, "no event in the period"),
    ];
    words
        .into_iter()
        .map(|(verdict, words)| VerdictWords {
            verdict: verdict.name(),
            name: verdict.name().replace('_', " "),
            short: verdict_words(verdict),
            words,
        })
        .collect()
}

/// A range of counts in words.
pub fn count_range(counts: impl Iterator<Item = u64> + Clone) -> String {
    match (counts.clone().min(), counts.max()) {
        (Some(least), Some(most)) if least == most => count(least),
        (Some(least), Some(most)) => format!("{} to {}", count(least), count(most)),
        _ => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convention_is_told_by_its_parts() {
        let words = convention_words("psi/quantile10+heavy+range+null");
        assert!(words.starts_with("population stability index"), "{words}");
        assert!(words.contains("ten bins") && words.ends_with("missing values are a bin"), "{words}");
        assert_eq!(convention_words("brier"), "mean squared difference of score and label");
        assert_eq!(convention_words("somebody/else"), "");
    }
}
