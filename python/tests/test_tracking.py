"""Tracking measures a call and changes nothing about it."""

import asyncio

import pytest
from quiver_ml import tracking


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves by hand, in seconds."""
    now = [100.0]
    monkeypatch.setattr(tracking.time, "perf_counter", lambda: now[0])
    return now


def one(client, server):
    assert client.flush(10)
    (event,) = server.events()
    return event


def test_a_block_is_measured_in_milliseconds(make_client, server, clock):
    client = make_client()
    with client.track(features={"a": 1}, version="7") as tracked:
        clock[0] += 0.25
        tracked.set(score=0.5)
    event = one(client, server)
    assert event["id"] == tracked.id
    assert event["latency_ms"] == 250
    assert (event["version"], event["features"], event["output"]) == ("7", {"a": 1}, {"score": 0.5})
    assert "error" not in event


def test_the_models_own_exception_passes_untouched(make_client, server):
    client = make_client()
    raised = ValueError("card 4711")
    with pytest.raises(ValueError) as caught:
        with client.track():
            raise raised
    assert caught.value is raised and raised.__cause__ is None and raised.__context__ is None
    event = one(client, server)
    assert event["error"] == "ValueError" and event["latency_ms"] >= 0
    assert "4711" not in str(event)


def test_a_decorated_function_returns_what_it_returns(make_client, server, clock):
    client = make_client()

    @client.track(output="score", features=lambda row, **_: row)
    def predict(row, scale=1):
        """Predicts."""
        clock[0] += 0.01
        return row["a"] * scale

    assert predict({"a": 0.25}, scale=2) == 0.5
    assert (predict.__name__, predict.__doc__) == ("predict", "Predicts.")
    event = one(client, server)
    assert event["features"] == {"a": 0.25} and event["output"] == {"score": 0.5}
    assert event["latency_ms"] == pytest.approx(10)


def test_a_function_may_make_the_output(make_client, server):
    client = make_client()

    @client.track(output=lambda pair: {"class_": pair[0], "probabilities": pair[1]})
    def predict():
        return "a", {"a": 1.0}

    predict()
    assert one(client, server)["output"] == {"class": "a", "probabilities": {"a": 1.0}}


def test_calls_that_overlap_have_ids_and_latencies_of_their_own(make_client, server, clock):
    client = make_client()

    @client.track(output="value")
    def nested(depth):
        clock[0] += 1
        return depth if depth == 0 else nested(depth - 1) + 1

    assert nested(2) == 2
    assert client.flush(10)
    events = server.events()
    assert [event["latency_ms"] for event in events] == [1_000, 2_000, 3_000]
    assert len({event["id"] for event in events}) == 3


def test_a_coroutine_is_tracked_until_it_returns(make_client, server, clock):
    client = make_client()

    @client.track(output="score")
    async def predict():
        await asyncio.sleep(0)
        clock[0] += 0.5
        return 0.5

    assert asyncio.run(predict()) == 0.5
    event = one(client, server)
    assert event["latency_ms"] == 500 and event["output"] == {"score": 0.5}


@pytest.mark.parametrize(
    "fields",
    [
        {"output": lambda result: 1 / 0},
        {"output": lambda result: {7: 1, "score": object()}},
        {"features": lambda row: row["no such"]},
        {"output": "score", "features": {}},
        {"slices": 7},
    ],
)
def test_what_tracking_cannot_do_never_reaches_the_caller(make_client, fields):
    client = make_client()

    @client.track(**fields)
    def predict(row):
        return "not a number"

    assert predict({}) == "not a number"
    stats = client.stats()
    assert stats["logged"] == 1 and sum(stats["dropped"].values()) == 1
