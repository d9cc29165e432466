"""About which concepts a session asked: about the others, its result says nothing.

A question that is only tried out asks about none, and a test without abilities says nothing of any.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from django.db import connection

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
    @property
    def pilots_answered(self) -> int: ...


_ASKED = """
SELECT known.place - 1, array_agg(answer.question_id)
FROM unnest(%s::uuid[]) WITH ORDINALITY AS known (id, place)
JOIN test_responses AS answer ON answer.session_id = known.id{but_pilots}
GROUP BY known.place
"""
# Where a session has no pilot, its answers' rows need not be looked at: an index has their questions.
_OF_ALL, _OF_SOME = _ASKED.format(but_pilots=""), _ASKED.format(but_pilots=" AND NOT answer.is_pilot")


class Asked:
    """Looks up what sessions asked about; which concepts a version of a question measures is read once."""

    def __init__(self) -> None:
        self._measured: dict[int, int] = {}  # by question: a bit a concept

    def about(self, sessions: Iterable[Measuring]) -> dict[Any, list[bool]]:
        """For each session by its key, whether a question measured the concept. Two queries at the most;
        one more where a session has pilots, and one where it has no answer here."""
        every = list(sessions)
        measuring = [session.pk for session in every if len(session.theta)]
        with_pilots = [session.pk for session in every if len(session.theta) and session.pilots_answered]
        without = [session.pk for session in every if len(session.theta) and not session.pilots_answered]
        questions = {**_questions(_OF_ALL, without), **_questions(_OF_SOME, with_pilots)}
        for session_id, kept in kept_of(key for key in measuring if key not in questions).items():
            questions[session_id] = [each.question_id for each in kept if not each.is_pilot]
        self._know(set().union(*questions.values()))
        return {session.pk: self._told(session, questions.get(session.pk, ())) for session in every}

    def _told(self, session: Measuring, questions: Iterable[int]) -> list[bool]:
        bits = 0
        for question in questions:
            bits |= self._measured[question]
        return list(_concepts(bits, len(session.theta)))

    def _know(self, questions: set[int]) -> None:
        if missing := questions - self._measured.keys():
            for key, weights in Question.objects.filter(pk__in=missing).values_list("pk", "concepts"):
                self._measured[key] = sum(is_it << place for place, is_it in enumerate(measures(weights)))


def _questions(sql: str, sessions: list[Any]) -> dict[Any, list[int]]:
    """What was asked, by the session."""
    if not sessions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [sessions])
        return {sessions[place]: asked for place, asked in cursor.fetchall()}


@lru_cache(maxsize=1024)
def _concepts(bits: int, concepts: int) -> tuple[bool, ...]:
    return tuple(bool(bits >> place & 1) for place in range(concepts))


def asked_in(sessions: Iterable[Measuring]) -> dict[Any, list[bool]]:
    """The same of some sessions."""
    return Asked().about(sessions)
