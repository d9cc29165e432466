"""A pool's questions as somebody who measures looks at them: by difficulty, slope, use, share right, fit.

The revision's arrays are in memory, so any order of any pool is a sort of numbers, and only the page that is
shown is read as texts. Exposure is over the tests of this revision that are over; shares right and fit are of
the question's own version, in all tests that are over, in whichever revision it was asked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from django.db.models import Q

from sessions_app.counting import answers as counts
from sessions_app.counting import fit
from sessions_app.reporting import exposure
from testing_engine.excerpts import excerpt
from testing_engine.models import Question, QuestionPool
from testing_engine.psychometrics.items.response import BoolArray, FloatArray
from testing_engine.psychometrics.items.states import NOT_CALIBRATED, STATES
from testing_engine.questions import interactions
from testing_engine.questions.wording import types_asked
from testing_engine.revisions import FrozenRevision, load_revision

PAGE = 50
EXCERPT = 120  # characters
FEWEST_ANSWERS = 10  # for a fit
MOST_FITTED = 200  # questions with answers, of which all fits are computed to sort by them
SORTS = ("position", "difficulty", "slope", "exposure", "share_right", "fit")


class ListedPoolUnknown(LookupError):
    """There is no such pool, or it has no questions."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for. Empty is all; `page` counts from 1."""

    search: str = ""
    area: str = ""
    type: str = ""
    state: str = ""
    sort: str = "position"
    is_falling: bool = False
    page: int = 1


@dataclass(frozen=True)
class Line:
    """One question. Numbers are None where there are none: no parameters, no tests, too few answers."""

    pk: int
    id: str
    excerpt: str
    types: tuple[str, ...]
    area: str
    question_set: str
    enemy_groups: tuple[str, ...]
    state: str
    model: str
    difficulty: float | None
    slope: float | None
    exposure: float | None
    answered: int
    share_right: float | None
    fit: float | None


@dataclass(frozen=True)
class Listing:
    """A page. `ids`: of all that were found, in order. `can_sort_by_fit`: not where that would take long."""

    revision: int
    lines: tuple[Line, ...]
    ids: tuple[str, ...]
    page: int
    pages: int
    tests: int
    areas: tuple[str, ...]
    types: tuple[str, ...]
    states: tuple[str, ...]
    can_sort_by_fit: bool


@dataclass(frozen=True, eq=False)
class _Numbers:
    """(N,) each; nan where there is none."""

    difficulty: FloatArray
    slope: FloatArray
    exposure: FloatArray
    share_right: FloatArray
    answered: FloatArray
    fit: FloatArray = field(default_factory=lambda: np.array([]))


def question_list(pool_id: UUID, wanted: Wanted) -> Listing:
    """Raises `ListedPoolUnknown`."""
    pool = QuestionPool.objects.select_related("current_revision").filter(pk=pool_id).first()
    if pool is None or pool.current_revision is None:
        raise ListedPoolUnknown
    revision = load_revision(pool.current_revision.pk)
    types = _types(revision)
    used = exposure.observed(revision)
    numbers = _numbers(revision, used)
    with_answers = np.flatnonzero(numbers.answered >= FEWEST_ANSWERS).tolist()
    can_sort_by_fit = 0 < len(with_answers) <= MOST_FITTED
    found = np.flatnonzero(_mask(revision, wanted, types)).tolist()
    by = wanted.sort if wanted.sort in SORTS and (wanted.sort != "fit" or can_sort_by_fit) else "position"
    fits = _fits(revision, with_answers) if by == "fit" else {}
    order = _ordered(found, by, numbers, fits, is_falling=wanted.is_falling)
    pages = max(1, math.ceil(len(order) / PAGE))
    page = min(max(1, wanted.page), pages)
    shown = order[(page - 1) * PAGE : page * PAGE]
    if by != "fit":
        fits = _fits(revision, [item for item in shown if numbers.answered[item] >= FEWEST_ANSWERS])
    of_revision = Question.objects.filter(revisionquestion__revision_id=revision.id)
    areas = of_revision.exclude(area="").values_list("area", flat=True).distinct().order_by("area")
    states = set(of_revision.values_list("state", flat=True).distinct())
    return Listing(
        revision=pool.current_revision.number,
        lines=_lines(revision, shown, types, numbers, fits),
        ids=tuple(revision.external_ids[item] for item in order),
        page=page,
        pages=pages,
        tests=used.tests,
        areas=tuple(areas[:500]),
        types=tuple(sorted({name for names in types for name in names})),
        states=tuple(state for state in STATES if state in states),
        can_sort_by_fit=can_sort_by_fit,
    )


def _types(revision: FrozenRevision) -> list[tuple[str, ...]]:
    """What each question asks."""
    found = []
    for item, categories in enumerate(revision.bank.n_categories):
        frozen = revision.with_interactions.get(item)
        asked = interactions.encode(frozen.interactions) if frozen else None
        found.append(types_asked(asked, has_right_answer=int(categories) == 2))
    return found


def _numbers(revision: FrozenRevision, used: exposure.Exposure) -> _Numbers:
    size = revision.bank.n_items
    answered, right = np.zeros(size), np.zeros(size)
    for key, is_right, _, _, count in counts.given_to(revision.question_ids.tolist()).tolist():
        item = revision.positions_by_key[key]
        answered[item] += count
        right[item] += is_right * count
    guessed = Question.objects.filter(revisionquestion__revision_id=revision.id, state=NOT_CALIBRATED)
    unknown = np.zeros(size, dtype=bool)
    for key in guessed.values_list("pk", flat=True):
        unknown[revision.positions_by_key[key]] = True
    with np.errstate(invalid="ignore"):
        share = right / answered
    return _Numbers(
        difficulty=np.where(unknown, np.nan, revision.bank.difficulty),
        slope=np.where(unknown, np.nan, revision.bank.steepness),
        exposure=used.rates if used.tests else np.full(size, np.nan),
        share_right=share,
        answered=answered,
    )


def _mask(revision: FrozenRevision, wanted: Wanted, types: Sequence[tuple[str, ...]]) -> BoolArray:
    mask = np.ones(revision.bank.n_items, dtype=bool)
    if wanted.type:
        mask &= np.array([wanted.type in names for names in types])
    words = wanted.search.replace("\x00", "").strip()
    if words or wanted.area or wanted.state:
        rows = Question.objects.filter(revisionquestion__revision_id=revision.id)
        if words:
            rows = rows.filter(Q(content__icontains=words) | Q(external_id__icontains=words))
        if wanted.area:
            rows = rows.filter(area=wanted.area.replace("\x00", ""))
        if wanted.state:
            rows = rows.filter(state=wanted.state.replace("\x00", ""))
        chosen = np.zeros_like(mask)
        for key in rows.values_list("pk", flat=True):
            chosen[revision.positions_by_key[key]] = True
        mask &= chosen
    return mask


def _ordered(
    found: Sequence[int], by: str, numbers: _Numbers, fits: dict[int, float], *, is_falling: bool
) -> list[int]:
    """Equal ones in the pool's order; those without a number at the end, whichever way."""
    items = list(found)
    if by == "position":
        return items[::-1] if is_falling else items
    sign = -1.0 if is_falling else 1.0

    def place(item: int) -> tuple[bool, float]:
        value = fits.get(item, math.nan) if by == "fit" else float(getattr(numbers, by)[item])
        return math.isnan(value), 0.0 if math.isnan(value) else sign * value

    return sorted(items, key=place)


def _fits(revision: FrozenRevision, items: Sequence[int]) -> dict[int, float]:
    """Infit of these questions, where it can be known."""
    if not items:
        return {}
    sums = fit.of(revision, revision.question_ids[list(items)].tolist())
    squares = {item: sums[int(revision.question_ids[item])] for item in items}
    return {item: float(square / variance) for item, (_, square, variance) in squares.items() if variance}


def _lines(
    revision: FrozenRevision,
    items: Sequence[int],
    types: Sequence[tuple[str, ...]],
    numbers: _Numbers,
    fits: dict[int, float],
) -> tuple[Line, ...]:
    keys = [int(revision.question_ids[item]) for item in items]
    rows = Question.objects.defer("options", "interactions", "scoring", "option_scores").in_bulk(keys)
    lines = []
    for item, key in zip(items, keys, strict=True):
        question = rows[key]
        has_numbers = not math.isnan(numbers.difficulty[item])
        lines.append(
            Line(
                pk=key,
                id=question.external_id,
                excerpt=excerpt(question.content, EXCERPT),
                types=types[item],
                area=question.area,
                question_set=question.question_set,
                enemy_groups=tuple(question.enemy_groups),
                state=question.state,
                model=question.model,
                difficulty=_known(numbers.difficulty[item]),
                slope=_known(numbers.slope[item]),
                exposure=_known(numbers.exposure[item]),
                answered=int(numbers.answered[item]),
                share_right=_known(numbers.share_right[item]),
                fit=fits.get(item) if has_numbers else None,
            )
        )
    return tuple(lines)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
