"""The most informative questions at an ability, without looking at the whole pool.

No question tells more than its ceiling, wherever ability lies. So the pool is read in the order of ceilings,
a slice at a time, and no further once enough questions are strictly above the ceiling of all that follow.

Where that reads much, because ceilings tell little apart, the ability scale is cut into cells. Within h of a
cell's centre c, every question's information stays between I(c) exp(± b · slope · h), with b the `growth`
of its family at c. A cell lists the questions whose upper bound reaches the 32nd largest lower bound, and
remembers the largest upper bound among the others. A list that is long is made shorter in cells of an eighth
of the width. Cells are made when several steps have wanted them. If too few of a list may come, the wider
cell's list is read, at last the pool again.

Either way the questions found are strictly above all that was left out: the answer is that of a full scan,
bit for bit, because the same elementwise formula gives both: since the fourth edition a compiled one, which
reads pools that are not large one question after the other. Slices and cells are made when a step first needs
them, and kept on the bank.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Self

import numpy as np

from testing_engine.psychometrics.components import EDITION, THIRD_EDITION
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import (
    LARGEST_LOGIT,
    BoolArray,
    FloatArray,
    IntArray,
    Logistic,
)
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.informations import (
    informations,
    leading_informations,
    nearest_informations,
)
from testing_engine.psychometrics.kernels.leaders import ceilings_of, most_first
from testing_engine.psychometrics.values import quickly_made

IN_ORDER = 20_000  # questions of a pool that is read one after the other, which takes all in order
ALL_MAY: BoolArray = np.empty(0, dtype=np.bool_)
SLICE = 256  # questions in the first slice
TIMES = 4  # as many in each further one
ORDERED_FIRST, SHARE_FIRST = 1_024, 16  # so many, or this part; all only where more is read
LOWER = 0.8  # of its first ceiling: what the ceiling after a slice must not exceed
ENOUGH = 256  # categories of questions that are read without making a cell
# Steps that one of the widest cells would have helped, before it is made: with the narrower one in it, it
# takes as long as 10 to 20 steps save, or 25 to 45 where little is read (measured on pools of 500 to 50,000).
WORTH = 16
WORTH_NARROWER = 2  # the same of others
FEW, WORTH_OF_FEW = 1_024, 40  # categories of questions
KEPT_VISITS = 10_000
REACH = 8.0  # abilities farther out have no cells
WIDEST = 1 / 8  # of the cells, in logits; powers of two, so that cells nest exactly
SPLIT = 8
DEPTH = 4
SHORT = 96  # a list that needs no narrower cell
LEADERS = 32  # that every list holds, however ability lies in its cell
KEPT_CELLS = 1_000  # of each width: at most some 20 MB
ROUNDING = 1 + 1e-12  # so that bounds hold in floating point, too


@quickly_made
@dataclass(frozen=True, eq=False)
class Available:
    """The questions that may come next: those not used, or a mask that eligibility rules narrowed further."""

    n_items: int
    used: frozenset[int]
    narrowed: BoolArray | None = None  # (N,)

    @property
    def count(self) -> int:
        return self.n_items - len(self.used) if self.narrowed is None else self._left

    @cached_property
    def _left(self) -> int:
        return int(np.count_nonzero(self.mask))

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

    def where_allowed(self, values: FloatArray) -> FloatArray:
        """Values of all questions, −inf for those that may not come; written over unless narrowed."""
        if self.narrowed is not None:
            return np.where(self.narrowed, values, -np.inf)
        for item in self.used:
            values[item] = -np.inf
        return values

    def where_allowed_among(self, items: IntArray, values: FloatArray) -> FloatArray:
        """The same of some questions, rising; written over."""
        if self.narrowed is not None:
            values[~self.narrowed[items]] = -np.inf
        elif self.used:
            used = np.array(list(self.used), dtype=np.intp)
            places = np.searchsorted(items, used)
            places[places == len(items)] = 0
            values[places[items[places] == used]] = -np.inf
        return values

    def allows(self, item: int) -> bool:
        """Like mask[item], without making the mask."""
        return item not in self.used if self.narrowed is None else bool(self.narrowed[item])


@quickly_made
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
class Listed:
    """Some questions of a bank, a cell's or a slice of it, and the most that others can tell."""

    bank: ItemBank
    items: IntArray  # rising, so that a stable sort puts equals in order
    left_out: float = -np.inf  # no other question has more information, where the list is meant for

    @cached_property
    def questions(self) -> ItemBank:
        is_whole = len(self.items) == self.bank.n_items
        return self.bank if is_whole else self.bank.subset(self.items)

    @cached_property
    def places(self) -> dict[int, int]:
        """Where in this list each of its questions is."""
        return {item: place for place, item in enumerate(self.items.tolist())}

    @cached_property
    def _columns(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Slopes, intercepts and squared steepness."""
        bank = self.questions
        return np.ascontiguousarray(bank.slopes[:, 0]), bank.intercepts, bank.squared_steepness

    @cached_property
    def _informs(self) -> Callable[[FloatArray], FloatArray]:
        """(n,) information about t from t, which may be written over, of abilities that have cells."""
        slopes, intercepts, _ = self._columns
        families = self.questions.families
        if len(families) == 1 and float((np.abs(slopes) * REACH + np.abs(intercepts)).max()) <= LARGEST_LOGIT:
            return families[0].information_within
        return self.questions.information_at

    def information(self, theta: float, edition: int) -> FloatArray:
        """(n,) with the bits of `informations_of`."""
        if edition > THIRD_EDITION:
            values = np.empty(len(self.items))
            informations(columns_of(self.bank), self.items, theta, values)
            return values
        return self.by_formulas(theta)

    def by_formulas(self, theta: float) -> FloatArray:
        """(n,) with the operations of `ItemBank.information`, so with its bits."""
        slopes, intercepts, squared = self._columns
        t = slopes * theta
        t += intercepts
        told = self._informs(t) if abs(theta) < REACH else self.questions.information_at(t)
        told *= squared
        return told

    def best(self, theta: float, used: frozenset[int], edition: int) -> tuple[float, int]:
        """The most information of a question not used, and the first such question; −inf if all are used."""
        values, items = self.information(theta, edition), self.items
        if len(items) <= SLICE:
            self.close(used, values)
        place = int(values.argmax())
        while int(items[place]) in used and values[place] > -np.inf:
            values[place] = -np.inf
            place = int(values.argmax())
        return float(values[place]), int(items[place])

    def close(self, used: frozenset[int], values: FloatArray) -> None:
        """Puts −inf for those used."""
        places = self.places
        for item in used:
            if item in places:
                values[places[item]] = -np.inf

    def bounds(self, centre: float, half_width: float) -> tuple[FloatArray, FloatArray]:
        """The most and the least information of each question within so much of an ability."""
        questions, information = self.questions, self.by_formulas(centre)
        reach = questions.growth(np.array([centre])) * questions.steepness
        reach *= half_width
        np.exp(reach, out=reach)
        reach *= ROUNDING
        return information * reach, information / reach

    def narrowed(self, centre: float, half_width: float) -> "Listed":
        """The questions of this cell that matter in a narrower one."""
        upper, lower = self.bounds(centre, half_width)
        threshold = _leading(lower)
        kept = upper >= threshold
        left_out = max(self.left_out, float(upper[~kept].max(initial=-np.inf)))
        return Listed(self.bank, self.items[kept], left_out)


def informations_of(bank: ItemBank, theta: float, edition: int) -> FloatArray:
    """(N,) information about ability of a one-dimensional pool's questions, as that edition computes it."""
    return _everything(bank).information(theta, edition)


def leading_information(
    bank: ItemBank, theta: float, available: Available, count: int, edition: int = EDITION
) -> Leaders:
    """The available questions of a one-dimensional pool with the most information at θ."""
    count = min(count, available.count)
    if not count:
        return Leaders([], [])
    if edition > THIRD_EDITION and len(order := _by_intercept(bank)):
        return _nearest(bank, order, theta, available, count)
    may_have_cells = abs(theta) < REACH and count <= LEADERS
    key = _cell_key(0, theta) if may_have_cells else ()
    if may_have_cells and (widest := bank.known(key)) is not None:
        for cell in reversed(_narrower(bank, theta, [widest])):
            leaders = _listed(cell, theta, available, count, edition)
            if leaders is not None:
                return leaders
    scan = _read_in_order if edition > THIRD_EDITION and bank.n_items <= IN_ORDER else _scanned
    leaders, read = scan(bank, theta, available, count, edition)
    if may_have_cells and (entries := read * bank.most_categories) > ENOUGH:
        steps = WORTH_OF_FEW if entries <= FEW else WORTH
        if _is_worth(bank, key, steps):
            _make_cells(bank, theta)
    return leaders


def _is_worth(bank: ItemBank, key: tuple[object, ...], steps: int) -> bool:
    """Whether so many steps have wanted a cell: making it takes as long as some steps without."""
    visits: dict[tuple[object, ...], int] = bank.derived(("visits",), dict)
    if len(visits) >= KEPT_VISITS:
        visits.clear()
    visits[key] = visits.get(key, 0) + 1
    return visits[key] >= steps


def _listed(cell: Listed, theta: float, available: Available, count: int, edition: int) -> Leaders | None:
    """The leaders, if the cell's list is enough to tell."""
    values = cell.information(theta, edition)
    if count == 1 and len(values) <= SHORT and available.narrowed is None:
        cell.close(available.used, values)
        best = int(values.argmax())
        value = float(values[best])
        return Leaders([int(cell.items[best])], [value]) if value > cell.left_out else None
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


def _by_intercept(bank: ItemBank) -> IntArray:
    """(N,) the questions of a pool in which all are one curve in other places, as in Rasch's model; else
    none.
    """
    return bank.derived(("by intercept",), lambda: _alike_by_intercept(bank))


def _alike_by_intercept(bank: ItemBank) -> IntArray:
    families = bank.families
    is_one_curve = len(families) == 1 and isinstance(families[0], Logistic) and families[0].is_plain
    if is_one_curve and bank.slopes.min() == bank.slopes.max():
        return np.argsort(bank.intercepts, kind="stable")
    return np.empty(0, dtype=np.intp)


def _nearest(bank: ItemBank, order: IntArray, theta: float, available: Available, count: int) -> Leaders:
    items, values = np.empty(count, dtype=np.intp), np.empty(count)
    nearest_informations(order, columns_of(bank), theta, *_open(available), items, values)
    return Leaders(items.tolist(), values.tolist())


def _open(available: Available) -> tuple[IntArray, BoolArray]:
    """The questions used, and (N,) which may come, or nothing where all others may."""
    may_come = ALL_MAY if available.narrowed is None else available.narrowed
    return np.array(list(available.used), dtype=np.intp), may_come


def _read_in_order(
    bank: ItemBank, theta: float, available: Available, count: int, edition: int
) -> tuple[Leaders, int]:
    """The same as `_scanned`, one question after the other."""
    items, values = np.empty(count, dtype=np.intp), np.empty(count)
    known = most_first(bank), columns_of(bank), theta
    read = leading_informations(*known, *_open(available), items, values)
    return Leaders(items.tolist(), values.tolist()), read


def _scanned(
    bank: ItemBank, theta: float, available: Available, count: int, edition: int
) -> tuple[Leaders, int]:
    """The leaders by reading the pool from its highest ceilings on, and how many questions that took."""
    if bank.n_items <= 2 * SLICE:
        values = available.where_allowed(informations_of(bank, theta, edition))
        return Leaders.of_all(values, count), bank.n_items
    if count == 1 and available.narrowed is None:
        return _best_scanned(bank, theta, available.used, edition)
    items, values, read = np.empty(0, dtype=np.intp), np.empty(0), 0
    for part in _slices(bank):
        own = part.information(theta, edition)
        if len(own) == bank.n_items:
            return Leaders.of_all(available.where_allowed(own), count), len(own)
        leading = Leaders.of_all(available.where_allowed_among(part.items, own), min(count, len(own)))
        items = np.append(items, part.items[leading.items])
        values = np.append(values, leading.values)
        order = np.lexsort((items, -values))[:count]
        items, values = items[order], values[order]
        read += len(own)
        if len(values) == count and values[-1] > part.left_out:
            break
    return Leaders(items.tolist(), values.tolist()), read


def _best_scanned(bank: ItemBank, theta: float, used: frozenset[int], edition: int) -> tuple[Leaders, int]:
    """The same of one leader, without sorting anything."""
    leader, highest, read = -1, -np.inf, 0
    for part in _slices(bank):
        value, item = part.best(theta, used, edition)
        if leader < 0 or value > highest or (value == highest and item < leader):
            leader, highest = item, value
        read += len(part.items)
        if highest > part.left_out:
            break
    return Leaders([leader], [highest]), read


def _slices(bank: ItemBank) -> Iterator[Listed]:
    """The pool by falling ceilings, each slice with the highest ceiling of those after it."""
    first = max(ORDERED_FIRST, bank.n_items // SHARE_FIRST)
    order, ceilings = most_first(bank) if first >= bank.n_items else _highest(bank, first)
    start = 0
    while start < bank.n_items:
        end = max(SLICE, TIMES * start)
        while True:
            if end >= len(order) < bank.n_items:
                order, ceilings = most_first(bank)
            if end >= bank.n_items or ceilings[end] <= LOWER * ceilings[start]:
                break
            end *= TIMES  # a slice that the ceiling after it would hardly ever end
        end = min(end, bank.n_items)
        yield bank.derived(("slice", start), partial(_slice, bank, order, ceilings, start, end))
        start = end


def _everything(bank: ItemBank) -> Listed:
    return bank.derived(("everything",), lambda: Listed(bank, np.arange(bank.n_items)))


def _highest(bank: ItemBank, count: int) -> tuple[IntArray, FloatArray]:
    """The `count` first of `most_first` and their equals, made once for a bank: that does not order all."""
    return bank.derived(("highest ceilings",), lambda: _ordered_highest(bank, count))


def _ordered_highest(bank: ItemBank, count: int) -> tuple[IntArray, FloatArray]:
    ceilings = ceilings_of(bank)
    highest = np.flatnonzero(ceilings >= np.partition(ceilings, -count)[-count])
    order = highest[np.argsort(-ceilings[highest], kind="stable")]
    return order, ceilings[order]


def _slice(bank: ItemBank, order: IntArray, ceilings: FloatArray, start: int, end: int) -> Listed:
    next_ceiling = float(ceilings[end]) if end < bank.n_items else -np.inf
    return Listed(bank, np.sort(order[start:end]), next_ceiling)


def _leading(values: FloatArray) -> float:
    """The 32nd largest."""
    return float(np.partition(values, -LEADERS)[-LEADERS]) if len(values) >= LEADERS else -np.inf


def _make_cells(bank: ItemBank, theta: float) -> None:
    """The widest that this ability is in, from the slices whose ceilings reach into its list."""
    half = WIDEST / 2
    centre = (math.floor(theta / WIDEST) + 0.5) * WIDEST
    items, uppers, lowers = np.empty(0, dtype=np.intp), np.empty(0), np.empty(0)
    left_out = threshold = -np.inf
    for part in _slices(bank):
        upper, lower = part.bounds(centre, half)
        items, uppers = np.append(items, part.items), np.append(uppers, upper)
        lowers = np.append(lowers, lower)
        threshold = _leading(lowers)
        if part.left_out < threshold:
            left_out = part.left_out
            break
    kept = uppers >= threshold
    left_out = max(left_out, float(uppers[~kept].max(initial=-np.inf)))
    bank.derived(_cell_key(0, theta), lambda: Listed(bank, np.sort(items[kept]), left_out), keep=KEPT_CELLS)


def _narrower(bank: ItemBank, theta: float, cells: list[Listed]) -> list[Listed]:
    """The widest cell, and within it those down to a short list."""
    width = WIDEST
    for depth in range(1, DEPTH):
        parent = cells[-1]
        if len(parent.items) <= SHORT:
            break
        width /= SPLIT
        key = _cell_key(depth, theta)
        if bank.known(key) is None and not _is_worth(bank, key, WORTH_NARROWER):
            break
        centre = (math.floor(theta / width) + 0.5) * width
        make = partial(parent.narrowed, centre, width / 2)
        cells.append(bank.derived(key, make, keep=KEPT_CELLS))
    return cells


def _cell_key(depth: int, theta: float) -> tuple[object, ...]:
    return "information cell", depth, math.floor(theta * SPLIT**depth / WIDEST)
