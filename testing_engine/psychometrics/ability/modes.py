"""Ability as the place where a function of θ peaks: ML, Warm's WLE and MAP.

Guessing can give a likelihood several peaks. In one dimension the whole range is looked at first, on an even
grid; every peak is then found by its root to the last digits, and the highest is taken. In several dimensions
the way up begins at the prior's mean and at every further start that the caller knows.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import scipy
from scipy.linalg.lapack import dpotrf, dpotrs

from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import BoundedPrior, NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import Curves, FloatArray

Kind = Literal["observed", "expected"]
Range = tuple[float, float]

NEWTON_STEPS = 100
NEWTON_TOLERANCE = 1e-7  # a last step so short leaves an error of about its square
SEARCH_STEP = 0.05  # of the first look over the range, in logits; less where questions are steeper than 5
MOST_SEARCHED = 4_000  # nodes
TOP = 1e-6  # logits around a peak within which it must fall
PRIOR_REACH = 8.0  # standard deviations

Slope = Callable[[FloatArray], FloatArray]
Height = Callable[[FloatArray], FloatArray]


def likelihood_mode(
    bank: ItemBank,
    answers: Answers,
    bounds: Range,
    kind: Kind,
    starts: Sequence[FloatArray] = (),
) -> AbilityEstimate:
    """ML within bounds: an estimate that would lie outside, all right say, is the bound itself."""
    if bank.n_dimensions > 1:
        return _likelihood_mode_several(bank, answers, bounds, kind, starts)
    test = AnsweredTest(bank, answers)
    theta = highest_peak(test.slope, test.log_likelihood, bounds, bank.sharpest)
    return one_dimensional(theta, test.precision(theta, kind))


def weighted_likelihood_mode(bank: ItemBank, answers: Answers, bounds: Range) -> AbilityEstimate:
    """Warm's (1989) WLE, the root of (log L)' + J/(2 I); its error is 1/√I, as Warm's own."""
    test = AnsweredTest(bank, answers)

    def slope(theta: FloatArray) -> FloatArray:
        curves = test.curves(theta)
        return test.slope(theta) + test.sum(curves.warm(), 3) / (2 * test.sum(curves.information(), 2))

    theta = climbed_peak(slope, bounds)
    return one_dimensional(theta, test.precision(theta, "expected"))


def robust_mode(
    bank: ItemBank,
    answers: Answers,
    bounds: Range,
    weight: Callable[[FloatArray], FloatArray],
    find: Callable[[Slope, Range], float | None],
) -> AbilityEstimate | None:
    """Root of Σ w(t) (log P)', so that answers far from what the ability suggests count less.

    t is each question's own, D a (θ − b); the error is √(Σ w² I) / Σ w I. Schuster & Yuan (2011). None where
    there is no peak: weights that fall to 0 can leave a plateau on which no answer counts.
    """
    test = AnsweredTest(bank, answers)

    def slope(theta: FloatArray) -> FloatArray:
        t = bank.predictor(theta[:, None], test.items)
        return test.sum(weight(t) * test.likelihood.curves(t)[1], 1)

    theta = find(slope, bounds)
    if theta is None:
        return None
    point = np.array([[theta]])
    weights, information = weight(bank.predictor(point, test.items)), bank.information(point, test.items)
    weighted, squared = test.sum(weights * information, 2)[0], test.sum(weights**2 * information, 2)[0]
    return one_dimensional(theta, float(weighted**2 / squared) if squared > 0 else 0.0)


def posterior_mode(
    bank: ItemBank,
    answers: Answers,
    prior: Prior,
    kind: Kind = "observed",
    bounds: Range | None = None,
    starts: Sequence[FloatArray] = (),
) -> AbilityEstimate:
    """MAP. Its covariance is Laplace's: the inverse of minus the Hessian at the mode.

    With `expected`, the answers' part of the Hessian is their expected information. No answer under a bounded
    prior gives the middle of its range. Several dimensions begin at the prior's mean and at `starts`.
    """
    if not isinstance(prior, NormalPrior):
        return _bounded_mode(bank, answers, prior, kind, bounds)
    if bounds is not None:
        test = AnsweredTest(bank, answers)
        mean, variance = float(prior.mean[0]), float(prior.covariance[0, 0])
        theta = highest_peak(
            lambda point: test.slope(point) - (point - mean) / variance,
            lambda point: test.log_likelihood(point) - (point - mean) ** 2 / (2 * variance),
            bounds,
            bank.sharpest,
        )
        return one_dimensional(theta, test.precision(theta, kind) + 1 / variance)
    likelihood = Likelihood(bank, answers)
    if not likelihood.is_log_concave:
        starts = _hill_tops(bank, answers, prior) if bank.n_dimensions == 1 else starts
        tops = [climb(likelihood, prior, start) for start in (prior.mean, *starts)]
        return laplace(likelihood, prior, *max(tops, key=lambda top: top[1]), kind)
    return laplace(likelihood, prior, *climb(likelihood, prior, prior.mean), kind)


def _hill_tops(bank: ItemBank, answers: Answers, prior: NormalPrior) -> list[FloatArray]:
    """Where a one-dimensional log posterior is higher than on either side, on an even grid."""
    mean, sd = prior.location_scale
    test = AnsweredTest(bank, answers)
    grid = _searched((mean - PRIOR_REACH * sd, mean + PRIOR_REACH * sd), max(bank.sharpest, 1 / sd))
    height = test.log_likelihood(grid) + prior.log_density(grid[:, None])
    inside = height[1:-1]
    tops = 1 + np.flatnonzero((inside >= height[:-2]) & (inside >= height[2:]))
    return [grid[top : top + 1] for top in tops.tolist()]


class AnsweredTest:
    """The answered questions of a one-dimensional bank as functions of θ (G,)."""

    def __init__(self, bank: ItemBank, answers: Answers) -> None:
        self.bank = bank
        self.items = answers.items
        self.slopes = bank.slopes[answers.items]  # (n, 1)
        self.likelihood = Likelihood(bank, answers)

    def curves(self, theta: FloatArray) -> Curves:
        return self.bank.curves(theta[:, None], self.items)

    def sum(self, per_question: FloatArray, order: int) -> FloatArray:
        """(G,) Σ of values about t (n, G), turned into values about θ: × slope^order."""
        total: FloatArray = (self.slopes**order * per_question).sum(axis=0)
        return total

    def log_likelihood(self, theta: FloatArray) -> FloatArray:
        """(G,)"""
        log_p, _, _ = self.likelihood.curves(self.bank.predictor(theta[:, None], self.items))
        return self.sum(log_p, 0)

    def slope(self, theta: FloatArray) -> FloatArray:
        """(G,) derivative of log L"""
        _, first, _ = self.likelihood.curves(self.bank.predictor(theta[:, None], self.items))
        return self.sum(first, 1)

    def slope_change(self, theta: FloatArray) -> FloatArray:
        """(G,) second derivative of log L"""
        _, _, second = self.likelihood.curves(self.bank.predictor(theta[:, None], self.items))
        return self.sum(second, 2)

    def precision(self, theta: float, kind: Kind) -> float:
        """Information about θ."""
        point = np.array([theta])
        if kind == "expected":
            return float(self.sum(self.curves(point).information(), 2)[0])
        return -float(self.slope_change(point)[0])

    def jeffreys_slope(self, theta: FloatArray) -> FloatArray:
        """(G,) derivative of log √I"""
        curves = self.curves(theta)
        return self.sum(curves.information_slope(), 3) / (2 * self.sum(curves.information(), 2))

    def jeffreys_height(self, theta: FloatArray) -> FloatArray:
        """(G,) log √I"""
        height: FloatArray = 0.5 * np.log(self.sum(self.curves(theta).information(), 2))
        return height

    def jeffreys_precision(self, theta: float) -> float:
        """Minus the second derivative of log √I."""
        curves = self.curves(np.array([theta]))
        information = self.sum(curves.information(), 2)
        first, second = self.sum(curves.information_slope(), 3), self.sum(curves.information_curvature(), 4)
        return float(((first**2 - second * information) / (2 * information**2))[0])


def climbed_peak(slope: Slope, bounds: Range) -> float:
    """Where the function with this slope is highest within the bounds, its height summed up from the
    slope."""
    low, high = bounds
    grid = np.linspace(low, high, 2 + int((high - low) / SEARCH_STEP))
    slopes = slope(grid)
    climb = np.concatenate([[0.0], np.cumsum(slopes[:-1] + slopes[1:])])
    top = int(np.argmax(climb))
    left, right = max(top - 1, 0), min(top + 1, len(grid) - 1)
    if slopes[left] <= 0:
        return float(grid[left])
    if slopes[right] >= 0:
        return float(grid[right])
    return _root(slope, grid[left], grid[right])


def highest_peak(slope: Slope, height: Height, bounds: Range, sharpest: float) -> float:
    """The highest of all peaks within the bounds, these included."""
    found = peaks(slope, bounds, sharpest)
    return float(found[np.argmax(height(found))])


def peaks(slope: Slope, bounds: Range, sharpest: float) -> FloatArray:
    """The bounds, and between them every peak, in order. `sharpest`: of the questions' log odds."""
    grid = _searched(bounds, sharpest)
    slopes = slope(grid)
    turns = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0)).tolist()
    return np.array([bounds[0], *(_root(slope, grid[i], grid[i + 1]) for i in turns), bounds[1]])


def proper_peak(slope: Slope, bounds: Range) -> float | None:
    """The highest place within the bounds to which the function rises on one side and from which it falls on
    the other, or the bound to which it rises; None where there are but plateaus."""
    low, high = bounds
    grid = _searched(bounds, 1.0)
    slopes = slope(grid)
    climb = np.concatenate([[0.0], np.cumsum(slopes[:-1] + slopes[1:])])
    rising, falling = slopes > 0, slopes < 0
    turns = np.flatnonzero(rising[:-1] & falling[1:]).tolist()
    on_node = np.flatnonzero(rising[:-2] & (slopes[1:-1] == 0) & falling[2:]).tolist()
    found = [(climb[i], _root(slope, grid[i], grid[i + 1])) for i in turns]
    found += [(climb[i + 1], float(grid[i + 1])) for i in on_node]
    found = [(height, top) for height, top in found if _is_top(slope, top)]
    found += [(climb[0], low)] * bool(falling[0]) + [(climb[-1], high)] * bool(rising[-1])
    return max(found)[1] if found else None


def _is_top(slope: Slope, theta: float) -> bool:
    """Whether the function falls at once on both sides."""
    before, after = slope(np.array([theta - TOP, theta + TOP]))
    return bool(before > 0 > after)


def _searched(bounds: Range, sharpest: float) -> FloatArray:
    """Nodes on which no peak is overlooked: a quarter of the width over which log odds change by 1."""
    low, high = bounds
    steps = (high - low) / min(SEARCH_STEP, 0.25 / sharpest)
    return np.linspace(low, high, min(2 + int(steps), MOST_SEARCHED))


def _root(slope: Slope, left: float, right: float) -> float:
    return float(scipy.optimize.brentq(lambda theta: slope(np.array([theta]))[0], left, right, xtol=1e-13))


def one_dimensional(theta: float, precision: float) -> AbilityEstimate:
    """Where the answers say nothing, the error is infinite."""
    variance = 1 / precision if precision > 0 else np.inf
    return AbilityEstimate(np.array([theta]), np.array([[variance]]))


def _likelihood_mode_several(
    bank: ItemBank, answers: Answers, bounds: Range, kind: Kind, starts: Sequence[FloatArray]
) -> AbilityEstimate:
    likelihood = Likelihood(bank, answers)

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient, _ = likelihood.at(theta)
        return -value, -gradient

    limits = [bounds] * bank.n_dimensions
    tops = [
        scipy.optimize.minimize(
            loss,
            np.clip(start, *bounds),
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"ftol": 1e-15, "gtol": 1e-9},
        )
        for start in (np.zeros(bank.n_dimensions), *starts)
    ]
    found = min(tops, key=lambda top: float(top.fun))
    theta = np.asarray(found.x, dtype=np.float64)
    precision = -likelihood.at(theta)[2] if kind == "observed" else likelihood.information(theta)
    return AbilityEstimate(theta, _inverse(precision))


def _bounded_mode(
    bank: ItemBank, answers: Answers, prior: BoundedPrior, kind: Kind, bounds: Range | None
) -> AbilityEstimate:
    low, high = bounds or (prior.lower, prior.upper)
    low, high = max(low, prior.lower), min(high, prior.upper)
    flat = (high - low) ** 2 / 12  # the prior's own variance, where the answers bend the posterior upwards
    if not len(answers.items):
        return one_dimensional((low + high) / 2, 1 / flat)
    test = AnsweredTest(bank, answers)
    if isinstance(prior, UniformPrior):
        theta = highest_peak(test.slope, test.log_likelihood, (low, high), bank.sharpest)
        precision = test.precision(theta, kind)
    else:
        theta = highest_peak(
            lambda point: test.slope(point) + test.jeffreys_slope(point),
            lambda point: test.log_likelihood(point) + test.jeffreys_height(point),
            (low, high),
            bank.sharpest,
        )
        precision = test.precision(theta, kind) + test.jeffreys_precision(theta)
    return one_dimensional(theta, precision if precision > 0 else 1 / flat)


def climb(
    likelihood: Likelihood, prior: NormalPrior, start: FloatArray
) -> tuple[FloatArray, float, FloatArray]:
    """Newton's method on log L(θ) − ½ (θ − μ)ᵀ Σ⁻¹ (θ − μ): where it ends, the height there, and the Hessian.

    Where guessing makes the Hessian indefinite, the step uses the prior's part of it; a step that loses is
    halved.
    """
    theta = start
    value, gradient, hessian = _log_posterior(likelihood, prior, theta)
    for _ in range(NEWTON_STEPS):
        step, is_newton = _ascent(gradient, hessian, prior)
        scale = 1.0
        candidate = _log_posterior(likelihood, prior, theta + step)
        while candidate[0] < value - 1e-12 * abs(value) and scale > 1e-6:
            scale /= 2
            candidate = _log_posterior(likelihood, prior, theta + scale * step)
        theta = theta + scale * step
        value, gradient, hessian = candidate
        if is_newton and scale == 1.0 and max(map(abs, step.tolist())) < NEWTON_TOLERANCE:
            break
    return theta, value, hessian


def laplace(
    likelihood: Likelihood,
    prior: NormalPrior,
    theta: FloatArray,
    value: float,
    hessian: FloatArray,
    kind: Kind,
) -> AbilityEstimate:
    """The mode that a climb found, with Laplace's covariance."""
    precision = -hessian if kind == "observed" else prior.precision + likelihood.information(theta)
    return AbilityEstimate(np.array(theta), _inverse(precision))


def _inverse(precision: FloatArray) -> FloatArray:
    """A covariance; infinite where the answers leave a direction open."""
    eigenvalues = np.linalg.eigvalsh(precision)
    if eigenvalues[0] <= 1e-12 * max(eigenvalues[-1], 1.0):
        return np.diag(np.full(len(precision), np.inf))
    return np.asarray(np.linalg.inv(precision), dtype=np.float64)


def _log_posterior(
    likelihood: Likelihood, prior: NormalPrior, theta: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    value, gradient, hessian = likelihood.at(theta)
    distance = theta - prior.mean
    pull = prior.precision @ distance
    return value - 0.5 * float(distance @ pull), gradient - pull, hessian - prior.precision


def _ascent(gradient: FloatArray, hessian: FloatArray, prior: NormalPrior) -> tuple[FloatArray, bool]:
    """A step upwards, and whether it is Newton's own."""
    # LAPACK directly: NumPy's own checks would take longer than the few rows do.
    factor, is_indefinite = dpotrf(-hessian)
    if is_indefinite:
        return prior.covariance @ gradient, False
    return dpotrs(factor, gradient)[0], True
