"""Which questions may come next: constraints narrow the pool before the criterion looks at it.

A further constraint is one frozen dataclass: `class Mine(Eligibility, name="mine")` with `narrow`.
"""

from abc import abstractmethod
from dataclasses import dataclass

from testing_engine.psychometrics.components import Component
from testing_engine.psychometrics.criteria import Criterion
from testing_engine.psychometrics.response import BoolArray
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Eligibility(Component, kind=True):
    @abstractmethod
    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        """(N,) which of the questions still available (unused, and left by earlier rules) may come next.

        `criterion` is what will choose among them, for rules (the shadow test) that need its values.
        """
