"""Tests put together by integer programming: what must hold of a whole test, and the best test of which it
holds.

    maximise  Σ v_u z_u   subject to   lower ≤ A z ≤ upper,   z_u ∈ {0, 1}

over units u: a question, or a question set that is given whole. van der Linden (2005), Linear Models for
Optimal Test Design. Solved with HiGHS (Huangfu & Hall 2018) in three steps, each exact:

1. The linear relaxation, on the units of largest value and then on all that its prices find too cheap
   (column generation). An integral solution is the answer.
2. A unit whose reduced cost exceeds the gap between the relaxation and a known test cannot change its value
   in any better test. So the integer program is solved over the few units of small reduced cost,
3. and over more of them only if the gap turns out to be larger than assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array

from testing_engine.psychometrics.components import Problems
from testing_engine.psychometrics.items import ItemBank
from testing_engine.psychometrics.response import BoolArray, FloatArray, IntArray

FIRST_GAP = 0.02  # values are scaled to [0, 1]; tried first, and then what the solution says
TOLERANCE = 1e-7  # HiGHS's own, of feasibility and optimality
MOST_NODES = 20_000  # of branch and bound: a bound on the work that, unlike a clock, is the same every time


@dataclass(frozen=True, eq=False)
class Requirement:
    """lower ≤ Σ coefficients over the questions of the test ≤ upper."""

    items: IntArray  # (n,)
    coefficients: FloatArray  # (n,)
    lower: float
    upper: float
    pointer: str  # where the rules say so

    @classmethod
    def count(cls, items: IntArray, lower: float, upper: float, pointer: str) -> Self:
        """How many of these questions a test has."""
        return cls(items, np.ones(len(items)), lower, upper, pointer)


@dataclass(frozen=True)
class SetSize:
    """How many questions of a question set a test has if it has any; `most` None is all."""

    least: int
    most: int | None


@dataclass(frozen=True)
class Plan:
    """What must hold of a whole test."""

    requirements: tuple[Requirement, ...] = ()
    whole_sets: bool = False
    whole_sets_pointer: str = ""
    set_size: SetSize | None = None

    @classmethod
    def together(cls, plans: Sequence["Plan"]) -> Self:
        return cls(
            tuple(requirement for plan in plans for requirement in plan.requirements),
            any(plan.whole_sets for plan in plans),
            next((plan.whole_sets_pointer for plan in plans if plan.whole_sets), ""),
            next((plan.set_size for plan in plans if plan.set_size), None),
        )

    def under(self, pointer: str) -> Self:
        """The same with pointers from further up."""
        return replace(
            self,
            requirements=tuple(replace(row, pointer=pointer + row.pointer) for row in self.requirements),
            whole_sets_pointer=pointer + self.whole_sets_pointer,
        )


EMPTY_PLAN = Plan()


class Assembly:
    """The integer program of one plan, pool and length. Holds no state: the same call gives the same test."""

    def __init__(self, bank: ItemBank, plan: Plan, length: int) -> None:
        self.n_items = bank.n_items
        self.length = length
        self.unit_of, self.n_units = _units(bank, plan)
        everything = np.arange(bank.n_items)
        rows = [Requirement.count(everything, length, length, "/max_questions"), *plan.requirements]
        if plan.set_size:
            rows += _set_rows(bank, plan.set_size, self.n_units)
            self.n_units += len(bank.attributes.question_set.names)
            self.unit_of = np.concatenate([self.unit_of, np.arange(self.unit_of.max() + 1, self.n_units)])
        self.lower = np.array([row.lower for row in rows])
        self.upper = np.array([row.upper for row in rows])
        row_of = np.repeat(np.arange(len(rows)), [len(row.items) for row in rows])
        column_of = self.unit_of[np.concatenate([row.items for row in rows])]
        entries = np.concatenate([row.coefficients for row in rows])
        self.matrix = csc_array((entries, (row_of, column_of)), shape=(len(rows), self.n_units))

    def best(self, values: FloatArray, given: Sequence[int], allowed: BoolArray) -> BoolArray | None:
        """(N,) the test of largest Σ values (N,) that has all questions given; None if there is none.

        Only questions that are allowed (N,) may come beside those given, and the rest of a whole set of
        theirs.
        """
        scaled = values - values[allowed].min(initial=np.inf)
        scaled = np.where(allowed, scaled / max(scaled[allowed].max(initial=0.0), 1e-300), 0.0)
        fixed = np.zeros(self.n_units, dtype=bool)
        fixed[self.unit_of[list(given)]] = True
        open_items = allowed.copy()
        open_items[list(given)] = True
        free = self._all_of_unit(open_items) & ~fixed
        done = self.matrix @ fixed.astype(float)
        chosen = Program(
            self._sum_of_unit(scaled)[free], self.matrix[:, free], self.lower - done, self.upper - done
        ).solve(self.length)
        if chosen is None:
            return None
        fixed[np.flatnonzero(free)[chosen]] = True
        test: BoolArray = fixed[self.unit_of[: self.n_items]]
        return test

    def _sum_of_unit(self, values: FloatArray) -> FloatArray:
        sums = np.bincount(self.unit_of[: self.n_items], weights=values, minlength=self.n_units)
        return np.asarray(sums, dtype=np.float64)

    def _all_of_unit(self, mask: BoolArray) -> BoolArray:
        missing = np.bincount(self.unit_of[: self.n_items][~mask], minlength=self.n_units)
        return np.asarray(missing == 0)


@dataclass(frozen=True, eq=False)
class Program:
    """maximise values · z, lower ≤ matrix z ≤ upper, z binary; values scaled to about [0, 1]."""

    values: FloatArray  # (U,)
    matrix: csc_array  # (C, U)
    lower: FloatArray  # (C,)
    upper: FloatArray  # (C,)

    def solve(self, length: int) -> IntArray | None:
        """The columns that are 1; None if nothing is feasible. `length` says how many to expect."""
        if not len(self.values):
            return np.arange(0) if (self.lower <= 0).all() and (self.upper >= 0).all() else None
        relaxed = self._relaxation(length)
        if relaxed is None:
            return None
        bound, z, reduced = relaxed
        if (np.minimum(z, 1 - z) < 1e-6).all():
            return np.flatnonzero(z > 0.5)
        gap = FIRST_GAP
        while True:
            open_columns = np.abs(reduced) <= gap
            kept = np.flatnonzero(~open_columns & (z > 0.5))
            found = self._integral(np.flatnonzero(open_columns), kept)
            loss = np.inf if found is None else bound - float(self.values[found].sum())
            if loss <= gap or open_columns.all():
                return found
            gap = loss + TOLERANCE if np.isfinite(loss) else 4 * gap if gap < 1 else np.inf

    def _relaxation(self, length: int) -> tuple[float, FloatArray, FloatArray] | None:
        """Optimum, solution (U,) and reduced costs (U,) of the linear relaxation."""
        columns = self._promising(length)
        while True:
            solved = self._linear(columns)
            if solved is None:
                if len(columns) == len(self.values):
                    return None
                columns = np.arange(len(self.values))
                continue
            bound, part, reduced = solved
            wanted = reduced > TOLERANCE
            wanted[columns] = False
            if not wanted.any():
                z = np.zeros(len(self.values))
                z[columns] = part
                return bound, z, reduced
            columns = np.union1d(columns, np.flatnonzero(wanted))

    def _promising(self, length: int) -> IntArray:
        """The columns of largest value, overall and in every row."""
        if len(self.values) <= 4 * length:
            return np.arange(len(self.values))
        order = np.argsort(-self.values, kind="stable")
        chosen = [order[: 2 * length]]
        sorted_rows = self.matrix[:, order].tocsr()
        for low, high in zip(sorted_rows.indptr[:-1], sorted_rows.indptr[1:], strict=True):
            chosen.append(order[np.sort(sorted_rows.indices[low:high])[:10]])
        return np.unique(np.concatenate(chosen))

    def _linear(self, columns: IntArray) -> tuple[float, FloatArray, FloatArray] | None:
        """The relaxation over some columns, with the reduced costs of all."""
        equal = self.lower == self.upper
        above, below = np.isfinite(self.upper) & ~equal, np.isfinite(self.lower) & ~equal
        part = self.matrix[:, columns].toarray()
        solved = linprog(
            -self.values[columns],
            A_ub=np.concatenate([part[above], -part[below]]),
            b_ub=np.concatenate([self.upper[above], -self.lower[below]]),
            A_eq=part[equal],
            b_eq=self.upper[equal],
            bounds=(0, 1),
            method="highs-ds",
        )
        if solved.x is None or solved.fun is None or solved.status != 0:
            return None
        prices = np.zeros(len(self.lower))
        n_above = int(np.count_nonzero(above))
        prices[above] = solved.ineqlin.marginals[:n_above]
        prices[below] -= solved.ineqlin.marginals[n_above:]
        prices[equal] = solved.eqlin.marginals
        return -float(solved.fun), solved.x, self.values + self.matrix.T @ prices

    def _integral(self, columns: IntArray, kept: IntArray) -> IntArray | None:
        """The best solution that has the columns `kept`, some of `columns` and no others."""
        done = self.matrix[:, kept].sum(axis=1)
        solved = milp(
            -self.values[columns],
            integrality=np.ones(len(columns), dtype=np.intp),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(
                self.matrix[:, columns].toarray(), self.lower - done, self.upper - done
            ),
            options={"mip_rel_gap": 0.0, "node_limit": MOST_NODES},
        )
        return None if solved.x is None else np.union1d(kept, columns[solved.x > 0.5])


def conflicts(plan: Plan, bank: ItemBank, length: int) -> Problems:
    """Why no test of this length does all that a plan asks: (JSON pointer, message)."""
    if length > bank.n_items:
        return []  # ends when the pool is exhausted
    if _feasible(plan, bank, length):
        return []
    pointers = list(dict.fromkeys(requirement.pointer for requirement in plan.requirements))
    found: Problems = []
    for pointer in pointers:
        others = tuple(row for row in plan.requirements if row.pointer != pointer)
        if _feasible(replace(plan, requirements=others), bank, length):
            found.append((pointer, f"no test of {length} questions satisfies this and all the rest"))
    if plan.whole_sets and _feasible(replace(plan, whole_sets=False), bank, length):
        found.append(
            (
                plan.whole_sets_pointer,
                f"no test of {length} questions has only whole question sets and satisfies the rest",
            )
        )
    return found or [("", f"no test of {length} questions satisfies all of these rules")]


def _feasible(plan: Plan, bank: ItemBank, length: int) -> bool:
    assembly = Assembly(bank, plan, length)
    return assembly.best(np.zeros(bank.n_items), (), np.ones(bank.n_items, dtype=bool)) is not None


def _units(bank: ItemBank, plan: Plan) -> tuple[IntArray, int]:
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
