"""What an answer of a test that is over adds to the counts of its question, and how they are read.

| measure | a | b | c | total |
|---|---|---|---|---|
| given | is it right? | was it "I don't know"? | is it scored? | |
| time | tenths of a second | is it right? | | milliseconds |
| before | ability before it, in steps | its error, in steps | score | |
| after | ability at the end of the test, in steps | option, −1: "I don't know" | | |

Abilities are along the question's own slopes; imported sessions and tests without abilities have none.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from django.db import connection

from testing_engine.psychometrics.items.response import IntArray
from testing_engine.revisions import FrozenRevision, load_revision

STEPS_PER_LOGIT = (
    20  # abilities and errors are counted in steps of 0.05; P moves by at most 0.006 in half a step
)
GIVEN, TIME, BEFORE, AFTER = "given", "time", "before", "after"
KEY = "question_id, measure, revision_id, a, b, c"

# One row for each combination that occurs, however many answers there are. `{sessions}` yields ids.
ADDED = """
SELECT answered.question_id, measure.name::varchar AS measure, answered.revision_id,
       measure.a, measure.b, measure.c,
       count(*)::bigint AS n, sum(measure.total)::bigint AS total
FROM (
  SELECT response.question_id, session.revision_id, response.is_correct::int AS is_right, response.score,
         response.answer, response.response IS NULL AS is_option, response.response_time_ms AS time,
         session.legacy_id IS NULL AND cardinality(session.theta) > 0
           AND direction.id IS NOT NULL AS is_placed,
         (SELECT sum(a * theta)
          FROM unnest(direction.along, coalesce(before.theta, session.prior_mean))
          AS ability (a, theta)) AS u,
         (SELECT sqrt(sum(a * a * sd * sd))
          FROM unnest(direction.along, coalesce(before.standard_error, session.prior_sd))
          AS error (a, sd)) AS sd,
         (SELECT sum(a * theta) FROM unnest(direction.along, session.theta) AS ability (a, theta)) AS final
  FROM ({sessions}) AS counted (id)
  JOIN test_sessions AS session ON session.id = counted.id
  JOIN test_responses AS response ON response.session_id = session.id
  LEFT JOIN test_responses AS before
    ON before.session_id = response.session_id AND before.position = response.position - 1
  LEFT JOIN jsonb_to_recordset(%(directions)s::jsonb) AS direction (id bigint, along float8[])
    ON direction.id = response.question_id
  WHERE {which}
) AS answered
CROSS JOIN LATERAL (VALUES
  ('given', is_right, (answer IS NULL AND is_option)::int, (score >= 0)::int, 0, true),
  ('time', round(time / 100.0)::int, is_right, 0, time, time IS NOT NULL),
  ('before', round(u * %(steps)s)::int, greatest(round(sd * %(steps)s), 1)::int, score, 0, is_placed),
  ('after', round(final * %(steps)s)::int, coalesce(answer, -1), 0, 0, is_placed AND is_option)
) AS measure (name, a, b, c, total, counts)
WHERE measure.counts
GROUP BY 1, 2, 3, 4, 5, 6
"""
_READ = """
SELECT {columns}, sum(n)::bigint, sum(total)::bigint
FROM (
  SELECT {key}, n, total FROM answer_counts
  WHERE measure = ANY(%(measures)s) AND {stored}
  UNION ALL
  SELECT {key}, n, total FROM ({live}) AS live WHERE measure = ANY(%(measures)s)
) AS counted
GROUP BY {columns} HAVING sum(n) <> 0
ORDER BY {columns}
"""
NOT_COUNTED = "SELECT session_id FROM sessions_to_count"


def directions_of(revision: FrozenRevision, question_ids: Iterable[int]) -> dict[int, list[float]]:
    """Each question's slopes a / ‖a‖, along which its abilities are told."""
    found = {}
    for key in question_ids:
        item = revision.positions_by_key[key]
        found[key] = (revision.bank.slopes[item] / revision.bank.steepness[item]).tolist()
    return found


def parameters(directions: Mapping[int, list[float]]) -> dict[str, Any]:
    """Of `ADDED`."""
    rows = [{"id": key, "along": along} for key, along in directions.items()]
    return {"directions": json.dumps(rows), "steps": STEPS_PER_LOGIT}


# What the sessions answered, each with the newest of their revisions that has it.
_ASKED = """
SELECT response.question_id, max(session.revision_id)
FROM ({sessions}) AS counted (id)
JOIN test_sessions AS session ON session.id = counted.id
JOIN test_responses AS response ON response.session_id = session.id
GROUP BY 1
"""


def added_by(sessions: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement for these sessions, whatever they were asked; `sessions`: a query with parameters
    `given`. The slopes of all that they were asked are looked up for it."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKED.format(sessions=sessions), dict(given))
        asked = cursor.fetchall()
    directions: dict[int, list[float]] = {}
    for question_id, revision_id in asked:
        directions |= directions_of(load_revision(revision_id), [question_id])
    return ADDED.format(sessions=sessions, which="true"), {**given, **parameters(directions)}


def given_in(revision: FrozenRevision) -> IntArray:
    """(G, 2) question and number of answers, in tests of this revision that are over."""
    live = ADDED.format(sessions=NOT_COUNTED, which="session.revision_id = %(revision)s")
    rows = _read("question_id", "revision_id = %(revision)s", live, {}, (GIVEN,), revision=revision.id)
    return rows[:, :2]


def given_to(question_ids: Iterable[int]) -> IntArray:
    """(G, 5) question, is it right?, was it "I don't know"?, is it scored?, number of answers; in whichever
    revision."""
    rows = _of_questions("question_id, a, b, c", question_ids, {}, (GIVEN,))
    return rows[:, :5]


def scored(question_ids: Iterable[int]) -> Counter[int]:
    """How many answers to each have a score, in whichever revision."""
    counts: Counter[int] = Counter()
    for key, _, _, is_scored, number in given_to(question_ids).tolist():
        counts[key] += is_scored * number
    return counts


def times_of(question_id: int) -> IntArray:
    """(G, 4) tenths of a second, is the answer right?, number of answers, milliseconds in all."""
    return _of_questions("a, b", [question_id], {}, (TIME,))


def before(revision: FrozenRevision, question_ids: Iterable[int]) -> IntArray:
    """(G, 5) question, ability before the answer and its error in steps, score, number of answers."""
    return _placed("question_id, a, b, c", revision, question_ids, BEFORE)[:, :5]


def after(revision: FrozenRevision, question_id: int) -> IntArray:
    """(G, 3) ability at the end of the test in steps, option, number of answers."""
    return _placed("a, b", revision, [question_id], AFTER)[:, :3]


def _placed(columns: str, revision: FrozenRevision, question_ids: Iterable[int], measure: str) -> IntArray:
    asked = list(question_ids)
    return _of_questions(columns, asked, directions_of(revision, asked), (measure,))


def _of_questions(
    columns: str,
    question_ids: Iterable[int],
    directions: Mapping[int, list[float]],
    measures: tuple[str, ...],
) -> IntArray:
    live = ADDED.format(sessions=NOT_COUNTED, which="response.question_id = ANY(%(questions)s)")
    asked = list(question_ids)
    return _read(columns, "question_id = ANY(%(questions)s)", live, directions, measures, questions=asked)


def _read(
    columns: str,
    stored: str,
    live: str,
    directions: Mapping[int, list[float]],
    measures: tuple[str, ...],
    **given: Any,
) -> IntArray:
    """One statement, so one snapshot: no test is counted twice while it is being counted."""
    sql = _READ.format(columns=columns, key=KEY, stored=stored, live=live)
    with connection.cursor() as cursor:
        cursor.execute(sql, {**given, **parameters(directions), "measures": list(measures)})
        width = columns.count(",") + 3
        return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, width)
