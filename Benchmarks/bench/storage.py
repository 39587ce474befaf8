"""Cases of what is stored: ingest, replay, resume, start."""

import os
import shutil
import statistics
import tempfile
import time

from load import Load
from processes import BenchError, resident_bytes
from short_requests import wrk
from targets import RunServer

PADDING = 26  # makes the emitter's line 100 bytes long


def ingest_and_replay(events):
    """One runner that writes 100-byte events as fast as it can, with one viewer; then, after a restart, that log from its start and near its end."""
    directory = tempfile.mkdtemp(prefix="runstream-bench-db-")
    database = os.path.join(directory, "ingest.db")
    try:
        with RunServer(database=database) as target:
            job = target.submit(target.emitter_settings(0, 1, 0, events, PADDING))
            stream = f"/api/v1/runs/{job}/stream"
            with Load(target, [stream], 1, events=events) as load:
                load.go()
                ingested = load.finish() | {"target": "ingest"}
        with RunServer(database=database) as target:
            replayed = read(target, stream + "?from=start", "replay", events=events)
            resumed = [read(target, stream, "resume", events=events, last_event_id=events * 9 // 10 + turn) for turn in range(5)]
        resume = resumed[0] | {"first_byte_seconds": statistics.median(figures["first_byte_seconds"] for figures in resumed),
                               "all_first_byte_seconds": [figures["first_byte_seconds"] for figures in resumed]}
        return [ingested, replayed, resume]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def read(target, path, name, **options):
    """One viewer of a finished log. The stream's whole time counts, from the request on: the gate has no part in it."""
    with Load(target, [path], 1, **options) as load:
        load.go()
        figures = load.finish() | {"target": name}
    return figures


def start(finished, queued):
    """A database with many finished and some queued runs: from the process's start to `/ready`, and its memory then."""
    directory = tempfile.mkdtemp(prefix="runstream-bench-db-")
    database = os.path.join(directory, "start.db")
    none = ["--max-concurrent", "0", "--max-queued", "100000000"]
    try:
        with RunServer(database=database, arguments=none) as target:
            while total(target, "cancelled") < finished:
                wrk(target, "/api/v1/runs", max(1, min(10, finished // 10_000)), script="finish")
            for _ in range(max(0, queued - total(target, "queued"))):
                target.submit({"count": 0})
            counts = {"finished": total(target, "cancelled"), "queued": total(target, "queued")}
        begun = time.monotonic()
        with RunServer(database=database, arguments=none) as target:
            while target.call("GET", "/ready")[0] != 200:
                if time.monotonic() - begun > 60:
                    raise BenchError("not ready after 60 s")
                time.sleep(0.002)
            ready = time.monotonic() - begun
            return [{"target": "start", "settings": list(target.settings), "ready_seconds": ready,
                     "resident_bytes": resident_bytes(target.process.pid), "clean": total(target, "queued") == counts["queued"], **counts}]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def total(target, status):
    return target.call("GET", f"/api/v1/runs?page_size=1&status={status}")[1]["total"]
