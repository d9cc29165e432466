"""Criteria for several dimensions (Mulder & van der Linden 2009).

With M the information of the answered questions, plus the prior's precision Σ⁻¹ in the posterior version, a
question adds w s sᵀ (w its information about t, s its slopes). That has rank one, so determinant and trace
follow from solves with M alone.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.criteria import Criterion
from testing_engine.psychometrics.response import FloatArray
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Optimality(Criterion):
    posterior: bool = True

    def start(self, state: CatState) -> FloatArray:
        """M, (D, D)"""
        return state.posterior_information if self.posterior else state.information


@dataclass(frozen=True)
class DOptimality(Optimality, name="D"):
    """Determinant of M + w s sᵀ: makes the confidence ellipsoid small."""

    def values(self, state: CatState) -> FloatArray:
        bank, matrix = state.bank, self.start(state)
        weights = bank.information(state.estimate.theta)
        sign, log_determinant = np.linalg.slogdet(matrix)
        if sign <= 0 or not np.isfinite(log_determinant):
            added = matrix + weights[:, None, None] * bank.slopes[:, :, None] * bank.slopes[:, None, :]
            return np.asarray(np.linalg.det(added), dtype=np.float64)
        spread = ((bank.slopes @ np.linalg.inv(matrix)) * bank.slopes).sum(axis=1)
        determinants: FloatArray = np.exp(log_determinant) * (1 + weights * spread)
        return determinants
