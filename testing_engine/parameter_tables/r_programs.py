"""R catR, TAM, eRm and ltm."""

import math
from functools import partial

from testing_engine.parameter_tables.candidates import (
    FIRST_CATEGORY,
    MODEL,
    SCALING,
    SIGN,
    Candidate,
    Cells,
    Choice,
    Chosen,
    Columns,
    asked,
    intercept_sign,
    ordered_from_lowest,
    settled,
    settled_scaling,
    settled_sign,
)
from testing_engine.parameter_tables.forms import Form, Graded, Logistic, Nominal, Steps
from testing_engine.parameter_tables.mirt import check_paired, divided, slopes_in
from testing_engine.parameter_tables.plain import Roles, catr_scaling, plain
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.r_output import ROW_NAMES
from testing_engine.sentences import Sentence, say

_NEAR = 1e-9  # scores that a printed table means as 0, 1, 2, …


def _model(name: str) -> Choice:
    return settled(MODEL, name, say("The columns' names say so."))


def _catr_plain(columns: Columns, roles: Roles, model: str, reason: Sentence) -> Candidate:
    return plain(
        columns, roles, "catR", f"R catR, {model}", reason, model=_model(model), scaling=catr_scaling()
    )


def _tam_plain(
    columns: Columns, roles: Roles, part: str, reason: Sentence, model: Choice | None = None
) -> Candidate:
    return plain(columns, roles, "TAM", f"R TAM, {part}", reason, model=model, scaling=settled_scaling("TAM"))


def catr(columns: Columns) -> list[Candidate]:
    """catR's matrices of questions with several categories: alphaj, betaj1, deltaj1, lambdaj, cj1, …"""
    slope = columns.first("alphaj")
    betas, deltas = columns.run("betaj{}"), columns.run("deltaj{}")
    if slope and betas:
        roles = Roles(slope, steps=betas)
        reason = say("alphaj and betaj1, … are catR's graded model.")
        return [_catr_plain(columns, roles, "GRM", reason)]
    if deltas:
        roles = Roles(slope, steps=deltas)
        name = "GPCM" if slope else "PCM"
        reason = say("deltaj1, … are catR's steps of partial credit.")
        return [_catr_plain(columns, roles, name, reason)]
    return [*_catr_modified(columns), *_catr_rating_scale(columns), *_catr_nominal(columns)]


def _catr_modified(columns: Columns) -> list[Candidate]:
    """MGRM: P(X ≥ k) = σ(α (θ − b + c_k))."""
    shared = columns.run("c{}")
    if not columns.has("alphaj", "bj") or not shared:
        return []

    def form(cells: Cells, chosen: Chosen) -> Form:
        location = cells.need("bj")
        boundaries = tuple(location - shift for shift in cells.run(shared))
        return Graded((float(chosen[SCALING]) * cells.need("alphaj"),), boundaries)

    reason = say("alphaj, bj and c1, … are catR's modified graded model.")
    choices = (_model("GRM"), catr_scaling(), settled_sign(), ordered_from_lowest())
    used = columns.called(("alphaj", "bj", *shared))
    assumptions = (say("Boundary k is bj − c_k."),)
    return [Candidate("catR", "R catR, MGRM", reason, choices, used, form, assumptions)]


def _catr_rating_scale(columns: Columns) -> list[Candidate]:
    shared = columns.run("delta{}")
    if "lambdaj" not in columns or not shared:
        return []
    roles = Roles(difficulty="lambdaj", steps=shared, are_relative=True)
    reason = say("lambdaj and delta1, … are catR's rating scale model.")
    return [_catr_plain(columns, roles, "RSM", reason)]


def _catr_nominal(columns: Columns) -> list[Candidate]:
    """Category 0 has no columns: its slope and intercept are 0."""
    slopes = columns.run("alphaj{}") or columns.run("alpha{}")
    intercepts = columns.run("cj{}") or columns.run("c{}")
    if not slopes or len(slopes) != len(intercepts):
        return []

    def form(cells: Cells, chosen: Chosen) -> Form:
        scores, found = cells.run(slopes), cells.run(intercepts)
        check_paired(scores, found)
        reference = () if chosen[FIRST_CATEGORY] == "1" else (0.0,)
        return Nominal((1.0,), (*reference, *scores), (*reference, *found))

    base = asked(
        FIRST_CATEGORY,
        ("0", "1"),
        say("0: the lowest category has no columns, as in catR. 1: every category has its columns."),
        "0",
    )
    reason = say("As many alpha as c, numbered from 1: catR's nominal model.")
    choices = (_model("NRM"), settled_scaling("catR"), base, intercept_sign())
    return [Candidate("catR", "R catR, NRM", reason, choices, columns.called((*slopes, *intercepts)), form)]


def tam_item(columns: Columns) -> list[Candidate]:
    """TAM's `$item`: P(k) ∝ exp(B_k · θ − AXsi_k), category 0 without columns."""
    costs = columns.run("axsi_.cat{}")
    if not costs or "b.cat1.dim1" not in columns:
        return []
    dimensions = len(columns.run("b.cat1.dim{}"))
    loadings = [[f"b.cat{k}.dim{m}" for m in range(1, dimensions + 1)] for k in range(1, len(costs) + 1)]
    reason = say("AXsi_.Cat1 and B.Cat1.Dim1 are TAM's table of items.")
    choices = (
        settled(MODEL, "columns", say("Each row's model follows from the columns that it fills.")),
        settled_scaling("TAM"),
        settled(FIRST_CATEGORY, "0", say("Cat1 is the category above the lowest, which has no columns.")),
        settled_sign(say("AXsi is what a category costs: larger is harder.")),
    )
    used = columns.called([*costs, *(name for each in loadings for name in each)])
    return [Candidate("TAM", "R TAM, $item", reason, choices, used, partial(_tam_form, costs, loadings))]


def _tam_form(costs: tuple[str, ...], loadings: list[list[str]], cells: Cells, chosen: Chosen) -> Form:
    found = cells.run(costs)
    if not found:
        raise TableProblem(say("{column} is empty.", column="AXsi_.Cat1"))
    rows = [[cells.get(name) or 0.0 for name in each] for each in loadings[: len(found)]]
    first = rows[0]
    square = math.fsum(loading**2 for loading in first)
    if square == 0:
        raise TableProblem(say("Its slope is 0: the question would tell nothing."))
    scores = [math.fsum(x * y for x, y in zip(row, first, strict=True)) / square for row in rows]
    for row, score in zip(rows, scores, strict=True):
        if any(abs(x - score * y) > 1e-6 * max(1, abs(x)) for x, y in zip(row, first, strict=True)):
            raise TableProblem(say("Its categories load in different directions, which no model here has."))
    whole = [float(number) for number in range(1, len(scores) + 1)]
    if all(abs(score - number) < _NEAR for score, number in zip(scores, whole, strict=True)):
        scores = whole
    if len(found) == 1:
        return Logistic(tuple(first), found[0] / math.sqrt(square), is_rasch=first == [1.0])
    return divided(tuple(first), (0.0, *scores), (0.0, *(-cost for cost in found)))


def tam_irt(columns: Columns) -> list[Candidate]:
    """TAM's `$item_irt`: alpha (θ − beta − tau_k)."""
    steps = columns.run("tau.cat{}")
    if not columns.has("alpha", "beta") or not steps:
        return []
    roles = Roles("alpha", "beta", steps=steps, are_relative=True)
    reason = say("alpha, beta and tau.Cat1, … are TAM's IRT parameters.")
    return [_tam_plain(columns, roles, "$item_irt", reason, _model("GPCM"))]


def tam_xsi(columns: Columns) -> list[Candidate]:
    """TAM's `$xsi` of right/wrong questions under the Rasch model."""
    if "xsi" not in columns or columns.run("axsi_.cat{}"):
        return []
    reason = say("xsi is what TAM calls a difficulty.")
    return [_tam_plain(columns, Roles(difficulty="xsi"), "$xsi", reason)]


def erm_thresholds(columns: Columns) -> list[Candidate]:
    """eRm's `thresholds()`: Location and Threshold 1, …, all absolute."""
    steps = columns.run("threshold.{}") or columns.run("threshold {}")
    if "location" not in columns or not steps:
        return []
    reason = say("Location and Threshold 1, … are eRm's thresholds.")
    choices = (
        asked(
            MODEL,
            ("PCM", "RSM"),
            say("eRm writes both so; in a rating scale the steps are shared."),
            "PCM",
        ),
        settled_scaling("eRm"),
        settled_sign(say("thresholds() gives difficulties, although eRm's betas are easiness.")),
        ordered_from_lowest(),
    )

    def form(cells: Cells, chosen: Chosen) -> Form:
        return Steps((1.0,), cells.run(steps), chosen[MODEL])

    return [
        Candidate("eRm", "R eRm, thresholds", reason, choices, columns.called(("location", *steps)), form)
    ]


def erm_betas(columns: Columns) -> list[Candidate]:
    """eRm's betas are easiness: b = −beta."""
    called = "beta "
    names = [row.cells.get(ROW_NAMES, "") for row in columns.table.rows]
    if "estimate" not in columns or not names or not all(name.startswith(called) for name in names):
        return []
    sign = asked(
        SIGN, ("easiness", "difficulty"), say("eRm's betas are easiness, its etas difficulties."), "easiness"
    )
    reason = say("Rows called beta and a column Estimate are eRm's.")
    return [
        plain(
            columns,
            Roles(difficulty="estimate"),
            "eRm",
            "R eRm, betas",
            reason,
            scaling=settled_scaling("eRm"),
            sign=sign,
            name_prefix=called,
        )
    ]


def ltm(columns: Columns) -> list[Candidate]:
    """ltm's coefficients: Gussng, Dffclt, Dscrmn; Extrmt1, …; Catgr.1, …; (Intercept), z1."""
    scaling = settled_scaling("ltm")
    slope = columns.first("dscrmn")
    if "dffclt" in columns:
        roles = Roles(slope, "dffclt", columns.first("gussng"))
        reason = say("Dffclt is ltm's difficulty.")
        return [plain(columns, roles, "ltm", "R ltm", reason, scaling=scaling)]
    for pattern, model in (("extrmt{}", "GRM"), ("catgr.{}", "GPCM")):
        if slope and (steps := columns.run(pattern)):
            reason = say("{first} and Dscrmn are ltm's.", first=columns.original(steps[0]))
            return [
                plain(
                    columns,
                    Roles(slope, steps=steps),
                    "ltm",
                    f"R ltm, {model}",
                    reason,
                    model=_model(model),
                    scaling=scaling,
                )
            ]
    return _ltm_intercepts(columns)


def _ltm_intercepts(columns: Columns) -> list[Candidate]:
    slopes = columns.run("z{}")
    if "(intercept)" not in columns or not slopes:
        return []

    def form(cells: Cells, chosen: Chosen) -> Form:
        found, steepness = slopes_in(cells, slopes)
        return Logistic(found, -cells.need("(intercept)") / steepness)

    reason = say("(Intercept) and z1 are ltm's, without IRT.param.")
    choices = (_model("2PL"), settled_scaling("ltm"), intercept_sign())
    used = columns.called(("(intercept)", *slopes))
    return [Candidate("ltm", "R ltm, IRT.param = FALSE", reason, choices, used, form)]
