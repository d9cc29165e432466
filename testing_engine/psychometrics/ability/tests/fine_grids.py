"""Posteriors in two or three dimensions on a grid so fine and wide that nothing is left to doubt."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from testing_engine.psychometrics.ability.posterior import Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray


@dataclass(frozen=True)
class FineGrid:
    """Even nodes along the concepts' own axes, eight prior standard deviations in all directions."""

    axes: tuple[FloatArray, ...]
    mass: FloatArray  # (G₁, …, G_D), sums to 1

    @classmethod
    def of(cls, bank: ItemBank, answers: Answers, prior: NormalPrior, step: float) -> "FineGrid":
        reach = 8 * np.sqrt(np.diagonal(prior.covariance))
        axes = tuple(
            np.arange(mean - far, mean + far + step / 2, step)
            for mean, far in zip(prior.mean, reach, strict=True)
        )
        grid = np.meshgrid(*axes, indexing="ij", sparse=True)
        total = np.zeros([len(axis) for axis in axes])
        for item, score in zip(answers.items, answers.scores, strict=True):
            t = bank.intercepts[item] + sum(
                slope * at for slope, at in zip(bank.slopes[item], grid, strict=True) if slope
            )
            one = Likelihood(bank, Answers(np.array([item]), np.array([score])))
            total = total + one.curves(t.reshape(1, -1))[0].reshape(t.shape)
        for j, row in enumerate(prior.precision):
            for k, entry in enumerate(row):
                total -= 0.5 * entry * (grid[j] - prior.mean[j]) * (grid[k] - prior.mean[k])
        mass = np.exp(total - total.max())
        return cls(axes, mass / mass.sum())

    def marginal(self, *dimensions: int) -> FloatArray:
        return cast(FloatArray, self.mass.sum(axis=tuple(set(range(len(self.axes))) - set(dimensions))))

    @property
    def mean(self) -> FloatArray:
        return np.array([self.marginal(j) @ axis for j, axis in enumerate(self.axes)])

    @property
    def covariance(self) -> FloatArray:
        mean, dimensions = self.mean, range(len(self.axes))
        away = [axis - mean[j] for j, axis in enumerate(self.axes)]
        return np.array(
            [
                [
                    self.marginal(j) @ away[j] ** 2
                    if j == k
                    else away[min(j, k)] @ self.marginal(j, k) @ away[max(j, k)]
                    for k in dimensions
                ]
                for j in dimensions
            ]
        )

    @property
    def standard_error(self) -> FloatArray:
        return np.sqrt(np.diagonal(self.covariance))

    def third(self, weights: FloatArray) -> float:
        """E (λ·(θ − E θ))³ for weights λ, in two dimensions."""
        along = np.add.outer(*(w * (a - m) for w, a, m in zip(weights, self.axes, self.mean, strict=True)))
        return float((self.mass * along**3).sum())

    def below(self, cut: float, dimension: int) -> float:
        """By Simpson's way: the node at the cut counts half."""
        axis = self.axes[dimension]
        share = np.clip((cut - axis) / (axis[1] - axis[0]) + 0.5, 0, 1)
        return float(self.marginal(dimension) @ share)
