"""The acceptance table: what each row's figure is, and what it has to reach."""


class Row:
    """`value(figures)` takes the case's figures by target. The second of two cases is a smaller one, of the smoke.

    A ratio is held against a floor of the same run, so it holds on a noisy machine."""

    def __init__(self, cases, what, value, goal, unit="", at_least=False, ratio=False):
        self.cases = (cases,) if isinstance(cases, str) else cases
        self.what, self.value = what, value
        self.goal, self.unit, self.at_least, self.ratio = goal, unit, at_least, ratio

    def goal_for(self, figures):
        return self.goal(figures) if callable(self.goal) else self.goal

    def misses(self, value, goal, slack=1.0):
        return value < goal / slack if self.at_least else value > goal * slack


def p50(target):
    return lambda figures: figures[target]["fan_out_ms"]["p50"]


def p99(target):
    return lambda figures: figures[target]["delivery_ms"]["p99"]


def quotient(above, below):
    return lambda figures: above(figures) / max(1e-9, below(figures))


def field(target, name, scale=1.0):
    return lambda figures: figures[target][name] * scale


SERVER_TO_FLOOR = quotient(p50("runstream"), p50("floor-send"))
SLOW = ("10,000 streams, 4 KB, 2/s, 10% slow", "2,000 streams, 4 KB, 2/s, 10% slow")
FAN_OUT = "full fan-out p50, server / floor"

ROWS = [
    Row(("1,000 streams, 2/s", "5,000 streams, 4/s"), FAN_OUT, SERVER_TO_FLOOR, 1.10, ratio=True),
    Row("10,000 streams, 2/s", FAN_OUT, SERVER_TO_FLOOR, 1.10, ratio=True),
    Row("10,000 streams, 2/s, both cores shared", FAN_OUT, quotient(p50("runstream 2 loops"), p50("floor-send")), 0.85, ratio=True),
    Row("1,000 streams, 50/s", "full fan-out p50, (server - 0.5 ms) / floor",
        lambda figures: (p50("runstream")(figures) - 0.5) / p50("floor-send")(figures), 1.10, ratio=True),
    Row("1,000 streams, 500/s", "delivery p99", p99("runstream"), lambda figures: max(25, 2 * p99("floor-log")(figures)), "ms"),
    Row("10,000 streams, 10/s", "delivery p99", p99("runstream"), lambda figures: max(150, 1.25 * p99("floor-log")(figures)), "ms"),
    Row("19,000 streams, 1/s", FAN_OUT, SERVER_TO_FLOOR, 1.10, ratio=True),
    Row("18,000 idle streams", "user memory per stream", field("runstream", "bytes_per_stream"), 768, "B"),
    Row(("1,000 runs x 10 viewers, 5/s", "100 runs x 10 viewers, 5/s"), "delivery p99, many runs / 1 run",
        quotient(p99("runstream many runs"), p99("runstream 1 run")), 2, ratio=True),
    Row(SLOW, "delivery p99, with / without slow readers",
        quotient(p99("runstream 10% slow"), p99("runstream none slow")), 1.2, ratio=True),
    Row(SLOW, "server's memory at most", field("runstream 10% slow", "peak_resident_bytes", 1e-6), 256, "MB"),
    Row(("reconnect storm, 10,000", "reconnect storm, 2,000"), "all caught up after the last connect",
        field("runstream", "storm_catch_up_seconds"), 2, "s"),
    Row("ingest and replay", "ingest", field("ingest", "deliveries_per_second"), 400_000, "events/s", at_least=True),
    Row("ingest and replay", "replay",
        lambda figures: figures["replay"]["all_bytes"] / figures["replay"]["all_seconds"] / 1e6, 200, "MB/s", at_least=True),
    Row("ingest and replay", "resume at 90%: first byte", field("resume", "first_byte_seconds", 1e3), 5, "ms"),
    # Both saturate a core, so this is req/s to req/s, less what neighbours took of the core from one of the two.
    Row("GET status", "req per CPU second, server / evhttp",
        quotient(field("floor-get", "cpu_us_per_request"), field("runstream", "cpu_us_per_request")), 0.85, at_least=True, ratio=True),
    Row("GET status while fanning out", "p99", field("status", "p99_ms"), 10, "ms"),
    Row("submit and list", "durable submits", field("submit", "requests_per_second"), 10_000, "/s", at_least=True),
    Row("start", "ready", field("start", "ready_seconds"), 1, "s"),
    Row("start", "memory", field("start", "resident_bytes", 1e-6), 100, "MB"),
    Row("churn", "descriptors, end / settled", lambda figures: changed(figures, "descriptors"), 1.05, ratio=True),
    Row("churn", "memory, end / settled", lambda figures: changed(figures, "resident_bytes"), 1.05, ratio=True),
]


def changed(figures, name):
    return figures["runstream"]["ended"][name] / figures["runstream"]["settled"][name]
