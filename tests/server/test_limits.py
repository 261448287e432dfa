"""What nobody should send: bombs, lies, floods, slow hands. Each is refused, memory stays flat, and others are served."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import socket
import sqlite3
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow
import pytest
import requests
import zstandard

from harness import Server, binary, events, instant, ndjson, post
from ways_in import arrow_stream

ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"
MIB = 1 << 20
LONG = os.environ.get("QUIVER_LONG") == "1"
# What a request may hold (64 MiB decoded), and what the allocator keeps for a moment of the one before.
GROWTH_LIMIT_BYTES = 160 * MIB


def memory(server: Server, name: str) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) * 1024


class Growth:
    """The most memory that the server held meanwhile, beyond what it held before."""

    def __init__(self, server: Server):
        self.server = server

    def __enter__(self):
        # Sets the high-water mark back to what is held now.
        Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")
        self.before = memory(self.server, "VmRSS")
        return self

    def __exit__(self, *_):
        self.peak = memory(self.server, "VmHWM") - self.before
        self.kept = memory(self.server, "VmRSS") - self.before


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config = {"http": {"header_timeout": "2s", "request_timeout": "3s"}}
    with Server(tmp_path_factory.mktemp("limits"), config=config) as server:
        for seed in range(20):
            post(server, events(500, seed=seed, prefix="warm"))
        yield server


@pytest.fixture(autouse=True)
def still_serves(request):
    """After every test: the same process, nothing in it panicked, and it takes an event."""
    server = request.getfixturevalue("server") if "server" in request.fixturenames else None
    panics = server.log().count("panicked") if server else 0
    yield
    if server:
        assert server.alive(), server.log()[-4000:]
        answer = post(server, events(1, seed=time.time_ns(), prefix="after"))
        assert answer.status_code == 200 and answer.json()["accepted"] == 1, answer.text
        assert server.log().count("panicked") == panics, server.log()[-4000:]


def refused(answer: requests.Response, *statuses: int, reason: str | None = None) -> None:
    """The answer is a problem with one of the statuses, and says when to come again where that would help."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    if "application/problem+json" in answer.headers.get("Content-Type", ""):
        problem = answer.json()
        assert problem["status"] == answer.status_code and problem["title"] and problem["detail"]
        if reason:
            assert {error["reason"] for error in problem["errors"]} == {reason}, problem
    assert answer.status_code not in (429, 503) or int(answer.headers["Retry-After"]) > 0


def zstd_bomb(length: int) -> bytes:
    compressor = zstandard.ZstdCompressor(level=3, write_content_size=False).compressobj()
    block = b" " * MIB
    return b"".join(compressor.compress(block) for _ in range(length // MIB)) + compressor.flush()


def gzip_bomb(length: int) -> bytes:
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1) as file:
        for _ in range(length // MIB):
            file.write(b" " * MIB)
    return sink.getvalue()


def test_bombs_are_refused_and_hold_little(server):
    bombs = {"zstd": zstd_bomb(512 * MIB), "gzip": gzip_bomb((512 if LONG else 80) * MIB)}
    assert len(bombs["zstd"]) < 64 << 10, "it is a bomb"
    for encoding, body in bombs.items():
        with Growth(server) as growth:
            ways = [("/v1/events", NDJSON), ("/v1/cloudevents", "application/cloudevents+json")]
            for path, content_type in ways + ([("/v1/events", "application/json"), ("/v1/events", ARROW)] if LONG else []):
                refused(post(server, body, content_type, path, Content_Encoding=encoding), 413)
            for content_type in ("application/json", "application/x-protobuf") if LONG else ("application/x-protobuf",):
                assert post(server.otlp_http, body, content_type, "/v1/traces", Content_Encoding=encoding).status_code == 413
        assert growth.peak < GROWTH_LIMIT_BYTES, f"{encoding}: {growth.peak / MIB:.0f} MiB"
    nested = zstandard.compress(gzip_bomb(32 * MIB))
    refused(post(server, nested, NDJSON, Content_Encoding="zstd"), 400)
    refused(post(server, nested, NDJSON, Content_Encoding="gzip, zstd"), 415)
    # Many empty frames and members: nothing comes out, and it ends.
    refused(post(server, zstandard.compress(b"") * 100_000, NDJSON, Content_Encoding="zstd"), 200, 400, 413)
    refused(post(server, gzip.compress(b"") * 100_000, NDJSON, Content_Encoding="gzip"), 200, 400, 413)
    # A window of 1 GiB is memory that a small body would claim.
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=30, write_content_size=False)
    wide = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = wide.compress(ndjson(events(1, seed=1, prefix="wide"))) + wide.flush()
    with Growth(server) as growth:
        refused(post(server, body, NDJSON, Content_Encoding="zstd"), 200, 400)
    assert growth.peak < GROWTH_LIMIT_BYTES


def arrow_body(count: int = 100, compression: str | None = None) -> bytes:
    now = datetime.now(timezone.utc)
    columns = {
        "id": [f"arrow-{time.time_ns()}-{row}" for row in range(count)],
        "at": pyarrow.array([now] * count, pyarrow.timestamp("us", "UTC")),
        "score": [0.25] * count,
        "carrier": ["UA"] * count,
    }
    return arrow_stream(columns, {"quiver.model": "flight-delay"}, compression)


def test_arrow_streams_that_lie_are_refused(server):
    good = arrow_body()
    assert post(server, good, ARROW).json()["accepted"] == 100
    lies = [2**40, 2**62, 2**63 - 1, -1, -(2**40), 10**7]
    bodies = {}
    for compression in (None, "zstd", "lz4"):
        body = arrow_body(10, compression)
        # Every aligned word in turn is made a lie: lengths, offsets and counts are among them.
        for number, lie in enumerate(lies):
            for at in range(8, len(body) - 8, 8) if LONG else range(8 + 8 * (number % 3), len(body) - 8, 24):
                bodies[f"{compression} {lie} at {at}"] = body[:at] + struct.pack("<q", lie) + body[at + 8 :]
        bodies |= {f"{compression} cut at {cut}": body[:cut] for cut in range(1, len(body) - 8, 1 if LONG else 37)}
    statuses: dict[str, int | str] = {}
    with requests.Session() as session, Growth(server) as growth:
        for name, body in bodies.items():
            try:
                statuses[name] = post(server, body, ARROW, session=session).status_code
            except requests.exceptions.ConnectionError:
                statuses[name] = "the connection broke"
    wrong = {name: status for name, status in statuses.items() if status not in (200, 400, 413, 422)}
    panics = set(re.findall(r"panicked at [^\n]*/([^/\n]+/[^/\n]+:\d+):", server.log()))
    assert not wrong, f"{len(wrong)} of {len(statuses)}, by {panics}: {dict(list(wrong.items())[:5])}"
    assert sum(status != 200 for status in statuses.values()) > len(statuses) // 20
    assert growth.peak < GROWTH_LIMIT_BYTES, f"{growth.peak / MIB:.0f} MiB"


def compressed_claim(claim: int) -> bytes:
    """A small stream whose compressed buffers claim to hold so many bytes."""
    body = arrow_body(1_000, "zstd")
    at = body.index(zstandard.FRAME_HEADER) - 8
    return body[:at] + struct.pack("<q", claim) + body[at + 8 :]


def test_arrow_bombs_are_refused(server):
    metadata = {"quiver.model": "flight-delay"}
    one = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 100_000, pyarrow.int32()), ["a" * 1000])
    zeros = arrow_stream({"id": one}, metadata, "zstd")
    big = arrow_stream({"id": ["a"], "x": pyarrow.FixedSizeBinaryArray.from_buffers(pyarrow.binary(400 * MIB), 1, [None, pyarrow.py_buffer(bytes(400 * MIB))])}, metadata, "zstd")
    assert len(big) < MIB, "it is a bomb"
    with Growth(server) as growth:
        refused(post(server, big, ARROW), 413)
        refused(post(server, zeros, ARROW, Idempotency_Key="zeros"), 200, 400, 413)
        for claim in (2**40, 2**62, 10**9):
            refused(post(server, compressed_claim(claim), ARROW), 400, 413)
        # Rows without a byte.
        refused(post(server, arrow_stream({"id": pyarrow.nulls(100_000_000)}, metadata), ARROW), 400, 413)
        wide = {f"column-{index}": [1.0] for index in range(20_000)}
        refused(post(server, arrow_stream({"id": ["a"]} | wide, metadata), ARROW), 200, 400, 413)
    assert growth.peak < 2 * GROWTH_LIMIT_BYTES, f"{growth.peak / MIB:.0f} MiB"


def test_sizes_at_their_limits(server):
    event = events(1, seed=time.time_ns(), prefix="size")[0]
    line = json.dumps(event)

    def padded(length: int) -> bytes:
        return line.encode() + b" " * (length - len(line))

    assert post(server, padded(MIB), NDJSON).json()["accepted"] == 1
    refused(post(server, padded(MIB + 1), NDJSON), 400, reason="event_too_long")
    inside = dict(event, id="inside", error="x" * (MIB + 1))
    refused(post(server, json.dumps([inside]).encode(), "application/json"), 400, reason="event_too_long")
    lines = (b"\n" * (20 * MIB - len(line) - 1)) + line.encode() + b"\n"
    assert len(lines) == 20 * MIB and post(server, lines, NDJSON).json()["duplicates"] == 1
    refused(post(server, lines + b"\n", NDJSON), 413)

    def chunks():
        for _ in range(21):
            yield b"\n" * MIB

    # Without a length it is noticed while it comes.
    refused(requests.post(server.url + "/v1/events", data=chunks(), headers={"Content-Type": NDJSON}, timeout=30), 413)
    many = dict(event, id="many", features={f"f{index}": 1 for index in range(2_001)})
    refused(post(server, [many]), 400, reason="too_many_features")
    assert post(server, [dict(event, id="as-many", features={f"f{index}": 1 for index in range(2_000)})]).json()["accepted"] == 1
    refused(post(server, [dict(event, id="long" * 200)]), 400, reason="id_too_long")
    refused(post(server, b"{}\n" * 100_001), 400, 413)


def test_deep_nesting_is_refused_by_every_way(server):
    for depth in (33, 1_000, 100_000):
        for opened, closed in (("[", "]"), ('{"a":', "}")):
            inner = opened * depth + "1" + closed * depth
            event = json.dumps(events(1, seed=depth, prefix="deep")[0]).replace('"UA"', '"XX"')[:-1] + f', "x": {inner}}}'
            refused(post(server, event.encode(), NDJSON), 400, reason="too_deep")
            refused(post(server, event.encode(), "application/json"), 400)
            refused(post(server, f"[{event}]".encode(), "application/json"), 400)
            refused(post(server, inner.encode(), "application/json"), 400)
            refused(post(server, inner.encode(), "application/cloudevents+json", "/v1/cloudevents"), 400)
            # Below a depth of its own, OTLP ignores what it does not know.
            assert post(server.otlp_http, inner.encode(), "application/json", "/v1/traces").status_code in ((200, 400) if depth == 33 else (400,))
    # Protobuf: a list in a list in a list.
    value = b""
    for _ in range(5_000):
        array = b"\x0a" + varint(len(value)) + value
        value = b"\x2a" + varint(len(array)) + array
    attribute = field(1, b"quiver.model") + field(2, value)
    span = field(9, attribute)
    body = field(1, field(2, field(2, span)))
    assert post(server.otlp_http, body, "application/x-protobuf", "/v1/traces").status_code == 400
    yaml = "model: flight-delay\nx: " + "[" * 10_000
    refused(requests.put(server.url + "/v1/models/flight-delay/spec", data=yaml.encode(), timeout=30), 400)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def test_bodies_that_are_not_what_they_say(server):
    event = ndjson(events(1, seed=3, prefix="odd"))
    for body in (b"\0", b"\0" * 1000, event.replace(b"UA", b"\xff\xfe"), b"\xff\xfe{\0}\0", b"{", b"]", b"null", b"1e999", b"\xef\xbb\xbf", b'{"a":1}{"a":2}', b"NaN"):
        for content_type in (NDJSON, "application/json", ARROW):
            answer = post(server, body, content_type)
            assert answer.status_code in (200, 400), (body[:20], content_type, answer.status_code)
            assert answer.status_code == 400 or answer.json()["accepted"] + answer.json()["duplicates"] <= 1
        assert post(server.otlp_http, body, "application/json", "/v1/logs").status_code in (200, 400)
        assert post(server.otlp_http, body, "application/x-protobuf", "/v1/logs").status_code in (200, 400)
    # A NUL inside a text is a character like others, or refused; never the end of the text.
    nul = dict(events(1, seed=4, prefix="nul")[0], error="before\0after")
    assert post(server, [nul]).status_code in (200, 400)
    assert post(server, b"", NDJSON).json()["accepted"] == 0
    for content_type in ("application/json", ARROW):
        refused(post(server, b"", content_type), 400)
    for content_type in ("text/plain", "application/xml", "", "application/json-seq", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "*/*"):
        refused(post(server, event, content_type), 415)
    for encoding in ("br", "deflate", "compress", "zstd, gzip", "aes128gcm"):
        refused(post(server, event, NDJSON, Content_Encoding=encoding), 415)
    for encoding in ("gzip", "zstd"):
        refused(post(server, event, NDJSON, Content_Encoding=encoding), 400)
    whole = gzip.compress(ndjson(events(50, seed=5, prefix="cut")))
    refused(post(server, whole[:-9], NDJSON, Content_Encoding="gzip"), 400)
    refused(post(server, whole[:-2] + b"xx", NDJSON, Content_Encoding="gzip"), 400)
    assert post(server, b"", NDJSON, path="/v1/events?model=" + "x" * 70_000).status_code in (400, 414, 431)


def test_an_event_ahead_of_the_clock_is_refused(server):
    now = datetime.now(timezone.utc)
    ahead = events(1, seed=6, prefix="ahead", at=now + timedelta(hours=1))
    refused(post(server, ahead), 400, reason="in_the_future")
    assert post(server, events(1, seed=7, prefix="ahead", at=now + timedelta(minutes=9))).json()["accepted"] == 1
    answer = post(server, ahead + events(1, seed=8, prefix="ahead")).json()
    assert (answer["accepted"], answer["rejected"], answer["errors"][0]["position"]) == (1, 1, 1)
    columns = {"id": ["x1", "x2"], "at": pyarrow.array([now, now + timedelta(hours=1)], pyarrow.timestamp("us", "UTC")), "score": [0.5, 0.5]}
    answer = post(server, arrow_stream(columns, {"quiver.model": "flight-delay"}), ARROW).json()
    assert (answer["accepted"], answer["rejected"], answer["errors"][0]["reason"]) == (1, 1, "in_the_future")
    assert post(server, [dict(ahead[0], id="far", at=instant(datetime(9999, 12, 31, tzinfo=timezone.utc)))]).status_code == 400


def flood(server, make, requests_: int, of: int) -> None:
    """Sends many events, a request after another on each of four connections."""

    def send(first):
        with requests.Session() as session:
            for number in range(first, requests_, 4):
                body = b"".join(json.dumps(make(number * of + index)).encode() + b"\n" for index in range(of))
                answer = post(server, body, NDJSON, session=session, timeout=60)
                while answer.status_code in (429, 503):
                    refused(answer, 429, 503)
                    time.sleep(int(answer.headers["Retry-After"]))
                    answer = post(server, body, NDJSON, session=session, timeout=60)
                assert answer.status_code == 200, answer.text[:300]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))


def test_names_and_values_that_never_repeat_cost_no_memory(tmp_path):
    at = instant(datetime.now(timezone.utc))
    total = 1_000_000 if LONG else 20_000

    def slices(number):
        return {"kind": "prediction", "model": "flight-delay", "id": f"s{number}", "at": at, "features": {"origin": f"o-{number:x}", "carrier": f"c-{number:x}"}, "slices": {"origin": f"o-{number:x}"}, "output": {"score": 0.5}}

    def names(number):
        made = {f"made-up-{number * 50 + index:x}": 1 for index in range(50)}
        return {"kind": "prediction", "model": "flight-delay", "id": f"n{number}", "at": at, "features": made, "output": {"score": 0.5}}

    with Server(tmp_path, otlp=False) as server:
        post(server, events(2_000, seed=1))
        server.flow_run()
        for name, make, count in (("slice values", slices, total), ("feature names", names, total // 50)):
            # The first tenth fills what is bounded; from there on memory is flat.
            flood(server, make, 10, max(1, count // 100))
            server.flow_run()
            with Growth(server) as growth:
                flood(server, lambda number: make(count // 10 + number), 20, max(1, count * 9 // 200))
                server.flow_run()
            ids = memory_of_ids(count)
            assert growth.kept < GROWTH_LIMIT_BYTES + ids, f"{name}: {growth.kept / MIB:.0f} MiB kept"
            assert growth.peak < 4 * GROWTH_LIMIT_BYTES + ids, f"{name}: {growth.peak / MIB:.0f} MiB at the peak"
        assert server.get("/v1/models/flight-delay/evaluation?by=day", timeout=60).status_code == 200
        assert server.get("/metrics").text.count("\n") < 2_000
        with sqlite3.connect(f"file:{server.data_folder}/catalogue.sqlite?mode=ro", uri=True) as database:
            (tallies,) = database.execute("SELECT count(*) FROM door_tallies").fetchone()
        assert tallies < 25_000, f"{tallies} counters in the catalogue"
        server.stop()


def memory_of_ids(count: int) -> int:
    """Ids are remembered on purpose, within their own bound."""
    return min(count * 64, 256 * MIB)


def connect(server: Server, timeout: float = 15) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=timeout)


def until_closed(connection: socket.socket, send: bytes, every: float, within: float) -> tuple[float, bytes]:
    """Sends a byte now and then; returns after how long the other side closed, and what it said."""
    began, said, at = time.monotonic(), b"", 0
    connection.settimeout(every)
    while time.monotonic() - began < within:
        try:
            connection.sendall(send[at % len(send) : at % len(send) + 1])
            at += 1
            part = connection.recv(4096)
            if not part:
                return time.monotonic() - began, said
            said += part
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began, said
    return within, said


def test_slow_hands_are_cut_off_while_others_are_served(server):
    head = b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    served, stop = [], threading.Event()

    def others():
        while not stop.is_set():
            began = time.monotonic()
            answer = post(server, events(1, seed=time.time_ns(), prefix="other"))
            served.append((answer.status_code, time.monotonic() - began))

    def trickle_head(_):
        with connect(server) as connection:
            connection.sendall(head)
            return until_closed(connection, b"X-A: b\r\n", 0.2, 8)

    def trickle_body(_):
        with connect(server) as connection:
            connection.sendall(head + b"Content-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n")
            return until_closed(connection, b"{", 0.2, 10)

    def trickle_chunks(_):
        with connect(server) as connection:
            connection.sendall(head + b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
            return until_closed(connection, b"1\r\n{\r\n", 0.2, 10)

    normal = threading.Thread(target=others)
    normal.start()
    with ThreadPoolExecutor(60) as pool:
        heads, bodies, chunks = (list(pool.map(how, range(20))) for how in (trickle_head, trickle_body, trickle_chunks))
    stop.set()
    normal.join()
    assert all(seconds < 5 for seconds, _ in heads), heads[:3]
    for slow in (bodies, chunks):
        assert all(b"408" in said.split(b"\r\n")[0] and b"slow-body" in said for _, said in slow), slow[:3]
        assert all(seconds < 8 for seconds, _ in slow), [seconds for seconds, _ in slow]
    assert len(served) > 20 and {status for status, _ in served} == {200}
    assert max(seconds for _, seconds in served) < 2


def test_who_announces_a_body_and_sends_none_takes_nobodys_place(server):
    head = b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: 200000\r\n\r\n"
    waiting = [connect(server) for _ in range(4)]
    try:
        for connection in waiting:
            connection.sendall(head + b"{")
        # A place is kept for a moment only, though they are served for seconds more.
        time.sleep(0.3)
        answers = [post(server, events(100, seed=seed, prefix="beside")) for seed in range(10)]
        assert [answer.status_code for answer in answers] == [200] * 10
    finally:
        for connection in waiting:
            connection.close()


def test_heads_that_are_too_large(server):
    for header in (b"X-A: " + b"a" * (70 << 10), b"\r\n".join(b"X-%d: a" % index for index in range(20_000))):
        with connect(server) as connection:
            try:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + b"\r\n\r\n")
                said = connection.recv(4096)
            except OSError:
                said = b""
            assert not said or said.split()[1] in (b"431", b"400"), said[:200]
    for odd in (b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 1000, b"GET http://[ HTTP/1.1\r\n\r\n", b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n"):
        with connect(server, timeout=4) as connection:
            try:
                connection.sendall(odd)
                said = connection.recv(4096)
            except OSError:
                said = b""
            assert not said.startswith(b"HTTP/1.1 200"), (odd, said)


def test_idle_connections_give_their_places_back(server):
    connections = []
    began = time.monotonic()
    try:
        for _ in range(1_100):
            connections.append(connect(server))
        answer = post(server, events(1, seed=1, prefix="idle"), timeout=20)
        assert answer.status_code == 200
        assert time.monotonic() - began < 15
    finally:
        for connection in connections:
            connection.close()


def test_the_flow_gives_way_to_requests(server):
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    niceness = {}
    for thread in Path(f"/proc/{server.pid}/task").iterdir():
        try:
            name = (thread / "comm").read_text().strip()
            niceness.setdefault(name, set()).add(os.getpriority(os.PRIO_PROCESS, int(thread.name)))
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
    assert niceness["quiver-flow"] == {max(5, usual)}
    assert niceness["tokio-rt-worker"] == niceness["quiver-writer"] == {usual}, niceness


def test_many_at_once_are_answered_or_told_when_to_come_again(tmp_path):
    with Server(tmp_path, otlp=False, config={"http": {"body_limit": "1MiB", "decoded_limit": "1MiB"}, "ingest": {"queue": "1MiB"}}) as server:
        body = ndjson(events(500, seed=9))
        bodies = [body.replace(b"event-9-", b"event-%d-" % number) for number in range(200)]
        # Each on a connection of its own: one that was refused early is closed.
        with ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda one: post(server, one, timeout=60), bodies))
        statuses = {answer.status_code for answer in answers}
        assert 200 in statuses and statuses <= {200, 429, 503}, statuses
        assert statuses & {429, 503}, "the queue was never full: this test tests nothing"
        for answer in answers:
            if answer.status_code != 200:
                refused(answer, 429, 503)
        accepted = sum(answer.json()["accepted"] for answer in answers if answer.status_code == 200)
        # What was refused is not kept in secret: sent again, it is new.
        again = [post(server, body).json() for body, answer in zip(bodies, answers) if answer.status_code != 200]
        assert accepted + sum(answer["accepted"] for answer in again) == 200 * 500
        assert server.alive() and "panicked" not in server.log()


# ---- Refusals that come before the body.


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Reads one answer of a connection that stays open: status, headers, body."""
    said = b""
    while b"\r\n\r\n" not in said:
        part = connection.recv(65536)
        assert part, f"closed after {said!r}"
        said += part
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        part = connection.recv(65536)
        assert part, f"closed after {said!r}"
        body += part
    return int(first.split()[1]), headers, body


def head_of(length: int, *headers: str, path: str = "/v1/events", host: str = "127.0.0.1") -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


NDJSON_HEADER = f"Content-Type: {NDJSON}"


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server that asks for keys."""
    with Server(tmp_path_factory.mktemp("strict"), config={"auth": {"keys": "required"}}) as server:
        yield server


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (401, lambda length: head_of(length, NDJSON_HEADER)),
        (421, lambda length: head_of(length, NDJSON_HEADER, host="elsewhere.example")),
    ],
)
def test_a_refusal_before_a_short_body_leaves_the_connection_usable(strict, status, head):
    body = b"x" * 100_000
    with connect(strict) as connection:
        for _ in range(5):
            # The answer is known before the body is there.
            connection.sendall(head(len(body)))
            connection.sendall(body[:50_000])
            time.sleep(0.05)
            connection.sendall(body[50_000:])
            found, headers, _ = answer_of(connection)
            assert found == status and "connection" not in headers, headers
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer_of(connection)[0] == 200


@pytest.mark.parametrize("send", ["all", "none"])
@pytest.mark.parametrize("length", [21 * MIB, 30 * MIB])
def test_a_refusal_before_a_long_body_ends_the_connection_with_its_answer(server, send, length):
    with connect(server) as connection:
        connection.sendall(head_of(length, NDJSON_HEADER))
        began = time.monotonic()
        if send == "all":
            # A client that reads only when it has sent everything gets its answer all the same.
            for _ in range(length // MIB):
                connection.sendall(b"\n" * MIB)
        status, headers, body = answer_of(connection)
        assert status == 413 and headers["connection"] == "close" and b"too-large" in body
        assert connection.recv(1) == b"", "the connection goes on"
        assert time.monotonic() - began < 5


def test_who_waits_to_be_asked_for_the_body_is_refused_without_being_asked(server):
    with connect(server) as connection:
        connection.sendall(head_of(21 * MIB, NDJSON_HEADER, "Expect: 100-continue"))
        status, headers, _ = answer_of(connection)
        assert status == 413 and headers["connection"] == "close"
    with connect(server) as connection:
        body = ndjson(events(1, seed=time.time_ns(), prefix="asked"))
        connection.sendall(head_of(len(body), NDJSON_HEADER, "Expect: 100-continue"))
        assert answer_of(connection)[0] == 100
        connection.sendall(body)
        assert answer_of(connection)[0] == 200


def test_a_session_survives_refusals(server, strict):
    with requests.Session() as session:
        for number in range(20):
            assert post(strict, b"x" * (number * 9_000 + 1), NDJSON, session=session).status_code == 401
            assert post(server, b"x" * (number * 9_000 + 1), "text/plain", session=session).status_code == 415
        pools = session.adapters["http://"].poolmanager.pools
        made = [pools.get(key).num_connections for key in pools.keys()]
        assert made == [1, 1], made


# ---- Connections that ask for nothing.


@pytest.mark.parametrize(
    "said",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PRI * HTTP/2.0\r\n",
        # With its settings, and the acknowledgement of the server's.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + b"\0\0\0\x04\x01\0\0\0\0",
        b"GET",
    ],
    ids=["preface", "half a preface", "settings", "half a word"],
)
def test_a_connection_that_asks_for_nothing_is_closed_in_time(server, said):
    addresses = [urlsplit(server.url).netloc, urlsplit(server.otlp_http).netloc, server.otlp_grpc.removeprefix("http://")]
    for address in addresses[:1] if said == b"GET" else addresses:
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(said)
            began = time.monotonic()
            try:
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
            # `http.header_timeout` is two seconds here.
            assert 1 < time.monotonic() - began < 5, address


# ---- How often.


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path):
    with Server(tmp_path, otlp=False, config={"ingest": {"rate_limit": "20 per second"}}) as server, requests.Session() as session:
        answers = [post(server, events(1, seed=number, prefix="often"), session=session) for number in range(60)]
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429} and statuses[:20] == [200] * 20, statuses
        for answer in answers:
            refused(answer, 200, 429)
        limited = next(answer for answer in answers if answer.status_code == 429)
        assert limited.json()["type"] == "/problems/rate-limit" and "ingest.rate_limit" in limited.json()["detail"]
        assert limited.headers["Retry-After"] == "1" and limited.headers["Content-Type"] == "application/problem+json"
        pools = session.adapters["http://"].poolmanager.pools
        assert [pools.get(key).num_connections for key in pools.keys()] == [1]
        # Reading counts as well; health does not.
        while server.get("/v1/status").status_code == 200:
            pass
        assert all(server.get("/healthz").ok for _ in range(50))
        # Who does what it is told gets through, and what was refused is not kept.
        time.sleep(int(limited.headers["Retry-After"]))
        again = next(number for number, status in enumerate(statuses) if status == 429)
        answer = post(server, events(1, seed=again, prefix="often"), session=session)
        assert answer.status_code == 200 and answer.json()["accepted"] == 1
        time.sleep(1)
        assert server.metric("quiver_requests_refused", reason="rate-limit") >= statuses.count(429)


def make_key(server: Server, name: str) -> str:
    command = [binary(), "key", "create", "--name", name, "--scope", "ingest", "--data-folder", str(server.data_folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_each_key_has_a_rate_of_its_own(tmp_path):
    config = {"ingest": {"rate_limit": "10 per second"}, "auth": {"keys": "required"}}
    with Server(tmp_path, otlp=False, config=config) as server:
        keys = [make_key(server, name) for name in ("one", "two")]
        while post(server, events(1, prefix="one"), Authorization=f"Bearer {keys[0]}").status_code == 200:
            pass
        assert post(server, events(1, prefix="two"), Authorization=f"Bearer {keys[1]}").status_code == 200
        # Who brings no key takes nobody's.
        assert all(post(server, events(1, prefix="none")).status_code == 401 for _ in range(30))
        assert post(server, events(1, prefix="two"), Authorization=f"Bearer {keys[1]}").status_code == 200
