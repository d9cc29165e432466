"""Named tests: the list, a new one, the page of one; copied, opened, closed, archived."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.forms import SearchForm
from desk.navigation import test_tabs
from desk.rights import CHANGE_TESTS, COPY_TESTS, SEE_TESTS, TEACH
from desk.step_forms import CopyTestForm, NewTestForm
from desk.step_words import card_words, how_words, pool_words, who_words
from desk.views.classes import viewer_of
from organisations.sharing import Level
from sessions_app.administration.classes.handing_out import classes_for
from sessions_app.preparing import shelf, steps
from sessions_app.preparing.outlook import outlook_of
from sessions_app.preparing.shelf import State, TestCard, TestUnknown
from testing_engine.authoring.shelf import PoolUnknown, pool_of


@require_safe
@desk_view(SEE_TESTS)
def test_list(request: DeskRequest) -> HttpResponse:
    """Tests, with search and archive; by htmx the list alone, or the next page of it."""
    form = SearchForm(request.GET)
    search = form.cleaned_data["search"] if form.is_valid() else ""
    archived, after = "archive" in request.GET, request.GET.get("after", "")
    page = shelf.find_tests(search, now=timezone.now(), archived=archived, after=after)
    context = {
        "page": page,
        "mine": [card_words(card) for card in page.mine],
        "others": [card_words(card) for card in page.others],
        "others_begin": page.begins and bool(page.mine or after),
        "search": search,
        "archived": archived,
        "after": after,
        "archived_count": 0 if archived else shelf.count_archived(),
    }
    return show(request, "parts/test_cards" if wants_part(request) else "tests", context)


@require_form
@desk_view(CHANGE_TESTS)
def new_test(request: DeskRequest) -> HttpResponse:
    """Step 1 of a test that is not there yet; by htmx what is said of the chosen pool."""
    pools = shelf.pools_to_choose()
    form = NewTestForm(request.POST or None, pools)
    if wants_part(request):
        return show(request, "parts/step_check", {"said": said_of_pool(request.POST.get("pool", ""))})
    if form.is_valid():
        try:
            what = form.value()
            test = shelf.new_test(form.cleaned_data["creation_key"], what.title, what.pool_id)
            return go_to(request, reverse("desk:test_how", args=[test.pk]))
        except PoolUnknown:
            form.add_error("pool", _("There is no such pool any more."))
    chosen = request.POST.get("pool") or (str(pools[0][0]) if pools else "")
    context = {"form": form, "has_pools": bool(pools), "said": said_of_pool(chosen)}
    return show(request, "new_test", context)


def said_of_pool(pool_id: str) -> list[str]:
    """What a pool is good for; nothing of one that there is not."""
    try:
        pool = pool_of(UUID(pool_id))
    except (PoolUnknown, ValueError):
        return []
    return pool_words(outlook_of(pool)) if pool.current_revision_id else []


@require_safe
@desk_view(SEE_TESTS)
def test_page(request: DeskRequest, test_id: int) -> HttpResponse:
    """What it is, where it stands, and what can be done with it now."""
    card = named_test_or_404(test_id)
    return _overview(
        request, card, CopyTestForm(initial={"title": _("Copy of {name}").format(name=card.title)[:200]})
    )


def _overview(request: DeskRequest, card: TestCard, copying: CopyTestForm) -> HttpResponse:
    test = shelf.test_of(card.id)
    how, remark = steps.how_of(test), steps.remark_on(test)
    context = {
        "how": how_words(how),
        "who": who_words(steps.who_of(test)),
        "pool_said": pool_words(outlook_of(test.pool)),
        "remark": remark,
        "copy": copying,
        "numbers": card_words(card),
        "classes": classes_for(viewer_of(request), card.id) if TEACH.is_held_by(request.user) else [],
    }
    return show_test(request, card, "overview", "test", context)


@form_of("test")
@desk_view(COPY_TESTS)
def copy(request: DeskRequest, test_id: int) -> HttpResponse:
    """A test of its own, in preparation."""
    card = named_test_or_404(test_id)
    form = CopyTestForm(request.POST)
    if not form.is_valid():
        return _overview(request, card, form)
    given = form.cleaned_data
    copied = shelf.copy_test(test_id, given["creation_key"], given["title"])
    messages.success(request, _("This is the copy. Nobody is invited to it, and it opens when you open it."))
    return go_to(request, reverse("desk:test", args=[copied.pk]))


Act = Callable[[int, Any], TestCard]


def _acted(request: DeskRequest, test_id: int, act: Act, said: str) -> HttpResponse:
    try:
        act(test_id, timezone.now())
    except TestUnknown as unknown:
        raise Http404 from unknown
    messages.success(request, said)
    return go_to(request, reverse("desk:test", args=[test_id]))


@form_of("test")
@desk_view(CHANGE_TESTS)
def open_test(request: DeskRequest, test_id: int) -> HttpResponse:
    """From now on students may begin, or from when it opens."""
    return _acted(request, test_id, shelf.open_test, _("The test is ready: students begin when it is open."))


@form_of("test")
@desk_view(CHANGE_TESTS)
def close_test(request: DeskRequest, test_id: int) -> HttpResponse:
    """From now on nobody begins."""
    said = _("Nobody can begin any more. Tests that run go on; under Live you can end them.")
    return _acted(request, test_id, shelf.close_test, said)


@form_of("test")
@desk_view(CHANGE_TESTS)
def archive_test(request: DeskRequest, test_id: int) -> HttpResponse:
    """Out of the list."""
    return _acted(request, test_id, shelf.archive_test, _("The test is in the archive. Its results stay."))


@form_of("test")
@desk_view(CHANGE_TESTS)
def restore_test(request: DeskRequest, test_id: int) -> HttpResponse:
    """Back into the list."""
    return _acted(request, test_id, shelf.restore_test, _("The test is in the list again, as it was."))


def named_test_or_404(test_id: int) -> TestCard:
    """The test of the address."""
    try:
        return shelf.test_card(test_id, timezone.now())
    except TestUnknown as unknown:
        raise Http404 from unknown


def show_test(
    request: DeskRequest, card: TestCard, tab: str, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of one test, under its tabs: `tab` is the key of the one that is open, `name` the template."""
    around = {
        "test": card,
        "state": card.state.value,
        "is_over": card.state in (State.CLOSED, State.ARCHIVED),
        "is_part": request.shared[1]
        < Level.CHANGE,  # who sees a colleague's test sees their own classes' students
        "tabs": test_tabs(request, card.id, tab),
    }
    return show(request, name, {**around, **context}, status)
