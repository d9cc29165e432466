"""Thresholds of a pool's questions from the times that delivered tests recorded, by this service's own clock.

An answer's time runs from the answer before it; the first one's from when the test began, or when its student
said that they begin. Answers to versions of a question that are alike today's count; "I don't know", imported
tests, and those of erased students do not.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from sessions_app.measurement.collecting import alike_items
from sessions_app.models import PoolThresholds
from sessions_app.sitting.archived import tests_in_archives
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.response_times import FIXED, Method, Threshold, thresholds
from testing_engine.revisions import FrozenRevision, load_revision

Kept: TypeAlias = PoolThresholds  # for pages, which know no rows
MOST_TESTS = 50_000  # the newest
DIGITS = 2  # of a threshold in seconds

_TIMES = """
WITH newest AS (
  SELECT session.id, coalesce(begun.at, session.started_at) AS asked
  FROM test_sessions session
  JOIN pool_revisions revision ON revision.id = session.revision_id
  JOIN students student ON student.id = session.student_id
  LEFT JOIN session_events begun ON begun.session_id = session.id AND begun.kind = 'begun'
  WHERE revision.pool_id = %s AND session.legacy_id IS NULL AND student.erased_at IS NULL
    AND session.questions_answered > 0 AND session.started_at >= %s
    AND NOT EXISTS (SELECT FROM archived_sessions AS archived WHERE archived.session_id = session.id)
  ORDER BY session.started_at DESC, session.id LIMIT %s
), stood AS (
  SELECT session_id, after_answers,
         sum(CASE kind WHEN 'continued' THEN 1 ELSE -1 END * extract(epoch FROM at)) AS seconds
  FROM session_events WHERE kind IN ('paused', 'continued') AND session_id IN (SELECT id FROM newest)
  GROUP BY session_id, after_answers
)
SELECT question_id, seconds FROM (
  SELECT given.question_id, given.answer IS NOT NULL OR given.response IS NOT NULL AS is_answer,
         (extract(epoch FROM given.answered_at - lag(given.answered_at, 1, newest.asked)
                  OVER (PARTITION BY given.session_id ORDER BY given.position))
          - coalesce(stood.seconds, 0))::float8 AS seconds
  FROM newest JOIN test_responses given ON given.session_id = newest.id
  LEFT JOIN stood ON stood.session_id = given.session_id AND stood.after_answers = given.position - 1
) timed WHERE is_answer
"""


class NoTimes(ValueError):
    """No delivered test has recorded a time."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """(n,) questions, as items of the revision, and (n,) seconds."""

    item: NDArray[np.int64]
    seconds: NDArray[np.float64]


def recorded_times(revision: FrozenRevision, since: datetime | None = None) -> Recorded:
    """Of the newest tests of the pool that began since then. Two queries."""
    alike = alike_items(revision)
    earliest = since or datetime.min.replace(tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, [revision.pool_id, earliest, MOST_TESTS])
        rows = [(alike[question], seconds) for question, seconds in cursor if question in alike]
    item = np.array([each for each, _ in rows], dtype=np.int64)
    return Recorded(item, np.array([seconds for _, seconds in rows], dtype=np.float64))


def found_from(revision: FrozenRevision, times: Recorded, method: Method) -> dict[str, Threshold]:
    """A threshold for every question of the revision, by its id."""
    each = thresholds(times.item, times.seconds, revision.bank.n_items, method)
    return dict(zip(revision.external_ids, each, strict=True))


def find(
    pool: QuestionPool, method: Method, by_id: int | None, since: datetime | None = None
) -> PoolThresholds:
    """Thresholds for the tests of the pool that begin from now on. Raises `NoTimes`. Safe to repeat."""
    if pool.current_revision_id is None:
        raise NoTimes("The pool has no questions.")
    revision = load_revision(pool.current_revision_id)
    times = recorded_times(revision, since)
    if not len(times.item):
        raise NoTimes("No test of this pool has recorded a time yet.")
    found = found_from(revision, times, method)
    since_then = {} if since is None else {"started_at__gte": since}
    kept, _ = PoolThresholds.objects.update_or_create(
        pool=pool,
        defaults={
            "method": asdict(method),
            "found": {question: _as_json(each) for question, each in found.items()},
            "answers": len(times.item),
            "tests_in_archives": tests_in_archives(pool.pk, legacy_id=None, **since_then),
            "by_id": by_id,
        },
    )
    return kept


def thresholds_of(pool: QuestionPool) -> PoolThresholds | None:
    """Those that were found last."""
    return PoolThresholds.objects.filter(pool=pool).select_related("by").first()


@dataclass(frozen=True)
class Summary:
    """`own`: questions with a threshold of their own, from `shortest` to `longest` seconds."""

    questions: int
    own: int
    shortest: float | None
    longest: float | None


def summary_of(kept: PoolThresholds) -> Summary:
    own = list(kept.seconds_of_questions.values())
    return Summary(len(kept.found), len(own), min(own, default=None), max(own, default=None))


def _as_json(each: Threshold) -> dict[str, Any]:
    seconds = round(each.seconds, DIGITS)
    usual = None if each.found == FIXED and not each.n else round(each.usual, DIGITS)
    return {"seconds": seconds, "found": each.found, "n": each.n, "usual": usual}
