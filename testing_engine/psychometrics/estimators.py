"""Ability estimators as rules."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.ability import (
    AbilityEstimate,
    Answers,
    GridPosterior,
    grid_posterior,
    posterior_mode,
)
from testing_engine.psychometrics.components import Component, Problems
from testing_engine.psychometrics.items import ItemBank
from testing_engine.psychometrics.priors import NormalPrior, Prior

Estimated = tuple[AbilityEstimate, GridPosterior | None]


@dataclass(frozen=True)
class Estimator(Component, kind=True):
    @abstractmethod
    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated: ...


@dataclass(frozen=True)
class ExpectedAPosteriori(Estimator, name="EAP"):
    """Mean and standard deviation of the posterior."""

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        posterior = grid_posterior(bank, answers, prior)
        theta, covariance = np.array([posterior.mean]), np.array([[posterior.sd**2]])
        return AbilityEstimate(theta, covariance), posterior

    def problems(self, bank: ItemBank) -> Problems:
        return (
            [("", "EAP integrates over one dimension, this pool has more")] if bank.n_dimensions > 1 else []
        )


@dataclass(frozen=True)
class MaximumAPosteriori(Estimator, name="MAP"):
    """Mode of the posterior and the Laplace covariance there."""

    def estimate(self, bank: ItemBank, answers: Answers, prior: Prior) -> Estimated:
        if not isinstance(prior, NormalPrior):
            raise TypeError("MAP needs a normal prior")
        return posterior_mode(bank, answers, prior), None
