"""The rows of a program, column by column, as HiGHS takes them.

SciPy's sparse arrays look at their indices again in every selection, conversion and product; for a program of
a hundred columns that takes longer than solving it. So columns are gathered here by their places in memory,
their entries in the order that SciPy would leave them in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, vstack

from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray

Places = NDArray[np.int32]  # as HiGHS has them
BROKEN = 1e-7  # HiGHS's own tolerance of feasibility


@dataclass(frozen=True, eq=False)
class Part:
    """Some columns n of some rows r: the first rows are ≤ `high`, the others equal it."""

    start: Places  # (n + 1,) where each column's entries begin
    row: Places  # of each entry, rising within a column
    value: FloatArray  # of each entry
    high: FloatArray  # (r,)
    equal: int  # so many of the last rows are equalities

    @property
    def low(self) -> FloatArray:
        """(r,)"""
        low = np.full(len(self.high), -np.inf)
        low[self.above :] = self.high[self.above :]
        return low

    @property
    def above(self) -> int:
        """So many of the first rows are ≤."""
        return len(self.high) - self.equal

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.high), len(self.start) - 1

    def matrix(self) -> csc_array:
        """(r, n)"""
        return csc_array((self.value, self.row, self.start), shape=self.shape)

    def dense(self) -> FloatArray:
        """(r, n), column by column in memory as `matrix().toarray()`, so that products have its bits."""
        dense = np.zeros(self.shape, order="F")
        dense[self.row, np.repeat(np.arange(self.shape[1]), np.diff(self.start))] = self.value
        return dense


@dataclass(frozen=True, eq=False)
class Matrix:
    """R rows ≤ and Q rows = over all columns, which no call changes."""

    above: csc_array  # (R, C)
    equal: csc_array  # (Q, C)

    @cached_property
    def columns(self) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Where each column's entries begin, their rows and values, and how many each has."""
        both = csc_array(vstack((self.above, self.equal), format="csc"))
        both.sort_indices()
        start = both.indptr.astype(np.intp)
        return start, both.indices.astype(np.intp), both.data, np.diff(start)

    @cached_property
    def varied(self) -> list[bool]:
        """(R + Q,) whether a row's coefficients differ."""
        _, row, value, _ = self.columns
        most, least = np.full(self.rows, -np.inf), np.full(self.rows, np.inf)
        np.maximum.at(most, row, value)
        np.minimum.at(least, row, value)
        varied: list[bool] = (least < most).tolist()
        return varied

    @property
    def rows(self) -> int:
        """R + Q"""
        return int(self.above.shape[0] + self.equal.shape[0])

    @cached_property
    def _entries(self) -> list[tuple[IntArray, IntArray, FloatArray]]:
        """Of the rows ≤ and of the others: column, row and value of each entry, column by column."""
        first = 0
        entries = []
        for part in (self.above, self.equal):
            column = np.repeat(np.arange(part.shape[1]), np.diff(part.indptr))
            entries.append((column, part.indices.astype(np.intp) + first, part.data))
            first += part.shape[0]
        return entries

    def priced(self, prices: FloatArray) -> FloatArray:
        """(C,) Σ prices (R + Q,) · entries, in the order of rows."""
        above, equal = (
            np.bincount(column, value * prices.take(row), self.above.shape[1])
            for column, row, value in self._entries
        )
        return np.asarray(above + equal, dtype=np.float64)

    def gathered(self, columns: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
        """How many entries each of these columns (n,) has; their rows and values, column by column."""
        start, row, value, lengths = self.columns
        own = lengths[columns]
        ends = np.cumsum(own)
        places = np.repeat(start[columns] - ends + own, own)
        places += np.arange(len(places))
        return own, row[places], value[places]


@dataclass(frozen=True, eq=False)
class Rows:
    """R and Q rows over U columns, and E more behind these that make up for what a row misses, at a price."""

    matrix: Matrix
    high: FloatArray  # (R + Q,)
    own: int  # so many of the last rows ≤ are the blocks' own

    @property
    def above(self) -> int:
        """R"""
        return int(self.matrix.above.shape[0])

    @property
    def columns(self) -> int:
        """U + E"""
        return int(self.matrix.above.shape[1])

    def without(self, z: BoolArray) -> Self:
        """What is left where the columns z (U,) are 1 already."""
        _, row, value = self.matrix.gathered(np.flatnonzero(z))
        return replace(self, high=self.high - np.bincount(row, value, len(self.high)))

    def among(self, columns: IntArray) -> tuple[Part, BoolArray]:
        """The rows that these columns have a part in, or that are broken without them; and which they are."""
        own, row, value = self.matrix.gathered(columns)
        kept = self._broken.copy()
        kept[row] = True
        place = np.cumsum(kept) - 1
        start = np.zeros(len(columns) + 1, dtype=np.int32)
        np.cumsum(own, out=start[1:])
        equal = int(np.count_nonzero(kept[self.above :]))
        return Part(start, place[row].astype(np.int32), value, self.high[kept], equal), kept

    @cached_property
    def _broken(self) -> BoolArray:
        """(R + Q,) where no column at all would do."""
        broken = np.abs(self.high) > BROKEN
        broken[: self.above] = self.high[: self.above] < -BROKEN
        return broken

    def side(self, order: IntArray) -> Iterator[tuple[IntArray, FloatArray, bool]]:
        """Of every row but the blocks' own: places in `order`, rising, and coefficients there; whether the
        whole row's differ."""
        own, row, value = self.matrix.gathered(order)
        short = row.astype(np.uint16) if len(self.high) < 1 << 16 else row  # NumPy sorts these by digits
        by_row = np.argsort(short, kind="stable")
        places, value = np.repeat(np.arange(len(order)), own)[by_row], value[by_row]
        ends = np.cumsum(np.bincount(row, minlength=len(self.high))).tolist()
        bounds = list(zip([0, *ends[:-1]], ends, self.matrix.varied, strict=True))
        for low, high, varies in bounds[: self.above - self.own] + bounds[self.above :]:
            if low < high:
                yield places[low:high], value[low:high], varies
