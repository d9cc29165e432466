"""States by standard errors: the limits themselves belong to the better state."""

import math
from collections.abc import Sequence

import pytest

from testing_engine.calibration.promotion import keeps_its_parameters, state_after

NEW, PROVISIONAL, OPERATIONAL, RETIRED = "not_calibrated", "provisional", "operational", "retired"


@pytest.mark.parametrize(
    ("state", "slope_error", "errors", "expected"),
    [
        (NEW, 0.25, [0.20], OPERATIONAL),
        (NEW, 0.26, [0.20], PROVISIONAL),
        (NEW, None, [0.20], OPERATIONAL),
        (NEW, 0.25, [0.21], PROVISIONAL),
        (NEW, 9.0, [0.35], PROVISIONAL),
        (NEW, 0.1, [0.36], NEW),
        (NEW, 0.1, [0.1, 0.2, 0.36], NEW),
        (NEW, 0.1, [0.1, None], NEW),
        (NEW, math.nan, [0.1], PROVISIONAL),
        (NEW, 0.1, [math.inf], NEW),
        (NEW, 0.1, [], NEW),
        (PROVISIONAL, 0.1, [0.9], PROVISIONAL),
        (PROVISIONAL, 0.1, [0.1], OPERATIONAL),
        (OPERATIONAL, 0.9, [0.9], OPERATIONAL),
        (RETIRED, 0.1, [0.1], RETIRED),
    ],
)
def test_states(state: str, slope_error: float | None, errors: Sequence[float | None], expected: str) -> None:
    assert state_after(state, 1.0, slope_error, errors) == expected


@pytest.mark.parametrize(
    ("state", "before", "now", "keeps"),
    [
        (OPERATIONAL, OPERATIONAL, PROVISIONAL, True),
        (OPERATIONAL, OPERATIONAL, NEW, True),
        (OPERATIONAL, OPERATIONAL, OPERATIONAL, False),
        (OPERATIONAL, PROVISIONAL, PROVISIONAL, False),  # the old ones are no better
        (OPERATIONAL, NEW, NEW, False),
        (PROVISIONAL, PROVISIONAL, NEW, True),
        (PROVISIONAL, OPERATIONAL, PROVISIONAL, False),
        (NEW, NEW, NEW, False),
        (RETIRED, OPERATIONAL, NEW, False),
    ],
)
def test_parameters_that_hold_the_state_are_kept(state: str, before: str, now: str, keeps: bool) -> None:
    assert keeps_its_parameters(state, before, now) == keeps
