"""How long answers took, and which came too fast to be answers.

A rapid answer is faster than the question's threshold: 10 % of its mean time, at most 10 s (NT10; Wise & Ma 2012),
and 3 s where it has fewer than 100 times. A question whose answers are often rapid, and a person of whose answers
more than 10 % are (response time effort below .9; Wise & Kong 2005), is told.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray

ENOUGH_TIMES = 100
WITHOUT_TIMES = 3_000.0  # ms
LONGEST_THRESHOLD = 10_000.0
SHARE_OF_MEAN = 0.10
BREAK = 10  # medians; what took longer was a break, and no time of an answer
LEAST_EFFORT = 0.9
FEWEST_ANSWERS = 5  # of a person, before their effort is a number


@dataclass(frozen=True, eq=False)
class Times:
    """Of questions (Q,): `median` and `threshold` in milliseconds; of persons who are not careless, `n` times known
    and `rapid` ones among them, for who hurries through everything says nothing of a question.

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


def times_of(item: IntArray, test: IntArray, milliseconds: FloatArray, questions: int, tests: int) -> Times:
    """`milliseconds` (A,) of answers to `item` in `test`; nan is not known."""
    known = np.isfinite(milliseconds)
    n = np.bincount(item[known], minlength=questions)
    median, threshold = np.full(questions, np.nan), np.full(questions, WITHOUT_TIMES)
    order = np.flatnonzero(known)[np.argsort(item[known], kind="stable")]
    bounds = np.concatenate([[0], np.cumsum(n)])
    for question in np.flatnonzero(n):
        mine = milliseconds[order[bounds[question] : bounds[question + 1]]]
        median[question] = np.median(mine)
        if n[question] >= ENOUGH_TIMES:
            usual = mine[mine <= BREAK * median[question]]
            threshold[question] = min(SHARE_OF_MEAN * usual.mean(), LONGEST_THRESHOLD)
    is_rapid = np.zeros(len(item), dtype=bool)
    is_rapid[known] = milliseconds[known] < threshold[item[known]]
    of_test = np.bincount(test[known], minlength=tests)
    rapid_of_test = np.bincount(test[is_rapid], minlength=tests)
    counted = of_test >= FEWEST_ANSWERS
    careless = counted & (rapid_of_test > (1 - LEAST_EFFORT) * of_test)
    careful = ~careless[test]
    return Times(
        np.bincount(item[known & careful], minlength=questions),
        median,
        threshold,
        np.bincount(item[is_rapid & careful], minlength=questions),
        is_rapid,
        int(counted.sum()),
        int(careless.sum()),
    )
