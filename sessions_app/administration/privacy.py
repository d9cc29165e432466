"""Export a student, and erase one: docs/PRIVACY.md says what is held where.

Erasing takes away who it was. The answers and what was computed from them stay, of nobody: the row of the
student keeps its primary key, which the sessions refer to, and nothing else.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Case, Prefetch, QuerySet, Sum, TextField, When
from django.db.models.functions import Cast

from organisations.acting import acting_for, for_all_of_ours
from sessions_app.long_work import files
from sessions_app.models import (
    Accommodation,
    ArchivedSession,
    ClassMember,
    ImportedSitting,
    Invitation,
    LtiPerson,
    SessionEvent,
    Student,
    StudentProficiency,
    TestResponse,
    TestSession,
)
from sessions_app.refusals import StudentNotFound
from sessions_app.reporting.results import student_of
from sessions_app.sitting import hot_state, lifecycle

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holdings:
    """How much is held of a student."""

    sessions: int
    running: int
    answers: int
    proficiencies: int
    archives: tuple[str, ...] = ()  # files that have answers of these tests, which are not here


def holdings(student: Student) -> Holdings:
    archived = ArchivedSession.objects.filter(session__student=student)
    names = archived.order_by("archive__name").values_list("archive__name", flat=True)
    return Holdings(
        sessions=student.sessions.count(),
        running=student.sessions.filter(status=TestSession.Status.ACTIVE).count(),
        answers=TestResponse.objects.filter(session__student=student).count()
        + (archived.aggregate(answers=Sum("answers"))["answers"] or 0),
        proficiencies=student.proficiencies.count(),
        archives=tuple(names.distinct()),
    )


# --- Export -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """What is held of a student, to be read once and in order."""

    student: Student
    proficiencies: QuerySet[StudentProficiency]
    invitations: QuerySet[Invitation]
    classes: QuerySet[ClassMember]
    accommodation: Accommodation | None
    roster_ids: list[str]
    platforms: QuerySet[LtiPerson]
    sessions: QuerySet[TestSession]
    admin_history: QuerySet[LogEntry]


def held_of(external_id: str) -> Held:
    """Everything that is held of the student, whoever asks. Raises `StudentNotFound`."""
    with for_all_of_ours():
        student = student_of(external_id)
        return Held(
            student=student,
            proficiencies=student.proficiencies.now()
            .select_related("scale")
            .order_by("concept_name", "scale__name"),
            invitations=student.invitations.select_related("test").order_by("pk"),
            classes=student.memberships.select_related("school_class").order_by("pk"),
            accommodation=Accommodation.objects.filter(student=student).first(),
            roster_ids=list(student.roster_people.values_list("source_id", flat=True)),
            platforms=LtiPerson.objects.filter(student=student).select_related("registration").order_by("pk"),
            sessions=_sessions(student),
            admin_history=_admin_history(student).order_by("action_time"),
        )


def _sessions(student: Student) -> QuerySet[TestSession]:
    answers = TestResponse.objects.select_related("question").order_by("position")
    events = SessionEvent.objects.all()
    return (
        student.sessions.select_related("plan", "revision__pool", "client", "named_test", "archived__archive")
        .prefetch_related(Prefetch("responses", queryset=answers), Prefetch("events", queryset=events))
        .order_by("started_at", "pk")
    )


def _admin_history(student: Student) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(
        content_type__app_label="sessions_app", content_type__model="student", object_id=str(student.pk)
    )


# --- Erase --------------------------------------------------------------------------------------------------


def erase_student(external_id: str, *, now: datetime, by_id: int | None = None) -> Holdings:
    """Take a student's identity away, for good; returns what was held. All of it or nothing.

    Running tests end first. What may name the student goes: id, name, e-mail, grade, the keys and hashes of
    requests, the history of the admin, invitations, classes, what was noted for fair testing, and the
    proficiencies, which are a profile of a person.
    Imported answers of a person of that id lose it. Files that wait and tell of students are not kept any
    longer (`long_work.files`): whoever needs one asks for it again.
    `by_id` is the user who asked. Raises `StudentNotFound`, also the second time. A student of the same id
    who comes later is somebody new.
    """
    with for_all_of_ours(), transaction.atomic():
        student = _locked(external_id)
        sessions = _lock_sessions(student)
        held = holdings(student)
        running = [session for session in sessions if session.status == TestSession.Status.ACTIVE]
        lifecycle.end_for_erasure(running, now=now)
        with acting_for(student.organisation_id):  # whoever asked: the id means somebody else elsewhere
            ImportedSitting.objects.filter(person=external_id).update(person="")
            files.forget_students(now)
        _blank(student, now)
        _empty_keys(student)
        student.proficiencies.all().delete()
        student.invitations.all().delete()  # their links open nothing any more
        student.memberships.all().delete()
        Accommodation.objects.filter(student=student).delete()
        student.roster_people.all().delete()
        LtiPerson.objects.filter(student=student).delete()  # and no score is sent any more
        _admin_history(student).update(object_repr=str(student), change_message="")
        _note(student, by_id)
    hot_state.forget((session.pk for session in sessions), also_over=True)
    logger.info("Erased student %d: %d sessions stay, without a name", student.pk, held.sessions)
    return held


def _locked(external_id: str) -> Student:
    """The student's row: no test of theirs begins meanwhile, and no second erasure."""
    student = student_of(external_id)
    # Not FOR UPDATE: a submission that holds its session's row still has to refer to this one.
    locked = Student.objects.select_for_update(no_key=True).filter(pk=student.pk, erased_at=None).first()
    if locked is None:
        raise StudentNotFound
    return locked


def _lock_sessions(student: Student) -> list[TestSession]:
    """Waits for the submissions that are under way; those that come later find the test over."""
    return list(student.sessions.select_for_update(of=("self",)).order_by("pk"))


def _blank(student: Student, now: datetime) -> None:
    student.external_id = f"erased-{secrets.token_hex(16)}"
    student.name = student.email = student.grade_level = ""
    student.erased_at = now
    student.save()


def _empty_keys(student: Student) -> None:
    """Clients make the keys, and may have put a name in; whoever guesses a request knows its hash.

    The triggers let this through only now that the student is blank.
    """
    was_imported = When(legacy_id__isnull=False, then=Cast("pk", TextField()))
    student.sessions.update(idempotency_key=None, request_hash="", legacy_id=Case(was_imported))
    TestResponse.objects.filter(session__student=student).update(idempotency_key=None)
    SessionEvent.objects.filter(session__student=student).update(idempotency_key=None, request_hash="")


def _note(student: Student, by_id: int | None) -> None:
    """Who erased, in the admin's history: there the student has no name any more."""
    if by_id is not None:
        LogEntry.objects.log_actions(
            by_id, Student.objects.filter(pk=student.pk), CHANGE, "Erased.", single_object=True
        )
