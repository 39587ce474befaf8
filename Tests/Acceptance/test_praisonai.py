"""PraisonAI 4.7.19's own clients against the server: the jobs client of its command line, and `praisonai.recipe.submit_job`."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import ROOT

pytestmark = pytest.mark.long
PYTHON = Path(os.environ.get("PRAISONAI_PYTHON", ROOT / ".venv/praisonai/bin/python"))


@pytest.fixture
def praisonai(server, tmp_path):
    """Runs a piece of Python in PraisonAI's own environment; `API` is the server."""
    assert PYTHON.exists(), f"no PraisonAI at {PYTHON}: `make .venv/praisonai` installs it"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PRAISONAI", "OPENAI"))}
    environment |= {"HOME": str(tmp_path), "COLUMNS": "200", "TERM": "dumb", "PRAISONAI_TELEMETRY_DISABLED": "true", "DO_NOT_TRACK": "true"}

    def run(code: str, *arguments: str, succeeds: bool = True) -> str:
        source = f"import sys\nAPI = {server.base!r}\n{code}"
        command = [PYTHON, "-c", source, *arguments]
        completed = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=tmp_path)
        assert (completed.returncode == 0) == succeeds, completed.stdout + completed.stderr
        return completed.stdout

    return run


def handle(praisonai, *arguments: str, succeeds: bool = True) -> str:
    code = "from praisonai_code.cli.features.jobs import handle_run_command\nhandle_run_command(sys.argv[1:] + ['--api-url', API])"
    return praisonai(code, *arguments, succeeds=succeeds)


def json_in(text: str) -> dict:
    """The JSON object that a command prints after its panel."""
    return json.loads(text[text.index("\n{") if not text.startswith("{") else 0 :])


def test_submit_status_stream_and_result(praisonai, server):
    config = json.dumps({"events": 3, "pace_ms": 10, "result": {"answer": 42}})
    body = json_in(handle(praisonai, "submit", "A task", "--recipe", "play", "--recipe-config", config, "--json", "--idempotency-key", "p-1"))
    job = body["job_id"]
    assert body["status"] in ("queued", "running", "succeeded")
    again = json_in(handle(praisonai, "submit", "A task", "--recipe", "play", "--json", "--idempotency-key", "p-1"))
    assert again["job_id"] == job
    server.wait_for(job, "succeeded")
    status = json_in(handle(praisonai, "status", job, "--json"))
    assert (status["status"], status["progress"]["percentage"]) == ("succeeded", 100)
    result = json_in(handle(praisonai, "result", job, "--json"))
    assert result["result"] == {"answer": 42}
    assert "Job Result" in handle(praisonai, "result", job) or "answer" in handle(praisonai, "result", job)


def test_stream_prints_every_event(praisonai, server):
    job = server.play(events=3, pace_ms=10)
    lines = [json.loads(line) for line in handle(praisonai, "stream", job, "--json").splitlines()]
    assert [line["event"] for line in lines] == ["progress"] * 2 + ["log"] * 3 + ["progress", "complete"]
    job = server.play(lines=['{"event": "error", "data": "went wrong"}'], exit=3)
    text = handle(praisonai, "stream", job)
    assert "went wrong" in text
    assert "Job ended: failed" in text and "Stream completed" in text


def test_wait_polls_to_the_end(praisonai, server):
    assert "done" in handle(praisonai, "submit", "A task", "--recipe", "quick", "--wait")


def test_list_and_cancel(praisonai, server):
    job = server.submit(recipe_name="ignores-sigterm")["job_id"]
    server.wait_for(job, "running")
    listed = json_in(handle(praisonai, "list", "--status", "running", "--json"))
    assert [entry["job_id"] for entry in listed["jobs"]] == [job]
    assert job in handle(praisonai, "list")
    assert json_in(handle(praisonai, "cancel", job, "--json"))["status"] == "cancelled"
    handle(praisonai, "cancel", job, succeeds=False)


def test_an_unknown_run_and_recipe_are_told(praisonai):
    assert "404" in handle(praisonai, "status", "run_000000000000", succeeds=False)
    assert "422" in handle(praisonai, "submit", "x", "--recipe", "nowhere", succeeds=False)


def test_recipe_submit_job(praisonai):
    code = """
import json
from praisonai.recipe import submit_job
job = submit_job("quick", input={"query": "test"}, config={"a": 1}, session_id="s", idempotency_key="k", api_url=API, wait=True, poll_interval=1)
print(json.dumps({"id": job.job_id, "result": job.get_result()}, default=str))
"""
    told = json.loads(praisonai(code).splitlines()[-1])
    assert told["id"].startswith("run_")
    assert "done" in json.dumps(told["result"])
