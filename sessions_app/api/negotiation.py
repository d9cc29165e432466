"""Views that give files, whose own parameters say which."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request


class AnyFormat(DefaultContentNegotiation):
    """The view's own parameter `format` says which, whatever `Accept` says."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
