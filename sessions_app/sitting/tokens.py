"""The token that `start` gives to a student's browser: it opens one session, and checking it costs no SQL.

It is signed, not stored. It carries the session's id, the time the session started, so that a repeated
`start` gives the same token again, and its generation: the session accepts the newest alone, so one more
revokes all before it.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing

from sessions_app.audit.keyed import keyed

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


def _signed_in(token: str) -> str:
    """What `signing.Signer` finds signed; raises `BadSignature`.

    The signer would derive its key anew for every answer of a test.
    """
    value, separator, signature = token.rpartition(":")
    for key in _keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        own = base64.urlsafe_b64encode(keyed(key).digest(value.encode())).rstrip(b"=")
        if separator and hmac.compare_digest(own, signature.encode()):
            return value
    raise signing.BadSignature


@lru_cache(maxsize=4)
def _keys(*secrets: str) -> list[bytes]:
    """The signer's, as `salted_hmac` derives them."""
    return [hashlib.sha256(f"{_SALT}signer{secret}".encode()).digest() for secret in secrets]


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
        payload = base64.urlsafe_b64decode(_signed_in(token))
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise InvalidSessionToken from error
    issued = datetime.fromtimestamp(int.from_bytes(payload[16:21], "big"), tz=now.tzinfo)
    if now - issued > timedelta(seconds=settings.SESSION_TOKEN_MAX_AGE):
        raise InvalidSessionToken
    return SessionToken(UUID(bytes=payload[:16]), generation=int.from_bytes(payload[21:], "big"))
