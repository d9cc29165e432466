"""Fit statistics that need the total score of a fixed form, or that adaptive choice spoils; each says so.

S-X² (Orlando & Thissen 2000; Kang & Chen 2008 for more categories) compares answers with the model among
persons of equal total score. Infit and outfit are mean squared residuals at the EAP; where questions followed
the answers, infit alarms on three items of four that are sound, so there they come with a warning and without
a z.
"""

import warnings
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from testing_engine.calibration.calibration import Calibration
from testing_engine.calibration.residuals import expected_answers
from testing_engine.calibration.responses import FloatArray

FEWEST_EXPECTED = 1.0


class FixedFormError(ValueError):
    """A statistic that is valid only where everybody answered the same items."""


class AdaptiveSelectionWarning(UserWarning):
    """A statistic that does not keep its level where the questions were chosen by the answers."""


@dataclass(frozen=True)
class SX2:
    item: Hashable
    chi2: float
    df: int
    p: float
    rmsea: float


@dataclass(frozen=True, eq=False)
class MeanSquares:
    """Item by item or person by person: mean squares, 1 expected."""

    infit: FloatArray
    outfit: FloatArray


def s_x2(fit: Calibration) -> dict[Hashable, SX2]:
    """One group, one concept, no answer missing; else FixedFormError, for the statistic would mean
    nothing.
    """
    responses = fit.responses
    if responses.matrix is None or len(responses.groups) > 1 or fit.nodes.shape[1] != 1 or fit.left_out.any():
        raise FixedFormError(
            "S-X² is for one group, one concept, and items that everybody answered; use `item_fit`"
        )
    x = responses.matrix
    total = x.sum(axis=1, dtype=np.int64)
    w = np.exp(fit.state.population.log_weights(fit.nodes))[0]
    tables = [np.zeros((0, 0))] * responses.n_items
    free = np.zeros(responses.n_items, dtype=int)
    for block in fit.model.blocks:
        p = np.exp(block.log_probabilities(block.natural(fit.state.x), fit.nodes))
        for row, j in enumerate(block.items):
            tables[j], free[j] = p[row], int(block.free.sum())
    n = len(x)
    found = {}
    for j, item in enumerate(responses.items):
        rest = _score_distribution([table for i, table in enumerate(tables) if i != j])
        k = len(tables[j])
        joint = np.zeros((len(rest) + k - 1, k))
        for category in range(k):
            joint[category : category + len(rest), category] = (rest * tables[j][category]) @ w
        observed = np.zeros_like(joint)
        np.add.at(observed, (total, x[:, j]), 1.0)
        share = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
        expected = share * observed.sum(axis=1, keepdims=True)
        chi2, cells = _compare(observed[1:-1], expected[1:-1])
        df = max(cells - int(free[j]), 0)
        rmsea = float(np.sqrt(max(chi2 - df, 0.0) / (df * (n - 1)))) if df else float("nan")
        found[item] = SX2(item, chi2, df, float(chdtrc(df, chi2)) if df else float("nan"), rmsea)
    return found


def _score_distribution(tables: list[FloatArray]) -> FloatArray:
    """P(total = s | θ), (scores, Q), by the recursion of Lord and Wingersky (1984)."""
    at = np.ones((1, tables[0].shape[1]))
    for table in tables:
        new = np.zeros((len(at) + len(table) - 1, at.shape[1]))
        for category, p in enumerate(table):
            new[category : category + len(at)] += at * p
        at = new
    return at


def _compare(observed: FloatArray, expected: FloatArray) -> tuple[float, int]:
    """χ² and the free cells, after rows and then categories with too small expectations joined their
    neighbours.
    """
    o, e = _joined_rows(observed, expected)
    chi2, cells = 0.0, 0
    for seen, wanted in zip(o, e, strict=True):
        seen, wanted = _joined_cells(seen, wanted)
        if len(seen) > 1:
            chi2 += float(((seen - wanted) ** 2 / wanted).sum())
            cells += len(seen) - 1
    return chi2, cells


def _joined_rows(observed: FloatArray, expected: FloatArray) -> tuple[list[FloatArray], list[FloatArray]]:
    """From both ends towards the middle, rows join their inner neighbour while a category is too rare; 2
    categories.
    """
    o, e = [*observed.copy()], [*expected.copy()]
    if observed.shape[1] > 2:
        kept = [k for k in range(len(o)) if e[k].sum() > 0]
        return [o[k] for k in kept], [e[k] for k in kept]
    middle = len(o) // 2
    for k in range(middle):
        if e[k].min() < FEWEST_EXPECTED:
            o[k + 1], e[k + 1] = o[k + 1] + o[k], e[k + 1] + e[k]
            o[k], e[k] = o[k] * 0, e[k] * 0
    for k in range(len(o) - 1, middle, -1):
        if e[k].min() < FEWEST_EXPECTED:
            o[k - 1], e[k - 1] = o[k - 1] + o[k], e[k - 1] + e[k]
            o[k], e[k] = o[k] * 0, e[k] * 0
    kept = [k for k in range(len(o)) if e[k].sum() > 0]
    return [o[k] for k in kept], [e[k] for k in kept]


def _joined_cells(observed: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    o, e = list(observed), list(expected)
    while len(e) > 1 and min(e) < FEWEST_EXPECTED:
        k = int(np.argmin(e))
        to = k + 1 if k < (len(e) - 1) / 2 else k - 1
        to = 1 if k == 0 else len(e) - 2 if k == len(e) - 1 else to
        o[to] += o[k]
        e[to] += e[k]
        del o[k], e[k]
    return np.array(o), np.array(e)


def mean_squares(fit: Calibration, by: str = "item", adaptive: bool | None = None) -> MeanSquares:
    """Infit and outfit at the EAP. `adaptive` None takes incomplete answers for adaptive ones."""
    if adaptive if adaptive is not None else fit.responses.matrix is None:
        warnings.warn(
            "infit and outfit do not keep their level under adaptive selection; use item_fit or drift",
            AdaptiveSelectionWarning,
            stacklevel=2,
        )
    mean, variance = expected_answers(fit, fit.scores.theta)
    good = np.isfinite(mean)
    square = (fit.responses.category[good] - mean[good]) ** 2
    where = fit.responses.item if by == "item" else fit.responses.person
    n = fit.responses.n_items if by == "item" else fit.responses.n_persons
    at = where[good]
    with np.errstate(invalid="ignore", divide="ignore"):
        infit = np.bincount(at, square, n) / np.bincount(at, variance[good], n)
        outfit = np.bincount(at, square / variance[good], n) / np.bincount(at, minlength=n)
    return MeanSquares(infit, outfit)
