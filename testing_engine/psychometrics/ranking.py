"""The most informative questions at an ability, without looking at the whole pool.

The ability scale is cut into cells. Within a cell, h to either side of its centre c, every question's information is
bounded from what it is at the centre, with b the family's `growth` there:

    I(θ) ≤ I(c) exp(b · slope · h).

A cell lists the questions with the largest bounds, and remembers the largest bound that it left out. Questions of the
list whose information at θ is strictly above that are the best of the whole pool: the answer is that of a full scan,
bit for bit, because the same elementwise formula gives both. If the list has too few of them that may come, the whole
pool is scanned. A cell is made when an ability first falls into it (one scan), and kept on the bank.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from testing_engine.psychometrics.items import ItemBank
from testing_engine.psychometrics.response import BoolArray, FloatArray

SMALL_POOL = 2_000  # up to here a full scan costs no more than reading a list
CELLS_PER_LOGIT = 64
LIST_LENGTH = 256
REACH = 8.0  # abilities farther out scan the pool
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
    items: list[int]  # rising, so that a stable sort puts equals in order
    questions: ItemBank
    left_out: float  # the largest bound of all other questions, −inf if there are none


def leading_information(bank: ItemBank, theta: float, available: Available, count: int) -> Leaders:
    """The available questions of a one-dimensional pool with the most information at θ."""
    count = min(count, available.count)
    if bank.n_items > SMALL_POOL and abs(theta) < REACH and count <= LIST_LENGTH:
        leaders = _listed(_cell(bank, theta), theta, available, count)
        if leaders is not None:
            return leaders
    return Leaders.of_all(np.where(available.mask, _information(bank, theta), -np.inf), count)


def _listed(cell: Cell, theta: float, available: Available, count: int) -> Leaders | None:
    """The leaders, if the cell's list is enough to tell."""
    values = _information(cell.questions, theta)
    items: list[int] = []
    leading: list[float] = []
    for place in np.argsort(-values, kind="stable").tolist():
        value = float(values[place])
        if value <= cell.left_out:
            return None
        if available.allows(cell.items[place]):
            items.append(cell.items[place])
            leading.append(value)
            if len(items) == count:
                return Leaders(items, leading)
    return None


def _information(bank: ItemBank, theta: float) -> FloatArray:
    return bank.information(np.array([theta])) * bank.squared_steepness


def _cell(bank: ItemBank, theta: float) -> Cell:
    index = math.floor(theta * CELLS_PER_LOGIT)
    return bank.derived(("information cell", index), lambda: _make_cell(bank, index))


def _make_cell(bank: ItemBank, index: int) -> Cell:
    centre, half_width = (index + 0.5) / CELLS_PER_LOGIT, 0.5 / CELLS_PER_LOGIT
    reach = bank.growth(np.array([centre])) * bank.steepness * half_width
    bounds = _information(bank, centre) * np.exp(reach) * ROUNDING
    order = np.argpartition(-bounds, LIST_LENGTH)[: LIST_LENGTH + 1]
    order = order[np.argsort(-bounds[order], kind="stable")]
    items = np.sort(order[:-1])
    return Cell(items.tolist(), bank.subset(items), float(bounds[order[-1]]))
