"""Values that a browser carries from one request to the next, without a cookie: signed, and used once.

They hold what they say. Only when one is used, a digest of it is stored until it would be too old anyway; so
who asks for many fills no table.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.core import signing
from django.db import connection

from sessions_app.lti.refused import LaunchRefused
from sessions_app.models import LtiSpent

_SPEND = "INSERT INTO lti_spent (digest, expires_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"


class Purpose(Enum):
    """What a value is for, and how long it may be used."""

    LOGIN = timedelta(minutes=10)
    CHOICE = timedelta(hours=1)
    AGAIN = timedelta(hours=2)
    REGISTRATION = timedelta(days=7)

    @property
    def salt(self) -> str:
        return f"sessions_app.lti.{self.name.lower()}"

    def refused(self, how: str) -> LaunchRefused:
        """`how`: late, made_up, used. What whoever is at the page reads depends on what they came for."""
        return LaunchRefused(
            f"The value for {self.name.lower()} was refused: {how}.", f"{how}_{_CAME_TO[self]}"
        )


_CAME_TO = {
    Purpose.LOGIN: "open",
    Purpose.AGAIN: "open",
    Purpose.CHOICE: "choose",
    Purpose.REGISTRATION: "register",
}


def make_ticket(purpose: Purpose, content: dict[str, Any]) -> str:
    return signing.dumps({**content, "id": secrets.token_hex(16)}, salt=purpose.salt, compress=True)


def read_ticket(purpose: Purpose, ticket: str) -> dict[str, Any]:
    """What it says; it may have been used. Raises `LaunchRefused`."""
    try:
        content: dict[str, Any] = signing.loads(ticket, salt=purpose.salt, max_age=purpose.value)
    except signing.SignatureExpired as error:
        raise purpose.refused("late") from error
    except signing.BadSignature as error:
        raise purpose.refused("made_up") from error
    return content


def spend(purpose: Purpose, ticket: str, now: datetime) -> None:
    """Use it, for the one time. Raises `LaunchRefused` where it was used before."""
    digest = hashlib.sha256(ticket.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [digest, now + purpose.value + timedelta(minutes=1)])
        if not cursor.rowcount:
            raise purpose.refused("used")


def forget_spent(now: datetime) -> int:
    return LtiSpent.objects.filter(expires_at__lt=now).delete()[0]
