"""Ability estimators as rules. Docs: docs/ENGINE.md says when to use which."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np

from testing_engine.psychometrics.ability import first_edition, third_edition
from testing_engine.psychometrics.ability.expectation_propagation import UNSETTLED, posterior_moments
from testing_engine.psychometrics.ability.grid_posteriors import GridPosterior, grid_posterior
from testing_engine.psychometrics.ability.modes import (
    Kind,
    Range,
    climbed_peak,
    likelihood_mode,
    posterior_mode,
    proper_peak,
    robust_mode,
    weighted_likelihood_mode,
)
from testing_engine.psychometrics.ability.posterior import (
    AbilityEstimate,
    Answers,
    Likelihood,
)
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.ability.product_grid import (
    MOST_DIMENSIONS,
    MOST_NODES,
    Moments,
    on_frame,
    posterior_mean_several,
)
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.components import (
    EDITION,
    FIRST_EDITION,
    THIRD_EDITION,
    Ability,
    Component,
    Positive,
    Problems,
    RulesError,
    Within,
)
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, Logistic

Estimated = tuple[AbilityEstimate, GridPosterior | None]


@dataclass(frozen=True)
class Estimator(Component, kind=True):
    """`edition` is that of the rules, which hand it down (`CatRules.ability_for`)."""

    edition: int = field(default=EDITION, kw_only=True, compare=False, metadata={"json": False})

    @abstractmethod
    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated: ...


@dataclass(frozen=True)
class Grid:
    """An even grid of one's own, to repeat another program's numbers (catR: −4 to 4, 33 points)."""

    lower: Ability
    upper: Ability
    points: Annotated[int, Within(least=2, most=2_001)]
    rule: Literal["trapezoid", "sum"] = "trapezoid"

    def __post_init__(self) -> None:
        if self.lower >= self.upper:
            raise RulesError([("/upper", "must be above lower")])

    def quadrature(self) -> Quadrature:
        return Quadrature(self.lower, self.upper, self.points, self.rule)


@dataclass(frozen=True)
class ExpectedAPosteriori(Estimator, name="EAP"):
    """Mean and standard deviation of the posterior, on a grid that is fine enough unless one is given."""

    grid: Grid | None = None

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        quadrature = self.grid.quadrature() if self.grid else None
        if bank.n_dimensions > 1 and quadrature is None and self.edition == FIRST_EDITION:
            return first_edition.posterior_mean_several(bank, answers, prior), None
        if bank.n_dimensions > 1:
            return posterior_mean_several(bank, answers, prior, quadrature, moments_of(self.edition)), None
        posterior = grid_posterior(bank, answers, prior, quadrature, self.edition)
        theta, covariance = np.empty(1), np.empty((1, 1))  # and filled: in half of the time of a list's
        theta[0], covariance[0, 0] = posterior.mean, posterior.sd**2
        return AbilityEstimate(theta, covariance), posterior

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        """In several dimensions every answer is evaluated at every node of the product."""
        if bank.n_dimensions == 1:
            return 0.2 * answers * (self.grid.points if self.grid else grid)
        return answers * float(self.grid.points**bank.n_dimensions if self.grid else MOST_NODES)

    def problems(self, bank: ItemBank) -> Problems:
        if bank.n_dimensions > MOST_DIMENSIONS:
            return [("", f"integrates over at most {MOST_DIMENSIONS} dimensions; EP has no such limit")]
        if self.grid and self.grid.points**bank.n_dimensions > MOST_NODES:
            return [("/grid/points", f"make more than {MOST_NODES} nodes in {bank.n_dimensions} dimensions")]
        return []


@dataclass(frozen=True)
class ExpectationPropagation(Estimator, name="EP"):
    """Mean and covariance of the posterior in any number of dimensions, by expectation propagation.

    Within a few thousandths of the exact ones, at little more than the cost of MAP. In one dimension it is
    EAP.
    """

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        if bank.n_dimensions == 1:
            return ExpectedAPosteriori(edition=self.edition).estimate(bank, answers, prior)
        if not isinstance(prior, NormalPrior):
            raise TypeError("several dimensions need a normal prior")
        found = moments_of(self.edition)(bank, answers, prior)
        if found.found_by == UNSETTLED and bank.n_dimensions <= MOST_DIMENSIONS:
            return on_frame(bank, answers, prior, found), None
        return found, None


@dataclass(frozen=True)
class Bounds:
    """An estimate that would lie outside is the bound itself."""

    lower: Ability
    upper: Ability

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
        if self.edition == FIRST_EDITION:
            return first_edition.posterior_mode(bank, answers, prior, self.information, bounds), None
        starts = further_starts(bank, answers, prior, self.edition)
        return posterior_mode(bank, answers, prior, self.information, bounds, starts), None

    def problems(self, bank: ItemBank) -> Problems:
        if self.bounds and bank.n_dimensions > 1:
            return [("/bounds", "need a pool of one dimension")]
        return []


USUAL_BOUNDS = Bounds(-4.0, 4.0)


@dataclass(frozen=True)
class UntilMixed:
    """What stands in while all answers are lowest or all are highest, when some estimators have no finite
    value.

    EAP and MAP use the prior; "bound" takes the estimator's own bound. "step" goes from `start` by `size`
    an answer and "halve" half-way to the bounds, both as Dodd (1990) did, with the error of the answered
    questions there. No answer at all always gives the prior.
    """

    rule: Literal["EAP", "MAP", "bound", "step", "halve"] = "EAP"
    start: Ability = 0.0
    size: Positive = 0.7

    def estimate(
        self, bank: ItemBank, answers: Answers, prior: Prior, bounds: Range, side: int, edition: int
    ) -> Estimated:
        """`side`: where the answers point, −1 or 1; 0 where they point nowhere, and the prior must help."""
        if bank.n_dimensions > 1 or self.rule == "MAP" or not len(answers.items):
            return MaximumAPosteriori(edition=edition).estimate(bank, answers, prior)
        if self.rule == "EAP" or not side:
            return ExpectedAPosteriori(edition=edition).estimate(bank, answers, prior)
        theta, end = self.start, bounds[1] if side > 0 else bounds[0]
        for _ in answers.items:
            move = (end - theta) / 2 if self.rule == "halve" else np.sign(end) * self.size
            theta = float(np.clip(theta + move, *bounds))
        precision = Likelihood(bank, answers).information(np.array([theta]))
        return AbilityEstimate(np.array([theta]), 1 / precision), None


UNTIL_MIXED = UntilMixed()


@dataclass(frozen=True)
class MaximumLikelihood(Estimator, name="ML"):
    """Mode of the likelihood within bounds.

    In several dimensions MAP stands in, too, until the answers determine every direction.
    """

    bounds: Bounds = USUAL_BOUNDS
    information: Kind = "expected"
    until_mixed: UntilMixed = UNTIL_MIXED

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        bounds, stands_in = self.bounds.range(), self.until_mixed.rule != "bound"
        side = one_sided(bank, answers, self.edition)
        if not len(answers.items) or (stands_in and side):
            return self.until_mixed.estimate(bank, answers, prior, bounds, side, self.edition)
        if self.edition == FIRST_EDITION:
            found = first_edition.likelihood_mode(bank, answers, bounds, self.information)
        else:
            starts = further_starts(bank, answers, prior, self.edition)
            found = likelihood_mode(bank, answers, bounds, self.information, starts)
        if stands_in and not np.isfinite(found.covariance).all():
            return MaximumAPosteriori(edition=self.edition).estimate(bank, answers, prior)
        return found, None

    def problems(self, bank: ItemBank) -> Problems:
        if bank.measured.all():
            return []
        return [("", "needs a pool that measures every dimension; MAP does not")]


@dataclass(frozen=True)
class WeightedLikelihood(Estimator, name="WLE"):
    """Warm's weighted likelihood estimate within bounds; finite for any answers."""

    bounds: Bounds = USUAL_BOUNDS

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        if not len(answers.items):
            return UNTIL_MIXED.estimate(bank, answers, prior, self.bounds.range(), 0, self.edition)
        return weighted_likelihood_mode(bank, answers, self.bounds.range()), None

    def problems(self, bank: ItemBank) -> Problems:
        return [("", "needs a pool of one dimension")] if bank.n_dimensions > 1 else []


@dataclass(frozen=True)
class RobustLikelihood(Estimator, name="robust"):
    """ML in which answers to questions far too hard or too easy count less: Huber's or Tukey's weights of t.

    Huber: 1 up to `tuning`, then tuning / |t|. Tukey: (1 − (t / tuning)²)² up to `tuning`, then 0.
    """

    weight: Literal["Huber", "Tukey"] = "Huber"
    tuning: Positive = 1.0
    bounds: Bounds = USUAL_BOUNDS
    until_mixed: UntilMixed = UNTIL_MIXED

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        bounds, stands_in = self.bounds.range(), self.until_mixed.rule != "bound"
        side = one_sided(bank, answers, self.edition)
        if not len(answers.items) or (stands_in and side):
            return self.until_mixed.estimate(bank, answers, prior, bounds, side, self.edition)
        find = climbed_peak if self.edition == FIRST_EDITION else proper_peak
        found = robust_mode(bank, answers, bounds, self._weights, find)
        if found is None:  # only plateaus, on which no answer counts
            return self.until_mixed.estimate(bank, answers, prior, bounds, 0, self.edition)
        if stands_in and not np.isfinite(found.covariance).all():
            return MaximumAPosteriori(edition=self.edition).estimate(bank, answers, prior)
        return found, None

    def problems(self, bank: ItemBank) -> Problems:
        if bank.n_dimensions > 1 or not all(isinstance(family, Logistic) for family in bank.families):
            return [("", "needs a pool of one dimension with 1PL–4PL questions only")]
        return []

    def _weights(self, t: FloatArray) -> FloatArray:
        distance = np.abs(t) / self.tuning
        if self.weight == "Huber":
            return 1 / np.maximum(distance, 1)
        return np.maximum(1 - distance**2, 0) ** 2


def one_sided(bank: ItemBank, answers: Answers, edition: int) -> int:
    """−1 where every answer's likelihood rises without end as ability falls, 1 where as it grows, else 0.

    That is all lowest or all highest; of a nominal question, the categories with the smallest and the largest
    slope, wherever they stand.
    """
    if not len(answers.items):
        return 0
    if edition == FIRST_EDITION:
        return first_edition.one_sided(bank, answers)
    down, up = zip(
        *(family.ends(scores) for family, _, scores in Likelihood(bank, answers).groups), strict=True
    )
    if all(part.all() for part in down):
        return -1
    return int(all(part.all() for part in up))


def further_starts(bank: ItemBank, answers: Answers, prior: Prior, edition: int) -> Sequence[FloatArray]:
    """Where else the way up to a mode may begin: at the posterior's mean, if guessing can make several
    peaks."""
    if bank.n_dimensions == 1 or not isinstance(prior, NormalPrior):
        return ()
    if Likelihood(bank, answers).is_log_concave:
        return ()
    return (moments_of(edition)(bank, answers, prior).theta,)


def moments_of(edition: int) -> Moments:
    """Expectation propagation as that edition computes it."""
    return posterior_moments if edition > THIRD_EDITION else third_edition.posterior_moments
