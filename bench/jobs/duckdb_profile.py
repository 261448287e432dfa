"""Profiles one Parquet file in DuckDB with a single query."""

import argparse
import time

import duckdb

QUANTILES = "[0.05, 0.25, 0.5, 0.75, 0.95]"
TOP_VALUES = 20
HISTOGRAM_EDGES = "[-10, -5, -3, -2, -1, 0, 1, 2, 3, 5, 10, 20, 50, 100]"


def column_measures(name: str, is_numeric: bool) -> list[str]:
    """Lists what is measured of one column, as in a profile."""
    shared = [
        f"count({name})",
        f"count(*) - count({name})",
        f"min({name})",
        f"max({name})",
    ]
    distinct = f"approx_count_distinct({name})"
    if is_numeric:
        return [
            *shared,
            f"avg({name})",
            f"stddev({name})",
            f"approx_quantile({name}, {QUANTILES})",
            distinct,
            f"histogram({name}, {HISTOGRAM_EDGES})",
        ]
    return [*shared, distinct, f"approx_top_k({name}, {TOP_VALUES})"]


def main() -> None:
    """Reads the command line, runs the query and prints how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    started = time.perf_counter()
    connection = duckdb.connect(config={"threads": arguments.threads})
    source = f"read_parquet('{arguments.data}')"
    columns = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    measures = [
        measure
        for name, kind, *_ in columns
        for measure in column_measures(name, kind == "DOUBLE")
    ]
    row = connection.execute(
        f"SELECT count(*), {', '.join(measures)} FROM {source}"
    ).fetchone()
    if row is None or len(row) != len(measures) + 1:
        raise RuntimeError("the query answered with another shape")
    print(f"work_seconds={time.perf_counter() - started}")


if __name__ == "__main__":
    main()
