"""Results of a named test or of a student, one row a session or an answer."""

from datetime import datetime

import msgspec
from django.conf import settings
from django.db.models import QuerySet, Sum

from sessions_app import replica
from sessions_app.models import TestSession
from sessions_app.reporting import result_rows
from sessions_app.waiting.made import CONTENT_TYPES, Asking, Made, Progress, line_by_line

ANSWERS, DICTIONARY = "answers", "dictionary"


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sessions of one test or student, by primary key; of these the ones of a status, and that began then."""

    test: int | None = None
    student: int | None = None
    status: str = ""
    since: datetime | None = None
    before: datetime | None = None


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name`: of the file, without what follows of it. `rows` and `form`: `result_rows.export`."""

    name: str
    chosen: Chosen
    rows: str
    form: str
    is_for_people: bool = False


def sessions_of(chosen: Chosen) -> QuerySet[TestSession]:
    """Which sessions these are."""
    sessions = TestSession.objects.all()
    if chosen.test is not None:
        sessions = sessions.filter(named_test_id=chosen.test)
    if chosen.student is not None:
        sessions = sessions.filter(student_id=chosen.student)
    if chosen.status:
        sessions = sessions.filter(status=chosen.status)
    if chosen.since is not None:
        sessions = sessions.filter(started_at__gte=chosen.since)
    if chosen.before is not None:
        sessions = sessions.filter(started_at__lt=chosen.before)
    return sessions


def is_long(wanted: Wanted) -> bool:
    """Whether the file has more rows than a request makes. Looks at no more than so many sessions."""
    if wanted.rows == DICTIONARY:
        return False
    most: int = settings.ROWS_AT_ONCE
    counts = sessions_of(wanted.chosen).order_by().values_list("questions_answered", flat=True)[: most + 1]
    answered = replica.read(lambda: list(counts))
    return (sum(answered) if wanted.rows == ANSWERS else len(answered)) > most


def make(wanted: Wanted, asking: Asking, progress: Progress) -> Made:
    """Of the sessions that had begun when it was asked for: made again, it is the same."""
    sessions = sessions_of(wanted.chosen).filter(started_at__lte=asking.at)
    if wanted.rows != DICTIONARY:
        progress.expect(replica.read(lambda: _count(sessions, wanted.rows)))
    lines = result_rows.export(sessions, wanted.rows, wanted.form, is_for_people=wanted.is_for_people)
    return Made(
        f"{wanted.name}-{wanted.rows}.{wanted.form}",
        CONTENT_TYPES[wanted.form],
        line_by_line(lines),
    )


def _count(sessions: QuerySet[TestSession], rows: str) -> int:
    if rows != ANSWERS:
        return sessions.count()
    return sessions.aggregate(answers=Sum("questions_answered"))["answers"] or 0
