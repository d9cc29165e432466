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
    ("state", "now", "error_before", "error_now", "keeps"),
    [
        (OPERATIONAL, PROVISIONAL, 0.1, 0.3, True),
        (OPERATIONAL, NEW, 0.3, 0.6, True),  # neither holds the state: the better known stay
        (OPERATIONAL, NEW, 0.9, 0.6, False),
        (OPERATIONAL, OPERATIONAL, 0.1, 0.19, False),
        (PROVISIONAL, NEW, 0.2, 0.4, True),
        (PROVISIONAL, PROVISIONAL, 0.2, 0.3, False),
        (OPERATIONAL, PROVISIONAL, None, 0.3, True),  # uploaded, and said to be known
        (OPERATIONAL, OPERATIONAL, None, 0.1, False),
        (OPERATIONAL, NEW, 0.3, math.inf, True),
        (NEW, NEW, None, 0.9, False),
        (RETIRED, NEW, 0.1, 0.9, False),
    ],
)
def test_parameters_that_are_better_known_are_kept(
    state: str, now: str, error_before: float | None, error_now: float, keeps: bool
) -> None:
    assert keeps_its_parameters(state, now, error_before, error_now) == keeps
