"""The plain scans do the engine's work, so that their times may be compared."""

import numpy as np
import pytest

from benchmarks import steps
from benchmarks.scans import Model, Questions
from testing_engine.psychometrics.engine import TestSoFar, next_step


@pytest.mark.parametrize(
    ("model", "dimensions"), [("1PL", 1), ("4PL", 1), ("GRM", 1), ("GPCM", 1), ("NRM", 1), ("2PL", 3)]
)
def test_a_plain_scan_chooses_what_the_engine_chooses(model: Model, dimensions: int) -> None:
    pool = Questions.drawn(model, 120, dimensions)
    bank, scan = pool.bank(), pool.scan()
    known = steps.begun(bank, 22)
    chosen = [next_step(TestSoFar(bank, steps.RULES, None, 0, *state)).next_item for state in known]
    same = [scan(*state) == item for state, item in zip(known, chosen, strict=True)]
    # its grid ends at ±4; in several dimensions it has the mode, the engine the mean
    assert np.mean(same) > (0.9 if dimensions == 1 else 0.5)
    if dimensions > 1:
        at_mean = pool.scan_at_mean()
        assert np.mean([at_mean(*state) == item for state, item in zip(known, chosen, strict=True)]) > 0.5


def test_a_row_has_times_and_ratios() -> None:
    found = steps.measured("2PL", 60, 1, states=3, turns=1)
    ((name, *times, cold, warm),) = steps.lines("2PL", 60, 1, found)
    assert name == "2PL, N = 60"
    assert all(float(each) > 0 for each in times)
    assert (cold[0], warm[0]) == ("×", "×")
