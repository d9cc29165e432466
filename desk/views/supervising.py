"""A test's live view: who is where; more time, a pause, an end, and on again."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to
from desk.live_words import count_line, refusal_words, row_words
from desk.rights import SEE_SESSIONS, SUPERVISE, rights_of
from desk.views.tests import named_test_or_404, show_test
from sessions_app.administration import supervision
from sessions_app.administration.live import Live, live_of, sessions_among
from sessions_app.administration.supervision import MOST_MINUTES, Outcome, Supervisor
from sessions_app.refusals import Refusal

LONGEST_KEY, LONGEST_NUMBER, MINUTES = 64, 9, 10


@require_safe
@desk_view(SEE_SESSIONS)
def live(request: DeskRequest, test_id: int) -> HttpResponse:
    """Everybody, with what can be done; from then on the page asks for what changes."""
    card, now = named_test_or_404(test_id), timezone.now()
    found = _asked_for(request, test_id, now)
    context = {
        "rows": [row_words(row, now) for row in found.rows],
        "counts": count_line(found),
        "search": _search_in(request),
        "query": _query(request),
        **_beside(request, found),
        "key": secrets.token_urlsafe(16),
        "minutes": MINUTES,
        "most_minutes": MOST_MINUTES,
    }
    return show_test(request, card, "live", "test_live", context)


@form_of("live")
@desk_view(SEE_SESSIONS)
def changes(request: DeskRequest, test_id: int) -> HttpResponse:
    """What a page of the same address does not show yet, as JSON: rows that are new or tell something new."""
    named_test_or_404(test_id)
    try:
        known = json.loads(request.POST.get("known", ""))
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        return JsonResponse({"detail": "`known` must be an object of versions, by key."}, status=400)
    now, may = timezone.now(), rights_of(request.user)
    found = _asked_for(request, test_id, now)
    rows = {
        row.key: render_to_string("desk/parts/live_row.html", {"shown": row_words(row, now), "may": may})
        for row in found.news(known)
    }
    reply = {
        "now": round(now.timestamp() * 1000),
        "order": [row.key for row in found.rows],
        "rows": rows,
        "counts": count_line(found),
        "pages": render_to_string("desk/parts/live_pages.html", _beside(request, found)),
    }
    return JsonResponse(reply, headers={"Cache-Control": "no-store"})


Act = Callable[[list[UUID], Supervisor, datetime], Outcome]


@form_of("live")
@desk_view(SUPERVISE)
def act(request: DeskRequest, test_id: int) -> HttpResponse:
    """More time, a pause, an end (asked for twice) or on again, for those that are ticked."""
    card = named_test_or_404(test_id)
    ids = sessions_among(test_id, request.POST.getlist("chosen"))
    what, key = request.POST.get("do", ""), request.POST.get("key", "")[:LONGEST_KEY]
    back = f"{reverse('desk:live', args=[test_id])}?{_query(request)}"
    if not ids:
        messages.warning(request, _("Tick at least one test that has begun."))
        return go_to(request, back)
    minutes = _minutes(request.POST.get("minutes", ""))
    if what == "extend" and minutes is None:
        messages.error(
            request, _("Say how many minutes: a whole number from 1 to {most}.").format(most=MOST_MINUTES)
        )
        return go_to(request, back)
    if what == "end" and "sure" not in request.POST:
        return show_test(
            request, card, "live", "test_live_end", {"ids": ids, "key": key, "query": _query(request)}
        )
    acts: dict[str, tuple[Act, str]] = {
        "extend": (
            lambda some, by, now: supervision.extend(some, minutes or 0, by, now=now),
            _("More time: {minutes} min. Tests: {count}."),
        ),
        "pause": (lambda some, by, now: supervision.pause(some, by), _("Paused: {count}.")),
        "end": (lambda some, by, now: supervision.end(some, by, now=now), _("Ended: {count}.")),
        "resume": (lambda some, by, now: supervision.on_again(some, by, now=now), _("On again: {count}.")),
    }
    if what in acts:
        doing, said = acts[what]
        outcome = doing(
            ids, Supervisor(request.user.pk, f"desk-{key}" if key else None, what), timezone.now()
        )
        _tell(request, outcome, lambda count: said.format(count=count, minutes=minutes))
    return go_to(request, back)


def _asked_for(request: DeskRequest, test_id: int, now: datetime) -> Live:
    """The page of rows that the address asks for."""
    return live_of(test_id, now=now, search=_search_in(request), page=_page_in(request))


def _search_in(request: DeskRequest) -> str:
    return request.GET.get("search", "")


def _page_in(request: DeskRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER else 1


def _query(request: DeskRequest, page: int | None = None) -> str:
    """What asks for a page with the same search; this one, if none is said."""
    return urlencode({"search": _search_in(request), "page": page or _page_in(request)})


def _beside(request: DeskRequest, found: Live) -> dict[str, Any]:
    """What leads to the pages beside this one."""
    return {
        "listed": found,
        "before": _query(request, found.page - 1) if found.page > 1 else "",
        "after": _query(request, found.page + 1) if found.page < found.pages else "",
    }


def _minutes(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_MINUTES else None


def _tell(request: DeskRequest, outcome: Outcome, said: Callable[[int], str]) -> None:
    """How many were done, and why others were not."""
    refused = [refusal_words(each) for each in outcome.values() if isinstance(each, Refusal)]
    if done := len(outcome) - len(refused):
        messages.success(request, said(done))
    for reason in dict.fromkeys(refused):
        count = refused.count(reason)
        messages.warning(request, _("Not done: {count} ({reason}).").format(count=count, reason=reason))
