"""What makes a question a good next one. A criterion gives every question a value, the largest is best.

A further criterion is one frozen dataclass: `class Mine(Criterion, name="mine")` with `values`. Criteria
for one dimension that integrate over ability are in `integrals`, those for several dimensions in
`optimality`.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.components import Component, Positive, Problems
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, Logistic
from testing_engine.psychometrics.selection.ranking import (
    Available,
    Leaders,
    informations_of,
    leading_information,
)
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Criterion(Component, kind=True):
    @abstractmethod
    def values(self, state: CatState) -> FloatArray:
        """(N,) the larger the better, −inf never."""

    def leaders(self, state: CatState, available: Available, count: int) -> Leaders:
        """The `count` best of the available questions, or as many as there are, best first."""
        values = available.where_allowed(np.array(self.values(state), dtype=float))
        return Leaders.of_all(values, min(count, available.count))


class OneDimensional(Criterion):
    def problems(self, bank: ItemBank) -> Problems:
        return [("", "needs a pool of one dimension")] if bank.n_dimensions > 1 else []


@dataclass(frozen=True)
class MaximumInformation(Criterion, name="MFI"):
    """Expected (Fisher) information at the estimate, I_j(θ̂); its trace in several dimensions. Lord (1980)."""

    def values(self, state: CatState) -> FloatArray:
        bank, theta = state.bank, state.estimate.theta
        if bank.n_dimensions == 1:
            return informations_of(bank, float(theta[0]), state.edition)
        return bank.information(theta) * bank.squared_steepness

    def leaders(self, state: CatState, available: Available, count: int) -> Leaders:
        if state.bank.n_dimensions > 1:
            return super().leaders(state, available, count)
        theta = float(state.estimate.theta[0])
        return leading_information(state.bank, theta, available, count, state.edition)


@dataclass(frozen=True)
class Urry(OneDimensional, name="bOpt"):
    """−|b_j − θ̂|: the difficulty nearest to the estimate. Urry (1970)."""

    def values(self, state: CatState) -> FloatArray:
        return np.asarray(-np.abs(state.bank.difficulty - state.estimate.theta[0]))


@dataclass(frozen=True)
class OptimalTheta(OneDimensional, name="thOpt"):
    """−|θ*_j − θ̂|, where θ*_j is the ability that question j informs about most. Li & Schafer (2005)."""

    def values(self, state: CatState) -> FloatArray:
        peaks = state.bank.derived(("information peaks",), lambda: information_peaks(state.bank))
        return np.asarray(-np.abs(peaks - state.estimate.theta[0]))

    def problems(self, bank: ItemBank) -> Problems:
        if not all(isinstance(family, Logistic) for family in bank.families):
            return [("", "needs a pool of 1PL–4PL questions only")]
        return super().problems(bank)


@dataclass(frozen=True)
class LocalKullbackLeibler(Criterion, name="KL-local"):
    """Σ_k P_k log(P_k / Q_k) with P at θ̂ + δ and Q at θ̂ − δ, in every dimension. Lin & Spray (2000).

    With `growing`, δ is `delta` × √(number of answers).
    """

    delta: Positive = 0.1
    growing: bool = False

    def values(self, state: CatState) -> FloatArray:
        delta = self.delta * (len(state.answers.items) ** 0.5 if self.growing else 1.0)
        above = state.bank.log_probabilities(state.estimate.theta + delta)
        below = state.bank.log_probabilities(state.estimate.theta - delta)
        present = np.isfinite(above)
        ratio = np.where(present, above, 0.0) - np.where(present, below, 0.0)
        return np.asarray((np.exp(above) * ratio).sum(axis=0))


def information_peaks(bank: ItemBank) -> FloatArray:
    """(N,) where the information of each 1PL–4PL question peaks.

    In p = P(θ) information is ∝ (p − c)² (u − p)² / (p (1 − p)); the root of its logarithmic slope,
    falling from +∞ at c to −∞ at u, is found by bisection. Magis (2013) has a closed form.
    """
    (family,) = bank.families
    if not isinstance(family, Logistic):
        raise TypeError("only 1PL–4PL questions have a single peak")
    low, high = family.guessing[bank.row_of], family.upper[bank.row_of]
    left, right = low, high
    for _ in range(60):
        p = (left + right) / 2
        rising = 2 / (p - low) - 2 / (high - p) - 1 / p + 1 / (1 - p) > 0
        left, right = np.where(rising, p, left), np.where(rising, right, p)
    t = np.log((p - low) / (high - p))
    return np.asarray((t - bank.intercepts) / bank.slopes[:, 0])
