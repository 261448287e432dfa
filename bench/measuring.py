"""Runs jobs as child processes, measures time and memory, and prints tables; knows no peer."""

# The standard library alone: a child's peak memory is at least what its parent holds at its start.
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
ENVIRONMENTS = REPOSITORY / "bench" / ".venv"
DATA_FOLDER = REPOSITORY / "target" / "bench"
WORK_SECONDS = "work_seconds="
LAST_OUTPUT = 2000
BLOCK = 16 * 1024 * 1024
KIBIBYTE = 1024
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Job:
    """One command to measure; `baseline` names the job it is divided by."""

    name: str
    rows: int
    command: list[str]
    baseline: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one child process used; `work_seconds` is its own word, without start and imports."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    work_seconds: float | None


class JobFailed(Exception):
    """A child that ended badly or ran out of its time."""


def measure(job: Job, limit_seconds: float) -> Run:
    """Runs one child to its end and reads what the system counted for it and its own children."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            job.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | job.environment,
        )
        guard = threading.Timer(limit_seconds, process.kill)
        guard.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        guard.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    if process.returncode != 0:
        reason = (
            f"over its {limit_seconds:g} s"
            if wall >= limit_seconds
            else said[-LAST_OUTPUT:]
        )
        raise JobFailed(f"{job.name}: exit {process.returncode}: {reason.strip()}")
    work = [line for line in said.splitlines() if line.startswith(WORK_SECONDS)]
    return Run(
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * KIBIBYTE,
        work_seconds=float(work[-1].removeprefix(WORK_SECONDS)) if work else None,
    )


def measure_all(
    jobs: list[Job], repeats: int, limit_seconds: float
) -> dict[str, list[Run]]:
    """Takes the jobs in turn, round after round, so that a slow minute of the machine hits all."""
    runs: dict[str, list[Run]] = {}
    failed: set[str] = set()
    for number in range(repeats):
        for job in jobs:
            if job.name in failed:
                continue
            print(f"{number + 1}/{repeats} {job.name} …", file=sys.stderr, flush=True)
            try:
                runs.setdefault(job.name, []).append(measure(job, limit_seconds))
            except JobFailed as failure:
                failed.add(job.name)
                runs.pop(job.name, None)
                print(f"left out: {failure}", file=sys.stderr, flush=True)
    return runs


def read_through(path: Path) -> None:
    """Brings a file into the page cache, so that no job pays for the disk."""
    with path.open("rb") as data:
        while data.read(BLOCK):
            pass


def middle_run(runs: list[Run]) -> Run:
    """Returns the medians of every figure."""
    works = [run.work_seconds for run in runs if run.work_seconds is not None]
    return Run(
        wall_seconds=statistics.median(run.wall_seconds for run in runs),
        cpu_seconds=statistics.median(run.cpu_seconds for run in runs),
        peak_bytes=int(statistics.median(run.peak_bytes for run in runs)),
        work_seconds=statistics.median(works) if works else None,
    )


def ratios(job: Job, run: Run, base: Job, base_run: Run) -> dict[str, float]:
    """Divides a job's figures by its baseline's: times a row, memory as it is.

    A job that tells its work seconds is not charged for its start and imports.
    """
    scale = base.rows / job.rows
    spent, base_spent = (
        run.work_seconds or run.wall_seconds,
        base_run.work_seconds or base_run.wall_seconds,
    )
    return {
        "time_per_row": spent / base_spent * scale,
        "cpu_per_row": run.cpu_seconds / base_run.cpu_seconds * scale,
        "peak": run.peak_bytes / base_run.peak_bytes,
    }


def summarise(
    jobs: list[Job], runs: dict[str, list[Run]], decode: str
) -> list[dict[str, Any]]:
    """Makes one row a job: medians, every run, ratios to its baseline and to bare decoding."""
    by_name = {job.name: job for job in jobs}
    rows: list[dict[str, Any]] = []
    for job in jobs:
        if job.name not in runs:
            continue
        middle = middle_run(runs[job.name])
        row: dict[str, Any] = {
            "job": job.name,
            "rows": job.rows,
            "median": vars(middle),
            "runs": [vars(run) for run in runs[job.name]],
        }
        for kind, base in (("to_baseline", job.baseline), ("to_decode", decode)):
            if base in runs and base != job.name:
                row[kind] = ratios(
                    job, middle, by_name[base], middle_run(runs[base])
                ) | {"of": base}
        rows.append(row)
    return rows


def machine() -> dict[str, Any]:
    """Says on what the figures were measured."""
    model = "unknown"
    processors = Path("/proc/cpuinfo")
    if processors.exists():
        named = [
            line
            for line in processors.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = named[0].split(":", 1)[1].strip() if named else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory_gib": round(memory / 1024**3, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def package_versions(python: Path, names: list[str]) -> dict[str, str]:
    """Asks an environment which versions it holds."""
    question = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    answer = subprocess.run(
        [python, "-c", question, *names], check=True, capture_output=True, text=True
    )
    versions: dict[str, str] = json.loads(answer.stdout)
    return versions


def binary_version(binary: Path | None) -> dict[str, str]:
    """Asks the Quiver binary for its version."""
    if binary is None:
        return {}
    answer = subprocess.run(
        [binary, "--version"], check=True, capture_output=True, text=True
    )
    return {"quiver": answer.stdout.strip().removeprefix("quiver ")}


def make_data(python: Path, folder: Path, stream: str, rows: int) -> Path:
    """Returns a stream's file of so many rows, and makes it when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{stream}-{rows}.parquet"
    if not target.exists():
        script = REPOSITORY / "bench" / "generate.py"
        command = [
            str(python),
            str(script),
            str(target),
            "--rows",
            str(rows),
            "--stream",
            stream,
        ]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return target


def _ratio(row: dict[str, Any], kind: str, member: str) -> str:
    return f"{row[kind][member]:.2f}" if kind in row else "–"


def table(rows: list[dict[str, Any]]) -> str:
    """Lays the rows out as a Markdown table."""
    head = (
        "job",
        "rows",
        "wall s",
        "work s",
        "CPU s",
        "peak MiB",
        "Mrow/s",
        "time ÷ base",
        "CPU ÷ base",
        "peak ÷ base",
        "CPU ÷ decode",
        "base",
    )
    lines = [head, tuple("---" for _ in head)]
    for row in rows:
        middle = row["median"]
        work = middle["work_seconds"]
        lines.append(
            (
                row["job"],
                f"{row['rows']:,}",
                f"{middle['wall_seconds']:.2f}",
                "–" if work is None else f"{work:.2f}",
                f"{middle['cpu_seconds']:.2f}",
                f"{middle['peak_bytes'] / MEBIBYTE:.0f}",
                f"{row['rows'] / middle['wall_seconds'] / 1e6:.3g}",
                _ratio(row, "to_baseline", "time_per_row"),
                _ratio(row, "to_baseline", "cpu_per_row"),
                _ratio(row, "to_baseline", "peak"),
                _ratio(row, "to_decode", "cpu_per_row"),
                row["to_baseline"]["of"] if "to_baseline" in row else "–",
            )
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(
    title: str,
    jobs: list[Job],
    runs: dict[str, list[Run]],
    versions: dict[str, str],
    target: Path,
    decode: str = "",
) -> None:
    """Prints the table with machine and versions, and writes the same as JSON."""
    rows = summarise(jobs, runs, decode)
    facts = machine()
    print(f"## {title}\n")
    print(
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gib']} GiB, {facts['system']}."
    )
    print(
        "Versions: "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + ".\n"
    )
    print(table(rows))
    content = {"title": title, "machine": facts, "versions": versions, "jobs": rows}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
