"""Starts, kills and asks real `quiver serve` processes; shared by all server tests."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import deltalake
import pyarrow
import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]

# A flight-delay model with a text feature that carries a checksum of the rest.
SPEC = """\
model: flight-delay
owner: departures@example.com
task: binary
feedback: {label: late, horizon: 7d}
sources: {weather: {max_age: 90m, owner: met-data@example.com}}
features:
  hour: {type: number, range: [0, 23], privacy: public}
  distance: {type: number, unit: mi, range: [0, 6000], privacy: public}
  temp: {type: number, unit: °F, range: [-60, 140], source: weather, privacy: public}
  carrier: {type: category, privacy: public}
  origin: {type: category, values: [EWR, JFK, LGA], privacy: public}
  night: {type: boolean, privacy: public}
  checksum: {type: text, privacy: public}
slices: [origin]
decision: {threshold: 0.5, actions: [notify, ignore]}
"""

# Under the `config` of every `Server`: test folders may lie on small disks.
CONFIG = {"disk": {"read_only_below": "1MiB"}}


def binary() -> str:
    """The server's binary: QUIVER_BINARY, or the debug build of the shared target folder."""
    given = os.environ.get("QUIVER_BINARY")
    target = os.environ.get("CARGO_TARGET_DIR") or os.path.expanduser("~/.cache/quiver/target")
    path = given or os.path.join(target, "debug", "quiver")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"no quiver binary at {path}; build it, or set QUIVER_BINARY")
    return path


def merged(under: dict, over: dict) -> dict:
    """Two configs as one; `over` wins, maps are merged."""
    whole = dict(under)
    for key, value in over.items():
        inner = whole.get(key)
        whole[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return whole


class Server:
    """A server on `folder`/quiver-data. Restarting is another `Server` on the same folder."""

    def __init__(
        self,
        folder,
        *args: str,
        env: dict | None = None,
        config: dict | None = None,
        spec: str | None = SPEC,
        data_folder=None,
        otlp: bool = True,
        listen: str = "127.0.0.1:0",
        start: bool = True,
        ready_within_seconds: float = 60,
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data_folder = Path(data_folder) if data_folder else self.folder / "quiver-data"
        count = len(list(self.folder.glob("server-*.log")))
        self.log_path = self.folder / f"server-{count:04}.log"
        self._ready_file = self.folder / f"ready-{count:04}"
        config_path = self.folder / "quiver.yaml"
        whole = merged(CONFIG, {"otlp": {"http": "127.0.0.1:0", "grpc": "127.0.0.1:0"}} if otlp else {})
        # JSON is YAML.
        config_path.write_text(json.dumps(merged(whole, config or {}), indent=1))
        self.command = [binary(), "serve", "--config", str(config_path), "--data-folder", str(self.data_folder)]
        self.command += ["--listen", listen, "--ready-file", str(self._ready_file)]
        if spec is not None:
            spec_path = self.folder / "model.yaml"
            spec_path.write_text(spec)
            self.command += ["--spec", str(spec_path)]
        self.command += args
        # A variable QUIVER_… is a key of the server's config; those of the tests are none.
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("QUIVER_")} | (env or {})
        self.url = self.otlp_http = self.otlp_grpc = None
        self.started_in_seconds = None
        began = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.env)
        if start:
            self.wait_until_ready(ready_within_seconds)
            self.started_in_seconds = time.monotonic() - began

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_ready(self, within_seconds: float = 60) -> None:
        """Waits for the ready file and reads the addresses from it."""
        until = time.monotonic() + within_seconds
        while not self._ready_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()}")
            if time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"the server was not ready within {within_seconds} s:\n{self.log()}")
            time.sleep(0.005)
        first, *others = self._ready_file.read_text().split()
        others = dict(line.split("=", 1) for line in others)
        self.url = first
        self.otlp_http = "http://" + others["otlp_http"] if "otlp_http" in others else None
        self.otlp_grpc = others.get("otlp_grpc")

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self, within_seconds: float = 60) -> int:
        """SIGTERM, and waits; returns the exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not stop within {within_seconds} s:\n{self.log()}") from None

    def log(self) -> str:
        """What this process wrote on its error output."""
        return self.log_path.read_text(errors="replace")

    def log_lines(self) -> list[dict]:
        """The log's JSON lines."""
        lines = []
        for line in self.log().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def rss_bytes(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS of the server; did it end?")

    def get(self, path: str, **options) -> requests.Response:
        return requests.get(self.url + path, timeout=options.pop("timeout", 30), **options)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; 0 without any."""
        return metric(self.get("/metrics").text, name, **labels)

    def flow_run(self, timeout: float = 300) -> requests.Response:
        """Writes what waits in the journal to the tables, and judges."""
        response = requests.post(self.url + "/v1/flow/run", timeout=timeout)
        assert response.ok, f"/v1/flow/run: {response.status_code} {response.text}\n{self.log()[-4000:]}"
        return response

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_) -> None:
        self.kill()


def metric(text: str, name: str, **labels: str) -> float:
    """The sum of the samples of `name` in OpenMetrics text that have all `labels`."""
    total = 0.0
    for line in text.splitlines():
        head, _, value = line.rpartition(" ")
        if line.startswith("#") or head.split("{")[0] not in (name, name + "_total"):
            continue
        if all(f'{key}="{wanted}"' in head for key, wanted in labels.items()):
            total += float(value)
    return total


def checksum(event: dict) -> str:
    """64 bits of a hash of what an event says, in letters: digits could look like a phone number."""
    said = [event["id"], event["features"]["hour"], event["features"]["distance"], event["output"]["score"]]
    code = hashlib.blake2b(json.dumps(said).encode(), digest_size=8).hexdigest()
    return "sum " + code.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def instant(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def events(n: int, seed: int = 0, prefix: str = "event", at: datetime | None = None, model: str = "flight-delay") -> list[dict]:
    """`n` predictions with unique ids, a millisecond apart and ending at `at` (now), each with a checksum of itself."""
    randomness = random.Random(f"{seed}-{prefix}")
    at = at or datetime.now(timezone.utc)
    made = []
    for index in range(n):
        event = {
            "kind": "prediction",
            "model": model,
            "id": f"{prefix}-{seed}-{index}",
            "at": instant(at - timedelta(milliseconds=n - 1 - index)),
            "version": "v1",
            "features": {
                "hour": float(randomness.randrange(24)),
                "distance": float(randomness.randrange(6000)),
                "temp": round(randomness.gauss(55, 15), 2),
                "carrier": randomness.choice(["UA", "AA", "DL", "B6"]),
                "origin": randomness.choice(["EWR", "JFK", "LGA"]),
                "night": randomness.random() < 0.3,
            },
            "output": {"score": round(randomness.random(), 6)},
            "latency_ms": round(randomness.expovariate(0.1), 3),
        }
        event["features"]["checksum"] = checksum(event)
        made.append(event)
    return made


def ndjson(batch: list[dict]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in batch)


def post(server, body, content_type: str = "application/x-ndjson", path: str = "/v1/events", timeout: float = 30, session=None, **headers) -> requests.Response:
    """Posts a body: bytes as they are, a list of events as NDJSON. `Idempotency_Key="k"` is the header Idempotency-Key."""
    url = server if isinstance(server, str) else server.url
    body = ndjson(body) if isinstance(body, list) else body
    named = {"Content-Type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    return (session or requests).post(url + path, data=body, headers=named, timeout=timeout)


def table_path(folder, table: str, model: str = "flight-delay") -> Path:
    """Where a table is; `folder` is a server's folder or its data folder. Tables of events are one a model."""
    folder = Path(folder)
    candidates = [root / table / inner for root in (folder / "quiver-data" / "tables", folder / "tables") for inner in ("", model)]
    for candidate in candidates:
        if (candidate / "_delta_log").is_dir():
            return candidate
    raise FileNotFoundError(f"no table {table} under {folder}")


def rows(folder, table: str = "predictions", columns: list[str] | None = None, model: str = "flight-delay") -> pyarrow.Table:
    """A table's rows, read by another implementation of Delta than the server's own."""
    return deltalake.DeltaTable(str(table_path(folder, table, model))).to_pyarrow_table(columns=columns)


def until(what, seconds: float = 15):
    """Asks again and again until the answer is something; the test fails where it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"not within {seconds} s")
