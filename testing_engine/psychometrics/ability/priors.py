"""What is believed about ability before the first answer."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.items.response import FloatArray


@dataclass(frozen=True, eq=False)
class NormalPrior:
    """N(mean, covariance); arrays are read-only."""

    mean: FloatArray  # (D,)
    covariance: FloatArray  # (D, D), positive definite

    def __post_init__(self) -> None:
        mean = np.array(self.mean, dtype=float).reshape(-1)
        covariance = np.array(self.covariance, dtype=float).reshape(len(mean), len(mean))
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise ValueError("a prior needs finite numbers")
        if np.abs(covariance - covariance.T).max() > 1e-8 * np.abs(covariance).max():
            raise ValueError("a prior's covariance must be symmetric")
        try:
            np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            raise ValueError("a prior's covariance must be positive definite") from None
        for name, array in (("mean", mean), ("covariance", covariance)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @staticmethod
    @lru_cache
    def standard(dimensions: int) -> "NormalPrior":
        """N(0, 1) per dimension, independent."""
        return NormalPrior(np.zeros(dimensions), np.eye(dimensions))

    @staticmethod
    def correlated(mean: npt.ArrayLike, sd: npt.ArrayLike, correlation: float) -> "NormalPrior":
        """N(mean, S R S): S of the standard deviations, R with the same correlation of every two."""
        deviations = np.asarray(sd, dtype=float)
        covariance = np.diag(np.square(deviations))
        if correlation:
            covariance += correlation * (np.outer(deviations, deviations) - covariance)
        return NormalPrior(np.asarray(mean, dtype=float), covariance)

    @staticmethod
    @lru_cache
    def equally_correlated(dimensions: int, correlation: float) -> "NormalPrior":
        """N(0, 1) per dimension, any two with this correlation. Positive definite above −1 / (D − 1)."""
        return NormalPrior.correlated(np.zeros(dimensions), np.ones(dimensions), correlation)

    @cached_property
    def precision(self) -> FloatArray:
        """(D, D) inverse of the covariance."""
        return np.asarray(np.linalg.inv(self.covariance), dtype=np.float64)

    @cached_property
    def pull(self) -> FloatArray:
        """(D,) precision times mean."""
        return np.asarray(self.precision @ self.mean)

    @cached_property
    def identity(self) -> FloatArray:
        """(D, D)"""
        return np.eye(len(self.mean))

    @cached_property
    def location_scale(self) -> tuple[float, float]:
        """Mean and standard deviation of the first dimension, as plain floats."""
        return float(self.mean[0]), float(np.sqrt(self.covariance[0, 0]))

    def log_density(self, theta: npt.ArrayLike) -> FloatArray:
        """Up to a constant: a number for θ (D,), (G,) for θ (G, D)."""
        distance = np.asarray(theta, dtype=float) - self.mean
        log_density: FloatArray = -0.5 * ((distance @ self.precision) * distance).sum(axis=-1)
        return log_density


@dataclass(frozen=True)
class UniformPrior:
    """Flat on [lower, upper], in every dimension."""

    lower: float = -4.0
    upper: float = 4.0


@dataclass(frozen=True)
class JeffreysPrior:
    """∝ √(det of the test information), Jeffreys (1946), on [lower, upper]; one dimension."""

    lower: float = -4.0
    upper: float = 4.0


BoundedPrior = UniformPrior | JeffreysPrior
Prior = NormalPrior | BoundedPrior
