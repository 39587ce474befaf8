"""Processes, seen through /proc."""

import os
import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """One live process: its id, state letter (Z: zombie), parent, start time in ticks and environment."""

    pid: int
    state: str
    parent: int
    started: int
    environment: dict[str, str]

    def end(self) -> None:
        """Kills this very process (not another that got its id since)."""
        if _read(self.pid) is not None and _read(self.pid).started == self.started:
            os.kill(self.pid, signal.SIGKILL)


def _read(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/environ", "rb") as file:
            pairs = file.read().split(b"\0")
    except OSError:
        return None
    environment = dict(pair.decode("latin-1").partition("=")[::2] for pair in pairs if b"=" in pair)
    return Process(pid, fields[0], int(fields[1]), int(fields[19]), environment)


def processes(**environment: str) -> list[Process]:
    """The live processes whose environment has all of these values; zombies have none and are not found."""
    found = (_read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [
        process
        for process in found
        if process and process.state not in "ZX" and all(process.environment.get(key) == value for key, value in environment.items())
    ]


def children(pid: int) -> list[Process]:
    """The processes whose parent is `pid`, zombies included."""
    found = (_read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process and process.parent == pid]


def descriptors(pid: int) -> int:
    """How many descriptors the process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_bytes(pid: int) -> int:
    """The process's resident memory."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
