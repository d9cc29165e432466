"""The benchmark of coverage runs, and says what it measured."""

import sys

import pytest

from benchmarks import coverage


def test_it_prints_a_line_for_every_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["coverage", "--tiny", "--students", "4"])
    coverage.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    assert [row.split("|")[1].strip() for row in rows] == ["1", "1", "3", "3"]
    shares = [float(cell) for row in rows for cell in row.split("|")[5:-1]]
    assert all(0 <= share <= 100 for share in shares)
