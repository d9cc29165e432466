"""The benchmark of the calibration's levels: it runs, and (with --deep) they hold."""

import numpy as np
import pytest

from benchmarks import calibration_levels


def test_it_prints_every_interval_and_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration_levels.main(["--tiny"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()][2:]
    assert len(rows) == 13
    assert all(0 <= float(row[2]) <= 1 for row in rows)


def test_levels_hold(request: pytest.FixtureRequest) -> None:
    """Of 20 rounds; each share may miss its aim by twice its standard error."""
    if not request.config.getoption("--deep"):
        pytest.skip("takes minutes: --deep")
    shares = calibration_levels.rounds(20, 3000, int(np.random.default_rng().integers(2**31)))
    for kind in ("interval", "alarm"):
        low, high = map(float, calibration_levels.AIMS[kind].split(" to "))
        for name, each in shares[kind].items():
            error = np.std(each, ddof=1) / np.sqrt(len(each))
            if name != calibration_levels.NOT_FOR_ADAPTIVE:
                assert low - 2 * error < np.mean(each) < high + 2 * error, name
