"""Starting, pinning and measuring processes."""

import os
import re
import select
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGESIZE")


class BenchError(Exception):
    """Something that has to work did not."""


def pinned(core, arguments):
    """The command pinned to a core; None: any. `taskset` executes it, so the process keeps its number."""
    return arguments if core is None else ["taskset", "-c", str(core), *arguments]


class Process:
    """A child process, ended with the `with` block."""

    def __init__(self, arguments, core=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options):
        self.name = os.path.basename(arguments[0])
        self.child = subprocess.Popen(pinned(core, arguments), stdin=stdin, stdout=stdout, **options)
        self.pid = self.child.pid
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def line(self, seconds):
        """The next line of its output."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.child.stdout], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self.child.stdout.fileno(), 65536) if ready else b""
            if not more:
                raise BenchError(f"{self.name}: no answer within {seconds} s" if not ready else f"{self.name} ended early")
            self.pending += more
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode()

    def port(self, seconds=20):
        """The port that it says it listens on."""
        while True:
            found = re.search(r"listening on (?:\S*:)?(\d+)", self.line(seconds))
            if found:
                return int(found.group(1))

    def stop(self, seconds=20):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe:
                pipe.close()


def _stat(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def cpu_seconds(pid):
    """User and system time of a process, its ended children left out."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * PAGE


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def _machine_ticks():
    """What all cores have done since the boot: user, nice, system, idle, iowait, irq, softirq, steal."""
    with open("/proc/stat") as file:
        return [int(field) for field in file.readline().split()[1:9]]


def machine_busy_seconds():
    """CPU time that all processes have used since the boot, stolen time included."""
    ticks = _machine_ticks()
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS


def machine_stolen_seconds():
    """Time since the boot in which a core had work but the hypervisor ran somebody else's."""
    return _machine_ticks()[7] / TICKS


def kernel_tcp_bytes():
    """What the kernel's TCP buffers hold."""
    with open("/proc/net/sockstat") as file:
        return int(re.search(r"^TCP:.* mem (\d+)", file.read(), re.M).group(1)) * PAGE
