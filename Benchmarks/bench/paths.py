"""Where things are. `RUNSTREAM` names another server binary, to compare two."""

import os

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARIES = os.path.join(BENCHMARKS, ".build", "release")
SERVER = os.environ.get("RUNSTREAM", os.path.join(os.path.dirname(BENCHMARKS), ".build", "release", "runstream"))
RESULTS = os.path.join(BENCHMARKS, "results")
WRK_SCRIPTS = os.path.join(BENCHMARKS, "wrk")
