"""The Python client against a real server: every kind of event, a restart in the middle, a wrong key, files and tail."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from harness import ROOT, Server, binary, rows

sys.path.insert(0, str(ROOT / "python/src"))

import quiver_ml  # noqa: E402


def key_of(server: Server, *scopes: str) -> str:
    command = [binary(), "key", "create", "--name", "test", "--data-folder", str(server.data_folder)]
    for scope in scopes:
        command += ["--scope", scope]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def log_all(client, prefix: str) -> str:
    """One of each kind; two predictions."""
    features = {"carrier": "UA", "distance": 1400.0, "temp": float("nan"), "night": True, "nobody_declared_this": 1}
    prediction = client.log_prediction(
        id=f"{prefix}-p",
        version="2013-03",
        features=features,
        score=0.81,
        decision={"action": "ignore", "model_action": "notify", "by": "rule", "rule": "quiet-hours"},
        latency_ms=7.2,
        slices={"origin": "JFK"},
        subject="u-1881",
    )
    with quiver_ml.Tracking(lambda: client, {"id": f"{prefix}-t", "features": {"hour": 3}}) as tracked:
        tracked.set(score=0.5)
    client.log_feedback(prediction, name="late", value=True, id=f"{prefix}-f")
    client.heartbeat("weather", rows=3, id=f"{prefix}-h")
    client.change("deploy", ref="v2013-03", id=f"{prefix}-c")
    return prediction


def ids(server, table: str) -> set:
    return set(rows(server.folder, table, columns=["id"]).column("id").to_pylist())


def test_every_kind_arrives_as_it_was_logged(tmp_path):
    with Server(tmp_path) as server:
        client = quiver_ml.init(server.url, model="flight-delay")
        try:
            log_all(quiver_ml, "a")
            assert quiver_ml.flush(timeout_seconds=20)
            stats = quiver_ml.stats()
            assert (stats["logged"], stats["sent"], stats["accepted"], stats["queued"]) == (5, 5, 5, 0)
            assert not stats["dropped"] and not stats["rejected"]
        finally:
            client.close()
        server.flow_run()
        found = {row["id"]: row for row in rows(tmp_path).to_pylist()}
        row = found["a-p"]
        assert (row["score"], row["latency_ms"], row["version"]) == (0.81, 7.2, "2013-03")
        assert (row["feature_carrier"], row["feature_distance"], row["feature_night"]) == ("UA", 1400.0, True)
        assert not any("nobody_declared" in column for column in row)
        assert row["slices"] == [("origin", "JFK")] and row["subject"].startswith("k1-")
        assert (row["decided_by"], row["rule"]) == ("rule", "quiet-hours")
        assert found["a-t"]["latency_ms"] >= 0
        [label] = rows(tmp_path, "feedback").to_pylist()
        assert (label["prediction_id"], label["name"], label["value"]) == ("a-p", "late", 1.0)
        assert ids(server, "heartbeats") == {"a-h"} and ids(server, "changes") == {"a-c"}


def test_a_restart_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path):
    first = Server(tmp_path)
    address = first.url.removeprefix("http://")
    client = quiver_ml.Client(
        first.url, "flight-delay", first_retry_seconds=0.05, longest_retry_seconds=0.2, max_retries=100, linger_seconds=0.01, batch_events=20
    )
    try:
        for index in range(300):
            client.log_prediction(id=f"p{index}", features={"distance": float(index)}, score=0.5)
            time.sleep(0.001)
            if index == 100:
                first.kill()
        with Server(tmp_path, listen=address) as second:
            for index in range(300, 400):
                client.log_prediction(id=f"p{index}", features={"distance": float(index)}, score=0.5)
            assert client.flush(timeout_seconds=30), client.stats()
            stats = client.stats()
            assert stats["logged"] == stats["sent"] == 400 and not stats["dropped"] and stats["retries"] > 0
            assert stats["accepted"] + stats["duplicates"] == 400
            second.flow_run()
            found = rows(tmp_path, columns=["id"]).column("id").to_pylist()
            assert sorted(found) == sorted(f"p{index}" for index in range(400))
    finally:
        client.close()
        first.kill()


def test_keys(tmp_path):
    with Server(tmp_path, config={"auth": {"keys": "required"}}) as server:
        allowed = key_of(server, "ingest")
        wrong = allowed[:-4] + ("aaaa" if not allowed.endswith("aaaa") else "bbbb")
        for key, reason, accepted in [(allowed, None, 5), (wrong, "http_401", 0), (None, "http_401", 0), (key_of(server, "read"), "http_403", 0)]:
            client = quiver_ml.Client(server.url, "flight-delay", key)
            log_all(client, f"k-{reason}-{accepted}")
            delivered = client.flush(timeout_seconds=20)
            stats = client.stats()
            client.close()
            assert delivered == (reason is None)
            assert stats["accepted"] == accepted
            assert dict(stats["dropped"]) == ({reason: 5} if reason else {})


def test_what_the_server_refuses_is_counted_by_its_reason(tmp_path, caplog):
    with Server(tmp_path) as server:
        client = quiver_ml.Client(server.url, "flight-delay")
        client.log_prediction(id="good", score=0.5)
        client.log_prediction(id="other", model="no-such-model", score=0.5)
        client.log_prediction(id="ahead", score=0.5, at="2099-01-01T00:00:00Z")
        client.flush(timeout_seconds=20)
        stats = client.stats()
        client.close()
        assert (stats["accepted"], stats["rejected"]) == (1, 2)
        assert stats["rejected_by_reason"] == {"unknown_model": 1, "in_the_future": 1}
        assert "unknown_model" in caplog.text


def test_a_file_written_offline_goes_through_tail(tmp_path):
    file = tmp_path / "events.ndjson"
    client = quiver_ml.Client(model="flight-delay", mode="offline", file=file)
    log_all(client, "o")
    client.flush(timeout_seconds=10)
    client.close()
    with Server(tmp_path / "server") as server:
        command = [binary(), "tail", str(file), "--url", server.url, "--once"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout.strip()) == (0, "5 new, 0 there already, 0 refused"), done.stderr
        # What was sent is not sent again, and a new line is.
        event = {"kind": "heartbeat", "model": "flight-delay", "source": "weather", "id": "later", "at": "2013-07-01T14:00:00Z"}
        with open(file, "a") as more:
            more.write(json.dumps(event) + "\n")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == "1 new, 0 there already, 0 refused"
        server.flow_run()
        assert ids(server, "heartbeats") == {"o-h", "later"}
