"""The distribution of ability on the nodes of a grid: one normal a group, weights renormalised to sum 1; or
an empirical histogram, a weight of its own for each node (Bock & Aitkin 1981; Mislevy 1984; Woods 2007).
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from testing_engine.calibration.responses import BoolArray, FloatArray

LEAST_WEIGHT = 1e-12  # of a node of a histogram: nobody is impossible
TILTS = 50
LEAST_SD = 0.06  # below it a normal curve falls between the nodes of the finest grid


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
    weights: FloatArray | None = None  # (Q,) of the nodes of the fit, where they are estimated one by one

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
    """Means, log sds and correlations (as artanh), each (G, …), with what is free of them.

    Of a histogram they only tell its moments: its log weights are found without them, and are no free numbers
    that item parameters have a covariance with.
    """

    mean: FloatArray  # (G, D)
    log_sd: FloatArray  # (G, D)
    z: FloatArray  # (G, D (D − 1) / 2)
    mean_free: BoolArray
    sd_free: BoolArray
    z_free: BoolArray
    histogram: FloatArray | None = None  # (G, Q) log weights

    @property
    def n_groups(self) -> int:
        return len(self.mean)

    @property
    def n_concepts(self) -> int:
        return int(self.mean.shape[1])

    @property
    def n_free(self) -> int:
        if self.histogram is not None:
            return 0
        return int(self.mean_free.sum() + self.sd_free.sum() + self.z_free.sum())

    def vector(self) -> FloatArray:
        if self.histogram is not None:
            return np.zeros(0)
        return np.concatenate([self.mean[self.mean_free], self.log_sd[self.sd_free], self.z[self.z_free]])

    def with_vector(self, vector: FloatArray) -> "Population":
        mean, log_sd, z = self.mean.copy(), self.log_sd.copy(), self.z.copy()
        new = Population(mean, log_sd, z, self.mean_free, self.sd_free, self.z_free, self.histogram)
        if self.histogram is not None:
            return new
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
        """The sds stay at `LEAST_SD` and above; `without_spread` tells where they ended there."""
        sd = np.sqrt(np.maximum(np.diag(covariance), LEAST_SD**2))
        self.log_sd[group] = np.log(sd)
        upper = np.triu_indices(self.n_concepts, 1)
        self.z[group] = np.arctanh(np.clip((covariance / np.outer(sd, sd))[upper], -0.999, 0.999))

    def without_spread(self) -> BoolArray:
        """(G, D): whose sd ran down to the least there is, so that it is no estimate."""
        return np.asarray(self.sd_free & (self.log_sd <= np.log(LEAST_SD) + 1e-9))

    def valid(self) -> bool:
        if not (np.isfinite(self.vector()).all() and np.all(np.abs(self.log_sd) < 5)):
            return False
        if self.histogram is None and (self.log_sd[self.sd_free] < np.log(LEAST_SD) - 1e-9).any():
            return False
        if self.n_concepts == 1:
            return True
        return all(np.linalg.eigvalsh(self.correlation(g))[0] > 1e-4 for g in range(self.n_groups))

    def log_weights(self, theta: FloatArray) -> FloatArray:
        """(G, Q) at nodes (Q, D); of a histogram at its own."""
        if self.histogram is not None:
            return self.histogram
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

    def as_histogram(self, theta: FloatArray) -> "Population":
        """The same distribution, from now on with a weight of its own for each of the nodes (Q, 1)."""
        return replace(self, histogram=self.log_weights(theta))

    def reshaped(self, persons: FloatArray, theta: FloatArray) -> "Population":
        """The histograms of most likelihood for expected persons (G, Q) at nodes (Q, 1).

        Moments that are not free are kept by the smallest change of the weights, an exponential tilt.
        """
        line = theta[:, 0]
        mean, log_sd, rows = self.mean.copy(), self.log_sd.copy(), []
        for group, n in enumerate(persons):
            weights = np.maximum(n / max(n.sum(), 1e-300), LEAST_WEIGHT)
            weights = weights / weights.sum()
            held_mean = None if self.mean_free[group, 0] else float(mean[group, 0])
            held_sd = None if self.sd_free[group, 0] else float(np.exp(log_sd[group, 0]))
            weights = tilted(weights, line, held_mean, held_sd)
            mean[group, 0] = weights @ line
            log_sd[group, 0] = 0.5 * np.log(weights @ (line - mean[group, 0]) ** 2)
            rows.append(np.log(weights))
        return replace(self, mean=mean, log_sd=log_sd, histogram=np.array(rows))

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


def tilted(weights: FloatArray, line: FloatArray, mean: float | None, sd: float | None) -> FloatArray:
    """The weights nearest to these (Kullback–Leibler) with this mean and sd; None is any.

    w exp(λ₁ θ + λ₂ θ²), by Newton's method. Without a held mean the sd is of no use and is left.
    """
    if mean is None:
        return weights
    centred = line - mean
    powers = centred[:, None] if sd is None else np.column_stack([centred, centred**2 - sd**2])
    tilt = np.zeros(powers.shape[1])
    for _ in range(TILTS):
        log = np.log(weights) + powers @ tilt
        w = np.exp(log - log.max())
        w /= w.sum()
        off = w @ powers
        if np.abs(off).max() < 1e-13:
            break
        spread = (powers - off).T @ ((powers - off) * w[:, None])
        tilt = tilt - np.clip(np.linalg.solve(spread, off), -0.5, 0.5)
    return np.asarray(w)


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
