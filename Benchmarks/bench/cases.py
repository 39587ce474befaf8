"""The cases of each command: (name, function that measures it)."""

import short_requests
import storage
import streams

def full():
    return [
        ("100 streams, 2/s", lambda: streams.against(100, 2, 5)),
        ("300 streams, 2/s", lambda: streams.against(300, 2, 5)),
        ("1,000 streams, 2/s", lambda: streams.against(1000, 2, 20)),
        ("3,000 streams, 2/s", lambda: streams.against(3000, 2, 5)),
        ("10,000 streams, 2/s", lambda: streams.against(10_000, 2, 10)),
        ("10,000 streams, 2/s, both cores shared", lambda: streams.sharing_both_cores(10_000, 2, 10)),
        ("1,000 streams, 50/s", lambda: streams.against(1000, 50, 6)),
        ("1,000 streams, 500/s", lambda: streams.against(1000, 500, 5, deadline=30)),
        ("10,000 streams, 10/s", lambda: streams.against(10_000, 10, 16)),
        ("19,000 streams, 1/s", lambda: streams.against(19_000, 1, 16)),
        ("18,000 idle streams", lambda: streams.idle(18_000)),
        ("1,000 runs x 10 viewers, 5/s", lambda: streams.many_jobs(1000, 10, 5, 8)),
        ("10,000 streams, 4 KB, 2/s, 10% slow", lambda: streams.slow_readers(10_000, 2, 12)),
        ("reconnect storm, 10,000", lambda: streams.reconnect_storm(10_000, 2, 15)),
        ("ingest and replay", lambda: storage.ingest_and_replay(1_000_000)),
        ("GET status", lambda: short_requests.status(5)),
        ("submit and list", lambda: short_requests.submit_and_list(5)),
        ("GET status while fanning out", lambda: short_requests.status_while_fanning_out(10_000, 2, 8)),
        ("start", lambda: storage.start(100_000, 1000)),
    ]


def smoke():
    return [
        ("5,000 streams, 4/s", lambda: streams.against(5000, 4, 4)),
        ("1,000 streams, 50/s", lambda: streams.against(1000, 50, 3, floors=("send",), nchan=False)),
        ("1,000 streams, 500/s", lambda: streams.against(1000, 500, 2, floors=("log",), nchan=False)),
        ("100 runs x 10 viewers, 5/s", lambda: streams.many_jobs(100, 10, 5, 3)),
        ("2,000 streams, 4 KB, 2/s, 10% slow", lambda: streams.slow_readers(2000, 2, 4)),
        ("reconnect storm, 2,000", lambda: streams.reconnect_storm(2000, 4, 6)),
        ("ingest and replay", lambda: storage.ingest_and_replay(200_000)),
        ("GET status", lambda: short_requests.status(2)),
        ("submit and list", lambda: short_requests.submit_and_list(2)),
        ("GET status while fanning out", lambda: short_requests.status_while_fanning_out(5000, 2, 3)),
    ]


def soak(seconds):
    return [("churn", lambda: streams.churn(2000, 2, seconds, settle=min(60, seconds / 3)))]
