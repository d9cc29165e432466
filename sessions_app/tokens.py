"""The token that `start` gives to a student's browser: it opens one session, and checking it costs no SQL.

It is signed, not stored. It carries the session's id and the time the session started, so that a repeated
`start` gives the same token again.
"""

import base64
import binascii
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing

# The student's page. The token stands behind the #, which browsers send to no server and write to no log.
STUDENT_PAGE = "/take/test"
_SALT = "sessions_app.session_token"


class InvalidSessionToken(Exception):
    """The token was not made here, was changed, or is too old."""


def make_session_token(session_id: UUID, started_at: datetime) -> str:
    payload = session_id.bytes + int(started_at.timestamp()).to_bytes(5, "big")
    return signing.Signer(salt=_SALT).sign(base64.urlsafe_b64encode(payload).decode())


def page_of(session_token: str) -> str:
    """The address, on this host, of the page on which the student takes the test."""
    return f"{STUDENT_PAGE}#{session_token}"


def read_session_token(token: str, now: datetime) -> UUID:
    """The session that the token opens; raises `InvalidSessionToken`."""
    try:
        payload = base64.urlsafe_b64decode(signing.Signer(salt=_SALT).unsign(token))
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise InvalidSessionToken from error
    issued = datetime.fromtimestamp(int.from_bytes(payload[16:], "big"), tz=now.tzinfo)
    if now - issued > timedelta(seconds=settings.SESSION_TOKEN_MAX_AGE):
        raise InvalidSessionToken
    return UUID(bytes=payload[:16])
