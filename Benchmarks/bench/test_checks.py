"""The generator must see what a server gets wrong: a stream with each fault, and what stream-load says of it. `make test-checks`."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest

from paths import BINARIES

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" b"e\r\nretry: 2000\n:\n\r\n"
END = b"0\r\n\r\n"
EVENTS = 4


def chunk(text):
    return f"{len(text):x}\r\n{text}\r\n".encode()


def tick(number, identity=None):
    envelope = {"event": "tick", "data": {"n": number, "due": 1}}
    return chunk(f"id: {number + 1 if identity is None else identity}\ndata: {json.dumps(envelope)}\n\n")


TICKS = [tick(number) for number in range(EVENTS)]
DONE = chunk(f"id: {EVENTS + 1}\ndata: [DONE]\n\n")
GOOD = [HEAD, *TICKS, DONE, END]

CASES = [
    ("a whole stream", GOOD, set()),
    ("heartbeats between events", [HEAD, TICKS[0], b"2\r\n:\n\r\n", *TICKS[1:], DONE, END], set()),
    ("an event skipped", [HEAD, *TICKS[:2], TICKS[3], DONE, END], {"lost"}),
    ("an event twice", [HEAD, *TICKS[:2], TICKS[1], *TICKS[2:], DONE, END], {"doubled"}),
    ("the last event twice", [HEAD, *TICKS, TICKS[3], DONE, END], {"doubled"}),
    ("two events swapped", [HEAD, TICKS[0], TICKS[2], TICKS[1], TICKS[3], DONE, END], {"lost", "misordered"}),
    ("an id skipped", [HEAD, *TICKS[:3], tick(3, 9), chunk("id: 10\ndata: [DONE]\n\n"), END], {"lost"}),
    ("no [DONE]", [HEAD, *TICKS, END], {"unfinished"}),
    ("no last chunk", [HEAD, *TICKS, DONE], {"unfinished"}),
    ("cut in mid-event", [HEAD, *TICKS[:2], TICKS[2][:20]], {"lost", "unfinished"}),
    ("an event after [DONE]", [HEAD, *TICKS, DONE, chunk("id: 6\ndata: x\n\n"), END], {"malformed"}),
    ("an empty event", [HEAD, *TICKS, chunk("\n"), DONE, END], {"malformed"}),
    ("a chunk of the wrong size", [HEAD, *TICKS[:2], b"5" + TICKS[2][1:], TICKS[3], DONE, END], {"malformed"}),
    ("a line over two chunks", [HEAD, chunk("id: 1\nda"), chunk("ta: x\n\n"), *TICKS[1:], DONE, END], {"malformed"}),
    ("refused", [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"], {"refused"}),
]
FAULTS = ["lost", "doubled", "misordered", "malformed", "unfinished", "refused"]


def serve(pieces, listener, bytewise):
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        whole = b"".join(pieces)
        for piece in ([whole[at : at + 1] for at in range(len(whole))] if bytewise else [whole]):
            connection.sendall(piece)


def judge(pieces, bytewise):
    """What stream-load reports of one stream with these bytes, sent at once or byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.NamedTemporaryFile("w") as paths:
        paths.write("/\n")
        paths.flush()
        threading.Thread(target=serve, args=(pieces, listener, bytewise), daemon=True).start()
        command = [os.path.join(BINARIES, "stream-load"), "--port", str(listener.getsockname()[1]), "--paths", paths.name, "--streams", "1",
                   "--events", str(EVENTS), "--deadline", "10"]
        done = subprocess.run(command, input=b"go\n", stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout.splitlines()[-1]), done.returncode


class Checks(unittest.TestCase):
    def test_each_fault_is_seen_and_nothing_else_is(self):
        for name, pieces, expected in CASES:
            for bytewise in (False, True):
                with self.subTest(name, bytewise=bytewise):
                    report, status = judge(pieces, bytewise)
                    seen = {fault for fault in FAULTS if report[fault]}
                    self.assertLessEqual(expected, seen, report)
                    self.assertEqual(status, 1 if expected else 0, report)
                    if not expected:
                        self.assertEqual(seen, set(), report)


if __name__ == "__main__":
    unittest.main()
