"""How sure a calibrated question's curve is, and curves old and new for a picture."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sessions_app.measurement.linked import OnScale
from sessions_app.measurement.parameters import known_number
from testing_engine.calibration import Calibration
from testing_engine.calibration.families import FAMILY
from testing_engine.calibration.parameters import natural_parameters
from testing_engine.calibration.responses import FloatArray
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED

CURVE = np.linspace(-4.0, 4.0, 17)  # θ
FINE = np.linspace(-4.0, 4.0, 81)
Z_95 = 1.959963984540054
STEP = 1e-5


@dataclass(frozen=True)
class CurvePair:
    """Expected score over the highest one, at `FINE`: as it is and as proposed, with its 95 % band."""

    id: str
    old: tuple[float, ...] | None  # None: it has no parameters yet
    new: tuple[float, ...] | None
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None


def curve_errors(fit: Calibration, item: Hashable, scale: OnScale) -> list[float | None] | None:
    """Standard errors at `CURVE` of the expected share of the highest score, by the delta method.

    None where the question has no estimate, or several concepts measure at once.
    """
    estimate = fit.parameters[item]
    if len(estimate.a) != 1 or not np.isfinite([*estimate.a, *estimate.d, estimate.lower]).all():
        return None
    covariance = fit.parameters.covariance([item])
    assert covariance is not None
    natural = natural_parameters(estimate, [0])
    theta = (CURVE - scale.shift) / scale.slope
    steps = np.eye(len(natural)) * STEP
    k = estimate.n_categories
    up, down = (_share(estimate.model, k, natural + sign * steps, theta) for sign in (1, -1))
    jacobian = (up - down) / (2 * STEP)  # (parameters, points)
    variance = np.einsum("pq,pr,rq->q", jacobian, covariance, jacobian)
    with np.errstate(invalid="ignore"):
        return [known_number(error) for error in np.sqrt(variance)]


def _share(model: str, k: int, natural: FloatArray, theta: FloatArray) -> FloatArray:
    """Expected score / (k − 1) of n sets of parameters (n, p) at (Q,) points: (n, Q)."""
    log_p, _, _ = FAMILY[model](natural[:, :1] * theta, natural[:, 1:], k)
    return np.asarray(np.einsum("nkq,k->nq", np.exp(log_p), np.arange(k)) / (k - 1))


def curve_pairs(
    result: Mapping[str, Any],
    old: Mapping[str, ItemParameters],
    new: Mapping[str, ItemParameters],
    wanted: Sequence[str],
) -> list[CurvePair]:
    """Of these questions. θ is measured along the question's own slopes."""
    items = {item["id"]: item for item in result["items"]}
    pairs = []
    for name in wanted:
        after = _expected(new[name]) if name in new else None
        errors = items[name].get("curve_errors")
        low = high = None
        if after is not None and errors and None not in errors:
            half = Z_95 * np.interp(FINE, result["curve_thetas"], errors)
            low, high = _kept(after - half), _kept(after + half)
        drawn = None if after is None else tuple(after.tolist())
        before = None if old[name].state == NOT_CALIBRATED else tuple(_expected(old[name]).tolist())
        pairs.append(CurvePair(name, before, drawn, low, high))
    return pairs


def _kept(values: FloatArray) -> tuple[float, ...]:
    return tuple(np.clip(values, 0.0, 1.0).tolist())


def _expected(parameters: ItemParameters) -> FloatArray:
    """Expected score over the highest one at `FINE`, (Q,)."""
    bank = ItemBank.from_parameters([parameters])
    t = (bank.steepness[0] * FINE + bank.intercepts[0])[None, :]
    p = bank.curves_at(t, np.array([0])).p[:, 0]
    return np.asarray(np.arange(len(p)) @ p / (len(p) - 1))
