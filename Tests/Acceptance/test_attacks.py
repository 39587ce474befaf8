"""Attacks on how a request is read: each twice at once, while another client is answered within a second, and nothing stays behind."""

import os
import socket
import threading
import time

import pytest

from support import until
from support.processes import descriptors, resident_bytes
from support.server import PATIENCE

LINE = b"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"

# Name, what comes first, what is then sent again and again, pause between two pieces, statuses of an answer.
ATTACKS = [
    ("a chunk size without an end", CHUNKED, b"1" * 65536, 0, {400}),
    ("a chunk extension without an end", CHUNKED + b"1;", b"x" * 65536, 0, {400}),
    ("a trailer without an end", CHUNKED + b"0\r\nX: ", b"x" * 65536, 0, {400}),
    ("a head without an end", LINE + b"X: ", b"x" * 65536, 0, {431}),
    ("headers without an end", LINE, b"X: y\r\n" * 10000, 0, {431}),
    ("a request line without an end", b"GET /", b"x" * 65536, 0, {431}),
    ("bare line feeds", b"GET / HTTP/1.1\n", b"\n" * 65536, 0, {400}),
    ("many tiny chunks", CHUNKED, b"1\r\nx\r\n" * 10000, 0, {413}),
    ("tiny chunks with long extensions", CHUNKED, (b"1;" + b"e" * 250 + b"\r\nx\r\n") * 250, 0, {408, 413}),
    ("a huge chunk", CHUNKED + b"7fffffffffffffff\r\n", b"x" * 65536, 0, {413}),
    ("a huge announced length", LINE + b"Content-Length: 999999999999999999\r\n\r\n", b"x" * 65536, 0, {413}),
    ("an unknown coding", LINE + b"Transfer-Encoding: gzip\r\n\r\n", b"x" * 65536, 0, {501}),
    ("two framings", LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", b"1" * 65536, 0, {400}),
    ("a body that drips", LINE + b"Content-Length: 100000\r\n\r\n", b"x", 0.05, {408}),
    ("a chunked body that drips", CHUNKED + b"ffff\r\n", b"x", 0.05, {408}),
]


def attack(server, first: bytes, piece: bytes, pause: float, answers: list[bytes]) -> None:
    """Sends until the server closes, at most for 20 s or 32 MiB; then what it answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10 * PATIENCE) as raw:
        deadline = time.monotonic() + 20
        sent = 0
        answer = b""
        try:
            raw.sendall(first)
            raw.setblocking(False)
            while time.monotonic() < deadline and sent < 32 << 20:
                try:
                    sent += raw.send(piece[sent % len(piece) :])
                except BlockingIOError:
                    time.sleep(0.01)
                try:
                    received = raw.recv(65536)
                    answer += received
                    if answer:
                        break
                    if not received:
                        break
                except BlockingIOError:
                    pass
                time.sleep(pause)
            raw.settimeout(5 * PATIENCE)
            while received := raw.recv(65536):
                answer += received
        except OSError:
            pass
        answers.append(answer)


@pytest.mark.parametrize("loops", ["1", "2"])
def test_no_attack_on_how_a_request_is_read_delays_others_or_stays_behind(serve, loops):
    server = serve("--loops", loops, "--request-timeout", "1s")
    server.answers_within(1)
    tasks = len(os.listdir(f"/proc/{server.pid}/task"))
    files = descriptors(server.pid)
    memory = resident_bytes(server.pid)
    for name, first, piece, pause, statuses in ATTACKS:
        answers: list[bytes] = []
        threads = [threading.Thread(target=attack, args=(server, first, piece, pause, answers)) for _ in range(2)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            server.answers_within(1)
            time.sleep(0.02)
        for answer in answers:
            # A client that never stops sending may lose the answer, but gets no other.
            assert b"<HTML>" not in answer, name
            assert not answer or int(answer.split()[1]) in statuses, (name, answer)
            assert not answer or b"application/problem+json" in answer, (name, answer)
        assert any(answers) or not pause, f"{name}: nobody was answered"
    until(lambda: descriptors(server.pid) <= files, 10 * PATIENCE, "descriptors as before")
    until(lambda: len(os.listdir(f"/proc/{server.pid}/task")) <= tasks, 10 * PATIENCE, "threads as before")
    assert resident_bytes(server.pid) - memory < 32 << 20
    assert "Epoll" not in server.log()


@pytest.mark.parametrize("loops", ["1", "2"])
def test_sigterm_ends_the_server_in_the_middle_of_attacks(serve, loops):
    server = serve("--loops", loops, "--drain-grace", "2s")
    held = []
    for _, first, piece, _, _ in ATTACKS:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        raw.setblocking(False)
        raw.send(first)
        try:
            raw.send(piece)
        except OSError:
            pass
        held.append(raw)
    began = time.monotonic()
    server.terminate()
    assert server.wait(12) == 0
    assert time.monotonic() - began < 2 + PATIENCE
    for raw in held:
        raw.close()


@pytest.mark.parametrize("head", [b"Content-Length: 9999999\r\n\r\n", b"Transfer-Encoding: gzip\r\n\r\n", b"Expect: tea\r\n\r\n", b"broken\r\n\r\n"])
def test_a_refusal_can_be_read_by_a_page_of_a_listed_origin(serve, head):
    server = serve("--cors-origins", "https://app.example")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(LINE + b"Origin: https://app.example\r\n" + head)
        answer = b""
        while received := raw.recv(65536):
            answer += received
    assert b"Access-Control-Allow-Origin: https://app.example\r\n" in answer
    assert b"Connection: close\r\n" in answer
