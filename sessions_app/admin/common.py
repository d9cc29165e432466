"""What several pages of the admin share."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from organisations.sharing import Level, level_of
from sessions_app.sitting.thousandths import told


class SharedBy:
    """Nobody changes here what a colleague did not share so far (`organisations.sharing`)."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return may and (obj is None or level_of(obj) >= Level.CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may and (obj is None or level_of(obj) >= Level.CHANGE)


class ReadOnly:
    """Nobody adds, changes or deletes; whoever may view, sees."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def go_on(request: HttpRequest, address: str) -> HttpResponse:
    """To the next page, where the message shows. Dialogs post by htmx, which would swallow a redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def found(page: Any, request: HttpRequest, object_id: str) -> Any:
    """The row of a page of the admin; there may be none of that id any more."""
    row = page.get_object(request, object_id)
    if row is None:
        raise Http404
    return row


def is_key(text: str) -> bool:
    """Whether this part of a query can be the key of a row, which a page of the desk is to find."""
    return text.isascii() and text.isdigit() and len(text) < 19


def to_desk(request: HttpRequest, page: str, *ids: object) -> HttpResponse:
    """To a page of the desk, which has what was here before; the query goes with it."""
    address, query = reverse(f"desk:{page}", args=ids), request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


def abilities(theta: list[float]) -> str:
    """θ of each concept, as it is told everywhere."""
    return ", ".join(map(told, theta)) or "–"


def errors(values: list[float]) -> str:
    """Standard errors of each concept."""
    return ", ".join(f"{value:.2f}" for value in values) or "–"
