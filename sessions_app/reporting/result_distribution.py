"""What came out of many tests: proficiencies concept by concept, levels, times. Counted in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from django.db.models import Aggregate, Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum

from sessions_app.models import TestSession
from sessions_app.reporting import levels

TENTHS = tuple(NormalDist().inv_cdf(tenth / 10) for tenth in range(1, 10))  # θ at proficiency 0.1 … 0.9
MINUTES = (1, 2, 5, 10, 15, 20, 30, 45, 60)


class Median(Aggregate):
    """PostgreSQL's `percentile_cont(0.5)`."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@dataclass(frozen=True)
class ConceptResults:
    """Of one concept. `tenths`: tests by proficiency Φ(θ), 0–0.1 to 0.9–1; `levels`: by level. Mean and
    standard deviation are of θ."""

    name: str
    tests: int
    mean: float
    sd: float
    mean_error: float
    tenths: tuple[int, ...]
    levels: tuple[int, ...]


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


def results_of(sessions: QuerySet[TestSession]) -> Results:
    """Two queries, and one for each list of concept names that these tests have (a pool with names: one)."""
    over = sessions.exclude(status=TestSession.Status.ACTIVE).filter(questions_answered__gt=0).order_by()
    timed = over.annotate(
        time=ExpressionWrapper(F("last_activity") - F("started_at"), output_field=DurationField())
    )
    found = timed.aggregate(
        tests=Count("pk"),
        questions=Avg("questions_answered"),
        accuracy=Avg(F("correct_responses") * 1.0 / F("questions_answered")),
        median=Median("time", output_field=DurationField()),
        **_counts("time", [timedelta(minutes=m) for m in MINUTES], "minutes"),
    )
    return Results(
        found["tests"],
        found["questions"],
        found["accuracy"],
        found["median"],
        _counted(found, "minutes", len(MINUTES) + 1),
        _concepts(over),
    )


def _concepts(over: QuerySet[TestSession]) -> tuple[ConceptResults, ...]:
    sums: dict[str, np.ndarray] = {}  # of each concept: tests, θ, θ², standard error, tenths, levels
    for names in over.values_list("plan__concept_names", flat=True).distinct():
        wanted: dict[str, Any] = {}
        for index in range(len(names)):
            theta, own = f"theta__{index}", f"c{index}"
            wanted |= {
                f"{own}_tests": Count("pk"),
                f"{own}_theta": Sum(F(theta)),
                f"{own}_square": Sum(F(theta) * F(theta)),
                f"{own}_error": Sum(F(f"standard_error__{index}")),
                **_counts(theta, TENTHS, f"{own}_tenth"),
                **_counts(theta, levels.CUTS, f"{own}_level"),
            }
        found = over.filter(plan__concept_names=names).aggregate(**wanted)
        for index, name in enumerate(names):
            keys = [key for key in wanted if key.startswith(f"c{index}_")]
            numbers = np.array([found[key] for key in keys], dtype=float)
            sums[name] = sums.get(name, 0) + numbers
    return tuple(_concept(name, numbers) for name, numbers in sorted(sums.items()))


def _concept(name: str, numbers: np.ndarray) -> ConceptResults:
    tests, theta, square, error = numbers[:4].tolist()
    counts = tuple(map(int, numbers[4:]))
    variance = (square - theta**2 / tests) / (tests - 1) if tests > 1 else 0.0
    split = len(TENTHS) + 1
    return ConceptResults(
        name,
        int(tests),
        theta / tests,
        max(variance, 0.0) ** 0.5,
        error / tests,
        counts[:split],
        counts[split:],
    )


def _counts(field: str, edges: Sequence[Any], name: str) -> dict[str, Count]:
    """Rows below the first edge, from each edge to the next, and from the last on."""
    conditions = [
        Q((f"{field}__lt", edges[0])),
        *(Q((f"{field}__gte", low), (f"{field}__lt", high)) for low, high in pairwise(edges)),
        Q((f"{field}__gte", edges[-1])),
    ]
    return {f"{name}_{i}": Count("pk", filter=condition) for i, condition in enumerate(conditions)}


def _counted(found: dict[str, Any], name: str, count: int) -> tuple[int, ...]:
    return tuple(found[f"{name}_{i}"] for i in range(count))
