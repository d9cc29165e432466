"""How a test begins, before there is an estimate worth choosing by."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from testing_engine.psychometrics.components import Ability, Component, Count, Problems, Within
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import IntArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.selection.ranking import Available
from testing_engine.psychometrics.selection.strategies import Randomesque, Strategy
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Start(Component, kind=True):
    @abstractmethod
    def choose(
        self, state: CatState, criterion: Criterion, strategy: Strategy, available: Available
    ) -> int | None:
        """One of the available questions, or None once the start is over."""


@dataclass(frozen=True)
class AtAbilities(Start, name="abilities"):
    """One question for each of these abilities (in all dimensions alike), by its own criterion if given."""

    thetas: Annotated[tuple[Ability, ...], Within(least=1, most=100)] = (0.0,)
    criterion: Criterion | None = None

    def choose(
        self, state: CatState, criterion: Criterion, strategy: Strategy, available: Available
    ) -> int | None:
        if state.position >= len(self.thetas):
            return None
        theta = np.full(state.bank.n_dimensions, self.thetas[state.position])
        there = replace(state, estimate=replace(state.estimate, theta=theta), posterior=None)
        return strategy.choose(there, self.criterion or criterion, available)

    def problems(self, bank: ItemBank) -> Problems:
        if self.criterion is None:
            return []
        return [("/criterion" + place, text) for place, text in self.criterion.problems(bank)]


@dataclass(frozen=True)
class FixedQuestions(Start, name="questions"):
    """These questions (0-based), in this order; those that may not come are passed over."""

    items: Annotated[tuple[Annotated[int, Within(least=0)], ...], Within(least=1)]

    def choose(
        self, state: CatState, criterion: Criterion, strategy: Strategy, available: Available
    ) -> int | None:
        return next((item for item in self.items if available.mask[item]), None)

    def restricted(self, places: IntArray) -> Self:
        index = {int(place): item for item, place in enumerate(places)}
        return replace(self, items=tuple(index[item] for item in self.items if item in index))

    def problems(self, bank: ItemBank) -> Problems:
        return [
            (f"/items/{place}", f"this pool has {bank.n_items} questions, counted from 0")
            for place, item in enumerate(self.items)
            if item >= bank.n_items
        ]


@dataclass(frozen=True)
class RandomQuestions(Start, name="random"):
    """Any available question, `count` times."""

    count: Count = 1

    def choose(
        self, state: CatState, criterion: Criterion, strategy: Strategy, available: Available
    ) -> int | None:
        if state.position >= self.count:
            return None
        return int(state.rng().choice(np.flatnonzero(available.mask)))


@dataclass(frozen=True)
class RandomesqueStart(Start, name="randomesque"):
    """Any of the `counts[0]` best first, any of the `counts[1]` best second, and so on. McBride & Martin
    (1983).

    So that not everybody begins with the same question, nor goes on with the same two.
    """

    counts: Annotated[tuple[Count, ...], Within(least=1, most=100)] = (5, 4, 3, 2)

    def choose(
        self, state: CatState, criterion: Criterion, strategy: Strategy, available: Available
    ) -> int | None:
        if state.position >= len(self.counts):
            return None
        return Randomesque(self.counts[state.position]).choose(state, criterion, available)
