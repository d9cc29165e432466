"""Pools: the list, a new one, the page of one with its tabs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.forms import CopyForm, NewPoolForm, RenameForm, SearchForm
from desk.navigation import pool_tabs, section_of, sections
from desk.rights import COPY_POOLS, MAKE_POOLS, POOL, SEE_POOLS
from desk.threshold_form import ThresholdsForm, fields_of, told_of
from desk.views.jobs import done_later
from organisations.sharing import NotShared
from sessions_app.measurement.thresholds import NoTimes, find, thresholds_of
from sessions_app.measurement.watches import standing
from sessions_app.reporting.pool_readiness import readiness_of
from sessions_app.waiting import copies
from sessions_app.waiting.made import are_many
from testing_engine import pools
from testing_engine.authoring import contents, shelf
from testing_engine.authoring.shelf import PoolCard, PoolUnknown
from testing_engine.interchange.names import NAME_LENGTH

THRESHOLDS_ID = "thresholds_%s"  # other forms are on the page
LISTED = 500  # questions with their times


@require_safe
@desk_view(SEE_POOLS)
def pool_list(request: DeskRequest) -> HttpResponse:
    """Pools, with search and archive; by htmx the list alone, or the next page of it."""
    form = SearchForm(request.GET)
    search = form.cleaned_data["search"] if form.is_valid() else ""
    archived = "archive" in request.GET
    after = request.GET.get("after", "")
    page = shelf.find_pools(search, archived=archived, after=after)
    context = {
        "page": page,
        "others_begin": page.begins and bool(page.mine or after),
        "alarms": standing.alarmed_among(card.id for card in page.cards),
        "form": form,
        "search": search,
        "archived": archived,
        "after": after,
        "archived_count": 0 if archived else shelf.count_archived(),
    }
    return show(request, "parts/pool_cards" if wants_part(request) else "pools", context)


@require_form
@desk_view(MAKE_POOLS)
def new_pool(request: DeskRequest) -> HttpResponse:
    """Name and concepts; then the pool's own page, where its first question is written."""
    form = NewPoolForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        names = tuple(given["concept_names"]) or (given["name"][:NAME_LENGTH].strip(),)
        pool = shelf.new_pool(given["pool_id"], given["name"], names)
        messages.success(request, _("The pool is there. Now write its first question, or import some."))
        return go_to(request, reverse("desk:pool", args=[pool.id]))
    return show(request, "new_pool", {"form": form})


@require_safe
@desk_view(SEE_POOLS)
def pool_page(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The questions of a pool."""
    pool = pool_or_404(pool_id)
    search, after = request.GET.get("search", ""), request.GET.get("after", "")
    context: dict[str, Any] = {
        "questions": contents.find_questions(pool_id, search, after=after),
        "search": search,
        "after": after,
        "archived": contents.archived_questions(pool_id) if not after else (),
    }
    if wants_part(request):
        return show(request, "parts/question_rows", {**context, "pool": pool})
    if pool.questions:
        context["readiness"] = readiness_of(pools.read_pool(pool_id))
    return show_pool(request, pool, "questions", "pool", context)


@require_form
@desk_view(COPY_POOLS)
def pool_settings(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """Name, copy, archive; a colleague's that is to be read alone, a copy."""
    pool = pool_or_404(pool_id)
    if request.method == "POST" and not MAKE_POOLS.reaches(request.shared[1], POOL):
        raise NotShared
    form = RenameForm(request.POST or None, initial={"name": pool.name})
    if form.is_valid():
        shelf.rename_pool(pool_id, form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return go_to(request, request.path)
    return _show_settings(request, pool, rename=form)


def _show_settings(
    request: DeskRequest,
    pool: PoolCard,
    rename: RenameForm | None = None,
    copying: CopyForm | None = None,
    asked: ThresholdsForm | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "rename": rename or RenameForm(initial={"name": pool.name}),
        "copy": copying or CopyForm(initial={"name": _("Copy of {name}").format(name=pool.name)[:200]}),
    }
    if pool.questions:
        kept = thresholds_of(pools.read_pool(pool.id))
        context["thresholds"] = asked or ThresholdsForm(
            auto_id=THRESHOLDS_ID, initial=None if kept is None else fields_of(kept.method)
        )
        if kept is not None:
            context |= {
                "kept": kept,
                "told": told_of(kept),
                "has_own": bool(kept.seconds_of_questions),
                "listed": list(kept.found.items())[:LISTED],
            }
    return show_pool(request, pool, "settings", "pool_settings", context)


@form_of("pool_settings")
@desk_view(MAKE_POOLS)
def thresholds(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """Times under which answers came too fast, found from those that tests recorded."""
    pool = pool_or_404(pool_id)
    form = ThresholdsForm(request.POST, auto_id=THRESHOLDS_ID)
    if not pool.questions or not form.is_valid():
        return _show_settings(request, pool, asked=form)
    try:
        find(pools.read_pool(pool_id), form.method(), request.user.pk)
    except NoTimes:
        form.add_error(None, _("No test of this pool has recorded a time yet."))
        return _show_settings(request, pool, asked=form)
    messages.success(request, _("Found. Tests that begin from now on use them, where their rules say so."))
    return go_to(request, reverse("desk:pool_settings", args=[pool_id]))


@form_of("pool_settings")
@desk_view(COPY_POOLS)
def copy(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """A pool of its own with the same questions."""
    pool = pool_or_404(pool_id)
    form = CopyForm(request.POST)
    if not form.is_valid():
        return _show_settings(request, pool, copying=form)
    copy_id, name = form.cleaned_data["copy_id"], form.cleaned_data["name"]
    if are_many(pool.questions):
        wanted = copies.Wanted(f"{copy_id}-copy", pool_id, copy_id, name)
        instead = reverse("desk:pool_settings", args=[pool_id])
        return done_later(request, wanted, pools.read_pool(pool_id).organisation_id, instead)
    copied = shelf.copy_pool(pool_id, copy_id, name)
    messages.success(request, _("This is the copy. What you change here, changes nothing in the other pool."))
    return go_to(request, reverse("desk:pool", args=[copied.id]))


@form_of("pool_settings")
@desk_view(MAKE_POOLS)
def archive(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """Not offered any more; the page stays, with a button that takes it back."""
    _changed(lambda: shelf.archive_pool(pool_id, timezone.now()))
    messages.success(request, _("The pool is in the archive. Tests that use it go on."))
    return go_to(request, reverse("desk:pool_settings", args=[pool_id]))


@form_of("pool_settings")
@desk_view(MAKE_POOLS)
def restore(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """Out of the archive."""
    _changed(lambda: shelf.restore_pool(pool_id))
    messages.success(request, _("The pool is offered again."))
    return go_to(request, reverse("desk:pool_settings", args=[pool_id]))


def _changed(change: Callable[[], PoolCard]) -> PoolCard:
    try:
        return change()
    except PoolUnknown as unknown:
        raise Http404 from unknown


def pool_or_404(pool_id: UUID) -> PoolCard:
    """The pool of the address."""
    try:
        return shelf.pool_card(pool_id)
    except PoolUnknown as unknown:
        raise Http404 from unknown


def published_or_404(pool_id: UUID) -> Any:
    """The pool of the address, where it has questions."""
    try:
        return pools.read_pool(pool_id)
    except ObjectDoesNotExist as unknown:
        raise Http404 from unknown


def show_pool(
    request: DeskRequest, pool: PoolCard, tab: str, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of one pool, under its tabs: `tab` is the key of the one that is open, `name` the template."""
    section = section_of(tab)
    around = {
        "pool": pool,
        "tabs": pool_tabs(request, pool.id, tab),
        "section": section,
        "sections": sections(request, section),
    }
    return show(request, name, {**around, **context}, status)
