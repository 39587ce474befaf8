"""Mistakes in recipes: each is told in words that name the file and say what to do."""

import os
import shutil
import time
from pathlib import Path

import pytest

from support import until


@pytest.fixture
def recipes(tmp_path) -> Path:
    path = tmp_path / "recipes"
    path.mkdir()
    write(path / "good", "#!/bin/sh\necho fine\n")
    return path


def write(path: Path, text: str | bytes, mode: int = 0o755) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text, told",
    [
        ("#!/usr/bin/pyton3\nprint(1)\n", "{}, line 1: the interpreter /usr/bin/pyton3 isn't there. Install it, or name one that is: #!/usr/bin/env NAME"),
        ("#!/bin/sh\r\necho hi\r\n", "{}, line 1 ends with a carriage return, as Windows writes it. Run: sed -i 's/\\r$//' {}"),
        ("echo hi\n", "{}, line 1 doesn't say what runs it. Begin the file with a line such as #!/bin/sh or #!/usr/bin/env python3"),
        ("\ufeff#!/bin/sh\necho hi\n", "{}, line 1 begins with a byte order mark. Save it as UTF-8 without one"),
        ("#!\necho hi\n", None),
        ("#!/etc/passwd\n", "{}, line 1: the interpreter /etc/passwd isn't executable"),
        (b"\x7fELF\2\1\1" + bytes(200), "{} is a program for another kind of machine"),
        ("", "{} is empty, or its first line is"),
    ],
)
def test_a_program_that_cannot_be_started_does_not_fail_without_a_reason(serve, recipes, text, told):
    path = write(recipes / "bad", text)
    server = serve(recipes=recipes)
    job = server.submit(recipe_name="bad")["job_id"]
    body = server.wait_terminal(job)
    assert body["status"] == "failed"
    assert body["error"].startswith("Cannot start the runner: ") and str(path) in body["error"]
    if told:
        assert body["error"] == "Cannot start the runner: " + told.replace("{}", str(path))
    good = server.submit(recipe_name="good")["job_id"]
    assert server.wait_terminal(good)["status"] == "succeeded"


def test_a_file_that_is_not_executable_is_told_at_start_and_to_who_asks_for_it(serve, recipes):
    write(recipes / "plain", "#!/bin/sh\n", 0o644)
    server = serve(recipes=recipes)
    until(lambda: f"chmod +x {recipes}/plain" in server.log(), what="a warning")
    answer = server.client.post(server.runs, json={"prompt": "x", "recipe_name": "plain"})
    assert answer.status_code == 422
    assert "the file isn't executable" in answer.text and "chmod +x plain" in answer.text
    assert str(recipes) not in answer.text, "no path of the machine"


def test_a_directory_without_executables_is_told_at_start_and_to_who_submits(serve, recipes):
    (recipes / "good").chmod(0o644)
    server = serve(recipes=recipes)
    until(lambda: f"no file in {recipes} is executable. Run: chmod +x good" in server.log())
    answer = server.client.post(server.runs, json={"prompt": "x", "recipe_name": "other"})
    assert answer.status_code == 422
    assert "no file in its directory is executable" in answer.text


def test_a_link_that_a_deploy_switches_is_followed_and_one_that_dangles_is_told(serve, tmp_path, recipes):
    second = tmp_path / "second"
    second.mkdir()
    write(second / "good", "#!/bin/sh\necho better\n")
    link = tmp_path / "current"
    link.symlink_to(recipes)
    server = serve("--max-concurrent", "1", recipes=link)
    first = server.submit(recipe_name="good")["job_id"]
    server.wait_terminal(first)
    assert server.result(first)["result"] == "fine"
    link.unlink()
    link.symlink_to(second)
    after = server.submit(recipe_name="good")["job_id"]
    server.wait_terminal(after)
    assert server.result(after)["result"] == "better"
    shutil.rmtree(second)
    time.sleep(1.1)  # what was there is believed for a second
    answer = server.client.post(server.runs, json={"prompt": "x", "recipe_name": "good"})
    assert answer.status_code == 422 and "a link that leads nowhere" in answer.text


def test_a_run_whose_directory_is_gone_says_so(serve, tmp_path, recipes):
    link = tmp_path / "current"
    link.symlink_to(recipes)
    server = serve("--max-concurrent", "1", recipes=link)
    write(recipes / "hold", f"#!/bin/sh\nwhile ! [ -e {tmp_path}/go ]; do sleep 0.02; done\n")
    hold = server.submit(recipe_name="hold")["job_id"]
    server.wait_for(hold, "running")
    waiting = server.submit(recipe_name="good")["job_id"]
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    (tmp_path / "go").touch()
    body = server.wait_terminal(waiting)
    assert body["error"] == f"Cannot start the runner: there is no recipe `good`: {link} is a link that leads nowhere"


def test_a_program_that_is_being_written_is_tried_again(serve, recipes):
    path = write(recipes / "fresh", "#!/bin/sh\necho new\n")
    server = serve(recipes=recipes)
    with path.open("ab"):
        job = server.submit(recipe_name="fresh", max_attempts=1)["job_id"]
        server.wait_for(job, "running")
        time.sleep(0.3)
        assert server.status(job)["status"] == "running"
    assert server.wait_terminal(job)["status"] == "succeeded"
    assert server.result(job)["result"] == "new"
    with path.open("ab"):
        late = server.submit(recipe_name="fresh")["job_id"]
        body = server.wait_terminal(late)
    assert "is still being written" in body["error"]
    assert os.access(path, os.X_OK)


def test_a_cancel_ends_the_wait_for_a_program_that_is_being_written(serve, recipes):
    path = write(recipes / "fresh", "#!/bin/sh\necho new\n")
    server = serve("--max-concurrent", "1", recipes=recipes)
    with path.open("ab"):
        job = server.submit(recipe_name="fresh")["job_id"]
        server.wait_for(job, "running")
        assert server.post(f"/{job}/cancel").status_code == 200
        good = server.submit(recipe_name="good")["job_id"]
        assert server.wait_terminal(good)["status"] == "succeeded"
    assert server.status(job)["status"] == "cancelled"


def test_a_drain_while_a_program_is_being_written_leaves_no_viewer_without_an_end(serve, recipes):
    path = write(recipes / "fresh", "#!/bin/sh\necho new\n")
    server = serve("--drain-grace", "2s", recipes=recipes)
    with path.open("ab"):
        job = server.submit(recipe_name="fresh", max_attempts=1)["job_id"]
        server.wait_for(job, "running")
        server.terminate()
        assert server.wait(10) == 0
    assert "Run ended" in server.log() and "Interrupted by a server restart" in server.log()
