"""One line and one count for every request, and the id by which its other lines are found."""

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse

from adaptive.logs import tell
from adaptive.metrics import CONFLICTS, REQUEST_SECONDS, REQUESTS
from sessions_app import log_fields
from sessions_app.api.authentication import Client

logger = structlog.get_logger(__name__)
plain_logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Lines of these would bury the others: level DEBUG.
PROBES = {"health", "health/live", "health/ready", "metrics", "static"}


class RequestLog:
    """The outermost middleware. It never names the address or the query: they hold student ids."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        request_id = request_id_of(request)
        log_fields.begin(request_id=request_id)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            _observe(request, response, time.perf_counter() - began)
        finally:
            log_fields.end()
        return response


def request_id_of(request: HttpRequest) -> str:
    """The one that the proxy gave, if it is 8 to 64 letters, digits and `._-`; else a new one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)


def route_of(request: HttpRequest) -> str:
    """The pattern of the address, such as `api/test/status/<str:session_id>`."""
    if request.resolver_match is not None:
        return request.resolver_match.route or "/"
    return "static" if request.path.startswith(settings.STATIC_URL) else "unknown"


def _observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    route, status = route_of(request), response.status_code
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(route, method, status).inc()
    REQUEST_SECONDS.labels(route, method).observe(seconds)
    fields: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
    }
    user = request.__dict__.get("user")  # the admin's is lazy, and must stay so
    if type(user) is Client:
        fields["client_id"] = user.id
    if status >= 400 and (code := _code_of(response)) is not None:
        fields["code"] = code
        if status == 409:
            CONFLICTS.labels(fields["code"]).inc()
    failure = request.__dict__.get("failure")
    if failure is not None:
        logger.error("request", exc_info=failure, **fields)
    elif status >= 500 and route not in PROBES:
        logger.warning("request", **fields)
    elif route in PROBES:
        logger.debug("request", **fields)
    else:
        tell(plain_logger, "request", **fields)


def _code_of(response: HttpResponse) -> str | None:
    """Of a problem, which a reply of the API holds as an object or a mapping."""
    problem = getattr(response, "data", None)
    code = problem.get("code") if isinstance(problem, dict) else getattr(problem, "code", None)
    return code if isinstance(code, str) else None


def keep_failure(request: HttpRequest | None = None, **_: Any) -> None:
    """What a view raised unexpectedly goes into the request's own line."""
    if request is not None:
        request.__dict__["failure"] = sys.exception()


got_request_exception.connect(keep_failure, dispatch_uid="request_log")
