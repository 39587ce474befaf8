"""One key, one run."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpx

from support.server import BINARY


def test_fifty_concurrent_submits_with_one_key_make_one_run(server):
    def submit(number: int) -> tuple[int, str]:
        with httpx.Client(timeout=30) as client:
            answer = client.post(server.runs, json={"prompt": f"number {number}", "recipe_name": "quick"}, headers={"Idempotency-Key": '"one"'})
            return answer.status_code, answer.json()["job_id"]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(submit, range(50)))
    assert {status for status, _ in answers} == {202}
    assert len({job for _, job in answers}) == 1
    assert server.get("").json()["total"] == 1


def test_a_key_outlives_the_run_and_a_restart(server):
    first = server.submit(recipe_name="quick", idempotency_key="k")["job_id"]
    server.wait_terminal(first)
    assert server.submit(recipe_name="quick", idempotency_key="k")["job_id"] == first
    server.restart()
    assert server.submit(recipe_name="quick", idempotency_key="k")["job_id"] == first
    assert server.submit(recipe_name="quick", idempotency_key="other")["job_id"] != first


def test_two_keys_in_latin_1_do_not_share_a_run_nor_after_a_restart(server):
    def submit(key: bytes) -> str:
        # What node's fetch and requests send of "müller": one byte for a letter.
        answer = httpx.post(server.runs, json={"prompt": "x", "recipe_name": "quick"}, headers={b"Idempotency-Key": key})
        assert answer.status_code == 202
        return answer.json()["job_id"]

    keys = ["rechnung-müller".encode("latin-1"), "rechnung-möller".encode("latin-1"), "rechnung-müller".encode()]
    runs = [submit(key) for key in keys]
    assert len(set(runs)) == 3
    server.restart()
    assert [submit(key) for key in keys] == runs
    assert server.submit(recipe_name="quick", idempotency_key="rechnung-müller")["job_id"] == runs[2]


def test_the_scope_session_is_a_name_space_of_its_own(server):
    def submit(**members: str) -> str:
        return server.submit(recipe_name="quick", idempotency_key="k", **members)["job_id"]

    everywhere = submit()
    assert submit(session_id="a") == everywhere
    assert submit(idempotency_scope="none", session_id="b") == everywhere
    in_a = submit(idempotency_scope="session", session_id="a")
    in_b = submit(idempotency_scope="session", session_id="b")
    assert len({everywhere, in_a, in_b}) == 3
    assert submit(idempotency_scope="session", session_id="a") == in_a


def test_an_argument_in_latin_1_is_not_taken_for_another_key(server):
    flags = [BINARY, "submit", "x", "--recipe", "quick", "--api-url", f"http://127.0.0.1:{server.port}", "--idempotency-key"]
    refused = subprocess.run([*flags, "rechnung-müller".encode("latin-1")], capture_output=True, timeout=30)
    assert refused.returncode == 64 and b"isn't UTF-8" in refused.stderr
    taken = [subprocess.run([*flags, key], capture_output=True, timeout=30).stdout for key in ("rechnung-müller", "rechnung-möller")]
    assert all(run.startswith(b"run_") for run in taken) and taken[0] != taken[1]
