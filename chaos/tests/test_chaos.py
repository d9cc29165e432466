"""`python -m chaos`, for some seconds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.processes import WHOLE_PATIENCE

ROOT = Path(__file__).resolve().parents[2]
MUST_BE_ZERO = ("lost", "doubled", "differing", "never sent", "tests without end", "wrong replies")

# Of those whose faults of nearly every kind come within five seconds, the web servers' once each.
RUN = ("--seconds", "5", "--students", "8", "--pace", "2", "--seed", "85879")


def numbers(output: str) -> dict[str, int]:
    """What was printed: a number, two blanks, a name."""
    lines = re.findall(r"^ +([\d,]+)  (.+)$", output, re.MULTILINE)
    return {name: int(number.replace(",", "")) for number, name in lines}


@pytest.mark.long
def test_it_loses_doubles_and_changes_nothing() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "chaos", *RUN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WHOLE_PATIENCE,
        check=False,
    )
    printed = numbers(finished.stdout)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert {name: printed[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0)
    assert printed["stored"] == printed["accepted (a 200 came)"] + printed["accepted, as a 409 told"] > 0
    assert printed["web process killed"] > 0
