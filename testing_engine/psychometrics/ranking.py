"""The most informative questions at an ability, without looking at the whole pool.

The ability scale is cut into cells. In each, every question's information is bounded from its value at the
centre: |d log I / dt| ≤ λ (see `lipschitz` of the families), so within half a cell's width h of the centre
c

    I(θ) ≤ I(c) exp(λ · slope · h).

A cell keeps the questions with the largest bounds, in that order, and the largest bound it left out.
Reading down the list, nothing further can win once enough questions are strictly above the next bound: the
answer is that of a full scan, bit for bit, because the same elementwise formula gives both. If a list ends
before that, the whole pool is scanned. A cell is made when it is first visited (one scan of the pool), and
kept on the bank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from testing_engine.psychometrics.items import ItemBank
from testing_engine.psychometrics.response import BoolArray, FloatArray, IntArray

SMALL_POOL = 2_000  # up to here a full scan costs no more than reading a list
CELLS_PER_LOGIT = 64
LENGTHS = (64, 256, 1_024)  # how much of a list is looked at, the last being all of it
REACH = 8.0  # abilities farther out scan the pool
ROUNDING = 1 + 1e-12  # bounds hold in floating point, too


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

    def allowed(self, items: IntArray) -> BoolArray:
        """Like mask[items], without making the mask."""
        if self.narrowed is not None:
            return self.narrowed[items]
        used = self.used
        return np.array([item not in used for item in items.tolist()])


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
    items: IntArray  # by falling bound
    bounds: FloatArray  # (len(items) + 1,): of each, then the largest bound left out (−inf: none)


def leading_information(bank: ItemBank, theta: float, available: Available, count: int) -> Leaders:
    """The available questions of a one-dimensional pool with the most information at θ."""
    count = min(count, available.count)
    if bank.n_items > SMALL_POOL and abs(theta) < REACH and count <= LENGTHS[0]:
        leaders = _read(bank, _cell(bank, theta), theta, available, count)
        if leaders is not None:
            return leaders
    values = bank.information(np.array([theta])) * bank.squared_steepness
    return Leaders.of_all(np.where(available.mask, values, -np.inf), count)


def _read(bank: ItemBank, cell: Cell, theta: float, available: Available, count: int) -> Leaders | None:
    """Down the cell's list until `count` questions are above everything further down."""
    point = np.array([theta])
    for length in LENGTHS:
        items = cell.items[:length]
        values = bank.information(point, items) * bank.squared_steepness[items]
        values[~available.allowed(items)] = -np.inf
        order = np.lexsort((items, -values))[:count]
        if len(order) == count and values[order[-1]] > cell.bounds[len(items)]:
            return Leaders(items[order].tolist(), values[order].tolist())
    return None


def _cell(bank: ItemBank, theta: float) -> Cell:
    index = int(np.floor(theta * CELLS_PER_LOGIT))
    return bank.derived(("information cell", index), lambda: _make_cell(bank, index))


def _make_cell(bank: ItemBank, index: int) -> Cell:
    centre, half_width = (index + 0.5) / CELLS_PER_LOGIT, 0.5 / CELLS_PER_LOGIT
    spread = bank.derived("bound rate", lambda: bank.lipschitz * bank.steepness)
    bounds = bank.information(np.array([centre])) * bank.squared_steepness
    bounds *= np.exp(spread * half_width) * ROUNDING
    top = np.argpartition(-bounds, LENGTHS[-1])[: LENGTHS[-1] + 1]
    top = top[np.argsort(-bounds[top], kind="stable")]
    return Cell(top[:-1].astype(np.int32), bounds[top])
