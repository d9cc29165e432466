"""What makes a question a good next one. A criterion gives every question a value, the largest is best.

A further criterion is one frozen dataclass: `class Mine(Criterion, name="mine")` with `values`.
"""

from abc import abstractmethod
from dataclasses import dataclass

from testing_engine.psychometrics.components import Component
from testing_engine.psychometrics.response import FloatArray
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Criterion(Component, kind=True):
    @abstractmethod
    def values(self, state: CatState) -> FloatArray:
        """(N,)"""


@dataclass(frozen=True)
class MaximumInformation(Criterion, name="MFI"):
    """Expected (Fisher) information at the estimate: I_j(θ̂) in one dimension, its trace in several."""

    def values(self, state: CatState) -> FloatArray:
        bank = state.bank
        return bank.information(state.estimate.theta) * bank.steepness**2
