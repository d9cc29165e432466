"""About which concepts a session asked: about the others, its result says nothing.

A question that is only tried out asks about none, and a test without abilities says nothing of any.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef

from sessions_app.models import TestResponse
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


def asked_in(sessions: Iterable[Measuring]) -> dict[Any, list[bool]]:
    """For each session by its key, whether a question measured the concept. Two queries."""
    found: dict[Any, list[bool]] = {session.pk: [False] * len(session.theta) for session in sessions}
    measuring = [key for key, asked in found.items() if asked]
    rows = TestResponse.objects.filter(session__in=measuring, is_pilot=False).order_by("session_id")
    questions = dict(rows.values_list("session_id").annotate(asked=ArrayAgg("question_id")))
    keys = set().union(*questions.values())
    concepts = Question.objects.filter(pk__in=keys).values_list("pk", "concepts")
    measured = {key: measures(weights) for key, weights in concepts}
    for session_id, asked in questions.items():
        found[session_id] = [any(each) for each in zip(*(measured[key] for key in asked), strict=True)]
    return found


def asks(index: int) -> Exists:
    """The same in SQL, for a query of sessions: whether a question measured this concept."""
    measuring = {f"question__concepts__{index}__gt": 0}
    return Exists(TestResponse.objects.filter(session=OuterRef("pk"), is_pilot=False, **measuring))
