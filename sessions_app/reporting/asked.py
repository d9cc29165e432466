"""About which concepts a session asked: about the others, its result says nothing.

A question that is only tried out asks about none, and a test without abilities says nothing of any.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef

from sessions_app.models import TestResponse, TestSession


def measures(concepts: Sequence[float]) -> list[bool]:
    """Which concepts a question measures, by its weights."""
    return [weight > 0 for weight in concepts]


def either(one: Sequence[bool], other: Sequence[bool]) -> list[bool]:
    return [a or b for a, b in zip(one, other, strict=True)]


def asked_in(sessions: Iterable[TestSession]) -> dict[object, list[bool]]:
    """For each session by its key, whether a question measured the concept. One query."""
    found: dict[Any, list[bool]] = {session.pk: [False] * len(session.theta) for session in sessions}
    measuring = [key for key, asked in found.items() if asked]
    rows = TestResponse.objects.filter(session__in=measuring, is_pilot=False).order_by()
    for session_id, concepts in rows.values_list("session_id", "question__concepts").distinct():
        found[session_id] = either(found[session_id], measures(concepts))
    return found


def asks(index: int) -> Exists:
    """The same in SQL, for a query of sessions: whether a question measured this concept."""
    measuring = {f"question__concepts__{index}__gt": 0}
    return Exists(TestResponse.objects.filter(session=OuterRef("pk"), is_pilot=False, **measuring))
