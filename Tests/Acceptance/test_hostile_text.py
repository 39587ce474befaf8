"""Text that breaks naive framing arrives as the contract says, in every client."""

import json

import pytest

from support.clients import CLIENTS, messages

LIMIT = 256 * 1024
# What a runner writes as the message of a log event, and what a viewer's JSON parser makes of it.
JSON_MESSAGES = [
    "carriage\rreturn, line\nfeed, both\r\n, and a blank line\n\ndata: [DONE]\n\n",
    "NUL \x00 and other controls \x01\x1f\x7f",
    "next line \x85, line separator \u2028, paragraph separator \u2029",
    "emoji 😀👩‍👩‍👧, accents é ü ñ, right to left שלום",
    'quotes " and \\ and </script><!-- & \x1b[31mred\x1b[0m',
    "data: not a field\nid: 7\nevent: x\n: comment",
    "\ufeffbyte order mark",
]
PLAIN_LINES = [("plain é 😀 \x85 \u2028 \u2029", "plain é 😀 \x85 \u2028 \u2029"), ('{"event": "log", broken', '{"event": "log", broken'), ("cr at the end\r", "cr at the end")]


def stage(server) -> str:
    raw = [json.dumps({"event": "log", "data": {"message": text}}, ensure_ascii=escaped) for text in JSON_MESSAGES for escaped in (True, False)]
    return server.play(lines=raw + [line for line, _ in PLAIN_LINES])


@pytest.mark.parametrize("client", CLIENTS)
def test_hostile_text_reaches_the_client_as_it_was_meant(server, client):
    job = stage(server)
    pairs = CLIENTS[client](f"{server.runs}/{job}/stream?from=start")
    assert messages(pairs) == [text for text in JSON_MESSAGES for _ in range(2)] + [text for _, text in PLAIN_LINES]
    assert [id_ for id_, _ in pairs] == list(range(1, len(pairs) + 1))


@pytest.mark.parametrize("client", CLIENTS)
def test_invalid_utf8_and_nul_bytes_become_valid_text(server, client):
    lines = [b"bad \xff\xfe end", b"cut \xe2\x82 end", b"surrogate \xed\xa0\x80 end", b"overlong \xc0\xaf end", b"nul \x00 end"]
    job = server.play(hex=b"\n".join(lines).hex())
    found = messages(CLIENTS[client](f"{server.runs}/{job}/stream?from=start"))
    assert len(found) == len(lines)
    for text, line in zip(found[:-1], lines):
        assert text.startswith(line.split()[0].decode()) and text.endswith(" end")
        assert "\ufffd" in text
    assert found[-1] == "nul \x00 end"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_line_of_300_kb_is_cut_on_a_character_and_says_so(server, client):
    text = "é" * 150_000
    job = server.play(lines=[text, "after"])
    url = f"{server.runs}/{job}/stream?from=start"
    pairs = CLIENTS[client](url)
    found = messages(pairs)
    assert found[0] == text[: LIMIT // 2]
    assert found[-1] == "after"
    assert len(found) == 3
    warning = next(json.loads(data)["data"] for _, data in pairs if '"warning"' in data)
    assert warning["level"] == "warning"
    assert str(300_000 - LIMIT) in warning["message"]


def test_hostile_text_survives_ndjson_the_result_and_a_restart(server):
    job = stage(server)
    server.wait_terminal(job)
    server.restart()
    answer = server.get(f"/{job}/stream?from=start", headers={"Accept": "application/x-ndjson"})
    assert not any(mark in answer.text for mark in ("\x85", "\u2028", "\u2029"))
    events = [json.loads(line) for line in answer.text.split("\n") if line]
    found = [event["data"]["message"] for event in events if event["event"] == "log"]
    assert found == [text for text in JSON_MESSAGES for _ in range(2)] + [text for _, text in PLAIN_LINES]
    assert server.result(job)["result"] == "\n".join(text for _, text in PLAIN_LINES)
