"""What a simulation says about a pool and its rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from testing_engine.psychometrics.constraints.exposure import mean_overlap
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.simulation.taken import Taken

ROUNDING = 1e-9  # logits: the same answers in another order


@dataclass(frozen=True)
class Report:
    """Means over students; those with an entry per dimension are about ability.

    With e = θ̂ − θ: bias is the mean of e, RMSE √(mean e²). Coverage is the share of intervals θ̂ ± z SE
    that hold θ. Accuracy is the share of students whom θ̂ puts between the same cut scores as θ, in every
    dimension.
    """

    students: int
    mean_ability: tuple[float, ...]
    bias: tuple[float, ...]
    rmse: tuple[float, ...]
    mean_standard_error: tuple[float, ...]
    coverage: tuple[float, ...]
    overall_rmse: float  # of the overall score, the mean of all dimensions
    overall_coverage: float
    mean_length: float
    sd_length: float
    accuracy: float | None  # None without cut scores
    overlap: float  # see `Simulation.overlap`
    largest_exposure: float
    stops: tuple[tuple[str, float], ...]  # share of the tests that each rule ended


@dataclass(frozen=True, eq=False)
class Criterion:
    """What estimates are held against where nobody knows the truth: those of all that a person answered."""

    estimates: FloatArray  # (S, D)
    standard_errors: FloatArray  # (S, D)
    overall_errors: FloatArray  # (S,)
    answered: IntArray  # (S,) questions with parameters

    @classmethod
    def joined(cls, parts: Sequence["Criterion"]) -> "Criterion":
        """One after the other."""
        return cls(
            *(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True))
        )


@dataclass(frozen=True, eq=False)
class Simulation:
    """S tests; arrays are read-only. With a `criterion` its estimates stand for the true abilities."""

    n_items: int
    thetas: FloatArray  # (S, D) true
    seeds: tuple[int, ...]  # (S,) of the rules' draws
    taken: Taken
    criterion: Criterion | None = None

    @property
    def items(self) -> IntArray:
        """(S, L) in the order given, −1 after the end."""
        return self.taken.items

    @property
    def scores(self) -> IntArray:
        """(S, L), −1 after the end"""
        return self.taken.scores

    @property
    def estimates(self) -> FloatArray:
        """(S, D)"""
        return self.taken.estimates

    @property
    def standard_errors(self) -> FloatArray:
        """(S, D)"""
        return self.taken.standard_errors

    @property
    def stops(self) -> tuple[str, ...]:
        """(S,) the rule that ended each test."""
        return tuple(self.taken.stops)

    @cached_property
    def errors_from_criterion(self) -> FloatArray:
        """(S, D) the standard deviation of θ̂ − θ that the tests claim.

        Where θ is the estimate of all answers, it knows the test's answers, too: then Var(θ̂ − θ | answers of
        the test) = SE² − E SE²_all, as means of posteriors have it.
        """
        if self.criterion is None:
            return self.standard_errors
        return _beyond(self.standard_errors, self.criterion.standard_errors)

    @cached_property
    def _overall_errors(self) -> FloatArray:
        if self.criterion is None:
            return self.taken.overall_errors
        return _beyond(self.taken.overall_errors, self.criterion.overall_errors)

    @cached_property
    def lengths(self) -> IntArray:
        """(S,)"""
        return np.asarray((self.items >= 0).sum(axis=1))

    def counts(self, members: BoolArray | None = None) -> IntArray:
        """(N,) how many tests had each question."""
        items = self.items if members is None else self.items[members]
        return np.bincount(items[items >= 0], minlength=self.n_items)

    def exposure_rates(self, members: BoolArray | None = None) -> FloatArray:
        """(N,) share of the tests that had each question; `members` (S,) picks students."""
        students = len(self.thetas) if members is None else int(np.count_nonzero(members))
        return np.asarray(self.counts(members) / max(students, 1))

    def overlap(self, members: BoolArray | None = None) -> float:
        """Mean share of a test that another student's had, too: `mean_overlap`."""
        students = len(self.thetas) if members is None else int(np.count_nonzero(members))
        return mean_overlap(self.counts(members), students)

    def report(
        self, cuts: Sequence[float] = (), level: float = 0.95, members: BoolArray | None = None
    ) -> Report:
        """Over all students, or over `members` (S,)."""
        chosen = np.ones(len(self.thetas), dtype=bool) if members is None else members
        true, estimated, errors = (
            array[chosen] for array in (self.thetas, self.estimates, self.standard_errors)
        )
        distance, reach = estimated - true, float(ndtri((1 + level) / 2))
        held = np.abs(distance) <= reach * self.errors_from_criterion[chosen]
        overall = distance.mean(axis=1)
        overall_held = np.abs(overall) <= reach * self._overall_errors[chosen]
        lengths = self.lengths[chosen]
        names, numbers = np.unique(self.taken.stops[chosen].astype(str), return_counts=True)
        return Report(
            students=len(true),
            mean_ability=_means(true),
            bias=_means(distance),
            rmse=tuple(np.sqrt(_means(distance**2)).tolist()),
            mean_standard_error=_means(errors),
            coverage=_means(held),
            overall_rmse=float(np.sqrt((overall**2).mean())) if len(true) else float("nan"),
            overall_coverage=float(overall_held.mean()) if len(true) else float("nan"),
            mean_length=float(lengths.mean()) if len(true) else float("nan"),
            sd_length=float(lengths.std()) if len(true) else float("nan"),
            accuracy=_accuracy(true, estimated, cuts),
            overlap=self.overlap(chosen),
            largest_exposure=float(self.exposure_rates(chosen).max()),
            stops=tuple(zip(names.tolist(), (numbers / max(len(true), 1)).tolist(), strict=True)),
        )

    def along(
        self,
        edges: Sequence[float],
        dimension: int = 0,
        cuts: Sequence[float] = (),
        level: float = 0.95,
    ) -> tuple[Report, ...]:
        """One report per band of true ability: below the first edge, between them, above the last."""
        band = np.searchsorted(np.asarray(edges), self.thetas[:, dimension], side="right")
        return tuple(self.report(cuts, level, band == i) for i in range(len(edges) + 1))


def _beyond(errors: FloatArray, of_all: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(errors**2 - of_all**2, ROUNDING**2)))


def _means(values: npt.ArrayLike) -> tuple[float, ...]:
    """Over students, per dimension."""
    columns = np.asarray(values, dtype=float).T
    return tuple(float(column.mean()) if column.size else float("nan") for column in columns)


def _accuracy(true: FloatArray, estimated: FloatArray, cuts: Sequence[float]) -> float | None:
    if not cuts:
        return None
    ordered = np.sort(np.asarray(cuts, dtype=float))
    same = np.searchsorted(ordered, true) == np.searchsorted(ordered, estimated)
    return float(same.all(axis=1).mean()) if len(true) else float("nan")
