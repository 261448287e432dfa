"""What all server tests share: the modules beside them, and the size of the run."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether the long versions run: QUIVER_LONG=1."""
    return os.environ.get("QUIVER_LONG") == "1"
