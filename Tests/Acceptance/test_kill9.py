"""kill -9 at random moments under load: what was acknowledged or seen is there afterwards, and every run comes to its end."""

import os
import threading
import time
from collections import Counter

import httpx
import pytest

from support import until
from support.processes import processes
from support.server import PATIENCE, TERMINAL, Server
from support.sse import DONE, EventStream, Seen, follow

KILLS = int(os.environ.get("ACCEPTANCE_KILLS", "100"))


class Load:
    """Submits and viewers that go on while the server is killed and restarted."""

    def __init__(self, server: Server, random):
        self.server = server
        self.random = random
        self.acknowledged: dict[str, str] = {}
        self.seen: dict[str, Seen] = {}
        self.problems: list[str] = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._submit, args=(number,)) for number in range(2)]
        self.threads += [threading.Thread(target=self._view, args=(number,)) for number in range(6)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def _submit(self, number: int) -> None:
        count = 0
        with httpx.Client(timeout=5) as client:
            while not self.stopping.is_set():
                key = f"{number}-{count}"
                config = {"events": self.random.choice([0, 5, 40]), "pace_ms": self.random.choice([0, 10])}
                body = {"prompt": key, "recipe_name": "play", "recipe_config": config, "max_attempts": self.random.choice([1, 2, 3])}
                try:
                    answer = client.post(self.server.runs, json=body, headers={"Idempotency-Key": key})
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue  # the same key again: it may or may not have been taken
                if answer.status_code == 202:
                    with self.lock:
                        self.acknowledged[key] = answer.json()["job_id"]
                    count += 1
                elif answer.status_code != 503:
                    self.problems.append(f"submit {key}: {answer.status_code} {answer.text}")
                time.sleep(0.05)

    def _view(self, number: int) -> None:
        while not self.stopping.is_set():
            with self.lock:
                mine = [job for key, job in self.acknowledged.items() if job not in self.seen]
                job = self.random.choice(mine[-20:]) if mine else None
                if job:
                    self.seen[job] = Seen()
            if not job:
                time.sleep(0.02)
                continue
            try:
                self._watch(job, self.seen[job])
            except Exception as problem:  # a thread's failure must reach the test
                self.problems.append(f"viewer of {job}: {problem!r}")

    def _watch(self, job: str, seen: Seen) -> None:
        while not seen.done and not self.stopping.is_set():
            try:
                with EventStream(self.server.port, job, cursor=seen.last or 0, timeout=6) as stream:
                    if stream.status == 204:
                        return
                    if stream.status == 404:
                        raise AssertionError("404 for a run whose 202 was received")
                    for event in stream.events():
                        seen.events.append(event)
                        if self.stopping.is_set():
                            return
            except OSError:
                time.sleep(0.02)


def alone(server: Server) -> None:
    """Checks that no two attempts of one run are alive at once."""
    alive: dict[str, set[str]] = {}
    for process in processes(ACCEPTANCE_MARK=server.mark):
        job = process.environment.get("RUNSTREAM_JOB_ID")
        if job:
            alive.setdefault(job, set()).add(process.environment["RUNSTREAM_ATTEMPT"])
    beside = {job: attempts for job, attempts in alive.items() if len(attempts) > 1}
    assert not beside, f"attempts of one run side by side: {beside}"


def torture(server: Server, random, kills: int) -> Load:
    load = Load(server, random)
    load.start()
    try:
        for _ in range(kills):
            threading.Event().wait(random.uniform(0.02, 0.6))
            alone(server)
            server.kill_all() if random.random() < 0.25 else server.kill()
            server.start()
            alone(server)
    finally:
        load.stop()
    return load


def check(server: Server, load: Load) -> None:
    assert not load.problems, load.problems[:5]
    assert load.acknowledged
    statuses = Counter()
    for key, job in load.acknowledged.items():
        body = server.wait_terminal(job, 120)
        assert body["status"] in TERMINAL
        statuses[body["status"]] += 1
    jobs = list(load.acknowledged.values())
    assert len(set(jobs)) == len(jobs)
    assert server.get("", params={"page_size": 1}).json()["total"] >= len(jobs)
    for job in jobs:
        with EventStream(server.port, job, query="?from=start") as stream:
            log = [(event.id, event.data) for event in stream.events()]
        assert [id_ for id_, _ in log] == list(range(1, len(log) + 1)), job
        assert log[-1][1] == DONE
        assert sum('"event": "complete"' in data for _, data in log) == 1
        seen = load.seen.get(job, Seen()).pairs()
        assert seen == log[: len(seen)], f"{job}: a viewer saw what is not in the log"
    until(lambda: not [p for p in processes(ACCEPTANCE_MARK=server.mark) if "RUNSTREAM_JOB_ID" in p.environment], 20, "no runner left")
    print(f"{len(jobs)} runs acknowledged: {dict(statuses)}; {sum(len(seen.events) for seen in load.seen.values())} events seen")


def test_nothing_is_lost_by_a_few_kills(serve, dice):
    server = serve("--heartbeat", "500ms", "--max-queued", "10000")
    check(server, torture(server, dice, 5))


@pytest.mark.long
def test_nothing_is_lost_by_a_hundred_kills(serve, dice):
    server = serve("--heartbeat", "500ms", "--max-queued", "10000")
    check(server, torture(server, dice, KILLS))


def test_an_interrupted_run_fails_or_is_tried_again_in_the_same_log(serve, tmp_path):
    server = serve()
    gate = tmp_path / "gate"
    once = server.play(max_attempts=1, events=3, gate=str(gate))
    twice = server.play(max_attempts=2, events=3, gate=str(gate))
    for job in (once, twice):
        with EventStream(server.port, job) as stream:
            for event in stream.events():
                if "event 3" in event.data:
                    break
    server.kill()
    gate.touch()
    server.start()
    body = server.wait_terminal(once)
    assert (body["status"], body["error"]) == ("failed", "Interrupted by a server restart")
    seen = follow(server.port, twice, 60 * PATIENCE)
    assert [id_ for id_, _ in seen.pairs()] == list(range(1, len(seen.events) + 1))
    body = server.status(twice)
    assert (body["status"], body["attempt"], body["max_attempts"]) == ("succeeded", 2, 2)


def test_no_process_of_a_killed_servers_attempt_lives_beside_its_successor(serve):
    server = serve("--kill-grace", "300ms")
    job = server.submit(recipe_name="tree-that-stays", max_attempts=3)["job_id"]

    def tree(attempt: int) -> list:
        return processes(ACCEPTANCE_MARK=server.mark, RUNSTREAM_JOB_ID=job, RUNSTREAM_ATTEMPT=str(attempt))

    until(lambda: len(tree(1)) >= 3, what="the first attempt's tree")
    server.kill_all()
    assert len(tree(1)) >= 3, "the run's processes are left: otherwise this test shows nothing"
    server.start()
    until(lambda: tree(2), 20 * PATIENCE, "the second attempt")
    assert not tree(1)
    assert server.post(f"/{job}/cancel").status_code == 200
    until(lambda: not processes(ACCEPTANCE_MARK=server.mark, RUNSTREAM_JOB_ID=job), 20, "the whole tree to be gone")
