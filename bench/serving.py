"""Starts the servers that are loaded, and reads what they used and what they kept; measures no load."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
START_SECONDS = 60
DRAIN_SECONDS = 1800


class ServerFailed(Exception):
    """A server that did not start, answer or end as it should."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A child process whose time and memory can be asked while it runs."""

    def __init__(self, command: list[str], log: Path) -> None:
        with log.open("wb") as output:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.log = log

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        # The command's name may hold spaces; behind it the fields are fixed.
        stat = Path(f"/proc/{self.child.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self) -> int:
        """Memory it holds now."""
        fields = Path(f"/proc/{self.child.pid}/statm").read_text().split()
        return int(fields[1]) * PAGE_BYTES

    def stop(self) -> None:
        """Asks it to end, and waits; ends it when it does not."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.child.kill()
        self.child.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:]


class Quiver(Process):
    """`quiver serve` on a fresh data folder, with the load's spec."""

    def __init__(
        self, binary: Path, spec: Path, folder: Path, *, again: bool = False
    ) -> None:
        if not again:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.data_folder = folder / "data"
        config = folder / "quiver.yaml"
        config.write_text("otlp: {http: '127.0.0.1:0', grpc: null}\n")
        ready = folder / "ready"
        ready.unlink(missing_ok=True)
        started = time.monotonic()
        arguments = ["serve", "--config", config, "--spec", spec]
        arguments += ["--data-folder", self.data_folder, "--listen", "127.0.0.1:0"]
        arguments += ["--ready-file", ready]
        command = [str(part) for part in [binary, *arguments]]
        super().__init__(command, folder / "log")
        limit = time.monotonic() + START_SECONDS
        while not ready.exists() or not ready.read_text().strip():
            if self.child.poll() is not None or time.monotonic() > limit:
                self.stop()
                raise ServerFailed(f"quiver did not start: {self.last_words()}")
            time.sleep(0.01)
        self.ready_seconds = time.monotonic() - started
        self.url, *others = ready.read_text().split()
        self.address = self.url.removeprefix("http://").rstrip("/")
        self.otlp = dict(other.split("=", 1) for other in others)["otlp_http"]

    def asked(self, method: str, path: str) -> str:
        """The text of an answer."""
        request = urllib.request.Request(self.url.rstrip("/") + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DRAIN_SECONDS) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.HTTPError as error:
            raise ServerFailed(
                f"{path}: {error.code} {error.read()[:300]!r}"
            ) from error
        except OSError as error:
            raise ServerFailed(f"{path}: {error}; {self.last_words()}") from error

    def status(self) -> dict[str, Any]:
        """What the server says of itself."""
        status: dict[str, Any] = json.loads(self.asked("GET", "/v1/status"))
        return status

    def drain(self) -> float:
        """Brings everything acknowledged into tables and profiles; the seconds that took."""
        started = time.monotonic()
        limit = started + DRAIN_SECONDS
        while True:
            try:
                self.asked("POST", "/v1/flow/run")
                return time.monotonic() - started
            except ServerFailed:
                # The way is closed for a while when requests are limited in time.
                if self.child.poll() is not None or time.monotonic() > limit:
                    raise
                time.sleep(0.2)

    def table_rows(self) -> int:
        """Rows of predictions by the tables' own logs, whatever the server says."""
        rows = 0
        for log in self.data_folder.rglob("_delta_log"):
            if "prediction" in str(log.parent).removeprefix(str(self.data_folder)):
                rows += delta_rows(log)
        return rows

    def disk_bytes(self) -> int:
        """Bytes of all files of the data folder."""
        files = (path for path in self.data_folder.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files)


def delta_rows(log: Path) -> int:
    """Rows of the files that a Delta table holds, by the JSON commits of its log."""
    files: dict[str, int] = {}
    for commit in sorted(log.glob("*.json")):
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                added = action["add"]
                files[added["path"]] = json.loads(added["stats"])["numRecords"]
            elif "remove" in action:
                files.pop(action["remove"]["path"], None)
    return sum(files.values())


class Nats(Process):
    """NATS with JetStream on a fresh folder."""

    def __init__(self, binary: str, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        config = folder / "nats.conf"
        config.write_text(
            f"listen: {self.address}\nmax_payload: 8MB\n"
            f'jetstream {{ store_dir: "{folder / "data"}", max_file: 50GB }}\n'
        )
        super().__init__([binary, "-c", str(config)], folder / "log")
        limit = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError as error:
                if self.child.poll() is not None or time.monotonic() > limit:
                    self.stop()
                    raise ServerFailed(f"NATS: {self.last_words()}") from error
                time.sleep(0.05)
