"""Streams a run with httpx-sse, as the Stream Run API's documentation shows it.

    python3 examples/stream_httpx_sse.py run_4be1c02a77d9 [http://127.0.0.1:8005]
"""

import sys

import httpx
from httpx_sse import connect_sse

job_id = sys.argv[1]
api_url = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8005"

with httpx.Client() as client:
    with connect_sse(client, "GET", f"{api_url}/api/v1/runs/{job_id}/stream") as event_source:
        for sse in event_source.iter_sse():
            if sse.data == "[DONE]":
                break
            print(f"Event: {sse.event}, Data: {sse.data}")
