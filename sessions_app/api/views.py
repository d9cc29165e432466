"""What views are: whom they let in, and how lists are paged. What is said of each: `documentation`."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app.api import permissions
from sessions_app.api.documentation.endpoint import Endpoint
from sessions_app.replies import Reply


class ClientView(APIView):
    """For API clients that hold `permission`."""

    documentation: Endpoint | Mapping[str, Endpoint]  # by method, where it has several
    permission_classes = [permissions.Holds]
    permission: str


class SessionView(ClientView):
    """For API clients that deliver tests, and for whoever holds the token of the session in question."""

    permission_classes = [permissions.HoldsOrOwnSession]
    permission = permissions.DELIVER


class ListView(ListAPIView[Any], ClientView):
    """A page of rows, each as `reply` makes it."""

    reply: Callable[[Any], Reply]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([self.reply(row) for row in rows or []])
