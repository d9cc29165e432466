"""Rate limits: so many requests a minute for each API client, each session and each student, in Redis.

Without Redis nobody is limited: an outage must not stop tests.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sessions_app.api.authentication import Client, SessionHolder, user_of
from sessions_app.api.errors import RETRY_AFTER_RATE_LIMIT
from sessions_app.refusals import TooManyRequests
from sessions_app.sitting import hot_state, rates
from sessions_app.sitting.rates import SessionRate


def rate_in_session(request: Request, session_id: UUID) -> SessionRate | None:
    """The limits of a request about this session; a session's token is about its own."""
    match user_of(request):
        case SessionHolder(session_id=own_id, token_generation=generation):
            return SessionRate(own_id, generation=generation)
        case Client(id=client_id):
            return SessionRate(session_id, client_id)
    return None


def limit_starts(student_id: str) -> None:
    """Raises `TooManyRequests` where too many tests were started for this student in this minute."""
    if hot_state.is_over(rates.of_starts(student_id)):
        raise TooManyRequests


class CallerRateThrottle(BaseThrottle):
    """One round trip to Redis. `submit` counts inside its own round trip instead."""

    def allow_request(self, request: Request, view: Any) -> bool:
        session_id = _session_in(view.kwargs)
        match user_of(request):
            case Client(id=client_id) if session_id is None:
                return not hot_state.is_over(rates.of_client(client_id))
            case SessionHolder(session_id=own_id):
                session_id = own_id
        rate = rate_in_session(request, session_id) if session_id is not None else None
        return rate is None or not hot_state.is_over_in_session(rate)

    def wait(self) -> float:
        return RETRY_AFTER_RATE_LIMIT


def _session_in(address: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(address["session_id"])
    except (KeyError, ValueError):
        return None
