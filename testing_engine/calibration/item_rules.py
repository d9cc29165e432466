"""The rules about single items and pairs of them."""

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from scipy.special import expit

from testing_engine.calibration.families import BINARY, UNIT_SLOPE
from testing_engine.calibration.findings import ERROR, INFO, WARNING, Finding
from testing_engine.calibration.residuals import residual_correlations
from testing_engine.calibration.responses import BoolArray, Responses
from testing_engine.calibration.sentences import VERY_FEW

if TYPE_CHECKING:
    from testing_engine.calibration.calibration import Calibration

RARE = 5
ENOUGH = {"Rasch": 150, "1PL": 150, "PCM": 150, "RSM": 150, "3PL": 1000, "4PL": 1000}  # answers; others 250
STEEP = 4.0
AT_END = 7.0  # logit of an asymptote
ALIKE = 0.5  # residual correlation above the median
PAIRS_UP_TO = 200  # items


def left_out_items(responses: Responses, models: list[str], fixed: Mapping[Hashable, Any]) -> BoolArray:
    """Items without an estimate: no answers, one category only, or a category that nobody chose."""
    out = np.zeros(responses.n_items, dtype=bool)
    for j, (item, count) in enumerate(zip(responses.items, responses.counts, strict=True)):
        if item not in fixed:
            out[j] = (count == 0).any()
    return out


def without_estimate(fit: "Calibration") -> Iterator[Finding]:
    for j in np.flatnonzero(fit.left_out):
        item, count = fit.responses.items[j], fit.responses.counts[j]
        n = int(count.sum())
        if n == 0:
            yield Finding("no_answers", item, ERROR, {"n": 0})
        elif (count > 0).sum() == 1:
            chosen = int(np.flatnonzero(count)[0])
            bound = _one_category_bound(fit, int(j), chosen)
            yield Finding(
                "one_category",
                item,
                ERROR,
                {"n": n, "category": chosen, "b_bound": bound},
            )
        else:
            empty = np.flatnonzero(count == 0).tolist()
            yield Finding(
                "empty_category",
                item,
                ERROR,
                {"empty": empty, "counts": count.tolist()},
            )


def _one_category_bound(fit: "Calibration", j: int, chosen: int) -> float:
    """Where the profile likelihood of an easy (hard) item with slope 1 has fallen by 1.92."""
    p = fit.posterior_of(j)
    sign = 1.0 if chosen > 0 else -1.0
    theta = fit.nodes[:, 0] if not fit.several_points else np.linspace(-4, 4, 41)

    def fall(b: float) -> float:
        chance = expit(sign * (theta - b))
        return float(np.log(np.maximum(p @ chance, 1e-300)).sum()) + 1.92

    low, high = (-30.0, 10.0) if sign > 0 else (-10.0, 30.0)
    if fall(low) * fall(high) > 0:
        return float("nan")
    return float(scipy.optimize.brentq(fall, low, high))


def answers_too_few(fit: "Calibration") -> Iterator[Finding]:
    for j, item in enumerate(fit.responses.items):
        if fit.left_out[j] or j in fit.fixed_items:
            continue
        count = fit.responses.counts[j]
        n, enough = int(count.sum()), ENOUGH.get(fit.model.models[j], 250)
        if n < enough:
            very = n < VERY_FEW
            yield Finding(
                "few_answers",
                item,
                WARNING if very else INFO,
                {"n": n, "enough": enough},
            )
        if n >= VERY_FEW and count.min() < RARE:
            category = int(count.argmin())
            yield Finding(
                "rare_category",
                item,
                WARNING,
                {"category": category, "times": int(count.min()), "n": n},
            )


def odd_slopes(fit: "Calibration") -> Iterator[Finding]:
    for block, _, item in fit.item_rows():
        if block.model in UNIT_SLOPE or not block.free[: block.n_slopes].any():
            continue
        slopes = fit.parameters[item].a[block.concepts]
        errors = fit.standard_errors[item].a[block.concepts]
        for concept, a, error in zip(block.concepts, slopes, errors, strict=True):
            numbers = {"a": float(a), "standard_error": float(error), "concept": int(concept)}
            if a + 1.96 * np.nan_to_num(error, nan=0.0) < 0:
                yield Finding(
                    "negative_slope",
                    item,
                    ERROR,
                    numbers,
                )
            elif abs(a) > STEEP:
                yield Finding(
                    "steep",
                    item,
                    WARNING,
                    numbers,
                )
            elif not error <= abs(a) / 2:
                yield Finding(
                    "uncertain_slope",
                    item,
                    INFO,
                    numbers,
                )
        if block.model in BINARY and _hangs_backwards(fit, item):
            yield Finding(
                "negative_slope",
                item,
                ERROR,
                {"a": float(slopes[0])},
            )


def _hangs_backwards(fit: "Calibration", item: Hashable) -> bool:
    """A log-normal prior hides a negative slope; the answers themselves show it."""
    if "a" not in fit.priors or fit.several_points:
        return False
    j = fit.responses.items.index(item)
    answers = fit.responses.item == j
    who, x = fit.responses.person[answers], fit.responses.category[answers]
    theta = (
        fit.scores.theta
        if fit.scores.theta.ndim == 1
        else fit.scores.theta[:, int(np.argmax(fit.model.q[j]))]
    )
    if len(x) < VERY_FEW or x.std() == 0:
        return False
    return bool(np.corrcoef(theta[who], x)[0, 1] * np.sqrt(len(x)) < -3)


def odd_asymptotes(fit: "Calibration") -> Iterator[Finding]:
    for block, row, item in fit.item_rows():
        if block.model not in ("3PL", "4PL") or fit.several_points:
            continue
        c = fit.parameters[item].lower
        column = block.names.index("g")
        natural = block.natural(fit.state.x)[row]
        for name in ("g", "u"):
            if name in block.names and block.free[block.names.index(name)]:
                value = float(natural[block.names.index(name)])
                if abs(value) > AT_END:
                    yield Finding(
                        "asymptote_at_end",
                        item,
                        WARNING,
                        {"logit": value},
                    )
        if c > 0.4 and block.free[column]:
            yield Finding("high_guessing", item, WARNING, {"lower": c})
        for name, key in (("g", "lower"), ("u", "upper")):
            if name not in block.names or not block.free[block.names.index(name)] or name not in fit.priors:
                continue
            at = int(block.own_index[row][np.flatnonzero(block.own_map[block.names.index(name)])[0]])
            variance = float(fit.covariance[at, at])
            share = float(fit.information.prior[at] * variance)
            if share > 0.8:
                yield Finding(
                    "prior_dominates",
                    item,
                    INFO,
                    {"share": share, "parameter": key},
                )


def pairs_alike(fit: "Calibration") -> Iterator[Finding]:
    if fit.responses.n_items > PAIRS_UP_TO or fit.responses.n_items < 3:
        return
    q3, n = residual_correlations(fit)
    upper = np.triu_indices(len(q3), 1)
    enough = (n[upper] >= VERY_FEW) & np.isfinite(q3[upper])
    if not enough.any():
        return
    middle = float(np.median(q3[upper][enough]))
    for i, j, r, good in zip(*upper, q3[upper], enough, strict=True):
        if good and r - middle > ALIKE:
            first, second = fit.responses.items[i], fit.responses.items[j]
            yield Finding(
                "duplicate",
                second,
                WARNING,
                {"other": first, "q3": float(r), "median_q3": middle},
            )
