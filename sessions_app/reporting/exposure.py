"""How often each question of a pool was seen, from the answers of real students."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from sessions_app.models import TestResponse, TestSession
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
    over = TestSession.objects.filter(revision_id=revision.id, questions_answered__gt=0).exclude(
        status=TestSession.Status.ACTIVE
    )
    counts = TestResponse.objects.filter(session__in=over).values_list("question_id").annotate(Count("pk"))
    given = np.zeros(revision.bank.n_items, dtype=np.int64)
    for question_id, count in counts:
        given[revision.positions_by_key[question_id]] = count
    return Exposure(over.count(), given)
