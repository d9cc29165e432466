"""What is known of a student: proficiencies, history and progress, read from the rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Cast, NullIf

from organisations.acting import sees_own_alone
from organisations.owned import the_one
from sessions_app.counting.hours import tests_begun
from sessions_app.counting.results import tests_over
from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.refusals import SessionArchived, SessionNotFound, SessionStillActive, StudentNotFound
from sessions_app.reporting.asked import asked_in, either, measures
from sessions_app.reporting.correlations import Answer, correlations_of
from sessions_app.reporting.report import Report, measured, report_of
from sessions_app.sitting.access import Caller, check_shown, session_for
from sessions_app.sitting.archived import kept_of
from sessions_app.sitting.decisions import score_begins_at
from sessions_app.sitting.standing import Standing, standing_of
from testing_engine.models import QuestionPool
from testing_engine.snapshots import one_snapshot


@dataclass(frozen=True)
class PathPoint:
    """What was known after so many answers: θ and its standard error, one number a concept."""

    answered: int
    theta: list[float]
    standard_error: list[float]


@dataclass(frozen=True)
class Result:
    """Of one test: where it stands, how it came there, and what is said of it."""

    standing: Standing
    path: list[PathPoint]
    report: Report


@dataclass(frozen=True)
class Totals:
    """Over all tests of a student that are over."""

    sessions: int
    mean_accuracy: float


def student_of(external_id: str) -> Student:
    """Raises `StudentNotFound`; what stands in an erased student's place is nobody."""
    known = Student.objects.filter(external_id=external_id, erased_at=None)
    student = the_one(known) if "\x00" not in external_id else None
    if student is None:
        raise StudentNotFound
    return student


def proficiencies(student: Student) -> list[StudentProficiency]:
    """One a concept and scale, by their names."""
    return list(student.proficiencies.now().select_related("scale").order_by("concept_name", "scale__name"))


def history(student: Student) -> QuerySet[TestSession]:
    """All tests of a student, the newest first."""
    return student.sessions.select_related("plan").order_by("-started_at", "pk")


def finished(student: Student) -> QuerySet[TestSession]:
    """Tests that are over and have answers, the oldest first."""
    return (
        student.sessions.select_related("plan")
        .exclude(status=TestSession.Status.ACTIVE)
        .filter(questions_answered__gt=0)
        .order_by("started_at", "pk")
    )


def result_of(session_id: UUID, caller: Caller, *, now: datetime) -> Result:
    """The result of a test that is over, and how its estimate narrowed, from before the first answer on.

    Raises `SessionStillActive`: while it runs, a student would learn from it which answers were right; and
    `ResultNotShown`.
    """
    session = session_for(session_id, caller, None)
    if session.status == TestSession.Status.ACTIVE:
        raise SessionStillActive
    check_shown(standing_of(session), caller, now)
    return result_in(session)


def result_in(session: TestSession) -> Result:
    """The same for whoever may see the row, which is of a test that is over."""
    standing = standing_of(session)
    if not standing.has_ability:
        return Result(
            standing, [], Report(standing.result_spec, standing.answered, None, (), raw=standing.raw)
        )
    path, answers, is_asked = _way(session)
    found = measured(standing.concept_names, standing.theta, standing.standard_error, is_asked)
    overall_error = None if standing.overall is None else standing.overall[1]
    told = report_of(
        standing.result_spec,
        standing.counted,
        found,
        overall_error,
        standing.scored_with,
        correlations_of(session, answers, is_asked),
    )
    return Result(standing, path, told)


def _way(session: TestSession) -> tuple[list[PathPoint], list[Answer], list[bool]]:
    """Its path, the answers that count, and what was asked about. Of an archived test the path has its
    beginning and its end.
    """
    path = [PathPoint(0, *score_begins_at(session))]
    is_asked = [False] * len(session.theta)
    answers: list[Answer] = []
    read = ("session", "theta", "standard_error", "question__concepts", "score", "is_rapid", "is_pilot")
    every = session.responses.order_by("position").select_related("question").only(*read)
    for number, given in enumerate(every, start=1):
        path.append(PathPoint(number, given.theta, given.standard_error))
        if given.is_pilot:
            continue  # it counts in nothing, and the path goes on level
        answers.append((given.question_id, given.counted_score))
        is_asked = either(is_asked, measures(given.question.concepts))
    if len(path) == 1 and (kept := kept_of([session.pk]).get(session.pk)):
        path.append(PathPoint(len(kept), session.theta, session.standard_error))
        answers = [(each.question_id, each.counted_score) for each in kept if not each.is_pilot]
        is_asked = asked_in([session])[session.pk]
    return path, answers, is_asked


def totals(student: Student) -> Totals:
    counted = NullIf(F("questions_answered") - F("pilots_answered"), Value(0))
    accuracy = Cast("correct_responses", FloatField()) / counted
    found: dict[str, Any] = finished(student).order_by().aggregate(sessions=Count("pk"), mean=Avg(accuracy))
    return Totals(found["sessions"], found["mean"] or 0.0)


def sessions(*, student_id: str | None, status: str | None, pool: object) -> QuerySet[TestSession]:
    """Tests by student, status and pool, the newest first."""
    asked = Q()
    if student_id is not None:
        asked &= Q(student__external_id=student_id)
    if status is not None:
        asked &= Q(status=status)
    if pool is not None:
        asked &= Q(revision__pool_id=pool)
    return (
        TestSession.objects.filter(asked)
        .select_related("student", "plan", "revision")
        .order_by("-started_at", "pk")
    )


@one_snapshot()
def count_of_sessions(*, student_id: str | None, status: str | None, pool: UUID | None) -> int:
    """How many `sessions` finds. Tests that are over are counted already; those that run are counted here."""
    if student_id is not None or sees_own_alone():
        return sessions(student_id=student_id, status=status, pool=pool).count()
    running, number = TestSession.Status.ACTIVE, 0
    if status in (None, running):
        number += sessions(student_id=None, status=running, pool=pool).count()
    if status != running:
        pools = QuestionPool.objects.all() if pool is None else QuestionPool.objects.filter(pk=pool)
        over = tests_over(pools.values_list("pk", flat=True))
        number += over.total() if status is None else over[status]
    return number


def sessions_from(
    first: int, count: int, *, student_id: str | None, status: str | None, pool: UUID | None
) -> tuple[QuerySet[TestSession], int]:
    """What `sessions` finds, without some hours' tests before the one in place `first`; and how many these
    are. `count`: as `count_of_sessions` told it.

    From counts of the tests that are over, by the hour in which they began. Those that run are all others:
    of them the older ones are counted, which are few.
    """
    found = sessions(student_id=student_id, status=status, pool=pool)
    if student_id is not None or sees_own_alone() or status == TestSession.Status.ACTIVE:
        return found, 0
    pools = QuestionPool.objects.all() if pool is None else QuestionPool.objects.filter(pk=pool)
    with one_snapshot():
        over = tests_begun(pools.values_list("pk", flat=True), status)
        running = count - sum(tests for _, tests in over) if status is None else 0
        since, left_out = None, 0
        for hour, tests in over:
            if left_out + running + tests > first:
                break
            since, left_out = hour, left_out + tests
        if since is None:
            return found, 0
        found = found.filter(started_at__lt=since)
        older = found.filter(status=TestSession.Status.ACTIVE).count() if status is None else 0
    return found, left_out + running - older


def responses(session_id: UUID) -> QuerySet[TestResponse]:
    """The answers of a test, in order; raises `SessionNotFound`, and `SessionArchived`."""
    archives = TestSession.objects.filter(pk=session_id).values_list("archived__archive__name", flat=True)
    match list(archives):
        case []:
            raise SessionNotFound
        case [str(name)]:
            raise SessionArchived(name)
    return (
        TestResponse.objects.filter(session_id=session_id)
        .select_related("question", "session__student")
        .order_by("position")
    )
