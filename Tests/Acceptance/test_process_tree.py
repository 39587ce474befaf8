"""Cancel, timeout and normal end leave no process of the run's tree alive."""

import time
from pathlib import Path

import pytest

from support import until
from support.processes import children, processes
from support.server import PATIENCE

NORMAL = ("grandchild-holds-stdout", "grandchild-new-session")
STAYING = ("ignores-sigterm", "tree-that-stays")


@pytest.fixture
def brisk(serve):
    """A server that waits 300 ms between SIGTERM and SIGKILL."""
    return serve("--kill-grace", "300ms")


def tree(server, job: str) -> list:
    return processes(ACCEPTANCE_MARK=server.mark, RUNSTREAM_JOB_ID=job)


def gone(server, job: str, seconds: float = 5) -> None:
    until(lambda: not tree(server, job), seconds * PATIENCE, f"the tree of {job} to be gone")


@pytest.mark.parametrize("recipe", NORMAL)
def test_a_normal_end_leaves_nothing(brisk, recipe):
    job = brisk.submit(recipe_name=recipe)["job_id"]
    body = brisk.wait_terminal(job)
    assert body["status"] == "succeeded"
    assert brisk.result(job)["result"] == "started"
    gone(brisk, job)


def test_a_run_ends_two_seconds_after_its_leader_if_something_holds_stdout(brisk):
    began = time.monotonic()
    job = brisk.submit(recipe_name="grandchild-holds-stdout")["job_id"]
    brisk.wait_terminal(job)
    assert 1.5 < time.monotonic() - began < 2 + 2 * PATIENCE


@pytest.mark.parametrize("recipe", STAYING)
def test_a_cancel_leaves_nothing(brisk, recipe):
    job = brisk.submit(recipe_name=recipe)["job_id"]
    brisk.wait_for(job, "running")
    until(lambda: len(tree(brisk, job)) >= (3 if recipe == "tree-that-stays" else 1))
    answer = brisk.post(f"/{job}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["cancelled_at"]
    assert brisk.post(f"/{job}/cancel").status_code == 409
    assert brisk.client.delete(f"{brisk.runs}/{job}").status_code == 204
    gone(brisk, job)


@pytest.mark.parametrize("recipe", STAYING)
def test_a_timeout_leaves_nothing(brisk, recipe):
    job = brisk.submit(recipe_name=recipe, timeout=1)["job_id"]
    body = brisk.wait_terminal(job)
    assert (body["status"], body["error"]) == ("failed", "Timed out after 1 s")
    gone(brisk, job)


def test_the_slot_of_a_cancelled_run_is_taken_until_its_process_is_gone(serve):
    server = serve("--kill-grace", "1s", "--max-concurrent", "1")
    job = server.submit(recipe_name="ignores-sigterm")["job_id"]
    server.wait_for(job, "running")
    until(lambda: tree(server, job))
    following = server.submit(recipe_name="quick")["job_id"]
    server.post(f"/{job}/cancel")
    overlapped = []

    def ended() -> bool:
        status = server.status(following)["status"]
        if status != "queued" and tree(server, job):
            overlapped.append(status)
        return status == "succeeded"

    until(ended, 10 * PATIENCE)
    assert not overlapped


def test_a_run_sees_eof_its_own_directory_and_its_own_variables(serve, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "look").write_text('#!/bin/sh\ncat >/dev/null\nls -A | wc -l\npwd\nenv | grep -c "^RUNSTREAM_"\necho "$SECRET/$RUNSTREAM_API_KEY/$PRAISONAI_JOBS_X"\n')
    (recipes / "look").chmod(0o755)
    server = serve(recipes=recipes, environment={"SECRET": "kept", "PRAISONAI_JOBS_X": "dropped"})
    job = server.submit(recipe_name="look")["job_id"]
    assert server.wait_terminal(job)["status"] == "succeeded"
    empty, directory, variables, secrets = server.result(job)["result"].split("\n")
    assert empty.strip() == "0"
    assert int(variables) == 5
    assert secrets == "kept//"
    until(lambda: not Path(directory).exists(), what="the working directory to be removed")


@pytest.mark.long
def test_no_zombies_after_a_thousand_runs(serve):
    server = serve("--max-queued", "2000")
    jobs = [server.submit(recipe_name="quick")["job_id"] for _ in range(1000)]
    for job in jobs:
        assert server.wait_terminal(job, 120)["status"] == "succeeded"
    [guardian] = children(server.pid)
    keepers = children(guardian.pid)
    assert keepers and not any(keeper.state == "Z" for keeper in keepers)
    until(lambda: not any(children(keeper.pid) for keeper in keepers), 5 * PATIENCE, "no process of a run, alive or zombie")
