"""Debian's nginx with the documented configuration, as an instance of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx

from . import EXAMPLES, until
from .server import free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Nginx:
    """examples/nginx.conf with nothing changed but the two ports and where nginx keeps its temporary files."""

    def __init__(self, directory: Path, upstream: int):
        self.directory = directory
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        text = (EXAMPLES / "nginx.conf").read_text()
        changed = text.replace("127.0.0.1:8005", f"127.0.0.1:{upstream}").replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        assert changed.count(str(upstream)) and changed.count(str(self.port)), "the configuration's ports are not where they were"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"    {kind}_temp_path {directory}/{kind};\n" for kind in kinds)
        changed = re.sub(r"^http \{\n", lambda match: match[0] + temporary, changed, flags=re.M)
        if os.geteuid() == 0:
            changed = "user root;\n" + changed
        self.conf = directory / "nginx.conf"
        self.conf.write_text(changed)
        self.process: subprocess.Popen | None = None

    def start(self) -> "Nginx":
        """Starts it in the foreground and waits until it listens."""
        command = [NGINX, "-p", str(self.directory), "-e", "error.log", "-c", str(self.conf), "-g", "daemon off;"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

        def listening() -> bool:
            assert self.process.poll() is None, (self.directory / "error.log").read_text()
            try:
                return httpx.get(f"{self.base}/health").status_code > 0
            except httpx.TransportError:
                return False

        until(listening, 10, "nginx to listen")
        return self

    def stop(self) -> None:
        """Ends it at once."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
