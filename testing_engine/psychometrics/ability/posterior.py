"""From answers to ability: what answers say, and what is known after them.

A missing answer (score −1) says nothing and is left out before anything here runs. No answer at all gives the
prior: its mean and covariance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from testing_engine.psychometrics.ability.priors import JeffreysPrior, NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import AnswerCurves, AnswerLogs, FloatArray, IntArray
from testing_engine.psychometrics.values import quickly_made

__all__ = [
    "AbilityEstimate",
    "Answers",
    "JeffreysPrior",
    "Likelihood",
    "NormalPrior",
    "Prior",
    "Score",
    "UniformPrior",
    "log_prior",
    "probability_below",
]

LEAST_ERROR, MOST_ERROR = 1e-6, 1e6  # beyond a million logits nothing is known
LEAST_VARIANCE, MOST_VARIANCE = LEAST_ERROR**2, MOST_ERROR**2
FARTHEST = 1_000.0
SQRT_TWO_PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Score:
    """One number for a whole test, on the scale of θ."""

    theta: float
    standard_error: float
    skewness: float = 0.0  # 0 where it is not known


def mean_of_all(theta: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    """θ̄ = 1ᵀθ / D and its error √(1ᵀ Cov 1) / D; with the bits of `mean`, without its wrapper."""
    variance = float(np.add.reduce(covariance, axis=None) / covariance.size)
    return float(np.add.reduce(theta) / theta.size), math.sqrt(max(variance, 0.0))


@quickly_made
@dataclass(frozen=True, eq=False)
class AbilityEstimate:
    """`third_order`, where the estimator knows the posterior's skewness: E (λ·(θ − E θ))³ = Σ_g (λ · row_g)³
    for every λ (D,). `found_by`: how, where there is more than one way to it."""

    theta: FloatArray  # (D,)
    covariance: FloatArray  # (D, D)
    third_order: FloatArray | None = None  # (G, D)
    found_by: str = ""

    def __post_init__(self) -> None:
        self.theta.setflags(write=False)
        self.covariance.setflags(write=False)

    @cached_property
    def standard_error(self) -> FloatArray:
        """(D,)"""
        return np.sqrt(np.diagonal(self.covariance))

    @cached_property
    def skewness(self) -> FloatArray:
        """(D,); 0 where it is not known."""
        if self.third_order is None:
            return np.zeros(len(self.theta))
        third: FloatArray = (self.third_order**3).sum(axis=0) / self.standard_error**3
        return third

    @cached_property
    def overall(self) -> Score:
        """The mean of all dimensions, θ̄ = 1ᵀθ / D, and its error √(1ᵀ Cov 1) / D."""
        theta, error = mean_of_all(self.theta, self.covariance)
        if self.third_order is None or not error:
            return Score(theta, error)
        return Score(theta, error, float((self.third_order.mean(axis=1) ** 3).sum()) / error**3)

    def limited(self) -> "AbilityEstimate":
        """The same, unless a number is none or is out of reach: answers that tell nothing at all, a grid too
        coarse for what is known, an information that overflows."""
        variance = self.covariance.diagonal()
        is_known = all(map(math.isfinite, self.theta.tolist()))
        for each in variance.tolist():
            is_known = is_known and LEAST_VARIANCE <= each <= MOST_VARIANCE
        if is_known:
            return self
        theta = np.clip(np.nan_to_num(self.theta), -FARTHEST, FARTHEST)
        variance = np.nan_to_num(variance, nan=np.inf, posinf=np.inf).clip(LEAST_VARIANCE, MOST_VARIANCE)
        return AbilityEstimate(theta, np.diag(variance))


@quickly_made
@dataclass(frozen=True, eq=False)
class Answers:
    """The answers that say something: questions and their scores, in order."""

    asked: Sequence[int] | IntArray  # n questions
    told: Sequence[int] | IntArray

    @classmethod
    def given(cls, items: Sequence[int], scores: Sequence[int]) -> "Answers":
        """Without the missing ones (score −1)."""
        if len(items) == len(scores) and min(scores, default=0) >= 0:
            return cls(tuple(items), tuple(scores))
        kept = [(item, score) for item, score in zip(items, scores, strict=True) if score >= 0]
        return cls([item for item, _ in kept], [score for _, score in kept])

    # Each is made where somebody asks: a step in one dimension does without the arrays, others without pairs.
    @cached_property
    def items(self) -> IntArray:
        """(n,)"""
        return np.asarray(self.asked, dtype=np.intp)

    @cached_property
    def scores(self) -> IntArray:
        """(n,)"""
        return np.asarray(self.told, dtype=np.intp)

    @property
    def plain(self) -> tuple[Sequence[int], Sequence[int]]:
        """Questions and scores as Python's numbers."""
        asked, told = self.asked, self.told
        if isinstance(asked, np.ndarray) or isinstance(told, np.ndarray):
            return self.items.tolist(), self.scores.tolist()
        return asked, told


class Likelihood:
    """log L(θ) of given answers, with gradient and Hessian in θ."""

    def __init__(self, bank: ItemBank, answers: Answers) -> None:
        self.bank = bank
        self.items = answers.items
        self.intercepts = bank.intercepts[answers.items]
        self.groups = [
            (family.take(rows), own, answers.scores[own])
            for family, rows, own in bank.by_family(answers.items)
        ]

    @cached_property
    def slopes(self) -> FloatArray:
        """(n, D)"""
        return self.bank.slopes[self.items]

    @cached_property
    def parts(self) -> list[tuple[IntArray, AnswerCurves]]:
        return [(own, family.answered(scores)) for family, own, scores in self.groups]

    @cached_property
    def logs(self) -> list[tuple[IntArray, AnswerLogs]]:
        return [(own, family.answered_logs(scores)) for family, own, scores in self.groups]

    @property
    def is_log_concave(self) -> bool:
        """Whether log L is concave whatever the ability, as it is without guessing and slipping."""
        return all(bool(family.is_log_concave(scores).all()) for family, _, scores in self.groups)

    def at(self, theta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """log L, gradient (D,), Hessian (D, D)."""
        log_p, first, second = self.curves(self.slopes @ theta + self.intercepts)
        hessian: FloatArray = (self.slopes * second[:, None]).T @ self.slopes
        return float(log_p.sum()), first @ self.slopes, hessian

    def information(self, theta: FloatArray) -> FloatArray:
        """(D, D) expected information about θ."""
        weights = self.bank.information(theta, self.items)
        information: FloatArray = (self.slopes * weights[:, None]).T @ self.slopes
        return information

    def curves(self, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """log P of each answer and its derivatives in t, each shaped like t: (n,) or (n, G)."""
        if len(self.groups) == 1:
            return self.parts[0][1](t)
        results = tuple(np.empty_like(t) for _ in range(3))
        for own, curves in self.parts:
            for result, values in zip(results, curves(t[own]), strict=True):
                result[own] = values
        return results[0], results[1], results[2]

    def log_p(self, t: FloatArray) -> FloatArray:
        """log P of each answer alone, shaped like t: (n,) or (n, G)."""
        if len(self.groups) == 1:
            return self.logs[0][1](t)
        result = np.empty_like(t)
        for own, logs in self.logs:
            result[own] = logs(t[own])
        return result


def probability_below(estimate: AbilityEstimate, cut: float, dimension: int = 0) -> float:
    """P(θ < cut), for estimates that come without a posterior on a grid.

    Normal; where the skewness γ is known with Edgeworth's first term, Φ(u) − φ(u) γ (u² − 1) / 6 at u = (cut
    − θ̂) / SE, held within [0, 1].
    """
    u = float((cut - estimate.theta[dimension]) / estimate.standard_error[dimension])
    below = float(ndtr(u))
    if estimate.third_order is None:
        return below
    density = math.exp(-0.5 * u * u) / SQRT_TWO_PI
    return min(max(below - density * float(estimate.skewness[dimension]) * (u * u - 1) / 6, 0.0), 1.0)


def log_prior(bank: ItemBank, answers: Answers, prior: Prior, nodes: FloatArray) -> FloatArray:
    """(G,); Jeffreys' prior is that of the questions answered, and not normalised."""
    if isinstance(prior, NormalPrior):
        return log_normal(nodes, *prior.location_scale)
    inside = (nodes >= prior.lower) & (nodes <= prior.upper)
    flat = np.where(inside, -math.log(prior.upper - prior.lower), -np.inf)
    if isinstance(prior, UniformPrior) or not len(answers.items):
        return flat
    information = bank.information(nodes[:, None], answers.items) * bank.slopes[answers.items] ** 2
    return np.where(inside, 0.5 * np.log(information.sum(axis=0)), -np.inf)


def log_normal(nodes: FloatArray, mean: float, sd: float) -> FloatArray:
    normal: FloatArray = -0.5 * ((nodes - mean) / sd) ** 2 - math.log(sd * SQRT_TWO_PI)
    return normal
