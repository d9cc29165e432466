"""GET /api/schema: the OpenAPI schema, made once in each process.

Making it takes seconds of processor time, and changes Python's filters of warnings for all threads while it
lasts. Anybody may ask for it, so it is made once, and what was made is given to everybody.
"""

from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_made: dict[str, bytes] = {}
_making = Lock()


class SchemaView(SpectacularAPIView):
    """As YAML or JSON, as the client likes."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        disposition = f'inline; filename="schema.{renderer.format}"'
        headers = {"Content-Disposition": disposition}
        return HttpResponse(schema_as(renderer), content_type=renderer.media_type, headers=headers)


def schema_as(renderer: BaseRenderer) -> bytes:
    """The schema in the renderer's format."""
    with _making:
        if renderer.media_type not in _made:
            schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            rendered: Any = renderer.render(schema, renderer_context={})
            _made[renderer.media_type] = rendered
    return _made[renderer.media_type]
