"""GET /api/v1/schema and /api/v1/rules/schema: the OpenAPI document, and the schema of a test's rules.

Making the first takes seconds of processor time, and changes Python's filters of warnings for all threads
while it lasts. Anybody may ask for it, so it is made once in each process, and what was made is given to
everybody.
"""

from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app.api.queries import check_known
from sessions_app.api.renderers import ProblemRenderer
from testing_engine.rules_schema import rules_schema

_made: dict[str, bytes] = {}
_making = Lock()


class ByName(DefaultContentNegotiation):
    """`?format=json` goes before what `Accept` says."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return super().select_renderer(request, renderers, request.query_params.get("format"))


class SchemaView(SpectacularAPIView):
    """As YAML or JSON, as the client likes."""

    content_negotiation_class = ByName

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        check_known(request, {"format"})
        renderer: Any = request.accepted_renderer
        disposition = f'inline; filename="schema.{renderer.format}"'
        headers = {"Content-Disposition": disposition}
        return HttpResponse(schema_as(renderer), content_type=renderer.media_type, headers=headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What is refused is no document."""
        if getattr(response, "exception", False):
            request.accepted_renderer = ProblemRenderer()
        return super().finalize_response(request, response, *args, **kwargs)


class RulesSchemaView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]
    schema = None

    def get(self, request: Request) -> Response:
        check_known(request, ())
        return Response(rules_schema())


def schema_as(renderer: BaseRenderer) -> bytes:
    """The schema in the renderer's format."""
    with _making:
        if renderer.media_type not in _made:
            schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            rendered: Any = renderer.render(schema, renderer_context={})
            _made[renderer.media_type] = rendered
    return _made[renderer.media_type]
