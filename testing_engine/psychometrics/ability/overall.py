"""One number for a test of several concepts."""

from collections.abc import Sequence

import numpy as np

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting


def overall_score(
    estimate: AbilityEstimate, bank: ItemBank, items: Sequence[int]
) -> tuple[float, float] | None:
    """Mean θ̄ of the abilities that these questions measure, and its standard error √(1ᵀV1) / D with their
    covariance V. None for fewer than two abilities: then there is nothing to sum up. Pilots measure nothing.
    """
    if len(estimate.theta) < 2:
        return None
    part = counting(bank)
    items = items if part.is_whole else [item for item in items if part.holds(item)]
    (which,) = np.nonzero((bank.slopes[list(items)] > 0).any(axis=0))
    if len(which) < 2:
        return None
    own = AbilityEstimate(estimate.theta[which], estimate.covariance[np.ix_(which, which)])
    return own.overall.theta, own.overall.standard_error
