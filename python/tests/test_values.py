"""Values of all kinds become JSON that the server reads; NaN stays apart from no value."""

import collections
import datetime
import decimal
import enum
import fractions
import json
import math
import os
import random
import time
import uuid

import pytest
from quiver_ml.events import MAX_FEATURES, prediction, to_line
from quiver_ml.identifiers import uuid7
from quiver_ml.values import MAX_DEPTH, Converter, Unusable, scalar_text
from server import refuse


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Scalar:
    """What numpy's scalars look like."""

    def __init__(self, plain):
        self.plain = plain

    def item(self):
        return self.plain


class Array(Scalar):
    """What numpy's arrays look like."""

    size = 3

    def tolist(self):
        return self.plain


class Stamp(datetime.datetime):
    """What pandas' timestamps look like: astimezone refuses those without a zone."""

    def astimezone(self, tz=None):
        raise TypeError("Cannot convert tz-naive Timestamp")

    def to_pydatetime(self, warn=True):
        assert warn is False
        return datetime.datetime(*self.timetuple()[:6])


class NAType:
    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


@pytest.fixture
def new_york():
    before = os.environ.get("TZ")
    os.environ["TZ"] = "EST5EDT,M3.2.0,M11.1.0"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (-math.inf, "-Infinity"),
        (decimal.Decimal("NaN"), "NaN"),
        (decimal.Decimal("sNaN"), "NaN"),
        (decimal.Decimal("-Infinity"), "-Infinity"),
        (decimal.Decimal("1E+9999"), "Infinity"),
        (decimal.Decimal("0.1"), 0.1),
        (decimal.Decimal("7.00"), 7),
        (10**400, "Infinity"),
        (2**63, 2**63),
        (fractions.Fraction(1, 4), 0.25),
        (Scalar(1.5), 1.5),
        (Scalar(float("nan")), "NaN"),
        (Scalar(True), True),
        (Array([1, float("nan")]), [1, "NaN"]),
        (NAType(), None),
        (None, None),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"ab\xff", "ab\ufffd"),
        ((1, {"a": {2}}), [1, {"a": [2]}]),
        (collections.deque([1, 2]), [1, 2]),
        (range(3), [0, 1, 2]),
        (datetime.timedelta(minutes=1.5), 90.0),
        (datetime.date(2013, 7, 1), "2013-07-01"),
        (datetime.datetime(2013, 7, 1, 12, tzinfo=datetime.timezone.utc), "2013-07-01T12:00:00Z"),
        ({1: "a", None: "b", (1, 2): "c"}, {"1": "a"}),
    ],
)
def test_a_feature_becomes_json(given, expected):
    converter = Converter(10_000)
    found = converter.value(given)
    assert found == expected and type(found) is type(expected)


def test_a_time_without_zone_is_local(new_york):
    converter = Converter(1_000)
    assert converter.value(datetime.datetime(2013, 7, 1, 10, 3, 11)) == "2013-07-01T14:03:11Z"
    assert converter.value(datetime.datetime(2013, 1, 1, 10, 3, 11, 500)) == "2013-01-01T15:03:11.000500Z"
    assert converter.value(Stamp(2013, 7, 1, 10, 3, 11)) == "2013-07-01T14:03:11Z"
    assert converter.instant(datetime.date(2013, 7, 1), "at") == "2013-07-01T04:00:00Z"
    assert converter.instant(1372687391, "at") == "2013-07-01T14:03:11Z"
    assert converter.instant("2013-07-01T14:03:11Z", "at") == "2013-07-01T14:03:11Z"
    for impossible in (datetime.datetime.max, datetime.datetime.min):
        with pytest.raises(Unusable):
            converter.instant(
                impossible.replace(
                    tzinfo=datetime.timezone(datetime.timedelta(hours=14 if impossible.year == 1 else -14))
                ),
                "at",
            )


def test_a_value_that_json_cannot_hold_is_null_and_noted():
    converter = Converter(1_000)
    assert converter.value({"a": object(), "b": 1j, "c": int}) == {"a": None, "b": None, "c": None}
    assert converter.unconvertible == ["object", "complex", "type"]


def test_non_finite_outputs_are_left_out_and_noted():
    converter = Converter(1_000)
    nan = float("nan")
    fields = {"score": nan, "probabilities": {"a": nan, "b": 1.0}, "embedding": [1.0, nan], "latency_ms": math.inf}
    event = prediction(converter, "m", "p", fields)
    assert event["output"] == {"probabilities": {"b": 1.0}}
    assert event["latency_ms"] is None
    assert converter.non_finite == 4


def test_half_a_surrogate_pair_does_not_break_the_line():
    line = to_line({"features": Converter(100).value({"a\ud800": "b\udfffc"})}, 1_000)
    assert json.loads(line.decode("utf-8")) == {"features": {"a?": "b?c"}}


def test_the_deepest_allowed_value_fits_the_servers_bound():
    value = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    line = to_line({"features": {"x": value}}, 1_000)
    assert line.count(b"[") + line.count(b"{") == 32
    event = prediction(Converter(1_000), "m", "p", {"features": {"x": value[0]}})
    assert event["features"] == {"x": value[0]}
    with pytest.raises(Unusable):
        prediction(Converter(1_000), "m", "p", {"features": {"x": [value]}})


def test_as_many_features_as_the_server_takes():
    features = {str(number): 1 for number in range(MAX_FEATURES)}
    assert len(prediction(Converter(100_000), "m", "p", {"features": features})["features"]) == 2_000


@pytest.mark.parametrize(
    ("given", "expected"),
    [(3, "3"), (3.0, "3"), (3.5, "3.5"), (True, "true"), ("x", "x"), (math.nan, None), (Scalar(7), "7"), ([], None)],
)
def test_names_are_texts(given, expected):
    assert scalar_text(given) == expected


def random_value(source, depth=0):
    simple = [
        lambda: None,
        lambda: source.random() < 0.5,
        lambda: source.randint(-(2**70), 2**70),
        lambda: source.choice([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7e308, source.gauss(0, 1e6)]),
        lambda: "".join(chr(source.randrange(0x11_0000)) for _ in range(source.randrange(6))),
        lambda: decimal.Decimal(source.choice(["NaN", "1e-400", "1e400", "3.14", "-0"])),
        lambda: datetime.datetime(source.randint(1971, 2100), source.randint(1, 12), source.randint(1, 28)),
        lambda: datetime.date(source.randint(1, 9999), 1, 1),
        lambda: source.randbytes(4),
        lambda: Scalar(source.random()),
        lambda: object(),
        lambda: NAType(),
    ]
    nested = [
        lambda: [random_value(source, depth + 1) for _ in range(source.randrange(4))],
        lambda: {random_key(source): random_value(source, depth + 1) for _ in range(source.randrange(4))},
        lambda: tuple(random_value(source, depth + 1) for _ in range(source.randrange(4))),
        lambda: Array([random_value(source, depth + 1)]),
    ]
    return source.choice(simple + (nested if depth < 5 else []))()


def random_key(source):
    return source.choice(["a", "\ud834", "b\n", 1, 2.5, None, True, (1, 2), b"k", Color.RED])


@pytest.mark.parametrize("seed", range(200))
def test_any_value_becomes_one_line_of_strict_json(seed):
    source = random.Random(seed)
    features = {random_key(source): random_value(source) for _ in range(8)}
    line = to_line(prediction(Converter(100_000), "m", "p", {"features": features}), 100_000)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    event = json.loads(line.decode("utf-8"), parse_constant=refuse)
    assert event["id"] == "p"

    def check(value):
        if isinstance(value, float):
            assert math.isfinite(value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            check(item)

    check(event)


def test_numpy_and_pandas_rows():
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "count": [1],
            "ratio": [numpy.nan],
            "carrier": ["UA"],
            "when": [pandas.Timestamp("2013-07-01T14:03:11", tz="UTC")],
            "never": [pandas.NaT],
            "unknown": [pandas.NA],
        }
    )
    expected = {
        "count": 1,
        "ratio": "NaN",
        "carrier": "UA",
        "when": "2013-07-01T14:03:11Z",
        "never": None,
        "unknown": None,
    }
    assert Converter(1_000).features(frame) == expected
    assert Converter(1_000).features(frame.iloc[0]) == expected
    converter = Converter(1_000)
    assert converter.value(numpy.float32(0.5)) == 0.5
    assert converter.value(numpy.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert converter.value(numpy.array(["2013-07-01T14", "NaT"], dtype="datetime64[ns]"))[1] is None
    assert converter.value(numpy.timedelta64(1500, "ms")) == 1.5
    assert converter.value(numpy.bool_(True)) is True
    assert converter.number(numpy.array([[0.25]]), "score") == 0.25
    assert converter.text(numpy.int64(3), "class_") == "3"
    assert converter.instant(pandas.NaT, "at") is None
    with pytest.raises(Unusable):
        Converter(1_000).value(numpy.zeros(1_000_000))
    with pytest.raises(Unusable):
        Converter(1_000).features(pandas.DataFrame({"a": [1, 2]}))


def test_uuid7_is_that_of_the_rfc():
    # RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC is 017F22E2-79B0-7…
    made = uuid7(1_645_557_742_000 * 1_000_000)
    assert str(made).startswith("017f22e2-79b0-7000-")
    assert made.version == 7 and made.variant == uuid.RFC_4122


def test_uuid7_sorts_by_time_and_does_not_repeat():
    made = [uuid7(1_645_557_742_000 * 1_000_000 + step * 1_000) for step in range(5_000)]
    assert made == sorted(made)
    assert len({uuid7(0) for _ in range(5_000)}) == 5_000
