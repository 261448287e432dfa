"""Measures comparing two files: Quiver beside Evidently, and Quiver alone on ten times the rows."""

import argparse
import os
from pathlib import Path

from measuring import (
    DATA_FOLDER,
    ENVIRONMENTS,
    Job,
    binary_version,
    make_data,
    measure_all,
    package_versions,
    read_through,
    report,
)

JOBS = Path(__file__).resolve().parent / "jobs"
NUMERIC = (
    "normal",
    "lognormal",
    "uniform",
    "exponential",
    "zero_heavy",
    "small_integers",
    "two_peaks",
    "heavy_tails",
    "prices",
    "with_nulls",
)
CATEGORICAL = ("category_10", "category_200", "category_nulls")
# Evidently's time on categories grows with the square of their number.
MANY_LEVELS = "category_50000"
Pair = tuple[Path, Path]


def quiver_job(
    arguments: argparse.Namespace, name: str, rows: int, pair: Pair, columns: list[str]
) -> Job:
    """Compares in Quiver: all columns, or the named ones."""
    reference, current = pair
    command = [str(arguments.quiver), "compare", str(reference), str(current), "--json"]
    threads = ["--threads", str(arguments.threads)]
    chosen = ["--columns", ",".join(columns)] if columns else []
    return Job(name, rows, command + threads + chosen)


def evidently_job(
    arguments: argparse.Namespace, pair: Pair, columns: list[str], base: str
) -> Job:
    """Compares in Evidently with its data drift preset."""
    python = str(arguments.environments / "evidently" / "bin" / "python")
    script = str(JOBS / "evidently_compare.py")
    command = [python, script, *map(str, pair), "--columns", ",".join(columns)]
    return Job(f"evidently, {len(columns)} columns", arguments.rows, command, base)


def make_pair(arguments: argparse.Namespace, rows: int) -> Pair:
    """Makes both files of so many rows and brings them into the page cache."""
    python = arguments.environments / "main" / "bin" / "python"
    reference = make_data(python, arguments.data_folder, "reference", rows)
    current = make_data(python, arguments.data_folder, "current", rows)
    for path in (reference, current):
        read_through(path)
    return reference, current


def all_jobs(arguments: argparse.Namespace) -> list[Job]:
    """Lists every job in the order of the table."""
    pair = make_pair(arguments, arguments.rows)
    columns = [*NUMERIC, *CATEGORICAL]
    many = [*columns, MANY_LEVELS] if arguments.many_levels else []
    jobs = []
    for chosen in filter(None, (columns, many)):
        base = f"quiver compare, {len(chosen)} columns"
        if arguments.quiver:
            jobs.append(quiver_job(arguments, base, arguments.rows, pair, chosen))
        jobs.append(evidently_job(arguments, pair, chosen, base))
    if arguments.quiver:
        jobs.append(
            quiver_job(
                arguments, "quiver compare, all 15 columns", arguments.rows, pair, []
            )
        )
        rows = arguments.large_rows
        name = f"quiver compare, all 15 columns, {rows:,} rows a side"
        jobs.append(quiver_job(arguments, name, rows, make_pair(arguments, rows), []))
    return jobs


def parsed() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="a side")
    parser.add_argument(
        "--large-rows", type=int, default=10_000_000, help="a side, Quiver alone"
    )
    parser.add_argument(
        "--many-levels",
        action="store_true",
        help="also with the 50,000-level column (slow)",
    )
    parser.add_argument(
        "--quiver", type=Path, help="the release binary; without it, no ratio to it"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="for Quiver"
    )
    parser.add_argument(
        "--environments", type=Path, default=ENVIRONMENTS, help="made by setup.sh"
    )
    parser.add_argument("--data-folder", type=Path, default=DATA_FOLDER)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit-seconds", type=float, default=3600)
    parser.add_argument(
        "--output",
        type=Path,
        help="the JSON file; default: compare.json beside the data",
    )
    return parser.parse_args()


def main() -> None:
    """Makes the data, measures and reports."""
    arguments = parsed()
    jobs = all_jobs(arguments)
    runs = measure_all(jobs, arguments.repeats, arguments.limit_seconds)
    python = arguments.environments / "evidently" / "bin" / "python"
    versions = binary_version(arguments.quiver) | package_versions(
        python, ["evidently", "pandas"]
    )
    title = f"Compare {arguments.rows:,} with {arguments.rows:,} rows"
    report(
        title,
        jobs,
        runs,
        versions,
        arguments.output or arguments.data_folder / "compare.json",
    )


if __name__ == "__main__":
    main()
