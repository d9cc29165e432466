"""Whom a simulation tests: true abilities, drawn."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.response import FloatArray

POPULATION = 2  # stream of one simulation's seed, beside those of `students`


def normal_abilities(
    students: int, mean: Sequence[float], sd: Sequence[float], correlation: float, seed: int
) -> FloatArray:
    """(S, D) from N(mean, S R S): any two concepts correlate the same. Raises `ValueError` where no such
    distribution exists."""
    normal = NormalPrior.correlated(mean, sd, correlation)
    independent = np.random.default_rng((seed, POPULATION)).normal(size=(students, len(mean)))
    return np.asarray(normal.mean + independent @ np.linalg.cholesky(normal.covariance).T)


def plausible_abilities(
    students: int, estimates: npt.ArrayLike, standard_errors: npt.ArrayLike, seed: int
) -> FloatArray:
    """(S, D) of the population behind estimates (P, D) with standard errors (P, D): somebody at random, and
    what they may be able to do, N(θ̂, SE²).

    Posterior means alone would spread too little; with the errors their mixture is the posterior of the
    population (plausible values, Mislevy 1991), concept by concept.
    """
    means, errors = np.asarray(estimates, dtype=float), np.asarray(standard_errors, dtype=float)
    rng = np.random.default_rng((seed, POPULATION))
    who = rng.integers(len(means), size=students)
    return np.asarray(means[who] + rng.normal(size=(students, means.shape[1])) * errors[who])
