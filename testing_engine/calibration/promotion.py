"""When a question's parameters are known well enough: from what it was to what it is after a calibration.

By the result and not by the number of answers: 100 answers to a 2PL question leave an error of its difficulty
of about .33, 250 one of .20. A calibration promotes, it never puts a question back: whether one that became
doubtful is retired, a person says. Nor does linking trade parameters that hold the state for ones that do
not.
"""

import math
from collections.abc import Sequence

from testing_engine.psychometrics.items.states import NOT_CALIBRATED, OPERATIONAL, PROVISIONAL, RETIRED

PROVISIONAL_ERROR = 0.35  # of the difficulty, in logits
OPERATIONAL_ERROR = 0.20
OPERATIONAL_SLOPE_ERROR = 0.25  # of the discrimination, as a share of it
_ORDER = (NOT_CALIBRATED, PROVISIONAL, OPERATIONAL)


def state_after(
    state: str,
    discrimination: float,
    discrimination_error: float | None,
    difficulty_errors: Sequence[float | None],
) -> str:
    """The state after a calibration.

    `difficulty_errors`: of the difficulty, or of each step where there are several; the largest counts.
    `discrimination_error` None: the model fixes the discrimination. An error that is None or no number is not
    known, and what is not known promotes nobody.
    """
    if state == RETIRED:
        return state
    found = earned(discrimination, discrimination_error, difficulty_errors)
    return max(state, found, key=_ORDER.index)


def keeps_its_parameters(state: str, earned_before: str, earned_now: str) -> bool:
    """Whether the errors of parameters as they stand reach the bar of the state, and those of new ones do
    not. Both are what `earned` gives: where the old errors are not known, nothing is kept.
    """
    if state == RETIRED:
        return False
    return _ORDER.index(earned_before) >= _ORDER.index(state) > _ORDER.index(earned_now)


def earned(slope: float, slope_error: float | None, errors: Sequence[float | None]) -> str:
    """The state that these standard errors alone are good for; the arguments as `state_after` has them."""
    known = [error for error in errors if error is not None and math.isfinite(error)]
    if not errors or len(known) < len(errors):
        return NOT_CALIBRATED
    worst = max(known)
    is_sloped_well = slope_error is None or slope_error <= OPERATIONAL_SLOPE_ERROR * slope
    if worst <= OPERATIONAL_ERROR and is_sloped_well:
        return OPERATIONAL
    return PROVISIONAL if worst <= PROVISIONAL_ERROR else NOT_CALIBRATED
