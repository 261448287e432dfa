//! Closed forms and laws of the distances between bins.

use proptest::prelude::*;

use crate::distance::histogram::{
    HistogramError, hellinger, jensen_shannon, kullback_leibler, l_infinity, measure_bins, psi, total_variation,
};
use crate::distance::{Bins, Measure, UnknownMeasure};

type BinDistance = fn(&[u64], &[u64]) -> Result<f64, HistogramError>;

const ALL: [(&str, BinDistance); 6] = [
    ("psi", psi),
    ("kl", kullback_leibler),
    ("js", jensen_shannon),
    ("hellinger", hellinger),
    ("total variation", total_variation),
    ("l infinity", l_infinity),
];

#[track_caller]
fn check(found: Result<f64, HistogramError>, expected: f64) {
    let found = found.expect("a distance");
    assert!((found - expected).abs() <= 1e-12, "expected {expected}, found {found}");
}

#[test]
fn two_bins_have_closed_forms() {
    let (reference, current) = ([50, 50], [20, 80]);
    check(psi(&reference, &current), 0.3 * 4.0_f64.ln());
    check(kullback_leibler(&reference, &current), 0.2 * 0.4_f64.ln() + 0.8 * 1.6_f64.ln());
    let entropy = |share: f64| -share * share.log2() - (1.0 - share) * (1.0 - share).log2();
    check(jensen_shannon(&reference, &current), (entropy(0.35) - f64::midpoint(entropy(0.5), entropy(0.2))).sqrt());
    check(hellinger(&reference, &current), (1.0 - 0.1_f64.sqrt() - 0.4_f64.sqrt()).sqrt());
    check(total_variation(&reference, &current), 0.3);
    check(l_infinity(&reference, &current), 0.3);
}

#[test]
fn an_empty_bin_counts_as_half_a_row() {
    let (r, c) = ([0.5_f64 / 100.5, 100.0 / 100.5], [10.0_f64 / 50.0, 40.0 / 50.0]);
    let expected = (c[0] - r[0]) * (c[0] / r[0]).ln() + (c[1] - r[1]) * (c[1] / r[1]).ln();
    check(psi(&[0, 100, 0], &[10, 40, 0]), expected);
    check(kullback_leibler(&[0, 100, 0], &[10, 40, 0]), c[0] * (c[0] / r[0]).ln() + c[1] * (c[1] / r[1]).ln());
}

#[test]
fn disjoint_sides_are_as_far_as_can_be() {
    for (name, distance) in &ALL[2..] {
        assert!((distance(&[7, 0], &[0, 3]).expect("a distance") - 1.0).abs() < 1e-15, "{name}");
    }
}

#[test]
fn no_rows_and_other_bins_are_errors() {
    for (_, distance) in ALL {
        assert_eq!(distance(&[0, 0], &[1, 2]), Err(HistogramError::EmptyReference));
        assert_eq!(distance(&[1, 2], &[0, 0]), Err(HistogramError::EmptyCurrent));
        assert_eq!(distance(&[1], &[1, 2]), Err(HistogramError::Misaligned { reference: 1, current: 2 }));
        assert_eq!(distance(&[], &[]), Err(HistogramError::EmptyReference));
    }
}

#[test]
fn a_measure_on_values_is_refused() {
    let refused = measure_bins(Measure::Wasserstein, Bins::categories(), &[1], &[1], 0.99);
    assert_eq!(refused, Err(HistogramError::NotOnBins { measure: Measure::Wasserstein }));
    let refused = measure_bins(Measure::Psi, Bins::categories(), &[1], &[1], 1.0);
    assert_eq!(refused, Err(HistogramError::Confidence { confidence: 1.0 }));
}

#[test]
fn every_value_names_its_convention() {
    let named = |measure, bins| {
        let distance = measure_bins(measure, bins, &[5, 5], &[5, 5], 0.99).expect("a distance");
        distance.convention.as_str().to_owned()
    };
    let numeric = Bins::quantiles(10).with_heavy().with_range().with_null();
    assert_eq!(named(Measure::Psi, numeric), "psi/quantile10+heavy+range+null");
    assert_eq!(named(Measure::Psi, Bins::categories().with_unseen().with_null()), "psi/categories+unseen+null");
    assert_eq!(named(Measure::JensenShannon, Bins::categories()), "js/base2/distance/categories");
    assert_eq!(named(Measure::ChiSquare, Bins::categories()), "chi_square/cramers_v/categories");
}

#[test]
fn names_of_measures_read_back() {
    for measure in Measure::ALL {
        assert_eq!(measure.name().parse(), Ok(measure));
        assert_eq!(serde_json::to_value(measure).expect("a name"), measure.name());
    }
    assert_eq!("PSI".parse::<Measure>(), Err(UnknownMeasure { given: "PSI".to_owned() }));
}

#[test]
fn one_bin_cannot_drift() {
    for measure in &Measure::ALL[..6] {
        let distance = measure_bins(*measure, Bins::categories(), &[10, 0], &[99, 0], 0.99).expect("a distance");
        assert_eq!((distance.value, distance.noise_floor, distance.bias), (0.0, Some(0.0), Some(0.0)), "{measure}");
        assert_eq!(distance.bins, 1);
    }
}

/// Two sides of the same bins, each with a row.
fn sides(lowest: u64) -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
    (2_usize..12)
        .prop_flat_map(move |bins| (prop::collection::vec(lowest..500, bins), prop::collection::vec(lowest..500, bins)))
        .prop_filter("each side has rows", |(r, c)| r.iter().sum::<u64>() > 0 && c.iter().sum::<u64>() > 0)
}

/// Joins the first two bins.
fn coarser(counts: &[u64]) -> Vec<u64> {
    let mut joined = vec![counts[0] + counts[1]];
    joined.extend(&counts[2..]);
    joined
}

proptest! {
    #[test]
    fn identical_sides_are_exactly_zero_apart((reference, _) in sides(0), times in 1_u64..7) {
        let multiple: Vec<u64> = reference.iter().map(|rows| rows * times).collect();
        for (name, distance) in ALL {
            prop_assert_eq!(distance(&reference, &reference), Ok(0.0), "{}", name);
            let scaled = distance(&reference, &multiple).expect("a distance");
            // Half a row is another share of another size, but only where a bin is empty on one side.
            prop_assert!(scaled.abs() < 1e-12, "{name} {scaled}");
        }
    }

    #[test]
    fn sides_may_be_exchanged((reference, current) in sides(0)) {
        for (name, distance) in ALL.iter().filter(|(name, _)| *name != "kl") {
            let (one, other) = (distance(&reference, &current), distance(&current, &reference));
            prop_assert!((one.expect("a distance") - other.expect("a distance")).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn psi_is_both_divergences((reference, current) in sides(0)) {
        let both = kullback_leibler(&reference, &current).expect("one")
            + kullback_leibler(&current, &reference).expect("other");
        prop_assert!((psi(&reference, &current).expect("psi") - both).abs() < 1e-12);
    }

    #[test]
    fn order_of_bins_does_not_matter((reference, current) in sides(0), turn in 0_usize..11) {
        let rotated = |counts: &[u64]| {
            let mut counts = counts.to_vec();
            counts.rotate_left(turn % reference.len());
            counts
        };
        for (name, distance) in ALL {
            let (one, other) = (distance(&reference, &current), distance(&rotated(&reference), &rotated(&current)));
            prop_assert!((one.expect("a distance") - other.expect("a distance")).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn a_bin_empty_on_both_sides_changes_nothing((reference, current) in sides(0)) {
        let longer = |counts: &[u64]| [counts, &[0]].concat();
        for (name, distance) in ALL {
            prop_assert_eq!(distance(&reference, &current), distance(&longer(&reference), &longer(&current)), "{}", name);
        }
    }

    #[test]
    fn joining_bins_never_adds_distance((reference, current) in sides(1)) {
        for (name, distance) in &ALL[..5] {
            let fine = distance(&reference, &current).expect("a distance");
            let coarse = distance(&coarser(&reference), &coarser(&current)).expect("a distance");
            prop_assert!(coarse <= fine + 1e-9, "{name}: {coarse} > {fine}");
        }
    }

    #[test]
    fn distances_keep_to_their_range((reference, current) in sides(0)) {
        for (name, distance) in ALL {
            let value = distance(&reference, &current).expect("a distance");
            prop_assert!(value.is_finite() && value >= 0.0, "{name} {value}");
        }
        for (name, distance) in &ALL[2..] {
            prop_assert!(distance(&reference, &current).expect("a distance") <= 1.0, "{name}");
        }
        let (tv, h) = (total_variation(&reference, &current), hellinger(&reference, &current));
        let (tv, h) = (tv.expect("tv"), h.expect("hellinger"));
        // Le Cam's inequalities tie the two together.
        prop_assert!(h * h <= tv + 1e-12 && tv <= h * (2.0 - h * h).sqrt() + 1e-12);
    }

    #[test]
    fn what_no_drift_gives_is_finite((reference, current) in sides(0)) {
        for measure in &Measure::ALL[..6] {
            let distance = measure_bins(*measure, Bins::unnamed(), &reference, &current, 0.99).expect("a distance");
            let (floor, bias) = (distance.noise_floor.expect("a floor"), distance.bias.expect("a bias"));
            prop_assert!(floor.is_finite() && bias.is_finite() && bias >= 0.0, "{measure} {floor} {bias}");
            prop_assert!(distance.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)), "{measure} {distance:?}");
        }
    }
}
