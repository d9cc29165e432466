"""Failed logins to the admin and the desk, which django-axes counts: whose, when they lock, how it looks."""

from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
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

ONE_SITE = 64  # bits: who has one IPv6 address has the 2**64 of its network


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


def address_of(request: HttpRequest) -> str | None:
    """The address that failures are counted under.

    Behind a proxy it is the last entry of X-Forwarded-For, which the proxy wrote; those before it may be a
    client's own invention. Without a proxy the header is a client's invention altogether.
    """
    sender = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        sender = request.headers.get("X-Forwarded-For", sender).rpartition(",")[2].strip()
    try:
        address = ip_address(sender)
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, ONE_SITE), strict=False).network_address)


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
