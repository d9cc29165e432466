"""Parameters that several endpoints take."""

from drf_spectacular.utils import OpenApiParameter

from sessions_app.api.pagination import OF_PLACES

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A repeated request with the same key gets the first reply again. 1 to 200 ASCII characters.",
)
STUDENT_ID = OpenApiParameter(
    "student_id", str, description="Given, it must be the session's student: 403 otherwise."
)
RENDER = OpenApiParameter(
    "render",
    str,
    enum=["html"],
    description=(
        "`html` adds `content_html` and `options_html` to `next_question`, `introduction_html` and "
        "`closing_html` to `test`: mathematics as MathML, code, "
        "tables and pictures, and nothing that could run."
    ),
)
PAGE = OpenApiParameter("page", int, description="From 1.")
PLACES = tuple(OpenApiParameter(name, str, description=told) for name, told in OF_PLACES.items())
PAGE_SIZE = OpenApiParameter("page_size", int, description="At most 500; 50 if left out.")
ACCEPT_LANGUAGE = OpenApiParameter(
    "Accept-Language", str, OpenApiParameter.HEADER, description="In which language sentences come."
)
