"""A class at a glance: where each student stands in a test, what came out, and how its questions went.

Of several tests of a student by the same name, the newest counts. The words are those that students read,
for a teacher: also where students get no result.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from sessions_app.models import TestResponse, TestSession
from sessions_app.reporting.asked import asked_in
from sessions_app.reporting.report import report_of_session
from sessions_app.reporting.said import said_of
from sessions_app.reporting.sentences import Told, sentences_of
from sessions_app.sitting.archived import archive_of, kept_of
from sessions_app.sitting.raw_scores import raw_scores_of
from sessions_app.sitting.result_specs import load_spec
from testing_engine.models import Question


@dataclass(frozen=True)
class Standing:
    """Where one student stands. `told` is None before the test is over; `status` is None before it began."""

    student_pk: int
    session_id: UUID | None
    status: str | None
    answered: int
    started_at: datetime | None
    completed_at: datetime | None
    told: Told | None


@dataclass(frozen=True)
class QuestionLine:
    """How a question went in this class. `asked`: how many got it and whose test is over."""

    content: str
    asked: int
    right: int

    @property
    def percent(self) -> int:
        return round(100 * self.right / self.asked)


@dataclass(frozen=True)
class Given:
    """One answer of a student, in words. `said` is None for "I don't know". `archive`: has what was said."""

    number: int
    content: str
    said: str | None
    is_right: bool
    points: int
    counts: bool
    archive: str | None = None


def standings(test_pk: int, student_pks: Sequence[int]) -> dict[int, Standing]:
    """By student, of every one of them."""
    newest = _newest(test_pk, student_pks)
    over = [session for session in newest.values() if session.status != TestSession.Status.ACTIVE]
    told = _told(over)
    return {pk: _standing(pk, newest.get(pk), told) for pk in student_pks}


def _newest(test_pk: int, student_pks: Iterable[int]) -> dict[int, TestSession]:
    rows = TestSession.objects.filter(named_test=test_pk, student__in=list(student_pks))
    ordered = rows.select_related("student", "plan", "named_test").order_by("started_at", "pk")
    return {session.student_id: session for session in ordered}


def _told(sessions: list[TestSession]) -> dict[UUID, Told]:
    asked, raw = asked_in(sessions), raw_scores_of(sessions)
    return {
        session.pk: sentences_of(
            report_of_session(
                session, load_spec(session.result_spec_id), asked[session.pk], raw=raw.get(session.pk)
            ),
            for_teacher=True,
        )
        for session in sessions
    }


def _standing(student_pk: int, session: TestSession | None, told: dict[UUID, Told]) -> Standing:
    if session is None:
        return Standing(student_pk, None, None, 0, None, None, None)
    return Standing(
        student_pk,
        session.pk,
        session.status,
        session.questions_answered,
        session.started_at,
        session.completed_at,
        told.get(session.pk),
    )


def question_lines(sessions: Iterable[UUID]) -> list[QuestionLine]:
    """The hardest for the class first. What was only tried out is left out."""
    wanted = list(sessions)
    asked, right = Counter[int](), Counter[int]()
    rows = TestResponse.objects.filter(session__in=wanted, is_pilot=False).values_list("question")
    counts = {"asked": Count("pk"), "right": Count("pk", filter=Q(is_correct=True))}
    for question, number, of_these in rows.annotate(**counts):
        asked[question], right[question] = number, of_these
    for each in (answer for kept in kept_of(wanted).values() for answer in kept if not answer.is_pilot):
        asked[each.question_id] += 1
        right[each.question_id] += each.is_correct
    contents = Question.objects.filter(pk__in=list(asked)).values_list("pk", "content")
    lines = [QuestionLine(content, asked[pk], right[pk]) for pk, content in contents]
    return sorted(lines, key=lambda line: (line.right / line.asked, -line.asked, line.content))


def answers_of(session_id: UUID) -> list[Given]:
    """What a student answered, in order; no answer key."""
    rows = TestResponse.objects.filter(session=session_id).select_related("question", "session__student")
    here = [
        Given(
            row.position,
            row.question.content,
            said_of(row),
            row.is_correct,
            row.score,
            not row.is_pilot,
        )
        for row in rows.order_by("position")
    ]
    return here or _archived_answers(session_id)


def _archived_answers(session_id: UUID) -> list[Given]:
    kept = kept_of([session_id]).get(session_id, [])
    if not kept:
        return []
    archive = archive_of(session_id)
    contents = dict(
        Question.objects.filter(pk__in=[each.question_id for each in kept]).values_list("pk", "content")
    )
    return [
        Given(
            number,
            contents[each.question_id],
            None,
            each.is_correct,
            each.score,
            not each.is_pilot,
            archive,
        )
        for number, each in enumerate(kept, start=1)
    ]
