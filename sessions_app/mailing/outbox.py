"""Send the e-mails that are due, no faster than the mail server wants them.

A message holds neither address nor link: both are looked up when it goes. What a server answers is kept
without what it says of an address.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import get_connection

from organisations.acting import acting_for
from sessions_app.mailing.letters import letter_of
from sessions_app.models import InvitationMail
from sessions_app.outgoing import queue
from sessions_app.outgoing.queue import Outcome

logger = logging.getLogger(__name__)

SENT, NO_ADDRESS, NOT_OPEN = "sent", "no_address", "not_open"
REFUSED, NOT_YET, UNREACHABLE, OURS = "refused", "not_yet", "unreachable", "ours"
PERMANENT = range(500, 600)


def is_on() -> bool:
    """Whether a mail server is set."""
    return bool(settings.SENDS_MAIL)


def send_due(now: datetime) -> int:
    """Returns how many the mail server took. As many a minute as `EMAIL_PER_MINUTE` says."""
    if not is_on():
        return 0
    lately = InvitationMail.objects.filter(delivered_at__gt=now - timedelta(minutes=1)).count()
    most = max(0, settings.EMAIL_PER_MINUTE - lately)
    return queue.send_due(InvitationMail, _try, now, most)


def _try(pk: UUID, now: datetime) -> bool:
    things = ("mailing__test", "invitation__student", "invitation__session")
    message = InvitationMail.objects.select_related(*things).get(pk=pk)
    with acting_for(message.mailing.test.organisation_id):
        outcome = _sent(message)
    queue.settle(message, outcome, now)
    return outcome.is_delivered


def _sent(message: InvitationMail) -> Outcome:
    invitation = message.invitation
    address = invitation.student.email
    if not address:
        return Outcome(NO_ADDRESS, is_last=True)
    is_over = invitation.session is not None and invitation.session.status != "active"
    if invitation.revoked_at is not None or is_over:
        return Outcome(NOT_OPEN, is_last=True)
    try:
        with get_connection(timeout=settings.EMAIL_TIMEOUT) as connection:
            letter = letter_of(message, address)
            letter.connection = connection
            letter.send()
    except smtplib.SMTPRecipientsRefused as refused:
        return _answered(next(iter(refused.recipients.values()))[0])
    except smtplib.SMTPDataError as refused:
        return _answered(refused.smtp_code)
    except smtplib.SMTPResponseException as error:  # of us, not of the student: log-in, sender, greeting
        logger.warning("The mail server refuses this service: %s", error.smtp_code)
        return Outcome(f"{OURS} {error.smtp_code}")
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(f"{UNREACHABLE} {type(error).__name__}")
    return Outcome(SENT, is_delivered=True)


def _answered(code: int) -> Outcome:
    """5xx: it never will; 4xx: later perhaps (RFC 5321, 4.2.1)."""
    is_last = code in PERMANENT
    return Outcome(f"{REFUSED if is_last else NOT_YET} {code}", is_last=is_last)
