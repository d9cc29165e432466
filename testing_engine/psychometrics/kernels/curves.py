"""What one question's answer and information are at t: the formulas of `items.response`, number by number."""

import math

from testing_engine.psychometrics.items.response import LARGEST_LOGIT, FloatArray
from testing_engine.psychometrics.kernels.columns import GRADED, LOGISTIC, STEPPED, Columns
from testing_engine.psychometrics.kernels.compiling import compiled

TINY = 1e-280  # below, a sum of shares says nothing any more


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
    elif kind == STEPPED:
        for k in range(len(nodes)):
            t = shift + scale * nodes[k]
            total[k] += score * t + numbers[2 * score] - log_of_steps(numbers, 0, width, t)
    else:
        for k in range(len(nodes)):
            t = shift + scale * nodes[k]
            total[k] += numbers[score] * t + numbers[width + score] - log_of_all(numbers, width, t)


@compiled
def information(numbers: FloatArray, kind: int, begin: int, width: int, t: float) -> float:
    """Expected information about t of the question whose numbers begin there (`Columns`)."""
    # No views of `numbers`: each would be counted, which takes as long as the formula.
    if kind == LOGISTIC:
        t = min(max(t, -LARGEST_LOGIT), LARGEST_LOGIT)
        low, span, slips = numbers[begin], numbers[begin + 1], numbers[begin + 2]
        rarer = math.exp(-abs(t))
        likely = 1.0 / (1.0 + rarer)
        if low == 0.0 and slips == 0.0:
            return rarer * likely * likely
        rise, fall = (likely, rarer * likely) if t >= 0.0 else (rarer * likely, likely)
        moved = span * rise * fall
        about_t: float = moved * moved / ((low + span * rise) * (slips + span * fall))
        return about_t
    total = 0.0
    if kind == GRADED:
        for category in range(width):
            own = begin + 4 * category
            if numbers[own + 2] > 0.0:
                above, below = t + numbers[own], t + numbers[own + 1]
                moved = _expit(-above) - _expit(below)
                total += _expit(above) * _expit(-below) * numbers[own + 2] * moved * moved
        return total
    if kind == STEPPED:
        # By powers of the smaller of e^t and e^−t: categories are counted from the end that is likelier then.
        end, step = (begin + 1, 2) if t <= 0.0 else (begin + 2 * width - 1, -2)
        rarer, power, whole, mean = math.exp(-abs(t)), 1.0, 0.0, 0.0
        for off in range(width):
            share = numbers[end + step * off] * power
            whole += share
            mean += share * off
            power *= rarer
        if not whole > TINY:
            return 0.0
        mean /= whole
        power = 1.0
        for off in range(width):
            total += numbers[end + step * off] * power * (off - mean) ** 2
            power *= rarer
        return total / whole
    top, centre = -math.inf, 0.0  # slopes are taken from that of the likeliest answer: little from little
    for category in range(begin, begin + width):
        logit = numbers[category] * t + numbers[category + width]
        if logit > top:
            top, centre = logit, numbers[category]
    whole = first = second = 0.0
    for category in range(begin, begin + width):
        share = math.exp(numbers[category] * t + numbers[category + width] - top)
        off = numbers[category] - centre
        whole += share
        first += share * off
        second += share * off * off
    mean = first / whole
    return second / whole - mean * mean


@compiled
def _expit(t: float) -> float:
    if t >= 0.0:
        return 1.0 / (1.0 + math.exp(-t))
    rising = math.exp(t)
    return rising / (1.0 + rising)


@compiled
def log_of_steps(numbers: FloatArray, begin: int, width: int, t: float) -> float:
    """log Σ_k exp(k t + c_k), of the intercepts that begin there, the largest of which is 0."""
    end, step = (begin + 1, 2) if t <= 0.0 else (begin + 2 * width - 1, -2)
    rarer, power, whole = math.exp(-abs(t)), 1.0, 0.0
    for off in range(width):
        whole += numbers[end + step * off] * power
        power *= rarer
    if whole > TINY:
        return math.log(whole) + (0.0 if t <= 0.0 else (width - 1) * t)
    top = -math.inf
    for category in range(width):
        top = max(top, category * t + numbers[begin + 2 * category])
    return top


@compiled
def log_of_all(numbers: FloatArray, width: int, t: float) -> float:
    """log Σ_k exp(s_k t + c_k), of a nominal question's numbers."""
    top, whole = -math.inf, 0.0
    for category in range(width):
        top = max(top, numbers[category] * t + numbers[width + category])
    for category in range(width):
        whole += math.exp(numbers[category] * t + numbers[width + category] - top)
    return top + math.log(whole)


@compiled
def log_expit(t: float) -> float:
    # 1 + a small number loses of it what is below 1e-16, and so do sums of logs of many answers.
    shared = math.log(1.0 + math.exp(-abs(t)))
    return -shared if t >= 0.0 else t - shared
