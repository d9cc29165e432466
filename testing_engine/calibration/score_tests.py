"""Posterior score (Lagrange multiplier) tests of items: drift and shape; of DIF they are in `group_dif`.

Person i's part in the derivative of the marginal log-likelihood along a change of item j is E_i[f(θ) ∂ log
P(x_ij) / ∂z] (`answer_scores`), f = 1 for a shift of the item, θ_c for a slope, squares and cubes of what it
measures for a curve that no logistic has. These sums keep their level when questions were chosen adaptively,
which residuals at an estimated θ do not (Glas 1998, 1999). They are valid only under the right population, so
means, sds and correlations are estimated anew first, and with items that drift themselves set aside from the
posterior (purification): else the drift of some items shows as drift of all.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import chdtrc

from testing_engine.calibration.answer_scores import own_directions, scored_answers, sums_by_item
from testing_engine.calibration.calibration import Calibration, calibrate
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.responses import BoolArray, FloatArray, Responses

FEWEST = 50  # answers
ASIDE_FIRST, ASIDE, BACK = 4.0, 3.0, 2.0  # |z| from which an item is set aside, and below which it returns
SHARE_A_ROUND = 0.05
ROUNDS = 6


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


def drift(
    responses: Responses,
    parameters: Mapping[Any, Any],
    model: str | Mapping[Hashable, str] | list[str] = "2PL",
    *,
    q_matrix: Any = None,
    rounds: int = ROUNDS,
    predictive: bool = False,
    threads: int | None = None,
    seed: int = 0,
) -> ScoreTests:
    """Whether items still have the parameters they are used with; items without parameters are not looked at.

    1 df: z of a shift of the whole item. 1 + m df: shift and the slopes of the m concepts that it measures by
    `q_matrix` (J, D), so drift and shape in one. `predictive` takes the variance of all scores from what
    might have been answered: products of the scores themselves give the several df too many small p-values
    (at .001, twice as many). `seed` decides the points of three and more concepts.
    """
    known = {item: parameters[item] for item in responses.items if item in parameters}
    if not known:
        raise ScoreTestError("parameters", "names none of the items that were answered")
    seen = responses.without(np.array([item not in known for item in responses.items]))
    aside = np.zeros(responses.n_items, dtype=bool)
    z = np.zeros(responses.n_items)
    number = 0
    for number in range(1, rounds + 1):
        fit = calibrate(
            seen.without(aside), model, q_matrix, known, priors="none", seed=seed, threads=threads
        )
        sums, variance = sums_by_item(seen, scored_answers(fit, seen, aside, predictive=predictive))
        n = seen.answers_per_item
        z = _z(sums[:, 0], variance[:, 0, 0], n)
        new = purified(z, aside, n, ASIDE_FIRST if number == 1 else ASIDE)
        if (new == aside).all():
            break
        aside = new
    tests = {}
    df = own_directions(fit)
    for j, item in enumerate(seen.items):
        if n[j] >= FEWEST:
            chi2 = quadratic(sums[j], variance[j])
            tests[item] = (
                int(n[j]),
                float(z[j]),
                chi2,
                int(df[j]),
                float(sums[j, 0] / variance[j, 0, 0]),
                bool(aside[j]),
            )
    return ScoreTests(flagged(tests), fit.population, number, fit)


def item_fit(fit: Calibration) -> ScoreTests:
    """Whether the curve has its model's shape: squares and cubes of the ability that the item measures (of
    several concepts, their composite a · θ / ‖a‖) in z, given the item's own parameters; 2 df.

    `z` is of the square alone: > 0 where the curve bends up at both ends, as guessing makes it at the lower
    one.
    """
    aside = np.zeros(fit.responses.n_items, dtype=bool)
    kept = fit.responses.without(fit.left_out)
    sums, variance = sums_by_item(kept, scored_answers(fit, kept, aside, shape=True, predictive=True))
    own = own_directions(fit)
    tests = {}
    for j, item in enumerate(kept.items):
        n = int(kept.answers_per_item[j])
        if n < FEWEST:
            continue
        given, extra = slice(0, int(own[j])), slice(int(own[j]), int(own[j]) + 2)
        weight = np.linalg.pinv(variance[j, given, given], hermitian=True) @ variance[j, given, extra]
        u = sums[j, extra] - sums[j, given] @ weight
        v = variance[j, extra, extra] - variance[j, extra, given] @ weight
        z = float(u[0] / np.sqrt(max(v[0, 0], 1e-300)))
        tests[item] = (n, z, quadratic(u, v), 2, float(u[0] / max(v[0, 0], 1e-300)), False)
    return ScoreTests(flagged(tests), fit.population, 1)


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
