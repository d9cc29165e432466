"""What a request says about how questions are to be shown."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from sessions_app.api.errors import InvalidBody

RENDER = OpenApiParameter(
    "render",
    str,
    enum=["html"],
    description=(
        "`html` adds `content_html` and `options_html` to `next_question`: mathematics as MathML, code, "
        "tables and pictures, and nothing that could run."
    ),
)


def wants_html(request: Request) -> bool:
    """Asked before anything is written, as a wrong value changes nothing."""
    asked = request.query_params.get("render")
    if asked not in (None, "html"):
        raise InvalidBody([("/render", "Must be html.")])
    return asked is not None
