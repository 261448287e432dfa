"""Runs Evidently 0.7 on the shared cases and records what it returned."""

import argparse
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import pandas
import reporting_off  # noqa: F401
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift
from peer_cases import FIXTURES, Case, entry_of, make_cases, write_fixture

TARGET = FIXTURES / "evidently_0_7.json"
NUMERIC_METHODS = ("psi", "kl_div", "jensenshannon", "hellinger", "wasserstein", "ks")
CATEGORICAL_METHODS = (
    "psi",
    "kl_div",
    "jensenshannon",
    "hellinger",
    "chisquare",
    "z",
    "TVD",
)
# Evidently's total variation test permutes the rows a thousand times.
LONGEST_PERMUTED = 3000


def methods_of(case: Case) -> list[str]:
    """Names the methods that suit a case."""
    if case.kind == "numeric":
        return list(NUMERIC_METHODS)
    levels = {value for value in [*case.reference, *case.current] if value is not None}
    skipped = set() if len(levels) <= 2 else {"z"}
    if len(case.reference) > LONGEST_PERMUTED:
        skipped.add("TVD")
    return [method for method in CATEGORICAL_METHODS if method not in skipped]


def dataset(case: Case, values: Sequence[Any]) -> Dataset:
    """Declares the one column with the case's kind, so that nothing is guessed."""
    types = {"float": "float64", "integer": "int64", "string": "object"}
    frame = pandas.DataFrame({"x": pandas.Series(values, dtype=types[case.type])})
    numeric, categorical = (["x"], []) if case.kind == "numeric" else ([], ["x"])
    definition = DataDefinition(
        numerical_columns=numeric, categorical_columns=categorical
    )
    return Dataset.from_pandas(frame, definition)


def drift(case: Case, method: str | None) -> dict[str, Any]:
    """Returns Evidently's value, method, threshold and verdict for one method, or its default."""
    report = Report([ValueDrift(column="x", method=method)], include_tests=True)
    result = report.run(
        dataset(case, case.current), dataset(case, case.reference)
    ).dict()
    metric, test = result["metrics"][0], result["tests"][0]
    return {
        "value": float(metric["value"]),
        "method": metric["config"]["method"],
        "threshold": float(metric["config"]["threshold"]),
        "drifted": test["status"].value == "FAIL",
    }


def results(case: Case) -> dict[str, Any]:
    """Runs every suitable method and the default choice."""
    values = {method: drift(case, method)["value"] for method in methods_of(case)}
    return values | {"default": drift(case, None)}


def main() -> None:
    """Reads the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    head = {
        "about": "Made by scripts/independent/peers_evidently.py; do not edit.",
        "packages": {
            name: version(name) for name in ("evidently", "numpy", "pandas", "scipy")
        },
    }
    write_fixture(
        arguments.target, head, [entry_of(case, results(case)) for case in make_cases()]
    )


if __name__ == "__main__":
    main()
