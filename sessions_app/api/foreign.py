"""A door that speaks somebody else's protocol, with that protocol's own words for errors."""

from typing import ClassVar

from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import refusals
from sessions_app.api import permissions
from sessions_app.api.errors import RETRY_AFTER_BUSY, RETRY_AFTER_OUTAGE, RETRY_AFTER_RATE_LIMIT
from sessions_app.outages import is_outage, note_outage

# Refusals that another try may meet no more, and after how many seconds.
BUSY: dict[type[Exception], int] = {
    refusals.SubmissionInProgress: RETRY_AFTER_BUSY,
    refusals.TooManyRequests: RETRY_AFTER_RATE_LIMIT,
}


class ForeignView(APIView):
    """For API clients that deliver tests. A door says how it tells an error, and which refusals it has."""

    permission_classes = [permissions.Holds]
    permission: ClassVar[str] = permissions.DELIVER
    schema = None  # who made the protocol publishes one

    def told(self, status: int, message: str) -> Response:
        """An error of that HTTP status, in the protocol's words."""
        raise NotImplementedError

    def refused(self, exc: Exception) -> Response | None:
        """The reply to a refusal; None where it is none."""
        raise NotImplementedError

    def handle_exception(self, exc: Exception) -> Response:
        if is_outage(exc):
            note_outage(exc)
            return self._to_wait(503, "Nothing is sure to have changed; try again.", RETRY_AFTER_OUTAGE)
        if type(exc) in BUSY:
            return self._to_wait(429, "Busy; try again.", BUSY[type(exc)])
        if (reply := self.refused(exc)) is not None:
            return reply
        if isinstance(exc, exceptions.APIException):
            return self._of_framework(exc)
        raise exc

    def _of_framework(self, exc: exceptions.APIException) -> Response:
        detail = exc.detail if isinstance(exc.detail, str) else "; ".join(map(str, exc.get_full_details()))
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            reply = self.told(401, str(detail))
            reply.headers["WWW-Authenticate"] = self.get_authenticate_header(self.request)
            return reply
        if (wait := getattr(exc, "wait", None)) is not None:
            return self._to_wait(exc.status_code, str(detail), int(wait))
        return self.told(exc.status_code, str(detail))

    def _to_wait(self, status: int, message: str, seconds: int) -> Response:
        reply = self.told(status, message)
        reply.headers["Retry-After"] = str(seconds)
        return reply
