"""What the estimators of the first edition did, for the replay of tests that began with them.

Their modes stay on a lower peak now and then, and their grids in several dimensions lie on Laplace's
covariance, which guessing makes too narrow. Nothing here may change: a replay compares bits.
"""

import numpy as np

from testing_engine.psychometrics.ability.modes import (
    AnsweredTest,
    Kind,
    Range,
    climb,
    climbed_peak,
    laplace,
    one_dimensional,
)
from testing_engine.psychometrics.ability.modes import likelihood_mode as newest_likelihood_mode
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.ability.product_grid import product, weighed
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.items.bank import ItemBank

# In units of the Laplace approximation's standard deviations, along its axes.
LAPLACE_GRID = Quadrature(-9.0, 9.0, 46)


def likelihood_mode(bank: ItemBank, answers: Answers, bounds: Range, kind: Kind) -> AbilityEstimate:
    """ML; in one dimension the peaks' heights are summed up from slopes."""
    if bank.n_dimensions > 1:
        return newest_likelihood_mode(bank, answers, bounds, kind)
    test = AnsweredTest(bank, answers)
    theta = climbed_peak(test.slope, bounds)
    return one_dimensional(theta, test.precision(theta, kind))


def posterior_mode(
    bank: ItemBank, answers: Answers, prior: Prior, kind: Kind = "observed", bounds: Range | None = None
) -> AbilityEstimate:
    """MAP, by Newton's method from the prior's mean."""
    if isinstance(prior, NormalPrior) and bounds is None:
        likelihood = Likelihood(bank, answers)
        return laplace(likelihood, prior, *climb(likelihood, prior, prior.mean), kind)
    test = AnsweredTest(bank, answers)
    if isinstance(prior, NormalPrior):
        assert bounds is not None
        mean, variance = float(prior.mean[0]), float(prior.covariance[0, 0])
        theta = climbed_peak(lambda point: test.slope(point) - (point - mean) / variance, bounds)
        return one_dimensional(theta, test.precision(theta, kind) + 1 / variance)
    low, high = bounds or (prior.lower, prior.upper)
    low, high = max(low, prior.lower), min(high, prior.upper)
    flat = (high - low) ** 2 / 12
    if not len(answers.items):
        return one_dimensional((low + high) / 2, 1 / flat)
    if isinstance(prior, UniformPrior):
        theta = climbed_peak(test.slope, (low, high))
        precision = test.precision(theta, kind)
    else:
        theta = climbed_peak(lambda point: test.slope(point) + test.jeffreys_slope(point), (low, high))
        precision = test.precision(theta, kind) + test.jeffreys_precision(theta)
    return one_dimensional(theta, precision if precision > 0 else 1 / flat)


def posterior_mean_several(bank: ItemBank, answers: Answers, prior: Prior) -> AbilityEstimate:
    """EAP in two or three dimensions, on a grid laid on Laplace's covariance."""
    if not isinstance(prior, NormalPrior):
        raise TypeError("several dimensions need a normal prior")
    mode = posterior_mode(bank, answers, prior)
    nodes, weights = product(LAPLACE_GRID, bank.n_dimensions)
    nodes = mode.theta + nodes @ np.linalg.cholesky(mode.covariance).T
    return weighed(bank, answers, prior, nodes, weights)


def one_sided(bank: ItemBank, answers: Answers) -> int:
    """−1 where all answers are category 0, 1 where all are the last category, else 0."""
    if not (answers.scores > 0).any():
        return -1
    return int((answers.scores == bank.n_categories[answers.items] - 1).all())
