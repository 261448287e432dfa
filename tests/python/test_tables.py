"""Opens the tables of a replay with the users' own tools, and compares them with pandas on the flights themselves."""

from collections.abc import Callable
from pathlib import Path

import deltalake
import duckdb
import pandas
import polars
import pytest

MODEL = "flight-delay"
SCORES = {"control": "score_lr", "shadow": "score"}
NUMBERS = ["hour", "dow", "distance", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
CATEGORIES = ["carrier", "origin", "dest"]

Reader = Callable[[Path, list[str]], pandas.DataFrame]


def read_with_deltalake(table: Path, columns: list[str]) -> pandas.DataFrame:
    """Reads columns with the Delta library."""
    return deltalake.DeltaTable(table).to_pandas(columns=columns)


def read_with_duckdb(table: Path, columns: list[str]) -> pandas.DataFrame:
    """Reads columns with DuckDB, from the files of the table's snapshot: its own Delta extension is a download."""
    files = deltalake.DeltaTable(table).file_uris()
    selected = ", ".join(f'"{column}"' for column in columns)
    with duckdb.connect() as connection:
        query = f"SELECT {selected} FROM read_parquet($files, hive_partitioning = true)"
        return connection.sql(query, params={"files": files}).to_arrow_table().to_pandas()


def read_with_polars(table: Path, columns: list[str]) -> pandas.DataFrame:
    """Reads columns with Polars."""
    return polars.read_delta(str(table), columns=columns).to_pandas()


@pytest.fixture(scope="module", params=[read_with_deltalake, read_with_duckdb, read_with_polars])
def read(request: pytest.FixtureRequest) -> Reader:
    """Each tool in turn."""
    return request.param


def same(found: float, expected: float) -> None:
    """Compares sums: the same values in another order."""
    assert found == pytest.approx(expected, rel=1e-12)


def test_predictions_hold_every_flight_once_for_each_arm(read: Reader, tables: Path, flights: pandas.DataFrame) -> None:
    columns = ["id", "decision_id", "arm", "offset", "at", "event_date", "score"]
    rows = read(tables / "predictions" / MODEL, columns)
    assert len(rows) == 2 * len(flights)
    assert rows["id"].is_unique
    assert rows["offset"].is_unique
    for arm, score in SCORES.items():
        part = rows[rows["arm"] == arm]
        assert sorted(part["decision_id"]) == sorted(flights["flight_id"].astype(str))
        same(part["score"].sum(), flights[score].astype("float64").sum())
        assert part["at"].min() == flights["event_time"].min()
        assert part["at"].max() == flights["event_time"].max()
    assert (pandas.to_datetime(rows["event_date"]).dt.date == rows["at"].dt.tz_convert("UTC").dt.date).all()


def test_features_are_what_the_flights_say(read: Reader, tables: Path, flights: pandas.DataFrame) -> None:
    names = [f"feature_{name}" for name in NUMBERS + CATEGORIES]
    rows = read(tables / "predictions" / MODEL, ["arm", *names])
    rows = rows[rows["arm"] == "control"]
    for name in NUMBERS:
        column = rows[f"feature_{name}"]
        assert column.notna().sum() == flights[name].notna().sum()
        same(column.sum(), flights[name].sum())
        assert (column.min(), column.max()) == (flights[name].min(), flights[name].max())
    for name in CATEGORIES:
        assert rows[f"feature_{name}"].value_counts().to_dict() == flights[name].value_counts().to_dict()


def test_feedback_holds_every_truth_that_came(read: Reader, tables: Path, flights: pandas.DataFrame) -> None:
    rows = read(tables / "feedback" / MODEL, ["id", "decision_id", "name", "value", "known_at"])
    labelled = flights[flights["label"].notna()]
    assert len(rows) == len(labelled)
    assert rows["id"].is_unique
    assert sorted(rows["decision_id"]) == sorted(labelled["flight_id"].astype(str))
    assert set(rows["name"]) == {"late"}
    assert rows["value"].sum() == labelled["label"].sum()
    assert rows["known_at"].max() == labelled["label_time"].max()


def test_profiles_and_outcomes_count_every_flight(read: Reader, tables: Path, flights: pandas.DataFrame) -> None:
    profiles = read(tables / "profiles", ["model", "arm", "rows"])
    outcomes = read(tables / "outcomes", ["model", "arm", "slice_name", "predictions", "labelled"])
    assert set(profiles["model"]) == set(outcomes["model"]) == {MODEL}
    assert profiles.groupby("arm")["rows"].sum().to_dict() == dict.fromkeys(SCORES, len(flights))
    for slice_name in ["", "origin", "carrier"]:
        part = outcomes[outcomes["slice_name"] == slice_name].groupby("arm")
        assert part["predictions"].sum().to_dict() == dict.fromkeys(SCORES, len(flights))
        assert part["labelled"].sum().to_dict() == dict.fromkeys(SCORES, flights["label"].notna().sum())


def test_findings_say_when_the_decision_broke(read: Reader, tables: Path) -> None:
    rows = read(tables / "findings", ["arm", "window_start", "arrow", "monitor", "verdict", "value", "limit_low"])
    assert set(rows["arrow"]) == {"features", "inference", "decision", "feedback"}
    rates = rows[(rows["arm"] == "control") & (rows["monitor"] == "decision_rate")]
    broken = rates[rates["verdict"] == "broken"]
    days = broken["window_start"].dt.tz_convert("America/New_York").dt.month.value_counts()
    # A day's rate swings with the weather, so that single days of winter break too; from May to October almost all do.
    assert days.get(2, 0) + days.get(3, 0) <= 0.2 * (28 + 31)
    assert days.loc[[5, 6, 7, 8, 9, 10]].sum() >= 0.9 * (31 + 30 + 31 + 31 + 30 + 31)
    assert (broken["value"] < broken["limit_low"]).mean() > 0.9
