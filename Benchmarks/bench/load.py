"""One measurement: streams on a target, watched by stream-load."""

import json
import os
import select
import subprocess
import time

from paths import BINARIES
from processes import BenchError, Process, cpu_seconds, descriptors, kernel_tcp_bytes, machine_busy_seconds, resident_bytes


class Load:
    """The generator on a target's streams: opened, then told to go, then read to the end."""

    def __init__(self, target, paths, streams, core=1, deadline=120, **options):
        self.target = target
        self.streams = streams
        self.deadline = deadline
        self.linger = 1 if options.get("rate") else 0  # the emitter's, after its last event
        listed = os.path.join(target.directory, "paths")
        with open(listed, "w") as file:
            file.writelines(path + "\n" for path in paths)
        command = [os.path.join(BINARIES, "stream-load"), "--port", str(target.port), "--paths", listed, "--streams", str(streams),
                   "--gate", target.gate, "--deadline", str(deadline), "--sources", str(1 + streams // 4000)]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        if target.raw:
            command.append("--raw")
        self.resident_before = self.resident()
        self.process = Process(command, core=core, stdin=subprocess.PIPE)

    def __enter__(self):
        if self.process.line(self.deadline) != "open":
            raise BenchError("stream-load did not open its streams")
        return self

    def __exit__(self, *error):
        self.process.stop()

    def resident(self):
        return sum(map(resident_bytes, self.target.pids))

    def cpu(self):
        return sum(map(cpu_seconds, self.target.pids))

    def memory_per_stream(self):
        """Bytes of user memory that the open streams cost the server."""
        return (self.resident() - self.resident_before) / self.streams

    def go(self):
        self.open_resident = self.resident()
        self.cpu_before, self.busy_before, self.went = self.cpu(), machine_busy_seconds(), time.monotonic()
        self.process.child.stdin.write(b"go\n")
        self.process.child.stdin.close()
        self.process.child.stdin = None

    def finish(self, sample=None):
        """The generator's report, with the server's share. `sample` is called ten times a second meanwhile."""
        peak_resident = peak_kernel = 0
        while self.process.child.poll() is None and not self.output_is_there():
            peak_resident, peak_kernel = max(peak_resident, self.resident()), max(peak_kernel, kernel_tcp_bytes())
            if sample:
                sample(self)
            time.sleep(0.1)
        figures = json.loads(self.process.line(self.deadline + 10))
        seconds = time.monotonic() - self.went
        server, busy = self.cpu() - self.cpu_before, machine_busy_seconds() - self.busy_before
        figures |= {
            "target": self.target.name, "settings": list(self.target.settings), "streams": self.streams,
            "server_cpu": server / seconds, "client_cpu": figures["cpu_seconds"] / seconds,
            "other_cpu": max(0.0, busy - server - figures["cpu_seconds"]) / seconds,
            "resident_bytes": self.resident(), "peak_resident_bytes": peak_resident, "peak_kernel_tcp_bytes": peak_kernel,
            "descriptors": descriptors(self.target.pids[-1]), "bytes_per_stream": (self.open_resident - self.resident_before) / self.streams,
            "cpu_us_per_delivery": server / max(figures["deliveries"], 1) * 1e6,
            "connects_per_second": self.streams / max(figures["connect_seconds"], 1e-6),
            "deliveries_per_second": figures["deliveries"] / max(figures["stream_seconds"] - self.linger, 1e-3),
        }
        figures["clean"] = figures["lost"] + figures["doubled"] + figures["misordered"] + figures["malformed"] + figures["unfinished"] == 0
        return figures

    def output_is_there(self):
        return b"\n" in self.process.pending or bool(select.select([self.process.child.stdout], [], [], 0)[0])


def fan_out(target, streams, rate, seconds, jobs=1, payload=100, client_core=1, **options):
    """`jobs` runs of `rate` events a second each for so many seconds, with `streams` viewers over all."""
    events = max(1, round(rate * seconds))
    with target:
        paths = target.open_jobs(jobs, rate, events, payload)
        with Load(target, paths, streams, core=client_core, events=events, rate=rate, **options) as load:
            load.go()
            figures = load.finish()
    return figures | {"jobs": jobs, "rate": rate, "events": events, "payload": payload}
