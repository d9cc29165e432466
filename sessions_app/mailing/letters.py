"""What stands in the e-mail that brings a student the link of a test."""

from datetime import datetime
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from organisations.models import Organisation
from sessions_app.administration.invitations import token_of
from sessions_app.models import InvitationMail


def letter_of(message: InvitationMail, address: str) -> EmailMessage:
    """To this address, in the language of the mailing and the time zone of the organisation."""
    invitation, mailing = message.invitation, message.mailing
    test, name = mailing.test, invitation.student.name
    assert test.organisation_id is not None  # no test is stored without
    organisation = Organisation.objects.get(pk=test.organisation_id)
    zone = ZoneInfo(organisation.time_zone)
    with translation.override(mailing.language), timezone.override(zone):
        parts = [
            _("Hello {name},").format(name=name) if name else _("Hello,"),
            _("{organisation} invites you to the test “{title}”.").format(
                organisation=organisation.name, title=test.title
            ),
            mailing.line.strip(),
            *_times(test.opens_at, test.closes_at),
            _("This is your link. It is for you alone: whoever opens it takes the test in your name."),
            f"{mailing.page}#invitation={token_of(invitation)}",
            _("You do not need an account. If the test is not for you, ignore this message."),
        ]
        subject = _("{title}: your link").format(title=test.title)
    body = "\n\n".join(part for part in parts if part) + "\n"
    # The same for every try: who gets it twice can tell.
    _name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    headers = {
        "Message-ID": f"<{message.pk}@{sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    return EmailMessage(" ".join(subject.split()), body, to=[address], headers=headers)


def _times(opens_at: datetime | None, closes_at: datetime | None) -> list[str]:
    said = []
    if opens_at is not None:
        said.append(_("It opens {moment}.").format(moment=_moment(opens_at)))
    if closes_at is not None:
        said.append(_("It closes {moment}.").format(moment=_moment(closes_at)))
    return [" ".join(said)] if said else []


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local.tzname()})"
