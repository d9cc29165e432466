"""Failed logins to the admin and the desk, which django-axes counts: whose, when they lock, how it looks."""

from collections.abc import Callable
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from desk.views import entrance
from sessions_app.api.at_once import SLOTS
from sessions_app.api.errors import RETRY_AFTER_BUSY
from sessions_app.api.senders import address_of


class LoginFailures(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Two counts: of one name from one address, and of one address against accounts that there are.

    A school shares an address. Made-up names cannot be guessed into, so they lock nothing but themselves:
    nobody locks a school by typing them, and nobody an administrator elsewhere whose name they know.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """On the scale of AXES_FAILURE_LIMIT: what reaches it is locked."""
        of_name, of_address = self.get_user_attempts(
            request, credentials
        )  # as AXES_LOCKOUT_PARAMETERS lists them
        own = _failures(of_name) if get_client_username(request, credentials) else 0
        real = User.objects.filter(is_active=True, is_staff=True).values("username")
        if _failures(of_address.filter(username__in=real)) >= settings.ADMIN_LOGIN_ADDRESS_FAILURES:
            return max(own, int(settings.AXES_FAILURE_LIMIT))
        return own


def _failures(attempts: QuerySet[AccessAttempt]) -> int:
    return attempts.aggregate(failures=Sum("failures_since_start"))["failures"] or 0


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """The log-in page's place, until the lock is over."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    page = entrance.locked_out(request, minutes)
    page.headers["Retry-After"] = str(minutes * 60)
    return page


class FewAtOnce:
    """Middleware: a password takes long to check on purpose, so few of one address are checked at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_login = request.method == "POST" and request.path in (
            reverse("desk:log_in"),
            reverse("account_reauthenticate"),
        )
        if is_login and not SLOTS.take(f"login:{address_of(request)}", settings.ADMIN_LOGINS_AT_ONCE):
            busy = {"Retry-After": str(RETRY_AFTER_BUSY)}
            return HttpResponse("Too many logins at once. Try again.", status=429, headers=busy)
        return self.get_response(request)
