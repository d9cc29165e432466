"""A pool's page *Watch*: what its delivered answers say, night by night, and what to do about it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view
from desk.rights import MAKE_POOLS
from desk.views.pools import pool_or_404, show_pool
from desk.watch_words import in_words, numbers_in_words, rows_of_questions
from sessions_app.measurement.watches import standing
from sessions_app.refusals import WatchNotFound
from testing_engine import pools

LISTED = 30  # nights


@require_safe
@desk_view(MAKE_POOLS)
def watch(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The newest night; `?night=2026-03-10`: an earlier one."""
    pool = pool_or_404(pool_id)
    context: dict[str, Any] = {}
    if pool.questions:
        found = pools.read_pool(pool_id)
        nights = list(standing.nights_of(found).defer("result")[:LISTED])
        context["nights"] = nights
        if nights:
            night = standing_night(found, request.GET.get("night", ""))
            context |= {"watch": night, **_said(night, standing.keys_of_questions(found))}
    return show_pool(request, pool, "watch", "pool_watch", context)


def standing_night(pool: Any, text: str) -> Any:
    """Of the pool's nights the one that is asked for, or the newest."""
    try:
        return standing.of_night(pool, parse_date(text) if text else None)
    except (WatchNotFound, ValueError) as unknown:
        raise Http404 from unknown


def _said(night: Any, keys: dict[str, int]) -> dict[str, Any]:
    result = night.result
    said = [in_words(each, keys, timezone.localdate(night.since)) for each in result["found"]]
    return {
        "alarms": [each for each in said if each.is_alarm],
        "notices": [each for each in said if not each.is_alarm],
        "gone": [in_words(each, keys) for each in result["gone"]],
        "numbers": numbers_in_words(result["numbers"]),
        "questions": rows_of_questions(result["numbers"], keys),
    }
