"""Runs TensorFlow Data Validation 1.16 on the shared cases and records what it returned."""

import reporting_off  # noqa: F401

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas
import tensorflow_data_validation
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from peer_cases import FIXTURES, Case, entry_of, make_cases, write_fixture

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
Statistics = statistics_pb2.DatasetFeatureStatisticsList


def statistics(case: Case, values: list[Any]) -> Statistics:
    """Summarises the one column with the package's defaults."""
    types = {"float": "float64", "integer": "int64", "string": "object"}
    frame = pandas.DataFrame({"x": pandas.Series(values, dtype=types[case.type])})
    return tensorflow_data_validation.generate_statistics_from_dataframe(frame)


def comparator(case: Case, source: str) -> schema_pb2.FeatureComparator:
    """Asks for every measure that suits the case; a threshold of zero makes it report."""
    asked = schema_pb2.FeatureComparator()
    asked.jensen_shannon_divergence.threshold = 0
    asked.jensen_shannon_divergence.source.type = SOURCES[source]
    if case.kind == "categorical":
        asked.infinity_norm.threshold = 0
        asked.normalized_abs_difference.threshold = 0
    return asked


def measure(case: Case, source: str, reference: Statistics, current: Statistics) -> dict[str, float]:
    """Returns what the package's validation measured between both summaries."""
    schema = tensorflow_data_validation.infer_schema(reference)
    schema.feature[0].drift_comparator.CopyFrom(comparator(case, source))
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
            return [[bucket.low_value, bucket.high_value, bucket.sample_count] for bucket in histogram.buckets]
    raise ValueError(f"no {source} histogram")


def with_nans(summary: Statistics, values: list[Any]) -> Statistics:
    """Copies a summary as if its nulls had been NaN, which this way in cannot express."""
    copy = statistics_pb2.DatasetFeatureStatisticsList()
    copy.CopyFrom(summary)
    for histogram in copy.datasets[0].features[0].num_stats.histograms:
        histogram.num_nan = sum(value is None for value in values)
    return copy


def numeric_results(case: Case, reference: Statistics, current: Statistics) -> dict[str, Any]:
    """Measures both kinds of histogram and keeps the histograms."""
    measured: dict[str, Any] = {}
    for source in HISTOGRAMS:
        measured[source] = measure(case, source, reference, current) | {
            "reference_histogram": buckets(reference, source),
            "current_histogram": buckets(current, source),
        }
        if None in case.reference:
            nans = (with_nans(reference, case.reference), with_nans(current, case.current))
            measured[f"{source}_with_nulls_as_nan"] = measure(case, source, *nans)
    return measured


def results(case: Case) -> dict[str, Any]:
    """Summarises both samples and measures between the summaries."""
    reference, current = statistics(case, case.reference), statistics(case, case.current)
    if case.kind == "numeric":
        return numeric_results(case, reference, current)
    return measure(case, "standard", reference, current)


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
    write_fixture(arguments.target, head, [entry_of(case, results(case)) for case in make_cases()])


if __name__ == "__main__":
    main()
