"""What one question's answer and information are at t: the formulas of `items.response`, number by number."""

import math

from testing_engine.psychometrics.items.response import LARGEST_LOGIT, FloatArray
from testing_engine.psychometrics.kernels.columns import GRADED, LOGISTIC, Columns
from testing_engine.psychometrics.kernels.compiling import compiled


@compiled
def add_log_p(
    columns: Columns, item: int, score: int, shift: float, scale: float, nodes: FloatArray, total: FloatArray
) -> None:
    """Adds log P of one answer at t = shift + scale · nodes (K,) to `total` (K,)."""
    kind, begin, width = columns.kind[item], columns.begin[item], columns.width[item]
    numbers = columns.numbers[begin:]
    if kind == LOGISTIC:
        # A wrong answer is a right one to the mirrored question: c' = 1 − u, t' = −t.
        sign, low = (1.0, numbers[0]) if score == 1 else (-1.0, numbers[2])
        for k in range(len(nodes)):
            t = max(sign * (shift + scale * nodes[k]), -LARGEST_LOGIT)
            total[k] += math.log(low + numbers[1] / (1.0 + math.exp(-t)))
    elif kind == GRADED:
        own = numbers[4 * score :]
        for k in range(len(nodes)):
            t = shift + scale * nodes[k]
            total[k] += log_expit(t + own[0]) + log_expit(-(t + own[1])) + own[3]
    else:
        for k in range(len(nodes)):
            t = shift + scale * nodes[k]
            own_logit = numbers[score] * t + numbers[width + score]
            top = own_logit
            for category in range(width):
                top = max(top, numbers[category] * t + numbers[width + category])
            sum_of_all = 0.0
            for category in range(width):
                sum_of_all += math.exp(numbers[category] * t + numbers[width + category] - top)
            total[k] += own_logit - top - math.log(sum_of_all)


@compiled
def information(columns: Columns, item: int, t: float) -> float:
    """Expected information about t."""
    kind, begin, width = columns.kind[item], columns.begin[item], columns.width[item]
    numbers = columns.numbers[begin:]
    if kind == LOGISTIC:
        t = min(max(t, -LARGEST_LOGIT), LARGEST_LOGIT)
        rarer = math.exp(-abs(t))
        likely = 1.0 / (1.0 + rarer)
        rise, fall = (likely, rarer * likely) if t >= 0.0 else (rarer * likely, likely)
        moved = numbers[1] * rise * fall
        about_t: float = moved * moved / ((numbers[0] + numbers[1] * rise) * (numbers[2] + numbers[1] * fall))
        return about_t
    total = 0.0
    if kind == GRADED:
        for category in range(width):
            own = numbers[4 * category :]
            if own[2] > 0.0:
                above, below = t + own[0], t + own[1]
                moved = _expit(-above) - _expit(below)
                total += _expit(above) * _expit(-below) * own[2] * moved * moved
        return total
    top = -math.inf
    for category in range(width):
        top = max(top, numbers[category] * t + numbers[width + category])
    whole = mean = 0.0
    for category in range(width):
        share = math.exp(numbers[category] * t + numbers[width + category] - top)
        whole += share
        mean += share * numbers[category]
    mean /= whole
    for category in range(width):
        share = math.exp(numbers[category] * t + numbers[width + category] - top) / whole
        total += share * (numbers[category] - mean) ** 2
    return total


@compiled
def _expit(t: float) -> float:
    if t >= 0.0:
        return 1.0 / (1.0 + math.exp(-t))
    rising = math.exp(t)
    return rising / (1.0 + rising)


@compiled
def log_expit(t: float) -> float:
    return -math.log1p(math.exp(-t)) if t >= 0.0 else t - math.log1p(math.exp(t))
