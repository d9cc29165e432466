"""Sessions that are over into the counts, each once; and what changed of students' abilities.

Which wait says `sessions_to_count`: a trigger puts a session there in the transaction that ends it, and it
goes in the transaction that adds it to the counts. So this may break off, be repeated and run twice at once.
All that changes counts holds one advisory lock until its transaction ends; no answer and no end waits for it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from sessions_app.counting import abilities, answers, fit, hours, results
from sessions_app.models import ArchivedSession, SessionToCount
from testing_engine.snapshots import one_snapshot

BATCH = 2000  # sessions of one transaction
_LOCK = 0x636F756E74  # "count": no other lock of this database has the number

_ADD = """
WITH added AS ({added}), stored AS (
  INSERT INTO {table} AS counted ({key}, n, total)
  SELECT {key}, %(sign)s * n, %(sign)s * total FROM added ORDER BY {key}
  ON CONFLICT ({key}) DO UPDATE SET n = counted.n + excluded.n, total = counted.total + excluded.total
)
SELECT {told}
"""
_THESE = "SELECT unnest(%(sessions)s::uuid[])"


def fold(
    seconds: float = 60.0, progress: Callable[[int], object] = lambda _: None, *, batch: int = BATCH
) -> int:
    """Count what waits, for about so long; returns how many sessions. `progress` is told each batch, of so
    many sessions at the most."""
    until, folded = time.monotonic() + seconds, 0
    abilities.fold(until, batch)
    while _sum_up_some() and time.monotonic() < until:
        pass
    while counted := _fold_batch(batch):
        folded += counted
        progress(counted)
        if time.monotonic() > until:
            break
    return folded


@transaction.atomic
def _sum_up_some() -> int:
    _hold()
    return fit.sum_up()


@transaction.atomic
def _fold_batch(batch: int) -> int:
    _hold()
    waiting = SessionToCount.objects.select_for_update(skip_locked=True)
    ids = list(waiting.values_list("session_id", flat=True)[:batch])
    if ids:
        _add(ids, 1)
        SessionToCount.objects.filter(session_id__in=ids).delete()
    return len(ids)


def take_back(session_id: UUID) -> None:
    """What a session that was over added, as it goes on: before its row changes, in the same transaction."""
    _hold()
    was_waiting, _ = SessionToCount.objects.filter(session_id=session_id).delete()
    if not was_waiting:
        _add([session_id], -1)


def _add(session_ids: list[UUID], sign: int) -> None:
    given = {"sessions": session_ids}
    added, known = answers.added_by(_THESE, given)
    scored = _add_to("answer_counts", answers.KEY, added, known, sign, told=fit.SCORED)
    fit.add(np.array(scored, dtype=np.int64).reshape(-1, 6), sign)
    added = results.ADDED.format(sessions=_THESE, which="true")
    _add_to("result_counts", results.KEY, added, {**given, **results.PARAMETERS}, sign)
    begun = hours.ADDED.format(sessions=_THESE, which="true")
    _add_to("hour_counts", hours.KEY, begun, {**given, **hours.PARAMETERS}, sign)


def _add_to(
    table: str, key: str, added: str, given: Mapping[str, Any], sign: int, told: str = "count(*) FROM added"
) -> list[tuple[Any, ...]]:
    """What is `told` of the rows that were added."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD.format(table=table, key=key, added=added, told=told), {**given, "sign": sign})
        return list(cursor.fetchall())


def _hold() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


# Of the others an archive has answers: what these added to counts cannot be counted again.
_COUNTABLE = """
revision_id NOT IN (SELECT session.revision_id FROM archived_sessions AS archived
                    JOIN test_sessions AS session ON session.id = archived.session_id)
"""
BEGIN_ANEW = """
DELETE FROM answer_counts WHERE {countable};
DELETE FROM result_counts WHERE {countable};
DELETE FROM fit_sums WHERE {countable};
DELETE FROM hour_counts WHERE {countable};
{let_fit_wait};
INSERT INTO sessions_to_count (session_id)
SELECT id FROM test_sessions WHERE status <> 'active' AND {countable}
ON CONFLICT DO NOTHING;
"""


@transaction.atomic
def begin_anew() -> None:
    """Forget the counts: every session that is over waits again. Pages stay right, and slow, until `fold`.

    Those of revisions with archived tests stay; sums of them are made anew, and abilities are put right.
    """
    abilities.put_right()
    _hold()
    with connection.cursor() as cursor:
        for statement in (
            BEGIN_ANEW.format(countable=_COUNTABLE, let_fit_wait=fit.LET_ALL_WAIT).strip().split(";")[:-1]
        ):
            cursor.execute(statement)


# --- Checked against a full count ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A count that is not what the sessions say. `n` and `total` are what should be, less what is."""

    table: str
    key: tuple[object, ...]
    n: int
    total: int


_OVER = "SELECT id FROM test_sessions WHERE status <> 'active' AND {countable}"
_WAITING = """
SELECT id FROM test_sessions WHERE id IN (SELECT session_id FROM sessions_to_count) AND {countable}
"""
_DIFFERENCES = """
SELECT {key}, sum(n)::bigint, sum(total)::numeric FROM (
  {all_of_them}
  UNION ALL
  SELECT {key}, -n, -total FROM ({waiting}) AS waiting
  UNION ALL
  SELECT {key}, -n, -total FROM {table} WHERE {countable}
) AS each
GROUP BY {key} HAVING sum(n) <> 0 OR sum(total) <> 0
ORDER BY {key}
"""


@one_snapshot()
def differences() -> list[Difference]:
    """Every count, with what waits, against all sessions that are over and all that is known of students.
    Only reads.

    Of revisions without archived tests: of the others (`revisions_in_archives`) nothing can be compared.
    """
    over, waiting = _OVER.format(countable=_COUNTABLE), _WAITING.format(countable=_COUNTABLE)
    directions = answers.added_by(over, {})[1]
    found = []
    for table, key, added, given in (
        ("answer_counts", answers.KEY, _answers_of, directions),
        ("result_counts", results.KEY, _results_of, results.PARAMETERS),
        ("hour_counts", hours.KEY, _hours_of, hours.PARAMETERS),
    ):
        statement = _DIFFERENCES.format(
            key=key,
            table=table,
            all_of_them=added(over),
            waiting=added(waiting),
            countable=_COUNTABLE,
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, dict(given))
            found += [Difference(table, tuple(own), int(n), int(total)) for *own, n, total in cursor]
    found += [Difference("fit_sums", (*own, name), n, total) for *own, name, n, total in fit.differences()]
    found += [Difference("ability_counts", tuple(own), n, 0) for *own, n in abilities.differences()]
    return found


def revisions_in_archives() -> int:
    """How many revisions `differences` leaves out, as an archive has answers to them."""
    return ArchivedSession.objects.values("session__revision").distinct().count()


def _answers_of(sessions: str) -> str:
    return answers.ADDED.format(sessions=sessions, which="true")


def _results_of(sessions: str) -> str:
    return results.ADDED.format(sessions=sessions, which="true")


def _hours_of(sessions: str) -> str:
    return hours.ADDED.format(sessions=sessions, which="true")
