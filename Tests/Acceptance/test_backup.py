"""`runstream backup` and `runstream restore`: nothing that was acknowledged before the backup is missing from it, and nothing is made half."""

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support import until
from support.server import BINARY, PATIENCE, Server


def runstream(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    command = [str(BINARY), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60 * PATIENCE, env=os.environ | environment)


@pytest.fixture
def database(serve) -> tuple[Server, Path]:
    server = serve()
    return server, server.directory / "runs.db"


def test_a_backup_of_a_busy_server_misses_nothing_that_was_acknowledged(database, tmp_path, serve):
    server, path = database
    acknowledged: list[str] = []
    stopping = threading.Event()

    def submit() -> None:
        while not stopping.is_set():
            acknowledged.append(server.play(events=20, pace_ms=1))
            time.sleep(0.01)

    threads = [threading.Thread(target=submit) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(acknowledged) > 20, 30 * PATIENCE)
        first = acknowledged[0]
        server.wait_terminal(first)
        seen = server.client.get(f"{server.runs}/{first}/stream?from=start").text
        before = list(acknowledged)
        made = runstream("backup", "--db", path, tmp_path / "my backup.db", "--json")
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout)["runs"] >= len(before)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    copy = tmp_path / "my backup.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("my backup.db?*")), "it is one file"
    home = tmp_path / "restored"
    home.mkdir()
    restored = runstream("restore", "--db", home / "runs.db", copy)
    assert restored.returncode == 0, restored.stderr
    assert "Start the server: runstream serve --db" in restored.stdout
    second = serve(directory=home)
    for job in before:
        assert second.get(f"/{job}").status_code == 200
    assert second.client.get(f"{second.runs}/{first}/stream?from=start").text.split("\n\n")[1:] == seen.split("\n\n")[1:]


def test_events_that_are_only_in_the_journal_are_in_the_backup(database, tmp_path, serve):
    server, path = database
    gate = tmp_path / "gate"
    jobs = [server.play(events=3, gate=str(gate)) for _ in range(8)]
    for job in jobs:
        until(lambda job=job: server.status(job)["status"] == "running", 20 * PATIENCE)
    time.sleep(0.5)
    made = runstream("backup", "--db", path, tmp_path / "copy.db")
    assert made.returncode == 0, made.stderr
    counts = {job: len(server.client.get(f"{server.runs}/{job}").json()) for job in jobs}
    gate.touch()
    home = tmp_path / "restored"
    home.mkdir()
    assert runstream("restore", "--db", home / "runs.db", tmp_path / "copy.db").returncode == 0
    second = serve(directory=home)
    for job in counts:
        body = second.wait_terminal(job)
        assert (body["status"], body["error"]) == ("failed", "Interrupted by a server restart")
        text = second.client.get(f"{second.runs}/{job}/stream?from=start").text
        assert "event 3" in text


def test_a_restore_does_not_replay_an_old_write_ahead_log(database, tmp_path):
    server, path = database
    old = server.submit(recipe_name="quick")["job_id"]
    server.wait_terminal(old)
    assert runstream("backup", "--db", path, tmp_path / "copy.db").returncode == 0
    new = server.submit(recipe_name="quick")["job_id"]
    server.wait_terminal(new)
    server.kill_all()
    assert (path.parent / "runs.db-wal").stat().st_size > 0
    refused = runstream("restore", "--db", path, tmp_path / "copy.db")
    assert refused.returncode == 64 and "--force" in refused.stderr
    restored = runstream("restore", "--db", path, tmp_path / "copy.db", "--force")
    assert restored.returncode == 0, restored.stderr
    assert not (path.parent / "runs.db-wal").exists()
    server.start()
    assert server.get(f"/{old}").status_code == 200
    assert server.get(f"/{new}").status_code == 404


def test_a_restore_is_refused_while_a_server_runs(database, tmp_path):
    server, path = database
    assert runstream("backup", "--db", path, tmp_path / "copy.db").returncode == 0
    before = path.stat().st_ino
    refused = runstream("restore", "--db", path, tmp_path / "copy.db", "--force")
    assert refused.returncode == 75 and "Stop it first" in refused.stderr
    assert path.stat().st_ino == before


def test_what_is_no_backup_changes_nothing(database, tmp_path):
    server, path = database
    server.submit(recipe_name="quick")
    server.terminate()
    server.wait(10 * PATIENCE)
    before = path.read_bytes()
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"not a database, by no means" * 1000)
    foreign = tmp_path / "foreign.db"
    sqlite3.connect(foreign).execute("CREATE TABLE x(y)").connection.commit()
    newer = tmp_path / "newer.db"
    shutil.copy(path, newer)
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    damaged = tmp_path / "damaged.db"
    content = bytearray(before)
    for offset in range(4096 * 2, len(content), 4096):
        content[offset : offset + 64] = b"\xa5" * 64
    damaged.write_bytes(content)
    for file, status in [(wrong, 65), (foreign, 65), (newer, 65), (damaged, 65), (tmp_path / "none.db", 64), (path, 64)]:
        answer = runstream("restore", "--db", path, file, "--force")
        assert answer.returncode == status, (file, answer.stderr)
        assert answer.stderr.startswith("Error: ")
        assert path.read_bytes() == before
    assert not list(path.parent.glob("*.partial*"))


def test_a_backup_replaces_nothing_unasked_and_not_the_database_itself(database, tmp_path):
    _, path = database
    kept = tmp_path / "kept.db"
    kept.write_text("mine")
    refused = runstream("backup", "--db", path, kept)
    assert refused.returncode == 64 and "--force" in refused.stderr and kept.read_text() == "mine"
    itself = runstream("backup", "--db", path, path, "--force")
    assert itself.returncode == 64 and "the database itself" in itself.stderr
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert runstream("backup", "--db", path, link, "--force").returncode == 64
    assert runstream("backup", "--db", tmp_path / "none.db", tmp_path / "x.db").returncode == 64
    assert runstream("backup", "--db", path, tmp_path / "no" / "where.db").returncode == 74
    assert runstream("backup", "--db", path, kept, "--force").returncode == 0


def test_a_backup_that_is_killed_leaves_no_file_of_that_name(database, tmp_path):
    server, path = database
    for _ in range(3):
        server.wait_terminal(server.play(events=3000))
    for delay in (0.005, 0.01, 0.02, 0.04):
        target = tmp_path / f"copy-{delay}.db"
        child = subprocess.Popen([str(BINARY), "backup", "--db", str(path), str(target)])
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        if target.exists():
            assert sqlite3.connect(target).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert server.get("").status_code == 200


def test_the_name_of_a_backup_is_taken_from_the_variable_too(database, tmp_path):
    _, path = database
    made = runstream("backup", tmp_path / "copy.db", RUNSTREAM_DB=str(path))
    assert made.returncode == 0, made.stderr
