"""The Stream Run API documentation's own clients, as examples/ has them: unmodified but for the address."""

import json
import subprocess
import sys

from support import EXAMPLES, until


def python(script: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, EXAMPLES / script, *arguments], capture_output=True, text=True, timeout=60)


def test_stream_with_httpx(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    completed = python("stream_httpx.py", job, example_server.base)
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.splitlines() == [
        "Progress: 0% - Queued",
        "Progress: 0% - Initializing",
        *(f"Progress: {25 * step}% - Step {step} of 4" for step in (1, 2, 3, 4)),
        "Complete: succeeded",
        "Stream complete",
    ]


def test_stream_with_httpx_sse(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    completed = python("stream_httpx_sse.py", job, example_server.base)
    assert completed.returncode == 0, completed.stderr
    lines = completed.stdout.splitlines()
    assert len(lines) == 7
    assert all(line.startswith("Event: message, Data: ") for line in lines)
    last = json.loads(lines[-1].partition("Data: ")[2])
    assert last == {"event": "complete", "data": {"status": "succeeded", "job_id": job}}


def test_submit_and_stream(serve):
    server = serve("--runner", str(EXAMPLES / "recipes" / "five-lines"))
    completed = python("submit_and_stream.py", server.base)
    assert completed.returncode == 0, completed.stderr
    assert "Job succeeded" in completed.stdout
    assert "Progress: 100.0% - Step 4 of 4" in completed.stdout
    assert completed.stdout.splitlines()[-1] == "Result: {'answer': 42}"


def test_submit_then_stream_never_races_with_a_run_that_is_over_at_once(serve):
    server = serve("--runner", "/bin/true")
    for _ in range(5):
        completed = python("submit_and_stream.py", server.base)
        assert completed.returncode == 0, completed.stderr
        assert "Job succeeded" in completed.stdout


def test_a_finished_run_whose_end_was_asked_for_has_no_stream(example_server):
    job = example_server.submit(recipe_name="five-lines")["job_id"]
    example_server.wait_terminal(job)
    answer = until(lambda: example_server.get(f"/{job}/stream"))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Job already completed" in answer.text
