"""What is refused at start, and that it is said in words."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from support.server import BINARY


def refused(*flags: object, **environment: str) -> str:
    """Starts a server that must not start, and returns what it said, which must be words and not a value of the program's."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("RUNSTREAM_", "PRAISONAI_", "JOBS_"))}
    command = [str(part) for part in (BINARY, "serve", "--port", "0", *flags)]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean | environment)
    assert completed.returncode not in (0, -6, -11), completed.stderr
    assert "listening on http" not in completed.stdout + completed.stderr
    assert "(path:" not in completed.stderr and "Fatal error" not in completed.stderr
    return completed.stderr


def test_beyond_loopback_without_a_key(tmp_path):
    text = refused("--host", "0.0.0.0", "--db", tmp_path / "runs.db")
    assert "RUNSTREAM_API_KEY" in text and "--insecure-no-key" in text
    assert not (tmp_path / "runs.db").exists()


def test_a_second_server_on_one_database_leaves_the_first_alone(server):
    path = server.directory / "runs.db"
    assert str(path) in refused("--db", path)
    job = server.submit(recipe_name="quick")["job_id"]
    assert server.wait_terminal(job)["status"] == "succeeded"


def test_a_port_in_use(server, tmp_path):
    text = refused("--db", tmp_path / "other.db", "--port", server.port)
    assert str(server.port) in text
    assert httpx.get(f"{server.base}/health").status_code == 200


def test_what_is_no_database(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, not a database\n" * 100)
    assert str(path) in refused("--db", path)
    assert path.read_text().startswith("these are my notes")


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--port", "70000"), ("--heartbeat", "soon"), ("--max-body", "1 cow"), ("--recipes", "/nowhere"), ("--max-attempts", "21"), ("--log-level", "loud")],
)
def test_a_bad_value_by_flag_and_by_variable(tmp_path, flag, value):
    assert flag[2:] in refused("--db", tmp_path / "runs.db", flag, value)
    if flag != "--port":
        variable = "RUNSTREAM_" + flag[2:].upper().replace("-", "_")
        text = refused("--db", tmp_path / "runs.db", **{variable: value})
        assert variable in text or flag in text
