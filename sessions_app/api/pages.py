"""Views of lists."""

from collections.abc import Callable
from typing import Any

from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.replies import Reply


class ListView(ListAPIView[Any]):
    # A page of rows, each as `reply` makes it. (A docstring would become the operation's description.)
    reply: Callable[[Any], Reply]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([self.reply(row) for row in rows or []])
