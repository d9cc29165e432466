"""What every view of the desk goes through: who is let in, in which language, how a page is drawn."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from desk.job_words import Told, told_of
from desk.navigation import sections
from desk.rights import ENTER, Right, rights_of, shared_so_far
from desk.sentences import translated
from organisations.own import own_language, own_organisation
from organisations.sharing import Level, NotShared
from sessions_app.administration.brands import brand_of
from sessions_app.measurement.looks import LookFirst
from sessions_app.refusals import TooManyJobs
from sessions_app.waiting import queue
from student_page.languages import chosen_language, languages
from testing_engine import approval
from testing_engine.approval import PublicationRefused

REASON = "override_reason"
COOKIE = "desk_language"
COOKIE_AGE = 365 * 24 * 3600

require_form = require_http_methods(["GET", "HEAD", "POST"])  # a page, and by POST the form on it

P = ParamSpec("P")


class DeskRequest(HttpRequest):
    """A request of somebody who was let in; `htmx` says whether a part of a page is asked for.

    `shared`: what the address names that may be a colleague's, and how much of it they have.
    """

    user: User
    htmx: HtmxDetails
    shared: tuple[str, Level]


View = Callable[Concatenate[DeskRequest, P], HttpResponse]


def desk_view(
    right: Right = ENTER,
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """A view for people who may enter the admin and hold this right; others log in, or read why not."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def inside() -> HttpResponse:
                entering = cast(DeskRequest, request)
                entering.htmx = HtmxDetails(request)
                if not (request.user.is_active and getattr(request.user, "is_staff", False)):
                    return _log_in_first(entering)
                if not right.is_held_by(request.user):
                    return forbidden(request)
                entering.shared = of, level = shared_so_far(kwargs)
                if not right.reaches(level, of):
                    return not_shared(request)
                try:
                    if request.method != "POST":
                        return view(entering, *args, **kwargs)
                    return publishing_view(entering, lambda: view(entering, *args, **kwargs))
                except NotShared:
                    return not_shared(request)

            return in_language(request, inside)

        return guarded

    return decorate


def publishing_view(request: DeskRequest, inside: Callable[[], HttpResponse]) -> HttpResponse:
    """What is published inside is this person's. What the pool's requirements stop is shown with a field for
    a reason: the same form again, and with one it goes on. So it does when a worker has looked at them, where
    that takes long.
    """
    reason = request.POST.get(REASON, "")
    try:
        with approval.in_the_name_of(request.user.pk, reason, waits=True):
            return inside()
    except LookFirst as first:
        context = {**_sent(request, ("csrfmiddlewaretoken",)), "job": _looking(request, first)}
        if wants_part(request):
            return show(request, "parts/gate_looks", context)
        return show(request, "gate_looks", context, status=409)
    except PublicationRefused as refused:
        context = {
            **_sent(request, (REASON, "csrfmiddlewaretoken")),
            "shortfalls": [translated(each) for each in refused.shortfalls],
        }
        if wants_part(request):  # inside the form that was sent, files and all
            return show(request, "parts/gate_refused", context)
        return show(request, "gate_refused", context, status=409)


def _sent(request: DeskRequest, but: Collection[str]) -> dict[str, Any]:
    """What was sent, and where to, to be sent again."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    kept = [(name, value) for name, value in fields if name not in but]
    return {"kept": kept, "address": request.get_full_path()}


def _looking(request: DeskRequest, first: LookFirst) -> Told | None:
    """The worker's look; None where this account waits for too many others."""
    try:
        return told_of(queue.ask_to_look(first, request.user.pk), timezone.now())
    except TooManyJobs:
        return None


def in_language(request: HttpRequest, inside: Callable[[], HttpResponse]) -> HttpResponse:
    """The reply in the language that was asked for, which the browser then remembers; else in the
    organisation's own.
    """
    language = chosen_language(request, COOKIE, own_language(request))
    with translation.override(language):
        response = inside()
        if isinstance(response, SimpleTemplateResponse):
            response.render()
    if request.GET.get("language") == language:
        response.set_cookie(
            COOKIE, language, COOKIE_AGE, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
        )
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language", "Cookie", "HX-Request"])
    return response


def _log_in_first(request: DeskRequest) -> HttpResponse:
    """A part of a page cannot log in: it is refused, and the page says so and keeps what was typed."""
    if wants_part(request):
        return HttpResponse(status=401)
    came_by = request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "")
    query = urlencode({"next": came_by}) if came_by else ""
    return redirect(f"{reverse('desk:log_in')}?{query}")


def wants_part(request: DeskRequest) -> bool:
    """Whether htmx asks for a part of the page that is there, rather than for another page."""
    return bool(request.htmx) and not request.htmx.boosted


def show(
    request: HttpRequest, name: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page or a part of one, from `templates/desk/NAME.html`."""
    return render(request, f"desk/{name}.html", {**page_context(request), **(context or {})}, status=status)


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What the frame around every page shows."""
    own = own_organisation(request)
    return {
        "sections": sections(request),
        "languages": languages(),
        "may": rights_of(request.user, *getattr(request, "shared", ())),
        "brand": None if own is None else brand_of(own),
    }


def form_of(page: str) -> Callable[[Callable[P, HttpResponse]], Callable[P, HttpResponse]]:
    """The address of a form that stands on `page`, another page of the same pool or question.

    A form that is refused is shown again at its own address. Whoever then loads that anew, follows a link
    within the page or comes back by the history, gets the page: no address that was seen is a dead end.
    """

    def decorate(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
        @wraps(view)
        def sent_only(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            request = cast(HttpRequest, args[0])
            if request.method not in ("GET", "HEAD"):
                return require_POST(view)(*args, **kwargs)
            address, query = reverse(f"desk:{page}", kwargs=kwargs), request.META.get("QUERY_STRING", "")
            return redirect(f"{address}?{query}" if query else address)

        return sent_only

    return decorate


def go_to(request: DeskRequest, address: str) -> HttpResponse:
    """Another page: a redirect after a POST, by htmx or without."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def forbidden(request: HttpRequest) -> HttpResponse:
    """The page of what somebody may not do."""
    return show(request, "forbidden", status=403)


def not_shared(request: HttpRequest) -> HttpResponse:
    """The page of what a colleague did not share so far."""
    return show(request, "not_shared", status=403)


def too_large(request: HttpRequest) -> HttpResponse:
    """The page for a form that says more than can be sent at once."""
    return in_language(request, lambda: show(request, "too_large", status=400))


def out_of_date(request: HttpRequest) -> HttpResponse:
    """The page for a form that was shown before somebody logged in anew, or that another site sent."""
    return in_language(request, lambda: show(request, "out_of_date", status=403))


def not_found(request: HttpRequest) -> HttpResponse:
    """The page of an address of the desk at which there is nothing, or nothing any more."""
    return in_language(request, lambda: show(request, "not_found", status=404))
