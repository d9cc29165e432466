"""What every question would make of the determinant of the posterior's information, and which would make most of
it: det(M + w s sᵀ) = det M (1 + w sᵀM⁻¹s), w a question's information about t and s its slopes at the estimate,
M the prior's precision with the information of the questions answered."""

import math

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import Columns
from testing_engine.psychometrics.kernels.compiling import compiled
from testing_engine.psychometrics.kernels.curves import information
from testing_engine.psychometrics.kernels.matrices import dot, inverted, quadratic_form

SMALLEST_CONDITION = 1e-10  # of M, below which it counts as singular
ROUNDING = 1 + 1e-9  # far more than the last bits of a value


def most_first(bank: ItemBank) -> tuple[IntArray, FloatArray]:
    """(N,) the questions by the most that each may tell, and that: ‖s‖² times the ceiling of its information.
    Made once for a bank."""
    return bank.derived(("most first",), lambda: _most_first(bank))


def _most_first(bank: ItemBank) -> tuple[IntArray, FloatArray]:
    most = bank.ceiling * bank.squared_steepness
    order = np.argsort(-most, kind="stable")
    return order, most[order]


@compiled
def determinants(
    columns: Columns,
    precision: FloatArray,  # (D, D) of the prior
    items: IntArray,  # (n,) answered
    theta: FloatArray,  # (D,)
    values: FloatArray,  # (N,)
) -> bool:
    """The value of every question into `values`; False where M is all but singular."""
    inverse = np.empty(precision.shape)
    determinant = _determinant(columns, precision, items, theta, inverse)
    for item in range(len(values)):
        values[item] = _value(columns, determinant, inverse, theta, item)
    return determinant > 0.0


@compiled
def leading_determinants(
    columns: Columns,
    order: IntArray,  # (N,) `most_first`
    most: FloatArray,  # (N,)
    precision: FloatArray,
    items: IntArray,
    theta: FloatArray,
    may_come: BoolArray,  # (N,)
    leaders: IntArray,  # (count,), no more than may come
    values: FloatArray,  # (count,)
) -> bool:
    """The questions with the largest values and these, best first and of equals the first; False as above.

    sᵀM⁻¹s ≤ ‖s‖² λ for the largest eigenvalue λ of M⁻¹, which no norm is below: where even the most that a
    question may tell is too little, so it is for all that follow.
    """
    inverse = np.empty(precision.shape)
    determinant = _determinant(columns, precision, items, theta, inverse)
    if not determinant > 0.0:
        return False
    norm = _largest_row(inverse)
    count = 0
    for place in range(len(order)):
        full = count == len(leaders)
        if full and determinant * (1.0 + most[place] * norm) * ROUNDING < values[count - 1]:
            break
        item = order[place]
        if not may_come[item]:
            continue
        value = _value(columns, determinant, inverse, theta, item)
        if full and not _goes_before(value, item, values[count - 1], leaders[count - 1]):
            continue
        at = count - 1 if full else count
        while at > 0 and _goes_before(value, item, values[at - 1], leaders[at - 1]):
            leaders[at], values[at] = leaders[at - 1], values[at - 1]
            at -= 1
        leaders[at], values[at] = item, value
        count += not full
    return True


@compiled
def best_of_each(
    columns: Columns,
    order: IntArray,
    most: FloatArray,
    precision: FloatArray,
    items: IntArray,  # (A, n) answered
    thetas: FloatArray,  # (A, D)
    may_come: BoolArray,  # (A, N)
) -> tuple[BoolArray, IntArray]:
    """(A,) for students: False as above, and the best question of each."""
    count = len(items)
    found, best = np.empty(count, dtype=np.bool_), np.empty((count, 1), dtype=np.intp)
    value = np.empty(1)
    for student in range(count):
        found[student] = leading_determinants(
            columns, order, most, precision, items[student], thetas[student], may_come[student], best[student], value
        )
    return found, best[:, 0]


@compiled
def _determinant(
    columns: Columns, precision: FloatArray, items: IntArray, theta: FloatArray, inverse: FloatArray
) -> float:
    """det M, and M⁻¹ into `inverse`; 0 where M is all but singular."""
    slopes, dimensions = columns.slopes, len(theta)
    matrix, factor = precision.copy(), np.zeros((dimensions, dimensions))
    for item in items:
        weight = information(columns, item, dot(slopes[item], theta) + columns.intercepts[item])
        for row in range(dimensions):
            if slopes[item, row] != 0.0:
                for column in range(dimensions):
                    matrix[row, column] += weight * slopes[item, row] * slopes[item, column]
    if not inverted(matrix, factor, inverse):
        return 0.0
    determinant = 1.0
    for row in range(dimensions):
        determinant *= factor[row, row] * factor[row, row]
    # A norm of M times that of M⁻¹ is no less than the condition.
    is_regular = _largest_row(matrix) * _largest_row(inverse) * SMALLEST_CONDITION < 1.0
    return determinant if is_regular else 0.0


@compiled
def _value(
    columns: Columns, determinant: float, inverse: FloatArray, theta: FloatArray, item: int
) -> float:
    slopes = columns.slopes[item]
    weight = information(columns, item, dot(slopes, theta) + columns.intercepts[item])
    return determinant * (1.0 + weight * quadratic_form(slopes, inverse))


@compiled
def _goes_before(value: float, item: int, other_value: float, other: int) -> bool:
    return value > other_value or (value == other_value and item < other)


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
