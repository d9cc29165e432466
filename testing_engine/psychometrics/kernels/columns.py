"""A bank as kernels read it: plain arrays, whatever the models of its questions.

A question's numbers stand one after the other: of a logistic one c, u − c, 1 − u; of a graded one, for each
category, the offsets of the boundary below and above it, 1 − exp(their distance) and the log of that; of a
nominal one all slopes, then all intercepts (see `items.response`). Where all slopes are
0, 1, 2, …, as in partial credit, all intercepts c less the largest, then all exp(c): one exponential of t
then gives all. Categories that a question lacks stand there as its family has them.
"""

from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, Graded, IntArray, Logistic, Nominal

LOGISTIC, GRADED, NOMINAL, STEPPED = 0, 1, 2, 3


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
        numbers, kind[own], widths = _numbers(family)
        width[own] = np.broadcast_to(widths, len(numbers))[rows]
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


def _numbers(family: object) -> tuple[FloatArray, int, int | IntArray]:
    """(n, as many as one question has), their kind, and how many categories all or each (n,) have."""
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
            slopes, intercepts = family.slopes, family.intercepts
            places, has = np.arange(slopes.shape[1]), np.isfinite(intercepts)
            counts = has.sum(axis=1)
            if not (((slopes == places) | ~has).all() and (has == (places < counts[:, None])).all()):
                return np.concatenate([slopes, intercepts], axis=1), NOMINAL, len(places)
            levelled = intercepts - intercepts.max(axis=1, keepdims=True)
            each = np.stack([levelled, np.exp(levelled)], axis=2)  # (n, K, 2)
            return each.reshape(len(each), -1), STEPPED, counts
    raise TypeError(f"no columns of {type(family).__name__}")


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
