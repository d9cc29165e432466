"""Who is in a course, from the platform (Names and Role Provisioning 2.0): its students become the test's."""

from datetime import datetime

from pylti1p3.names_roles import NamesRolesProvisioningService

from sessions_app.lti.claims import is_learner, is_teacher, texts
from sessions_app.lti.places import invited, named_in, person_of
from sessions_app.lti.platform import Connector
from sessions_app.models import Invitation, LtiLink

MOST_PAGES = 100
LONGEST_SUB = 255


def read_roster(link: LtiLink, connector: Connector, now: datetime) -> str:
    """Invite the course's students to the link's test; returns what came of it, in a sentence.

    Who is invited already stays so, and who left the course, too: their results are still theirs. Raises what
    `pylti1p3` and `requests` do.
    """
    if not link.memberships_url:
        return "The platform does not say who is in the course."
    service = NamesRolesProvisioningService(connector, {"context_memberships_url": link.memberships_url})
    before = Invitation.objects.filter(test=link.test).count()
    page: str | None = link.memberships_url
    found: set[str] = set()
    for _ in range(MOST_PAGES):
        members, page = service.get_members_page(page)
        for member in members:
            if (sub := _learner(dict(member))) is not None:
                found.add(sub)
                invited(link.test, person_of(link.registration, sub, named_in(dict(member))).student)
        if page is None:
            break
    LtiLink.objects.filter(pk=link.pk).update(roster_read_at=now)
    new = Invitation.objects.filter(test=link.test).count() - before
    return f"{len(found)} students, {new} of them new."


def _learner(member: dict[str, object]) -> str | None:
    """The id of somebody who learns in the course, and has not left it."""
    sub, roles = member.get("user_id"), texts(member, "roles")
    is_usable = isinstance(sub, str) and 0 < len(sub) <= LONGEST_SUB and "\x00" not in sub
    if not is_usable or member.get("status", "Active") != "Active":
        return None
    assert isinstance(sub, str)
    return sub if is_learner(roles) and not is_teacher(roles) else None
