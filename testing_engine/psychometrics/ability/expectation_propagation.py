"""Posterior moments in several dimensions: expectation propagation, one site per direction of loading.

A question sees ability through one number, so all answers whose slopes point the same way, along the unit
vector b, are one function of u = b · θ. That function is replaced by a normal one, exp(ν u − τ u²/2): its
site. Given all other sites, the distribution of u is an integral in one dimension, done exactly on even
nodes; the site is set so that the normal posterior has its mean and variance, and that is repeated for all
sites at once until nothing moves (Minka 2001; Rasmussen & Williams 2006, section 3.6). Where questions
measure one concept each under an independent prior, the result is exact. Else what the normal approximation
leaves out is put back to second order from the skewness and excess kurtosis of the u's (Opper, Paquet &
Winther 2013).

Everything is bounded by counts and starts from the prior, so equal answers give equal bits. A run that has
not settled is never used: see `posterior_moments`. The loops are compiled (`kernels.propagation`); editions
before the fourth do the same by NumPy (`third_edition`).
"""

import numpy as np

from testing_engine.psychometrics.ability.modes import posterior_mode
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.directions import directions_of
from testing_engine.psychometrics.kernels.propagation import Belief, settle, settle_each

# (largest step, iterations): from the prior; then, if need be, from the mode.
QUICK, GENTLE = (1.0, 20), (0.3, 150)
UNSETTLED = "mode"
COUNTED = 0.25  # of each answer's information, where nothing settles


def posterior_moments(bank: ItemBank, answers: Answers, prior: NormalPrior) -> AbilityEstimate:
    """Mean and covariance (D,), (D, D) of the posterior, with its skewness; `found_by` says how.

    "EP" from the prior, in 20 iterations at most; "EP from the mode" with shorter steps, in 150. Else "mode":
    the posterior's mode, where each answer counts only a quarter of its expected information, because
    Laplace's covariance would be surer than the answers allow (half of the true standard deviation in the
    worst cases seen). It is reached in about one of 200 tests with slopes around 4 or a prior standard
    deviation of 2 and answers that contradict each other.
    """
    if not len(answers.items):
        return AbilityEstimate(np.array(prior.mean), np.array(prior.covariance), found_by="EP")
    flat = np.zeros((2, len(answers.items)))
    found = _settled(bank, answers, prior, flat, QUICK, "EP")
    if found is not None:
        return found
    mode = posterior_mode(bank, answers, prior)
    likelihood = Likelihood(bank, answers)
    begun = _at_mode(bank, likelihood, mode.theta)
    found = _settled(bank, answers, prior, begun, GENTLE, "EP from the mode")
    if found is not None:
        return found
    precision = prior.precision + COUNTED * likelihood.information(mode.theta)
    return AbilityEstimate(np.array(mode.theta), np.asarray(np.linalg.inv(precision)), found_by=UNSETTLED)


def moments_of_each(
    bank: ItemBank, items: IntArray, scores: IntArray, prior: NormalPrior
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """(A,) whether the quick run from the prior settles, for students with these answers (A, n), and where it
    does mean (A, D) and covariance (A, D, D): the bits of each student's own `posterior_moments`."""
    columns, directions = columns_of(bank), directions_of(bank)
    return settle_each(columns, *directions, belief_of(prior), items, scores, *QUICK)


def _settled(
    bank: ItemBank,
    answers: Answers,
    prior: NormalPrior,
    first: FloatArray,
    run: tuple[float, int],
    found_by: str,
) -> AbilityEstimate | None:
    columns, directions = columns_of(bank), directions_of(bank)
    belief = belief_of(prior)
    has_settled, mean, covariance, third_order = settle(
        columns, *directions, belief, answers.items, answers.scores, first, *run
    )
    return AbilityEstimate(mean, covariance, third_order, found_by) if has_settled else None


def _at_mode(bank: ItemBank, likelihood: Likelihood, mode: FloatArray) -> FloatArray:
    """(2, n) what each answer's slope and curvature at the posterior's mode say of its u; never less than
    nothing."""
    steepness = bank.steepness[likelihood.items]
    along = likelihood.slopes @ mode
    _, slope, curvature = likelihood.curves(along + likelihood.intercepts)
    precision = np.maximum(-curvature, 0) * steepness**2
    return np.stack([precision, slope * steepness + precision * along / steepness])


def belief_of(prior: NormalPrior) -> Belief:
    return Belief(prior.precision, prior.pull)
