"""Profiles one Parquet file in Polars: describe, approximate distinct counts and most frequent strings."""

import argparse
import time

import polars

TOP_VALUES = 20


def main() -> None:
    """Reads the command line, profiles and prints how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    # The number of threads is Polars' own variable, read when it is imported.
    arguments = parser.parse_args()
    started = time.perf_counter()
    rows = polars.scan_parquet(arguments.data)
    strings = [
        name for name, kind in rows.collect_schema().items() if kind == polars.String
    ]
    summary = rows.describe(percentiles=(0.05, 0.25, 0.5, 0.75, 0.95))
    distinct = rows.select(polars.all().approx_n_unique()).collect(engine="streaming")
    for name in strings:
        counted = rows.group_by(name).agg(polars.len().alias("rows"))
        counted.top_k(TOP_VALUES, by="rows").collect(engine="streaming")
    if summary.is_empty() or distinct.is_empty():
        raise RuntimeError("a result is empty")
    print(f"work_seconds={time.perf_counter() - started}")


if __name__ == "__main__":
    main()
