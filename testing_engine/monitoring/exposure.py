"""Which questions adaptive tests give how often."""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.constraints.exposure import exposure_rates, mean_overlap


@dataclass(frozen=True, eq=False)
class Use:
    """`given` (Q,): adaptive tests that had each question, of `tests`; `overlap` as `mean_overlap`."""

    given: IntArray
    tests: int
    overlap: float

    @property
    def rates(self) -> FloatArray:
        """(Q,)"""
        return exposure_rates(self.given, self.tests)


def use_of(item: IntArray, test: IntArray, is_adaptive: BoolArray, questions: int) -> Use:
    """Over the adaptive tests alone: one in a fixed order gives everything to everybody, as it should."""
    counted = is_adaptive[test] if len(test) else np.zeros(0, dtype=bool)
    tests = len(np.unique(test[counted]))
    given = np.bincount(item[counted], minlength=questions)
    return Use(given, tests, mean_overlap(given, tests))
