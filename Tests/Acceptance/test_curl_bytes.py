"""The stream, byte by byte, as `curl -N` and a raw socket get it."""

import json
import re
import socket
import subprocess
import threading
import time

import pytest

from support import until
from support.sse import Connection

EVENTS = (
    'data: {"event": "progress", "data": {"percentage": 0, "current_step": "Queued"}}',
    'data: {"event": "progress", "data": {"percentage": 0, "current_step": "Initializing"}}',
    'data: {"event": "progress", "data": {"percentage": 25, "current_step": "Step 1 of 4"}}',
    'data: {"event": "progress", "data": {"percentage": 50, "current_step": "Step 2 of 4"}}',
    'data: {"event": "progress", "data": {"percentage": 75, "current_step": "Step 3 of 4"}}',
    'data: {"event": "progress", "data": {"percentage": 100, "current_step": "Step 4 of 4"}}',
    'data: {"event": "complete", "data": {"status": "succeeded", "job_id": "JOB"}}',
    "data: [DONE]",
)


def expected(job: str) -> str:
    return "".join(f"id: {number}\n{data}\n\n" for number, data in enumerate(EVENTS, 1)).replace("JOB", job)


def curl(*arguments: str) -> bytes:
    return subprocess.run(["curl", "-sSN", "--max-time", "30", *arguments], capture_output=True, check=True).stdout


def body_of(job: str, got: bytes) -> str:
    """The stream less its preamble, which is checked."""
    text = got.decode()
    preamble = re.match(r"retry: (\d+)\n: (run_[0-9a-f]{12})\n", text)
    assert preamble, text[:100]
    assert 1500 <= int(preamble[1]) <= 3500
    assert preamble[2] == job
    return text[preamble.end() :]


@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
def test_curl_prints_exactly_the_contract(example_server, version):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    assert body_of(job, curl(version, f"{example_server.runs}/{job}/stream")) == expected(job)


def test_the_head_says_what_proxies_and_browsers_need(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    head = curl("-D", "-", "-o", "/dev/null", f"{example_server.runs}/{job}/stream").decode()
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.strip().splitlines()[1:])}
    assert head.startswith("HTTP/1.1 200")
    assert fields["content-type"].split(";")[0] == "text/event-stream"
    assert fields["cache-control"] == "no-cache, no-transform"
    assert fields["x-accel-buffering"] == "no"
    assert fields["transfer-encoding"] == "chunked"
    assert fields["connection"].lower() == "close"


def test_raw_chunks_are_well_formed_end_with_the_last_chunk_and_the_connection_closes(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    with Connection(example_server.port, f"/api/v1/runs/{job}/stream") as stream:
        assert stream.chunked
        assert body_of(job, b"".join(stream.body())) == expected(job)
        assert stream.at_eof()


def test_http_1_0_gets_the_same_bytes_without_chunks_until_close(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    with Connection(example_server.port, f"/api/v1/runs/{job}/stream", version="1.0") as stream:
        assert stream.status == 200
        assert "transfer-encoding" not in stream.headers
        assert "content-length" not in stream.headers
        assert body_of(job, b"".join(stream.body())) == expected(job)


def test_head_answers_the_head_alone(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    head = curl("-I", f"{example_server.runs}/{job}/stream").decode()
    assert head.startswith("HTTP/1.1 200")
    assert "text/event-stream" in head


def test_a_heartbeat_is_two_bytes_at_an_event_boundary(serve, tmp_path):
    server = serve("--heartbeat", "100ms")
    gate = tmp_path / "gate"
    job = server.play(gate=str(gate))
    got = bytearray()

    def read() -> None:
        with Connection(server.port, f"/api/v1/runs/{job}/stream") as stream:
            for piece in stream.body():
                got.extend(piece)

    reading = threading.Thread(target=read)
    reading.start()
    until(lambda: b'"Initializing"' in got and got.endswith(b":\n:\n:\n"), what="three heartbeats after the start")
    gate.touch()
    reading.join(20)
    text = body_of(job, bytes(got))
    assert re.search(r'"Initializing"}}\n\n(:\n){3,}id: 3\ndata: ', text)
    assert text.endswith("data: [DONE]\n\n")
    assert "\n\n\n" not in text


def test_no_stream_is_silent_for_five_seconds_by_default(server, tmp_path):
    gate = tmp_path / "gate"
    job = server.play(gate=str(gate))
    server.wait_for(job, "running")
    with Connection(server.port, f"/api/v1/runs/{job}/stream") as stream:
        pieces = stream.body()
        previous = time.monotonic()
        for piece in pieces:
            now = time.monotonic()
            assert now - previous < 5
            previous = now
            if piece == b":\n":
                break
        gate.touch()


def test_the_retry_field_differs_between_streams(server, tmp_path):
    gate = tmp_path / "gate"
    job = server.play(gate=str(gate))
    drawn = set()
    for _ in range(20):
        with Connection(server.port, f"/api/v1/runs/{job}/stream") as stream:
            drawn.add(re.match(rb"retry: (\d+)\n", next(iter(stream.body())))[1])
    gate.touch()
    assert len(drawn) > 10


def test_numbers_strings_and_the_order_of_members_are_kept_token_for_token(server):
    line = '{"event":"mine","data":{"z":1.50,"a":[1e2,-0.0,12345678901234567890],"s":"\\u00e9\\/é\\ud83d\\ude00","o":{"k":null,"b":[true,false,{}]}}}'
    shown = '{"event": "mine", "data": {"z": 1.50, "a": [1e2, -0.0, 12345678901234567890], "s": "\\u00e9\\/é\\ud83d\\ude00", "o": {"k": null, "b": [true, false, {}]}}}'
    job = server.play(lines=[line, '{"event":"progress","data":{"percentage":50.0}}', '{"event":"progress","percentage":5e1,"current_step":"x"}'])
    text = curl(f"{server.runs}/{job}/stream?from=start").decode()
    assert f"data: {shown}\n\n" in text
    assert text.count('"percentage": 50') == 2
    # A run's id may well have `5e1` in it.
    rest = text.replace(job, "")
    assert "50.0" not in rest and "5e1" not in rest


def test_ndjson_is_the_same_events_a_line_each(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    text = curl("-H", "Accept: application/x-ndjson", f"{example_server.runs}/{job}/stream?from=start").decode()
    lines = [json.loads(line) for line in text.splitlines() if line]
    assert [line["id"] for line in lines] == list(range(1, 9))
    assert lines[-1] == {"id": 8, "event": "done", "data": {}}
    assert text.splitlines()[0] == '{"id": 1, "event": "progress", "data": {"percentage": 0, "current_step": "Queued"}}'


def test_a_client_that_half_closes_still_gets_the_whole_stream_or_a_clean_close(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    with Connection(example_server.port, f"/api/v1/runs/{job}/stream") as stream:
        stream.socket.shutdown(socket.SHUT_WR)
        try:
            text = b"".join(stream.body()).decode()
        except ConnectionError:
            return
        assert text.endswith("data: [DONE]\n\n")
