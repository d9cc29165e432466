"""The way in and out, and the first page."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, in_language, page_context, require_form, show
from desk.rights import MAKE_POOLS
from desk.sign_on.ways import institutions
from sessions_app.measurement.watches import standing


class LogIn(LoginView):
    """For the desk and the admin: a password, then the second factor of whoever has one.

    django-axes locks after failures.
    """

    template_name = "desk/log_in.html"
    authentication_form = AdminAuthenticationForm
    next_page = "desk:home"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response: HttpResponse = perform_login(
            self.request, form.get_user(), email_verification="none", redirect_url=self.get_success_url()
        )
        return response


@require_form
def log_in(request: HttpRequest) -> HttpResponse:
    """In with name and password or by an institution, and on to where somebody wanted to go."""
    ways = institutions(request.GET.get("next", ""))
    view = LogIn.as_view(extra_context={**page_context(request), "institutions": ways})
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
