"""What came out of many tests: proficiencies concept by concept, levels, times."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import QuerySet

from organisations.acting import sees_own_alone
from sessions_app.counting import results as counts
from sessions_app.counting.results import BILLION, Row
from sessions_app.models import TestSession
from sessions_app.sitting.result_specs import ResultSpec, load_spec

MINUTES = (1, 2, 5, 10, 15, 20, 30, 45, 60)


@dataclass(frozen=True)
class ConceptResults:
    """Of one concept, over the tests that asked about it. `tenths`: tests by proficiency Φ(θ), 0–0.1 to
    0.9–1. Mean and standard deviation are of θ."""

    name: str
    tests: int
    mean: float
    sd: float
    mean_error: float
    tenths: tuple[int, ...]


@dataclass(frozen=True)
class LevelResults:
    """Tests whose results are told alike, by level: of the whole test (None), and of each concept."""

    spec: ResultSpec
    counts: tuple[tuple[str | None, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Results:
    """Of the tests that are over and have an answer. Times run from the start to the last answer, in whole
    seconds.

    `minutes`: tests by time, below `MINUTES[0]`, between two, and from `MINUTES[-1]` on.
    """

    tests: int
    mean_questions: float | None
    mean_accuracy: float | None
    median_time: timedelta | None
    minutes: tuple[int, ...]
    concepts: tuple[ConceptResults, ...]
    levels: tuple[LevelResults, ...]


def results_of_pool(pool_id: UUID) -> Results:
    """Of all tests of a pool, whatever its revision was; of those that whoever acts sees."""
    if sees_own_alone():
        return results_of(TestSession.objects.filter(revision__pool=pool_id))
    return _told(counts.of_pool(pool_id))


def results_of_named_test(named_test_id: int) -> Results:
    """Of those that whoever acts sees."""
    if sees_own_alone():
        return results_of(TestSession.objects.filter(named_test=named_test_id))
    return _told(counts.of_named_test(named_test_id))


def results_of(sessions: QuerySet[TestSession]) -> Results:
    """Of any others: each of them is read."""
    return _told(counts.of_sessions(sessions))


def _told(rows: Sequence[Row]) -> Results:
    tests, answers = _sum(row for row in rows if row.measure == "tests")
    counted, right = _sum(row for row in rows if row.measure == "right")
    seconds = _seconds(rows)
    minutes = [0] * (len(MINUTES) + 1)
    for second, number in seconds:
        minutes[bisect_right([60 * minute for minute in MINUTES], second)] += number
    concepts, by_level = _concepts(rows)
    return Results(
        tests,
        answers / tests if tests else None,
        right / BILLION / counted if counted else None,
        _median(seconds),
        tuple(minutes),
        concepts,
        by_level,
    )


def _sum(rows: Iterable[Row]) -> tuple[int, int]:
    """Of numbers, and of totals."""
    number = total = 0
    for row in rows:
        number, total = number + row.n, total + row.total
    return number, total


def _seconds(rows: Iterable[Row]) -> list[tuple[int, int]]:
    """How many tests took so many whole seconds, the shortest first."""
    found: dict[int, int] = {}
    for row in rows:
        if row.measure == "seconds":
            found[row.place] = found.get(row.place, 0) + row.n
    return sorted(found.items())


def _median(seconds: Sequence[tuple[int, int]]) -> timedelta | None:
    """Of the two in the middle the mean, where their number is even."""
    if not seconds:
        return None
    until = np.cumsum([number for _, number in seconds])
    places = np.searchsorted(until, [(until[-1] - 1) // 2, until[-1] // 2], side="right")
    return timedelta(seconds=sum(seconds[place][0] for place in places) / 2)


def _concepts(rows: Sequence[Row]) -> tuple[tuple[ConceptResults, ...], tuple[LevelResults, ...]]:
    sums: dict[str, np.ndarray] = {}  # of each concept: tests, θ, θ², standard error, tenths
    by_level: dict[ResultSpec, dict[str | None, np.ndarray]] = {}
    kinds = groupby(rows, key=lambda row: (row.result_spec_id, row.concept_names))
    for (spec_id, names), own in kinds:
        spec, told = load_spec(spec_id or None), list(own)
        levels = by_level.setdefault(spec, {}) if spec.has_levels and _has_abilities(told) else {}
        for place, name in [(-1, None), *enumerate(names)]:
            of_concept = [row for row in told if row.concept == place]
            if name is not None:
                _add(sums, name, _sums(of_concept))
            if spec.has_levels and (name is not None or len(names) > 1):
                _add(levels, name, _places(of_concept, "level", len(spec.cuts) + 1))
    concepts = (_concept(name, numbers) for name, numbers in sorted(sums.items()) if numbers[0])
    return tuple(concepts), tuple(
        LevelResults(spec, tuple((name, tuple(map(int, numbers))) for name, numbers in levels.items()))
        for spec, levels in by_level.items()
    )


def _has_abilities(rows: Iterable[Row]) -> bool:
    return any(row.measure == "theta" for row in rows)


def _sums(rows: Sequence[Row]) -> list[float]:
    """Tests, Σ θ, Σ θ², Σ standard error, and tests by tenth of proficiency."""
    tests, theta = _sum(row for row in rows if row.measure == "theta")
    _, square = _sum(row for row in rows if row.measure == "square")
    _, error = _sum(row for row in rows if row.measure == "error")
    return [tests, theta / BILLION, square / BILLION, error / BILLION, *_places(rows, "tenth", 10)]


def _places(rows: Iterable[Row], measure: str, count: int) -> list[float]:
    found = [0.0] * count
    for row in rows:
        if row.measure == measure:
            found[row.place] += row.n
    return found


def _add(sums: dict[Any, np.ndarray], name: str | None, numbers: list[float]) -> None:
    sums[name] = sums.get(name, 0) + np.array(numbers, dtype=float)


def _concept(name: str, numbers: np.ndarray) -> ConceptResults:
    tests, theta, square, error = numbers[:4].tolist()
    variance = (square - theta**2 / tests) / (tests - 1) if tests > 1 else 0.0
    return ConceptResults(
        name,
        int(tests),
        theta / tests,
        max(variance, 0.0) ** 0.5,
        error / tests,
        tuple(map(int, numbers[4:])),
    )
