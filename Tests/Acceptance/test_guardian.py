"""Nothing of a run outlives its keeper: whoever is killed, and whatever the run's processes cleared, renamed or daemonized."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import pytest

from support import until
from support.processes import children, processes
from support.server import BINARY, PATIENCE, Server

# Each starts one process whose command line holds $TOKEN and which is hard to find; then it says `ready` and stays.
HIDERS = {
    "clears its environment": 'env -i sh -c "exec sleep 1000.$TOKEN" &',
    "makes a session of its own and loses its parent": '(setsid env -i sh -c "cd /; exec sleep 1000.$TOKEN" &)',
    "ignores SIGTERM": """env -i sh -c "trap '' TERM; cd /; exec sleep 1000.$TOKEN" &""",
    "daemonizes twice and closes everything": '(setsid sh -c "cd /; (setsid env -i sleep 1000.$TOKEN <&- >&- 2>&- &)" &)',
    "overwrites its environment as setproctitle does": """(cd /; exec setsid python3 - "1000.$TOKEN" <<'END' &
import ctypes, os, sys, time
with open("/proc/self/stat", "rb") as file:
    fields = file.read().rpartition(b")")[2].split()
start, end = int(fields[47]), int(fields[48])  # env_start, env_end
ctypes.memset(start, 0, end - start)
if os.fork():
    os._exit(0)
time.sleep(1000)
END
)""",
}


@pytest.fixture
def token() -> str:
    """Something that is in the command line of this test's processes alone."""
    return str(uuid.uuid4().int % 10**12)


@pytest.fixture
def hider(serve, tmp_path, token):
    """Makes a server whose recipe `hide` starts all of the above."""

    def make():
        recipes = tmp_path / "recipes"
        recipes.mkdir()
        body = "\n".join(HIDERS.values())
        (recipes / "hide").write_text(f"#!/bin/sh\nexport TOKEN={token}\n{body}\nsleep 1000.{token} &\necho ready\nwait; sleep 1000.{token}\n")
        (recipes / "quick").write_text("#!/bin/sh\necho done\n")
        for recipe in recipes.iterdir():
            recipe.chmod(0o755)
        return serve("--kill-grace", "300ms", "--drain-grace", "500ms", recipes=recipes)

    return make


def living(token: str) -> list[int]:
    """The processes with the token in their command line."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if f"1000.{token}".encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                    found.append(int(name))
            except OSError:
                pass
    return found


def gone(token: str, seconds: float = 1) -> None:
    until(lambda: not living(token), seconds * PATIENCE, "the run's processes to be gone")


def hide(server, token: str, **members) -> str:
    job = server.submit(recipe_name="hide", **members)["job_id"]
    until(lambda: len(living(token)) > len(HIDERS), 10 * PATIENCE, "all of the run's processes")
    return job


def guardian(server) -> int:
    [found] = children(server.pid)
    return found.pid


def test_nothing_outlives_a_server_that_is_killed(hider, token):
    server = hider()
    hide(server, token)
    server.kill()
    gone(token)
    server.start()
    until(lambda: server.client.get(server.runs).json()["jobs"][0]["status"] == "failed")


@pytest.mark.parametrize("way", ["cancel", "timeout"])
def test_nothing_outlives_a_run_that_ends(hider, token, way):
    server = hider()
    job = hide(server, token, timeout=2 if way == "timeout" else 600)
    if way == "cancel":
        assert server.post(f"/{job}/cancel").status_code == 200
    gone(token, 5)
    assert server.wait_terminal(job)["status"] == ("cancelled" if way == "cancel" else "failed")


def test_nothing_outlives_a_guardian_that_is_killed_and_the_server_starts_another(hider, token):
    server = hider()
    job = hide(server, token, max_attempts=1)
    os.kill(guardian(server), signal.SIGKILL)
    gone(token)
    assert server.wait_terminal(job)["status"] == "failed"
    assert "The process that keeps the runs was killed" in server.log()
    after = server.submit(recipe_name="quick")["job_id"]
    assert server.wait_terminal(after)["status"] == "succeeded"
    until(lambda: len(children(server.pid)) == 1, what="one guardian and no zombie")


def test_a_guardian_that_is_killed_again_and_again_is_started_again_and_no_run_is_lost(hider, token):
    server = hider()
    for _ in range(3):
        os.kill(until(lambda: children(server.pid), 5 * PATIENCE)[0].pid, signal.SIGKILL)
        time.sleep(0.1)
    jobs = [server.submit(recipe_name="quick")["job_id"] for _ in range(5)]
    for job in jobs:
        assert server.wait_terminal(job)["status"] == "succeeded"


def test_nothing_outlives_a_server_and_a_guardian_that_are_killed_together(hider, token):
    server = hider()
    hide(server, token)
    keepers = [process.pid for process in children(guardian(server))]
    assert len(keepers) == 1
    for pid in (guardian(server), server.pid):
        os.kill(pid, signal.SIGKILL)
    server.process.wait(10)
    gone(token)


def test_a_keeper_that_is_killed_takes_its_own_run_with_it_and_no_other(hider, token):
    server = hider()
    job = hide(server, token, max_attempts=1)
    [keeper] = [process.pid for process in children(guardian(server))]
    other = server.submit(recipe_name="hide")["job_id"]
    until(lambda: len(living(token)) > 2 * len(HIDERS) + 1, 10 * PATIENCE)
    os.kill(keeper, signal.SIGKILL)
    assert server.wait_terminal(job)["status"] == "failed"
    until(lambda: len(living(token)) <= len(HIDERS) + 2, 2 * PATIENCE, "the first run's processes to be gone")
    assert server.status(other)["status"] == "running"
    server.post(f"/{other}/cancel")
    gone(token, 3)


def test_no_second_attempt_runs_beside_what_a_killed_server_guardian_and_keepers_left(hider, token):
    server = hider()
    job = hide(server, token, max_attempts=2)
    server.kill_all()
    left = set(living(token))
    assert left
    server.start()
    until(lambda: len(set(living(token)) - left) > len(HIDERS), 10 * PATIENCE, "the second attempt's processes")
    # Three have no parent, group, directory or variable of the run's any more: they can't be told from a stranger's processes.
    strangers = left & set(living(token))
    assert len(strangers) <= 3
    for pid in strangers:
        os.kill(pid, signal.SIGKILL)


def test_a_run_that_ended_in_time_is_not_a_timeout_though_the_server_was_stopped(serve, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "short").write_text("#!/bin/sh\necho ready\nsleep 0.7\n")
    (recipes / "short").chmod(0o755)
    server = serve(recipes=recipes)
    job = server.submit(recipe_name="short", timeout=1)["job_id"]
    server.wait_for(job, "running")
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    server.process.send_signal(signal.SIGCONT)
    assert server.wait_terminal(job)["status"] == "succeeded"


def test_a_run_is_not_ended_by_a_signal_to_guardian_or_keeper(hider, token):
    server = hider()
    job = hide(server, token)
    keeper = guardian(server)
    for pid in [keeper, *(process.pid for process in children(keeper))]:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            os.kill(pid, number)
    time.sleep(0.3)
    assert server.status(job)["status"] == "running"
    assert server.get("/" + server.submit(recipe_name="quick")["job_id"]).status_code == 200


NOBODY = 65534


@pytest.fixture
def public():
    """A directory that every user can look into."""
    path = Path(tempfile.mkdtemp(prefix="runstream-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="making a setuid program needs root")
def test_a_process_that_may_not_be_signalled_does_not_hold_its_slot_silently(public):
    # A copy of Python that makes itself root in all its ids, as sudo does: the server's user may not signal it.
    program = public / "python"
    shutil.copy(Path(sys.executable).resolve(), program)
    program.chmod(0o4755)
    (public / "state").mkdir()
    os.chown(public / "state", NOBODY, NOBODY)
    (public / "recipes").mkdir()
    recipe = public / "recipes" / "root"
    recipe.write_text(f"#!/bin/sh\necho ready\n{program} -Ic 'import os, time; os.setresuid(0, 0, 0); time.sleep(3)'\n")
    recipe.chmod(0o755)
    binary = public / "runstream"
    shutil.copy(BINARY, binary)
    server = Server(public / "state", "--kill-grace", "200ms", "--max-concurrent", "1", recipes=public / "recipes")
    server._command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", str(binary), *server._command[1:]]
    try:
        server.start()
        job = server.submit(recipe_name="root")["job_id"]
        until(lambda: any(process.state == "S" for process in as_root(program)), 10 * PATIENCE, "the process to be root's")
        following = server.submit(recipe_name="root")["job_id"]
        server.post(f"/{job}/cancel")
        until(lambda: "A process of a run can't be ended" in server.log(), 5 * PATIENCE, "the log to say so")
        assert server.status(following)["status"] == "queued"
        server.wait_for(following, "running", seconds=10)
    finally:
        server.stop()
        until(lambda: not as_root(program), 10 * PATIENCE)


def as_root(program: Path) -> list:
    """The program's processes that are root's in all their ids."""
    found = []
    for process in processes():
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if os.readlink(f"/proc/{process.pid}/exe") == str(program) and "Uid:\t0\t0\t0" in status:
                found.append(process)
        except OSError:
            pass
    return found


def test_guardian_and_keepers_are_named_for_ps(hider, token):
    server = hider()
    job = hide(server, token)
    keeper = guardian(server)
    [below] = children(keeper)
    assert Path(f"/proc/{keeper}/comm").read_text() == "rs-guardian\n"
    assert Path(f"/proc/{keeper}/cmdline").read_bytes().rstrip(b"\0") == b"runstream: guardian"
    assert Path(f"/proc/{below.pid}/cmdline").read_bytes().rstrip(b"\0") == f"runstream: keeper of {job}".encode()
    assert subprocess.run(["ps", "-o", "pid=", "-p", str(keeper)], capture_output=True, check=True).stdout
