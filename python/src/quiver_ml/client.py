"""The client: takes what a model did from its threads, never waiting and never raising, and hands it to the sender."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import inspect
import math
import os
import ssl
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence, Set, Union, cast

from . import events
from .counters import Counters, Statistics
from .events import Arm, Cost, Decision, FeatureMeta, Instant, RankedItem
from .identifiers import new_id
from .queue import EventQueue
from .sender import Policy, Sender, Transport
from .tracking import Tracking
from .transport import FileTransport, HttpTransport
from .values import Converter, Unusable

if TYPE_CHECKING:
    import datetime

    from typing_extensions import Concatenate, Literal, ParamSpec

    Parameters = ParamSpec("Parameters")
    Mode = Literal["online", "offline", "disabled"]
    Build = Callable[[Converter, Optional[str], str, Mapping[str, Any]], Mapping[str, Any]]

MODES = ("online", "offline", "disabled")
MEBIBYTE = 1024 * 1024
EXIT_SECONDS = 1.5


def _guarded(
    method: Callable[Concatenate[Client, Parameters], str],
) -> Callable[Concatenate[Client, Parameters], str]:
    """Counts what a caller does wrong, instead of raising into the model."""
    known = frozenset(inspect.signature(method).parameters)

    @functools.wraps(method)
    def guarded(self: Client, /, *args: Any, **kwargs: Any) -> str:
        pipeline = self._pipeline
        if pipeline is None:
            return _given_id(kwargs)
        counters = pipeline.counters
        counters.add("logged")
        if self._refusal is not None:
            counters.drop(self._refusal)
            return _given_id(kwargs)
        try:
            if not known.issuperset(kwargs):
                unknown = [name for name in kwargs if name not in known]
                counters.add("unknown_arguments", len(unknown))
                for name in unknown:
                    del kwargs[name]
                # The names are code, not data, yet a caller may spread a map of content into them.
                counters.warn_once(
                    f"unknown {method.__name__}", "%s ignores %d unknown arguments", method.__name__, len(unknown)
                )
            return method(self, *args, **kwargs)
        except Unusable as refusal:
            reason, about = refusal.reason, refusal.argument
        except Exception as error:
            reason, about = "invalid_arguments", type(error).__name__
        counters.drop(reason, 1, f"{method.__name__} {about}".rstrip())
        return _given_id(kwargs)

    return cast("Callable[Concatenate[Client, Parameters], str]", guarded)


def _given_id(arguments: Mapping[str, Any]) -> str:
    given = arguments.get("id")
    return str(given) if isinstance(given, (str, int, uuid.UUID)) and given != "" else new_id()


@dataclasses.dataclass(frozen=True)
class _Pipeline:
    counters: Counters
    queue: EventQueue
    sender: Sender


class Client:
    """Logs to one Quiver server or file. All of its methods can be called from any thread; none waits but `flush`
    and `close`; none raises but the constructor."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8600",
        model: Optional[str] = None,
        key: Optional[str] = None,
        mode: Mode = "online",
        file: Union[None, str, os.PathLike[str]] = None,
        *,
        queue_events: int = 10_000,
        queue_bytes: int = 16 * MEBIBYTE,
        batch_events: int = 1_000,
        batch_bytes: int = MEBIBYTE,
        event_bytes: int = MEBIBYTE,
        linger_seconds: float = 1.0,
        max_retries: int = 8,
        first_retry_seconds: float = 0.5,
        longest_retry_seconds: float = 30.0,
        request_timeout_seconds: float = 10.0,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        """Makes a client; connects to nothing, and starts its thread with the first event.

        `url` is the server's base; `model` the default model; `key` an ingest key. `mode` is `online`; `offline`,
        which appends NDJSON to `file` for `quiver tail` and `quiver replay`; or `disabled`, which does nothing.
        Beyond `queue_events` or `queue_bytes` new events are dropped and counted; an event longer than `event_bytes`
        is, too. A batch holds at most `batch_events` and `batch_bytes` and waits at most `linger_seconds`. A batch
        that cannot be delivered is tried `max_retries` times more, first after `first_retry_seconds`, then after
        twice that, up to `longest_retry_seconds`, or when the server's `Retry-After` says.

        Raises ValueError for a mode, URL, key or bound that can never work.
        """
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        if mode == "offline" and not file:
            raise ValueError("mode `offline` needs a file")
        counts = {
            "queue_events": queue_events,
            "queue_bytes": queue_bytes,
            "batch_events": batch_events,
            "batch_bytes": batch_bytes,
            "event_bytes": event_bytes,
        }
        for name, count in counts.items():
            if not isinstance(count, int) or count < 1:
                raise ValueError(f"{name} must be a whole number of at least 1")
        waits = {
            "linger_seconds": linger_seconds,
            "max_retries": max_retries,
            "first_retry_seconds": first_retry_seconds,
            "longest_retry_seconds": longest_retry_seconds,
        }
        for name, wait in waits.items():
            if not isinstance(wait, (int, float)) or not 0 <= wait < math.inf:
                raise ValueError(f"{name} must be a number of at least 0")
        if not isinstance(request_timeout_seconds, (int, float)) or not 0 < request_timeout_seconds < math.inf:
            raise ValueError("request_timeout_seconds must be a number above 0")
        self._model = model
        self._event_bytes = event_bytes
        self._mode = mode
        self._refusal: Optional[str] = None
        # A file is written at once: nobody is spared a request by waiting.
        linger_seconds = linger_seconds if mode == "online" else 0.0
        policy = Policy(
            batch_events,
            batch_bytes,
            linger_seconds,
            max_retries,
            first_retry_seconds,
            longest_retry_seconds,
            request_timeout_seconds,
        )

        def make_transport() -> Transport:
            return FileTransport(file) if mode == "offline" and file else HttpTransport(url, key, ssl_context)

        def make_pipeline() -> _Pipeline:
            counters, queue = Counters(), EventQueue(queue_events, queue_bytes)
            return _Pipeline(counters, queue, Sender(queue, make_transport(), counters, policy))

        self._make_pipeline = make_pipeline
        self._pipeline = make_pipeline() if mode != "disabled" else None
        if self._pipeline is not None:
            with _CLIENTS_LOCK:
                _CLIENTS.add(self)
                _OPEN.add(self)

    @_guarded
    def log_prediction(
        self,
        *,
        model: Optional[str] = None,
        id: Union[None, str, uuid.UUID] = None,
        at: Optional[Instant] = None,
        version: Optional[str] = None,
        features: Optional[Mapping[str, Any]] = None,
        feature_meta: Optional[Mapping[str, FeatureMeta]] = None,
        score: Optional[float] = None,
        value: Optional[float] = None,
        class_: Union[None, str, int] = None,
        probabilities: Optional[Mapping[str, float]] = None,
        ranking: Optional[Sequence[Union[RankedItem, str]]] = None,
        text: Optional[str] = None,
        embedding: Optional[Sequence[float]] = None,
        decision: Union[None, str, Decision] = None,
        latency_ms: Union[None, float, datetime.timedelta] = None,
        error: Union[None, str, BaseException] = None,
        cost: Optional[Cost] = None,
        slices: Optional[Mapping[str, Any]] = None,
        subject: Optional[str] = None,
        arm: Union[None, str, Arm] = None,
        decision_id: Optional[str] = None,
        trace_id: Optional[str] = None,
        request_type: Optional[str] = None,
    ) -> str:
        """Logs what a model answered, and returns the prediction's id, which feedback names later.

        `at` is now and `id` a new UUIDv7 where they are absent. `features` are values by name, or a row of a data
        frame; None means no value, NaN is sent as NaN. The answer is one of `score` (a binary model's probability),
        `value`, `class_` with `probabilities` by class, `ranking` (best first), `text` or `embedding`. `latency_ms`
        is in milliseconds; of an exception in `error` only the type is sent. `subject` is hashed by the server.
        An event that cannot be used is dropped and counted in `stats()`.
        """
        # At the first line of a method its locals are its arguments.
        return self._log(events.prediction, locals())

    @_guarded
    def log_feedback(
        self,
        prediction_id: Union[None, str, uuid.UUID] = None,
        *,
        decision_id: Optional[str] = None,
        entity: Optional[str] = None,
        item: Optional[str] = None,
        name: Optional[str] = None,
        value: Union[None, float, bool, str] = None,
        at: Optional[Instant] = None,
        known_at: Optional[Instant] = None,
        id: Union[None, str, uuid.UUID] = None,
        model: Optional[str] = None,
    ) -> str:
        """Logs a label, an outcome or a rating, and returns the feedback's id.

        It speaks of a prediction, a decision or an entity key of the spec, and of one `item` of a ranking. `name` is
        the label's name in the spec; `value` a number, a truth value or a class. `at` is when it happened (now where
        it is absent), `known_at` when it became known. A missing value (None, NaN) is dropped and counted.
        """
        return self._log(events.feedback, locals())

    @_guarded
    def heartbeat(
        self,
        source: str,
        *,
        data_until: Optional[Instant] = None,
        rows: Optional[int] = None,
        at: Optional[Instant] = None,
        id: Union[None, str, uuid.UUID] = None,
        model: Optional[str] = None,
    ) -> str:
        """Logs that a source of features was refreshed, and returns the event's id.

        `data_until` is when the newest raw event it now holds happened; `rows` how many rows were refreshed.
        """
        return self._log(events.heartbeat, locals())

    @_guarded
    def change(
        self,
        what: str,
        *,
        ref: Optional[str] = None,
        at: Optional[Instant] = None,
        id: Union[None, str, uuid.UUID] = None,
        model: Optional[str] = None,
    ) -> str:
        """Logs a change around the model, and returns the event's id.

        `what` is `deploy`, `pipeline`, `rule`, `campaign` or `infrastructure`; `ref` names it, such as a version.
        """
        return self._log(events.change, locals())

    def track(self, **fields: Any) -> Tracking:
        """Returns a context manager and decorator that logs a prediction with its latency; see `Tracking`."""
        return Tracking(lambda: self, fields)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Sends what is queued without delay and waits for it.

        True when every usable event since the last flush was delivered; false when time ran out, or when some were
        given up or found the queue full.
        """
        pipeline = self._pipeline
        return pipeline is None or pipeline.queue.flush(_seconds(timeout_seconds))

    def stats(self) -> Statistics:
        """Returns what became of everything logged so far, in this process."""
        pipeline = self._pipeline
        if pipeline is None:
            return Counters().statistics(0, 0)
        return pipeline.counters.statistics(pipeline.queue.events, pipeline.queue.bytes)

    def close(self, timeout_seconds: float = EXIT_SECONDS) -> None:
        """Delivers what is queued for at most `timeout_seconds`, then ends; later events are dropped as `closed`."""
        deadline = time.monotonic() + _seconds(timeout_seconds)
        self._begin_close(deadline)
        self._finish_close()

    def __enter__(self) -> Client:
        """The client itself; it is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client(model={self._model!r}, mode={self._mode!r})"

    def _log(self, build: Build, fields: Mapping[str, Any]) -> str:
        pipeline = self._pipeline
        if pipeline is None:
            return _given_id(fields)
        counters = pipeline.counters
        converter = Converter(self._event_bytes)
        id_text = converter.text(fields.get("id"), "id") or new_id()
        event = build(converter, self._model, id_text, fields)
        line = events.to_line(event, self._event_bytes)
        if converter.non_finite:
            counters.add("non_finite", converter.non_finite)
            counters.warn_once("non_finite", "NaN or infinite numbers outside features are left out")
        if converter.unconvertible:
            counters.add("unconvertible", len(converter.unconvertible))
            counters.warn_once(
                "unconvertible", "values of type %s are no JSON and become null", converter.unconvertible[0]
            )
        refused = pipeline.queue.put(line)
        if refused is not None:
            counters.drop(refused)
        elif not pipeline.sender.start():
            pipeline.sender.give_up_waiting("no_thread")
        return id_text

    def _refuse_all(self, reason: str) -> None:
        self._refusal = reason
        if self._pipeline is not None:
            self._pipeline.queue.close(reason)
        with _CLIENTS_LOCK:
            _OPEN.discard(self)

    def _begin_close(self, deadline: float) -> None:
        self._refusal = self._refusal or "closed"
        if self._pipeline is not None:
            self._pipeline.sender.begin_close(deadline)

    def _finish_close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.sender.finish_close()
        with _CLIENTS_LOCK:
            _OPEN.discard(self)

    def _after_fork(self) -> None:
        """In a forked child the thread is gone, locks may be held for ever, and the parent sends what was queued."""
        if self._pipeline is not None:
            self._pipeline = self._make_pipeline()
            if self._refusal is not None:
                self._pipeline.queue.close(self._refusal)


def _seconds(given: float) -> float:
    """A wait, in seconds, that can be waited for; nonsense is no wait, because nothing raises into the model."""
    try:
        return min(max(0.0, float(given)), threading.TIMEOUT_MAX / 2)
    except (TypeError, ValueError, OverflowError):
        return 0.0


_CLIENTS_LOCK = threading.Lock()
# All clients with a pipeline, for forks; those not yet closed are kept alive, so that the exit can flush them.
_CLIENTS: weakref.WeakSet[Client] = weakref.WeakSet()
_OPEN: Set[Client] = set()


def _close_all() -> None:
    with _CLIENTS_LOCK:
        clients = list(_OPEN)
    # One deadline for all, so that several clients do not add up.
    deadline = time.monotonic() + EXIT_SECONDS
    for client in clients:
        client._begin_close(deadline)
    for client in clients:
        client._finish_close()


def _reset_all_after_fork() -> None:
    global _CLIENTS_LOCK
    _CLIENTS_LOCK = threading.Lock()
    for client in list(_CLIENTS):
        client._after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all_after_fork)
