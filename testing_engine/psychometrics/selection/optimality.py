"""Criteria for several dimensions (Mulder & van der Linden 2009).

With M the information of the answered questions, plus the prior's precision Σ⁻¹ in the posterior version, a
question adds w s sᵀ (w its information about t, s its slopes). That has rank one, so determinant and trace
need M⁻¹ only, once for all questions. Without a prior M may be singular; then every M + w s sᵀ is looked
at.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.components import THIRD_EDITION, Problems
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.determinants import (
    SMALLEST_CONDITION,
    Known,
    determinants,
    leading_determinants,
)
from testing_engine.psychometrics.kernels.leaders import most_first
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.selection.ranking import Available, Leaders
from testing_engine.psychometrics.state import CatState

MOST_LEADERS = 20  # asked for at once; to sort more, all are looked at


@dataclass(frozen=True)
class Optimality(Criterion):
    posterior: bool = True

    def so_far(self, state: CatState) -> FloatArray:
        """M, (D, D)"""
        return state.posterior_information if self.posterior else state.information


class RankOne(Optimality):
    """Where M is regular, the value follows from M⁻¹ and the gain of each question."""

    def values(self, state: CatState) -> FloatArray:
        bank, matrix = state.bank, self.so_far(state)
        weights = bank.information(state.estimate.theta)
        eigenvalues = np.linalg.eigvalsh(matrix)
        if eigenvalues[0] > SMALLEST_CONDITION * eigenvalues[-1]:
            return self.from_inverse(
                np.asarray(np.linalg.inv(matrix)), float(eigenvalues.prod()), bank, weights
            )
        return self.from_matrices(added(matrix, bank, weights))

    @abstractmethod
    def from_inverse(
        self, inverse: FloatArray, determinant: float, bank: ItemBank, weights: FloatArray
    ) -> FloatArray: ...

    @abstractmethod
    def from_matrices(self, matrices: FloatArray) -> FloatArray:
        """From M + w s sᵀ of every question, (N, D, D)."""


@dataclass(frozen=True)
class DOptimality(RankOne, name="D"):
    """det(M + w s sᵀ) = det M (1 + w sᵀM⁻¹s): a small confidence ellipsoid. Segall (1996) with the prior."""

    def values(self, state: CatState) -> FloatArray:
        values = np.empty(state.bank.n_items)
        if self._is_compiled(state) and determinants(_known(state), values):
            return values
        return super().values(state)

    def leaders(self, state: CatState, available: Available, count: int) -> Leaders:
        """By looking at those alone that may be among them, where few are asked for."""
        count = min(count, available.count)
        if count <= MOST_LEADERS and self._is_compiled(state):
            items, values = np.empty(count, dtype=np.intp), np.empty(count)
            first = most_first(state.bank)
            if leading_determinants(first, _known(state), available.mask, items, values):
                return Leaders(items.tolist(), values.tolist())
        return super().leaders(state, available, count)

    def _is_compiled(self, state: CatState) -> bool:
        is_usual = self.posterior and isinstance(state.prior, NormalPrior)
        return is_usual and state.edition > THIRD_EDITION

    def from_inverse(
        self, inverse: FloatArray, determinant: float, bank: ItemBank, weights: FloatArray
    ) -> FloatArray:
        return determinant * (1 + weights * quadratic_form(bank.slopes, inverse))

    def from_matrices(self, matrices: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.det(matrices), dtype=np.float64)


@dataclass(frozen=True)
class AOptimality(RankOne, name="A"):
    """−tr((M + w s sᵀ)⁻¹) = −tr M⁻¹ + w sᵀM⁻²s / (1 + w sᵀM⁻¹s): a small sum of error variances.

    Where a matrix is singular its pseudo-inverse stands in, as in mirtCAT.
    """

    def from_inverse(
        self, inverse: FloatArray, determinant: float, bank: ItemBank, weights: FloatArray
    ) -> FloatArray:
        gain = weights * quadratic_form(bank.slopes, inverse @ inverse)
        loss = gain / (1 + weights * quadratic_form(bank.slopes, inverse)) - np.trace(inverse)
        return np.asarray(loss)

    def from_matrices(self, matrices: FloatArray) -> FloatArray:
        inverses = np.linalg.pinv(matrices, rcond=1e-12, hermitian=True)
        return np.asarray(-np.trace(inverses, axis1=1, axis2=2))


@dataclass(frozen=True)
class EOptimality(Optimality, name="E"):
    """Smallest eigenvalue of M + w s sᵀ: no direction of ability is left badly measured."""

    def values(self, state: CatState) -> FloatArray:
        weights = state.bank.information(state.estimate.theta)
        eigenvalues = np.linalg.eigvalsh(added(self.so_far(state), state.bank, weights))
        return np.asarray(eigenvalues[:, 0], dtype=np.float64)


@dataclass(frozen=True)
class TOptimality(Optimality, name="T"):
    """tr(M + w s sᵀ): much information summed over the dimensions."""

    def values(self, state: CatState) -> FloatArray:
        bank = state.bank
        trace = float(np.trace(self.so_far(state)))
        return trace + bank.information(state.estimate.theta) * bank.squared_steepness


@dataclass(frozen=True)
class CompositeOptimality(Optimality, name="W"):
    """λᵀ(M + w s sᵀ)λ: information along the composite λᵀθ, λ all 1 if not given. van der Linden (1999)."""

    weights: tuple[float, ...] = ()

    def values(self, state: CatState) -> FloatArray:
        bank, matrix = state.bank, self.so_far(state)
        direction = np.array(self.weights or np.ones(bank.n_dimensions))
        along = (bank.slopes @ direction) ** 2
        weights = bank.information(state.estimate.theta)
        return np.asarray(direction @ matrix @ direction + weights * along)

    def problems(self, bank: ItemBank) -> Problems:
        if len(self.weights) in (0, bank.n_dimensions):
            return []
        return [("/weights", f"need one number for each of this pool's {bank.n_dimensions} dimensions")]


def _known(state: CatState) -> Known:
    assert isinstance(state.prior, NormalPrior)
    return Known(columns_of(state.bank), state.prior.precision, state.answers.items, state.estimate.theta)


def quadratic_form(slopes: FloatArray, matrix: FloatArray) -> FloatArray:
    """(N,) sᵀ A s of every question."""
    form: FloatArray = np.einsum("nd,nd->n", slopes @ matrix, slopes)
    return form


def added(matrix: FloatArray, bank: ItemBank, weights: FloatArray) -> FloatArray:
    """(N, D, D) M + w s sᵀ of every question."""
    return matrix + weights[:, None, None] * bank.slopes[:, :, None] * bank.slopes[:, None, :]
