"""The model's side: nothing waits, nothing raises, nothing is connected to from the model's own thread."""

import logging
import os
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import quiver_ml
from conftest import total

SOURCE = Path(__file__).parents[1] / "src"


class Hostile:
    """A value whose every method fails."""

    def __getattr__(self, name):
        raise RuntimeError("card 4711")


class HostileMap(dict):
    def items(self):
        raise KeyError("card 4711")


def test_no_socket_is_touched_by_the_callers_thread(make_client, server, monkeypatch):
    touched = []
    connect = socket.socket.connect
    look_up = socket.getaddrinfo

    def noted_connect(self, address):
        touched.append(threading.current_thread().name)
        return connect(self, address)

    def noted_look_up(*args, **kwargs):
        touched.append(threading.current_thread().name)
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", noted_connect)
    monkeypatch.setattr(socket, "getaddrinfo", noted_look_up)
    client = make_client()
    client.log_prediction()
    assert client.flush(10)
    client.close(10)
    assert touched and set(touched) == {"quiver-ml"}


def test_a_server_that_never_answers_does_not_hold_the_caller(make_client, server):
    server.release.clear()
    client = make_client(queue_events=3)
    # Returning at all is the test: the server answers nothing before the fixture's end.
    for _ in range(100):
        client.log_prediction()
        client.log_feedback("p", value=1)
    assert client.stats()["dropped"] == {"queue_full": 197}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda c: c.log_prediction("positional"), "invalid_arguments"),
        (lambda c: c.log_prediction(**{"self": 1}), "invalid_arguments"),
        (lambda c: c.log_prediction(score="high"), "wrong_type"),
        (lambda c: c.log_prediction(score=[1, 2]), "wrong_type"),
        (lambda c: c.log_prediction(score=object()), "wrong_type"),
        (lambda c: c.log_prediction(features=[1, 2]), "wrong_type"),
        (lambda c: c.log_prediction(features=HostileMap(x=1)), "invalid_arguments"),
        (lambda c: c.log_prediction(features={"x": Hostile()}), "invalid_arguments"),
        (lambda c: c.log_prediction(features={str(n): 1 for n in range(2_001)}), "too_many_features"),
        (lambda c: c.log_prediction(embedding=["a"]), "wrong_type"),
        (lambda c: c.log_prediction(ranking="abc"), "wrong_type"),
        (lambda c: c.log_prediction(ranking=[{"id": "a", "position": 0}]), "wrong_type"),
        (lambda c: c.log_prediction(decision={"by": "me"}), "unknown_word"),
        (lambda c: c.log_prediction(feature_meta={"x": {"status": "bad"}}), "unknown_word"),
        (lambda c: c.log_prediction(at=1e300), "not_a_time"),
        (lambda c: c.log_prediction(at=[]), "not_a_time"),
        (lambda c: c.log_prediction(latency_ms="7"), "wrong_type"),
        (lambda c: c.log_prediction(slices=7), "wrong_type"),
        (lambda c: c.log_feedback(value=1), "no_target"),
        (lambda c: c.log_feedback("p"), "no_value"),
        (lambda c: c.log_feedback("p", value=float("nan")), "no_value"),
        (lambda c: c.log_feedback("p", value={"a": 1}), "wrong_type"),
        (lambda c: c.heartbeat(""), "missing_argument"),
        (lambda c: c.heartbeat("w", rows=-1), "wrong_type"),
        (lambda c: c.change(), "invalid_arguments"),
        (lambda c: c.change(None), "missing_argument"),
    ],
)
def test_wrong_arguments_are_counted_and_said_once_without_content(make_client, server, caplog, call, reason):
    client = make_client()
    with caplog.at_level(logging.WARNING, "quiver_ml"):
        ids = {call(client), call(client)}
    assert len(ids) == 2 and all(ids)
    assert client.stats()["dropped"] == {reason: 2}
    (record,) = [record for record in caplog.records if reason in record.getMessage()]
    assert "4711" not in record.getMessage()
    assert client.flush(10) and server.requests == []


def test_a_cycle_and_a_deep_value_are_dropped(make_client):
    client = make_client()
    cycle = []
    cycle.append(cycle)
    client.log_prediction(features={"x": cycle})
    assert client.stats()["dropped"] == {"too_deep": 1}


def test_unknown_arguments_are_ignored_and_counted(make_client, server):
    client = make_client()
    client.log_prediction(score=0.5, scor=0.7, latency=3)
    assert client.flush(10)
    assert server.events()[0]["output"] == {"score": 0.5}
    assert client.stats()["unknown_arguments"] == 2


def test_no_model_is_counted(make_client):
    client = make_client(model=None)
    client.log_prediction()
    client.log_prediction(model="m")
    assert client.flush(10)
    assert client.stats()["dropped"] == {"no_model": 1}


def test_a_failing_log_handler_does_not_reach_the_caller(make_client):
    class Broken(logging.Handler):
        def handle(self, record):
            raise OSError("disk full")

    handler = Broken()
    logging.getLogger("quiver_ml").addHandler(handler)
    try:
        make_client().log_prediction(score="high")
    finally:
        logging.getLogger("quiver_ml").removeHandler(handler)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "sometimes"},
        {"mode": "offline"},
        {"url": "nowhere"},
        {"key": "a b"},
        {"queue_events": 0},
        {"batch_bytes": 1.5},
        {"linger_seconds": -1},
        {"max_retries": float("inf")},
        {"request_timeout_seconds": 0},
    ],
)
def test_init_refuses_what_can_never_work(options):
    with pytest.raises(ValueError):
        quiver_ml.init(**options)


def test_disabled_makes_no_thread_and_counts_nothing(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a thread was started")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    client = quiver_ml.Client(mode="disabled", model="m")
    assert client.log_prediction(id="p", score=Hostile()) == "p"
    assert client.log_feedback("p", value=1)
    assert client.heartbeat("w") and client.change("deploy")
    assert client.flush() is True
    client.close()
    assert client.stats()["logged"] == 0


def test_the_key_is_not_shown(make_client):
    client = make_client(key="qvr_secret")
    assert "qvr_secret" not in repr(client) + str(vars(client))


def test_the_module_has_one_client_and_counts_before_init(server, run):
    said = run(
        """
        id = quiver_ml.log_prediction(score=0.5)
        assert len(id) == 36, id
        assert quiver_ml.stats()["dropped"] == {"not_initialised": 1}
        assert threading.active_count() == 1
        first = quiver_ml.init(URL, model="m", linger_seconds=60)
        quiver_ml.log_prediction(id="one")
        second = quiver_ml.init(URL, model="m")
        assert first.stats()["sent"] == 1
        quiver_ml.log_prediction(id="two")
        quiver_ml.log_feedback("two", id="f", value=1)
        quiver_ml.heartbeat("weather", id="h")
        quiver_ml.change("deploy", id="c")
        with quiver_ml.track(id="t") as tracked:
            tracked.set(score=0.5)
        assert quiver_ml.flush(10)
        assert second.stats() == quiver_ml.stats()
        quiver_ml.close()
        print("good")
        """,
        server.url,
    )
    assert said == "good\n"
    assert [event["id"] for event in server.events()] == ["one", "two", "f", "h", "c", "t"]


@pytest.fixture
def run():
    """Runs a program in an interpreter of its own and returns what it says."""

    def run_program(program, url, seconds=10):
        code = f"import os, sys, threading, quiver_ml\nURL = {url!r}\n" + textwrap.dedent(program)
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=seconds
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    return run_program


def test_a_program_ends_though_nobody_listens(run, dead_url):
    assert run("quiver_ml.init(URL, model='m'); quiver_ml.log_prediction(); print('end')", dead_url) == "end\n"


def test_a_program_ends_though_the_server_never_answers(run, server):
    server.release.clear()
    program = """
    clients = [quiver_ml.Client(URL, "m", linger_seconds=0) for _ in range(4)]
    for client in clients:
        client.log_prediction()
    print("end")
    """
    assert run(program, server.url) == "end\n"


def test_the_end_of_a_program_sends_what_waits(run, server):
    run("quiver_ml.init(URL, model='m', linger_seconds=60); quiver_ml.log_prediction(id='last')", server.url)
    assert [event["id"] for event in server.events()] == ["last"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_sends_its_own_events_and_none_of_its_parents(run, server):
    program = """
    import warnings
    warnings.simplefilter("ignore")
    client = quiver_ml.init(URL, model="m", linger_seconds=60)
    quiver_ml.log_prediction(id="parent-1")
    child = os.fork()
    if child == 0:
        counted = quiver_ml.stats()
        fine = counted["queued"] == 0 and counted["logged"] == 0
        quiver_ml.log_prediction(id="child")
        fine = fine and quiver_ml.flush(8) and quiver_ml.stats()["sent"] == 1
        os._exit(0 if fine else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    quiver_ml.log_prediction(id="parent-2")
    assert quiver_ml.flush(8)
    """
    run(program, server.url, 20)
    assert [request.ids for request in server.requests] == [["child"], ["parent-1", "parent-2"]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_locks_held_during_a_fork_do_not_hold_the_child(run, server):
    program = """
    import warnings
    warnings.simplefilter("ignore")
    client = quiver_ml.init(URL, model="m")
    pipeline, held, go = client._pipeline, threading.Event(), threading.Event()
    def hold():
        with pipeline.queue._lock, pipeline.counters._lock, pipeline.sender._lock:
            held.set()
            go.wait()
    threading.Thread(target=hold).start()
    held.wait()
    child = os.fork()
    if child == 0:
        quiver_ml.log_prediction(id="child")
        os._exit(0 if quiver_ml.flush(8) else 1)
    _, status = os.waitpid(child, 0)
    go.set()
    assert status == 0, status
    """
    run(program, server.url, 20)
    assert [event["id"] for event in server.events()] == ["child"]


def test_a_thread_that_cannot_start_is_counted(make_client, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    client = make_client()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    client.log_prediction()
    assert client.stats()["dropped"] == {"no_thread": 1}
    assert total(client.stats()) == 1


def test_a_mistake_in_the_sender_costs_one_batch(make_client, server, monkeypatch):
    client = make_client()
    transport = client._pipeline.sender._transport
    send = transport.send
    answers = [RuntimeError("mistake")]

    def once_broken(lines, timeout_seconds):
        if answers:
            raise answers.pop()
        return send(lines, timeout_seconds)

    monkeypatch.setattr(transport, "send", once_broken)
    client.log_prediction()
    assert not client.flush(10)
    client.log_prediction()
    assert client.flush(10)
    assert client.stats()["dropped"] == {"internal": 1}


def test_logging_in_the_middle_of_logging_loses_count_of_nothing(tmp_path):
    """A tracer logs once more at chosen instructions of the client itself, as a signal handler or destructor may."""
    # The queue holds all of them: how fast the file is written is not what is asked here.
    client = quiver_ml.Client(
        mode="offline", file=tmp_path / "events.ndjson", model="m", queue_events=10**6, queue_bytes=10**9
    )
    inserted = [0]

    def interrupt(frame, event, _):
        if Path(frame.f_code.co_filename).name not in ("queue.py", "counters.py"):
            return None
        frame.f_trace_opcodes = True
        steps = [0]

        def step(frame, event, _):
            steps[0] += 1
            if event == "opcode" and steps[0] % 7 == inserted[0] % 7:
                sys.settrace(None)
                inserted[0] += 1
                client.log_prediction()
                client.stats()
                sys.settrace(interrupt)
            return step

        return step

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        for _ in range(200):
            client.log_prediction()
    finally:
        sys.settrace(before)
    assert client.flush(20)
    stats = client.stats()
    assert inserted[0] > 200
    assert stats["logged"] == stats["sent"] == 200 + inserted[0]
    assert stats["queued"] == 0 and stats["queued_bytes"] == 0
    client.close()
