"""Viewers that vanish cost nothing."""

from support import until
from support.processes import descriptors
from support.sse import EventStream


def test_five_hundred_disconnects_in_mid_stream_leave_no_descriptor(server, tmp_path):
    gate = tmp_path / "gate"
    job = server.play(events=5, gate=str(gate))
    server.wait_for(job, "running")
    with EventStream(server.port, job) as warm:
        next(warm.events())
    server.answers_within(1)
    before = until(lambda: descriptors(server.pid))
    for number in range(500):
        stream = EventStream(server.port, job)
        next(stream.events())
        stream.reset() if number % 2 else stream.close()
    until(lambda: descriptors(server.pid) <= before, 20, f"at most {before} descriptors")
    server.answers_within(1)
    gate.touch()
    assert server.wait_terminal(job)["status"] == "succeeded"
