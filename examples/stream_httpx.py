"""Streams a run with httpx, as the Stream Run API's documentation shows it.

    python3 examples/stream_httpx.py run_4be1c02a77d9 [http://127.0.0.1:8005]

It looks for [DONE] and stops at it; a client that must survive a lost connection comes back with `Last-Event-ID`: see submit.py.
"""

import sys

import httpx

job_id = sys.argv[1]
api_url = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8005"

# Stream progress updates
with httpx.stream("GET", f"{api_url}/api/v1/runs/{job_id}/stream") as response:
    for line in response.iter_lines():
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                print("Stream complete")
                break

            import json
            event = json.loads(data)

            if event["event"] == "progress":
                pct = event["data"]["percentage"]
                step = event["data"].get("current_step", "")
                print(f"Progress: {pct}% - {step}")
            elif event["event"] == "log":
                print(f"Log: {event['data']['message']}")
            elif event["event"] == "complete":
                print(f"Complete: {event['data']['status']}")
