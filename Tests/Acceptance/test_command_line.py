"""The command line as a script sees it: exit statuses, where words go, and that nothing is told twice."""

import os
import signal
import subprocess

import pytest

from support.server import BINARY, PATIENCE


def runstream(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, timeout=30 * PATIENCE, **options)


@pytest.fixture
def server(serve, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    for name, text in {
        "bad": "#!/bin/sh\necho 'the reason is here' >&2\nexit 1\n",
        "words": """#!/bin/sh\necho '{"event":"log","data":{"message":{"k":"\\u4f60\\u597d"}}}'\necho '{"event":"error","data":{"why":"\\u4f60"}}'\necho '{"event":"step","data":{"at":"\\u4f60"}}'\n""",
    }.items():
        (recipes / name).write_text(text)
        (recipes / name).chmod(0o755)
    return serve(recipes=recipes)


@pytest.mark.parametrize("flags", [("--wait",), ("--stream",), ("--wait", "--stream")])
def test_a_failure_is_not_told_twice(server, flags):
    answer = runstream("submit", "x", "--recipe", "bad", "--api-url", server.base, *flags)
    assert answer.returncode == 1
    text = answer.stdout + answer.stderr
    # With --stream, stderr's line is shown as an event before it is the run's error.
    assert text.count("the reason is here") == (2 if "--stream" in flags else 1), text
    assert text.count("Run failed") + text.count("has ended: failed") == 1, text


def test_advice_names_the_server_that_was_asked(serve, tmp_path):
    server = serve()
    gate = tmp_path / "gate"
    job = server.play(events=1, gate=str(gate))
    answer = runstream("result", job, "--api-url", server.base)
    assert answer.returncode == 6
    assert f"Wait for it with: runstream stream {job} --api-url {server.base}" in answer.stderr
    gate.touch()


@pytest.mark.parametrize("arguments", [("sumbit",), ("help", "sumbit"), ("serve", "--host", "not a host!"), ("submit", "x", "--no-such-flag")])
def test_wrong_usage_ends_with_64_and_says_what_to_do(arguments, tmp_path):
    answer = runstream(*arguments, env=os.environ | {"HOME": str(tmp_path)})
    assert answer.returncode in (64, 1) if arguments[0] == "serve" else answer.returncode == 64, answer.stderr
    assert answer.stderr.strip()
    if "sumbit" in arguments:
        assert "submit" in answer.stderr


def test_characters_are_shown_and_not_their_escapes(server):
    answer = runstream("submit", "x", "--recipe", "words", "--stream", "--api-url", server.base)
    assert answer.returncode == 0
    assert "\\u4f60" not in answer.stdout
    assert answer.stdout.count("你") == 3


def test_a_full_disk_under_the_output_is_no_success(server):
    job = server.submit(recipe_name="words")["job_id"]
    server.wait_terminal(job)
    with open("/dev/full", "w") as full:
        for command in (["stream", job, "--json"], ["status", job], ["list"], ["submit", "x", "--recipe", "words"]):
            answer = subprocess.run([str(BINARY), *command, "--api-url", server.base], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30 * PATIENCE)
            assert answer.returncode == 74, command


def test_a_reader_that_has_enough_ends_the_command_quietly(server):
    job = server.submit(recipe_name="words")["job_id"]
    server.wait_terminal(job)
    reading, writing = os.pipe()
    os.close(reading)
    answer = subprocess.run([str(BINARY), "stream", job, "--json", "--api-url", server.base], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30 * PATIENCE)
    os.close(writing)
    assert answer.returncode in (-signal.SIGPIPE, 74)
    assert "Fatal" not in answer.stderr
