"""How a reply becomes bytes under REST framework."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer

from sessions_app import replies
from sessions_app.replies import Reply


class ReplyRenderer(JSONRenderer):
    """Typed replies by their own encoder; anything else as REST framework does it."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if not isinstance(data, Reply):
            plain: bytes = super().render(data, accepted_media_type, renderer_context)
            return plain
        if accepted_media_type is None or ";" not in accepted_media_type:
            return replies.encode(data)
        indent = self.get_indent(accepted_media_type, renderer_context or {})
        return replies.encode(data) if indent is None else replies.encode_for_people(data, indent)


class ProblemRenderer(ReplyRenderer):
    media_type = "application/problem+json"
