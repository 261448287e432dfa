"""OpenTelemetry's SDK and exporters for Node.js send traces and logs; the tables have what the spans said."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import Server, rows

FOLDER = Path(__file__).parent / "node"
EXPORTERS = ["json", "json-gzip", "protobuf", "protobuf-gzip", "grpc", "grpc-gzip"]


def installed() -> Path:
    """The exporters as the lock file has them, in a cache outside the repository; installed once for each lock file."""
    if shutil.which("npm") is None:
        pytest.fail("npm is missing: run scripts/setup-server-tests.sh")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quiver"
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = caches / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(FOLDER / name, folder / name)
            # No script of a package is needed, and none is run.
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    modules = installed()
    shutil.copy(FOLDER / "send.mjs", modules / "send.mjs")
    folder = tmp_path_factory.mktemp("otlp-node")
    with Server(folder) as server:
        command = ["node", str(modules / "send.mjs"), server.otlp_http, server.otlp_grpc]
        done = subprocess.run(command, cwd=modules, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        server.flow_run()
        predictions = {row["id"]: row for row in rows(folder).to_pylist()}
        labels = {row["id"]: row for row in rows(folder, "feedback").to_pylist()}
        yield json.loads(done.stdout.splitlines()[-1]), predictions, labels


def test_the_lock_file_names_no_place_of_download():
    assert '"resolved"' not in (FOLDER / "package-lock.json").read_text()


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_span_becomes_a_prediction(sent, exporter):
    told, predictions, _ = sent
    assert list(told) == EXPORTERS
    row = predictions[told[exporter]["id"]]
    assert (row["version"], row["request_type"], row["score"]) == ("node-1", exporter, 0.625)
    assert (row["feature_distance"], row["feature_night"], row["feature_origin"]) == (350.0, False, "EWR")
    assert (row["arm"], row["arm_config"], row["latency_ms"]) == ("control", "delay-model", 40.0)
    assert [(peer, spent["n"], spent["ms"]) for peer, spent in row["calls"]] == [("postgresql", 1.0, 12.0)]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_the_exporter_says_what_was_refused_and_complains_of_nothing_else(sent, exporter):
    told = sent[0][exporter]
    assert told["before"] == []
    [warning] = told["after"]
    assert "Partial Success" in warning and "unknown_model" in warning


def test_a_log_record_becomes_feedback(sent):
    told, _, labels = sent
    label = labels["node-label"]
    assert (label["prediction_id"], label["name"], label["value"]) == (told["json"]["id"], "late", 1.0)
