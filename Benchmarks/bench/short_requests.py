"""Cases of short requests, with wrk (Debian) on core 1 and the server on core 0."""

import json
import os
import statistics
import subprocess
import time

from load import Load
from paths import WRK_SCRIPTS
from processes import BenchError, cpu_seconds, machine_busy_seconds, pinned
from targets import Floor, RunServer


def wrk(target, path, seconds, script="get", connections=64):
    """One run of wrk; the figures that report.lua prints and the target's processor time."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script + ".lua", f"http://127.0.0.1:{target.port}{path}"]
    cpu, busy, start = cpu_seconds(target.process.pid), machine_busy_seconds(), time.monotonic()
    done = subprocess.run(pinned(1, command), cwd=WRK_SCRIPTS, stdout=subprocess.PIPE, check=True, env=os.environ | {"LUA_PATH": "./?.lua"})
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("{")]
    if not lines:
        raise BenchError(f"wrk: {done.stdout.decode()}")
    figures, passed = json.loads(lines[-1]), time.monotonic() - start
    server = cpu_seconds(target.process.pid) - cpu
    return figures | {
        "target": target.name, "settings": list(target.settings), "connections": connections,
        "requests_per_second": figures["requests"] / figures["seconds"],
        "cpu_us_per_request": server / max(figures["requests"], 1) * 1e6,
        "server_cpu": server / passed, "busy_cpu": (machine_busy_seconds() - busy) / passed,
        "clean": figures["errors"] == 0,
    }


def status(seconds):
    """GET of a running run's status, beside evhttp alone with a body of the same length.

    In turns of a second: the machine's speed moves by more than the two differ, and both are to have their share of each phase. The first
    turn, in which both touch their memory for the first time, counts only where a request fails."""
    with RunServer() as target, Floor("get") as floor:
        job = target.submit(target.emitter_settings(0, 1, 1, 1, 1))
        target.await_status(job, "running", 10)
        turns = [(wrk(target, f"/api/v1/runs/{job}", 1), wrk(floor, "/", 1)) for _ in range(1 + seconds)]
    return [together(pieces[1:]) | {"clean": all(piece["clean"] for piece in pieces)} for pieces in zip(*turns)]


def together(pieces):
    """Several runs of wrk against one target as one: sums where they add up, else the median."""
    requests = sum(piece["requests"] for piece in pieces)

    def median(name):
        return statistics.median(piece[name] for piece in pieces)

    def mean(name):
        return sum(piece[name] * piece["requests"] for piece in pieces) / max(requests, 1)

    return pieces[0] | {name: median(name) for name in pieces[0] if name.endswith("_ms")} | {
        "requests": requests, "seconds": sum(piece["seconds"] for piece in pieces), "errors": sum(piece["errors"] for piece in pieces),
        "requests_per_second": requests / sum(piece["seconds"] for piece in pieces), "cpu_us_per_request": mean("cpu_us_per_request"),
        "server_cpu": mean("server_cpu"), "busy_cpu": mean("busy_cpu"), "clean": all(piece["clean"] for piece in pieces),
    }


def submit_and_list(seconds):
    """Durable submits (each 202 is on the disk), then lists of the newest twenty; the disk's own pace is beside them."""
    with RunServer(arguments=["--max-concurrent", "0", "--max-queued", "100000000"]) as target:
        fsyncs = syncs_per_second(target.directory)
        submits = wrk(target, "/api/v1/runs", seconds, script="submit") | {"target": "submit", "disk_syncs_per_second": fsyncs}
        lists = wrk(target, "/api/v1/runs?page_size=20", seconds) | {"target": "list"}
        stored = target.call("GET", "/api/v1/runs?page_size=1")[1]["total"]
    submits["stored"] = stored
    submits["clean"] = submits["clean"] and stored >= submits["requests"]
    return [submits, lists]


def syncs_per_second(directory, seconds=1.0):
    """How often the disk makes 4 KiB durable in a second."""
    count, descriptor = 0, os.open(os.path.join(directory, "syncs"), os.O_WRONLY | os.O_CREAT, 0o600)
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        os.pwrite(descriptor, b"x" * 4096, count % 256 * 4096)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    return count / (time.monotonic() - start)


def status_while_fanning_out(streams, rate, seconds):
    """GET status from connections that pause between requests, while a run fans out to many."""
    events = round(rate * (seconds + 2))
    with RunServer() as target:
        paths = target.open_jobs(1, rate, events, 100)
        with Load(target, paths, streams, events=events, rate=rate, deadline=seconds + 60) as load:
            load.go()
            asked = wrk(target, paths[0].removesuffix("/stream"), seconds, script="paced", connections=16) | {"target": "status"}
            return [asked, load.finish()]
