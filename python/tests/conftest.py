"""What the tests are given: a fake server, and clients that are closed afterwards."""

import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parent))

import quiver_ml
from server import FakeServer


@pytest.fixture
def server():
    fake = FakeServer()
    stop = fake.start()
    yield fake
    stop()


@pytest.fixture
def make_client(server):
    """Makes clients of the fake server that send at once and retry fast."""
    made = []

    def make(**options):
        settings = {"url": server.url, "model": "flight-delay", "linger_seconds": 0, "first_retry_seconds": 0.001}
        client = quiver_ml.Client(**{**settings, **options})
        made.append(client)
        return client

    yield make
    server.release.set()
    for client in made:
        client.close(0)


@pytest.fixture
def dead_url():
    """A URL of the loopback where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def total(stats):
    """Where every logged event must be found again."""
    return stats["sent"] + sum(stats["dropped"].values()) + stats["queued"]
