"""Recomputes Evidently 0.7's drift figures from its rules; never imports it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy
from peer_cases import Case, Value
from recompute_common import (
    Array,
    category_shares,
    chi_square_tail,
    equal_width_edges,
    histogram,
    jensen_shannon_distance,
    ks_exact_p,
    ks_one_sample_tail,
    ks_rank_gap,
    normal_distribution,
    relative_entropy,
    sturges_width,
    wasserstein,
)

FEW_VALUES = 20
FEW_VALUES_FOR_DEFAULT = 5
SMALL_REFERENCE = 1000
LARGEST_EXACT_KS = 10_000
SMALL_SHARE = 0.0001
P_VALUE_LIMIT = 0.05
DISTANCE_LIMIT = 0.1
DEVIATION_FLOOR = 0.001
PERMUTATIONS = 1000
DISPLAYED = {
    "ks": "K-S p_value",
    "chisquare": "chi-square p_value",
    "z": "Z-test p_value",
    "wasserstein": "Wasserstein distance (normed)",
    "jensenshannon": "Jensen-Shannon distance",
}


def cleaned(values: Sequence[Value]) -> list[Any]:
    """Drops nulls and infinities, which Evidently does before anything else."""
    return [
        value
        for value in values
        if value is not None and not (isinstance(value, float) and math.isinf(value))
    ]


def binned(case: Case, reference: list[Any], current: list[Any]) -> tuple[Array, Array]:
    """Bins both sides: pooled Sturges bins above 20 reference values, else one bin a value."""
    if case.kind == "numeric" and len(set(reference)) > FEW_VALUES:
        pooled = numpy.array(reference + current)
        edges = equal_width_edges(pooled, sturges_width(pooled), case.type == "integer")
        return (
            histogram(numpy.array(reference), edges) / len(reference),
            histogram(numpy.array(current), edges) / len(current),
        )
    keys = sorted(set(reference) | set(current))
    return category_shares(reference, keys), category_shares(current, keys)


def filled(shares: Array) -> Array:
    """Replaces empty shares by 1e-4, or by a millionth of a smallest share that is no larger."""
    smallest = shares[shares > 0].min()
    return numpy.where(
        shares == 0,
        smallest / 10**6 if smallest <= SMALL_SHARE else SMALL_SHARE,
        shares,
    )


def psi(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Sums (r - c) ln(r / c) over filled shares that are not brought back to one."""
    r, c = map(filled, binned(case, reference, current))
    return float(numpy.sum((r - c) * numpy.log(r / c)))


def kl_div(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Measures reference relative to current, in nats, over filled shares brought back to one."""
    r, c = map(filled, binned(case, reference, current))
    return relative_entropy(r / r.sum(), c / c.sum())


def jensenshannon(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Takes the distance with natural logarithms and no filling."""
    return jensen_shannon_distance(*binned(case, reference, current), math.e)


def hellinger(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Bins numbers by Sturges' rule on the distinct pooled values; categories need no bins."""
    keys = sorted(set(reference) | set(current))
    if case.kind == "categorical":
        r, c = category_shares(reference, keys), category_shares(current, keys)
    else:
        distinct = numpy.array(keys)
        edges = equal_width_edges(
            distinct, sturges_width(distinct), case.type == "integer"
        )
        r = histogram(numpy.array(reference), edges) / len(reference)
        c = histogram(numpy.array(current), edges) / len(current)
    return math.sqrt(1 - min(float(numpy.sum(numpy.sqrt(r * c))), 1.0))


def wasserstein_normed(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Divides by the reference's population deviation, at least 0.001."""
    floor = max(float(numpy.std(reference)), DEVIATION_FLOOR)
    return (
        wasserstein(numpy.array(reference, float), numpy.array(current, float)) / floor
    )


def ks(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Gives the two-sided p-value: exact up to 10,000 rows a side, else the one-sample law."""
    m, n = len(reference), len(current)
    gap = ks_rank_gap(numpy.array(reference), numpy.array(current))
    if max(m, n) <= LARGEST_EXACT_KS:
        return ks_exact_p(gap, m, n)
    return ks_one_sample_tail(round(m * n / (m + n)), gap / (m * n))


def chisquare(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Tests current counts against the reference's scaled to as many rows."""
    keys = sorted(set(reference) | set(current))
    scale = len(current) / len(reference)
    statistic = 0.0
    for key in keys:
        expected = reference.count(key) * scale
        difference = current.count(key) - expected
        statistic += difference**2 / expected if expected else math.inf
    return chi_square_tail(statistic, len(keys) - 1)


def z(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Compares the share of everything but the smallest key, with pooled variance."""
    keys = sorted(set(reference) | set(current))
    if len(keys) == 1:
        return 1.0
    m, n = len(reference), len(current)
    r, c = 1 - reference.count(keys[0]) / m, 1 - current.count(keys[0]) / n
    pooled = (r * m + c * n) / (m + n)
    score = (r - c) / math.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n))
    return 2 * (1 - normal_distribution(abs(score)))


def total_variation_p(case: Case, reference: list[Any], current: list[Any]) -> float:
    """Counts how many of 1,000 seeded permutations lie at least as far apart."""
    keys = sorted(set(reference) | set(current))
    codes = numpy.array([keys.index(value) for value in reference + current])
    rows = len(reference)
    generator = numpy.random.RandomState(0)

    def variation(first: Array, second: Array) -> float:
        counts = (numpy.bincount(side, minlength=len(keys)) for side in (first, second))
        r, c = (count / count.sum() for count in counts)
        return 0.5 * float(numpy.sum(numpy.abs(r - c)))

    observed = variation(codes[:rows], codes[rows:])
    reached = 0
    for _ in range(PERMUTATIONS):
        order = generator.permutation(len(codes))
        reached += observed <= variation(codes[order[:rows]], codes[order[rows:]])
    return reached / PERMUTATIONS


METHODS = {
    "psi": psi,
    "kl_div": kl_div,
    "jensenshannon": jensenshannon,
    "hellinger": hellinger,
    "wasserstein": wasserstein_normed,
    "ks": ks,
    "chisquare": chisquare,
    "z": z,
    "TVD": total_variation_p,
}


def default_method(case: Case, reference: list[Any], current: list[Any]) -> str:
    """Chooses by the reference's cleaned rows and the pooled number of values."""
    values = len(set(reference) | set(current))
    many = case.kind == "numeric" and values > FEW_VALUES_FOR_DEFAULT
    if len(reference) > SMALL_REFERENCE:
        return "wasserstein" if many else "jensenshannon"
    if many:
        return "ks"
    return "chisquare" if values > 2 else "z"


def default(case: Case, reference: list[Any], current: list[Any]) -> dict[str, Any]:
    """Returns the default choice with its verdict."""
    method = default_method(case, reference, current)
    value = METHODS[method](case, reference, current)
    is_distance = method in ("wasserstein", "jensenshannon")
    limit = DISTANCE_LIMIT if is_distance else P_VALUE_LIMIT
    # Only the Kolmogorov-Smirnov test counts a value equal to its limit as drift among the tests.
    drifted = (
        value >= limit
        if is_distance
        else value <= limit
        if method == "ks"
        else value < limit
    )
    return {
        "value": value,
        "method": DISPLAYED[method],
        "threshold": limit,
        "drifted": drifted,
    }


def recompute(case: Case, measure: str) -> Any:
    """Returns one figure of a case."""
    reference, current = cleaned(case.reference), cleaned(case.current)
    if measure == "default":
        return default(case, reference, current)
    return METHODS[measure](case, reference, current)
