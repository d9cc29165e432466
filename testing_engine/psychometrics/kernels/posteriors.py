"""Posteriors in one dimension: log P of answers at the nodes of a grid, and the moments of their product.

With some eighty nodes a dozen NumPy calls take longer than the numbers.
"""

import math

from testing_engine.psychometrics.items.response import LARGEST_LOGIT, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import GRADED, LOGISTIC, STEPPED, Columns
from testing_engine.psychometrics.kernels.compiling import compiled
from testing_engine.psychometrics.kernels.curves import log_expit, log_of_all, log_of_steps

Sums = tuple[float, float, float, float, float]


@compiled
def answer_logs(columns: Columns, items: IntArray, nodes: FloatArray, into: FloatArray) -> None:
    """log P of every answer to questions (m,) at abilities (G,), `into` (m, K, G); −inf where a question has
    no such answer."""
    for place in range(len(items)):
        item, own = items[place], into[place]
        kind, width = columns.kind[item], columns.width[item]
        numbers = columns.numbers[columns.begin[item] :]
        slope, intercept = columns.slopes[item, 0], columns.intercepts[item]
        for category in range(len(own)):
            for k in range(len(nodes)):
                own[category, k] = -math.inf
        if kind == LOGISTIC:
            _of_logistic(numbers, slope, intercept, nodes, own)
        elif kind == GRADED:
            _of_graded(numbers, min(width, len(own)), slope, intercept, nodes, own)
        elif kind == STEPPED:
            for k in range(len(nodes)):
                t = slope * nodes[k] + intercept
                rest = log_of_steps(numbers, 0, width, t)
                for category in range(min(width, len(own))):
                    own[category, k] = category * t + numbers[2 * category] - rest
        else:
            _of_nominal(numbers, width, slope, intercept, nodes, own)


@compiled
def _of_logistic(
    numbers: FloatArray, slope: float, intercept: float, nodes: FloatArray, own: FloatArray
) -> None:
    low, span, slips = numbers[0], numbers[1], numbers[2]
    is_plain = low == 0.0 and slips == 0.0
    for k in range(len(nodes)):
        t = slope * nodes[k] + intercept
        if is_plain:
            right = log_expit(t)
            own[1, k], own[0, k] = right, right - t
        else:
            t = min(max(t, -LARGEST_LOGIT), LARGEST_LOGIT)
            rarer = math.exp(-abs(t))
            likely = 1.0 / (1.0 + rarer)
            rise, fall = (likely, rarer * likely) if t >= 0.0 else (rarer * likely, likely)
            own[0, k], own[1, k] = math.log(slips + span * fall), math.log(low + span * rise)


@compiled
def _of_graded(
    numbers: FloatArray, width: int, slope: float, intercept: float, nodes: FloatArray, own: FloatArray
) -> None:
    """log σ(t + d) of one category is log σ(−(t + d)) of that below, plus t + d."""
    for k in range(len(nodes)):
        t, reached = slope * nodes[k] + intercept, 0.0  # of the lowest
        for category in range(width):
            boundary = numbers[4 * category + 1]
            beyond = t + boundary
            passed = 0.0 if boundary == -math.inf else log_expit(-beyond)
            own[category, k] = reached + passed + numbers[4 * category + 3]
            reached = passed + beyond


@compiled
def _of_nominal(
    numbers: FloatArray, width: int, slope: float, intercept: float, nodes: FloatArray, own: FloatArray
) -> None:
    for k in range(len(nodes)):
        t = slope * nodes[k] + intercept
        rest = log_of_all(numbers, width, t)
        for category in range(min(width, len(own))):
            own[category, k] = numbers[category] * t + numbers[width + category] - rest


@compiled
def looked_at(
    entries: FloatArray, rows: IntArray, log_prior: FloatArray, columns: FloatArray, weights: FloatArray
) -> Sums:
    """The posterior (G,) of answers, up to a constant, into `weights`, and its sums × each of five columns.

    `entries` (R, G): log P of answers, of which `rows` (n,) were given.
    """
    nodes = len(weights)
    for k in range(nodes):
        weights[k] = 0.0
    for row in rows:
        for k in range(nodes):
            weights[k] += entries[row, k]
    top = -math.inf
    for k in range(nodes):
        weights[k] += log_prior[k]
        top = max(top, weights[k])
    total = first = second = plain = turned = 0.0
    for k in range(nodes):
        weight = math.exp(weights[k] - top)
        weights[k] = weight
        total += weight * columns[k, 0]
        first += weight * columns[k, 1]
        second += weight * columns[k, 2]
        plain += weight * columns[k, 3]
        turned += weight * columns[k, 4]
    return total, first, second, plain, turned
