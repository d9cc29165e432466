"""A 0/1 program whose columns stand alone or in blocks, as test assembly with question sets poses it.

    maximise  values · z   subject to   above z ≤ most,   equal z = exactly,   z ∈ {0, 1},   blocks

1. The linear relaxation, on promising columns and then on those that its prices find too cheap (column
   generation). Every block has a row per column (none without its block), which makes the relaxation of a
   block alone integral, and the whole one tight. An integral solution is the answer.
2. Else branch and bound, by HiGHS (Huangfu & Hall 2018), over the columns whose other decision loses less
   than a gap. What it leaves out is worth less than the relaxation's bound minus the gap: so both bounds
   together prove how good its solution is, and if that is not enough the gap grows.

Everything here is a function of its arguments: nodes limit the work, no clock does, and no call remembers
another.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from testing_engine.psychometrics.constraints.blocks import Blocks, losses
from testing_engine.psychometrics.constraints.integer_program import (
    EXCHANGED,
    FRACTION,
    SHORTFALL_PRICE,
    SMALL_COEFFICIENTS,
    TOLERANCE,
    Exchange,
    Relaxed,
)
from testing_engine.psychometrics.constraints.linear_program import minimised
from testing_engine.psychometrics.constraints.mixed_program import Search, by_milp
from testing_engine.psychometrics.constraints.rows import Rows
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray

FIRST_GAP = 0.02  # of losses, in units of the largest value
WIDER = 4.0  # times the gap, where nothing was found within it
MOST_NODES = 300  # of one branch and bound for a better solution
NODES_FOR_ANY = 5_000  # while none is known
MOST_ROUNDS = 6  # of branch and bound with a growing gap


@dataclass(frozen=True, eq=False)
class Found:
    """A solution, None where there is none: none at all, or none that so many nodes could find."""

    columns: IntArray | None
    is_proven: bool  # that it is as good as asked for, or that there is none


@dataclass(frozen=True, eq=False)
class BlockProgram:
    """Values should be scaled to about [0, 1], and each row so that its largest coefficient is 1."""

    values: FloatArray  # (U,)
    rows: Rows
    blocks: Blocks
    free: BoolArray  # (U,) the others are 0
    block_of: IntArray  # (U,) `blocks.block_of`
    search: Search

    def solve(self, length: int, tolerance: float, beside: float) -> Found:
        """The columns that are 1.

        Their sum of values, with what is there `beside` them, may be short of the largest by the share
        `tolerance`. `length` says how many columns to expect.
        """
        relaxed = self._relaxation(length)
        if relaxed is None:
            return Found(None, True)
        if (np.minimum(relaxed.z, 1 - relaxed.z) < FRACTION).all():
            return Found(np.flatnonzero(relaxed.z > 0.5), True)
        allowed = max(tolerance * (beside + relaxed.bound), TOLERANCE)
        near = None if len(self.blocks.used) else self._exchanged(relaxed)
        if near is not None and relaxed.bound - float(self.values[near].sum()) <= allowed:
            return Found(near, True)
        return self._branch_and_bound(relaxed, allowed, near)

    def _relaxation(self, length: int) -> Relaxed | None:
        active = self._promising(length)
        while True:
            solved, missed = self._linear(active)
            if solved is None:
                return None
            lost = losses(self.blocks, solved.reduced, self.free)
            cheap = np.flatnonzero(self._alone & (solved.reduced > TOLERANCE) & ~active)
            best = np.flatnonzero((lost.gain > TOLERANCE) & ~active[self.blocks.used] & ~self.blocks.forced)
            if not cheap.size and not best.size:
                if missed <= TOLERANCE:
                    return solved
                if active[self.free].all():
                    return self._linear(active, may_miss=False)[0]
                active = self.free.copy()  # it misses a row at this price, or cannot but miss it
                continue
            active[cheap[np.argsort(-solved.reduced[cheap], kind="stable")[: 4 * length]]] = True
            self._activate(active, best[np.argsort(-lost.gain[best], kind="stable")[: max(length, 10)]])

    @cached_property
    def _alone(self) -> BoolArray:
        return self.free & (self.block_of < 0)

    def _activate(self, active: BoolArray, blocks: IntArray) -> None:
        if len(blocks):
            active |= self.free & np.isin(self.block_of, blocks)

    def _promising(self, length: int) -> BoolArray:
        """(U,) columns of largest value and blocks that can have the largest sum: overall, in every row, and
        among the smallest coefficients of rows that have many different ones."""
        if np.count_nonzero(self.free) <= 4 * length:
            return self.free.copy()
        length = max(length, 15)
        gain = losses(self.blocks, self.values, self.free).gain
        worth = np.where(self.block_of < 0, self.values, np.append(gain, 0.0)[self.block_of])
        worth[~self.free] = -np.inf
        order = np.argsort(-worth, kind="stable")[: int(np.count_nonzero(worth > -np.inf))]
        chosen = [self._first(order, 2 * length)]
        few = max(length // 4, 4)
        for own, coefficients, varies in self.rows.side(order):
            chosen.append(self._first(order[own] if len(self.blocks.used) else order[own[:few]], few))
            if varies and len(own) > 4 * length and coefficients.min() < coefficients.max():
                limits = np.quantile(coefficients, SMALL_COEFFICIENTS)
                chosen += [self._first(order[own[coefficients <= limit]], length) for limit in limits]
        picked = np.concatenate(chosen)
        active = np.zeros(len(self.values), dtype=bool)
        active[picked] = self.block_of[picked] < 0
        blocks = np.append(self.block_of[picked], np.flatnonzero(self.blocks.forced))
        self._activate(active, blocks[blocks >= 0])
        return active

    def _first(self, order: IntArray, count: int) -> IntArray:
        """So many columns that stand alone, and one column each of as many blocks as fill the same room."""
        if not len(self.blocks.used):
            return order[:count]
        block = self.block_of[order]
        _, first = np.unique(block, return_index=True)
        first = np.sort(first[block[first] >= 0])
        blocks = -(-count // max(int(self.blocks.least.min(initial=1)), 1))
        return np.concatenate([order[block < 0][:count], order[first[: max(blocks, 4)]]])

    def _linear(self, active: BoolArray, may_miss: bool = True) -> tuple[Relaxed | None, float]:
        """The relaxation over some columns, with the reduced values of all; by how much rows are missed."""
        columns, rows, n = np.flatnonzero(active), self.rows, len(self.values)
        extra = rows.columns - n
        part, kept = rows.among(np.append(columns, np.arange(n, n + extra)))
        solved = minimised(
            np.concatenate([-self.values[columns], np.full(extra, SHORTFALL_PRICE)]),
            part,
            np.concatenate([np.ones(len(columns)), np.full(extra, np.inf if may_miss else 0.0)]),
        )
        if solved is None:
            return None, 0.0
        prices = np.zeros(len(kept))
        prices[kept] = solved.prices
        prices[rows.above - rows.own : rows.above] = 0.0
        reduced = self.values + rows.matrix.priced(prices)[:n]
        z = np.zeros(n)
        z[columns] = solved.x[: len(columns)]
        return Relaxed(-solved.value, z, reduced), float(solved.x[len(columns) :].sum())

    def _exchanged(self, relaxed: Relaxed) -> IntArray | None:
        """The fractions rounded, repaired and improved by exchanges of two columns, where no block is in the
        way."""
        free = np.flatnonzero(self.free)
        nearest = free[np.argsort(np.abs(relaxed.reduced[free]), kind="stable")[:EXCHANGED]]
        columns = np.union1d(nearest, np.flatnonzero(relaxed.z > FRACTION))
        rows, _ = self.rows.among(columns)
        matrix = rows.dense()
        part = Relaxed(relaxed.bound, relaxed.z[columns], relaxed.reduced[columns])
        found = Exchange(
            self.values[columns], lambda some: np.asfortranarray(matrix[:, some]), rows.low, rows.high, part
        ).best()
        return None if found is None else columns[found]

    def _branch_and_bound(self, relaxed: Relaxed, allowed: float, best: IntArray | None) -> Found:
        lost = losses(self.blocks, relaxed.reduced, self.free)
        value = -np.inf if best is None else float(self.values[best].sum())
        gap = min(FIRST_GAP, relaxed.bound - value - allowed + TOLERANCE)
        for _ in range(MOST_ROUNDS):
            open_columns = self.free & (lost.one <= gap) & (lost.zero <= gap)
            kept = self.free & (lost.zero > gap)
            is_everything = bool(open_columns[self.free].all())
            nodes = NODES_FOR_ANY if best is None else MOST_NODES
            found, bound, ran_out = self._integral(open_columns, kept, allowed, nodes, relaxed.bound, best)
            if found is not None and float(self.values[found].sum()) > value:
                best, value = found, float(self.values[found].sum())
            beyond = -np.inf if is_everything else relaxed.bound - gap
            if max(bound, beyond) - value <= allowed:
                return Found(best, True)
            if is_everything or (ran_out and best is not None):
                return Found(best, best is None and not ran_out)
            enough = relaxed.bound - value - allowed + TOLERANCE
            gap *= WIDER
            if best is not None:  # a better one is likely to be found before
                gap = min(gap, enough)
        return Found(best, False)

    def _integral(
        self,
        open_columns: BoolArray,
        kept: BoolArray,
        allowed: float,
        nodes: int,
        bound: float,
        known: IntArray | None,
    ) -> tuple[IntArray | None, float, bool]:
        """The best solution that has the columns `kept`, some of the open ones and no others; a bound of what
        such solutions are worth; whether the nodes ran out. What is `known` is among what is looked at."""
        start = None
        if self.search is not by_milp and known is not None:
            near = np.zeros(len(self.values), dtype=bool)
            near[known] = True
            open_columns, kept = open_columns | (self.free & (near != kept)), kept & near
            start = near[open_columns]
        columns, fixed = np.flatnonzero(open_columns), float(self.values[kept].sum())
        rows, _ = self.rows.without(kept).among(columns)
        gap = min(allowed / max(bound - fixed, allowed), 0.9) / 2
        solved = self.search(-self.values[columns], rows, gap, nodes, start)
        if solved.z is None:
            return None, -solved.bound, solved.ran_out
        return np.union1d(np.flatnonzero(kept), columns[solved.z]), fixed - solved.bound, solved.ran_out
