"""One step of a test in plain vectorised NumPy, for every model: what one would write in an afternoon.

The posterior mean on 81 nodes, or in several dimensions the mode by Newton's method, or the mean over draws
from the prior; then the information of all questions, or det(M + w s sᵀ), and the best of those not used.
Nothing is remembered between steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray

Scan = Callable[[Sequence[int], Sequence[int]], int]  # items and scores so far → the next question
Model = Literal["1PL", "2PL", "3PL", "4PL", "GRM", "GPCM", "NRM"]

NODES = np.linspace(-4, 4, 81)
LOG_PRIOR = -0.5 * NODES**2
NEWTON_STEPS = 5
DRAWS = 4_096


@dataclass(frozen=True, eq=False)
class Questions:
    """a ~ lognormal(0.2, 0.3), 1 in the 1PL; b ~ N(0, 1); c ~ U(0.1, 0.25) in the 3PL and 4PL, there
    u ~ U(0.9, 1); three thresholds, or four slopes and intercepts of the NRM; in several dimensions weights
    on two or three of them.
    """

    model: Model
    a: FloatArray  # (N,), as the next three
    b: FloatArray
    c: FloatArray
    u: FloatArray
    thresholds: FloatArray  # (N, 3)
    nominal: FloatArray  # (2, N, 4)
    weights: FloatArray  # (N, D)

    @classmethod
    def drawn(cls, model: Model, n: int, dimensions: int = 1, seed: int = 1) -> "Questions":
        rng = np.random.default_rng(seed)
        a, b = rng.lognormal(0.2, 0.3, n), rng.normal(0, 1, n)
        c = rng.uniform(0.1, 0.25, n) if model in ("3PL", "4PL") else np.zeros(n)
        u = rng.uniform(0.9, 1, n) if model == "4PL" else np.ones(n)
        thresholds, nominal = np.sort(rng.normal(0, 1, (n, 3)), axis=1), rng.normal(0, 1, (2, n, 4))
        weights = np.ones((n, 1))
        if dimensions > 1:
            weights = rng.uniform(0.2, 1.0, (n, dimensions))
            weights[np.argsort(rng.random((n, dimensions)), axis=1) >= rng.integers(2, 4, (n, 1))] = 0.0
        return cls(model, np.ones(n) if model == "1PL" else a, b, c, u, thresholds, nominal, weights)

    def bank(self) -> ItemBank:
        """Made anew, so that nothing is remembered from before."""
        if self.model == "NRM":
            slopes, intercepts = self.nominal
            return ItemBank.from_arrays(
                self.weights, "NRM", category_slopes=slopes, category_intercepts=intercepts
            )
        stepped = self.model in ("GRM", "GPCM")
        return ItemBank.from_arrays(
            self.weights,
            self.model,
            discrimination=self.a,
            difficulty=self.b,
            guessing=self.c,
            upper=self.u,
            thresholds=self.thresholds if stepped else None,
        )

    def scan(self) -> Scan:
        if self.weights.shape[1] > 1:
            return _at_mode(self)
        return {"GRM": _graded, "GPCM": _nominal, "NRM": _nominal}.get(self.model, _logistic)(self)

    def scan_at_mean(self) -> Scan:
        """The same in several dimensions with the posterior mean, which the engine has."""
        return _at_mean(self)


def _mean(log_posterior: FloatArray) -> float:
    weights = np.exp(log_posterior - log_posterior.max())
    return float((weights @ NODES) / weights.sum())


def _logistic(pool: Questions) -> Scan:
    a, b, c, span = pool.a, pool.b, pool.c, pool.u - pool.c

    def step(given: Sequence[int], scores: Sequence[int]) -> int:
        items, right = np.array(given, dtype=int), np.array(scores) == 1
        p = c[items, None] + span[items, None] / (1 + np.exp(-a[items, None] * (NODES - b[items, None])))
        theta = _mean(np.log(np.where(right[:, None], p, 1 - p)).sum(axis=0) + LOG_PRIOR)
        rise = 1 / (1 + np.exp(-a * (theta - b)))
        chance = c + span * rise
        information = (a * span * rise * (1 - rise)) ** 2 / (chance * (1 - chance))
        information[items] = -1
        return int(information.argmax())

    return step


def _graded(pool: Questions) -> Scan:
    a, boundaries = pool.a, (pool.b[:, None] + pool.thresholds).T  # (3, N)
    ends = np.array([1.0, 0.0])

    def reached(items: IntArray | slice, theta: FloatArray) -> FloatArray:
        """(5, n, G)"""
        inner = 1 / (1 + np.exp(-a[items, None] * (theta - boundaries[:, items, None])))
        outer = np.broadcast_to(ends[:, None, None], (2, *inner.shape[1:]))
        return np.concatenate([outer[:1], inner, outer[1:]])

    def step(given: Sequence[int], scores: Sequence[int]) -> int:
        items, answers = np.array(given, dtype=int), np.array(scores, dtype=int)
        above = reached(items, NODES)
        p = (above[:-1] - above[1:])[answers, np.arange(len(items))]
        theta = _mean(np.log(p).sum(axis=0) + LOG_PRIOR)
        above = reached(slice(None), np.array([theta]))[:, :, 0]
        slope = above * (1 - above)
        information = a**2 * ((slope[:-1] - slope[1:]) ** 2 / (above[:-1] - above[1:])).sum(axis=0)
        information[items] = -1
        return int(information.argmax())

    return step


def _nominal(pool: Questions) -> Scan:
    slopes, intercepts = pool.nominal
    if pool.model == "GPCM":
        steps = -pool.a[:, None] * (pool.b[:, None] + pool.thresholds)
        slopes = pool.a[:, None] * np.arange(4.0)
        intercepts = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)
    slopes, intercepts = slopes.T.copy(), intercepts.T.copy()  # (4, N)

    def probabilities(items: IntArray | slice, theta: FloatArray) -> FloatArray:
        """(4, n, G)"""
        odds = np.exp(slopes[:, items, None] * theta + intercepts[:, items, None])
        return np.asarray(odds / odds.sum(axis=0))

    def step(given: Sequence[int], scores: Sequence[int]) -> int:
        items, answers = np.array(given, dtype=int), np.array(scores, dtype=int)
        p = probabilities(items, NODES)[answers, np.arange(len(items))]
        theta = _mean(np.log(p).sum(axis=0) + LOG_PRIOR)
        p = probabilities(slice(None), np.array([theta]))[:, :, 0]
        information = (p * slopes**2).sum(axis=0) - (p * slopes).sum(axis=0) ** 2
        information[items] = -1
        return int(information.argmax())

    return step


def _at_mode(pool: Questions) -> Scan:
    """2PL and 3PL, prior N(0, I): the mode, and posterior D there."""
    slopes = pool.a[:, None] * pool.weights
    intercepts, c = -np.linalg.norm(slopes, axis=1) * pool.b, pool.c
    identity = np.eye(slopes.shape[1])

    def step(given: Sequence[int], scores: Sequence[int]) -> int:
        items, right = np.array(given, dtype=int), np.array(scores)
        own, theta = slopes[items], np.zeros(slopes.shape[1])
        for _ in range(NEWTON_STEPS):
            rise = 1 / (1 + np.exp(-(own @ theta + intercepts[items])))
            p = c[items] + (1 - c[items]) * rise
            gradient = own.T @ ((right - p) * rise / p) - theta
            weights = (1 - c[items]) * (1 - rise) * rise**2 / p  # expected information: Fisher's scoring
            precision = (own.T * weights) @ own + identity
            theta = theta + np.linalg.solve(precision, gradient)
        rise = 1 / (1 + np.exp(-(slopes @ theta + intercepts)))
        weights = (1 - c) * (1 - rise) * rise**2 / (c + (1 - c) * rise)
        gain = weights * ((slopes @ np.linalg.inv(precision)) * slopes).sum(axis=1)
        gain[items] = -1
        return int(gain.argmax())

    return step


def _at_mean(pool: Questions) -> Scan:
    """2PL and 3PL, prior N(0, I): the mean over draws from the prior, weighed by the likelihood."""
    slopes = pool.a[:, None] * pool.weights
    intercepts, c = -np.linalg.norm(slopes, axis=1) * pool.b, pool.c
    points = np.random.default_rng(0).normal(size=(DRAWS, slopes.shape[1]))

    def step(given: Sequence[int], scores: Sequence[int]) -> int:
        items, right = np.array(given, dtype=int), np.array(scores) == 1
        own = slopes[items]
        p = c[items] + (1 - c[items]) / (1 + np.exp(-(points @ own.T + intercepts[items])))
        log_likelihood = np.log(np.where(right, p, 1 - p)).sum(axis=1)
        weights = np.exp(log_likelihood - log_likelihood.max())
        theta = (weights @ points) / weights.sum()
        rise = 1 / (1 + np.exp(-(slopes @ theta + intercepts)))
        told = (1 - c) * (1 - rise) * rise**2 / (c + (1 - c) * rise)
        precision = (own.T * told[items]) @ own + np.eye(len(theta))
        gain = told * ((slopes @ np.linalg.inv(precision)) * slopes).sum(axis=1)
        gain[items] = -1
        return int(gain.argmax())

    return step
