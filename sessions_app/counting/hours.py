"""When tests began that are over: how many of a revision in each hour, by how they ended.

A list of tests, the newest first, is entered by it in the middle: what lies before an hour is known, and need
not be gone over. An hour is told by its beginning; `place` is that of `results`' `over`.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from sessions_app.counting.answers import NOT_COUNTED
from sessions_app.models import TestSession

KEY = "revision_id, hour, place"
PARAMETERS = {"over": [str(status) for status in TestSession.OVER]}
ADDED = """
SELECT session.revision_id, date_bin('1 hour', session.started_at, 'epoch'::timestamptz) AS hour,
       (array_position(%(over)s::varchar[], session.status) - 1)::smallint AS place, count(*)::bigint AS n,
       sum(session.questions_answered)::bigint AS total
FROM ({sessions}) AS counted (id)
JOIN test_sessions AS session ON session.id = counted.id
WHERE session.status <> 'active' AND {which}
GROUP BY 1, 2, 3
"""
_OF_POOLS = "SELECT id FROM pool_revisions WHERE pool_id = ANY(%(pools)s)"
_READ = """
SELECT hour, sum(n)::bigint
FROM (
  SELECT hour, place, n FROM hour_counts WHERE revision_id IN ({revisions})
  UNION ALL
  SELECT hour, place, n FROM ({live}) AS live
) AS counted
WHERE place = ANY(%(places)s) AND (
  SELECT sum(n) FROM hour_counts WHERE revision_id IN ({revisions})
) IS NOT DISTINCT FROM (
  SELECT sum(n) FROM result_counts WHERE measure = 'over' AND revision_id IN ({revisions})
)
GROUP BY 1
ORDER BY 1 DESC
"""


def tests_begun(pool_ids: Iterable[UUID], status: str | None) -> list[tuple[datetime, int]]:
    """Hours, the newest first, with how many tests of these pools began in each and are over, however or with
    this status. Nothing where fewer have an hour than are counted: a release that counts none was at work.
    """
    places = [place for place, each in enumerate(TestSession.OVER) if status in (None, each)]
    live = ADDED.format(sessions=NOT_COUNTED, which=f"session.revision_id IN ({_OF_POOLS})")
    with connection.cursor() as cursor:
        statement = _READ.format(revisions=_OF_POOLS, live=live)
        cursor.execute(statement, {**PARAMETERS, "pools": list(pool_ids), "places": places})
        return list(cursor.fetchall())
