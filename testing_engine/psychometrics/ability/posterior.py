"""From answers to ability: the posterior on a grid and its mode.

A missing answer (score −1) says nothing and is left out before anything here runs. No answer at all gives the
prior: its mean and covariance.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from scipy.special import ndtr

from testing_engine.psychometrics.ability.grids import (
    MOST_ALIASED,
    MOST_AT_ENDS,
    STEPS_PER_SD,
    Grids,
    aliased,
    grids_for,
    halved,
    narrowed,
)
from testing_engine.psychometrics.ability.priors import JeffreysPrior, NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.ability.quadrature import (
    AnswerTable,
    Quadrature,
    answer_table,
    compiled_table,
)
from testing_engine.psychometrics.components import EDITION
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import AnswerCurves, AnswerLogs, FloatArray, IntArray
from testing_engine.psychometrics.kernels.posteriors import looked_at
from testing_engine.psychometrics.values import quickly_made

__all__ = [
    "AbilityEstimate",
    "Answers",
    "GridPosterior",
    "JeffreysPrior",
    "Likelihood",
    "NormalPrior",
    "Prior",
    "Score",
    "UniformPrior",
    "grid_posterior",
    "log_prior",
    "probability_below",
]

FINEST = 1e-6  # step
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


@quickly_made
@dataclass(frozen=True, eq=False)
class GridPosterior:
    """A one-dimensional posterior density on a grid."""

    quadrature: Quadrature
    weights: FloatArray  # (G,) the density up to a constant
    total: float  # what the weights integrate to
    mean: float
    sd: float
    left: float = 0.0  # of its transform, where that was looked at (`grids.aliased`)
    finer: "Finer | None" = None  # on twice as many nodes, if this grid was chosen for mean and sd

    @classmethod
    def from_log_density(cls, quadrature: Quadrature, log_density: FloatArray) -> "GridPosterior":
        """From a log density known up to a constant, which is written over."""
        weights = _up_to_a_constant(log_density)
        total, first, second = weights.dot(quadrature.moments).tolist()
        mean = first / total
        return cls(quadrature, weights, total, mean, _sd(mean, second / total))

    @classmethod
    def looked_at(cls, quadrature: Quadrature, log_density: FloatArray, finer: "Finer") -> "GridPosterior":
        """The same, and what the nodes tell of their own error."""
        weights = _up_to_a_constant(log_density)
        return cls.of_sums(quadrature, weights, weights.dot(quadrature.alternating).tolist(), finer)

    @classmethod
    def of_sums(
        cls, quadrature: Quadrature, weights: FloatArray, sums: Sequence[float], finer: "Finer"
    ) -> "GridPosterior":
        """From what it is at the nodes, and its sums × `Quadrature.alternating`."""
        total, first, second, _, _ = sums
        mean = first / total
        sd = _sd(mean, second / total)
        left = aliased(sums, quadrature.step) if sd > 0 else math.inf
        if math.isnan(sd):
            left = 0.0  # nothing finer would tell more
        return cls(quadrature, weights, total, mean, sd, left, finer)

    @cached_property
    def density(self) -> FloatArray:
        """(G,), integrates to 1."""
        return self.weights / self.total

    def below(self, cut: float) -> float:
        """Posterior probability that ability is below the cut."""
        return self.halved._share_below(cut)

    def _share_below(self, cut: float) -> float:
        if self.quadrature.rule == "gauss-legendre":
            share = self.quadrature.below_by(self._moments, cut)
        else:
            share = float(self.quadrature.below(cut) @ self.density)
        return min(max(share, 0.0), 1.0)

    @property
    def is_coarse(self) -> bool:
        """Whether the grid barely resolves it."""
        return self.sd < STEPS_PER_SD * self.quadrature.step

    @property
    def overhangs(self) -> bool:
        """Whether something is left beyond the ends of the grid."""
        return bool(self.weights[0] + self.weights[-1] > MOST_AT_ENDS * self.total)

    @cached_property
    def halved(self) -> "GridPosterior":
        """On twice as many nodes, if there are such: probabilities there are as exact as mean and sd here."""
        return self if self.finer is None else self.finer(self)

    @cached_property
    def _moments(self) -> FloatArray:
        """What every cut is integrated from."""
        return self.quadrature.legendre(self.density)


Finer = Callable[[GridPosterior], GridPosterior]


def _up_to_a_constant(log_density: FloatArray) -> FloatArray:
    # Of some hundred numbers: `argmax` and `dot` take half the time of `maximum.reduce` and `@`.
    log_density -= log_density[log_density.argmax()]
    return np.exp(log_density, log_density)


def _sd(mean: float, mean_square: float) -> float:
    return math.sqrt(max(mean_square - mean * mean, 0.0))


def grid_posterior(
    bank: ItemBank,
    answers: Answers,
    prior: Prior,
    quadrature: Quadrature | None = None,
    edition: int = EDITION,
) -> GridPosterior:
    """Posterior of a one-dimensional ability; its mean and sd are EAP and its error (Bock & Mislevy 1982).

    Without a `quadrature`, one is chosen whose error is below 1e-6.
    """
    if quadrature is not None:
        return _on_grid(answer_table(bank, quadrature), quadrature, answers, prior)
    grids = grids_for(bank, prior, edition)
    if grids.between is None or not isinstance(prior, NormalPrior):
        posterior = _on_grid(answer_table(bank, grids.first), grids.first, answers, prior)
        return _on_own_grid(bank, answers, prior, posterior) if posterior.is_coarse else posterior
    posterior = _looked_at(bank, grids, answers, prior)
    while posterior.overhangs:
        grids = grids.wider
        posterior = _looked_at(bank, grids, answers, prior)
    while posterior.left > MOST_ALIASED and posterior.quadrature.step > FINEST:
        posterior = posterior.halved
    return posterior


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


def _on_grid(table: AnswerTable, quadrature: Quadrature, answers: Answers, prior: Prior) -> GridPosterior:
    log_density = table.log_likelihood(*answers.plain)
    if isinstance(prior, NormalPrior):
        log_density += _normal(quadrature, *prior.location_scale)
    else:
        log_density += log_prior(table.bank, answers, prior, quadrature.nodes)
    return GridPosterior.from_log_density(quadrature, log_density)


def _looked_at(bank: ItemBank, grids: Grids, answers: Answers, prior: NormalPrior) -> GridPosterior:
    """At every other node."""
    first, table = grids.first, compiled_table(bank, grids.first)
    rows, weights = np.array(table.found(*answers.plain), dtype=np.intp), np.empty(first.points)
    normal = _normal(first, *prior.location_scale)
    sums = looked_at(table.entries, rows, normal, first.alternating, weights)
    return GridPosterior.of_sums(first, weights, sums, partial(_on_whole, bank, grids, answers, prior))


def _on_whole(
    bank: ItemBank, grids: Grids, answers: Answers, prior: NormalPrior, _: GridPosterior | None = None
) -> GridPosterior:
    """At all nodes."""
    parts = [compiled_table(bank, part).log_likelihood(*answers.plain) for part in grids.parts]
    log_density = grids.joined(parts)
    log_density += _normal(grids.whole, *prior.location_scale)
    return GridPosterior.looked_at(grids.whole, log_density, partial(_halved, bank, answers, prior))


def _halved(bank: ItemBank, answers: Answers, prior: NormalPrior, seen: GridPosterior) -> GridPosterior:
    """At twice as many nodes, where there is anything of it."""
    chosen = halved(seen.quadrature, seen.weights)
    likelihood = Likelihood(bank, answers)
    t = likelihood.slopes * chosen.nodes + likelihood.intercepts[:, None]
    log_density = _log_normal(chosen.nodes, *prior.location_scale) + likelihood.log_p(t).sum(axis=0)
    return GridPosterior.looked_at(chosen, log_density, partial(_halved, bank, answers, prior))


def _on_own_grid(bank: ItemBank, answers: Answers, prior: Prior, posterior: GridPosterior) -> GridPosterior:
    """On finer grids around it, until one is fine enough."""
    while True:
        chosen = narrowed(posterior.mean, posterior.sd, posterior.quadrature.step, prior)
        posterior = _on_grid(AnswerTable(bank, chosen), chosen, answers, prior)
        if not posterior.is_coarse:
            return posterior


def log_prior(bank: ItemBank, answers: Answers, prior: Prior, nodes: FloatArray) -> FloatArray:
    """(G,); Jeffreys' prior is that of the questions answered, and not normalised."""
    if isinstance(prior, NormalPrior):
        return _log_normal(nodes, *prior.location_scale)
    inside = (nodes >= prior.lower) & (nodes <= prior.upper)
    flat = np.where(inside, -math.log(prior.upper - prior.lower), -np.inf)
    if isinstance(prior, UniformPrior) or not len(answers.items):
        return flat
    information = bank.information(nodes[:, None], answers.items) * bank.slopes[answers.items] ** 2
    return np.where(inside, 0.5 * np.log(information.sum(axis=0)), -np.inf)


def _log_normal(nodes: FloatArray, mean: float, sd: float) -> FloatArray:
    normal: FloatArray = -0.5 * ((nodes - mean) / sd) ** 2 - math.log(sd * SQRT_TWO_PI)
    return normal


@lru_cache(maxsize=256)
def _normal(quadrature: Quadrature, mean: float, sd: float) -> FloatArray:
    """The same at a grid's nodes, for the priors that many share."""
    return _log_normal(quadrature.nodes, mean, sd)
