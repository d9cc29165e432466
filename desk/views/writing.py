"""Writing a question: the sheet, what a student would see of it, trying it, saving it."""

import json
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, form_of, require_form, show
from desk.media import KINDS
from desk.rights import WRITE_QUESTIONS
from desk.sentences import translated
from desk.sheet_form import sheet_from
from desk.sheet_view import said, view_of
from desk.sheet_words import TYPES
from desk.views.pools import pool_or_404, show_pool
from sessions_app import replies
from sessions_app.sitting.session_state import ShownQuestion
from testing_engine.authoring import publishing
from testing_engine.authoring.drafting import Drafted
from testing_engine.authoring.editing import edit
from testing_engine.authoring.kinds import change_kind
from testing_engine.authoring.passages import passages_of, shared_with, take_passage
from testing_engine.authoring.preview import preview_of
from testing_engine.authoring.problems import Problem
from testing_engine.authoring.publishing import ChangedMeanwhile, Opened, QuestionUnknown
from testing_engine.authoring.sheet import Sheet, has_words
from testing_engine.authoring.shelf import PoolCard, concepts_of
from testing_engine.authoring.trying import AnswerRefused, try_answer
from testing_engine.sentences import reason_of, say

MOST_DIGITS = 18  # of a row's number, as PostgreSQL counts them
PASSAGE_WOULD_BE_LOST = say("Your text stands nowhere else and would be lost: empty it first.")
SAVE_AND_NEXT = "save-next"  # the button that saves and then opens an empty sheet
NEW = "new"  # in whose name a draft is kept that is no question yet


@require_form
@desk_view(WRITE_QUESTIONS)
def new_question(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """An empty sheet; saved, it is a question of the pool and goes on being edited."""
    pool = pool_or_404(pool_id)
    if request.method == "POST":
        sheet = _sheet(request, pool)
        saved = publishing.save_new(pool_id, sheet)
        if saved.pk is None:
            return _show(request, pool, Opened(sheet, concepts_of(pool)), saved.drafted)
        address = reverse("desk:new_question", args=[pool_id])
        words = (
            _("Saved: it is a question of the pool now. Here is the form for the next one.")
            if _wants_next(request)
            else format_html(
                _(
                    "Saved: it is a question of the pool now. Go on with it, or "
                    '<a href="{}">write the next one</a>.'
                ),
                address,
            )
        )
        messages.success(request, words)
        return _saved(request, pool_id, saved.pk, NEW)
    wanted = request.GET.get("type", "choice")
    return _show(request, pool, publishing.begin_question(pool_id, wanted if wanted in TYPES else "choice"))


@require_form
@desk_view(WRITE_QUESTIONS)
def edit_question(request: DeskRequest, pool_id: UUID, pk: int) -> HttpResponse:
    """A question of the pool. Saving publishes its next version, and goes on with that."""
    pool = pool_or_404(pool_id)
    try:
        return _save(request, pool, pk) if request.method == "POST" else _open(request, pool, pk)
    except QuestionUnknown as unknown:
        raise Http404 from unknown


def _open(request: DeskRequest, pool: PoolCard, pk: int) -> HttpResponse:
    """The newest version, whichever the address names; `from` takes the words of an older one."""
    opened = publishing.open_question(pool.id, pk)
    if opened.newest != pk:
        address = reverse("desk:question", args=[pool.id, opened.newest])
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{address}?{query}" if query else address)
    if (older := _number(request.GET.get("from", ""))) is not None:
        words = publishing.open_question(pool.id, older)
        messages.info(
            request,
            _("These are the words of version {number}. Save them to make them the newest.").format(
                number=words.version
            ),
        )
        opened = Opened(words.sheet, opened.concept_names, opened.pk, opened.version, opened.newest)
    return _show(request, pool, opened)


def _save(request: DeskRequest, pool: PoolCard, pk: int) -> HttpResponse:
    """`instead`: the version that somebody else published meanwhile, and that this one shall follow."""
    sheet = _sheet(request, pool)
    base = _number(request.POST.get("instead", "") or request.POST.get("base", ""))
    base_pk = pk if base is None else base
    if not publishing.is_version_of(pool.id, pk, base_pk):
        raise Http404
    try:
        saved = publishing.save(pool.id, base_pk, sheet)
    except ChangedMeanwhile as meanwhile:
        newest = meanwhile.newest.pk if meanwhile.newest else None
        opened = publishing.open_question(pool.id, base_pk)
        kept = Opened(sheet, opened.concept_names, opened.pk, opened.version, newest, newest is None)
        return _show(request, pool, kept, conflict=True, status=409)
    if saved.pk is None:
        opened = publishing.open_question(pool.id, base_pk)
        kept = Opened(sheet, opened.concept_names, opened.pk, opened.version, opened.newest)
        return _show(request, pool, kept, saved.drafted)
    if saved.is_changed:
        messages.success(
            request, _("Saved. Tests that begin from now on have this version; those that run keep theirs.")
        )
        if saved.others:
            messages.info(
                request,
                _("The text was changed beside {count} other questions, too.").format(count=saved.others),
            )
    else:
        messages.info(request, _("Nothing was changed, so nothing was published."))
    return _saved(request, pool.id, saved.pk, _draft_of(sheet.id))


def _wants_next(request: DeskRequest) -> bool:
    return request.POST.get("do") == SAVE_AND_NEXT


def _saved(request: DeskRequest, pool_id: UUID, pk: int, saved: str) -> HttpResponse:
    """On to the newest version, or to an empty sheet. `saved` tells the page which draft it may forget."""
    address = (
        reverse("desk:new_question", args=[pool_id])
        if _wants_next(request)
        else reverse("desk:question", args=[pool_id, pk])
    )
    return HttpResponseRedirect(f"{address}?{urlencode({'saved': saved})}")


def _draft_of(question_id: str) -> str:
    """The last part of the key under which a browser keeps a draft: of a question, whichever its version."""
    return "q-" + quote(question_id, safe="")


@form_of("new_question")
@desk_view(WRITE_QUESTIONS)
def sheet(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The sheet after a button of it was pressed: a part or a row more, or another type."""
    pool = pool_or_404(pool_id)
    changed = _sheet(request, pool)
    remarks: list[Problem] = []
    for name, wanted in request.POST.items():
        if name.startswith("to-part-"):
            index = _number(name.removeprefix("to-part-"))
            if index is not None:
                remarks += change_kind(changed, index, str(wanted))
    passages = passages_of(pool.id)
    do = request.POST.get("do", "")
    is_taken = request.htmx.trigger_name == "take-passage" or do == "show"
    if is_taken and not take_passage(changed, request.POST.get("take-passage", ""), passages):
        remarks.append(Problem("passage", PASSAGE_WOULD_BE_LOST, blocks=False))
    new = edit(changed, do)
    opened = Opened(changed, concepts_of(pool), _base(request))
    if request.htmx:
        view = view_of(
            changed,
            opened.concept_names,
            remarks,
            is_new=opened.pk is None,
            passages=passages,
            shared=_shared(pool, opened),
        )
        context = {"pool": pool, "view": view}
        return show(request, "parts/sheet", {**context, "opened": opened, "new": new})
    return _show(request, pool, opened, Drafted(None, tuple(remarks)))


@form_of("new_question")
@desk_view(WRITE_QUESTIONS)
def check(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What is wrong with the sheet as it stands, and what a student would see."""
    pool = pool_or_404(pool_id)
    typed = _sheet(request, pool)
    found = _checked(request, pool, typed)
    problems = said(found.problems) if _base(request) is not None or has_words(typed) else []
    context = {
        "blocking": [each for each in problems if each.blocks],
        "hints": [each for each in problems if not each.blocks],
    }
    return show(request, "parts/check", {**context, **_shown(typed)})


@form_of("new_question")
@desk_view(WRITE_QUESTIONS)
def try_it(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What an answer to the sheet earns, by the rules with which it would be published."""
    pool = pool_or_404(pool_id)
    found = _checked(request, pool, _sheet(request, pool))
    context: dict[str, Any] = {"draft": found.draft}
    if found.draft is not None:
        try:
            answer = json.loads(request.POST.get("answer", "null"))
            context["tried"] = try_answer(found.draft, answer)
        except (ValueError, AnswerRefused) as refused:
            context["refused"] = translated(reason_of(refused))
    return show(request, "parts/tried", context)


def _checked(request: DeskRequest, pool: PoolCard, typed: Sheet) -> Drafted:
    try:
        return publishing.check(pool.id, _base(request), typed)
    except QuestionUnknown as unknown:
        raise Http404 from unknown


def _base(request: DeskRequest) -> int | None:
    return _number(request.POST.get("base", ""))


def _number(text: str) -> int | None:
    """Of a row or a part; None for what can be neither."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _sheet(request: DeskRequest, pool: PoolCard) -> Sheet:
    return sheet_from(request.POST, pool.concept_count)


def _shown(sheet: Sheet) -> dict[str, Any]:
    """The question as the student's page draws it, as JSON; "" while it makes no sense."""
    preview = preview_of(sheet)
    if preview is None:
        return {"shown": ""}
    question = ShownQuestion(
        id=preview.id,
        content=preview.content,
        options=list(preview.options),
        concepts=[],
        interactions=list(preview.interactions),
        passage=preview.passage,
    )
    return {"shown": replies.encode(replies.shown(question)).decode()}


def _shared(pool: PoolCard, opened: Opened) -> tuple[str, ...]:
    return () if opened.pk is None else shared_with(pool.id, opened.pk)


def _show(
    request: DeskRequest,
    pool: PoolCard,
    opened: Opened,
    found: Drafted | None = None,
    *,
    conflict: bool = False,
    status: int = 200,
) -> HttpResponse:
    problems = found.problems if found else ()
    context = {
        "opened": opened,
        "view": view_of(
            opened.sheet,
            opened.concept_names,
            problems,
            is_new=opened.pk is None,
            passages=passages_of(pool.id),
            shared=_shared(pool, opened),
        ),
        "kinds": KINDS,
        "conflict": conflict,
        "draft_key": f"{request.user.pk}/{pool.id}/{_draft_of(opened.sheet.id) if opened.pk else NEW}",
        **_shown(opened.sheet),
    }
    return show_pool(request, pool, "questions", "write", context, status)
