//! Closed forms of the chi-square test.

use crate::distance::independence::{IndependenceError, chi_square};

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "expected {expected}, found {found}");
}

#[test]
fn a_two_by_two_table_has_a_closed_form() {
    let test = chi_square(&[10, 20], &[20, 10]).expect("a test");
    close(test.statistic, 20.0 / 3.0);
    // The upper tail with one degree is erfc(√(x/2)).
    close(test.p_value, 0.009_823_274_507_519_247);
    close(test.cramers_v, 1.0 / 3.0);
    close(test.cramers_v_corrected, ((1.0_f64 / 9.0 - 1.0 / 59.0) / (1.0 - 1.0 / 59.0)).sqrt());
    close(test.smallest_expected, 15.0);
    assert_eq!((test.bins, test.degrees_of_freedom, test.rows), (2, 1, 60));
}

#[test]
fn equal_shares_give_nothing() {
    let test = chi_square(&[10, 30, 0, 60], &[1, 3, 0, 6]).expect("a test");
    assert_eq!((test.statistic, test.p_value, test.cramers_v, test.cramers_v_corrected), (0.0, 1.0, 0.0, 0.0));
    assert_eq!(test.degrees_of_freedom, 2);
}

#[test]
fn tails_stay_accurate_and_then_underflow() {
    let far = chi_square(&[6000, 4000], &[5000, 5000]).expect("a test");
    close(far.statistic, 202.020_202_020_202_02);
    // SciPy 1.17: chi2.sf(202.02020202020202, 1).
    close(far.p_value / 7.568_144_119_452_655e-46, 1.0);
    let huge = chi_square(&[1_000_000, 0], &[0, 1_000_000]).expect("a test");
    assert_eq!((huge.p_value, huge.cramers_v), (0.0, 1.0));
}

#[test]
fn one_bin_leaves_nothing_to_test() {
    let test = chi_square(&[0, 5], &[0, 9]).expect("a test");
    assert_eq!((test.statistic, test.degrees_of_freedom, test.p_value), (0.0, 0, 1.0));
    assert_eq!((test.cramers_v_limit(0.99), test.cramers_v_bias()), (0.0, 0.0));
}

#[test]
fn sides_without_rows_are_errors() {
    assert_eq!(chi_square(&[0], &[1]), Err(IndependenceError::EmptyReference));
    assert_eq!(chi_square(&[1], &[0]), Err(IndependenceError::EmptyCurrent));
    assert_eq!(chi_square(&[1], &[1, 1]), Err(IndependenceError::Misaligned { reference: 1, current: 2 }));
}
