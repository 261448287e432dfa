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

Comparison = tuple[str, str, Any, Any]


def agrees(measure: str, expected: Any, found: Any) -> bool:
    """Says whether a recomputed figure is the package's."""
    if expected is None or found is None or isinstance(expected, (bool, str)):
        return expected is found or expected == found
    if measure == "TVD":
        return abs(expected - found) <= PERMUTATION_TOLERANCE
    scale = abs(expected) if measure in P_VALUES - ABSOLUTE_P_VALUES else max(1.0, abs(expected))
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
            is_p_value = "p_value" in expected["method"]
            yield case.name, "ks" if expected["method"].startswith("K-S") else "value", expected["value"], found["value"]
            for member in ("method", "threshold", "drifted"):
                yield case.name, f"default {member}", expected[member], found[member]
            del is_p_value


def nannyml(path: Path) -> Iterator[Comparison]:
    """Yields NannyML's figures beside the recomputed ones."""
    for entry in read_fixture(path)["cases"]:
        case = case_of(entry)
        for measure, expected in entry["results"].items():
            if not measure.endswith("_error"):
                yield case.name, measure, expected, recompute_nannyml.recompute(case, measure)


def _histogram(buckets: list[list[Any]]) -> recompute_tfdv.Histogram:
    return [(float(low), float(high), float(count)) for low, high, count in buckets]


def _numeric_tfdv(entry: dict[str, Any]) -> Iterator[Comparison]:
    made = recompute_tfdv.numeric_histograms(case_of(entry))
    for source, results in entry["results"].items():
        sides = [_histogram(results[f"{side}_histogram"]) for side in ("reference", "current")]
        for side, expected, found in zip(("reference", "current"), sides, made[source]):
            yield entry["name"], f"{source} {side} buckets", len(expected), len(found)
            for expected_bucket, found_bucket in zip(expected, found):
                for member, one, other in zip(("low", "high", "count"), expected_bucket, found_bucket):
                    same = one == other
                    yield entry["name"], f"{source} bucket {member}", one, one if same else other
        expected_value = results["jensen_shannon_divergence"]
        yield entry["name"], f"{source} of histograms", expected_value, recompute_tfdv.histogram_divergence(*sides)
        yield entry["name"], f"{source} of values", expected_value, recompute_tfdv.histogram_divergence(*made[source])


def tfdv(path: Path) -> Iterator[Comparison]:
    """Yields TFDV's histograms and figures beside the recomputed ones."""
    for entry in read_fixture(path)["cases"]:
        if entry["kind"] == "numeric":
            yield from _numeric_tfdv(entry)
        elif entry["kind"] == "histogram":
            sides = [_histogram(entry[f"{side}_histogram"]) for side in ("reference", "current")]
            nans = (entry["reference_nan"], entry["current_nan"])
            found = recompute_tfdv.histogram_divergence(*sides, nans)
            yield entry["name"], "of histograms", entry["results"]["jensen_shannon_divergence"], found
        else:
            case = case_of(entry)
            found_all = recompute_tfdv.category_measures(
                *([value for value in side if value is not None] for side in (case.reference, case.current))
            )
            for measure, expected in entry["results"].items():
                yield case.name, measure, expected, found_all[measure]


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
                print(f"{name}: {case}: {measure}: package {expected!r}, recomputed {found!r}")
        print(f"{name}: {seen[True]} figures agree, {seen[False]} differ")
        failed += seen[False]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
