"""Computes the flight models' monthly performance with scikit-learn, as values to test Quiver against."""

import argparse
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.compute
from fixtures import (
    FLIGHTS,
    REPOSITORY,
    in_month,
    months_of,
    numbers,
    packages,
    read_flights,
    write_fixture,
)
from sklearn import metrics

TARGET = REPOSITORY / "crates/quiver/tests/independent/flights_performance.json"
THRESHOLD = 0.5
SCORES = ("score_lr", "score")
CALIBRATION_EDGES = numpy.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


def calibration_error(labels: numpy.ndarray, scores: numpy.ndarray) -> float:
    """Weighs each bin's gap between mean score and label rate by the bin's share of rows."""
    bins = numpy.searchsorted(CALIBRATION_EDGES, scores, side="right")
    total = 0.0
    for index in numpy.unique(bins):
        inside = bins == index
        gap = abs(scores[inside].mean() - labels[inside].mean())
        total += inside.sum() / len(scores) * gap
    return float(total)


def classification(labels: numpy.ndarray, scores: numpy.ndarray) -> dict[str, Any]:
    """Measures one score against the labels of the same rows."""
    decisions = (scores >= THRESHOLD).astype(numpy.int64)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(
        labels, decisions, labels=[0, 1]
    ).tolist()
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "precision": float(metrics.precision_score(labels, decisions)),
        "recall": float(metrics.recall_score(labels, decisions)),
        "f1": float(metrics.f1_score(labels, decisions)),
        "roc_auc": float(metrics.roc_auc_score(labels, scores)),
        "brier": float(metrics.brier_score_loss(labels, scores)),
        "log_loss": float(metrics.log_loss(labels, scores)),
        "calibration_error": calibration_error(labels, scores),
        "mean_score": float(scores.mean()),
    }


def month_performance(flights: pyarrow.Table, month: str) -> dict[str, Any]:
    """Measures both scores and the predicted delay over one local month."""
    rows = in_month(flights, month)
    labelled = rows.filter(pyarrow.compute.is_valid(rows["label"]))
    labels = labelled["label"].to_numpy().astype(numpy.int64)
    predicted, actual = numbers(labelled["pred_delay"]), numbers(labelled["arr_delay"])
    return {
        "month": month,
        "rows": rows.num_rows,
        "labelled": labelled.num_rows,
        "label_rate": float(labels.mean()),
        "classification": {
            name: classification(labels, numbers(labelled[name]))
            | {"mean_score_all_rows": float(numbers(rows[name]).mean())}
            for name in SCORES
        },
        "regression": {
            "mae": float(metrics.mean_absolute_error(actual, predicted)),
            "rmse": float(metrics.root_mean_squared_error(actual, predicted)),
        },
    }


def main() -> None:
    """Reads the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flights", type=Path, default=FLIGHTS)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    flights = read_flights(arguments.flights)
    conventions = {
        "window": "calendar month of event_time in America/New_York",
        "rows_measured": "rows with a label; mean_score_all_rows alone takes every row",
        "score": "32-bit in the file, widened to 64 bits before any arithmetic",
        "positive": f"score >= {THRESHOLD}",
        "log_loss": "natural logarithm, mean over rows",
        "calibration_error": "10 bins [0,.1) [.1,.2) … [.9,1]; sum of n_bin/n * |mean score - label rate|",
        "regression": "pred_delay against arr_delay, minutes",
    }
    content = {
        "about": "Made by scripts/independent/flights_performance.py; do not edit.",
        "packages": packages("numpy", "pyarrow", "scikit-learn"),
        "conventions": conventions,
        "months": [month_performance(flights, month) for month in months_of(flights)],
    }
    write_fixture(arguments.target, content)


if __name__ == "__main__":
    main()
