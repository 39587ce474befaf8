"""What the server's log says of runs."""

import json
import socket
import struct

from support import until
from support.server import PATIENCE


def lines(server, message: str) -> list[dict]:
    found = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["message"] == message]


def test_no_run_goes_by_without_a_word_in_the_log(serve):
    server = serve("--log-format", "json", "--trusted-proxies", "127.0.0.1")
    config = {"stderr": ["out of paper"], "fail_until": 3}
    answer = server.client.post(
        server.runs, json={"prompt": "a secret", "recipe_name": "play", "recipe_config": config, "max_attempts": 2},
        headers={"X-Forwarded-For": "192.0.2.9"})
    job = answer.json()["job_id"]
    server.wait_terminal(job)
    until(lambda: lines(server, "Run ended"))
    (submitted,) = lines(server, "Run submitted")
    assert (submitted["job_id"], submitted["recipe"], submitted["client"]) == (job, "play", "192.0.2.9")
    assert [(line["job_id"], line["attempt"]) for line in lines(server, "Run started")] == [(job, "1"), (job, "2")]
    (retried,) = lines(server, "Run will be tried again")
    assert (retried["job_id"], retried["error"]) == (job, "out of paper") and retried["next_at"]
    (ended,) = lines(server, "Run ended")
    assert (ended["job_id"], ended["status"], ended["error"]) == (job, "failed", "out of paper")
    assert int(ended["events"]) > 4 and int(ended["duration_ms"]) > 0
    assert "a secret" not in server.log()


def test_a_submit_whose_client_has_left_is_in_the_log_too(serve):
    server = serve()
    body = b'{"prompt": "x", "recipe_name": "quick"}'
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        head = f"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: "Run ended" in server.log(), 20 * PATIENCE, "the run's end")
    assert server.log().count("Run submitted client=127.0.0.1") == 1


def test_at_debug_a_request_has_its_run(serve):
    server = serve("--log-format", "json", "--log-level", "debug")
    job = server.submit(recipe_name="quick")["job_id"]
    server.wait_terminal(job)
    until(lambda: any(line.get("job_id") == job and line["method"] == "GET" for line in lines(server, "request")))
    assert [line["job_id"] for line in lines(server, "request's run")] == [job]
