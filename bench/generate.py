"""Writes the benchmark's data: ten numeric and five string columns, from fixed seeds."""

import argparse
import zlib
from pathlib import Path

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.parquet

ROWS_PER_GROUP = 1_000_000
STREAMS = ("reference", "current")
# What the current stream adds to the location of the shifted columns.
SHIFT = 0.2
NULL_NUMBERS = 0.05
NULL_STRINGS = 0.20
PREFIXES = {
    "category_10": 10,
    "category_200": 200,
    "category_50000": 50_000,
    "category_nulls": 40,
}


def numeric_columns(
    generator: numpy.random.Generator, rows: int, shift: float
) -> dict[str, pyarrow.Array]:
    """Makes ten columns of 64-bit floats of different shapes."""
    skewed = generator.lognormal(1, 1.5, rows)
    zero_heavy = numpy.where(
        generator.random(rows) < 0.9, 0.0, generator.lognormal(1, 1, rows)
    )
    two_peaks = numpy.where(generator.random(rows) < 0.3, -4.0, 3.0) + generator.normal(
        0, 1, rows
    )
    missing = generator.random(rows) < NULL_NUMBERS
    columns = {
        "normal": generator.normal(shift, 1, rows),
        "lognormal": skewed,
        "uniform": generator.random(rows),
        "exponential": generator.exponential(1 + shift, rows),
        "zero_heavy": zero_heavy,
        "small_integers": generator.poisson(3, rows).astype(float),
        "two_peaks": two_peaks,
        "heavy_tails": generator.standard_t(2, rows),
        "prices": numpy.round(generator.gamma(2, 20 * (1 + shift), rows), 2),
    }
    arrays = {name: pyarrow.array(values) for name, values in columns.items()}
    return arrays | {
        "with_nulls": pyarrow.array(generator.normal(10, 3, rows), mask=missing)
    }


def zipf_column(
    generator: numpy.random.Generator,
    name: str,
    rows: int,
    exponent: float,
    null_share: float,
) -> pyarrow.Array:
    """Draws categories whose frequency falls with a power of their rank."""
    levels = PREFIXES[name]
    weights = numpy.cumsum(1 / numpy.arange(1, levels + 1) ** exponent)
    codes = numpy.searchsorted(weights, generator.random(rows) * weights[-1]).astype(
        numpy.int32
    )
    missing = generator.random(rows) < null_share if null_share else None
    names = pyarrow.array([f"{name}-{level:05d}" for level in range(levels)])
    return pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(codes, mask=missing), names
    )


def string_columns(
    generator: numpy.random.Generator, rows: int, shift: float
) -> dict[str, pyarrow.Array]:
    """Makes five columns of strings, from ten values to nearly as many as rows."""
    exponent = 1.0 - shift / 2
    identifiers = pyarrow.array(generator.integers(10**11, 10**12, rows)).cast(
        pyarrow.string()
    )
    return {
        "category_10": zipf_column(generator, "category_10", rows, exponent, 0),
        "category_200": zipf_column(generator, "category_200", rows, 1.0, 0),
        "category_50000": zipf_column(generator, "category_50000", rows, 1.0, 0),
        "category_nulls": zipf_column(
            generator, "category_nulls", rows, 1.0, NULL_STRINGS
        ),
        "near_unique": pyarrow.compute.binary_join_element_wise("id", identifiers, "-"),
    }


def make_group(stream: str, group: int, rows: int) -> pyarrow.Table:
    """Makes one row group, which depends on its stream and position alone."""
    generator = numpy.random.default_rng([zlib.crc32(stream.encode()), group])
    shift = SHIFT if stream == "current" else 0.0
    return pyarrow.table(
        numeric_columns(generator, rows, shift) | string_columns(generator, rows, shift)
    )


def generate(target: Path, rows: int, stream: str) -> None:
    """Writes row group after row group, so that memory holds one at a time."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    writer: pyarrow.parquet.ParquetWriter | None = None
    for group, first in enumerate(range(0, rows, ROWS_PER_GROUP)):
        table = make_group(stream, group, min(ROWS_PER_GROUP, rows - first))
        if writer is None:
            # Without Arrow's own schema, readers see plain strings and not dictionaries.
            writer = pyarrow.parquet.ParquetWriter(
                unfinished, table.schema, compression="zstd", store_schema=False
            )
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)
    if writer is None:
        raise ValueError("rows must be at least 1")
    writer.close()
    unfinished.rename(target)


def main() -> None:
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, metavar="OUT")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--stream", choices=STREAMS, default=STREAMS[0])
    arguments = parser.parse_args()
    generate(arguments.target, arguments.rows, arguments.stream)
    megabytes = arguments.target.stat().st_size / 1e6
    print(f"{arguments.target}: {arguments.rows} rows, {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
