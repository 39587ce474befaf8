"""Submits a run, streams it, fetches its result, as the Stream Run API's documentation shows it.

    python3 examples/submit_and_stream.py [http://127.0.0.1:8005] [PROMPT]

It names no recipe, so the server needs a `--runner`.
"""

import sys

import httpx
import json

API_URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8005"

def submit_and_stream(prompt):
    # Submit job
    response = httpx.post(f"{API_URL}/api/v1/runs", json={"prompt": prompt})
    job = response.json()
    job_id = job["job_id"]
    print(f"Submitted job: {job_id}")

    # Stream progress
    final_status = None
    with httpx.stream("GET", f"{API_URL}/api/v1/runs/{job_id}/stream") as response:
        for line in response.iter_lines():
            if not line.startswith("data:"):
                continue

            data = line[5:].strip()
            if data == "[DONE]":
                break

            event = json.loads(data)

            if event["event"] == "progress":
                pct = event["data"]["percentage"]
                step = event["data"].get("current_step", "")
                print(f"\rProgress: {pct:5.1f}% - {step}", end="", flush=True)
            elif event["event"] == "complete":
                final_status = event["data"]["status"]
                print(f"\nJob {final_status}")

    # Get result if succeeded
    if final_status == "succeeded":
        result = httpx.get(f"{API_URL}/api/v1/runs/{job_id}/result").json()
        return result["result"]
    else:
        raise Exception(f"Job {final_status}")

result = submit_and_stream(sys.argv[2] if len(sys.argv) > 2 else "Analyze quarterly sales data")
print(f"Result: {result}")
