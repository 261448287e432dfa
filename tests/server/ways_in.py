"""Every place of an event that can hold a text, and every way in, so that a test can put one value through all of them."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from datetime import datetime, timezone

import pyarrow
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from harness import instant

FEATURES = """\
features:
  number: {type: number, range: [0, 100], privacy: public}
  number_internal: {type: number}
  flag: {type: boolean, privacy: public}
  moment: {type: timestamp, privacy: public}
  vector: {type: embedding, dimension: 2, privacy: public}
  category: {type: category, privacy: public}
  declared: {type: category, values: [red, green], privacy: public}
  category_internal: {type: category}
  hashed: {type: category, privacy: personal, action: hash}
  masked: {type: category, privacy: personal, action: mask}
  replaced: {type: text, privacy: sensitive, action: replace}
  dropped: {type: text, privacy: secret}
  noted: {type: text, privacy: free_text}
  kept_text: {type: text, privacy: public, source: warehouse}
  who: {type: category, privacy: subject, action: hash}
slices: [category]
sources: {warehouse: {max_age: 90m}}
"""

SPECS = {
    "private": "model: private\ntask: binary\nfeedback: {label: late, horizon: 7d}\nprivacy: {subject: who}\n" + FEATURES,
    "private-classes": "model: private-classes\ntask: multiclass\nfeedback: {label: kind, horizon: 7d}\n" + FEATURES,
    "private-ranking": "model: private-ranking\ntask: ranking\nfeedback: {label: click, horizon: 7d}\n" + FEATURES,
}


def prediction(name: str, model: str = "private") -> dict:
    event = {
        "kind": "prediction",
        "model": model,
        "id": name,
        "at": instant(datetime.now(timezone.utc)),
        "version": "v1",
        "features": {"number": 5, "flag": True, "category": "blue"},
        "output": {"score": 0.25},
    }
    if model == "private-classes":
        event["output"] = {"class": "blue", "probabilities": {"blue": 0.75, "red": 0.25}}
    if model == "private-ranking":
        event["output"] = {"ranking": [{"id": "item-a", "position": 1, "score": 0.5}]}
    return event


def feedback(name: str) -> dict:
    at = instant(datetime.now(timezone.utc))
    return {"kind": "feedback", "model": "private", "id": name, "prediction_id": "none", "at": at, "name": "late", "value": 1}


def heartbeat(name: str) -> dict:
    at = instant(datetime.now(timezone.utc))
    return {"kind": "heartbeat", "model": "private", "id": name, "source": "warehouse", "at": at, "data_until": at, "rows": 3}


def change(name: str) -> dict:
    at = instant(datetime.now(timezone.utc))
    return {"kind": "change", "model": "private", "id": name, "what": "deploy", "ref": "v2", "at": at}


Put = Callable[[dict, str], None]


def at(*path: str) -> Put:
    """Puts the value under a path; in a sentence it would be found as well, so here it stands alone."""

    def put(event: dict, value: str) -> None:
        for key in path[:-1]:
            event = event.setdefault(key, {})
        event[path[-1]] = value

    return put


def key_at(*path: str, under: object = 1) -> Put:
    """Puts the value as a key."""

    def put(event: dict, value: str) -> None:
        for key in path:
            event = event.setdefault(key, {})
        event[value] = under

    return put


def sentence(*path: str) -> Put:
    def put(event: dict, value: str) -> None:
        at(*path)(event, f"please call {value}, it is urgent")

    return put


def whole(make: Callable[[str], object], *path: str) -> Put:
    def put(event: dict, value: str) -> None:
        at(*path)(event, make(value))

    return put


FEATURE_NAMES = [
    "number", "number_internal", "flag", "moment", "vector", "category", "declared", "category_internal", "hashed",
    "masked", "replaced", "dropped", "noted", "kept_text", "who",
]

PREDICTION_PLACES: dict[str, Put] = {
    "id": at("id"),
    "decision_id": at("decision_id"),
    "trace_id": at("trace_id"),
    "version": at("version"),
    "request_type": at("request_type"),
    "error": at("error"),
    "error, in a sentence": sentence("error"),
    "arm.assigned": at("arm", "assigned"),
    "arm.served": at("arm", "served"),
    "arm.config": at("arm", "config"),
    "arm.propensity, wrong type": at("arm", "propensity"),
    "decision.action": at("decision", "action"),
    "decision.model_action": at("decision", "model_action"),
    "decision.rule": at("decision", "rule"),
    "decision.by, wrong": at("decision", "by"),
    "output.class": at("output", "class"),
    "output.text": at("output", "text"),
    "output.score, wrong type": at("output", "score"),
    "output.unknown": at("output", "unknown"),
    "latency_ms, wrong type": at("latency_ms"),
    "slices value": at("slices", "category"),
    "slices key": key_at("slices", under="x"),
    "cost.calls key": key_at("cost", "calls", under={"n": 1, "ms": 0.5}),
    "cost.cpu_ms, wrong type": at("cost", "cpu_ms"),
    "cost unknown key": key_at("cost"),
    "feature_meta source": at("feature_meta", "number", "source"),
    "feature_meta status, wrong": at("feature_meta", "number", "status"),
    "feature_meta key": key_at("feature_meta", under={"status": "ok"}),
    "feature_meta unknown key": key_at("feature_meta", "number"),
    "feature name": key_at("features"),
    "feature name, in a sentence": lambda event, value: key_at("features")(event, f"mail {value} now"),
    "undeclared feature": at("features", "undeclared"),
    "undeclared feature, nested": whole(lambda value: {"deep": [{"deeper": value}]}, "features", "undeclared"),
    "undeclared key": at("undeclared"),
    "undeclared key name": key_at(),
    "at, wrong": at("at"),
    "model": at("model"),
    "kind": at("kind"),
    "features, wrong type": at("features"),
    "output, wrong type": at("output"),
    "slices, wrong type": at("slices"),
    "features in a list": whole(lambda value: [value], "features", "category"),
    "feature as a map": whole(lambda value: {value: value}, "features", "category"),
    "feature kept_text, in a sentence": sentence("features", "kept_text"),
    "feature category, in a sentence": sentence("features", "category"),
    "slice and its feature": lambda event, value: (at("slices", "category")(event, value), at("features", "category")(event, value)),
} | {f"feature {name}": at("features", name) for name in FEATURE_NAMES}

CLASS_PLACES: dict[str, Put] = {
    "output.class": at("output", "class"),
    "output.probabilities key": key_at("output", "probabilities", under=0.5),
    "output.probabilities value": at("output", "probabilities", "blue"),
}

RANKING_PLACES: dict[str, Put] = {
    "ranking id": whole(lambda value: [{"id": value, "position": 1, "score": 0.5}], "output", "ranking"),
    "ranking id, in a sentence": whole(lambda value: [{"id": f"to \"{value}\"", "position": 1}], "output", "ranking"),
    "ranking unknown key": whole(lambda value: [{"id": "a", "position": 1, value: value}], "output", "ranking"),
    "ranking position, wrong type": whole(lambda value: [{"id": "a", "position": value}], "output", "ranking"),
}

FEEDBACK_PLACES: dict[str, Put] = {
    "feedback id": at("id"),
    "feedback prediction_id": at("prediction_id"),
    "feedback decision_id": at("decision_id"),
    "feedback item": at("item"),
    "feedback entity": at("entity"),
    "feedback name": at("name"),
    "feedback value": at("value"),
    "feedback known_at, wrong": at("known_at"),
    "feedback undeclared": at("undeclared"),
}

HEARTBEAT_PLACES: dict[str, Put] = {
    "heartbeat id": at("id"),
    "heartbeat source": at("source"),
    "heartbeat rows, wrong type": at("rows"),
    "heartbeat data_until, wrong": at("data_until"),
}

CHANGE_PLACES: dict[str, Put] = {
    "change id": at("id"),
    "change what": at("what"),
    "change ref": at("ref"),
    "change undeclared": at("undeclared"),
}


def planted(canaries, kind: str, way: str) -> list[dict]:
    """One event for each place, each with a canary of that kind in it, and a raw subject in all predictions."""
    made = []

    def add(base: dict, places: dict[str, Put], name: str, put: Put) -> None:
        put(base, canaries.new(kind, f"{name} by {way}"))
        made.append(base)

    def named(place: str) -> str:
        return f"{way}-{kind}-{place}".replace(" ", "_")

    for name, put in PREDICTION_PLACES.items():
        base = prediction(named(name))
        base["subject"] = canaries.new("subject", f"subject by {way}")
        add(base, PREDICTION_PLACES, name, put)
    for model, places in (("private-classes", CLASS_PLACES), ("private-ranking", RANKING_PLACES)):
        for name, put in places.items():
            add(prediction(named(name), model), places, name, put)
    for make, places in ((feedback, FEEDBACK_PLACES), (heartbeat, HEARTBEAT_PLACES), (change, CHANGE_PLACES)):
        for name, put in places.items():
            add(make(named(name)), places, name, put)
    subject = prediction(named("subject"))
    subject["subject"] = canaries.new(kind, f"subject by {way}")
    made.append(subject)
    return made


def any_value(value) -> dict:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(inner) for inner in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": any_value(inner)} for key, inner in value.items()]}}
    return {"stringValue": str(value)}


def attributes(pairs: dict) -> list[dict]:
    return [{"key": key, "value": any_value(value)} for key, value in pairs.items()]


def attributes_of(event: dict) -> list[dict]:
    """An event as the attributes of a span."""
    flat: dict = {}
    for key, value in event.items():
        inner = value if isinstance(value, dict) else None
        if key == "features" and inner is not None:
            flat |= {f"quiver.feature.{name}": given for name, given in inner.items()}
        elif key == "slices" and inner is not None:
            flat |= {f"quiver.slice.{name}": given for name, given in inner.items()}
        elif key == "decision" and inner is not None:
            flat |= {f"quiver.{'decided_by' if name == 'by' else name}": given for name, given in inner.items()}
        elif key == "feature_meta" and inner is not None:
            for name, metas in inner.items():
                flat |= {f"quiver.feature_meta.{name}.{field}": given for field, given in metas.items()}
        elif key in ("arm", "cost", "output") and inner is not None:
            flat |= {f"quiver.{key}.{name}": given for name, given in inner.items()}
        elif key == "name":
            flat["quiver.label"] = value
        elif key == "value":
            flat["quiver.label_value"] = value
        else:
            flat[f"quiver.{key}"] = value
    return attributes(flat)


def spans(events: list[dict], extra: Callable[[dict], None] | None = None, trace: int = 1) -> dict:
    """A request of traces as OTLP's JSON; `extra` may change each span."""
    now = int(datetime.now(timezone.utc).timestamp() * 1e9)
    made = []
    for index, event in enumerate(events):
        span = {
            "traceId": f"{trace:016x}{index + 1:016x}",
            "spanId": f"{index + 1:016x}",
            "name": "predict",
            "kind": 1,
            "startTimeUnixNano": str(now - 5_000_000),
            "endTimeUnixNano": str(now),
            "attributes": attributes_of(event),
        }
        if extra:
            extra(span)
        made.append(span)
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "shop"}, "spans": made}]}]}


def logs(events: list[dict]) -> dict:
    """A request of logs as OTLP's JSON: the bodies are the events."""
    now = int(datetime.now(timezone.utc).timestamp() * 1e9)
    records = [
        {"timeUnixNano": str(now), "eventName": "quiver.event", "body": any_value(event), "attributes": attributes({"quiver.model": "private"})}
        for event in events
    ]
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"scope": {"name": "shop"}, "logRecords": records}]}]}


def message_of(request: dict):
    """The same request as a protobuf message; ids are hexadecimal in OTLP's JSON and base64 in protobuf's."""

    def with_ids(value):
        if isinstance(value, list):
            return [with_ids(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        return {
            key: base64.b64encode(bytes.fromhex(inner)).decode() if key in ("traceId", "spanId", "parentSpanId") else with_ids(inner)
            for key, inner in value.items()
        }

    empty = ExportTraceServiceRequest() if "resourceSpans" in request else ExportLogsServiceRequest()
    return json_format.ParseDict(with_ids(request), empty)


def cloudevent(data, **attributes_: str) -> dict:
    event = {"specversion": "1.0", "id": "ce-1", "source": "http://localhost/", "type": "ml.quiver.event", "datacontenttype": "application/json"}
    return event | attributes_ | {"data": data}


def server_event(side: str, name: str, data: dict, **more: str) -> dict:
    """What KServe logs."""
    kind = f"org.kubeflow.serving.inference.{side}"
    attributes_ = {"id": name, "type": kind, "time": instant(datetime.now(timezone.utc)), "inferenceservicename": "private"}
    return cloudevent(data, **(attributes_ | {"component": "predictor"} | more))


def arrow_stream(columns: dict, metadata: dict | None = None, compression: str | None = None) -> bytes:
    table = pyarrow.table(columns)
    if metadata:
        table = table.replace_schema_metadata(metadata)
    sink = io.BytesIO()
    options = pyarrow.ipc.IpcWriteOptions(compression=compression)
    with pyarrow.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def lines(events: list[dict]) -> bytes:
    return b"".join(json.dumps(event, ensure_ascii=index % 2 == 0).encode() + b"\n" for index, event in enumerate(events))
