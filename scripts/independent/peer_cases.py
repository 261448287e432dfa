"""Makes the samples on which the peers are run and holds the form of their fixtures; runs no peer."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import numpy

FIXTURES = Path(__file__).resolve().parents[2] / "crates/quiver-judge/tests/independent"
LETTERS = ("a", "b", "c", "d", "e")
# Longer samples are written as pairs of a value and its count.
LONGEST_LIST = 3000

Kind = Literal["numeric", "categorical"]
Type = Literal["float", "integer", "string"]
Value = float | int | str | None


@dataclass(frozen=True)
class Case:
    """Two samples of one column; a null is None."""

    name: str
    kind: Kind
    type: Type
    reference: Sequence[Value]
    current: Sequence[Value]


def _floats(values: numpy.ndarray, decimals: int = 6) -> list[Value]:
    return [float(value) for value in numpy.round(values, decimals) + 0.0]


def _integers(values: numpy.ndarray) -> list[Value]:
    return [int(value) for value in values]


def _letters(
    generator: numpy.random.Generator, rows: int, shares: list[float]
) -> list[Value]:
    return [
        str(value) for value in generator.choice(LETTERS[: len(shares)], rows, p=shares)
    ]


def _with_nulls(
    generator: numpy.random.Generator, values: list[Value], share: float
) -> list[Value]:
    return [
        None if missing else value
        for value, missing in zip(values, generator.random(len(values)) < share)
    ]


def _numeric_cases(generator: numpy.random.Generator) -> list[Case]:
    normal = _floats(generator.normal(0, 1, 2000))
    same = _floats(generator.normal(0, 1, 500), 4)
    zeros = numpy.where(
        generator.random(2000) < 0.93, 0.0, generator.lognormal(1, 1, 2000)
    )
    fewer_zeros = numpy.where(
        generator.random(600) < 0.88, 0.0, generator.lognormal(1, 1, 600)
    )
    outlier = _floats(generator.normal(0, 1, 500), 4)
    outlier[250] = 1e6
    infinite = _floats(generator.normal(0, 1, 800), 4)
    infinite[10], infinite[20] = math.inf, -math.inf
    more_infinite = _floats(generator.normal(0.2, 1, 400), 4)
    more_infinite[:12] = [math.inf] * 8 + [-math.inf] * 4
    return [
        Case(
            "normal_shifted",
            "numeric",
            "float",
            normal,
            _floats(generator.normal(0.3, 1, 600)),
        ),
        Case("normal_identical", "numeric", "float", same, same),
        Case(
            "normal_beyond_range",
            "numeric",
            "float",
            same,
            _floats(generator.normal(0, 3, 400), 4),
        ),
        Case(
            "zero_heavy", "numeric", "float", _floats(zeros, 4), _floats(fewer_zeros, 4)
        ),
        Case(
            "one_outlier",
            "numeric",
            "float",
            _floats(generator.normal(0, 1, 1500), 4),
            outlier,
        ),
        Case(
            "nulls",
            "numeric",
            "float",
            _with_nulls(generator, _floats(generator.normal(0, 1, 1200), 4), 0.20),
            _with_nulls(generator, _floats(generator.normal(0.1, 1, 600), 4), 0.35),
        ),
        Case("infinities", "numeric", "float", infinite, more_infinite),
        Case("constant", "numeric", "float", [5.0] * 300, [5.0] * 290 + [6.0] * 10),
        Case(
            "float_20_levels",
            "numeric",
            "float",
            _floats(numpy.append(generator.integers(0, 20, 580), numpy.arange(20)) / 4),
            _floats(generator.integers(2, 24, 300) / 4),
        ),
        Case(
            "float_21_levels",
            "numeric",
            "float",
            _floats(numpy.append(generator.integers(0, 21, 579), numpy.arange(21)) / 4),
            _floats(generator.integers(2, 24, 300) / 4),
        ),
        Case(
            "tiny",
            "numeric",
            "float",
            _floats(generator.normal(0, 1, 30)),
            _floats(generator.normal(0.5, 1, 30)),
        ),
        Case(
            "large",
            "numeric",
            "float",
            _floats(generator.normal(0, 1, 12_000), 2),
            _floats(generator.normal(0.1, 1.3, 4_000), 2),
        ),
        Case(
            "integer_few",
            "numeric",
            "integer",
            _integers(generator.binomial(14, 0.4, 1500)),
            _integers(generator.binomial(14, 0.45, 500)),
        ),
        Case(
            "integer_many",
            "numeric",
            "integer",
            _integers(generator.poisson(40, 1200)),
            _integers(generator.poisson(43, 500)),
        ),
        Case(
            "integer_four",
            "numeric",
            "integer",
            _integers(generator.choice([1, 2, 3, 4], 1200, p=[0.4, 0.3, 0.2, 0.1])),
            _integers(generator.choice([1, 2, 3, 4], 400, p=[0.3, 0.3, 0.2, 0.2])),
        ),
        Case(
            "integer_binary",
            "numeric",
            "integer",
            _integers(generator.random(600) < 0.30),
            _integers(generator.random(300) < 0.36),
        ),
        Case(
            "rows_1000",
            "numeric",
            "integer",
            _integers(generator.integers(0, 8, 1000)),
            _integers(generator.integers(0, 8, 300)),
        ),
        Case(
            "rows_1001",
            "numeric",
            "integer",
            _integers(generator.integers(0, 8, 1001)),
            _integers(generator.integers(0, 8, 300)),
        ),
    ]


def _categorical_cases(generator: numpy.random.Generator) -> list[Case]:
    ranks = numpy.arange(1, 201)
    zipf = (1 / ranks) / numpy.sum(1 / ranks)
    flatter = (1 / ranks**0.8) / numpy.sum(1 / ranks**0.8)
    names = numpy.array([f"v{rank:03d}" for rank in ranks])
    rare_reference = ["a"] * 15_000 + ["b"] * 4_999 + ["c"]
    rare_current = ["a"] * 9_000 + ["b"] * 2_998 + ["d", "e"]
    return [
        Case(
            "five_levels_shifted",
            "categorical",
            "string",
            _letters(generator, 2000, [0.40, 0.30, 0.15, 0.10, 0.05]),
            _letters(generator, 600, [0.30, 0.30, 0.20, 0.10, 0.10]),
        ),
        Case(
            "new_level",
            "categorical",
            "string",
            _letters(generator, 1000, [0.5, 0.3, 0.2]),
            _letters(generator, 500, [0.5, 0.3, 0.19, 0.01]),
        ),
        Case(
            "two_levels",
            "categorical",
            "string",
            _letters(generator, 800, [0.7, 0.3]),
            _letters(generator, 400, [0.62, 0.38]),
        ),
        Case(
            "many_levels",
            "categorical",
            "string",
            [str(value) for value in generator.choice(names, 2000, p=zipf)],
            [str(value) for value in generator.choice(names, 700, p=flatter)],
        ),
        Case(
            "categorical_nulls",
            "categorical",
            "string",
            _with_nulls(generator, _letters(generator, 1200, [0.5, 0.3, 0.2]), 0.20),
            _with_nulls(generator, _letters(generator, 600, [0.45, 0.35, 0.2]), 0.35),
        ),
        Case(
            "categorical_tiny",
            "categorical",
            "string",
            list("aaaaaaaaaabbbbbbbbbbcccccccccc"),
            list("aaabbbbbbbbbbbbbbcccccccccccdd"),
        ),
        Case(
            "rare_levels",
            "categorical",
            "string",
            list(rare_reference),
            list(rare_current),
        ),
    ]


def make_cases() -> list[Case]:
    """Makes every case anew from one fixed seed."""
    generator = numpy.random.default_rng(20130201)
    return [*_numeric_cases(generator), *_categorical_cases(generator)]


def _written(value: Any) -> Any:
    """Spells what JSON has no number for: an infinity by its name, a NaN as null."""
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {key: _written(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(entry) for entry in value]
    return value


def _read(value: Any) -> Any:
    return float(value) if value in ("Infinity", "-Infinity") else value


def _sample(side: str, values: Sequence[Value]) -> dict[str, Any]:
    if len(values) <= LONGEST_LIST:
        return {side: values}
    counted = sorted(Counter(values).items(), key=itemgetter(0))
    return {f"{side}_counts": [list(pair) for pair in counted]}


def _unsample(side: str, entry: dict[str, Any]) -> list[Value]:
    if side in entry:
        return [_read(value) for value in entry[side]]
    return [value for value, count in entry[f"{side}_counts"] for _ in range(count)]


def case_of(entry: dict[str, Any]) -> Case:
    """Reads a case back from a fixture's entry."""
    return Case(
        entry["name"],
        entry["kind"],
        entry["type"],
        _unsample("reference", entry),
        _unsample("current", entry),
    )


def entry_of(case: Case, results: dict[str, Any]) -> dict[str, Any]:
    """Writes a case and what a peer said of it as a fixture's entry."""
    head = {"name": case.name, "kind": case.kind, "type": case.type}
    samples = _sample("reference", case.reference) | _sample("current", case.current)
    return _written(head | samples | {"results": results})


def read_fixture(path: Path) -> dict[str, Any]:
    """Reads a fixture."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_fixture(
    path: Path, head: dict[str, Any], entries: list[dict[str, Any]]
) -> None:
    """Writes a fixture with one line for each case's member, floats to their last bit."""
    lines = [
        f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},"
        for key, value in head.items()
    ]
    cases = []
    for entry in entries:
        members = [
            f"   {json.dumps(key)}: {json.dumps(value, allow_nan=False, separators=(',', ':'))}"
            for key, value in entry.items()
        ]
        cases.append("  {\n" + ",\n".join(members) + "\n  }")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (
        "{\n" + "\n".join(lines) + '\n "cases": [\n' + ",\n".join(cases) + "\n ]\n}\n"
    )
    path.write_text(text, encoding="utf-8")
