"""A power cut, told by the kernel's boot id: what was unsynced may have been seen and lost, so an unfinished run's numbers leave a hole."""

import json
import sqlite3

from support import until
from support.sse import DONE, EventStream, follow

JUMP = 1_000_000


def boot_another_kernel(server) -> None:
    """What a power cut leaves: the database without its clean end, written under another boot id."""
    with sqlite3.connect(server.directory / "runs.db") as database:
        database.execute("UPDATE meta SET value = CAST('another boot' AS BLOB) WHERE name = 'boot'")
    database.close()


def test_numbers_jump_and_a_cursor_in_the_hole_is_told(server):
    gate = server.directory / "gate"
    job = server.play(events=5, max_attempts=2, gate=str(gate))
    with EventStream(server.port, job) as stream:
        seen = [event.id for _, event in zip(range(7), stream.events())]
    assert seen == list(range(1, 8))
    server.kill()
    boot_another_kernel(server)
    server.start()
    gate.touch()
    until(lambda: server.status(job)["status"] == "succeeded", 20, "the second attempt's end")

    rest = follow(server.port, job, query="?from=start").events
    assert [event.id for event in rest[:7]] == seen, "what was synced is there with its numbers"
    after = [event.id for event in rest[7:]]
    assert after == list(range(7 + JUMP + 1, 7 + JUMP + 1 + len(after))) and rest[-1].data == DONE

    with EventStream(server.port, job, cursor=7) as stream:
        assert [event.id for event in stream.events()] == after, "nothing is missing behind the last number before the hole"
    with EventStream(server.port, job, cursor=9) as stream:
        gap, *events = stream.events()
    assert gap.id is None and [event.id for event in events] == after
    told = json.loads(gap.data)
    assert told["event"] == "gap" and told["data"]["requested"] == 9 and told["data"]["oldest"] == after[0]


def test_a_killed_server_leaves_no_hole(server):
    gate = server.directory / "gate"
    job = server.play(events=5, max_attempts=2, gate=str(gate))
    with EventStream(server.port, job) as stream:
        for _ in zip(range(7), stream.events()):
            pass
    server.restart()
    gate.touch()
    until(lambda: server.status(job)["status"] == "succeeded", 20, "the second attempt's end")
    events = follow(server.port, job, query="?from=start").events
    assert [event.id for event in events] == list(range(1, len(events) + 1))
