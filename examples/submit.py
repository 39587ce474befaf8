#!/usr/bin/env python3
"""Submits a run and follows it to its end through lost connections and restarts of the server. Python's standard library only.

    python3 examples/submit.py [--api-url http://127.0.0.1:8005] [--recipe analyze-csv] [--config JSON] [PROMPT]

This is the whole of what a robust client does: an idempotency key, so that a repeated submit starts one run; `Last-Event-ID`, so that
a stream goes on where it broke off; and only [DONE] counts as the end. The API key is taken from RUNSTREAM_API_KEY.
"""

import argparse
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator

RETRIES, PAUSE = 30, 1.0


def call(url: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
    """One request; raises HTTPError for an answer that is a refusal, OSError where the server cannot be reached."""
    key = os.environ.get("RUNSTREAM_API_KEY")
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    return urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=15)


def patiently(url: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
    """`call`, repeated while the server is away, full or restarting."""
    for attempt in range(RETRIES):
        try:
            return call(url, body, **headers)
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (502, 503, 504) or attempt == RETRIES - 1:
                raise
        except OSError:
            if attempt == RETRIES - 1:
                raise
        time.sleep(PAUSE)
    raise AssertionError("unreachable")


def events(stream_url: str) -> Iterator[dict]:
    """Every event of the run once, in order, over as many connections as it takes."""
    last = coming = None
    while True:
        headers = {"Last-Event-ID": last} if last else {}
        try:
            with patiently(stream_url, Accept="text/event-stream", **headers) as response:
                if response.status == 204:
                    return
                for line in response:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "data" and value == "[DONE]":
                        return
                    if field == "id":
                        coming = value
                    elif field == "data":
                        yield json.loads(value)
                        last = coming  # only now: a connection may break between the two lines
        except urllib.error.HTTPError:
            raise
        except (OSError, http.client.HTTPException):
            time.sleep(PAUSE)


def main() -> int:
    """The exit status: 0 succeeded, 1 failed or cancelled."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompt", nargs="?", default="Describe the US economy")
    parser.add_argument("--api-url", default=os.environ.get("RUNSTREAM_API_URL", "http://127.0.0.1:8005"))
    parser.add_argument("--recipe", default="analyze-csv")
    parser.add_argument("--config", type=json.loads, default={})
    options = parser.parse_args()

    body = {"prompt": options.prompt, "recipe_name": options.recipe, "recipe_config": options.config}
    with patiently(f"{options.api_url}/api/v1/runs", body, **{"Idempotency-Key": str(uuid.uuid4())}) as response:
        job = json.load(response)
    print(job["job_id"], flush=True)
    for event in events(job["stream_url"]):
        data = event["data"]
        if event["event"] == "progress":
            print(f"{data['percentage']:5.1f} %  {data.get('current_step') or ''}", flush=True)
        elif event["event"] == "log":
            print(f"         {data['message']}", flush=True)
        else:
            print(f"         {event['event']} {json.dumps(data)}", flush=True)
    with patiently(f"{job['poll_url']}/result") as response:
        outcome = json.load(response)
    print(json.dumps(outcome["result"], indent=2) if outcome["status"] == "succeeded" else f"{outcome['status']}: {outcome['error']}")
    return 0 if outcome["status"] == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(main())
