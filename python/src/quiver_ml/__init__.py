"""Sends what a model does to Quiver: predictions, feedback, heartbeats and changes; never waits, never raises.

::

    import quiver_ml

    quiver_ml.init("http://127.0.0.1:8600", model="flight-delay", key="qvr_…")
    id = quiver_ml.log_prediction(features={"carrier": "UA", "distance": 1400.0}, score=0.81)
    quiver_ml.log_feedback(id, name="late", value=1)
"""

from __future__ import annotations

import functools
import inspect
import os
import ssl
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union

from .client import MEBIBYTE, Client
from .counters import Statistics
from .events import Arm, Calls, Cost, Decision, FeatureCost, FeatureMeta, Instant, RankedItem
from .identifiers import uuid7
from .tracking import Tracking
from .transport import VERSION

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    from .client import Mode

    Parameters = ParamSpec("Parameters")

Result = TypeVar("Result")

__version__ = VERSION

__all__ = [
    "Arm",
    "Calls",
    "Client",
    "Cost",
    "Decision",
    "FeatureCost",
    "FeatureMeta",
    "Instant",
    "RankedItem",
    "Statistics",
    "Tracking",
    "change",
    "close",
    "flush",
    "heartbeat",
    "init",
    "log_feedback",
    "log_prediction",
    "prediction_timer",
    "stats",
    "track",
    "uuid7",
]

# Before `init` events are dropped and counted like any others: a model that forgot it still runs.
_client = Client()
_client._refuse_all("not_initialised")


def init(
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
) -> Client:
    """Makes the client that the functions of this module use, closes the one before, and returns the new one.

    The arguments are those of `Client`. Raises ValueError for a mode, URL, key or bound that can never work.
    """
    global _client
    made = Client(
        url,
        model,
        key,
        mode,
        file,
        queue_events=queue_events,
        queue_bytes=queue_bytes,
        batch_events=batch_events,
        batch_bytes=batch_bytes,
        event_bytes=event_bytes,
        linger_seconds=linger_seconds,
        max_retries=max_retries,
        first_retry_seconds=first_retry_seconds,
        longest_retry_seconds=longest_retry_seconds,
        request_timeout_seconds=request_timeout_seconds,
        ssl_context=ssl_context,
    )
    before, _client = _client, made
    before.close()
    return made


def _forward(method: Callable[Concatenate[Client, Parameters], Result]) -> Callable[Parameters, Result]:
    """The method, called on the client that `init` made."""

    @functools.wraps(method)
    def forwarded(*args: Any, **kwargs: Any) -> Result:
        return method(_client, *args, **kwargs)

    signature = inspect.signature(method)
    bound = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    forwarded.__signature__ = signature.replace(parameters=bound)  # type: ignore[attr-defined]
    forwarded.__module__ = __name__
    return forwarded


log_prediction = _forward(Client.log_prediction)
log_feedback = _forward(Client.log_feedback)
heartbeat = _forward(Client.heartbeat)
change = _forward(Client.change)
flush = _forward(Client.flush)
stats = _forward(Client.stats)
close = _forward(Client.close)


def track(**fields: Any) -> Tracking:
    """Returns a context manager and decorator that logs a prediction with its latency; see `Tracking`."""
    return Tracking(lambda: _client, fields)


prediction_timer = track
