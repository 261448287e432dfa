"""What stands on the wire: each argument in its place, and nothing that the server's reader refuses."""

import datetime
import json
import re
from pathlib import Path

import pytest
import quiver_ml

UTC = datetime.timezone.utc


def one(client, server):
    assert client.flush(10)
    (event,) = server.events()
    return event


def test_a_prediction_is_the_line_of_the_design(make_client, server):
    client = make_client(key="qvr_abc")
    at = datetime.datetime(2013, 7, 1, 14, 3, 11, tzinfo=UTC)
    id = client.log_prediction(
        id="0190",
        at=at,
        version="2013-03",
        request_type="departure-board",
        decision_id="b-77",
        trace_id="t-1",
        arm={"assigned": "control", "served": "control", "propensity": 0.95, "config": "sha256:1"},
        features={"carrier": "UA", "distance": 1400.0, "late": True, "gate": None},
        feature_meta={
            "wind_speed": {
                "event_at": datetime.datetime(
                    2013, 7, 1, 9, 50, tzinfo=datetime.timezone(datetime.timedelta(hours=-4))
                ),
                "computed_at": "2013-07-01T13:51:00Z",
                "status": "ok",
                "source": "weather",
                "cost": {"ms": 1.8, "calls": 1, "bytes": 420},
            }
        },
        score=0.81,
        decision=quiver_ml.Decision(action="ignore", model_action="notify", by="rule", rule="quiet-hours"),
        latency_ms=7.2,
        cost={"cpu_ms": 1.1, "tokens_in": 0, "calls": {"redis": {"n": 1, "ms": 0.4}, "vector_db": 2}},
        slices={"origin": "JFK", "gate": 7},
        subject="u-1881",
    )
    assert id == "0190"
    assert one(client, server) == {
        "kind": "prediction",
        "model": "flight-delay",
        "id": "0190",
        "at": "2013-07-01T14:03:11Z",
        "version": "2013-03",
        "request_type": "departure-board",
        "decision_id": "b-77",
        "trace_id": "t-1",
        "arm": {"assigned": "control", "served": "control", "propensity": 0.95, "config": "sha256:1"},
        "features": {"carrier": "UA", "distance": 1400.0, "late": True, "gate": None},
        "feature_meta": {
            "wind_speed": {
                "event_at": "2013-07-01T13:50:00Z",
                "computed_at": "2013-07-01T13:51:00Z",
                "status": "ok",
                "source": "weather",
                "cost": {"ms": 1.8, "calls": 1, "bytes": 420},
            }
        },
        "output": {"score": 0.81},
        "decision": {"action": "ignore", "model_action": "notify", "by": "rule", "rule": "quiet-hours"},
        "latency_ms": 7.2,
        "cost": {"cpu_ms": 1.1, "tokens_in": 0, "calls": {"redis": {"n": 1, "ms": 0.4}, "vector_db": {"n": 2}}},
        "slices": {"origin": "JFK", "gate": "7"},
        "subject": "u-1881",
    }
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/events")
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.headers["authorization"] == "Bearer qvr_abc"
    assert "content-encoding" not in request.headers


def test_feedback_heartbeat_and_change_are_the_lines_of_the_design(make_client, server):
    client = make_client()
    at = "2013-07-01T21:40:00Z"
    known = "2013-07-01T21:44:00Z"
    client.log_feedback("0190", id="f-9", at=at, known_at=known, name="late", value=1)
    client.log_feedback(decision_id="b-77", id="f-10", at=at, item="i-1", value=True)
    client.log_feedback(entity="card-3", id="f-11", at=at, value="fraud")
    client.heartbeat("weather", id="h", at=at, data_until=known, rows=3)
    client.change("deploy", id="c", ref="v2013-03", at=at)
    assert client.flush(10)
    head = {"model": "flight-delay", "at": at}
    feedback = {"kind": "feedback", **head}
    assert server.events() == [
        {**feedback, "id": "f-9", "prediction_id": "0190", "known_at": known, "name": "late", "value": 1},
        {**feedback, "id": "f-10", "decision_id": "b-77", "item": "i-1", "value": True},
        {**feedback, "id": "f-11", "entity": "card-3", "value": "fraud"},
        {"kind": "heartbeat", **head, "id": "h", "source": "weather", "data_until": known, "rows": 3},
        {"kind": "change", **head, "id": "c", "what": "deploy", "ref": "v2013-03"},
    ]


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ({"value": 3}, {"value": 3}),
        ({"class_": 3, "probabilities": {3: 0.75, 4: 0.25}}, {"class": "3", "probabilities": {"3": 0.75, "4": 0.25}}),
        ({"ranking": ["a", 7]}, {"ranking": [{"id": "a", "position": 1}, {"id": "7", "position": 2}]}),
        (
            {"ranking": [{"id": "a", "position": 3, "score": 0.5}]},
            {"ranking": [{"id": "a", "position": 3, "score": 0.5}]},
        ),
        ({"text": "hello"}, {"text": "hello"}),
        ({"embedding": (0.5, 1)}, {"embedding": [0.5, 1]}),
        ({"score": [[0.25]]}, {"score": 0.25}),
        ({"score": True}, {"score": 1}),
    ],
)
def test_each_output_has_its_form(make_client, server, given, output):
    client = make_client()
    client.log_prediction(**given)
    assert json.dumps(one(client, server)["output"]) == json.dumps(output)


def test_id_and_time_are_made_where_absent(make_client, server):
    client = make_client()
    before = datetime.datetime.now(UTC)
    id = client.log_prediction(score=0.5)
    event = one(client, server)
    assert event["id"] == id
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id)
    at = datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
    assert before <= at <= datetime.datetime.now(UTC)


def test_of_an_exception_only_the_type_is_sent(make_client, server):
    client = make_client()
    client.log_prediction(error=ValueError("card 4711"))
    assert one(client, server)["error"] == "ValueError"


def test_a_large_batch_is_compressed(make_client, server):
    client = make_client()
    client.log_prediction(id="p", features={"note": "x" * 20_000})
    assert one(client, server)["features"]["note"] == "x" * 20_000
    assert server.requests[0].headers["content-encoding"] == "gzip"
    assert len(server.requests[0].raw) < 2_000


def test_batches_keep_order_and_their_bounds(make_client, server):
    client = make_client(batch_events=10, batch_bytes=2_000, linger_seconds=30)
    ids = [client.log_prediction(id=str(number), features={"x": "y" * 300}) for number in range(25)]
    assert client.flush(10)
    assert [event["id"] for event in server.events()] == ids
    assert all(len(request.lines) <= 10 and len(request.body) <= 2_000 for request in server.requests)
    assert any(len(request.lines) > 1 for request in server.requests)


def test_a_path_before_the_api_is_kept(make_client, server):
    client = make_client(url=server.url + "/quiver/")
    client.log_prediction(score=0.5)
    assert client.flush(10)
    assert server.requests[0].path == "/quiver/v1/events"


def test_one_connection_is_kept(make_client, server, monkeypatch):
    import socket

    opened = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: opened.append(1) or connect(*a, **k))
    client = make_client()
    for _ in range(3):
        client.log_prediction(score=0.5)
        assert client.flush(10)
    assert len(server.requests) == 3
    assert len(opened) == 1


def test_the_version_is_that_of_the_package():
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{quiver_ml.__version__}"\n' in project
