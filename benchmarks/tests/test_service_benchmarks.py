"""Each benchmark runs, at the smallest size. What it measures is for people to read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.growth_probes import PROBES
from benchmarks.serving import GUNICORN
from embedded.processes import WHOLE_PATIENCE

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.long


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", *arguments]
    finished = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=WHOLE_PATIENCE, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def rows(output: str) -> list[list[str]]:
    """The cells of a Markdown table, without its header."""
    lines = [line for line in output.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_it_measures_memory() -> None:
    baseline, *states = rows(run("benchmarks.memory", "--tiny"))

    assert baseline[0].startswith("baseline")
    assert len(states) == 4
    # Bytes are no matter of time: the aims hold at any size.
    assert all(int(value) <= 300 for _, value, *_ in states)
    assert all(int(usage) <= 400 for _, _, usage, *_ in states)


def test_it_measures_submit_beside_its_floor() -> None:
    times, costs = run("benchmarks.submit", "--tiny").split("Of one request:")

    ratios = ["submit/floor", "submit/lean floor", "start/submit", "status/submit"]
    measured = rows(times)
    assert [row[:3] for row in measured] == [["5 concepts", "2", ratio] for ratio in ratios]
    assert all(float(row[3]) > 0 for row in measured)
    counted = {request: [float(cell) for cell in cells] for _, _, request, *cells in rows(costs)}
    records, written, _, commits = counted["submit"][2:6]
    assert 5 < records < counted["floor"][2]  # counts, no matter of time
    assert written > 0
    assert commits >= 1
    assert counted["status"][2] < 1  # who looks writes nothing


def test_it_holds_a_load_whose_numbers_add_up() -> None:
    output = run("benchmarks.load", "--tiny")

    speeds = {name: cells for name, *cells in rows(output)}
    printed = re.findall(r"^ +([\d,]+)  (.+)$", output, re.MULTILINE)
    counted = {name.split(", ")[0]: int(number.replace(",", "")) for number, name in printed}
    service, floor = (int(number) for number in speeds["answers"][:2])
    warm_up, tests = 4 * 20, counted["tests started"]
    assert service == floor == tests * 20 > 0
    assert counted["answers accepted"] == service + warm_up
    assert counted["answers stored"] == service + warm_up
    assert counted["errors"] == 0
    fast, slow, ratio = map(float, speeds["answers a second"])
    assert ratio == pytest.approx(fast / slow, abs=0.02)
    assert float(speeds["p50, ms"][0]) <= float(speeds["p99, ms"][0])
    first, last, growth = map(float, speeds["a web process"])
    assert growth == pytest.approx(last - first, abs=0.02)


def test_it_measures_cleanup() -> None:
    output = run("benchmarks.cleanup", "--tiny")

    assert len(rows(output)) == 2
    assert "sessions_active_by_mark" in output


def test_it_measures_audit() -> None:
    measured = rows(run("benchmarks.audit", "--tiny"))

    ways = ["reading", "verify_audit", "with a new witness", "in two processes", "since a witness"]
    assert [name for name, *_ in measured] == ways


def test_it_runs_all_that_exist() -> None:
    output = run("benchmarks", "--help")

    headings = [line for line in output.splitlines() if line.startswith("# ")]
    assert [line for line in headings if line != "# engine"] == [
        *(
            "# steps",
            "# calibration",
            "# exposure",
            "# memory",
            "# submit",
            "# worker_start",
            "# cleanup",
            "# audit",
            "# watch",
        ),
    ]


def test_it_serves_as_make_run_does() -> None:
    source = (ROOT / "embedded" / "run.py").read_text()
    assert all(f'"{word}"' in source for word in GUNICORN)


def test_it_aligns_a_table() -> None:
    assert table(["a", "b"], [["long", 1]]) == "| a    | b |\n| ---- | - |\n| long | 1 |"


def test_it_measures_a_night(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--deep"):
        pytest.skip("twenty seconds; --deep runs it")
    ((questions, answers, *_),) = rows(run("benchmarks.watch", "--tiny"))

    assert (questions, answers) == ("60", "3,750")


def test_it_measures_growth(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--deep"):
        pytest.skip("half a minute; --deep runs it")
    measured = rows(run("benchmarks.growth", "--tiny"))

    assert [name for name, *_ in measured] == [probe.name for probe in PROBES]
    assert all(float(first_byte) > 0 for _, _, _, _, first_byte, *_ in measured)
