"""What every rule sees: the test so far."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from testing_engine.psychometrics.ability.estimators import Estimator
from testing_engine.psychometrics.ability.grid_posteriors import GridPosterior
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.components import EDITION
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.values import quickly_made

__all__ = ["EDITION", "WHOLE_TEST", "CatState", "rng_of_step", "rng_of_test"]

WHOLE_TEST = 2**32 - 1  # stands for the position in draws that no position has


@quickly_made
@dataclass(frozen=True, eq=False)
class CatState:
    bank: ItemBank
    prior: Prior
    used: tuple[int, ...]  # questions already given, in order, the unanswered ones too
    answers: Answers
    estimate: AbilityEstimate
    posterior: GridPosterior | None  # where the estimator has one (EAP in one dimension)
    seed: int
    length: int  # the longest that the test may become
    estimator: Estimator
    edition: int = EDITION  # that the test began with

    @property
    def position(self) -> int:
        """0 before the first question."""
        return len(self.used)

    def rng(self, purpose: int = 0) -> np.random.Generator:
        """Draws that depend on seed, position and purpose only: a replay draws the same."""
        return rng_of_step(self.seed, self.position, purpose)

    @cached_property
    def information(self) -> FloatArray:
        """(D, D) expected information of the answered questions at the estimate."""
        slopes = self.bank.slopes[self.answers.items]
        weights = self.bank.information(self.estimate.theta, self.answers.items)
        total: FloatArray = (slopes * weights[:, None]).T @ slopes
        return total

    @cached_property
    def before(self) -> AbilityEstimate:
        """The estimate without the last answer."""
        answers = Answers(self.answers.asked[:-1], self.answers.told[:-1])
        return self.estimator.estimate(self.bank, answers, self.prior)[0].limited()

    @cached_property
    def posterior_information(self) -> FloatArray:
        """(D, D) the same, plus the precision of a normal prior."""
        if isinstance(self.prior, NormalPrior):
            return self.information + self.prior.precision
        return self.information


def rng_of_step(seed: int, position: int, purpose: int) -> np.random.Generator:
    """Draws of one test at one position."""
    return np.random.default_rng((seed, position, purpose))


def rng_of_test(seed: int, purpose: int) -> np.random.Generator:
    """Draws that are the same at every position of one test."""
    return rng_of_step(seed, WHOLE_TEST, purpose)
