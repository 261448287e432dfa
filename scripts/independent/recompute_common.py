"""Holds the bins, distances and tail probabilities that the peers' rules share, in NumPy alone."""

import math
from typing import Any, TypeAlias

import numpy

Array: TypeAlias = numpy.ndarray


def equal_width_edges(values: Array, width: float, integers: bool) -> Array:
    """Spreads edges evenly over the values' range, as many as bins of `width` need.

    The division is done as written: range / width may exceed a whole number by one rounding.
    """
    first, last = values.min(), values.max()
    if first == last:
        first, last = first - 0.5, last + 0.5
    if integers and 0 < width < 1:
        width = 1.0
    bins = math.ceil((last - first) / width) if width else 1
    edges = numpy.arange(bins + 1) * ((last - first) / bins) + first
    edges[-1] = last
    return edges


def sturges_width(values: Array) -> float:
    """Divides the range by log2 n + 1."""
    return float(values.max() - values.min()) / (math.log2(len(values)) + 1)


def doane_width(values: Array) -> float:
    """Divides the range by Doane's count, which grows with skewness; zero for a constant."""
    count = len(values)
    deviation = numpy.std(values)
    if count <= 2 or deviation == 0:
        return 0.0
    error = math.sqrt(6 * (count - 2) / ((count + 1) * (count + 3)))
    skewness = numpy.mean(((values - numpy.mean(values)) / deviation) ** 3)
    return float(values.max() - values.min()) / (
        1 + math.log2(count) + math.log2(1 + abs(skewness) / error)
    )


def histogram(values: Array, edges: Array) -> Array:
    """Counts left-closed bins, the last one closed on both sides; values outside are left out."""
    below = numpy.searchsorted(numpy.sort(values), edges[:-1], side="left")
    through = numpy.searchsorted(numpy.sort(values), edges[-1], side="right")
    return numpy.diff(numpy.append(below, through))


def category_shares(values: list[Any], keys: list[Any]) -> Array:
    """Divides each key's count by the number of values."""
    return numpy.array([values.count(key) for key in keys]) / len(values)


def relative_entropy(p: Array, q: Array) -> float:
    """Sums p ln(p / q) over the bins that p holds."""
    held = p > 0
    return float(numpy.sum(p[held] * numpy.log(p[held] / q[held])))


def jensen_shannon_distance(p: Array, q: Array, base: float) -> float:
    """Takes the root of the Jensen-Shannon divergence of the normalised shares."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    divergence = (
        (relative_entropy(p, middle) + relative_entropy(q, middle)) / 2 / math.log(base)
    )
    return math.sqrt(max(divergence, 0.0))


def wasserstein(reference: Array, current: Array) -> float:
    """Integrates the gap between both distribution functions."""
    points = numpy.sort(numpy.concatenate([reference, current]))
    below_reference = numpy.searchsorted(
        numpy.sort(reference), points[:-1], side="right"
    )
    below_current = numpy.searchsorted(numpy.sort(current), points[:-1], side="right")
    gaps = numpy.abs(below_reference / len(reference) - below_current / len(current))
    return float(numpy.sum(gaps * numpy.diff(points)))


def ks_rank_gap(reference: Array, current: Array) -> int:
    """Returns the two-sample statistic times the product of both sizes, a whole number."""
    points = numpy.concatenate([reference, current])
    below_reference = numpy.searchsorted(numpy.sort(reference), points, side="right")
    below_current = numpy.searchsorted(numpy.sort(current), points, side="right")
    return int(
        numpy.max(
            numpy.abs(below_reference * len(current) - below_current * len(reference))
        )
    )


def ks_exact_p(rank_gap: int, reference_rows: int, current_rows: int) -> float:
    """Sums the probability of the orderings of untied rows that reach the gap at least once."""
    if rank_gap == 0:
        return 1.0
    m, n = reference_rows, current_rows
    taken = numpy.arange(m + 1)
    inside = numpy.zeros(m + 1)
    inside[0] = 1.0
    reached = 0.0
    for step in range(m + n):
        # Each row still to come is as likely as any other to be next.
        others = step - taken
        possible = (others >= 0) & (others <= n)
        from_reference = numpy.where(possible, inside * (m - taken), 0.0) / (
            m + n - step
        )
        from_current = numpy.where(possible, inside * (n - others), 0.0) / (
            m + n - step
        )
        inside = from_current
        inside[1:] += from_reference[:-1]
        gap = numpy.abs(taken * n - (step + 1 - taken) * m)
        outside = gap >= rank_gap
        reached += float(inside[outside].sum())
        inside[outside] = 0.0
    return min(reached, 1.0)


def ks_one_sample_tail(rows: int, statistic: float) -> float:
    """Doubles the one-sided Smirnov tail: the two-sided tail where rows x statistic^2 is at least 2.2."""
    total = 0.0
    for j in range(math.floor(rows * (1 - statistic)) + 1):
        share = statistic + j / rows
        if share >= 1:
            continue
        logarithm = (
            math.lgamma(rows + 1)
            - math.lgamma(j + 1)
            - math.lgamma(rows - j + 1)
            + (j - 1) * math.log(share)
            + (rows - j) * math.log1p(-share)
        )
        total += math.exp(logarithm)
    return 2 * statistic * total


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Returns the chance of a chi-square value above the statistic."""
    if math.isinf(statistic):
        return 0.0
    a, x = degrees / 2, statistic / 2
    if x <= 0:
        return 1.0
    front = math.exp(-x + a * math.log(x) - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        denominator = a
        while term > total * 1e-17:
            denominator += 1
            term *= x / denominator
            total += term
        return 1 - front * total
    # Lentz's continued fraction for the upper incomplete gamma function.
    b = x + 1 - a
    c, d = math.inf, 1 / b
    value = d
    for i in range(1, 10_000):
        numerator = -i * (i - a)
        b += 2
        d = 1 / (numerator * d + b)
        c = b + numerator / c
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return front * value


def normal_distribution(z: float) -> float:
    """Returns the standard normal distribution function."""
    return math.erfc(-z / math.sqrt(2)) / 2
