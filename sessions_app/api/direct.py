"""The short way through REST framework, for what a student's every answer goes through.

Where the framework asks which of several parsers, renderers and versions a request wants, these views have
one of each. Authentication, permission, throttles and the view itself are the same on both ways, and a
refusal is told by the framework. What asks for something special goes the long way, as everywhere.
"""

from typing import IO, Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api.authentication import ApiTokenAuthentication
from sessions_app.api.parsers import StrictJsonParser
from sessions_app.api.renderers import ReplyRenderer
from sessions_app.api.views import ClientView
from sessions_app.replies import Reply

_AUTHENTICATOR = ApiTokenAuthentication()
_NEGOTIATOR = DefaultContentNegotiation()
_PARSER = StrictJsonParser()


class DirectRequest(Request):
    """A request whose body is JSON, and whose caller says in one header who they are."""

    user: Any = None
    auth: Any = None

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, authenticators=(_AUTHENTICATOR,), negotiator=_NEGOTIATOR)
        self._authenticator: ApiTokenAuthentication | None = None
        self._read: Any = None
        self.META = request.META  # is asked for four times, and would be looked for here first

    def authenticate(self) -> None:
        """Once; the framework would do so when it first asks for the user, and asks four times."""
        found = _AUTHENTICATOR.authenticate(self)
        if found is not None:
            self.user, self.auth = found
            self._authenticator = _AUTHENTICATOR
        self._request.user = self.user

    @property
    def data(self) -> Any:
        if self._read is None:
            body = cast(IO[Any], self._request)
            self._read = _PARSER.parse(body, parser_context={"request": self._request})
        return self._read


class DirectView(ClientView):
    """A view whose `get` or `post` returns the reply itself."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = request.method if request.method in ("GET", "POST") else None
        handler = getattr(self, method.lower(), None) if method else None
        if handler is None or not _asks_for_json(request):
            return super().dispatch(request, *args, **kwargs)
        self.args, self.kwargs = args, kwargs
        self.request = asked = DirectRequest(request)
        self.headers = self.default_response_headers
        try:
            asked.authenticate()
            self.check_permissions(asked)
            self.check_throttles(asked)
            self.check_query(asked)
            reply = replies.encode(handler(asked, *args, **kwargs))
        except Exception as error:
            return self.finalize_response(asked, self.handle_exception(error), *args, **kwargs)
        return HttpResponse(reply, content_type=ReplyRenderer.media_type, headers=self.headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """On the long way a reply becomes a response here."""
        whole = Response(response) if isinstance(response, Reply) else response
        return super().finalize_response(request, whole, *args, **kwargs)


def _asks_for_json(request: HttpRequest) -> bool:
    """In so many words: weights and parameters are the framework's to read."""
    return request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", "application/json")
