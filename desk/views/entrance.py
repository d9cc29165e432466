"""The way in and out, and the first page."""

from django.contrib import messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, in_language, page_context, require_form, show
from desk.rights import MAKE_POOLS
from sessions_app.measurement.watches import standing


class LogIn(LoginView):
    """The admin's accounts, its form, and its lock after failures, which django-axes keeps for both."""

    template_name = "desk/log_in.html"
    authentication_form = AdminAuthenticationForm
    next_page = "desk:home"


@require_form
def log_in(request: HttpRequest) -> HttpResponse:
    """In with name and password, and on to where somebody wanted to go."""
    view = LogIn.as_view(extra_context=page_context(request))
    return in_language(request, lambda: view(request))  # type: ignore[arg-type,return-value]


@form_of("log_in")
def log_out(request: HttpRequest) -> HttpResponse:
    """Out, here and in the admin."""

    def out() -> HttpResponse:
        logout(request)
        messages.success(request, _("You are logged out."))
        return redirect("desk:log_in")

    return in_language(request, out)


def locked_out(request: HttpRequest, minutes: int) -> HttpResponse:
    """In the login page's place, until the lock is over."""
    return in_language(request, lambda: show(request, "locked_out", {"minutes": minutes}, status=429))


@require_safe
@desk_view()
def home(request: DeskRequest) -> HttpResponse:
    """What to do first; for who can do something about it, the pools whose last night has alarms."""
    alarmed = standing.alarmed_pools() if MAKE_POOLS.is_held_by(request.user) else []
    return show(request, "home", {"alarmed": alarmed})
