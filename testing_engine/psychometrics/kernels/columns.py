"""A bank as kernels read it: plain arrays, whatever the models of its questions.

A question's numbers stand one after the other: of a logistic one c, u − c, 1 − u; of a graded one, for each
category, the offsets of the boundary below and above it, 1 − exp(their distance) and the log of that; of a
nominal one all slopes, then all intercepts (see `items.response`). Categories that a question lacks stand
there as its family has them.
"""

from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, Graded, IntArray, Logistic, Nominal

LOGISTIC, GRADED, NOMINAL = 0, 1, 2


class Columns(NamedTuple):
    slopes: FloatArray  # (N, D)
    steepness: FloatArray  # (N,)
    intercepts: FloatArray  # (N,)
    kind: IntArray  # (N,)
    begin: IntArray  # (N,) of its numbers
    width: IntArray  # (N,) categories, with those that it lacks
    numbers: FloatArray


def columns_of(bank: ItemBank) -> Columns:
    """Made once for a bank."""
    columns: Columns = bank.derived(("columns",), lambda: _made(bank))
    return columns


def _made(bank: ItemBank) -> Columns:
    kind, begin, width = (np.zeros(bank.n_items, dtype=np.intp) for _ in range(3))
    parts, length = [], 0
    is_alone = len(bank.families) == 1
    for family, rows, places in bank.by_family():
        own = slice(None) if is_alone else places  # of 500,000 questions places take ten milliseconds
        numbers, kind[own], width[own] = _numbers(family)
        begin[own] = length + rows * numbers.shape[1]
        parts.append(numbers.ravel())
        length += numbers.size
    arrays = (bank.slopes, bank.steepness, bank.intercepts, kind, begin, width)
    slopes, steepness, intercepts, kind, begin, width = (_frozen(each) for each in arrays)
    return Columns(
        slopes,
        steepness,
        intercepts,
        kind,
        begin,
        width,
        _frozen(parts[0] if is_alone else np.concatenate(parts)),
    )


def _numbers(family: object) -> tuple[FloatArray, int, int]:
    """(n, as many as one question has), their kind, and how many categories each has."""
    match family:
        case Logistic():
            low, high = family.guessing, family.upper
            return np.stack([low, high - low, 1 - high], axis=1), LOGISTIC, 2
        case Graded():
            above, below, gap = family.edges
            with np.errstate(divide="ignore"):
                each = np.stack([above, below, gap, np.log(gap)], axis=2)  # (K, n, 4)
            return each.swapaxes(0, 1).reshape(each.shape[1], -1), GRADED, len(each)
        case Nominal():
            return np.concatenate([family.slopes, family.intercepts], axis=1), NOMINAL, family.slopes.shape[1]
    raise TypeError(f"no columns of {type(family).__name__}")


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
