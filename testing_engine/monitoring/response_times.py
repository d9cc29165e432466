"""How long answers took, and which came too fast to be answers.

An answer faster than its question's threshold is rapid (`psychometrics.response_times`: NT10, Wise & Ma
2012). Told is a question whose answers often are, and how many persons gave more than 10 % of their answers
so (response time effort below .9; Wise & Kong 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.effort import FLAGGED_BELOW
from testing_engine.psychometrics.response_times import by_question, efforts, thresholds

FEWEST_ANSWERS = 5  # of a person, before their effort is a number


@dataclass(frozen=True, eq=False)
class Times:
    """Of questions (Q,), in seconds: `median` and `threshold`; of persons who are not careless, `n` times
    known and `rapid` ones among them, for who hurries through everything says nothing of a question.

    `is_rapid` (A,) of answers; `persons` with enough times, and the `careless` among them.
    """

    n: IntArray
    median: FloatArray
    threshold: FloatArray
    rapid: IntArray
    is_rapid: BoolArray
    persons: int
    careless: int

    @property
    def rapid_share(self) -> FloatArray:
        """(Q,), nan without times."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(self.n > 0, self.rapid / np.maximum(self.n, 1), np.nan))


def times_of(
    item: IntArray, test: IntArray, seconds: FloatArray, settled: Sequence[float | None], tests: int
) -> Times:
    """`seconds` (A,) of answers to `item` in `test`; nan is not known. `settled` (Q,): thresholds to go by;
    None: the one that these times have.
    """
    questions = len(settled)
    known = np.isfinite(seconds)
    found = thresholds(item, seconds, questions)
    threshold = np.array(
        [own.seconds if given is None else given for own, given in zip(found, settled, strict=True)]
    )
    is_rapid = known.copy()
    is_rapid[known] = seconds[known] < threshold[item[known]]
    n_known = np.bincount(test[known], minlength=tests)
    effort = efforts(test[known], is_rapid[known].tolist(), tests)
    counted = n_known >= FEWEST_ANSWERS
    careless = np.zeros(tests, dtype=bool)
    careless[counted] = effort[counted] < FLAGGED_BELOW
    careful = ~careless[test]
    return Times(
        np.bincount(item[known & careful], minlength=questions),
        _medians(item[known], seconds[known], questions),
        threshold,
        np.bincount(item[is_rapid & careful], minlength=questions),
        is_rapid,
        int(counted.sum()),
        int(careless.sum()),
    )


def _medians(item: IntArray, seconds: FloatArray, questions: int) -> FloatArray:
    """(Q,), nan without times."""
    parts = by_question(item, seconds, questions)
    return np.array([np.median(part) if len(part) else np.nan for part in parts])
