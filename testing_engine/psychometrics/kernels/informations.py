"""Information about ability in one dimension: of questions, and which have most of it."""

import math

from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import Columns
from testing_engine.psychometrics.kernels.compiling import compiled
from testing_engine.psychometrics.kernels.curves import information
from testing_engine.psychometrics.kernels.leaders import ROUNDING, MostFirst, goes_before, put


@compiled
def informations(columns: Columns, items: IntArray, theta: float, values: FloatArray) -> None:
    """Of questions (n,) at θ into `values` (n,)."""
    for place in range(len(items)):
        values[place] = _about(columns, items[place], theta)


@compiled
def informations_of_pairs(columns: Columns, items: IntArray, thetas: FloatArray, values: FloatArray) -> None:
    """Of questions (A, L) at the ability (A,) of their row into `values` (A, L)."""
    for row in range(len(items)):
        for place in range(items.shape[1]):
            values[row, place] = _about(columns, items[row, place], thetas[row])


@compiled
def leading_informations(
    first: MostFirst,
    columns: Columns,
    theta: float,
    used: IntArray,
    may_come: BoolArray,  # (N,), or nothing where all may
    leaders: IntArray,
    values: FloatArray,
) -> int:
    """Of those not used that may come the questions with most information, best first and of equals the
    first, into `leaders` and `values`, both (count,), no more than there are. How many questions were read.
    """
    count = 0
    for place in range(len(first.items)):
        is_full = count == len(leaders)
        if is_full and first.most[place] < values[count - 1]:
            return place
        item = first.items[place]
        if len(may_come) and not may_come[item]:
            continue
        value = _about(columns, item, theta)
        if is_full and not goes_before(value, item, values[count - 1], leaders[count - 1]):
            continue
        if _holds(used, item):
            continue
        count = put(value, item, leaders, values, count)
    return len(first.items)


@compiled
def nearest_informations(
    order: IntArray,  # (N,) of questions by rising intercept
    columns: Columns,
    theta: float,
    used: IntArray,
    may_come: BoolArray,
    leaders: IntArray,
    values: FloatArray,
) -> None:
    """The same where all questions are one curve, of right and wrong without guessing or slips, in other
    places: it falls with |t|, so the pool is read from where t is 0 to both sides.
    """
    slope = columns.slopes[order[0], 0]
    low, high = 0, len(order)
    while low < high:  # the first with t ≥ 0
        middle = (low + high) // 2
        if slope * theta + columns.intercepts[order[middle]] < 0.0:
            low = middle + 1
        else:
            high = middle
    below, above, count = low - 1, low, 0
    while below >= 0 or above < len(order):
        off = math.inf if above == len(order) else slope * theta + columns.intercepts[order[above]]
        off_below = math.inf if below < 0 else -(slope * theta + columns.intercepts[order[below]])
        if off <= off_below:
            item = order[above]
            above += 1
        else:
            item = order[below]
            below -= 1
        value = _about(columns, item, theta)
        is_full = count == len(leaders)
        if is_full and value * ROUNDING < values[count - 1]:
            return
        if is_full and not goes_before(value, item, values[count - 1], leaders[count - 1]):
            continue
        if not (len(may_come) and not may_come[item]) and not _holds(used, item):
            count = put(value, item, leaders, values, count)


@compiled
def _about(columns: Columns, item: int, theta: float) -> float:
    steepness = columns.steepness[item]
    t = columns.slopes[item, 0] * theta + columns.intercepts[item]
    about_t = information(columns.numbers, columns.kind[item], columns.begin[item], columns.width[item], t)
    about_ability: float = about_t * (steepness * steepness)
    return about_ability


@compiled
def _holds(items: IntArray, item: int) -> bool:
    found = False
    for other in items:
        found = found or other == item
    return found
