"""One number for a test of several concepts."""

from collections.abc import Sequence

import numpy as np

from testing_engine.psychometrics.ability.posterior import AbilityEstimate, mean_of_all
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
    measured_by = bank.derived(("concepts, in bits",), lambda: _concepts_of(bank))
    bits = 0
    for item in items:
        bits |= measured_by[item]
    if bits.bit_count() < 2:
        return None
    theta, covariance = estimate.theta, estimate.covariance
    if bits.bit_count() < len(theta):
        which = [concept for concept in range(len(theta)) if bits >> concept & 1]
        theta, covariance = theta[which], covariance[np.ix_(which, which)]
    return mean_of_all(theta, np.ascontiguousarray(covariance))


def _concepts_of(bank: ItemBank) -> list[int]:
    """Of each question a number with a bit for each concept that it measures; 0 of a pilot."""
    powers = 1 << np.arange(bank.n_dimensions, dtype=object)
    bits = np.where(bank.slopes > 0, powers, 0).sum(axis=1)
    bits[counting(bank).index < 0] = 0
    return [int(each) for each in bits]
