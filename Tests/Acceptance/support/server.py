"""A real server process of its own: started on a fixed free port, killed, restarted on the same port and database, always cleaned up."""

import os
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from . import RECIPES, ROOT, until
from .processes import children, processes

BINARY = Path(os.environ.get("RUNSTREAM_BIN", ROOT / ".build/release/runstream"))
TERMINAL = ("succeeded", "failed", "cancelled")
# Sanitizer builds are several times slower; every bound of the tests is multiplied by this.
PATIENCE = float(os.environ.get("ACCEPTANCE_PATIENCE", "1"))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`runstream serve` with a database in `directory` and the given flags."""

    def __init__(self, directory: Path, *flags: str, recipes: Path | None = RECIPES, environment: dict[str, str] | None = None):
        self.directory = directory
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.runs = f"{self.base}/api/v1/runs"
        self.log_path = directory / "server.log"
        self.mark = uuid.uuid4().hex
        self.process: subprocess.Popen | None = None
        self.client = httpx.Client(timeout=20 * PATIENCE)
        self._command = [str(BINARY), "serve", "--host", "127.0.0.1", "--port", str(self.port), "--db", str(directory / "runs.db")]
        if recipes is not None:
            self._command += ["--recipes", str(recipes)]
        self._command += flags
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RUNSTREAM_", "PRAISONAI_", "JOBS_"))}
        self._environment = inherited | {"ACCEPTANCE_MARK": self.mark} | (environment or {})

    # Its life

    def start(self, ready: bool = True) -> "Server":
        """Starts the process and, unless told otherwise, waits until it is ready."""
        assert BINARY.exists(), f"no server at {BINARY}: run `make build`, or set RUNSTREAM_BIN"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Waits until /ready answers 200; fails with the server's log if it has ended."""

        def ready() -> bool:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.log()}"
            try:
                return self.client.get(f"{self.base}/ready").status_code == 200
            except httpx.TransportError:
                return False

        until(ready, 20 * PATIENCE, "the server's /ready")

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        return self.process.pid

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(10)

    def kill_all(self) -> None:
        """kill -9 of the server, its guardian and its keepers, none of which can act on another's death: the runs' processes are left."""
        guardians = children(self.pid)
        victims = [self.pid, *(guardian.pid for guardian in guardians)]
        victims += [keeper.pid for guardian in guardians for keeper in children(guardian.pid)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in victims:
                os.kill(pid, number)
        self.process.wait(10)

    def terminate(self) -> None:
        """Sends SIGTERM and returns at once."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """The exit status; fails if the process has not ended by then."""
        return self.process.wait(seconds)

    def restart(self) -> None:
        """kill -9 and a new process on the same port and database."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Ends the server and whatever of its runs is still there. Safe to call twice."""
        self.client.close()
        if self.process and self.process.poll() is None:
            self.terminate()
            try:
                self.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        for process in processes(ACCEPTANCE_MARK=self.mark):
            process.end()

    def log(self) -> str:
        """What the server has written so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    # Calls

    def submit(self, prompt: str = "a test", **members: Any) -> dict:
        """Submits a run and returns the 202's body."""
        answer = self.client.post(self.runs, json={"prompt": prompt} | members)
        assert answer.status_code == 202, f"{answer.status_code}: {answer.text}"
        return answer.json()

    def play(self, max_attempts: int = 1, timeout: int = 600, **config: Any) -> str:
        """Submits a run of the recipe `play` and returns its id."""
        body = self.submit(recipe_name="play", recipe_config=config, max_attempts=max_attempts, timeout=timeout)
        return body["job_id"]

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET below /api/v1/runs."""
        return self.client.get(f"{self.runs}{path}", **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST below /api/v1/runs."""
        return self.client.post(f"{self.runs}{path}", **options)

    def status(self, job: str) -> dict:
        """The status body."""
        answer = self.get(f"/{job}")
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        return answer.json()

    def wait_for(self, job: str, *statuses: str, seconds: float = 30) -> dict:
        """Waits for one of these statuses and returns the status body."""

        def reached() -> dict | None:
            body = self.status(job)
            return body if body["status"] in statuses else None

        return until(reached, seconds * PATIENCE, f"{job} to be {' or '.join(statuses)}")

    def wait_terminal(self, job: str, seconds: float = 30) -> dict:
        """Waits for the run's end and returns the status body."""
        return self.wait_for(job, *TERMINAL, seconds=seconds)

    def result(self, job: str) -> dict:
        """The result body of a finished run."""
        answer = self.get(f"/{job}/result")
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        return answer.json()

    def answers_within(self, seconds: float = 1.0) -> float:
        """Checks that /health answers within `seconds` on a connection of its own, and returns how long it took."""
        began = time.monotonic()
        with httpx.Client(timeout=10 * PATIENCE) as client:
            assert client.get(f"{self.base}/health").status_code == 200
        took = time.monotonic() - began
        assert took <= seconds * PATIENCE, f"/health took {took:.2f} s"
        return took
