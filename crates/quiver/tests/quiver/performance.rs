//! Monthly performance equals scikit-learn's, through the real path and in the kernel alone.

use crate::flights;
use crate::year::{arm, finding, window, year};
use quiver_profile::outcome::Confusion;
use quiver_profile::{Outcome, OutcomePlan, Task};
use serde_json::Value;
use std::sync::OnceLock;

const ARMS: [(&str, &str); 2] = [("control", "score_lr"), ("shadow", "score")];

/// scikit-learn's figures, a month an entry.
fn months() -> &'static [Value] {
    static MONTHS: OnceLock<Value> = OnceLock::new();
    let read = || serde_json::from_str(include_str!("../independent/flights_performance.json")).unwrap();
    let all: &Value = MONTHS.get_or_init(read);
    let months = all["months"].as_array().unwrap();
    assert_eq!(months.len(), 11);
    months
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
fn close(found: Option<f64>, expected: &Value, what: &str) {
    let (found, expected) = (found.unwrap_or_else(|| panic!("no {what}")), expected.as_f64().unwrap());
    assert!((found - expected).abs() <= 1e-9, "{what}: {found} and not {expected}");
}

#[test]
fn every_month_of_the_report_has_scikit_learns_scores() {
    for month in months() {
        for (arm, score) in ARMS {
            let window = window(&year().report, arm, text(&month["month"]));
            assert_eq!((&window["rows"], &window["labelled"]), (&month["rows"], &month["labelled"]));
            let expected = &month["classification"][score];
            for subject in ["roc_auc", "brier", "log_loss", "calibration_error", "precision", "recall"] {
                let what = format!("{subject} of {arm} in {}", month["month"]);
                close(finding(window, "quality", subject)["value"].as_f64(), &expected[subject], &what);
            }
        }
    }
}

#[test]
fn every_month_of_the_report_counts_what_scikit_learn_counts() {
    for month in months() {
        for (arm, score) in ARMS {
            let window = window(&year().report, arm, text(&month["month"]));
            let of = |subject: &str| finding(window, "quality", subject);
            let rows = |subject: &str| of(subject)["rows"].as_u64().unwrap();
            // Precision is a share of what was called late, recall a share of what was late.
            let (called, late) = (rows("precision"), rows("recall"));
            let hits = (of("recall")["value"].as_f64().unwrap() * late as f64).round() as u64;
            let found = Confusion {
                true_positives: hits,
                false_positives: called - hits,
                false_negatives: late - hits,
                true_negatives: window["labelled"].as_u64().unwrap() - called - late + hits,
            };
            assert_eq!(found, confusion_of(&month["classification"][score]), "{arm} in {}", month["month"]);
        }
    }
}

#[test]
fn the_diagnosis_speaks_of_the_mean_scores_of_all_flights() {
    let mean_output = &arm(&year().report, "control")["diagnosis"]["mean_output"];
    for (place, label) in [(0, "2013-02"), (1, "2013-04")] {
        let month = months().iter().find(|month| month["month"] == label).unwrap();
        let expected = &month["classification"]["score_lr"]["mean_score_all_rows"];
        close(mean_output[place].as_f64(), expected, label);
    }
}

#[test]
fn the_kernel_counts_every_month_as_scikit_learn_does() {
    for month in months() {
        for (_, score) in ARMS {
            let outcome = outcome_of(text(&month["month"]), Task::Binary, score, "label");
            let expected = &month["classification"][score];
            let what = |metric: &str| format!("{metric} of {score} in {}", month["month"]);
            assert_eq!(outcome.predictions(), month["rows"].as_u64().unwrap());
            assert_eq!(outcome.labelled(), month["labelled"].as_u64().unwrap());
            assert_eq!(outcome.confusion(0.5).unwrap(), confusion_of(expected), "{}", what("confusion"));
            for (metric, found) in [
                ("precision", outcome.precision(0.5)),
                ("recall", outcome.recall(0.5)),
                ("f1", outcome.f1(0.5)),
                ("roc_auc", outcome.roc_auc()),
                ("brier", outcome.brier()),
                ("log_loss", outcome.log_loss()),
                ("calibration_error", outcome.calibration_error()),
            ] {
                close(found, &expected[metric], &what(metric));
            }
        }
    }
}

#[test]
fn the_kernel_measures_a_regression_as_scikit_learn_does() {
    for month in months() {
        let outcome = outcome_of(text(&month["month"]), Task::Regression, "pred_delay", "arr_delay");
        assert_eq!(outcome.labelled(), month["labelled"].as_u64().unwrap());
        close(outcome.mae(), &month["regression"]["mae"], &format!("mae in {}", month["month"]));
        close(outcome.rmse(), &month["regression"]["rmse"], &format!("rmse in {}", month["month"]));
    }
}

fn confusion_of(expected: &Value) -> Confusion {
    let count = |name: &str| expected[name].as_u64().unwrap();
    Confusion {
        true_positives: count("tp"),
        false_positives: count("fp"),
        false_negatives: count("fn"),
        true_negatives: count("tn"),
    }
}

/// The outcome of one month, merged from two halves of its rows: every second row, and the others.
fn outcome_of(month: &str, task: Task, prediction: &str, label: &str) -> Outcome {
    let rows = flights::month(month);
    let plan = OutcomePlan { thresholds: vec![0.5], ..OutcomePlan::new(task) };
    let mut halves = [Outcome::new(&plan), Outcome::new(&plan)];
    // A flight counts as labelled when its label is known, also where the label itself is another column.
    let known = flights::numbers(&rows, "label");
    let pairs = flights::numbers(&rows, prediction).into_iter().zip(flights::numbers(&rows, label)).zip(known);
    for (row, ((prediction, label), known)) in pairs.enumerate() {
        halves[row % 2].add(prediction.unwrap(), label.filter(|_| known.is_some()), None);
    }
    let [mut whole, other] = halves;
    whole.merge(&other).unwrap();
    whole
}
