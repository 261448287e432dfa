"""What the tests are given: the folder of a replay, the flights it replayed, and the sketches that Quiver wrote."""

import os
import subprocess
from pathlib import Path

import pandas
import pytest

FLIGHTS = Path(__file__).parents[2] / "demo" / "flights.parquet"


def given(variable: str, what: str) -> Path:
    """Returns the path in an environment variable; without it there is nothing to test, which is a failure."""
    path = os.environ.get(variable)
    if not path:
        pytest.fail(f"set {variable} to {what}; crates/quiver/tests/quiver/python.rs does")
    if not Path(path).exists():
        pytest.fail(f"{variable} names {path}, which is not there")
    return Path(path)


@pytest.fixture(scope="session")
def tables() -> Path:
    """The tables that a replay of the flights wrote."""
    return given("QUIVER_TABLES", "the folder `tables` of a data folder into which demo/flights.parquet was replayed")


@pytest.fixture(scope="session")
def flights() -> pandas.DataFrame:
    """The flights that were replayed."""
    return pandas.read_parquet(FLIGHTS)


@pytest.fixture(scope="session")
def sketches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sketches that Quiver's kernel wrote, of the values that `test_sketches` makes again."""
    example = given("QUIVER_SKETCH_EXAMPLE", "the built example `write_sketches` of quiver-profile")
    folder = tmp_path_factory.mktemp("sketches")
    subprocess.run([example, folder], check=True)
    return folder
