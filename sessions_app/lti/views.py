"""The door: pages without cookies, in a platform's frame or in a tab. The modules beside it decide."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organisations.acting import act_for
from sessions_app import refusals
from sessions_app.lti import claims as claim
from sessions_app.lti import deep_linking, frames, launching, login, messages, outbox, registering, review
from sessions_app.lti.addresses import Addresses
from sessions_app.lti.keys import key_set
from sessions_app.lti.launching import Opened, Over
from sessions_app.lti.messages import Message
from sessions_app.lti.places import link_of
from sessions_app.lti.refused import LaunchRefused
from sessions_app.models import LtiRegistration, TestSession
from sessions_app.reporting.languages import language_in
from sessions_app.reporting.results import result_in
from sessions_app.reporting.sentences import sentences_of
from sessions_app.sitting.tokens import make_session_token, page_of

logger = logging.getLogger(__name__)

KEYS_MAY_BE_KEPT = 3600  # seconds
# What keeps a test from being opened that its student should read → a part of refused.html.
TOLD: dict[type[refusals.Refusal], str] = {
    refusals.NamedTestNotOpen: "not_open",
    refusals.NotInvited: "not_for_you",
    refusals.InvitationRevoked: "not_for_you",
    refusals.StudentErased: "not_for_you",
    refusals.NoAttemptsLeft: "no_attempts",
    refusals.TooManyRequests: "too_many",
}
View = Callable[..., HttpResponse]


def _told_why(came_to: str) -> Callable[[View], View]:
    """What opens nothing is a page that says why, to whoever came and to whoever set it up.

    `came_to`: "open" a test, "choose" one for a course, or "register" a platform; the page speaks to a
    student or teacher, a teacher, or an administrator.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            act_for(None)  # what a signature names says whose it is: until then, any platform's
            try:
                return view(request, *args, **kwargs)
            except LaunchRefused as refused:
                logger.warning("Refused an LTI request: %s", refused.reason)
                told = {"why": refused.why} if refused.why else {"reason": refused.reason}
                return _refused(request, {**told, "came_to": came_to}, status=400)
            except refusals.Refusal as refused:
                why = TOLD.get(type(refused))
                logger.warning("An LTI launch opened no test: %s", type(refused).__name__)
                told = {"why": why} if why else {"reason": str(refused) or type(refused).__name__}
                return _refused(request, {**told, "came_to": came_to}, 429 if why == "too_many" else 403)

        return guarded

    return decorate


def _refused(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    """Nothing on it can be clicked, so anybody may show it in a frame."""
    response = _page(request, "refused", context, status=status)
    return frames.may_be_framed(response, [frames.ANYBODY])


def _page(
    request: HttpRequest, name: str, context: dict[str, Any], *, locale: str = "", status: int = 200
) -> HttpResponse:
    """In the platform's language if it told one that there is, else in the browser's."""
    language = language_in(f"{locale},{request.headers.get('Accept-Language', '')}")
    with translation.override(language):
        response = render(request, f"lti/{name}.html", {**context, "language": language}, status=status)
    response["Content-Language"] = language
    return response


def _addresses(request: HttpRequest) -> Addresses:
    return Addresses(f"{request.scheme}://{request.get_host()}")


# --- Keys, log-in, launch -----------------------------------------------------------------------------------


@require_GET
def jwks(request: HttpRequest) -> HttpResponse:
    response = JsonResponse(key_set(timezone.now()))
    patch_cache_control(response, public=True, max_age=KEYS_MAY_BE_KEPT)
    return response


@_told_why("open")
@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    return _go(login.question_to_platform(asked.dict(), _addresses(request)))


@_told_why("open")
@require_http_methods(["GET", "POST"])
def launch(request: HttpRequest, test_name: str = "") -> HttpResponse:
    if request.method == "GET":
        raise LaunchRefused("A launch came by GET.", "no_platform")
    if error := request.POST.get("error"):
        raise LaunchRefused(f"The platform refused: {error[:100]}")
    now = timezone.now()
    state, token = request.POST.get("state", ""), request.POST.get("id_token", "")
    message = messages.verified(state, token, _addresses(request), now)
    if message.kind == claim.DEEP_LINK:
        return _choose(request, message)
    if message.kind == claim.REVIEW:
        return _review(request, message)
    if claim.is_teacher(message.roles):
        return _overview(request, message)
    if not claim.is_learner(message.roles):
        raise LaunchRefused("The platform says neither that this person learns in the course nor teaches it.")
    return _show(request, message.registration, launching.open_test(message, now), message.locale)


@_told_why("open")
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    link, opened = launching.open_again(request.POST.get("ticket", ""), timezone.now())
    return _show(request, link.registration, opened, request.POST.get("language", ""))


def _show(
    request: HttpRequest, registration: LtiRegistration, opened: Opened | Over, locale: str
) -> HttpResponse:
    """The student's page; where it may not stand in this frame, a way to a tab of its own."""
    is_framed = frames.is_in_frame(request)
    needs_tab = is_framed and not registration.frame_ancestors
    address = _page_for(registration, opened.token, locale)
    if isinstance(opened, Opened) and not needs_tab:
        return _go(address)
    shown = {"address": address, "needs_tab": needs_tab}
    if isinstance(opened, Over):
        context = {**shown, "test": opened.test, "ticket": opened.again}
        return _framed(registration, _page(request, "over", context, locale=locale))
    return _framed(registration, _page(request, "tab", shown, locale=locale))


def _page_for(registration: LtiRegistration, token: str, locale: str) -> str:
    asked = {"frame": registration.pk.hex} if registration.frame_ancestors else {}
    if locale:
        asked["language"] = language_in(locale)
    return page_of(token, **asked)


def _framed(registration: LtiRegistration, response: HttpResponse) -> HttpResponse:
    """Where nobody was listed, the platform itself: it is in its frame that the launch came."""
    origins = registration.frame_ancestors or [frames.origin_of(registration.auth_url)]
    return frames.may_be_framed(response, list(origins))


def _go(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


# --- Teachers -----------------------------------------------------------------------------------------------


def _choose(request: HttpRequest, message: Message) -> HttpResponse:
    ticket = deep_linking.question_to_teacher(message)
    context = {"ticket": ticket, "tests": deep_linking.offered_to(message.registration)}
    return _framed(message.registration, _page(request, "choose", context, locale=message.locale))


@_told_why("choose")
@require_POST
def choice(request: HttpRequest) -> HttpResponse:
    """A form that sends itself to the platform."""
    ticket, test = request.POST.get("ticket", ""), request.POST.get("test", "")
    chosen = deep_linking.chosen(ticket, test, _addresses(request), timezone.now())
    response = _page(request, "send", {"chosen": chosen}, locale=request.POST.get("language", ""))
    _framed(chosen.registration, response)
    response._csp_replace["form-action"] = [frames.origin_of(chosen.address)]  # type: ignore[attr-defined]
    return response


def _overview(request: HttpRequest, message: Message) -> HttpResponse:
    link = link_of(message, timezone.now())
    outbox.ask_for_roster(link)
    context = {"link": link, "tests": review.tests_of(link)}
    return _framed(message.registration, _page(request, "overview", context, locale=message.locale))


def _review(request: HttpRequest, message: Message) -> HttpResponse:
    found = review.reviewed(message)
    session = found.session
    if found.is_own and session is not None:
        token = make_session_token(session.pk, timezone.now(), session.token_generation)
        return _show(request, message.registration, Opened(token), message.locale)
    context: dict[str, Any] = {"found": found, "session": session}
    is_over = session is not None and session.status != TestSession.Status.ACTIVE
    with translation.override(language_in(f"{message.locale},{request.headers.get('Accept-Language', '')}")):
        if session is not None and is_over:
            context["told"] = sentences_of(result_in(session).report, for_teacher=True)
        return _framed(message.registration, _page(request, "review", context, locale=message.locale))


# --- Registration -------------------------------------------------------------------------------------------


@_told_why("register")
@require_GET
def register(request: HttpRequest, ticket: str) -> HttpResponse:
    asked = request.GET
    registration = registering.register(
        ticket,
        asked.get("openid_configuration", ""),
        asked.get("registration_token", ""),
        _addresses(request),
        timezone.now(),
    )
    logger.info("Registered an LTI platform: %s", registration.pk)
    return _framed(registration, _page(request, "registered", {"registration": registration}))
