"""Maximum expected information: what a question will have told once it is answered."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from testing_engine.psychometrics.ability.modes import AnsweredTest, Kind
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.selection.integrals import ExpectedPosteriorVariance
from testing_engine.psychometrics.state import CatState

NEWTON_STEPS = 50
NEWTON_TOLERANCE = 1e-10
LARGEST_STEP = 1.0


@dataclass(frozen=True)
class ExpectedInformation(ExpectedPosteriorVariance, name="MEI"):
    """Σ_k p_k I_j(θ̂_k), with θ̂_k the estimate after answer k. van der Linden (1998).

    I_j is the observed information of answer k, or the expected one. The estimate is updated by `update`;
    p_k as in MEPV, P_k(θ̂) unless told otherwise.
    """

    predict: Literal["posterior", "estimate"] = "estimate"
    information: Kind = "observed"
    update: Literal["EAP", "MAP"] = "EAP"

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        """Newton's method over all questions and answers where the estimates are MAP."""
        steps = NEWTON_STEPS * bank.most_categories * bank.n_items if self.update == "MAP" else 0
        return super().work(bank, grid, answers) + 5.0 * steps

    def values(self, state: CatState) -> FloatArray:
        bank = state.bank
        predicted, updated, _ = self.moments(state)
        if self.predict == "estimate":
            predicted = np.exp(bank.log_probabilities(state.estimate.theta))
        if self.update == "MAP":
            updated = updated_modes(state)
        expected = np.zeros(bank.n_items)
        for category, theta in enumerate(updated):
            curves = bank.curves_at(bank.slopes[:, 0] * theta + bank.intercepts)
            told = curves.observed()[category] if self.information == "observed" else curves.information()
            expected += predicted[category] * told
        return expected * bank.squared_steepness


def updated_modes(state: CatState) -> FloatArray:
    """(K, N) the MAP estimate after each possible answer to each question, all at once by Newton's method.

    The answers so far enter through a cubic Hermite spline of their slope, exact to about 1e-8. Priors
    other than normal count as flat between their bounds.
    """
    bank, prior = state.bank, state.prior
    test = AnsweredTest(bank, state.answers)
    if isinstance(prior, NormalPrior):
        mean, sd = prior.location_scale
        low, high, precision = mean - 8 * sd, mean + 8 * sd, 1 / sd**2
    else:
        low, high, mean, precision = prior.lower, prior.upper, 0.0, 0.0
    grid = np.linspace(low, high, max(17, 1 + int(20 * (high - low))))
    so_far = scipy.interpolate.CubicHermiteSpline(grid, test.slope(grid), test.slope_change(grid))
    slope = bank.slopes[:, 0]
    theta = np.full((bank.most_categories, bank.n_items), np.clip(state.estimate.theta[0], low, high))
    for _ in range(NEWTON_STEPS):
        gradient, curvature = so_far(theta) - (theta - mean) * precision, precision - so_far(theta, 1)
        for category, row in enumerate(theta):
            curves = bank.curves_at(slope * row + bank.intercepts)
            gradient[category] += slope * curves.r1[category]
            curvature[category] += slope**2 * curves.observed()[category]
        # Where guessing bends the posterior upwards, follow its slope instead of Newton's step.
        step = np.where(curvature > 0, gradient / np.where(curvature > 0, curvature, 1.0), np.sign(gradient))
        moved = np.clip(theta + np.clip(step, -LARGEST_STEP, LARGEST_STEP), low, high)
        done = np.abs(moved - theta).max() < NEWTON_TOLERANCE
        theta = moved
        if done:
            break
    return theta
