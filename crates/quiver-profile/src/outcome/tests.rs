//! Tests of outcomes against closed forms, and of their laws.

use proptest::prelude::*;

use super::*;
use crate::edges::NumberEdges;

fn binary() -> OutcomePlan {
    OutcomePlan { thresholds: vec![0.5, 0.3], ..OutcomePlan::new(Task::Binary) }
}

fn of(plan: &OutcomePlan, rows: &[(f64, Option<f64>)]) -> Outcome {
    let mut outcome = Outcome::new(plan);
    rows.iter().for_each(|&(prediction, label)| outcome.add(prediction, label, label.map(|_| 60.0)));
    outcome
}

#[test]
fn a_small_binary_task_by_hand() {
    // scikit-learn's own example for roc_auc_score: labels 0 0 1 1, scores .1 .4 .35 .8.
    let rows =
        [(0.1, Some(0.0)), (0.4, Some(0.0)), (0.35, Some(1.0)), (0.8, Some(1.0)), (0.9, None), (f64::NAN, Some(1.0))];
    let outcome = of(&binary(), &rows);
    assert_eq!((outcome.predictions(), outcome.labelled(), outcome.unusable()), (6, 4, 1));
    assert_eq!(outcome.roc_auc(), Some(0.75));
    let close =
        |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-15, "{found:?} {expected}");
    close(outcome.brier(), (0.01 + 0.16 + 0.65 * 0.65 + 0.04) / 4.0);
    close(outcome.log_loss(), -(0.9f64.ln() + 0.6f64.ln() + 0.35f64.ln() + 0.8f64.ln()) / 4.0);
    let expected = Confusion { true_positives: 1, false_positives: 0, false_negatives: 1, true_negatives: 2 };
    assert_eq!(outcome.confusion(0.5), Some(expected));
    assert_eq!(outcome.precision(0.5), Some(1.0));
    assert_eq!(outcome.recall(0.5), Some(0.5));
    close(outcome.f1(0.5), 2.0 / 3.0);
    assert_eq!(outcome.precision(0.3), Some(2.0 / 3.0));
    assert_eq!(outcome.precision(0.7), None);
    close(outcome.calibration_error(), (0.1 + 0.4 + 0.65 + 0.2) / 4.0);
    assert!((outcome.delays().quantile(0.5).unwrap() - 60.0).abs() < 0.6);
}

#[test]
fn certain_and_wrong_has_a_finite_loss() {
    let outcome = of(&binary(), &[(1.0, Some(0.0)), (0.0, Some(1.0))]);
    assert!((outcome.log_loss().unwrap() - 52.0 * 2f64.ln()).abs() < 1e-12);
    assert_eq!(outcome.brier(), Some(1.0));
    assert_eq!(outcome.roc_auc(), Some(0.0));
}

#[test]
fn margins_are_ranked_but_are_no_probabilities() {
    let outcome = of(&binary(), &[(-3.0, Some(0.0)), (5.0, Some(1.0))]);
    assert_eq!(outcome.roc_auc(), Some(1.0));
    assert_eq!((outcome.brier(), outcome.log_loss(), outcome.calibration_error()), (None, None, None));
}

#[test]
fn calibration_bins_keep_their_bounds() {
    let rows: Vec<(f64, Option<f64>)> = (0..=10).map(|tenth| (f64::from(tenth) / 10.0, Some(1.0))).collect();
    let outcome = of(&binary(), &rows);
    let rows: Vec<u64> = outcome.binary().unwrap().calibration().unwrap().iter().map(|bin| bin.rows).collect();
    assert_eq!(rows, [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
}

#[test]
fn standard_errors_match_their_formula() {
    let outcome = of(&OutcomePlan::new(Task::Regression), &[(1.0, Some(0.0)), (3.0, Some(0.0)), (-5.0, Some(0.0))]);
    assert_eq!(outcome.mae(), Some(3.0));
    // Absolute errors 1, 3, 5: sample deviation 2.
    assert!((outcome.mae_standard_error().unwrap() - 2.0 / 3f64.sqrt()).abs() < 1e-15);
    assert!((outcome.rmse().unwrap() - (35.0f64 / 3.0).sqrt()).abs() < 1e-15);
}

#[test]
fn regression_errors_are_told_by_prediction() {
    let edges = NumberEdges::from_cuts(&[10.0, 20.0]).unwrap();
    let plan =
        OutcomePlan { prediction_edges: Some(Arc::new(Edges::Number(edges))), ..OutcomePlan::new(Task::Regression) };
    let outcome = of(&plan, &[(15.0, Some(14.0)), (16.0, Some(18.0)), (30.0, Some(20.0))]);
    let bins = outcome.regression().unwrap().by_prediction();
    let middle = bins.iter().find(|bin| bin.rows == 2).unwrap();
    assert_eq!((middle.mean_absolute_error, middle.mean_error), (Some(1.5), Some(-0.5)));
    let over = bins.iter().find(|bin| matches!(bin.label, crate::edges::BinLabel::Over(_))).unwrap();
    assert_eq!(over.mean_error, Some(10.0));
}

#[test]
fn classes_are_right_or_wrong() {
    let mut outcome = Outcome::new(&OutcomePlan::new(Task::Multiclass));
    outcome.add_class(Some(true), None);
    outcome.add_class(Some(false), None);
    outcome.add_class(None, None);
    outcome.add(2.0, Some(2.0), None);
    assert_eq!((outcome.predictions(), outcome.labelled(), outcome.accuracy()), (4, 3, Some(2.0 / 3.0)));
}

#[test]
fn different_plans_do_not_merge() {
    let mut outcome = Outcome::new(&binary());
    let other = Outcome::new(&OutcomePlan::new(Task::Binary));
    assert!(matches!(outcome.merge(&other), Err(OutcomeError::Thresholds { .. })));
    let other = Outcome::new(&OutcomePlan::new(Task::Regression));
    assert!(matches!(outcome.merge(&other), Err(OutcomeError::Task { .. })));
    assert!(Outcome::from_bytes(b"QVRP").is_err());
}

proptest! {
    #[test]
    fn order_split_and_bytes_change_nothing(
        rows in proptest::collection::vec((-0.1..1.1f64, proptest::option::of(0u8..2)), 0..80), cut in 0usize..80, regression: bool,
    ) {
        let rows: Vec<(f64, Option<f64>)> = rows.into_iter().map(|(score, label)| (score, label.map(f64::from))).collect();
        let cut = cut.min(rows.len());
        let plan = if regression { OutcomePlan::new(Task::Regression) } else { binary() };
        let whole = of(&plan, &rows);
        let mut merged = of(&plan, &rows[cut..]);
        merged.merge(&Outcome::from_bytes(&of(&plan, &rows[..cut]).to_bytes()).unwrap()).unwrap();
        merged.merge(&Outcome::new(&plan)).unwrap();
        prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
    }
}
