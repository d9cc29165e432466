"""Tests put together by integer programming, as plans of the engine's first edition do it (now: `blueprint`).

A program has a 0/1 variable per unit: a question, or a question set that is given whole. van der Linden
(2005), Linear Models for Optimal Test Design.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.sparse import csc_array

from testing_engine.psychometrics.constraints.integer_program import Program
from testing_engine.psychometrics.constraints.plan import Plan, Requirement, SetSize
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray


class Assembly:
    """The integer program of one plan, pool and length. Holds no state: the same call gives the same test."""

    def __init__(self, bank: ItemBank, plan: Plan, length: int) -> None:
        self.n_items = bank.n_items
        self.length = length
        self.unit_of, self.n_units = units_of(bank, plan)
        everything = np.arange(bank.n_items)
        rows = [Requirement.count(everything, length, length, "/max_questions"), *plan.requirements]
        if plan.set_size:
            rows += _set_rows(bank, plan.set_size, self.n_units)
            self.n_units += len(bank.attributes.question_set.names)
            self.unit_of = np.concatenate([self.unit_of, np.arange(self.unit_of.max() + 1, self.n_units)])
        # Rows in units of their largest coefficient, so that HiGHS's tolerances and prices mean the same in
        # each.
        units = [float(np.abs(row.coefficients).max(initial=0.0)) or 1.0 for row in rows]
        self.lower = np.array([row.lower / unit for row, unit in zip(rows, units, strict=True)])
        self.upper = np.array([row.upper / unit for row, unit in zip(rows, units, strict=True)])
        row_of = np.repeat(np.arange(len(rows)), [len(row.items) for row in rows])
        column_of = self.unit_of[np.concatenate([row.items for row in rows])]
        entries = np.concatenate([row.coefficients / unit for row, unit in zip(rows, units, strict=True)])
        self.matrix = csc_array((entries, (row_of, column_of)), shape=(len(rows), self.n_units))
        self.crowds = _alike(self.matrix, length)

    def best(
        self, values: FloatArray, given: Sequence[int], allowed: BoolArray, tolerance: float = 0.0
    ) -> BoolArray | None:
        """(N,) the test of largest Σ values (N,) that has all questions given; None if there is none.

        Only questions that are allowed (N,) may come beside those given, and the rest of a whole set of
        theirs. The sum, of values above the smallest allowed one, may be short of the largest by the share
        `tolerance`.
        """
        scaled = in_unit_interval(values, allowed)
        fixed = np.zeros(self.n_units, dtype=bool)
        fixed[self.unit_of[list(given)]] = True
        open_items = allowed.copy()
        open_items[list(given)] = True
        sums = self._sum_of_unit(scaled)
        free = self._undominated(self._all_of_unit(open_items) & ~fixed, sums)
        done = self.matrix @ fixed.astype(float)
        program = Program(sums[free], self.matrix[:, free], self.lower - done, self.upper - done)
        chosen = program.solve(self.length - len(given), tolerance, float(sums[fixed].sum()))
        if chosen is None:
            return None
        fixed[np.flatnonzero(free)[chosen]] = True
        test: BoolArray = fixed[self.unit_of[: self.n_items]]
        return test

    def _undominated(self, free: BoolArray, sums: FloatArray) -> BoolArray:
        """(U,) without those that cannot be in the best test: of units that the constraints see as equal,
        at most
        `length` are."""
        kept = free.copy()
        for crowd in self.crowds:
            own = crowd[free[crowd]]
            if len(own) > self.length:
                order = np.argpartition(-sums[own], self.length)
                kept[own[order[self.length :]]] = False
        return kept

    def _sum_of_unit(self, values: FloatArray) -> FloatArray:
        sums = np.bincount(self.unit_of[: self.n_items], weights=values, minlength=self.n_units)
        return np.asarray(sums, dtype=np.float64)

    def _all_of_unit(self, mask: BoolArray) -> BoolArray:
        missing = np.bincount(self.unit_of[: self.n_items][~mask], minlength=self.n_units)
        return np.asarray(missing == 0)


def _alike(matrix: csc_array, more_than: int) -> list[IntArray]:
    """Columns that are equal, where there are more than so many."""
    rng = np.random.default_rng(0)
    sketch = matrix.T @ rng.random(matrix.shape[0])  # equal columns have equal sketches, to the bit
    order = np.argsort(sketch, kind="stable")
    starts = np.flatnonzero(np.diff(sketch[order], prepend=-np.inf))
    crowds = []
    for low, high in pairwise([*starts.tolist(), len(order)]):
        if high - low > more_than:
            crowd = order[low:high]
            first = matrix[:, crowd[:1]].toarray()
            crowds.append(crowd[(matrix[:, crowd].toarray() == first).all(axis=0)])
    return crowds


def in_unit_interval(values: FloatArray, allowed: BoolArray) -> FloatArray:
    """So that those allowed lie in [0, 1]; none below 0."""
    low = values[allowed].min(initial=np.inf)
    spread = values[allowed].max(initial=-np.inf) - low
    return np.maximum((values - low) / spread, 0.0) if 0 < spread < np.inf else np.zeros(len(values))


def units_of(bank: ItemBank, plan: Plan) -> tuple[IntArray, int]:
    """(N,) the unit of each question: itself, or its question set where these are given whole."""
    if not plan.whole_sets:
        return np.arange(bank.n_items), bank.n_items
    codes = bank.attributes.question_set.codes
    names = len(bank.attributes.question_set.names)
    unit_of = np.where(codes >= 0, codes, names + np.cumsum(codes < 0) - 1)
    return unit_of.astype(np.intp), int(unit_of.max()) + 1


def _set_rows(bank: ItemBank, size: SetSize, first: int) -> list[Requirement]:
    """least · y ≤ questions of the set ≤ most · y, where the column y (from `first` on) says that it is
    used.
    """
    rows = []
    for i, items in enumerate(bank.attributes.question_set.members):
        columns = np.append(items, first + i)
        most, least = min(size.most or len(items), len(items)), min(size.least, len(items))
        ones = np.ones(len(items))
        rows.append(Requirement(columns, np.append(ones, -float(most)), -np.inf, 0.0, "/set_size"))
        rows.append(Requirement(columns, np.append(ones, -float(least)), 0.0, np.inf, "/set_size"))
    return rows
