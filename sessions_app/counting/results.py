"""What a test that is over adds to the counts of results, and how they are read.

| measure | concept | place | total |
|---|---|---|---|
| over | −1 | 0: completed, 1: ended, 2: expired (`TestSession.OVER`) | all answers |
| tests | −1 | | answers that count |
| right | −1 | | share of right answers |
| seconds | −1 | whole seconds from the start to the last answer | |
| theta | each that was asked about | | θ |
| square | the same | | θ² |
| error | the same | | standard error |
| tenth | the same | tenth of proficiency Φ(θ), 0 to 9 | |
| level | the same, and −1 | level | |

Sums are of whole billionths, so a test that is taken back leaves no trace. A test without an answer adds
to `over` alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from sessions_app.counting.answers import NOT_COUNTED
from sessions_app.models import TestSession
from sessions_app.sitting.result_specs import USUAL_CUTS
from sessions_app.sitting.thousandths import thousandths

TENTHS = tuple(NormalDist().inv_cdf(tenth / 10) for tenth in range(1, 10))  # θ at proficiency 0.1 … 0.9
BILLION = 1_000_000_000
KEY = "revision_id, named_test_id, result_spec_id, concept_names, measure, concept, place"

PARAMETERS: Mapping[str, Any] = {
    "tenths": list(TENTHS),
    "usual_cuts": [float(thousandths(cut)) for cut in USUAL_CUTS],
    "billion": BILLION,
    "over": [str(status) for status in TestSession.OVER],
}
# A level is where `thousandths.level_index` has it: θ and cuts in whole thousandths, halves up. The mean over
# the concepts is added up in their order, as `report.overall` adds. `OFFSET 0`: what is found of a test is
# found once, and not anew wherever it is named.
ADDED = """
SELECT over.revision_id, over.named_test_id, over.result_spec_id, over.concept_names,
       measure.name::varchar AS measure, measure.concept::smallint AS concept, measure.place,
       count(*)::bigint AS n, sum(measure.total)::numeric AS total
FROM (
  SELECT session.revision_id, coalesce(session.named_test_id, 0) AS named_test_id,
         coalesce(session.result_spec_id, 0) AS result_spec_id, plan.concept_names,
         array_position(%(over)s::varchar[], session.status) - 1 AS how,
         session.questions_answered AS all_answers,
         session.questions_answered - session.pilots_answered AS answers, session.correct_responses,
         extract(epoch FROM session.last_activity - session.started_at) AS seconds,
         CASE WHEN spec.id IS NULL THEN %(usual_cuts)s::float8[] ELSE (
           SELECT coalesce(array_agg(floor(cut::float8 * 1000.0 + 0.5) ORDER BY place), '{{}}')
           FROM jsonb_array_elements_text(spec.content -> 'cuts') WITH ORDINALITY AS each (cut, place)
         ) END AS cuts,
         ARRAY(
           SELECT jsonb_build_array(place - 1, theta, error)
           FROM unnest(session.theta, session.standard_error) WITH ORDINALITY AS each (theta, error, place)
           WHERE place = ANY(ARRAY(
             SELECT DISTINCT weight.place
             FROM (
               SELECT question_id FROM test_responses WHERE session_id = session.id AND NOT is_pilot
               UNION ALL
               SELECT kept.question FROM archived_sessions AS archived
               CROSS JOIN unnest(archived.questions, archived.marks) AS kept (question, marks)
               WHERE archived.session_id = session.id AND kept.marks & 2 = 0
             ) AS given
             JOIN questions ON questions.id = given.question_id
             CROSS JOIN unnest(questions.concepts) WITH ORDINALITY AS weight (concept, place)
             WHERE weight.concept > 0
           )) ORDER BY place
         ) AS found
  FROM ({sessions}) AS counted (id)
  JOIN test_sessions AS session ON session.id = counted.id
  JOIN test_plans AS plan ON plan.id = session.plan_id
  LEFT JOIN result_specifications AS spec ON spec.id = session.result_spec_id
  WHERE session.status <> 'active' AND {which}
  OFFSET 0
) AS over
CROSS JOIN LATERAL (
  SELECT 'over' AS name, -1 AS concept, how AS place, all_answers::numeric AS total
  UNION ALL
  SELECT 'tests', -1, 0, answers WHERE all_answers > 0
  UNION ALL
  SELECT 'right', -1, 0, round((correct_responses * %(billion)s::numeric) / answers) WHERE answers > 0
  UNION ALL
  SELECT 'seconds', -1, floor(seconds)::int, 0 WHERE all_answers > 0
  UNION ALL
  SELECT by_concept.* FROM unnest(found) AS each (found)
  CROSS JOIN LATERAL (
    SELECT (each.found ->> 0)::int AS concept, (each.found ->> 1)::float8 AS theta,
           (each.found ->> 2)::float8 AS error
  ) AS own
  CROSS JOIN LATERAL (VALUES
    ('theta', own.concept, 0, round((theta * %(billion)s)::numeric)),
    ('square', own.concept, 0, round((theta * theta * %(billion)s)::numeric)),
    ('error', own.concept, 0, round((error * %(billion)s)::numeric)),
    ('tenth', own.concept, width_bucket(theta, %(tenths)s::float8[]), 0),
    ('level', own.concept, width_bucket(floor(theta * 1000.0 + 0.5), cuts), 0)
  ) AS by_concept (name, concept, place, total)
  WHERE all_answers > 0 AND (by_concept.name <> 'level' OR cardinality(cuts) > 0)
  UNION ALL
  SELECT 'level', -1, width_bucket(floor(mean * 1000.0 + 0.5), cuts), 0
  FROM (
    SELECT sum((each.found ->> 1)::float8 ORDER BY (each.found ->> 0)::int) / cardinality(over.found) AS mean
    FROM unnest(over.found) AS each (found)
  ) AS whole
  WHERE all_answers > 0 AND cardinality(cuts) > 0 AND cardinality(over.found) > 0
) AS measure
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_READ = """
SELECT result_spec_id, concept_names, measure, concept, place, sum(n)::bigint, sum(total)
FROM (
  SELECT {key}, n, total FROM result_counts WHERE {stored}
  UNION ALL
  {live}
) AS counted
GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
"""


@dataclass(frozen=True)
class Row:
    """So many tests, told by one specification (0: the usual one), in these concepts."""

    result_spec_id: int
    concept_names: tuple[str, ...]
    measure: str
    concept: int
    place: int
    n: int
    total: int


def tests_of(revision_id: int) -> int:
    """How many tests of a revision are over, and have an answer."""
    live = ADDED.format(sessions=NOT_COUNTED, which="session.revision_id = %(revision)s")
    stored = "revision_id = %(revision)s AND measure = 'tests'"
    rows = _rows(_READ.format(key=KEY, stored=stored, live=live), {"revision": revision_id})
    return sum(row.n for row in rows if row.measure == "tests")


_OVER = """
SELECT revision.pool_id, counted.place, sum(counted.n)::bigint, sum(counted.total)::bigint
FROM (
  SELECT revision_id, place, n, total FROM result_counts
  WHERE measure = 'over' AND revision_id IN ({revisions})
  UNION ALL
  SELECT revision_id, place, n, total FROM ({live}) AS live WHERE measure = 'over'
) AS counted
JOIN pool_revisions AS revision ON revision.id = counted.revision_id
GROUP BY 1, 2
"""
_OF_POOLS = "SELECT id FROM pool_revisions WHERE pool_id = ANY(%(pools)s)"


def answers_for_good(pool_ids: Iterable[UUID]) -> Counter[UUID]:
    """By pool, how many answers its tests have that are over and cannot go on."""
    found: Counter[UUID] = Counter()
    for pool_id, status, _, answers in _over(pool_ids):
        if status != TestSession.Status.EXPIRED:
            found[pool_id] += answers
    return found


def tests_over(pool_ids: Iterable[UUID]) -> Counter[str]:
    """By status, how many tests of these pools are over."""
    found: Counter[str] = Counter()
    for _, status, tests, _ in _over(pool_ids):
        found[status] += tests
    return found


def _over(pool_ids: Iterable[UUID]) -> Iterator[tuple[UUID, str, int, int]]:
    """Pool, status, tests, answers."""
    live = ADDED.format(sessions=NOT_COUNTED, which=f"session.revision_id IN ({_OF_POOLS})")
    with connection.cursor() as cursor:
        statement = _OVER.format(revisions=_OF_POOLS, live=live)
        cursor.execute(statement, {**PARAMETERS, "pools": list(pool_ids)})
        for pool_id, place, tests, answers in cursor.fetchall():
            yield pool_id, TestSession.OVER[place], tests, answers


def of_pool(pool_id: UUID) -> list[Row]:
    """Of all tests of a pool that are over."""
    stored = "revision_id IN (SELECT id FROM pool_revisions WHERE pool_id = %(pool)s)"
    live = ADDED.format(
        sessions=NOT_COUNTED,
        which="session.revision_id IN (SELECT id FROM pool_revisions WHERE pool_id = %(pool)s)",
    )
    return _rows(_READ.format(key=KEY, stored=stored, live=live), {"pool": pool_id})


def of_named_test(named_test_id: int) -> list[Row]:
    """Of all tests under a name that are over."""
    stored = "named_test_id = %(test)s AND named_test_id <> 0"
    live = ADDED.format(sessions=NOT_COUNTED, which="session.named_test_id = %(test)s")
    return _rows(_READ.format(key=KEY, stored=stored, live=live), {"test": named_test_id})


def of_sessions(sessions: QuerySet[TestSession]) -> list[Row]:
    """Of whichever of these are over: each of them is read."""
    sql, given = sessions.order_by().values("pk").query.sql_with_params()
    named = {f"given_{number}": value for number, value in enumerate(given)}
    inner = sql % tuple(f"%({name})s" for name in named)
    live = ADDED.format(sessions=inner, which="true")
    return _rows(_READ.format(key=KEY, stored="false", live=live), named)


def _rows(sql: str, given: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**PARAMETERS, **given})
        found = cursor.fetchall()
    rows = [
        Row(spec, tuple(names), measure, concept, place, int(n), int(total))
        for spec, names, measure, concept, place, n, total in found
    ]
    return sorted(rows, key=_order)


def _order(row: Row) -> tuple[object, ...]:
    """Those without a specification last, as the rows' own keys would have them."""
    spec = (row.result_spec_id == 0, row.result_spec_id)
    return *spec, row.concept_names, row.concept, row.measure, row.place
