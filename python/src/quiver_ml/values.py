"""Turns Python values into what Quiver reads as JSON; knows numpy and pandas by their methods only."""

import collections.abc
import datetime
import decimal
import enum
import fractions
import math
import numbers
import uuid
from typing import Any, Dict, List, Optional, Union

Json = Union[None, bool, int, float, str, List[Any], Dict[str, Any]]

# The server refuses an event nested deeper than 32; an event and its features are two of them.
MAX_DEPTH = 30

# Numbers up to here, which NaN is not, are JSON as they are.
MAX_PLAIN = 1 << 62


class Unusable(Exception):
    """An argument of which no event can be made; carries a reason to count and the argument's name, no content."""

    def __init__(self, reason: str, argument: str = "") -> None:
        super().__init__(f"{reason} in `{argument}`" if argument else reason)
        self.reason = reason
        self.argument = argument


class Converter:
    """Converts the values of one event, and notes what was lost; `limit_bytes` bounds the work done for it."""

    def __init__(self, limit_bytes: int) -> None:
        self._left_bytes = limit_bytes
        self.non_finite = 0
        """NaN and infinite numbers outside features; they became null, or were left out of a map or vector."""
        self.unconvertible: List[str] = []
        """Type names of feature values that JSON cannot hold; they became null."""

    def value(self, given: Any, depth: int = 0) -> Json:
        """Returns a feature's value: NaN and the infinities become the texts `NaN`, `Infinity` and `-Infinity`.

        A bare NaN would make the whole line unreadable, and null would say that there is no value.
        Raises Unusable when the value is nested too deeply or too large.
        """
        self._spend(1)
        kind = type(given)
        # What most values are, without asking for all that they might be.
        if kind is int and -MAX_PLAIN <= given <= MAX_PLAIN or kind is float and -MAX_PLAIN <= given <= MAX_PLAIN:
            return given  # type: ignore[no-any-return]
        if given is None or given is True or given is False:
            return given
        if isinstance(given, enum.Enum):
            return self.value(given.value, depth + 1)
        if isinstance(given, str):
            self._spend(len(given))
            return str.__str__(given)
        if isinstance(given, (int, float, decimal.Decimal, fractions.Fraction)):
            return _real(given)
        if isinstance(given, datetime.datetime):
            return _instant_text(given)
        if isinstance(given, datetime.date):
            return given.isoformat()
        if isinstance(given, datetime.timedelta):
            return _seconds(given)
        if isinstance(given, uuid.UUID):
            return str(given)
        if isinstance(given, (bytes, bytearray)):
            self._spend(len(given))
            return given.decode("utf-8", "replace")
        if depth >= MAX_DEPTH:
            raise Unusable("too_deep")
        if isinstance(given, collections.abc.Mapping):
            return self._map(given, depth)
        if isinstance(given, (list, tuple, collections.abc.Set, collections.abc.Sequence)):
            self._spend(len(given))
            return [self.value(item, depth + 1) for item in given]
        return self._foreign(given, depth)

    def _map(self, given: Any, depth: int) -> Json:
        found: Dict[str, Any] = {}
        self._spend(len(given))
        for key, item in given.items():
            name = key if isinstance(key, str) else scalar_text(key)
            if name is None:
                self.unconvertible.append(f"key {type(key).__name__}")
                continue
            self._left_bytes -= len(name)
            found[str.__str__(name)] = self.value(item, depth + 1)
        return found

    def _foreign(self, given: Any, depth: int) -> Json:
        """A value of another library."""
        plain = self._plain(given)
        if plain is given:
            self.unconvertible.append(type(given).__name__)
            return None
        return self.value(plain, depth + 1)

    def _plain(self, given: Any) -> Any:
        """The Python value that a value of another library stands for; itself where there is none."""
        if isinstance(given, type):
            return given
        if type(given).__name__ == "NAType":
            return None
        kind = getattr(getattr(given, "dtype", None), "kind", "")
        if kind in ("M", "m") and callable(getattr(given, "astype", None)) and hasattr(given, "tolist"):
            # Nanoseconds would come out as bare integers.
            given = given.astype("datetime64[us]" if kind == "M" else "timedelta64[us]")
        size = getattr(given, "size", None)
        if isinstance(size, int) and not isinstance(size, bool):
            self._spend(size)
        for method in ("tolist", "item", "isoformat"):
            call = getattr(given, method, None)
            if callable(call):
                return call()
        if isinstance(given, numbers.Real):
            return float(given)
        return given

    def _spend(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise Unusable("too_large")

    def features(self, given: Any) -> Dict[str, Any]:
        """Returns features by name, from a mapping, a pandas Series, or a pandas DataFrame of one row."""
        named = mapping(given, "features")
        return self.value(named)  # type: ignore[return-value]

    def number(self, given: Any, argument: str) -> Optional[float]:
        """Returns a number of the event's own keys; a vector of one is that one; NaN and the infinities are null."""
        if given is None:
            return None
        plain = given
        for _ in range(4):
            if isinstance(plain, (list, tuple)) and len(plain) == 1:
                plain = plain[0]
            elif _is_foreign(plain):
                plain = self._plain(plain)
            else:
                break
        if plain is None:
            return None
        if isinstance(plain, datetime.timedelta):
            raise Unusable("wrong_type", argument)
        if not isinstance(plain, (int, float, decimal.Decimal, fractions.Fraction)):
            raise Unusable("wrong_type", argument)
        found = _real(plain)
        if isinstance(found, str):
            self.non_finite += 1
            return None
        return int(found) if isinstance(found, bool) else found

    def text(self, given: Any, argument: str) -> Optional[str]:
        """Returns a text of the event's own keys, such as an id: numbers and truth values are names too."""
        if given is None:
            return None
        found = scalar_text(self._plain(given) if _is_foreign(given) else given)
        if found is None and not _is_nothing(given):
            raise Unusable("wrong_type", argument)
        if found is not None:
            self._spend(len(found))
        return found

    def instant(self, given: Any, argument: str) -> Optional[str]:
        """Returns an instant as RFC 3339 text in UTC.

        Takes a datetime (without a zone it is local time), a date (its local midnight), a number (seconds since
        1970), or a text, which is passed on as it is. Raises Unusable where there is no such instant.
        """
        plain = self._plain(given) if _is_foreign(given) else given
        try:
            if plain is None:
                return None
            if isinstance(plain, str):
                return str.__str__(plain)
            if isinstance(plain, datetime.datetime):
                return _instant_text(plain)
            if isinstance(plain, datetime.date):
                return _instant_text(datetime.datetime(plain.year, plain.month, plain.day))
            if isinstance(plain, (int, float)) and not isinstance(plain, bool):
                return _instant_text(datetime.datetime.fromtimestamp(plain, datetime.timezone.utc))
        except (ValueError, OverflowError, OSError):
            raise Unusable("not_a_time", argument) from None
        raise Unusable("not_a_time", argument)


def mapping(given: Any, argument: str) -> Any:
    """Returns `given` as a mapping; a Series or a DataFrame of one row is one. Raises Unusable where it is none."""
    if isinstance(given, collections.abc.Mapping):
        return given
    to_dict = getattr(given, "to_dict", None)
    if callable(to_dict):
        if getattr(given, "ndim", 1) == 2:
            if len(given) != 1:
                raise Unusable("not_one_row", argument)
            return to_dict("records")[0]
        found = to_dict()
        if isinstance(found, collections.abc.Mapping):
            return found
    raise Unusable("wrong_type", argument)


def scalar_text(given: Any) -> Optional[str]:
    """Returns the text that names a scalar, whole floats without `.0`; nothing where it is no scalar or no value."""
    if isinstance(given, enum.Enum):
        return scalar_text(given.value)
    if isinstance(given, str):
        return str.__str__(given)
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, float, decimal.Decimal)):
        found = _real(given)
        if isinstance(found, str):
            return None
        return str(int(found)) if isinstance(found, float) and found.is_integer() and abs(found) < 1e15 else str(found)
    if isinstance(given, datetime.datetime):
        return _instant_text(given)
    if isinstance(given, (datetime.date, datetime.time)):
        return given.isoformat()
    if isinstance(given, uuid.UUID):
        return str(given)
    if isinstance(given, (bytes, bytearray)):
        return given.decode("utf-8", "replace")
    if callable(getattr(given, "item", None)) and getattr(given, "ndim", 0) == 0:
        plain = given.item()
        return None if type(plain) is type(given) else scalar_text(plain)
    return None


def _is_foreign(given: Any) -> bool:
    known = (str, int, float, bytes, datetime.date, datetime.timedelta, list, tuple, dict, decimal.Decimal, enum.Enum)
    return given is not None and not isinstance(given, known + (fractions.Fraction, uuid.UUID))


def _is_nothing(given: Any) -> bool:
    """Whether the value is some library's word for no value."""
    if type(given).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(given, (float, decimal.Decimal)) and not math.isfinite(given)


def _real(given: Any) -> Union[int, float, str]:
    """A number; the texts of proto3's JSON for NaN, the infinities, and whole numbers that no double can hold."""
    if isinstance(given, bool):
        return given
    if isinstance(given, decimal.Decimal):
        if given.is_nan():
            return "NaN"
        if given.is_finite() and given == given.to_integral_value() and given.adjusted() < 18:
            return int(given)
    try:
        number = float(given)
    except OverflowError:
        number = math.inf if given > 0 else -math.inf
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return int(given) if isinstance(given, int) else number


def _seconds(given: datetime.timedelta) -> Optional[float]:
    # pandas' missing duration is unequal to itself.
    return given.total_seconds() if given == given else None


def _instant_text(given: datetime.datetime) -> Optional[str]:
    if given != given:
        return None
    to_pydatetime = getattr(given, "to_pydatetime", None)
    if callable(to_pydatetime):
        given = to_pydatetime(warn=False)
    try:
        return given.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        raise Unusable("not_a_time") from None
