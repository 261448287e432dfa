"""Checks every figure of the peers' fixtures against the rules written in conventions.md."""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import recompute_evidently
import recompute_nannyml
import recompute_tfdv
from peer_cases import FIXTURES, case_of, read_fixture

TOLERANCE = 1e-9
# A root magnifies the last bit near zero, so a distance that ends in one may agree in its square.
SQUARE_TOLERANCE = 1e-15
ROOTS = {"hellinger", "jensenshannon", "jensen_shannon"}
# Decided by ties between floats summed in hash order, so a few of 1,000 permutations may differ.
PERMUTATION_TOLERANCE = 0.03
P_VALUES = {"ks", "chisquare", "z", "chi2_p"}
# The package subtracts the normal function from one, which keeps only absolute precision.
ABSOLUTE_P_VALUES = {"z"}
BUCKET = ("low", "high", "count")

Comparison = tuple[str, str, Any, Any]


def agrees(measure: str, expected: Any, found: Any) -> bool:
    """Says whether a recomputed figure is the package's."""
    if expected is None or found is None or isinstance(expected, (bool, str)):
        return bool(expected == found)
    if measure == "TVD":
        return bool(abs(expected - found) <= PERMUTATION_TOLERANCE)
    scale = (
        abs(expected)
        if measure in P_VALUES - ABSOLUTE_P_VALUES
        else max(1.0, abs(expected))
    )
    if math.isclose(expected, found, rel_tol=0.0, abs_tol=TOLERANCE * scale):
        return True
    return measure in ROOTS and abs(expected**2 - found**2) <= SQUARE_TOLERANCE


def evidently(path: Path) -> Iterator[Comparison]:
    """Yields Evidently's figures beside the recomputed ones."""
    for entry in read_fixture(path)["cases"]:
        case = case_of(entry)
        for measure, expected in entry["results"].items():
            found = recompute_evidently.recompute(case, measure)
            if measure != "default":
                yield case.name, measure, expected, found
                continue
            for member in ("value", "method", "threshold", "drifted"):
                yield case.name, f"default {member}", expected[member], found[member]


def nannyml(path: Path) -> Iterator[Comparison]:
    """Yields NannyML's figures beside the recomputed ones."""
    for entry in read_fixture(path)["cases"]:
        case = case_of(entry)
        for measure, expected in entry["results"].items():
            if not measure.endswith("_error"):
                yield (
                    case.name,
                    measure,
                    expected,
                    recompute_nannyml.recompute(case, measure),
                )


def buckets_of(entry: dict[str, Any], side: str) -> recompute_tfdv.Histogram:
    """Reads one side's buckets from a fixture."""
    return [
        (float(low), float(high), float(count))
        for low, high, count in entry[f"{side}_histogram"]
    ]


def tfdv_numeric(entry: dict[str, Any]) -> Iterator[Comparison]:
    """Compares the buckets made from values, then the divergence from either's buckets."""
    made = recompute_tfdv.numeric_histograms(case_of(entry))
    for source, results in entry["results"].items():
        reference = buckets_of(results, "reference")
        current = buckets_of(results, "current")
        for expected, found in zip(
            [*reference, *current], [*made[source][0], *made[source][1]], strict=True
        ):
            for bound, one, other in zip(BUCKET, expected, found, strict=True):
                yield entry["name"], f"{source} bucket {bound}", one, other
        value = results["jensen_shannon_divergence"]
        from_package = recompute_tfdv.histogram_divergence(reference, current)
        from_values = recompute_tfdv.histogram_divergence(*made[source])
        yield entry["name"], f"{source} divergence of its buckets", value, from_package
        yield entry["name"], f"{source} divergence of values", value, from_values


def tfdv_histogram(entry: dict[str, Any]) -> Iterator[Comparison]:
    """Compares the divergence of hand-made buckets."""
    found = recompute_tfdv.histogram_divergence(
        buckets_of(entry, "reference"),
        buckets_of(entry, "current"),
        (entry["reference_nan"], entry["current_nan"]),
    )
    expected = entry["results"]["jensen_shannon_divergence"]
    yield entry["name"], "divergence of hand-made buckets", expected, found


def tfdv_categorical(entry: dict[str, Any]) -> Iterator[Comparison]:
    """Compares the measures of string counts."""
    case = case_of(entry)
    found = recompute_tfdv.category_measures(case.reference, case.current)
    for measure, expected in entry["results"].items():
        yield case.name, measure, expected, found[measure]


def tfdv(path: Path) -> Iterator[Comparison]:
    """Yields TFDV's histograms and figures beside the recomputed ones."""
    kinds = {
        "numeric": tfdv_numeric,
        "histogram": tfdv_histogram,
        "categorical": tfdv_categorical,
    }
    for entry in read_fixture(path)["cases"]:
        yield from kinds[entry["kind"]](entry)


def main() -> None:
    """Compares all three fixtures, prints what differs and exits 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=Path, default=FIXTURES)
    folder = parser.parse_args().fixtures
    peers = {"evidently_0_7": evidently, "nannyml_0_13": nannyml, "tfdv_1_16": tfdv}
    failed = 0
    for name, comparisons in peers.items():
        seen: Counter[bool] = Counter()
        for case, measure, expected, found in comparisons(folder / f"{name}.json"):
            same = agrees(measure, expected, found)
            seen[same] += 1
            if not same:
                print(f"{name}: {case}: {measure}: {expected!r}, recomputed {found!r}")
        print(f"{name}: {seen[True]} figures agree, {seen[False]} differ")
        failed += seen[False]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
