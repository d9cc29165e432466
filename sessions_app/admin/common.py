"""What several pages of the admin share."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect


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


def numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
