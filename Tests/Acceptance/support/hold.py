"""Holds one thread of a process, as a bug would that keeps it busy: by ptrace, which stops a single thread."""

import ctypes
import os
import time
from contextlib import contextmanager
from pathlib import Path

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def thread(pid: int, name: str) -> int:
    """The number of the thread with this name."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise AssertionError(f"no thread {name}")


@contextmanager
def held(pid: int, name: str):
    """Within it, the thread does nothing."""
    number = thread(pid, name)
    for request in (SEIZE, INTERRUPT):
        if libc.ptrace(request, number, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(number, WALL)
    thread_ = Held(number)
    try:
        yield thread_
    finally:
        if not thread_.has_ended:
            libc.ptrace(DETACH, number, None, None)


class Held:
    """A thread that is held."""

    def __init__(self, number: int):
        self.number = number
        self.has_ended = False

    def wait_for_its_end(self, seconds: float) -> None:
        """Waits until its process has ended, which the system tells to nobody before us."""
        deadline = time.monotonic() + seconds
        while os.waitpid(self.number, WALL | os.WNOHANG)[0] == 0:
            assert time.monotonic() < deadline, f"not ended within {seconds} s"
            time.sleep(0.005)
        self.has_ended = True
