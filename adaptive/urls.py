"""Addresses. /health and the documentation are public, the rest is not; /metrics has a token of its own."""

import sys

from django.contrib import admin
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views import csrf, defaults
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from adaptive.documentation import RulesSchemaView, SchemaView
from adaptive.health import health
from adaptive.metrics import metrics
from adaptive.probes import live, ready
from desk import doors as desk_doors
from sessions_app import log_fields
from sessions_app.admin.named_tests import invitation_list
from sessions_app.api.access_tokens import AccessTokenView
from sessions_app.api.errors import RETRY_AFTER_OUTAGE
from sessions_app.api.versions import ROOTS
from sessions_app.outages import is_outage, note_outage
from student_page import views as student_page_views
from testing_engine.image_view import question_image
from testing_engine.sound_view import question_sound

api: list[URLPattern | URLResolver] = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("rules/schema", RulesSchemaView.as_view()),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api_docs.html")),
    path("", include("sessions_app.api.urls")),
]

urlpatterns = [
    path("", student_page_views.home),
    path("favicon.ico", lambda request: redirect(static("adaptive/icon.svg"))),  # browsers ask by themselves
    path("health", health),
    path("health/live", live),
    path("health/ready", ready),
    path("metrics", metrics),
    *(path(root, include(api)) for root in ROOTS),
    path("oauth/token", AccessTokenView.as_view()),
    path("ims/cat/v1p0/", include("sessions_app.cat_api.urls")),
    path("fhir/", include("sessions_app.fhir.urls")),
    path("lti/", include("sessions_app.lti.urls")),
    re_path(r"^images/(?P<sha256>[0-9a-f]{64})\.(?P<suffix>png|jpg)$", question_image),
    re_path(r"^sounds/(?P<sha256>[0-9a-f]{64})\.(?P<suffix>ogg|mp3|m4a)$", question_sound),
    path("take", RedirectView.as_view(url="/take/")),
    path("take/", include("student_page.urls")),
    path("desk", RedirectView.as_view(url="/desk/")),
    path("desk/account/", include("desk.sign_on.urls")),
    path("desk/", include("desk.urls")),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/login/", RedirectView.as_view(pattern_name="desk:log_in", query_string=True)),  # one way in
    path("admin/sessions_app/invitation/", invitation_list),
    path("admin/", admin.site.urls),
]


def _problem(status: int, title: str, code: str, detail: str) -> JsonResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/ims/", "/fhir/"))


def _is_desk(request: HttpRequest) -> bool:
    return request.path.startswith("/desk/")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return _problem(400, "Invalid request", "bad_request", "The request is malformed.")
    if _is_desk(request) and isinstance(exception, RequestDataTooBig):
        return desk_doors.too_large(request)
    return defaults.bad_request(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_desk(request):
        return desk_doors.out_of_date(request)
    return csrf.csrf_failure(request, reason)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return _problem(404, "Not found", "not_found", "There is nothing at this address.")
    if _is_desk(request):
        return desk_doors.not_found(request)
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """An outage of the database is told as one: of every page, and of what a middleware writes after it."""
    failure = sys.exception()
    if is_outage(failure):
        return _unavailable(request, failure)
    if _is_api(request):
        return _problem(500, "Internal error", "error", "Something failed here; it has been logged.")
    return defaults.server_error(request)


def _unavailable(request: HttpRequest, failure: BaseException | None) -> HttpResponse:
    note_outage(failure)
    request.__dict__.pop("failure", None)  # an outage has no stack trace for every request of it
    log_fields.add(cause=type(getattr(failure, "__cause__", None) or failure).__name__)
    reply: HttpResponse
    if _is_api(request):
        reply = _problem(
            503, "Service unavailable", "database_unavailable", "Nothing was changed; try again."
        )
    else:
        reply = render(request, "unavailable.html", status=503)
    reply.headers["Retry-After"] = str(RETRY_AFTER_OUTAGE)
    return reply
