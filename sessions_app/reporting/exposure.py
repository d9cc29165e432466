"""How often each question of a pool was seen, from the answers of real students."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessions_app.counting import answers, results
from testing_engine.psychometrics.constraints.exposure import exposure_rates
from testing_engine.revisions import FrozenRevision


@dataclass(frozen=True)
class Exposure:
    """Counts over the tests of one revision that are over."""

    tests: int
    given: NDArray[np.int64]  # (N,) tests that had each question

    @property
    def rates(self) -> NDArray[np.float64]:
        return exposure_rates(self.given, self.tests)


def observed(revision: FrozenRevision) -> Exposure:
    """Exposure of every question of a revision; tests without an answer do not count."""
    given = np.zeros(revision.bank.n_items, dtype=np.int64)
    for question_id, count in answers.given_in(revision).tolist():
        given[revision.positions_by_key[question_id]] = count
    return Exposure(results.tests_of(revision.id), given)
