"""Tests whose answers an archive has: what their own row keeps of each answer, for those who tell results.

Which question, the score and its marks: enough for points, what was asked about, and how errors correlate.
Abilities in between, what was chosen, and times are in the file.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sessions_app.models import ArchivedSession
from testing_engine.psychometrics.effort import MISSING

RIGHT, PILOT, RAPID = 1, 2, 4


class Kept(NamedTuple):
    """One answer. `question_id`: by primary key."""

    question_id: int
    score: int
    is_correct: bool
    is_pilot: bool
    is_rapid: bool

    @property
    def counted_score(self) -> int:
        """As of an answer in the table."""
        return MISSING if self.is_rapid else self.score


def marks_of(is_correct: bool, is_pilot: bool, is_rapid: bool) -> int:
    """As `ArchivedSession.marks` has them."""
    return RIGHT * is_correct + PILOT * is_pilot + RAPID * is_rapid


def kept_of(session_ids: Iterable[UUID]) -> dict[UUID, list[Kept]]:
    """Of those among them that are archived, in order. One query, none where there are none to look for."""
    wanted = list(session_ids)
    if not wanted:
        return {}
    return {each.session_id: list(_kept(each)) for each in ArchivedSession.objects.filter(session__in=wanted)}


def _kept(row: ArchivedSession) -> Iterator[Kept]:
    for question, score, marks in zip(row.questions, row.scores, row.marks, strict=True):
        yield Kept(question, score, bool(marks & RIGHT), bool(marks & PILOT), bool(marks & RAPID))


def tests_in_archives(pool_id: UUID, **conditions: Any) -> int:
    """Tests of a pool whose answers archives have, and which whoever reads answers would count otherwise:
    somebody answered, and is not erased. `conditions`: on the session, as a query has them. One query.
    """
    of_sessions = {f"session__{name}": value for name, value in conditions.items()}
    rows = ArchivedSession.objects.filter(
        session__revision__pool_id=pool_id,
        session__student__erased_at=None,
        session__questions_answered__gt=0,
        **of_sessions,
    )
    return rows.count()


def archives_of(session_ids: Iterable[UUID]) -> list[str]:
    """The names of the files that have answers of some of them. One query."""
    rows = ArchivedSession.objects.filter(session__in=list(session_ids))
    return list(rows.order_by("archive__name").values_list("archive__name", flat=True).distinct())


def archive_of(session_id: UUID) -> str | None:
    """The name of the file that has its answers; None where they are here. One query."""
    rows = ArchivedSession.objects.filter(session=session_id)
    return rows.values_list("archive__name", flat=True).first()
