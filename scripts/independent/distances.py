"""Bins a reference and a current sample and measures distances between the bins; reads no file."""

from dataclasses import dataclass

import numpy

# One row in ten, compared in integers.
HEAVY_ONE_IN = 10
BIN_BUDGET = 10
EMPTY_BIN_COUNT = 0.5


@dataclass(frozen=True)
class NumericBins:
    """The frozen bins of a reference: heavy values, the remainder's cuts and the range."""

    heavy: numpy.ndarray
    edges: numpy.ndarray
    minimum: float
    maximum: float

    def labels(self) -> list[str]:
        """Names the bins in the order in which `counts` returns them."""
        heavy = [f"heavy {value!r}" for value in self.heavy.tolist()]
        remainder = [f"remainder {index}" for index in range(len(self.edges) + 1)]
        return [*heavy, *remainder, "under", "over", "null"]

    def counts(self, values: numpy.ndarray, nulls: int) -> numpy.ndarray:
        """Counts the values in each bin; every value falls in exactly one."""
        under = values < self.minimum
        over = values > self.maximum
        is_heavy = numpy.isin(values, self.heavy)
        remainder = values[~(under | over | is_heavy)]
        cut = numpy.bincount(
            numpy.searchsorted(self.edges, remainder, side="left"),
            minlength=len(self.edges) + 1,
        )
        heavy = [int(numpy.sum(values == value)) for value in self.heavy]
        return numpy.array(
            [*heavy, *cut, under.sum(), over.sum(), nulls], dtype=numpy.int64
        )


def quantile_edges(values: numpy.ndarray, bins: int) -> numpy.ndarray:
    """Cuts sorted values at the smallest one that covers i/bins of the rows, repeated cuts once."""
    if len(values) == 0:
        return numpy.array([])
    ordered = numpy.sort(values)
    ranks = [-(-cut * len(ordered) // bins) - 1 for cut in range(1, bins)]
    edges = numpy.unique(ordered[ranks])
    fractions = [cut / bins for cut in range(1, bins)]
    if fractions:
        library = numpy.unique(numpy.quantile(values, fractions, method="inverted_cdf"))
        if not numpy.array_equal(edges, library):
            raise ValueError("integer ranks and numpy.quantile cut differently")
    return edges


def numeric_bins(reference: numpy.ndarray) -> NumericBins:
    """Freezes Quiver's default bins, `quantile10+heavy+range+null`, on non-null values."""
    distinct, counts = numpy.unique(reference, return_counts=True)
    heavy = distinct[counts * HEAVY_ONE_IN >= len(reference)]
    remainder = reference[~numpy.isin(reference, heavy)]
    edges = quantile_edges(remainder, max(1, BIN_BUDGET - len(heavy)))
    return NumericBins(heavy, edges, float(reference.min()), float(reference.max()))


def occupied(
    reference: numpy.ndarray, current: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Leaves out the bins that are empty on both sides."""
    kept = (reference > 0) | (current > 0)
    return reference[kept], current[kept]


def shares(counts: numpy.ndarray) -> numpy.ndarray:
    """Divides counts by their sum."""
    return counts / counts.sum()


def filled_shares(counts: numpy.ndarray) -> numpy.ndarray:
    """Counts an empty bin as half a row, so that a logarithm stays finite."""
    return shares(
        numpy.where(counts == 0, EMPTY_BIN_COUNT, counts.astype(numpy.float64))
    )


def population_stability_index(
    reference: numpy.ndarray, current: numpy.ndarray
) -> float:
    """Sums (c - r) ln(c / r) over filled shares."""
    r, c = filled_shares(reference), filled_shares(current)
    return float(numpy.sum((c - r) * numpy.log(c / r)))


def kullback_leibler(reference: numpy.ndarray, current: numpy.ndarray) -> float:
    """Sums c ln(c / r) over filled shares: current relative to reference, in nats."""
    r, c = filled_shares(reference), filled_shares(current)
    return float(numpy.sum(c * numpy.log(c / r)))


def jensen_shannon_distance(reference: numpy.ndarray, current: numpy.ndarray) -> float:
    """Takes the square root of the divergence in bits; an empty bin adds nothing of its side."""
    r, c = shares(reference), shares(current)
    middle = (r + c) / 2
    divergence = 0.0
    for side in (r, c):
        held = side > 0
        divergence += 0.5 * numpy.sum(
            side[held] * numpy.log2(side[held] / middle[held])
        )
    return float(numpy.sqrt(max(divergence, 0.0)))


def hellinger(reference: numpy.ndarray, current: numpy.ndarray) -> float:
    """Measures the distance between the roots of the shares, from 0 to 1."""
    roots = numpy.sqrt(shares(current)) - numpy.sqrt(shares(reference))
    return float(numpy.sqrt(numpy.sum(roots**2) / 2))


def total_variation(reference: numpy.ndarray, current: numpy.ndarray) -> float:
    """Halves the sum of the differences in share."""
    return float(numpy.sum(numpy.abs(shares(current) - shares(reference))) / 2)


def l_infinity(reference: numpy.ndarray, current: numpy.ndarray) -> float:
    """Takes the largest difference in share."""
    return float(numpy.max(numpy.abs(shares(current) - shares(reference))))


def bin_distances(reference: numpy.ndarray, current: numpy.ndarray) -> dict[str, float]:
    """Measures every distance that needs only both sides' counts on the same bins."""
    r, c = occupied(reference, current)
    return {
        "psi": population_stability_index(r, c),
        "kl": kullback_leibler(r, c),
        "js": jensen_shannon_distance(r, c),
        "hellinger": hellinger(r, c),
        "total_variation": total_variation(r, c),
        "l_infinity": l_infinity(r, c),
    }
