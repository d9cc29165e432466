"""Priors as rules."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np

from testing_engine.psychometrics.ability.priors import JeffreysPrior, NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.components import Ability, Component, Problems, RulesError, Within
from testing_engine.psychometrics.items.bank import ItemBank

# Beyond these a prior says nothing about a person, and takes grids that fill the memory.
LEAST_VARIANCE, MOST_VARIANCE = 1e-4, 100.0
NARROWEST = 0.1
LARGEST_CORRELATION = 0.95  # of a scale: abilities that correlate more closely are one ability


@dataclass(frozen=True)
class PriorRule(Component, kind=True):
    @abstractmethod
    def prior(self, dimensions: int) -> Prior: ...


@dataclass(frozen=True)
class StandardNormal(PriorRule, name="standard"):
    """N(0, 1) per dimension; any two of them have the same `correlation`, 0 if not given."""

    correlation: Annotated[float, Within(above=-1, below=1)] = 0.0

    def prior(self, dimensions: int) -> Prior:
        if not self.correlation:
            return NormalPrior.standard(dimensions)
        return NormalPrior.equally_correlated(dimensions, self.correlation)

    def problems(self, bank: ItemBank) -> Problems:
        most, least = 1 - LEAST_VARIANCE, -(1 - LEAST_VARIANCE) / max(bank.n_dimensions - 1, 1)
        if bank.n_dimensions == 1 or least <= self.correlation <= most:
            return []
        limits = f"from {least:.4g} to {most:.4g}"
        return [("/correlation", f"must be {limits}, so that {bank.n_dimensions} dimensions can all have it")]


@dataclass(frozen=True)
class Normal(PriorRule, name="normal"):
    """N(mean, covariance)."""

    mean: tuple[Ability, ...]
    covariance: tuple[tuple[Annotated[float, Within(least=-MOST_VARIANCE, most=MOST_VARIANCE)], ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.mean) for row in self.covariance) or len(self.covariance) != len(
            self.mean
        ):
            raise RulesError([("/covariance", "needs as many rows and columns as the mean has entries")])
        try:
            self.prior(len(self.mean))
        except ValueError as error:
            raise RulesError([("/covariance", str(error))]) from None
        if np.linalg.eigvalsh(np.array(self.covariance))[0] < LEAST_VARIANCE:
            raise RulesError(
                [("/covariance", f"needs variances of {LEAST_VARIANCE:g} or more, whatever the direction")]
            )

    @lru_cache  # noqa: B019  # of few small values, which live as long as the process
    def prior(self, dimensions: int) -> Prior:
        return NormalPrior(np.array(self.mean), np.array(self.covariance))

    def problems(self, bank: ItemBank) -> Problems:
        if len(self.mean) == bank.n_dimensions:
            return []
        return [("/mean", f"has {len(self.mean)} entries, this pool has {bank.n_dimensions} dimensions")]


@dataclass(frozen=True)
class Bounded(PriorRule):
    """On [lower, upper]."""

    lower: Ability = -4.0
    upper: Ability = 4.0

    def __post_init__(self) -> None:
        if self.upper - self.lower < NARROWEST:
            raise RulesError([("/upper", f"must be {NARROWEST} or more above lower")])

    def problems(self, bank: ItemBank) -> Problems:
        return [("", "needs a pool of one dimension")] if bank.n_dimensions > 1 else []


@dataclass(frozen=True)
class Uniform(Bounded, name="uniform"):
    """Flat on [lower, upper]."""

    def prior(self, dimensions: int) -> Prior:
        return UniformPrior(self.lower, self.upper)


@dataclass(frozen=True)
class Jeffreys(Bounded, name="Jeffreys"):
    """∝ √(test information) on [lower, upper]."""

    def prior(self, dimensions: int) -> Prior:
        return JeffreysPrior(self.lower, self.upper)
