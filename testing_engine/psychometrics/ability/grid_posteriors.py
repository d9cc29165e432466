"""The posterior of an ability in one dimension on a grid: EAP and its error, and probabilities below cuts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.ability.grids import (
    MOST_ALIASED,
    MOST_AT_ENDS,
    STEPS_PER_SD,
    Grids,
    aliased,
    default_quadrature,
    grids_for,
    halved,
    narrowed,
)
from testing_engine.psychometrics.ability.posterior import Answers, Likelihood, log_normal, log_prior
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.ability.quadrature import (
    AnswerTable,
    Quadrature,
    answer_table,
    compiled_table,
)
from testing_engine.psychometrics.components import EDITION, THIRD_EDITION
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.kernels.posteriors import looked_at
from testing_engine.psychometrics.values import quickly_made

FINEST = 1e-6  # step
KEPT_LOOKS = 64  # of a bank; where students have priors of their own, most are never met again


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
        sd = math.sqrt(max(second / total - mean * mean, 0.0))
        return cls(quadrature, weights, total, mean, sd)

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
        variance = second / total - mean * mean
        sd = math.sqrt(max(variance, 0.0))
        left = aliased(sums, mean, variance, quadrature.step) if sd > 0 else math.inf
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
    if edition <= THIRD_EDITION or not isinstance(prior, NormalPrior):
        chosen = default_quadrature(bank, prior)
        posterior = _on_grid(answer_table(bank, chosen), chosen, answers, prior)
        return _on_own_grid(bank, answers, prior, posterior) if posterior.is_coarse else posterior
    look = _look(bank, prior)
    posterior = _looked_at(bank, look, answers, prior)
    while posterior.overhangs:
        look = _look_at(bank, look.grids.wider, prior)
        posterior = _looked_at(bank, look, answers, prior)
    while posterior.left > MOST_ALIASED and posterior.quadrature.step > FINEST:
        posterior = posterior.halved
    if not len(answers.asked):  # what is known beforehand, without what lies beyond the ends
        mean, sd = prior.location_scale
        return replace(posterior, mean=mean, sd=sd)
    return posterior


def _on_grid(table: AnswerTable, quadrature: Quadrature, answers: Answers, prior: Prior) -> GridPosterior:
    log_density = table.log_likelihood(*answers.plain)
    if isinstance(prior, NormalPrior):
        log_density += _normal(quadrature, *prior.location_scale)
    else:
        log_density += log_prior(table.bank, answers, prior, quadrature.nodes)
    return GridPosterior.from_log_density(quadrature, log_density)


class Look(NamedTuple):
    """What a first look at posteriors under a prior takes."""

    grids: Grids
    table: AnswerTable
    log_prior: FloatArray  # (G,)


def _look(bank: ItemBank, prior: NormalPrior) -> Look:
    """Kept of the priors that many share, because every step needs it."""
    looks: dict[tuple[float, float], Look] = bank.derived(("looks",), dict)
    key = prior.location_scale
    look = looks.get(key)
    if look is None:
        look = _look_at(bank, grids_for(bank, prior, EDITION), prior)
        if len(looks) >= KEPT_LOOKS:
            looks.clear()
        looks[key] = look
    return look


def _look_at(bank: ItemBank, grids: Grids, prior: NormalPrior) -> Look:
    return Look(grids, compiled_table(bank, grids.first), _normal(grids.first, *prior.location_scale))


def _looked_at(bank: ItemBank, look: Look, answers: Answers, prior: NormalPrior) -> GridPosterior:
    """At every other node."""
    grids, table, normal = look
    first = grids.first
    rows, weights = np.array(table.found(*answers.plain), dtype=np.intp), np.empty(first.points)
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
    log_density = log_normal(chosen.nodes, *prior.location_scale) + likelihood.log_p(t).sum(axis=0)
    return GridPosterior.looked_at(chosen, log_density, partial(_halved, bank, answers, prior))


def _on_own_grid(bank: ItemBank, answers: Answers, prior: Prior, posterior: GridPosterior) -> GridPosterior:
    """On finer grids around it, until one is fine enough."""
    while True:
        chosen = narrowed(posterior.mean, posterior.sd, posterior.quadrature.step, prior)
        posterior = _on_grid(AnswerTable(bank, chosen), chosen, answers, prior)
        if not posterior.is_coarse:
            return posterior


@lru_cache(maxsize=256)
def _normal(quadrature: Quadrature, mean: float, sd: float) -> FloatArray:
    """A normal prior at a grid's nodes, for those that many share."""
    return log_normal(quadrature.nodes, mean, sd)
