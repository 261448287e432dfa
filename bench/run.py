"""Measures profiling one file: Quiver beside DuckDB, Polars, whylogs and the bare decoding of the file."""

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
DECODE = "decode"


def thread_counts() -> list[int]:
    """One thread, and as many as there are cores."""
    return sorted({1, os.cpu_count() or 1})


def quiver_name(threads: int) -> str:
    """Names the job that others with as many threads are divided by."""
    return f"quiver profile, {threads} thread{'s' if threads > 1 else ''}"


def threaded_jobs(arguments: argparse.Namespace, data: Path, threads: int) -> list[Job]:
    """Lists the jobs that can be told how many threads to use."""
    python = str(arguments.environments / "main" / "bin" / "python")
    base = quiver_name(threads)
    suffix = base.removeprefix("quiver profile")
    number = str(threads)
    duckdb = [python, str(JOBS / "duckdb_profile.py"), str(data), "--threads", number]
    polars = [python, str(JOBS / "polars_profile.py"), str(data)]
    jobs = []
    if arguments.quiver:
        command = [
            str(arguments.quiver),
            "profile",
            str(data),
            "--json",
            "--threads",
            number,
        ]
        jobs.append(Job(base, arguments.rows, command))
    jobs.append(Job(f"duckdb{suffix}", arguments.rows, duckdb, base))
    environment = {"POLARS_MAX_THREADS": number}
    jobs.append(Job(f"polars{suffix}", arguments.rows, polars, base, environment))
    return jobs


def all_jobs(
    arguments: argparse.Namespace, data: Path, whylogs_data: Path
) -> list[Job]:
    """Lists every job in the order of the table."""
    jobs = []
    if arguments.decode_binary:
        jobs.append(
            Job(DECODE, arguments.rows, [str(arguments.decode_binary), str(data)])
        )
    for threads in thread_counts():
        jobs += threaded_jobs(arguments, data, threads)
    python = str(arguments.environments / "whylogs" / "bin" / "python")
    whylogs = [python, str(JOBS / "whylogs_profile.py"), str(whylogs_data)]
    jobs.append(Job("whylogs", arguments.whylogs_rows, whylogs, quiver_name(1)))
    return [
        job
        for job in jobs
        if not arguments.only or job.name.startswith(tuple(arguments.only))
    ]


def parsed() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument(
        "--whylogs-rows", type=int, default=1_000_000, help="at most --rows"
    )
    parser.add_argument(
        "--quiver", type=Path, help="the release binary; without it, no ratio to it"
    )
    parser.add_argument(
        "--decode-binary", type=Path, help="the release example `quiver-bench-decode`"
    )
    parser.add_argument(
        "--environments", type=Path, default=ENVIRONMENTS, help="made by setup.sh"
    )
    parser.add_argument("--data-folder", type=Path, default=DATA_FOLDER)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit-seconds", type=float, default=1800)
    parser.add_argument(
        "--only", nargs="*", metavar="JOB", help="jobs whose names start so"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="the JSON file; default: profile.json beside the data",
    )
    arguments = parser.parse_args()
    arguments.whylogs_rows = min(arguments.whylogs_rows, arguments.rows)
    return arguments


def main() -> None:
    """Makes the data, measures and reports."""
    arguments = parsed()
    python = arguments.environments / "main" / "bin" / "python"
    data = make_data(python, arguments.data_folder, "reference", arguments.rows)
    whylogs_data = make_data(
        python, arguments.data_folder, "reference", arguments.whylogs_rows
    )
    for path in {data, whylogs_data}:
        read_through(path)
    jobs = all_jobs(arguments, data, whylogs_data)
    runs = measure_all(jobs, arguments.repeats, arguments.limit_seconds)
    whylogs_python = arguments.environments / "whylogs" / "bin" / "python"
    versions = (
        binary_version(arguments.quiver)
        | package_versions(python, ["duckdb", "polars"])
        | package_versions(whylogs_python, ["whylogs"])
    )
    megabytes = data.stat().st_size / 1e6
    title = (
        f"Profile {arguments.rows:,} rows × 15 columns, {megabytes:,.0f} MB of Parquet"
    )
    target = arguments.output or arguments.data_folder / "profile.json"
    report(title, jobs, runs, versions, target, DECODE)


if __name__ == "__main__":
    main()
