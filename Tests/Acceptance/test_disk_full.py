"""A full disk loses nothing that was acknowledged, and the server goes on when there is room again."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import until
from support.server import PATIENCE
from support.sse import DONE, EventStream, follow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """A file that takes every byte that is left."""
    path = disk / "filler"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(descriptor, bytes(4096)):
            pass
    except OSError as error:
        assert error.errno == errno.ENOSPC
    finally:
        os.close(descriptor)
    return path


def test_a_full_disk_refuses_submits_keeps_what_was_promised_and_is_survived(serve, small_disk, tmp_path):
    server = serve(directory=small_disk)
    server.log_path = tmp_path / "server.log"
    gate = tmp_path / "gate"
    running = server.play(gate_first=True, gate=str(gate), events=400, padding=500)
    done = server.submit(recipe_name="quick")["job_id"]
    server.wait_terminal(done)
    server.wait_for(running, "running")
    accepted = [running, done]
    filler = fill(small_disk)
    try:
        gate.touch()

        def refused() -> bool:
            answer = server.client.post(server.runs, json={"prompt": "x" * 20_000, "recipe_name": "quick"})
            if answer.status_code == 202:
                accepted.append(answer.json()["job_id"])
                return False
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            return True

        until(refused, 20 * PATIENCE, "a submit to be refused")
        until(lambda: server.client.get(f"{server.base}/ready").status_code == 503, 10, "/ready to say 503")
        assert server.status(done)["status"] == "succeeded"
        assert server.get("").json()["total"] == len(accepted), "a refused submit left something"
    finally:
        filler.unlink()
    until(lambda: server.client.get(f"{server.base}/ready").status_code == 200, 30 * PATIENCE, "/ready to recover")
    after = server.submit(recipe_name="quick")["job_id"]
    for job in (*accepted, after):
        assert server.wait_terminal(job, 60)["status"] == "succeeded", job
    with EventStream(server.port, running, query="?from=start") as stream:
        log = list(stream.events())
    assert [event.id for event in log] == list(range(1, 400 + 6))
    assert log[-1].data == DONE
    server.restart()
    for job in (*accepted, after):
        assert server.status(job)["status"] == "succeeded"
    assert follow(server.port, running, 30, query="?from=start").done


def test_a_cancel_that_the_full_disk_cannot_take_does_not_wait_for_ever(serve, small_disk, tmp_path):
    server = serve("--reply-timeout", "1s", directory=small_disk)
    server.log_path = tmp_path / "server.log"
    gate = tmp_path / "gate"
    running = server.play(gate_first=True, gate=str(gate), events=4000, padding=500)
    server.wait_for(running, "running")
    filler = fill(small_disk)
    try:
        gate.touch()
        until(lambda: server.client.get(f"{server.base}/ready").status_code == 503, 20 * PATIENCE, "/ready to say 503")
        answer = server.client.post(f"{server.runs}/{running}/cancel", timeout=20 * PATIENCE)
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"] and answer.headers["content-type"] == "application/problem+json"
    finally:
        filler.unlink()
    assert server.wait_terminal(running, 60)["status"] == "cancelled"
