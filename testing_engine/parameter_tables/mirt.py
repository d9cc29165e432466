"""R mirt and mirtCAT: slopes and intercepts, their nominal and rating scale tables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from testing_engine.parameter_tables.candidates import (
    BY_COLUMNS,
    FIRST_CATEGORY,
    MODEL,
    SIGN,
    Candidate,
    Cells,
    Chosen,
    Columns,
    intercept_sign,
    ordered_from_lowest,
    settled,
    settled_scaling,
    settled_sign,
)
from testing_engine.parameter_tables.forms import Form, Graded, Logistic, Nominal, Steps
from testing_engine.parameter_tables.plain import Roles, logistic_model, plain
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.sentences import say

TITLE = "R mirt"


@dataclass(frozen=True)
class _Intercepts:
    """Which columns there are. `is_logit`: g and u are logits."""

    slopes: tuple[str, ...]
    boundaries: tuple[str, ...]  # d1, d2, …
    categories: tuple[str, ...]  # d0, d1, …
    scores: tuple[str, ...]  # ak0, ak1, …
    lower: str | None
    upper: str | None
    is_logit: bool
    is_rasch: bool  # every slope is 1


def intercepts(columns: Columns) -> list[Candidate]:
    """`a1, d, g, u`, `d1, d2, …` and `ak0, …, d0, …`, of one model or of several in one table."""
    slopes = columns.run("a{}")
    if not slopes or not (columns.has("d") or columns.has("d1")):
        return []
    lower, upper = columns.first("g", "logit(g)"), columns.first("u", "logit(u)")
    is_logit = "logit(g)" in columns or "logit(u)" in columns
    spec = _Intercepts(
        slopes,
        columns.run("d{}"),
        columns.run("d{}", first=0),
        columns.run("ak{}", first=0),
        lower,
        upper,
        is_logit,
        _are_all_one(columns, slopes),
    )
    assumptions = [say("The bank's difficulty is −d / a, of several slopes −d / ‖a‖.")]
    if is_logit:
        assumptions.append(
            say("With printSE, mirt writes asymptotes as logits: −999 is 0, 999 is 1. They are turned back.")
        )
    if spec.categories and not spec.scores:
        assumptions.append(say("Without ak columns categories score 0, 1, 2, …: partial credit."))
    used = (*slopes, columns.first("d"), *spec.categories, *spec.boundaries, *spec.scores, lower, upper)
    is_mirtcat = columns.has("question") and bool(columns.run("option.{}"))
    return [
        Candidate(
            "mirtCAT" if is_mirtcat else "mirt",
            "R mirtCAT" if is_mirtcat else TITLE,
            say(
                "{first} and {intercept} are mirt's slopes and intercepts.",
                first=columns.original(slopes[0]),
                intercept=columns.original("d" if "d" in columns else "d1"),
            ),
            (
                settled(MODEL, BY_COLUMNS, say("Each row's model follows from the columns that it fills.")),
                settled_scaling("mirt"),
                settled(
                    FIRST_CATEGORY, "0", say("mirt's d1 leads from the lowest category, 0, to the next.")
                ),
                intercept_sign(),
            ),
            tuple(dict.fromkeys(columns.called(used))),
            partial(_intercept_form, spec),
            tuple(assumptions),
        )
    ]


def _are_all_one(columns: Columns, slopes: Sequence[str]) -> bool:
    try:
        return len(slopes) == 1 and all(columns.cells(row).get(slopes[0]) == 1 for row in columns.table.rows)
    except TableProblem:
        return False


def _intercept_form(spec: _Intercepts, cells: Cells, chosen: Chosen) -> Form:
    slopes, steepness = slopes_in(cells, spec.slopes)
    if (d := cells.get("d")) is not None:
        lower = _asymptote(cells.get(spec.lower), 0.0, is_logit=spec.is_logit)
        upper = _asymptote(cells.get(spec.upper), 1.0, is_logit=spec.is_logit)
        return Logistic(slopes, -d / steepness, lower, upper, spec.is_rasch)
    if spec.categories and cells.get(spec.categories[0]) is not None:
        found = cells.run(spec.categories)
        scores = cells.run(spec.scores) if spec.scores else tuple(map(float, range(len(found))))
        return divided(slopes, scores, found, "PCM" if spec.is_rasch else "GPCM")
    boundaries = cells.run(spec.boundaries)
    if not boundaries:
        raise TableProblem(say("No intercept is filled."))
    return Graded(slopes, tuple(-d / steepness for d in boundaries))


def slopes_in(cells: Cells, names: Sequence[str]) -> tuple[tuple[float, ...], float]:
    """(slopes, ‖a‖), the only slope with its sign. Raises `TableProblem` where all are 0."""
    slopes = tuple(cells.get(name) or 0.0 for name in names)
    steepness = _steepness(slopes)
    if steepness == 0:
        raise TableProblem(say("Its slope is 0: the question would tell nothing."))
    return slopes, steepness


def _steepness(slopes: Sequence[float]) -> float:
    return slopes[0] if len(slopes) == 1 else math.hypot(*slopes)


def check_paired(scores: Sequence[float], intercepts: Sequence[float]) -> None:
    """Every category has one of each. Raises `TableProblem`."""
    if len(scores) != len(intercepts):
        raise TableProblem(
            say(
                "It has {scores} scores and {intercepts} intercepts of categories.",
                scores=len(scores),
                intercepts=len(intercepts),
            )
        )


def divided(
    slopes: tuple[float, ...], scores: Sequence[float], intercepts: Sequence[float], model: str = "GPCM"
) -> Form:
    """P(k) ∝ exp(s_k a · θ + d_k): partial credit where the scores are 0, 1, 2, …, else nominal."""
    check_paired(scores, intercepts)
    if tuple(scores) != tuple(map(float, range(len(scores)))):
        return Nominal(slopes, tuple(scores), tuple(intercepts))
    steepness = _steepness(slopes)
    pairs = pairwise(intercepts)
    return Steps(slopes, tuple((before - after) / steepness for before, after in pairs), model)


def _asymptote(value: float | None, default: float, *, is_logit: bool) -> float:
    if value is None:
        return default
    if not is_logit:
        return value
    return 0.0 if value <= -999 else 1.0 if value >= 999 else 1 / (1 + math.exp(-value))


def traditional(columns: Columns) -> list[Candidate]:
    """IRTpars = TRUE of right/wrong questions: `a, b, g, u`. (With thresholds: `plain.thresholds`.)"""
    if not columns.has("a", "b") or not columns.first("g", "u") or columns.run("b{}"):
        return []
    roles = Roles("a", "b", columns.first("g"), columns.first("u"))
    reason = say("g and u are what mirt calls the asymptotes, a and b its traditional parameters.")
    return [
        plain(
            columns,
            roles,
            "mirt_IRTpars",
            "R mirt, IRTpars",
            reason,
            model=logistic_model(roles),
            scaling=settled_scaling("mirt"),
        )
    ]


def nominal(columns: Columns) -> list[Candidate]:
    """IRTpars = TRUE of nominal questions: a1 … aK and c1 … cK, one of each a category."""
    slopes, found = columns.run("a{}"), columns.run("c{}")
    if len(slopes) < 2 or len(slopes) != len(found) or columns.first("d", "d1", "b1"):
        return []

    def form(cells: Cells, chosen: Chosen) -> Form:
        scores, intercepts = cells.run(slopes), cells.run(found)
        check_paired(scores, intercepts)
        return Nominal((1.0,), scores, intercepts)

    return [
        Candidate(
            "mirt_nominal",
            "R mirt, IRTpars, nominal",
            say("As many a as c, numbered from 1: slopes and intercepts of every category."),
            (
                settled(MODEL, "NRM", say("Slopes of categories are a nominal model's.")),
                settled_scaling("mirt"),
                settled(FIRST_CATEGORY, "1", say("Every category has its columns; number 1 is the lowest.")),
                settled(SIGN, "intercept", say("Intercepts are larger for likelier categories.")),
            ),
            columns.called((*slopes, *found)),
            form,
        )
    ]


def rating_scale(columns: Columns) -> list[Candidate]:
    """mirt's rsm: `a1, b1, b2, …, c`, where c shifts the steps that all questions share."""
    steps = columns.run("b{}")
    if not columns.has("a1", "c") or not steps or "a2" in columns:
        return []

    def form(cells: Cells, chosen: Chosen) -> Form:
        slope, shift = cells.need("a1"), cells.get("c") or 0.0
        shared = cells.run(steps)
        if slope == 0 or not shared:
            raise TableProblem(say("Its slope is 0 or its steps are empty."))
        middle = math.fsum(shared) / len(shared)
        location = middle - shift / slope
        return Steps((slope,), tuple(step - middle + location for step in shared), "RSM", location)

    return [
        Candidate(
            "mirt_rsm",
            "R mirt, rsm",
            say("a1, b1 to {last} and c are mirt's rating scale model.", last=columns.original(steps[-1])),
            (
                settled(MODEL, "RSM", say("c shifts steps that all questions share.")),
                settled_scaling("mirt"),
                ordered_from_lowest(),
                settled_sign(),
            ),
            columns.called(("a1", *steps, "c")),
            form,
            (say("Step k is b_k − c / a1. mirt's grsm is written alike and is not this."),),
        )
    ]
