"""Ways of an event into the server, and the ledger of what was sent and what was acknowledged."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import threading
import time
from datetime import datetime, timezone

import grpc
import pyarrow
import requests
import zstandard
from google.protobuf import json_format
from harness import binary, checksum, events, ndjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

MODEL = "flight-delay"


class Wrong(AssertionError):
    """The server's answer contradicts what was sent."""


class Ledger:
    """Every event ever sent, by its checksum, and which of them were acknowledged."""

    def __init__(self):
        self.sent: dict[str, tuple] = {}
        self.acknowledged: set[str] = set()
        self.other_sent: dict[str, tuple] = {}
        self.other_acknowledged: set[str] = set()
        self.repeats_of_acknowledged = 0
        self.retries = 0
        self.given_up = 0
        self.wrong: list[str] = []
        self.lock = threading.Lock()

    def send(self, batch: list[dict], with_id: bool = True) -> None:
        with self.lock:
            for event in batch:
                if event["kind"] == "prediction":
                    self.sent[event["features"]["checksum"]] = told(event, with_id)
                else:
                    self.other_sent[event["id"]] = (event["name"], event["value"], event["prediction_id"])

    def acknowledge(self, batch: list[dict]) -> None:
        with self.lock:
            for event in batch:
                if event["kind"] == "prediction":
                    self.acknowledged.add(event["features"]["checksum"])
                else:
                    self.other_acknowledged.add(event["id"])


def told(event: dict, with_id: bool = True) -> tuple:
    """What must come back out of the table."""
    features = event["features"]
    return (
        event["id"] if with_id else None,
        features["hour"],
        features["distance"],
        event["output"]["score"],
        features["carrier"],
        features["night"],
    )


def feedback_of(event: dict) -> dict:
    value = round(event["output"]["score"] / 2, 6)
    return {"kind": "feedback", "model": MODEL, "id": f"f-{event['id']}", "prediction_id": event["id"], "at": event["at"], "name": "late", "value": value}


# ---- Bodies: (url suffix or listener, headers, bytes) of a batch; each is made once, so that a retry is the same bytes.


def as_arrow(batch: list[dict], with_id: bool) -> bytes:
    columns = {
        "id": [event["id"] for event in batch],
        "at": [datetime.fromisoformat(event["at"].replace("Z", "+00:00")) for event in batch],
        "score": [event["output"]["score"] for event in batch],
        "version": [event["version"] for event in batch],
        "latency_ms": [event["latency_ms"] for event in batch],
    }
    for name in ("hour", "distance", "temp", "carrier", "origin", "night", "checksum"):
        columns[name] = [event["features"][name] for event in batch]
    if not with_id:
        del columns["id"]
    table = pyarrow.table(columns)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=max(1, len(batch) // 2))
    return sink.getvalue().to_pybytes()


def any_value(value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, (int, float)):
        return AnyValue(double_value=value)
    return AnyValue(string_value=value)


def renamed(event: dict, name: str) -> dict:
    """The event under the id that its way gives it, with a checksum that fits."""
    event["id"] = name
    event["features"]["checksum"] = checksum(event)
    return event


def as_traces(batch: list[dict], randomness: random.Random) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for event in batch:
        trace, span_id = randomness.randbytes(16), randomness.randbytes(8)
        renamed(event, f"{trace.hex()}-{span_id.hex()}")
        start = int(datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp() * 1e6) * 1000
        span = spans.add(trace_id=trace, span_id=span_id, name="predict", start_time_unix_nano=start)
        span.end_time_unix_nano = start + int(event["latency_ms"] * 1e6)
        said = {"quiver.model": MODEL, "quiver.score": event["output"]["score"]}
        said |= {f"quiver.feature.{name}": value for name, value in event["features"].items()}
        span.attributes.extend(KeyValue(key=key, value=any_value(value)) for key, value in said.items())
    return request


def as_logs(batch: list[dict]) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for event in batch:
        records.add(body=AnyValue(string_value=json.dumps(event)), time_unix_nano=time.time_ns())
    return request


def otlp_json(request) -> bytes:
    """OTLP's JSON has ids in hexadecimal, unlike protobuf's JSON."""
    whole = json_format.MessageToDict(request)
    for resource in whole.get("resourceSpans", []):
        for scope in resource["scopeSpans"]:
            for span, of in zip(scope["spans"], request.resource_spans[0].scope_spans[0].spans):
                span["traceId"], span["spanId"] = of.trace_id.hex(), of.span_id.hex()
    return json.dumps(whole).encode()


class Way(threading.Thread):
    """Sends batches through one way in until told to stop; retries what was not answered, or gives it up."""

    def __init__(self, name: str, size: int, addresses, ledger: Ledger, stop: threading.Event, seed: int, pause_seconds: float):
        super().__init__(name=name, daemon=True)
        self.way, self.size, self.addresses, self.ledger, self.stopping = name, size, addresses, ledger, stop
        self.randomness = random.Random(f"{seed}-{name}")
        self.seed, self.pause_seconds = seed, pause_seconds
        self.session = requests.Session()
        self.channel = None
        self.count = 0
        self.acknowledged_batches = 0
        # A channel must not wait a second between two tries to connect.
        if name.startswith("grpc"):
            options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100), ("grpc.use_local_subchannel_pool", 1)]
            self.channel = grpc.insecure_channel(addresses["grpc"], options=options)

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.one_batch()
            except Wrong as wrong:
                with self.ledger.lock:
                    self.ledger.wrong.append(f"{self.way}: {wrong}")
            time.sleep(self.randomness.random() * self.pause_seconds)

    def one_batch(self) -> None:
        self.count += 1
        batch = events(self.size, seed=self.seed, prefix=f"{self.way}.{self.count}")
        request, with_id = self.request(batch)
        self.ledger.send(batch, with_id)
        tries = 0
        while True:
            answered = request()
            if answered:
                self.ledger.acknowledge(batch)
                self.acknowledged_batches += 1
                break
            tries += 1
            # Some senders give up; what they sent may be there or not.
            if self.stopping.is_set() or self.randomness.random() < 0.03:
                with self.ledger.lock:
                    self.ledger.given_up += 1
                return
            with self.ledger.lock:
                self.ledger.retries += 1
            time.sleep(0.02 + self.randomness.random() * 0.1)
        if self.randomness.random() < 0.1 and request(all_are_repeats=True):
            with self.ledger.lock:
                self.ledger.repeats_of_acknowledged += 1

    def request(self, batch: list[dict]):
        """A function that sends the batch once and says whether all of it was acknowledged; and if its ids are ours."""
        way, key = self.way, f"{self.way}-{self.seed}-{self.count}"
        api, otlp = self.addresses["api"], self.addresses["otlp"]
        expected, with_id = len(batch), True
        if way == "ndjson-feedback":
            feedback = [feedback_of(event) for event in batch]
            batch.extend(feedback)
            expected = len(batch)
            return self.events_request(api + "/v1/events", ndjson(batch), "application/x-ndjson", expected), True
        if way.startswith("ndjson"):
            headers = {}
            if way == "ndjson-without-ids":
                body = b"".join(json.dumps({name: value for name, value in event.items() if name != "id"}).encode() + b"\n" for event in batch)
                headers["Idempotency-Key"] = key
                with_id = False
            else:
                body = ndjson(batch)
            if self.size >= 100:
                body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
            return self.events_request(api + "/v1/events", body, "application/x-ndjson", expected, headers), with_id
        if way == "json-array":
            return self.events_request(api + "/v1/events", json.dumps(batch).encode(), "application/json", expected), True
        if way == "json-object":
            return self.events_request(api + "/v1/events", json.dumps(batch[0]).encode(), "application/json", expected), True
        if way.startswith("arrow"):
            with_id = way != "arrow-without-ids"
            headers = {} if with_id else {"Idempotency-Key": key}
            body = zstandard.compress(as_arrow(batch, with_id), 1)
            headers["Content-Encoding"] = "zstd"
            url = f"{api}/v1/events?model={MODEL}"
            return self.events_request(url, body, "application/vnd.apache.arrow.stream", expected, headers), with_id
        if way == "cloudevents-batch":
            envelopes = [self.envelope(event) for event in batch]
            body = json.dumps(envelopes).encode()
            return self.events_request(api + "/v1/cloudevents", body, "application/cloudevents-batch+json", expected), True
        if way == "cloudevents-structured":
            body = json.dumps(self.envelope(batch[0])).encode()
            return self.events_request(api + "/v1/cloudevents", body, "application/cloudevents+json", expected), True
        if way == "cloudevents-binary":
            event = batch[0]
            headers = {"ce-specversion": "1.0", "ce-id": event["id"], "ce-type": "ml.quiver.event", "ce-source": "/test"}
            return self.events_request(api + "/v1/cloudevents", json.dumps(event).encode(), "application/json", expected, headers), True
        if way == "grpc-traces":
            message = as_traces(batch, self.randomness)
            return self.grpc_request("trace.v1.TraceService", message, ExportTraceServiceResponse), True
        if way == "grpc-logs":
            return self.grpc_request("logs.v1.LogsService", as_logs(batch), ExportLogsServiceResponse), True
        signal_name = "traces" if "traces" in way else "logs"
        message = as_traces(batch, self.randomness) if signal_name == "traces" else as_logs(batch)
        as_json = way.endswith("json")
        body = otlp_json(message) if as_json else message.SerializeToString()
        kind = "application/json" if as_json else "application/x-protobuf"
        return self.otlp_request(f"{otlp}/v1/{signal_name}", body, kind), True

    def envelope(self, event: dict) -> dict:
        return {"specversion": "1.0", "id": event["id"], "type": "ml.quiver.event", "source": "/test", "datacontenttype": "application/json", "data": event}

    def post(self, url: str, body: bytes, headers: dict) -> requests.Response | None:
        try:
            response = self.session.post(url, data=body, headers=headers, timeout=20)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            return None
        if response.status_code == 200:
            return response
        if response.status_code in (429, 503):
            if "Retry-After" not in response.headers:
                raise Wrong(f"{response.status_code} without Retry-After: {response.text}")
            return None
        raise Wrong(f"{url}: {response.status_code} {response.text[:500]}")

    def events_request(self, url: str, body: bytes, kind: str, expected: int, headers: dict | None = None):
        def request(all_are_repeats: bool = False) -> bool:
            response = self.post(url, body, {"Content-Type": kind} | (headers or {}))
            if response is None:
                return False
            try:
                answer = response.json()
            except ValueError:
                raise Wrong(f"200 with a body that is no JSON: {response.text[:200]}") from None
            if answer["accepted"] + answer["duplicates"] != expected or answer["rejected"]:
                raise Wrong(f"{expected} events answered with {answer}")
            if all_are_repeats and answer["accepted"]:
                raise Wrong(f"acknowledged events were taken for new: {answer}")
            return True

        return request

    def otlp_request(self, url: str, body: bytes, kind: str):
        def request(all_are_repeats: bool = False) -> bool:
            response = self.post(url, body, {"Content-Type": kind})
            # An empty message, `{}` in JSON, says that nothing was refused.
            if response is not None and response.content not in (b"", b"{}") and b"partialSuccess\":null" not in response.content:
                raise Wrong(f"partial success: {response.content[:300]}")
            return response is not None

        return request

    def grpc_request(self, service: str, message, answer_type):
        call = self.channel.unary_unary(
            f"/opentelemetry.proto.collector.{service}/Export",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_type.FromString,
        )

        def request(all_are_repeats: bool = False) -> bool:
            try:
                answer = call(message, timeout=20)
            except grpc.RpcError as error:
                if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
                    return False
                # A connection that breaks within an answer.
                if error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN) and "RST_STREAM" in str(error.details()):
                    return False
                raise Wrong(f"{error.code()}: {error.details()}") from None
            if answer.HasField("partial_success"):
                raise Wrong(f"partial success: {answer}")
            return True

        return request


class Tail(threading.Thread):
    """Appends to a file that `quiver tail` follows; the follower itself is killed and started again now and then."""

    def __init__(self, folder, addresses, ledger: Ledger, stop: threading.Event, seed: int):
        super().__init__(name="tail", daemon=True)
        self.path = folder / "events.ndjson"
        self.path.write_bytes(b"")
        self.log = open(folder / "tail.log", "ab")
        self.addresses, self.ledger, self.stopping, self.seed = addresses, ledger, stop, seed
        self.randomness = random.Random(f"{seed}-tail")
        self.kills = 0
        self.acknowledged_batches = 0
        self.process = self.follow()

    def follow(self, *args: str) -> subprocess.Popen:
        command = [binary(), "tail", str(self.path), "--url", self.addresses["api"], *args]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def run(self) -> None:
        count = 0
        while not self.stopping.is_set():
            count += 1
            with_id = self.randomness.random() < 0.5
            batch = events(self.randomness.randrange(1, 60), seed=self.seed, prefix=f"tail.{count}")
            self.ledger.send(batch, with_id)
            text = ndjson(batch if with_id else [{name: value for name, value in event.items() if name != "id"} for event in batch])
            with open(self.path, "ab") as file:
                # A line may be seen while only a part of it is written.
                cut = self.randomness.randrange(len(text))
                file.write(text[:cut])
                file.flush()
                time.sleep(self.randomness.random() * 0.02)
                file.write(text[cut:])
            # All of a file that is followed to its end is acknowledged; see `finish`.
            self.ledger.acknowledge(batch)
            self.acknowledged_batches += 1
            if self.randomness.random() < 0.05:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
                self.kills += 1
                self.process = self.follow()
            time.sleep(self.randomness.random() * 0.1)

    def finish(self) -> None:
        """Follows the file to its end."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        code = self.follow("--once").wait(120)
        if code != 0:
            raise Wrong(f"quiver tail --once ended with {code}; see {self.log.name}")


WAYS = {
    "ndjson-1": 1,
    "ndjson-7": 7,
    "ndjson-500": 500,
    "ndjson-feedback": 20,
    "ndjson-without-ids": 60,
    "json-array": 25,
    "json-object": 1,
    "arrow": 300,
    "arrow-without-ids": 120,
    "cloudevents-batch": 9,
    "cloudevents-structured": 1,
    "cloudevents-binary": 1,
    "otlp-traces-protobuf": 15,
    "otlp-traces-json": 4,
    "otlp-logs-protobuf": 11,
    "otlp-logs-json": 3,
    "grpc-traces": 8,
    "grpc-logs": 6,
}
