"""About which concepts a session asked: about the others, its result says nothing.

A question that is only tried out asks about none, and a test without abilities says nothing of any.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from django.contrib.postgres.aggregates import ArrayAgg

from sessions_app.models import TestResponse
from sessions_app.sitting.archived import kept_of
from testing_engine.models import Question


def measures(concepts: Sequence[float]) -> list[bool]:
    """Which concepts a question measures, by its weights."""
    return [weight > 0 for weight in concepts]


def either(one: Sequence[bool], other: Sequence[bool]) -> list[bool]:
    return [a or b for a, b in zip(one, other, strict=True)]


class Measuring(Protocol):
    """A session, or what was read of one."""

    @property
    def pk(self) -> Any: ...
    @property
    def theta(self) -> Sequence[float]: ...


class Asked:
    """Looks up what sessions asked about; which concepts a version of a question measures is read once."""

    def __init__(self) -> None:
        self._measured: dict[int, int] = {}  # by question: a bit a concept

    def about(self, sessions: Iterable[Measuring]) -> dict[Any, list[bool]]:
        """For each session by its key, whether a question measured the concept. Two queries at the most;
        three where a session has no answer here."""
        length = {session.pk: len(session.theta) for session in sessions}
        measuring = [key for key, concepts in length.items() if concepts]
        rows = TestResponse.objects.filter(session__in=measuring, is_pilot=False).order_by("session_id")
        questions = dict(rows.values_list("session_id").annotate(asked=ArrayAgg("question_id")))
        for session_id, kept in kept_of(key for key in measuring if key not in questions).items():
            questions[session_id] = [each.question_id for each in kept if not each.is_pilot]
        self._know(set().union(*questions.values()))
        measured = self._measured
        found = dict.fromkeys(length, 0)
        for session_id, asked in questions.items():
            for question in asked:
                found[session_id] |= measured[question]
        return {key: list(_told(concepts, length[key])) for key, concepts in found.items()}

    def _know(self, questions: set[int]) -> None:
        if missing := questions - self._measured.keys():
            for key, weights in Question.objects.filter(pk__in=missing).values_list("pk", "concepts"):
                self._measured[key] = sum(is_it << place for place, is_it in enumerate(measures(weights)))


@lru_cache(maxsize=1024)
def _told(bits: int, concepts: int) -> tuple[bool, ...]:
    return tuple(bool(bits >> place & 1) for place in range(concepts))


def asked_in(sessions: Iterable[Measuring]) -> dict[Any, list[bool]]:
    """The same of some sessions."""
    return Asked().about(sessions)
