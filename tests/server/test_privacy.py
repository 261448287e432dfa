"""Nothing leaks: what is personal goes through every way in and is found in no store, no log, no metric and no answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import grpc
import pyarrow
import pyarrow.parquet
import pytest
import requests
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

import ways_in
from harness import Server, binary, events, instant, metric, post, rows
from leaks import KINDS, Canaries, search, search_folder, told

ARROW = "application/vnd.apache.arrow.stream"

LONG = os.environ.get("QUIVER_LONG") == "1"


def kinds_of(turn: int) -> tuple[str, ...]:
    """All kinds of canaries in the long version; in the short one two a way, and by NDJSON all of them."""
    return KINDS if LONG else KINDS[turn % 3 :: 3]



class Answers:
    """Every answer's head and body, to be searched."""

    def __init__(self):
        self.texts: list[tuple[str, bytes]] = []
        self.statuses: dict[str, list[int]] = {}

    def keep(self, way: str, answer: requests.Response) -> requests.Response:
        # The request's id is its sender's own, and goes back to nobody else; that no log has it is searched for.
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items() if name.lower() != "x-request-id")
        self.texts.append((way, head.encode() + b"\n\n" + answer.content))
        self.statuses.setdefault(way, []).append(answer.status_code)
        assert answer.status_code < 500, f"{way}: {answer.status_code} {answer.text[:500]}"
        return answer


def quiver(*args, **options) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), *map(str, args)], capture_output=True, text=True, timeout=120, **options)


def send_lines(server, canaries, answers):
    for kind in KINDS:
        answers.keep("NDJSON", post(server, ways_in.lines(ways_in.planted(canaries, kind, "NDJSON"))))
        broken = [
            f'{{"kind": "prediction", "model": "{canaries.new(kind, "cut line")}',
            canaries.new(kind, "line that is no JSON"),
            json.dumps([canaries.new(kind, "line that is a list")]),
            json.dumps(canaries.new(kind, "line that is a text")),
            '{"kind":"prediction","model":"private","id":"a","id":"' + canaries.new(kind, "repeated key") + '"}',
            '{"kind":"prediction","model":"private","at":"2026-01-01T00:00:00Z","id":"\\ud800' + canaries.new(kind, "half a surrogate") + '"}',
        ]
        invalid = b'{"kind":"prediction","id":"\xff' + canaries.new(kind, "line that is no UTF-8").encode() + b'"}\n'
        answers.keep("NDJSON, malformed", post(server, "\n".join(broken).encode() + b"\n" + invalid))
        for broken_line in broken:
            answers.keep("JSON, malformed", post(server, broken_line.encode(), "application/json"))


def send_json(server, canaries, answers):
    for kind in KINDS:
        body = json.dumps(ways_in.planted(canaries, kind, "JSON array")).encode()
        answers.keep("JSON", post(server, body, "application/json"))
        one = ways_in.prediction(f"single-{kind}")
        # Escaped and encoded, it is the same value.
        value = canaries.new(kind, "error, escaped in JSON")
        text = json.dumps(one | {"error": "@@"}).replace("@@", "".join(f"\\u{ord(letter):04x}" for letter in value))
        answers.keep("JSON", post(server, text.encode(), "application/json"))


def send_heads(server, canaries, answers):
    """What stands around the events: queries, headers, paths."""
    for kind in kinds_of(0):
        value = canaries.new(kind, "headers")
        event = ways_in.prediction(f"heads-{kind}")
        del event["id"]
        headers = {"Idempotency-Key": value, "X-Request-Id": value, "User-Agent": value, "Referer": value, "X-Forwarded-For": value}
        headers |= {"Cookie": f"session={value}", "Authorization": f"Bearer {value}", "Traceparent": value, "X-Other": value}
        answers.keep("headers", requests.post(server.url + "/v1/events", json=event, headers=headers, timeout=30))
        for name in ("Content-Type", "Content-Encoding", "Host", "Expect"):
            if name == "Expect":
                continue
            answers.keep(f"header {name}", requests.post(server.url + "/v1/events", data=b"{}", headers={"Content-Type": "application/json", name: value}, timeout=30))
        for name in ("model", "kind", "ack", "other"):
            answers.keep("query", requests.post(server.url + "/v1/events", params={name: value}, data=b"{}", headers={"Content-Type": ARROW}, timeout=30))
        for path in ("/v1/models/{}", "/v1/models/{}/spec", "/v1/models/{}/evaluation", "/{}", "/v1/{}"):
            answers.keep("path", server.get(path.format(requests.utils.quote(value, safe=""))))
        answers.keep("query", server.get("/v1/models/private/evaluation", params={"by": value}))
        answers.keep("query", server.get("/v1/models/private/evaluation", params={value: value}))
        answers.keep("query", server.get("/metrics", params={"name": value}))
        bad_spec = f"model: private\ntask: {value}\nfeatures: {{x: {{type: number}}}}\n"
        answers.keep("path of a spec", requests.put(server.url + f"/v1/models/{requests.utils.quote(value, safe='')}/spec", data=b"model: [", timeout=30))
        # A spec's own mistakes are told back to its author, and to nobody else.
        assert requests.put(server.url + "/v1/models/private/spec", data=bad_spec.encode(), timeout=30).status_code == 400


def send_arrow(server, canaries, answers):
    now = datetime.now(timezone.utc)
    texts = ["id", "version", "request_type", "decision_id", "trace_id", "error", "arm", "arm_assigned", "arm_config", "rule",
             "action", "model_action", "decided_by", "subject", "undeclared", *ways_in.FEATURE_NAMES]
    for kind in kinds_of(1):
        for dictionary in (False, True):
            for compression in (None, "zstd") if LONG else ("zstd",) if dictionary else (None,):
                way = f"Arrow{' dictionary' if dictionary else ''} {compression}"
                for name in texts:
                    if kind == "card" and name.startswith("number"):
                        continue  # It is a number there: see the test of its own.
                    base = {"id": f"{way}-{kind}-{name}", "subject": canaries.new("subject", way)}
                    base |= {"category": "blue", "error": "none", name: canaries.new(kind, f"{name} by {way}")}
                    columns = {key: pyarrow.array([value, value]) for key, value in base.items()}
                    columns["id"] = pyarrow.array([base["id"], base["id"] + "-2"])
                    if dictionary:
                        columns = {key: value.dictionary_encode() for key, value in columns.items()}
                    columns["at"] = pyarrow.array([now, now], pyarrow.timestamp("us", "UTC"))
                    columns["score"] = pyarrow.array([0.25, 0.5])
                    if not isinstance(base.get("number"), str):
                        columns["number"] = pyarrow.array([1.0, 2.0])
                    body = ways_in.arrow_stream(columns, {"quiver.model": "private"}, compression)
                    answers.keep("Arrow", post(server, body, ARROW))
        columns = {"id": [f"arrow-{kind}"], "at": pyarrow.array([now], pyarrow.timestamp("us", "UTC")), "score": [0.5]}
        value = canaries.new(kind, "column name by Arrow")
        answers.keep("Arrow", post(server, ways_in.arrow_stream(columns | {value: ["x"]}, {"quiver.model": "private"}), ARROW))
        nested = {"deep": pyarrow.array([{"deeper": [canaries.new(kind, "nested by Arrow")]}]), "category": pyarrow.array([[canaries.new(kind, "list by Arrow")]])}
        answers.keep("Arrow", post(server, ways_in.arrow_stream(columns | nested, {"quiver.model": "private"}), ARROW))
        large = {"category": pyarrow.array([canaries.new(kind, "large text by Arrow")], pyarrow.large_string()), "error": pyarrow.array([canaries.new(kind, "text view by Arrow")], pyarrow.string_view())}
        answers.keep("Arrow", post(server, ways_in.arrow_stream(columns | large, {"quiver.model": "private"}), ARROW))
        binary_ = {"category": pyarrow.array([canaries.new(kind, "binary by Arrow").encode()])}
        answers.keep("Arrow", post(server, ways_in.arrow_stream(columns | binary_, {"quiver.model": "private"}), ARROW))
        for metadata in ({"quiver.model": canaries.new(kind, "model by Arrow")}, {"quiver.model": "private", "quiver.kind": canaries.new(kind, "kind by Arrow")}, {"quiver.model": "private", "other": canaries.new(kind, "metadata by Arrow")}):
            answers.keep("Arrow", post(server, ways_in.arrow_stream(columns, metadata), ARROW))
        for other, names in (("feedback", ["prediction_id", "decision_id", "item", "entity", "name", "class"]), ("heartbeat", ["source"]), ("change", ["what", "reference", "ref"])):
            for name in names:
                base = {"id": f"arrow-{kind}-{other}-{name}", "prediction_id": "none", "source": "warehouse", "what": "deploy", "name": "late"}
                base[name] = canaries.new(kind, f"{other} {name} by Arrow")
                columns_ = {key: pyarrow.array([text]) for key, text in base.items()}
                columns_ |= {"at": pyarrow.array([now], pyarrow.timestamp("us", "UTC")), "value": [1.0]}
                answers.keep("Arrow", post(server, ways_in.arrow_stream(columns_, {"quiver.model": "private", "quiver.kind": other}), ARROW))


def otlp_extra(canaries, kind, way):
    """Puts canaries everywhere else in a span."""

    def extra(span):
        def value(place):
            return canaries.new(kind, f"{place} by {way}")

        span["name"] = value("span name")
        span["traceState"] = f"v={value('trace state')}"
        span["status"] = {"code": 2, "message": value("status message")}
        span["events"] = [
            {"name": "exception", "timeUnixNano": span["endTimeUnixNano"], "attributes": ways_in.attributes({"exception.message": value("exception"), "exception.type": value("exception type"), "exception.stacktrace": value("stack trace")})},
            {"name": "feature_flag.evaluation", "timeUnixNano": span["endTimeUnixNano"], "attributes": ways_in.attributes({"feature_flag.key": value("flag key"), "feature_flag.result.variant": value("flag variant")})},
        ]
        more = {"gen_ai.request.model": value("model by gen_ai"), "gen_ai.operation.name": value("operation by gen_ai"), "gen_ai.input.messages": value("prompt"), "enduser.id": value("user"), "url.full": "https://shop.example/?mail=" + value("URL"), "error.type": value("error type"), value("attribute key"): "x"}
        span["attributes"] += ways_in.attributes(more)

    return extra


def send_otlp(server, canaries, answers):
    channel = grpc.insecure_channel(server.otlp_grpc)
    traces_stub, logs_stub = TraceServiceStub(channel), LogsServiceStub(channel)
    number = 0
    for kind in kinds_of(2):
        for way in ("OTLP JSON", "OTLP protobuf", "OTLP gRPC"):
            for request, path in (
                (ways_in.spans(ways_in.planted(canaries, kind, way + " traces"), otlp_extra(canaries, kind, way), number := number + 1), "/v1/traces"),
                (ways_in.logs(ways_in.planted(canaries, kind, way + " logs")), "/v1/logs"),
            ):
                if path == "/v1/traces":
                    resource = {"service.name": canaries.new(kind, "resource"), "quiver.version": canaries.new(kind, "version by resource"), "host.name": canaries.new(kind, "host")}
                    request["resourceSpans"][0]["resource"]["attributes"] = ways_in.attributes(resource)
                    request["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"] = canaries.new(kind, "scope")
                message = ways_in.message_of(request)
                if way == "OTLP JSON":
                    answers.keep(way, requests.post(server.otlp_http + path, json=request, timeout=30))
                elif way == "OTLP protobuf":
                    answers.keep(way, requests.post(server.otlp_http + path, data=message.SerializeToString(), headers={"Content-Type": "application/x-protobuf"}, timeout=30))
                else:
                    stub = traces_stub if path == "/v1/traces" else logs_stub
                    answers.texts.append((way, stub.Export(message, timeout=30, metadata=(("x-user", make_ascii(canaries.new(kind, "gRPC metadata"))),)).SerializeToString()))
        value = canaries.new(kind, "malformed OTLP")
        for content_type in ("application/json", "application/x-protobuf", value):
            answers.keep("OTLP, malformed", requests.post(server.otlp_http + "/v1/traces", data=value.encode(), headers={"Content-Type": content_type}, timeout=30))
    channel.close()


def make_ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode()


def send_cloudevents(server, canaries, answers):
    def structured(event, batch=False):
        content_type = "application/cloudevents-batch+json" if batch else "application/cloudevents+json"
        return answers.keep("CloudEvents", post(server, json.dumps(event).encode(), content_type, "/v1/cloudevents"))

    def binary_mode(event):
        data = event.pop("data")
        event.pop("datacontenttype", None)
        headers = {"Content-Type": "application/json"} | {f"ce-{name}": requests.utils.quote(str(value), safe=" @+-:/._") for name, value in event.items()}
        return answers.keep("CloudEvents", requests.post(server.url + "/v1/cloudevents", data=json.dumps(data).encode(), headers=headers, timeout=30))

    for kind in kinds_of(0):
        events = ways_in.planted(canaries, kind, "CloudEvents batch")
        structured([ways_in.cloudevent(event) for event in events], batch=True)
        for index, event in enumerate(ways_in.planted(canaries, kind, "CloudEvents binary")[::3]):
            binary_mode(ways_in.cloudevent(event, id=f"ce-{kind}-{index}"))
        for index, name in enumerate(("id", "source", "subject", "type", "time", "dataschema", "datacontenttype", "specversion", "extension", "traceparent", "inferenceservicename")):
            for mode in (structured, binary_mode):
                event = ways_in.cloudevent(ways_in.prediction(f"ce-{kind}-{name}-{mode.__name__}"))
                if name == "id":
                    del event["data"]["id"]
                event[name] = canaries.new(kind, f"attribute {name} of a CloudEvent")
                mode(event)
                asked = ways_in.server_event("request", f"ks-{kind}-{name}-{mode.__name__}", {"instances": [{"number": 5}]})
                asked[name] = canaries.new(kind, f"attribute {name} of KServe")
                mode(dict(asked))
        for mode in (structured, binary_mode):
            def put(place, what=kind):
                return canaries.new(what, f"{place} by KServe")

            name = f"ks-{kind}-{mode.__name__}"
            row = {feature: put(f"feature {feature}") for feature in ways_in.FEATURE_NAMES} | {put("feature name"): put("undeclared"), "undeclared": put("undeclared")}
            pairs = [
                ({"instances": [row]}, {"predictions": [0.25], "model_version": put("model_version")}),
                ({"instances": [list(row.values())[:15]]}, {"predictions": [put("prediction")]}),
                ({"instances": [row], "parameters": {"user": put("parameter")}}, {"error": put("error")}),
                ({"instances": [row]}, {"predictions": [{"class": put("class"), put("key"): 1}]}),
                (
                    {"id": put("V2 id"), "inputs": [{"name": "category", "datatype": "BYTES", "shape": [1], "data": [put("V2 category")]}, {"name": put("V2 name"), "datatype": "BYTES", "shape": [1], "data": [put("V2 data")]}]},
                    {"model_name": put("V2 model"), "model_version": put("V2 version"), "outputs": [{"name": "score", "datatype": "FP32", "shape": [1], "data": [0.5]}]},
                ),
                ({"inputs": [{"name": "category", "datatype": "BYTES", "shape": [1], "data": [put("V2 category")]}]}, {"outputs": [{"name": "class", "datatype": "BYTES", "shape": [1], "data": [put("V2 class")]}]}),
                ({"data": {"names": ["category", put("Seldon name")], "ndarray": [[put("Seldon value"), put("Seldon value")]]}}, {"data": {"names": [put("Seldon class")], "ndarray": [[0.5]]}, "meta": {"requestPath": put("Seldon meta")}}),
                (put("payload"), {"predictions": [0.5]}),
            ]
            for index, (asked, answered) in enumerate(pairs):
                mode(ways_in.server_event("request", f"{name}-{index}", asked))
                mode(ways_in.server_event("response", f"{name}-{index}", answered))
            # The id of a whole inference is personal, and one half never comes: it is written when the server stops.
            value = put("id of both halves")
            mode(ways_in.server_event("request", value, {"instances": [{"number": 5}]}))
            mode(ways_in.server_event("response", value, {"predictions": [0.5]}))
            mode(ways_in.server_event("request", put("id of one half"), {"instances": [row]}))
        for content_type in ("application/cloudevents+json", "application/cloudevents-batch+json", "application/json"):
            answers.keep("CloudEvents, malformed", post(server, canaries.new(kind, "malformed CloudEvent").encode(), content_type, "/v1/cloudevents"))


def send_by_tail(server, canaries, folder, said):
    path = folder / "growing.ndjson"
    with path.open("wb") as file:
        for kind in KINDS:
            file.write(ways_in.lines(ways_in.planted(canaries, kind, "tail")))
            file.write(canaries.new(kind, "tail, line that is no JSON").encode() + b"\n")
    ended = quiver("tail", path, "--url", server.url, "--once")
    said.append(("tail's output", ended.stdout + ended.stderr))
    said.append(("tail's position", Path(f"{path}.quiver-position").read_text()))
    assert " new, " in ended.stdout, ended


def replay(canaries, folder, said):
    """The way in without a server; its own folder."""
    spec = folder / "private.yaml"
    spec.write_text(ways_in.SPECS["private"])
    path = folder / "log.ndjson"
    with path.open("wb") as file:
        for kind in KINDS:
            file.write(ways_in.lines(ways_in.planted(canaries, kind, "replay")))
            file.write(canaries.new(kind, "replay, line that is no JSON").encode() + b"\n")
    ended = quiver("replay", path, "--spec", spec, "--data-folder", folder / "replayed")
    said.append(("replay's output", ended.stdout + ended.stderr))
    assert ended.returncode == 0, ended
    report = quiver("report", "private", "--data-folder", folder / "replayed")
    said.append(("report's output", report.stdout + report.stderr))


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> SimpleNamespace:
    """One server through which everything was sent, then stopped."""
    swept = SimpleNamespace()
    folder = swept.folder = tmp_path_factory.mktemp("privacy")
    canaries, answers, said = Canaries(), Answers(), []
    specs = folder / "specs"
    specs.mkdir()
    for name, text in ways_in.SPECS.items():
        (specs / f"{name}.yaml").write_text(text)
    config = {"log": {"level": "trace"}}
    with Server(folder, "--spec", str(specs), spec=None, config=config) as server:
        send_lines(server, canaries, answers)
        send_json(server, canaries, answers)
        send_heads(server, canaries, answers)
        send_arrow(server, canaries, answers)
        send_otlp(server, canaries, answers)
        send_cloudevents(server, canaries, answers)
        send_by_tail(server, canaries, folder, said)
        # An e-mail as id, and feedback on it later, in another request.
        swept.joined = canaries.new("email", "id that a feedback names")
        post(server, [ways_in.prediction("x") | {"id": swept.joined, "subject": canaries.new("subject", "joined")}])
        answers.keep("NDJSON", post(server, [ways_in.feedback("fb-joined") | {"prediction_id": swept.joined}]))
        swept.subject = canaries.new("subject", "known subject")
        answers.keep("NDJSON", post(server, [ways_in.prediction("known-subject") | {"subject": swept.subject}]))
        server.flow_run()
        for path in ("/v1/status", "/v1/models", "/metrics", "/openapi.json", "/docs", "/readyz", *(f"/v1/models/{model}{rest}" for model in ways_in.SPECS for rest in ("", "/spec", "/evaluation?by=day", "/evaluation?by=1h"))):
            answers.keep(f"GET {path}", server.get(path))
        swept.metrics = server.get("/metrics").text
        swept.status = server.get("/v1/status").json()
        said.append(("environment of metrics", swept.metrics))
        assert server.stop() == 0
        said.append(("server's log", server.log()))
    replay(canaries, folder, said)
    swept.canaries, swept.answers, swept.said, swept.data = canaries, answers, said, server.data_folder
    return swept


def test_every_way_in_took_events(swept):
    """Guards the sweep itself: what no server took in could not leak."""
    statuses = swept.answers.statuses
    for way in ("NDJSON", "JSON", "Arrow", "OTLP JSON", "OTLP protobuf", "CloudEvents", "headers"):
        assert 200 in statuses[way], (way, statuses[way])
    assert 202 in statuses["CloudEvents"]
    for way in ("NDJSON, malformed", "JSON, malformed", "OTLP, malformed"):
        assert set(statuses[way]) & {400, 415}, statuses[way]
    kept = {row for row in rows(swept.folder, "predictions", ["id"], model="private")["id"].to_pylist()}
    for way in ("NDJSON", "JSON_array", "Arrow_dictionary", "Arrow", "tail", "OTLP_JSON_traces", "OTLP_protobuf_traces", "OTLP_gRPC_traces", "OTLP_JSON_logs", "OTLP_gRPC_logs", "CloudEvents_batch", "CloudEvents_binary", "ks"):
        assert any(name.replace(" ", "_").startswith(way) for name in kept), f"no prediction came in by {way}"
    assert len(swept.canaries.places) > 2_000 and swept.status["stage_errors"] == {}
    for table in ("feedback", "heartbeats", "changes"):
        assert rows(swept.folder, table, model="private").num_rows > 50, table


def test_no_store_holds_a_canary(swept):
    for folder in (swept.data, swept.folder / "replayed"):
        searched = search_folder(folder, swept.canaries)
        assert searched.files[".parquet"] >= 5 and searched.files[".journal"] >= 1 and searched.files[".json"] >= 5, searched.files
        assert searched.files[".sqlite"] == 1
        if folder == swept.data:
            assert searched.journal_rows > 1_000 and searched.files[".ndjson"] >= 1
        leaks = searched.leaks
        if leaks:
            pytest.fail(told(leaks), pytrace=False)


def test_no_answer_and_no_log_holds_a_canary(swept):
    leaks = [leak for store, text in swept.answers.texts + swept.said for leak in search(store, text, swept.canaries)]
    if leaks:
        pytest.fail(told(leaks), pytrace=False)


def test_the_search_finds_what_is_planted_in_each_store(swept, tmp_path):
    """The oracle's own test: the same search, on copies that do leak."""
    copy = tmp_path / "copy"
    shutil.copytree(swept.data, copy)
    email, card = "zqcanary99999@mail.example.org", "4539 7861 2999 9990"

    def found(change) -> bool:
        folder = tmp_path / "planted"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        change(folder)
        return bool(search_folder(folder).leaks)

    parquet = next(path for path in copy.rglob("*.parquet") if "/predictions/" in str(path))

    def in_parquet(value, column="error", **options):
        def change(folder):
            table = pyarrow.parquet.ParquetFile(parquet).read()
            index = table.schema.get_field_index(column)
            values = pyarrow.array([value] + [None] * (table.num_rows - 1), table.schema.field(index).type)
            pyarrow.parquet.write_table(table.set_column(index, column, values), folder / "a.parquet", compression="zstd", **options)

        return change

    assert not found(lambda folder: shutil.copy(parquet, folder / "a.parquet"))
    assert found(in_parquet(f"call {email}", write_statistics=False))
    assert found(in_parquet(card))
    assert found(in_parquet([(email, "x")], "slices")), "a map's key"
    assert found(in_parquet([("x", base64.b64encode(email.encode()).decode())], "slices")), "a map's value, as base64"
    log = next(copy.rglob("_delta_log/*.json"))
    assert found(lambda folder: (folder / "0.json").write_text(log.read_text() + json.dumps({"x": email.encode().hex()})))

    def in_journal(folder):
        # A frame as the server writes it: Arrow IPC, compressed.
        words = ["".join(chr(97 + (row * 7 + at * at * 3) % 26) for at in range(row % 17)) for row in range(400)]
        plain = ways_in.arrow_stream({"error": [f"{word} {email if row == 200 else word}" for row, word in enumerate(words)]}, None)
        payload = zstandard.compress(plain)
        assert email.encode() not in payload
        body = b"\x01" + bytes(28) + b"\x03\x00\x00" + b"a/b" + payload
        (folder / "0.journal").write_bytes(b"head" + b"QFRM" + len(body).to_bytes(4, "little") + bytes(4) + body)

    assert found(in_journal)

    def in_sqlite(value):
        def change(folder):
            with sqlite3.connect(folder / "catalogue.sqlite") as database:
                database.execute("CREATE TABLE t (a)")
                database.execute("INSERT INTO t VALUES (?)", (value,))
            database.close()

        return change

    sealed = b"QPRF\x01\x00" + bytes(8) + zstandard.compress(b"x" * 100 + email.encode())
    assert found(in_sqlite(email)) and found(in_sqlite(sealed))
    letter = json.dumps({"reason": "wrong_type", "shape": {f"features.{card}": "number"}})
    assert found(lambda folder: (folder / "dead-letters.ndjson").open("a").write(letter))
    assert found(lambda folder: (folder / "server.log").write_text(f'{{"error":"{card}"}}'))
    for text in (email.upper(), email.replace("@", "%40"), json.dumps(email), email.encode("utf-16-le").decode("latin1"), "3704 0044 0000", "+49 151 73912345", "4539-7861-2000"):
        assert search("text", text), text
    assert not search("text", "nothing to see: 4539, 151, example.org, [email]")


def test_a_dead_letter_tells_the_shape_of_a_refused_event_and_nothing_that_it_said(tmp_path):
    good = events(1)[0]
    wrong_type = good | {"id": "wrong-1", "output": {"score": "quite high"}, "subject": "u-1881", "extra-4539": 1}
    no_time = {key: value for key, value in good.items() if key != "at"}
    lines = [json.dumps(wrong_type), json.dumps(good), "{not json", json.dumps(no_time), json.dumps(good | {"model": "nobody"})]
    with Server(tmp_path) as server:
        answer = post(server, "\n".join(lines).encode()).json()
        assert (answer["accepted"], answer["rejected"]) == (1, 4)
        server.flow_run()
        assert server.metric("quiver_dead_letters") == 4 and server.metric("quiver_dead_letters_skipped") == 0
        text = (server.data_folder / "dead-letters.ndjson").read_text()
    letters = {letter["position"]: letter for letter in map(json.loads, text.splitlines())}
    assert {position: letter["reason"] for position, letter in letters.items()} == {
        1: "wrong_type", 3: "not_json", 4: "no_time", 5: "unknown_model",
    }
    shape = letters[1]["shape"]
    assert (shape["output.score"], shape["features.distance"], shape["at"]) == ("text of 10 bytes", "number", "text of 27 bytes")
    assert letters[1]["model"] == "flight-delay" and letters[5]["model"] == "" and letters[5]["shape"] == {}
    assert "at" not in letters[4]["shape"]
    assert not any(said in text for said in ("quite high", "u-1881", "wrong-1", good["id"], "nobody"))


def pseudonym(folder: Path, domain: str, text: str, key: int = -1) -> str:
    """The keyed hash of the door, computed apart."""
    stored = json.loads((folder / "subject-keys.json").read_text())["keys"][key]
    digest = hmac.new(bytes.fromhex(stored["secret"]), domain.encode() + b"\0" + text.encode(), hashlib.sha256)
    return f"{stored['name']}-{digest.hexdigest()[:32]}"


def test_a_subject_is_its_keyed_hash(swept):
    table = rows(swept.folder, "predictions", ["id", "subject"], model="private").to_pylist()
    stored = {row["id"]: row["subject"] for row in table}
    assert stored["known-subject"] == pseudonym(swept.data, "subject", swept.subject)
    assert stored["known-subject"].startswith("k1-")
    others = {subject for subject in stored.values() if subject}
    assert all(len(subject) == 35 and subject.startswith("k1-") for subject in others) and len(others) > 100


def test_feedback_on_a_personal_id_finds_its_prediction(swept):
    expected = pseudonym(swept.data, "identifier", swept.joined)
    predictions = rows(swept.folder, "predictions", ["id"], model="private")["id"].to_pylist()
    feedback = {row["id"]: row for row in rows(swept.folder, "feedback", model="private").to_pylist()}
    assert predictions.count(expected) == 1
    assert feedback["fb-joined"]["prediction_id"] == expected


def test_redactions_are_counted_by_field_class_and_action(swept):
    with sqlite3.connect(swept.data / "catalogue.sqlite") as database:
        counted = dict(database.execute("SELECT subject, sum(count) FROM door_tallies WHERE what = 'redacted' AND model = 'private' GROUP BY subject"))
    wanted = ["id/email/hash", "error/card/replace", "error/iban/replace", "subject/subject/hash", "feature_category/phone/replace", "feature_kept_text/token/replace", "feature_hashed/personal/hash", "feature_masked/personal/mask", "feature_replaced/sensitive/replace", "feature_dropped/secret/drop", "feature_noted/free_text/drop", "prediction_id/email/hash", "source/email/replace", "slices/card/replace"]
    missing = [subject for subject in wanted if not counted.get(subject)]
    assert not missing, f"{missing} of {sorted(counted)}"
    for kind, action in (("email", "hash"), ("card", "replace"), ("subject", "hash"), ("token", "replace"), ("iban", "replace"), ("phone", "replace")):
        assert metric(swept.metrics, "quiver_redactions", **{"class": kind, "action": action}) > 0, (kind, action)


def test_a_rotation_makes_new_pseudonyms_and_keeps_the_old_key(tmp_path):
    def event(name):
        return ways_in.prediction(name) | {"subject": "zqsubject-of-two-keys"}

    with Server(tmp_path, spec=ways_in.SPECS["private"], otlp=False) as server:
        assert post(server, [event("before")]).json()["accepted"] == 1
        data = server.data_folder
        assert quiver("key", "rotate-pseudonyms", "--data-folder", data).returncode == 0
        # A running server goes on with its key; the next one takes the new.
        assert post(server, [event("meanwhile")]).json()["accepted"] == 1
        server.stop()
    with Server(tmp_path, spec=ways_in.SPECS["private"], otlp=False) as server:
        assert post(server, [event("after")]).json()["accepted"] == 1
        server.flow_run()
        stored = {row["id"]: row["subject"] for row in rows(tmp_path, "predictions", ["id", "subject"], model="private").to_pylist()}
    expected = [pseudonym(data, "subject", "zqsubject-of-two-keys", key) for key in (0, 1)]
    assert [name.split("-")[0] for name in expected] == ["k1", "k2"]
    assert stored == {"before": expected[0], "meanwhile": expected[0], "after": expected[1]}
    assert (data / "subject-keys.json").stat().st_mode & 0o777 == 0o600


def test_a_card_s_number_is_not_kept_as_a_number(tmp_path):
    """A number column has a range: what is far out of it may be anything, and is no number that anybody needs."""
    canaries = Canaries()
    with Server(tmp_path, spec=ways_in.SPECS["private"], otlp=False) as server:
        now = pyarrow.array([datetime.now(timezone.utc)], pyarrow.timestamp("us", "UTC"))
        columns = {"id": ["arrow"], "at": now, "score": [0.5], "number": [canaries.new("card", "number, as text")]}
        post(server, ways_in.arrow_stream(columns, {"quiver.model": "private"}), ARROW)
        event = ways_in.prediction("json")
        event["features"]["number"] = int(canaries.new("card", "number"))
        post(server, [event])
        server.flow_run()
        server.stop()
    leaks = search_folder(server.data_folder, canaries).leaks
    if leaks:
        pytest.fail(told(leaks), pytrace=False)
