"""When a test has said enough. `CatRules` adds the lengths: at least, at most, and no question left.

Rules that count standard deviations or probabilities use the posterior where there is one on a grid, else
mean, error and, where it is known, the skewness of the estimate. Where a test has several cuts, each must be
decided.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from scipy.special import ndtri

from testing_engine.psychometrics.ability.modes import AnsweredTest, peaks
from testing_engine.psychometrics.ability.posterior import probability_below
from testing_engine.psychometrics.components import (
    FIRST_EDITION,
    Ability,
    Component,
    Count,
    Positive,
    Probability,
    Problems,
    Within,
)
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.selection.integrals import ExpectedPosteriorVariance
from testing_engine.psychometrics.selection.ranking import Available, leading_information
from testing_engine.psychometrics.state import CatState

Cuts = Annotated[tuple[Ability, ...], Within(least=1, most=20)]
RANGE = (-8.0, 8.0)  # where GLR looks for the likelihood's peak on either side of a cut
SEARCH = np.linspace(*RANGE, 321)  # in the first edition, at these only


@dataclass(frozen=True)
class Stop(Component, kind=True):
    @abstractmethod
    def met(self, state: CatState) -> bool: ...

    needs_ability: ClassVar[bool] = True

    @property
    def reason(self) -> str:
        """What a session that it ended reports."""
        return self.name

    def beyond_counting(self) -> list[str]:
        """Where, below this rule, something asks for an ability: JSON pointers, "" for the rule itself."""
        return [""] if self.needs_ability else []


@dataclass(frozen=True)
class Length(Stop, name="length"):
    """`questions` have been asked; for use inside "all" and "any", else `max_questions` says it."""

    questions: Count

    needs_ability = False

    def met(self, state: CatState) -> bool:
        return state.position >= self.questions


@dataclass(frozen=True)
class Precision(Stop, name="precision"):
    """The standard error of every measured dimension is at most `standard_error`.

    Or that of the `dimensions` listed, each with a limit of its own if `each` is given; or that of a
    composite score with weights λ = `composite`, √(λᵀ Cov λ).
    """

    standard_error: Positive = 0.3
    dimensions: tuple[Annotated[int, Within(least=0)], ...] = ()
    each: tuple[Positive, ...] = ()
    composite: tuple[float, ...] = ()

    def met(self, state: CatState) -> bool:
        if self.composite:
            weights = np.array(self.composite)
            return math.sqrt(weights @ state.estimate.covariance @ weights) <= self.standard_error
        errors = state.estimate.standard_error
        errors = errors[list(self.dimensions)] if self.dimensions else errors[state.bank.measured]
        return bool((errors <= (self.each or self.standard_error)).all())

    def problems(self, bank: ItemBank) -> Problems:
        found: Problems = []
        if any(dimension >= bank.n_dimensions for dimension in self.dimensions):
            found.append(("/dimensions", f"this pool has {bank.n_dimensions}, counted from 0"))
        if self.each and len(self.each) != (len(self.dimensions) or np.count_nonzero(bank.measured)):
            found.append(("/each", "needs one limit per dimension"))
        if self.composite and len(self.composite) != bank.n_dimensions:
            found.append(("/composite", f"needs one weight for each of {bank.n_dimensions} dimensions"))
        return found


@dataclass(frozen=True)
class Classification(Stop, name="classification"):
    """For every cut and measured dimension, one side has posterior probability `probability` or more."""

    cuts: Cuts = (0.0,)
    probability: Annotated[float, Within(least=0.5, below=1)] = 0.8

    def met(self, state: CatState) -> bool:
        dimensions = state.bank.measured.nonzero()[0].tolist()
        below = [below_cut(state, cut, dimension) for dimension in dimensions for cut in self.cuts]
        return all(max(share, 1 - share) >= self.probability for share in below)


def below_cut(state: CatState, cut: float, dimension: int) -> float:
    """Posterior probability that an ability is below the cut."""
    if state.posterior is not None:
        return state.posterior.below(cut)
    return probability_below(state.estimate, cut, dimension)


@dataclass(frozen=True)
class Interval(Stop, name="interval"):
    """No cut lies in the interval θ̂ ± z SE of any measured dimension. Kingsbury & Weiss (1983)."""

    cuts: Cuts = (0.0,)
    confidence: Probability = 0.95

    def met(self, state: CatState) -> bool:
        measured = state.bank.measured
        reach = float(ndtri((1 + self.confidence) / 2)) * state.estimate.standard_error[measured]
        distances = np.abs(state.estimate.theta[measured, None] - np.array(self.cuts))
        return bool((distances > reach[:, None]).all())


@dataclass(frozen=True)
class OneDimensionalStop(Stop):
    def problems(self, bank: ItemBank) -> Problems:
        return [("", "needs a pool of one dimension")] if bank.n_dimensions > 1 else []


@dataclass(frozen=True)
class LikelihoodRatio(OneDimensionalStop, name="SPRT"):
    """Wald's sequential test of θ = cut + δ against cut − δ, at every cut. Reckase (1983).

    Decided where log L(cut + δ) − log L(cut − δ) is ≥ log((1 − β)/α) or ≤ log(β/(1 − α)).
    """

    cuts: Cuts = (0.0,)
    delta: Positive = 0.25
    alpha: Probability = 0.05
    beta: Probability = 0.05

    def met(self, state: CatState) -> bool:
        cuts = np.array(self.cuts)
        return self.decided(self.evidence(state, cuts - self.delta, cuts + self.delta))

    def evidence(self, state: CatState, low: FloatArray, high: FloatArray) -> FloatArray:
        """(cuts,) the log likelihood ratio."""
        test = AnsweredTest(state.bank, state.answers)
        return np.asarray(test.log_likelihood(high) - test.log_likelihood(low))

    def decided(self, evidence: FloatArray) -> bool:
        """Whether Wald's limits are passed at every cut."""
        above, below = math.log((1 - self.beta) / self.alpha), math.log(self.beta / (1 - self.alpha))
        return bool(((evidence >= above) | (evidence <= below)).all())


@dataclass(frozen=True)
class GeneralizedLikelihoodRatio(LikelihoodRatio, name="GLR"):
    """SPRT with the highest likelihood at or beyond cut ± δ in place of that at cut ± δ. Thompson (2009)."""

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        """The likelihood is searched for its peaks."""
        return 5.0 * len(SEARCH) * answers

    def evidence(self, state: CatState, low: FloatArray, high: FloatArray) -> FloatArray:
        test = AnsweredTest(state.bank, state.answers)
        tops = SEARCH if state.edition == FIRST_EDITION else peaks(test.slope, RANGE, state.bank.sharpest)
        beyond = test.log_likelihood(tops)
        above = np.where(high[:, None] <= tops, beyond, -np.inf).max(axis=1)
        below = np.where(low[:, None] >= tops, beyond, -np.inf).max(axis=1)
        above = np.maximum(above, test.log_likelihood(high))
        return np.asarray(above - np.maximum(below, test.log_likelihood(low)))


@dataclass(frozen=True)
class MinimumInformation(OneDimensionalStop, name="information"):
    """No question left has information `least` or more at the estimate. Weiss (1982)."""

    least: Positive = 0.3

    def met(self, state: CatState) -> bool:
        available = Available(state.bank.n_items, frozenset(state.used))
        if not available.count:
            return True
        theta = float(state.estimate.theta[0])
        leader = leading_information(state.bank, theta, available, 1, state.edition)
        return leader.values[0] < self.least


@dataclass(frozen=True)
class PredictedReduction(OneDimensionalStop, name="PSER"):
    """The best question left would lower the posterior standard deviation by less than `least`. Choi et al.
    (2011).

    Once the error is at most `standard_error`, the test goes on only for a reduction of `least_after` or
    more.
    """

    least: Positive = 0.01
    standard_error: Annotated[float, Within(least=0)] = 0.0
    least_after: Positive = 0.03

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        return EXPECTED_VARIANCE.work(bank, grid, answers)

    def met(self, state: CatState) -> bool:
        available = Available(state.bank.n_items, frozenset(state.used))
        if not available.count:
            return True
        (variance,) = EXPECTED_VARIANCE.leaders(state, available, 1).values
        error = float(state.estimate.standard_error[0])
        limit = self.least_after if error <= self.standard_error else self.least
        return error - math.sqrt(max(-variance, 0.0)) < limit


@dataclass(frozen=True)
class Change(Stop, name="change"):
    """The last answer moved the estimate of no measured dimension by `least` or more."""

    least: Positive = 0.02

    def met(self, state: CatState) -> bool:
        if len(state.answers.items) < 2:
            return False
        moved = np.abs(state.estimate.theta - state.before.theta)[state.bank.measured]
        return bool((moved < self.least).all())


@dataclass(frozen=True)
class Combined(Stop):
    rules: Annotated[tuple[Stop, ...], Within(least=1)]

    def beyond_counting(self) -> list[str]:
        below = ((f"/rules/{i}", rule.beyond_counting()) for i, rule in enumerate(self.rules))
        return [place + pointer for place, pointers in below for pointer in pointers]

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        return sum(rule.work(bank, grid, answers) for rule in self.rules)

    def problems(self, bank: ItemBank) -> Problems:
        parts = ((f"/rules/{i}", rule.problems(bank)) for i, rule in enumerate(self.rules))
        return [(place + below, text) for place, problems in parts for below, text in problems]


@dataclass(frozen=True)
class All(Combined, name="all"):
    """Every one of these rules is met."""

    def met(self, state: CatState) -> bool:
        return all(rule.met(state) for rule in self.rules)

    @property
    def reason(self) -> str:
        return "+".join(rule.reason for rule in self.rules)


@dataclass(frozen=True)
class AnyOf(Combined, name="any"):
    """One of these rules is met."""

    def met(self, state: CatState) -> bool:
        return any(rule.met(state) for rule in self.rules)


EXPECTED_VARIANCE = ExpectedPosteriorVariance()
