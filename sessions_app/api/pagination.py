"""Lists come in pages: by where the one before ended (`?after=…`), or by number (`?page=2`); `&page_size=50`.

A page by its number costs more the further it is from both ends, or from where a view can enter the list
(`rows_from`): PostgreSQL goes over the keys up to it, in the list's index, and reads the page's rows alone.
One by its place costs what the first does, and `next` names it, unless a number was asked for.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from sessions_app import replies
from testing_engine.keyset import KeysetPage, NoSuchPlace, keyset_page

AFTER, BEFORE = "after", "before"
OF_PLACES = {
    AFTER: "From `next` of the page before: the rows after that one's, however far as quick as the first. "
    "`count` stays what it was on the first page.",
    BEFORE: "From `previous`: the rows before.",
}


# The parameters by which any list is paged.
PAGE, PAGE_SIZE = "page", "page_size"
OF_PAGES = frozenset({PAGE, PAGE_SIZE, *OF_PLACES})


class Pages(PageNumberPagination):
    page_size = 50
    page_query_param = PAGE
    page_size_query_param = PAGE_SIZE
    max_page_size = 500
    found: KeysetPage[Any] | None = None
    count: int

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """One page. The list is counted for the first page alone: places carry its length with them."""
        if self.page_query_param in request.query_params:
            self.count = _counted(queryset, view)
            self.django_paginator_class = partial(  # type: ignore[assignment]
                _Numbered, count=self.count, rows_from=getattr(view, "rows_from", None)
            )
            return super().paginate_queryset(queryset, request, view)
        self.request = request
        size = self.get_page_size(request)
        assert size is not None
        asked = {name: request.query_params.get(name, "") for name in OF_PLACES}
        try:
            places = {name: text.partition(".")[0] for name, text in asked.items()}
            self.found = keyset_page(queryset, size, **places)
            known = "".join(asked.values())
            self.count = _count_in(known) if any(places.values()) else _counted(queryset, view)
        except NoSuchPlace as error:
            raise NotFound("There is no such page.") from error
        return list(self.found.rows)

    @property
    def place(self) -> replies.Place:
        """Where the page that was asked for lies."""
        if self.found is None:
            return replies.Place(self.count, self.get_next_link(), self.get_previous_link())
        after, before = self._link(AFTER, self.found.after), self._link(BEFORE, self.found.before)
        return replies.Place(self.count, after, before)

    def _link(self, name: str, place: str) -> str | None:
        if not place:
            return None
        assert self.request is not None
        address = self.request.build_absolute_uri()
        for other in OF_PLACES:
            address = remove_query_param(address, other)
        return str(replace_query_param(address, name, f"{place}.{self.count}"))

    def get_paginated_response(self, data: list[replies.Reply]) -> Response:
        return Response(replies.page(self.place, data))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`schema`: of the list of results."""
        from sessions_app.api import structs  # needs REST framework, which is loading this

        page = structs.plain_schema(replies.Page)
        return {**page, "properties": {**page["properties"], "results": schema}}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        places = [
            {
                "name": name,
                "required": False,
                "in": "query",
                "description": told,
                "schema": {"type": "string"},
            }
            for name, told in OF_PLACES.items()
        ]
        return [*super().get_schema_operation_parameters(view), *places]


def _counted(rows: Any, view: Any) -> int:
    """How many rows there are: some views need not go over them."""
    own = getattr(view, "count_of_rows", None)
    return int(own() if own else rows.count())


def _count_in(place: str) -> int:
    """As it was counted for the first page; raises `NoSuchPlace`."""
    digits = place.partition(".")[2]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise NoSuchPlace(place)
    return int(digits)


class TrailPages(Pages):
    """A test's answers, which a reader wants whole."""

    page_size = 500


DEEP = 100  # rows before a page from which on its keys are looked for first


RowsFrom = Callable[[int, int], tuple[QuerySet[Any], int]]


class _Numbered(Paginator[Any]):
    """Pages of a list whose length is known. In its second half they are counted from the end.

    `rows_from`, where a view has it: the list without some rows before a place, and how many these are; given
    the place and the list's length.
    """

    def __init__(
        self, found: QuerySet[Any], size: int, *, count: int, rows_from: RowsFrom | None = None
    ) -> None:
        super().__init__(found, size)
        self.known, self.rows_from = count, rows_from

    @cached_property
    def count(self) -> int:
        return self.known

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        behind = min(first + self.per_page, self.count)
        assert isinstance(self.object_list, QuerySet)
        if min(first, self.count - behind) >= DEEP and self.rows_from is not None:
            found, left_out = self.rows_from(first, self.count)
            if left_out:
                return Page(_sliced(found, first - left_out, behind - left_out), number, self)
        if 2 * first < self.count:
            return Page(_sliced(self.object_list, first, behind), number, self)
        rows = _sliced(self.object_list.reverse(), self.count - behind, self.count - first)
        return Page(rows[::-1], number, self)


def _sliced(found: QuerySet[Any], first: int, behind: int) -> list[Any]:
    """Rows of a list in order. Those before are passed over by their keys, which an index holds, and are not
    read with all that belongs to them."""
    if first < DEEP:
        return list(found[first:behind])
    keys = list(found.values_list("pk", flat=True)[first:behind])
    return list(found.filter(pk__in=keys))
