"""Actions on everything that is ticked ask first where nothing takes them back."""

from typing import Any

from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

NAMED = 20  # of what is ticked, in the question


def confirmed_ids(request: HttpRequest) -> list[str] | None:
    """What somebody saw listed and said yes to; None before they were asked."""
    return request.POST["confirmed"].split(",") if "confirmed" in request.POST else None


def ask(
    model_admin: Any, request: HttpRequest, chosen: QuerySet[Any], *, title: str, says: str, yes: str
) -> HttpResponse:
    """A page that names what is ticked. Its button sends the same action again, with these very ids.

    So nothing is done to a row that came since. All ids stand in one field, as forms have a limit of fields.
    """
    rows = list(chosen.order_by("pk"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "says": says,
        "yes": yes,
        "action": request.POST["action"],
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
        "first": rows[0].pk if rows else "",
        "ids": ",".join(str(row.pk) for row in rows),
        "named": rows[:NAMED],
        "more": max(0, len(rows) - NAMED),
        "key": request.POST.get("key", ""),
    }
    return TemplateResponse(request, "admin/sessions_app/confirm.html", context)
