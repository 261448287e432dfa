"""Conservation: whatever the moment of a crash, what was acknowledged is in the tables once and intact, and nothing else is."""

import collections
import os
import random
import signal
import socket
import threading
import time

import pytest
from harness import Server, rows, table_path
from senders import WAYS, Ledger, Tail, Way

SEED = int(os.environ.get("QUIVER_SEED", "20130101"))


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def balance(folder, ledger: Ledger) -> dict:
    """What contradicts the ledger, by kind; all lists are empty when all is well."""
    columns = ["id", "score", "feature_hour", "feature_distance", "feature_carrier", "feature_night", "feature_checksum"]
    table = rows(folder, "predictions", columns).to_pydict()
    found = collections.Counter(table["feature_checksum"])
    wrong = {"lost": [], "twice": [], "never_sent": [], "changed": [], "feedback_lost": [], "feedback_wrong": []}
    wrong["lost"] = sorted(ledger.acknowledged - found.keys())
    wrong["twice"] = sorted(str(code) for code, count in found.items() if count > 1)
    for name, score, hour, distance, carrier, night, code in zip(*(table[column] for column in columns)):
        sent = ledger.sent.get(code)
        if sent is None:
            wrong["never_sent"].append((name, code))
        elif sent[1:] != (hour, distance, score, carrier, night) or (sent[0] is not None and sent[0] != name):
            wrong["changed"].append((name, sent))
    feedback = rows(folder, "feedback", ["id", "name", "value", "prediction_id"]).to_pydict()
    known = collections.Counter(feedback["id"])
    wrong["feedback_lost"] = sorted(ledger.other_acknowledged - known.keys())
    wrong["feedback_wrong"] = sorted(name for name, count in known.items() if count > 1)
    for name, *rest in zip(feedback["id"], feedback["name"], feedback["value"], feedback["prediction_id"]):
        if ledger.other_sent.get(name) != tuple(rest):
            wrong["feedback_wrong"].append(name)
    return wrong


def assert_balanced(folder, ledger: Ledger) -> None:
    wrong = balance(folder, ledger)
    ways = lambda names: collections.Counter(str(ledger.sent.get(name, name)[0]).split(".")[0] for name in names)
    told = {kind: (len(names), names[:3], ways(names) if kind in ("lost", "twice") else "") for kind, names in wrong.items() if names}
    assert not told, told
    assert not ledger.wrong, ledger.wrong[:5]


def run_rounds(folder, rounds: int, seed: int, pause_seconds: float) -> dict:
    """Kills a server `rounds` times while all ways send, and returns figures; the ledger must balance."""
    randomness = random.Random(seed)
    api, otlp, grpc_port = free_ports(3)
    addresses = {"api": f"http://127.0.0.1:{api}", "otlp": f"http://127.0.0.1:{otlp}", "grpc": f"127.0.0.1:{grpc_port}"}
    config = {
        "otlp": {"http": f"127.0.0.1:{otlp}", "grpc": f"127.0.0.1:{grpc_port}"},
        # Often, so that crashes meet commits to the tables, judging and the upkeep of tables as well.
        "flow": {"flush_every": "200ms", "judge_every": "1s"},
        "retention": {"every": "2s"},
    }
    start = lambda ready=True: Server(folder, config=config, listen=f"127.0.0.1:{api}", start=ready)
    ledger, stop = Ledger(), threading.Event()
    starts = []
    server = start()
    senders = [Way(name, size, addresses, ledger, stop, seed, pause_seconds) for name, size in WAYS.items()]
    tail = Tail(folder, addresses, ledger, stop, seed)
    try:
        for each in [*senders, tail]:
            each.start()
        for _ in range(rounds):
            time.sleep(randomness.uniform(0.05, 1.6))
            server.kill()
            while randomness.random() < 0.15:
                # Killed again while it recovers.
                unready = start(False)
                time.sleep(randomness.uniform(0, 0.2))
                unready.kill()
            server = start()
            starts.append(server.started_in_seconds)
        time.sleep(0.5)
        stop.set()
        for each in [*senders, tail]:
            each.join(60)
            assert not each.is_alive(), f"{each.name} hangs"
        tail.finish()
        server.flow_run()
        unheard = [each.name for each in senders if each.acknowledged_batches == 0]
        assert not unheard, f"nothing was acknowledged of {unheard}: {ledger.wrong[:3]}"
        journal_bytes = server.metric("quiver_journal_bytes")
        assert server.metric("quiver_journal_lost_offsets") == 0
    finally:
        stop.set()
        for each in senders:
            each.join(30)
        tail.process.kill()
        server.kill()
    assert_balanced(folder, ledger)
    return {
        "rounds": rounds,
        "events sent": len(ledger.sent) + len(ledger.other_sent),
        "acknowledged": len(ledger.acknowledged) + len(ledger.other_acknowledged),
        "retried batches": ledger.retries,
        "given up": ledger.given_up,
        "repeats of acknowledged batches": ledger.repeats_of_acknowledged,
        "tails killed": tail.kills,
        "journal MiB": round(journal_bytes / 2**20, 1),
        "slowest start, s": round(max(starts), 2),
    }, ledger


def test_what_was_acknowledged_is_kept_once_through_crashes(tmp_path, long, capsys):
    rounds = int(os.environ.get("QUIVER_ROUNDS", "300" if long else "8"))
    figures, ledger = run_rounds(tmp_path, rounds, SEED, pause_seconds=0.3 if long else 0.2)
    with capsys.disabled():
        print(f"\nconservation: {figures}")
    assert figures["retried batches"] > 0, "no crash met a request"
    # The oracle must be able to see each kind of wrong: the same tables against ledgers that were tampered with.
    planted = next(iter(ledger.acknowledged))
    ledger.acknowledged.add("sum of an event that was never kept")
    ledger.sent[planted] = ("another id", *ledger.sent[planted][1:])
    unsent = next(code for code in ledger.acknowledged if code in ledger.sent and code != planted)
    del ledger.sent[unsent]
    wrong = balance(tmp_path, ledger)
    assert wrong["lost"] == ["sum of an event that was never kept"]
    assert len(wrong["changed"]) == 1 and len(wrong["never_sent"]) == 1


def test_an_event_without_id_and_key_is_refused_by_itself(tmp_path):
    from harness import events, post

    with Server(tmp_path) as server:
        batch = events(3)
        nameless = {name: value for name, value in batch[1].items() if name != "id"}
        answer = post(server, [batch[0], nameless, batch[2]])
        assert answer.status_code == 200
        assert answer.json()["accepted"] == 2
        assert [(error["position"], error["reason"]) for error in answer.json()["errors"]] == [(2, "no_id_no_key")]
        answer = post(server, [nameless])
        assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json"
        server.flow_run()
        assert sorted(rows(tmp_path)["id"].to_pylist()) == [batch[0]["id"], batch[2]["id"]]
