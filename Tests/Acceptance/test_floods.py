"""Hostile traffic: the server lives, answers everybody else within a second, and does not grow."""

import socket
import threading
import time
from contextlib import ExitStack

import httpx
import pytest

from support import until
from support.processes import descriptors, resident_bytes
from support.server import PATIENCE
from support.sse import DONE, EventStream


def connected(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def closed_within(raw: socket.socket, seconds: float) -> float:
    """How long until the server closes, answer or not."""
    began = time.monotonic()
    raw.settimeout(seconds)
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise AssertionError(f"still open after {seconds} s") from None
    return time.monotonic() - began


HEAD = b"GET /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize(("first", "drip"), [(b"", b"G"), (HEAD, b"X"), (POST, b"{")], ids=["request line", "headers", "body"])
def test_a_request_that_drips_has_a_deadline_from_its_first_byte(serve, first, drip):
    server = serve("--request-timeout", "1s")
    drips = []
    for _ in range(50):
        raw = connected(server)
        raw.sendall(first + drip)
        drips.append(raw)
    stopping = threading.Event()

    def go_on() -> None:
        alive = list(drips)
        while alive and not stopping.wait(0.2):
            for raw in list(alive):
                try:
                    raw.send(drip)
                except OSError:
                    alive.remove(raw)

    dripping = threading.Thread(target=go_on)
    dripping.start()
    try:
        server.answers_within(1)
        for raw in drips:
            closed_within(raw, 4 * PATIENCE)
        server.answers_within(1)
    finally:
        stopping.set()
        dripping.join()
        for raw in drips:
            raw.close()


def test_an_idle_keep_alive_connection_is_closed(serve):
    server = serve("--idle-timeout", "1s")
    with connected(server) as raw:
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert closed_within(raw, 5 * PATIENCE) > 0.5


def test_a_flood_up_a_stream_costs_no_memory_and_the_stream_still_ends_with_done(server, tmp_path):
    gate = tmp_path / "gate"
    job = server.play(events=3, gate=str(gate))
    with EventStream(server.port, job) as stream:
        events = stream.events()
        seen = [next(events) for _ in range(5)]
        before = resident_bytes(server.pid)
        sent = 0
        stream.socket.settimeout(1)
        deadline = time.monotonic() + 5
        try:
            while time.monotonic() < deadline:
                sent += stream.socket.send(b"x" * 65536)
        except OSError:
            pass  # the server may stop reading; it must not buffer
        assert sent > 1 << 20
        stream.socket.settimeout(20)
        assert resident_bytes(server.pid) - before < 8 << 20, f"{sent} bytes sent"
        server.answers_within(1)
        gate.touch()
        seen.extend(events)
    assert seen[-1].data == DONE
    assert [event.id for event in seen] == list(range(1, len(seen) + 1))


def test_more_connections_than_the_limit_are_refused_and_room_is_used_again(serve):
    server = serve("--max-connections", "50")
    server.client.close()
    server.client = httpx.Client(timeout=20, limits=httpx.Limits(max_keepalive_connections=0))
    with ExitStack() as stack:
        held = [stack.enter_context(connected(server)) for _ in range(50)]
        for raw in held:
            raw.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        refused = 0
        for _ in range(20):
            with connected(server) as raw:
                try:
                    raw.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    answer = raw.recv(4096)
                except ConnectionError:
                    answer = b""
                refused += answer == b"" or answer.startswith(b"HTTP/1.1 503")
        assert refused >= 15
        assert server.alive()

    def answers() -> bool:
        try:
            return server.client.get(f"{server.base}/health").status_code == 200
        except httpx.TransportError:
            return False

    until(answers, 5 * PATIENCE, "an answer once there is room")


def test_more_streams_than_the_limit_get_an_error_and_the_others_go_on(serve, tmp_path):
    server = serve("--max-streams", "10")
    gate = tmp_path / "gate"
    job = server.play(gate=str(gate))
    server.wait_for(job, "running")
    with ExitStack() as stack:
        streams = [stack.enter_context(EventStream(server.port, job)) for _ in range(10)]
        refused = 0
        for _ in range(5):
            try:
                with EventStream(server.port, job) as extra:
                    refused += extra.status == 503
            except OSError:
                refused += 1
        assert refused == 5
        server.answers_within(1)
        gate.touch()
        for stream in streams:
            assert list(stream.events())[-1].data == DONE


def seeds(job: str) -> list[bytes]:
    """Honest requests, to be mutated."""
    host = b"Host: 127.0.0.1\r\n"
    body = b'{"prompt": "x", "recipe_name": "quick", "max_attempts": 1, "idempotency_key": "fuzz"}'
    submit = b"POST /api/v1/runs HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    paths = [b"/health", b"/metrics", b"/api/v1/runs?page=1&page_size=20&status=queued", b"/api/v1/runs/%s" % job.encode()]
    paths += [path + suffix for path in paths[-1:] for suffix in (b"/result", b"/stream?from=start", b"/stream?last_event_id=2")]
    gets = [b"GET " + path + b" HTTP/1.1\r\n" + host + b"Last-Event-ID: 1\r\nAccept: text/event-stream\r\n\r\n" for path in paths]
    return [submit, submit, *gets, b"POST /api/v1/runs/%s/cancel HTTP/1.1\r\n" % job.encode() + host + b"Content-Length: 0\r\n\r\n"]


def mutated(request: bytes, random) -> bytes:
    """One to four small harms."""
    data = bytearray(request)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.randrange(8):
            case 0:
                data[at:at] = random.randbytes(random.randint(1, 40))
            case 1:
                del data[at : at + random.randint(1, 40)]
            case 2:
                data[at:at] = data[max(0, at - 60) : at]
            case 3:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 4:
                data[at:at] = random.choice([b"\r\n", b"\n", b"\0", b"\r", b"  ", b"%00", b"%2e%2e/", b"\xff\xfe"])
            case 5:
                harms = [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: evil\r\n", b"Expect: 100-continue\r\n", b" folded\r\n"]
                line = data.find(b"\r\n") + 2
                data[line:line] = random.choice(harms)
            case 6:
                data[at:at] = b"A" * random.choice([100, 5000, 20000])
            case 7:
                data = bytearray(random.randbytes(random.randint(1, 300)))
        if not data:
            data = bytearray(b"\r\n")
    return bytes(data)


def fuzz(server, job: str, random, count: int) -> None:
    """Sends `count` of them, one after another; every 250 times an honest client asks."""
    requests = seeds(job)
    for number in range(count):
        raw = connected(server)
        try:
            raw.sendall(mutated(random.choice(requests), random))
            if random.random() < 0.5:
                raw.shutdown(socket.SHUT_WR)
            raw.settimeout(0.02 if random.random() < 0.9 else 0.2)
            while raw.recv(65536):
                pass
        except (OSError, TimeoutError):
            pass
        finally:
            if random.random() < 0.3:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.close()
        if number % 250 == 0:
            server.answers_within(1)
            assert server.alive()


@pytest.mark.long
def test_five_thousand_random_and_mutated_requests_leave_the_server_well(serve, dice):
    server = serve("--request-timeout", "1s", "--max-queued", "100000")
    job = server.play(events=20)
    server.wait_terminal(job)
    seed = dice.randrange(2**32)
    sizes, files = [], []
    for _ in range(2):
        fuzz(server, job, type(dice)(seed), 5000)
        until(lambda: server.get("", params={"status": "running", "page_size": 1}).json()["total"] == 0, 60)
        until(lambda: descriptors(server.pid) < 100, 10)
        sizes.append(resident_bytes(server.pid))
        files.append(descriptors(server.pid))
    print(f"resident after each round: {[f'{size / 2**20:.1f} MiB' for size in sizes]}, descriptors {files}")
    assert sizes[1] <= sizes[0] * 1.10
    assert server.status(job)["status"] == "succeeded"
    server.answers_within(1)


def test_others_are_answered_within_a_second_while_16_clients_flood(server):
    stopping = threading.Event()

    def flood() -> None:
        while not stopping.is_set():
            try:
                with connected(server) as raw:
                    raw.settimeout(0.05)
                    raw.sendall(b"GET /" + b"a" * 60_000)
                    raw.recv(4096)
            except OSError:
                pass

    threads = [threading.Thread(target=flood) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            server.answers_within(1)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(10)
    server.answers_within(1)
