"""Rate limits: so many requests a minute for each API client and each session, in Redis.

Without Redis nobody is limited: an outage must not stop tests.
"""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sessions_app import hot_state
from sessions_app.api.authentication import Client, SessionHolder, user_of
from sessions_app.api.errors import RETRY_AFTER_RATE_LIMIT
from sessions_app.hot_state import RateLimit


def rate_of(request: Request) -> RateLimit | None:
    """The limit that the caller stands under."""
    match user_of(request):
        case SessionHolder(session_id=session_id):
            return RateLimit(f"session:{session_id}", settings.RATE_LIMIT_SESSION_PER_MINUTE)
        case Client(id=client_id):
            return RateLimit(f"client:{client_id}", settings.RATE_LIMIT_CLIENT_PER_MINUTE)
    return None


class CallerRateThrottle(BaseThrottle):
    """One round trip to Redis. `submit` counts inside its own round trip instead."""

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = rate_of(request)
        return rate is None or hot_state.count_request(rate) <= rate.per_minute

    def wait(self) -> float:
        return RETRY_AFTER_RATE_LIMIT
