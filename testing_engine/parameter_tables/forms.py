"""Item response functions as programs mean them, and the parameters by which the bank computes the same.

σ is the logistic function, ‖a‖ the length of the slopes a, which include the scaling constant D:

    Logistic   P(1) = c + (u − c) σ(a · θ − ‖a‖ b)
    Graded     P(X ≥ k) = σ(a · θ − ‖a‖ b_k)                    Samejima (1969)
    Steps      P(k) ∝ exp Σ_{j≤k} (a · θ − ‖a‖ b_j)             Muraki (1992), Masters (1982), Andrich (1978)
    Nominal    P(k) ∝ exp(s_k a · θ + c_k)                      Bock (1972)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.psychometrics.items.bank import ItemParameterError, ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED, OPERATIONAL
from testing_engine.sentences import say

LARGEST_SLOPE = 50.0
LARGEST_PARAMETER = 100.0  # logits; far beyond any real question, and far from overflow


@dataclass(frozen=True)
class Logistic:
    """1PL to 4PL. `b` is MDIFF."""

    slopes: tuple[float, ...]
    b: float
    lower: float = 0.0
    upper: float = 1.0
    is_rasch: bool = False


@dataclass(frozen=True)
class Graded:
    """`b`: the boundaries, rising. `location`: what thresholds are relative to; None: their mean."""

    slopes: tuple[float, ...]
    b: tuple[float, ...]
    location: float | None = None


@dataclass(frozen=True)
class Steps:
    """`b`: the steps. `model`: GPCM, PCM or RSM; the last two need slopes of 1 and are GPCM otherwise."""

    slopes: tuple[float, ...]
    b: tuple[float, ...]
    model: str = "GPCM"
    location: float | None = None


@dataclass(frozen=True)
class Nominal:
    """`scores` s and `intercepts` c: one of each a category."""

    slopes: tuple[float, ...]
    scores: tuple[float, ...]
    intercepts: tuple[float, ...]


Form = Logistic | Graded | Steps | Nominal


def n_categories(form: Form) -> int:
    if isinstance(form, Logistic):
        return 2
    return len(form.scores) if isinstance(form, Nominal) else len(form.b) + 1


def parameters_of(form: Form, question: ItemParameters) -> ItemParameters:
    """The question with the form's parameters, and calibrated by them; areas, enemies and sets stay.

    Raises `TableProblem`.
    """
    if isinstance(form, Nominal):
        form = _with_slopes_up(form)
    elif not isinstance(form, Logistic) and len(form.b) == 1:  # one boundary: right or wrong
        form = Logistic(form.slopes, form.b[0], is_rasch=isinstance(form, Steps) and form.model != "GPCM")
    concepts, discrimination = _direction(form.slopes, question.concepts)
    bare = ItemParameters(
        concepts,
        area=question.area,
        enemy_groups=question.enemy_groups,
        question_set=question.question_set,
        state=OPERATIONAL if question.state == NOT_CALIBRATED else question.state,
    )
    try:
        found = _filled(bare, form, discrimination)
    except ItemParameterError as error:
        raise TableProblem(say("{problem}.", problem=error.sentence)) from error
    _check_size(found)
    return found


def _filled(bare: ItemParameters, form: Form, discrimination: float) -> ItemParameters:
    if isinstance(form, Logistic):
        return replace(
            bare,
            model=_logistic_model(form, discrimination),
            difficulty=form.b,
            discrimination=discrimination,
            guessing=form.lower,
            upper=form.upper,
        )
    if isinstance(form, Nominal):
        return replace(
            bare,
            model="NRM",
            discrimination=discrimination,
            category_slopes=form.scores,
            category_intercepts=form.intercepts,
        )
    location = math.fsum(form.b) / len(form.b) if form.location is None else form.location
    model = "GRM" if isinstance(form, Graded) else form.model
    return replace(
        bare,
        model="GPCM" if model in ("PCM", "RSM") and discrimination != 1 else model,
        difficulty=location,
        discrimination=discrimination,
        thresholds=tuple(step - location for step in form.b),
    )


def _logistic_model(form: Logistic, discrimination: float) -> str:
    if form.upper < 1:
        return "4PL"
    if form.lower > 0:
        return "3PL"
    return "1PL" if form.is_rasch and discrimination == 1 else "2PL"


def _direction(slopes: Sequence[float], concepts: Sequence[float]) -> tuple[tuple[float, ...], float]:
    """(Q-matrix row, discrimination) with discrimination × row = slopes.

    A question that measures one concept keeps its row; of one that measures several the row is the slopes'
    direction, of length 1, so that its discrimination is MDISC.
    """
    if len(slopes) == 1:
        measured = [index for index, weight in enumerate(concepts) if weight > 0]
        if len(measured) > 1:
            raise TableProblem(
                say(
                    "The table has one slope, and the question measures {count} concepts.",
                    count=len(measured),
                )
            )
        slopes = tuple(slopes[0] if index in measured else 0.0 for index in range(len(concepts)))
    if len(slopes) != len(concepts):
        raise TableProblem(
            say(
                "The table has {slopes} slopes, the pool {concepts} concepts.",
                slopes=len(slopes),
                concepts=len(concepts),
            )
        )
    if min(slopes) < 0:
        raise TableProblem(
            say("A slope is {slope}: below 0. Is the key wrong, or the sign?", slope=f"{min(slopes):g}")
        )
    if max(slopes) == 0:
        raise TableProblem(say("Its slope is 0: the question would tell nothing."))
    loaded = [index for index, slope in enumerate(slopes) if slope > 0]
    if len(loaded) == 1:
        (only,) = loaded
        is_same = all((weight > 0) == (index == only) for index, weight in enumerate(concepts))
        row = tuple(concepts) if is_same else tuple(float(index == only) for index in range(len(slopes)))
        return row, slopes[only] / row[only]
    length = math.hypot(*slopes)
    return tuple(slope / length for slope in slopes), length


def _with_slopes_up(form: Nominal) -> Nominal:
    """Only the products of slopes and scores count: one negative slope is that of its scores."""
    if len(form.slopes) == 1 and form.slopes[0] < 0:
        return Nominal((-form.slopes[0],), tuple(-score for score in form.scores), form.intercepts)
    return form


def _check_size(parameters: ItemParameters) -> None:
    """What a pool document may not hold a table may not bring in either."""
    if parameters.discrimination * max(parameters.concepts) > LARGEST_SLOPE:
        raise TableProblem(say("A slope is above {most}.", most=f"{LARGEST_SLOPE:g}"))
    numbers = (
        parameters.difficulty,
        *parameters.thresholds,
        *parameters.category_slopes,
        *parameters.category_intercepts,
    )
    if max(map(abs, numbers)) > LARGEST_PARAMETER:
        raise TableProblem(
            say("A parameter is not between −{most} and {most}.", most=f"{LARGEST_PARAMETER:g}")
        )
