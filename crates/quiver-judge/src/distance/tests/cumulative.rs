//! Closed forms and laws of the distances between distribution functions.

use proptest::prelude::*;

use crate::distance::cumulative::smirnov::{
    critical_gap, exact_p_value, gap, gap_on_cells, kolmogorov_above, one_sample_p_value, p_value,
};
use crate::distance::cumulative::wasserstein::{Extremes, population_deviation, transport, transport_on_cells};
use crate::distance::cumulative::{Cells, CumulativeError, smirnov, wasserstein};

#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "expected {expected}, found {found}");
}

#[test]
fn gaps_have_closed_forms() {
    assert_eq!(gap(&[(1.0, 1)], &[(2.0, 5)]), Ok(1.0));
    assert_eq!(gap(&[(0.0, 93), (1.0, 7)], &[(0.0, 80), (2.0, 20)]), Ok(0.20));
    assert_eq!(gap(&[(0.0, 1), (1.0, 2)], &[(0.0, 10), (1.0, 20)]), Ok(0.0));
}

#[test]
fn transport_has_closed_forms() {
    assert_eq!(transport(&[(1.0, 3)], &[(5.0, 1)]), Ok(4.0));
    assert_eq!(transport(&[(0.0, 1), (10.0, 1)], &[(0.0, 3), (10.0, 1)]), Ok(2.5));
    close(population_deviation(&[(0.0, 1), (2.0, 1)]).expect("a deviation"), 1.0, 1e-15);
    let measured = wasserstein::measure(&[(0.0, 1), (2.0, 1)], &[(3.0, 1), (5.0, 1)], 0.99).expect("a distance");
    assert_eq!(measured.value, 3.0);
    assert_eq!(measured.convention.as_str(), "wasserstein/normalised/exact");
}

#[test]
fn p_values_are_scipys() {
    for (scaled, expected) in [
        (0.5, 0.963_945_243_664_875_1),
        (0.8, 0.544_142_411_574_198_1),
        (1.1, 0.177_718_192_606_401_2),
        (1.3, 0.068_092_221_844_766_36),
        (2.0, 0.000_670_925_255_779_695_3),
        (4.0, 2.532_833_109_818_835e-14),
    ] {
        close(kolmogorov_above(scaled), expected, 1e-12);
    }
    close(exact_p_value(0.5, 12, 8), 0.149_559_418_909_264_1, 1e-12);
    close(exact_p_value(0.2, 100, 70), 0.063_668_544_892_407_99, 1e-12);
    close(exact_p_value(0.4, 50, 50), 0.000_582_256_881_477_649_3, 1e-12);
    close(one_sample_p_value(0.05, 3000), 5.874_684_341_454_393e-7, 1e-10);
    close(one_sample_p_value(0.1, 500), 8.342_293_067_263_533e-5, 1e-9);
    close(one_sample_p_value(0.02, 3000), 0.178_898_136_231_889_66, 1e-5);
    close(one_sample_p_value(0.2, 50), 0.031_438_777_769_532_41, 1e-4);
}

#[test]
fn small_samples_are_counted() {
    // Two of the twenty orders of three and three keep the sides apart.
    close(exact_p_value(1.0, 3, 3), 0.1, 1e-15);
    assert_eq!(exact_p_value(0.0, 3, 5), 1.0);
    assert_eq!(exact_p_value(0.3, 0, 5), 1.0);
}

#[test]
fn the_critical_gap_has_its_probability() {
    let limit = critical_gap(0.95, 1000, 500);
    close(p_value(limit, 1000, 500), 0.05, 1e-9);
    // Smirnov's table gives 1.358 for 5 %.
    close(limit * (1000.0_f64 / 3.0).sqrt(), 1.358, 1e-4);
    assert_eq!(critical_gap(0.99, 1, 1), 1.0);
}

#[test]
fn bad_input_is_an_error() {
    let good = [(0.0, 1)];
    assert_eq!(gap(&[], &good), Err(CumulativeError::EmptyReference));
    assert_eq!(gap(&good, &[(1.0, 0)]), Err(CumulativeError::EmptyCurrent));
    assert_eq!(gap(&good, &[(2.0, 1), (1.0, 1)]), Err(CumulativeError::Unordered { value: 1.0, position: 1 }));
    assert!(transport(&good, &[(f64::NAN, 1)]).is_err());
    assert!(transport(&good, &[(f64::INFINITY, 1)]).is_err());
    assert_eq!(wasserstein::measure(&good, &good, 0.99), Err(CumulativeError::ConstantReference { deviation: 0.0 }));
    assert_eq!(smirnov::measure(&good, &good, 0.0), Err(CumulativeError::Confidence { confidence: 0.0 }));
    assert!(matches!(Cells::new(&[1.0], &[1, 1], &[1, 1]), Err(CumulativeError::Misaligned { expected: 3, .. })));
    assert!(matches!(Cells::new(&[1.0, 1.0], &[1; 5], &[1; 5]), Err(CumulativeError::Unordered { .. })));
}

#[test]
fn cells_use_the_extremes_when_they_are_known() {
    // The reference is spread over (0, 1), the current side over (1, 3).
    let cells = Cells::new(&[1.0], &[10, 0, 0], &[0, 0, 5]).expect("cells");
    assert_eq!(transport_on_cells(&cells, None), 0.0);
    let reference = Extremes { minimum: 0.0, maximum: 1.0 };
    let current = Extremes { minimum: 1.0, maximum: 3.0 };
    close(transport_on_cells(&cells, Some((reference, current))), 1.5, 1e-15);
    let measured = wasserstein::measure_cells(&cells, None, 1.0, 0.99).expect("a distance");
    assert_eq!(measured.convention.as_str(), "wasserstein/normalised/cells-inner");
}

#[test]
fn lines_that_cross_in_a_cell_are_two_triangles() {
    // F − G runs from +0.5 at 0 to −0.5 at 2.
    let cells = Cells::new(&[0.0, 2.0], &[0, 5, 0, 5, 0], &[0, 0, 10, 0, 0]).expect("cells");
    close(transport_on_cells(&cells, None), 0.5, 1e-15);
}

#[test]
fn cells_without_points_need_extremes() {
    let cells = Cells::new(&[], &[4], &[4]).expect("cells");
    assert_eq!(transport_on_cells(&cells, None), 0.0);
    let range = |minimum, maximum| Extremes { minimum, maximum };
    close(transport_on_cells(&cells, Some((range(0.0, 2.0), range(1.0, 3.0)))), 1.0, 1e-15);
    assert_eq!(gap_on_cells(&cells).at_most, 1.0);
}

/// Values in eighths, so that sums are exact, each with a count.
fn points() -> impl Strategy<Value = Vec<(f64, u64)>> {
    prop::collection::btree_map(-40_i32..40, 1_u64..9, 1..25)
        .prop_map(|counts| counts.into_iter().map(|(value, rows)| (f64::from(value) / 8.0, rows)).collect())
}

/// Counts weighted points in the cells of `frozen`.
fn cell_counts(frozen: &[f64], side: &[(f64, u64)]) -> Vec<u64> {
    let mut counts = vec![0; 2 * frozen.len() + 1];
    for (value, rows) in side {
        let below = frozen.partition_point(|point| point < value);
        let is_point = frozen.get(below) == Some(value);
        counts[2 * below + usize::from(is_point)] += rows;
    }
    counts
}

proptest! {
    #[test]
    fn the_gap_is_the_largest_difference(reference in points(), current in points()) {
        let share = |side: &[(f64, u64)], at: f64| {
            let rows = |wanted: &dyn Fn(f64) -> bool| -> u64 {
                side.iter().filter(|point| wanted(point.0)).map(|point| point.1).sum()
            };
            crate::distance::float(rows(&|value| value <= at)) / crate::distance::float(rows(&|_| true))
        };
        let expected = reference
            .iter()
            .chain(&current)
            .map(|point| (share(&reference, point.0) - share(&current, point.0)).abs())
            .fold(0.0, f64::max);
        prop_assert!((gap(&reference, &current).expect("a gap") - expected).abs() < 1e-12);
        prop_assert_eq!(gap(&reference, &current), gap(&current, &reference));
        prop_assert_eq!(gap(&reference, &reference), Ok(0.0));
    }

    #[test]
    fn cells_bound_the_gap(reference in points(), current in points(), keep in 1_usize..6) {
        let frozen: Vec<f64> = reference.iter().step_by(keep).map(|point| point.0).collect();
        let (left, right) = (cell_counts(&frozen, &reference), cell_counts(&frozen, &current));
        let found = gap_on_cells(&Cells::new(&frozen, &left, &right).expect("cells"));
        let exact = gap(&reference, &current).expect("a gap");
        prop_assert!(found.at_least <= exact + 1e-12 && exact <= found.at_most + 1e-12, "{found:?} {exact}");
        let rows: u64 = left.iter().sum();
        let widest = left.iter().step_by(2).max().expect("an open cell");
        let largest = crate::distance::float(*widest) / crate::distance::float(rows);
        prop_assert!(found.at_most - found.at_least <= largest + 1e-12);
        if keep == 1 {
            prop_assert!((found.at_least - exact).abs() < 1e-12);
        }
    }

    #[test]
    fn transport_is_a_metric(a in points(), b in points(), c in points()) {
        let distance = |one: &[(f64, u64)], other: &[(f64, u64)]| transport(one, other).expect("a distance");
        prop_assert_eq!(distance(&a, &a), 0.0);
        prop_assert!((distance(&a, &b) - distance(&b, &a)).abs() < 1e-12);
        prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c) + 1e-9);
    }

    #[test]
    fn a_shift_costs_its_length(reference in points(), shift in -64_i32..64) {
        let shift = f64::from(shift) / 8.0;
        let moved: Vec<(f64, u64)> = reference.iter().map(|(value, rows)| (value + shift, *rows)).collect();
        prop_assert!((transport(&reference, &moved).expect("a distance") - shift.abs()).abs() < 1e-9);
    }

    #[test]
    fn cells_are_exact_where_every_value_is_a_point(reference in points(), current in points()) {
        let mut frozen: Vec<f64> = reference.iter().chain(&current).map(|point| point.0).collect();
        frozen.sort_by(f64::total_cmp);
        frozen.dedup();
        let (left, right) = (cell_counts(&frozen, &reference), cell_counts(&frozen, &current));
        let cells = Cells::new(&frozen, &left, &right).expect("cells");
        let exact = transport(&reference, &current).expect("a distance");
        prop_assert!((transport_on_cells(&cells, None) - exact).abs() < 1e-9);
    }
}
