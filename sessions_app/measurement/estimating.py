"""Answers → what a calibration found, as plain data: the numbers, and what is wrong with them in sentences.

Nothing here reads a clock or the database, and every sum has one order: so the same answers, parameters and
request give the same bits again.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sessions_app.measurement.asking import ANCHORS, LINK, Asked
from sessions_app.measurement.collecting import Collected, NothingToCalibrate
from sessions_app.measurement.curves import CURVE, curve_errors
from sessions_app.measurement.differences import Differences, Given, differences
from sessions_app.measurement.linked import OnScale, linked, unlinked
from sessions_app.measurement.parameters import (
    Family,
    NoPlaceInPool,
    as_mapping,
    errors_of,
    estimate_of,
    family_of,
    known_number,
    model_for,
    parameters_of,
)
from testing_engine.calibration import (
    Calibration,
    Iteration,
    Responses,
    ScoreTest,
    calibrate,
    item_fit,
)
from testing_engine.calibration.promotion import earned, keeps_its_parameters, largest_error, state_after
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import say

# Told of the stage and how much of it is done, from 0 to 1; what it raises ends the work.
Tell: TypeAlias = Callable[[str, float], object]

FITTING, ERRORS, FIT, DIF = "fitting", "errors", "fit", "dif"
_KEPT = say("too few answers: keeps its parameters")
_KEPT_BY_STATE = say("too few answers: keeps its parameters, which its state counts as known")


@dataclass(frozen=True, eq=False)
class _Task:
    """The questions that were answered, in the order of the answers' items."""

    asked: Asked
    responses: Responses
    questions: tuple[int, ...]  # their primary keys
    old: tuple[ItemParameters, ...]
    families: tuple[Family, ...]
    concepts: tuple[int, ...]  # those that the answered questions measure
    kept: frozenset[str]

    @property
    def models(self) -> list[str]:
        return [family.name for family in self.families]


def estimate(
    asked: Asked,
    collected: Collected,
    questions: Sequence[int],
    parameters: Sequence[ItemParameters],
    known: Mapping[str, Mapping[str, Any]],
    tell: Tell = lambda *_: None,
) -> dict[str, Any]:
    """The result. `questions` and `parameters` are of all items of the revision, `known` items of earlier
    results by question id: they tell the errors of parameters that came from there.

    Raises `NothingToCalibrate`, and the calibration's own errors (all `ValueError`).
    """
    task = _task(asked, collected, questions, parameters)
    fixed = _fixed(task)
    fit = calibrate(
        task.responses,
        task.models,
        q_matrix=_q_matrix(task),
        fixed=fixed or None,
        priors=asked.priors,
        seed=asked.seed,
        watch=lambda iteration: tell(FITTING, iteration.share),
    )
    tell(ERRORS, 0.0)
    findings = fit.findings  # asks for standard errors
    scale = linked(fit, task.old, task.concepts) if asked.scale == LINK else unlinked()
    tell(FIT, 0.0)
    fits = item_fit(fit).items if len(task.concepts) == 1 else {}
    tell(DIF, 0.0)
    difs = _differences(task, collected.columns, fixed, lambda share: tell(DIF, share))
    errors = fit.standard_errors
    items = [
        _item(task, j, fit, errors[item], scale, _old_errors(task.old[j], known.get(str(item))))
        | {"curve_errors": curve_errors(fit, item, scale) if item not in task.kept else None}
        | {"fit": _score_test(fits.get(item))}
        | {"dif_by": {each.column: each.items[item] for each in difs if item in each.items}}
        for j, item in enumerate(task.responses.items)
    ]
    return {
        "converged": fit.converged,
        "log_likelihood": known_number(fit.log_likelihood),
        "log_prior": known_number(fit.log_prior),
        "free_parameters": fit.n_parameters,
        "iterations": fit.state.e_steps,
        "persons": task.responses.n_persons,
        "imported_sittings": collected.imported,
        "delivered_sessions": collected.sessions,
        "answers": task.responses.n_answers,
        "answers_left_out": collected.left_out,
        "questions_without_answers": len(parameters) - task.responses.n_items,
        "concepts": list(task.concepts),
        "scale": {"by": asked.scale, **scale.to_json()},
        "population": _population(fit, scale),
        "findings": [
            {
                "code": finding.code,
                "item": finding.item,
                "severity": finding.severity,
                "sentence": str.__str__(finding.sentence),  # the text alone
                "numbers": plain(finding.numbers),
            }
            for finding in findings
        ],
        "dif": [each.to_json() for each in difs],
        "items": items,
        "curve_thetas": [float(theta) for theta in CURVE],
        "engine_data_hash": fit.data_hash,
    }


def _task(
    asked: Asked, collected: Collected, questions: Sequence[int], parameters: Sequence[ItemParameters]
) -> _Task:
    responses = collected.responses
    old = tuple(parameters[position] for position in collected.positions)
    names = [str(item) for item in responses.items]
    guessed = {name for name, each in zip(names, old, strict=True) if each.state == NOT_CALIBRATED}
    kept = frozenset(asked.kept_items(names, guessed))
    if asked.scale == ANCHORS and not kept:
        raise NothingToCalibrate(say("None of the anchors was answered."))
    if len(kept) == responses.n_items:
        raise NothingToCalibrate(
            say("Every question that was answered is an anchor: there is nothing to estimate.")
        )
    families = tuple(
        family_of(each, None if item in kept else asked.model or None)
        for item, each in zip(responses.items, old, strict=True)
    )
    measured = np.array([each.concepts for each in old]) > 0
    concepts = tuple(np.flatnonzero(measured.any(axis=0)).tolist())
    keys = tuple(int(questions[position]) for position in collected.positions)
    return _Task(asked, responses, keys, old, families, concepts, kept)


def _q_matrix(task: _Task) -> Any:
    if len(task.concepts) == 1:
        return None
    return np.array([[each.concepts[k] > 0 for k in task.concepts] for each in task.old])


def _fixed(task: _Task) -> dict[Any, Any]:
    """Anchors whole, and asymptotes that their question's model leaves out."""
    fixed: dict[Any, Any] = {}
    for item, old, family in zip(task.responses.items, task.old, task.families, strict=True):
        if item in task.kept:
            known = estimate_of(old, family.name, task.concepts)
            if known is None:
                raise NothingToCalibrate(
                    say(
                        "Question {item} cannot be an anchor: its first and last category have one slope.",
                        item=item,
                    )
                )
            fixed[item] = as_mapping(known)
        elif family.given:
            fixed[item] = family.given
    return fixed


def _differences(
    task: _Task,
    columns: Mapping[str, Sequence[str]],
    fixed: Mapping[Any, Any],
    tell: Callable[[float], object],
) -> list[Differences]:
    """DIF by each column that is looked at."""
    given = Given(
        task.responses,
        task.models,
        fixed or None,
        task.asked.priors,
        len(task.concepts),
        all(old.n_categories == 2 for old in task.old),
    )
    nowhere = [""] * task.responses.n_persons
    found = []
    for number, compared in enumerate(task.asked.compared):

        def watch(_: Iteration, share: float = number / len(task.asked.compared)) -> None:
            tell(share)

        found.append(differences(given, columns.get(compared.column, nowhere), compared, watch))
    return found


def _item(
    task: _Task,
    j: int,
    fit: Calibration,
    errors: Any,
    scale: OnScale,
    old_errors: Mapping[str, Any] | None,
) -> dict[str, Any]:
    item, old = task.responses.items[j], task.old[j]
    found = scale.moved(fit.parameters[item])
    model = model_for(old, None if item in task.kept else task.asked.model or None)
    told = errors_of(old, found, errors, scale.slope)
    new, why_not = None, ""
    if item in task.kept:
        why_not = "anchor"
    else:
        try:
            new = parameters_of(old, model, found, task.concepts)
        except NoPlaceInPool as reason:
            why_not = str.__str__(reason.args[0])
    if new is not None and task.asked.scale == LINK and _is_worse(old, old_errors, new, told):
        new, why_not = None, str.__str__(_KEPT if old_errors else _KEPT_BY_STATE)
    return {
        "id": item,
        "question": task.questions[j],
        "answers": int(task.responses.answers_per_item[j]),
        "counts": [int(count) for count in task.responses.counts[j]],
        "old": shown(old),
        "new": None if new is None else shown(new),
        "errors": told,
        "old_errors": old_errors,
        "state": old.state,
        "new_state": old.state if new is None else _state_after(new, told),
        "estimate": {
            "family": found.model,
            "a": [known_number(each) for each in found.a],
            "d": [known_number(each) for each in found.d],
            "b": [known_number(each) for each in found.b],
            "lower": known_number(found.lower),
            "upper": known_number(found.upper),
        },
        **_anchor(scale, item),
        "why_not": why_not,
    }


def _anchor(scale: OnScale, item: Hashable) -> dict[str, float | None]:
    """How far the question moved as an anchor; None where it was none."""
    shift = scale.anchor_shifts.get(item)
    return {
        "anchor_z": None if shift is None else known_number(shift.z),
        "anchor_shift": None if shift is None else known_number(shift.logits),
    }


def _state_after(new: ItemParameters, errors: Mapping[str, Any]) -> str:
    """What the question becomes by these estimates."""
    return state_after(new.state, *_sureness(new, errors))


def _is_worse(
    old: ItemParameters,
    old_errors: Mapping[str, Any] | None,
    new: ItemParameters,
    errors: Mapping[str, Any],
) -> bool:
    """Whether the question would lose the sureness that its state stands for."""
    before = None if old_errors is None else largest_error(_sureness(old, old_errors)[2])
    now = _sureness(new, errors)
    return keeps_its_parameters(old.state, earned(*now), before, largest_error(now[2]))


def _sureness(
    of: ItemParameters, errors: Mapping[str, Any]
) -> tuple[float, float | None, list[float | None]]:
    return of.discrimination, errors["discrimination"], errors["steps"] or [errors["difficulty"]]


def _old_errors(old: ItemParameters, known: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Of the parameters as they stand, where an earlier result gave them."""
    return known["errors"] if known is not None and known["new"] == shown(old) else None


def shown(parameters: ItemParameters) -> dict[str, Any]:
    """Parameters as a pool document has them."""
    return {
        "model": parameters.model,
        "concepts": list(parameters.concepts),
        "difficulty": parameters.difficulty,
        "discrimination": parameters.discrimination,
        "guessing": parameters.guessing,
        "upper_asymptote": parameters.upper,
        "thresholds": list(parameters.thresholds),
        "category_slopes": list(parameters.category_slopes),
        "category_intercepts": list(parameters.category_intercepts),
    }


def _population(fit: Calibration, scale: OnScale) -> list[dict[str, Any]]:
    counts = np.bincount(fit.responses.group, minlength=len(fit.responses.groups))
    return [
        {
            "group": str(label),
            "persons": int(counts[code]),
            "mean": _numbers(scale.slope * np.atleast_1d(found.mean) + scale.shift),
            "sd": _numbers(scale.slope * np.atleast_1d(found.sd)),
            "mean_error": _numbers(scale.slope * np.atleast_1d(found.mean_error)),
            "sd_error": _numbers(scale.slope * np.atleast_1d(found.sd_error)),
            "correlation": [_numbers(row) for row in found.correlation],
        }
        for code, label in enumerate(fit.responses.groups)
        for found in (fit.population[label],)
    ]


def _numbers(values: Any) -> list[float | None]:
    return [known_number(value) for value in values]


def _score_test(test: ScoreTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {
        "answers": test.n,
        "z": known_number(test.z),
        "p": known_number(test.p),
        "chi2": known_number(test.chi2),
        "df": test.df,
        "p_all": known_number(test.p_all),
        "effect": known_number(test.effect),
        "flagged": test.flagged,
    }


def plain(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return known_number(value)
    return value if value is None else str(value)
