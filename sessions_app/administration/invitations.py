"""Invitations to a named test: a list of students in, a list of links out, and the test that a link opens."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from organisations.acting import acting_for
from sessions_app.models import Invitation, NamedTest, Student, TestSession
from sessions_app.refusals import InvitationNotFound, InvitationRevoked, InvitationUsed
from sessions_app.sitting import lifecycle, named_tests
from sessions_app.sitting.access import Caller
from sessions_app.sitting.standing import Standing
from sessions_app.sitting.tokens import make_session_token
from testing_engine.interchange.names import problem_of_student_id, problem_of_words
from testing_engine.interchange.tables import Table, TableRefused, place, read_table

MOST_STUDENTS = 10_000
MOST_BYTES = 4 * 1024 * 1024
COLUMNS = {"student_id": "external_id", "name": "name", "email": "email", "grade": "grade_level"}
LONGEST = {"name": 200, "email": 254, "grade": 50}  # as in `Student`
_SALT = "sessions_app.invitation"


# --- The list of students --------------------------------------------------------------------------------


class ListRefused(ValueError):
    """The list is not as it should be; nothing was changed. `problems`: one sentence each, with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Invited:
    """What an upload changed."""

    new: int
    known: int


def parse_students(content: bytes) -> list[dict[str, str]]:
    """Rows of `COLUMNS` from a workbook, or from CSV with a header, separated by commas, semicolons or tabs.

    Raises `ListRefused` with everything that is wrong, by line and column.
    """
    if len(content) > MOST_BYTES:
        raise ListRefused([f"The file is larger than {MOST_BYTES // 1024**2} MiB."])
    try:
        table = read_table(content, is_lower_case=True)
    except TableRefused as refused:
        raise ListRefused(refused.problems) from refused
    _check_header(table)
    parsed = _Parsed()
    for row in table.rows:
        parsed.take(row.line, {name: cell.strip(" ") for name, cell in row.cells.items()})
    if not parsed.rows and not parsed.problems:
        parsed.problems.append(f"{place(table.line + 1)}: there is no student in the list.")
    if parsed.problems:
        raise ListRefused(parsed.problems)
    return parsed.rows


def _check_header(table: Table) -> None:
    problems = [
        f"{place(table.line, name)}: it must be one of {', '.join(COLUMNS)}."
        for name in table.header
        if name not in COLUMNS
    ]
    if "student_id" not in table.header:
        problems.append(
            f"{place(table.line, 'student_id')}: it is missing. The first line names the columns."
        )
    if problems:
        raise ListRefused(problems)


@dataclass
class _Parsed:
    rows: list[dict[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)  # by student id

    def take(self, line: int, row: dict[str, str]) -> None:
        for column, value in row.items():
            if message := _problem(column, value):
                self.problems.append(f"{place(line, column)}: it {message}.")
        student_id = row["student_id"]
        if student_id in self.lines:
            self.problems.append(
                f"{place(line, 'student_id')}: this student is on line {self.lines[student_id]} already."
            )
        if len(self.rows) == MOST_STUDENTS:
            raise ListRefused([f"Line {line}: a list holds at most {MOST_STUDENTS} students."])
        self.lines.setdefault(student_id, line)
        self.rows.append(row)


def _problem(column: str, value: str) -> str | None:
    """What is wrong with a cell, as the end of a sentence."""
    if column == "student_id":
        return problem_of_student_id(value)
    if problem := problem_of_words(value, LONGEST[column]):
        return problem
    if column == "email" and value:
        try:
            validate_email(value)
        except ValidationError:
            return "is no e-mail address"
    return None


@transaction.atomic
def invite(test: NamedTest, rows: list[dict[str, str]]) -> Invited:
    """Invite the students of a list, all or none, and keep what it says of them. Safe to repeat.

    Who is invited already stays so; a revoked invitation stays revoked. An empty cell changes nothing.
    """
    with acting_for(test.organisation_id):
        return _invite(test, rows)


def _invite(test: NamedTest, rows: list[dict[str, str]]) -> Invited:
    named = {row["student_id"]: {COLUMNS[c]: value for c, value in row.items() if value} for row in rows}
    Student.objects.bulk_create((Student(**student) for student in named.values()), ignore_conflicts=True)
    students = Student.objects.select_for_update().filter(external_id__in=named).order_by("pk")
    changed = []
    for student in students:
        before = (student.name, student.email, student.grade_level)
        for attribute, value in named[student.external_id].items():
            setattr(student, attribute, value)
        if before != (student.name, student.email, student.grade_level):
            changed.append(student)
    Student.objects.bulk_update(changed, ["name", "email", "grade_level"], batch_size=500)
    known = Invitation.objects.filter(test=test).count()
    by_id = {student.external_id: student for student in students}
    Invitation.objects.bulk_create(
        (Invitation(test=test, student=by_id[student_id]) for student_id in named), ignore_conflicts=True
    )
    new = Invitation.objects.filter(test=test).count() - known
    return Invited(new=new, known=len(named) - new)


def revoke(invitation_ids: list[int], *, now: datetime) -> int:
    """Take invitations back; a test that runs goes on. Returns how many were not revoked before."""
    return Invitation.objects.filter(pk__in=invitation_ids, revoked_at=None).update(revoked_at=now)


@transaction.atomic
def renew(invitation_ids: list[int]) -> int:
    """Give new links, also to who was revoked; older links open nothing any more."""
    invitations = list(Invitation.objects.select_for_update().filter(pk__in=invitation_ids).order_by("pk"))
    for invitation in invitations:
        invitation.issue += 1
        invitation.revoked_at = None
    return Invitation.objects.bulk_update(invitations, ["issue", "revoked_at"], batch_size=500)


# --- The link --------------------------------------------------------------------------------------------


def token_of(invitation: Invitation) -> str:
    """What the link carries: signed, not stored, so that a list of links can be made again at any time."""
    payload = invitation.pk.to_bytes(8, "big") + invitation.issue.to_bytes(2, "big")
    return signing.Signer(salt=_SALT).sign(base64.urlsafe_b64encode(payload).decode().rstrip("="))


def links(test: NamedTest, page: str) -> Iterator[tuple[str, str, str]]:
    """(student id, name, link) of all who are invited and not revoked. `page`: the student's page, absolute.

    The token stands behind the #, which browsers send to no server and write to no log.
    """
    invitations = test.invitations.filter(revoked_at=None, student__erased_at=None).select_related("student")
    for invitation in invitations.order_by("student__external_id").iterator(chunk_size=500):
        student = invitation.student
        yield student.external_id, student.name, f"{page}#invitation={token_of(invitation)}"


def read_token(token: str) -> tuple[int, int]:
    """(invitation, issue), by the signature alone; raises `InvitationNotFound`."""
    try:
        payload = base64.urlsafe_b64decode(signing.Signer(salt=_SALT).unsign(token) + "==")
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise InvitationNotFound from error
    return int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:], "big")


@dataclass(frozen=True)
class Opened:
    """The test that a link opened, and whose it is."""

    standing: Standing
    student_id: str


def look(token: str, *, now: datetime) -> tuple[NamedTest, bool]:
    """(the invitation's test, whether it runs already). Writes nothing; refuses what `start` would."""
    pk, issue = read_token(token)
    rows = Invitation.objects.select_related("test", "student", "session")
    invitation = rows.filter(pk=pk, issue=issue).first()
    if invitation is None:
        raise InvitationNotFound
    if invitation.revoked_at is not None:
        raise InvitationRevoked
    session = invitation.session
    if session is None:
        named_tests.check_open(invitation.test, now)
        named_tests.check_may_take(invitation.test, invitation.student, is_invited=True)
        return invitation.test, False
    if session.status != TestSession.Status.ACTIVE or named_tests.is_overdue(session.deadline, now):
        raise _used(invitation.test, session, now)
    return invitation.test, True


def _used(test: NamedTest, session: TestSession, now: datetime) -> InvitationUsed:
    """The refusal; with a way to a result that had to wait until the test closed."""
    released_at = named_tests.released_at(test)
    if released_at is None or now < released_at or session.status == TestSession.Status.ACTIVE:
        return InvitationUsed(session.status)
    return InvitationUsed(session.status, make_session_token(session.pk, now, session.token_generation))


def start(token: str, *, seed: int, now: datetime) -> Opened:
    """Start the invitation's one test, or go on with it while it runs. Two at once find the same test.

    Raises `InvitationNotFound`, `InvitationRevoked`, `InvitationUsed`, and what keeps a test from starting.
    """
    pk, issue = read_token(token)
    with transaction.atomic():
        invitation = _locked(pk, issue)
        if invitation.revoked_at is not None:
            raise InvitationRevoked
        student_id = invitation.student.external_id
        # Read after the lock is held: joined to the locked row, it would be as it was before the wait.
        session = None
        if invitation.session_id is not None:
            session = TestSession.objects.get(pk=invitation.session_id)
        if session is None:
            with acting_for(invitation.test.organisation_id):
                standing = lifecycle.start(
                    _request(invitation), Caller(), seed=seed, now=now, is_invited=True
                )
            Invitation.objects.filter(pk=pk).update(session_id=standing.session_id)
            return Opened(standing, student_id)
    if session.status != TestSession.Status.ACTIVE or named_tests.is_overdue(session.deadline, now):
        raise _used(invitation.test, session, now)
    standing = lifecycle.status(session.pk, Caller(session_id=session.pk))
    if not standing.is_active:  # it ended between our two looks
        raise InvitationUsed(standing.status)
    return Opened(standing, student_id)


def _locked(pk: int, issue: int) -> Invitation:
    """The invitation, behind its student's row: in the order in which an erasure locks them."""
    Student.objects.select_for_update(of=("self",), no_key=True).filter(invitations=pk).first()
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("test", "student")
    invitation = rows.filter(pk=pk, issue=issue).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def _request(invitation: Invitation) -> lifecycle.TestRequest:
    return lifecycle.TestRequest(student_id=invitation.student.external_id, test=invitation.test.name)
