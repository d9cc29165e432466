"""EAP in two or three dimensions, on a product of grids."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from testing_engine.psychometrics.ability.expectation_propagation import posterior_moments
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray

MOST_DIMENSIONS = 3
MOST_NODES = 100_000  # of a grid of one's own
MOST_STANDARD_NODES = 250_000  # of ours, reached with few answers to steep questions
REACH = 7.0  # prior standard deviations; beyond are 3e-12 of a normal density
STEP = 0.36  # posterior standard deviations, where questions are not steep
# Times the slope of log odds along an axis: exp(−2π (π / slope) / step) ≈ 1e-8; see `quadrature`.
STEEP_STEP = 0.95
Moments = Callable[[ItemBank, Answers, NormalPrior], AbilityEstimate]


def posterior_mean_several(
    bank: ItemBank,
    answers: Answers,
    prior: Prior,
    quadrature: Quadrature | None = None,
    moments: Moments = posterior_moments,
) -> AbilityEstimate:
    """Posterior mean and covariance in D dimensions under a normal prior.

    With a `quadrature` of one's own the nodes are its product. Else they are laid along the axes of the
    covariance that expectation propagation (`moments`) finds, in one row with its steps, and reach as far as
    the prior does: errors stay below 1e-6 for slopes up to 3 and prior standard deviations up to 2.
    """
    if not isinstance(prior, NormalPrior):
        raise TypeError("several dimensions need a normal prior")
    if quadrature is not None:
        return _on_own_grid(bank, answers, prior, quadrature)
    return on_frame(bank, answers, prior, moments(bank, answers, prior))


def on_frame(
    bank: ItemBank, answers: Answers, prior: NormalPrior, near: AbilityEstimate, step: float = STEP
) -> AbilityEstimate:
    """The same on a grid laid by an estimate that is near."""
    frame = Frame.around(bank, answers, prior, near, step)
    log_density = frame.log_prior + frame.log_likelihood(bank, answers)
    mass = np.exp(log_density - log_density.max()) * frame.weights
    mass /= mass.sum()
    mean, covariance = frame.moments(mass)
    return AbilityEstimate(mean, covariance, near.third_order, "grid")


@dataclass(frozen=True, eq=False)
class Axis:
    """Nodes z (G,) and weights. z = κ sinh(u / κ) on even u, so that steps grow where only the prior is
    left."""

    nodes: FloatArray
    weights: FloatArray

    @classmethod
    def reaching(cls, far: float, step: float) -> "Axis":
        u = np.linspace(-REACH, REACH, 2 * int(np.ceil(REACH / step)) + 1)
        if far <= REACH:
            return cls(u, np.full(len(u), u[1] - u[0]))
        # sinh(x) / x = far / reach at x = reach / κ
        x = float(scipy.optimize.brentq(lambda x: np.sinh(x) / x - far / REACH, 1e-9, 50.0))
        kappa = REACH / x
        return cls(kappa * np.sinh(u / kappa), np.cosh(u / kappa) * (u[1] - u[0]))


@dataclass(frozen=True, eq=False)
class Frame:
    """θ = centre + L z, L lower triangular, z on a product of axes."""

    centre: FloatArray  # (D,)
    lower: FloatArray  # L, (D, D)
    axes: tuple[Axis, ...]
    prior: NormalPrior

    @classmethod
    def around(
        cls, bank: ItemBank, answers: Answers, prior: NormalPrior, near: AbilityEstimate, step: float
    ) -> "Frame":
        lower = np.asarray(np.linalg.cholesky(near.covariance), dtype=np.float64)
        inverse = np.linalg.inv(lower)
        from_prior = inverse @ (prior.mean - near.theta)
        spread = np.sqrt(np.diagonal(inverse @ prior.covariance @ inverse.T))
        steep = (np.abs(bank.slopes[answers.items] @ lower) * bank.spread[answers.items, None]).max(
            axis=0, initial=0.0
        )
        steps = np.minimum(step, step / STEP * STEEP_STEP / np.maximum(steep, 1e-9))
        nodes = float(np.prod(2 * REACH / steps + 1))
        if nodes > MOST_STANDARD_NODES:
            steps *= (nodes / MOST_STANDARD_NODES) ** (1 / len(steps))
        far = np.abs(from_prior) + REACH * spread
        axes = tuple(Axis.reaching(*each) for each in zip(far.tolist(), steps.tolist(), strict=True))
        return cls(near.theta, lower, axes, prior)

    @property
    def weights(self) -> FloatArray:
        """(G₁, …, G_D)"""
        return _outer([axis.weights for axis in self.axes])

    @property
    def log_prior(self) -> FloatArray:
        """(G₁, …, G_D), up to a constant."""
        precision = self.lower.T @ self.prior.precision @ self.lower
        middle = np.linalg.solve(self.lower, self.prior.mean - self.centre)
        away = [self._spread_out(axis.nodes - middle[j], j) for j, axis in enumerate(self.axes)]
        total = np.zeros([len(axis.nodes) for axis in self.axes])
        for j, along in enumerate(away):
            total -= 0.5 * precision[j, j] * along**2
            for k in range(j):
                total -= precision[j, k] * (along * away[k])
        return total

    def log_likelihood(self, bank: ItemBank, answers: Answers) -> FloatArray:
        """(G₁, …, G_D). A question that does not see the last axes is looked at on the first ones only."""
        slopes = bank.slopes[answers.items] @ self.lower  # (n, D)
        start = bank.predictor(self.centre, answers.items)
        last = slopes.shape[1] - np.argmax(slopes[:, ::-1] != 0, axis=1)  # axes that each question sees
        total = np.zeros([1] * len(self.axes))
        for depth in range(1, len(self.axes) + 1):
            own = np.flatnonzero(last == depth)
            if not own.size:
                continue
            shape = [len(axis.nodes) for axis in self.axes[:depth]]
            t = np.broadcast_to(start[own].reshape(-1, *[1] * depth), (len(own), *shape))
            for j in range(depth):
                t = t + slopes[own, j].reshape(-1, *[1] * depth) * self._spread_out(
                    self.axes[j].nodes, j, depth
                )
            answered = Likelihood(bank, Answers(answers.items[own], answers.scores[own]))
            seen = answered.log_p(t.reshape(len(own), -1)).sum(axis=0)
            total = total + seen.reshape(*shape, *[1] * (len(self.axes) - depth))
        return total

    def moments(self, mass: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (D,) and covariance (D, D) of θ under masses (G₁, …, G_D) that sum to 1."""
        dimensions = range(len(self.axes))
        first = np.array([self._expected(mass, (j,)) for j in dimensions])
        second = np.array([[self._expected(mass, (j, k)) for k in dimensions] for j in dimensions])
        covariance = self.lower @ (second - np.outer(first, first)) @ self.lower.T
        return self.centre + self.lower @ first, (covariance + covariance.T) / 2

    def _expected(self, mass: FloatArray, axes: tuple[int, ...]) -> float:
        """E of the product of z along these axes."""
        weighed = mass.sum(axis=tuple(set(range(mass.ndim)) - set(axes)), keepdims=True)
        for j in axes:
            weighed = weighed * self._spread_out(self.axes[j].nodes, j)
        return float(weighed.sum())

    def _spread_out(self, values: FloatArray, axis: int, depth: int | None = None) -> FloatArray:
        """Values along an axis, ready to be broadcast over the first `depth` axes, all if not given."""
        shape = [1] * (depth or len(self.axes))
        shape[axis] = len(values)
        return values.reshape(shape)


def _on_own_grid(
    bank: ItemBank, answers: Answers, prior: NormalPrior, quadrature: Quadrature
) -> AbilityEstimate:
    nodes, weights = product(quadrature, bank.n_dimensions)
    return weighed(bank, answers, prior, nodes, weights)


def weighed(
    bank: ItemBank, answers: Answers, prior: NormalPrior, nodes: FloatArray, weights: FloatArray
) -> AbilityEstimate:
    """Moments of the posterior on nodes (G, D) with weights (G,)."""
    log_p, _, _ = Likelihood(bank, answers).curves(bank.predictor(nodes, answers.items))
    log_density = log_p.sum(axis=0) + prior.log_density(nodes)
    mass = np.exp(log_density - log_density.max()) * weights
    mass /= mass.sum()
    mean = mass @ nodes
    distance = nodes - mean
    return AbilityEstimate(mean, (distance * mass[:, None]).T @ distance)


def product(quadrature: Quadrature, dimensions: int) -> tuple[FloatArray, FloatArray]:
    """Nodes (G^D, D) and weights (G^D,)."""
    nodes = np.stack(np.meshgrid(*[quadrature.nodes] * dimensions, indexing="ij"), axis=-1)
    return nodes.reshape(-1, dimensions), _outer([quadrature.weights] * dimensions).reshape(-1)


def _outer(factors: list[FloatArray]) -> FloatArray:
    total = factors[0]
    for factor in factors[1:]:
        total = np.multiply.outer(total, factor)
    return total
