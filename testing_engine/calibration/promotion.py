"""When a question's parameters are known well enough: from what it was to what it is after a calibration.

By the result and not by the number of answers: 100 answers to a 2PL question leave an error of its difficulty
of about .33, 250 one of .20. A calibration promotes, it never puts a question back: whether one that became
doubtful is retired, a person says. Nor does linking trade parameters for ones that are known worse and do not
hold the state.
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


def keeps_its_parameters(state: str, earned_now: str, error_before: float | None, error_now: float) -> bool:
    """Whether a question keeps the parameters it has, although there are new ones: where the errors of the
    new ones do not reach the bar of its state, the better known stay.

    `earned_now` is what `earned` gives of the new ones; the errors are the `largest_error` of the old and of
    the new. `error_before` None: nobody knows it, as of parameters that were uploaded; then the state that
    somebody gave the question counts.
    """
    if state == RETIRED or _ORDER.index(earned_now) >= _ORDER.index(state):
        return False
    return error_before is None or error_before <= error_now


def largest_error(difficulty_errors: Sequence[float | None]) -> float:
    """Of the difficulty, or of the steps where there are several; infinite where one is not known."""
    known = [error for error in difficulty_errors if error is not None and math.isfinite(error)]
    return max(known) if known and len(known) == len(difficulty_errors) else math.inf


def earned(slope: float, slope_error: float | None, errors: Sequence[float | None]) -> str:
    """The state that these standard errors alone are good for; the arguments as `state_after` has them."""
    worst = largest_error(errors)
    is_sloped_well = slope_error is None or slope_error <= OPERATIONAL_SLOPE_ERROR * slope
    if worst <= OPERATIONAL_ERROR and is_sloped_well:
        return OPERATIONAL
    return PROVISIONAL if worst <= PROVISIONAL_ERROR else NOT_CALIBRATED
