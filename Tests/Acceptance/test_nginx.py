"""Behind Debian's nginx with the documented configuration."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support import EXAMPLES, until
from support.nginx import Nginx
from support.server import Server
from support.sse import DONE, EventStream, follow


@pytest.fixture
def proxied(serve, tmp_path: Path) -> Iterator[tuple[Server, Nginx]]:
    server = serve("--trusted-proxies", "127.0.0.1", "--heartbeat", "200ms")
    directory = tmp_path / "nginx"
    directory.mkdir()
    nginx = Nginx(directory, server.port).start()
    yield server, nginx
    nginx.stop()


def test_the_readme_shows_what_is_tested():
    readme = (EXAMPLES.parent / "README.md").read_text()
    configuration = (EXAMPLES / "nginx.conf").read_text()
    shown = readme.split("```nginx\n")[1].split("```")[0]
    directives = [line.split("#")[0].strip() for line in shown.splitlines()]
    tested = [line.split("#")[0].strip() for line in configuration.splitlines()]
    assert "proxy_http_version 1.1;" in directives
    assert [line for line in directives if line and line not in tested] == []


def test_events_arrive_as_they_happen_and_not_in_one_go(proxied, tmp_path):
    server, nginx = proxied
    gate = tmp_path / "gate"
    job = server.play(events=3, gate=str(gate))
    with EventStream(nginx.port, job) as stream:
        events = stream.events()
        for event in events:
            if "event 3" in event.data:
                break
        assert not gate.exists()
        until(lambda: gate.touch() or gate.exists())
        assert list(events)[-1].data == DONE


def test_urls_name_the_proxy(proxied):
    server, nginx = proxied
    body = httpx.post(f"{nginx.base}/api/v1/runs", json={"prompt": "x", "recipe_name": "quick"}).json()
    assert body["poll_url"] == f"{nginx.base}/api/v1/runs/{body['job_id']}"
    assert body["stream_url"] == f"{body['poll_url']}/stream"


def test_heartbeats_pass_and_an_idle_stream_stays_open(proxied, tmp_path):
    server, nginx = proxied
    gate = tmp_path / "gate"
    job = server.play(gate=str(gate))
    with EventStream(nginx.port, job) as stream:
        began = time.monotonic()
        pieces = stream.body()
        beats = 0
        while beats < 10:
            beats += next(pieces).count(b":\n")
        assert time.monotonic() - began < 10
        gate.touch()


def test_a_run_is_followed_through_a_restart(proxied, tmp_path):
    server, nginx = proxied
    gate = tmp_path / "gate"
    job = server.play(max_attempts=2, events=5, gate=str(gate))
    with EventStream(nginx.port, job) as stream:
        for event in stream.events():
            if "event 5" in event.data:
                break
    server.restart()
    gate.touch()
    seen = follow(nginx.port, job, 60)
    assert [id_ for id_, _ in seen.pairs()] == list(range(1, len(seen.events) + 1))


def test_a_finished_cursor_answers_204_through_the_proxy(proxied):
    server, nginx = proxied
    job = server.submit(recipe_name="quick")["job_id"]
    server.wait_terminal(job)
    with EventStream(nginx.port, job, cursor=1000) as stream:
        assert stream.status == 204
