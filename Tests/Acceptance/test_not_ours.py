"""What is not this server's is neither deleted, nor ended, nor written to; closed descriptors, terminals and unread logs hurt nobody."""

import os
import pty
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from support import until
from support.server import BINARY, PATIENCE, Server


def recipe(directory: Path, name: str, script: str) -> Path:
    """A directory of recipes with one shell script in it."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return directory


# Directories


def test_a_directory_called_runs_beside_the_database_is_not_deleted(serve, tmp_path):
    home = tmp_path / "home"
    (home / "runs" / "train1").mkdir(parents=True)
    (home / "runs" / "train1" / "weights").write_text("weeks of work")
    server = serve(directory=home)
    assert server.wait_terminal(server.play())["status"] == "succeeded"
    server.terminate()
    assert server.wait(15 * PATIENCE) == 0
    server.start()
    assert (home / "runs" / "train1" / "weights").read_text() == "weeks of work"


def test_nothing_is_deleted_through_a_symbolic_link_called_attempts(serve, tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    (other / "run_0123456789ab-1-ff").mkdir(parents=True)
    (home / "runs.db.attempts").symlink_to(other)
    server = serve(directory=home, start=False)
    server.start(ready=False)
    assert server.wait(15 * PATIENCE) != 0
    assert "runs.db.attempts" in server.log()
    assert (other / "run_0123456789ab-1-ff").is_dir()


def test_only_names_of_attempts_are_deleted(serve, tmp_path):
    home = tmp_path / "home"
    server = serve(directory=home)
    attempts = home / "runs.db.attempts"
    assert stat.S_IMODE(attempts.stat().st_mode) == 0o700
    for name in ("run_0123456789ab-1-ff", "run_0123456789ab", "leaders-ff", "notes", "run_0123456789ab-1-ff-2"):
        (attempts / name).mkdir()
    server.restart()
    until(lambda: not (attempts / "run_0123456789ab-1-ff").exists())
    server.terminate()
    server.wait(10 * PATIENCE)
    assert sorted(path.name for path in attempts.iterdir()) == ["leaders-ff", "notes", "run_0123456789ab", "run_0123456789ab-1-ff-2"]


def test_a_second_database_in_the_directory_leaves_the_first_ones_attempts_alone(serve, tmp_path):
    recipes = recipe(tmp_path / "recipes", "slow", "echo here > file; echo ready; while ! [ -e go ]; do sleep 0.05; done; cat file")
    first = serve(directory=tmp_path / "home", recipes=recipes)
    job = first.submit(recipe_name="slow")["job_id"]
    until(lambda: list((tmp_path / "home" / "runs.db.attempts").glob("*/work/file")))
    second = Server(tmp_path / "home", "--db", str(tmp_path / "home" / "second.db"), recipes=recipes)
    try:
        second.start()
        (work,) = (tmp_path / "home" / "runs.db.attempts").glob("*/work")
        (work / "go").touch()
        assert first.wait_terminal(job)["status"] == "succeeded"
        assert first.result(job)["result"] == "ready\nhere"
    finally:
        second.stop()


# Processes


def test_a_server_on_a_copy_of_the_database_does_not_end_the_originals_runs(serve, tmp_path):
    recipes = recipe(tmp_path / "recipes", "slow", "echo ready; while ! [ -e go ]; do sleep 0.05; done; echo finished")
    live = serve(directory=tmp_path / "live", recipes=recipes)
    job = live.submit(recipe_name="slow")["job_id"]
    until(lambda: list((tmp_path / "live" / "runs.db.attempts").glob("*/work")))
    live.wait_for(job, "running")
    (tmp_path / "copy").mkdir()
    for file in (tmp_path / "live").glob("runs.db*"):
        if file.is_file():
            shutil.copy(file, tmp_path / "copy" / file.name)
    copy = serve(directory=tmp_path / "copy", recipes=recipes)
    until(lambda: "is a copy" in copy.log())
    assert copy.wait_terminal(job)["error"] == "Interrupted by a server restart"
    (work,) = (tmp_path / "live" / "runs.db.attempts").glob("*/work")
    (work / "go").touch()
    assert live.wait_terminal(job)["status"] == "succeeded"


# Descriptors and terminals


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_descriptors_do_not_put_the_log_into_the_database(tmp_path, serve, closed):
    server = serve(start=False)
    command = subprocess.list2cmdline(server._command)
    server.process = subprocess.Popen(["sh", "-c", f"exec {command} --log-level debug {closed}"], env=server._environment)
    server.wait_ready()
    job = server.play()
    assert server.wait_terminal(job)["status"] == "succeeded"
    database = os.stat(server.directory / "runs.db")
    for descriptor in ("0", "1", "2"):
        found = os.stat(f"/proc/{server.pid}/fd/{descriptor}")
        assert (found.st_dev, found.st_ino) != (database.st_dev, database.st_ino)
    server.restart()
    assert server.status(job)["status"] == "succeeded"


def test_a_command_whose_output_is_closed_does_not_say_that_it_succeeded(server):
    command = f"{BINARY} submit x --recipe quick --api-url {server.base} >&-"
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30 * PATIENCE)
    assert answer.returncode == 74
    assert "cannot write" in answer.stderr


def test_a_closed_terminal_does_not_leave_children_behind(serve, tmp_path):
    recipes = recipe(tmp_path / "recipes", "slow", "echo ready; exec sleep 1000")
    server = serve("--drain-grace", "500ms", recipes=recipes)
    job = server.submit(recipe_name="slow")["job_id"]
    server.wait_for(job, "running")
    server.process.send_signal(signal.SIGHUP)
    assert server.wait(15 * PATIENCE) == 0
    server.start()
    assert server.status(job)["error"] == "Interrupted by a server restart"


def test_a_server_under_nohup_does_not_end_with_its_terminal(serve):
    server = serve(start=False)
    server.process = subprocess.Popen(["nohup", *server._command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.wait_ready()
    server.process.send_signal(signal.SIGHUP)
    assert server.wait_terminal(server.play())["status"] == "succeeded"


def test_a_recipe_that_reads_the_terminal_does_not_stop_and_hold_its_slot(serve, tmp_path):
    recipes = recipe(tmp_path / "recipes", "asks", "read answer </dev/tty || echo 'no terminal'")
    server = serve(start=False, recipes=recipes)
    main, secondary = pty.openpty()
    server.process = subprocess.Popen(
        server._command, stdin=secondary, stdout=secondary, stderr=subprocess.DEVNULL, env=server._environment, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0))
    try:
        server.wait_ready()
        job = server.submit(recipe_name="asks")["job_id"]
        assert server.wait_terminal(job)["status"] == "succeeded"
        assert server.result(job)["result"] == "no terminal"
        server.stop()
    finally:
        os.close(main)
        os.close(secondary)


# Runners


def test_a_runner_named_by_a_relative_path_does_not_fail_every_run(serve, tmp_path, monkeypatch):
    (tmp_path / "agent.py").write_text("import os\nprint('buffered:', os.environ['PYTHONUNBUFFERED'] != '1')\n")
    monkeypatch.chdir(tmp_path)
    server = serve("--runner", "python3 agent.py")
    job = server.submit()["job_id"]
    assert server.wait_terminal(job)["status"] == "succeeded"
    assert server.result(job)["result"] == "buffered: False"


@pytest.mark.parametrize("db", [":memory:", "postgresql://user:hunter2@host/db", "postgresql:host=x password=hunter2"])
def test_a_database_that_is_no_file_is_not_made_as_one(tmp_path, db):
    answer = subprocess.run([BINARY, "serve", "--db", db], cwd=tmp_path, capture_output=True, text=True, timeout=30 * PATIENCE)
    assert answer.returncode != 0
    assert "--db cannot be" in answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr
    assert list(tmp_path.iterdir()) == []


# The log


def test_a_log_that_nobody_reads_does_not_stop_the_server(serve):
    server = serve("--log-level", "debug", "--loops", "1", start=False)
    reading, writing = os.pipe()
    server.process = subprocess.Popen(server._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing, env=server._environment)
    os.close(writing)
    try:
        server.wait_ready()
        for _ in range(3000):
            assert server.client.get(f"{server.base}/health").status_code == 200
        assert server.wait_terminal(server.play())["status"] == "succeeded"
        server.terminate()
        assert server.wait(15 * PATIENCE) == 0
    finally:
        os.close(reading)
