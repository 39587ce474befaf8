"""A viewer that comes back misses nothing and sees nothing twice, wherever it was cut."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.server import PATIENCE
from support.sse import DONE, EventStream, Seen, follow


def whole(server, job: str) -> list[tuple[int, str]]:
    with EventStream(server.port, job, query="?from=start") as stream:
        return [(event.id, event.data) for event in stream.events()]


@pytest.fixture
def thousand(server) -> tuple[object, str, list[tuple[int, str]]]:
    """A finished run whose log has 1,000 events, and the log."""
    job = server.play(events=1000 - 5)
    server.wait_terminal(job)
    log = whole(server, job)
    assert [id_ for id_, _ in log] == list(range(1, 1001))
    return server, job, log


@pytest.mark.long
def test_a_resume_at_every_cut_point_of_a_thousand_events_yields_every_event_once(thousand):
    server, job, log = thousand

    def rest(cursor: int) -> None:
        by_query = cursor % 2 == 1
        query = f"?last_event_id={cursor}" if by_query else ""
        with EventStream(server.port, job, cursor=None if by_query else cursor, query=query) as stream:
            assert stream.status == 200
            assert [(event.id, event.data) for event in stream.events()] == log[cursor:], f"after {cursor}"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rest, range(1000)))


@pytest.mark.parametrize("cursor", [1000, 1001, 10**9, 10**30])
def test_a_cursor_at_the_end_or_beyond_answers_204(thousand, cursor):
    server, job, _ = thousand
    with EventStream(server.port, job, cursor=cursor) as stream:
        assert stream.status == 204


@pytest.mark.parametrize(("cursor", "first"), [("0", 1), ("-1", 1), ("-99999999999999999999", 1), ("998", 999)])
def test_a_number_is_a_cursor_even_below_the_first_event(thousand, cursor, first):
    server, job, _ = thousand
    with EventStream(server.port, job, cursor=cursor) as stream:
        assert next(stream.events()).id == first


@pytest.mark.parametrize("cursor", ["seven", "", "7x", "0x7"])
def test_what_is_no_number_is_no_cursor(thousand, cursor):
    server, job, _ = thousand
    server.status(job)
    with EventStream(server.port, job, cursor=cursor) as stream:
        assert stream.status == 400


def test_a_cursor_beats_from_and_other_values_of_from_are_refused(thousand):
    server, job, _ = thousand
    with EventStream(server.port, job, cursor=990, query="?from=start") as stream:
        assert next(stream.events()).id == 991
    with EventStream(server.port, job, query="?from=yesterday") as stream:
        assert stream.status == 400


def test_from_now_begins_with_the_latest_progress_and_goes_on_live(server, tmp_path):
    gate = tmp_path / "gate"
    job = server.play(events=3, lines=['{"event":"progress","percentage":40,"current_step":"Half"}'], gate=str(gate))
    server.wait_for(job, "running")
    with EventStream(server.port, job) as stream:
        for event in stream.events():
            if "Half" in event.data:
                break
    with EventStream(server.port, job, query="?from=now") as stream:
        events = stream.events()
        first = next(events)
        assert first.id == 6
        assert first.data == '{"event": "progress", "data": {"percentage": 40, "current_step": "Half"}}'
        gate.touch()
        rest = list(events)
    assert rest[-1].data == DONE
    assert rest[0].id == 7


@pytest.mark.long
def test_fifty_viewers_that_come_and_go_at_random_see_the_same_sequence(server, dice):
    job = server.play(events=600, pace_ms=10)
    seeds = [dice.randrange(2**32) for _ in range(50)]

    def view(seed: int) -> list[tuple[int, str]]:
        random = type(dice)(seed)
        seen = Seen()
        while not seen.done:
            follow(server.port, job, 120 * PATIENCE, seen, leave_after=random.randint(1, 60))
            time.sleep(random.random() * 0.1)
        return seen.pairs()

    with ThreadPoolExecutor(50) as pool:
        views = list(pool.map(view, seeds))
    log = whole(server, job)
    assert [id_ for id_, _ in log] == list(range(1, len(log) + 1))
    assert all(view == log for view in views)


@pytest.mark.long
def test_a_viewer_that_stops_reading_for_30_s_delays_nobody_and_misses_nothing(server):
    events, pace, padding = 3000, 10, 2000
    job = server.play(events=events, pace_ms=pace, padding=padding)
    late: list[float] = []

    def watch() -> int:
        count, previous = 0, time.monotonic()
        with EventStream(server.port, job) as stream:
            for _ in stream.events():
                now = time.monotonic()
                late.append(now - previous)
                previous = now
                count += 1
        return count

    with EventStream(server.port, job, receive_buffer=32768, timeout=60) as stalled, ThreadPoolExecutor() as pool:
        other = pool.submit(watch)
        pause = threading.Event()
        pause.wait(30)
        seen = Seen(list(stalled.events()), 1)
        count = other.result(120)
    assert count == events + 5
    assert max(late) < 1 * PATIENCE, f"another viewer waited {max(late):.2f} s"
    follow(server.port, job, 60, seen)
    assert [id_ for id_, _ in seen.pairs()] == list(range(1, events + 6))
