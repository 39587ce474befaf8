"""What is measured and what it is measured against: the server, the floors, nchan. All speak through `open_jobs`."""

import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

from paths import BINARIES, SERVER
from processes import BenchError, Process

NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"


def free_port():
    """One below those that the kernel gives to outgoing connections: after a case these are full of closed ones for a minute."""
    for port in random.sample(range(10_000, 30_000), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return str(port)
            except OSError:
                continue
    raise BenchError("no free port")


class Target:
    """A server under load on a directory of its own. `settings` are printed with its figures."""

    name = "?"
    raw = False
    settings = ()

    def __init__(self, core=0, emitter_core=1):
        self.core = core
        self.emitter_core = emitter_core
        self.directory = tempfile.mkdtemp(prefix="runstream-bench-")
        self.gate = os.path.join(self.directory, "gate")
        os.mkfifo(self.gate, 0o600)
        self.emitters = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for process in [*self.emitters, self.process] if hasattr(self, "process") else self.emitters:
            process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def pids(self):
        return [self.process.pid]

    def emitter_settings(self, index, jobs, rate, events, payload, gated=True):
        """Runs are not in step: each begins its share of an interval after the one before it."""
        settings = {"rate": rate, "count": events, "payload": payload, "phase": index / jobs / rate if rate else 0}
        if self.emitter_core is not None:
            settings["core"] = self.emitter_core
        return settings | ({"gate": self.gate} if gated else {})

    def start_emitter(self, settings, arguments=(), stdout=subprocess.PIPE):
        """The emitter as a process beside a target that starts none itself."""
        emitter = Process([os.path.join(BINARIES, "emitter"), *arguments], stdin=subprocess.PIPE, stdout=stdout)
        emitter.child.stdin.write(json.dumps(settings).encode())
        emitter.child.stdin.close()
        emitter.child.stdin = None
        self.emitters.append(emitter)


class RunServer(Target):
    """The server itself. Its runs' processes are emitters."""

    def __init__(self, loops=1, jobs=1, arguments=(), database=None, name="runstream", **options):
        super().__init__(**options)
        self.name = name
        self.database = database or os.path.join(self.directory, "load.db")
        self.settings = ["--loops", str(loops), "--max-concurrent", str(jobs), "--max-queued", str(max(jobs, 10)),
                         "--retain-log", "4GiB", *arguments]

    def start(self):
        recipes = os.path.join(self.directory, "recipes")
        os.mkdir(recipes)
        shutil.copy2(os.path.join(BINARIES, "emitter"), recipes)
        command = [SERVER, "serve", "--host", "127.0.0.1", "--port", free_port(), "--db", self.database, "--recipes", recipes,
                   "--log-level", "warning", *self.settings]
        self.process = Process(command, core=self.core)
        self.port = self.process.port()

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def submit(self, settings, recipe="emitter"):
        status, answer = self.call("POST", "/api/v1/runs", {"prompt": "load", "recipe_name": recipe, "recipe_config": settings})
        if status != 202:
            raise BenchError(f"submit: {status} {answer}")
        return answer["job_id"]

    def open_jobs(self, jobs, rate, events, payload):
        return [f"/api/v1/runs/{self.submit(self.emitter_settings(index, jobs, rate, events, payload))}/stream" for index in range(jobs)]

    def await_status(self, job, status, seconds):
        deadline = time.monotonic() + seconds
        while (answer := self.call("GET", f"/api/v1/runs/{job}")[1])["status"] != status:
            if time.monotonic() > deadline:
                raise BenchError(f"{job} is {answer['status']} after {seconds} s: {answer}")
            time.sleep(0.01)


class Floor(Target):
    """One thread of C: `send` is the usual design, `log` is one log with cursors, `get` is evhttp alone."""

    def __init__(self, kind, **options):
        super().__init__(**options)
        self.kind = kind
        self.name = f"floor-{kind}"

    def start(self):
        self.process = Process([os.path.join(BINARIES, "floor"), self.kind, free_port()], core=self.core, stdin=subprocess.PIPE)
        self.port = self.process.port()

    def open_jobs(self, jobs, rate, events, payload):
        if jobs != 1:
            raise BenchError("a floor has one log")
        self.start_emitter(self.emitter_settings(0, 1, rate, events, payload), stdout=self.process.child.stdin)
        self.process.child.stdin.close()
        self.process.child.stdin = None
        return ["/"]


class Nchan(Target):
    """nginx with nchan, one worker, in memory. The emitter posts its events."""

    name = "nchan"
    raw = True
    settings = ["worker_processes 1", "nchan_message_buffer_length 100000", "nchan_message_timeout 10m"]

    @staticmethod
    def is_installed():
        return shutil.which("nginx") is not None and os.path.exists(NCHAN)

    def start(self):
        self.port = int(free_port())
        self.configure()
        self.process = Process(["nginx", "-p", self.directory, "-c", "nchan.conf", "-e", "error.log"], core=self.core, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 5
        while len(self.pids) < 2 or not self.answers():
            if self.process.child.poll() is not None or time.monotonic() > deadline:
                raise BenchError("nginx does not start")
            time.sleep(0.02)

    def configure(self):
        with open(os.path.join(self.directory, "nchan.conf"), "w") as file:
            file.write(f"""load_module {NCHAN};
daemon off; user root; worker_processes 1; worker_rlimit_nofile 65536; pid nginx.pid;
events {{ worker_connections 60000; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 10000000; tcp_nodelay on; nchan_shared_memory_size 512M;
  nchan_message_buffer_length 100000; nchan_message_timeout 10m;
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location ~ /sub/(\\w+)$ {{ nchan_subscriber eventsource; nchan_channel_id $1; nchan_subscriber_first_message oldest; }}
    location ~ /pub/(\\w+)$ {{ nchan_publisher; nchan_channel_id $1; }}
  }}
}}
""")

    def answers(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
            connection.request("GET", "/none")
            return connection.getresponse().status == 404
        except OSError:
            return False

    @property
    def pids(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [self.process.pid, *map(int, file.read().split())]

    def open_jobs(self, jobs, rate, events, payload):
        for index in range(jobs):
            self.start_emitter(self.emitter_settings(index, jobs, rate, events, payload), ["127.0.0.1", str(self.port), f"/pub/job{index}"])
        return [f"/sub/job{index}" for index in range(jobs)]
