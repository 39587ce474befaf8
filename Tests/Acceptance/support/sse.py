"""A stream read byte by byte: HTTP and chunked framing are checked here too, by no library, so that nothing is forgiven."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

DONE = "[DONE]"


class StreamError(Exception):
    """The bytes are not what the contract says."""


@dataclass(frozen=True)
class Event:
    """One block: its id (None where it has none) and its data."""

    id: int | None
    data: str


class Connection:
    """One GET on a raw socket: status, headers, then the body as it arrives, taken out of its chunks."""

    def __init__(self, port: int, path: str, headers: dict[str, str] | None = None, *, version: str = "1.1", timeout: float = 20,
                 receive_buffer: int | None = None):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.pending = bytearray()
        try:
            self.socket.connect(("127.0.0.1", port))
            lines = [f"GET {path} HTTP/{version}", f"Host: 127.0.0.1:{port}"] + [f"{k}: {v}" for k, v in (headers or {}).items()]
            self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        except BaseException:
            self.socket.close()
            raise
        self.head = head
        self.status = int(head[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self.chunked = self.headers.get("transfer-encoding") == "chunked"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket."""
        self.socket.close()

    def reset(self) -> None:
        """Closes with RST, as a client that dies does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def _more(self) -> bool:
        data = self.socket.recv(65536)
        self.pending += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.pending:
            if not self._more():
                raise ConnectionError(f"closed before {mark!r}: {bytes(self.pending)!r}")
        end = self.pending.index(mark) + len(mark)
        taken = bytes(self.pending[:end])
        del self.pending[:end]
        return taken

    def _exactly(self, count: int) -> bytes:
        while len(self.pending) < count:
            if not self._more():
                raise ConnectionError("closed within a chunk")
        taken = bytes(self.pending[:count])
        del self.pending[:count]
        return taken

    def body(self) -> Iterator[bytes]:
        """The body's pieces; returns only at a proper end (the last chunk, the length, or EOF where neither is said)."""
        if self.chunked:
            while True:
                line = self._until(b"\r\n")
                size = int(line, 16)
                data = self._exactly(size + 2)
                if data[-2:] != b"\r\n":
                    raise StreamError(f"no CRLF after a chunk: {data[-8:]!r}")
                if size == 0:
                    return
                yield data[:-2]
        elif "content-length" in self.headers:
            yield self._exactly(int(self.headers["content-length"]))
        else:
            while True:
                if self.pending:
                    taken = bytes(self.pending)
                    self.pending.clear()
                    yield taken
                if not self._more():
                    return

    def at_eof(self) -> bool:
        """Whether the server has closed and sent nothing further."""
        return not self.pending and self.socket.recv(1) == b""


class EventStream(Connection):
    """An event stream, taken apart strictly: every blank line ends a block with data, every other line is known."""

    def __init__(self, port: int, job: str, cursor: int | str | None = None, query: str = "", **options):
        headers = {"Accept": "text/event-stream"} | options.pop("headers", {})
        if cursor is not None:
            headers["Last-Event-ID"] = str(cursor)
        self.retry: int | None = None
        self.comments: list[str] = []
        super().__init__(port, f"/api/v1/runs/{job}/stream{query}", headers, **options)

    def events(self) -> Iterator[Event]:
        """The events, up to the response's proper end."""
        rest = b""
        id_, data = None, None
        for piece in self.body():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                text = line.decode("utf-8")
                if text == "":
                    if data is None:
                        raise StreamError("a blank line without data: an empty event for some clients")
                    yield Event(id_, data)
                    id_, data = None, None
                elif text.startswith(":"):
                    self.comments.append(text[1:])
                elif text.startswith("id: ") and id_ is None:
                    id_ = int(text[4:])
                elif text.startswith("data: ") and data is None:
                    data = text[6:]
                elif text.startswith("retry: ") and self.retry is None:
                    self.retry = int(text[7:])
                else:
                    raise StreamError(f"unexpected line: {text[:200]!r}")
        if rest:
            raise StreamError(f"the response ends within a line: {rest[:200]!r}")


@dataclass
class Seen:
    """What one viewer has seen over all of its connections."""

    events: list[Event] = field(default_factory=list)
    connections: int = 0
    gaps: int = 0

    @property
    def last(self) -> int | None:
        """The cursor to come back with."""
        ids = [event.id for event in self.events if event.id is not None]
        return ids[-1] if ids else None

    @property
    def done(self) -> bool:
        """Whether [DONE] was seen."""
        return bool(self.events) and self.events[-1].data == DONE

    def pairs(self) -> list[tuple[int, str]]:
        """Ids and data, of the events that have an id."""
        return [(event.id, event.data) for event in self.events if event.id is not None]


def follow(port: int, job: str, seconds: float = 60, seen: Seen | None = None, leave_after: int | None = None, **options) -> Seen:
    """Follows a run as a client does: comes back with its cursor after every loss, until [DONE] (or `leave_after` new events)."""
    seen = seen or Seen()
    deadline = time.monotonic() + seconds
    fresh = 0
    while not seen.done:
        if time.monotonic() > deadline:
            raise AssertionError(f"no [DONE] of {job} within {seconds} s; seen up to {seen.last}")
        try:
            with EventStream(port, job, cursor=seen.last, **options) as stream:
                if stream.status == 204:
                    return seen
                if stream.status != 200:
                    raise StreamError(f"{stream.head[0]}: {b''.join(stream.body())[:500]!r}")
                seen.connections += 1
                for event in stream.events():
                    if event.id is None:
                        seen.gaps += 1
                    seen.events.append(event)
                    fresh += 1
                    if fresh == leave_after:
                        return seen
        except OSError:
            time.sleep(0.02)
    return seen
