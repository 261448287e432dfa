"""Runs TensorFlow Data Validation 1.16 on the shared cases and records what it returned."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import pandas
import reporting_off  # noqa: F401
import tensorflow_data_validation
from peer_cases import FIXTURES, Case, entry_of, make_cases, write_fixture
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

TARGET = FIXTURES / "tfdv_1_16.json"
HISTOGRAMS = {
    "standard": statistics_pb2.Histogram.STANDARD,
    "quantiles": statistics_pb2.Histogram.QUANTILES,
}
SOURCES = {
    "standard": schema_pb2.HistogramSelection.STANDARD,
    "quantiles": schema_pb2.HistogramSelection.QUANTILES,
}
MEASURES = {
    anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY: "l_infinity",
    anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: "jensen_shannon_divergence",
    anomalies_pb2.DriftSkewInfo.Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE: "normalized_abs_difference",
}
Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Histogram: TypeAlias = list[tuple[float, float, float]]


def statistics(case: Case, values: Sequence[Any]) -> Statistics:
    """Summarises the one column with the package's defaults."""
    types = {"float": "float64", "integer": "int64", "string": "object"}
    frame = pandas.DataFrame({"x": pandas.Series(values, dtype=types[case.type])})
    return tensorflow_data_validation.generate_statistics_from_dataframe(frame)


def comparator(kind: str, source: str) -> schema_pb2.FeatureComparator:
    """Asks for every measure that suits the kind; a threshold of zero makes it report."""
    asked = schema_pb2.FeatureComparator()
    asked.jensen_shannon_divergence.threshold = 0
    asked.jensen_shannon_divergence.source.type = SOURCES[source]
    if kind == "categorical":
        asked.infinity_norm.threshold = 0
        asked.normalized_abs_difference.threshold = 0
    return asked


def measure(
    kind: str, source: str, reference: Statistics, current: Statistics
) -> dict[str, float]:
    """Returns what the package's validation measured between both summaries."""
    schema = tensorflow_data_validation.infer_schema(reference)
    schema.feature[0].drift_comparator.CopyFrom(comparator(kind, source))
    anomalies = tensorflow_data_validation.validate_statistics(
        current, schema, previous_statistics=reference
    )
    return {
        MEASURES[measurement.type]: float(measurement.value)
        for feature in anomalies.drift_skew_info
        for measurement in feature.drift_measurements
    }


def buckets(summary: Statistics, source: str) -> list[list[float]]:
    """Lists a histogram's buckets as low value, high value and count."""
    for histogram in summary.datasets[0].features[0].num_stats.histograms:
        if histogram.type == HISTOGRAMS[source]:
            return [
                [bucket.low_value, bucket.high_value, bucket.sample_count]
                for bucket in histogram.buckets
            ]
    raise ValueError(f"no {source} histogram")


def numeric_results(
    case: Case, reference: Statistics, current: Statistics
) -> dict[str, Any]:
    """Measures both kinds of histogram and keeps the histograms."""
    measured: dict[str, Any] = {}
    for source in HISTOGRAMS:
        measured[source] = measure(case.kind, source, reference, current) | {
            "reference_histogram": buckets(reference, source),
            "current_histogram": buckets(current, source),
        }
    return measured


def results(case: Case) -> dict[str, Any]:
    """Summarises both samples and measures between the summaries."""
    reference, current = (
        statistics(case, case.reference),
        statistics(case, case.current),
    )
    if case.kind == "numeric":
        return numeric_results(case, reference, current)
    return measure(case.kind, "standard", reference, current)


def summary_of(histogram: Histogram, nans: int) -> Statistics:
    """Wraps hand-made buckets as a summary, for what samples from a table cannot express."""
    summary = statistics_pb2.DatasetFeatureStatisticsList()
    rows = int(sum(count for _, _, count in histogram)) + nans
    feature = summary.datasets.add(num_examples=rows).features.add(
        type=statistics_pb2.FeatureNameStatistics.FLOAT
    )
    feature.path.step.append("x")
    common = feature.num_stats.common_stats
    common.num_non_missing = common.tot_num_values = rows
    common.min_num_values = common.max_num_values = 1
    made = feature.num_stats.histograms.add(
        type=statistics_pb2.Histogram.STANDARD, num_nan=nans
    )
    for low, high, count in histogram:
        made.buckets.add(low_value=low, high_value=high, sample_count=count)
    return summary


def histogram_entry(
    name: str, reference: Histogram, current: Histogram, nans: tuple[int, int]
) -> dict[str, Any]:
    """Measures between two hand-made histograms."""
    summaries = (summary_of(reference, nans[0]), summary_of(current, nans[1]))
    return {
        "name": name,
        "kind": "histogram",
        "reference_histogram": reference,
        "current_histogram": current,
        "reference_nan": nans[0],
        "current_nan": nans[1],
        "results": measure("numeric", "standard", *summaries),
    }


def histogram_entries() -> list[dict[str, Any]]:
    """Covers not-a-number, point buckets and disjoint ranges."""
    halves = [(0.0, 1.0, 50.0), (1.0, 2.0, 50.0)]
    wider = [(0.0, 1.0, 50.0), (1.0, 2.5, 50.0)]
    return [
        histogram_entry("wider", halves, wider, (0, 0)),
        histogram_entry(
            "disjoint", halves, [(3.0, 4.0, 50.0), (4.0, 5.0, 50.0)], (0, 0)
        ),
        histogram_entry("point", [(0.0, 0.0, 50.0), (1.0, 2.0, 50.0)], halves, (0, 0)),
        histogram_entry("nan_in_current", halves, halves, (0, 100)),
        histogram_entry("nan_in_both", halves, halves, (100, 100)),
        histogram_entry("nan_lost_by_rebucketing", halves, wider, (0, 100)),
    ]


def main() -> None:
    """Reads the command line and writes the fixture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    names = ("tensorflow-data-validation", "tfx-bsl", "numpy", "pandas")
    head = {
        "about": "Made by scripts/independent/peers_tfdv.py; do not edit.",
        "packages": {name: version(name) for name in names},
    }
    entries = [entry_of(case, results(case)) for case in make_cases()]
    write_fixture(arguments.target, head, entries + histogram_entries())


if __name__ == "__main__":
    main()
