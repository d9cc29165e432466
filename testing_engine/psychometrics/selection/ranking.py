"""The most informative questions at an ability, without looking at the whole pool.

The ability scale is cut into cells. Within h of a cell's centre c, every question's information stays
between I(c) exp(± b · slope · h), with b the `growth` of its family at c. A cell lists the questions whose
upper bound reaches the 32nd largest lower bound, and remembers the largest upper bound among the others.
Questions of the list that are strictly above that at θ are the best of the pool: the answer is that of a
full scan, bit for bit, because the same elementwise formula gives both.

A list that is long, because many questions are alike, is made shorter in cells of an eighth of the width.
If too few of a list may come, the wider cell's list is read, at last the whole pool. Cells are made when an
ability first falls into them, the widest from one scan of the pool, and kept on the bank.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Self

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray

SMALL_POOL = 2_000  # up to here a full scan costs no more than reading a list
REACH = 8.0  # abilities farther out scan the pool
WIDEST = 1 / 8  # of the cells, in logits; powers of two, so that cells nest exactly
SPLIT = 8
DEPTH = 4
SHORT = 256  # a list that needs no narrower cell
LEADERS = 32  # that every list holds, however ability lies in its cell
KEPT_CELLS = 1_000  # of each width: at most some 20 MB
ROUNDING = 1 + 1e-12  # so that bounds hold in floating point, too


@dataclass(frozen=True, eq=False)
class Available:
    """The questions that may come next: those not used, or a mask that eligibility rules narrowed further."""

    n_items: int
    used: frozenset[int]
    narrowed: BoolArray | None = None  # (N,)

    @cached_property
    def count(self) -> int:
        return (
            self.n_items - len(self.used) if self.narrowed is None else int(np.count_nonzero(self.narrowed))
        )

    @cached_property
    def mask(self) -> BoolArray:
        """(N,)"""
        if self.narrowed is not None:
            return self.narrowed
        mask = np.ones(self.n_items, dtype=bool)
        mask[list(self.used)] = False
        return mask

    def only(self, mask: BoolArray) -> "Available":
        """Narrowed to a mask within this one."""
        return Available(self.n_items, self.used, mask)

    def allows(self, item: int) -> bool:
        """Like mask[item], without making the mask."""
        return item not in self.used if self.narrowed is None else bool(self.narrowed[item])


@dataclass(frozen=True, eq=False)
class Leaders:
    """Questions and their values, best first."""

    items: Sequence[int]
    values: Sequence[float]

    @property
    def pairs(self) -> Iterator[tuple[int, float]]:
        return zip(self.items, self.values, strict=True)

    @classmethod
    def of_all(cls, values: FloatArray, count: int) -> Self:
        """From the values of all questions, −inf for those that may not come."""
        if count == 1:
            best = int(values.argmax())
            return cls([best], [float(values[best])])
        if count < len(values) // 4:
            threshold = np.partition(values, -count)[-count]
            candidates = np.flatnonzero(values >= threshold)
        else:
            candidates = np.arange(len(values))
        order = candidates[np.argsort(-values[candidates], kind="stable")][:count]
        return cls(order.tolist(), values[order].tolist())


@dataclass(frozen=True, eq=False)
class Cell:
    bank: ItemBank
    items: IntArray  # rising, so that a stable sort puts equals in order
    left_out: float = -np.inf  # the largest information that any other question has in this cell

    @cached_property
    def questions(self) -> ItemBank:
        whole = len(self.items) == self.bank.n_items
        return self.bank if whole else self.bank.subset(self.items)

    def narrowed(self, centre: float, half_width: float) -> "Cell":
        """The questions of this cell that matter in a narrower one."""
        questions = self.questions
        information = _information(questions, centre)
        reach = np.exp(questions.growth(np.array([centre])) * questions.steepness * half_width) * ROUNDING
        upper, lower = information * reach, information / reach
        threshold = np.partition(lower, -LEADERS)[-LEADERS] if len(lower) > LEADERS else -np.inf
        kept = np.flatnonzero(upper >= threshold)
        left_out = max(self.left_out, float(upper[upper < threshold].max(initial=-np.inf)))
        return Cell(self.bank, self.items[kept], left_out)


def leading_information(bank: ItemBank, theta: float, available: Available, count: int) -> Leaders:
    """The available questions of a one-dimensional pool with the most information at θ."""
    count = min(count, available.count)
    if bank.n_items > SMALL_POOL and abs(theta) < REACH and count <= LEADERS:
        for cell in reversed(_cells(bank, theta)):
            leaders = _listed(cell, theta, available, count)
            if leaders is not None:
                return leaders
    return Leaders.of_all(np.where(available.mask, _information(bank, theta), -np.inf), count)


def _listed(cell: Cell, theta: float, available: Available, count: int) -> Leaders | None:
    """The leaders, if the cell's list is enough to tell."""
    values = _information(cell.questions, theta)
    items: list[int] = []
    leading: list[float] = []
    for place in np.argsort(-values, kind="stable").tolist():
        item, value = int(cell.items[place]), float(values[place])
        if value <= cell.left_out:
            return None
        if available.allows(item):
            items.append(item)
            leading.append(value)
            if len(items) == count:
                return Leaders(items, leading)
    return None


def _information(bank: ItemBank, theta: float) -> FloatArray:
    return bank.information(np.array([theta])) * bank.squared_steepness


def _cells(bank: ItemBank, theta: float) -> list[Cell]:
    """The cells that this ability is in, from the widest to the one with a short list."""
    cells = [bank.derived(("whole pool",), lambda: Cell(bank, np.arange(bank.n_items)))]
    width = WIDEST
    for depth in range(DEPTH):
        parent, index = cells[-1], math.floor(theta / width)
        centre, half = (index + 0.5) * width, width / 2
        key = ("information cell", depth, index)
        cells.append(bank.derived(key, partial(parent.narrowed, centre, half), keep=KEPT_CELLS))
        if len(cells[-1].items) <= SHORT:
            break
        width /= SPLIT
    return cells[1:]
