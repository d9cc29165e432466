"""A question's parameters as the calibration has them, and back. Pure.

    calibration       logits a · θ + d, one slope a concept
    pool              slopes discrimination × concepts, places on θ: ‖a‖ (θ − difficulty)

A pool's 1PL, PCM and RSM promise slopes of 1, so the calibration's population has a free spread: its Rasch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from testing_engine.calibration import ItemEstimate
from testing_engine.calibration.responses import FloatArray
from testing_engine.psychometrics.items.bank import LOGISTIC_MODELS, ItemParameterError, ItemParameters
from testing_engine.sentences import say

UNIT_SLOPE = ("1PL", "PCM", "RSM")
STEPS = ("GPCM", "PCM", "RSM")


class NoPlaceInPool(ValueError):
    """Estimates that no question of a pool can have; the message says why."""


@dataclass(frozen=True)
class Family:
    """What is estimated of a question. `name`: the calibration's; `given`: what of it is kept."""

    name: str
    given: dict[str, float]


def family_of(parameters: ItemParameters, model: str | None = None) -> Family:
    """By its own model, or by `model` where the question has as many categories.

    An asymptote that the model leaves out, and the question has all the same, is kept.
    """
    name = model_for(parameters, model)
    if name not in LOGISTIC_MODELS:
        return Family(name, {})
    if name == "1PL":
        return Family("Rasch", {})
    keeps_lower = name == "2PL" and parameters.guessing > 0
    keeps_upper = name in ("2PL", "3PL") and parameters.upper < 1
    given = {"lower": parameters.guessing} if keeps_lower or (keeps_upper and name == "2PL") else {}
    if keeps_upper:
        return Family("4PL", {**given, "upper": parameters.upper})
    return Family("3PL" if given else name, given)


def model_for(parameters: ItemParameters, model: str | None) -> str:
    """The pool's model under which the question is calibrated."""
    if model is None:
        return parameters.model
    return model if (model in LOGISTIC_MODELS) == (parameters.model in LOGISTIC_MODELS) else parameters.model


def estimate_of(parameters: ItemParameters, family: str, concepts: Sequence[int]) -> ItemEstimate | None:
    """The parameters in the calibration's form, slopes of `concepts` alone; None where it has none."""
    slopes = parameters.discrimination * np.array(parameters.concepts)
    length = float(np.linalg.norm(slopes))
    a = slopes[list(concepts)]
    if parameters.model in LOGISTIC_MODELS:
        b = np.array([parameters.difficulty])
        return ItemEstimate(family, a, -length * b, parameters.guessing, parameters.upper, b)
    if parameters.model == "NRM":
        return _nominal(parameters, a, length)
    b = parameters.difficulty + np.array(parameters.thresholds)
    if parameters.model == "GRM":
        return ItemEstimate("GRM", a, -length * b, 0.0, 1.0, b) if family == "GRM" else None
    if family not in STEPS:
        return None
    d = np.concatenate([[0.0], np.cumsum(-length * b)])
    return ItemEstimate(family, a, d, 0.0, 1.0, b)


def _nominal(parameters: ItemParameters, a: FloatArray, length: float) -> ItemEstimate | None:
    s = np.array(parameters.category_slopes) - parameters.category_slopes[0]
    c = np.array(parameters.category_intercepts) - parameters.category_intercepts[0]
    top = len(s) - 1
    if s[-1] == 0:
        return None
    d = c - s * length * parameters.difficulty
    scoring = s * top / s[-1]
    slopes = a * s[-1] / top
    with np.errstate(divide="ignore", invalid="ignore"):
        b = -np.diff(d) / (np.linalg.norm(slopes) * np.diff(scoring))
    return ItemEstimate("NRM", slopes, d, 0.0, 1.0, b, scoring)


def as_mapping(estimate: ItemEstimate) -> dict[str, Any]:
    """As `calibrate(fixed=…)` takes it."""
    found = {"a": estimate.a, "d": estimate.d, "lower": estimate.lower, "upper": estimate.upper}
    return found if estimate.scoring is None else {**found, "scoring": estimate.scoring}


def parameters_of(
    old: ItemParameters, model: str, estimate: ItemEstimate, concepts: Sequence[int]
) -> ItemParameters:
    """The question with these estimates. Raises `NoPlaceInPool`.

    Where it measures one concept its weight stays, and the slope is the discrimination's; where several, the
    weights take the direction of the slopes and keep their length.
    """
    slopes = np.zeros(len(old.concepts))
    slopes[list(concepts)] = estimate.a
    numbers = [*estimate.a, *estimate.d, estimate.lower, estimate.upper]
    if not np.isfinite(numbers).all():
        raise NoPlaceInPool(say("the answers allow no estimate"))
    if slopes.min() < 0 or slopes.max() <= 0:
        raise NoPlaceInPool(say("its slope is negative: key or direction is probably wrong"))
    weights, discrimination = _split(old, slopes)
    if model in UNIT_SLOPE:
        if not np.allclose(slopes, np.array(old.concepts)):
            raise NoPlaceInPool(say("{model} fixes its slope at 1", model=model))
        discrimination = 1.0
    fields: dict[str, Any] = {
        "concepts": weights,
        "model": model,
        "difficulty": 0.0,
        "discrimination": discrimination,
        "guessing": 0.0,
        "upper": 1.0,
        "thresholds": (),
        "category_slopes": (),
        "category_intercepts": (),
    }
    if model in LOGISTIC_MODELS:
        fields |= {"difficulty": float(estimate.b[0])}
        fields |= {"guessing": float(estimate.lower), "upper": float(estimate.upper)}
    elif model == "NRM":
        assert estimate.scoring is not None
        fields |= {
            "category_slopes": tuple(estimate.scoring.tolist()),
            "category_intercepts": tuple(estimate.d.tolist()),
        }
    else:
        middle = float(estimate.b.mean())
        fields |= {"difficulty": middle, "thresholds": tuple((estimate.b - middle).tolist())}
    try:
        new = replace(old, **fields)
    except ItemParameterError as error:
        raise NoPlaceInPool(str(error)) from error
    if new.n_categories != old.n_categories:
        lost = old.n_categories - new.n_categories
        raise NoPlaceInPool(say("{count} of its categories were never chosen", count=lost))
    return new


def _split(old: ItemParameters, slopes: FloatArray) -> tuple[tuple[float, ...], float]:
    weights = np.array(old.concepts)
    length = float(np.linalg.norm(weights))
    steepness = float(np.linalg.norm(slopes))
    if np.count_nonzero(weights) == 1:
        return old.concepts, steepness / length
    return tuple((slopes * length / steepness).tolist()), steepness / length


def errors_of(
    old: ItemParameters, estimate: ItemEstimate, errors: ItemEstimate, scale: float = 1.0
) -> dict[str, Any]:
    """Standard errors in the pool's units; None where constant or unknown. `scale`: a link's A."""
    slopes, moved = np.asarray(estimate.a, float), np.asarray(errors.a, float)
    sure = np.isfinite(moved)
    known = np.abs(slopes[sure]) @ moved[sure] if sure.any() else np.nan
    steepness = float(np.linalg.norm(slopes))
    weight = float(np.linalg.norm(old.concepts))
    return {
        "discrimination": known_number(known / steepness / weight / scale if steepness else np.nan),
        "difficulty": known_number(scale * errors.b[0]) if len(errors.b) == 1 else None,
        "guessing": known_number(errors.lower),
        "upper_asymptote": known_number(errors.upper),
        "steps": [known_number(scale * each) for each in errors.b] if len(errors.b) > 1 else [],
    }


def known_number(value: Any) -> float | None:
    """A number as JSON can hold it; None where there is none."""
    number = float(value)
    return number + 0.0 if np.isfinite(number) else None
