"""One list of a pool's questions: sorted by what they measure, filtered, changed many at once."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to
from desk.list_forms import BulkForm, query_of, wanted_of
from desk.rights import SEE_POOLS, WRITE_QUESTIONS
from desk.sentences import translated
from desk.views.jobs import done_later
from desk.views.pools import pool_or_404, published_or_404, show_pool
from sessions_app.reporting.question_list import Line, Listing, Wanted, question_list
from sessions_app.waiting import revisions
from testing_engine import approval
from testing_engine.authoring import bulk
from testing_engine.authoring.shelf import PoolCard
from testing_engine.pools import PoolWasRevised


@dataclass(frozen=True)
class Column:
    """A column's head: `order` is how the list is sorted by it now, or "none"; `address` sorts by it."""

    title: str
    address: str
    order: str


@dataclass(frozen=True)
class Row:
    """A question, with its types and state in words."""

    line: Line
    types: str
    state: str


@require_safe
@desk_view(SEE_POOLS)
def question_table(request: DeskRequest, pool_id: UUID, tab: str = "table") -> HttpResponse:
    """A page of the list, under the tabs of those who write or of those who measure."""
    pool = pool_or_404(pool_id)
    return _show(request, pool, wanted_of(request.GET), tab=tab)


@form_of("question_table")
@desk_view(WRITE_QUESTIONS)
def change_questions(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """One change for all that are ticked, or for all that were found."""
    pool = pool_or_404(pool_id)
    wanted = wanted_of(request.GET)
    form = BulkForm(request.POST)
    if not form.is_valid() or not pool.questions:
        return _show(request, pool, wanted, form)
    given = form.cleaned_data
    ids = [each for each in request.POST.getlist("id") if "\x00" not in each]
    if given["everything"]:
        ids = list(question_list(pool_id, wanted).ids)
    if not ids:
        form.add_error(None, _("Tick the questions that shall change."))
        return _show(request, pool, wanted, form)
    back = f"{reverse('desk:question_table', args=[pool_id])}?{query_of(wanted)}"
    base, change, name = given["revision"], given["change"], given["name"]
    try:
        found = published_or_404(pool_id)
        if revisions.is_long(found, len(ids)):
            bulk.check(change, name)
            content, reason = revisions.as_content(ids), approval.hand().override_reason
            later = revisions.Change.of(pool_id, base, content, change, name, reason)
            return done_later(request, later, found.organisation_id, back, content)
        count = bulk.change_many(pool_id, base, ids, change, name)
    except PoolWasRevised:
        form.add_error(None, _("Somebody changed the pool meanwhile. This is how it is now; try again."))
        return _show(request, pool, wanted, form)
    except bulk.ChangeRefused as refused:
        form.add_error("name", translated(refused.sentence))
        return _show(request, pool, wanted, form)
    messages.success(request, _("{count} questions were changed.").format(count=count))
    return go_to(request, back)


def _show(
    request: DeskRequest, pool: PoolCard, wanted: Wanted, form: BulkForm | None = None, tab: str = "table"
) -> HttpResponse:
    if not pool.questions:
        return show_pool(request, pool, tab, "question_table", {"listing": None})
    try:
        listing = question_list(pool.id, wanted)
    except LookupError as unknown:
        raise Http404 from unknown
    initial = {"revision": listing.revision}
    if form is not None and form.errors:  # what was typed stays, for the list as it is now
        form.data = {**form.data.dict(), "revision": str(listing.revision)}  # type: ignore[attr-defined]
    ticked = set(request.POST.getlist("id"))
    context: dict[str, Any] = {
        "listing": listing,
        "rows": [Row(line, _types(line.types), _state(line.state)) for line in listing.lines],
        "ticked": ticked,
        "wanted": wanted,
        "types": [(name, _types((name,))) for name in listing.types],
        "states": [(name, _state(name)) for name in listing.states],
        "columns": _columns(wanted, listing),
        "form": form or BulkForm(initial=initial),
        "asks_for_reason": revisions.is_judged_later(published_or_404(pool.id), len(listing.ids)),
        "query": query_of(wanted),
        "before": query_of(wanted, page=listing.page - 1) if listing.page > 1 else "",
        "after": query_of(wanted, page=listing.page + 1) if listing.page < listing.pages else "",
    }
    return show_pool(request, pool, tab, "question_table", context)


def _columns(wanted: Wanted, listing: Listing) -> list[Column]:
    titles = {
        "position": _("Question"),
        "difficulty": _("Difficulty"),
        "slope": _("Slope"),
        "exposure": _("Used"),
        "share_right": _("Share right"),
        "fit": _("Fit"),
    }
    columns = []
    for name, title in titles.items():
        is_here = wanted.sort == name
        order = ("descending" if wanted.is_falling else "ascending") if is_here else "none"
        falls_next = is_here and not wanted.is_falling
        address = "?" + query_of(wanted, sort=name, order="down" if falls_next else "", page="")
        columns.append(Column(title, "" if name == "fit" and not listing.can_sort_by_fit else address, order))
    return columns


def _types(names: tuple[str, ...]) -> str:
    words = {
        "choice": _("one answer"),
        "choiceSeveral": _("several answers"),
        "rating": _("rating scale"),
        "inlineChoice": _("choice in the text"),
        "textEntry": _("typed answer"),
        "order": _("order"),
        "match": _("match"),
        "associate": _("pairs"),
        "gapMatch": _("gaps"),
        "hottext": _("words of a text"),
        "slider": _("slider"),
    }
    return ", ".join(words.get(name, name) for name in names)


def _state(name: str) -> str:
    words = {
        "not_calibrated": _("not calibrated"),
        "provisional": _("provisional"),
        "operational": _("calibrated"),
        "retired": _("retired"),
    }
    return words.get(name, name)
