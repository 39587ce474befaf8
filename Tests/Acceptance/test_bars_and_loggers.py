"""Programs as they are, written for a terminal or a log collector: what a viewer gets of tqdm, rich, pip, structlog, pino, zap, logrus and slog."""

import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest

from support import until
from support.server import BINARY, PATIENCE
from support.sse import follow

RECIPES = {
    "tqdm": f"""#!{sys.executable}
import time
from tqdm import tqdm
for _ in tqdm(range(20), desc="Epoch 1"):
    time.sleep(0.05)
print("trained")
""",
    "rich": f"""#!{sys.executable}
import time
from rich.progress import track
for _ in track(range(10), description="Loading"):
    time.sleep(0.02)
""",
    # What pip, curl, wget and npm do: a frame, a CR, the next frame, in a burst.
    "pip": f"""#!{sys.executable}
import sys, time
for done in range(0, 2001):
    sys.stdout.write(f"\\r     {{done}}/2000 kB")
    sys.stdout.flush()
    time.sleep(0.0005)
sys.stdout.write("\\nSuccessfully installed\\n")
""",
    "standstill": f"""#!{sys.executable}
import sys, time
sys.stderr.write("\\r 10%|#     |")
sys.stderr.write("\\r 20%|##    |\\r")
sys.stderr.flush()
time.sleep(5)
""",
    "forever": f"""#!{sys.executable}
import sys
for number in range(200_000):
    sys.stdout.write("%6d " % number + "x" * 200 + "\\r")
print()
""",
    "structlog": f"""#!{sys.executable}
import structlog
structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()])
log = structlog.get_logger()
log.info("user logged in", user=7)
log.error("result", rows=[1, 2.50])
print("done")
""",
    # As pino 9, zap, logrus and Go's slog write them.
    "lines": """#!/bin/sh
cat <<'END'
{"level":30,"time":1764598401123,"pid":657,"hostname":"box","msg":"listening on 3000"}
{"level":"warn","ts":1764598401.5,"caller":"main.go:7","msg":"slow","took":1.50}
{"level":"error","msg":"no such file","time":"2026-12-01T12:00:00Z"}
{"time":"2026-12-01T12:00:00Z","level":"INFO","msg":"hello","count":3}
END
""",
}


@pytest.fixture
def server(serve, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    for name, text in RECIPES.items():
        (recipes / name).write_text(text)
        (recipes / name).chmod(0o755)
    return serve(recipes=recipes)


def run(server, recipe: str) -> tuple[list[dict], dict]:
    """The run's events, as a viewer gets them, and its result body."""
    job = server.submit(recipe_name=recipe)["job_id"]
    events = [json.loads(data) for _, data in follow(server.port, job, 60 * PATIENCE).pairs()[:-1]]
    assert server.status(job)["status"] == "succeeded"
    return events, server.result(job)


def data(events: list[dict], kind: str) -> list[dict]:
    return [event["data"] for event in events if event["event"] == kind]


def test_tqdm_shows_frames_and_moves_the_progress(server):
    events, result = run(server, "tqdm")
    logs = data(events, "log")
    frames = [log for log in logs if log.get("transient")]
    assert 2 <= len(frames) <= 3 + 4 * 3 * PATIENCE
    assert all(log["stream"] == "stderr" and log["message"].startswith("Epoch 1: ") for log in frames)
    [line] = [log for log in logs if log.get("stream") == "stderr" and not log.get("transient")]
    assert line["message"].startswith("Epoch 1: 100%|")
    progress = [entry for entry in data(events, "progress") if entry.get("current_step") == "Epoch 1"]
    percentages = [entry["percentage"] for entry in progress]
    assert percentages == sorted(percentages) and percentages[-1] == 100 and len(percentages) >= 2
    assert result["result"] == "trained"


def test_rich_shows_its_bar(server):
    events, result = run(server, "rich")
    assert any("Loading" in log["message"] and "100%" in log["message"] for log in data(events, "log"))


def test_a_burst_of_frames_becomes_four_a_second_and_the_last_one(server):
    began = time.monotonic()
    events, result = run(server, "pip")
    took = time.monotonic() - began
    logs = data(events, "log")
    frames = [log for log in logs if log.get("transient")]
    assert 1 <= len(frames) <= 4 * took + 2
    assert [log["message"] for log in logs if not log.get("transient")] == ["     2000/2000 kB", "Successfully installed"]
    assert result["result"] == "     2000/2000 kB\nSuccessfully installed", "frames are no part of the plain text"


def test_a_bar_that_stands_still_is_shown_as_it_stands(server):
    job = server.submit(recipe_name="standstill")["job_id"]
    until(lambda: server.status(job)["progress"]["percentage"] == 20, 4 * PATIENCE, "the second frame")
    server.post(f"/{job}/cancel")


def test_frames_without_end_cost_no_memory_and_few_events(server):
    events, result = run(server, "forever")
    assert len(data(events, "log")) <= 20 * PATIENCE
    assert data(events, "log")[-1]["message"].startswith("199999 ")


def test_structlog_lines_are_logs_and_set_no_result(server):
    events, result = run(server, "structlog")
    assert data(events, "log") == [
        {"message": "user logged in", "level": "info", "fields": {"user": 7}},
        {"message": "result", "level": "error", "fields": {"rows": [1, 2.5]}},
        {"message": "done"},
    ]
    assert result["result"] == "done"


def test_pino_zap_logrus_and_slog_lines_are_logs(server):
    events, _ = run(server, "lines")
    assert data(events, "log") == [
        {"message": "listening on 3000", "level": "info", "fields": {"time": 1764598401123, "pid": 657, "hostname": "box"}},
        {"message": "slow", "level": "warn", "fields": {"ts": 1764598401.5, "caller": "main.go:7", "took": 1.5}},
        {"message": "no such file", "level": "error", "fields": {"time": "2026-12-01T12:00:00Z"}},
        {"message": "hello", "level": "INFO", "fields": {"time": "2026-12-01T12:00:00Z", "count": 3}},
    ]


def terminal(server, job: str) -> str:
    """What `runstream stream` writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1", "COLUMNS": "100"}
    command = [str(BINARY), "stream", job, "--api-url", server.base]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    text = b""
    while True:
        if not select.select([ours], [], [], 30 * PATIENCE)[0]:
            break
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    assert child.wait(10 * PATIENCE) == 0
    return text.decode()


def test_the_terminal_shows_frames_in_place(server):
    job = server.submit(recipe_name="tqdm")["job_id"]
    text = terminal(server, job)
    # What is left on the screen: each piece between two erasures of the last line was overwritten, but for its newlines.
    screen = "".join(piece[: piece.rfind("\n") + 1] for piece in text.split("\r\x1b[K"))
    assert screen.count("Epoch 1") == 1, screen
    assert "100%|" in screen and "trained" in screen
    assert text.count("Epoch 1") > 2


def test_a_pipe_gets_the_last_frame_alone(server):
    job = server.submit(recipe_name="tqdm")["job_id"]
    completed = subprocess.run([str(BINARY), "stream", job, "--api-url", server.base], capture_output=True, text=True, timeout=30 * PATIENCE)
    bars = [line for line in completed.stdout.splitlines() if "%|" in line]
    assert len(bars) == 1 and "100%|" in bars[0]
