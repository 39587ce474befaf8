"""Fixtures: a server with the test recipes, one with the examples' recipes, and a factory for servers with other flags."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import EXAMPLES
from support.server import Server

# Under `nohup` it is ignored, and the servers would inherit that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A factory: `serve(*flags, recipes=..., environment=...)` starts a server; all of them are stopped after the test."""
    servers: list[Server] = []

    def make(*flags: str, start: bool = True, **options) -> Server:
        directory = options.pop("directory", tmp_path / f"server-{len(servers)}")
        directory.mkdir(exist_ok=True)
        server = Server(directory, *flags, **options)
        servers.append(server)
        return server.start() if start else server

    yield make
    for server in servers:
        server.stop()
    for server in servers:
        assert "Sanitizer" not in server.log(), server.log()[-20_000:]


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server with the recipes of the tests."""
    return serve()


@pytest.fixture
def example_server(serve: Callable[..., Server]) -> Server:
    """A server with the recipes of the examples."""
    return serve(recipes=EXAMPLES / "recipes")


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Randomness that can be repeated: the seed is ACCEPTANCE_SEED or a new one, and is printed with a failure."""
    seed = int(os.environ.get("ACCEPTANCE_SEED", random.SystemRandom().randrange(2**32)))
    print(f"ACCEPTANCE_SEED={seed}")
    return random.Random(seed)
