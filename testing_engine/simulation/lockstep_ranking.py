"""The most informative questions for each of many students, without looking at the whole pool for each.

Cells of the ability scale list questions in the order of an upper bound of their information within the cell,
so the best of the first few are the best of all if their information is above the next bound (see
`psychometrics.selection.ranking`); where it is not, the whole pool is scanned for that student.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.components import THIRD_EDITION
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.informations import informations_of_pairs

CELLS_PER_LOGIT = 32
NUMBERS_AT_ONCE = 500_000  # students × questions of a scan, several arrays of eight bytes each
KEPT_CELLS = 1_024
ROUNDING = 1 + 1e-12  # so that bounds hold in floating point, too


@dataclass(frozen=True, eq=False)
class Cell:
    items: IntArray  # (M,) by falling bound
    bounds: FloatArray  # (M + 1,), of each, then the largest of all others


@dataclass(frozen=True, eq=False)
class Leading:
    """(A, K) each student's best questions, best first; (A,) how many of them there are."""

    items: IntArray
    counts: IntArray


class Ranking:
    """Of one pool."""

    def __init__(self, bank: ItemBank, depth: int, edition: int) -> None:
        self.bank, self.edition, self.depth = bank, edition, min(depth, bank.n_items)
        self.places: dict[int, int] = {}
        self.items = np.empty((0, self.depth), dtype=np.intp)
        self.bounds = np.empty((0, self.depth + 1))

    def leading(
        self,
        thetas: FloatArray,
        look: int,
        count: int,
        is_open: Callable[[IntArray], BoolArray],
        open_to: Callable[[IntArray], BoolArray],
    ) -> Leading:
        """The `count` best that may come, for abilities (A,), after a look at the first `look` of their
        cells.

        `is_open`: (A, L) whether questions (A, L) may come, where that needs no others to be known.
        `open_to`: (R, N) all that may come to some of the students (R,).
        """
        places = self._places(np.floor(thetas * CELLS_PER_LOGIT).astype(np.intp))
        look, count = min(look, self.depth), min(count, self.bank.n_items)
        items = self.items[places, :look]
        values = pair_information(self.bank, items, thetas, self.edition)
        values[~is_open(items)] = -np.inf
        best, last = _best(items, values, min(count, look))
        counts = np.full(len(thetas), best.shape[1])
        unsure = np.flatnonzero((last <= self.bounds[places, look]) | (count > look))
        if best.shape[1] < count:
            best = np.pad(best, ((0, 0), (0, count - best.shape[1])))
        at_once = max(NUMBERS_AT_ONCE // self.bank.n_items, 1)
        for start in range(0, len(unsure), at_once):
            rows = unsure[start : start + at_once]
            best[rows], counts[rows] = self._of_all(thetas[rows], open_to(rows), count)
        return Leading(best, counts)

    def _of_all(self, thetas: FloatArray, may_come: BoolArray, count: int) -> tuple[IntArray, IntArray]:
        everything = np.broadcast_to(np.arange(self.bank.n_items), may_come.shape)
        values = pair_information(self.bank, everything, thetas, self.edition)
        values[~may_come] = -np.inf
        best, _ = _best(everything, values, count)
        return best, np.minimum(may_come.sum(axis=1), count)

    def _places(self, cells: IntArray) -> IntArray:
        """(A,) rows of `items` and `bounds`, after making those of cells visited for the first time."""
        distinct, inverse = np.unique(cells, return_inverse=True)
        new = [cell for cell in distinct.tolist() if cell not in self.places]
        if new:
            made = [self._cell(cell) for cell in new]
            self.places |= {cell: len(self.items) + i for i, cell in enumerate(new)}
            self.items = np.concatenate([self.items, [cell.items for cell in made]])
            self.bounds = np.concatenate([self.bounds, [cell.bounds for cell in made]])
        return np.array([self.places[cell] for cell in distinct.tolist()], dtype=np.intp)[inverse]

    def _cell(self, index: int) -> Cell:
        """Kept on the bank, like the cells of `psychometrics.selection.ranking`."""
        key = ("lock-step cell", (index, self.depth))
        return self.bank.derived(key, lambda: self._make_cell(index), KEPT_CELLS)

    def _make_cell(self, index: int) -> Cell:
        bank = self.bank
        centre = np.array([(index + 0.5) / CELLS_PER_LOGIT])
        bounds = bank.information(centre) * bank.squared_steepness * ROUNDING
        bounds *= np.exp(bank.growth(centre) * bank.steepness * (0.5 / CELLS_PER_LOGIT))
        if self.depth < bank.n_items:
            leading = np.argpartition(-bounds, self.depth)[: self.depth + 1]
        else:
            leading = np.arange(bank.n_items)
        leading = leading[np.argsort(-bounds[leading], kind="stable")]
        ordered = np.append(bounds[leading], -np.inf)
        return Cell(leading[: self.depth], ordered[: self.depth + 1])


def _best(items: IntArray, values: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    """(A, count) of the largest values, equals by index, and (A,) the last of these values."""
    if count == 1:
        leading = values.max(axis=1)
        lowest = np.where(values == leading[:, None], items, items.max(initial=0) + 1).min(axis=1)
        return lowest[:, None], leading
    order = np.lexsort((items, -values), axis=1)[:, :count]
    last = np.take_along_axis(values, order[:, -1:], axis=1)[:, 0]
    return np.take_along_axis(items, order, axis=1), last


def pair_information(bank: ItemBank, items: IntArray, thetas: FloatArray, edition: int) -> FloatArray:
    """(A, L) information of questions (A, L) about abilities (A,), in a pool of one dimension.

    The same operations as in a scan of the pool, so the same bits.
    """
    if edition > THIRD_EDITION:
        values = np.empty(items.shape)
        informations_of_pairs(columns_of(bank), np.ascontiguousarray(items), thetas, values)
        return values
    flat = items.ravel()
    t = (bank.slopes[:, 0][items] * thetas[:, None] + bank.intercepts[items]).ravel()
    information = bank.information_at(t, flat)
    information *= bank.squared_steepness[flat]
    return information.reshape(items.shape)
