"""Lists of the admin that grow with every test: by places instead of page numbers, and nothing is counted.

In the one order that PostgreSQL has an index for; filters and a search narrow it down.
"""

from typing import Any

from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import IntegerField, Model, QuerySet, Subquery
from django.http import HttpRequest
from unfold.views import ChangeList

from testing_engine.keyset import KeysetPage, page_or_first

AFTER, BEFORE = "after", "before"
MOST_COUNTED = 1000  # rows; beyond, a list says that there are more


class SubqueryCount(Subquery):
    """How many rows a subquery has."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def counted(rows: QuerySet[Any]) -> SubqueryCount:
    """In a subquery, how many rows there are of another row; counting stops behind `MOST_COUNTED`."""
    return SubqueryCount(rows.values("pk")[: MOST_COUNTED + 1])


def in_short(count: int) -> str:
    """A number of rows that was counted so."""
    return f"more than {MOST_COUNTED:,}" if count > MOST_COUNTED else str(count)


class ByPlaces(Paginator[Any]):
    """Draws links to the pages beside."""

    template_name = "admin/places.html"


class GrowingChangeList(ChangeList):  # type: ignore[misc]
    """A page of a list by its place. `place` has the places of the pages beside it."""

    place: KeysetPage[Model]

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Which page is no filter."""
        return {
            name: value
            for name, value in super().get_filters_params(params).items()
            if name not in (AFTER, BEFORE)
        }

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Another filter begins at the first page."""
        return str(super().get_query_string({AFTER: None, BEFORE: None, **(new_params or {})}, remove))

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[str]:
        return list(self.model_admin.ordering)

    def get_results(self, request: HttpRequest) -> None:
        asked = {name: request.GET.get(name, "") for name in (AFTER, BEFORE)}
        self.place = page_or_first(self.queryset, self.list_per_page, **asked)
        self.result_list = list(self.place.rows)
        self.result_count = self._count()
        self.show_full_result_count, self.full_result_count = False, None
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = ByPlaces(self.result_list, self.list_per_page)

    @property
    def is_whole(self) -> bool:
        """Whether everything that was found is on this page."""
        return not self.place.after and not self.place.before

    @property
    def next_page(self) -> str:
        return self.get_query_string({AFTER: self.place.after}) if self.place.after else ""

    @property
    def previous_page(self) -> str:
        return self.get_query_string({BEFORE: self.place.before}) if self.place.before else ""

    def _count(self) -> int:
        """Of all that were found, where one may act on all of them; else those on the page."""
        shown = len(self.result_list)
        if self.is_whole or not self.model_admin.actions:
            return shown
        found: int = self.queryset.order_by()[: MOST_COUNTED + 1].count()
        return found if found <= MOST_COUNTED else shown


class GrowingList:
    """Gives the admin of rows that grow with every test such a list. `ordering` is what an index has."""

    list_per_page = 25  # rows: drawing one costs more than finding it
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return GrowingChangeList
