"""From the values of a criterion to one question."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.components import Component
from testing_engine.psychometrics.criteria import Criterion
from testing_engine.psychometrics.response import BoolArray
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Strategy(Component, kind=True):
    @abstractmethod
    def choose(self, state: CatState, criterion: Criterion, available: BoolArray) -> int:
        """One of the available questions (N,), of which there is at least one."""


@dataclass(frozen=True)
class Best(Strategy, name="best"):
    """The question with the largest value; of equals the one with the lowest index."""

    def choose(self, state: CatState, criterion: Criterion, available: BoolArray) -> int:
        return int(np.argmax(np.where(available, criterion.values(state), -np.inf)))
