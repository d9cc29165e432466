"""What every question would make of the determinant of the posterior's information, and which most of it.

det(M + w s sᵀ) = det M (1 + w sᵀM⁻¹s), w a question's information about t and s its slopes at the estimate, M
the prior's precision with the information of the questions answered.
"""

from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import Columns
from testing_engine.psychometrics.kernels.compiling import compiled
from testing_engine.psychometrics.kernels.curves import information
from testing_engine.psychometrics.kernels.leaders import MostFirst, goes_before, put
from testing_engine.psychometrics.kernels.matrices import add_outer, inverted, row_dot, row_form

SMALLEST_CONDITION = 1e-10  # of M, below which it counts as singular


class Known(NamedTuple):
    """A pool, the prior's precision, the questions answered and the estimate."""

    columns: Columns
    precision: FloatArray  # (D, D)
    items: IntArray  # (n,)
    theta: FloatArray  # (D,)


@compiled
def determinants(known: Known, values: FloatArray) -> bool:
    """The value of every question into `values` (N,); False where M is all but singular."""
    inverse = np.empty(known.precision.shape)
    determinant = _determinant(known, inverse)
    for item in range(len(values)):
        values[item] = _value(known, determinant, inverse, item)
    return determinant > 0.0


@compiled
def leading_determinants(
    first: MostFirst, known: Known, may_come: BoolArray, leaders: IntArray, values: FloatArray
) -> bool:
    """Of those that `may_come` (N,) the questions with the largest values, best first and of equals the
    first, into `leaders` and `values`, both (count,), no more than there are; False as above.

    sᵀM⁻¹s ≤ ‖s‖² λ for the largest eigenvalue λ of M⁻¹, which no norm is below: where even the most that a
    question may tell is too little, so it is for all that follow.
    """
    inverse = np.empty(known.precision.shape)
    determinant = _determinant(known, inverse)
    if not determinant > 0.0:
        return False
    norm = _largest_row(inverse)
    count = 0
    for place in range(len(first.items)):
        is_full = count == len(leaders)
        if is_full and determinant * (1.0 + first.most[place] * norm) < values[count - 1]:
            break
        item = first.items[place]
        if not may_come[item]:
            continue
        value = _value(known, determinant, inverse, item)
        if is_full and not goes_before(value, item, values[count - 1], leaders[count - 1]):
            continue
        count = put(value, item, leaders, values, count)
    return True


@compiled
def best_of_each(
    first: MostFirst,
    columns: Columns,
    precision: FloatArray,
    items: IntArray,  # (A, n) answered
    thetas: FloatArray,  # (A, D)
    may_come: BoolArray,  # (A, N)
) -> tuple[BoolArray, IntArray]:
    """(A,) for students: False as above, and the best question of each."""
    count, value = len(items), np.empty(1)
    found, best = np.empty(count, dtype=np.bool_), np.empty((count, 1), dtype=np.intp)
    for student in range(count):
        known = Known(columns, precision, items[student], thetas[student])
        found[student] = leading_determinants(first, known, may_come[student], best[student], value)
    return found, best[:, 0]


@compiled
def _determinant(known: Known, inverse: FloatArray) -> float:
    """det M, and M⁻¹ into `inverse`; 0 where M is all but singular."""
    columns, theta = known.columns, known.theta
    dimensions = len(theta)
    matrix, factor = known.precision.copy(), np.zeros((dimensions, dimensions))
    for item in known.items:
        add_outer(matrix, _told(columns, item, theta), columns.slopes, item)
    if not inverted(matrix, factor, inverse):
        return 0.0
    determinant = 1.0
    for row in range(dimensions):
        determinant *= factor[row, row] * factor[row, row]
    # A norm of M times that of M⁻¹ is no less than the condition.
    is_regular = _largest_row(matrix) * _largest_row(inverse) * SMALLEST_CONDITION < 1.0
    return determinant if is_regular else 0.0


@compiled
def _value(known: Known, determinant: float, inverse: FloatArray, item: int) -> float:
    form = row_form(known.columns.slopes, item, inverse)
    return determinant * (1.0 + _told(known.columns, item, known.theta) * form)


@compiled
def _told(columns: Columns, item: int, theta: FloatArray) -> float:
    """Information about t at θ."""
    t = row_dot(columns.slopes, item, theta) + columns.intercepts[item]
    return information(columns.numbers, columns.kind[item], columns.begin[item], columns.width[item], t)


@compiled
def _largest_row(matrix: FloatArray) -> float:
    """The largest sum of absolute numbers in a row: a norm."""
    largest = 0.0
    for row in range(len(matrix)):
        total = 0.0
        for column in range(len(matrix)):
            total += abs(matrix[row, column])
        largest = max(largest, total)
    return largest
