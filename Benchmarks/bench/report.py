"""From figures to tables and JSON."""

import json
import os
import platform
import re
import statistics
import subprocess

from goals import ROWS


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return {"processor": models[0] if models else "?", "cores": os.cpu_count(), "kernel": platform.release(),
            "load_average": os.getloadavg()[0], "commit": commit.stdout.decode().strip()}


def machine_name():
    """Of files: the processor and its cores, as in `amd-epyc-2`."""
    found = machine()
    model = re.sub(r"\((r|tm)\)|\bprocessor\b|\bcpu\b|@.*", " ", found["processor"].lower())
    return "-".join([*re.findall(r"[a-z0-9]+", model), str(found["cores"])])


def milliseconds(quantiles):
    return " / ".join(f"{quantiles[name]:.1f}" for name in ("p50", "p90", "p99", "p999", "max"))


def print_figures(case, figures):
    """One line a target, as soon as it is measured."""
    for one in figures:
        parts = [f"  {one['target']:<22}"]
        if "fan_out_ms" in one and one["fan_out_ms"]["count"]:
            parts.append(f"fan-out {milliseconds(one['fan_out_ms'])} ms, delivery {milliseconds(one['delivery_ms'])} ms")
        if one.get("deliveries_per_second"):
            parts.append(f"{one['deliveries_per_second']:,.0f} deliveries/s")
        if "requests_per_second" in one:
            parts.append(f"{one['requests_per_second']:,.0f} req/s, p50 {one['p50_ms']:.2f} p99 {one['p99_ms']:.2f} ms")
        for name in ("delivery", "request"):
            if one.get(f"cpu_us_per_{name}"):
                parts.append(f"{one[f'cpu_us_per_{name}']:.1f} us CPU each")
        if "disk_syncs_per_second" in one:
            parts.append(f"(the disk syncs {one['disk_syncs_per_second']:,.0f}/s)")
        if one.get("all_seconds") and one["streams"] == 1:
            parts.append(f"{one['all_bytes'] / one['all_seconds'] / 1e6:,.0f} MB/s, first byte {one['first_byte_seconds'] * 1e3:.2f} ms")
        if one.get("streams", 0) > 1:
            parts.append(f"{one['connects_per_second']:,.0f} connects/s, {one['bytes_per_stream']:,.0f} B/stream")
        if one.get("storm_connect_seconds"):
            parts.append(f"reconnected in {one['storm_connect_seconds']:.2f} s, caught up {one['storm_catch_up_seconds']:.3f} s later")
        if "peak_kernel_tcp_bytes" in one and one["streams"] > 1:
            parts.append(f"RSS {one['peak_resident_bytes'] / 1e6:.0f} MB, kernel TCP {one['peak_kernel_tcp_bytes'] / 1e6:.0f} MB")
        if "ready_seconds" in one:
            parts.append(f"ready in {one['ready_seconds']:.3f} s, {one['resident_bytes'] / 1e6:.0f} MB, {one['finished']:,} finished, {one['queued']:,} queued")
        if "settled" in one:
            parts.append(f"{one['dropped']:,} dropped; settled {one['settled']}, ended {one['ended']}")
        if "server_cpu" in one:
            parts.append(f"CPU {one['server_cpu']:.0%}" + (f" + {one['client_cpu']:.0%} client, others {one['other_cpu']:.0%}" if "client_cpu" in one else ""))
        print(", ".join(parts), flush=True)
        if not one["clean"]:
            bad = {name: one[name] for name in ("lost", "doubled", "misordered", "malformed", "unfinished", "errors", "first_problem") if one.get(name)}
            print(f"  {one['target']}: NOT CLEAN {bad}", flush=True)


def rows(rounds, tolerate):
    """Each goal with the median of the rounds that have its case, and all of them. `tolerate` is by what factor a ratio may miss its goal."""
    table = []
    for row in ROWS:
        case = next((case for case in row.cases if case in rounds[0]), None)
        if case is None:
            continue
        by_round = [{one["target"]: one for one in figures[case]} for figures in rounds if case in figures]
        values = [row.value(figures) for figures in by_round]
        goals = [row.goal_for(figures) for figures in by_round]
        value, goal = statistics.median(values), statistics.median(goals)
        table.append({"case": case, "what": row.what, "unit": row.unit, "value": value, "all": values, "goal": goal, "at_least": row.at_least,
                      "ratio": row.ratio, "met": not row.misses(value, goal), "failed": row.ratio and row.misses(value, goal, tolerate)})
    return table


def print_rows(table):
    print(f"\n{'case':<40} {'figure':<46} {'value':>12}  {'goal':>14}  all rounds")
    for row in table:
        sign = ">=" if row["at_least"] else "<="
        mark = "" if row["met"] else ("FAILED" if row["failed"] else "missed")
        every = " ".join(number(value) for value in row["all"])
        print(f"{row['case']:<40} {row['what']:<46} {number(row['value']):>12}  {sign} {number(row['goal']):>8} {row['unit']:<8} {every} {mark}")


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) >= 100 else f"{value:.2f}"


def unclean(rounds):
    """Cases in which the server lost, doubled or misordered something. The peer may: it is reported, not failed."""
    return [f"{case}: {one['target']}" for figures in rounds for case, every in figures.items() for one in every
            if not one["clean"] and one["target"] != "nchan"]


def save(path, command, rounds, table):
    with open(path, "w") as file:
        json.dump({"command": command, "machine": machine(), "rows": table, "rounds": rounds}, file, indent=1)
        file.write("\n")
