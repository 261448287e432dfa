"""The documents of the server say what is: their examples run, and they name every reason, metric, limit and attribute."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from harness import ROOT, Server

SPEC = (ROOT / "demo/flight-delay.yaml").read_text()


def text_of(path: str) -> str:
    return (ROOT / path).read_text()


def metrics() -> dict[str, tuple[str, str]]:
    """Type and help of each metric, by its name on the wire, as metrics.rs registers it."""
    source = text_of("crates/quiver-server/src/metrics.rs")
    types = dict(re.findall(r"^    pub (\w+): (?:Family<\w+, )?(Counter|Gauge|Histogram)>?,", source, re.M))
    found = {}

    def add(name: str, unit: str, kind: str, help: str) -> None:
        whole = "_".join(part for part in ("quiver", name, unit.lower(), "total" if kind == "Counter" else "") if part)
        found[whole] = (kind.lower(), help)

    registered = r'registry\.register(?:_with_unit)?\(\s*"(\w+)",\s*"([^"]+)",\s*(?:Unit::(\w+),\s*)?(\w+)\.clone\(\)'
    for name, help, unit, field in re.findall(registered, source):
        add(name, unit, types[field], help)
    for name, help, unit in re.findall(r'\bgauge\(\s*"(\w+)",\s*"([^"]+)",\s*(?:None|Some\(Unit::(\w+)\))', source):
        add(name, unit, "Gauge", help)
    # Each registration was understood; the closure of gauges holds two more.
    calls = len(re.findall(r"registry\.register", source)) - 2 + len(re.findall(r"=\s*gauge\(", source))
    assert len(found) == calls, sorted(found)
    return found


def metric_names() -> list[str]:
    return sorted(metrics())


def reasons() -> list[str]:
    source = text_of("crates/quiver-door/src/decode/rejected.rs")
    return re.findall(r'pub const \w+: &str = "(\w+)";', source)


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f"no section {title}"
    return found.group(1)


def commands(text: str) -> list[str]:
    return [block for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) if "curl" in block]


BLOCKS = [
    *[("docs/events.md", number, block) for number, block in enumerate(commands(text_of("docs/events.md")))],
    *[("docs/serving.md", number, block) for number, block in enumerate(commands(text_of("docs/serving.md")))],
    *[("README.md", number, block) for number, block in enumerate(commands(section(text_of("README.md"), "Serve")))],
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("docs"), spec=SPEC) as server:
        yield server


@pytest.mark.parametrize("file, number, block", BLOCKS, ids=lambda value: value if isinstance(value, str) and "/" in value[:6] else None)
def test_the_examples_run(server, file, number, block):
    assert "http://127.0.0.1:8600" in block or "http://127.0.0.1:4318" in block
    script = block.replace("http://127.0.0.1:8600", server.url).replace("http://127.0.0.1:4318", server.otlp_http)
    script = script.replace("curl ", "curl --silent --show-error --write-out '\\n' ")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for answer in answers:
        if "accepted" in answer:
            # The one example that shows a refusal has one.
            shows_refusal = '"id":"p-5"' in block
            assert answer["rejected"] == shows_refusal, answer
            assert answer["accepted"] + answer["duplicates"] > 0 or "cloudevents" in block, answer
        else:
            assert "status" not in answer and not answer.get("partialSuccess"), answer


def test_there_are_examples_of_every_way_in():
    text = "".join(block for _, _, block in BLOCKS)
    for path in ("/v1/events", "/v1/cloudevents", "/v1/traces", "/v1/flow/run", "/evaluation", "/spec", "/v1/status"):
        assert path in text
    assert len(BLOCKS) >= 12


def test_every_reason_is_explained():
    table = section(text_of("docs/events.md"), "The answer")
    assert len(reasons()) > 30
    missing = [reason for reason in reasons() if f"| `{reason}` |" not in table]
    assert missing == []


def test_every_problem_is_explained():
    """The codes of refused requests, as guard.rs counts them."""
    codes = re.search(r"const CODES: \[&str; \d+\] = \[(.*?)\];", text_of("crates/quiver-server/src/http/guard.rs"), re.S)
    table = section(text_of("docs/events.md"), "The answer")
    missing = [code for code in re.findall(r'"([\w-]+)"', codes.group(1)) if f"`{code}`" not in table]
    assert missing == []


def test_every_metric_is_explained_and_no_other():
    table = section(text_of("docs/serving.md"), "Metrics")
    for name, (kind, _) in metrics().items():
        assert re.search(rf"^\| `{name}` \| {kind} \|", table, re.M), name
    named = set(re.findall(r"\bquiver_[a-z_]+", text_of("docs/serving.md") + text_of("docs/events.md"))) - {"quiver_ml"}
    assert named - set(metrics()) == set()


def test_every_key_of_an_event_is_explained():
    """The keys that the door knows; what it knows and nobody can look up is as good as absent."""
    source = text_of("crates/quiver-door/src/decode/event_keys.rs").split("/// Keys that were dropped")[0]
    text = text_of("docs/events.md")
    keys = set(re.findall(r'\("(\w+)",', source)) | set(re.findall(r'^\s+"(\w+)",$', source, re.M))
    assert len(keys) > 50
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    assert keys - words == set()


def test_every_detector_and_class_is_explained():
    text = section(text_of("docs/events.md"), "Privacy at the door")
    detectors = re.findall(r'Self::\w+ => "([a-z_]+)",', text_of("crates/quiver-door/src/detect.rs"))
    classes = re.findall(r'Privacy::\w+ => "([a-z_]+)",', text_of("crates/quiver-door/src/redact.rs"))
    assert len(detectors) == 10 and len(classes) == 7
    assert [name for name in detectors + classes if f"`{name}`" not in text] == []


def test_the_limits_are_those_of_the_code():
    limits = {
        name: int(eval(value.replace("_", ""), {"__builtins__": {}}))
        for name, value in re.findall(r"pub const (\w+): \w+ = ([\d_ *]+);", text_of("crates/quiver-door/src/limits.rs"))
    }
    table = section(text_of("docs/events.md"), "Limits")

    def row(start: str) -> str:
        return next(line for line in table.splitlines() if line.startswith(f"| {start}"))

    assert f"{limits['MAX_IDENTIFIER_BYTES']} bytes" in row("an identifier")
    assert f"{limits['MAX_EVENT_FEATURES']:,}" in row("features")
    assert f"{limits['MAX_EVENT_ENTRIES']:,}" in row("calls, classes")
    assert f"{limits['MAX_EVENT_DEPTH']}; of OTLP in JSON {limits['MAX_OTLP_DEPTH']}" in row("levels")
    spans = row("OTLP: spans")
    assert f"{limits['MAX_PENDING_SECONDS']} s; {limits['MAX_PENDING_SPANS']:,}" in spans
    assert f"{limits['MAX_TRACE_SPANS']:,} of one, {limits['MAX_PENDING_BYTES'] >> 20} MiB" in spans
    assert f"| {limits['MAX_PEERS']}," in row("OTLP: services")
    assert f"{limits['MAX_PENDING_PAYLOADS']:,}, {limits['MAX_PENDING_BYTES'] >> 20} MiB" in row("CloudEvents: halves")
    assert f"{limits['MAX_INSTANCES']:,}; {limits['MAX_PAYLOAD_VALUES']:,}" in row("CloudEvents: instances")
    assert f"{limits['MAX_UNDECLARED_KEYS']}" in row("undeclared")
    assert re.search(r"const EVENT_BYTES: usize = 1 << 20;", text_of("crates/quiver-server/src/serve.rs")) and "1 MiB" in row("one event")


def test_every_attribute_of_opentelemetry_is_explained():
    text = section(text_of("docs/events.md"), "OpenTelemetry")
    reading = text_of("crates/quiver-door/src/decode/otlp/reading.rs")
    peers = re.search(r"const PEER_NAMES: \[&str; \d+\] = \[(.*?)\];", reading, re.S).group(1)
    names = re.findall(r'"([^"]+)"', peers)
    assert len(names) == 15
    assert [name for name in names if f"`{name}`" not in text] == []
