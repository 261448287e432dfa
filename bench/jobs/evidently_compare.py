"""Compares two Parquet files with Evidently's data drift preset."""

import argparse
import os
import time
from pathlib import Path

# Switches off usage reports; Evidently reads it when it is imported.
os.environ["DO_NOT_TRACK"] = "1"

import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def dataset(path: Path, columns: list[str]) -> Dataset:
    """Reads the columns and declares their kinds, so that none is taken for text."""
    frame = pandas.read_parquet(path, columns=columns)
    numeric = list(frame.select_dtypes("number").columns)
    categorical = [name for name in columns if name not in numeric]
    definition = DataDefinition(
        numerical_columns=numeric, categorical_columns=categorical
    )
    return Dataset.from_pandas(frame, definition)


def main() -> None:
    """Reads the command line, compares and prints how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path)
    parser.add_argument("current", type=Path)
    parser.add_argument("--columns", required=True, help="comma-separated")
    arguments = parser.parse_args()
    started = time.perf_counter()
    columns = arguments.columns.split(",")
    reference, current = (
        dataset(arguments.reference, columns),
        dataset(arguments.current, columns),
    )
    result = Report([DataDriftPreset()]).run(current, reference).dict()
    if len(result["metrics"]) != len(columns) + 1:
        raise RuntimeError("the report leaves columns out")
    print(f"work_seconds={time.perf_counter() - started}")


if __name__ == "__main__":
    main()
