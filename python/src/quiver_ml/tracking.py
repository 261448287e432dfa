"""Measures a model's call from outside: its latency, its error, its answer; the model's own behaviour never changes."""

from __future__ import annotations

import functools
import inspect
import time
from types import TracebackType
from typing import Any, Callable, Dict, Mapping, Optional, Protocol, Type, TypeVar, cast

from .events import now_text
from .identifiers import new_id

Function = TypeVar("Function", bound=Callable[..., Any])


class _Logs(Protocol):
    def log_prediction(self, **fields: Any) -> str: ...


class Tracking:
    """Logs one prediction for each block or call, with its latency in milliseconds and the type of its error.

    As a context manager it has `id` and `set(...)`; the fields are the arguments of `log_prediction`::

        with quiver_ml.track(features=row, version="7") as prediction:
            prediction.set(score=model.predict(row))

    As a decorator it takes two more: `output`, which is the name of the argument that the result is (such as `score`),
    or a function from the result to arguments; and `features` may be a function from the call's arguments::

        @quiver_ml.track(output="score", features=lambda row: row)
        def predict(row): ...

    An exception passes through untouched. What this class itself cannot do is left out, never raised.
    """

    def __init__(self, client: Callable[[], Any], fields: Mapping[str, Any]) -> None:
        """`client` returns the client at the time it is needed; nothing is logged yet."""
        self._client = client
        self._fields: Dict[str, Any] = dict(fields)
        self._output = self._fields.pop("output", None)
        self._found: Dict[str, Any] = {}
        self._started_seconds = 0.0
        self.id: str = ""
        """The prediction's id, from the block's start."""

    def set(self, **fields: Any) -> None:
        """Adds arguments of `log_prediction`; later ones win."""
        self._found.update(fields)

    def __enter__(self) -> Tracking:
        given = self._fields.get("id")
        self.id = given if isinstance(given, str) and given else new_id() if given is None else str(given)
        self._found = {"at": now_text(), **self._fields, "id": self.id}
        self._started_seconds = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        elapsed_ms = (time.perf_counter() - self._started_seconds) * 1_000
        # A generator that is closed early has not failed.
        if kind is not None and not issubclass(kind, GeneratorExit):
            self._found.setdefault("error", kind.__qualname__)
        self._found.setdefault("latency_ms", elapsed_ms)
        cast(_Logs, self._client()).log_prediction(**self._found)

    def __call__(self, function: Function) -> Function:
        """Returns the function, tracked at each call; a coroutine function is tracked until it returns."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def tracked_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._of_call(args, kwargs) as tracking:
                    result = await function(*args, **kwargs)
                    tracking._measure(result)
                return result

            return cast(Function, tracked_coroutine)

        @functools.wraps(function)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with self._of_call(args, kwargs) as tracking:
                result = function(*args, **kwargs)
                tracking._measure(result)
            return result

        return cast(Function, tracked)

    def _of_call(self, args: Any, kwargs: Any) -> Tracking:
        """A tracking of its own for each call, because calls overlap."""
        fields = dict(self._fields)
        features = fields.get("features")
        if callable(features) and not isinstance(features, Mapping):
            try:
                fields["features"] = features(*args, **kwargs)
            except Exception:
                # The client counts a wrong type; the call goes on.
                fields["features"] = _UNUSABLE
        tracking = Tracking(self._client, fields)
        tracking._output = self._output
        return tracking

    def _measure(self, result: Any) -> None:
        """Notes the latency before the output is made of the result, which is not the model's time."""
        self._found["latency_ms"] = (time.perf_counter() - self._started_seconds) * 1_000
        if isinstance(self._output, str):
            self._found[self._output] = result
        elif callable(self._output):
            try:
                self._found.update({str(name): value for name, value in self._output(result).items()})
            except Exception:
                self._found["score"] = _UNUSABLE


class _Unusable:
    """Stands for what a caller's function failed to make."""


_UNUSABLE = _Unusable()
