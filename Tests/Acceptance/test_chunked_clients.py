"""Clients that send a body of unknown length, in chunks, directly and through proxies: the run gets what was sent."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support import until
from support.nginx import Nginx
from support.server import PATIENCE, free_port

PROMPT = "".join(f"line {number} with an ü and a \\ in it\n" for number in range(20_000))
BODY = json.dumps({"prompt": PROMPT, "recipe_name": "digest"}, ensure_ascii=False).encode()
PIECE = 7001
TYPE = "application/json"


@pytest.fixture(params=["directly", "nginx", "haproxy"])
def address(request, serve, tmp_path: Path) -> Iterator[tuple[object, str]]:
    """A server and the base URL under which it is called."""
    server = serve("--trusted-proxies", "127.0.0.1")
    if request.param == "directly":
        yield server, server.base
    elif request.param == "nginx":
        directory = tmp_path / "nginx"
        directory.mkdir()
        nginx = Nginx(directory, server.port).start()
        yield server, nginx.base
        nginx.stop()
    else:
        yield from through_haproxy(server, tmp_path)


def through_haproxy(server, directory: Path) -> Iterator[tuple[object, str]]:
    haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
    port = free_port()
    configuration = directory / "haproxy.cfg"
    configuration.write_text(f"""defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen runs
    bind 127.0.0.1:{port}
    server one 127.0.0.1:{server.port}
""")
    process = subprocess.Popen([haproxy, "-f", str(configuration), "-db"], stdin=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"

    def listening() -> bool:
        assert process.poll() is None
        try:
            return httpx.get(f"{base}/health").status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(listening, 10 * PATIENCE, "haproxy to listen")
        yield server, base
    finally:
        process.terminate()
        process.wait(10)


def pieces() -> Iterator[bytes]:
    for start in range(0, len(BODY), PIECE):
        yield BODY[start : start + PIECE]


def by_httpx(url: str, _: Path) -> str:
    return httpx.post(url, content=pieces(), headers={"Content-Type": TYPE}, timeout=30).text


def by_requests(url: str, _: Path) -> str:
    requests = pytest.importorskip("requests")
    return requests.post(url, data=pieces(), headers={"Content-Type": TYPE}, timeout=30).text


def by_curl(url: str, directory: Path) -> str:
    return run(["curl", "-sS", "-X", "POST", "-H", f"Content-Type: {TYPE}", "-T", "-", url], directory)


def by_node(url: str, directory: Path) -> str:
    source = directory / "client.mjs"
    source.write_text(f"""import {{ createReadStream }} from 'node:fs';
import {{ Readable }} from 'node:stream';
const body = Readable.toWeb(createReadStream('body', {{ highWaterMark: {PIECE} }}));
const answer = await fetch(process.argv[2], {{ method: 'POST', body, duplex: 'half', headers: {{ 'Content-Type': '{TYPE}' }} }});
console.log(await answer.text());
""")
    return run(["node", str(source), url], directory)


def by_java(url: str, directory: Path) -> str:
    source = directory / "Client.java"
    source.write_text("""import java.io.*;
import java.net.URI;
import java.net.http.*;
public class Client {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).version(HttpClient.Version.HTTP_1_1)
            .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofInputStream(() -> {
                try { return new FileInputStream("body"); } catch (IOException error) { throw new UncheckedIOException(error); }
            })).build();
        System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
}
""")
    return run(["java", str(source), url], directory)


def by_go(url: str, directory: Path) -> str:
    source = directory / "client.go"
    source.write_text("""package main
import ("fmt"; "io"; "net/http"; "os")
func main() {
    reader, writer := io.Pipe()
    go func() { file, _ := os.Open("body"); io.Copy(writer, file); writer.Close() }()
    answer, err := http.Post(os.Args[1], "application/json", reader)
    if err != nil { panic(err) }
    io.Copy(os.Stdout, answer.Body)
    fmt.Println()
}
""")
    return run(["go", "run", str(source), url], directory)


def run(command: list[str], directory: Path) -> str:
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]}: scripts/install-packages.sh --tests installs it")
    (directory / "body").write_bytes(BODY)
    with (directory / "body").open("rb") as body:
        done = subprocess.run(command, cwd=directory, stdin=body, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("client", [by_httpx, by_requests, by_curl, by_node, by_java, by_go])
def test_a_chunked_submit_is_accepted_and_the_run_gets_what_was_sent(address, tmp_path, client: Callable[[str, Path], str]):
    server, base = address
    answer = json.loads(client(f"{base}/api/v1/runs", tmp_path))
    assert answer["status"] == "queued", answer
    server.wait_terminal(answer["job_id"])
    assert server.result(answer["job_id"])["result"].strip() == hashlib.sha256(PROMPT.encode()).hexdigest()
