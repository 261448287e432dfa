"""CloudEvents as KServe's logger sends them: request and response apart, protocols V1 and V2; and events of our own."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from harness import Server, instant, post, rows

SPEC = """\
model: iris
task: binary
features:
  length: {type: number, privacy: public}
  width: {type: number, privacy: public}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("cloudevents"), spec=SPEC) as server:
        yield server


def kserve(server, side: str, identifier: str, payload: dict, at: datetime, **more):
    """One half as KServe's agent posts it: binary mode, extensions in lower case."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": identifier,
        "ce-type": f"org.kubeflow.serving.inference.{side}",
        "ce-source": "http://localhost:9081/",
        "ce-time": instant(at),
        "ce-inferenceservicename": "iris",
        "ce-namespace": "default",
        "ce-component": "predictor",
        "ce-endpoint": "",
        "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        **more,
    }
    return post(server, json.dumps(payload).encode(), content_type="application/json", path="/v1/cloudevents", **headers)


V1 = ({"instances": [[5.1, 3.5], [6.2, 2.9]]}, {"predictions": [0.125, 0.875]})
V1_NAMED = ({"instances": [{"length": 5.1, "width": 3.5}, {"length": 6.2, "width": 2.9}]}, {"predictions": [0.125, 0.875]})
V2 = (
    {
        "id": "inside",
        "inputs": [
            {"name": "length", "shape": [2], "datatype": "FP64", "data": [5.1, 6.2]},
            {"name": "width", "shape": [2], "datatype": "FP64", "data": [3.5, 2.9]},
        ],
    },
    {
        "model_name": "iris",
        "model_version": "7",
        "outputs": [{"name": "score", "shape": [2, 1], "datatype": "FP64", "data": [0.125, 0.875]}],
    },
)
V2_TABLE = (
    {"inputs": [{"name": "input-0", "shape": [2, 2], "datatype": "FP32", "data": [5.1, 3.5, 6.2, 2.9]}]},
    {"outputs": [{"name": "output-0", "shape": [2], "datatype": "FP32", "data": [0.125, 0.875]}]},
)


def test_requests_and_responses_join_in_either_order(server):
    began = datetime.now(timezone.utc)
    sent = {}
    for number, (name, (request, response)) in enumerate({"v1": V1, "v1-named": V1_NAMED, "v2": V2, "v2-table": V2_TABLE}.items()):
        identifier = str(uuid.uuid4())
        halves = [("request", request, began), ("response", response, began + timedelta(milliseconds=25))]
        for position, (side, payload, at) in enumerate(halves if number % 2 == 0 else reversed(halves)):
            answer = kserve(server, side, identifier, payload, at)
            if position == 0:
                # Held until the other half comes: that is said.
                assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
            else:
                assert (answer.status_code, answer.json()["accepted"]) == (200, 2), answer.text
        # Its answer was lost, and it is sent again: the same events, known already.
        answer = kserve(server, side, identifier, payload, at)
        assert (answer.status_code, answer.json()["accepted"], answer.json()["duplicates"]) == (200, 0, 2)
        sent[name] = identifier
    server.flow_run()
    found = {row["id"]: row for row in rows(server.folder, model="iris").to_pylist()}
    for name, identifier in sent.items():
        one, other = found[f"{identifier}/0"], found[f"{identifier}/1"]
        assert (one["feature_length"], one["feature_width"], one["score"]) == (5.1, 3.5, 0.125), name
        assert (other["feature_length"], other["feature_width"], other["score"]) == (6.2, 2.9, 0.875), name
        assert one["latency_ms"] == 25.0 and abs(one["at"] - began) < timedelta(milliseconds=1)
        assert one["version"] == ("7" if name == "v2" else "predictor")
    assert len(found) == 8


def test_a_model_that_failed_is_an_error_of_its_prediction(server):
    at, identifier = datetime.now(timezone.utc), str(uuid.uuid4())
    kserve(server, "request", identifier, {"instances": [[1.0, 2.0]]}, at)
    assert kserve(server, "response", identifier, {"error": "the model is not loaded"}, at).status_code == 200
    server.flow_run()
    [row] = [row for row in rows(server.folder, model="iris").to_pylist() if row["id"] == identifier]
    assert (row["error"], row["score"], row["feature_width"]) == ("the model is not loaded", None, 2.0)


def test_what_cannot_be_read_is_told(server):
    at = datetime.now(timezone.utc)
    for payload, reason in [
        ({"instances": [[1.0, 2.0, 3.0]]}, "feature_count"),
        ({"rows": []}, "payload"),
        ({"inputs": [{"name": "length", "shape": [3], "datatype": "FP64", "data": [1.0]}]}, "shape"),
    ]:
        answer = kserve(server, "request", str(uuid.uuid4()), payload, at)
        assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (400, reason), answer.text
    answer = kserve(server, "request", "x", {"instances": []}, at, **{"ce-specversion": "0.3"})
    assert answer.json()["errors"][0]["reason"] == "spec_version"
    answer = post(server, b"{}", content_type="application/json", path="/v1/cloudevents")
    assert answer.status_code == 400 and "ce-specversion" in answer.json()["detail"]


def test_the_official_library_s_events_are_taken_in_all_modes(server):
    def event(identifier):
        attributes = {
            "id": identifier,
            "source": "/tests",
            "type": "ml.quiver.event",
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "time": datetime.now(timezone.utc),
        }
        return CloudEvent(attributes, {"kind": "prediction", "model": "iris", "output": {"score": 0.5}})

    for number, message in enumerate([to_binary_event(event("mode-0")), to_structured_event(event("mode-1"))]):
        headers = {name: value for name, value in message.headers.items() if name.lower() != "content-type"}
        kind = next(value for name, value in message.headers.items() if name.lower() == "content-type")
        answer = post(server, message.body, content_type=kind, path="/v1/cloudevents", **headers)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1), (number, answer.text)
    batch = [json.loads(to_structured_event(event(f"mode-{number}")).body) for number in (2, 3, 3)]
    answer = post(server, json.dumps(batch).encode(), content_type="application/cloudevents-batch+json", path="/v1/cloudevents")
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (2, 1)


def test_what_waits_is_kept_when_the_server_is_told_to_stop(tmp_path):
    """A request whose response never came is a prediction without an answer; a stop does not lose it."""
    with Server(tmp_path, spec=SPEC) as server:
        assert kserve(server, "request", "alone", {"instances": [[1.0, 2.0]]}, datetime.now(timezone.utc)).status_code == 202
        assert server.stop() == 0
    [row] = rows(tmp_path, model="iris").to_pylist()
    assert (row["id"], row["error"], row["feature_length"]) == ("alone", "no_response", 1.0)


def test_a_request_without_its_response_becomes_an_event_after_a_minute(server, long):
    if not long:
        pytest.skip("takes a minute: QUIVER_LONG=1 runs it")
    kserve(server, "request", "waited", {"instances": [[1.0, 2.0]]}, datetime.now(timezone.utc))
    time.sleep(65)
    server.flow_run()
    [row] = [row for row in rows(server.folder, model="iris").to_pylist() if row["id"] == "waited"]
    assert row["error"] == "no_response"
