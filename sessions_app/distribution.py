"""What came out of a named test, in numbers: levels, spread and times, computed by PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from sessions_app.models import TestSession

# A student's level is where θ lies among N(0, 1), the reference population: half a standard deviation
# around the mean is the middle level. Of the population 7, 24, 38, 24 and 7 % are of each.
LEVELS = ("far below average", "below average", "average", "above average", "far above average")
LEVEL_CUTS = (-1.5, -0.5, 0.5, 1.5)  # θ
BINS = tuple(half / 2 for half in range(-6, 7))  # edges of θ: below -3, then by half a logit, above 3


@dataclass(frozen=True)
class ConceptDistribution:
    """Abilities in one concept, over the tests that have an answer and are over."""

    name: str
    tests: int
    mean: float  # θ
    sd: float | None  # of θ; None for a single test
    quartiles: tuple[float, float, float]  # θ
    mean_error: float  # mean standard error
    bins: tuple[int, ...]  # tests below BINS[0], between each two edges, and from BINS[-1]
    levels: tuple[int, ...]  # tests of each of LEVELS


@dataclass(frozen=True)
class Times:
    """Seconds from start to end: quartiles, over the same tests."""

    quartiles: tuple[float, float, float]


@dataclass(frozen=True)
class Outcome:
    """The numbers of a named test, or of whatever sessions were asked for."""

    by_status: dict[str, int]
    accuracy: float | None  # mean share of right answers
    questions: float | None  # mean number of answers
    times: Times | None
    concepts: tuple[ConceptDistribution, ...]


_ABILITIES = """
WITH asked AS ({sessions}),
ability AS (
  SELECT concept.name, concept.theta, concept.error
  FROM test_sessions AS session
  JOIN asked ON asked.id = session.id
  JOIN test_plans AS plan ON plan.id = session.plan_id,
  unnest(plan.concept_names, session.theta, session.standard_error) AS concept (name, theta, error)
), binned AS (
  SELECT name, width_bucket(theta, %s::float8[]) AS bin, count(*) AS tests FROM ability GROUP BY 1, 2
), leveled AS (
  SELECT name, width_bucket(theta, %s::float8[]) AS level, count(*) AS tests FROM ability GROUP BY 1, 2
)
SELECT name, count(*), avg(theta), stddev_samp(theta),
       percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY theta), avg(error),
       (SELECT jsonb_object_agg(bin, tests) FROM binned WHERE binned.name = ability.name),
       (SELECT jsonb_object_agg(level, tests) FROM leveled WHERE leveled.name = ability.name)
FROM ability GROUP BY name ORDER BY name
"""

_TOTALS = """
WITH asked AS ({sessions})
SELECT avg(correct_responses::float8 / questions_answered), avg(questions_answered),
       percentile_cont(ARRAY[0.25, 0.5, 0.75])
         WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - started_at)::float8)
FROM test_sessions AS session JOIN asked ON asked.id = session.id
"""

_STATUSES = """
WITH asked AS ({sessions})
SELECT status, count(*) FROM test_sessions AS session JOIN asked ON asked.id = session.id GROUP BY 1
"""


def outcome_of(sessions: QuerySet[TestSession]) -> Outcome:
    """The numbers of these sessions. Running ones and those without an answer count by status alone."""
    if sessions.query.is_empty():
        return Outcome({}, None, None, None, ())
    over = sessions.exclude(status=TestSession.Status.ACTIVE).filter(questions_answered__gt=0)
    accuracy, questions, seconds = _rows(_TOTALS, over)[0]
    abilities = _rows(_ABILITIES, over, list(BINS), list(LEVEL_CUTS))
    return Outcome(
        by_status=dict(_rows(_STATUSES, sessions)),
        accuracy=accuracy,
        questions=None if questions is None else float(questions),
        times=None if seconds is None else Times(tuple(seconds)),
        concepts=tuple(_concept(*row) for row in abilities),
    )


def level_of(theta: float) -> str:
    """The name of the level that an ability lies in."""
    return LEVELS[sum(theta >= cut for cut in LEVEL_CUTS)]


def _concept(
    name: str,
    tests: int,
    mean: float,
    sd: float | None,
    quartiles: Sequence[float],
    error: float,
    bins: str,
    levels: str,
) -> ConceptDistribution:
    first, median, third = quartiles
    in_bin, of_level = json.loads(bins), json.loads(levels)
    return ConceptDistribution(
        name=name,
        tests=tests,
        mean=mean,
        sd=sd,
        quartiles=(first, median, third),
        mean_error=error,
        bins=tuple(in_bin.get(str(i), 0) for i in range(len(BINS) + 1)),
        levels=tuple(of_level.get(str(i), 0) for i in range(len(LEVELS))),
    )


def _rows(statement: str, sessions: QuerySet[TestSession], *parameters: Any) -> list[Any]:
    """Runs a statement over the ids of these sessions."""
    asked, values = sessions.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(sessions=asked), [*values, *parameters])
        rows: list[Any] = cursor.fetchall()
    return rows
