"""A loop that doesn't turn is told of, and doesn't keep the server from ending in time."""

import signal
import time
from pathlib import Path

import httpx
import pytest

from support import until
from support.hold import held
from support.server import PATIENCE


def ready(server) -> httpx.Response | None:
    """/ready by whichever loop answers; a connection to the one that is held gets no answer."""
    try:
        return httpx.get(f"{server.base}/ready", timeout=1)
    except httpx.TransportError:
        return None


@pytest.mark.parametrize("name", ["rs-control", "rs-serve-1"])
def test_a_loop_that_does_not_turn_is_named_and_ready_fails(serve, name):
    server = serve("--loop-timeout", "1s", "--loops", "2")
    with held(server.pid, name):
        until(lambda: "A loop doesn't turn" in server.log(), 6 * PATIENCE, "the log to say so")
        [line] = [line for line in server.log().splitlines() if "A loop doesn't turn" in line]
        assert name in line and "stopped from outside" in line and "at=" in line
        answer = until(lambda: ready(server), 10 * PATIENCE, "an answer of the other loop")
        assert answer.status_code == 503
        assert name in answer.json()["detail"]
    until(lambda: "The loop turns again" in server.log(), 6 * PATIENCE)
    until(lambda: (answer := ready(server)) is not None and answer.status_code == 200, 6 * PATIENCE)


@pytest.mark.parametrize("name", ["rs-control", "rs-serve-0", "rs-writer"])
def test_the_first_sigterm_ends_it_within_the_grace_and_a_second_whatever_is_stuck(serve, name):
    server = serve("--drain-grace", "1s")
    with held(server.pid, name) as thread:
        began = time.monotonic()
        server.terminate()
        thread.wait_for_its_end(10 * PATIENCE)
        took = time.monotonic() - began
    status = server.wait(10 * PATIENCE)
    assert took < 2.1 * PATIENCE
    assert status == 70
    assert "did not end in time" in server.log()


@pytest.mark.parametrize("name", ["rs-control", "rs-serve-0", "rs-writer"])
def test_a_second_sigterm_ends_it_within_a_second_whatever_is_stuck(serve, name):
    server = serve("--drain-grace", "60s")
    with held(server.pid, name) as thread:
        server.terminate()
        time.sleep(0.3)
        began = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        thread.wait_for_its_end(10 * PATIENCE)
        took = time.monotonic() - began
    status = server.wait(10 * PATIENCE)
    assert took < 1.1 * PATIENCE
    assert status == 70


def test_a_server_that_is_ended_so_leaves_no_run_behind(serve, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "stay").write_text("#!/bin/sh\ntrap '' TERM\necho ready\nsleep 1000.77665544\nsleep 1000.77665544\n")
    (recipes / "stay").chmod(0o755)
    server = serve("--drain-grace", "500ms", recipes=recipes)
    job = server.submit(recipe_name="stay")["job_id"]
    server.wait_for(job, "running")
    until(lambda: living("1000.77665544"))
    with held(server.pid, "rs-control") as thread:
        server.terminate()
        thread.wait_for_its_end(10 * PATIENCE)
    assert server.wait(10 * PATIENCE) == 70
    until(lambda: not living("1000.77665544"), 2 * PATIENCE, "the run's processes to be gone")


def living(token: str) -> bool:
    """Whether a process has the token in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if token.encode() in path.read_bytes():
                return True
        except OSError:
            pass
    return False
