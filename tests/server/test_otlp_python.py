"""OpenTelemetry's own SDK and exporters for Python send traces and logs; the tables have what the spans said."""

from __future__ import annotations

import json
import logging
import time

import grpc
import pytest
import requests
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from harness import Server, rows

# Its spans come by OpenTelemetry's own conventions, which have no features; a spec must declare one all the same.
ASSISTANT = """\
model: assistant
task: generation
features: {prompt_length: {type: number, privacy: public}}
"""


class Recorder(requests.Session):
    """A session that keeps the requests' encodings and the answers."""

    def __init__(self):
        super().__init__()
        self.encodings, self.answers = [], []

    def send(self, request, **options):
        self.encodings.append(request.headers.get("Content-Encoding"))
        answer = super().send(request, **options)
        self.answers.append(answer)
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("otlp-python")
    assistant = folder / "assistant.yaml"
    assistant.write_text(ASSISTANT)
    with Server(folder, "--spec", str(assistant)) as server:
        yield server


def span_exporters(server):
    gzip, none = Recorder(), Recorder()
    traces = server.otlp_http + "/v1/traces"
    return {
        "http-none": (HttpSpanExporter(endpoint=traces, session=none), none),
        "http-gzip": (HttpSpanExporter(endpoint=traces, session=gzip, compression=Compression.Gzip), gzip),
        "grpc-gzip": (
            GrpcSpanExporter(endpoint=server.otlp_grpc, insecure=True, compression=grpc.Compression.Gzip),
            None,
        ),
    }


def log_exporters(server):
    logs = server.otlp_http + "/v1/logs"
    return {
        "http-none": HttpLogExporter(endpoint=logs),
        "http-gzip": HttpLogExporter(endpoint=logs, compression=Compression.Gzip),
        "grpc-gzip": GrpcLogExporter(endpoint=server.otlp_grpc, insecure=True, compression=grpc.Compression.Gzip),
    }


def provider_of(exporter, **resource):
    provider = TracerProvider(resource=Resource.create({"service.name": "test", **resource}))
    # One request a flush: what waits for its parent waits in the SDK.
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=60_000))
    return provider


def send_flight(tracer, decision: str):
    """One prediction with calls below it, at known times."""
    start = time.time_ns() - 5_000_000_000
    attributes = {
        "quiver.model": "flight-delay",
        "quiver.version": "2013-03",
        "quiver.score": 0.81,
        "quiver.decision_id": decision,
        "quiver.feature.carrier": "UA",
        "quiver.feature.distance": 1400.0,
        "quiver.feature.night": True,
        "quiver.slice.origin": "JFK",
        "quiver.action": "ignore",
        "quiver.model_action": "notify",
        "quiver.decided_by": "rule",
        "quiver.rule": "quiet-hours",
        "quiver.cost.cpu_ms": 1.5,
        "quiver.subject": "u-1881",
    }
    span = tracer.start_span("predict", start_time=start, attributes=attributes)
    inside = trace.set_span_in_context(span)

    def child(name, kind, attributes, milliseconds, context=inside):
        child = tracer.start_span(name, context=context, kind=kind, start_time=start, attributes=attributes)
        child.end(start + milliseconds * 1_000_000)
        return child

    child("GET", SpanKind.CLIENT, {"db.system.name": "redis"}, 2)
    child("MGET", SpanKind.CLIENT, {"db.system": "redis"}, 3)
    child(
        "GET /weather",
        SpanKind.CLIENT,
        {"http.request.method": "GET", "server.address": "weather.example", "quiver.feature": "temp", "http.response.body.size": 420},
        40,
    )
    # Not a call: a span that serves, and one that only works.
    child("serve", SpanKind.SERVER, {"http.request.method": "GET", "server.address": "me.example"}, 1)
    child("compute", SpanKind.INTERNAL, {}, 1)
    span.add_event(
        "feature_flag.evaluation",
        {
            "feature_flag.key": "delay-model",
            "feature_flag.result.variant": "treatment",
            "feature_flag.result.reason": "split",
            "feature_flag.version": "7",
        },
    )
    span.end(start + 123_000_000)
    return span.get_span_context()


def send_assistant(tracer, old: bool):
    names = {
        True: ("gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
        False: ("gen_ai.provider.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    }
    system, tokens_in, tokens_out = names[old]
    attributes = {
        "quiver.model": "assistant",
        "gen_ai.operation.name": "chat",
        system: "openai",
        "gen_ai.request.model": "model-large",
        "gen_ai.response.model": "model-large-2026-05",
        tokens_in: 321,
        tokens_out: 45,
        "gen_ai.prompt": "never to be kept: SECRET-CONTENT",
    }
    span = tracer.start_span("chat model-large", kind=SpanKind.CLIENT, attributes=attributes)
    span.end()
    return span.get_span_context()


def identifier(context) -> str:
    return f"{context.trace_id:032x}-{context.span_id:016x}"


def by_id(server, model: str) -> dict:
    return {row["id"]: row for row in rows(server.folder, "predictions", model=model).to_pylist()}


def test_traces_become_predictions_with_their_calls(server):
    sent = {}
    for name, (exporter, recorder) in span_exporters(server).items():
        provider = provider_of(exporter)
        tracer = provider.get_tracer("test")
        flight = send_flight(tracer, name)
        assistants = [send_assistant(tracer, old) for old in (False, True)]
        assert provider.force_flush()
        provider.shutdown()
        sent[name] = (flight, assistants)
        if recorder:
            assert set(recorder.encodings) == {"gzip" if name == "http-gzip" else None}
            assert [answer.status_code for answer in recorder.answers] == [200]
            # Nothing was refused: the protocol wants the field left out then.
            assert not ExportTraceServiceResponse.FromString(recorder.answers[0].content).HasField("partial_success")
    server.flow_run()
    flights, assistants = by_id(server, "flight-delay"), by_id(server, "assistant")
    for name, (flight, chats) in sent.items():
        row = flights[identifier(flight)]
        assert row["decision_id"] == name
        assert row["trace_id"] == f"{flight.trace_id:032x}"
        assert (row["score"], row["version"], row["latency_ms"]) == (0.81, "2013-03", 123.0)
        assert (row["feature_carrier"], row["feature_distance"], row["feature_night"]) == ("UA", 1400.0, True)
        assert (row["action"], row["model_action"], row["decided_by"], row["rule"]) == (
            "ignore",
            "notify",
            "rule",
            "quiet-hours",
        )
        assert row["slices"] == [("origin", "JFK")]
        assert row["cpu_ms"] == 1.5
        assert (row["arm"], row["arm_assigned"], row["arm_config"]) == ("treatment", "treatment", "delay-model@7")
        calls = {peer: (spent["n"], spent["ms"]) for peer, spent in row["calls"]}
        assert calls == {"redis": (2.0, 5.0), "weather.example": (1.0, 40.0)}
        meta = dict(row["feature_meta"])["temp"]
        assert (meta["ms"], meta["calls"], meta["bytes"]) == (40.0, 1.0, 420.0)
        assert row["subject"].startswith("k1-") and "u-1881" not in row["subject"]
        for chat in chats:
            row = assistants[identifier(chat)]
            assert (row["tokens_in"], row["tokens_out"]) == (321.0, 45.0)
            assert (row["version"], row["request_type"]) == ("model-large-2026-05", "chat")
    written = b"".join(path.read_bytes() for path in server.data_folder.rglob("*") if path.is_file())
    assert b"SECRET-CONTENT" not in written and b"u-1881" not in written


def test_the_same_request_again_counts_once(server):
    exporter = HttpSpanExporter(endpoint=server.otlp_http + "/v1/traces")
    provider = TracerProvider()
    tracer = provider.get_tracer("test")
    span = tracer.start_span("predict", attributes={"quiver.model": "flight-delay", "quiver.score": 0.5})
    span.end()
    accepted = server.metric("quiver_events_accepted", model="flight-delay")
    duplicates = server.metric("quiver_events_duplicate", model="flight-delay")
    for _ in range(3):
        exporter.export([span])
    assert server.metric("quiver_events_accepted", model="flight-delay") == accepted + 1
    assert server.metric("quiver_events_duplicate", model="flight-delay") == duplicates + 2


def test_failed_spans_tell_the_error_and_not_its_message(server):
    exporter = HttpSpanExporter(endpoint=server.otlp_http + "/v1/traces")
    provider = provider_of(exporter)
    tracer = provider.get_tracer("test")
    try:
        with tracer.start_as_current_span("predict", attributes={"quiver.model": "flight-delay"}) as failed:
            raise ValueError("card 4111 1111 1111 1111 is not a number")
    except ValueError:
        pass
    with tracer.start_as_current_span("predict", attributes={"quiver.model": "flight-delay"}) as told:
        told.set_status(StatusCode.ERROR, "out of memory")
    provider.shutdown()
    server.flow_run()
    found = by_id(server, "flight-delay")
    assert found[identifier(failed.get_span_context())]["error"] == "ValueError"
    assert found[identifier(told.get_span_context())]["error"] == "out of memory"


def test_a_bad_span_is_told_and_the_others_are_kept(server):
    session = Recorder()
    exporter = HttpSpanExporter(endpoint=server.otlp_http + "/v1/traces", session=session)
    provider = provider_of(exporter)
    tracer = provider.get_tracer("test")
    for attributes in (
        {"quiver.model": "flight-delay", "quiver.score": 0.25},
        {"quiver.model": "no-such-model", "quiver.score": 0.25},
        {"quiver.model": "flight-delay", "quiver.score": "high"},
        # Says that it is an event, and not of which model.
        {"quiver.score": 0.25},
    ):
        tracer.start_span("predict", attributes=attributes).end()
    before = server.metric("quiver_events_accepted", model="flight-delay")
    provider.shutdown()
    [answer] = session.answers
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/x-protobuf"
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_spans == 3
    assert "unknown_model" in partial.error_message and "wrong_type" in partial.error_message
    assert server.metric("quiver_events_accepted", model="flight-delay") == before + 1


def test_spans_of_others_are_none_of_our_business(server):
    """A service that sends all its traces here gets no complaint of what is not for Quiver."""
    session = Recorder()
    exporter = HttpSpanExporter(endpoint=server.otlp_http + "/v1/traces", session=session)
    provider = provider_of(exporter)
    tracer = provider.get_tracer("test")
    before = server.metric("quiver_events_accepted")
    with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER, attributes={"http.request.method": "GET"}):
        with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT, attributes={"db.system.name": "postgresql"}):
            pass
        # A generative model that nobody gave a spec.
        chat = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "somebody-elses"}
        with tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, attributes=chat):
            pass
    provider.shutdown()
    [answer] = session.answers
    assert answer.status_code == 200 and answer.content == b""
    assert server.metric("quiver_events_accepted") == before


def test_logs_become_events(server):
    for name, exporter in log_exporters(server).items():
        provider = LoggerProvider(resource=Resource.create({"service.name": "test"}))
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        logger = provider.get_logger("test")

        def emit(body=None, **attributes):
            now = time.time_ns()
            record = LogRecord(
                timestamp=now, observed_timestamp=now, severity_number=SeverityNumber.INFO, body=body, attributes=attributes
            )
            logger.emit(record)

        # By attributes, as a body that is an event's text, as a body that is a map; and a line for people.
        prediction = f"log-{name}"
        emit(**{"quiver.model": "flight-delay", "quiver.id": prediction, "quiver.score": 0.75, "quiver.feature.distance": 7.0})
        event = {"kind": "feedback", "model": "flight-delay", "id": f"text-{name}", "prediction_id": prediction}
        emit(body=json.dumps({**event, "name": "late", "value": 1}))
        emit(body={**event, "id": f"map-{name}", "name": "late", "value": 0})
        emit(body="nothing of note happened")
        emit(**{"quiver.model": "flight-delay", "quiver.kind": "heartbeat", "quiver.source": "weather", "quiver.rows": 3, "quiver.id": f"beat-{name}"})
        provider.shutdown()
    server.flow_run()
    predictions, labels = by_id(server, "flight-delay"), {row["id"]: row for row in rows(server.folder, "feedback").to_pylist()}
    beats = {row["id"]: row for row in rows(server.folder, "heartbeats").to_pylist()}
    for name in log_exporters(server):
        assert predictions[f"log-{name}"]["score"] == 0.75
        assert predictions[f"log-{name}"]["feature_distance"] == 7.0
        assert (labels[f"text-{name}"]["prediction_id"], labels[f"text-{name}"]["value"]) == (f"log-{name}", 1.0)
        assert labels[f"map-{name}"]["value"] == 0.0
        assert (beats[f"beat-{name}"]["source"], beats[f"beat-{name}"]["rows"]) == ("weather", 3)


def test_the_evaluation_shows_what_the_spans_said(server):
    answer = server.get("/v1/models/flight-delay/evaluation?by=day")
    assert answer.status_code == 200
    assert "treatment" in answer.text


def test_a_refused_key_and_a_dead_server_are_failures_and_nothing_else(tmp_path, caplog):
    config = {"auth": {"keys": "required"}}
    with Server(tmp_path, config=config) as server:
        for exporter in (
            HttpSpanExporter(endpoint=server.otlp_http + "/v1/traces", headers={"Authorization": "Bearer qvr_wrong"}),
            GrpcSpanExporter(endpoint=server.otlp_grpc, insecure=True, headers={"authorization": "Bearer qvr_wrong"}),
        ):
            tracer = TracerProvider().get_tracer("test")
            span = tracer.start_span("predict", attributes={"quiver.model": "flight-delay"})
            span.end()
            with caplog.at_level(logging.ERROR):
                assert exporter.export([span]).name == "FAILURE"
    assert "401" in caplog.text and "UNAUTHENTICATED" in caplog.text
