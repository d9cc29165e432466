"""Ability as the place where a function of θ peaks: ML, Warm's WLE and MAP.

In one dimension the whole range is looked at first, on an even grid, because guessing can give a likelihood
several peaks; the highest is then found by its root to the last digits. In several dimensions Newton's
method climbs from the prior's mean.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.optimize import brentq, minimize

from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import BoundedPrior, NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import Curves, FloatArray

Kind = Literal["observed", "expected"]
Range = tuple[float, float]

NEWTON_STEPS = 100
NEWTON_TOLERANCE = 1e-7  # a last step so short leaves an error of about its square
SEARCH_STEP = 0.05  # of the first look over the range, in logits


def likelihood_mode(bank: ItemBank, answers: Answers, bounds: Range, kind: Kind) -> AbilityEstimate:
    """ML within bounds: an estimate that would lie outside, all right say, is the bound itself."""
    if bank.n_dimensions > 1:
        return _likelihood_mode_several(bank, answers, bounds, kind)
    test = AnsweredTest(bank, answers)
    theta = _peak(test.slope, bounds)
    return _one_dimensional(theta, test.precision(theta, kind))


def weighted_likelihood_mode(bank: ItemBank, answers: Answers, bounds: Range) -> AbilityEstimate:
    """Warm's (1989) WLE, the root of (log L)' + J/(2 I); its error is 1/√I, as Warm's own."""
    test = AnsweredTest(bank, answers)

    def slope(theta: FloatArray) -> FloatArray:
        curves = test.curves(theta)
        return test.slope(theta) + test.sum(curves.warm(), 3) / (2 * test.sum(curves.information(), 2))

    theta = _peak(slope, bounds)
    return _one_dimensional(theta, test.precision(theta, "expected"))


def robust_mode(
    bank: ItemBank, answers: Answers, bounds: Range, weight: Callable[[FloatArray], FloatArray]
) -> AbilityEstimate:
    """Root of Σ w(t) (log P)', so that answers far from what the ability suggests count less.

    t is each question's own, D a (θ − b); the error is √(Σ w² I) / Σ w I. Schuster & Yuan (2011).
    """
    test = AnsweredTest(bank, answers)

    def slope(theta: FloatArray) -> FloatArray:
        t = bank.predictor(theta[:, None], test.items)
        return test.sum(weight(t) * test.likelihood.curves(t)[1], 1)

    theta = _peak(slope, bounds)
    point = np.array([[theta]])
    weights, information = weight(bank.predictor(point, test.items)), bank.information(point, test.items)
    weighted, squared = test.sum(weights * information, 2)[0], test.sum(weights**2 * information, 2)[0]
    return _one_dimensional(theta, float(weighted**2 / squared) if squared > 0 else 0.0)


def posterior_mode(
    bank: ItemBank, answers: Answers, prior: Prior, kind: Kind = "observed", bounds: Range | None = None
) -> AbilityEstimate:
    """MAP. Its covariance is Laplace's: the inverse of minus the Hessian at the mode.

    With `expected`, the answers' part of the Hessian is their expected information. No answer under a bounded
    prior gives the middle of its range.
    """
    if not isinstance(prior, NormalPrior):
        return _bounded_mode(bank, answers, prior, kind, bounds)
    if bounds is None:
        return _normal_mode(bank, answers, prior, kind)
    test = AnsweredTest(bank, answers)
    mean, variance = float(prior.mean[0]), float(prior.covariance[0, 0])
    theta = _peak(lambda point: test.slope(point) - (point - mean) / variance, bounds)
    return _one_dimensional(theta, test.precision(theta, kind) + 1 / variance)


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

    def jeffreys_precision(self, theta: float) -> float:
        """Minus the second derivative of log √I."""
        curves = self.curves(np.array([theta]))
        information = self.sum(curves.information(), 2)
        first, second = self.sum(curves.information_slope(), 3), self.sum(curves.information_curvature(), 4)
        return float(((first**2 - second * information) / (2 * information**2))[0])


def _peak(slope: Callable[[FloatArray], FloatArray], bounds: Range) -> float:
    """Where the function with this slope is highest within the bounds."""
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
    return float(brentq(lambda theta: slope(np.array([theta]))[0], grid[left], grid[right], xtol=1e-13))


def _one_dimensional(theta: float, precision: float) -> AbilityEstimate:
    """Where the answers say nothing, the error is infinite."""
    variance = 1 / precision if precision > 0 else np.inf
    return AbilityEstimate(np.array([theta]), np.array([[variance]]))


def _likelihood_mode_several(bank: ItemBank, answers: Answers, bounds: Range, kind: Kind) -> AbilityEstimate:
    likelihood = Likelihood(bank, answers)

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient, _ = likelihood.at(theta)
        return -value, -gradient

    start = np.clip(np.zeros(bank.n_dimensions), *bounds)
    limits = [bounds] * bank.n_dimensions
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=limits, options={"ftol": 1e-15, "gtol": 1e-9}
    )
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
        return _one_dimensional((low + high) / 2, 1 / flat)
    test = AnsweredTest(bank, answers)
    if isinstance(prior, UniformPrior):
        theta = _peak(test.slope, (low, high))
        precision = test.precision(theta, kind)
    else:
        theta = _peak(lambda point: test.slope(point) + test.jeffreys_slope(point), (low, high))
        precision = test.precision(theta, kind) + test.jeffreys_precision(theta)
    return _one_dimensional(theta, precision if precision > 0 else 1 / flat)


def _normal_mode(bank: ItemBank, answers: Answers, prior: NormalPrior, kind: Kind) -> AbilityEstimate:
    """Newton's method from the prior's mean on log L(θ) − ½ (θ − μ)ᵀ Σ⁻¹ (θ − μ).

    Where guessing makes the Hessian indefinite, the step uses the prior's part of it; a step that loses is
    halved.
    """
    likelihood = Likelihood(bank, answers)
    theta = prior.mean
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
