"""Other people's clients, each reduced to: every (id, data) it hands to its user, up to [DONE]."""

import asyncio
import json
import time
from datetime import timedelta

import httpx
import sseclient
from aiohttp import ClientError, ClientSession, ClientTimeout
from aiohttp_sse_client.client import EventSource
from httpx_sse import connect_sse

from .sse import DONE

Pairs = list[tuple[int, str]]


def plain_httpx(url: str, seconds: float = 60) -> Pairs:
    """The documentation's loop over `iter_lines`, which splits at U+0085 and U+2028 too."""
    pairs, last = [], None
    with httpx.stream("GET", url) as response:
        for line in response.iter_lines():
            if line.startswith("id:"):
                last = int(line[3:])
            if line.startswith("data:"):
                pairs.append((last, line[5:].strip()))
                if pairs[-1][1] == DONE:
                    return pairs
    return pairs


def with_httpx_sse(url: str, seconds: float = 60) -> Pairs:
    """httpx-sse; it hands out an event for every blank line, so an empty one would be seen here."""
    pairs: Pairs = []
    deadline = time.monotonic() + seconds
    with httpx.Client() as client:
        while time.monotonic() < deadline:
            headers = {"Last-Event-ID": str(pairs[-1][0])} if pairs else {}
            try:
                with connect_sse(client, "GET", url, headers=headers) as source:
                    for event in source.iter_sse():
                        assert event.data, f"an empty event: {event!r}"
                        assert event.event == "message"
                        pairs.append((int(event.id), event.data))
                        if event.data == DONE:
                            return pairs
            except httpx.TransportError:
                time.sleep(0.1)
    raise AssertionError(f"no [DONE] within {seconds} s")


def with_sseclient(url: str, seconds: float = 60) -> Pairs:
    """sseclient-py over httpx."""
    pairs: Pairs = []
    deadline = time.monotonic() + seconds
    with httpx.Client() as client:
        while time.monotonic() < deadline:
            headers = {"Last-Event-ID": str(pairs[-1][0])} if pairs else {}
            try:
                with client.stream("GET", url, headers=headers) as response:
                    assert response.status_code == 200, response.read()
                    for event in sseclient.SSEClient(response.iter_bytes()).events():
                        assert event.data, "an empty event"
                        assert event.event == "message"
                        pairs.append((int(event.id), event.data))
                        if event.data == DONE:
                            return pairs
            except httpx.TransportError:
                time.sleep(0.1)
    raise AssertionError(f"no [DONE] within {seconds} s")


def with_aiohttp(url: str, seconds: float = 60, by_itself: bool = False) -> Pairs:
    """aiohttp-sse-client; its line limit is raised to the contract's longest line.

    It comes back by itself after a response that ends properly. What breaks off is aiohttp's error, which it hands to its user: then a new
    one is made with the cursor, unless `by_itself`.
    """
    pairs: Pairs = []

    async def read(session: ClientSession) -> None:
        headers = {"Last-Event-ID": str(pairs[-1][0])} if pairs else {}
        options = {"session": session, "reconnection_time": timedelta(milliseconds=50), "max_connect_retry": 8, "headers": headers}
        async with EventSource(url, **options) as source:
            async for event in source:
                assert event.data, "an empty event"
                assert event.type in (None, "message")
                pairs.append((int(event.last_event_id), event.data))
                if event.data == DONE:
                    return

    async def follow() -> Pairs:
        async with ClientSession(timeout=ClientTimeout(total=None), read_bufsize=1 << 21) as session:
            while not pairs or pairs[-1][1] != DONE:
                try:
                    await read(session)
                except ClientError:
                    if by_itself:
                        raise
        return pairs

    return asyncio.run(asyncio.wait_for(follow(), seconds))


CLIENTS = {"httpx": plain_httpx, "httpx-sse": with_httpx_sse, "sseclient-py": with_sseclient, "aiohttp-sse-client": with_aiohttp}
RESUMING = {name: CLIENTS[name] for name in ("httpx-sse", "sseclient-py", "aiohttp-sse-client")}


def kinds(pairs: Pairs) -> list[str]:
    """The kinds of events, [DONE] included."""
    return [data if data == DONE else json.loads(data)["event"] for _, data in pairs]


def messages(pairs: Pairs) -> list[str]:
    """The log events' messages."""
    found = [json.loads(data) for _, data in pairs if data != DONE]
    return [event["data"]["message"] for event in found if event["event"] == "log"]
