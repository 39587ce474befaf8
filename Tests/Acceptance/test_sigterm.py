"""SIGTERM drains: exit 0 within the grace and a second, whatever goes on; and what was interrupted is recorded as such."""

import os
import shutil
import threading
import time

import httpx
import pytest

from support import until
from support.processes import processes
from support.server import PATIENCE
from support.sse import DONE, EventStream, follow

GRACE = 3.0


def drained(server, grace: float = GRACE) -> float:
    began = time.monotonic()
    server.terminate()
    status = server.wait(grace + 10)
    took = time.monotonic() - began
    assert status == 0, server.log()[-2000:]
    assert took <= grace + 1 * PATIENCE, f"{took:.2f} s"
    return took


def test_an_idle_server_ends_at_once(serve):
    assert drained(serve("--drain-grace", f"{GRACE}s")) < 1 * PATIENCE


@pytest.mark.long
def test_under_load_it_ends_within_the_grace_and_a_second(serve):
    server = serve("--drain-grace", f"{GRACE}s", "--kill-grace", "500ms", "--heartbeat", "200ms", "--max-concurrent", "8")
    jobs = [server.play(events=100_000, pace_ms=2) for _ in range(6)]
    stuck = server.submit(recipe_name="ignores-sigterm")["job_id"]
    server.wait_for(stuck, "running")
    streams = [EventStream(server.port, job) for job in jobs for _ in range(20)]
    stopping = threading.Event()

    def submit() -> None:
        with httpx.Client(timeout=5) as client:
            while not stopping.is_set():
                try:
                    client.post(server.runs, json={"prompt": "x", "recipe_name": "quick"})
                except httpx.TransportError:
                    stopping.wait(0.05)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        drained(server)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(10)
        for stream in streams:
            stream.close()
    left = [process for process in processes(ACCEPTANCE_MARK=server.mark) if "RUNSTREAM_JOB_ID" in process.environment]
    assert not left, "runners outlived the server"
    server.start()
    for job in (*jobs, stuck):
        body = server.wait_terminal(job)
        assert (body["status"], body["error"]) == ("failed", "Interrupted by a server restart")


def test_while_draining_submits_are_refused_runs_may_end_and_viewers_see_it(serve, tmp_path):
    server = serve("--drain-grace", "8s")
    gate = tmp_path / "gate"
    job = server.play(events=2, gate=str(gate))
    with EventStream(server.port, job) as stream:
        events = stream.events()
        first = [next(events) for _ in range(4)]
        client = httpx.Client(timeout=5)
        client.get(f"{server.base}/health")
        server.terminate()

        def refused() -> bool:
            try:
                return client.get(f"{server.base}/ready").status_code == 503
            except httpx.TransportError:
                return True

        until(refused, what="/ready to say 503")
        gate.touch()
        rest = list(events)
    assert server.wait(10) == 0
    server.start()
    assert server.status(job)["status"] == "succeeded"
    ids = [event.id for event in first + rest]
    assert ids == list(range(1, len(ids) + 1))


def test_a_stream_cut_by_a_drain_ends_cleanly_and_is_resumed_after_the_restart(serve):
    server = serve("--drain-grace", "500ms", "--kill-grace", "200ms")
    job = server.submit(recipe_name="ignores-sigterm", max_attempts=2)["job_id"]
    with EventStream(server.port, job) as stream:
        seen = []
        server.wait_for(job, "running")
        server.terminate()
        seen.extend(stream.events())  # raises if the response does not end with the last chunk
    assert server.wait(10) == 0
    assert DONE not in [event.data for event in seen]
    server.start()
    server.wait_for(job, "running")
    assert server.post(f"/{job}/cancel").status_code == 200
    rest = follow(server.port, job, 30)
    assert [event.id for event in rest.events] == list(range(1, len(rest.events) + 1))
    assert rest.events[: len(seen)] == seen


def test_an_event_source_that_comes_during_a_drain_is_not_told_to_stay_away(serve):
    server = serve("--drain-grace", "20s")
    job = server.submit(recipe_name="ignores-sigterm")["job_id"]
    server.wait_for(job, "running")
    server.terminate()
    until(lambda: server.client.get(f"{server.base}/ready").status_code == 503, what="/ready to say 503")
    answer = httpx.get(f"{server.runs}/{job}/stream", timeout=10 * PATIENCE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert answer.text.startswith("retry: ") and answer.text.endswith(f"\n: {job}\n")
    server.terminate()
    assert server.wait(10 * PATIENCE) == 0


def test_a_second_sigterm_hurries(serve):
    server = serve("--drain-grace", "60s", "--kill-grace", "30s")
    server.submit(recipe_name="ignores-sigterm")
    until(lambda: [p for p in processes(ACCEPTANCE_MARK=server.mark) if "RUNSTREAM_JOB_ID" in p.environment])
    server.terminate()
    threading.Event().wait(0.3)
    began = time.monotonic()
    server.terminate()
    assert server.wait(10) == 0
    assert time.monotonic() - began < 3 * PATIENCE


def test_two_hundred_thousand_files_that_a_run_left_do_not_delay_the_end(serve):
    server = serve("--drain-grace", "1s")
    server.kill_all()
    left = server.directory / "runs.db.attempts" / "run_0123456789ab-1-ff" / "work"
    left.mkdir(parents=True)
    for directory in range(200):
        (left / str(directory)).mkdir()
        for file in range(1000):
            os.close(os.open(left / str(directory) / str(file), os.O_CREAT))
    server.start()
    began = time.monotonic()
    server.terminate()
    assert server.wait(20 * PATIENCE) == 0
    assert time.monotonic() - began < 2 * PATIENCE
    shutil.rmtree(server.directory / "runs.db.attempts")
