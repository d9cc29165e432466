"""What a test plan knows of a question beside its parameters: area, enemy groups, question set, state.

Names become small integers once per pool, −1 for none, so that content rules compare numbers. A pool that
names nothing holds no array of its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.items.response import IntArray
from testing_engine.psychometrics.items.states import STATES

Codes = npt.NDArray[np.int32]
NO_NAME = -1


@dataclass(frozen=True, eq=False)
class Labels:
    """At most one name per question."""

    codes: Codes  # (N,) index into `names`, −1 for none
    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Sequence[str] | str, n: int) -> Self:
        """One name per question ("" is none), or one for all."""
        known: dict[str, int] = {"": NO_NAME}
        if isinstance(names, str):
            code = known.setdefault(names, 0)
            codes = np.broadcast_to(np.array(code, dtype=np.int32), (n,))
        else:
            codes = np.array([known.setdefault(name, len(known) - 1) for name in names], dtype=np.int32)
        codes.setflags(write=False)
        return cls(codes, tuple(known)[1:])

    def take(self, items: IntArray) -> Self:
        """Of these questions; names that none of them has are forgotten."""
        return self.of([self.names[code] if code >= 0 else "" for code in self.codes[items]], len(items))

    def code(self, name: str) -> int:
        """−1 if no question has this name."""
        return self.names.index(name) if name in self.names else NO_NAME

    @cached_property
    def counts(self) -> IntArray:
        """(names,) how many questions have each name."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))

    @cached_property
    def members(self) -> tuple[IntArray, ...]:
        """The questions of each name, ascending."""
        order = np.argsort(self.codes, kind="stable")
        starts = np.searchsorted(self.codes[order], np.arange(len(self.names) + 1))
        return tuple(order[low:high] for low, high in pairwise(starts.tolist()))


@dataclass(frozen=True, eq=False)
class Groups:
    """Any number of names per question, as pairs sorted by question."""

    items: IntArray  # (P,)
    codes: Codes  # (P,) index into `names`
    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Sequence[Sequence[str]]) -> Self:
        """One list of names per question, or no list at all."""
        known: dict[str, int] = {}
        sizes = [len(own) for own in names]
        codes = [known.setdefault(name, len(known)) for name in chain.from_iterable(names)]
        items = np.repeat(np.arange(len(sizes)), sizes).astype(np.intp)
        return cls(items, np.array(codes, dtype=np.int32), tuple(known))

    @cached_property
    def members(self) -> tuple[IntArray, ...]:
        """The questions of each group, ascending."""
        order = np.argsort(self.codes, kind="stable")
        starts = np.searchsorted(self.codes[order], np.arange(len(self.names) + 1))
        return tuple(self.items[order[low:high]] for low, high in pairwise(starts.tolist()))

    def take(self, items: IntArray) -> Self:
        """Of these questions; names that none of them has are forgotten."""
        if not self.names:
            return self
        return self.of([[self.names[code] for code in self.of_item(int(item))] for item in items])

    def of_item(self, item: int) -> list[int]:
        """The groups that a question belongs to."""
        low, high = np.searchsorted(self.items, [item, item + 1])
        return [int(code) for code in self.codes[low:high]]


@dataclass(frozen=True, eq=False)
class Attributes:
    """Of N questions."""

    area: Labels
    question_set: Labels
    enemies: Groups
    states: npt.NDArray[np.int8]  # (N,) index into `STATES`

    @classmethod
    def of(
        cls,
        n: int,
        area: Sequence[str] | str = "",
        question_set: Sequence[str] | str = "",
        enemy_groups: Sequence[Sequence[str]] = (),
        state: Sequence[str] | str = STATES[0],
    ) -> Self:
        """Columns of names: areas, sets and states one per question, enemy groups any number per question."""
        areas, sets = Labels.of(area, n), Labels.of(question_set, n)
        return cls(areas, sets, Groups.of(enemy_groups), _codes(state, n))

    def take(self, items: IntArray) -> Self:
        """Of these questions, ascending."""
        states = [STATES[code] for code in self.states[items]]
        return type(self)(
            self.area.take(items),
            self.question_set.take(items),
            self.enemies.take(items),
            _codes(states, len(items)),
        )


def _codes(state: Sequence[str] | str, n: int) -> npt.NDArray[np.int8]:
    """(N,), without an array of that length where all are the same."""
    known = {state} if isinstance(state, str) else set(state)
    if len(known) == 1:
        return np.broadcast_to(np.int8(STATES.index(known.pop())), (n,))
    codes = np.array([STATES.index(each) for each in state], dtype=np.int8)
    codes.setflags(write=False)
    return codes
