"""From which time on an answer can be one of effort: thresholds of questions, from the times that they took.

*Normative* (Wise & Ma 2012): a share of the mean time that a question takes, with a bound: NT10 is 10 % and
at most 10 seconds. *Mixture* (Rios & Guo 2020): where the times have two humps, of those who guess at once
and of those who work, the valley between two log-normal components; else normative. The mean is of times
within the outer fences of their logarithms (Tukey 1977: three times the distance of the quartiles beyond
them): a student who leaves the room says nothing of the question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from testing_engine.psychometrics.items.response import FloatArray, IntArray

Found = Literal["normative", "mixture", "fixed"]
NORMATIVE: Literal["normative"] = "normative"
MIXTURE: Literal["mixture"] = "mixture"
FIXED: Literal["fixed"] = "fixed"
SHORTEST = 1e-3  # seconds: a logarithm needs something
MOST_FITTED = 2000  # times that a mixture is fitted to, evenly spaced ones of all in their order
FEWEST_IN_MIXTURE = 500
SMALLEST_COMPONENT = 0.01
STARTS = (0.05, 0.15, 0.3)  # shares of the fast component
ITERATIONS = 300


@dataclass(frozen=True)
class Method:
    """How thresholds are found. Times in seconds.

    `share` of the usual time, at least `least` and at most `most`; a question with fewer than `fewest` times
    has `otherwise` for a threshold, the common one of three seconds.
    """

    name: Literal["normative", "mixture"] = NORMATIVE
    share: float = 0.10
    least: float = 1.0
    most: float = 10.0
    fewest: int = 100
    otherwise: float = 3.0

    def __post_init__(self) -> None:
        if self.name not in (NORMATIVE, MIXTURE):
            raise ValueError("name: must be normative or mixture")
        if not 0 < self.share < 1:
            raise ValueError("share: must be between 0 and 1")
        if not 0 < self.least <= self.most:
            raise ValueError("least: must be above 0 and at most most")
        if self.fewest < 2:
            raise ValueError("fewest: must be at least 2")
        if self.otherwise <= 0:
            raise ValueError("otherwise: must be above 0")


USUAL = Method()


@dataclass(frozen=True)
class Threshold:
    """Of one question: an answer in less than so many `seconds` is rapid. `usual`: the mean of its `n` times
    within the fences; nan without any."""

    seconds: float
    found: Found
    n: int
    usual: float


def thresholds(item: IntArray, seconds: FloatArray, n_items: int, method: Method = USUAL) -> list[Threshold]:
    """Of every question, from its times: (n,) questions (0-based) and (n,) seconds, in any order.

    Times that are not finite or below 0 say nothing.
    """
    item, seconds = np.asarray(item, dtype=np.int64), np.asarray(seconds, dtype=np.float64)
    known = np.isfinite(seconds) & (seconds >= 0)
    return [threshold(part, method) for part in by_question(item[known], seconds[known], n_items)]


def by_question(item: IntArray, seconds: FloatArray, n_items: int) -> Iterator[FloatArray]:
    """The times of every question, in their order, from questions (n,) and seconds (n,)."""
    order = np.argsort(item, kind="stable")
    ends = np.searchsorted(item[order], np.arange(n_items + 1))
    return (seconds[order[first:last]] for first, last in pairwise(ends))


def threshold(seconds: FloatArray, method: Method = USUAL) -> Threshold:
    """Of one question, from its times, (n,) finite and not negative."""
    n = len(seconds)
    logs = np.log(np.maximum(np.sort(seconds), SHORTEST))
    usual = usual_time(logs)
    if n < method.fewest:
        return Threshold(method.otherwise, FIXED, n, usual)
    if method.name == MIXTURE and n >= FEWEST_IN_MIXTURE:
        valley = valley_between(logs)
        if valley is not None and valley <= min(method.most, usual / 2):
            return Threshold(max(valley, method.least), MIXTURE, n, usual)
    return Threshold(float(np.clip(method.share * usual, method.least, method.most)), NORMATIVE, n, usual)


def usual_time(logs: FloatArray) -> float:
    """Mean time, from logarithms of times: of those within their outer fences. Seconds; nan without any."""
    if not len(logs):
        return float("nan")
    low, high = np.quantile(logs, [0.25, 0.75])
    reach = 3 * (high - low)
    inside = logs[(logs >= low - reach) & (logs <= high + reach)]
    return float(np.exp(inside).mean())


def valley_between(logs: FloatArray) -> float | None:
    """The time (seconds) between two humps of times, from their logarithms in ascending order; None where one
    hump tells it as well, or the density of two has no valley."""
    if len(logs) > MOST_FITTED:
        logs = logs[np.linspace(0, len(logs) - 1, MOST_FITTED).astype(np.int64)]
    if logs[-1] - logs[0] <= 0:
        return None
    fits = [_mixture(logs, share) for share in STARTS]
    gain, weight, mean, sd = max(fits, key=lambda fit: fit[0])
    gain -= _normal_log_density(logs, np.array([logs.mean()]), np.array([logs.std()])).sum()
    if gain <= 1.5 * np.log(len(logs)) or weight.min() < SMALLEST_COMPONENT:  # BIC: three parameters more
        return None
    between = np.linspace(mean.min(), mean.max(), 201)
    density = (weight[:, None] * np.exp(_normal_log_density(between, mean, sd))).sum(axis=0)
    lowest = int(density.argmin())
    if lowest in (0, len(between) - 1):
        return None
    return float(np.exp(between[lowest]))


def _mixture(logs: FloatArray, share: float) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Log-likelihood, weights, means and standard deviations of two normal components, by EM."""
    split = max(int(share * len(logs)), 2)
    parts = logs[:split], logs[split:]
    floor = 0.02 * logs.std()
    weight = np.array([share, 1 - share])
    mean = np.array([part.mean() for part in parts])
    sd = np.maximum([part.std() for part in parts], floor)
    before = -np.inf
    for _ in range(ITERATIONS):
        joint = np.log(weight)[:, None] + _normal_log_density(logs, mean, sd)
        total = np.logaddexp(joint[0], joint[1])
        log_likelihood = float(total.sum())
        if log_likelihood - before < 1e-6 * len(logs):
            break
        before = log_likelihood
        belongs = np.exp(joint - total)
        size = np.maximum(belongs.sum(axis=1), 1e-12)
        weight = size / size.sum()
        mean = (belongs @ logs) / size
        spread = (belongs * (logs - mean[:, None]) ** 2).sum(axis=1) / size
        sd = np.maximum(np.sqrt(spread), floor)
    return log_likelihood, weight, mean, sd


def _normal_log_density(x: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """(K, n) of K normal densities at n places, without the constant."""
    z = (x - mean[:, None]) / sd[:, None]
    return np.asarray(-0.5 * z * z - np.log(sd)[:, None])


def efforts(person: Sequence[int] | IntArray, rapid: Sequence[bool], n_persons: int) -> FloatArray:
    """(N,) response time effort of each person: the share of answers that were not rapid; nan without any."""
    who = np.asarray(person, dtype=np.int64)
    given = np.bincount(who, minlength=n_persons)
    fast = np.bincount(who, weights=np.asarray(rapid, dtype=np.float64), minlength=n_persons)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - fast / given)
