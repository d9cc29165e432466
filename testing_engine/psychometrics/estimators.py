"""Ability estimators as rules. Docs: docs/ENGINE.md says when to use which."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from testing_engine.psychometrics.ability import (
    AbilityEstimate,
    Answers,
    GridPosterior,
    Likelihood,
    grid_posterior,
)
from testing_engine.psychometrics.components import Component, Count, Positive, Problems, RulesError
from testing_engine.psychometrics.items import ItemBank
from testing_engine.psychometrics.modes import (
    Kind,
    Range,
    likelihood_mode,
    posterior_mode,
    weighted_likelihood_mode,
)
from testing_engine.psychometrics.priors import Prior
from testing_engine.psychometrics.product_grid import MOST_DIMENSIONS, posterior_mean_several
from testing_engine.psychometrics.quadrature import Quadrature

Estimated = tuple[AbilityEstimate, GridPosterior | None]


@dataclass(frozen=True)
class Estimator(Component, kind=True):
    @abstractmethod
    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated: ...


@dataclass(frozen=True)
class Grid:
    """An even grid of one's own, to repeat another program's numbers (catR: −4 to 4, 33 points)."""

    lower: float
    upper: float
    points: Count
    rule: Literal["trapezoid", "sum"] = "trapezoid"

    def __post_init__(self) -> None:
        if self.lower >= self.upper or self.points < 2:
            raise RulesError([("", "needs lower < upper and two points or more")])

    def quadrature(self) -> Quadrature:
        return Quadrature(self.lower, self.upper, self.points, self.rule)


@dataclass(frozen=True)
class ExpectedAPosteriori(Estimator, name="EAP"):
    """Mean and standard deviation of the posterior, on a grid that is fine enough unless one is given."""

    grid: Grid | None = None

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        quadrature = self.grid.quadrature() if self.grid else None
        if bank.n_dimensions > 1:
            return posterior_mean_several(bank, answers, prior, quadrature), None
        posterior = grid_posterior(bank, answers, prior, quadrature)
        theta, covariance = np.array([posterior.mean]), np.array([[posterior.sd**2]])
        return AbilityEstimate(theta, covariance), posterior

    def problems(self, bank: ItemBank) -> Problems:
        if bank.n_dimensions <= MOST_DIMENSIONS:
            return []
        return [("", f"integrates over at most {MOST_DIMENSIONS} dimensions; MAP has no such limit")]


@dataclass(frozen=True)
class Bounds:
    """An estimate that would lie outside is the bound itself."""

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if self.lower >= self.upper:
            raise RulesError([("/upper", "must be above lower")])

    def range(self) -> Range:
        return self.lower, self.upper


@dataclass(frozen=True)
class MaximumAPosteriori(Estimator, name="MAP"):
    """Mode of the posterior; its error is Laplace's, from the observed or the expected information."""

    bounds: Bounds | None = None
    information: Kind = "observed"

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        bounds = self.bounds.range() if self.bounds else None
        return posterior_mode(bank, answers, prior, self.information, bounds), None

    def problems(self, bank: ItemBank) -> Problems:
        if self.bounds and bank.n_dimensions > 1:
            return [("/bounds", "need a pool of one dimension")]
        return []


USUAL_BOUNDS = Bounds(-4.0, 4.0)


@dataclass(frozen=True)
class UntilMixed:
    """What stands in for an estimator without finite value while all answers are lowest, or all highest, or
    none.

    EAP and MAP use the prior; "bound" takes the estimator's own bound. "step" goes from `start` by `size`
    an answer and "halve" half-way to the bounds, both as Dodd (1990) did, with the error of the answered
    questions there.
    """

    rule: Literal["EAP", "MAP", "bound", "step", "halve"] = "EAP"
    start: float = 0.0
    size: Positive = 0.7

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior, bounds: Range) -> Estimated:
        if bank.n_dimensions > 1 or self.rule == "MAP" or not len(answers.items):
            return posterior_mode(bank, answers, prior), None
        if self.rule == "EAP":
            return ExpectedAPosteriori().estimate(bank, answers, prior)
        theta, end = self.start, bounds[1] if answers.scores[0] > 0 else bounds[0]
        for _ in answers.items:
            move = (end - theta) / 2 if self.rule == "halve" else np.sign(end) * self.size
            theta = float(np.clip(theta + move, *bounds))
        precision = Likelihood(bank, answers).information(np.array([theta]))
        return AbilityEstimate(np.array([theta]), 1 / precision), None


UNTIL_MIXED = UntilMixed()


@dataclass(frozen=True)
class MaximumLikelihood(Estimator, name="ML"):
    """Mode of the likelihood within bounds."""

    bounds: Bounds = USUAL_BOUNDS
    information: Kind = "expected"
    until_mixed: UntilMixed = UNTIL_MIXED

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        if self.until_mixed.rule != "bound" and not mixed(bank, answers):
            return self.until_mixed.estimate(bank, answers, prior, self.bounds.range())
        return likelihood_mode(bank, answers, self.bounds.range(), self.information), None


@dataclass(frozen=True)
class WeightedLikelihood(Estimator, name="WLE"):
    """Warm's weighted likelihood estimate within bounds; finite for any answers."""

    bounds: Bounds = USUAL_BOUNDS

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        if not len(answers.items):
            return UNTIL_MIXED.estimate(bank, answers, prior, self.bounds.range())
        return weighted_likelihood_mode(bank, answers, self.bounds.range()), None

    def problems(self, bank: ItemBank) -> Problems:
        return [("", "needs a pool of one dimension")] if bank.n_dimensions > 1 else []


def mixed(bank: ItemBank, answers: Answers) -> bool:
    """Neither all answers in the lowest category nor all in the highest."""
    highest = answers.scores == bank.n_categories[answers.items] - 1
    return bool((answers.scores > 0).any() and not highest.all())
