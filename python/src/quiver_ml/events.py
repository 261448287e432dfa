"""Builds the four kinds of event and writes each as one line of NDJSON; sends nothing."""

import datetime
import json
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, TypedDict, Union

from .values import Converter, Unusable, mapping

# The server's own bound on the features of one prediction.
MAX_FEATURES = 2_000

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

DECIDERS = ("model", "rule", "guardrail", "fallback")
STATUSES = ("ok", "missing", "default", "stale")

Instant = Union[datetime.datetime, datetime.date, str, float]
"""A datetime (without a zone: local time), a date (local midnight), RFC 3339 text, or seconds since 1970."""


class Decision(TypedDict, total=False):
    """What was done with the model's answer."""

    action: str
    """The action taken."""
    model_action: str
    """The action the model alone would have taken."""
    by: str
    """Who decided: `model`, `rule`, `guardrail` or `fallback`."""
    rule: str
    """The rule's name, where a rule decided."""


class Arm(TypedDict, total=False):
    """Which version of a split served a request."""

    assigned: str
    """The arm the split chose."""
    served: str
    """The arm whose answer was used."""
    propensity: float
    """The probability with which the arm was chosen, 0 to 1."""
    config: str
    """The split's configuration, as a hash."""


class FeatureCost(TypedDict, total=False):
    """What fetching one feature cost: milliseconds, calls, bytes."""

    ms: float
    calls: float
    bytes: float


class FeatureMeta(TypedDict, total=False):
    """How one feature value came to be."""

    event_at: Instant
    """When the raw event behind the value happened."""
    computed_at: Instant
    """When the value was computed."""
    status: str
    """`ok`, `missing`, `default` or `stale`; Quiver derives it where it is absent."""
    source: str
    """The source the value came from, as in the spec."""
    cost: FeatureCost


class Calls(TypedDict, total=False):
    """Calls to one external service: how many, and milliseconds spent."""

    n: float
    ms: float


class Cost(TypedDict, total=False):
    """What one prediction cost."""

    cpu_ms: float
    gpu_ms: float
    memory_mb: float
    bytes: float
    tokens_in: float
    tokens_out: float
    calls: Mapping[str, Union[Calls, float]]
    """By service; a bare number is how many calls."""


class RankedItem(TypedDict, total=False):
    """One item of a ranking; the position counts from 1."""

    id: str
    position: int
    score: float


def now_text() -> str:
    """Returns the current instant as RFC 3339 text in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def to_line(event: Mapping[str, Any], limit_bytes: int) -> bytes:
    """Writes an event as one line with its line feed. Raises Unusable when it is longer than the limit."""
    present = {key: value for key, value in event.items() if value is not None}
    text = _ENCODER.encode(present)
    # Half a surrogate pair has no UTF-8 and would make the line unreadable.
    line = text.encode("utf-8", "replace") + b"\n"
    if len(line) > limit_bytes:
        raise Unusable("too_large")
    return line


def prediction(converter: Converter, model: Optional[str], id_text: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Builds a prediction from the arguments of `log_prediction`. Raises Unusable."""
    event = _head(converter, "prediction", model, id_text, fields)
    for name in ("version", "request_type", "decision_id", "trace_id", "subject"):
        event[name] = converter.text(fields.get(name), name)
    event["arm"] = _arm(converter, fields.get("arm"))
    features = fields.get("features")
    if features is not None:
        found = converter.features(features)
        if len(found) > MAX_FEATURES:
            raise Unusable("too_many_features", "features")
        event["features"] = found
    event["feature_meta"] = _feature_meta(converter, fields.get("feature_meta"))
    event["output"] = _output(converter, fields)
    event["decision"] = _decision(converter, fields.get("decision"))
    latency = fields.get("latency_ms")
    if isinstance(latency, datetime.timedelta):
        latency = latency.total_seconds() * 1_000
    event["latency_ms"] = converter.number(latency, "latency_ms")
    event["error"] = error_text(converter, fields.get("error"))
    event["cost"] = _cost(converter, fields.get("cost"))
    event["slices"] = _texts(converter, fields.get("slices"), "slices")
    return event


def feedback(converter: Converter, model: Optional[str], id_text: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Builds a feedback from the arguments of `log_feedback`. Raises Unusable."""
    event = _head(converter, "feedback", model, id_text, fields)
    for name in ("prediction_id", "decision_id", "item", "entity", "name"):
        event[name] = converter.text(fields.get(name), name)
    if event["prediction_id"] is None and event["decision_id"] is None and event["entity"] is None:
        raise Unusable("no_target", "prediction_id")
    event["known_at"] = converter.instant(fields.get("known_at"), "known_at")
    value = converter.value(fields.get("value"))
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    # A missing label is NaN in a data frame: nothing is known yet, so there is nothing to send.
    if value is None or value in ("NaN", "Infinity", "-Infinity") and not isinstance(fields.get("value"), str):
        raise Unusable("no_value", "value")
    if isinstance(value, (list, dict)):
        raise Unusable("wrong_type", "value")
    event["value"] = value
    return event


def heartbeat(converter: Converter, model: Optional[str], id_text: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Builds a heartbeat from the arguments of `heartbeat`. Raises Unusable."""
    event = _head(converter, "heartbeat", model, id_text, fields)
    event["source"] = _required(converter, fields, "source")
    event["data_until"] = converter.instant(fields.get("data_until"), "data_until")
    rows = converter.number(fields.get("rows"), "rows")
    if rows is not None and (rows < 0 or rows != int(rows)):
        raise Unusable("wrong_type", "rows")
    event["rows"] = None if rows is None else int(rows)
    return event


def change(converter: Converter, model: Optional[str], id_text: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Builds a change from the arguments of `change`. Raises Unusable."""
    event = _head(converter, "change", model, id_text, fields)
    event["what"] = _required(converter, fields, "what")
    event["ref"] = converter.text(fields.get("ref"), "ref")
    return event


def error_text(converter: Converter, given: Any) -> Optional[str]:
    """Returns an error's text; of an exception only its type, because messages repeat inputs."""
    if isinstance(given, BaseException):
        given = type(given)
    if isinstance(given, type):
        return given.__qualname__
    return converter.text(given, "error")


def _head(
    converter: Converter, kind: str, model: Optional[str], id_text: str, fields: Mapping[str, Any]
) -> Dict[str, Any]:
    name = converter.text(fields.get("model"), "model") or model
    if not name:
        raise Unusable("no_model", "model")
    at = converter.instant(fields.get("at"), "at") or now_text()
    return {"kind": kind, "model": name, "id": id_text, "at": at}


def _required(converter: Converter, fields: Mapping[str, Any], name: str) -> str:
    found = converter.text(fields.get(name), name)
    if not found:
        raise Unusable("missing_argument", name)
    return found


def _present(fields: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """The fields that have a value; nothing where none has."""
    found = {name: value for name, value in fields.items() if value is not None}
    return found or None


def _output(converter: Converter, fields: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    return _present(
        {
            "score": converter.number(fields.get("score"), "score"),
            "value": converter.number(fields.get("value"), "value"),
            "class": converter.text(fields.get("class_"), "class_"),
            "probabilities": _numbers(converter, fields.get("probabilities"), "probabilities"),
            "ranking": _ranking(converter, fields.get("ranking")),
            "text": converter.text(fields.get("text"), "text"),
            "embedding": _vector(converter, fields.get("embedding")),
        }
    )


def _pairs(converter: Converter, given: Any, argument: str) -> Iterable[Tuple[str, Any]]:
    for key, value in mapping(given, argument).items():
        name = converter.text(key, argument)
        if name is not None:
            yield name, value


def _texts(converter: Converter, given: Any, argument: str) -> Optional[Dict[str, Any]]:
    if given is None:
        return None
    return _present({name: converter.text(value, argument) for name, value in _pairs(converter, given, argument)})


def _numbers(converter: Converter, given: Any, argument: str) -> Optional[Dict[str, Any]]:
    if given is None:
        return None
    return _present({name: converter.number(value, argument) for name, value in _pairs(converter, given, argument)})


def _vector(converter: Converter, given: Any) -> Optional[List[float]]:
    """A vector; one with a number missing has no meaning and is left out, as the server would refuse the event."""
    if given is None:
        return None
    plain = converter.value(given)
    if not isinstance(plain, list):
        raise Unusable("wrong_type", "embedding")
    if len(plain) == 1 and isinstance(plain[0], list):
        plain = plain[0]
    if any(number in ("NaN", "Infinity", "-Infinity") for number in plain):
        converter.non_finite += 1
        return None
    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in plain):
        raise Unusable("wrong_type", "embedding")
    return plain


def _ranking(converter: Converter, given: Any) -> Optional[List[Dict[str, Any]]]:
    """Ranked items, best first: mappings, or bare ids whose positions are their order."""
    if given is None:
        return None
    if isinstance(given, (str, bytes)):
        raise Unusable("wrong_type", "ranking")
    plain = given if isinstance(given, (list, tuple)) else converter.value(given)
    if not isinstance(plain, (list, tuple)):
        raise Unusable("wrong_type", "ranking")
    ranking = []
    for index, item in enumerate(plain):
        fields = item if isinstance(item, Mapping) else {"id": item}
        name = converter.text(fields.get("id"), "ranking")
        position = converter.number(fields.get("position", index + 1), "ranking")
        if name is None or position is None or position < 1 or position != int(position):
            raise Unusable("wrong_type", "ranking")
        score = converter.number(fields.get("score"), "ranking")
        ranking.append(_present({"id": name, "position": int(position), "score": score}) or {})
    return ranking


def _arm(converter: Converter, given: Any) -> Optional[Dict[str, Any]]:
    if given is None:
        return None
    if isinstance(given, str):
        given = {"assigned": given, "served": given}
    fields = mapping(given, "arm")
    arm: Dict[str, Any] = {name: converter.text(fields.get(name), "arm") for name in ("assigned", "served", "config")}
    arm["propensity"] = converter.number(fields.get("propensity"), "arm")
    return _present(arm)


def _decision(converter: Converter, given: Any) -> Optional[Dict[str, Any]]:
    if given is None:
        return None
    if isinstance(given, str):
        given = {"action": given}
    fields = mapping(given, "decision")
    names = ("action", "model_action", "by", "rule")
    decision = {name: converter.text(fields.get(name), "decision") for name in names}
    if decision["by"] is not None and decision["by"] not in DECIDERS:
        raise Unusable("unknown_word", "decision")
    return _present(decision)


def _feature_meta(converter: Converter, given: Any) -> Optional[Dict[str, Any]]:
    if given is None:
        return None
    found: Dict[str, Any] = {}
    for name, item in _pairs(converter, given, "feature_meta"):
        fields = mapping(item, "feature_meta")
        status = converter.text(fields.get("status"), "feature_meta")
        if status is not None and status not in STATUSES:
            raise Unusable("unknown_word", "feature_meta")
        meta = {
            "event_at": converter.instant(fields.get("event_at"), "feature_meta"),
            "computed_at": converter.instant(fields.get("computed_at"), "feature_meta"),
            "status": status,
            "source": converter.text(fields.get("source"), "feature_meta"),
            "cost": _numbers(converter, fields.get("cost"), "feature_meta"),
        }
        found[name] = _present(meta)
    return _present(found)


def _cost(converter: Converter, given: Any) -> Optional[Dict[str, Any]]:
    if given is None:
        return None
    fields = dict(mapping(given, "cost"))
    services = fields.pop("calls", None)
    cost = _numbers(converter, fields, "cost") or {}
    if services is not None:
        calls = {}
        for name, item in _pairs(converter, services, "cost"):
            counted = item if isinstance(item, Mapping) else {"n": item}
            calls[name] = _numbers(converter, counted, "cost")
        cost["calls"] = _present(calls)
    return _present(cost)
