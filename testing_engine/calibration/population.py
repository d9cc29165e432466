"""The distribution of ability: one normal a group, on the nodes of a grid, weights renormalised to sum 1."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from testing_engine.calibration.responses import BoolArray, FloatArray


class PopulationError(ValueError):
    """A population that cannot be used; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, eq=False)
class PopulationEstimate:
    """One group. A number for one concept, (D,) for several; the correlation is (D, D). Errors are nan if
    constant.
    """

    mean: Any  # float or array
    sd: Any
    correlation: FloatArray
    mean_error: Any
    sd_error: Any
    correlation_error: FloatArray

    @property
    def standard_errors(self) -> "PopulationEstimate":
        nan = np.nan
        return PopulationEstimate(
            self.mean_error,
            self.sd_error,
            self.correlation_error,
            nan,
            nan,
            np.full_like(self.correlation, nan),
        )


@dataclass(eq=False)
class Population:
    """Means, log sds and correlations (as artanh), each (G, …), with what is free of them."""

    mean: FloatArray  # (G, D)
    log_sd: FloatArray  # (G, D)
    z: FloatArray  # (G, D (D − 1) / 2)
    mean_free: BoolArray
    sd_free: BoolArray
    z_free: BoolArray

    @property
    def n_groups(self) -> int:
        return len(self.mean)

    @property
    def n_concepts(self) -> int:
        return int(self.mean.shape[1])

    @property
    def n_free(self) -> int:
        return int(self.mean_free.sum() + self.sd_free.sum() + self.z_free.sum())

    def vector(self) -> FloatArray:
        return np.concatenate([self.mean[self.mean_free], self.log_sd[self.sd_free], self.z[self.z_free]])

    def with_vector(self, vector: FloatArray) -> "Population":
        new = Population(
            self.mean.copy(), self.log_sd.copy(), self.z.copy(), self.mean_free, self.sd_free, self.z_free
        )
        m, s = int(self.mean_free.sum()), int(self.sd_free.sum())
        new.mean[self.mean_free] = vector[:m]
        new.log_sd[self.sd_free] = vector[m : m + s]
        new.z[self.z_free] = vector[m + s :]
        return new

    def correlation(self, group: int) -> FloatArray:
        matrix = np.eye(self.n_concepts)
        upper = np.triu_indices(self.n_concepts, 1)
        matrix[upper] = np.tanh(self.z[group])
        return matrix + np.triu(matrix, 1).T

    def covariance(self, group: int) -> FloatArray:
        sd = np.exp(self.log_sd[group])
        return self.correlation(group) * np.outer(sd, sd)

    def set_covariance(self, group: int, covariance: FloatArray) -> None:
        sd = np.sqrt(np.diag(covariance))
        self.log_sd[group] = np.log(sd)
        upper = np.triu_indices(self.n_concepts, 1)
        self.z[group] = np.arctanh(np.clip((covariance / np.outer(sd, sd))[upper], -0.999, 0.999))

    def valid(self) -> bool:
        if not (np.isfinite(self.vector()).all() and np.all(np.abs(self.log_sd) < 5)):
            return False
        if self.n_concepts == 1:
            return True
        return all(np.linalg.eigvalsh(self.correlation(g))[0] > 1e-4 for g in range(self.n_groups))

    def log_weights(self, theta: FloatArray) -> FloatArray:
        """(G, Q) at nodes (Q, D)."""
        rows = []
        for group in range(self.n_groups):
            z = (theta - self.mean[group]) / np.exp(self.log_sd[group])
            if self.n_concepts == 1:
                log = -0.5 * z[:, 0] ** 2
            else:
                log = -0.5 * np.einsum("qd,de,qe->q", z, np.linalg.inv(self.correlation(group)), z)
            log -= log.max()
            rows.append(log - np.log(np.exp(log).sum()))
        return np.array(rows)

    def weight_scores(self, theta: FloatArray) -> FloatArray:
        """d log w / d(free numbers) by central differences, (free, G, Q)."""
        x = self.vector()
        scores = np.empty((len(x), self.n_groups, len(theta)))
        h = 1e-5
        for number in range(len(x)):
            step = np.zeros(len(x))
            step[number] = h
            up, down = self.with_vector(x + step), self.with_vector(x - step)
            scores[number] = (up.log_weights(theta) - down.log_weights(theta)) / (2 * h)
        return scores

    def information(self, theta: FloatArray, expected: FloatArray) -> FloatArray:
        """Minus the second derivatives of Σ_q n_q log w_q; `expected` is n, (G, Q)."""
        x = self.vector()
        result = np.empty((len(x), len(x)))
        h = 1e-4
        for number in range(len(x)):
            step = np.zeros(len(x))
            step[number] = h
            up = np.einsum("pgq,gq->p", self.with_vector(x + step).weight_scores(theta), expected)
            down = np.einsum("pgq,gq->p", self.with_vector(x - step).weight_scores(theta), expected)
            result[number] = -(up - down) / (2 * h)
        return (result + result.T) / 2


def starting_population(
    groups: tuple[Hashable, ...],
    anchored_mean: BoolArray,
    anchored_sd: BoolArray,
    given: Mapping[Hashable, tuple[float, float]] | None,
) -> Population:
    """The first group is N(0, 1) unless items hold the scale; the others are free. `anchored_…` are (D,)."""
    n, d = len(groups), len(anchored_mean)
    mean_free = np.ones((n, d), dtype=bool)
    sd_free = np.ones((n, d), dtype=bool)
    mean, log_sd = np.zeros((n, d)), np.zeros((n, d))
    if not given:
        mean_free[0], sd_free[0] = anchored_mean, anchored_sd
    for label, (m, s) in (given or {}).items():
        if label not in groups:
            raise PopulationError(f"population[{label!r}]", "is no group of these answers")
        if not (np.all(np.isfinite(m)) and np.all(np.asarray(s) > 0)):
            raise PopulationError(f"population[{label!r}]", "needs a finite mean and a sd above 0")
        row = groups.index(label)
        mean[row], log_sd[row] = m, np.log(s)
        mean_free[row] = sd_free[row] = False
    z = np.full((n, d * (d - 1) // 2), 0.5)
    return Population(mean, log_sd, z, mean_free, sd_free, np.ones_like(z, dtype=bool))
