"""What waits to go to platforms: scores, which a trigger writes when a test is over, and asking for rosters.

A message holds no score. What the gradebook should say is looked up when it is sent: so messages that come
late, twice or in another order tell the same in the end.
"""

import logging
from datetime import datetime
from uuid import UUID

import requests
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.exception import LtiException, LtiServiceException

from organisations.acting import acting_for
from sessions_app.lti import claims as claim
from sessions_app.lti.grading import grade_of, graded_session, hidden_until
from sessions_app.lti.platform import Connector
from sessions_app.lti.roster import read_roster
from sessions_app.models import LtiLink, LtiMessage, LtiPerson
from sessions_app.outgoing import queue
from sessions_app.outgoing.queue import Outcome

logger = logging.getLogger(__name__)

UNAUTHORISED, NEWER_THERE = 401, 409


def send_due(now: datetime) -> int:
    """Returns how many were delivered."""
    return queue.send_due(LtiMessage, _try, now)


def _try(pk: UUID, now: datetime) -> bool:
    things = ("registration", "link__test", "link__registration", "session__student")
    message = LtiMessage.objects.select_related(*things).get(pk=pk)
    connector = Connector(message.registration, now)
    try:
        if message.kind == LtiMessage.Kind.ROSTER:
            with acting_for(message.registration.organisation_id):  # whose the students become
                outcome = Outcome(read_roster(message.link, connector, now), is_delivered=True)
        else:
            outcome = _send_score(message, connector, now)
    except LtiServiceException as error:
        outcome = _refused(message, error.response.status_code, connector)
    except (requests.RequestException, LtiException) as error:
        outcome = Outcome(str(error) or type(error).__name__)
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # of what the platform answered
        logger.warning("An LTI platform's answer makes no sense: %s", type(error).__name__)
        outcome = Outcome(f"Its answer makes no sense ({type(error).__name__}).")
    queue.settle(message, outcome, now)
    return outcome.is_delivered


def _send_score(message: LtiMessage, connector: Connector, now: datetime) -> Outcome:
    assert message.session is not None
    link, student = message.link, message.session.student
    person = LtiPerson.objects.filter(registration=message.registration, student=student).first()
    session = graded_session(link, student)
    if person is None:
        return Outcome("The student was erased.", is_last=True)
    if session is None:
        return Outcome(
            "The test goes on.", is_last=True
        )  # it was resumed; when it ends, another message tells
    if not link.line_item:
        return Outcome("The platform has no place for a score any more.", is_last=True)
    if (until := hidden_until(session, now)) is not None:
        return Outcome("Waits until students may see their results.", wait_until=until)
    service = AssignmentsGradesService(
        connector,
        {"scope": [claim.SCORE_SCOPE], "lineitem": link.line_item},  # type: ignore[list-item]
    )
    service.put_grade(grade_of(session, person.sub, now))
    return Outcome("Taken.", is_delivered=True)


def _refused(message: LtiMessage, status: int, connector: Connector) -> Outcome:
    """409: the platform has a score that is newer by its time. Where we sent one since, that is as it should
    be; else a clock is wrong, and a later try has a later time."""
    if status == UNAUTHORISED:
        connector.forget_tokens()
    if status == NEWER_THERE and message.session is not None and _was_overtaken(message):
        return Outcome("A newer score is there already.", is_last=True)
    return Outcome(f"HTTP {status}")


def _was_overtaken(message: LtiMessage) -> bool:
    assert message.session is not None
    others = LtiMessage.objects.filter(link=message.link, session__student=message.session.student)
    return others.filter(delivered_at__gt=message.happened_at).exclude(pk=message.pk).exists()


def ask_for_roster(link: LtiLink) -> None:
    """Soon; a question that waits already is enough."""
    if link.memberships_url:
        asked = LtiMessage(registration=link.registration, kind=LtiMessage.Kind.ROSTER, link=link)
        LtiMessage.objects.bulk_create([asked], ignore_conflicts=True)
