"""Every example runs, as a reader would run it."""

import json
import os
import subprocess
import sys

import pytest

from support import EXAMPLES
from support.server import BINARY
from support.sse import follow


def run(*command: object, server, **environment: str) -> str:
    variables = os.environ | {"RUNSTREAM_API_URL": server.base} | environment
    completed = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, env=variables)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def test_curl_sh(example_server):
    text = run(EXAMPLES / "curl.sh", 'Say "hello" \\ twice', server=example_server)
    assert text.count("data: [DONE]") == 1
    body = json.loads(text.strip().splitlines()[-1])
    assert body["status"] == "succeeded"
    assert body["result"]["columns"]["realgdp"]["count"] == 203


def test_submit_py(example_server):
    text = run(sys.executable, EXAMPLES / "submit.py", "--config", '{"pace_ms": 5}', server=example_server)
    assert "100.0 %" in text
    assert '"rows": 203' in text


def test_submit_py_with_an_api_key_and_a_failing_run(serve):
    server = serve(recipes=EXAMPLES / "recipes", environment={"RUNSTREAM_API_KEY": "secret"})
    command = [sys.executable, EXAMPLES / "submit.py", "--config", '{"csv": "nowhere.csv"}']
    variables = os.environ | {"RUNSTREAM_API_URL": server.base, "RUNSTREAM_API_KEY": "secret"}
    completed = subprocess.run(command, capture_output=True, text=True, timeout=60, env=variables)
    assert completed.returncode == 1
    assert completed.stdout.splitlines()[-1] == "failed: analyze-csv: no such file: nowhere.csv"


@pytest.mark.parametrize("name", ["us-macro-quarterly.csv", None])
def test_analyze_csv_reports_its_progress_to_viewers(example_server, name):
    config = {"pace_ms": 5} | ({"csv": f"examples/data/{name}"} if name else {})
    job = example_server.submit("Describe the US economy", recipe_name="analyze-csv", recipe_config=config)["job_id"]
    events = [json.loads(data) for _, data in follow(example_server.port, job).pairs()[:-1]]
    percentages = [event["data"]["percentage"] for event in events if event["event"] == "progress"]
    assert percentages == sorted(percentages) and percentages[-1] == 100 and len(set(percentages)) >= 20
    assert {"message": "analyze-csv: 203 rows, 14 columns, dated by quarter", "stream": "stderr"} in [event["data"] for event in events]
    body = example_server.result(job)
    assert body["status"] == "succeeded"
    assert body["result"]["columns"]["realgdp"]["max"] == 13415.266


def test_agent_steps_shows_its_own_kinds_of_event(example_server):
    job = example_server.submit("When did output fall the most?", recipe_name="agent-steps", recipe_config={"pace_ms": 5})["job_id"]
    events = [json.loads(data) for _, data in follow(example_server.port, job).pairs()[:-1]]
    kinds = [event["event"] for event in events]
    assert kinds.count("plan") == 1 and kinds.count("tool_call") == kinds.count("tool_result") == 3
    assert "result" not in kinds
    status = example_server.status(job)
    assert status["progress"]["steps_total"] == 4
    assert "1980 Q2" in example_server.result(job)["result"]["answer"]


def test_the_command_line_streams_a_run_and_prints_its_result(example_server):
    text = run(BINARY, "submit", "Describe the US economy", "--recipe", "analyze-csv", "--stream", "--api-url", example_server.base, server=example_server)
    assert "203" in text
    listed = run(BINARY, "list", "--api-url", example_server.base, server=example_server)
    assert "succeeded" in listed
