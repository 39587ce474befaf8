"""httpx, httpx-sse, sseclient-py and aiohttp-sse-client see exactly the events, in order, and never an empty one."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import until
from support.clients import CLIENTS, RESUMING, kinds, messages, with_aiohttp
from support.sse import DONE, EventStream


@pytest.mark.parametrize("client", CLIENTS)
def test_every_event_once_and_no_empty_one_through_heartbeats(serve, client, tmp_path):
    server = serve("--heartbeat", "100ms")
    gate = tmp_path / "gate"
    job = server.play(events=20, pace_ms=5, gate=str(gate), result=7)
    with ThreadPoolExecutor() as pool, EventStream(server.port, job) as watch:
        pairs = pool.submit(CLIENTS[client], f"{server.runs}/{job}/stream")
        reading = threading.Thread(target=lambda: list(watch.events()))
        reading.start()
        until(lambda: watch.comments.count("") >= 5, what="five heartbeats")
        gate.touch()
        pairs = pairs.result(60)
        reading.join(10)
    assert [id_ for id_, _ in pairs] == list(range(1, len(pairs) + 1))
    assert kinds(pairs) == ["progress"] * 2 + ["log"] * 20 + ["progress", "complete", DONE]
    assert messages(pairs) == [f"event {number}" for number in range(1, 21)]


@pytest.mark.parametrize("client", RESUMING)
def test_every_event_once_through_a_restart_of_the_server(serve, client, tmp_path):
    server = serve("--heartbeat", "200ms")
    gate = tmp_path / "gate"
    job = server.play(max_attempts=2, events=10, gate=str(gate))
    with ThreadPoolExecutor() as pool:
        pairs = pool.submit(RESUMING[client], f"{server.runs}/{job}/stream")
        until(lambda: server.status(job)["status"] == "running")
        with EventStream(server.port, job) as watch:
            for event in watch.events():
                if "event 10" in event.data:
                    break
        server.restart()
        gate.touch()
        pairs = pairs.result(60)
    assert [id_ for id_, _ in pairs] == list(range(1, len(pairs) + 1))
    found = kinds(pairs)
    assert (found.count("retry"), found.count("complete"), found.count(DONE)) == (1, 1, 1)
    assert messages(pairs) == [f"event {number}" for number in range(1, 11)] * 2
    retry = next(json.loads(data)["data"] for _, data in pairs if data != DONE and json.loads(data)["event"] == "retry")
    assert (retry["attempt"], retry["max_attempts"], retry["reason"]) == (1, 2, "crash")


def test_aiohttp_sse_client_comes_back_by_itself_after_a_drain(serve, tmp_path):
    server = serve("--heartbeat", "200ms", "--drain-grace", "300ms", "--kill-grace", "100ms")
    gate = tmp_path / "gate"
    job = server.play(max_attempts=2, events=10, gate=str(gate))
    with ThreadPoolExecutor() as pool, EventStream(server.port, job) as watch:
        pairs = pool.submit(with_aiohttp, f"{server.runs}/{job}/stream", by_itself=True)
        for event in watch.events():
            if "event 10" in event.data:
                break
        server.terminate()
        assert server.wait(10) == 0
        gate.touch()
        server.start()
        pairs = pairs.result(60)
    assert [id_ for id_, _ in pairs] == list(range(1, len(pairs) + 1))
    assert messages(pairs) == [f"event {number}" for number in range(1, 11)] * 2
