"""A pool's item parameters by the table: paste, confirm how it is read, look at curves, publish."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from desk.doors import DeskRequest, desk_view, go_to, require_form, show, wants_part
from desk.parameter_forms import CHOICE, Asked, TableForm, asked_of
from desk.rights import MAKE_POOLS
from desk.sentences import translated
from desk.views.jobs import done_later
from desk.views.pools import pool_or_404, published_or_404, show_pool
from sessions_app.waiting import revisions
from testing_engine import approval, exporting, parameters, pools
from testing_engine.authoring.shelf import PoolCard
from testing_engine.parameter_tables.candidates import BY_COLUMNS, Candidate, Choice
from testing_engine.parameter_tables.reading import TableUnreadable
from testing_engine.parameter_tables.writing import PROGRAMS
from testing_engine.parameters import GRID, Look, ParametersRefused, Reading
from testing_engine.pictures.parameters import Words, before_and_after
from testing_engine.pictures.picture import Picture
from testing_engine.pools import PoolWasRevised
from testing_engine.psychometrics.items.states import NOT_CALIBRATED

LISTED = 50
PART = "parts/parameters_look"


@dataclass(frozen=True)
class ChoiceField:
    """A choice as it is drawn: a list, a number, or a fixed word."""

    name: str
    label: str
    choice: Choice
    value: str
    options: tuple[tuple[str, str], ...]
    help: str = ""


@require_form
@desk_view(MAKE_POOLS)
def pool_parameters(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The form; by POST a look at the table, or its publication."""
    pool = pool_or_404(pool_id)
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not pool.questions or not form.is_valid():
        return _show(request, pool, form, {})
    asked = asked_of(request.POST)
    content = form.content()
    problems: list[str] = []
    if asked.wants_publication and asked.seen == _seen(content, asked.reading):
        try:
            return _published(request, pool, content, asked)
        except (ParametersRefused, TableUnreadable) as refused:
            problems = _in_words(refused)
        except PoolWasRevised:
            problems = [_("Somebody changed the pool meanwhile. Look again, then publish.")]
    elif asked.wants_publication:
        problems = [_("The table, or how it is read, is another now. Look again, then publish.")]
    return _show(request, pool, form, _look(pool_id, content, asked, problems))


@require_GET
@desk_view(MAKE_POOLS)
def parameters_out(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """A table for R; where it would lack questions the page says which, unless that is known."""
    pool = pool_or_404(pool_id)
    form = request.GET.get("form", "")
    revision = pools.revision_of(published_or_404(pool_id), None)
    if revision is None or form not in PROGRAMS:
        raise Http404
    taken = exporting.parameters_out(revision, form)
    if taken.left_out and "incomplete" not in request.GET:
        lines = [(each.id, " ".join(map(translated, each.sentences))) for each in taken.left_out[:LISTED]]
        told = {"out": form, "left_out": lines, "count": len(taken.left_out)}
        return _show(request, pool, TableForm(), told, status=409)
    name = f"{pool_id}-{revision.number}-{form}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(taken.content, content_type=taken.written.media_type, headers=headers)


def _published(request: DeskRequest, pool: PoolCard, content: bytes, asked: Asked) -> HttpResponse:
    found = pools.read_pool(pool.id)
    base, made_by = asked.revision or 0, request.user.get_username()
    if revisions.is_long(found, parameters.rows_to_publish(content, asked.reading)):
        reason = approval.hand().override_reason
        wanted = revisions.Table.of(found.pk, base, content, asked.reading, made_by, reason)
        return done_later(request, wanted, found.organisation_id, request.path, content)
    published = parameters.publish(found, content, asked.reading, base, made_by)
    said = _("{count} questions have new parameters (revision {number}). Tests that run keep the old ones.")
    if not published.changed:
        said = _("The pool has these parameters already. Nothing was changed.")
    messages.success(request, said.format(count=published.changed, number=published.revision.number))
    return go_to(request, request.path)


def _show(
    request: DeskRequest, pool: PoolCard, form: TableForm, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    if wants_part(request):
        return show(request, PART, {"pool": pool, "form": form, "is_part": True, **context})
    context = {"form": form, "tables": parameters.published_tables(pool.id), **context}
    return show_pool(request, pool, "parameters", "pool_parameters", context, status)


def _look(pool_id: UUID, content: bytes, asked: Asked, problems: list[str]) -> dict[str, Any]:
    pool = pools.read_pool(pool_id)
    try:
        look = parameters.look_at(pool, content, asked.reading)
    except (ParametersRefused, TableUnreadable) as refused:
        return {"problems": [*problems, *_in_words(refused)]}
    source = look.candidate.source if look.candidate else ""
    confirmed = Reading(source, look.choices, _column(look))
    joined = look.join
    return {
        "problems": problems,
        "look": look,
        "fields": _fields(look.candidate, look.choices) if look.candidate else [],
        "column": _column(look),
        "seen": _seen(content, confirmed),
        "picture": _picture(look) if look.shown else None,
        "most": LISTED,
        "can_publish": joined is not None and bool(joined.changes) and not joined.problems,
        "asks_for_reason": revisions.is_judged_later(pool, len(look.table.rows)),
    }


def _column(look: Look) -> str:
    return look.join.id_column if look.join else ""


def _seen(content: bytes, reading: Reading) -> str:
    """What the curves were drawn of: the table, and every choice."""
    told = [reading.source, sorted(reading.choices.items()), reading.id_column]
    return hashlib.sha256(content + json.dumps(told).encode()).hexdigest()


def _fields(candidate: Candidate, chosen: Mapping[str, str]) -> list[ChoiceField]:
    labels = {
        "model": _("Model"),
        "scaling": _("Metric (D)"),
        "first_category": _("Categories begin with"),
        "sign": _("Direction"),
        "umean": "UMEAN",
        "uscale": "USCALE",
    }
    return [
        ChoiceField(
            f"{CHOICE}{candidate.source}-{choice.name}",
            labels.get(choice.name, choice.name),
            choice,
            chosen.get(choice.name, ""),
            tuple((option, _option(choice.name, option)) for option in choice.options),
            _help(choice.name),
        )
        for choice in candidate.choices
    ]


def _help(name: str) -> str:
    if name != "scaling":
        return ""
    return _(
        "It says how steep a curve a slope of 1 stands for. An example: of students who lie 1 above the "
        "difficulty of a question with slope 1, 73 of 100 answer it with D = 1, and 85 of 100 with D = 1.7. "
        "The program’s settings or the article that the table is from say which; where nothing is said, "
        "programs of today use D = 1. A wrong choice makes every question look almost twice as sharp as it "
        "is, or half: look at the curves below, whether they are much steeper than you know them."
    )


def _option(name: str, option: str) -> str:
    words = {
        ("model", BY_COLUMNS): _("each row by its columns"),
        ("scaling", "1"): _("D = 1, logistic"),
        ("scaling", "1.7"): _("D = 1.7, normal"),
        ("scaling", "1.702"): _("D = 1.702, normal"),
        ("sign", "difficulty"): _("larger is harder"),
        ("sign", "easiness"): _("larger is easier"),
        ("sign", "intercept"): _("an intercept: larger is easier"),
    }
    return words.get((name, option), option)


def _picture(look: Look) -> Picture:
    words = Words(
        title=_("Three questions before and after"),
        description=_(
            "The probability of a right answer, or of each score, at each ability: dotted as it is now, "
            "whole as the table has it. θ is measured along the question's own slopes."
        ),
        before=_("now"),
        none=_("now: none yet"),
        after=_("by the table"),
        probability=_("probability"),
        score=_("score"),
    )
    without = [match.id for match in look.shown if match.before.state == NOT_CALIBRATED]
    if without:
        said = _("No curve of now, for they have no parameters yet: {questions}.")
        words = replace(words, description=f"{words.description} {said.format(questions=', '.join(without))}")
    curves = [(each.id, () if each.id in without else each.before, each.after) for each in look.curves]
    return before_and_after(GRID, curves, words)


def _in_words(refused: ParametersRefused | TableUnreadable) -> list[str]:
    sentences = (
        [sentence for _pointer, sentence in refused.problems]
        if isinstance(refused, ParametersRefused)
        else list(refused.problems)
    )
    return [translated(sentence) for sentence in sentences]
