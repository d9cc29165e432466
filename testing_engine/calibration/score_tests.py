"""Posterior score (Lagrange multiplier) tests of items: drift and shape; of DIF they are in `group_dif`.

Person i's part in the derivative of the marginal log-likelihood along a change of item j is E_i[θ^h ∂ log
P(x_ij) / ∂z], h = 0 for a shift of the item, h = 1 for its slope, h = 2, 3 for a curve that no logistic has.
These sums keep their level when questions were chosen adaptively, which residuals at an estimated θ do not
(Glas 1998, 1999). They are valid only under the right population, so mean and sd are estimated anew first,
and with items that drift themselves set aside from the posterior (purification): else the drift of some items
shows as drift of all.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import chdtrc

from testing_engine.calibration.calibration import Calibration, calibrate
from testing_engine.calibration.expectation import posteriors
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.responses import BoolArray, FloatArray, Responses

FEWEST = 50  # answers
ASIDE_FIRST, ASIDE, BACK = 4.0, 3.0, 2.0  # |z| from which an item is set aside, and below which it returns
SHARE_A_ROUND = 0.05
ROUNDS = 6
LARGEST_LOG = 300.0


class ScoreTestError(ValueError):
    """A test that these answers do not allow; `field` names the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True)
class ScoreTest:
    """One item. `z` > 0: answered better than its parameters say (drift), or in the focal group (DIF)."""

    item: Hashable
    n: int
    z: float
    p: float  # of z, two-sided
    chi2: float  # of `df` directions together
    df: int
    p_all: float
    effect: float  # one scoring step: the shift on the logit scale
    set_aside: bool
    flagged: bool  # by false discovery rate at 5 %


@dataclass(frozen=True, eq=False)
class ScoreTests:
    items: dict[Hashable, ScoreTest]
    population: dict[Hashable, PopulationEstimate]
    rounds: int
    fit: Calibration | None = field(default=None, repr=False)  # the last one, without what was set aside


def answer_scores(
    fit: Calibration, responses: Responses, aside: BoolArray, degrees: int, predictive: bool = False
) -> tuple[FloatArray, FloatArray]:
    """E_i[θ^h ∂ log P / ∂z] of every answer, (answers, degrees), and their predictive covariance where asked
    for.

    `fit` holds posteriors without the items `aside`; their answers are scored under the posterior that knows
    them too, and have covariance Σ_k p_k s_k s_kᵀ over what might have been answered; so do all with
    `predictive`. That of other answers is nan. (With squares and cubes of θ, products of the scores
    themselves alarm too often in small samples.)
    """
    if fit.nodes.shape[1] != 1:
        raise ScoreTestError("fit", "score tests are for one concept")
    model, theta = fit.model, fit.nodes[:, 0]
    powers = theta ** np.arange(degrees)[:, None]
    log_p = model.log_probabilities(fit.state.x, fit.nodes)
    slopes = np.zeros_like(log_p)
    for block in model.blocks:
        natural = block.natural(fit.state.x)
        _, dz, _ = block.family(block.predictor(natural, fit.nodes), natural[:, block.n_slopes :], block.k)
        slopes[block.rows.ravel()] = dz.reshape(-1, len(theta))
    log_w = fit.state.population.log_weights(fit.nodes)
    scores = np.zeros((responses.n_answers, degrees))
    covariance = np.full((responses.n_answers, degrees, degrees), np.nan)
    for part in fit.data.blocks(len(theta)):
        p = posteriors(fit.data, part, log_p, log_w)[0]
        pattern = fit.data.pattern
        if pattern is None:
            at = np.arange(responses.start[part.start], responses.start[part.stop])
        else:
            inside = (pattern >= part.start) & (pattern < part.stop)
            at = np.flatnonzero(inside[responses.person])
        person = responses.person[at]
        who = (person if pattern is None else pattern[person]) - part.start
        item, category = responses.item[at], responses.category[at]
        row = model.offset[item] + category
        kept = ~aside[item] & (not predictive)
        scores[at[kept]] = (p[who[kept]] * slopes[row[kept]]) @ powers.T
        for j in np.unique(item[~kept]):
            here = np.flatnonzero(item == j)
            rows = slice(int(model.offset[j]), int(model.offset[j + 1]))
            before = p[who[here]]
            if not aside[j]:  # the posterior without this answer
                before = before * np.exp(np.minimum(-log_p[row[here]], LARGEST_LOG))
                before /= before.sum(axis=1, keepdims=True)
            s, v = _predictive(before, np.exp(log_p[rows]), slopes[rows], powers)
            scores[at[here]] = s[np.arange(len(here)), category[here]]
            covariance[at[here]] = v
    return scores, covariance


def _predictive(
    p: FloatArray, chance: FloatArray, slopes: FloatArray, powers: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Scores of each possible answer under the posterior that knows it, (n, K, degrees), and their
    covariance.
    """
    total = p @ chance.T  # (n, K)
    s = np.stack([p @ (chance * slopes * power).T for power in powers], axis=2)
    s /= np.maximum(total, 1e-300)[:, :, None]
    return s, np.einsum("nk,nka,nkb->nab", total, s, s)


def drift(
    responses: Responses,
    parameters: Mapping[Any, Any],
    model: str | Mapping[Hashable, str] | list[str] = "2PL",
    *,
    rounds: int = ROUNDS,
    predictive: bool = False,
    threads: int | None = None,
) -> ScoreTests:
    """Whether items still have the parameters they are used with; items without parameters are not looked at.

    1 df: z of a shift of the whole item. 2 df: shift and slope, so drift and shape in one. `predictive`
    takes the variance of all scores from what might have been answered: products of the scores themselves
    give the 2 df too many small p-values (at .001, twice as many).
    """
    known = {item: parameters[item] for item in responses.items if item in parameters}
    if not known:
        raise ScoreTestError("parameters", "names none of the items that were answered")
    seen = responses.without(np.array([item not in known for item in responses.items]))
    aside = np.zeros(responses.n_items, dtype=bool)
    z = np.zeros(responses.n_items)
    number = 0
    for number in range(1, rounds + 1):
        fit = calibrate(seen.without(aside), model, fixed=known, priors="none", threads=threads)
        scores, covariance = answer_scores(fit, seen, aside, 2, predictive)
        sums, variance = _by_item(seen, scores, covariance)
        n = seen.answers_per_item
        z = _z(sums[:, 0], variance[:, 0, 0], n)
        new = purified(z, aside, n, ASIDE_FIRST if number == 1 else ASIDE)
        if (new == aside).all():
            break
        aside = new
    tests = {}
    for j, item in enumerate(seen.items):
        if n[j] >= FEWEST:
            chi2 = quadratic(sums[j], variance[j])
            tests[item] = (
                int(n[j]),
                float(z[j]),
                chi2,
                2,
                float(sums[j, 0] / variance[j, 0, 0]),
                bool(aside[j]),
            )
    return ScoreTests(flagged(tests), fit.population, number, fit)


def item_fit(fit: Calibration) -> ScoreTests:
    """Whether the curve has its model's shape: squares and cubes of θ in z, given the item's own parameters;
    2 df.

    `z` is of the square alone: > 0 where the curve bends up at both ends, as guessing makes it at the lower
    one.
    """
    aside = np.zeros(fit.responses.n_items, dtype=bool)
    kept = fit.responses.without(fit.left_out)
    scores, covariance = answer_scores(fit, kept, aside, 4, predictive=True)
    sums, variance = _by_item(kept, scores, covariance)
    tests = {}
    for j, item in enumerate(kept.items):
        n = int(kept.answers_per_item[j])
        if n < FEWEST:
            continue
        weight = np.linalg.pinv(variance[j, :2, :2], hermitian=True) @ variance[j, :2, 2:]
        u = sums[j, 2:] - sums[j, :2] @ weight
        v = variance[j, 2:, 2:] - variance[j, 2:, :2] @ weight
        z = float(u[0] / np.sqrt(max(v[0, 0], 1e-300)))
        tests[item] = (n, z, quadratic(u, v), 2, float(u[0] / max(v[0, 0], 1e-300)), False)
    return ScoreTests(flagged(tests), fit.population, 1)


def _by_item(
    responses: Responses, scores: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sums (J, degrees) and variances (J, degrees, degrees): empirical, or predictive where set aside."""
    degrees = scores.shape[1]
    square = np.where(np.isnan(covariance), scores[:, :, None] * scores[:, None, :], covariance)
    j, item = responses.n_items, responses.item
    sums = np.stack([np.bincount(item, scores[:, h], j) for h in range(degrees)], axis=1)
    variance = np.empty((j, degrees, degrees))
    for a in range(degrees):
        for b in range(degrees):
            variance[:, a, b] = np.bincount(item, square[:, a, b], j)
    return np.asarray(sums, dtype=float), variance


def _z(u: FloatArray, v: FloatArray, n: np.ndarray) -> FloatArray:
    return np.asarray(np.where((n >= FEWEST) & (v > 0), u / np.sqrt(np.maximum(v, 1e-300)), 0.0))


def quadratic(u: FloatArray, v: FloatArray) -> float:
    return float(u @ np.linalg.pinv(v, hermitian=True) @ u)


def purified(z: FloatArray, aside: BoolArray, n: np.ndarray, limit: float) -> BoolArray:
    """The worst few over the limit go aside, those below `BACK` return."""
    size = np.where((n >= FEWEST) & np.isfinite(z), np.abs(z), 0.0)
    most = max(4, int(SHARE_A_ROUND * (n >= FEWEST).sum()))
    candidates = np.flatnonzero((size > limit) & ~aside)
    new = aside & (size >= BACK)
    new[candidates[np.argsort(-size[candidates], kind="stable")][:most]] = True
    return new


def benjamini_hochberg(p: FloatArray, rate: float = 0.05) -> BoolArray:
    """Which of these are flagged, with this false discovery rate (Benjamini & Hochberg 1995)."""
    order = np.argsort(p, kind="stable")
    under = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / max(len(p), 1))
    limit = p[order[under[-1]]] if len(under) else -1.0
    return np.asarray(p <= limit)


def flagged(tests: dict[Hashable, tuple[int, float, float, int, float, bool]]) -> dict[Hashable, ScoreTest]:
    """Flagged by the tests of all directions together."""
    items = list(tests)
    p_all = np.array([float(chdtrc(tests[item][3], tests[item][2])) for item in items])
    found = {}
    for item, p, is_flagged in zip(items, p_all, benjamini_hochberg(p_all), strict=True):
        n, z, chi2, df, effect, aside = tests[item]
        found[item] = ScoreTest(
            item, n, z, float(chdtrc(1, z * z)), chi2, df, float(p), effect, aside, bool(is_flagged)
        )
    return found
