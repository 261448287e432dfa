"""Measures taking events in: acknowledged and synced events a second, beside the bare parser and NATS JetStream."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import DATA_FOLDER, MEBIBYTE, REPOSITORY, binary_version, machine
from serving import Nats, Quiver, ServerFailed

SPEC = Path(__file__).resolve().parent / "ingest.yaml"
LIMIT = "parse only, 1 thread"
NATS_WINDOW = "nats @1, 256 on the way"
OVERLOAD = 5
# A calm minute asks for half of what the server can.
CALM_SHARE = 0.5


@dataclass(frozen=True)
class Load:
    """One load: what is sent, in which lots, over how many connections."""

    name: str
    mode: str
    batch: int
    connections: int
    window: int = 256


LIMITS = [
    Load(LIMIT, "parse-only", 1000, 1),
    Load("parse only, 2 threads", "parse-only", 1000, 2),
]
LOADS = [
    Load("ndjson @1", "ndjson", 1, 64),
    Load("ndjson @100", "ndjson", 100, 16),
    Load("ndjson @1000", "ndjson", 1000, 4),
    Load("arrow @1000", "arrow", 1000, 4),
    Load("arrow @10000", "arrow", 10_000, 4),
    Load("otlp @1", "otlp", 1, 64),
    Load("otlp @100", "otlp", 100, 16),
    Load("otlp @1000", "otlp", 1000, 4),
]
NATS_LOADS = [
    Load("nats @1, one by one", "nats", 1, 64, 1),
    Load(NATS_WINDOW, "nats", 1, 4, 256),
    Load("nats @100, 256 on the way", "nats", 100, 4, 256),
]
# Many connections, so that refusals come back soon enough for the rate to be held.
PRESSED = Load("ndjson @100", "ndjson", 100, 384)
SUSTAINED = Load("arrow @10000", "arrow", 10_000, 4)


class LoadFailed(Exception):
    """A load that could not be run."""


def loaded(
    binary: Path,
    load: Load,
    seconds: float,
    address: str,
    requests_per_second: float = 0,
) -> dict[str, Any]:
    """Runs one load to its end and returns its figures."""
    now = time.time()
    arguments = {
        "now": now,
        "run": int(now) & 0xFFFFFF,
        "address": address,
        "batch": load.batch,
        "connections": load.connections,
        "window": load.window,
        "seconds": seconds,
        "requests-per-second": requests_per_second,
    }
    command = [str(binary), load.mode]
    for key, value in arguments.items():
        command += [f"--{key}", str(value)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode != 0:
        raise LoadFailed(f"{load.name}: {answer.stderr.strip()[-1000:]}")
    figures: dict[str, Any] = json.loads(answer.stdout)
    return figures


def quiver_phase(
    server: Quiver,
    binary: Path,
    load: Load,
    seconds: float,
    requests_per_second: float = 0,
) -> dict[str, Any]:
    """Loads a running server, then checks that what it acknowledged is in its tables."""
    rows, disk = server.table_rows(), server.disk_bytes()
    used = server.cpu_seconds()
    address = server.otlp if load.mode == "otlp" else server.address
    figures = loaded(binary, load, seconds, address, requests_per_second)
    figures["server_cpu_seconds"] = server.cpu_seconds() - used
    figures["resident_bytes"] = server.resident_bytes()
    behind = server.status()
    figures["events_behind"] = behind["acknowledged_offset"] - behind["segment_offset"]
    figures["drain_seconds"] = server.drain()
    figures["server_cpu_seconds_drained"] = server.cpu_seconds() - used
    figures["resident_bytes_drained"] = server.resident_bytes()
    figures["rows_in_tables"] = server.table_rows() - rows
    figures["disk_bytes"] = server.disk_bytes() - disk
    whole = figures["seconds"] + figures["drain_seconds"]
    figures["sustained_per_second"] = figures["accepted"] / whole
    figures["kept"] = figures["rows_in_tables"] == figures["accepted"]
    return figures


def measured(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """One row, told as soon as it is there."""
    print(f"{name}: {figures['accepted_per_second']:,.0f}/s", file=sys.stderr)
    return {"job": name} | figures


def quiver_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Every load against a server of its own."""
    rows = []
    for load in LOADS:
        if not wanted(load.name, arguments):
            continue
        server = Quiver(arguments.quiver, SPEC, arguments.data_folder / "quiver")
        try:
            figures = quiver_phase(server, arguments.load, load, arguments.seconds)
        finally:
            server.stop()
        rows.append(measured(load.name, figures))
    return rows


def pressure_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Finds what the server can, asks calmly, then for five times as much; one server, one data folder."""
    if not wanted("pressure", arguments):
        return []
    server = Quiver(arguments.quiver, SPEC, arguments.data_folder / "quiver")
    try:
        free = Load(PRESSED.name, PRESSED.mode, PRESSED.batch, 16)
        can = quiver_phase(server, arguments.load, free, arguments.seconds)
        rate = can["requests_per_second"]
        calm = quiver_phase(
            server, arguments.load, PRESSED, arguments.seconds, rate * CALM_SHARE
        )
        pressed = quiver_phase(
            server, arguments.load, PRESSED, arguments.pressure_seconds, rate * OVERLOAD
        )
    finally:
        server.stop()
    sent = pressed["requests"] + pressed["unsent_requests"]
    pressed["share_sent"] = pressed["requests"] / sent
    pressed["p99_to_calm"] = pressed["latency_ms"]["p99"] / calm["latency_ms"]["p99"]
    return [
        measured(f"pressure: {PRESSED.name}, all it can", can),
        measured(f"pressure: {CALM_SHARE:g} × that", calm),
        measured(f"pressure: {OVERLOAD} × that", pressed),
    ]


def sustained_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Arrow for a long time, through profiles and tables."""
    if not arguments.long or not wanted("sustained", arguments):
        return []
    server = Quiver(arguments.quiver, SPEC, arguments.data_folder / "quiver")
    try:
        figures = quiver_phase(
            server, arguments.load, SUSTAINED, arguments.pressure_seconds
        )
    finally:
        server.stop()
    return [measured(f"sustained: {SUSTAINED.name}", figures)]


def restart_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Kills a loaded server and starts it again: the seconds until it is ready, by GiB of journal."""
    if not wanted("restart", arguments):
        return []
    folder = arguments.data_folder / "quiver"
    server = Quiver(arguments.quiver, SPEC, folder)
    try:
        load = Load("restart", "arrow", 10_000, 4)
        figures = loaded(arguments.load, load, arguments.seconds, server.address)
        figures["journal_bytes"] = server.status()["journal_bytes"]
    finally:
        server.kill()
    server = Quiver(arguments.quiver, SPEC, folder, again=True)
    try:
        figures["ready_seconds"] = server.ready_seconds
        gibibytes = figures["journal_bytes"] / (1024 * MEBIBYTE)
        figures["ready_seconds_per_gib"] = server.ready_seconds / gibibytes
        server.drain()
        figures["rows_in_tables"] = server.table_rows()
        figures["kept"] = figures["rows_in_tables"] == figures["accepted"]
    finally:
        server.stop()
    return [measured("restart after a kill", figures)]


def nats_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The same payloads into NATS, a server a load."""
    rows = []
    for load in NATS_LOADS:
        if arguments.nats is None or not wanted(load.name, arguments):
            continue
        server = Nats(arguments.nats, arguments.data_folder / "nats")
        try:
            figures = loaded(arguments.load, load, arguments.seconds, server.address)
            figures["server_cpu_seconds"] = server.cpu_seconds()
            figures["resident_bytes"] = server.resident_bytes()
        finally:
            server.stop()
        rows.append(measured(load.name, figures))
    shutil.rmtree(arguments.data_folder / "nats", ignore_errors=True)
    return rows


def wanted(name: str, arguments: argparse.Namespace) -> bool:
    """Whether a job was asked for."""
    return not arguments.only or name.startswith(tuple(arguments.only))


def table(rows: list[dict[str, Any]]) -> str:
    """Lays the rows out as a Markdown table."""
    speeds = {row["job"]: row["accepted_per_second"] for row in rows}
    costs = {row["job"]: cpu_per_event(row) for row in rows}
    head = (
        "job",
        "events/s",
        "sustained/s",
        "requests/s",
        "refused",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
    )
    head += (
        "server CPU µs/event",
        "with tables",
        "client CPU s",
        "peak MiB",
        "disk B/event",
        "÷ limit",
        "limit CPU ÷ CPU",
        "÷ NATS",
        "kept",
    )
    lines = [head, tuple("---" for _ in head)]
    for row in rows:
        events = max(row["accepted"], 1)
        latency = row["latency_ms"] or {}
        lines.append(
            (
                row["job"],
                f"{row['accepted_per_second']:,.0f}",
                figure(row, "sustained_per_second", 1, ",.0f"),
                figure(row, "requests_per_second", 1, ",.0f"),
                figure(row, "refused_requests", 1, ",d"),
                *(figure(latency, key, 1, ".2f") for key in ("p50", "p99", "p999")),
                figure(row, "server_cpu_seconds", 1e6 / events, ".1f"),
                figure(row, "server_cpu_seconds_drained", 1e6 / events, ".1f"),
                figure(row, "client_cpu_seconds", 1, ".1f"),
                figure(row, "resident_bytes", 1 / MEBIBYTE, ".0f"),
                figure(row, "disk_bytes", 1 / events, ".0f"),
                ratio(speeds, row["job"], LIMIT),
                ratio(costs, row["job"], LIMIT, turned=True),
                ratio(speeds, row["job"], NATS_WINDOW),
                "–" if "kept" not in row else "yes" if row["kept"] else "NO",
            )
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(row: dict[str, Any], key: str, factor: float, form: str) -> str:
    """One figure, or a dash where there is none."""
    if row.get(key) is None:
        return "–"
    return format(row[key] if factor == 1 else row[key] * factor, form)


def cpu_per_event(row: dict[str, Any]) -> float:
    """CPU seconds of an event: the server's, or the parser's own. Others who use the cores change it little."""
    used: float = row.get("server_cpu_seconds", row["client_cpu_seconds"])
    return used / max(row["accepted"], 1)


def ratio(figures: dict[str, float], job: str, base: str, turned: bool = False) -> str:
    """A job's figure by another's, or the other way round."""
    if base not in figures or job.startswith(("parse", "nats")):
        return "–"
    share = figures[job] / figures[base]
    return f"{1 / share if turned and share else share:.2f}"


def complaints(rows: list[dict[str, Any]]) -> list[str]:
    """What must not be: lost, repeated or rejected events, answers that no sender can use."""
    found = []
    for row in rows:
        job = row["job"]
        if not row.get("kept", True):
            found.append(
                f"{job}: {row['accepted']} acknowledged, {row['rows_in_tables']} in tables"
            )
        for key in ("duplicates", "rejected", "refused_without_retry_after"):
            if row.get(key) and not job.startswith("parse"):
                found.append(f"{job}: {row[key]} {key}")
        if row.get("failed_requests"):
            found.append(f"{job}: other answers {row['failed_requests']}")
        if row.get("p99_to_calm", 0) > 2:
            found.append(f"{job}: p99 is {row['p99_to_calm']:.1f} × the calm one")
    return found


def profile_of(binary: Path) -> str:
    """Which build profile a binary is of, by the folder it lies in, or as it was said."""
    known = {"release": "release", "debug": "dev"}
    return os.environ.get("QUIVER_PROFILE") or known.get(binary.parent.name, "unknown")


def parsed() -> argparse.Namespace:
    """Reads the command line."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = target / (
        "release" if (target / "release" / "quiver").exists() else "debug"
    )
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quiver",
        type=Path,
        default=Path(os.environ.get("QUIVER_BINARY", built / "quiver")),
    )
    parser.add_argument(
        "--load",
        type=Path,
        default=built / "examples" / "quiver-bench-load",
        help="the example of that name",
    )
    parser.add_argument(
        "--nats",
        default=shutil.which("nats-server")
        or shutil.which("nats-server", path="/usr/sbin"),
        help="the NATS server; without it there is no ratio to it",
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    parser.add_argument(
        "--long", action="store_true", help="pressure and sustained load of ten minutes"
    )
    parser.add_argument(
        "--only", nargs="*", metavar="JOB", help="jobs whose names start so"
    )
    parser.add_argument("--data-folder", type=Path, default=DATA_FOLDER / "ingest")
    parser.add_argument(
        "--output",
        type=Path,
        help="the JSON file; default: ingest.json beside the data",
    )
    arguments = parser.parse_args()
    arguments.pressure_seconds = 600 if arguments.long else arguments.seconds
    return arguments


def main() -> int:
    """Measures and reports; fails when something acknowledged is not kept."""
    arguments = parsed()
    busy = os.getloadavg()[0]
    rows = []
    for load in LIMITS:
        if not arguments.only or wanted(load.name, arguments):
            rows.append(
                measured(
                    load.name,
                    loaded(arguments.load, load, min(arguments.seconds, 10), "-"),
                )
            )
    try:
        rows += quiver_rows(arguments)
        rows += pressure_rows(arguments)
        rows += sustained_rows(arguments)
        rows += restart_rows(arguments)
        rows += nats_rows(arguments)
    except (LoadFailed, ServerFailed) as failure:
        print(f"ended early: {failure}", file=sys.stderr)
        rows.append({"job": "ended early", "reason": str(failure)})
    whole = [row for row in rows if "accepted" in row]
    facts = machine() | {"load_average_before": busy}
    versions = binary_version(arguments.quiver)
    profile = profile_of(arguments.quiver)
    print(f"## Taking events in, {arguments.seconds:g} s each\n")
    print(
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gib']} GiB, {facts['system']}; load average before {busy:.1f}."
    )
    print(
        f"Quiver {versions.get('quiver')} of the {profile} profile; the load runs on the same cores.\n"
    )
    print(table(whole))
    for row in whole:
        if "ready_seconds" in row:
            print(
                f"\nReady {row['ready_seconds']:.1f} s after a kill with {row['journal_bytes'] / MEBIBYTE:,.0f} MiB of journal: {row['ready_seconds_per_gib']:.1f} s a GiB."
            )
    wrong = complaints(whole)
    print(
        "\n" + "\n".join(f"- {complaint}" for complaint in wrong)
        if wrong
        else "\nEverything acknowledged was in the tables once."
    )
    target = arguments.output or arguments.data_folder / "ingest.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": facts,
        "versions": versions,
        "profile": profile,
        "jobs": rows,
        "complaints": wrong,
    }
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong or len(whole) < len(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
