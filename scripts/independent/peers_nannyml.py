"""Runs NannyML 0.13 on the shared cases and records what it returned."""

import argparse
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas
import reporting_off  # noqa: F401
from nannyml import UnivariateDriftCalculator
from nannyml.exceptions import CalculatorException
from peer_cases import FIXTURES, Case, entry_of, make_cases, write_fixture

TARGET = FIXTURES / "nannyml_0_13.json"
METHODS = {
    "numeric": ("jensen_shannon", "hellinger", "kolmogorov_smirnov", "wasserstein"),
    "categorical": ("jensen_shannon", "hellinger", "l_infinity", "chi2"),
}


def frame(case: Case, values: Sequence[Any]) -> pandas.DataFrame:
    """Returns the one column; a null is a NaN."""
    types = {"float": "float64", "integer": "int64", "string": "object"}
    return pandas.DataFrame({"x": pandas.Series(values, dtype=types[case.type])})


def calculator(case: Case, method: str) -> UnivariateDriftCalculator:
    """Sets one method up so that the whole current sample is one chunk."""
    if case.kind == "numeric":
        return UnivariateDriftCalculator(
            column_names=["x"],
            treat_as_numerical=["x"],
            continuous_methods=[method],
            chunk_number=1,
        )
    return UnivariateDriftCalculator(
        column_names=["x"],
        treat_as_categorical=["x"],
        categorical_methods=[method],
        chunk_number=1,
    )


def results(case: Case) -> dict[str, Any]:
    """Fits each method on the reference and measures the current sample."""
    measured: dict[str, Any] = {}
    for name in METHODS[case.kind]:
        drift = calculator(case, name)
        try:
            drift.fit(frame(case, case.reference))
            table = (
                drift.calculate(frame(case, case.current))
                .filter(period="analysis")
                .to_df()
            )
        except CalculatorException as error:
            measured[name] = None
            measured[f"{name}_error"] = str(error)
            continue
        measured[name] = float(table[("x", name, "value")].iloc[0])
        if name == "chi2":
            # The p-value on which NannyML alerts; its table shows only the statistic.
            measured["chi2_p"] = float(drift._column_to_models_mapping["x"][0]._p_value)
    return measured


def main() -> None:
    """Reads the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    head = {
        "about": "Made by scripts/independent/peers_nannyml.py; do not edit.",
        "packages": {
            name: version(name) for name in ("nannyml", "numpy", "pandas", "scipy")
        },
    }
    write_fixture(
        arguments.target, head, [entry_of(case, results(case)) for case in make_cases()]
    )


if __name__ == "__main__":
    main()
