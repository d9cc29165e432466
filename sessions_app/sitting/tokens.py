"""The token that `start` gives to a student's browser: it opens one session, and checking it costs no SQL.

It is signed, not stored. It carries the session's id, the time the session started, so that a repeated
`start` gives the same token again, and its generation: the session accepts the newest alone, so one more
revokes all before it.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing

# The student's page. The token stands behind the #, which browsers send to no server and write to no log.
STUDENT_PAGE = "/take/test"
_SALT = "sessions_app.session_token"


class InvalidSessionToken(Exception):
    """The token was not made here, was changed, or is too old."""


@dataclass(frozen=True)
class SessionToken:
    """What a token says. Whether its generation is still the session's, the session knows."""

    session_id: UUID
    generation: int


def make_session_token(session_id: UUID, started_at: datetime, generation: int = 0) -> str:
    payload = session_id.bytes + int(started_at.timestamp()).to_bytes(5, "big")
    if generation:  # the first is as it was before there were others
        payload += generation.to_bytes(4, "big")
    return signing.Signer(salt=_SALT).sign(base64.urlsafe_b64encode(payload).decode())


def page_of(session_token: str, **query: str) -> str:
    """The address, on this host, of the page on which the student takes the test."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"{STUDENT_PAGE}{asked}#{session_token}"


def read_session_token(token: str, now: datetime) -> SessionToken:
    """The session that the token opens; raises `InvalidSessionToken`."""
    try:
        issued, read = _signed(token, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise InvalidSessionToken from error
    if now.timestamp() - issued > settings.SESSION_TOKEN_MAX_AGE:
        raise InvalidSessionToken
    return read


@lru_cache(maxsize=4096)
def _signed(token: str, *secrets: str) -> tuple[int, SessionToken]:
    """When it was issued, and what it says. Kept, because a test sends the same with every answer.

    Raises what Django's signer does, and `ValueError` or `binascii.Error` for what is no token of ours.
    """
    signer = signing.Signer(key=secrets[0], fallback_keys=list(secrets[1:]), salt=_SALT)
    payload = base64.urlsafe_b64decode(signer.unsign(token))
    issued = int.from_bytes(payload[16:21], "big")
    return issued, SessionToken(UUID(bytes=payload[:16]), generation=int.from_bytes(payload[21:], "big"))
