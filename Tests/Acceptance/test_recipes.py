"""The recipes by themselves, without a server: what they write, and that the numbers are right."""

import csv
import json
import math
import os
import shutil
import statistics
import subprocess
from pathlib import Path

import pytest

from support import EXAMPLES

RECIPES = EXAMPLES / "recipes"
DATA = EXAMPLES / "data" / "us-macro-quarterly.csv"
AWKS = {name: command for name, command in {"mawk": "mawk", "gawk": "gawk", "busybox": "busybox awk"}.items() if shutil.which(command.split()[0])}


@pytest.fixture(params=AWKS)
def awk(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """An environment in which `awk` is this one."""
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "awk").write_text(f'#!/bin/sh\nexec {AWKS[request.param]} "$@"\n')
    (directory / "awk").chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}", "CSV_ROOT": str(tmp_path)}


def run(recipe: str, config: object = None, environment: dict[str, str] | None = None, cwd: Path | None = None, **job) -> subprocess.CompletedProcess:
    line = json.dumps({"job_id": "run_000000000000", "prompt": "test", "attempt": 1, "recipe_config": config} | job) + "\n"
    return subprocess.run([RECIPES / recipe], input=line.encode(), capture_output=True, timeout=30, cwd=cwd, env=os.environ | (environment or {}))


def events(completed: subprocess.CompletedProcess) -> list[tuple[str, dict]]:
    assert completed.returncode == 0, completed.stderr.decode()
    return [(event["event"], event["data"]) for event in map(json.loads, completed.stdout.decode().splitlines())]


def analyse(text: str, environment: dict[str, str], **config) -> subprocess.CompletedProcess:
    path = Path(environment["CSV_ROOT"]) / "input.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return run("analyze-csv", {"csv": str(path), "pace_ms": 0} | config, environment)


def close(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=1e-10, abs_tol=1e-12)


def test_analyze_csv_agrees_with_python_on_every_column_of_the_real_data(awk, tmp_path):
    found = events(run("analyze-csv", {"pace_ms": 0}, awk, cwd=tmp_path))
    kind, result = found[-1]
    assert kind == "result"
    assert result["rows"] == 203
    assert result["period"] == {"first": "1959 Q1", "last": "2009 Q3"}
    with DATA.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(result["columns"]) == list(rows[0])
    for name, column in result["columns"].items():
        values = [float(row[name]) for row in rows]
        assert (column["count"], column["missing"]) == (203, 0)
        assert close(column["mean"], statistics.fmean(values)), name
        assert close(column["stddev"], statistics.stdev(values)), name
        assert (column["min"], column["max"]) == (min(values), max(values))
        if name in ("year", "quarter") or min(values) <= 0:
            assert column["growth"] is None, name
            continue
        rates = [after / before - 1 for before, after in zip(values, values[1:])]
        assert column["growth"]["quarters"] == 202
        assert close(column["growth"]["quarterly_percent"], 100 * statistics.fmean(rates)), name
        assert close(column["growth"]["annualised_percent"], 100 * ((values[-1] / values[0]) ** (4 / 202) - 1)), name


def test_analyze_csv_reports_progress_that_only_grows_and_a_log_line_per_column(awk):
    completed = run("analyze-csv", {"pace_ms": 0}, awk)
    found = events(completed)
    steps = [data for kind, data in found if kind == "progress"]
    percentages = [step["percentage"] for step in steps]
    assert percentages == sorted(percentages)
    assert (percentages[0], percentages[-1]) == (0, 100)
    assert len(set(percentages)) >= 20
    assert (steps[-1]["steps_completed"], steps[-1]["steps_total"]) == (15, 15)
    logs = [data["message"] for kind, data in found if kind == "log"]
    assert [message.split(":")[0] for message in logs] == list(found[-1][1]["columns"])
    assert completed.stderr.decode() == "analyze-csv: 203 rows, 14 columns, dated by quarter\n"


def test_analyze_csv_paces_its_steps():
    fast, slow = ({"pace_ms": pace} for pace in (0, 60))
    began = os.times().elapsed
    events(run("analyze-csv", fast))
    between = os.times().elapsed
    events(run("analyze-csv", slow))
    assert os.times().elapsed - between > between - began + 20 * 0.06


@pytest.mark.parametrize("name", ["examples/data/us-macro-quarterly.csv", "data/us-macro-quarterly.csv", str(DATA)])
def test_analyze_csv_finds_a_relative_file_wherever_it_runs(name, tmp_path):
    assert events(run("analyze-csv", {"csv": name, "pace_ms": 0}, cwd=tmp_path))[-1][1]["rows"] == 203


@pytest.mark.parametrize("name", ["plain.csv", "with space.csv", 'quote".csv', "back\\slash.csv", "new\nline\n.csv", "é😀.csv", "-dash=.csv", "$HOME`x`'.csv"])
@pytest.mark.parametrize("ascii", [True, False])
def test_analyze_csv_reads_any_name_out_of_the_job(awk, tmp_path, name, ascii):
    (tmp_path / name).write_text("a\n1\n3\n")
    decoys = {"csv": "/decoy", "deep": {"csv": "/decoy", "recipe_config": {"csv": "/decoy"}}, "list": [{"csv": "/decoy"}, '"csv": "/decoy"']}
    job = {"prompt": 'say "recipe_config": {"csv": "/decoy"} \\', **decoys, "recipe_config": {"x": decoys["list"], "csv": name, "deep": decoys["deep"]}}
    line = json.dumps(job, ensure_ascii=ascii) + "\n"
    completed = subprocess.run([RECIPES / "analyze-csv"], input=line.encode(), capture_output=True, timeout=30, env=os.environ | awk)
    assert events(completed)[-1][1]["columns"]["a"]["mean"] == 2


def test_analyze_csv_is_not_slowed_by_a_prompt_of_half_a_megabyte(awk):
    assert events(run("analyze-csv", {"pace_ms": 0}, awk, prompt='x"\\' * 100_000))[-1][0] == "result"


def test_analyze_csv_reads_quotes_commas_crlf_a_byte_order_mark_and_missing_cells(awk):
    text = '\ufeff"a, ""b""", c ,\r\n"1",2.5e1,\r\n-3,,"+4"\r\n\r\n'
    result = events(analyse(text, awk))[-1][1]
    assert list(result["columns"]) == ['a, "b"', "c", "column 3"]
    assert result["period"] is None
    first, second, third = result["columns"].values()
    assert (first["count"], first["mean"], first["min"], first["max"]) == (2, -1, -3, 1)
    assert close(first["stddev"], math.sqrt(8))
    assert (second["count"], second["missing"], second["mean"], second["stddev"]) == (1, 1, 25, None)
    assert (third["count"], third["mean"], third["growth"]) == (1, 4, None)


def test_analyze_csv_counts_growth_over_successive_quarters_only(awk):
    text = "year,quarter,x,y\n2000,1,100,1\n2000,2,110,\n2001,2,121,2\n2001,3,133.1,3\n"
    columns = events(analyse(text, awk))[-1][1]["columns"]
    assert columns["x"]["growth"]["quarters"] == 2
    assert close(columns["x"]["growth"]["quarterly_percent"], 10)
    assert close(columns["x"]["growth"]["annualised_percent"], 100 * (1.331 ** (4 / 6) - 1))
    assert columns["y"]["growth"]["quarters"] == 1


def test_analyze_csv_puts_a_result_too_long_for_a_line_into_the_result_file(awk, tmp_path):
    names = [f"a column with a rather long name, number {number}" for number in range(1500)]
    text = ",".join(f'"{name}"' for name in names) + "\n" + ",".join("1" for _ in names) + "\n"
    path = tmp_path / "result.json"
    completed = analyse(text, awk | {"RUNSTREAM_RESULT_FILE": str(path)})
    assert "result" not in [kind for kind, _ in events(completed)]
    assert list(json.loads(path.read_text())["columns"]) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no columns: the file is empty"),
        ("\n1,2\n", "no columns: the first line is empty"),
        ("a,b\n", "no rows under the column names"),
        ("a,b\n1,2\n3,four\n", "line 3, column b: not a number: four"),
        ("a,b\n1,0x10\n", "line 2, column b: not a number: 0x10"),
        ("a,b\n1,nan\n", "line 2, column b: not a number: nan"),
        ("a,b\n1,1e999\n", "line 2, column b: beyond what is computed with (1e-37 to 1e37): 1e999"),
        ("a,b\n1\n", "line 2: 1 cells where the first line names 2 columns"),
        ("a,b\n1,2,3\n", "line 2: 3 cells where the first line names 2 columns"),
        ('a,b\n1,"2\n', "line 2: a quoted cell does not end on its line"),
        ('a,b\n1,"2"3\n', "line 2: text after a closing quote"),
        ("a,a\n1,2\n", "two columns are named a"),
        ("year,quarter\n2000,5\n", "line 2: year and quarter (1 to 4) are not a date"),
        ("year,quarter\n2000,2\n2000,1\n", "line 3: the quarters are not in order of time"),
    ],
)
def test_analyze_csv_refuses_a_bad_file_and_says_where(awk, text, message):
    completed = analyse(text, awk)
    assert completed.returncode == 1
    assert completed.stderr.decode().splitlines()[-1] == f"analyze-csv: {message}"
    assert b'"result"' not in completed.stdout


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"csv": "nowhere.csv"}, "no such file: nowhere.csv"),
        ({"csv": "examples"}, "not a regular file: examples"),
        ({"csv": "/etc/passwd"}, "outside the directory that runs may read: /etc/passwd"),
        ({"csv": "examples/data/../../../../../../../../../etc/passwd"}, "outside the directory that runs may read: "),
        ({"csv": 7}, "recipe_config.csv is not a string"),
        ({"csv": "a\u0000b"}, "recipe_config holds a NUL"),
        ({"pace_ms": "fast"}, "recipe_config.pace_ms is not a number from 0 to 10000"),
        ({"pace_ms": 10001}, "recipe_config.pace_ms is not a number from 0 to 10000"),
    ],
)
def test_analyze_csv_refuses_a_bad_config_in_one_line(config, message):
    completed = run("analyze-csv", config)
    assert completed.returncode == 1
    assert completed.stderr.decode().startswith(f"analyze-csv: {message}")
    assert completed.stderr.count(b"\n") == 1


def test_analyze_csv_does_not_follow_a_link_out_of_its_directory(awk, tmp_path):
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    completed = run("analyze-csv", {"csv": "link.csv"}, awk)
    assert (completed.returncode, completed.stderr) == (1, b"analyze-csv: not a regular file: link.csv\n")


@pytest.mark.parametrize("line", ["", "[]", "{", '{"recipe_config": {"csv": "x', '{"a" 1}', '{"a": "\\u12g4", "recipe_config": {"csv": "\\x"}}'])
def test_analyze_csv_refuses_what_is_no_job(awk, line):
    completed = subprocess.run([RECIPES / "analyze-csv"], input=line.encode(), capture_output=True, timeout=10, env=os.environ | awk)
    assert completed.returncode == 1
    assert completed.stderr.startswith(b"analyze-csv: ") and completed.stderr.count(b"\n") == 1


def test_agent_steps_plans_calls_tools_and_answers():
    found = events(run("agent-steps", {"pace_ms": 0, "top": 2}, prompt="When did output fall the most?"))
    kinds = [kind for kind, _ in found]
    assert kinds[:2] == ["log", "plan"]
    assert kinds.count("tool_call") == kinds.count("tool_result") == len(found[1][1]["steps"]) == 3
    steps = [data for kind, data in found if kind == "progress"]
    assert [(step["steps_completed"], step["percentage"]) for step in steps] == [(0, 0), (1, 25), (2, 50), (3, 75), (4, 100)]
    answer = found[-1][1]
    assert [fall["quarter"] for fall in answer["falls"]] == ["1980 Q2", "2009 Q1"]
    assert "1980 Q2" in answer["answer"]


def test_agent_steps_fails_in_one_line():
    completed = run("agent-steps", {"top": "many"})
    assert completed.returncode == 1
    assert completed.stderr.decode().startswith("agent-steps: ValueError: ")


def test_five_lines_is_the_one_of_the_readme():
    assert events(run("five-lines"))[-1] == ("result", {"answer": 42})
    assert (RECIPES / "five-lines").read_text() in (EXAMPLES.parent / "README.md").read_text()
