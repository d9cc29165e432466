"""What the student's page needs beside the contract: questions as HTML, and the page's own address."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from sessions_app.api.errors import InvalidBody
from sessions_app.sitting.tokens import page_of
from testing_engine.rendering import content_html, option_html

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


def with_html(reply: dict[str, Any]) -> dict[str, Any]:
    """The reply, its question also as HTML."""
    question = reply.get("next_question")
    if question is not None:
        question["content_html"] = content_html(question["content"])
        question["options_html"] = [option_html(option) for option in question["options"]]
    return reply


def with_page(request: Request, reply: dict[str, Any]) -> dict[str, Any]:
    """The reply of `start`, with the link that a student opens."""
    return {**reply, "take_url": request.build_absolute_uri(page_of(reply["session_token"]))}
