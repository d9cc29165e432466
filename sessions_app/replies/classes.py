"""Classes, their students, the tests that they were given, and what a list changed in them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from sessions_app.administration.classes.handing_out import Slip, in_groups
from sessions_app.administration.classes.members import Member
from sessions_app.administration.classes.rosters import Change, Fate, Report
from sessions_app.administration.classes.shelf import called, teachers_of
from sessions_app.models import ClassTest, SchoolClass
from sessions_app.replies.named_tests import InvitationState
from sessions_app.replies.result_report import Sentences
from sessions_app.replies.values import Address, Reply
from sessions_app.reporting.class_results import Standing

Code = Annotated[str, Meta(description="To type at /take/, in any case, with or without hyphens.")]


class TeacherReply(Reply, frozen=True):
    username: str
    name: Annotated[str, Meta(description="What the person is called.")]


class ClassTeachers(Reply, frozen=True):
    teachers: list[TeacherReply]


class ClassReply(Reply, frozen=True):
    class_id: UUID
    name: str
    term: str
    teachers: list[TeacherReply]
    students: int
    tests: Annotated[int, Meta(description="That it was given.")]
    source_id: Annotated[str | None, Meta(description="Its id in the roster that brought it.")]
    archived_at: datetime | None
    created_at: datetime


class ClassStudentReply(Reply, frozen=True):
    student_id: str
    name: str
    email: str
    grade: str
    extra_time: Annotated[int, Meta(description="Percent, of tests with a time limit.")]
    note: Annotated[str, Meta(description="What else whoever gives a test has to know.")]


class ClassTestReply(Reply, frozen=True):
    test: Annotated[str, Meta(description="The named test's name.")]
    title: str
    code: Code
    names_may_be_chosen: Annotated[
        bool, Meta(description="Whether the class's code lets a student say who they are.")
    ]
    begun: Annotated[int, Meta(description="How many of the class's students have.")]
    opens_at: datetime | None
    closes_at: datetime | None
    created_at: datetime


class SlipReply(Reply, frozen=True):
    """The student's alone, both."""

    student_id: str
    name: str
    link: Address
    code: Code


class StandingReply(Reply, frozen=True):
    """Where one student of a class is in a test: in the newest, of several."""

    student_id: str
    name: str
    state: InvitationState
    session_id: UUID | None
    questions_answered: int
    started_at: datetime | None
    completed_at: datetime | None
    headline: Annotated[
        str | None, Meta(description="The result in the language of `Accept-Language`; null: it is not over.")
    ]
    lines: Sentences


RosterFate = Annotated[str, Meta(extra={"choices": Fate.choices})]


class RosterChange(Reply, frozen=True):
    """What becomes of one student, class or teacher."""

    line: Annotated[int | None, Meta(description="Of the list or file, from 1; null: it is not in there.")]
    file: Annotated[str, Meta(description="In which, of several.")]
    id: Annotated[str, Meta(description="As the list says it; of a student who leaves, their own.")]
    name: str
    fate: RosterFate
    details: list[str]


class RosterReply(Reply, frozen=True):
    """What a list changed, or would change."""

    dry_run: bool
    counts: Annotated[dict[str, int], Meta(description="How many of each fate.")]
    changes: Annotated[list[RosterChange], Meta(description="Without who stays as they are.")]


class ChangedStudents(Reply, frozen=True):
    changed: int


def school_class(row: SchoolClass) -> ClassReply:
    """Of a row of `classes.shelf.rows_like`."""
    users = [each.user for each in row.teachers.all()]
    return ClassReply(
        class_id=row.pk,
        name=row.name,
        term=row.term,
        teachers=[TeacherReply(user.get_username(), called(user)) for user in users],
        students=row.students,  # type: ignore[attr-defined]
        tests=row.given,  # type: ignore[attr-defined]
        source_id=row.source_id,
        archived_at=row.archived_at,
        created_at=row.created_at,
    )


def class_teachers(row: SchoolClass) -> ClassTeachers:
    """Asked anew."""
    return ClassTeachers(teachers=[TeacherReply(username, name) for _pk, username, name in teachers_of(row)])


def class_student(found: Member) -> ClassStudentReply:
    return ClassStudentReply(
        found.student_id, found.name, found.email, found.grade, found.extra_time, found.note
    )


def class_test(row: ClassTest) -> ClassTestReply:
    """Of a row of `handing_out.rows_of`."""
    return ClassTestReply(
        test=row.test.name,
        title=row.test.title,
        code=in_groups(row.code),
        names_may_be_chosen=row.names_may_be_chosen,
        begun=row.begun,  # type: ignore[attr-defined]
        opens_at=row.test.opens_at,
        closes_at=row.test.closes_at,
        created_at=row.created_at,
    )


def slip(found: Slip) -> SlipReply:
    return SlipReply(found.student_id, found.name, found.link, in_groups(found.code))


def standing(student_id: str, name: str, found: Standing) -> StandingReply:
    """In the active language."""
    told = found.told
    return StandingReply(
        student_id=student_id,
        name=name,
        state=found.status or "not_started",
        session_id=found.session_id,
        questions_answered=found.answered,
        started_at=found.started_at,
        completed_at=found.completed_at,
        headline=None if told is None else told.headline,
        lines=[] if told is None else list(told.lines),
    )


def roster(report: Report, *, dry_run: bool) -> RosterReply:
    counts = {fate.value: count for fate in Fate if (count := report.count(fate))}
    changes = [_change(each) for each in report.changes if each.fate != Fate.STAYS]
    return RosterReply(dry_run=dry_run, counts=counts, changes=changes)


def _change(found: Change) -> RosterChange:
    return RosterChange(
        line=found.line,
        file=found.file,
        id=found.student_id,
        name=found.name,
        fate=found.fate.value,
        details=[str(each) for each in found.details],
    )
