"""A teacher looks from the gradebook at what a student did (Submission Review 1.0), or at a link's tests."""

from dataclasses import dataclass

from sessions_app.lti import claims as claim
from sessions_app.lti.messages import Message
from sessions_app.lti.refused import LaunchRefused
from sessions_app.models import LtiLink, LtiMessage, LtiPerson, TestSession

MOST_LISTED = 500


@dataclass(frozen=True)
class Reviewed:
    """Whose result is asked for; `session` None: they have not begun. `is_own`: by the student."""

    link: LtiLink
    person: LtiPerson
    session: TestSession | None
    is_own: bool


def reviewed(message: Message) -> Reviewed:
    """Raises `LaunchRefused`: others' results are for who teaches the course."""
    sub = claim.text(claim.inner(message.claims, claim.FOR_USER), "user_id")
    is_own = sub == message.sub
    if not is_own and not claim.is_teacher(message.roles):
        raise LaunchRefused("Only who teaches the course sees others' results.")
    line_item = claim.text(claim.inner(message.claims, claim.GRADES), "lineitem", 500)
    links = LtiLink.objects.filter(
        registration=message.registration, deployment_id=message.deployment_id, line_item=line_item
    )
    link = links.select_related("test").first() if line_item else None
    if link is None:
        raise LaunchRefused("Nothing was launched from this column of the gradebook yet.")
    people = LtiPerson.objects.select_related("student")
    person = people.filter(registration=message.registration, sub=sub).first()
    if person is None:
        raise LaunchRefused("This student has not been here.")
    own = TestSession.objects.filter(lti_sitting__link=link, student=person.student)
    newest = own.select_related("student", "named_test", "plan").order_by("-started_at").first()
    return Reviewed(link, person, newest, is_own)


@dataclass(frozen=True)
class Listed:
    """A test that was begun from a link, and what became of its newest score."""

    session: TestSession
    message: LtiMessage | None


def tests_of(link: LtiLink) -> list[Listed]:
    """The newest first, at most `MOST_LISTED`."""
    sessions = TestSession.objects.filter(lti_sitting__link=link).select_related("student")
    listed = list(sessions.order_by("-started_at")[:MOST_LISTED])
    messages = LtiMessage.objects.filter(link=link, session__in=listed).order_by("happened_at", "id")
    newest = {message.session_id: message for message in messages}
    return [Listed(session, newest.get(session.pk)) for session in listed]
