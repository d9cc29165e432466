"""Invitations to a named test: students in, a list of links out, and the test that a link opens."""

import base64
import binascii
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from organisations.acting import acting_for
from sessions_app.administration.classes.people import Person, keep
from sessions_app.models import Invitation, NamedTest, Student, TestSession
from sessions_app.refusals import InvitationNotFound, InvitationRevoked, InvitationUsed, NameTaken
from sessions_app.sitting import lifecycle, named_tests, pausing
from sessions_app.sitting.access import Caller
from sessions_app.sitting.result_specs import load_spec
from sessions_app.sitting.standing import Standing
from sessions_app.sitting.tokens import make_session_token
from testing_engine.interchange.names import problem_of_student_id, problem_of_words

MOST_STUDENTS = 10_000
LONGEST = {"name": 200, "email": 254, "grade": 50}  # as in `Student`
CHOICE_LASTS = timedelta(minutes=15)  # from choosing a name to beginning
_SALT, _MARK = "sessions_app.invitation", 6  # bytes


# --- Students --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Invited:
    """What an upload changed."""

    new: int
    known: int


def problem_of_cell(column: str, value: str) -> str | None:
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


def problems_in(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """What is wrong with rows as `invite` takes them: (JSON pointer, the end of a sentence)."""
    problems, numbers = [], dict[str, int]()
    for number, row in enumerate(rows):
        for column, value in row.items():
            if message := problem_of_cell(column, value):
                problems.append((f"/{number}/{column}", message))
        if numbers.setdefault(row["student_id"], number) != number:
            problems.append((f"/{number}/student_id", "is in the list already"))
    return problems


@transaction.atomic
def invite(test: NamedTest, rows: list[dict[str, str]]) -> Invited:
    """Invite the students of a list, all or none, and keep what it says of them. Safe to repeat.

    Who is invited already stays so; a revoked invitation stays revoked. An empty cell changes nothing.
    """
    people = [
        Person(row["student_id"], row.get("name") or None, row.get("email") or None, row.get("grade") or None)
        for row in rows
    ]
    with acting_for(test.organisation_id):
        return invite_students(test, [kept.student.pk for kept in keep(people).values()])


def invite_students(test: NamedTest, student_pks: Sequence[int]) -> Invited:
    """The same of students whose rows are there, by key."""
    known = Invitation.objects.filter(test=test).count()
    Invitation.objects.bulk_create(
        (Invitation(test=test, student_id=pk) for pk in student_pks), ignore_conflicts=True
    )
    new = Invitation.objects.filter(test=test).count() - known
    return Invited(new=new, known=len(student_pks) - new)


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


def invitations_of(test: NamedTest) -> QuerySet[Invitation]:
    """Who is invited to it, in the order in which they were."""
    found = Invitation.objects.filter(test=test, student__erased_at=None)
    return found.select_related("student", "session").order_by("pk")


def ids_of(test: NamedTest, student_ids: Collection[str]) -> dict[str, int]:
    """Invitations by their students' ids; who is not invited is not in it."""
    rows = invitations_of(test).filter(student__external_id__in=student_ids)
    return dict(rows.values_list("student__external_id", "pk"))


# --- The link --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """What a token says. `mark`, `until`: it came of choosing a name, and is good to begin with so long."""

    pk: int
    issue: int
    mark: str = ""
    until: datetime | None = None


def token_of(invitation: Invitation) -> str:
    """What the link carries: signed, not stored, so that a list of links can be made again at any time."""
    return _signed(_payload(invitation))


def token_of_choice(invitation: Invitation, now: datetime) -> str:
    """For who has only said who they are: to begin with, for a while, and to go on with what it began."""
    until = int((now + CHOICE_LASTS).timestamp())
    return _signed(_payload(invitation) + until.to_bytes(5, "big") + secrets.token_bytes(_MARK))


def _payload(invitation: Invitation) -> bytes:
    return invitation.pk.to_bytes(8, "big") + invitation.issue.to_bytes(2, "big")


def _signed(payload: bytes) -> str:
    return signing.Signer(salt=_SALT).sign(base64.urlsafe_b64encode(payload).decode().rstrip("="))


def links(test: NamedTest, page: str) -> Iterator[tuple[str, str, str]]:
    """(student id, name, link) of all who are invited and not revoked. `page`: the student's page, absolute.

    The token stands behind the #, which browsers send to no server and write to no log.
    """
    invitations = test.invitations.filter(revoked_at=None, student__erased_at=None).select_related("student")
    for invitation in invitations.order_by("student__external_id").iterator(chunk_size=500):
        student = invitation.student
        yield student.external_id, student.name, link_to(page, token_of(invitation))


def link_to(page: str, token: str) -> str:
    """What stands behind the # goes to no server and into no log."""
    return f"{page}#invitation={token}"


def read_token(token: str) -> tuple[int, int]:
    """(invitation, issue), by the signature alone; raises `InvitationNotFound`."""
    link = _read(token)
    return link.pk, link.issue


def _read(token: str) -> Link:
    try:
        payload = base64.urlsafe_b64decode(signing.Signer(salt=_SALT).unsign(token) + "==")
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise InvitationNotFound from error
    pk, issue = int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:10], "big")
    if len(payload) == 10:
        return Link(pk, issue)
    until = datetime.fromtimestamp(int.from_bytes(payload[10:15], "big"), tz=UTC)
    return Link(pk, issue, payload[15:].hex(), until)


def _check_choice(link: Link, invitation: Invitation, now: datetime) -> None:
    """Whoever chose a name goes on with what that very choice began; nobody else does, nor begins late."""
    if link.until is None or invitation.begun_with == link.mark:
        return
    if invitation.session_id is not None:
        raise NameTaken
    if now > link.until:
        raise InvitationNotFound


@dataclass(frozen=True)
class Opened:
    """The test that a link opened, and whose it is."""

    standing: Standing
    student_id: str


def look(token: str, *, now: datetime) -> tuple[Invitation, bool]:
    """(the invitation, whether its test runs already). Writes nothing; refuses what `start` would."""
    link = _read(token)
    rows = Invitation.objects.select_related("test", "student", "session")
    invitation = rows.filter(pk=link.pk, issue=link.issue).first()
    if invitation is None:
        raise InvitationNotFound
    if invitation.revoked_at is not None:
        raise InvitationRevoked
    _check_choice(link, invitation, now)
    session = invitation.session
    if session is None:
        named_tests.check_open(invitation.test, now)
        named_tests.check_may_take(invitation.test, invitation.student, is_invited=True)
        return invitation, False
    if session.status != TestSession.Status.ACTIVE or pausing.is_late(session, now):
        raise _used(invitation.test, session, now)
    return invitation, True


def _used(test: NamedTest, session: TestSession, now: datetime) -> InvitationUsed:
    """The refusal; with a way back to the result, where its student gets one and it is released."""
    released_at = named_tests.released_at(test)
    is_due = released_at is None or now >= released_at
    is_for_student = named_tests.is_for_student(test, load_spec(session.result_spec_id))
    if session.status == TestSession.Status.ACTIVE or not (is_due and is_for_student):
        return InvitationUsed(session.status)
    return InvitationUsed(session.status, make_session_token(session.pk, now, session.token_generation))


def start(token: str, *, seed: int, now: datetime) -> Opened:
    """Start the invitation's one test, or go on with it while it runs. Two at once find the same test.

    Raises `InvitationNotFound`, `InvitationRevoked`, `InvitationUsed`, and what keeps a test from starting.
    """
    link = _read(token)
    with transaction.atomic():
        invitation = _locked(link.pk, link.issue)
        if invitation.revoked_at is not None:
            raise InvitationRevoked
        _check_choice(link, invitation, now)
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
            rows = Invitation.objects.filter(pk=link.pk)
            rows.update(session_id=standing.session_id, begun_with=link.mark)
            return Opened(standing, student_id)
    if session.status != TestSession.Status.ACTIVE or pausing.is_late(session, now):
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
