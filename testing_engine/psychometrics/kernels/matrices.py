"""Small positive definite matrices, by Cholesky's factor."""

import math

from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.kernels.compiling import compiled


@compiled
def factorised(matrix: FloatArray, factor: FloatArray) -> bool:
    """L of `matrix` = L Lᵀ into the lower half of `factor`, both (D, D); False unless it is positive
    definite.
    """
    for row in range(len(matrix)):
        for column in range(row + 1):
            rest = matrix[row, column]
            for k in range(column):
                rest -= factor[row, k] * factor[column, k]
            if row != column:
                factor[row, column] = rest / factor[column, column]
            elif not (0.0 < rest < math.inf):
                return False
            else:
                factor[row, row] = math.sqrt(rest)
    return True


@compiled
def inverted(matrix: FloatArray, factor: FloatArray, inverse: FloatArray) -> bool:
    """The inverse of `matrix` into `inverse`, its factor into `factor`, all (D, D); False unless it is
    positive definite.
    """
    if not factorised(matrix, factor):
        return False
    size = len(matrix)
    for column in range(size):  # L⁻¹ into the lower half
        inverse[column, column] = 1.0 / factor[column, column]
        for row in range(column + 1, size):
            total = 0.0
            for k in range(column, row):
                total -= factor[row, k] * inverse[k, column]
            inverse[row, column] = total / factor[row, row]
    for row in range(size):  # L⁻ᵀ L⁻¹: each number needs those below it alone
        for column in range(row + 1):
            total = 0.0
            for k in range(row, size):
                total += inverse[k, row] * inverse[k, column]
            inverse[row, column] = total
    for row in range(size):
        for column in range(row + 1, size):
            inverse[row, column] = inverse[column, row]
    return True


# By the row's number: a view of it would be counted, which takes longer than a few products.
@compiled
def row_dot(rows: FloatArray, row: int, vector: FloatArray) -> float:
    total = 0.0
    for d in range(len(vector)):
        total += rows[row, d] * vector[d]
    return total


@compiled
def add_outer(matrix: FloatArray, weight: float, rows: FloatArray, row: int) -> None:
    """Adds weight · v vᵀ for the row v; most questions measure few of the dimensions."""
    for d in range(len(matrix)):
        if rows[row, d] != 0.0:
            for e in range(len(matrix)):
                matrix[d, e] += weight * rows[row, d] * rows[row, e]


@compiled
def rows_dot(left: FloatArray, row: int, right: FloatArray, other: int) -> float:
    total = 0.0
    for d in range(left.shape[1]):
        total += left[row, d] * right[other, d]
    return total


@compiled
def row_form(rows: FloatArray, row: int, matrix: FloatArray) -> float:
    """The row's quadratic form with the matrix; most questions measure few of the dimensions."""
    total = 0.0
    for d in range(len(matrix)):
        if rows[row, d] != 0.0:
            part = 0.0
            for e in range(len(matrix)):
                part += matrix[d, e] * rows[row, e]
            total += rows[row, d] * part
    return total
