"""What happens when the other side does not simply accept: retries, splits, refusals, losses; all counted."""

import datetime
import email.utils
import logging
import threading
import time

import pytest
from conftest import total
from quiver_ml.sender import Policy
from quiver_ml.transport import HttpTransport, read_answer, retry_after_seconds
from server import status


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 0])
def test_a_passing_failure_is_retried_with_the_same_bytes(make_client, server, code):
    server.script = [status(code), status(code)]
    client = make_client()
    client.log_prediction(score=0.5)
    client.log_feedback("p", value=1)
    assert client.flush(20)
    bodies = {}
    for request in server.requests:
        bodies.setdefault(tuple(request.ids), set()).add(request.raw)
    assert all(len(raw) == 1 for raw in bodies.values())
    assert len(server.requests) >= 3
    stats = client.stats()
    assert (stats["sent"], stats["accepted"], stats["dropped"]) == (2, 2, {})
    assert stats["retries"] >= 1
    assert stats["last_error"]


def test_retry_after_is_waited_for(make_client, server, monkeypatch):
    waits = []
    server.script = [status(429, Retry_After="7"), status(503, Retry_After="9")]
    client = make_client()
    sender = client._pipeline.sender
    monkeypatch.setattr(sender, "_pause", lambda seconds: waits.append(seconds) or True)
    client.log_prediction(score=0.5)
    assert client.flush(10)
    assert len(waits) == 2
    assert 7 <= waits[0] < 7.1
    assert 9 <= waits[1] < 9.1


def test_waits_double_up_to_a_bound_and_differ():
    policy = Policy(1, 1, 0, 8, 0.5, 30.0, 10)
    for attempt, longest in [(1, 0.5), (2, 1.0), (3, 2.0), (7, 30.0), (1_000, 30.0)]:
        waits = [policy.wait_seconds(attempt, None) for _ in range(200)]
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(set(waits)) > 100


def test_retry_after_is_read_in_both_forms():
    assert retry_after_seconds(None) is None
    assert retry_after_seconds("3") == 3
    assert retry_after_seconds("-3") == 0
    assert retry_after_seconds("1e9") == 300
    assert retry_after_seconds("inf") == 300
    assert retry_after_seconds("nan") is None
    assert retry_after_seconds("soon") is None
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=60)
    assert 55 < retry_after_seconds(email.utils.format_datetime(later, usegmt=True)) <= 60


def test_after_the_last_retry_events_are_dropped_and_counted(make_client, server):
    server.script = [status(503)] * 3
    client = make_client(max_retries=2)
    client.log_prediction(score=0.5)
    assert not client.flush(10)
    assert len(server.requests) == 3
    assert client.stats()["dropped"] == {"undeliverable": 1}
    assert client.stats()["retries"] == 2
    client.log_prediction(score=0.5)
    assert client.flush(10)


def test_a_refused_connection_is_retried_then_counted(make_client, dead_url):
    client = make_client(url=dead_url, max_retries=2)
    client.log_prediction(score=0.5)
    assert not client.flush(10)
    stats = client.stats()
    assert stats["dropped"] == {"undeliverable": 1}
    assert "ConnectionRefusedError" in stats["last_error"]


@pytest.mark.parametrize("code", [301, 401, 403, 404, 415])
def test_a_lasting_refusal_is_not_retried(make_client, server, code):
    server.script = [status(code)]
    client = make_client()
    client.log_prediction(score=0.5)
    assert not client.flush(10)
    assert len(server.requests) == 1
    assert client.stats()["dropped"] == {f"http_{code}": 1}


def test_refused_events_are_counted_by_reason_and_said_once_without_content(make_client, server, caplog):
    body = {
        "accepted": 1,
        "duplicates": 2,
        "rejected": 3,
        "errors": [
            {"position": 1, "reason": "no_time", "detail": "card 4711"},
            {"position": 2, "reason": "card 4711 is wrong", "detail": ""},
        ],
        "errors_omitted": 1,
    }
    client = make_client(linger_seconds=30, batch_events=6)
    server.script = [status(200, body), status(200, body)]
    with caplog.at_level(logging.WARNING, "quiver_ml"):
        for _ in range(2):
            for _ in range(6):
                client.log_prediction(score=0.5)
            assert client.flush(10)
    stats = client.stats()
    assert (stats["sent"], stats["accepted"], stats["duplicates"], stats["rejected"]) == (12, 2, 4, 6)
    assert stats["rejected_by_reason"] == {"no_time": 2, "other": 2, "omitted": 2}
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if "no_time" in text]) == 1
    assert not any("4711" in text for text in said)


def test_a_body_in_which_nothing_was_usable_is_counted_by_reason(make_client, server):
    problem = {"type": "about:blank", "status": 400, "errors": [{"position": 1, "reason": "unknown_model"}]}
    server.script = [status(400, problem)]
    client = make_client()
    client.log_prediction(score=0.5)
    assert client.flush(10)
    assert client.stats()["rejected_by_reason"] == {"unknown_model": 1}
    assert client.stats()["sent"] == 1
    assert len(server.requests) == 1


def test_a_400_without_reasons_is_a_loss():
    answer = read_answer(400, None, b"what?", 5)
    assert not answer.delivered and not answer.retryable and answer.reason == "http_400"


def test_an_unreadable_acceptance_is_one():
    for body in (b"", b"[]", b"{", b"[" * 100_000, b'{"accepted":-1,"errors":7}'):
        answer = read_answer(200, None, body, 5)
        assert answer.delivered and answer.accepted == 0 and answer.rejected == {}


def test_a_body_too_large_is_halved(make_client, server):
    def bounded(request):
        answer = status(413) if len(request.lines) > 2 else status(200, {"accepted": len(request.lines)})
        return answer(request)

    server.script = [bounded] * 20
    client = make_client(linger_seconds=30, batch_events=8)
    ids = [client.log_prediction(id=str(number)) for number in range(8)]
    assert client.flush(10)
    taken = [id for request in server.requests if len(request.lines) <= 2 for id in request.ids]
    assert taken == ids
    assert client.stats()["accepted"] == 8
    server.script = [status(413)]
    client.log_prediction()
    assert not client.flush(10)
    assert client.stats()["dropped"] == {"http_413": 1}


def test_the_queue_is_bounded_in_events(make_client, server):
    server.release.clear()
    client = make_client(queue_events=5, batch_events=2)
    for number in range(12):
        client.log_prediction(id=str(number))
    stats = client.stats()
    assert stats["queued"] == 5
    assert stats["dropped"] == {"queue_full": 7}
    server.release.set()
    assert not client.flush(10)
    assert client.flush(10)
    assert [event["id"] for event in server.events()] == ["0", "1", "2", "3", "4"]


def test_the_queue_is_bounded_in_bytes(make_client, server):
    server.release.clear()
    client = make_client(queue_bytes=3_000)
    for _ in range(10):
        client.log_prediction(features={"x": "y" * 1_000})
    stats = client.stats()
    assert stats["queued"] == 2
    assert 2_000 < stats["queued_bytes"] <= 3_000
    assert stats["dropped"] == {"queue_full": 8}
    server.release.set()
    assert not client.flush(10)
    assert client.stats()["queued_bytes"] == 0


def test_an_event_too_large_is_dropped_before_it_is_written(make_client):
    client = make_client(event_bytes=1_000)
    client.log_prediction(features={"x": "y" * 2_000})
    client.log_prediction(features={"x": [0] * 2_000})
    client.log_prediction(text="é" * 900)
    assert client.stats()["dropped"] == {"too_large": 3}


def test_four_threads_lose_count_of_nothing(make_client, server):
    server.script = [status(503), status(200, {"accepted": 1}), status(404)]
    client = make_client(queue_events=400, batch_events=50)

    def hammer(name):
        for number in range(500):
            client.log_prediction(id=f"{name}-{number}", score=0.5)

    threads = [threading.Thread(target=hammer, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.flush(20)
    stats = client.stats()
    assert stats["logged"] == 2_000
    assert stats["queued"] == 0 and stats["queued_bytes"] == 0
    assert stats["sent"] + sum(stats["dropped"].values()) == 2_000
    assert len({event["id"] for event in server.events()}) == stats["sent"] + stats["dropped"].get("http_404", 0)


def test_flush_says_false_when_time_runs_out(make_client, server):
    server.release.clear()
    client = make_client()
    client.log_prediction()
    assert not client.flush(0.05)
    assert client.stats()["queued"] == 1
    server.release.set()
    assert client.flush(10)


def test_closing_gives_up_on_a_wait_it_cannot_afford(make_client, server):
    server.script = [status(503, Retry_After="200")]
    client = make_client()
    client.log_prediction()
    client._pipeline.queue.flush(0)
    assert server.arrived.acquire(timeout=10)
    started = time.monotonic()
    client.close(5)
    assert time.monotonic() - started < 100
    client.log_prediction()
    stats = client.stats()
    assert stats["dropped"] == {"undeliverable": 1, "closed": 1}
    assert total(stats) == stats["logged"] == 2


def test_closing_delivers_what_waits(make_client, server):
    client = make_client(linger_seconds=60)
    for _ in range(3):
        client.log_prediction()
    client.close(10)
    assert len(server.events()) == 3


@pytest.mark.parametrize(
    "url", ["ftp://x", "127.0.0.1:8600", "http://", "http://user:word@host", "http://h/?a=1", "http://h:99999"]
)
def test_a_url_that_can_never_work_is_refused(url):
    with pytest.raises(ValueError):
        HttpTransport(url, None, None)


def test_a_key_that_would_break_the_header_is_refused():
    with pytest.raises(ValueError):
        HttpTransport("http://h", "qvr_\r\nX: y", None)


def test_a_kept_connection_that_was_closed_is_no_failure(make_client, server):
    client = make_client(max_retries=0)
    client.log_prediction(id="a")
    assert client.flush(10)
    server.script = [status(0)]
    client.log_prediction(id="b")
    assert client.flush(10)
    assert [request.ids for request in server.requests] == [["a"], ["b"], ["b"]]
    assert client.stats()["retries"] == 0
