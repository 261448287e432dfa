"""Recomputes NannyML 0.13's univariate drift figures from its rules; never imports it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy
from peer_cases import Case
from recompute_common import (
    Array,
    category_shares,
    chi_square_tail,
    doane_width,
    equal_width_edges,
    histogram,
    jensen_shannon_distance,
    ks_rank_gap,
    wasserstein,
)

LARGE_REFERENCE = 10_000
LARGE_BINS = 10_000
YATES = 0.5


def present(values: Sequence[Any]) -> list[Any]:
    """Drops nulls; infinities stay."""
    return [value for value in values if value is not None]


def even_edges(reference: Array) -> Array:
    """Cuts the reference's range into 10,000 equal bins."""
    return numpy.linspace(reference.min(), reference.max(), LARGE_BINS + 1)


def shares(case: Case, reference: list[Any], current: list[Any]) -> tuple[Array, Array]:
    """Bins both sides by the reference alone; what falls outside is one more bin."""
    if case.kind == "numeric":
        numbers = numpy.array(reference, float)
        edges = equal_width_edges(numbers, doane_width(numbers), integers=False)
        r = histogram(numbers, edges) / len(reference)
        c = histogram(numpy.array(current, float), edges) / len(current)
    else:
        keys = sorted(set(reference))
        r, c = category_shares(reference, keys), category_shares(current, keys)
    outside = max(1 - float(c.sum()), 0.0)
    return numpy.append(r, 0.0), numpy.append(c, outside)


def jensen_shannon(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Takes the distance with logarithms to base 2."""
    return jensen_shannon_distance(*shares(case, reference, current), 2)


def hellinger(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Takes the distance between the roots of the shares."""
    r, c = shares(case, reference, current)
    return math.sqrt(float(numpy.sum((numpy.sqrt(r) - numpy.sqrt(c)) ** 2)) / 2)


def l_infinity(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Takes the largest difference in share over the categories of both sides."""
    keys = sorted(set(reference) | set(current))
    return float(
        numpy.max(
            numpy.abs(category_shares(reference, keys) - category_shares(current, keys))
        )
    )


def kolmogorov_smirnov(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Returns the statistic: exact below 10,000 reference rows, else seen at even edges only."""
    r, c = numpy.array(reference, float), numpy.array(current, float)
    if len(r) < LARGE_REFERENCE:
        return ks_rank_gap(r, c) / (len(r) * len(c))
    edges = even_edges(r)
    reference_function = numpy.cumsum(histogram(r, edges) / len(r))
    current_function = numpy.sum(c < edges[0]) / len(c) + numpy.cumsum(
        histogram(c, edges) / len(c)
    )
    return float(numpy.max(numpy.abs(reference_function - current_function)))


def wasserstein_distance(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Returns the distance in the column's unit: exact below 10,000 reference rows, else binned."""
    r, c = numpy.array(reference, float), numpy.array(current, float)
    if len(r) < LARGE_REFERENCE:
        return wasserstein(r, c)
    edges = even_edges(r)
    below, above = c[c < edges[0]], c[c > edges[-1]]
    # One row too many is counted below the range, here and in NannyML.
    shift = (len(below) + 1) / len(c) if len(below) else 0.0
    reference_function = numpy.cumsum(histogram(r, edges) / len(r))
    current_function = numpy.cumsum(histogram(c, edges) / len(c)) + shift
    within = numpy.sum(numpy.abs(reference_function - current_function)) * (
        edges[1] - edges[0]
    )
    outside = numpy.sum(edges[0] - below) + numpy.sum(above - edges[-1])
    return float(within + outside / len(c))


def chi2(case: Case, reference: list[Any], current: list[Any]) -> tuple[float, float]:
    """Returns statistic and p-value of the two-row table, with Yates' correction for two categories."""
    keys = sorted(set(reference) | set(current))
    table = numpy.array(
        [[side.count(key) for key in keys] for side in (reference, current)], float
    )
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    difference = numpy.abs(table - expected)
    if len(keys) == 2:
        difference -= numpy.minimum(YATES, difference)
    statistic = float(numpy.sum(difference**2 / expected))
    return statistic, chi_square_tail(statistic, len(keys) - 1)


def recompute(case: Case, measure: str) -> float | None:
    """Returns one figure of a case; None where NannyML has no figure."""
    reference, current = present(case.reference), present(case.current)
    if case.kind == "numeric" and not numpy.all(numpy.isfinite(reference + current)):
        return (
            kolmogorov_smirnov(case, reference, current)
            if measure == "kolmogorov_smirnov"
            else None
        )
    if measure in ("chi2", "chi2_p"):
        return chi2(case, reference, current)[measure == "chi2_p"]
    methods = {
        "jensen_shannon": jensen_shannon,
        "hellinger": hellinger,
        "l_infinity": l_infinity,
        "kolmogorov_smirnov": kolmogorov_smirnov,
        "wasserstein": wasserstein_distance,
    }
    return methods[measure](case, reference, current)
