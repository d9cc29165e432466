"""Criteria that look at all abilities, weighted by likelihood or posterior, or at what the answer may bring.

One dimension only. Integrals run over the prior's default grid, or over a `grid` of one's own to repeat
another program's numbers; likelihood and posterior are not normalised, which changes no order.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from testing_engine.psychometrics.ability.estimators import Grid
from testing_engine.psychometrics.ability.grids import default_quadrature
from testing_engine.psychometrics.ability.posterior import log_prior
from testing_engine.psychometrics.ability.quadrature import (
    KEPT_TABLES,
    TABLE_ENTRIES,
    Quadrature,
    answer_table,
)
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.selection.criteria import OneDimensional
from testing_engine.psychometrics.state import CatState

Quantity = Literal["probability", "squared probability", "log probability", "information"]


@dataclass(frozen=True)
class Integrated(OneDimensional):
    grid: Grid | None = None

    def quadrature(self, state: CatState) -> Quadrature:
        return self.grid.quadrature() if self.grid else default_quadrature(state.bank, state.prior)

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        """Tables that are kept cost a multiplication each; tables too large for that are made anew."""
        entries = bank.n_items * bank.most_categories * (self.grid.points if self.grid else grid)
        return entries * (0.2 if entries <= TABLE_ENTRIES else 5.0)

    def weights(self, state: CatState, with_prior: bool) -> FloatArray:
        """(G,) likelihood, or posterior density up to a constant, × quadrature weight."""
        quadrature = self.quadrature(state)
        table = answer_table(state.bank, quadrature)
        log_weight = table.log_likelihood(*state.answers.plain)
        if with_prior:
            log_weight += log_prior(state.bank, state.answers, state.prior, quadrature.nodes)
        return np.exp(log_weight) * quadrature.weights


@dataclass(frozen=True)
class LikelihoodWeightedInformation(Integrated, name="MLWI"):
    """∫ I_j(θ) L(θ) dθ. Veerkamp & Berger (1997)."""

    def values(self, state: CatState) -> FloatArray:
        weights = self.weights(state, with_prior=False)
        return integrated(state.bank, self.quadrature(state), "information", weights[:, None])[0, :, 0]


@dataclass(frozen=True)
class PosteriorWeightedInformation(Integrated, name="MPWI"):
    """∫ I_j(θ) L(θ) p(θ) dθ. van der Linden (1998)."""

    def values(self, state: CatState) -> FloatArray:
        weights = self.weights(state, with_prior=True)
        return integrated(state.bank, self.quadrature(state), "information", weights[:, None])[0, :, 0]


@dataclass(frozen=True)
class KullbackLeibler(Integrated, name="KL"):
    """∫ K_j(θ̂ ‖ θ) L(θ) dθ with K_j = Σ_k P_k(θ̂) log(P_k(θ̂) / P_k(θ)). Chang & Ying (1996)."""

    def values(self, state: CatState) -> FloatArray:
        return self._divergence(state, with_prior=False)

    def _divergence(self, state: CatState, with_prior: bool) -> FloatArray:
        weights = self.weights(state, with_prior)
        here = state.bank.log_probabilities(state.estimate.theta)
        there = integrated(state.bank, self.quadrature(state), "log probability", weights[:, None])[:, :, 0]
        p = np.exp(here)
        divergence: FloatArray = (p * (np.where(p > 0, here, 0.0) * weights.sum() - there)).sum(axis=0)
        return divergence


@dataclass(frozen=True)
class PosteriorKullbackLeibler(KullbackLeibler, name="KLP"):
    """KL weighted by the posterior. Chang & Ying (1996)."""

    def values(self, state: CatState) -> FloatArray:
        return self._divergence(state, with_prior=True)


@dataclass(frozen=True)
class GlobalDiscrimination(Integrated, name="GDI"):
    """½ Σ_k Var(P_k(θ)) over the normalised likelihood. Kaplan, de la Torre & Barrada (2015)."""

    def values(self, state: CatState) -> FloatArray:
        return self._discrimination(state, with_prior=False)

    def _discrimination(self, state: CatState, with_prior: bool) -> FloatArray:
        weights = self.weights(state, with_prior)
        weights = (weights / weights.sum())[:, None]
        quadrature = self.quadrature(state)
        mean = integrated(state.bank, quadrature, "probability", weights)
        square = integrated(state.bank, quadrature, "squared probability", weights)
        discrimination: FloatArray = (square - mean**2)[:, :, 0].sum(axis=0) / 2
        return discrimination


@dataclass(frozen=True)
class PosteriorGlobalDiscrimination(GlobalDiscrimination, name="GDIP"):
    """GDI over the posterior."""

    def values(self, state: CatState) -> FloatArray:
        return self._discrimination(state, with_prior=True)


@dataclass(frozen=True)
class ExpectedPosteriorVariance(Integrated, name="MEPV"):
    """−Σ_k p_k Var(θ | answers, k): minus the expected posterior variance. van der Linden (1998).

    p_k is the posterior predictive probability of answer k, or P_k(θ̂) where `predict` is "estimate" (as in
    catR).
    """

    predict: Literal["posterior", "estimate"] = "posterior"

    def values(self, state: CatState) -> FloatArray:
        mass, first, second = self.moments(state)
        p = mass
        if self.predict == "estimate":
            p = np.exp(state.bank.log_probabilities(state.estimate.theta))
        return np.asarray(-(p * (second - first**2)).sum(axis=0))

    def moments(self, state: CatState) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Predictive probability of each answer, and mean of θ and θ² after it; each (K, N)."""
        quadrature, weights = self.quadrature(state), self.weights(state, with_prior=True)
        powers = (weights / weights.sum())[:, None] * quadrature.nodes[:, None] ** np.arange(3)
        mass, first, second = np.moveaxis(integrated(state.bank, quadrature, "probability", powers), 2, 0)
        divisor = np.where(mass > 0, mass, 1.0)
        return mass, first / divisor, second / divisor


def integrated(bank: ItemBank, quadrature: Quadrature, quantity: Quantity, weights: FloatArray) -> FloatArray:
    """(K, N, M): ∫ of a quantity of every question and category × each of M weights (G, M).

    Information has no categories: (1, N, M).
    """
    entries = bank.n_items * bank.most_categories * quadrature.points
    if entries <= TABLE_ENTRIES:
        key = (quantity, quadrature)
        everything = np.arange(bank.n_items)
        table = bank.derived(key, lambda: _tabulated(bank, quadrature, quantity, everything), KEPT_TABLES)
        return table @ weights
    at_a_time = max(1, TABLE_ENTRIES // (bank.most_categories * quadrature.points))
    chunks = np.split(np.arange(bank.n_items), np.arange(at_a_time, bank.n_items, at_a_time))
    return np.concatenate(
        [_tabulated(bank, quadrature, quantity, chunk) @ weights for chunk in chunks], axis=1
    )


def _tabulated(bank: ItemBank, quadrature: Quadrature, quantity: Quantity, items: IntArray) -> FloatArray:
    """(K, n, G), or (1, n, G) for information about θ; log P of a category not there counts as 0."""
    theta = quadrature.nodes[:, None]
    if quantity == "information":
        return (bank.information(theta, items) * bank.squared_steepness[items, None])[None]
    log_p = bank.log_probabilities(theta, items)
    if quantity == "probability":
        return np.exp(log_p)
    if quantity == "squared probability":
        return np.exp(2 * log_p)
    return np.where(np.isneginf(log_p), 0.0, log_p)
