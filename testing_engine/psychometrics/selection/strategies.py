"""From the values of a criterion to one question. Every draw comes from seed and position."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from testing_engine.psychometrics.components import Component, Count, Within
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.selection.ranking import Available
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Strategy(Component, kind=True):
    @abstractmethod
    def choose(self, state: CatState, criterion: Criterion, available: Available) -> int:
        """One of the available questions, of which there is at least one."""


Acceleration = Annotated[float, Within(least=-20, most=20)]


@dataclass(frozen=True)
class Best(Strategy, name="best"):
    """The question with the largest value; of equals the one with the lowest index."""

    def choose(self, state: CatState, criterion: Criterion, available: Available) -> int:
        return criterion.leaders(state, available, 1).items[0]


@dataclass(frozen=True)
class Randomesque(Strategy, name="randomesque"):
    """Any of the `count` best, equally likely. Kingsbury & Zara (1989)."""

    count: Count = 5

    def choose(self, state: CatState, criterion: Criterion, available: Available) -> int:
        leaders = criterion.leaders(state, available, self.count).items
        return leaders[int(state.rng().integers(len(leaders)))]


@dataclass(frozen=True)
class Progressive(Strategy, name="progressive"):
    """Largest (1 − w) R max(v) + w v, R uniform, with w growing from 0 to 1 along the test.

    Revuelta & Ponsoda (1998); `acceleration` as in Barrada et al. (2008), 0 being their straight line.
    """

    acceleration: Acceleration = 0.0

    def choose(self, state: CatState, criterion: Criterion, available: Available) -> int:
        items = np.flatnonzero(available.mask)
        values = _above_zero(criterion.values(state)[items])
        weight = progress(state, self.acceleration)
        chance = state.rng().random(len(items)) * values.max()
        return int(items[np.argmax((1 - weight) * chance + weight * values)])


@dataclass(frozen=True)
class Proportional(Strategy, name="proportional"):
    """At random with probability ∝ v^H, H growing from 0 to `power` along the test. Barrada et al. (2008)."""

    power: Annotated[float, Within(above=0, most=1000)] = 10.0
    acceleration: Acceleration = 0.0

    def choose(self, state: CatState, criterion: Criterion, available: Available) -> int:
        items = np.flatnonzero(available.mask)
        values = _above_zero(criterion.values(state)[items])
        chances = (values / values.max()) ** (self.power * progress(state, self.acceleration))
        total = chances.sum()
        if not 0 < total < np.inf:  # values that tell nothing apart, or are no numbers
            return int(items[0])
        return int(state.rng().choice(items, p=chances / total))


@dataclass(frozen=True)
class Stratified(Strategy, name="a-stratified"):
    """The best question of a stratum of similar discrimination, low ones first. Chang & Ying (1999).

    The pool is cut into `strata` of equal size by steepness, the test into as many stages. An empty stratum
    passes on to the next steeper one, at the end to the next flatter. The authors' criterion is bOpt.
    """

    strata: Count = 4

    def choose(self, state: CatState, criterion: Criterion, available: Available) -> int:
        strata = state.bank.derived(("strata", self.strata), lambda: self._stratum_of(state), keep=8)
        stage = min(state.position * self.strata // state.length, self.strata - 1)
        for stratum in (*range(stage, self.strata), *range(stage - 1, -1, -1)):
            own = available.mask & (strata == stratum)
            if own.any():
                return criterion.leaders(state, available.only(own), 1).items[0]
        raise ValueError("no question is available")

    def _stratum_of(self, state: CatState) -> IntArray:
        order = np.argsort(state.bank.steepness, kind="stable")
        strata = np.empty(len(order), dtype=np.intp)
        strata[order] = np.arange(len(order)) * self.strata // len(order)
        return strata


def progress(state: CatState, acceleration: float) -> float:
    """0 at the first question, 1 at the last: Σ f^t so far over Σ f^t of the whole test (t: acceleration)."""
    steps = np.arange(1, max(state.length, state.position + 1), dtype=float) ** acceleration
    total = steps.sum()
    return float(steps[: state.position].sum() / total) if total else 1.0


def _above_zero(values: FloatArray) -> FloatArray:
    """Criteria whose best is 0, such as bOpt, are shifted so that chances can be proportional to them."""
    lowest = values.min()
    return values - lowest + 1e-12 if lowest <= 0 else values
