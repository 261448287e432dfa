"""Reads the demo's flights and writes fixtures in one stable form; computes no measure."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.parquet

REPOSITORY = Path(__file__).resolve().parents[2]
FLIGHTS = REPOSITORY / "demo" / "flights.parquet"
TIME_ZONE = "America/New_York"


def read_flights(path: Path) -> pyarrow.Table:
    """Reads the flights and adds `local_month`, the calendar month in New York, as `2013-02`."""
    flights = pyarrow.parquet.read_table(path)
    local = pyarrow.compute.local_timestamp(
        flights["event_time"].cast(pyarrow.timestamp("ms", TIME_ZONE))
    )
    return flights.append_column(
        "local_month", pyarrow.compute.strftime(local, "%Y-%m")
    )


def months_of(flights: pyarrow.Table) -> list[str]:
    """Names the local months in order."""
    return sorted(flights["local_month"].unique().to_pylist())


def in_month(flights: pyarrow.Table, month: str) -> pyarrow.Table:
    """Keeps the rows of one local month."""
    return flights.filter(pyarrow.compute.equal(flights["local_month"], month))


def numbers(column: pyarrow.ChunkedArray) -> numpy.ndarray:
    """Returns the non-null values as 64-bit floats."""
    return column.drop_null().cast(pyarrow.float64()).to_numpy()


def packages(*names: str) -> dict[str, str]:
    """Says which versions of the named packages made the figures."""
    return {name: version(name) for name in names}


def write_fixture(path: Path, content: dict[str, Any]) -> None:
    """Writes JSON whose floats read back bit for bit; a NaN or an infinity raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    path.write_text(_join_short_lists(text) + "\n", encoding="utf-8")


def _join_short_lists(text: str) -> str:
    """Puts a list of plain values on one line, so that a changed figure is one changed line."""
    joined: list[str] = []
    held: list[str] | None = None
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.endswith("["):
            if held is not None:
                joined.extend(held)
            held = [line]
        elif held is not None and stripped.rstrip(",") == "]":
            joined.append(
                held[0] + " ".join(part.strip() for part in held[1:]) + stripped
            )
            held = None
        elif held is not None and stripped.endswith("{"):
            joined.extend([*held, line])
            held = None
        elif held is not None:
            held.append(line)
        else:
            joined.append(line)
    return "\n".join(joined)
