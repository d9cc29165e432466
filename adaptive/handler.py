"""How a request comes from the server to Django; one of a running test without what only others need.

Django announces each request's beginning and end to whoever listens, which takes a tenth of an answer's time:
to empty caches that such a request does not use, and to give a connection to the pool that its thread takes
again a moment later. Here it does itself what it needs of that, and its thread keeps the connection.
"""

from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from adaptive.direct import is_of_running_test
from adaptive.postgresql.kept import begin_with_kept, keep
from sessions_app.api.at_once import SLOTS


class Handler(WSGIHandler):
    """Django's, but for requests of running tests."""

    def __call__(  # type: ignore[override]  # a server takes any iterable
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        if environ.get("SCRIPT_NAME") or not is_of_running_test(
            environ["REQUEST_METHOD"], environ["PATH_INFO"]
        ):
            reply: Iterable[bytes] = super().__call__(environ, start_response)
            return reply
        SLOTS.give_back()  # of a request that broke off
        begin_with_kept()
        try:
            response = self.get_response(WSGIRequest(environ))
            parts = list(response)
        finally:
            SLOTS.give_back()
            keep()
        headers = response.headers._store.values()  # as `response.items()`, which looks each name up again
        cookies = [("Set-Cookie", each.output(header="")) for each in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*headers, *cookies])
        return parts
