"""What views are: whom they let in, what a query may ask, and how lists are paged.

What is said of each: `documentation`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app.api import permissions
from sessions_app.api.documentation.endpoint import Endpoint
from sessions_app.api.pagination import OF_PAGES
from sessions_app.api.queries import check_known
from sessions_app.replies import Reply


class ApiView(APIView):
    """Refuses what nobody documented."""

    documentation: Endpoint | Mapping[str, Endpoint]  # by method, where it has several

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.check_query(request)

    def check_query(self, request: Request) -> None:
        """After the caller was let in: a stranger learns nothing."""
        if not request.META.get("QUERY_STRING"):
            return
        method = "GET" if request.method == "HEAD" else str(request.method)
        said = self.documentation
        endpoint = said if isinstance(said, Endpoint) else said.get(method)
        if endpoint is not None and hasattr(self, method.lower()):
            check_known(request, self.known_parameters(endpoint, method))

    def known_parameters(self, endpoint: Endpoint, method: str) -> frozenset[str]:
        return endpoint.query


class ClientView(ApiView):
    """For API clients that hold `permission`."""

    permission_classes = [permissions.Holds]
    permission: str | Mapping[str, str]  # by method, where they differ
    only_looks = False  # whether it changes nothing that the address names, whatever its method


class SessionView(ClientView):
    """For API clients that deliver tests, and for whoever holds the token of the session in question."""

    permission_classes = [permissions.HoldsOrOwnSession]
    permission = permissions.DELIVER


class ListView(ListAPIView[Any], ClientView):
    """A page of rows, each as `reply` makes it."""

    reply: Callable[[Any], Reply]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([*self.replies_of(rows or [])])

    def replies_of(self, rows: Sequence[Any]) -> Sequence[Reply]:
        """Of a page's rows: one by one, unless something is asked of all together."""
        return [self.reply(row) for row in rows]

    def known_parameters(self, endpoint: Endpoint, method: str) -> frozenset[str]:
        known = super().known_parameters(endpoint, method)
        return known | OF_PAGES if method == "GET" else known
