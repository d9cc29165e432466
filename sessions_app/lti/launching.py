"""A launch becomes a test: begun, gone on with, or shown as it ended."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from organisations.acting import act_for
from sessions_app.lti.messages import Message
from sessions_app.lti.places import invited, link_of, named_in, person_of
from sessions_app.lti.refused import LaunchRefused
from sessions_app.lti.tickets import Purpose, make_ticket, read_ticket
from sessions_app.models import Invitation, LtiLink, LtiSitting, NamedTest, Student, TestSession
from sessions_app.refusals import InvitationRevoked, TooManyRequests
from sessions_app.sitting import hot_state, lifecycle, pausing, rates
from sessions_app.sitting.access import Caller
from sessions_app.sitting.tokens import make_session_token


@dataclass(frozen=True)
class Opened:
    """A test that runs: its session's token."""

    token: str


@dataclass(frozen=True)
class Over:
    """A test that is over. `again`: a one-use value that begins another; "": there is none to begin."""

    test: NamedTest
    token: str
    again: str


def open_test(message: Message, now: datetime) -> Opened | Over:
    """For a student. Two launches at once find the same test.

    Raises `LaunchRefused`, `InvitationRevoked`, and what keeps a test from starting.
    """
    link = link_of(message, now)
    student = person_of(message.registration, message.sub, named_in(message.claims)).student
    return _open(link, student, now, after=None)


def open_again(ticket: str, now: datetime) -> tuple[LtiLink, Opened | Over]:
    """Another try at a test that is over. A value that is used again finds the test that it began.

    Raises as `open_test`.
    """
    content = read_ticket(Purpose.AGAIN, ticket)
    link = LtiLink.objects.select_related("test", "registration").get(pk=content["link"])
    act_for(link.registration.organisation_id)
    if not link.registration.is_active:
        raise LaunchRefused("The platform was switched off here.")
    student = Student.objects.filter(pk=content["student"], erased_at=None).first()
    if student is None:
        raise LaunchRefused("This student is not known here any more.")
    return link, _open(link, student, now, after=content["after"])


def _open(link: LtiLink, student: Student, now: datetime, *, after: str | None) -> Opened | Over:
    """`after`: the session that is over, and behind which a new one is wanted."""
    with transaction.atomic():
        Student.objects.select_for_update(no_key=True).get(pk=student.pk)
        if invited(link.test, student).revoked_at is not None:
            raise InvitationRevoked
        newest = _newest(link, student)
        if newest is None or str(newest.pk) == after:
            return Opened(_begin(link, student, now))
    token = make_session_token(newest.pk, now, newest.token_generation)
    is_running = newest.status == TestSession.Status.ACTIVE
    if is_running and not pausing.is_late(newest, now):
        return Opened(token)
    return Over(link.test, token, _ticket_for_another(link, student, newest))


def _newest(link: LtiLink, student: Student) -> TestSession | None:
    sessions = TestSession.objects.filter(lti_sitting__link=link, student=student, named_test=link.test)
    return sessions.order_by("-started_at").first()


def _begin(link: LtiLink, student: Student, now: datetime) -> str:
    """A session's token. Inside a transaction that holds the student's row."""
    if hot_state.is_over(rates.of_starts(student.external_id)):
        raise TooManyRequests
    request = lifecycle.TestRequest(student_id=student.external_id, test=link.test.name)
    standing = lifecycle.start(request, Caller(), seed=secrets.randbits(63), now=now)
    LtiSitting.objects.create(session_id=standing.session_id, link=link)
    own = Invitation.objects.filter(test=link.test, student=student, session=None)
    own.update(session_id=standing.session_id)
    return make_session_token(standing.session_id, standing.started_at)


def _ticket_for_another(link: LtiLink, student: Student, newest: TestSession) -> str:
    most = link.test.attempts_allowed
    taken = TestSession.objects.filter(named_test=link.test, student=student).count()
    if most is not None and taken >= most:
        return ""
    return make_ticket(Purpose.AGAIN, {"link": link.pk, "student": student.pk, "after": str(newest.pk)})
