"""The best of many by a value, where a ceiling of each is known: read from the highest ceiling on."""

from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.kernels.compiling import compiled

ROUNDING = 1 + 1e-9  # far more than the last bits of a value


class MostFirst(NamedTuple):
    """The questions by the most that each may tell."""

    items: IntArray  # (N,)
    most: FloatArray  # (N,) ‖s‖² times the ceiling of the information, and a little more; falling


def most_first(bank: ItemBank) -> MostFirst:
    """Made once for a bank."""
    return bank.derived(("most first",), lambda: _most_first(bank))


def ceilings_of(bank: ItemBank) -> FloatArray:
    """(N,) that no question's information about ability exceeds, and a little more."""
    return bank.ceiling * bank.squared_steepness * ROUNDING


def _most_first(bank: ItemBank) -> MostFirst:
    most = ceilings_of(bank)
    items = np.argsort(-most, kind="stable")
    return MostFirst(items, most[items])


@compiled
def goes_before(value: float, item: int, other_value: float, other: int) -> bool:
    return value > other_value or (value == other_value and item < other)


@compiled
def put(value: float, item: int, leaders: IntArray, values: FloatArray, count: int) -> int:
    """Into its place among `count` leaders, over the last where there is no room; how many there are then."""
    is_full = count == len(leaders)
    at = count - 1 if is_full else count
    while at > 0 and goes_before(value, item, values[at - 1], leaders[at - 1]):
        leaders[at], values[at] = leaders[at - 1], values[at - 1]
        at -= 1
    leaders[at], values[at] = item, value
    return count if is_full else count + 1
