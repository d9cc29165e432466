"""The parameters of a pool's questions as tables for mirt, mirtCAT and catR: what the readers take, written.

With t = a · θ − ‖a‖ b, the slopes a being discrimination × concepts:

    mirt     d = −‖a‖ b; graded d_k = −‖a‖ b_k; others P(k) ∝ exp(ak_k a · θ + d_k), with ak_0 = d_0 = 0
    catR     a (θ − b), c, d; GRM alphaj (θ − betaj_k); GPCM alphaj (θ − deltaj_k); NRM alphaj_k θ + cj_k
    mirtCAT  mirt's, with `itemtype` for `generate.mirt_object`, and what is asked

Slopes are logistic (D = 1). A cell that a question does not need is NA. What a table cannot carry is named.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

from testing_engine.interchange.cells import safe_cell
from testing_engine.interchange.exported import ExportedQuestion, Whole, Written
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.psychometrics.items.bank import LOGISTIC_MODELS, STEP_MODELS, ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import Sentence, say

PROGRAMS = ("mirt", "catr", "mirtcat")
ITEM = "item"  # the column of ids
NOTHING = "NA"
# In the order in which they are preferred where several carry as many questions.
CATR_MODELS = ("dichotomous", "GRM", "GPCM", "NRM")

Cells = Mapping[str, float | str]


@dataclass(frozen=True)
class TakenQuestion:
    """`content` and `options`: what mirtCAT shows. `has_interactions`: it asks otherwise than by options."""

    id: str
    parameters: ItemParameters
    content: str = ""
    options: tuple[str, ...] = ()
    has_interactions: bool = False


@dataclass(frozen=True)
class Told:
    """What became of one question. `sentences`: what the table does not have of it."""

    id: str
    outcome: Whole
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True)
class ParametersOut:
    """A table as CSV, in UTF-8. `told`: every question, in order."""

    content: bytes
    told: tuple[Told, ...]

    @property
    def left_out(self) -> tuple[Told, ...]:
        return tuple(each for each in self.told if each.outcome == "left_out")

    @property
    def written(self) -> Written:
        """As every file of a pool is told of, in English."""
        report = (ExportedQuestion(each.id, each.outcome, each.sentences) for each in self.told)
        return Written(self.content, "text/csv; charset=utf-8", "csv", tuple(report))


class UnknownForm(ValueError):
    """There is no such form, or no such matrix of it."""


def write_parameters(form: str, questions: Sequence[TakenQuestion], model: str = "") -> ParametersOut:
    """A question a row, in the questions' order. `model`: which of catR's matrices; "": the one that carries
    most. A question that the form has no place for, or that is not calibrated, is left out by name.

    Raises `UnknownForm`.
    """
    if form not in PROGRAMS:
        raise UnknownForm(f"There is no form {form!r}; there are {', '.join(PROGRAMS)}.")
    if model and (form != "catr" or model not in CATR_MODELS):
        raise UnknownForm(f"Only catr has matrices by model, and these: {', '.join(CATR_MODELS)}.")
    if form == "mirt":
        return _table(questions, lambda each: _intercepts(each.parameters))
    if form == "mirtcat":
        return _table(questions, _with_what_is_asked, always=("Question", "Option.1"))
    concept = _concept_of_most(questions)
    tried = [_table(questions, partial(_catr, name, concept)) for name in ([model] if model else CATR_MODELS)]
    return min(tried, key=lambda each: len(each.left_out))


def _table(
    questions: Sequence[TakenQuestion],
    cells_of: Callable[[TakenQuestion], Cells],
    always: Sequence[str] = (),
) -> ParametersOut:
    told: list[Told] = []
    rows: list[dict[str, float | str]] = []
    for question in questions:
        try:
            if question.parameters.state == NOT_CALIBRATED:
                raise TableProblem(say("It is not calibrated: its parameters are no more than guesses."))
            cells = cells_of(question)
        except TableProblem as problem:
            told.append(Told(question.id, "left_out", (problem.sentence,)))
            continue
        rows.append({ITEM: question.id, **cells})
        losses = _losses(question, cells)
        told.append(Told(question.id, "with_loss" if losses else "whole", losses))
    made = io.StringIO(newline="")
    columns = sorted({*always, *(name for row in rows for name in row)} - {ITEM}, key=_place)
    writer = csv.DictWriter(made, (ITEM, *columns), restval=NOTHING)
    writer.writeheader()
    writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in rows)
    return ParametersOut(made.getvalue().encode(), tuple(told))


def _losses(question: TakenQuestion, cells: Cells) -> tuple[Sentence, ...]:
    losses = []
    if safe_cell(question.id) != question.id:
        losses.append(say("Its id would be a formula in a spreadsheet, and is written with an apostrophe."))
    if "Question" in cells and question.has_interactions:
        losses.append(say("mirtCAT's table has options alone: what is asked besides is not in it."))
    return tuple(losses)


# Columns as the programs print them. catR goes by a column's place, so its nominal ones alternate.
_ORDER = (
    *(r"Type", r"Question", r"Option\.(\d+)", r"itemtype", r"a(\d*)", r"(?:alphaj|betaj|deltaj|cj)(\d*)"),
    *("b", "c", "d", "g", "u", r"ak(\d+)", r"d(\d+)"),
)


def _place(column: str) -> tuple[int, int, str]:
    for place, pattern in enumerate(_ORDER):
        if found := re.fullmatch(pattern, column):
            return place, int("".join(found.groups()) or 0), column
    raise AssertionError(column)


def _slopes(parameters: ItemParameters) -> list[float]:
    return [parameters.discrimination * weight for weight in parameters.concepts]


def _steps(parameters: ItemParameters) -> list[float]:
    """Boundaries or steps, as difficulties."""
    return [parameters.difficulty + threshold for threshold in parameters.thresholds]


def _categories(parameters: ItemParameters) -> tuple[list[float], list[float]]:
    """(scores s, intercepts d), one a category, both 0 in the first: P(k) ∝ exp(s_k a · θ + d_k).

    Of right/wrong questions without asymptotes, of partial credit and of nominal ones.
    """
    steepness = math.hypot(*_slopes(parameters))
    if parameters.model == "NRM":
        scores = [score - parameters.category_slopes[0] for score in parameters.category_slopes]
        shift = -steepness * parameters.difficulty
        pairs = zip(scores, parameters.category_intercepts, strict=True)
        return scores, [score * shift + c - parameters.category_intercepts[0] for score, c in pairs]
    steps = [parameters.difficulty] if parameters.model in LOGISTIC_MODELS else _steps(parameters)
    costs = accumulate((-steepness * step for step in steps), initial=0.0)
    return [float(score) for score in range(len(steps) + 1)], list(costs)


def _intercepts(parameters: ItemParameters) -> dict[str, float | str]:
    """mirt's. Where the last nominal score is above the first, scores end at K − 1, as mirt fixes them."""
    slopes = _slopes(parameters)
    steepness = math.hypot(*slopes)
    if parameters.model in LOGISTIC_MODELS:
        ends = {"g": parameters.guessing, "u": parameters.upper}
        return {**_numbered("a", slopes), "d": -steepness * parameters.difficulty, **ends}
    if parameters.model == "GRM":
        found = [-steepness * step for step in _steps(parameters)]
        return {**_numbered("a", slopes), **_numbered("d", found)}
    scores, intercepts = _categories(parameters)
    if parameters.model == "NRM" and scores[-1] > 0:
        unit = scores[-1] / (len(scores) - 1)
        slopes, scores = [slope * unit for slope in slopes], [score / unit for score in scores]
    return {**_numbered("a", slopes), **_numbered("ak", scores, 0), **_numbered("d", intercepts, 0)}


def _with_what_is_asked(question: TakenQuestion) -> dict[str, float | str]:
    parameters = question.parameters
    has_lower, has_upper = parameters.guessing > 0, parameters.upper < 1
    logistic = {(False, False): "2PL", (True, False): "3PL", (False, True): "3PLu", (True, True): "4PL"}
    itemtype = {"GRM": "graded", "NRM": "nominal"}.get(parameters.model, "gpcm")
    if parameters.model in LOGISTIC_MODELS:
        itemtype = logistic[has_lower, has_upper]
    shown: dict[str, float | str] = {"Question": question.content}
    shown |= {f"Option.{number}": option for number, option in enumerate(question.options, 1)}
    shown |= {"Type": "radio"} if question.options else {}
    return {**shown, "itemtype": itemtype, **_intercepts(parameters)}


def _numbered(name: str, values: Sequence[float], first: int = 1) -> dict[str, float | str]:
    return {f"{name}{number}": value for number, value in enumerate(values, first)}


def _concept_of_most(questions: Sequence[TakenQuestion]) -> int:
    """The concept that most of those questions measure which measure one."""
    alone = [_concepts(each.parameters)[0] for each in questions if len(_concepts(each.parameters)) == 1]
    return min(Counter(alone).items(), key=lambda each: (-each[1], each[0]))[0] if alone else 0


def _concepts(parameters: ItemParameters) -> list[int]:
    return [index for index, weight in enumerate(parameters.concepts) if weight > 0]


def _catr(model: str, concept: int, question: TakenQuestion) -> dict[str, float | str]:
    """A row of the matrix for `model`. A question with fewer categories than others leaves cells NA.

    Raises `TableProblem`.
    """
    parameters = question.parameters
    slope = _slope_on(parameters, concept)
    is_logistic = parameters.model in LOGISTIC_MODELS
    if model == "dichotomous":
        if not is_logistic:
            raise TableProblem(
                say(
                    "Its model is {model}, and the table is of right/wrong questions.", model=parameters.model
                )
            )
        return {"a": slope, "b": parameters.difficulty, "c": parameters.guessing, "d": parameters.upper}
    if parameters.guessing > 0 or parameters.upper < 1:
        raise TableProblem(say("It has asymptotes, and catR's {model} has none.", model=model))
    steps = [parameters.difficulty] if is_logistic else _steps(parameters)
    is_two = len(steps) == 1  # with two categories GRM, GPCM and NRM are one model
    if model == "GRM" and (is_two or parameters.model == "GRM"):
        return {"alphaj": slope, **_numbered("betaj", steps)}
    if model == "GPCM" and (is_two or parameters.model in STEP_MODELS):
        return {"alphaj": slope, **_numbered("deltaj", steps)}
    if model == "NRM" and (is_two or parameters.model != "GRM"):
        scores, intercepts = _categories(parameters)
        loadings = [slope * score for score in scores]
        return {**_numbered("alphaj", loadings[1:]), **_numbered("cj", intercepts[1:])}
    raise TableProblem(
        say("Its model is {model}, and the table is catR's {matrix}.", model=parameters.model, matrix=model)
    )


def _slope_on(parameters: ItemParameters, concept: int) -> float:
    measured = _concepts(parameters)
    if len(measured) > 1:
        raise TableProblem(
            say("It measures {count} concepts, and catR knows one ability.", count=len(measured))
        )
    if measured != [concept]:
        raise TableProblem(
            say(
                "It measures concept {own}, and most questions concept {other}: catR knows one ability.",
                own=measured[0] + 1,
                other=concept + 1,
            )
        )
    return _slopes(parameters)[concept]
