"""A failed run says why: how its program ended, and what it wrote to stderr last."""

import json
import subprocess
import sys

import pytest

from support.server import BINARY, PATIENCE

RECIPES = {
    "traceback": f"#!{sys.executable}\nimport sys\nprint('about to fail', file=sys.stderr)\ndef inner():\n    return {{}}['user']\ninner()\n",
    "killed": "#!/bin/sh\necho 'UserWarning: the slow tokenizer is used' >&2\nkill -9 $$\n",
    "quiet": "#!/bin/sh\nexit 3\n",
    "loud": f"#!{sys.executable}\nimport sys\nfor n in range(20_000):\n    print('line', n, 'x' * 60, file=sys.stderr)\nsys.exit(1)\n",
    "wide": f"#!{sys.executable}\nimport sys\nsys.stderr.write('ä' * 100_000)\nsys.exit(1)\n",
    "bytes": "#!/bin/sh\nprintf 'a\\377b\\n' >&2\nhead -c 5000 /dev/zero | tr '\\0' '\\377' >&2\nexit 2\n",
    "slow": "#!/bin/sh\necho 'waiting for the lock' >&2\nsleep 100\n",
    "prompt": "#!/bin/sh\nprintf 'Password: ' >&2\nsleep 100\n",
    "second": "#!/bin/sh\n[ $RUNSTREAM_ATTEMPT = 2 ] && exit 0\necho boom >&2\nexit 1\n",
    "escape": "#!/bin/sh\nprintf 'first\\n\\033[2Jsecond\\n' >&2\nexit 1\n",
}


@pytest.fixture
def server(serve, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    for name, text in RECIPES.items():
        (recipes / name).write_text(text)
        (recipes / name).chmod(0o755)
    return serve("--kill-grace", "200ms", recipes=recipes)


def failed(server, recipe: str, **members) -> dict:
    job = server.submit(recipe_name=recipe, **members)["job_id"]
    assert server.wait_terminal(job)["status"] == "failed"
    return server.result(job)


def test_a_traceback_is_in_the_result(server):
    body = failed(server, "traceback")
    assert body["error"] == "KeyError: 'user'"
    assert body["result"] is None
    failure = body["failure"]
    assert (failure["exit_status"], failure["signal"]) == (1, None)
    lines = failure["stderr_tail"].split("\n")
    assert lines[0] == "about to fail" and lines[1] == "Traceback (most recent call last):" and lines[-1] == "KeyError: 'user'"


def test_a_signal_does_not_hide_behind_the_last_line_of_stderr(server):
    body = failed(server, "killed")
    assert body["error"] == "Killed by signal 9 (SIGKILL)"
    assert body["failure"] == {"exit_status": None, "signal": 9, "stderr_tail": "UserWarning: the slow tokenizer is used"}


def test_a_program_that_says_nothing_has_an_empty_tail(server):
    body = failed(server, "quiet")
    assert (body["error"], body["failure"]) == ("Exited with status 3", {"exit_status": 3, "signal": None, "stderr_tail": ""})


def test_the_tail_is_the_last_twenty_lines_and_at_most_four_kibibytes(server):
    tail = failed(server, "loud")["failure"]["stderr_tail"]
    assert [line.split()[1] for line in tail.split("\n")] == [str(n) for n in range(19_980, 20_000)]
    wide = failed(server, "wide")["failure"]["stderr_tail"]
    assert wide == "ä" * 2048
    noise = failed(server, "bytes")["failure"]["stderr_tail"]
    assert set(noise) <= {"a", "b", "\n", "\ufffd"} and 4090 <= len(noise.encode()) <= 4096


def test_a_timeout_tells_what_the_program_was_at(server):
    body = failed(server, "slow", timeout=1)
    assert body["error"] == "Timed out after 1 s"
    assert body["failure"] == {"exit_status": None, "signal": None, "stderr_tail": "waiting for the lock"}
    assert failed(server, "prompt", timeout=1)["failure"]["stderr_tail"] == "Password: "


def test_a_run_that_succeeds_at_last_has_no_failure(server):
    job = server.submit(recipe_name="second", max_attempts=2)["job_id"]
    assert server.wait_terminal(job, 20)["status"] == "succeeded"
    assert "failure" not in server.result(job)


def test_a_failure_survives_kill_9(server):
    job = server.submit(recipe_name="traceback")["job_id"]
    server.wait_terminal(job)
    before = server.get(f"/{job}/result").content
    server.restart()
    assert server.get(f"/{job}/result").content == before


def test_the_command_line_shows_the_tail_and_nothing_steers_the_terminal(server):
    job = server.submit(recipe_name="escape")["job_id"]
    server.wait_terminal(job)
    shown = subprocess.run([str(BINARY), "result", job, "--api-url", server.base], capture_output=True, text=True, timeout=30 * PATIENCE)
    assert shown.returncode != 0 and shown.stdout == ""
    assert "\x1b" not in shown.stderr
    assert "The last lines of its stderr:\n  first\n" in shown.stderr
    answer = subprocess.run([str(BINARY), "result", job, "--json", "--api-url", server.base], capture_output=True, text=True)
    assert json.loads(answer.stdout)["failure"]["exit_status"] == 1
