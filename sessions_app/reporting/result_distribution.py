"""What came out of many tests: proficiencies concept by concept, levels, times. Counted in SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from django.db.models import (
    Aggregate,
    Avg,
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import NullIf

from sessions_app.models import TestSession
from sessions_app.reporting.asked import asks
from sessions_app.sitting.result_specs import ResultSpec, load_spec
from sessions_app.sitting.thousandths import in_level

TENTHS = tuple(NormalDist().inv_cdf(tenth / 10) for tenth in range(1, 10))  # θ at proficiency 0.1 … 0.9
MINUTES = (1, 2, 5, 10, 15, 20, 30, 45, 60)


class Median(Aggregate):
    """PostgreSQL's `percentile_cont(0.5)`."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


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
    """Of the tests that are over and have an answer. Times run from the start to the last answer.

    `minutes`: tests by time, below `MINUTES[0]`, between two, and from `MINUTES[-1]` on.
    """

    tests: int
    mean_questions: float | None
    mean_accuracy: float | None
    median_time: timedelta | None
    minutes: tuple[int, ...]
    concepts: tuple[ConceptResults, ...]
    levels: tuple[LevelResults, ...]


def results_of(sessions: QuerySet[TestSession]) -> Results:
    """Two queries, and one for each list of concept names and way to tell results that these tests have."""
    over = sessions.exclude(status=TestSession.Status.ACTIVE).filter(questions_answered__gt=0).order_by()
    timed = over.annotate(
        time=ExpressionWrapper(F("last_activity") - F("started_at"), output_field=DurationField())
    )
    found = timed.aggregate(
        tests=Count("pk"),
        questions=Avg(F("questions_answered") - F("pilots_answered")),
        accuracy=Avg(
            F("correct_responses") * 1.0 / NullIf(F("questions_answered") - F("pilots_answered"), Value(0))
        ),
        median=Median("time", output_field=DurationField()),
        **_counts("time", [timedelta(minutes=m) for m in MINUTES], "minutes"),
    )
    concepts, by_level = _concepts(over.filter(theta__len__gt=0))
    return Results(
        found["tests"],
        found["questions"],
        found["accuracy"],
        found["median"],
        _counted(found, "minutes", len(MINUTES) + 1),
        concepts,
        by_level,
    )


def _concepts(over: QuerySet[TestSession]) -> tuple[tuple[ConceptResults, ...], tuple[LevelResults, ...]]:
    sums: dict[str, np.ndarray] = {}  # of each concept: tests, θ, θ², standard error, tenths
    by_level: dict[ResultSpec, dict[str | None, np.ndarray]] = {}
    kinds = over.values_list("plan__concept_names", "result_spec_id").distinct()
    for names, spec_id in kinds.order_by("result_spec_id", "plan__concept_names"):
        spec = load_spec(spec_id)
        found = _aggregated(over.filter(plan__concept_names=names, result_spec_id=spec_id), len(names), spec)
        counts = by_level.setdefault(spec, {}) if spec.has_levels else {}
        for own, name in [("whole", None), *((f"c{index}", name) for index, name in enumerate(names))]:
            if name is not None:
                _add(sums, name, _starting(found, f"{own}_sum_") + _starting(found, f"{own}_tenth_"))
            if spec.has_levels and (name is not None or len(names) > 1):
                _add(counts, name, _starting(found, f"{own}_level_"))
    concepts = (_concept(name, numbers) for name, numbers in sorted(sums.items()) if numbers[0])
    told = (
        LevelResults(spec, tuple((name, tuple(map(int, numbers))) for name, numbers in counts.items()))
        for spec, counts in by_level.items()
    )
    return tuple(concepts), tuple(told)


def _aggregated(sessions: QuerySet[TestSession], concepts: int, spec: ResultSpec) -> dict[str, Any]:
    """Sums and counts over tests of so many concepts that are told alike; one query."""
    asked = {f"asked_{index}": asks(index) for index in range(concepts)}
    sessions = sessions.annotate(**asked).annotate(
        whole=_added(concepts, lambda index: F(f"theta__{index}"))
        / NullIf(_added(concepts, lambda _: Value(1.0)), Value(0.0))
    )
    wanted: dict[str, Any] = _level_counts("whole", spec, Q(), "whole")
    for index in range(concepts):
        theta, own, was_asked = f"theta__{index}", f"c{index}", Q((f"asked_{index}", True))
        wanted |= {
            f"{own}_sum_tests": Count("pk", filter=was_asked),
            f"{own}_sum_theta": Sum(F(theta), filter=was_asked, default=0.0),
            f"{own}_sum_square": Sum(F(theta) * F(theta), filter=was_asked, default=0.0),
            f"{own}_sum_error": Sum(F(f"standard_error__{index}"), filter=was_asked, default=0.0),
            **_counts(theta, TENTHS, f"{own}_tenth", was_asked),
            **_level_counts(theta, spec, was_asked, own),
        }
    return sessions.aggregate(**wanted)


def _added(concepts: int, value: Callable[[int], Any]) -> Any:
    """Over the concepts that were asked about, in order, as `report.overall` adds."""
    total: Any = Value(0.0)
    for index in range(concepts):
        asked = When(**{f"asked_{index}": True}, then=value(index))
        total = total + Case(asked, default=Value(0.0), output_field=FloatField())
    return total


def _level_counts(theta: str, spec: ResultSpec, which: Q, name: str) -> dict[str, Count]:
    count = len(spec.cuts) + 1 if spec.has_levels else 0
    return {
        f"{name}_level_{level}": Count("pk", filter=which & in_level(theta, spec.cuts, level))
        for level in range(count)
    }


def _starting(found: dict[str, Any], beginning: str) -> list[float]:
    return [number for key, number in found.items() if key.startswith(beginning)]


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


def _counts(field: str, edges: Sequence[Any], name: str, which: Q | None = None) -> dict[str, Count]:
    """Rows below the first edge, from each edge to the next, and from the last on; of those in `which`."""
    conditions = [
        Q((f"{field}__lt", edges[0])),
        *(Q((f"{field}__gte", low), (f"{field}__lt", high)) for low, high in pairwise(edges)),
        Q((f"{field}__gte", edges[-1])),
    ]
    which = Q() if which is None else which
    return {f"{name}_{i}": Count("pk", filter=which & condition) for i, condition in enumerate(conditions)}


def _counted(found: dict[str, Any], name: str, count: int) -> tuple[int, ...]:
    return tuple(found[f"{name}_{i}"] for i in range(count))
