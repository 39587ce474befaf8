"""The viewer in headless Chromium: across a restart of the server, directly and through nginx, without a lost or doubled event."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from support import until
from support.chromium import Chromium, Site
from support.nginx import Nginx
from support.server import Server
from support.sse import EventStream

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def browser() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


def log(server, job: str) -> list[tuple[int, str]]:
    with EventStream(server.port, job, query="?from=start") as stream:
        return [(event.id, event.data) for event in stream.events()]


def test_a_page_of_a_listed_origin_may_send_tracing_headers_and_credentials(tmp_path, site, browser):
    server = Server(tmp_path, "--cors-origins", site.origin).start()
    try:
        browser.open(f"{site.origin}/viewer.html")
        until(lambda: browser.value("location.origin") == site.origin, 20, "the page")
        headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "sentry-trace": "a-b-1", "baggage": "a=b",
                   "Cache-Control": "no-cache", "Prefer": "wait=1", "Last-Event-ID": "1", "Content-Type": "application/json"}
        call = json.dumps({"method": "POST", "credentials": "include", "headers": headers, "body": '{"prompt": "x", "recipe_name": "quick"}'})
        answer = browser.value(
            f"fetch({json.dumps(server.runs)}, {call}).then(async a => JSON.stringify("
            "[a.status, a.headers.get('Location'), a.headers.get('Retry-After'), (await a.json()).job_id]))")
        assert answer, server.log()
        status, location, retry_after, job = json.loads(answer)
        assert (status, location, retry_after) == (202, f"{server.runs}/{job}", "2")
        refused = browser.value(
            f"fetch({json.dumps(server.runs + '/run_000000000000')}, {{credentials: 'include', headers: {{traceparent: 'x'}}}})"
            ".then(async a => (await a.json()).detail)")
        assert refused == "Job not found: run_000000000000"
    finally:
        server.stop()


def watch(browser: Chromium, site: Site, api: str, job: str, **more: str) -> None:
    browser.open(f"{site.origin}/viewer.html?{urlencode({'api': api, 'run': job} | more)}")


def seen(browser: Chromium) -> dict:
    return json.loads(browser.value("JSON.stringify(window.runstream ?? null)") or "null") or {}


def check_whole(browser: Chromium, server, job: str) -> dict:
    """The page has every event of the log once, in order, and has closed."""
    until(lambda: seen(browser).get("done"), 60, "the page to see [DONE]")
    until(lambda: "result" in seen(browser), 10, "the page to fetch the result")
    page = seen(browser)
    events = log(server, job)
    assert page["ids"] == [id_ for id_, _ in events]
    assert page["messages"] == [data for _, data in events[:-1]]
    assert page["duplicates"] == 0
    assert browser.value("document.querySelectorAll('#log .row').length") == len(events) - 1
    return page


def check_stays_away(browser: Chromium, job: str) -> None:
    """No further stream is asked for after the end, for longer than any retry time."""
    browser.value("1")
    opens, before = seen(browser)["opens"], sum("/stream" in url for url in browser.requests)
    threading.Event().wait(4.5)
    browser.value("1")
    assert seen(browser)["opens"] == opens
    assert sum("/stream" in url for url in browser.requests) == before


def shot(browser: Chromium, name: str) -> None:
    directory = os.environ.get("ACCEPTANCE_SCREENSHOTS")
    if directory:
        browser.screenshot(Path(directory) / f"{name}.png")


def across_a_restart(browser: Chromium, site: Site, server, api: str, tmp_path: Path, name: str) -> dict:
    gate = tmp_path / "gate"
    job = server.play(max_attempts=2, events=40, pace_ms=10, gate=str(gate), result={"answer": 42})
    watch(browser, site, api, job)
    until(lambda: "event 40" in str(seen(browser).get("messages")), 30, "the page to see the first attempt")
    shot(browser, f"{name}-running")
    server.kill()
    until(lambda: browser.value("document.getElementById('link').textContent") in ("reconnecting", "reopening"), 10, "the page to notice")
    gate.touch()
    server.start()
    page = check_whole(browser, server, job)
    assert page["reconnects"] >= 1
    assert page["retries"] == 1
    assert page["result"] == {"answer": 42}
    assert browser.value("document.getElementById('status').textContent") == "succeeded"
    assert browser.value("document.getElementById('percent').textContent") == "100%"
    shot(browser, f"{name}-done")
    check_stays_away(browser, job)
    return page


def test_the_viewer_follows_a_run_across_a_restart(browser, site, serve, tmp_path):
    server = serve("--cors-origins", site.origin, "--heartbeat", "500ms")
    across_a_restart(browser, site, server, server.base, tmp_path, "direct")


def test_the_viewer_follows_a_run_across_a_restart_behind_nginx(browser, site, serve, tmp_path):
    server = serve("--cors-origins", site.origin, "--trusted-proxies", "127.0.0.1", "--heartbeat", "500ms")
    directory = tmp_path / "nginx"
    directory.mkdir()
    nginx = Nginx(directory, server.port).start()
    try:
        page = across_a_restart(browser, site, server, nginx.base, tmp_path, "nginx")
        print(f"reopened by the page itself: {page['reopened']}")
    finally:
        nginx.stop()


def test_the_viewer_reopens_after_the_proxys_502_closed_the_event_source_for_good(browser, site, serve, tmp_path):
    server = serve("--cors-origins", site.origin, "--trusted-proxies", "127.0.0.1")
    directory = tmp_path / "nginx"
    directory.mkdir()
    nginx = Nginx(directory, server.port).start()
    try:
        gate = tmp_path / "gate"
        job = server.play(max_attempts=2, events=3, gate=str(gate))
        watch(browser, site, nginx.base, job)
        until(lambda: "event 3" in str(seen(browser).get("messages")), 30)
        server.kill()
        # Down for longer than the longest retry time: the browser's own attempt meets the 502.
        until(lambda: browser.value("document.getElementById('link').textContent") == "reopening", 15, "the page to be closed for good")
        gate.touch()
        server.start()
        page = check_whole(browser, server, job)
        assert page["reopened"] >= 1
        assert any("last_event_id=" in url for url in browser.requests)
    finally:
        nginx.stop()


def test_the_viewer_shows_a_finished_run_and_stays_away(browser, site, serve):
    server = serve("--cors-origins", site.origin)
    job = server.play(events=5, lines=["<img src=x onerror=\"document.title='broken'\">"], result="<b>text</b>")
    server.wait_terminal(job)
    watch(browser, site, server.base, job)
    page = check_whole(browser, server, job)
    assert page["opens"] == 1
    assert browser.value("document.querySelectorAll('#log img, #result b').length") == 0
    assert browser.value("document.getElementById('result').textContent") == "<b>text</b>"
    check_stays_away(browser, job)


def test_the_viewer_uses_a_token_and_says_when_it_is_wrong(browser, site, serve):
    server = serve("--cors-origins", site.origin, environment={"RUNSTREAM_API_KEY": "secret"})
    server.client.headers["Authorization"] = "Bearer secret"
    job = server.play(events=5)
    answer = server.post(f"/{job}/token", json={"expires_in": 60})
    assert answer.status_code == 201
    server.wait_terminal(job)
    watch(browser, site, server.base, job, token=answer.json()["token"])
    until(lambda: seen(browser).get("done"), 30)
    watch(browser, site, server.base, job, token="wrong")
    until(lambda: seen(browser).get("error"), 30, "the page to say what is wrong")
    assert browser.value("document.getElementById('note').hidden") is False
    assert "secret" not in server.log()
