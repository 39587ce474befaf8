"""The plots of a full run."""

import os
import statistics

import plot

CURVE = "{:,} streams, 2/s"
COUNTS = [100, 300, 1000, 3000, 10_000]
HEAVY = [("1,000 streams, 500/s", "fan-out-1000x500", "Latency of each delivery: 1,000 streams, 500 events a second"),
         ("10,000 streams, 10/s", "fan-out-10000x10", "Latency of each delivery: 10,000 streams, 10 events a second")]


def middle(rounds, case, target, quantities, name):
    """The median over the rounds; None where the target was not measured."""
    values = [one[quantities][name] for figures in rounds for one in figures.get(case, []) if one["target"] == target]
    return statistics.median(values) if values else None


def write(directory, prefix, rounds, machine):
    """Writes what the rounds have cases for; returns the files' names."""
    where = f"{machine['processor']}, server on one core, client on another, loopback; {len(rounds)} round{'s' if len(rounds) > 1 else ''}, median"
    written = {}
    series = {target: [(count, value) for count in COUNTS if (value := middle(rounds, CURVE.format(count), target, "fan_out_ms", "p50")) is not None]
              for target in plot.STYLES}
    if any(len(points) > 1 for points in series.values()):
        written["fan-out"] = plot.over_streams("From the event to its last viewer, median (2 events a second)", where, series)
    for case, name, title in HEAVY:
        quantiles = {target: {key: middle(rounds, case, target, "delivery_ms", key) for key in ("p50", "p90", "p99", "p999", "max")}
                     for target in plot.STYLES if middle(rounds, case, target, "delivery_ms", "p50") is not None}
        if quantiles:
            written[name] = plot.over_quantiles(title, where, quantiles)
    for name, drawn in written.items():
        with open(os.path.join(directory, f"{prefix}-{name}.svg"), "w") as file:
            file.write(drawn)
    return [f"{prefix}-{name}.svg" for name in written]
