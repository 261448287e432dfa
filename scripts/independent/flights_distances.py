"""Computes how far each month's features lie from February's, as values to test Quiver against."""

import argparse
from pathlib import Path
from typing import Any

import numpy
import pyarrow
from distances import (
    BIN_BUDGET,
    NumericBins,
    bin_distances,
    numeric_bins,
    occupied,
    population_stability_index,
    quantile_edges,
    shares,
)
from fixtures import (
    FLIGHTS,
    REPOSITORY,
    in_month,
    months_of,
    numbers,
    packages,
    read_flights,
    write_fixture,
)
from scipy import stats
from scipy.spatial.distance import jensenshannon

TARGET = REPOSITORY / "crates/quiver/tests/independent/flights_distances.json"
REFERENCE_MONTH = "2013-02"
NUMERIC = (
    "hour",
    "distance",
    "dow",
    "temp",
    "dewp",
    "humid",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
)
CATEGORICAL = ("carrier", "origin", "dest")
TOLERANCE = 1e-12


def checked_bin_distances(
    reference: numpy.ndarray, current: numpy.ndarray
) -> dict[str, float]:
    """Measures the bins and refuses a Jensen-Shannon distance that SciPy does not confirm."""
    measured = bin_distances(reference, current)
    library = jensenshannon(*map(shares, occupied(reference, current)), base=2)
    # Near zero the root magnifies rounding, so the divergence is what is compared.
    if abs(measured["js"] ** 2 - library**2) > TOLERANCE:
        raise ValueError(
            f"Jensen-Shannon distance: {measured['js']} here, {library} in SciPy"
        )
    return measured


def quantile10_counts(values: numpy.ndarray, edges: numpy.ndarray) -> numpy.ndarray:
    """Counts non-null values between right-closed edges; the outer bins have no limit."""
    return numpy.bincount(
        numpy.searchsorted(edges, values, side="left"), minlength=len(edges) + 1
    )


def numeric_month(
    column: pyarrow.ChunkedArray,
    reference: numpy.ndarray,
    bins: NumericBins,
    edges: numpy.ndarray,
    reference_counts: numpy.ndarray,
) -> dict[str, Any]:
    """Measures one month of one numeric feature."""
    values = numbers(column)
    counts = bins.counts(values, column.null_count)
    plain = quantile10_counts(values, edges)
    plain_reference = quantile10_counts(reference, edges)
    return {
        "rows": len(column),
        "counts": counts.tolist(),
        "quantile10_counts": plain.tolist(),
        "psi_quantile10": population_stability_index(*occupied(plain_reference, plain)),
        **checked_bin_distances(reference_counts, counts),
        "ks": float(stats.ks_2samp(reference, values).statistic),
        "wasserstein_normalised": float(
            stats.wasserstein_distance(reference, values) / numpy.std(reference, ddof=0)
        ),
    }


def numeric_feature(
    flights: pyarrow.Table, name: str, months: list[str]
) -> dict[str, Any]:
    """Measures every month of one numeric feature against the reference month."""
    reference_column = in_month(flights, REFERENCE_MONTH)[name]
    reference = numbers(reference_column)
    bins = numeric_bins(reference)
    edges = quantile_edges(reference, BIN_BUDGET)
    reference_counts = bins.counts(reference, reference_column.null_count)
    return {
        "heavy": bins.heavy.tolist(),
        "edges": bins.edges.tolist(),
        "minimum": bins.minimum,
        "maximum": bins.maximum,
        "bins": bins.labels(),
        "reference_rows": len(reference_column),
        "reference_counts": reference_counts.tolist(),
        "quantile10_edges": edges.tolist(),
        "quantile10_reference_counts": quantile10_counts(reference, edges).tolist(),
        "months": {
            month: numeric_month(
                in_month(flights, month)[name], reference, bins, edges, reference_counts
            )
            for month in months
        },
    }


def category_counts(
    column: pyarrow.ChunkedArray, categories: list[str]
) -> numpy.ndarray:
    """Counts the reference's categories, then every other one as unseen, then nulls."""
    counted = {
        row["values"]: row["counts"] for row in column.value_counts().to_pylist()
    }
    nulls = counted.pop(None, 0)
    known = [counted.pop(category, 0) for category in categories]
    return numpy.array([*known, sum(counted.values()), nulls], dtype=numpy.int64)


def categorical_feature(
    flights: pyarrow.Table, name: str, months: list[str]
) -> dict[str, Any]:
    """Measures every month of one categorical feature against the reference month."""
    reference_column = in_month(flights, REFERENCE_MONTH)[name]
    categories = sorted(reference_column.drop_null().unique().to_pylist())
    reference_counts = category_counts(reference_column, categories)
    measured = {}
    for month in months:
        counts = category_counts(in_month(flights, month)[name], categories)
        table = numpy.array(occupied(reference_counts, counts))
        test = stats.chi2_contingency(table, correction=False)
        measured[month] = {
            "rows": int(counts.sum()),
            "counts": counts.tolist(),
            **checked_bin_distances(reference_counts, counts),
            "chi_square": float(test.statistic),
            "degrees_of_freedom": int(test.dof),
            "chi_square_p": float(test.pvalue),
            "cramers_v": float(numpy.sqrt(test.statistic / table.sum())),
        }
    return {
        "bins": [*categories, "unseen", "null"],
        "reference_rows": int(reference_counts.sum()),
        "reference_counts": reference_counts.tolist(),
        "months": measured,
    }


CONVENTIONS = {
    "window": "calendar month of event_time in America/New_York",
    "psi_quantile10": "edges: values at rank ceil(i n / 10), i = 1..9, of the reference's non-null values, "
    "repeats once; right-closed bins, open at both ends; nulls excluded",
    "heavy": "values with at least 10 % of the reference's non-null rows, each a bin",
    "edges": "the remaining reference values cut as above into max(1, 10 - number of heavy values) bins",
    "range": "a current value below the reference's minimum is under, above its maximum over",
    "null": "a bin of its own",
    "empty": "a bin empty on both sides is left out of every distance; counts here still list it",
    "zero": "psi and kl only: an empty bin of a side counts as 0.5 there, then shares of the adjusted sum",
    "kl": "current relative to reference, nats",
    "js": "distance (root of the divergence), base 2, no zero rule",
    "ks": "largest gap between the two distribution functions, non-null values",
    "wasserstein_normalised": "first Wasserstein distance over the reference's population standard deviation",
    "chi_square": "two rows by the non-empty bins, no correction; cramers_v = sqrt(chi_square / rows of both)",
}


def main() -> None:
    """Reads the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flights", type=Path, default=FLIGHTS)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    flights = read_flights(arguments.flights)
    months = [month for month in months_of(flights) if month > REFERENCE_MONTH]
    content = {
        "about": "Made by scripts/independent/flights_distances.py; do not edit.",
        "packages": packages("numpy", "pyarrow", "scipy"),
        "conventions": CONVENTIONS,
        "reference": REFERENCE_MONTH,
        "numeric": {name: numeric_feature(flights, name, months) for name in NUMERIC},
        "categorical": {
            name: categorical_feature(flights, name, months) for name in CATEGORICAL
        },
    }
    write_fixture(arguments.target, content)


if __name__ == "__main__":
    main()
