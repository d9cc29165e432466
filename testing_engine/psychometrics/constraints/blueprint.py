"""The program of one plan, pool and length, and the best test of which all of the plan holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from scipy.sparse import csc_array

from testing_engine.psychometrics.constraints.assembly import in_unit_interval, units_of
from testing_engine.psychometrics.constraints.block_program import BlockProgram
from testing_engine.psychometrics.constraints.blocks import Blocks
from testing_engine.psychometrics.constraints.mixed_program import Search, guided
from testing_engine.psychometrics.constraints.plan import Plan, Requirement
from testing_engine.psychometrics.constraints.rows import Matrix, Rows
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray

KEPT_TESTS = 8_192  # of one blueprint: some 4 MB


@dataclass(frozen=True, eq=False)
class Assembled:
    """(N,) a test, None where there is none; `is_proven`: that there is none, or that it is good enough."""

    test: BoolArray | None
    is_proven: bool


@dataclass(frozen=True, eq=False)
class Row:
    columns: IntArray
    coefficients: FloatArray
    lower: float
    upper: float


class Blueprint:
    """The same call gives the same test, whether it is put together or remembered."""

    def __init__(self, bank: ItemBank, plan: Plan, length: int) -> None:
        self.n_items, self.length = bank.n_items, length
        self.unit_of, units = units_of(bank, plan)
        groups = bank.attributes.question_set.members if plan.set_size else ()
        size = plan.set_size
        self.blocks = Blocks.of(groups, units, size.least if size else 1, size.most if size else None)
        self.n_columns = units + len(groups)
        self.block_of = self.blocks.block_of(self.n_columns)
        everything = Requirement.count(np.arange(bank.n_items), length, length, "/max_questions")
        side = [self._row(requirement) for requirement in (everything, *plan.requirements)]
        side += [row for each in side for row in self._whole_numbers(each)]
        first = units if plan.set_size else 0  # a set given whole is a unit, and its code the unit's number
        side += [
            Row(first + limit.items, limit.coefficients, limit.lower, limit.upper) for limit in plan.sets
        ]
        self.rows = self._rows(side)
        self._remembered: dict[object, IntArray | None] = {}
        self.kind_of = self._kinds()[self.unit_of]  # (N,) questions of one kind are equal to all rows

    def _kinds(self) -> IntArray:
        """(U,) a number for each column, the same for equal columns; of units only: no program has both."""
        sketch = self.rows.matrix.priced(np.random.default_rng(0).random(len(self.rows.high)))
        return np.asarray(np.unique(sketch[: self.n_columns], return_inverse=True)[1])

    def remembered(
        self, values: FloatArray, given: Sequence[int], allowed: BoolArray, tolerance: float, search: Search
    ) -> BoolArray | None:
        """(N,) the test of `best`, put together once for all who ask for exactly this.

        For the first questions of a test: students of whom the same is believed begin alike, and their
        answers take them apart by and by.
        """
        asked = blake2b(np.ascontiguousarray(values).tobytes() + allowed.tobytes(), digest_size=16).digest()
        key = (asked, frozenset(given), tolerance, search)
        try:
            questions = self._remembered[key]
        except KeyError:
            found = self.best(values, given, allowed, tolerance, search).test
            questions = None if found is None else np.flatnonzero(found)
            if len(self._remembered) >= KEPT_TESTS:
                self._remembered.clear()
            self._remembered[key] = questions
        if questions is None:
            return None
        test = np.zeros(self.n_items, dtype=bool)
        test[questions] = True
        return test

    def best(
        self,
        values: FloatArray,
        given: Sequence[int],
        allowed: BoolArray,
        tolerance: float = 0.0,
        search: Search = guided,
    ) -> Assembled:
        """The test of largest Σ values (N,) that has all questions given.

        Only questions that are allowed (N,) may come beside those given, and the rest of a whole set of
        theirs. The sum, of values above the smallest allowed one, may be short of the largest by the share
        `tolerance`.
        """
        fixed = np.zeros(self.n_columns, dtype=bool)
        fixed[self.unit_of[list(given)]] = True
        open_items = allowed.copy()
        open_items[list(given)] = True
        missing = np.bincount(self.unit_of[~open_items], minlength=self.n_columns)
        blocks = self.blocks.after(np.flatnonzero(fixed))
        fixed[blocks.used[blocks.forced]] = True
        weights = in_unit_interval(values, allowed)
        sums = np.bincount(self.unit_of, weights, self.n_columns).astype(np.float64)
        free = (missing == 0) & ~fixed
        program = BlockProgram(sums, self.rows.without(fixed), blocks, free, self.block_of, search)
        found = program.solve(self.length - len(given), tolerance, float(sums[fixed].sum()))
        if found.columns is None:
            return Assembled(None, found.is_proven)
        fixed[found.columns] = True
        return Assembled(fixed[self.unit_of], found.is_proven)

    def _row(self, requirement: Requirement) -> Row:
        """In units of its largest coefficient, so that HiGHS's tolerances and prices mean the same in all."""
        unit = float(np.abs(requirement.coefficients).max(initial=0.0)) or 1.0
        weights = requirement.coefficients / unit
        sums = np.bincount(self.unit_of[requirement.items], weights, self.n_columns).astype(np.float64)
        columns = np.flatnonzero(sums)
        return Row(columns, sums[columns], requirement.lower / unit, requirement.upper / unit)

    def _whole_numbers(self, row: Row) -> list[Row]:
        """How many blocks a count of questions leaves room for, and how many it takes at least.

        Follows from the row for whole numbers only, so the relaxation needs to be told (Chvátal 1973).
        """
        if not len(self.blocks.used) or not (row.coefficients == 1).all():
            return []
        inside = np.isin(self.blocks.members, [*row.columns, -1]).all(axis=1)
        if not inside.any():
            return []
        used = self.blocks.used[inside]
        upper = np.floor(row.upper / self.blocks.least[inside].min())
        covered = np.count_nonzero(self.blocks.members[inside] >= 0) == len(row.columns)
        lower = np.ceil(row.lower / self.blocks.most[inside].max()) if covered else -np.inf
        if upper >= len(used) and lower <= 0:
            return []
        return [Row(used, np.ones(len(used)), lower, upper)]

    def _rows(self, side: list[Row]) -> Rows:
        """All of them, and for each of `side` what it misses."""
        equal = [row for row in side if row.lower == row.upper]
        above = [Row(r.columns, r.coefficients, -np.inf, r.upper) for r in side if r.lower < r.upper < np.inf]
        above += [
            Row(r.columns, -r.coefficients, -np.inf, -r.lower) for r in side if -np.inf < r.lower < r.upper
        ]
        first, extra = self.n_columns, len(above) + 2 * len(equal)
        above = [
            Row(np.append(r.columns, first + i), np.append(r.coefficients, -1.0), r.lower, r.upper)
            for i, r in enumerate(above)
        ]
        first += len(above)
        equal = [
            Row(
                np.append(r.columns, [first + 2 * i, first + 2 * i + 1]),
                np.append(r.coefficients, [1.0, -1.0]),
                r.lower,
                r.upper,
            )
            for i, r in enumerate(equal)
        ]
        own = self._own_rows()
        width = self.n_columns + extra
        matrix = Matrix(_matrix([*above, *own], width), _matrix(equal, width))
        return Rows(matrix, np.array([row.upper for row in (*above, *own, *equal)]), len(own))

    def _own_rows(self) -> list[Row]:
        """Of each block: no column without the block, least · used ≤ columns ≤ most · used."""
        rows = []
        blocks = self.blocks
        for members, used, least, most in zip(
            blocks.members, blocks.used, blocks.least, blocks.most, strict=True
        ):
            own = members[members >= 0]
            rows += [Row(np.array([column, used]), np.array([1.0, -1.0]), -np.inf, 0.0) for column in own]
            columns, ones = np.append(own, used), np.ones(len(own))
            rows.append(Row(columns, np.append(ones, -float(most)), -np.inf, 0.0))
            rows.append(Row(columns, np.append(-ones, float(least)), -np.inf, 0.0))
        return rows


def _matrix(rows: list[Row], width: int) -> csc_array:
    if not rows:
        return csc_array((0, width))
    row_of = np.repeat(np.arange(len(rows)), [len(row.columns) for row in rows])
    columns = np.concatenate([row.columns for row in rows])
    return csc_array(
        (np.concatenate([row.coefficients for row in rows]), (row_of, columns)), shape=(len(rows), width)
    )
