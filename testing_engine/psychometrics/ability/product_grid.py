"""EAP in two or three dimensions, on a product of even grids."""

import numpy as np

from testing_engine.psychometrics.ability.modes import posterior_mode
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray

MOST_DIMENSIONS = 3  # 46³ = 97,336 nodes take some 20 ms with 20 answers
MOST_NODES = 100_000
# In units of the Laplace approximation's standard deviations, along its axes; see `quadrature` for the error.
STANDARD = Quadrature(-9.0, 9.0, 46)


def posterior_mean_several(
    bank: ItemBank, answers: Answers, prior: Prior, quadrature: Quadrature | None = None
) -> AbilityEstimate:
    """Posterior mean and covariance in D dimensions under a normal prior.

    The nodes are laid around the mode by Laplace's covariance; with a `quadrature` of one's own they are
    its product.
    """
    if not isinstance(prior, NormalPrior):
        raise TypeError("several dimensions need a normal prior")
    if quadrature is None:
        mode = posterior_mode(bank, answers, prior)
        nodes, weights = _product(STANDARD, bank.n_dimensions)
        nodes = mode.theta + nodes @ np.linalg.cholesky(mode.covariance).T
    else:
        nodes, weights = _product(quadrature, bank.n_dimensions)
    log_p, _, _ = Likelihood(bank, answers).curves(bank.predictor(nodes, answers.items))
    log_density = log_p.sum(axis=0) + prior.log_density(nodes)
    mass = np.exp(log_density - log_density.max()) * weights
    mass /= mass.sum()
    mean = mass @ nodes
    distance = nodes - mean
    return AbilityEstimate(mean, (distance * mass[:, None]).T @ distance)


def _product(quadrature: Quadrature, dimensions: int) -> tuple[FloatArray, FloatArray]:
    """Nodes (G^D, D) and weights (G^D,)."""
    nodes = np.stack(np.meshgrid(*[quadrature.nodes] * dimensions, indexing="ij"), axis=-1)
    weights = quadrature.weights
    for _ in range(dimensions - 1):
        weights = np.multiply.outer(weights, quadrature.weights)
    return nodes.reshape(-1, dimensions), weights.reshape(-1)
