"""Prometheus itself scrapes /metrics, with and without a key, and answers a query; its lint has nothing to say."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness import Server, binary, events, post
from test_docs import metrics


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is missing: run scripts/setup-server-tests.sh")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def key_of(server: Server, *scopes: str) -> str:
    command = [binary(), "key", "create", "--name", "test", "--data-folder", str(server.data_folder)]
    for scope in scopes:
        command += ["--scope", scope]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def scraped(tmp_path, servers: dict, query: str, wanted) -> dict:
    """Runs Prometheus over the servers until the query's answer is `wanted`, and gives it."""
    jobs = []
    for job, (server, key) in servers.items():
        target = server.url.removeprefix("http://")
        one = {"job_name": job, "static_configs": [{"targets": [target]}]}
        if key:
            one["authorization"] = {"credentials": key}
        jobs.append(one)
    config = tmp_path / "prometheus.yml"
    # JSON is YAML.
    config.write_text(json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}))
    subprocess.run([tool("promtool"), "check", "config", str(config)], check=True, capture_output=True, timeout=60)
    port = free_port()
    command = [tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    log_path = tmp_path / "prometheus.log"
    with open(log_path, "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        answer = None
        for _ in range(120):
            try:
                answer = requests.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}, timeout=5).json()
                found = {each["metric"]["job"]: float(each["value"][1]) for each in answer["data"]["result"]}
                if found == wanted:
                    return found
            except (requests.RequestException, KeyError, ValueError):
                assert process.poll() is None, log_path.read_text()
            time.sleep(0.25)
        targets = requests.get(f"http://127.0.0.1:{port}/api/v1/targets", timeout=5).text
        raise AssertionError(f"no such answer within 30 s: {answer}\n{targets}\n{log_path.read_text()}")
    finally:
        process.terminate()
        process.wait(30)


def test_prometheus_scrapes_with_and_without_a_key(tmp_path):
    with Server(tmp_path / "open") as free, Server(tmp_path / "keyed", config={"auth": {"keys": "required"}}) as keyed:
        ingest, read = key_of(keyed, "ingest"), key_of(keyed, "read")
        assert post(free, events(7)).status_code == 200
        assert post(keyed, events(11), Authorization=f"Bearer {ingest}").status_code == 200
        # The key of one that only sends reads nothing.
        assert keyed.get("/metrics", headers={"Authorization": f"Bearer {ingest}"}).status_code == 403
        assert keyed.get("/metrics").status_code == 401
        servers = {"free": (free, None), "keyed": (keyed, read), "refused": (keyed, ingest)}
        query = 'sum by (job) (quiver_events_accepted_total{model="flight-delay", kind="prediction"})'
        scraped(tmp_path, servers, query, {"free": 7.0, "keyed": 11.0})


@pytest.fixture(scope="module")
def exposition(tmp_path_factory):
    """The metrics of a server on which something of everything happened."""
    with Server(tmp_path_factory.mktemp("metrics")) as server:
        batch = events(3)
        batch[0]["features"]["checksum"] = "write to nobody@example.com"
        post(server, batch)
        post(server, batch)
        post(server, [{**batch[0], "id": "x", "at": "yesterday"}])
        post(server, b"", content_type="text/plain")
        server.flow_run()
        assert server.get("/v1/overview").status_code == 200
        answer = server.get("/metrics")
        assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        yield answer.text


def test_the_text_is_openmetrics(exposition):
    """The reference implementation's strict parser reads all of it, and each family has a help."""
    families = list(text_string_to_metric_families(exposition))
    assert len(families) > 15
    for family in families:
        assert family.name.startswith("quiver_") and family.documentation.endswith("."), family


def test_promtool_has_nothing_to_say(exposition):
    """`promtool check metrics` reads the older text format, in which a counter's help has the counter's whole name."""
    counters = re.findall(r"^# TYPE (\S+) counter$", exposition, re.M)
    older = re.sub(r"^# (UNIT .*|EOF)\n", "", exposition, flags=re.M)
    for name in counters:
        older = re.sub(rf"^# (HELP|TYPE) {name} ", rf"# \1 {name}_total ", older, flags=re.M)
    done = subprocess.run([tool("promtool"), "check", "metrics"], input=older, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_labels_are_words_of_the_code_and_known_models(exposition):
    """A sender cannot make series: what it writes is never a label."""
    labels = set(re.findall(r'(\w+)="([^"]*)"', exposition))
    assert {value for name, value in labels if name == "model"} == {"flight-delay"}
    assert {value for name, value in labels if name == "reason"} <= {"not_a_time", "media-type", "bad-request"}


def test_every_metric_of_the_code_can_be_had(exposition):
    """The names in the code and those on the wire are the same, so that the documented ones exist."""
    served = set(re.findall(r"^# TYPE quiver_(\S+) ", exposition, re.M))
    named = {name.removeprefix("quiver_").removesuffix("_total") for name in metrics()}
    # A counter with labels appears with its first count, and no stage has failed.
    assert named - served == {"stage_failures"}
    assert served - named == set()
