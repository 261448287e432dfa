"""Runs NannyML 0.13 on the shared cases and records what it returned."""

import reporting_off  # noqa: F401

import argparse
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas
from nannyml.chunk import SizeBasedChunker
from nannyml.drift.univariate.methods import FeatureType, MethodFactory
from nannyml.thresholds import ConstantThreshold

from peer_cases import FIXTURES, Case, entry_of, make_cases, write_fixture

TARGET = FIXTURES / "nannyml_0_13.json"
METHODS = {
    "numeric": ("jensen_shannon", "hellinger", "kolmogorov_smirnov", "wasserstein"),
    "categorical": ("jensen_shannon", "hellinger", "l_infinity", "chi2"),
}
FEATURE_TYPES = {"numeric": FeatureType.CONTINUOUS, "categorical": FeatureType.CATEGORICAL}


def series(case: Case, values: list[Any]) -> pandas.Series:
    """Returns the one column; a null is a NaN."""
    types = {"float": "float64", "integer": "int64", "string": "object"}
    return pandas.Series(values, dtype=types[case.type], name="x")


def results(case: Case) -> dict[str, Any]:
    """Fits each method on the reference and measures the current sample as one chunk."""
    measured: dict[str, Any] = {}
    for name in METHODS[case.kind]:
        method = MethodFactory.create(
            key=name,
            feature_type=FEATURE_TYPES[case.kind],
            chunker=SizeBasedChunker(chunk_size=len(case.reference)),
            threshold=ConstantThreshold(),
        )
        try:
            method.fit(series(case, case.reference))
            measured[name] = float(method.calculate(series(case, case.current)))
        except ValueError as error:
            measured[name] = None
            measured[f"{name}_error"] = str(error)
            continue
        if name == "chi2":
            # The p-value on which NannyML alerts; its results show only the statistic.
            measured["chi2_p"] = float(method._p_value)
    return measured


def main() -> None:
    """Reads the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    head = {
        "about": "Made by scripts/independent/peers_nannyml.py; do not edit.",
        "packages": {name: version(name) for name in ("nannyml", "numpy", "pandas", "scipy")},
    }
    write_fixture(arguments.target, head, [entry_of(case, results(case)) for case in make_cases()])


if __name__ == "__main__":
    main()
