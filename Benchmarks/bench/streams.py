"""Cases of event streams. Each returns a list of figures, one for each target."""

import statistics
import time

from load import Load, fan_out
from processes import descriptors, resident_bytes
from targets import Floor, Nchan, RunServer


def against(streams, rate, seconds, floors=("send", "log"), nchan=True, deadline=60, **options):
    """The server beside the floors and nchan, under the same load, one after another."""
    targets = [RunServer(), *(Floor(kind) for kind in floors)]
    if nchan and Nchan.is_installed():
        targets.append(Nchan())
    return [fan_out(target, streams, rate, seconds, deadline=deadline, **options) for target in targets]


def sharing_both_cores(streams, rate, seconds):
    """Nothing is pinned: two loops, the client and the emitter compete for both cores; the floor has one thread, as it is."""
    free = {"core": None, "emitter_core": None}
    targets = [RunServer(loops=2, name="runstream 2 loops", **free), Floor("send", **free)]
    return [fan_out(target, streams, rate, seconds, client_core=None, deadline=60) for target in targets]


def many_jobs(jobs, viewers, rate, seconds):
    """`jobs` runs with a few viewers each, beside one run with all of them: the same number of deliveries."""
    streams = jobs * viewers
    many = fan_out(RunServer(jobs=jobs, name="runstream many runs"), streams, rate, seconds, jobs=jobs, deadline=90)
    return [many, fan_out(RunServer(name="runstream 1 run"), streams, rate, seconds, deadline=60)]


def slow_readers(streams, rate, seconds, percent=10):
    """4 KB events; a share of the streams reads 1 KB a second from a 4 KB buffer. The figures are the other streams'."""
    options = {"payload": 4000, "deadline": seconds * 4 + 60}
    without = fan_out(RunServer(name="runstream none slow"), streams, rate, seconds, **options)
    return [fan_out(RunServer(name=f"runstream {percent}% slow"), streams, rate, seconds, slow=percent, **options), without]


def reconnect_storm(streams, rate, seconds):
    """All streams are dropped at once in the middle and come back with their cursors."""
    return [fan_out(RunServer(), streams, rate, seconds, storm=seconds / 3, deadline=60)]


def idle(streams, seconds=6):
    """Streams on a run that says nothing: their memory, and the processor time of their heartbeats (one every 4 s each)."""
    with RunServer() as target:
        paths = target.open_jobs(1, 1, 1, 100)
        with Load(target, paths, streams, events=1, hold=seconds) as load:
            load.go()
            figures = load.finish()
    return [figures]


def churn(streams, rate, seconds, churn_rate=1000, settle=60):
    """Viewers that come and go: descriptors and memory after `settle` seconds and at the end, each the median of five seconds."""
    samples = []

    def sample(load):
        pid = load.target.process.pid
        samples.append((time.monotonic() - load.went, descriptors(pid), resident_bytes(pid)))

    def medians(start, end):
        chosen = [entry for entry in samples if start <= entry[0] <= end]
        return {"descriptors": statistics.median(entry[1] for entry in chosen), "resident_bytes": statistics.median(entry[2] for entry in chosen)}

    events = round(rate * seconds)
    with RunServer(arguments=["--heartbeat", "1s"]) as target:
        paths = target.open_jobs(1, rate, events, 100)
        with Load(target, paths, streams, events=events, rate=rate, churn=churn_rate, deadline=seconds + 60) as load:
            load.go()
            figures = load.finish(sample)
    last = (events - 1) / rate  # soon after the last event the run and its streams end
    figures |= {"settled": medians(settle - 5, settle), "ended": medians(last - 5, last), "seconds": seconds, "churn_rate": churn_rate}
    return [figures]
