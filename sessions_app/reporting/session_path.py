"""A test step by step, from what is stored: abilities, and what each question told where it was asked."""

from dataclasses import dataclass

import numpy as np

from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.decisions import score_begins_at
from testing_engine.psychometrics.coverage import difficulties
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.revisions import FrozenRevision, load_plan, load_revision

RIGHT, WRONG, UNSCORED = "right", "wrong", "not scored"


@dataclass(frozen=True, eq=False)
class Path:
    """n answers in D concepts. Step 0 is the start. Works for imported sessions, too."""

    concept_names: tuple[str, ...]
    questions: tuple[str, ...]  # (n,)
    outcomes: tuple[str, ...]  # (n,)
    theta: FloatArray  # (n + 1, D)
    error: FloatArray  # (n + 1, D)
    measures: np.ndarray  # (n, D) whether the question measures the concept
    difficulty: FloatArray  # (n,)
    information: FloatArray  # (n,) about θ at the ability before the answer: trace, I(t) ‖a‖²
    seconds: tuple[float | None, ...]  # (n,)

    @property
    def band(self) -> tuple[FloatArray, FloatArray]:
        """(n + 1, D) ends of the 95 % band, θ ± 1.96 SE."""
        return self.theta - 1.96 * self.error, self.theta + 1.96 * self.error


def path_of(session: TestSession) -> Path:
    """Two queries, and the revision's and the plan's if this process has not met them.

    Of a test with abilities; without the questions that it only tried out.
    """
    revision = load_revision(session.revision_id)
    responses = list(session.responses.filter(is_pilot=False).order_by("position"))
    items = np.array([revision.positions_by_key[r.question_id] for r in responses], dtype=np.intp)
    bank = revision.bank
    mean, sd = score_begins_at(session)
    theta = np.array([mean, *(r.theta for r in responses)])
    told = [
        float(bank.information(before, np.array([item]))[0]) * float(bank.squared_steepness[item])
        for before, item in zip(theta[:-1], items, strict=True)
    ]
    return Path(
        concept_names=load_plan(session.plan_id).concept_names,
        questions=_names(revision, items),
        outcomes=tuple(map(_outcome, responses)),
        theta=theta,
        error=np.array([sd, *(r.standard_error for r in responses)]),
        measures=bank.slopes[items] > 0,
        difficulty=difficulties(bank)[items],
        information=np.array(told),
        seconds=tuple(None if r.response_time_ms is None else r.response_time_ms / 1000 for r in responses),
    )


def _names(revision: FrozenRevision, items: IntArray) -> tuple[str, ...]:
    return tuple(revision.external_ids[item] for item in items)


def _outcome(response: TestResponse) -> str:
    if response.counted_score < 0:
        return UNSCORED
    return RIGHT if response.is_correct else WRONG
