"""The part of a pool that a test draws from, as a bank of its own.

What has no parameters yet, or is retired, so reaches no formula at all: no grid is finer for its sake, no
rule counts it, no program has a column for it. A pool whose questions all count is its own part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import IntArray
from testing_engine.psychometrics.items.states import HAVE_PARAMETERS, NOT_CALIBRATED, RETIRED, STATES

COUNTING = ("part", "counting")  # where a bank keeps it: every step asks for it several times


@dataclass(frozen=True, eq=False)
class Part:
    """M of the N questions of a pool; `bank` is None where M is 0."""

    whole: ItemBank
    places: IntArray  # (M,) of the part's questions in the pool, ascending
    index: IntArray  # (N,) of the pool's questions in the part, −1 for others
    bank: ItemBank | None

    @classmethod
    def of(cls, whole: ItemBank, states: Sequence[str]) -> "Part":
        """The questions in any of these states."""
        is_one_of = np.array([state in states for state in STATES])
        return cls.at(whole, np.flatnonzero(is_one_of[whole.attributes.states]))

    @classmethod
    def at(cls, whole: ItemBank, questions: IntArray) -> "Part":
        """These questions, ascending."""
        places = questions.astype(np.intp)
        index = np.full(whole.n_items, -1, dtype=np.intp)
        index[places] = np.arange(len(places))
        if len(places) == whole.n_items:
            return cls(whole, places, index, whole)
        bank = whole.subset(places, whole.attributes.take(places)) if len(places) else None
        return cls(whole, places, index, bank)

    @property
    def is_whole(self) -> bool:
        return self.bank is self.whole

    @property
    def n_items(self) -> int:
        return len(self.places)

    def holds(self, item: int) -> bool:
        """Whether a question of the pool is in it."""
        return bool(self.index[item] >= 0)


def counting(bank: ItemBank) -> Part:
    """The questions with parameters: those of adaptive tests, which count in an ability."""
    known: Part | None = bank.known(COUNTING)
    return known or bank.derived(COUNTING, lambda: Part.of(bank, HAVE_PARAMETERS))


def in_use(bank: ItemBank) -> Part:
    """The questions that are not retired: those of tests without an ability."""
    states = [state for state in STATES if state != RETIRED]
    return bank.derived(("part", "in use"), lambda: Part.of(bank, states))


def uncalibrated(bank: ItemBank) -> IntArray:
    """Those that wait for parameters, ascending."""
    return np.flatnonzero(bank.attributes.states == STATES.index(NOT_CALIBRATED)).astype(np.intp)


def measured(bank: ItemBank) -> list[bool]:
    """Which concepts an ability can be found of: those that a question with parameters measures."""
    part = counting(bank).bank
    return [False] * bank.n_dimensions if part is None else part.measured.tolist()
