"""When a test has said enough. `CatRules` adds the lengths: at least, at most, and no question left."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

from testing_engine.psychometrics.ability import probability_below
from testing_engine.psychometrics.components import Component, Positive, Within
from testing_engine.psychometrics.response import BoolArray
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Stop(Component, kind=True):
    @abstractmethod
    def met(self, state: CatState) -> bool: ...


@dataclass(frozen=True)
class Precision(Stop, name="precision"):
    """The standard error of every measured dimension is at most `standard_error`."""

    standard_error: Positive = 0.3

    def met(self, state: CatState) -> bool:
        measured: BoolArray = state.bank.measured
        return bool((state.estimate.standard_error[measured] <= self.standard_error).all())


@dataclass(frozen=True)
class Classification(Stop, name="classification"):
    """For every cut and measured dimension, one side has posterior probability `probability` or more."""

    cuts: Annotated[tuple[float, ...], Within(least=1)] = (0.0,)
    probability: Annotated[float, Within(least=0.5, below=1)] = 0.8

    def met(self, state: CatState) -> bool:
        for dimension in state.bank.measured.nonzero()[0].tolist():
            for cut in self.cuts:
                if state.posterior is not None:
                    below = state.posterior.below(cut)
                else:
                    below = probability_below(state.estimate, cut, dimension)
                if max(below, 1 - below) < self.probability:
                    return False
        return True
