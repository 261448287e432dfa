"""Opens the sketches that Quiver exports with Apache DataSketches, and merges them with sketches fed in Python."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import datasketches
import pytest

# The same rule as in crates/quiver-profile/examples/write_sketches.rs.
ROWS = {"few": 5, "some": 300, "many": 40_000}
LOG_REGISTERS = 12
LOG_MAP = 10


def text_of(row: int) -> str:
    """Returns the text of a row."""
    return f"häufig {row // 4 % 10}" if row % 4 == 3 else f"value {row}"


def number_of(row: int) -> float:
    """Returns the number of a row."""
    if row == 0:
        return 0.0  # written as -0.0 there: both are one value
    return -(row // 4 % 10) / 2 - 0.25 if row % 4 == 3 else row / 2


VALUE_OF = {"text": text_of, "number": number_of}


def fed(values: Iterable[str | float]) -> datasketches.hll_sketch:
    """Returns a sketch that Python's own library was fed with."""
    sketch = datasketches.hll_sketch(LOG_REGISTERS, datasketches.HLL_8)
    for value in values:
        sketch.update(value)
    return sketch


def union(*sketches: datasketches.hll_sketch) -> datasketches.hll_sketch:
    """Returns the union, with the estimate that does not depend on the order in which values arrived."""
    merged = datasketches.hll_union(LOG_REGISTERS)
    for sketch in sketches:
        merged.update(sketch)
    # The library keeps an estimate of the order of arrival until two sketches with registers meet.
    merged.update(merged.get_result(datasketches.HLL_8))
    return merged.get_result(datasketches.HLL_8)


def content(sketch: datasketches.hll_sketch) -> bytes | list[bytes]:
    """Returns the registers, or the coupons of a small sketch, whose order means nothing."""
    data = sketch.serialize_compact()
    mode = data[7] & 3
    body = data[(8, 12, 40)[mode] :]
    return body if mode == 2 else sorted(body[at : at + 4] for at in range(0, len(body), 4))


def distinct_sketch(folder: Path, name: str, kind: str) -> datasketches.hll_sketch:
    """Opens a distinct counter that Quiver wrote."""
    return datasketches.hll_sketch.deserialize((folder / f"{name}_{kind}.hll").read_bytes())


def frequent_sketch(folder: Path, name: str) -> datasketches.frequent_strings_sketch:
    """Opens the frequent items that Quiver wrote."""
    return datasketches.frequent_strings_sketch.deserialize((folder / f"{name}_text.items").read_bytes())


@pytest.mark.parametrize("kind", VALUE_OF)
@pytest.mark.parametrize("name", ROWS)
def test_a_distinct_counter_estimates_what_is_there(sketches: Path, name: str, kind: str) -> None:
    exact = len({VALUE_OF[kind](row) for row in range(ROWS[name])})
    estimate = distinct_sketch(sketches, name, kind).get_estimate()
    # Four standard errors of 2^12 registers; counts that still fit into coupons are all but exact.
    assert estimate == pytest.approx(exact, rel=4 * 0.0163 if name == "many" else 1e-5)


@pytest.mark.parametrize("kind", VALUE_OF)
@pytest.mark.parametrize("name", ROWS)
def test_the_same_values_fed_in_python_give_the_same_sketch(sketches: Path, name: str, kind: str) -> None:
    ours = distinct_sketch(sketches, name, kind)
    theirs = fed(VALUE_OF[kind](row) for row in range(ROWS[name]))
    # Not one register changes: every value was hashed to the same bits.
    assert union(ours, theirs).get_estimate() == ours.get_estimate() == union(theirs).get_estimate()
    assert content(ours) == content(theirs) == content(union(ours, theirs))


@pytest.mark.parametrize("kind", VALUE_OF)
@pytest.mark.parametrize("name", ROWS)
def test_a_union_with_new_values_equals_one_sketch_of_all(sketches: Path, name: str, kind: str) -> None:
    ours = distinct_sketch(sketches, name, kind)
    first, last = ROWS[name] // 2, 3 * ROWS[name]
    others = fed(VALUE_OF[kind](row) for row in range(first, last))
    of_all = fed(VALUE_OF[kind](row) for row in range(last))
    assert union(ours, others).get_estimate() == union(of_all).get_estimate()
    assert union(ours, others).get_estimate() > ours.get_estimate()


@pytest.mark.parametrize("name", ["few", "some"])
def test_frequent_items_that_fit_are_exact(sketches: Path, name: str) -> None:
    sketch = frequent_sketch(sketches, name)
    found = sketch.get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_NEGATIVES)
    exact = Counter(text_of(row) for row in range(ROWS[name]))
    assert sketch.total_weight == ROWS[name]
    assert {value: (lower, upper) for value, _, lower, upper in found} == {
        value: (count, count) for value, count in exact.items()
    }


def test_frequent_items_that_do_not_fit_keep_their_bounds(sketches: Path) -> None:
    sketch = frequent_sketch(sketches, "many")
    exact = Counter(text_of(row) for row in range(ROWS["many"]))
    assert sketch.total_weight == ROWS["many"]
    assert 0 < sketch.num_active_items <= 3 * 2**LOG_MAP // 4
    for value, count in exact.items():
        assert sketch.get_lower_bound(value) <= count <= sketch.get_upper_bound(value)
    certain = sketch.get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_POSITIVES)
    assert {value for value, *_ in certain} == {f"häufig {index}" for index in range(10)}


def test_frequent_items_merge_with_those_fed_in_python(sketches: Path) -> None:
    sketch = frequent_sketch(sketches, "some")
    other = datasketches.frequent_strings_sketch(LOG_MAP)
    for row in range(200, 500):
        other.update(text_of(row))
    sketch.merge(other)
    exact = Counter(text_of(row) for row in range(300)) + Counter(text_of(row) for row in range(200, 500))
    assert sketch.total_weight == 600
    assert {value: sketch.get_estimate(value) for value in exact} == dict(exact)
