"""Recomputes TensorFlow Data Validation 1.16's histograms and distances from its rules; never imports it."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy
from peer_cases import Case
from recompute_common import Array

FINE_QUANTILES = 1000
BUCKETS = 10
Histogram: TypeAlias = list[tuple[float, float, float]]


def fine_quantiles(values: Array) -> tuple[Array, Array]:
    """Returns the values at ranks i n / 1000 and how many rows lie at or below each.

    TFDV's sketch is exact up to 5,701 distinct values at its default error of 0.01.
    """
    ordered = numpy.sort(values)
    ranks = numpy.arange(FINE_QUANTILES + 1) * len(ordered) / FINE_QUANTILES
    quantiles = ordered[numpy.minimum(ranks.astype(int), len(ordered) - 1)]
    return quantiles, numpy.searchsorted(ordered, quantiles, side="right").astype(float)


def buckets_between(quantiles: Array, at_or_below: Array) -> Histogram:
    """Makes a bucket between neighbours; buckets with one upper bound share their rows evenly."""
    low, high = quantiles[:-1], quantiles[1:]
    counts = numpy.diff(at_or_below)
    for bound in numpy.unique(high):
        counts[high == bound] = counts[high == bound].mean()
    first = (low == low[0]) & (high == high[0])
    counts[first] += at_or_below[0] / first.sum()
    return list(zip(low.tolist(), high.tolist(), counts.tolist()))


def quantiles_histogram(values: Array) -> Histogram:
    """Keeps every hundredth fine quantile."""
    quantiles, at_or_below = fine_quantiles(values)
    step = FINE_QUANTILES // BUCKETS
    return buckets_between(quantiles[::step], at_or_below[::step])


def covered(
    bucket: tuple[float, float, float], low: float, high: float, is_first: bool
) -> float:
    """Returns the rows of a fine bucket that fall in an even one, spread evenly over its width."""
    start, end, count = bucket
    if start == end:
        inside = low < start <= high or (is_first and start == low)
        return count if inside else 0.0
    if low <= start and end <= high:
        return count
    overlap = min(end, high) - max(start, low)
    return max(overlap, 0.0) / (end - start) * count


def standard_histogram(values: Array) -> Histogram:
    """Spreads the fine buckets over ten even ones; each infinity is a bucket of its own."""
    quantiles, at_or_below = fine_quantiles(values)
    negative, positive = numpy.sum(values == -math.inf), numpy.sum(values == math.inf)
    finite = values[numpy.isfinite(values)]
    if negative:
        kept = quantiles > -math.inf
        removed = at_or_below[~kept][-1]
        quantiles, at_or_below = quantiles[kept], at_or_below[kept] - removed
    if positive:
        # TFDV subtracts from the count that still includes the infinities.
        total = at_or_below[-1] - positive
        kept = quantiles < math.inf
        quantiles = numpy.append(quantiles[kept], finite.max())
        at_or_below = numpy.append(at_or_below[kept], total)
    fine = buckets_between(quantiles, at_or_below)
    if finite.min() == finite.max():
        edges = numpy.array([finite.min(), finite.max()])
    else:
        edges = numpy.linspace(finite.min(), finite.max(), BUCKETS + 1)
    result = [(-math.inf, -math.inf, float(negative))] if negative else []
    for index, (low, high) in enumerate(pairwise(edges.tolist())):
        result.append(
            (low, high, sum(covered(bucket, low, high, index == 0) for bucket in fine))
        )
    return result + ([(math.inf, math.inf, float(positive))] if positive else [])


def stripped(histogram: Histogram) -> tuple[Histogram, dict[float, float], float]:
    """Parts the buckets with a width from the points and from the infinite mass."""
    wide: Histogram = []
    points: dict[float, float] = {}
    infinite = 0.0
    for low, high, count in histogram:
        if not (math.isfinite(low) and math.isfinite(high)):
            infinite += count
        elif low == high:
            points[low] = points.get(low, 0.0) + count
        else:
            wide.append((low, high, count))
    return wide, points, infinite


def rebucketed(histogram: Histogram, edges: list[float]) -> list[float]:
    """Spreads each bucket evenly over the finer edges."""
    counts = [0.0] * max(len(edges) - 1, 0)
    for index, (low, high) in enumerate(pairwise(edges)):
        for start, end, count in histogram:
            if start <= low and high <= end:
                counts[index] += (high - low) / (end - start) * count
    return counts


def edges_of(histogram: Histogram) -> set[float]:
    """Collects the buckets' bounds."""
    return {bound for low, high, _ in histogram for bound in (low, high)}


def divergence(first: list[float], second: list[float]) -> float:
    """Returns the Jensen-Shannon divergence in bits, without a cap."""
    p, q = (numpy.array(side) / numpy.sum(side) for side in (first, second))
    middle = (p + q) / 2
    total = 0.0
    for side in (p, q):
        held = side > 0
        total += float(numpy.sum(side[held] * numpy.log2(side[held] / middle[held])))
    return total / 2


def histogram_divergence(
    reference: Histogram, current: Histogram, nans: tuple[int, int] = (0, 0)
) -> float:
    """Aligns both histograms, adds points, infinities and NaN, and measures."""
    (wide_r, points_r, infinite_r), (wide_c, points_c, infinite_c) = (
        stripped(reference),
        stripped(current),
    )
    edges = sorted(edges_of(wide_r) | edges_of(wide_c))
    first, second = rebucketed(wide_r, edges), rebucketed(wide_c, edges)
    for point in sorted(points_r.keys() | points_c.keys()):
        first.append(points_r.get(point, 0.0))
        second.append(points_c.get(point, 0.0))
    # Infinite mass never overlaps, not even with itself.
    first.extend([infinite_r, 0.0])
    second.extend([0.0, infinite_c])
    # Rebucketing forgets the NaN count, so NaN counts only between equal edges, and never overlaps.
    if edges_of(wide_r) == edges_of(wide_c):
        first.extend([nans[0], 0.0])
        second.extend([0.0, nans[1]])
    return divergence(first, second)


def present(values: Sequence[Any]) -> list[Any]:
    """Drops nulls: a table's nulls are missing values, not NaN."""
    return [value for value in values if value is not None]


def category_measures(
    reference: Sequence[Any], current: Sequence[Any]
) -> dict[str, float]:
    """Measures string counts over the categories of both sides; nulls are left out."""
    reference, current = present(reference), present(current)
    keys = sorted(set(reference) | set(current))
    r, c = (
        numpy.array([side.count(key) for key in keys], float)
        for side in (reference, current)
    )
    return {
        "l_infinity": float(numpy.max(numpy.abs(r / r.sum() - c / c.sum()))),
        "normalized_abs_difference": float(
            numpy.max(numpy.abs(r - c)) / (r.sum() + c.sum())
        ),
        "jensen_shannon_divergence": divergence(r.tolist(), c.tolist()),
    }


def numeric_histograms(case: Case) -> dict[str, tuple[Histogram, Histogram]]:
    """Makes both kinds of histogram for both sides."""
    reference = numpy.array(present(case.reference), float)
    current = numpy.array(present(case.current), float)
    return {
        "standard": (standard_histogram(reference), standard_histogram(current)),
        "quantiles": (quantiles_histogram(reference), quantiles_histogram(current)),
    }
