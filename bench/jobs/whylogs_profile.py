"""Profiles one Parquet file in whylogs."""

import argparse
import os
import time

# Switches off usage reports; whylogs reads it when it is imported.
os.environ["WHYLOGS_NO_ANALYTICS"] = "True"

import pandas
import whylogs


def main() -> None:
    """Reads the command line, profiles and prints how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    arguments = parser.parse_args()
    started = time.perf_counter()
    view = whylogs.log(pandas.read_parquet(arguments.data)).view()
    if view.to_pandas().empty:
        raise RuntimeError("the profile is empty")
    print(f"work_seconds={time.perf_counter() - started}")


if __name__ == "__main__":
    main()
