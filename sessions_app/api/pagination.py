"""Lists come in pages: `?page=2&page_size=50`."""

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from sessions_app import replies


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    @property
    def place(self) -> replies.Place:
        """Where the page that was asked for lies."""
        assert self.page is not None
        return replies.Place(self.page.paginator.count, self.get_next_link(), self.get_previous_link())

    def get_paginated_response(self, data: list[replies.Reply]) -> Response:
        return Response(replies.page(self.place, data))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`schema`: of the list of results."""
        from sessions_app.api import structs  # needs REST framework, which is loading this

        page = structs.plain_schema(replies.Page)
        return {**page, "properties": {**page["properties"], "results": schema}}


class TrailPages(Pages):
    """A test's answers, which a reader wants whole."""

    page_size = 500
