"""The short way to the views of a running test: past the middlewares that concern people and pages.

A middleware that is asked for nothing but headers gives every reply of an address the same ones. So they are
asked once, by a request that goes through all of them and finds an empty page; what they put on that is put
on every reply that follows from the same scheme, host and origin. Where they do not let it through (a
redirect to HTTPS, an unknown host), and wherever a request is not one of a running test, nothing is short.
"""

import copy
from collections.abc import Callable
from typing import Any

from django.core.handlers.exception import response_for_exception
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, path, resolve, set_urlconf
from django.views.decorators.csrf import csrf_exempt

from sessions_app.api.versions import ROOTS

# Exact addresses, and beginnings that a session's id follows. Views of REST framework, without cookies.
ADDRESSES = {f"/{root}test/{name}" for root in ROOTS for name in ("start", "submit")}
BEGINNINGS = {f"/{root}test/{name}/" for root in ROOTS for name in ("status", "begin", "end", "result")}
METHODS = ("GET", "POST")
OF_THE_REPLY = {"content-type", "content-length"}
MOST_KEPT = 256  # who invents hosts and origins makes others wait for nothing

Headers = dict[str, tuple[str, str]]  # by their names in small letters


def is_of_running_test(method: str | None, address: str) -> bool:
    if method not in METHODS:
        return False
    if address in ADDRESSES:
        return True
    beginning, slash, session_id = address.rpartition("/")
    return beginning + slash in BEGINNINGS and session_id != ""


class DirectWay:
    """Middleware, right behind the one that logs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._matches: dict[str, ResolverMatch] = {}
        self._headers: dict[tuple[str | None, ...], Headers | None] = {}
        setting_changed.connect(self._forget)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = self._found(request)
        if found is None or (headers := self._headers_of(request)) is None:
            return self.get_response(request)
        request.resolver_match, arguments = found
        try:
            response: HttpResponse = request.resolver_match.func(request, **arguments)
            if hasattr(response, "render"):
                response = response.render()
        except Exception as error:
            response = response_for_exception(request, error)
        vary = response.headers.get("Vary")
        # As item by item, which would look at every character of every value again.
        response.headers._store.update(headers)
        if vary is not None and "vary" in headers:
            response.headers["Vary"] = f"{vary}, {headers['vary'][1]}"
        response.headers["Content-Length"] = str(len(response.content))
        return response

    def _found(self, request: HttpRequest) -> tuple[ResolverMatch, dict[str, Any]] | None:
        address = request.path_info
        if not is_of_running_test(request.method, address):
            return None
        if address in ADDRESSES:
            return self._match(address), {}
        beginning, slash, session_id = address.rpartition("/")
        return self._match(beginning + slash + "-"), {"session_id": session_id}

    def _match(self, address: str) -> ResolverMatch:
        if address not in self._matches:
            self._matches[address] = resolve(address)
        return self._matches[address]

    def _headers_of(self, request: HttpRequest) -> Headers | None:
        """What the middlewares behind this one put on a reply; None where they answer it themselves."""
        told = request.META
        key = (request.scheme, told.get("HTTP_HOST"), told.get("SERVER_NAME"), told.get("HTTP_ORIGIN"))
        if key not in self._headers:
            if len(self._headers) >= MOST_KEPT:
                self._headers.clear()
            self._headers[key] = self._ask(request)
        return self._headers.get(key)

    def _ask(self, request: HttpRequest) -> Headers | None:
        probe = copy.copy(request)
        probe.urlconf = __name__
        try:
            reply = self.get_response(probe)
        finally:
            set_urlconf(None)  # the thread's own, which the probe has changed
        if not hasattr(reply, "is_empty_page"):
            return None
        headers = {name.lower(): (name, value) for name, value in reply.headers.items()}
        return {name: header for name, header in headers.items() if name not in OF_THE_REPLY}

    def _forget(self, **_: Any) -> None:
        """Settings change in tests alone."""
        self._headers.clear()


@csrf_exempt
def _empty_page(request: HttpRequest, address: str) -> HttpResponse:
    reply = HttpResponse()
    reply.is_empty_page = True  # type: ignore[attr-defined]
    return reply


urlpatterns = [path("<path:address>", _empty_page)]
