"""The section *Measure*: pools by state, and pictures of what one measures. `?data=NAME`: numbers as CSV."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, go_to, show, wants_part
from desk.downloads import numbers_of
from desk.forms import SearchForm
from desk.measure_words import ending_in_words, times_in_words, verdict_in_words
from desk.rights import SEE_POOLS, SEE_QUESTIONS, SEE_SESSIONS
from desk.sentences import voice
from desk.views.pools import pool_or_404, published_or_404, show_pool
from sessions_app.measurement.overview import standings
from sessions_app.measurement.watches import standing
from sessions_app.refusals import SessionNotFound
from sessions_app.reporting import pool_pictures
from sessions_app.reporting.pool_pictures import NothingToShow
from sessions_app.review.walks import walk_of
from sessions_app.waiting import drawn
from sessions_app.waiting.drawings import EXPOSURE, INFORMATION
from sessions_app.waiting.made import are_many
from testing_engine.authoring import shelf
from testing_engine.authoring.shelf import PoolCard
from testing_engine.pictures.picture import Picture

UNUSED_ON_PAGE = 40
Z95 = 1.96


@require_safe
@desk_view(SEE_POOLS)
def measure(request: DeskRequest) -> HttpResponse:
    """Pools with the states of their questions; by htmx the list alone, or the next page of it."""
    form = SearchForm(request.GET)
    search = form.cleaned_data["search"] if form.is_valid() else ""
    after = request.GET.get("after", "")
    page = shelf.find_pools(search, after=after)
    found = standings([card.id for card in page.cards])
    context = {
        "rows": [(card, found[card.id]) for card in page.cards],
        "alarms": standing.alarmed_among(card.id for card in page.cards),
        "page": page,
        "search": search,
        "after": after,
    }
    return show(request, "parts/measure_rows" if wants_part(request) else "measure", context)


@require_safe
@desk_view(SEE_POOLS)
def information(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What the pool can measure, and where it cannot."""
    pool = pool_or_404(pool_id)
    if not pool.questions:
        return show_pool(request, pool, "information", "pool_information", {})
    published = published_or_404(pool_id)
    found = pool_pictures.measured(published, voice())
    context = {"measured": found}
    return _drawn(request, pool, published, INFORMATION, found.revision, context, found.pictures)


@require_safe
@desk_view(SEE_QUESTIONS)
def question_answers(request: DeskRequest, pool_id: UUID, pk: int) -> HttpResponse:
    """A question's curves, and how this version of it was answered. The key shows."""
    pool = pool_or_404(pool_id)
    try:
        found = pool_pictures.answered(published_or_404(pool_id), pk, voice())
    except NothingToShow as unknown:
        raise Http404 from unknown
    use = found.use
    context = {
        "answered": found,
        "question_pk": pk,
        "right": use.right / use.answered if use.answered else None,
        "unknown": use.unknown / use.answered if use.answered else None,
        "times": times_in_words(use),
        "infit_chance": Z95 * found.infit.sd if found.infit else None,
        "outfit_chance": Z95 * found.outfit.sd if found.outfit else None,
    }
    return _show(request, pool, "items", "question_answers", context, found.pictures)


@require_safe
@desk_view(SEE_POOLS)
def exposure(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """How often each question of a revision was used: the newest, or `?revision=NUMBER`."""
    pool = pool_or_404(pool_id)
    if not pool.questions:
        return show_pool(request, pool, "exposure", "pool_exposure", {})
    asked = request.GET.get("revision", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 9):
        raise Http404
    published = published_or_404(pool_id)
    try:
        found = pool_pictures.exposed(published, int(asked) if asked else None, voice())
    except NothingToShow as unknown:
        raise Http404 from unknown
    context = {
        "exposed": found,
        "unused": found.unused[:UNUSED_ON_PAGE],
        "more_unused": max(0, len(found.unused) - UNUSED_ON_PAGE),
        "query": f"revision={found.revision}" if asked else "",
    }
    return _drawn(request, pool, published, EXPOSURE, found.revision, context, found.pictures)


@require_safe
@desk_view(SEE_SESSIONS)
def results(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What came out of all tests of the pool, whatever its revision was."""
    pool = pool_or_404(pool_id)
    if not pool.questions:
        return show_pool(request, pool, "results", "pool_results", {})
    found, pictures = pool_pictures.resulted(published_or_404(pool_id), voice())
    minutes = None if found.median_time is None else found.median_time.total_seconds() / 60
    context = {"results": found, "minutes": minutes}
    return _show(request, pool, "results", "pool_results", context, pictures)


@require_safe
@desk_view(SEE_SESSIONS)
def session_path(request: DeskRequest, session_id: UUID) -> HttpResponse:
    """The way of the ability through a test, and why each question came."""
    try:
        walk = walk_of(session_id, voice())
    except SessionNotFound as unknown:
        raise Http404 from unknown
    pool = pool_or_404(walk.session.revision.pool_id)
    context = {
        "walk": walk,
        "ending": ending_in_words(walk.session.status, walk.session.end_reason),
        "verdict": verdict_in_words(walk.replay),
    }
    return _show(request, pool, "results", "session_path", context, walk.pictures)


def _drawn(
    request: DeskRequest,
    pool: PoolCard,
    published: Any,
    page: str,
    revision: int,
    context: dict[str, Any],
    pictures: Sequence[Picture],
) -> HttpResponse:
    """A page about a revision. The drawings of a large pool are a worker's, and come when they are there."""
    name = f"pool_{page}"
    if "data" in request.GET or not pictures or not are_many(pool.questions):
        return _show(request, pool, page, name, context, pictures)
    found = drawn.drawn(published, revision, page, pictures, voice().language, timezone.now())
    told = {"drawn": found, "percent": round(100 * found.progress)}
    if wants_part(request):
        if found.pictures is not None:  # they were not when the page was drawn
            return go_to(request, request.get_full_path())
        return show(request, "parts/drawing_progress", told)
    return _show(request, pool, page, name, {**context, **told}, found.pictures or ())


def _show(
    request: DeskRequest, pool: PoolCard, tab: str, name: str, context: dict[str, Any], pictures: Any
) -> HttpResponse:
    if "data" in request.GET:
        return numbers_of(pictures, request.GET["data"])
    return show_pool(request, pool, tab, name, {**context, "pictures": pictures})
