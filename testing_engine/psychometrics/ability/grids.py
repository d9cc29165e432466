"""Which grids a posterior in one dimension is integrated on, where nobody asks for one.

With step h the trapezoid rule errs by the density's Fourier transform at 2π/h. Of a normal density of
standard deviation s that is exp(−2π² s²/h²); answers whose log odds have slope a have poles at ±iπ/a, and
leave up to exp(−2π² / (a h)) (Trefethen & Weideman 2014). What it is at half of that frequency the nodes tell
themselves, by the sum with alternating signs (`aliased`). Where that is at most 1/2,000, and a h at most 1.5,
mean and standard deviation are within 5e-7, nearly always within 1e-7, for answers made to break it
(`tests/test_grids.py`).

So every other node of the grid is looked at first, and all nodes, or a grid around the posterior, where that
leaves more. A probability below a cut is integrated from an interpolant, which errs by the transform at π/h,
and so needs all nodes where the mean needs every other, and the grid around it where the mean needs all.

The grid reaches to ±6.4, where a standard normal prior leaves a density of 5e-10, and farther for answers
that less than one in a hundred of the prior's students would give.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np

from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.components import THIRD_EDITION
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray

REACH, INTERVALS = 6.4, 80  # of the first look; its step is 0.16, or half of that
INTERVALS_GRADED = 160  # where questions have more than two answers, which tell more
STEEPEST = 1.5  # log odds within such a step
MOST_ALIASED = 5e-4
NOTHING = 1e-13  # of the highest density
MOST_AT_ENDS = 5e-8  # density at both ends together
MOST_NODES = 1_001  # between bounds
# To the third edition a posterior narrower than so many steps is integrated again on a finer grid.
STEPS_PER_SD = 1.3
# There and for criteria that integrate, log odds steeper than this need a step below 0.1: it leaves 1e-9.
SHARPEST = 9.5


@dataclass(frozen=True)
class Grids:
    """A grid to look at a posterior on."""

    first: Quadrature
    between: Quadrature | None = None  # the nodes between them; to the third edition none

    @cached_property
    def whole(self) -> Quadrature:
        """The nodes of both together."""
        first = self.first
        if self.between is None:
            return first
        return Quadrature(first.lower, first.upper, 2 * first.points - 1)

    @cached_property
    def parts(self) -> tuple[Quadrature, ...]:
        """`first` and, if there is one, `between`."""
        return (self.first,) if self.between is None else (self.first, self.between)

    def joined(self, parts: Sequence[FloatArray]) -> FloatArray:
        """(…, G) at all nodes, from numbers (…, G') at those of each part."""
        values = np.empty((*parts[0].shape[:-1], self.whole.points))
        for place, part in enumerate(parts):
            values[..., place :: len(parts)] = part
        return values

    @cached_property
    def wider(self) -> "Grids":
        """Twice as far out."""
        return _even_grids(2 * self.first.upper, self.first.step, 0.0)


def grids_for(bank: ItemBank, prior: Prior, edition: int) -> Grids:
    """Where to look first; between bounds, and to the third edition, at all nodes at once."""
    if edition <= THIRD_EDITION or not isinstance(prior, NormalPrior):
        return Grids(default_quadrature(bank, prior))
    mean, sd = prior.location_scale
    reach = REACH
    while reach < abs(mean) + REACH * sd:
        reach *= 2
    intervals = INTERVALS if bank.most_categories == 2 else INTERVALS_GRADED
    return _even_grids(reach, 2 * REACH / intervals, bank.sharpest)


@lru_cache
def _even_grids(reach: float, step: float, sharpest: float) -> Grids:
    """One object for all who ask, because its quadratures remember their nodes and moments."""
    while sharpest * step > STEEPEST:
        step /= 2
    intervals = round(2 * reach / step)
    first = Quadrature(-reach, reach, intervals + 1)
    between = Quadrature(-reach + step / 2, reach - step / 2, intervals)
    return Grids(first, between)


Numbers = TypeVar("Numbers", float, FloatArray)


def aliased(sums: Sequence[Numbers], mean: Numbers, variance: Numbers, step: float) -> Numbers:
    """How much of a density's transform is left at π/step, as a share of all.

    `sums`: those of `Quadrature.alternating`. Of a normal density N(m, s²) the fourth is proportional to
    cos(mπ/step), the fifth about its mean to s² (π/step) sin(mπ/step), so that one of them shows it.
    """
    total, _, _, plain, with_theta = sums
    turned = (with_theta - mean * plain) * step / (math.pi * variance)
    return (abs(plain) + abs(turned)) / total


def default_quadrature(bank: ItemBank, prior: Prior) -> Quadrature:
    """±8 with a step of 0.1 for usual priors and questions; doubled or halved where that is not enough.

    Between bounds, Gauss–Legendre nodes as dense.
    """
    refinement = 1
    while bank.sharpest > SHARPEST * refinement:
        refinement *= 2
    if not isinstance(prior, NormalPrior):
        return _bounded(prior.lower, prior.upper, refinement)
    mean, sd = prior.location_scale
    reach = 8
    while reach < abs(mean) + 8 * sd:
        reach *= 2
    return _even(reach, refinement)


@lru_cache
def _even(reach: int, refinement: int) -> Quadrature:
    """One object for all who ask, as above; likewise below."""
    return Quadrature(-reach, reach, 20 * reach * refinement + 1)


@lru_cache
def _bounded(lower: float, upper: float, refinement: int) -> Quadrature:
    # Finding Gauss–Legendre nodes takes the cube of their number; a narrow posterior gets a grid of its own.
    points = min(1 + math.ceil(20 * max(upper - lower, 8)) * refinement, MOST_NODES)
    return Quadrature(lower, upper, points, "gauss-legendre")


def halved(quadrature: Quadrature, weights: FloatArray) -> Quadrature:
    """Half the step, between the nodes where a density (G,), 1 at most, is not nothing."""
    step, there = quadrature.step, np.flatnonzero(weights > NOTHING)
    low = max(quadrature.lower, float(quadrature.nodes[there[0]]) - step)
    high = min(quadrature.upper, float(quadrature.nodes[there[-1]]) + step)
    return Quadrature(low, high, 2 * round((high - low) / step) + 1)


def narrowed(mean: float, sd: float, step: float, prior: Prior) -> Quadrature:
    """A finer grid around a posterior that its own grid, of this step, barely resolves."""
    reach = max(12 * sd, 4 * step)
    low, high = mean - reach, mean + reach
    if isinstance(prior, NormalPrior):
        return Quadrature(low, high, 161)
    return Quadrature(max(low, prior.lower), min(high, prior.upper), 161, "gauss-legendre")
