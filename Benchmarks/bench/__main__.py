"""The driver of the benchmarks: `python3 bench full|smoke|soak|case NAME`.

It starts servers, divides numbers and draws lines; nothing in it is timed."""

import argparse
import datetime
import os
import resource
import sys
import time

import cases
import plots
import report
from paths import RESULTS
from processes import BenchError, machine_stolen_seconds
from targets import Nchan


# By what factor a ratio may miss its goal before the command fails.
TOLERATED = 2.0


def measure(selected, rounds):
    """Runs each case in turn, round after round."""
    measured = []
    for turn in range(rounds):
        figures = {}
        for name, case in selected:
            begun, stolen = time.monotonic(), machine_stolen_seconds()
            print(f"\n{name}" + (f" (round {turn + 1} of {rounds})" if rounds > 1 else ""), flush=True)
            figures[name] = case()
            report.print_figures(name, figures[name])
            passed = time.monotonic() - begun
            share = (machine_stolen_seconds() - stolen) / passed / os.cpu_count()
            for one in figures[name]:
                one["stolen"] = share
            print(f"  [{passed:.0f} s, stolen {share:.0%}]", flush=True)
        measured.append(figures)
    return measured


def select(arguments):
    if arguments.command == "soak":
        return cases.soak(arguments.seconds)
    every = cases.smoke() if arguments.command == "smoke" else cases.full()
    if arguments.command != "case":
        return every
    chosen = [case for case in cases.full() + cases.soak(arguments.seconds) if any(part in case[0] for part in arguments.names)]
    if not chosen:
        raise BenchError("no such case; there are: " + "; ".join(name for name, _ in every))
    return chosen


def main():
    parser = argparse.ArgumentParser(prog="bench", description="Runs the load benchmark and holds it against its goals.")
    parser.add_argument("command", choices=["full", "smoke", "soak", "case"])
    parser.add_argument("names", nargs="*", help="case: parts of the cases' names")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=600, help="soak: how long")
    parser.add_argument("--machine", default=report.machine_name(), help="the name in the result's file name")
    parser.add_argument("--save", action="store_true", help="write results/<date>-<machine>.json and the plots")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if not Nchan.is_installed():
        print("nginx with nchan is not installed (libnginx-mod-nchan): its figures are left out")
    selected = select(arguments)
    rounds = measure(selected, arguments.rounds)
    table = report.rows(rounds, tolerate=TOLERATED)
    if arguments.command == "smoke":
        # It measures few events, of which one that a neighbour delays can be the p99. What is really slow is so in the median too.
        suspects = {row["case"] for row in table if row["failed"]}
        if suspects:
            rounds += measure([case for case in selected if case[0] in suspects], 2)
            table = report.rows(rounds, tolerate=TOLERATED)
    report.print_rows(table)
    if arguments.save:
        name = f"{datetime.date.today().isoformat()}-{arguments.machine}"
        os.makedirs(RESULTS, exist_ok=True)
        report.save(os.path.join(RESULTS, name + ".json"), arguments.command, rounds, table)
        drawn = plots.write(RESULTS, name, rounds, report.machine())
        print("\nwritten to results/: " + ", ".join([name + ".json", *drawn]))
    unclean, failed = report.unclean(rounds), [row for row in table if row["failed"]]
    for case in unclean:
        print(f"FAILED, events lost, doubled, misordered or malformed, or requests in error: {case}")
    for row in failed:
        print(f"FAILED, more than twice its goal: {row['case']}, {row['what']}: {report.number(row['value'])}, goal {report.number(row['goal'])}")
    return 1 if unclean or failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
